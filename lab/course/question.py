"""
The question that the article ends on, on one board: what each channel lets through, and what each mistake costs.

The figures are those of the timeline `should-you-pin`, lived by a client for each
channel, and once more by a site whose certificates a machine orders for six days.
It judges nothing, and says nothing of what a site has to lose.
"""

from __future__ import annotations

from msgspec.structs import replace

from lab.built.time.events import Renewal
from lab.built.time.language import Timeline
from lab.built.time.reading import load
from lab.built.time.report import months
from lab.built.time.run import run
from lab.show.sheet import Sheet

BY_HAND = "should-you-pin"
DAYS = 6


def by_machine(line: Timeline) -> Timeline:
    """The same attacks and mistakes at a site whose certificates last six days, and are renewed after three."""
    shown = [one for one in line.clients if one.name in ("unpinned", "leaf-pinned")]
    return replace(
        line,
        lifetimes=(),
        lifetime_days=DAYS,
        renew="new",
        renew_before=DAYS // 2,
        events=tuple(one for one in line.events if type(one) is not Renewal),
        clients=tuple(replace(one, name=f"{one.name}, {DAYS} days") for one in shown),
    )


def board() -> tuple[Sheet, Sheet]:
    """Hours of exposure and hours of outage: a row for each channel, a column for each month."""
    line = load(BY_HAND)
    return months(run(line), run(by_machine(line)))
