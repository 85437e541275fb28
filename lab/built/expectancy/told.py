"""
A life expectancy as text of at most 80 columns, as plain values, and as a drawing.

Nothing is said by colour alone: of two lines the second is dashed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import asdict

from lab.built.expectancy.lived import SOME, SPREAD, Horizon, Lived
from lab.built.expectancy.rates import Rate
from lab.observation import Outcome
from lab.show.markup import tag
from lab.show.sheet import LINE, Row, Sheet, hung
from lab.show.svg import dashed, frame, line, words

MOST_ROWS = 24
"""With more months than these a table shows some of them; JSON has all."""
LEFT, TOP, WIDE, HIGH, APART = 52, 14, 560, 150, 48
ENDS = {"": "calendars", "low": "low rates", "high": "high rates"}
"""What the ends of the rates are called; there is one without a name, where no rate is a range."""


@dataclass(frozen=True)
class Tried:
    """What the client with the pins came to in a scene, and why that is not the pins' doing, where it is not."""

    title: str
    outcome: Outcome
    aside: str = ""


@dataclass(frozen=True, eq=False)
class Expectancy:
    """Whose pins, what was drawn with which rates, what the pins did by scene, and what came of it, by end."""

    host: str
    horizon: Horizon
    rates: Mapping[str, Rate]
    tried: Mapping[str, Tried]
    lives: Mapping[str, Lived]

    @property
    def drawing(self) -> str:
        """What was drawn, in a sentence."""
        horizon, (_, *out) = self.horizon, self.horizon.releases.out
        adoption = horizon.releases.adoption
        comes = f"releases: {len(out)}, the first on {horizon.date(out[0])}" if out else "no release until then"
        taken = f"devices take it by {adoption.name} ({adoption.source})" if adoption else "every device has it at once"
        asked = horizon.releases.asked
        ends = "" if asked is None else f"; the pins of each end after {asked} days, as yours do"
        both = (
            " At low rates each number is at the end where less happens, at high ones where more does."
            if "low" in self.lives
            else ""
        )
        return f"{horizon.calendars} drawn calendars, seed {horizon.seed}; {comes}; {taken}{ends}.{both}"

    @property
    def halves(self) -> str:
        """By when half of the calendars have had an outage, for each end."""
        said = []
        for end, one in self.lives.items():
            day = next((day for day in range(self.horizon.days + 1) if one.share(day) >= 0.5), None)
            by = f"half have had an outage by {self.horizon.date(day)}" if day else "fewer than half have an outage"
            said.append(f"with {ENDS[end]} {by}" if end else by)
        return "; ".join(said)

    def shown(self, most: int = MOST_ROWS) -> list[int]:
        """Which months a table shows: all, or the last and evenly some before it."""
        last = len(self.horizon.months) - 1
        return [month for month in range(last + 1) if (last - month) % (last // most + 1) == 0]

    def months(self, most: int = MOST_ROWS) -> Sheet:
        """By the end of each month: how many calendars have had an outage, and how long."""
        rows = []
        for month in self.shown(most):
            day, entries = self.horizon.months[month], []
            for one in self.lives.values():
                low, share, high = (f"{100 * part:.0f}" for part in sorted((*one.between(day), one.share(day))))
                spread = "/".join(f"{days:.0f}" for days in one.spread(month))
                entries += [f"{share} %", f"{low}-{high} %", spread]
            rows.append(Row(f"{self.horizon.date(day)}"[:7], tuple(entries)))
        heads = (head for end in self.lives for head in (ENDS[end], "95 % sure", "outage-days"))
        caption = "Calendars with an outage by then, and the outage-days that 10, 50 and 90 % of them stay below"
        return Sheet(caption, ("by end of", *heads), rows)

    def met(self) -> Sheet:
        """What the pins do in each scene, and in how many calendars of 100 it was the first outage."""
        rows = []
        for name, one in self.tried.items():
            firsts = (f"{100 * lived.met[name] / len(lived.first):.0f}" for lived in self.lives.values())
            rows.append(Row(one.title, (one.outcome, *firsts)))
        caption = "What the pins do, by real handshakes; of 100 calendars, the first outage was met there in so many"
        return Sheet(caption, ("what they meet", "came to", *(end or "first" for end in self.lives)), rows)

    def assumed(self) -> Sheet:
        """Every rate, and who says so."""
        rows = [Row(name, (one.said, one.means, one.source)) for name, one in self.rates.items()]
        return Sheet("", ("--rate", "", "what happens", "who says how often"), rows)

    def record(self) -> dict[str, Any]:
        """Everything as plain JSON values; `first` is in how many calendars a scene was the first outage."""
        horizon, adoption = self.horizon, self.horizon.releases.adoption
        return {
            "until": f"{horizon.date(horizon.days)}",
            "calendars": horizon.calendars,
            "seed": horizon.seed,
            "releases": [f"{horizon.date(day)}" for day in horizon.releases.out],
            "adoption": adoption.source if adoption else None,
            "rates": {name: asdict(one) for name, one in self.rates.items()},
            "scenes": {name: vars(one) for name, one in self.tried.items()},
            "percentiles": SPREAD,
            "lives": {end or "only": {"first": one.met, "months": self._by(one)} for end, one in self.lives.items()},
        }

    def _by(self, one: Lived) -> dict[str, Any]:
        return {
            f"{self.horizon.date(day)}": {
                "share": one.share(day),
                "between": one.between(day),
                "days": one.spread(month),
            }
            for month, day in enumerate(self.horizon.months)
        }


def text(shown: Expectancy) -> str:
    """The whole of it."""
    start, until = shown.horizon.clock.start, shown.horizon.date(shown.horizon.days)
    said = [f"Life expectancy of the pins for {shown.host}, {start} to {until}", shown.drawing, ""]
    said += [shown.met().text(LINE).plain]
    said += [f"  not counted: {one.title}: {one.aside}" for one in shown.tried.values() if one.aside]
    said += ["", "How often things happen; --rate NAME=NUMBER or NAME=LOW:HIGH changes one"]
    for name, one in shown.rates.items():
        said += [f"  {name:<22}{one.said}: {one.means}", f"  {'':<22}[{one.source}]"]
    said += ["", shown.months().text(LINE).plain, "", f"Of all calendars, {shown.halves}."]
    said += [
        f"An outage is a day on which {100 * SOME:g} % of the devices are refused, or more; days are counted by "
        "device. It lasts until the next planned release, or until what was pinned is there again; a release in haste "
        "is left out."
    ]
    return hung("\n".join(said))


def svg(shown: Expectancy) -> str:
    """The share of calendars with an outage, day by day, with its interval by month."""
    horizon, right = shown.horizon, LEFT + WIDE

    def at(day: int, share: float) -> tuple[float, float]:
        return LEFT + WIDE * day / horizon.days, TOP + HIGH * (1 - share)

    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        _, y = at(0, share)
        parts.append(line(LEFT, y, right, y, ink="#dddddd"))
        parts.append(words(LEFT - 6, y + 4, f"{100 * share:.0f} %", anchor="end", small=True))
    free = float(right + APART)
    for day in (horizon.months[month] for month in reversed(shown.shown(8))):
        x, _ = at(day, 0)
        parts += [dashed(x, TOP, x, TOP + HIGH, ink="#bbbbbb")]
        if free - x >= APART:  # the last month may have a day only
            parts += [words(free := x, TOP + HIGH + 15, f"{horizon.date(day)}"[:7], small=True)]
    for end, one in shown.lives.items():
        ink, dash = ("#D55E00", "6 3") if end == "high" else ("#0072B2", "none")
        for day in horizon.months:
            low, high = (at(day, part) for part in one.between(day))
            parts.append(line(*low, *high, ink=ink, thick=3))
        points = " ".join("{:.1f},{:.1f}".format(*at(day, one.share(day))) for day in range(horizon.days + 1))
        parts.append(tag("polyline", points=points, fill="none", stroke=ink, stroke_width=1.8, stroke_dasharray=dash))
        _, y = at(0, one.share(horizon.days))
        parts.append(words(right + 8, y + (0 if end == "high" else 12), ENDS[end], anchor="start", small=True))
    return frame(right + 84, TOP + HIGH + 24, f"Share of calendars with an outage: {shown.halves}", *parts)
