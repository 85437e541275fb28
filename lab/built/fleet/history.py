"""
The years of one service as numbers: what it presented when, what was released when, which attacks were possible.

Keys and authorities are only counted here (key 0, key 1, ...), because a pin
compares and nothing more. It knows neither devices nor clients.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from lab.built.fleet.plan import EVENTS, Plan
from lab.built.fleet.situations import Issuer, Key, Situation

FOREIGN = -1
"""An attacker's own key or intermediate, or a CA that the site never used: equal to nobody's pin."""

YEAR = 365


@dataclass(frozen=True)
class Path:
    """
    The keys on a path, by number. The key after `key` is that day's backup key, the one after it the second backup.
    """

    root: int = 0
    intermediate: int = 0
    key: int = 0
    certificate: int = 0


@dataclass(frozen=True)
class Change:
    """From the morning of `day` the genuine server presents `path`; `planned` where the operator knew beforehand."""

    day: int
    path: Path
    why: str
    planned: bool = True


@dataclass(frozen=True)
class Release:
    """On `day` a client with the pins of `pins` is published."""

    day: int
    pins: Path


@dataclass(frozen=True)
class Attack:
    """
    From `since` up to and without `until` (days) somebody can present `path`.

    `heeded` is the share of devices (0 to 1) that an answer about revocation protects.
    """

    since: int
    until: int
    path: Path
    why: str
    heeded: float = 0.0


@dataclass(frozen=True)
class History:
    """`days` days; the first change and the first release are of day 0, and both tuples are in order of days."""

    days: int
    changes: tuple[Change, ...]
    releases: tuple[Release, ...]
    attacks: tuple[Attack, ...] = ()

    def __post_init__(self) -> None:
        for what in (self.changes, self.releases):
            found = [one.day for one in what]
            if not found or found[0] != 0 or found != sorted(set(found)):
                raise ValueError(
                    f"a history's changes and releases have the days {found}; give each a day of its own, from 0 upward"
                )

    def path(self, day: int) -> Path:
        """What the genuine server presents on that day."""
        return self.changes[bisect_right([one.day for one in self.changes], day) - 1].path


def relation(pins: Path, path: Path, backups: int = 1) -> Situation:
    """How a path looks to a device that holds `pins` and the next `backups` backup keys."""
    if path.certificate == pins.certificate:
        return Situation(Issuer.SAME, Key.SAME, unchanged=True)
    key = Key.NEW
    if path.key == pins.key:
        key = Key.SAME
    elif pins.key < path.key <= pins.key + backups:
        key = Key.BACKUP
    if path.intermediate == pins.intermediate:
        return Situation(Issuer.SAME, key)
    return Situation(Issuer.SIBLING if path.root == pins.root else Issuer.OTHER, key)


def history(plan: Plan, days: int, seed: int) -> History:
    """
    Draw one possible history.

    Each kind of event has random numbers of its own, so that two plans that
    differ in one thing meet the same accidents wherever they can.
    """
    found = {name: _days(getattr(plan, name), days, seed, number) for number, name in enumerate(EVENTS)}
    thefts = found["key_thefts"]
    changes = _changes(plan, days, found, [day + plan.theft_noticed for day in thefts])
    releases = {0: 0}
    for one in changes[1:]:
        out = one.day if one.planned else one.day + plan.reaction
        if out < days:
            releases[out] = out
    bare = History(days, changes, (Release(0, changes[0].path),))
    published = tuple(Release(day, bare.path(day)) for day in sorted(releases))
    return replace(bare, releases=published, attacks=(*_thefts(plan, bare, thefts), *_misissued(plan, bare, found)))


def _days(rate: float, days: int, seed: int, kind: int) -> list[int]:
    """Days of a Poisson process; the first ones do not move when `days` grows."""
    if not rate:
        return []
    draw = np.random.default_rng(np.random.SeedSequence([seed, 0, kind]))
    found, at = [], 0.0
    while (at := at + draw.exponential(YEAR / rate)) < days:
        found.append(int(at))
    return found


def _changes(plan: Plan, days: int, found: dict[str, list[int]], rekeyed: list[int]) -> tuple[Change, ...]:
    surprises = sorted(
        [(day, 1, "the CA rotates its intermediate") for day in found["intermediate_swaps"]]
        + [(day, 2, "the site moves to another CA") for day in found["ca_moves"]]
        + [(day, 3, "mass revocation, 24 hours") for day in found["mass_revocations"]]
        + [(day, 4, "a stolen key is replaced") for day in rekeyed]
    )
    fresh_ca, fresh_certificate = count(1), count(1)
    path, due, swapped = Path(), plan.renewed_every, False
    changes = {0: Change(0, path, "the service begins")}
    while True:
        day = min(due, surprises[0][0] if surprises else due)
        if day >= days:
            break
        if due == day:
            # A rotated intermediate reaches the site with its next certificate, and nobody tells it beforehand.
            why, planned = ("renewed; the CA had rotated its intermediate", False) if swapped else ("renewed", True)
            path = replace(path, key=path.key + (not plan.keeps_key), certificate=next(fresh_certificate))
        else:
            _, kind, why = surprises.pop(0)
            if kind == 1:
                swapped = True
                continue
            planned = kind == 2
            # A revoked or stolen certificate is replaced with a new key whatever the habit at renewals is.
            new_key = kind in (3, 4) or not plan.keeps_key
            path = replace(path, key=path.key + new_key, certificate=next(fresh_certificate))
            if kind == 2:
                moved = next(fresh_ca)
                path, swapped = replace(path, root=moved, intermediate=moved), False
        if swapped:
            path, swapped = replace(path, intermediate=next(fresh_ca)), False
        # Two changes of one day are one change; nobody saw what was between them.
        planned = planned and (day not in changes or changes[day].planned)
        changes[day] = Change(day, path, why, planned)
        due = day + plan.renewed_every
    return tuple(changes.values())


def _thefts(plan: Plan, told: History, thefts: list[int]) -> list[Attack]:
    """Who stole the key can present each certificate of that key until it expires; revoking it stops who listens."""
    found = []
    for day in thefts:
        stolen, noticed = told.path(day).key, day + plan.theft_noticed
        for one in told.changes:
            since, until = max(day, one.day), one.day + plan.lifetime
            if one.path.key != stolen or until <= since:
                continue
            why = "the server's key is stolen"
            if since < min(until, noticed):
                found.append(Attack(since, min(until, noticed), one.path, why))
            if max(since, noticed) < until:
                found.append(Attack(max(since, noticed), until, one.path, why, plan.revocation_heeded))
    return found


def _misissued(plan: Plan, told: History, found: dict[str, list[int]]) -> list[Attack]:
    used = min(plan.misissued_used, plan.lifetime)
    attacks = []
    for name, why in (
        ("other_ca_misissues", "another trusted CA mis-issues"),
        ("sibling_misissues", "a sibling intermediate mis-issues"),
        ("same_ca_misissues", "the same intermediate mis-issues"),
    ):
        for day in found[name]:
            genuine = told.path(day)
            path = Path(FOREIGN, FOREIGN, FOREIGN, FOREIGN)
            if name != "other_ca_misissues":
                path = replace(path, root=genuine.root)
            if name == "same_ca_misissues":
                path = replace(path, intermediate=genuine.intermediate)
            attacks.append(Attack(day, day + used, path, why))
    return attacks
