"""
Releases of the pins, taken through drawn calendars: which have an outage, from when on, and for how long.

Theory of operation. A release holds the pins of what the server presents on its
morning, before the day's events: in the shape of today's pins, a fresh backup
key included where they have one. What pins do when the server presents something
else depends on which of its keys are still there, and on nothing else; that is a
`Situation`, and what it leads to has been tried (`refuses`). On each day the share
of devices is known that run each release: all of them the newest, or as an
adoption curve has it, on average. So the share that is refused on a day is a sum
over releases. A day is one of outage if it is a hundredth of the devices or more;
outage-days are counted by device, so that half of them for two days is one.

Nobody makes a release because of an outage: it lasts until the next one that was
planned, or until the server presents again what was pinned.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lab.built.expectancy.calendar import Clock, Deployed, deployed, drawn
from lab.built.fleet.adoption import Adoption
from lab.observation import Progress, untold

SOME = 0.01
"""The share of devices from which on it is an outage."""
SPREAD = (10, 50, 90)
"""The percentiles of outage-days that are told."""
Shares = NDArray[np.float64]


class From(StrEnum):
    """Who issued what the server presents, for who pinned what it presented before."""

    SAME = "the same intermediate"
    SIBLING = "another intermediate"
    OTHER = "another CA"


class HasKey(StrEnum):
    """Which key the server has, for who pinned the one it had before, and its backup."""

    SAME = "the same key"
    BACKUP = "the backup key"
    NEW = "a new key"


class Situation(NamedTuple):
    """What of the genuine keys is still there, after a certificate that is not the pinned one."""

    issuer: From
    key: HasKey


SITUATIONS = tuple(Situation(issuer, key) for issuer in From for key in HasKey)
Refuses = Mapping[Situation, bool]
"""What the pins do, by real trials: whether the genuine server is refused."""


def situation(pinned: Deployed, now: Deployed) -> Situation | None:
    """What the pins of one day meet on another; None where nothing has changed."""
    if now.certificate == pinned.certificate:
        return None
    issuer = From.OTHER if now.ca != pinned.ca else From.SIBLING
    key = HasKey.SAME if now.key == pinned.key else HasKey.BACKUP if now.key == pinned.backup else HasKey.NEW
    return Situation(From.SAME if now.intermediate == pinned.intermediate else issuer, key)


@dataclass(frozen=True)
class Releases:
    """
    The days on which releases come out, the first is 0, and how the devices take them.

    All have the newest on its day where there is no `adoption`. Pins that are
    `asked` for a number of days are not asked from then on.
    """

    out: tuple[int, ...]
    adoption: Adoption | None = None
    asked: int | None = None

    def held(self, days: int) -> Shares:
        """By release and day, from 0 to `days`: the share of devices that run the release and ask its pins."""
        shares = np.zeros((len(self.out), days + 1))
        groups = self.adoption.groups if self.adoption else ()
        daily = np.array([one.daily for one in groups])[:, None]
        held = np.zeros((len(groups), len(self.out)))
        held[:, 0] = [one.share for one in groups]
        for day in range(days + 1):
            newest = sum(one <= day for one in self.out) - 1
            if not groups:
                shares[newest, day] = 1
                continue
            shares[:, day] = held.sum(0)
            held[:, newest] += (held[:, :newest] * daily).sum(1)
            held[:, :newest] *= 1 - daily
        for number, day in enumerate(self.out if self.asked is not None else ()):
            shares[number, day + (self.asked or 0) :] = 0
        return shares


def lost(site: Sequence[tuple[int, Deployed]], out: Sequence[int], held: Shares, refuses: Refuses) -> Shares:
    """The share of devices that is refused on each day of one calendar."""
    found = np.zeros(held.shape[1])
    begins = [day for day, _ in site]
    for number, release in enumerate(out):
        pinned, asked = pins(site, release), np.flatnonzero(held[number])
        first, last = (int(asked[0]), int(asked[-1])) if len(asked) else (1, 0)
        for place in range(bisect_right(begins, first) - 1, bisect_right(begins, last)):
            met = situation(pinned, site[place][1])
            if met and refuses[met]:
                here = slice(max(begins[place], first), (*begins, last + 1)[place + 1])
                found[here] += held[number, here]
    return found


def pins(site: Sequence[tuple[int, Deployed]], release: int) -> Deployed:
    """What the server presents on the morning of a release."""
    return site[max(0, bisect_left(site, release, key=lambda one: one[0]) - 1)][1]


@dataclass(frozen=True, eq=False)
class Lived:
    """
    What some calendars came to, with one set of rates.

    `first` is the day of each one's first outage, one more than there are where
    it has none; `days[i, j]` are its outage-days up to the end of month j. `met` counts
    what the pins met when the first outage began.
    """

    first: NDArray[np.int64]
    days: Shares
    met: Counter[Situation]

    def share(self, day: int) -> float:
        """The share of calendars that had an outage by the end of this day."""
        return float(np.mean(self.first <= day))

    def between(self, day: int) -> tuple[float, float]:
        """Within which the true share lies, 95 times of 100 (Wilson's interval)."""
        return wilson(int(np.sum(self.first <= day)), len(self.first))

    def spread(self, month: int) -> tuple[float, ...]:
        """The outage-days up to the end of a month that a tenth, half and nine tenths of the calendars stay below."""
        return tuple(float(one) for one in np.percentile(self.days[:, month], SPREAD))

    def half(self, days: int) -> int | None:
        """The day by which half of the calendars have had an outage; None where half never have."""
        day = int(np.sort(self.first)[(len(self.first) - 1) // 2])
        return day if day <= days else None


def wilson(found: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval for a share, from how many of how many were found."""
    share, weight = found / of, z * z / of
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / of + weight / of / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class Horizon:
    """What is drawn: from the clock's day on, so many days, so many calendars from this seed, with these releases."""

    clock: Clock
    days: int
    releases: Releases
    calendars: int = 1000
    seed: int = 1
    months: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "months", tuple(self._months()))

    def date(self, day: int) -> date:
        """The date of a day."""
        return self.clock.start + timedelta(days=day)

    def _months(self) -> Iterator[int]:
        """The last day of each month; of the last one it is the last that counts."""
        yield from (day for day in range(self.days) if self.date(day + 1).day == 1)
        yield self.days

    def site(self, rates: Mapping[str, float], number: int) -> list[tuple[int, Deployed]]:
        """What the server presents in calendar `number`."""
        draw = Random(f"{self.seed}/{number}/issued")
        return deployed(drawn(rates, self.days, self.seed, number), self.clock, rates, self.days, draw)

    def lived(self, rates: Mapping[str, float], refuses: Refuses, progress: Callable[[int], object]) -> Lived:
        """All calendars with these rates."""
        held, out = self.releases.held(self.days), self.releases.out
        first = np.full(self.calendars, self.days + 1)
        days, met = np.zeros((self.calendars, len(self.months))), Counter[Situation]()
        for number in range(self.calendars):
            site = self.site(rates, number)
            share = lost(site, out, held, refuses)
            days[number] = np.cumsum(share)[list(self.months)]
            if (begun := share >= SOME).any():
                first[number] = day = int(begun.argmax())
                now = pins(site, day + 1)
                there = (situation(pins(site, out[one]), now) for one in np.flatnonzero(held[:, day])[::-1])
                met[next(one for one in there if one and refuses[one])] += 1
            progress(number + 1)
        return Lived(first, days, met)


def lives(
    horizon: Horizon, ends: Mapping[str, Mapping[str, float]], refuses: Refuses, progress: Progress = untold
) -> dict[str, Lived]:
    """What the calendars came to with each end of the rates, by what it is called; both have the same calendars."""
    found = {}
    for place, (end, rates) in enumerate(ends.items()):
        done = place * horizon.calendars

        def told(number: int, done: int = done) -> None:
            progress(done + number, len(ends) * horizon.calendars, "calendars")

        found[end] = horizon.lived(rates, refuses, told)
    return found
