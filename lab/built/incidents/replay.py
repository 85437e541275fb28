"""
An incident, run: its scenes and its timelines, and who would have been robbed, cut off or saved.

The matrix and the timelines do the work; here it is put together. Nothing is
written down of what came of it before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from msgspec.structs import replace

from lab.built.incidents.table import Incident, Testimony
from lab.built.time import reading
from lab.built.time.run import Course, run
from lab.observation import Line, Outcome, Progress, outcome_of, untold
from lab.policy.clients import client
from lab.scenes.catalogue import case
from lab.trials.matrix import matrix

WHO = (
    "unpinned", "root-pinned", "intermediate-pinned", "leaf-pinned", "first-use-key", "dane-hard", "answer-soft",
    "answer-hard", "pushed-list", "counts-scts", "wants-witness",
)  # fmt: skip
"""Clients of the catalogue that every scene of an incident is tried with."""


@dataclass(frozen=True)
class Fate:
    """
    What became of one client: of a scene its one outcome; of a timeline whatever there was a day of.

    In a timeline STOPPED is an attack that got nobody on any day, SERVED no bad
    day and no attack. Days are None in a scene.
    """

    client: str
    outcomes: tuple[Outcome, ...]
    outage_days: float | None = None
    exposure_days: float | None = None


@dataclass(frozen=True)
class Replay:
    """A scene or a timeline, as it went."""

    kind: Literal["scene", "timeline"]
    name: str
    title: str
    fates: tuple[Fate, ...]

    def fate(self, client: str) -> Fate | None:
        """The fate of this client; None where it was not there."""
        return next((one for one in self.fates if one.client == client), None)


def replayed(incident: Incident, only: Collection[str] | None = None, progress: Progress = untold) -> list[Replay]:
    """
    Run every scene and every timeline of this incident, with the usual clients or with `only` those of these names.

    Raises ValueError where the incident names what is not there.
    """
    names = [one for one in (*WHO, *incident.also) if only is None or one in only]
    rows, cases = [client(one) for one in names], [case(one) for one in incident.scenes]
    tried = matrix(rows, cases, progress) if rows else None
    found = [
        Replay("scene", one.name, one.title, tuple(Fate(row, (tried.cell(row, one.name).outcome,)) for row in names))
        for one in cases
        if tried
    ]
    for name in incident.timelines:
        line = reading.load(name)
        line = replace(line, clients=tuple(one for one in line.clients if only is None or one.name in only))
        if line.clients:
            found.append(Replay("timeline", name, line.title, tuple(map(_lived, run(line, progress).courses))))
    return found


def _lived(course: Course) -> Fate:
    bad = [Outcome.INTERCEPTED] if course.exposure_days else []
    bad += [Outcome.OUTAGE] if course.outage_days else []
    attacked = bool(course.attack_days)
    good = outcome_of(Line.ATTACKER if attacked else Line.GENUINE, held=not attacked, content=not attacked)
    return Fate(course.client.name, tuple(bad) or (good,), course.outage_days, course.exposure_days)


def found(said: Testimony, replays: Iterable[Replay]) -> tuple[Outcome, ...]:
    """What the run says of the client that this source speaks of; nothing where it was not there."""
    fates = [one.fate(said.client) for one in replays if one.name == said.where]
    return next((fate.outcomes for fate in fates if fate), ())


def agrees(said: Testimony, replays: Iterable[Replay]) -> bool:
    """Whether the run says what the source says."""
    return said.outcome in found(said, replays)
