"""
How the things of a table are named: one, several, a group of them, and near misses; and names that others wrote.

It knows words, and nothing of what they name.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

CLOSE = 0.65
"""How alike two words are, from 0 to 1, before the one is offered for the other."""

_HOST = re.compile(r"(?P<host>[^\s:\[\]/@]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?")

SHOWN = 160
"""Characters of foreign text that a line shows."""

GROUPED = ", ".join(("hpkp", "continuity", "revocation", "transparency", "dane", "bound", "hsts"))
"""The groups of clients by what they listen to, beside the path: for the help of every verb that takes some."""

Thing = TypeVar("Thing")
Chosen = TypeVar("Chosen", bound=Hashable)


def alike(word: str, among: Iterable[str], close: float = CLOSE) -> list[str]:
    """At most three of the names, the nearest first."""
    return difflib.get_close_matches(word, list(among), n=3, cutoff=close)


def named(kind: str, word: str, table: Mapping[str, Thing], where: str = "") -> Thing:
    """
    What the word names in this table; ``-`` and ``_`` are one sign.

    Raises ValueError where there is no such thing: with the names that begin like
    it, else the nearest, else all of them, or `where`, which says where they are to be found.
    """
    word = spelled(word, table)
    if word not in table:
        near = [name for name in table if word and name.startswith(word)][:3] or alike(word, table)
        hint = f"nearest: {', '.join(near)}" if near else where or f"there are {', '.join(table)}"
        raise ValueError(f"there is no {kind} {word!r}; {hint}")
    return table[word]


def spelled(word: str, table: Iterable[str]) -> str:
    """The name in the table that differs in ``-`` and ``_`` only; the word itself where there is none."""
    return next((name for name in table if name.replace("_", "-") == word.replace("_", "-")), word)


def words(given: Iterable[str]) -> list[str]:
    """What somebody wrote after an option, commas or spaces between, and nothing twice."""
    return list(dict.fromkeys(word for part in given for word in part.replace(",", " ").split()))


def chosen(
    given: str | Iterable[str | Chosen], groups: Mapping[str, Iterable[Chosen]], find: Callable[[str], Chosen]
) -> list[Chosen]:
    """
    The things that are meant: by name, by the name of a group, several with commas; none twice.

    What is no word is the thing itself. Raises what `find` raises for a name
    that it does not know, and ValueError where something is given that has no name in it.
    """
    found: dict[Chosen, None] = {}
    parts = [given] if isinstance(given, str) else list(given)
    for part in parts:
        if isinstance(part, str):
            for word in words([part]):
                group = spelled(word, groups)
                found |= dict.fromkeys(groups[group] if group in groups else [find(word)])
        else:
            found[part] = None
    if parts and not found and not words(str(part) for part in parts):
        raise ValueError(f"{' '.join(map(str, parts))!r} names nothing; there are the groups {', '.join(groups)}")
    return list(found)


def parse_host(text: str) -> tuple[str, int | None]:
    """Host and port from HOST, HOST:PORT or [ADDRESS]:PORT. Raises ValueError, in one sentence, for anything else."""
    found = _HOST.fullmatch(text)
    port = int(found["port"]) if found and found["port"] else None
    if found is None or (port is not None and not 0 < port < 65536):
        raise ValueError(f"{text!r} is no HOST or HOST:PORT; try bank.example or bank.example:443, or [::1]:443")
    return found["host"].strip("[]"), port


def parse_port(text: str) -> tuple[str, int]:
    """As `parse_host`, of what names a port. Raises ValueError, in one sentence, for what names none."""
    host, port = parse_host(text)
    if port is None:
        raise ValueError(f"{text!r} names no port; try {text}:8443")
    return host, port


def printable(text: str, most: int = SHOWN) -> str:
    """Foreign text in one line that no terminal takes for a command, and not too much of it."""
    safe = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
    return safe if len(safe) <= most else safe[:most] + "…"
