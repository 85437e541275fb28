"""One element of HTML or SVG as text, and a page with its places filled; what they mean is for others to know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any


def tag(name: str, *inside: str, **said: Any) -> str:
    """
    An element around what is inside, which is markup already.

    An underscore in the name of an attribute stands for a hyphen. A tenth of a
    pixel is fine enough for a figure.
    """
    rounded = {key: f"{round(value, 1):g}" if isinstance(value, float) else value for key, value in said.items()}
    attributes = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in rounded.items())
    return f"<{name}{attributes}>{''.join(inside)}</{name}>"


def breakable(name: str) -> str:
    """A name as markup; a long one may break after its hyphens and underscores."""
    return escape(name).replace("-", "-<wbr/>").replace("_", "_<wbr/>")


def filled(page: str, parts: Mapping[str, str]) -> str:
    """
    The page with the part of that name, markup already, in each place ``{{name}}``.

    In one pass: what is filled in is never looked at again, whatever it says.
    """
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], page)
