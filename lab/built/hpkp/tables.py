"""
The lock-outs as text, JSON and an accessible HTML table.

It words what `calendar` found and decides nothing. Importing it teaches a
`Table` how to show itself in a notebook.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any

from lab.built.hpkp.calendar import VISITORS as EVERYBODY
from lab.built.hpkp.calendar import Stay, Visitor, play
from lab.built.hpkp.dated import DATED, START, date, scene
from lab.observation import Progress, Showable, untold

HEADS = ("days locked out", "from", "until", "visits refused", "robbed", "attacker refused")
_TD = "padding:2px 8px;border:1px solid #999;text-align:left"
SIGNS = "one sign a day, visited or not: . gets in, # locked out, x robbed, o refuses an attacker"


@dataclass(frozen=True)
class Table(Showable):
    """Stays of visitors in dated scenes, scene by scene."""

    stays: tuple[Stay, ...]

    def stay(self, scene: str, visitor: str, browser: str = "no cap") -> Stay:
        """One stay by its scene's, visitor's and browser's names. Raises ValueError where it is not in the table."""
        for one in self.stays:
            if (one.scene.name, one.visitor.name, one.browser) == (scene, visitor, browser):
                return one
        raise ValueError(f"the table has no {visitor!r} with {browser!r} in {scene!r}; it was not played")

    def locked(self) -> dict[str, int]:
        """Days locked out, by scene, browser and visitor, of which only those are named that differ."""
        named = [(one.scene.name, one.browser, one.visitor.name) for one in self.stays]
        differ = [len(set(words)) > 1 for words in zip(*named, strict=True)]
        return {
            "; ".join(word for word, told in zip(words, differ, strict=True) if told) or words[0]: len(one.locked)
            for words, one in zip(named, self.stays, strict=True)
        }

    def __str__(self) -> str:
        return text(self)

    def to_json(self) -> str:
        return json.dumps({"format": 1, "day_0": f"{START:%Y-%m-%d}", "stays": [record(one) for one in self.stays]})

    def html(self) -> str:
        return html(self)


def table(names: Iterable[str] = (), visitors: Iterable[Visitor] = EVERYBODY, progress: Progress = untold) -> Table:
    """Play these dated scenes, or all, with real handshakes. Raises ValueError for a name that is unknown."""
    wanted = tuple(names) or tuple(DATED)
    return Table(tuple(play([scene(name) for name in wanted], tuple(visitors), progress=progress)))


def cells(stay: Stay) -> tuple[str, ...]:
    """The figures of one stay, in the order of `HEADS`; days as dates."""
    span = (f"{date(stay.locked[0]):%Y-%m-%d}", f"{date(stay.locked[-1]):%Y-%m-%d}") if stay.locked else ("", "")
    return (str(len(stay.locked)), *span, str(stay.refused), str(stay.robbed), str(stay.saved))


def record(stay: Stay) -> dict[str, Any]:
    """One stay as plain JSON values. Days count from `START`, which is day 0."""
    locked = stay.locked
    return {
        "scene": stay.scene.name,
        "visitor": stay.visitor.name,
        "first_visit_day": stay.visitor.first,
        "returns_every_days": stay.visitor.every,
        "browser": stay.browser,
        "days_locked_out": len(locked),
        "first_day_locked_out": locked[0] if locked else None,
        "last_day_locked_out": locked[-1] if locked else None,
        "visits_refused": stay.refused,
        "visits_robbed": stay.robbed,
        "attackers_refused": stay.saved,
        "handshakes": stay.handshakes,
        "outcome_by_day": {day.number: day.outcome.value for day in stay.days},
    }


def _label(stay: Stay) -> str:
    return stay.visitor.name + (f" ({stay.browser})" if stay.scene.capped else "")


def text(shown: Table) -> str:
    """The table for a terminal of 120 columns; scenes that are short enough have a strip of days below."""
    lines = []
    for _, group in groupby(shown.stays, lambda one: one.scene.name):
        stays = list(group)
        told = stays[0].scene
        lines += [told.name, *(f"  {line}" for line in told.text.splitlines() if line), ""]
        widths = [max(len(head), 10) for head in HEADS]
        row = f"  {'first visit, habit':<28}"
        lines.append(row + "  ".join(f"{head:<{width}}" for head, width in zip(HEADS, widths, strict=True)).rstrip())
        for one in stays:
            figures = "  ".join(f"{cell:<{width}}" for cell, width in zip(cells(one), widths, strict=True))
            lines.append(f"  {_label(one):<28}{figures}".rstrip())
        if told.days <= 96:
            lines += ["", *(f"  {one.visitor.name:<18}{one.strip}" for one in stays)]
        lines.append("")
    handshakes = sum(one.handshakes for one in shown.stays)
    lines += [SIGNS, f"day 0 is {START:%Y-%m-%d}; {handshakes} real handshakes"]
    return "\n".join(lines)


def html(shown: Table) -> str:
    """One HTML table for each scene, with headed rows and columns, and no script and no style sheet."""
    parts = []
    heads = "".join(f'<th scope="col" style="{_TD}">{head}</th>' for head in ("first visit, habit", *HEADS))
    for _, group in groupby(shown.stays, lambda one: one.scene.name):
        stays = list(group)
        rows = "".join(
            f'<tr><th scope="row" style="{_TD};font-weight:normal">{escape(_label(one))}</th>'
            + "".join(f'<td style="{_TD}">{escape(cell)}</td>' for cell in cells(one))
            + "</tr>"
            for one in stays
        )
        strips = ""
        if stays[0].scene.days <= 96:
            drawn = "\n".join(f"{one.visitor.name:<18}{one.strip}" for one in stays)
            strips = f"<details><summary>day by day</summary><pre>{escape(drawn)}\n{SIGNS}</pre></details>"
        parts.append(
            f'<table style="border-collapse:collapse;font-size:12px"><caption>{escape(stays[0].scene.title)}</caption>'
            f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{strips}"
        )
    return f'<div style="overflow-x:auto">{"".join(parts)}</div>'


Showable.renderers[Table] = {"text/plain": text, "text/html": html}
