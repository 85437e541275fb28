"""
A timeline's run as a picture: one row for each client, its outage above, its exposure below.

SVG made from recorded points, shown as an image inside HTML with a text twin
and tables. Outage is hatched and exposure is solid, so it reads in greyscale.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from html import escape

from lab.built.time import report
from lab.built.time.language import DAY
from lab.built.time.reading import load, read
from lab.built.time.run import Chronicle, Course, run
from lab.observation import Outcome, Progress, Showable, untold
from lab.show.markup import tag
from lab.show.svg import box, dashed, frame, image, line, words
from lab.show.words import LOOKS

LEFT, WIDE, RIGHT, ROW, TOP = 310, 560, 130, 40, 70
_FILLS = {Outcome.OUTAGE: "url(#h)", Outcome.INTERCEPTED: LOOKS[Outcome.INTERCEPTED].colour}
_HATCH = tag(
    "defs",
    tag(
        "pattern",
        tag("rect", width=6, height=6, fill=LOOKS[Outcome.OUTAGE].colour),
        line(0, 0, 0, 6, thick=2),
        id="h",
        width=6,
        height=6,
        patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    ),
)


def timeline(which: str, progress: Progress = untold) -> Chronicle:
    """
    Chronicle a ready timeline by name, a file that ends in .toml, or a timeline written out as TOML.

    Raises ValueError, in one sentence, where it is faulty.
    """
    return run(read(which) if "\n" in which else load(which), progress)


def svg(lived: Chronicle) -> str:
    """The picture. Numbered dashed lines are the timeline's events; the list beside it says which."""
    bottom = TOP + ROW * len(lived.courses)
    height = bottom + 66
    title = lived.timeline.title
    return frame(
        LEFT + WIDE + RIGHT,
        height,
        title,
        _HATCH,
        words(10, 24, title, bold=True, anchor="start"),
        words(LEFT + WIDE + RIGHT - 10, 44, "outage | exposure", anchor="end", small=True),
        words(LEFT + WIDE + RIGHT - 10, 58, "days", anchor="end", small=True),
        *_axis(lived, bottom),
        *_events(lived, bottom),
        *(part for number, one in enumerate(lived.courses) for part in _row(lived, one, TOP + ROW * number)),
        *_legend(height - 14),
    )


def alt(lived: Chronicle) -> str:
    """The picture in words: each client's sums, and its longest spell of each kind."""
    of = lived.timeline
    told = [f"{of.title}, {of.start:%Y-%m-%d} to {of.end:%Y-%m-%d}."]
    for one in lived.courses:
        said = (
            f"{one.client.name}: {report.days(one.outage_days)} outage-days, "
            f"{report.days(one.exposure_days)} exposure-days"
        )
        for outcome in _FILLS:
            spells = one.spells(outcome)
            if spells:
                longest = max(spells, key=lambda spell: spell.days)
                said += f"; longest {longest.kind} {report.days(longest.days)} days from {longest.start:%Y-%m-%d}"
        told.append(said + ".")
    return " ".join(told)


def figure(lived: Chronicle) -> str:
    """The picture, the table of days, the events and the whole text, as HTML for a notebook."""
    events = "".join(f"<li>{when:%Y-%m-%d}: {escape(' and '.join(what))}</li>" for when, what in _explicit(lived))
    story = " ".join(lived.timeline.story.split())
    return (
        f"<div><p>{escape(story)}</p>{image(svg(lived), alt(lived))}{report.sheet(lived).html()}"
        + (report.channels(lived).html() if any(one.listens for one in lived.timeline.clients) else "")
        + (f"<p>Events, by their number in the picture:</p><ol>{events}</ol>" if events else "")
        + f"<details><summary>The whole run as text</summary><pre>{escape(report.text(lived))}</pre></details></div>"
    )


def page(lived: Chronicle) -> str:
    """A whole HTML page that loads nothing from anywhere."""
    title = escape(lived.timeline.title)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        f'<body style="font-family:sans-serif;max-width:1040px;margin:2em auto"><main><h1>{title}</h1>'
        f"{figure(lived)}</main></body></html>\n"
    )


def _x(lived: Chronicle, time: datetime) -> float:
    begin, end = lived.timeline.start, lived.timeline.end
    return LEFT + WIDE * ((time - begin) / (end - begin))


def _explicit(lived: Chronicle) -> list[tuple[datetime, list[str]]]:
    """What happened, by time; renewals by the calendar are left out."""
    found: dict[datetime, list[str]] = {}
    for when, what in lived.happenings():
        found.setdefault(when, []).append(what)
    return sorted(found.items())


def _axis(lived: Chronicle, bottom: float) -> Iterator[str]:
    of = lived.timeline
    yield line(LEFT, bottom, LEFT + WIDE, bottom)
    for number in range(0, int(of.days), 7) if of.days < 60 else ():
        yield words(_x(lived, of.start + number * DAY), bottom + 30, f"{of.start + number * DAY:%m-%d}", small=True)
    step = 1 if of.days < 200 else 3 if of.days < 700 else 12
    month = of.start.year * 12 + of.start.month - 1
    for number in range(month, of.end.year * 12 + of.end.month):
        if (number - (0 if step > 1 else month)) % step:
            continue
        day = of.start.replace(year=number // 12, month=number % 12 + 1, day=1, hour=0, minute=0, second=0)
        if of.start <= day <= of.end:
            x = _x(lived, day)
            yield line(x, bottom, x, bottom + 5)
            yield words(x, bottom + 18, f"{day:%Y}" if step == 12 else f"{day:%Y-%m}", small=True)


def _events(lived: Chronicle, bottom: float) -> Iterator[str]:
    last = -100.0
    high = 0
    for number, (when, _) in enumerate(_explicit(lived), start=1):
        x = _x(lived, when)
        high = 0 if x - last > 16 else (high + 1) % 3
        last = x
        yield dashed(x, TOP - 2, x, bottom, ink="#888888")
        yield words(x, TOP - 6 - 11 * high, str(number), small=True)


def _row(lived: Chronicle, one: Course, top: float) -> Iterator[str]:
    name = one.client.name if len(one.client.name) <= 40 else one.client.name[:39] + "…"
    yield words(10, top + 25, name, anchor="start")
    yield line(LEFT, top + 20, LEFT + WIDE, top + 20, ink="#aaaaaa")
    for y, (outcome, fill) in zip((top + 6, top + 21), _FILLS.items(), strict=True):
        for spell in one.spells(outcome):
            left, right = _x(lived, spell.start), _x(lived, spell.until)
            yield box(left, y, max(right - left, 1.5), 13, fill=fill, thick=0.6)
    sums = f"{report.days(one.outage_days)} | {report.days(one.exposure_days)}"
    yield words(LEFT + WIDE + RIGHT - 10, top + 25, sums, anchor="end")


def _legend(y: float) -> Iterator[str]:
    meanings = ("outage: the genuine service is refused", "exposure: an attacker would be accepted")
    for x, fill, meaning in zip((LEFT, LEFT + 290), _FILLS.values(), meanings, strict=True):
        yield box(x, y - 11, 24, 12, fill=fill, thick=0.6)
        yield words(x + 30, y, meaning, small=True, anchor="start")


Showable.renderers[Chronicle] = {"text/plain": report.table, "text/html": figure}
