"""
How the real programs that are here build their paths, measured with two probes.

Each probe is a scene of the genuine server. One client is served in it and
another is not, and what they differ in is one attribute. No profile is asked
here but for the comparison.

What the probes tell is "any" from "self-signed", and "first" from "searching".
Whether a path that may end at any anchor goes on is not among it, nor would a
program without a pin know: it shows in a cell of its own, `okhttp-root` in
`intermediate_beside_root`, and a program is called "any" here in either case.
The lab's own Python sets its flags and has none of `ssl.create_default_context`,
which are other ones since 3.13: the profile `ssl-default-root` was measured by
hand with 3.13 and 3.14, and is not run.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack

from lab.built.field.results import PathsMeasured, ProgramTrial
from lab.built.field.run import run_way
from lab.built.programs.outside import Outside
from lab.built.programs.program import Program
from lab.observation import Outcome, Progress, untold
from lab.scenes.catalogue import case

ANY_ANCHOR, OTHER_PATHS = "intermediate_instead_of_root", "useless_cross_sign_first"
"""Who is served in the one takes any anchor, in the other tries other paths."""


def measured(programs: Iterable[Program], progress: Progress = untold) -> list[PathsMeasured]:
    """Both attributes of each program, as it is without a pin. A program that could not be started raises OSError."""
    found, asked = [], tuple(programs)
    with ExitStack() as stack:
        probes = [stack.enter_context(Outside(case(name))) for name in (ANY_ANCHOR, OTHER_PATHS)]
        for done, program in enumerate(asked):
            progress(done, len(asked), f"{program.name}, how it builds paths")
            anchors, branching = map(_served, run_way(program, "unpinned", probes))
            found.append(PathsMeasured(program.name, program.building, anchors, branching))
    return found


def _served(trial: ProgramTrial) -> bool | None:
    """Whether it was served; None where it was not on the ordinary day before, so that a no means nothing."""
    before, probe = trial.met
    if before.did is not Outcome.SERVED or not trial.connected:
        return None
    return probe.did is Outcome.SERVED
