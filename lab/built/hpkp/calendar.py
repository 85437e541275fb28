"""
How many days each visitor is locked out: dated scenes played with real handshakes.

A visitor goes when their habit says so; the days between are asked for too
(would they get in?), and remembered by nobody. There is a handshake, at that
day's time, wherever the answer can change. Nothing is decided here: the
browser decides, and the outcome is measured by who holds the visit's secret.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from lab.built.hpkp.browser import Browser, Visit
from lab.built.hpkp.dated import ATTACK, RECOVERY, Dated, Phase, date
from lab.built.hpkp.site import PinningSite
from lab.observation import Line, Outcome
from lab.policy.hpkp_memory import CHROMIUM_CAP, Agent

PATIENCE = 10.0  # seconds to wait for the other side's log


@dataclass(frozen=True)
class Visitor:
    """Somebody with a habit: the day of their first visit, and how many days lie between two visits."""

    name: str
    first: int
    every: int

    def goes(self, day: int) -> bool:
        return day >= self.first and (day - self.first) % self.every == 0


VISITORS = tuple(
    Visitor(f"{when}, {habit}", first, every)
    for when, first in (("before", 0), ("during", ATTACK), ("after", RECOVERY + 5))
    for habit, every in (("daily", 1), ("weekly", 7))
)
"""First visit before, during or after the two days on which somebody else is on the line; returning daily or weekly."""

AGENTS = {"no cap": Agent(), "60-day cap": Agent(cap=CHROMIUM_CAP)}
"""Two browsers that both conform: one believes any max-age, one cuts it to sixty days as Chromium did."""


@dataclass(frozen=True)
class Day:
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
    days: tuple[Day, ...]
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


class Standing:
    """A dated scene with every phase served on loopback. A context manager; leaving it stops every service."""

    def __init__(self, scene: Dated) -> None:
        self.scene = scene
        self._stack = ExitStack()
        self._sites: dict[int, PinningSite] = {}

    def __enter__(self) -> Self:
        try:
            for phase in self.scene.phases:
                site = PinningSite(phase.credential, phase.header)
                self._sites[id(phase)] = self._stack.enter_context(site)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def go(self, browser: Browser, host: str, day: int, *, remember: bool = True) -> tuple[Visit, Outcome]:
        """One visit to one host on one day, and its outcome by who holds the visit's secret."""
        phase = self.scene.phase(host, day)
        site = self._sites[id(phase)]
        secret = secrets.token_hex(16)
        visit = browser.visit(site.address, host, date(day), secret=secret, page="/account", remember=remember)
        held = site.log.finished(visit.port, PATIENCE).holds(secret) if visit.port else False
        return visit, _outcome(phase, visit, held)


def _outcome(phase: Phase, visit: Visit, held: bool) -> Outcome:
    if phase.line is Line.ATTACKER:
        return Outcome.INTERCEPTED if held else Outcome.STOPPED
    return Outcome.SERVED if held and visit.answer is not None else Outcome.OUTAGE


def follow(
    standing: Standing,
    visitor: Visitor,
    browser: str = "no cap",
    *,
    agent: Agent | None = None,
    every_day: bool = False,
) -> Stay:
    """
    One visitor through one scene.

    A handshake is made whenever something that the verdict depends on differs
    from the last time (what is presented, which pins are in force), and
    whenever an attacker is on the line. On the days between, the last
    handshake's observation is judged at the new time. `every_day` makes a
    handshake each day; a test holds the two against each other. `agent` is a
    browser that has no name in `AGENTS`.
    """
    scene = standing.scene
    user = Browser(scene.store, agent or AGENTS[browser])
    last: dict[str, tuple[object, Visit, Outcome]] = {}

    def go(host: str, day: int, remember: bool) -> tuple[Outcome, bool]:
        phase = scene.phase(host, day)
        entry = user.memory.governing(host, date(day))
        state = (id(phase), entry.pins if entry else None)
        if not every_day and phase.line is Line.GENUINE and host in last and last[host][0] == state:
            _, visit, outcome = last[host]
            if remember:
                user.again(visit, date(day))
            return outcome, False
        visit, outcome = standing.go(user, host, day, remember=remember)
        last[host] = (state, visit, outcome)
        return outcome, True

    days = []
    for number in range(visitor.first, scene.days):
        visited = visitor.goes(number)
        went = [go(host, number, visited) for host in (scene.way if visited else (scene.host,))]
        days.append(Day(number, went[-1][0], visited, went[-1][1]))
    return Stay(scene, visitor, browser, tuple(days), user.handshakes)


Progress = Callable[[int, int, str], None]


def play(
    scenes: Iterable[Dated],
    visitors: Iterable[Visitor] = VISITORS,
    browsers: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> list[Stay]:
    """
    Every visitor with every browser through every scene; `progress(done, of, title)` comes before each scene.

    Where no browsers are named, the capped one plays only where a cap of sixty days can matter.
    """
    told, who, named = tuple(scenes), tuple(visitors), browsers if browsers is None else tuple(browsers)
    stays: list[Stay] = []
    for number, scene in enumerate(told):
        if progress:
            progress(number, len(told), scene.title)
        how = named if named is not None else tuple(AGENTS) if scene.capped else ("no cap",)
        with Standing(scene) as standing:
            stays += [follow(standing, visitor, browser) for browser in how for visitor in who]
    return stays
