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
from html import escape

from lab.built.fleet.run import FleetResult, Spread, described
from lab.built.fleet.saved import Saved
from lab.observation import Showable
from lab.show.drawing import FONT, INK, image

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
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='960' height='{height}' viewBox='0 0 960 {height}' "
        f"role='img' {FONT}><title>{escape(alt(result))}</title><rect width='960' height='{height}' fill='white'/>",
        _words(LEFT, 22, described(result.fleet), anchor="start", bold=True),
        *_grid(on),
    ]
    marks = []
    for number, group in enumerate(spots(result)):
        row = result.rows[group[0]]
        left, x, right = (on.x(result.yearly(one)) for one in (row.outage.low, row.outage.mean, row.outage.high))
        low, y, high = (on.y(result.yearly(one)) for one in (row.exposure.low, row.exposure.mean, row.exposure.high))
        parts.append(_line(left, y, right, y, "#777777", 2))
        parts.append(_line(x, low, x, high, "#777777", 2))
        marks.append(f"<circle cx='{x}' cy='{y}' r='6' fill='#0072B2' stroke='white' stroke-width='1.5'/>")
        named = ", ".join(str(one + 1) for one in group)
        # Names go above and below by turns: neighbours on the picture are often neighbours in the table.
        marks.append(_words(x + 9, y + (20 if number % 2 else -10), named, anchor="start", bold=True))
    parts += marks
    right = LEFT + WIDE + 64
    for number, row in enumerate(result.rows):
        name = f"{number + 1}  {row.choice.name}"
        parts.append(_words(right, TOP + 14 + 22 * number, name, anchor="start"))
    parts.append(_words(right, height - 60, "lines: 10 % to 90 % of the histories", anchor="start"))
    parts.append(_words(right, height - 38, "best: the lower left corner", anchor="start"))
    return "".join(parts) + "</svg>"


def _grid(on: Axes) -> list[str]:
    parts = []
    for tick in TICKS:
        if tick <= on.most_outage:
            parts.append(_line(on.x(tick), TOP, on.x(tick), TOP + HIGH, "#dddddd"))
            parts.append(_words(on.x(tick), TOP + HIGH + 18, f"{tick:g}"))
        if tick <= on.most_exposure:
            parts.append(_line(LEFT, on.y(tick), LEFT + WIDE, on.y(tick), "#dddddd"))
            parts.append(_words(LEFT - 8, on.y(tick) + 4, f"{tick:g}", anchor="end"))
    parts.append(_words(LEFT + WIDE / 2, TOP + HIGH + 44, "outage: days a year for each device", bold=True))
    upward = _words(22, TOP + HIGH / 2, "exposure: days a year for each device", bold=True)
    parts.append(f"<g transform='rotate(-90 22 {TOP + HIGH / 2})'>{upward}</g>")
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
    rows = [
        (f"{number}. {row.choice.name}", *map(result.words, (row.outage, row.exposure)), f"{row.worst_day.mean:.0%}")
        for number, row in enumerate(result.rows, start=1)
    ]
    head = ("", "outage, days a year", "exposure, days a year", "refused on the worst day")
    return image(svg(result), alt(result)) + _table(described(result.fleet), head, rows)


def saved_html(table: Saved) -> str:
    """'What would have saved you' as a table."""
    caption = f"What would have saved you, had you shipped {table.base.choice.name}: {described(table.fleet)}"
    return _table(caption, ("one thing changed", "outage, days a year", "exposure, days a year", ""), table.lines())


_TD = "padding:3px 10px;border:1px solid #999;text-align:left"


def _table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    heads = "".join(f'<th scope="col" style="{_TD}">{escape(one)}</th>' for one in head)
    body = "".join(
        f'<tr><th scope="row" style="{_TD}">{escape(first)}</th>'
        + "".join(f'<td style="{_TD}">{escape(one)}</td>' for one in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<table style="border-collapse:collapse"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    )


def _line(x1: float, y1: float, x2: float, y2: float, ink: str, thick: float = 1) -> str:
    return f"<line x1='{x1}' y1='{y1}' x2='{x2}' y2='{y2}' stroke='{ink}' stroke-width='{thick}'/>"


def _words(x: float, y: float, words: str, *, anchor: str = "middle", bold: bool = False) -> str:
    weight = " font-weight='bold'" if bold else ""
    return (
        f"<text x='{x}' y='{y}' text-anchor='{anchor}' fill='{INK}' stroke='white' stroke-width='3' "
        f"paint-order='stroke'{weight}>{escape(words)}</text>"
    )


Showable.renderers[FleetResult] = {"text/plain": str, "text/html": html}
Showable.renderers[Saved] = {"text/plain": str, "text/html": saved_html}
