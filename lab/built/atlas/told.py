"""
What told the pairs apart, as HTML that needs no script: a line for each pair, which opens its board.

It reads the gathered JSON only: the tables are there as the command prints
them, and what the page adds is titles, and the accidents in a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from html import escape
from itertools import groupby
from typing import Any

from lab.built.atlas.plain import Lines, plain
from lab.show.words import spoken

NOT_RUN = (
    '<p class="absent">No pair was held against the channels for this page. '
    "<code>python -m lab apart</code> does it in a terminal.</p>"
)


def boards(apart: dict[str, Any] | None, scenes: list[dict[str, Any]]) -> str:
    """The whole section below its heading; `scenes` are the records that the titles are taken from."""
    if not apart:
        return NOT_RUN
    titles = {one["name"]: one["title"] for one in scenes}
    return _summary(apart) + "".join(_pair(one, titles) for one in apart["pairs"])


def _summary(apart: dict[str, Any]) -> str:
    pairs, lags = apart["pairs"], {name: spoken(timedelta(seconds=time)) for name, time in apart["lags"].items()}
    stopped, known = (sum(any(it["sets"] for it in one[what]) for one in pairs) for what in ("stop", "know"))
    made = sum(one["trials"] for one in pairs)
    return (
        f"<p>{len(pairs)} pair{'' if len(pairs) == 1 else 's'}, {made:,} connections. Some set of channels "
        f"<strong>stops the attack and lets its twin pass in {stopped}</strong>, and lets the owner know in {known}. "
        f"An attacker sees the set and moves second. Times count from the attack: the owner reads the logs every "
        f"{lags['reads']}, a CA revokes {lags['revokes']} after it was asked to, a theft is noticed {lags['notices']}, "
        f"a pushed list comes every {lags['updates']}.</p>"
    )


def _pair(one: dict[str, Any], titles: dict[str, str]) -> str:
    attack, twin = (escape(titles.get(one[half], one[half])) for half in ("attack", "twin"))
    by = "".join(
        f"<span>{done} by <b>{escape(who)}</b> <i>{when if when in ('', AT_ONCE) else f'after {when}'}</i></span>"
        for done, (who, when) in zip(("stopped", "known"), one["soonest"], strict=True)
    )
    board, moved, costs, sets = one["board"]
    tables = (
        _table(board, one["attack"]),
        _table(moved, one["attack"], shared=True),
        _prices(one),
        _table(costs, one["attack"], shared=True),
        _table(sets, one["attack"]),
    )
    shown = "".join(tables)
    notes = "".join(f"<p>{escape(note)}</p>" for note in board["notes"])
    return (
        f'<details class="results told"><summary id="apart-{escape(one["attack"])}"><span><b>{attack}</b> '
        f'⇄ {twin}</span>{by}</summary>{notes}<div class="boards">{shown}</div></details>'
    )


AT_ONCE = spoken(timedelta(0))


def _table(sheet: dict[str, Any], about: str, shared: bool = False) -> str:
    """One of the command's tables."""
    bodies = _shared(sheet) if shared else _banners(sheet)
    title = sheet["title"].rpartition(": ")[2]  # the pair's names stand above it
    heads = [escape(one) for one in sheet["columns"]]
    return plain(title[0].upper() + title[1:], heads, *bodies, about=about, shared=shared)


def _cells(row: dict[str, Any]) -> list[str]:
    return [escape(row["head"]), *(escape(str(one["value"])) for one in row["cells"])]


def _shared(sheet: dict[str, Any]) -> Iterator[Lines]:
    for _, rows in groupby(sheet["rows"], key=lambda row: row["head"]):
        yield [_cells(row) for row in rows]


def _banners(sheet: dict[str, Any]) -> Iterator[Lines]:
    lines: list[list[str]] = []
    for row in sheet["rows"]:
        if "banner" in row:
            if lines:
                yield lines
            lines = [[escape(row["banner"])]]
        else:
            lines.append(_cells(row))
    yield lines


def _prices(one: dict[str, Any]) -> str:
    """The accidents under which a channel refuses the twin, and those in which it cannot tell the twin from a move."""
    rows = [
        [escape(it["channel"]), *(escape("; ".join(it[what])) or "–" for what in ("price", "blind_to"))]
        for it in one["channels"]
        if it["keeps_the_twin"] and (it["price"] or it["blind_to"])
    ]
    heads = ("channel", "the twin is refused, or an alarm rings, when", "shows the same as in an attack when")
    return plain("The price: accidents, one at a time", heads, rows, about=one["attack"])
