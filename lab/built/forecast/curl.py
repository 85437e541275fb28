"""
curl's list of pins: alone, in a command, a script, a .curlrc, or a program that calls libcurl.

curl compares text, and splits its list in one place only (`Dialect.splits`): what
is not split off belongs to the pin before it, which then matches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from lab.built.forecast.config import (
    Format,
    LintFinding,
    Pin,
    PinConfig,
    Severity,
    Unreadable,
    domain,
    listed,
    pin,
    shown,
)
from lab.built.forecast.tokens import TokenKind, tokens

PREFIX = "sha256//"
_QUOTED = r"\"(?:[^\"\\]|\\.)*+\"|'[^']*+'"
_OPTION = re.compile(rf"(--)?pinnedpubkey[ \t]*(?:[=:][ \t]*|[ \t])({_QUOTED}|[^\s\"']++)", re.IGNORECASE)
_ASSIGNED = re.compile(rf"(?m)^[ \t]*(?:export |readonly )?(\w+)=({_QUOTED}|[^\s\"']++)")
_COMMENT = re.compile(r"(?m)^[ \t]*(?:#|//).*$")
_URL = re.compile(r"https://(?:[^\s/@\"']*@)?([\w.-]+)", re.IGNORECASE)
_LIST = re.compile(r"sha256//[^\r\n]*")


def read(text: str, format: Format = Format.CURL) -> tuple[PinConfig, ...]:
    """What curl would compare, for each host that it is called for. Raises ValueError, in one sentence."""
    found: dict[str, PinConfig] = {}
    for host, value, remarks in _values(text):
        pins = listed((_pin(one, format) for one in split(value, format)), format.dialect.where)
        if value.count(format.dialect.splits) >= len(pins.pins) and format is Format.CURL_8_18:
            remarks = (*remarks, _ENDS)
        one = PinConfig(format, (pins,), host, remarks=remarks)
        if host in found and found[host].lists != one.lists:
            raise Unreadable(f"it has two different lists for {host or 'the same host'}; give one of them", value)
        found[host] = one
    return tuple(found.values())


def split(value: str, format: Format) -> list[str]:
    """The parts of a list, as this version of curl splits it."""
    if not value.startswith(PREFIX):
        raise Unreadable(
            f"{shown(value)} does not begin with {PREFIX}, so curl takes it for the name of a file with a public key; "
            "`python -m lab pin FILE` prints the pin of such a file",
            value,
        )
    parts = value.split(format.dialect.splits)
    if format.dialect.splits == ";":
        end = next((at for at, one in enumerate(parts) if not one.startswith(PREFIX)), len(parts))
        return parts[:end]
    return [parts[0], *(PREFIX + one for one in parts[1:])]


def _pin(word: str, format: Format) -> Pin:
    encoded = word.removeprefix(PREFIX)
    if ";" in encoded:
        where = f"curl up to 8.17 splits its list at {format.dialect.splits} and nowhere else"
        return Pin(word, b"", never=f"{where}, so this is one pin (--format curl-8.18 is what later ones do)")
    found = pin(word, encoded, format)
    if str(found) != f"sha256/{encoded}" and not found.never:
        return replace(found, never="curl compares the text, and this is not how it writes a pin")
    return found


def _values(text: str) -> Iterator[tuple[str, str, tuple[LintFinding, ...]]]:
    """Each list with the host that it is for, where a command names one."""
    bare = text.strip()
    if _LIST.fullmatch(bare):
        yield "", bare, ()
        return
    joined = _COMMENT.sub("", re.sub(r"\\\r?\n", " ", text))
    commands = [(line, one) for line in joined.splitlines() for one in _OPTION.finditer(line)]
    said = {one[1]: _unquoted(one[2], {}) for one in _ASSIGNED.finditer(joined)}
    for line, one in commands:
        value = one[2]
        typed = bool(one[1]) and value[0] not in "\"'"
        url = _URL.search(line) or (_URL.search(joined) if len(commands) == 1 else None)
        host = domain(url[1]) if url else ""
        if typed and ";" in value:
            yield host, value.partition(";")[0], (_CUT,)
        else:
            yield host, _unquoted(value, said), ()
    if not commands:
        lists = [line.strip().strip("\"',;") for line in joined.splitlines() if line.strip()]
        if not all(one.startswith(PREFIX) for one in lists):
            lists = [one for one in _strings(text) if PREFIX in one]
        if not lists or not all(one.startswith(PREFIX) for one in lists):
            raise Unreadable(
                f"no list in it stands alone, in quotes or behind --pinnedpubkey; give it as in {PREFIX}A;{PREFIX}B"
            )
        yield "", ";".join(lists), ()


def _strings(text: str) -> list[str]:
    """The strings of a program in C, PHP or Python, those that are written one after the other as one."""
    found: list[str] = []
    joins = False
    for one in tokens(text, kotlin=False, hashes=True):
        if one.kind is TokenKind.STRING:
            whole = "".join(part for part in one.parts if isinstance(part, str))
            found = [*found[:-1], found[-1] + whole] if joins else [*found, whole]
        joins = one.kind is TokenKind.STRING or (joins and one.text in (".", "+"))
    return found


def _unquoted(value: str, said: dict[str, str]) -> str:
    """What the shell makes of a word; `said` are its variables."""
    if value[0] == "'":
        return value[1:-1]
    bare = re.sub(r"\\(.)", r"\1", value[1:-1]) if value[0] == '"' else value
    return re.sub(r"\$\{?(\w+)\}?", lambda name: said.get(name[1], name[0]), bare)


_ENDS = LintFinding(
    Severity.SERIOUS,
    "a part of the list does not begin with sha256//",
    "curl's list ends there, and what follows is not read.",
    "Leave no blanks in the list, and no semicolon at its end.",
    "curl 8.18.0",
    "list-ends",
)
_CUT = LintFinding(
    Severity.SERIOUS,
    "the list stands in a command without quotes",
    "The shell ends the command at the first semicolon, so curl gets the first pin only.",
    "Put the list into quotes.",
    name="unquoted-list",
)
