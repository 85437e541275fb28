"""
A TOML file that remembers its lines, and values that are checked as they are taken.

msgspec checks shapes, types and limits; what it finds is said again here as a
ValueError of one sentence: the file, the line, the key, what was there and
what was wanted. It knows nothing of timelines. tomllib says nothing of where a
key stood, so the lines are searched for table headers and keys.
"""

from __future__ import annotations

import datetime as dates
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from lab.naming import alike, printable

_Value = TypeVar("_Value")
Place = tuple[str | int, ...]
"""Where a value stands: ("event", 3, "days") is the key days of the fourth [[event]]."""

MOST = 20  # names in one sentence

_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.\"-]+)\s*\]")
_KEY = re.compile(r"\s*[\"']?([\w-]+)[\"']?\s*(?:\.[^=]*)?=")
TOO_DEEP = "tables or lists stand too deeply in one another; leave it out"
PARTS = 20
"""Parts that a key may have; and no words in a file have so many dots and nothing else between."""
_DEEP = re.compile(rf"""(?<![\w-])(?=([\w-]+))?(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{PARTS}}}""")
_MISSING = re.compile(r"(missing required|contains unknown) field `(.*?)`(?: - at|$)", re.DOTALL)


class Source:
    """The text of one file, its values, and where each key stands; every date in the values is a time in UTC."""

    def __init__(self, text: str, label: str) -> None:
        self.label = label
        self._lines = _lines(text)
        if deep := _DEEP.search(text):  # tomllib takes the square of such a key's parts
            at = f"{label} line {text.count(chr(10), 0, deep.start()) + 1}, key {printable(deep[1], 60)}"
            raise ValueError(f"{at}: {TOO_DEEP}")
        try:
            self._found: dict[str, Any] = tomllib.loads(text)
        except RecursionError:
            raise ValueError(_syntax(text, label, "lists or tables stand in one another too deeply")) from None
        except ValueError as fault:
            raise ValueError(_syntax(text, label, str(fault).partition(";")[0])) from None
        self.values: dict[str, Any] = self._plain(self._found, ())

    def fault(self, place: Place, problem: str) -> ValueError:
        """The error about this place, in one sentence, with the line of the key, or of its table without it."""
        known = next((place[:end] for end in range(len(place), 0, -1) if place[:end] in self._lines), ())
        key = next(str(one) for one in reversed(place) if isinstance(one, str))
        said = key if re.fullmatch(r"[\w-]+", key) else repr(key)
        return ValueError(f"{self.label} line {self._lines.get(known, 1)}, key {said}: {problem}")

    def unknown(self, place: Place, value: Any, among: Iterable[str]) -> ValueError:
        """The error about a word that is none of `among`."""
        return self.fault(place, f"{_shown(value)} is not known here{_nearest(str(value), list(among))}")

    def one_of(self, place: Place, value: str | Sequence[str] | None, among: Iterable[str]) -> None:
        """Refuse a word, or a list with a word, that is none of `among`."""
        for word in [value] if isinstance(value, str) else value or ():
            if word not in among:
                raise self.unknown(place, word, among)

    def take(self, kind: type[_Value], values: Any, place: Place = ()) -> _Value:
        """The values at this place as what `kind` says, with its limits kept."""
        try:
            return msgspec.convert(values, kind, builtin_types=(datetime, dates.date, dates.time))
        except msgspec.ValidationError as problem:
            raise self._said(str(problem), inspect.type_info(kind), place) from None

    def _said(self, problem: str, kind: inspect.Type, place: Place) -> ValueError:
        at = problem.rpartition(" - at `$")[2] if " - at `$" in problem else ""
        inner = tuple(int(index) if index else key for key, index in re.findall(r"\.([\w-]+)|\[(\d+)\]", at))
        if field := _MISSING.search(problem):
            table = _inside(kind, inner)
            names = [one.encode_name for one in table.fields if one.encode_name]
            if field[1] == "contains unknown":
                problem = f"this key means nothing here{_nearest(field[2], names)}"
            else:
                where = f"[[{(*place, *inner)[0]}]]" if place or inner else "the file"
                wanted = _wanted(_inside(table, (field[2],)), field[2])
                problem = f"{where} has no such key; add it, with {wanted}"
            return self.fault((*place, *inner, field[2]), problem)
        place, kind = (*place, *inner), _inside(kind, inner)
        value = self._found
        for step in place:
            value = value[step]  # type: ignore[index]
        if isinstance(kind, inspect.EnumType | inspect.LiteralType):
            return self.unknown(place, value, _words(kind))
        return self.fault(place, f"{_shown(value)} was found; give {_wanted(kind, place[0])}")

    def _plain(self, value: Any, place: Place) -> Any:
        """Dates as times in UTC, words without blanks around them; refuses what no file of this lab needs."""
        if len(place) > 9:
            raise self.fault(place, TOO_DEEP)
        if isinstance(value, dict):
            return {key: self._plain(inner, (*place, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._plain(inner, (*place, number)) for number, inner in enumerate(value)]
        if isinstance(value, dates.date):
            return self._moment(value, place)
        if isinstance(value, str):
            if odd := next((one for one in value if not one.isprintable() and one not in "\n\t\u00a0"), ""):
                raise self.fault(place, f"{odd!r} was found, which a terminal may take for a command; leave it out")
            return value.strip()
        return value

    def _moment(self, value: dates.date, place: Place) -> datetime:
        """A day is its first second; as `until` the second before, since the day itself is not included."""
        if not 1980 <= value.year <= 2500:  # far enough from what a certificate and a clock can carry
            raise self.fault(place, f"{_shown(value)} was found; give a year from 1980 to 2500")
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
        first = datetime(value.year, value.month, value.day, tzinfo=UTC)
        return first - timedelta(seconds=1) if place[-1] == "until" else first


def _lines(text: str) -> dict[Place, int]:
    """The line of each table and each key."""
    found: dict[Place, int] = {}
    counted = Counter[Place]()
    table: Place = ()
    inside = ""
    for number, line in enumerate(text.splitlines(), start=1):
        quoted = [mark for mark in ('"""', "'''") if line.count(mark) % 2]
        if inside:
            inside = "" if inside in quoted else inside
            continue
        if header := _HEADER.match(line):
            name = tuple(header[2].replace('"', "").split("."))
            table = (*name, counted[name]) if header[1] == "[[" else name
            counted[name] += 1
            found.setdefault(table, number)
            found.setdefault(table[:1], number)
        elif key := _KEY.match(line):
            found.setdefault((*table, key[1]), number)
        inside = quoted[0] if quoted else ""
    return found


def _inside(kind: inspect.Type, place: Place) -> Any:
    """The type that stands at this place inside another; None beside it is left out."""
    for step in place:
        if isinstance(kind, inspect.StructType):
            kind = next(one.type for one in kind.fields if one.encode_name == step)
        else:
            kind = kind.item_type  # type: ignore[attr-defined]
        if isinstance(kind, inspect.UnionType):
            kind = kind.types[0]
    return kind


def _wanted(kind: Any, key: str | int) -> str:
    """What a value of this type looks like in the file."""
    match kind:
        case inspect.EnumType() | inspect.LiteralType():
            return f"one of {', '.join(_words(kind))}"
        case inspect.IntType():
            return f"a whole number from {kind.ge} to {kind.le}"
        case inspect.BoolType():
            return "true or false"
        case inspect.DateTimeType():
            return "a date without quotes, as in 2026-03-15"
        case inspect.VarTupleType() if not isinstance(kind.item_type, inspect.StructType):
            return f"a list in [ ], with {_wanted(kind.item_type, key)}"
        case inspect.StrType():
            return "words in quotes" + (f" on one line, at most {kind.max_length} letters" if kind.max_length else "")
    return f"a list of tables, each of which begins with [[{key}]]"


def _words(kind: inspect.EnumType | inspect.LiteralType) -> list[str]:
    return [str(one) for one in (kind.cls if isinstance(kind, inspect.EnumType) else kind.values)]


def _nearest(word: str, among: Sequence[str]) -> str:
    near = alike(word, among)
    more = f" and {len(among) - MOST} more" if len(among) > MOST else ""
    return f"; did you mean {near[0]}?" if near else f"; use one of {', '.join(among[:MOST]) or 'none'}{more}"


def _shown(value: Any) -> str:
    said = value.isoformat() if isinstance(value, dates.date) else repr(value)
    return said if len(said) <= 60 else said[:57] + "..."


def _syntax(text: str, label: str, fault: str) -> str:
    at = re.search(r"\(at line (\d+), column \d+\)", fault)
    lines = text.splitlines()
    number = int(at[1]) if at else max(1, len(lines))
    if not at and not fault.endswith("(at end of document)"):  # too deep, or too many digits: a line of its own kind
        number = 1 + lines.index(max(lines, key=len))
    key = _KEY.match(lines[number - 1]) if number <= len(lines) else None
    said = re.sub(r"\s*\(at .*\)$", "", fault)
    where = f"{label} line {number}" + (f", key {key[1]}" if key else "")
    return f"{where}: this is no TOML ({said}); write key = value, words in quotes and dates without"
