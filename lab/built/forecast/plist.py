"""
Property lists, in every shape in which people have them: XML, binary, a piece without its frame, JSON.

It finds a key wherever it stands and says where that is; what the key means is
for `ios` and `trustkit`. plistlib refuses entity declarations by itself.
"""

from __future__ import annotations

import json
import plistlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lab.built.forecast.config import Unreadable

MOST_DEPTH = 50
_PROLOGUE = re.compile(r"(?:\s++|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)


def parsed(octets: bytes, text: str | None) -> Any:
    """The values of a property list; `text` is what the octets say, None where they are no text."""
    if text is not None and text.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise Unreadable("it is no JSON that can be read; check it with `python -m json.tool`") from None
    if text is not None:
        begin = _PROLOGUE.match(text)
        rest = text[begin.end() if begin else 0 :]
        if rest.startswith("<key>"):
            rest = f"<dict>{rest}</dict>"
        if rest.startswith("<dict>"):
            octets = f'<plist version="1.0">{rest}</plist>'.encode()
    try:
        return plistlib.loads(octets)
    except Exception as problem:  # on damaged input plistlib raises some ten different exceptions
        if "entity" in str(problem).lower():
            raise Unreadable(
                "it declares entities, which no property list needs and which can hide an entity bomb; remove them"
            ) from None
        raise Unreadable("it is no property list that can be read; check it with `plutil -lint`") from None


def found(values: Any, key: str, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Every dictionary under this key, with the keys above it; no deeper than anybody nests them."""
    if len(path) > MOST_DEPTH:
        return
    if isinstance(values, list):
        for one in values:
            yield from found(one, key, (*path, "[]"))
    if isinstance(values, dict):
        for name, one in values.items():
            if name == key and isinstance(one, dict):
                yield path, one
            else:
                yield from found(one, key, (*path, str(name)))
