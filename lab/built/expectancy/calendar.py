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

from lab.built.expectancy.rates import EVENTS

YEAR = 365


@dataclass(frozen=True)
class Deployed:
    """
    What the server presents, and the backup key that the owner holds: each a number that stands for a key of its own.

    An intermediate is a CA, how often that CA has changed them, and the lot.
    """

    certificate: int = 0
    intermediate: tuple[int, int, int] = (0, 0, 0)
    key: int = 0
    backup: int = 1


Deployments = Sequence[tuple[int, Deployed]]
"""What a server presents, from which day on, in order; the first is that of today, day 0."""


@dataclass(frozen=True)
class Clock:
    """
    When certificates end: the day it is now, what the one of today lasts in all and has lasted, what is allowed.

    `limits` are the days from which on a certificate lasts so many days at most, in order.
    """

    start: date
    lasts: float = 90
    age: float = 0
    limits: Sequence[tuple[date, int]] = ()

    def due(self, issued: int, rates: Mapping[str, float]) -> int:
        """On which day the certificate that was issued on this one is renewed."""
        allowed = [days for since, days in self.limits if since <= self.start + timedelta(days=issued)]
        return issued + max(1, int(min([rates["lifetime"], *allowed[-1:]]) * rates["renew-at"]))


def drawn(rates: Mapping[str, float], days: int, seed: int, number: int) -> list[tuple[int, str]]:
    """The events of calendar `number`, each with its day, in their order, up to the last of these days."""
    found = []
    for place, name in enumerate(EVENTS):
        draw, time = Random(f"{seed}/{number}/{name}"), 0.0
        while rates[name] and (time := time + draw.expovariate(1) * YEAR / rates[name]) < days:
            found.append((int(time) + 1, place))
    return [(day, EVENTS[place]) for day, place in sorted(found)]


def deployed(
    events: Sequence[tuple[int, str]], clock: Clock, rates: Mapping[str, float], days: int, draw: Random
) -> Deployments:
    """What the server presents until the last of these days."""
    now, found, keys, coming = Deployed(), [(0, Deployed())], count(2), [*events]
    changes, due = 0, max(1, int(clock.lasts * rates["renew-at"] - clock.age))
    while True:
        day, what = coming.pop(0) if coming and coming[0][0] <= due else (due, "")
        if day > days:
            return found
        if what == "intermediate-changes":
            changes += 1
            continue
        ca = now.intermediate[0] + (what in ("ca-moves", "ca-removals"))
        keeps, lot = draw.random() < rates["keeps-key"], int(draw.random() * rates["intermediates-in-use"])
        now = replace(now, certificate=now.certificate + 1, intermediate=(ca, changes, lot))
        if what == "key-compromises":
            now = replace(now, key=now.backup, backup=next(keys))
        elif not keeps:
            now = replace(now, key=next(keys))
        found.append((day, now))
        due = clock.due(day, rates)
