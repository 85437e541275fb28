"""
A fleet's result as a picture: outage to the right, exposure upwards.

Both axes begin at zero and grow as the square root, so that few days and many
can both be read. The bars are the spread over the seeds. It is an SVG
shown as an image; the same figures stand beside it as a table, and as text. It
needs numpy only because the values do, so `lab.show` does not import it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lab.built.fleet.run import FleetResult, Spread, described
from lab.observation import Showable
from lab.show.markup import tag
from lab.show.svg import frame, image, line, words

LEFT, TOP, WIDE, HIGH = 80, 40, 470, 400
TICKS = (0, 1, 5, 10, 20, 50, 75, 100, 150, 200, 250, 365)


@dataclass(frozen=True)
class Axes:
    """Where days a year for each device fall on the picture; `most` is the end of an axis, a tick."""

    most_outage: float
    most_exposure: float

    def x(self, outage: float) -> float:
        """Where so many days of outage are, from the left."""
        return round(LEFT + WIDE * math.sqrt(min(outage / self.most_outage, 1)), 1)

    def y(self, exposure: float) -> float:
        """Where so many days of exposure are, from the top."""
        return round(TOP + HIGH * (1 - math.sqrt(min(exposure / self.most_exposure, 1))), 1)


def axes(result: FleetResult) -> Axes:
    """Axes that just hold every bar."""

    def end(spreads: Sequence[Spread]) -> float:
        furthest = max(result.yearly(max(one.mean, one.high)) for one in spreads)
        return next((tick for tick in TICKS[1:] if tick >= furthest), TICKS[-1])

    return Axes(end([one.outage for one in result.rows]), end([one.exposure for one in result.rows]))


def svg(result: FleetResult) -> str:
    """The picture; rows that fall on the same spot share a mark with all their numbers."""
    height = max(TOP + HIGH + 60, TOP + 90 + 22 * len(result.rows))
    on = axes(result)
    parts = [words(LEFT, 22, described(result.fleet), anchor="start", bold=True), *_grid(on)]
    marks = []
    for number, group in enumerate(spots(result)):
        row = result.rows[group[0]]
        left, x, right = (on.x(result.yearly(one)) for one in (row.outage.low, row.outage.mean, row.outage.high))
        low, y, high = (on.y(result.yearly(one)) for one in (row.exposure.low, row.exposure.mean, row.exposure.high))
        parts.append(line(left, y, right, y, ink="#777777", thick=2))
        parts.append(line(x, low, x, high, ink="#777777", thick=2))
        marks.append(tag("circle", cx=x, cy=y, r=6, fill="#0072B2", stroke="white", stroke_width=1.5))
        named = ", ".join(str(one + 1) for one in group)
        # Names go above and below by turns: neighbours on the picture are often neighbours in the table.
        marks.append(words(x + 9, y + (20 if number % 2 else -10), named, anchor="start", bold=True))
    parts += marks
    right = LEFT + WIDE + 64
    for number, row in enumerate(result.rows):
        name = f"{number + 1}  {row.choice.name}"
        parts.append(words(right, TOP + 14 + 22 * number, name, anchor="start"))
    parts.append(words(right, height - 60, "lines: 10 % to 90 % of the histories", anchor="start"))
    parts.append(words(right, height - 38, "best: the lower left corner", anchor="start"))
    return frame(960, height, alt(result), *parts)


def _grid(on: Axes) -> list[str]:
    parts = []
    for tick in TICKS:
        if tick <= on.most_outage:
            parts.append(line(on.x(tick), TOP, on.x(tick), TOP + HIGH, ink="#dddddd"))
            parts.append(words(on.x(tick), TOP + HIGH + 18, f"{tick:g}"))
        if tick <= on.most_exposure:
            parts.append(line(LEFT, on.y(tick), LEFT + WIDE, on.y(tick), ink="#dddddd"))
            parts.append(words(LEFT - 8, on.y(tick) + 4, f"{tick:g}", anchor="end"))
    parts.append(words(LEFT + WIDE / 2, TOP + HIGH + 44, "outage: days a year for each device", bold=True))
    upward = words(22, TOP + HIGH / 2, "exposure: days a year for each device", bold=True)
    parts.append(tag("g", upward, transform=f"rotate(-90 22 {TOP + HIGH / 2})"))
    return parts


def spots(result: FleetResult) -> list[list[int]]:
    """Rows by where their marks fall: those nearer than a mark's width to each other share one."""
    on = axes(result)
    groups: list[list[int]] = []
    places: list[tuple[float, float]] = []
    for number, row in enumerate(result.rows):
        here = on.x(result.yearly(row.outage.mean)), on.y(result.yearly(row.exposure.mean))
        for group, place in zip(groups, places, strict=True):
            if math.dist(here, place) < 9:
                group.append(number)
                break
        else:
            groups.append([number])
            places.append(here)
    return groups


def alt(result: FleetResult) -> str:
    """The picture in words."""
    said = "; ".join(
        f"{number}. {row.choice.name}: outage {result.words(row.outage)}, exposure {result.words(row.exposure)}"
        for number, row in enumerate(result.rows, start=1)
    )
    return f"Outage against exposure, days a year for each device. {described(result.fleet)}. {said}."


def html(result: FleetResult) -> str:
    """The picture, and the table that it was drawn from."""
    return image(svg(result), alt(result)) + result.sheet().html()


Showable.renderers[FleetResult] = {"text/plain": str, "text/html": html}
