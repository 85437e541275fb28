"""
The lock-outs as text, JSON and an accessible HTML table.

It words what `visitors` found and decides nothing. Importing it teaches a
`Table` how to show itself in a notebook.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from lab.built.time.dated import DATED, START, date, scene
from lab.built.time.visitors import VISITORS as EVERYBODY
from lab.built.time.visitors import Stay, Visitor, play
from lab.observation import Progress, Showable, untold
from lab.show.sheet import LINE, Row, Sheet

HEADS = ("days locked out", "from", "until", "visits refused", "robbed", "attacker refused")
SIGNS = "one sign a day, visited or not:\n. gets in, # locked out, x robbed, o refuses an attacker"

ACROSS = 60
"""Days in one line of a strip; a longer one goes on below."""


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

    def sheets(self) -> Iterator[Sheet]:
        """A table for each dated scene; one that is short enough has a strip of days below, once with its signs."""
        signs = [SIGNS]
        for _, group in groupby(self.stays, lambda one: one.scene.name):
            stays = list(group)
            of = stays[0].scene
            parts = [
                "\n".join(f"{one.visitor.name:<18}{one.strip[start : start + ACROSS]}" for one in stays)
                for start in range(0, of.days, ACROSS)
            ]
            notes = ("\n\n".join([*parts, *(signs.pop() for _ in signs[:])]),) if of.days <= 2 * ACROSS else ()
            caption = "\n".join(line for line in f"{of.name}: {of.text}".splitlines() if line)
            yield Sheet(caption, ("first visit, habit", *HEADS), [*map(_row, stays)], notes)

    def __str__(self) -> str:
        handshakes = sum(one.handshakes for one in self.stays)
        return "\n\n\n".join(
            [
                *(sheet.text(LINE).plain for sheet in self.sheets()),
                f"day 0 is {START:%Y-%m-%d}; {handshakes} real handshakes",
            ]
        )

    def to_json(self) -> str:
        """Every stay, day by day, as JSON."""
        return json.dumps({"format": 1, "day_0": f"{START:%Y-%m-%d}", "stays": [record(one) for one in self.stays]})

    def html(self) -> str:
        """The tables for a notebook."""
        return "".join(sheet.html() for sheet in self.sheets())


def table(names: Iterable[str] = (), visitors: Iterable[Visitor] = EVERYBODY, progress: Progress = untold) -> Table:
    """Play these dated scenes, or all, with real handshakes. Raises ValueError for a name that is unknown."""
    wanted = tuple(names) or tuple(DATED)
    return Table(tuple(play([scene(name) for name in wanted], tuple(visitors), progress=progress)))


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


def _row(stay: Stay) -> Row:
    span = (f"{date(stay.locked[0]):%Y-%m-%d}", f"{date(stay.locked[-1]):%Y-%m-%d}") if stay.locked else ("", "")
    label = stay.visitor.name + (f" ({stay.browser})" if stay.scene.capped else "")
    return Row(label, (len(stay.locked), *span, stay.refused, stay.robbed, stay.saved))


Showable.renderers[Table] = {"text/plain": str, "text/html": Table.html}
