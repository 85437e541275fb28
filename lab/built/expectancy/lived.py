"""
Releases of the pins, taken through drawn calendars: which have an outage, from when on, and for how long.

Theory of operation. A release holds the pins of what the server presents on its
morning, before the day's events: in the shape of today's pins, a fresh backup
key included where they have one. What pins do when the server presents something
else depends on which of its keys are still there, and on nothing else; that is a
scene, and what it comes to has been tried (`refuses`). On each day the share
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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from random import Random

import numpy as np
from numpy.typing import NDArray

from lab.built.expectancy.calendar import Clock, Deployed, Deployments, deployed, drawn
from lab.built.fleet.adoption import Adoption
from lab.observation import Progress, untold

SOME = 0.01
"""The share of devices from which on it is an outage."""
SPREAD = (10, 50, 90)
"""The percentiles of outage-days that are told."""
SCENES = (
    ("same_key", "backup_key", "new_key"),
    ("other_intermediate_same_key", "other_intermediate_backup_key", "new_intermediate"),
    ("other_ca_same_key", "backup_key_other_ca", "new_ca"),
)
"""What pins meet: from the same intermediate, another, another CA; for the pinned key, its backup, another."""
Shares = NDArray[np.float64]
Refuses = Mapping[str, bool]
"""Whether the pins refuse the genuine server, by scene."""


def scene(pinned: Deployed, now: Deployed) -> str:
    """What the pins of one day meet on another; empty where nothing has changed."""
    if now.certificate == pinned.certificate:
        return ""
    other = 1 if now.intermediate[0] == pinned.intermediate[0] else 2
    key = (pinned.key, pinned.backup, now.key).index(now.key)
    return SCENES[0 if now.intermediate == pinned.intermediate else other][key]


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
            newest = bisect_right(self.out, day) - 1
            shares[newest, day] = 1
            if groups:
                shares[:, day] = held.sum(0)
                held[:, newest] += (held[:, :newest] * daily).sum(1)
                held[:, :newest] *= 1 - daily
        for number, day in enumerate(self.out if self.asked is not None else ()):
            shares[number, day + (self.asked or 0) :] = 0
        return shares


def lost(site: Deployments, out: Sequence[int], held: Shares, refuses: Refuses) -> Shares:
    """The share of devices that is refused on each day of one calendar."""
    found = np.zeros(held.shape[1])
    begins = [day for day, _ in site]
    for number, release in enumerate(out):
        pinned, asked = pins(site, release), np.flatnonzero(held[number])
        first, last = (int(asked[0]), int(asked[-1])) if len(asked) else (1, 0)
        for place in range(bisect_right(begins, first) - 1, bisect_right(begins, last)):
            met = scene(pinned, site[place][1])
            if met and refuses[met]:
                here = slice(max(begins[place], first), (*begins, last + 1)[place + 1])
                found[here] += held[number, here]
    return found


def pins(site: Deployments, release: int) -> Deployed:
    """What the server presents on the morning of a release."""
    return site[max(0, bisect_left(site, release, key=lambda one: one[0]) - 1)][1]


@dataclass(frozen=True, eq=False)
class Lived:
    """
    What some calendars came to, with one set of rates.

    `first` is the day of each one's first outage, one more than there are where
    it has none; `days[i, j]` are its outage-days up to the end of month j. `met` counts
    in which scene the first outage began.
    """

    first: NDArray[np.int64]
    days: Shares
    met: Counter[str]

    def share(self, day: int) -> float:
        """The share of calendars that had an outage by the end of this day."""
        return float(np.mean(self.first <= day))

    def between(self, day: int, z: float = 1.96) -> tuple[float, float]:
        """Within which the true share lies, 95 times of 100: Wilson's interval."""
        weight = z * z / len(self.first)
        middle = self.share(day) + weight / 2
        half = math.sqrt(middle * middle - self.share(day) ** 2 * (1 + weight))
        return max(0.0, (middle - half) / (1 + weight)), min(1.0, (middle + half) / (1 + weight))

    def spread(self, month: int) -> tuple[float, ...]:
        """The outage-days up to the end of a month that a tenth, half and nine tenths of the calendars stay below."""
        return tuple(float(one) for one in np.percentile(self.days[:, month], SPREAD))


@dataclass(frozen=True)
class Horizon:
    """What is drawn: from the clock's day on, so many days, so many calendars from this seed, with these releases."""

    clock: Clock
    days: int
    releases: Releases
    calendars: int = 1000
    seed: int = 1

    def date(self, day: int) -> date:
        """The date of a day."""
        return self.clock.start + timedelta(days=day)

    @cached_property
    def months(self) -> list[int]:
        """The last day of each month; of the last one it is the last that counts."""
        return [day for day in range(self.days) if self.date(day + 1).day == 1] + [self.days]

    def site(self, rates: Mapping[str, float], number: int) -> Deployments:
        """What the server presents in calendar `number`."""
        draw = Random(f"{self.seed}/{number}/issued")
        return deployed(drawn(rates, self.days, self.seed, number), self.clock, rates, self.days, draw)

    def lived(self, rates: Mapping[str, float], refuses: Refuses, progress: Progress = untold) -> Lived:
        """All calendars with these rates; those with other rates are the same, as far as they can be."""
        held, out = self.releases.held(self.days), self.releases.out
        first = np.full(self.calendars, self.days + 1)
        days, met = np.zeros((self.calendars, len(self.months))), Counter[str]()
        for number in range(self.calendars):
            progress(number, self.calendars, "calendars")
            site = self.site(rates, number)
            share = lost(site, out, held, refuses)
            days[number] = np.cumsum(share)[self.months]
            if (begun := share >= SOME).any():
                first[number] = day = int(begun.argmax())
                there = (scene(pins(site, out[one]), pins(site, day + 1)) for one in np.flatnonzero(held[:, day])[::-1])
                met[next(one for one in there if refuses.get(one))] += 1
        return Lived(first, days, met)
