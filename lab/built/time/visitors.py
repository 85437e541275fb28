"""
How many days each visitor is locked out: dated scenes played with real handshakes.

A visitor goes when their habit says so; the days between are asked for too
(would they get in?), and remembered by nobody. There is a handshake, at that
day's time, wherever the answer can change. Nothing is decided here: the
browser decides, and the outcome is measured by who holds the visit's secret.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lab.building import ANY_SEARCHING
from lab.built.time.dated import ATTACK, RECOVERY, Dated
from lab.built.time.scenario import Visitor as Visitor
from lab.observation import Line, Outcome, Progress, untold
from lab.policy import hpkp
from lab.policy.clients import client
from lab.policy.hpkp import Agent, Noting
from lab.policy.mind import Mind
from lab.scenes.catalogue import Meeting
from lab.trials.engine import Encounter, meet
from lab.trials.standing import Ground

VISITORS = tuple(
    Visitor(f"{when}, {habit}", first, every)
    for when, first in (("before", 0), ("during", ATTACK), ("after", RECOVERY + 5))
    for habit, every in (("daily", 1), ("weekly", 7))
)
"""First visit before, during or after the two days on which somebody else is on the line; returning daily or weekly."""

PLAIN = Agent()
BROWSERS = {"no cap": client("hpkp-no-cap"), "60-day cap": client("hpkp-capped")}
"""Two browsers that both conform: one believes any max-age, one cuts it to sixty days as Chromium did."""


@dataclass(frozen=True)
class VisitDay:
    """One day of a visitor: whether they went, what came of it (or would have), and whether a handshake said so."""

    number: int
    outcome: Outcome
    visited: bool
    measured: bool


@dataclass(frozen=True)
class Stay:
    """One visitor with one browser in one scene, from the first visit to the scene's last day."""

    scene: Dated
    visitor: Visitor
    browser: str
    days: tuple[VisitDay, ...]
    handshakes: int

    @property
    def locked(self) -> tuple[int, ...]:
        """The days on which the genuine server is refused, or would be if the visitor went."""
        return tuple(day.number for day in self.days if day.outcome is Outcome.OUTAGE)

    @property
    def refused(self) -> int:
        """Visits to the genuine server that were refused."""
        return self._visits(Outcome.OUTAGE)

    @property
    def robbed(self) -> int:
        """Visits whose secret an attacker has read."""
        return self._visits(Outcome.INTERCEPTED)

    @property
    def saved(self) -> int:
        """Visits on which an attacker was refused."""
        return self._visits(Outcome.STOPPED)

    def _visits(self, outcome: Outcome) -> int:
        return sum(day.visited and day.outcome is outcome for day in self.days)

    @property
    def strip(self) -> str:
        """One sign a day: blank before the first visit, then . in, # locked out, x robbed, o an attacker refused."""
        signs = {Outcome.SERVED: ".", Outcome.OUTAGE: "#", Outcome.INTERCEPTED: "x", Outcome.STOPPED: "o"}
        return " " * self.visitor.first + "".join(signs[day.outcome] for day in self.days)


class Saving:
    """
    Meets as `meet` does, and saves the handshake where it could show nothing new.

    On the days between two changes the same server presents the same to a mind
    that knows the same, so the last handshake's observation is judged at the
    new time. A certificate that has ended is a change. Whenever an attacker is
    on the line there is a handshake; with `never`, always. `handshakes` counts
    those that were made.
    """

    def __init__(self, ground: Ground, mind: Mind, *, never: bool = False) -> None:
        self._ground, self._mind, self._never = ground, mind, never
        self._last: dict[str, tuple[object, Encounter]] = {}
        self.handshakes = 0

    def meet(self, meeting: Meeting, *, asked: bool = True) -> tuple[Outcome, bool]:
        """What came of the meeting, and whether a handshake said so; as in `lab.trials.engine.meet` otherwise."""
        host = meeting.host or self._ground.host
        valid = all(one.not_valid_after_utc >= meeting.time for one in meeting.credential.chain)
        state = (id(meeting.credential), meeting.says, valid, self._mind.in_force(host, meeting.time))
        before, met = self._last.get(host, (None, None))
        saved = met is not None and before == state and meeting.line is Line.GENUINE and not self._never
        if met is None or not saved:
            met = meet(self._ground, meeting, self._mind, asked=asked)()
            self._last[host] = (state, met)
            self.handshakes += 1
        elif asked:
            lesson = met.lesson
            again = replace(lesson, observation=replace(lesson.observation, time=meeting.time))
            self._mind.learn(again, met.verdict)
        assert met.outcome is not None
        return met.outcome, not saved


def browser(agent: Agent = PLAIN) -> Mind:
    """A browser that conforms to RFC 7469 and knows nothing yet."""
    return Mind(hpkp.policy(agent))


def visit(who: Mind, meeting: Meeting) -> Encounter:
    """One visit over real TLS; the browser remembers what it was told."""
    with Ground(meeting.host) as ground:
        return meet(ground, meeting, who)()


def noting(met: Encounter, agent: Agent = PLAIN) -> Noting:
    """What this browser made of the answer's headers, and why."""
    return hpkp.note(met.known.memory, met.observation, met.lesson.headers or (), agent)


def follow(
    ground: Ground,
    scene: Dated,
    visitor: Visitor,
    browser: str = "no cap",
    *,
    agent: Agent | None = None,
    every_day: bool = False,
) -> Stay:
    """
    One visitor through one scene.

    A handshake is made whenever something that the verdict depends on differs
    from the last time, and whenever an attacker is on the line: see `Saving`.
    `every_day` makes a handshake each day; a test holds the two against each
    other. `agent` is a browser that has no name in
    `BROWSERS`.
    """
    saving = Saving(
        ground, Mind(hpkp.policy(agent), building=ANY_SEARCHING) if agent else BROWSERS[browser].mind(), never=every_day
    )
    days = []
    for number in range(visitor.first, scene.days):
        visited = visitor.goes(number)
        way = scene.way if visited else (scene.host,)
        outcome, measured = [saving.meet(scene.meeting(host, number), asked=visited) for host in way][-1]
        days.append(VisitDay(number, outcome, visited, measured))
    return Stay(scene, visitor, browser, tuple(days), saving.handshakes)


def play(
    scenes: Iterable[Dated],
    visitors: Iterable[Visitor] = VISITORS,
    browsers: Iterable[str] | None = None,
    progress: Progress = untold,
) -> list[Stay]:
    """
    Every visitor with every browser through every scene; `progress(done, of, title)` comes before each scene.

    A scene that names visitors of its own has those. Where no browsers are
    named, the capped one plays only where a cap of sixty days can matter.
    """
    told, who, named = tuple(scenes), tuple(visitors), browsers if browsers is None else tuple(browsers)
    stays: list[Stay] = []
    for number, scene in enumerate(told):
        progress(number, len(told), scene.title)
        how = named if named is not None else tuple(BROWSERS) if scene.capped else ("no cap",)
        with Ground(scene.host) as ground:
            stays += [follow(ground, scene, visitor, name) for name in how for visitor in scene.visitors or who]
    return stays
