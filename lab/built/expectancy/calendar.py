"""
A calendar, drawn: what the site's server presents from day to day, and why.

Theory of operation. Day 0 is today. What nobody plans comes by chance alone:
events of one kind are a Poisson process of their rate a year (of 365 days), one
that falls between day d-1 and day d counts on day d. A renewal comes by the
clock, after a share of the certificate's life, which is what the ballot allows
on the day of issuance at most. On one day the events come first, in the order of
`EVENTS`, and a renewal only if it is still due.

- The CA's intermediates change: nothing happens until the next certificate, which
  is from one of the new ones.
- Each certificate is from one of the intermediates in use, by lot, and for a new
  key, but for the share that keeps it.
- A mass revocation is an issuance on that day, a move and a removal one from
  another CA, a compromise one for the backup key; the site then makes another.

Each calendar and each kind of event has random numbers of its own, and an event's
time is drawn before its rate is looked at: another rate moves no other event, and
a higher one brings the same events earlier. The seed is all that it depends on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count
from random import Random

from lab.built.expectancy.rates import EVENTS, Counted

YEAR = 365
Event = tuple[int, str]
"""The day, and which of `EVENTS`."""
Limits = Sequence[tuple[date, int]]
"""From which day on a certificate lasts how many days at most, in order."""


@dataclass(frozen=True)
class Deployed:
    """
    What the server presents, and the backup key that the owner holds: each a number that stands for a key of its own.

    `intermediate` is none of another CA's, whatever its numbers are: they begin with the CA's.
    """

    certificate: int = 0
    ca: int = 0
    intermediate: tuple[int, int, int] = (0, 0, 0)
    key: int = 0
    backup: int = 1


@dataclass(frozen=True)
class Clock:
    """When certificates end: the day it is now, what the one of today lasts in all and has lasted, what is allowed."""

    start: date
    lasts: float = 90
    age: float = 0
    limits: Limits = ()

    def life(self, day: int, wanted: float) -> float:
        """How many days a certificate lasts that is issued on this day."""
        allowed = [days for since, days in self.limits if since <= self.start + timedelta(days=day)]
        return min([wanted, *allowed[-1:]])

    def due(self, issued: int, rates: Mapping[str, float]) -> int:
        """On which day the certificate that was issued on this one is renewed."""
        return issued + max(1, int(self.life(issued, rates[Counted.LIFETIME]) * rates[Counted.RENEW_AT]))


def drawn(rates: Mapping[str, float], days: int, seed: int, number: int) -> list[Event]:
    """The events of calendar `number`, in their order, up to the last of these days."""
    found = []
    for place, name in enumerate(EVENTS):
        draw, time = Random(f"{seed}/{number}/{name}"), 0.0
        while rates[name] and (time := time + draw.expovariate(1) * YEAR / rates[name]) < days:
            found.append((int(time) + 1, place))
    return [(day, EVENTS[place]) for day, place in sorted(found)]


def deployed(
    events: Sequence[Event], clock: Clock, rates: Mapping[str, float], days: int, draw: Random
) -> list[tuple[int, Deployed]]:
    """What the server presents, from which day on; the first is that of today."""
    now, found, generation, at = Deployed(), [(0, Deployed())], 0, 0
    keys, due = count(2), max(1, int(clock.lasts * rates[Counted.RENEW_AT] - clock.age))
    while True:
        if at < len(events) and events[at][0] <= due:
            day, what = events[at]
            at += 1
        else:
            day, what = due, ""
        if day > days:
            return found
        if what == Counted.INTERMEDIATES:
            generation += 1
            continue
        ca = now.ca + (what in (Counted.REMOVALS, Counted.MOVES))
        keeps, which = draw.random() < rates[Counted.KEEPS_KEY], int(draw.random() * rates[Counted.IN_USE])
        now = replace(now, certificate=now.certificate + 1, ca=ca, intermediate=(ca, generation, which))
        if what == Counted.COMPROMISES:
            now = replace(now, key=now.backup, backup=next(keys))
        elif not keeps:
            now = replace(now, key=next(keys))
        found.append((day, now))
        due = clock.due(day, rates)
