"""
The same years, device by device: slow, plain, and there to be compared with the cohorts.

Every device is an object of its own that throws its own dice each night, with
another generator than the cohorts have; nothing is grouped and numpy is not
used. The two have to agree in distribution, and exactly where chance has no
part.
"""

from __future__ import annotations

from functools import cache
from random import Random

from lab.built.fleet.adoption import Adoption
from lab.built.fleet.count import FALLBACK, Choice, Tally
from lab.built.fleet.history import History, Path, relation
from lab.built.fleet.situations import Accepts


def one_by_one(
    told: History, devices: int, adoption: Adoption, choice: Choice, accepts: dict[str, Accepts], seed: int
) -> Tally:
    """A tally as `count.tallies` gives it, in time proportional to devices times days."""
    draw = Random(seed)
    groups = draw.choices(adoption.groups, [one.share for one in adoption.groups], k=devices)
    running = [0] * devices

    @cache
    def served(pins: Path, path: Path, expired: bool) -> bool:
        table = accepts[FALLBACK if expired else choice.client]
        return bool(table.genuine[relation(pins, path, choice.backups).index])

    @cache
    def robbed(pins: Path, path: Path, expired: bool) -> bool:
        table = accepts[FALLBACK if expired else choice.client]
        return bool(table.attacker[relation(pins, path, choice.backups).index])

    outage, exposure, worst, refused = 0, 0.0, 0, 0
    for day in range(told.days):
        path = told.path(day)
        attacks = [one for one in told.attacks if one.since <= day < one.until]
        newest = max(number for number, one in enumerate(told.releases) if one.day <= day)
        refused = 0
        for device in range(devices):
            release = told.releases[running[device]]
            expired = choice.expires is not None and day - release.day >= choice.expires
            refused += not served(release.pins, path, expired)
            taken = [1 - one.heeded for one in attacks if robbed(release.pins, one.path, expired)]
            exposure += max(taken, default=0)
            if running[device] < newest and draw.random() < groups[device].daily:
                running[device] = newest
        outage += refused
        worst = max(worst, refused)
    return Tally(outage, exposure, worst / devices, refused)
