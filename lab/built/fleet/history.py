"""
The years of one service as numbers: what it presented when, what was released when, which attacks were possible.

Keys and authorities are only counted here (key 0, key 1, ...), because a pin
compares and nothing more. It knows neither devices nor clients.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import astuple, dataclass, replace
from itertools import count

import numpy as np

from lab.built.fleet.plan import EVENTS, MISISSUED, Plan
from lab.policy.pinset import Reach, Role
from lab.scenes.catalogue import case

FOREIGN = -1
"""An attacker's own key or intermediate, or a CA that the site never used: equal to nobody's pin."""

YEAR = 365


ROLES = (Role.ROOT, Role.INTERMEDIATE, Role.LEAF, Role.CERTIFICATE)
"""Whose numbers the fields of `Keys` are, in that order."""


@dataclass(frozen=True)
class Keys:
    """
    The keys on a path, by number. The key after `key` is that day's backup key, the one after it the second backup.
    """

    root: int = 0
    intermediate: int = 0
    key: int = 0
    certificate: int = 0

    def sharing(self, reach: Reach) -> Keys:
        """A path with exactly these of the genuine keys of the day on which the site has this path."""
        shared = Keys(*(own if role in reach else FOREIGN for role, own in zip(ROLES, astuple(self), strict=True)))
        return replace(shared, key=self.key + 1) if Role.BACKUP in reach else shared


@dataclass(frozen=True)
class Deployment:
    """From the morning of `day` the genuine server presents `path`; `planned` where the operator knew beforehand."""

    day: int
    path: Keys
    why: str
    planned: bool = True


@dataclass(frozen=True)
class Release:
    """On `day` a client with the pins of `pins` is published."""

    day: int
    pins: Keys


@dataclass(frozen=True)
class Threat:
    """
    From `since` up to and without `until` (days) somebody can present `path`.

    `heeded` is the share of devices (0 to 1) that an answer about revocation
    protects. `attack` is the attack of the catalogue that was measured for it;
    where it is empty, the keys on the path say all.
    """

    since: int
    until: int
    path: Keys
    why: str
    heeded: float = 0.0
    attack: str = ""


@dataclass(frozen=True)
class History:
    """`days` days; the first change and the first release are of day 0, and both tuples are in order of days."""

    days: int
    changes: tuple[Deployment, ...]
    releases: tuple[Release, ...]
    threats: tuple[Threat, ...] = ()

    def __post_init__(self) -> None:
        for what in (self.changes, self.releases):
            found = [one.day for one in what]
            if not found or found[0] != 0 or found != sorted(set(found)):
                raise ValueError(
                    f"a history's changes and releases have the days {found}; give each a day of its own, from 0 upward"
                )

    def deployed(self, day: int) -> Deployment:
        """The newest change up to that day."""
        return self.changes[bisect_right([one.day for one in self.changes], day) - 1]

    def path(self, day: int) -> Keys:
        """What the genuine server presents on that day."""
        return self.deployed(day).path


def history(plan: Plan, days: int, seed: int) -> History:
    """
    Draw one possible history.

    Each kind of event has random numbers of its own, so that two plans that
    differ in one thing meet the same accidents wherever they can.
    """
    found = {name: _days(getattr(plan, name), days, seed, number) for number, name in enumerate(EVENTS)}
    # An attack's name is the number of its random stream: one attack more moves no other's days.
    uncounted = {name: _days(rate, days, seed, *name.encode()) for name, rate in plan.attacks.items()}
    thefts = found["key_thefts"]
    changes = _changes(plan, days, found, [day + plan.theft_noticed for day in thefts])
    out = {0, *(one.day + (0 if one.planned else plan.reaction) for one in changes[1:])}
    bare = History(days, changes, (Release(0, changes[0].path),))
    published = tuple(Release(day, bare.path(day)) for day in sorted(out) if day < days)
    misissued = [one for name, event in MISISSUED.items() for one in _held(plan, bare, name, found[event])]
    others = [replace(one, attack=name) for name in uncounted for one in _held(plan, bare, name, uncounted[name])]
    return replace(bare, releases=published, threats=(*_thefts(plan, bare, thefts), *misissued, *others))


def _days(rate: float, days: int, seed: int, *kind: int) -> list[int]:
    """Days of a Poisson process; the first ones do not move when `days` grows."""
    if not rate:
        return []
    draw = np.random.default_rng(np.random.SeedSequence([seed, 0, *kind]))
    found, at = [], 0.0
    while (at := at + draw.exponential(YEAR / rate)) < days:
        found.append(int(at))
    return found


def _changes(plan: Plan, days: int, found: dict[str, list[int]], rekeyed: list[int]) -> tuple[Deployment, ...]:
    surprises = sorted(
        [(day, 1, "the CA rotates its intermediate") for day in found["intermediate_swaps"]]
        + [(day, 2, "the site moves to another CA") for day in found["ca_moves"]]
        + [(day, 3, "mass revocation, 24 hours") for day in found["mass_revocations"]]
        + [(day, 4, "a stolen key is replaced") for day in rekeyed]
    )
    fresh_ca, fresh_certificate = count(1), count(1)
    path, due, swapped = Keys(), plan.renewed_every, False
    changes = {0: Deployment(0, path, "the service begins")}
    while True:
        day = min(due, surprises[0][0] if surprises else due)
        if day >= days:
            break
        kind, why = (0, "renewed") if due == day else surprises.pop(0)[1:]
        if kind == 1:
            swapped = True
            continue
        planned = kind in (0, 2)
        # A revoked or stolen certificate is replaced with a new key whatever the habit at renewals is.
        new_key = kind in (3, 4) or not plan.keeps_key
        path = replace(path, key=path.key + new_key, certificate=next(fresh_certificate))
        if kind == 2:
            moved = next(fresh_ca)
            path = replace(path, root=moved, intermediate=moved)
        elif swapped:
            # A rotated intermediate reaches the site with its next certificate, and nobody tells it beforehand.
            path, planned = replace(path, intermediate=next(fresh_ca)), False
            why += "; the CA had rotated its intermediate"
        swapped = False
        # Two changes of one day are one change; nobody saw what was between them.
        planned = planned and (day not in changes or changes[day].planned)
        changes[day] = Deployment(day, path, why, planned)
        due = day + plan.renewed_every
    return tuple(changes.values())


def _thefts(plan: Plan, told: History, thefts: list[int]) -> list[Threat]:
    """Who stole the key can present each certificate of that key until it expires; revoking it stops who listens."""
    found, last = [], told.days + plan.lifetime
    for day in thefts:
        noticed, stolen = day + plan.theft_noticed, told.path(day).key
        for begun, ended, heeded in ((day, noticed, 0.0), (noticed, last, plan.revocation_heeded)):
            for one in told.changes:
                since, until = max(begun, one.day), min(ended, one.day + plan.lifetime)
                if one.path.key == stolen and since < until:
                    found.append(Threat(since, until, one.path, "the server's key is stolen", heeded))
    return found


def _held(plan: Plan, told: History, attack: str, days: list[int]) -> list[Threat]:
    """Who comes to hold on these days what the attack needs: the genuine keys that it shares, and keys of his own."""
    one, found = case(attack), []
    for day in days:
        genuine = told.deployed(day)
        until = day + min(plan.misissued_used, plan.lifetime)
        if Role.CERTIFICATE in one.reach:
            until = min(until, genuine.day + plan.lifetime)
        found.append(Threat(day, until, genuine.path.sharing(one.reach), one.title))
    return found
