"""
JSON in which every value is written once.

Thousands of trials share their chains, checks and reasons. A packed document
is a list of values, children before parents: a list holds the indices of its
items, an object those of its fields, and the last value is the whole.
`template/unpack.js` is the other half of this file.
"""

from __future__ import annotations

import json
from typing import Any


def packed(whole: Any) -> list[Any]:
    """The document as a table of distinct values. Raises TypeError for what JSON cannot hold."""
    table: list[Any] = []
    places: dict[object, int] = {}

    def place(key: object, value: Any) -> int:
        if key not in places:
            places[key] = len(table)
            table.append(value)
        return places[key]

    def add(value: Any) -> int:
        if isinstance(value, dict):
            fields = {str(name): add(one) for name, one in value.items()}
            return place((dict, *fields.items()), fields)
        if isinstance(value, list | tuple):
            items = [add(one) for one in value]
            return place((list, *items), items)
        if value is None or isinstance(value, str | bool | int | float):
            # True == 1 == 1.0 in Python, and not in JSON; -0.0 and 0.0 differ too.
            return place((type(value), value, str(value)), value)
        raise TypeError(f"{value!r} is no JSON value")

    add(whole)
    return table


def embedded(whole: Any) -> str:
    """
    The packed document as text that may stand inside a script element.

    No `<` is left in it, so nothing in it can end the element; U+2028 and the
    like are escaped with all that is not ASCII.
    """
    text = json.dumps(packed(whole), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
