"""
A life expectancy as text of at most 80 columns, as plain values, and as a drawing.

Nothing is said by colour alone: of two lines the second is dashed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import asdict

from lab.built.expectancy.lived import SOME, SPREAD, Horizon, Lived, Situation
from lab.built.expectancy.rates import Rate
from lab.observation import Outcome
from lab.show.markup import tag
from lab.show.sheet import LINE, Row, Sheet, hung
from lab.show.svg import dashed, frame, line, words

MOST_ROWS = 24
"""With more months than these a table shows some of them; JSON has all."""
LEFT, TOP, WIDE, HIGH = 52, 14, 560, 150
INKS = {"": "#0072B2", "low": "#0072B2", "high": "#D55E00"}
ENDS = {"": "calendars", "low": "low rates", "high": "high rates"}
"""What the ends of the rates are called; there is one without a name, where no rate is a range."""


@dataclass(frozen=True)
class Tried:
    """What a client with the pins did in a situation: the scene, what came of it, and why it may not count."""

    scene: str
    title: str
    outcome: Outcome
    aside: str = ""

    @property
    def refuses(self) -> bool:
        """Whether the pins, and nothing else, keep the client from the genuine server."""
        return self.outcome is Outcome.OUTAGE and not self.aside


@dataclass(frozen=True, eq=False)
class Expectancy:
    """Whose pins, what was drawn with which rates, what the pins did, and what the calendars came to, by end."""

    host: str
    horizon: Horizon
    rates: Mapping[str, Rate]
    tried: Mapping[Situation, Tried]
    lives: Mapping[str, Lived]

    @property
    def until(self) -> str:
        """The last day."""
        return f"{self.horizon.date(self.horizon.days)}"

    @property
    def drawing(self) -> str:
        """What was drawn, in a sentence."""
        horizon, out = self.horizon, self.horizon.releases.out
        if not out[1:]:
            comes = "No release comes until then"
        elif not out[2:]:
            comes = f"One release, on {horizon.date(out[1])}"
        else:
            comes = f"A release every {out[2] - out[1]} days, the first on {horizon.date(out[1])}"
        adoption = horizon.releases.adoption
        taken = f"devices take it as {adoption.name} has it" if adoption else "every device has it at once"
        return f"{horizon.calendars} drawn calendars, seed {horizon.seed}. {comes}; {taken}."

    def halves(self) -> str:
        """By when half of the calendars have had an outage, in a sentence for each end."""
        days = {end: one.half(self.horizon.days) for end, one in self.lives.items()}
        said = {
            end: "fewer than half have one" if day is None else f"half have had one by {self.horizon.date(day)}"
            for end, day in days.items()
        }
        return "; ".join(f"with {ENDS[end]} {by}" if end else by for end, by in said.items())

    def shown(self, most: int = MOST_ROWS) -> list[int]:
        """Which months a table shows: all, or the last and evenly some before it."""
        last = len(self.horizon.months) - 1
        return [month for month in range(last + 1) if (last - month) % (last // most + 1) == 0]

    def months(self, most: int = MOST_ROWS) -> Sheet:
        """By the end of each month: how many calendars have had an outage, and how long."""
        columns = ["by end of"]
        for end in self.lives:
            columns += [ENDS[end], "95 % sure", "outage-days"]
        rows = []
        for month in self.shown(most):
            day = self.horizon.months[month]
            entries: list[str] = []
            for one in self.lives.values():
                low, high = one.between(day)
                spread = "/".join(f"{days:.0f}" for days in one.spread(month))
                entries += [f"{100 * one.share(day):.0f} %", f"{100 * low:.0f}-{100 * high:.0f} %", spread]
            rows.append(Row(f"{self.horizon.date(day)}"[:7], tuple(entries)))
        caption = "Calendars with an outage by then, and the outage-days that 10, 50 and 90 % of them stay below"
        return Sheet(caption, tuple(columns), rows)

    def met(self) -> Sheet:
        """What the pins do in each situation, and for how many calendars it was the first outage."""
        caption = "What the pins do, by real handshakes; of 100 calendars, the first outage was met there in so many"
        rows = []
        for met, one in self.tried.items():
            first = (f"{100 * lived.met[met] / self.horizon.calendars:.0f}" for lived in self.lives.values())
            rows.append(Row(one.title, (one.outcome, *first)))
        return Sheet(caption, ("what they meet", "came to", *(end or "first" for end in self.lives)), rows)

    def assumed(self) -> Sheet:
        """Every rate, and who says so."""
        rows = [Row(name, (one.said, one.means, one.source)) for name, one in self.rates.items()]
        return Sheet("", ("--rate", "", "what happens", "who says how often"), rows)

    def record(self) -> dict[str, Any]:
        """Everything as plain JSON values; `first` is of how many calendars the first outage was met there."""
        horizon, adoption = self.horizon, self.horizon.releases.adoption
        first = [{end: lived.met[met] for end, lived in self.lives.items()} for met in self.tried]
        return {
            "start": f"{horizon.clock.start}",
            "until": self.until,
            "calendars": horizon.calendars,
            "seed": horizon.seed,
            "releases": [f"{horizon.date(day)}" for day in horizon.releases.out],
            "adoption": adoption.source if adoption else "at once",
            "outage_from": SOME,
            "rates": {name: asdict(one) for name, one in self.rates.items()},
            "situations": [
                met._asdict() | vars(one) | {"first": n}
                for (met, one), n in zip(self.tried.items(), first, strict=True)
            ],
            "lives": {end or "only": self._lived(one) for end, one in self.lives.items()},
        }

    def _lived(self, one: Lived) -> list[dict[str, Any]]:
        return [
            {"by": f"{self.horizon.date(day)}", "share": one.share(day), "between": one.between(day)}
            | {"outage_days": dict(zip(map(str, SPREAD), one.spread(month), strict=True))}
            for month, day in enumerate(self.horizon.months)
        ]


def text(shown: Expectancy) -> str:
    """The whole of it."""
    return "\n".join(_lines(shown))


def _lines(shown: Expectancy) -> Iterator[str]:
    yield hung(f"Life expectancy of the pins for {shown.host}, {shown.horizon.clock.start} to {shown.until}")
    yield hung(shown.drawing)
    yield ""
    yield shown.met().text(LINE).plain
    yield from (hung(f"  not counted: {one.title}: {one.aside}") for one in shown.tried.values() if one.aside)
    yield ""
    yield hung("How often things happen; --rate NAME=NUMBER or NAME=LOW:HIGH changes one")
    for name, one in shown.rates.items():
        yield hung(f"  {name:<22}{one.said}: {one.means}")
        yield hung(f"  {'':<22}[{one.source}]")
    yield ""
    yield shown.months().text(LINE).plain
    yield ""
    if shown.horizon.releases.adoption:
        yield hung(f"Devices take up a release by {shown.horizon.releases.adoption.source}.")
    yield hung(f"Of all calendars, {shown.halves()}.")
    yield hung(
        f"An outage is a day on which {100 * SOME:g} % of the devices are refused; days are counted by device. It "
        "lasts until the next planned release, or until what was pinned is there again; a release in haste is left out."
    )


def svg(shown: Expectancy) -> str:
    """The share of calendars with an outage, day by day, with its interval by month."""
    horizon = shown.horizon

    def x(day: float) -> float:
        return LEFT + WIDE * day / horizon.days

    def y(share: float) -> float:
        return TOP + HIGH * (1 - share)

    parts = [line(LEFT, y(share / 4), LEFT + WIDE, y(share / 4), ink="#dddddd") for share in range(5)]
    parts += [words(LEFT - 6, y(share / 4) + 4, f"{25 * share} %", anchor="end", small=True) for share in range(5)]
    for month in shown.shown(8):
        day = horizon.months[month]
        parts += [dashed(x(day), TOP, x(day), TOP + HIGH, ink="#bbbbbb")]
        parts += [words(x(day), TOP + HIGH + 15, f"{horizon.date(day)}"[:7], small=True)]
    for end, one in shown.lives.items():
        ink, dash = INKS[end], {"stroke_dasharray": "6 3"} if end == "high" else {}
        for day in horizon.months:
            low, high = one.between(day)
            parts.append(line(x(day), y(low), x(day), y(high), ink=ink, thick=3))
        points = " ".join(f"{x(day):.1f},{y(one.share(day)):.1f}" for day in range(horizon.days + 1))
        parts.append(tag("polyline", points=points, fill="none", stroke=ink, stroke_width=1.8, **dash))
        if end:
            parts.append(
                words(LEFT + WIDE + 8, y(one.share(horizon.days)) + 4, f"{end} rates", anchor="start", small=True)
            )
    return frame(LEFT + WIDE + 84, TOP + HIGH + 24, alt(shown), *parts)


def alt(shown: Expectancy) -> str:
    """The drawing in words."""
    ends = (f"{ENDS[end]} {100 * one.share(shown.horizon.days):.0f} %" for end, one in shown.lives.items())
    return f"Share of calendars with an outage, from {shown.horizon.clock.start} to {shown.until}: {', '.join(ends)}"
