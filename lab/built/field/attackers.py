"""
Other people's attackers in place of the lab's own: who ends up with the secret?

mitmproxy and sslsplit get a CA that `lab certs` writes, and stand in front of
the genuine service; beside them, as the control, stands the lab's own attacker
with what that export holds for it. Each real program calls each of them. What
is predicted comes from a trial of the lab's own client in the lab's own scene.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lab.built.field.explained import Explanation, explanation
from lab.built.field.program import Call, Program, Run, Said
from lab.built.field.proxies import PROXIES, Proxy
from lab.built.field.standing import OWN, Absent, Export, Posted, stand
from lab.observation import Line, Outcome
from lab.policy.check import Learnt
from lab.policy.clients import client
from lab.scenes.catalogue import case
from lab.trials.standing import Standing
from lab.trials.trial import run as lab_trial
from lab.wire.service import Service


@dataclass(frozen=True)
class Interception:
    """
    One program, run one way, meets one attacker in one situation.

    `did` is what the attacker's own log shows; `passed_on` says whether the
    genuine service got the request too (mitmproxy reads the request of a victim
    that hangs up at once, and does not pass it on). `connected` is False where the program
    never reached the attacker, or was not served when it was enrolled: then
    its refusal means nothing.
    """

    attacker: str
    version: str
    situation: str
    scene: str
    program: str
    profile: str
    did: Outcome
    predicted: Outcome
    said: Said
    connected: bool
    passed_on: bool = False
    explained: Explanation | None = None

    @property
    def agree(self) -> bool:
        return self.did is self.predicted

    @property
    def fine(self) -> bool:
        """Agrees, or disagrees for a reason that is known."""
        return self.connected and (self.agree or self.explained is not None)

    def record(self) -> dict[str, Any]:
        return {
            "attacker": self.attacker,
            "version": self.version or None,
            "situation": self.situation,
            "scene": self.scene,
            "program": self.program,
            "profile": self.profile,
            "did": self.did.value,
            "predicted": self.predicted.value,
            "agree": self.agree,
            "connected": self.connected,
            "passed_on": self.passed_on,
            "note": str(self.said),
            "explained": self.explained.record() if self.explained else None,
            "fine": self.fine,
            "skipped": None,
        }


Met = Interception | Absent


def attackers(
    programs: Iterable[Program],
    progress: Callable[[str], None] = lambda words: None,
    *,
    profiles: Sequence[str] = (),
    proxies: Sequence[Proxy] = PROXIES,
) -> list[Met]:
    """
    Every program that is there, in every way it has, against every attacker that is there, in both situations.

    `profiles`, where given, are the only ones that are run. In order of the
    attackers, the lab's own first; one that is not here, or fails, is among
    them with the reason. A program that could not be started raises OSError.
    """
    with ExitStack() as outer:
        folder = Path(outer.enter_context(tempfile.TemporaryDirectory(prefix="lab-")))
        exported = Export(folder / "certs")
        service = outer.enter_context(Service(exported.credential("genuine")))
        met: list[tuple[Interception, Call]] = []
        with ExitStack() as stack:
            standing, absent = stand(stack, exported, service, proxies)
            ground = _Ground(folder, exported, service, standing, absent)
            predicted = _Predicted()
            for program in programs:
                ways = [name for name in program.ways if not profiles or name in profiles]
                for name in ways if ways and program.version() else ():
                    progress(f"{program.name} as {name}, against {ground.names}")
                    met += ground.run(program, name, predicted)
        service.quiet()  # the attackers have ended, and their connections with them
        found: list[Met] = [replace(one, passed_on=ground.served(call)) for one, call in met]
    order = [OWN, *(one.name for one in proxies)]
    return sorted([*found, *absent], key=lambda one: order.index(one.attacker))


class _Predicted:
    """What the lab's own client does in the lab's own scene when the attacker is there; each trial is made once."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], Outcome] = {}

    def __call__(self, profile: str, scene: str) -> Outcome:
        if (profile, scene) not in self._made:
            with Standing(case(scene)) as stage:
                done = lab_trial(client(profile), stage)
            (outcome,) = [one.outcome for one in done.encounters if one.meeting.line is Line.ATTACKER]
            assert outcome is not None
            self._made[profile, scene] = outcome
        return self._made[profile, scene]


@dataclass
class _Ground:
    """The genuine service with the attackers in front of it, while programs call."""

    folder: Path
    exported: Export
    service: Service
    standing: list[Posted]
    absent: list[Absent]

    @property
    def names(self) -> str:
        return ", ".join(dict.fromkeys(one.attacker for one in self.standing))

    def run(self, program: Program, profile: str, predicted: _Predicted) -> list[tuple[Interception, Call]]:
        """One program, one way, calls every attacker at once. One that remembers has met the genuine service before."""
        way, remembers = program.ways[profile], Learnt.FIRST_USE in client(profile).learnt
        with ExitStack() as stack:
            homes = [Path(stack.enter_context(tempfile.TemporaryDirectory(dir=self.folder))) for _ in self.standing]
            enrolled = self._enrol(way, homes) if remembers else [True] * len(homes)
            for one in self.standing:
                one.front.behind = one.listener
            before = [one.front.met for one in self.standing]
            calls = [self._call(one, home, one.situation.store) for one, home in zip(self.standing, homes, strict=True)]
            said = way(calls)
            self._quiet()
        failed = self._settle()
        met = []
        for one, call, words, had, count in zip(self.standing, calls, said, enrolled, before, strict=True):
            if one.attacker in failed:
                continue
            scene = one.situation.scene
            did = Outcome.INTERCEPTED if one.holds(call.secret) else Outcome.STOPPED
            wanted = predicted(profile, scene)
            found = Interception(
                one.attacker,
                one.version,
                one.situation.title,
                scene,
                program.name,
                profile,
                did,
                wanted,
                words,
                connected=had and one.front.met > count,
                explained=explanation(program.name, profile, scene) if did is not wanted else None,
            )
            met.append((found, call))
        self.standing = [one for one in self.standing if one.attacker not in failed]
        return met

    def _call(self, one: Posted, home: Path, store: str, *, first: bool = False) -> Call:
        secret = secrets.token_hex(16)
        return Call(one.front.port, self.exported.store(store), self.exported.site, secret, home, first)

    def _enrol(self, way: Run, homes: Sequence[Path]) -> list[bool]:
        """The genuine service answers on the ports where the attackers will stand; who was served there?"""
        for one in self.standing:
            one.front.behind = self.service
        calls = [self._call(one, home, "public", first=True) for one, home in zip(self.standing, homes, strict=True)]
        way(calls)
        self._quiet()
        return [self.served(call) for call in calls]

    def served(self, call: Call) -> bool:
        """Whether the genuine service has read this call's secret."""
        return self.service.log.holds(call.secret)

    def _quiet(self) -> None:
        """Wait until every victim's connection has ended."""
        for one in self.standing:
            one.front.quiet()

    def _settle(self) -> set[str]:
        """Wait until every attacker has written down what it read; the names of those that no longer work."""
        failed = set()
        with ThreadPoolExecutor(len(self.standing)) as pool:  # each waits for another program
            for one, settled in [(one, pool.submit(one.settle)) for one in self.standing]:
                try:
                    settled.result()
                except ValueError as problem:
                    if one.attacker not in failed:
                        self.absent.append(Absent(one.attacker, str(problem), fine=False))
                    failed.add(one.attacker)
        return failed
