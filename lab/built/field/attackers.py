"""
Other people's attackers in place of the lab's own: who ends up with the secret?

mitmproxy and sslsplit get a CA that `lab certs` writes, and stand in front of
the genuine service; beside them, as the control, stands the lab's own attacker
with what that export holds for it. Each real program calls each of them, as it
calls every other scene.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from lab.built.field.proxies import PROXIES, Proxy
from lab.built.field.results import Absent, Interception, ProgramTrial
from lab.built.field.run import run_way, ways_of
from lab.built.field.standing import OWN, Export, Posted, stand
from lab.built.programs.program import Program
from lab.observation import Progress, untold


def attackers(
    programs: Iterable[Program],
    progress: Progress = untold,
    *,
    profiles: Sequence[str] = (),
    proxies: Sequence[Proxy] = PROXIES,
) -> list[Interception | Absent]:
    """
    Every one of these programs, in every way it has, against every attacker that is here, in both situations.

    `profiles`, where given, are the only ones that are run. In order of the
    attackers, the lab's own first; one that is not here, or fails, is among
    them with the reason. A program that could not be started raises OSError.
    """
    ways = ways_of(programs, profiles)
    met: list[tuple[Posted, ProgramTrial]] = []
    with ExitStack() as scenes:
        folder = Path(scenes.enter_context(tempfile.TemporaryDirectory(prefix="lab-")))
        with ExitStack() as running:
            standing, absent = stand(scenes, running, Export(folder / "certs"), proxies)
            for done, (program, name) in enumerate(ways):
                names = ", ".join(dict.fromkeys(one.attacker for one in standing))
                progress(done, len(ways), f"{program.name} as {name}, against {names}")
                trials = list(zip(standing, run_way(program, name, standing), strict=True))
                failed = {one.attacker: one.failed for one in reversed(standing) if one.failed}
                absent += [Absent(attacker, problem, fine=False) for attacker, problem in failed.items()]
                met += [(posted, trial) for posted, trial in trials if posted.attacker not in failed]
                standing = [one for one in standing if one.attacker not in failed]
        found = [_interception(*one) for one in met]  # the proxies have ended, and their connections with them
    order = [OWN, *(one.name for one in proxies)]
    return sorted([*found, *absent], key=lambda one: order.index(one.attacker))


def _interception(posted: Posted, trial: ProgramTrial) -> Interception:
    posted.service.quiet()
    return Interception(
        **vars(trial),
        attacker=posted.attacker,
        version=posted.version,
        situation=posted.foothold.title,
        passed_on=posted.service.log.holds(trial.shown.secret),
    )
