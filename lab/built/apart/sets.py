"""
Which channels tell a pair apart, and when: the definition, over runs that somebody else has measured.

It knows no handshake and no clock: it is handed what each channel showed, in
the attack and in its twin, under each setting of the levers.
"""

# Theory of operation. A set of channels refuses as soon as one of them does. An attacker sees the set and chooses how
# each lever stands that one of its channels reads; what counts is the choice that is best for him. So
#
#   stops   the greatest, over his moves, of the least time from which on some channel refuses at every later date
#   knows   the same with "or the alarm has rung"
#   keeps   on a day without accidents no channel of the set refuses the twin, and no alarm rings
#   price   the single accidents under which one does
#
# Channels act in series: what a monitor finds is revoked, and the others hear of that. So what a channel shows depends
# on whether a monitor is in the set, and the monitor is a member that refuses nobody.

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from itertools import combinations
from typing import Protocol

from lab.built.apart.levers import ACCIDENTS, UNTOUCHED, Lever, Setting, moves, pulled
from lab.observation import Finding

AT_ONCE = timedelta(0)
MOST = 4
"""Channels of a set that is looked at: nobody looks after more."""


class Half(StrEnum):
    """Which of the two runs of one calendar."""

    ATTACK = "attack"
    TWIN = "twin"


@dataclass(frozen=True, slots=True)
class Step:
    """What a channel shows from `since` on, counted from the day of the pair, until its next step."""

    since: timedelta
    refused: bool
    findings: tuple[Finding, ...] = ()


class Member(Protocol):
    """A channel, as far as the definition knows it."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def reads(self) -> frozenset[Lever]:
        """The levers that it reads; another one changes nothing of what it shows."""

    @property
    def monitors(self) -> bool:
        """Whether it is the owner's monitor: it refuses nobody, and what it finds is revoked."""


class Runs(Protocol):
    """Two runs of one calendar, measured when they are asked for."""

    def shown(self, channel: Member, half: Half, setting: Setting, monitored: bool) -> Sequence[Step]:
        """What this channel shows, step by step; the first is at the beginning."""

    def alarm(self, half: Half, setting: Setting) -> timedelta | None:
        """When the owner's monitor rings; None where it never does."""


Members = Collection[Member]


def _levers(members: Members) -> frozenset[Lever]:
    return frozenset().union(*(one.reads for one in members))


def _monitored(members: Members) -> bool:
    return any(one.monitors for one in members)


def refused_from(runs: Runs, members: Members, half: Half, setting: Setting) -> timedelta | None:
    """From when on, at every later date, one of them refuses; None where none does for good."""
    monitored = _monitored(members)
    shown = [runs.shown(one, half, setting, monitored) for one in members if not one.monitors]
    last: timedelta | None = None
    for at in sorted({step.since for steps in shown for step in steps}):
        refused = any(_at(steps, at).refused for steps in shown)
        last = (at if last is None else last) if refused else None
    return last


def _at(steps: Sequence[Step], time: timedelta) -> Step:
    return [step for step in steps if step.since <= time][-1]


def _sooner(one: timedelta | None, other: timedelta | None) -> timedelta | None:
    return min((time for time in (one, other) if time is not None), default=None)


def _latest(times: Iterator[timedelta | None], most: timedelta | None) -> timedelta | None:
    """The greatest of them; None as soon as one is none, or is later than `most`."""
    greatest = AT_ONCE
    for time in times:
        if time is None or (most is not None and time > most):
            return None
        greatest = max(greatest, time)
    return greatest


def stops(runs: Runs, members: Members, most: timedelta | None = None) -> timedelta | None:
    """When the set refuses the attack for good, whatever the attacker does; None where it never has to."""
    each = (refused_from(runs, members, Half.ATTACK, move) for move in moves(_levers(members)))
    return _latest(each, most)


def knows(runs: Runs, members: Members, most: timedelta | None = None) -> timedelta | None:
    """When the set refuses, or the owner's alarm has rung, whatever the attacker does."""

    def known(move: Setting) -> timedelta | None:
        alarm = runs.alarm(Half.ATTACK, move) if _monitored(members) else None
        return _sooner(refused_from(runs, members, Half.ATTACK, move), alarm)

    return _latest(map(known, moves(_levers(members))), most)


def keeps(runs: Runs, members: Members, accident: Setting = UNTOUCHED) -> bool:
    """Whether the twin passes in silence: nobody refuses it at any date, and no alarm rings."""
    monitored = _monitored(members)
    if monitored and runs.alarm(Half.TWIN, accident) is not None:
        return False
    each = (runs.shown(one, Half.TWIN, accident, monitored) for one in members if not one.monitors)
    return not any(step.refused for steps in each for step in steps)


def price(runs: Runs, members: Members) -> tuple[str, ...]:
    """The single accidents under which the twin does not pass in silence."""
    return tuple(name for name, setting in ACCIDENTS.items() if not keeps(runs, members, setting))


Measure = Callable[[Runs, Members, "timedelta | None"], "timedelta | None"]


def minimal(
    runs: Runs, members: Sequence[Member], within: timedelta | None, measure: Measure = stops
) -> list[tuple[Member, ...]]:
    """
    The sets that keep the twin and stop (or know) the attack in time, from which nothing can be left out.

    `within` None is for ever. Sets of more than four are not looked at.
    """
    fit = [one for one in members if one.monitors or keeps(runs, {one})]
    found: list[tuple[Member, ...]] = []
    for size in range(1, MOST + 1):
        for chosen in combinations(fit, size):
            spare = any(set(less) <= set(chosen) for less in found)
            if not spare and keeps(runs, chosen) and measure(runs, chosen, within) is not None:
                found.append(chosen)
    return found


class Told(StrEnum):
    """What a channel makes of a pair, where it is not a number of hours."""

    BOTH_TAKEN = "takes both"
    BOTH_REFUSED = "refuses both"
    CUT = "cut"
    NO_WORD = "no word comes"
    HOURS = "tells"


@dataclass(frozen=True)
class Cell:
    """One channel and one pair: what it tells, after which time where it does, and by which move it is cut."""

    told: Told
    after: timedelta | None = None
    move: Setting = field(default_factory=dict)


def cell(runs: Runs, channel: Member, monitored: Member | None = None) -> Cell:
    """What the channel makes of the pair by itself, or beside the owner's monitor."""
    members = {channel, monitored or channel}
    each = [(move, refused_from(runs, members, Half.ATTACK, move)) for move in moves(_levers(members))]
    if not keeps(runs, {channel}):
        return Cell(Told.BOTH_REFUSED)
    through = [move for move, time in each if time is None]
    if not through:
        return Cell(Told.HOURS, max(time for _, time in each if time is not None))
    if _waits(channel) and not pulled(through[0]):
        return Cell(Told.NO_WORD)
    return Cell(Told.CUT, None, through[0]) if len(through) < len(each) else Cell(Told.BOTH_TAKEN)


_WORDS = frozenset({Lever.STAPLE, Lever.ANSWER, Lever.LIST, Lever.UPDATE})


def _waits(channel: Member) -> bool:
    """Whether it has nothing to say until somebody asks for a revocation."""
    return bool(channel.reads & _WORDS)


def blind(runs: Runs, channel: Member) -> tuple[str, ...]:
    """The accidents under which the twin shows this channel what some move of the attacker's shows it as well."""
    found = []
    for name, setting in ACCIDENTS.items():
        if not channel.reads & setting.keys():
            continue
        twin = [step.findings for step in runs.shown(channel, Half.TWIN, setting, False)]
        shown = (runs.shown(channel, Half.ATTACK, move, False) for move in moves(channel.reads))
        if any(step.findings in twin for steps in shown for step in steps):
            found.append(name)
    return tuple(found)
