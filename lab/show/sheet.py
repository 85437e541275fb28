"""
One table: text for a terminal, accessible HTML for a notebook, CSV and plain values for a program.

A sheet holds what is to be read and knows nothing of where it comes from.
Nothing is said by colour alone. The HTML has headed rows and columns, no
script and no style sheet: JupyterLab keeps inline styles in a notebook that is
not trusted, and drops the rest. What is filled has a colour of its own for the
words on it, so that it reads in a dark theme as well.
"""

from __future__ import annotations

import csv
import io
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from rich.text import Text

from lab.observation import Outcome, Showable
from lab.show.markup import breakable, tag
from lab.show.svg import INK
from lab.show.words import LOOKS, cell

WIDTH = 120
"""Columns of a terminal that a table may take, where nobody says otherwise."""

LINE = 80
"""Columns of a line that is no table's."""

NARROW = 13
"""Where room is short, a heading that is longer is broken."""

SECTION = f"font-weight:bold;font-size:14px;padding:8px 5px;background-color:#dddddd;color:{INK}"

MANY = 6
"""With more columns than these, a table for a notebook is set smaller: eight fit at 1024 pixels."""

Content = Outcome | str | float
"""What stands in a cell: an outcome, which shows as glyph and word, or words, or a figure."""


@dataclass(frozen=True)
class Row:
    """A headed row; an entry for each column but the first."""

    head: str
    entries: tuple[Content, ...]


@dataclass(frozen=True)
class Banner:
    """Words across the whole sheet, over the rows that follow; a `section` begins something new."""

    words: str
    aside: str = ""
    section: bool = False


@dataclass(frozen=True)
class Sheet(Showable):
    """
    A table: the first of `columns` is over the heads of the rows.

    `caption` and `notes` may have several lines; a note is shown as it stands.
    """

    caption: str
    columns: tuple[str, ...]
    rows: Sequence[Row | Banner]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text().plain

    def text(self, width: int = WIDTH) -> Text:
        """The sheet for a terminal, headed anew in each section, in blocks of columns where it is too wide."""
        lines = [Text(part) for line in self.caption.splitlines() for part in textwrap.wrap(line, width)]
        for block in self._blocks(width):
            lines += [*([Text()] if lines else []), *self._block(block, width)]
        for note in self.notes:
            lines += [Text(), *map(Text, note.splitlines())]
        return Text("\n").join(lines)

    def fitting(self, width: int) -> int:
        """How many columns stand beside the first where a line has this width."""
        return len(next(self._blocks(width))) - 1

    def _columns(self, *, tight: bool = False) -> list[_Column]:
        rows = [(row.head, *row.entries) for row in self.rows if isinstance(row, Row)]
        return [
            _Column(head, [row[number] for row in rows], not number, tight) for number, head in enumerate(self.columns)
        ]

    def _blocks(self, width: int) -> Iterator[list[_Column]]:
        """The columns that stand beside each other: the first, and as many as there is room for."""
        columns = self._columns()
        if _wide(columns) > width:
            columns = self._columns(tight=True)
        first, *rest = columns
        block = [first]
        for column in rest:
            if len(block) > 1 and _wide([*block, column]) > width:
                yield block
                block = [first]
            block.append(column)
        yield block

    def _block(self, block: list[_Column], width: int) -> Iterator[Text]:
        lines = range(max(len(column.lines) for column in block))
        heading = [_joined(column.heading(line) for column in block) for line in lines]
        if not (self.rows and isinstance(self.rows[0], Banner) and self.rows[0].section):
            yield from heading
        number = 0
        for row in self.rows:
            if isinstance(row, Banner):
                said = list(_banner(row, width))
                yield from said[1:] if row is self.rows[0] and row.section else said  # no empty line over the first
                yield from heading if row.section else ()
            else:
                yield _joined(column.cell(number) for column in block)
                number += 1

    def html(self) -> str:
        """The sheet as a table for a notebook."""
        columns = self._columns()
        heads = [tag("th", breakable(column.head), scope="col", style=_style(column.figures)) for column in columns]
        rows = [
            _banner_html(row, len(columns))
            if isinstance(row, Banner)
            else tag(
                "tr",
                tag("th", escape(row.head), scope="row", style=_style() + "font-weight:normal"),
                *(_td(entry, column.figures) for entry, column in zip(row.entries, columns[1:], strict=True)),
            )
            for row in self.rows
        ]
        table = tag(
            "table",
            tag("caption", escape(self.caption).replace("\n", "<br/>")),
            tag("thead", tag("tr", *heads)),
            tag("tbody", *rows).replace("<tbody></tbody>", ""),
            style=f"border-collapse:collapse;font-size:{12 if len(columns) <= MANY else 11}px",
        )
        notes = (tag("pre", escape(note)) for note in self.notes)
        return tag("div", table, *notes, style="overflow-x:auto;margin:8px 0")

    def csv(self) -> str:
        """A line for each row, below the columns' heads; of banners, where there are any, two further columns tell."""
        out = io.StringIO()
        write = csv.writer(out, lineterminator="\n").writerow
        section = over = ""
        first = 0 if any(isinstance(row, Banner) for row in self.rows) else 2
        write(("section", "over", *self.columns)[first:])
        for row in self.rows:
            if isinstance(row, Row):
                write((section, over, row.head, *map(_plain, row.entries))[first:])
            else:
                section, over = (row.words, "") if row.section else (section, row.words)
        return out.getvalue()

    def record(self) -> dict[str, Any]:
        """The sheet as plain JSON values; a row is a banner, or a head with its cells."""
        rows = [
            {"banner": row.words, "aside": row.aside, "section": row.section}
            if isinstance(row, Banner)
            else {"head": row.head, "cells": [_cell_record(entry) for entry in row.entries]}
            for row in self.rows
        ]
        return {"title": self.caption, "columns": list(self.columns), "rows": rows, "notes": list(self.notes)}


def hung(text: str) -> str:
    """The text in lines of at most 80 columns; what runs over is set in as far as what stands behind a line's gaps."""
    out: list[str] = []
    for line in text.splitlines():
        gaps = [found.end() for found in re.finditer(r"^ +|  +", line) if found.end() <= LINE // 2]
        out += textwrap.wrap(line, LINE, subsequent_indent=" " * max(gaps, default=0), break_on_hyphens=False) or [""]
    return "\n".join(out)


class Tabled(Showable):
    """A value that shows itself as a table: `sheet` makes it."""

    def sheet(self) -> Sheet:
        """The value as a table."""
        raise NotImplementedError

    def __str__(self) -> str:
        return str(self.sheet())


def shown_by(sheet: Callable[[Any], Sheet]) -> dict[str, Callable[[Any], str]]:
    """The renderers of a value that `sheet` makes a table of."""
    return {"text/plain": lambda value: str(sheet(value)), "text/html": lambda value: sheet(value).html()}


Showable.renderers[Sheet] = {"text/plain": str, "text/html": Sheet.html}
Showable.renderers[Tabled] = shown_by(lambda value: value.sheet())


def _said(entry: Content) -> str:
    if isinstance(entry, Outcome):
        return cell(entry)
    return f"{entry:g}" if isinstance(entry, float) else str(entry)


def _plain(entry: Content) -> str | float:
    return entry.value if isinstance(entry, Outcome) else entry


def _cell_record(entry: Content) -> dict[str, Any]:
    return {"value": _plain(entry), "outcome": entry.value if isinstance(entry, Outcome) else None}


def _style(right: bool = False) -> str:
    return f"padding:2px 4px;border:1px solid #999;vertical-align:top;text-align:{'right' if right else 'left'};"


def _td(entry: Content, right: bool) -> str:
    # Neither ground nor edge is needed to read an outcome.
    look = LOOKS[entry] if isinstance(entry, Outcome) else None
    filled = f"border-left:4px solid {look.colour};background-color:{look.tint};color:{INK}" if look else ""
    # The longest word of an outcome may break at a soft hyphen, and is then what the narrowest column has room for.
    said = escape(_said(entry)).replace("intercepted", "inter\u00adcepted") if look else escape(_said(entry))
    return tag("td", said, style=_style(right) + filled)


def _banner_html(banner: Banner, columns: int) -> str:
    """A banner heads a body of rows of its own."""
    style = _style() + (SECTION if banner.section else "font-weight:normal;padding-top:8px")
    aside = f" <small>{escape(banner.aside)}</small>" if banner.aside else ""
    head = tag("th", escape(banner.words), aside, scope="rowgroup", colspan=columns, style=style)
    return f"</tbody><tbody>{tag('tr', head)}"


class _Column:
    """A column as text; where it is `tight`, a long heading is broken; figures stand to the right."""

    def __init__(self, head: str, entries: list[Content], first: bool, tight: bool) -> None:
        said = [_said(entry) for entry in entries]
        widest = max(map(len, said), default=0)
        self.head, self.entries = head, entries
        self.lines = textwrap.wrap(head, max(widest, NARROW), break_long_words=False) if tight else [head]
        self.width = max([widest, *map(len, self.lines)])
        self.figures = not first and all(one[:1].isdigit() for one in said)
        # An outcome begins with a glyph, which sets it off where room is short.
        self.gap = 0 if first else 1 if tight and any(isinstance(entry, Outcome) for entry in entries) else 2

    def heading(self, line: int) -> Text:
        """One line of the heading."""
        return self._set(self.lines[line] if line < len(self.lines) else "", "bold")

    def cell(self, row: int) -> Text:
        """The entry in this row."""
        entry = self.entries[row]
        return self._set(_said(entry), LOOKS[entry].style if isinstance(entry, Outcome) else "")

    def _set(self, said: str, style: str) -> Text:
        set_in = said.rjust(self.width) if self.figures else said.ljust(self.width)
        return Text(" " * self.gap).append(set_in, style)


def _wide(columns: Iterable[_Column]) -> int:
    return sum(column.gap + column.width for column in columns)


def _joined(parts: Iterable[Text]) -> Text:
    line = Text().join(parts)
    line.rstrip()
    return line


def _banner(banner: Banner, width: int) -> Iterator[Text]:
    if banner.section:
        yield Text()
    parts = re.split("  (?=⇄  )", banner.words) if len(banner.words) > width else [banner.words]
    lines = [Text(line) for part in parts for line in textwrap.wrap(part, width, subsequent_indent="  ")]
    if banner.section:
        for line in lines:
            line.stylize("bold underline")
    aside = f"   {banner.aside}" if banner.aside else ""
    if len(lines[-1]) + len(aside) > width:
        lines += [Text(line, "dim") for line in textwrap.wrap(aside, width, subsequent_indent="    ")]
    else:
        lines[-1].append(aside, "dim")
    yield from lines
