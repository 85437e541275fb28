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

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import partial
from itertools import combinations, pairwise
from typing import Protocol, TypeVar

from lab.built.apart.levers import ACCIDENTS, UNTOUCHED, Lever, Setting, moves, only, pulled
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
Among = TypeVar("Among", bound=Member)


def _levers(members: Iterable[Member]) -> frozenset[Lever]:
    return frozenset().union(*(one.reads for one in members))


def _monitored(members: Members) -> bool:
    return any(one.monitors for one in members)


def refused_from(
    runs: Runs, members: Members, half: Half, setting: Setting, *beside: Sequence[Step]
) -> timedelta | None:
    """From when on, at every later date, one of them refuses, or of `beside` them; None where none does for good."""
    monitored = _monitored(members)
    shown = [*beside, *(runs.shown(one, half, setting, monitored) for one in members if not one.monitors)]
    last: timedelta | None = None
    for at in sorted({step.since for steps in shown for step in steps}):
        refused = any(_at(steps, at).refused for steps in shown)
        last = (at if last is None else last) if refused else None
    return last


def _at(steps: Sequence[Step], time: timedelta) -> Step:
    return [step for step in steps if step.since <= time][-1]


def _latest(times: Iterable[timedelta | None]) -> timedelta | None:
    """The greatest of them; None as soon as one is none."""
    greatest = AT_ONCE
    for time in times:
        if time is None:
            return None
        greatest = max(greatest, time)
    return greatest


def stops(runs: Runs, members: Members) -> timedelta | None:
    """When the set refuses the attack for good, whatever the attacker does; None where it never has to."""
    return _latest(refused_from(runs, members, Half.ATTACK, move) for move in moves(_levers(members)))


def knows(runs: Runs, members: Members) -> timedelta | None:
    """When the set refuses, or the owner's alarm has rung, whatever the attacker does."""

    def known(move: Setting) -> timedelta | None:
        alarm = runs.alarm(Half.ATTACK, move) if _monitored(members) else None
        rung = [] if alarm is None else [[Step(AT_ONCE, False), Step(alarm, True)]]
        return refused_from(runs, members, Half.ATTACK, move, *rung)

    return _latest(map(known, moves(_levers(members))))


def keeps(runs: Runs, members: Members, accident: Setting = UNTOUCHED) -> bool:
    """Whether the twin passes in silence: nobody refuses it at any date, and no alarm rings."""
    monitored = _monitored(members)
    if monitored and runs.alarm(Half.TWIN, accident) is not None:
        return False
    each = (runs.shown(one, Half.TWIN, accident, monitored) for one in members if not one.monitors)
    return not any(step.refused for steps in each for step in steps)


def passes(runs: Runs, channel: Member, members: Members, accident: Setting = UNTOUCHED) -> bool:
    """Whether the channel itself takes the twin in silence, where these are at work: what a monitor had revoked too."""
    if channel.monitors:
        return keeps(runs, {channel}, accident)
    return not any(step.refused for step in runs.shown(channel, Half.TWIN, accident, _monitored(members)))


def price(runs: Runs, members: Members) -> tuple[str, ...]:
    """The single accidents under which the twin does not pass in silence."""
    return tuple(name for name, setting in ACCIDENTS.items() if not keeps(runs, members, setting))


Measure = Callable[[Runs, Members], "timedelta | None"]


def minimal(
    runs: Runs, members: Sequence[Among], horizons: Sequence[timedelta | None], measure: Measure = stops
) -> list[list[tuple[Among, ...]]]:
    """
    For each horizon the sets that keep the twin and stop (or know) the attack in time, which need all their members.

    A horizon of None is for ever. Sets of more than four are not looked at.
    """
    kept, found = Kept(runs, members), [list[tuple[Among, ...]]() for _ in horizons]
    soonest = min((one for one in horizons if one is not None), default=None)
    attacked = partial(kept.shown, half=Half.ATTACK, setting=UNTOUCHED, monitored=_monitored(members))
    telling = [one for one in members if one.reads or any(step.refused for step in attacked(one))]
    fit = [one for one in telling if one.monitors or keeps(kept, {one})]
    for chosen in (chosen for size in range(1, MOST + 1) for chosen in combinations(fit, size)):
        if soonest is not None and spare(found[list(horizons).index(soonest)], chosen):
            continue  # a smaller one is as soon as anybody asks for
        time = measure(kept, chosen) if keeps(kept, chosen) else None
        for within, smallest in zip(horizons, found, strict=True):
            if time is not None and (within is None or time <= within) and not spare(smallest, chosen):
                smallest.append(chosen)
    return found


def spare(smallest: Iterable[Collection[Member]], chosen: Collection[Member]) -> bool:
    """Whether a smaller set is among these already."""
    return any(set(less) <= set(chosen) for less in smallest)


class Kept:
    """The same runs, asked once for each thing: thousands of sets are made of the same few channels."""

    def __init__(self, runs: Runs, members: Members) -> None:
        self._runs = runs
        self._beside = _levers(one for one in members if one.monitors)
        self._shown: dict[tuple[object, ...], Sequence[Step]] = {}

    def shown(self, channel: Member, half: Half, setting: Setting, monitored: bool) -> Sequence[Step]:
        """As the runs have it."""
        read = only(setting, channel.reads | self._beside if monitored else channel.reads)
        key = (channel.name, half, monitored, *read.items())
        if key not in self._shown:
            self._shown[key] = merged(self._runs.shown(channel, half, read, monitored))
        return self._shown[key]

    def alarm(self, half: Half, setting: Setting) -> timedelta | None:
        """As the runs have it."""
        return self._runs.alarm(half, setting)


def merged(steps: Sequence[Step]) -> Sequence[Step]:
    """Only those steps at which the answer changes, without what was found."""
    changes = [one for before, one in pairwise((None, *steps)) if one and (not before or before.refused != one.refused)]
    return [Step(one.since, one.refused) for one in changes]


class Reading(StrEnum):
    """What a channel makes of a pair, where it is not a number of hours."""

    BOTH_TAKEN = "takes both"
    BOTH_REFUSED = "refuses both"
    CUT = "cut"
    NO_WORD = "no word comes"
    HOURS = "tells"


@dataclass(frozen=True)
class Telling:
    """One channel and one pair: what it tells, after which time where it does, and by which move it is cut."""

    told: Reading
    after: timedelta | None = None
    move: Setting = field(default_factory=dict)


def cell(runs: Runs, channel: Member, monitored: Member | None = None) -> Telling:
    """What the channel makes of the pair by itself, or beside the owner's monitor."""
    members = {channel, monitored or channel}
    told = runs.alarm if channel.monitors else partial(refused_from, runs, members)
    each = [(move, told(Half.ATTACK, move)) for move in moves(_levers(members))]
    if not passes(runs, channel, members):
        return Telling(Reading.BOTH_REFUSED)
    through = [move for move, time in each if time is None]
    if not through:
        return Telling(Reading.HOURS, max(time for _, time in each if time is not None))
    if _waits(channel) and not pulled(through[0]):
        return Telling(Reading.NO_WORD)
    return Telling(Reading.CUT, None, through[0]) if len(through) < len(each) else Telling(Reading.BOTH_TAKEN)


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
