"""
Runs the field test: every program, in every way it has, through every scene that applies.

All scenes stand at once. In each round every scene shows its next meeting, the
program is asked to call each of them, and the other side says who talked. What
the profile predicted comes from a trial of the lab's own client in the very
same scene.
"""

from __future__ import annotations

import platform
import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lab.built.field.explained import EXPLAINED, Explanation, explanation
from lab.built.field.program import Call, Program, Said
from lab.built.serve.outside import Outside
from lab.observation import Outcome, outcome_of
from lab.policy.check import Learnt
from lab.policy.clients import Client, client
from lab.scenes.catalogue import CASES, SLIPS, Case, Meeting
from lab.trials.standing import Standing
from lab.trials.trial import run as lab_trial


@dataclass(frozen=True)
class Met:
    """One meeting of a program: what it did, what its profile predicted, and its own words."""

    title: str
    did: Outcome
    predicted: Outcome
    said: Said
    connected: bool


@dataclass(frozen=True)
class Result:
    """
    One program, run one way, in one scene.

    `met` holds the meetings that it could take part in. `explained` is set
    where the two disagree and the table says why.
    """

    program: str
    profile: str
    scene: str
    met: tuple[Met, ...]
    explained: Explanation | None = None

    @property
    def agree(self) -> bool:
        return all(one.did is one.predicted for one in self.met)

    @property
    def connected(self) -> bool:
        """Whether it reached the server in each meeting; where it did not, its refusal means nothing."""
        return all(one.connected for one in self.met)

    @property
    def fine(self) -> bool:
        """Agrees, or disagrees for a reason that is known."""
        return self.connected and (self.agree or self.explained is not None)

    @property
    def shown(self) -> Met:
        """The first meeting in which the two disagree; otherwise the worst, the later among equals."""
        for one in self.met:
            if one.did is not one.predicted:
                return one
        return max(reversed(self.met), key=lambda one: one.did.severity)

    def record(self) -> dict[str, Any]:
        return {
            "program": self.program,
            "profile": self.profile,
            "scene": self.scene,
            "did": self.shown.did.value,
            "predicted": self.shown.predicted.value,
            "agree": self.agree,
            "connected": self.connected,
            "explained": self.explained.record() if self.explained else None,
            "note": str(self.shown.said),
            "meetings": [
                {
                    "title": one.title,
                    "did": one.did.value,
                    "predicted": one.predicted.value,
                    "connected": one.connected,
                    "note": str(one.said),
                }
                for one in self.met
            ],
        }


@dataclass(frozen=True)
class Taking:
    """A program that takes part, with its version; or one that does not, with the reason."""

    program: Program
    version: str | None

    @property
    def skipped(self) -> str:
        return "" if self.version else f"not here; install it with: {self.program.install}"

    def record(self) -> dict[str, Any]:
        return {
            "name": self.program.name,
            "version": self.version,
            "profiles": list(self.program.ways),
            "skipped": self.skipped or None,
        }


@dataclass
class Field:
    """All results of one run, with the programs that took part, the day, and the machine."""

    taking: list[Taking]
    results: list[Result]
    attackers: list[dict[str, Any]] = field(default_factory=list)
    date: str = field(default_factory=lambda: datetime.now(UTC).date().isoformat())
    machine: str = field(default_factory=lambda: f"{platform.system()} {platform.machine()}")

    @property
    def wrong(self) -> list[Result]:
        """Unexplained disagreements, and programs that never reached the server."""
        return [one for one in self.results if not one.fine]

    @property
    def unneeded(self) -> list[Explanation]:
        """Explanations given for these very versions, of disagreements that did not happen."""
        versions = {one.program.name: one.version or "" for one in self.taking}
        return [
            one
            for one in EXPLAINED
            if (own := [met for met in self.results if one.about(met.program, met.profile, met.scene)])
            and all(met.agree for met in own)
            and versions[one.program].split()[0] == one.version.split()[0]
        ]

    def record(self) -> dict[str, Any]:
        return {
            "format": 1,
            "date": self.date,
            "machine": self.machine,
            "programs": [one.record() for one in self.taking],
            "results": [one.record() for one in self.results],
            "attackers": self.attackers,
        }


def applies(case: Case, row: Client, standing: Outside) -> str:
    """Why this scene cannot be played with a program of this profile; empty where it can."""
    if any(meeting.component for meeting in standing.scene.meetings):
        return "the programs run here share no session cache with another component"
    late = not all(standing.today(meeting) for meeting in standing.scene.meetings)
    if late and Learnt.FIRST_USE in row.learnt:
        return "its enrolment would lie in the past, and the program lives today"
    return ""


Progress = Callable[[str], None]


def field_test(
    programs: Iterable[Program],
    cases: Iterable[Case] | None = None,
    profiles: Sequence[str] = (),
    progress: Progress = lambda words: None,
) -> Field:
    """
    Run these programs through these scenes (all attacks, rotations and slips, where None).

    `profiles`, where given, are the only ones that are run.
    """
    chosen = list({**CASES, **SLIPS}.values() if cases is None else cases)
    taking = [Taking(one, one.version()) for one in programs]
    results: list[Result] = []
    with ExitStack() as stack:
        standing = [stack.enter_context(Outside(case)) for case in chosen]
        for one in taking:
            for name in one.program.ways if one.version else ():
                if not profiles or name in profiles:
                    progress(f"{one.program.name} {one.version} as {name}")
                    results += run_way(one.program, name, standing)
    return Field(taking, results)


@dataclass
class _Playing:
    """One scene, while one program goes through it in one way."""

    standing: Outside
    expected: dict[int, Outcome]
    met: list[Met] = field(default_factory=list)


def run_way(program: Program, profile: str, standing: Iterable[Outside]) -> list[Result]:
    """One program, one way, through every standing scene that applies."""
    row = client(profile)
    playing = [_Playing(one, prediction(row, one)) for one in standing if not applies(one.case, row, one)]
    with ExitStack() as stack:
        homes = [one.standing.home(stack) for one in playing]
        for number in range(max((len(one.standing.scene.meetings) for one in playing), default=0)):
            _round(program, profile, number, list(zip(playing, homes, strict=True)))
    return [
        Result(
            program.name,
            profile,
            one.standing.case.name,
            tuple(one.met),
            explanation(program.name, profile, one.standing.case.name)
            if any(met.did is not met.predicted for met in one.met)
            else None,
        )
        for one in playing
    ]


def prediction(row: Client, standing: Outside) -> dict[int, Outcome]:
    """
    What the lab's own client with this profile does at each meeting of this very scene.

    It meets the same credentials at listeners of its own. A log finds a visit
    by the client's port, and a program that called before may have had the same.
    """
    with Standing(standing.case, standing.scene) as apart:
        done = lab_trial(row, apart)
    return {number: met.outcome for number, met in enumerate(done.encounters) if met.outcome}


def _round(program: Program, profile: str, number: int, playing: Sequence[tuple[_Playing, Any]]) -> None:
    """Every scene that has a meeting of this number, today, shows it; the program calls them all."""
    now: list[tuple[_Playing, Meeting, Call, int]] = []
    for one, home in playing:
        meetings = one.standing.scene.meetings
        if number >= len(meetings) or not one.standing.today(meetings[number]):
            continue
        one.standing.turn(meetings[number])
        call = Call(
            port=one.standing.port,
            store=one.standing.store(meetings[number]),
            site=one.standing.scene.site,
            secret=secrets.token_hex(16),
            home=home,
            first=number == 0,
        )
        now.append((one, meetings[number], call, one.standing.front.met))
    if not now:
        return
    said = program.ways[profile]([call for _, _, call, _ in now])
    for (one, meeting, call, before), words in zip(now, said, strict=True):
        held = one.standing.holds(meeting, call.secret)
        one.met.append(
            Met(
                meeting.title,
                outcome_of(meeting.line, held, words.content),
                one.expected[number],
                words,
                one.standing.front.met > before,
            )
        )
