"""
What would have saved you: the same years again, with one thing changed each time.

Every remedy is a run of its own over the same seeds, so that the accidents are
the same wherever the remedy itself does not move them. Nothing is estimated
from the first run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lab.built.fleet.adoption import ADOPTIONS
from lab.built.fleet.count import Shipped
from lab.built.fleet.run import Fleet, FleetResult, FleetRow, described, run
from lab.naming import named
from lab.observation import Progress, untold
from lab.show.sheet import Row, Sheet, Tabled

LEAF = Shipped("leaf-pinned")


@dataclass(frozen=True)
class Remedy:
    """One thing changed: what runs on the devices, or in the fleet the operator's plan or how updates travel."""

    name: str
    choice: Shipped
    fleet: Fleet


def remedies(fleet: Fleet, base: Shipped = LEAF) -> tuple[Remedy, ...]:
    """Every single change that the table tries; none for what the fleet does already."""

    def choosing(name: str, choice: Shipped) -> Remedy:
        return Remedy(name, choice, fleet)

    def planning(name: str, **changed: Any) -> Remedy:
        return Remedy(name, base, replace(fleet, plan=replace(fleet.plan, **changed)))

    tried = (
        choosing("a backup pin", replace(base, client="leaf-or-backup", backups=1)),
        choosing("five backup pins", replace(base, client="leaf-or-backup", backups=5)),
        choosing("pins that expire after 90 days", replace(base, expires=90)),
        choosing("pins that expire after a year", replace(base, expires=365)),
        choosing("pin the intermediate instead", replace(base, client="intermediate-pinned")),
        choosing("pin the root instead", replace(base, client="root-pinned")),
        choosing("no pin", Shipped("unpinned")),
        planning("the same key at each renewal", keeps_key=True),
        planning("an emergency release on the same day", reaction=0),
        planning("a theft noticed after a day", theft_noticed=1),
        planning("revocation that every device heeds", revocation_heeded=1.0),
        planning("certificates of 47 days", lifetime=47),
        planning("certificates of 398 days", lifetime=398),
        Remedy("updates as fast as a browser's", base, replace(fleet, adoption=ADOPTIONS["evergreen"])),
    )
    return tuple(one for one in tried if (one.choice, one.fleet) != (base, fleet))


@dataclass(frozen=True)
class Saved(Tabled):
    """The base's row, and each remedy with its own row: device-days of the same seeds."""

    fleet: Fleet
    base: FleetRow
    rows: tuple[tuple[Remedy, FleetRow], ...]

    def row(self, name: str) -> FleetRow:
        """The row of the remedy of that name. Raises ValueError, naming them all, where there is none."""
        return named("remedy", name, {remedy.name: row for remedy, row in self.rows})

    def change(self, row: FleetRow) -> str:
        """What became of the two means, in words."""
        outage = _times(self.base.outage.mean, row.outage.mean)
        exposure = _times(self.base.exposure.mean, row.exposure.mean)
        return f"outage {outage}, exposure {exposure}"

    def sheet(self) -> Sheet:
        """Days a year for each device, and the change in words; the base comes first."""
        caption = (
            f"What would have saved you, had you shipped {self.base.choice.name}:\n"
            f"{described(self.fleet)}; days a year for each device"
        )
        words = FleetResult(self.fleet, (), 0).words
        told = [
            (self.base.choice.name, self.base, "as it is"),
            *((remedy.name, row, self.change(row)) for remedy, row in self.rows),
        ]
        rows = [Row(name, (words(row.outage), words(row.exposure), change)) for name, row, change in told]
        return Sheet(caption, ("one thing changed", "outage", "exposure", "and so"), rows)

    def record(self) -> dict[str, Any]:
        """The table as plain JSON values: mean device-days."""
        named = [("as it is", self.base), *((remedy.name, row) for remedy, row in self.rows)]
        return {
            "base": self.base.choice.name,
            "rows": [{"changed": name, **row.record()} for name, row in named],
        }


def _times(before: float, after: float) -> str:
    if before == after:
        return "the same"
    if not before:
        return "new"
    if not after:
        return "gone"
    ratio = after / before
    return f"x {ratio:.2g}" if ratio < 10 else f"x {ratio:.0f}"


def saved(
    fleet: Fleet, base: Shipped = LEAF, progress: Progress = untold, *, known: FleetResult | None = None
) -> Saved:
    """
    Run every remedy over the fleet's seeds, beside the base.

    Remedies that change only what runs on the devices share their histories.
    `known` may hold a result of this fleet with the base's row, which is then
    not run again. Raises ValueError where the base names no client.
    """
    tried = remedies(fleet, base)
    worlds: dict[Fleet, list[Shipped]] = {fleet: [base]}
    for one in tried:
        worlds.setdefault(one.fleet, []).append(one.choice)
    done: dict[tuple[Fleet, Shipped], FleetRow] = {}
    steps = len(worlds) * fleet.seeds
    for number, (changed, choices) in enumerate(worlds.items()):
        there = {row.choice: row for row in known.rows} if known and known.fleet == changed else {}
        missing = tuple(one for one in dict.fromkeys(choices) if one not in there)
        if missing:
            found = run(changed, missing, _part(progress, number * fleet.seeds, steps))
            there |= {row.choice: row for row in found.rows}
        done |= {(changed, one): there[one] for one in choices}
    progress(steps, steps, "")
    return Saved(fleet, done[fleet, base], tuple((one, done[one.fleet, one.choice]) for one in tried))


def _part(progress: Progress, before: int, steps: int) -> Progress:
    return lambda done, _, what: progress(before + done, steps, what)
