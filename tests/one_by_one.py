"""
The same years, device by device: slow, plain, and there to be compared with the cohorts.

Every device is an object of its own that throws its own dice each night, with
another generator than the cohorts have; nothing is grouped and numpy is not
used. The two have to agree in distribution, and exactly where chance has no
part.
"""

from __future__ import annotations

from dataclasses import astuple
from functools import cache
from random import Random

from lab.built.fleet.adoption import Adoption
from lab.built.fleet.count import FALLBACK, Shipped, Tally
from lab.built.fleet.history import ROLES, History, Keys, Threat
from lab.built.fleet.situations import SITUATIONS, Accepts
from lab.policy.pinset import Reach, Role


def relation(pins: Keys, path: Keys, backups: int = 1) -> Reach:
    """What a path has in common with a device that holds `pins` and the next `backups` backup keys."""
    shared = {role for role, ours, theirs in zip(ROLES, astuple(pins), astuple(path), strict=True) if ours == theirs}
    return Reach(shared | {Role.BACKUP} if pins.key < path.key <= pins.key + backups else shared)


def one_by_one(
    told: History, devices: int, adoption: Adoption, choice: Shipped, accepts: dict[str, Accepts], seed: int
) -> Tally:
    """A tally as `count.tallies` gives it, in time proportional to devices times days."""
    draw = Random(seed)
    groups = draw.choices(adoption.groups, [one.share for one in adoption.groups], k=devices)
    running = [0] * devices

    def table(expired: bool) -> Accepts:
        return accepts[FALLBACK if expired else choice.client]

    def situation(pins: Keys, path: Keys) -> int:
        return SITUATIONS.index(relation(pins, path, choice.backups))

    @cache
    def served(pins: Keys, path: Keys, expired: bool) -> bool:
        return bool(table(expired).genuine[situation(pins, path)])

    @cache
    def robbed(pins: Keys, by: Threat, expired: bool) -> bool:
        return bool(table(expired).against(by.attack)[situation(pins, by.path)])

    outage, exposure, worst, refused = 0, 0.0, 0, 0
    for day in range(told.days):
        path = told.path(day)
        threats = [one for one in told.threats if one.since <= day < one.until]
        newest = max(number for number, one in enumerate(told.releases) if one.day <= day)
        refused = 0
        for device in range(devices):
            release = told.releases[running[device]]
            expired = choice.expires is not None and day - release.day >= choice.expires
            refused += not served(release.pins, path, expired)
            taken = [1 - one.heeded for one in threats if robbed(release.pins, one, expired)]
            exposure += max(taken, default=0)
            if running[device] < newest and draw.random() < groups[device].daily:
                running[device] = newest
        outage += refused
        worst = max(worst, refused)
    return Tally(outage, exposure, worst / devices, refused)
