"""
A timeline, run: a real handshake at every point where a verdict can change, and the days between them counted.

The verdict at a point holds until the client's next point. That this is so is
what `Owner.changes` claims, and a test asks at random times in between. It
draws nothing and writes nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from time import perf_counter
from typing import Any

from lab.built.time.installed import Moment, Owner
from lab.built.time.language import DAY, SECOND, Installation, Timeline
from lab.built.time.life import Life
from lab.built.time.point import Point, stretch
from lab.naming import named
from lab.observation import Certificate, Evidence, Observation, Outcome, Progress, Showable, untold
from lab.policy.check import needs
from lab.policy.cost import EvidenceCost, cost
from lab.policy.memory import Memory
from lab.scenes.catalogue import Meeting
from lab.trials.engine import Encounter, Imagined, imagine
from lab.trials.rehearsal import foresee
from lab.trials.standing import Ground


@dataclass(frozen=True)
class Spell:
    """Days on end of one kind: outage (the service was refused) or exposure, and the reason at their start."""

    outcome: Outcome
    start: datetime
    until: datetime
    reason: str

    @property
    def kind(self) -> str:
        """The word for it."""
        return "outage" if self.outcome is Outcome.OUTAGE else "exposure"

    @property
    def days(self) -> float:
        """How long it lasts, in days."""
        return (self.until - self.start) / DAY


@dataclass(frozen=True)
class Course:
    """One client through the whole timeline, point by point."""

    client: Installation
    points: tuple[Point, ...]

    @property
    def outage_days(self) -> float:
        """Days on which this client refused the genuine service."""
        return sum(spell.days for spell in self.spells(Outcome.OUTAGE))

    @property
    def exposure_days(self) -> float:
        """Days on which an attacker with what the timeline gives it, valid on that day, was accepted."""
        return sum(spell.days for spell in self.spells(Outcome.INTERCEPTED))

    @property
    def attack_days(self) -> float:
        """Days on which an attacker had a certificate that was valid by this client's clock."""
        return sum(point.days for point in self.points if point.attacked)

    @property
    def costs(self) -> list[EvidenceCost]:
        """What it hears costs on the visit to the service that takes most, of those that came as far as hearing it."""
        heard: dict[Evidence, list[EvidenceCost]] = {}
        for seen in (point.genuine.observation for point in self.points):
            for kind in seen.evidence:
                heard.setdefault(kind, []).append(cost(kind, seen))
        return [max(each, key=lambda cost: cost.octets) for each in heard.values()]

    def spells(self, outcome: Outcome) -> list[Spell]:
        """Points on end that are an outage, or that are exposed (INTERCEPTED), put together."""
        found: list[Spell] = []
        for point in self.points:
            hit = [met for met in point.counted if met.outcome is outcome]
            if not hit:
                continue
            if found and found[-1].until == point.time:
                found[-1] = Spell(outcome, found[-1].start, point.until, found[-1].reason)
            else:
                found.append(Spell(outcome, point.time, point.until, hit[0].verdict.reason))
        return found


@dataclass(frozen=True)
class Chronicle(Showable):
    """A timeline's result. `seconds` is the wall time of the whole run, certificates included."""

    timeline: Timeline
    life: Life
    courses: tuple[Course, ...]
    handshakes: int
    seconds: float

    def course(self, name: str) -> Course:
        """The course of the client of that name. Raises ValueError where there is none."""
        return named("client", name, {course.client.name: course for course in self.courses})

    def happenings(self) -> list[tuple[datetime, str]]:
        """What happened, in order: the timeline's events, and the authorities that expired."""
        line = self.timeline
        events = [(event.date, event.title) for event in line.events]
        expired = [
            (ca.until + SECOND, f"{ca.name} expires") for ca in line.cas if line.start <= ca.until + SECOND < line.end
        ]
        return sorted(events + expired, key=lambda one: one[0])

    @property
    def renewals(self) -> int:
        """How many certificates the service got by the calendar alone."""
        dates = {self.timeline.start, *(event.date for event in self.timeline.events)}
        return sum(era.start not in dates for era in self.life.eras)

    def record(self) -> dict[str, Any]:
        """The whole run as plain JSON values; times are ISO 8601 in UTC, spans are days."""
        line = self.timeline
        return {
            "timeline": line.name,
            "title": line.title,
            "start": line.start.isoformat(),
            "end": line.end.isoformat(),
            "source": line.source,
            "handshakes": self.handshakes,
            "events": [{"time": when.isoformat(), "title": what} for when, what in self.happenings()],
            "renewals": self.renewals,
            "clients": [_course(one) for one in self.courses],
        }


def _course(one: Course) -> dict[str, Any]:
    hours, costs = round(one.exposure_days * 24, 3), [asdict(each) for each in one.costs]
    heard = {"listens": one.client.listens, "way": one.client.way, "exposure_hours": hours, "costs": costs}
    return {
        "client": one.client.name,
        "pins": [pin.value for pin in one.client.pins],
        "mind": one.client.mind or None,
        "outage_days": round(one.outage_days, 3),
        "exposure_days": round(one.exposure_days, 3),
        **(heard if one.client.listens else {}),
        "days_with_an_attacker": round(one.attack_days, 3),
        "points": [
            {
                "time": point.time.isoformat(),
                "clock": point.moment.clock.isoformat(),
                "release": point.moment.release.isoformat(),
                "days": round(point.days, 3),
                "genuine": _met(point.genuine),
                "attacks": [_met(met) for met in point.attacks],
            }
            for point in one.points
        ],
    }


def _met(one: Encounter) -> dict[str, Any]:
    path = one.observation.path
    return {
        "verdict": str(one.verdict),
        "outcome": str(one.outcome),
        "deciding_check": one.verdict.check,
        "reason": one.verdict.reason,
        "path": None if path is None else [seen.name for seen in path],
    }


def schedule(life: Life) -> list[tuple[Owner, datetime, datetime]]:
    """Every (client, point, next point), in order of time: what a run asks. Nothing is connected."""
    found = []
    for client in life.timeline.clients:
        owner = Owner(client, life)
        times = [*owner.changes(), life.timeline.end]
        found += [(owner, time, until) for time, until in pairwise(times)]
    return sorted(found, key=lambda one: one[1])


def run(timeline: Timeline, progress: Progress = untold) -> Chronicle:
    """Live through the timeline: its certificates, then a handshake with everybody at every point."""
    began = perf_counter()
    life = Life(timeline)
    asked = schedule(life)
    points: dict[str, list[Point]] = {client.name: [] for client in timeline.clients}
    memories: dict[str, Memory] = {}
    with Ground(timeline.host) as ground:
        for number, (owner, time, until) in enumerate(asked, start=1):
            name = owner.client.name
            lived, memories[name] = stretch(ground, owner, time, until, memories.get(name))
            points[name] += lived
            progress(number, len(asked), name)
        handshakes = ground.exchanges
    courses = tuple(Course(client, tuple(points[client.name])) for client in timeline.clients)
    return Chronicle(timeline, life, courses, handshakes, perf_counter() - began)


def expected(moment: Moment, meeting: Meeting, seen: Observation, memory: Memory | None = None) -> Imagined:
    """What the pure policy of the client at this moment, or with another memory, expects where this is seen."""
    (foretold,) = imagine([(meeting, seen)], moment.mind(memory))
    return foretold


def disagreements(lived: Chronicle) -> list[str]:
    """
    Where the pure policy expects another verdict, check, path or outcome than the handshake gave.

    It has a path builder that shares no code with OpenSSL: that makes a
    timeline's figures more than a story.
    """
    found = []
    for course in lived.courses:
        for point in course.points:
            memory: Memory | None = None  # at first what the moment has; an attacker comes after the service
            for met in point.met:
                seen = foresee(met.meeting, lived.timeline.host, point.moment.building, needs(point.moment.policy))
                foretold = expected(point.moment, met.meeting, seen, memory)
                memory = memory or foretold.learnt.memory
                wanted = (foretold.verdict.accepted, foretold.verdict.check, _pins(seen.path), foretold.outcome)
                if wanted != (met.verdict.accepted, met.verdict.check, _pins(met.observation.path), met.outcome):
                    found.append(
                        f"{course.client.name} at {point.time:%Y-%m-%d %H:%M:%S}, {met.meeting.line.value}: handshake "
                        f"{met.verdict} ({met.verdict.reason}), pure {foretold.verdict} ({foretold.verdict.reason})"
                    )
    return found


def _pins(path: tuple[Certificate, ...] | None) -> tuple[str, ...]:
    return tuple(certificate.pin for certificate in path or ())
