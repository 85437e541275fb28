"""
Many possible histories of one fleet, and what each client made of them.

Every client meets the same accidents and the same updates: the histories and
the fleets differ from seed to seed and not from client to client. It prints
and draws nothing; the result writes itself out as plain text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from lab.built.fleet.adoption import ADOPTIONS, Adoption
from lab.built.fleet.cohorts import holdings
from lab.built.fleet.count import FALLBACK, Shipped, Tally, tallies
from lab.built.fleet.history import YEAR, history
from lab.built.fleet.plan import SOURCES, Plan
from lab.built.fleet.situations import measured, uncounted
from lab.naming import named
from lab.observation import Progress, untold
from lab.show.sheet import Row, Sheet, Tabled

CHOICES = (
    Shipped("unpinned"),
    Shipped("root-pinned"),
    Shipped("intermediate-pinned"),
    Shipped("leaf-pinned"),
    Shipped("certificate-pinned"),
    Shipped("leaf-or-backup"),
    Shipped("any-of-chain"),
    Shipped("leaf-and-ca"),
    Shipped("first-use-with-ca"),
    Shipped("leaf-pinned", expires=90),
    Shipped("leaf-or-backup", backups=5),
)
"""The clients that a fleet is asked about, where nobody asks for others."""

MOST_DEVICES = 10**10
MOST_YEARS = 50
MOST_SEEDS = 10_000


@dataclass(frozen=True)
class Fleet:
    """
    The question: how many devices, for how long, run by whom, updated how.

    `seeds` is the number of possible histories, `seed` the first one. Raises
    ValueError for numbers that this model cannot answer for.
    """

    devices: int = 1_000_000
    years: int = 5
    plan: Plan = field(default_factory=Plan)
    adoption: Adoption = field(default_factory=lambda: ADOPTIONS["small-app-2015"])
    seeds: int = 20
    seed: int = 1

    def __post_init__(self) -> None:
        for what, most in (("devices", MOST_DEVICES), ("years", MOST_YEARS), ("seeds", MOST_SEEDS)):
            if not 1 <= getattr(self, what) <= most:
                raise ValueError(f"a fleet of {getattr(self, what)} {what} was asked for; give 1 to {most:,} {what}")
        if self.seed < 0:
            raise ValueError(f"the first seed is {self.seed}; give 0 or more")

    @property
    def days(self) -> int:
        """Days of one history."""
        return self.years * YEAR

    @property
    def device_days(self) -> int:
        """Device-days of one history."""
        return self.devices * self.days


@dataclass(frozen=True)
class Spread:
    """The mean over the seeds, with the tenth and the ninetieth percentile; rare events put the mean off the middle."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of these values, one for each seed."""
        low, high = np.percentile(values, [10, 90])
        return cls(float(np.mean(values)), float(low), float(high))


@dataclass(frozen=True)
class FleetRow:
    """One choice, and its tally in each history."""

    choice: Shipped
    tallies: tuple[Tally, ...]

    @property
    def outage(self) -> Spread:
        """Device-days in which the genuine server is refused."""
        return Spread.of([one.outage for one in self.tallies])

    @property
    def exposure(self) -> Spread:
        """Device-days in which an attacker who holds what an event gave it would be accepted."""
        return Spread.of([one.exposure for one in self.tallies])

    def record(self) -> dict[str, list[float]]:
        """The device-days of each history, as plain JSON values."""
        return {
            "outage_device_days": [one.outage for one in self.tallies],
            "exposure_device_days": [one.exposure for one in self.tallies],
        }

    @property
    def worst_day(self) -> Spread:
        """The largest share of the fleet (0 to 1) that is refused on one day."""
        return Spread.of([one.worst_day for one in self.tallies])

    @property
    def stranded(self) -> Spread:
        """Devices that are refused on the last day."""
        return Spread.of([one.stranded for one in self.tallies])


@dataclass(frozen=True)
class FleetResult(Tabled):
    """A fleet's answer: a row for each choice. `handshakes` were made to measure the verdicts."""

    fleet: Fleet
    rows: tuple[FleetRow, ...]
    handshakes: int

    def row(self, name: str) -> FleetRow:
        """The row of that name. Raises ValueError, naming them all, where there is none."""
        return named("row", name, {row.choice.name: row for row in self.rows})

    def yearly(self, device_days: float) -> float:
        """Device-days of the whole run as days for one device in one year."""
        return device_days / (self.fleet.devices * self.fleet.years)

    def sheet(self) -> Sheet:
        """A row for each choice, in the picture's order."""
        caption = (
            f"{described(self.fleet)}\nverdicts from {self.handshakes} handshakes; "
            "days a year for each device, mean (10 % to 90 % of seeds)"
        )
        rows = [
            Row(one.choice.name, (self.words(one.outage), self.words(one.exposure), f"{one.worst_day.mean:.0%}"))
            for one in self.rows
        ]
        return Sheet(caption, ("client", "outage", "exposure", "refused on the worst day"), rows)

    def words(self, spread: Spread) -> str:
        """A spread of device-days as days a year for each device."""
        mean, low, high = (days(self.yearly(one)) for one in (spread.mean, spread.low, spread.high))
        return f"{mean} ({low} to {high})"

    def record(self) -> dict[str, Any]:
        """The result as plain JSON values; device-days, with each seed's own."""
        fleet = self.fleet
        return {
            "format": 1,
            "devices": fleet.devices,
            "days": fleet.days,
            "seeds": [fleet.seed, fleet.seed + fleet.seeds - 1],
            "plan": {name: {"value": getattr(fleet.plan, name), "source": SOURCES[name]} for name in SOURCES},
            "adoption": asdict(fleet.adoption),
            "handshakes": self.handshakes,
            "rows": [
                {
                    "name": one.choice.name,
                    "client": one.choice.client,
                    "pins_expire_after_days": one.choice.expires,
                    "backup_keys": one.choice.backups,
                    **one.record(),
                    "worst_day": [tally.worst_day for tally in one.tallies],
                    "stranded_devices": [tally.stranded for tally in one.tallies],
                }
                for one in self.rows
            ],
        }


def days(value: float) -> str:
    """Days with as many digits as tell something."""
    return "0" if value == 0 else f"{value:.2g}" if value < 10 else f"{value:.0f}"


def described(fleet: Fleet) -> str:
    """The question in a line."""
    return (
        f"{fleet.devices:,} devices, {fleet.years} years, certificates of {fleet.plan.lifetime} days, "
        f"updates as {fleet.adoption.name!r}, {fleet.seeds} seeds"
    )


def run(fleet: Fleet, choices: Sequence[Shipped] = CHOICES, progress: Progress = untold) -> FleetResult:
    """
    Measure what the clients accept, then run every history; the same fleet gives the same figures.

    `progress(done, of, what)` is called before the first history and after
    each. Memory does not grow with devices or seeds. Raises ValueError where
    there is no choice, where one names no client, or where the plan gives a
    rate to something that is no attack of a fleet.
    """
    if not choices:
        raise ValueError("a fleet has to run something; give at least one choice")
    attacks = tuple(uncounted(name) for name in fleet.plan.attacks)
    accepts = measured(tuple(dict.fromkeys((*(one.client for one in choices), FALLBACK))), attacks)
    found: list[list[Tally]] = []
    for number in range(fleet.seeds):
        seed = fleet.seed + number
        progress(number, fleet.seeds, f"seed {seed}")
        told = history(fleet.plan, fleet.days, seed)
        blocks = holdings(told, fleet.devices, fleet.adoption, seed)
        found.append(tallies(told, blocks, fleet.devices, choices, accepts))
    progress(fleet.seeds, fleet.seeds, "")
    rows = tuple(map(FleetRow, choices, zip(*found, strict=True)))
    return FleetResult(fleet, rows, sum(one.handshakes for one in accepts.values()))
