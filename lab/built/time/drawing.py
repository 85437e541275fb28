"""
A timeline's run as a picture: one row for each client, its outage above, its exposure below.

SVG made from recorded points, shown as an image inside HTML with a text twin
and tables. Outage is hatched and exposure is solid, so it reads in greyscale.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import datetime

from lab.built.time import report
from lab.built.time.reading import load, read
from lab.built.time.run import Chronicle, Course, run
from lab.observation import Outcome, Progress, Showable, untold
from lab.show.drawing import FONT, INK, image
from lab.show.words import LOOKS

LEFT, WIDE, RIGHT, ROW, TOP = 310, 560, 130, 40, 70
_TD = "padding:2px 8px;border:1px solid #999;text-align:left;vertical-align:top;"
_NAMES = {Outcome.OUTAGE: "outage", Outcome.INTERCEPTED: "exposure"}


def timeline(which: str, progress: Progress = untold) -> Chronicle:
    """
    Chronicle a ready timeline by name, a file that ends in .toml, or a timeline written out as TOML.

    Raises ValueError, in one sentence, where it is faulty.
    """
    return run(read(which) if "\n" in which else load(which), progress)


def svg(lived: Chronicle) -> str:
    """The picture. Numbered dashed lines are the timeline's events; the list beside it says which."""
    line = lived.timeline
    height = TOP + ROW * len(lived.courses) + 66
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{LEFT + WIDE + RIGHT}' height='{height}' "
        f"viewBox='0 0 {LEFT + WIDE + RIGHT} {height}' role='img' {FONT}><title>{html.escape(line.title)}</title>"
        f"<rect width='{LEFT + WIDE + RIGHT}' height='{height}' fill='white'/>"
        "<defs><pattern id='h' width='6' height='6' patternUnits='userSpaceOnUse' patternTransform='rotate(45)'>"
        f"<rect width='6' height='6' fill='{LOOKS[Outcome.OUTAGE].colour}'/>"
        f"<line x1='0' y1='0' x2='0' y2='6' stroke='{INK}' stroke-width='2'/></pattern></defs>",
        _text(10, 24, line.title, bold=True),
        _text(LEFT + WIDE + RIGHT - 10, 44, "outage | exposure", anchor="end", small=True),
        _text(LEFT + WIDE + RIGHT - 10, 58, "days", anchor="end", small=True),
    ]
    bottom = TOP + ROW * len(lived.courses)
    parts += _axis(lived, bottom)
    parts += _events(lived, bottom)
    for number, one in enumerate(lived.courses):
        parts += _row(lived, one, TOP + ROW * number)
    parts += _legend(height - 14)
    return "".join(parts) + "</svg>"


def alt(lived: Chronicle) -> str:
    """The picture in words: each client's sums, and its longest spell of each kind."""
    line = lived.timeline
    told = [f"{line.title}, {line.start:%Y-%m-%d} to {line.end:%Y-%m-%d}."]
    for one in lived.courses:
        said = (
            f"{one.client.name}: {report.days(one.outage_days)} outage-days, "
            f"{report.days(one.exposure_days)} exposure-days"
        )
        for outcome, name in _NAMES.items():
            spells = one.spells(outcome)
            if spells:
                longest = max(spells, key=lambda spell: spell.days)
                said += f"; longest {name} {report.days(longest.days)} days from {longest.start:%Y-%m-%d}"
        told.append(said + ".")
    return " ".join(told)


def figure(lived: Chronicle) -> str:
    """The picture, the table of days, the events and the whole text, as HTML for a notebook."""
    head = ("client", "outage-days", "exposure-days", "of days with an attacker")
    rows = "".join(
        f'<tr><th scope="row" style="{_TD}font-weight:normal">{html.escape(one.client.name)}</th>'
        + "".join(
            f'<td style="{_TD}">{report.days(count)}</td>'
            for count in (one.outage_days, one.exposure_days, one.attack_days)
        )
        + "</tr>"
        for one in lived.courses
    )
    events = "".join(f"<li>{when:%Y-%m-%d}: {html.escape(' and '.join(what))}</li>" for when, what in _explicit(lived))
    story = " ".join(lived.timeline.story.split())
    return (
        f"<div><p>{html.escape(story)}</p>{image(svg(lived), alt(lived))}"
        f'<table style="border-collapse:collapse;font-size:12px"><caption>{html.escape(lived.timeline.title)}: '
        f"{lived.handshakes} handshakes at simulated times</caption><thead><tr>"
        + "".join(f'<th scope="col" style="{_TD}">{name}</th>' for name in head)
        + f"</tr></thead><tbody>{rows}</tbody></table>"
        + (f"<p>Events, by their number in the picture:</p><ol>{events}</ol>" if events else "")
        + "<details><summary>The whole run as text</summary>"
        f"<pre>{html.escape(report.text(lived))}</pre></details></div>"
    )


def page(lived: Chronicle) -> str:
    """A whole HTML page that loads nothing from anywhere."""
    title = html.escape(lived.timeline.title)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        f'<body style="font-family:sans-serif;max-width:1040px;margin:2em auto"><main><h1>{title}</h1>'
        f"{figure(lived)}</main></body></html>\n"
    )


def _x(lived: Chronicle, time: datetime) -> float:
    line = lived.timeline
    return LEFT + WIDE * ((time - line.start) / (line.end - line.start))


def _explicit(lived: Chronicle) -> list[tuple[datetime, list[str]]]:
    """What happened, by time; renewals by the calendar are left out."""
    found: dict[datetime, list[str]] = {}
    for when, what in lived.happenings():
        found.setdefault(when, []).append(what)
    return sorted(found.items())


def _axis(lived: Chronicle, bottom: float) -> Iterator[str]:
    line = lived.timeline
    yield f"<line x1='{LEFT}' y1='{bottom}' x2='{LEFT + WIDE}' y2='{bottom}' stroke='{INK}'/>"
    step = 1 if line.days < 200 else 3 if line.days < 700 else 12
    month = line.start.year * 12 + line.start.month - 1
    for number in range(month, line.end.year * 12 + line.end.month):
        if (number - (0 if step > 1 else month)) % step:
            continue
        day = line.start.replace(year=number // 12, month=number % 12 + 1, day=1, hour=0, minute=0, second=0)
        if line.start <= day <= line.end:
            x = _x(lived, day)
            yield f"<line x1='{x:.1f}' y1='{bottom}' x2='{x:.1f}' y2='{bottom + 5}' stroke='{INK}'/>"
            yield _text(x, bottom + 18, f"{day:%Y}" if step == 12 else f"{day:%Y-%m}", anchor="middle", small=True)


def _events(lived: Chronicle, bottom: float) -> Iterator[str]:
    last = -100.0
    high = 0
    for number, (when, _) in enumerate(_explicit(lived), start=1):
        x = _x(lived, when)
        high = 0 if x - last > 16 else (high + 1) % 3
        last = x
        yield f"<line x1='{x:.1f}' y1='{TOP - 2}' x2='{x:.1f}' y2='{bottom}' stroke='#888888' stroke-dasharray='3 4'/>"
        yield _text(x, TOP - 6 - 11 * high, str(number), anchor="middle", small=True)


def _row(lived: Chronicle, one: Course, top: float) -> Iterator[str]:
    name = one.client.name if len(one.client.name) <= 40 else one.client.name[:39] + "…"
    yield _text(10, top + 25, name)
    yield f"<line x1='{LEFT}' y1='{top + 20}' x2='{LEFT + WIDE}' y2='{top + 20}' stroke='#aaaaaa'/>"
    for outcome, y, fill in (
        (Outcome.OUTAGE, top + 6, "url(#h)"),
        (Outcome.INTERCEPTED, top + 21, LOOKS[Outcome.INTERCEPTED].colour),
    ):
        for spell in one.spells(outcome):
            left, right = _x(lived, spell.start), _x(lived, spell.until)
            yield (
                f"<rect x='{left:.1f}' y='{y}' width='{max(right - left, 1.5):.1f}' height='13' "
                f"fill='{fill}' stroke='{INK}' stroke-width='0.6'/>"
            )
    sums = f"{report.days(one.outage_days)} | {report.days(one.exposure_days)}"
    yield _text(LEFT + WIDE + RIGHT - 10, top + 25, sums, anchor="end")


def _legend(y: float) -> Iterator[str]:
    for x, fill, words in (
        (LEFT, "url(#h)", "outage: the genuine service is refused"),
        (LEFT + 290, LOOKS[Outcome.INTERCEPTED].colour, "exposure: an attacker would be accepted"),
    ):
        yield f"<rect x='{x}' y='{y - 11}' width='24' height='12' fill='{fill}' stroke='{INK}' stroke-width='0.6'/>"
        yield _text(x + 30, y, words, small=True)


def _text(x: float, y: float, words: str, *, bold: bool = False, small: bool = False, anchor: str = "start") -> str:
    weight = " font-weight='bold'" if bold else ""
    size = " font-size='11'" if small else ""
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' fill='{INK}' stroke='white' stroke-width='3' "
        f"paint-order='stroke'{weight}{size}>{html.escape(words)}</text>"
    )


Showable.renderers[Chronicle] = {"text/plain": report.table, "text/html": figure}
