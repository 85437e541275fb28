"""
A plain table of the page, in a region of its own that scrolls where it is too wide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from lab.show.markup import tag

Lines = Sequence[Sequence[str]]


def plain(caption: str, heads: Sequence[str], *bodies: Lines, about: str = "", shared: bool = False) -> str:
    """
    A table whose first column heads its rows; the cells are HTML already.

    A row of one cell heads its body; with `shared`, the head of a body's first row is that of all its rows.
    `about` is added to the region's label, where many tables of a page have one caption.
    """
    head = tag("tr", *(tag("th", one, scope="col") for one in heads))
    body = (tag("tbody", *_lines(rows, len(heads), shared)) for rows in bodies)
    label = escape(f"{caption}: {about}" if about else caption)
    return (
        f'<div class="scroller plain" tabindex="0" role="region" aria-label="{label}">'
        f'<table class="field"><caption>{escape(caption)}</caption>{tag("thead", head)}{"".join(body)}</table></div>'
    )


def _lines(rows: Lines, columns: int, shared: bool) -> Iterator[str]:
    over = {"scope": "rowgroup", "rowspan": len(rows)} if shared and len(rows) > 1 else {"scope": "row"}
    for number, (head, *rest) in enumerate(rows):
        if not rest:
            yield tag("tr", tag("th", head, scope="rowgroup", colspan=columns))
            continue
        first = "" if shared and number else tag("th", head, **over)
        yield tag("tr", first, *(tag("td", one) for one in rest))
