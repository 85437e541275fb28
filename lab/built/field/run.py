"""
Runs the field test: every program, in every way it has, through every scene that applies.

All scenes stand at once. In each round every scene shows its next meeting, the
program is asked to call each of them, and the other side says who talked. What
the profile predicted comes from a trial of the lab's own client in the very
same scene. Whether a scene's attacker is the lab's own is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from lab.built.field.results import Contact, Field, ProgramTrial, Taking
from lab.built.programs.outside import Outside
from lab.built.programs.program import Caller, Program
from lab.observation import Outcome, Progress, outcome_of, untold
from lab.policy.check import Learnt
from lab.policy.clients import Client
from lab.scenes.catalogue import CASES, SLIPS, Case


def ways_of(programs: Iterable[Program], profiles: Sequence[str]) -> list[tuple[Program, str]]:
    """Every way of these programs; only these profiles, where some are given."""
    return [(one, name) for one in programs for name in one.ways if not profiles or name in profiles]


def field_test(
    programs: Iterable[Program],
    cases: Iterable[Case] | None = None,
    profiles: Sequence[str] = (),
    progress: Progress = untold,
) -> Field:
    """
    Run these programs through these scenes (all attacks, rotations and slips, where None).

    `profiles`, where given, are the only ones that are run.
    """
    chosen = list({**CASES, **SLIPS}.values() if cases is None else cases)
    taking = [Taking(one, one.version()) for one in programs]
    versions = {one.program.name: one.version for one in taking}
    ways = ways_of([one.program for one in taking if one.version], profiles)
    results: list[ProgramTrial] = []
    with ExitStack() as stack:
        standing = [stack.enter_context(Outside(case)) for case in chosen]
        for done, (program, name) in enumerate(ways):
            progress(done, len(ways), f"{program.name} {versions[program.name]} as {name}")
            results += run_way(program, name, standing)
    return Field(taking, results)


@dataclass
class _Playing:
    """One scene, while one program goes through it in one way."""

    standing: Outside
    home: Path
    expected: dict[int, Outcome]
    met: list[Contact] = field(default_factory=list)


def run_way(program: Program, profile: str, standing: Iterable[Outside]) -> list[ProgramTrial]:
    """One program, one way, through every standing scene that applies."""
    row = program.speaks(profile)
    with ExitStack() as stack:
        playing = [_Playing(one, one.home(stack), prediction(row, one)) for one in standing if applies(row, one)]
        for number in range(max((len(one.standing.scene.meetings) for one in playing), default=0)):
            _round(program.ways[profile], number, playing)
    return [ProgramTrial(program.name, profile, one.standing.case.name, tuple(one.met)) for one in playing]


def applies(row: Client, standing: Outside) -> bool:
    """
    Whether this scene can be played with a program of this profile.

    The programs run here share no session cache with another component, and are
    called by one name. One that remembers cannot enrol in the past, since it
    lives today.
    """
    meetings = standing.scene.meetings
    today = Learnt.FIRST_USE not in row.learnt or all(map(standing.today, meetings))
    return today and not any(one.component or one.host for one in meetings)


def prediction(row: Client, standing: Outside) -> dict[int, Outcome]:
    """What the lab's own client with this profile does at each meeting of this very scene."""
    return {number: met.outcome for number, met in enumerate(standing.rehearsed(row)) if met.outcome}


def _round(way: Caller, number: int, playing: Iterable[_Playing]) -> None:
    """Every scene that has a meeting of this number, today, shows it; the program calls them all."""
    called = []
    for one in playing:
        here = one.standing
        if number < len(here.scene.meetings) and here.today(here.scene.meetings[number]):
            here.turn(here.scene.meetings[number])
            called.append((one, here.call(one.home, first=number == 0), here.front.met))
    said = way([call for _, call, _ in called]) if called else ()
    for (one, call, before), words in zip(called, said, strict=True):
        here, meeting = one.standing, one.standing.on
        did = outcome_of(meeting.line, here.holds(meeting, call.secret), words.content)
        one.met.append(Contact(meeting.title, did, one.expected[number], words, here.front.met > before, call.secret))
