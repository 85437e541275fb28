"""
A TOML file that remembers its lines, and values that are checked as they are taken.

tomllib says nothing of where a key stood, so the lines are searched for table
headers and keys. It knows nothing of timelines. Every fault is a ValueError of
one sentence: the file, the line, the key, what was there and what was wanted.
"""

from __future__ import annotations

import datetime as dates
import difflib
import re
import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

Word = TypeVar("Word", bound=StrEnum)

_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]")
_KEY = re.compile(r"\s*[\"']?([\w-]+)[\"']?\s*=")


class Source:
    """The text of one file, its values, and where each key stands."""

    def __init__(self, text: str, label: str) -> None:
        self.label = label
        self._lines: dict[tuple[str, int, str], int] = {}
        try:
            self.values: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as fault:
            raise ValueError(_syntax(text, label, str(fault))) from None
        self._find(text)

    def _find(self, text: str) -> None:
        table, index, counts, inside = "", 0, dict[str, int](), ""
        for number, line in enumerate(text.splitlines(), start=1):
            quoted = [mark for mark in ('"""', "'''") if line.count(mark) % 2]
            if inside:
                inside = "" if inside in quoted else inside
                continue
            header, key = _HEADER.match(line), _KEY.match(line)
            if header:
                table = header[2]
                index = counts.get(table, -1) + 1 if header[1] == "[[" else 0
                counts[table] = index
                self._lines.setdefault((table, index, ""), number)
            elif key:
                self._lines.setdefault((table, index, key[1]), number)
            inside = quoted[0] if quoted else ""

    def line(self, table: str, index: int = 0, key: str = "") -> int:
        """The line of a key; of its table where the key is not there; 1 where neither is."""
        for where in ((table, index, key), (table, index, ""), ("", 0, table)):
            if where in self._lines:
                return self._lines[where]
        return 1

    def top(self) -> Table:
        """The keys before the first table header."""
        return Table(self, "", 0, self.values)

    def tables(self, name: str) -> Iterator[Table]:
        """Each ``[[name]]`` in order; none where there is none."""
        found = self.values.get(name, [])
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise ValueError(
                f"{self.label} line {self.line(name)}, key {name}: this is no list of tables; write [[{name}]]"
            )
        for index, values in enumerate(found):
            yield Table(self, name, index, values)


class Table:
    """One table of the file; each method takes one key out of it, checked, and `done` refuses what is left."""

    def __init__(self, source: Source, name: str, index: int, values: dict[str, Any]) -> None:
        self._source, self._name, self._index, self._values = source, name, index, values
        self._asked: set[str] = set()

    def fault(self, key: str, problem: str) -> ValueError:
        """The error about this key, in one sentence."""
        line = self._source.line(self._name, self._index, key)
        return ValueError(f"{self._source.label} line {line}, key {key}: {problem}")

    def has(self, key: str) -> bool:
        self._asked.add(key)
        return key in self._values

    def _take(self, key: str, wanted: str) -> Any:
        if not self.has(key):
            table = f"[[{self._name}]]" if self._name else "the file"
            raise self.fault(key, f"{table} has no such key; add it, with {wanted}")
        return self._values[key]

    def _wrong(self, key: str, value: Any, wanted: str) -> ValueError:
        return self.fault(key, f"{_shown(value)} was found; give {wanted}")

    def text(self, key: str, default: str | None = None) -> str:
        """Words; not empty where there is no default."""
        if default is not None and not self.has(key):
            return default
        value = self._take(key, "words in quotes")
        if not isinstance(value, str) or not value.strip():
            raise self._wrong(key, value, "words in quotes")
        return value.strip()

    def truth(self, key: str, default: bool) -> bool:
        value = self._values[key] if self.has(key) else default
        if not isinstance(value, bool):
            raise self._wrong(key, value, "true or false")
        return value

    def count(self, key: str, least: int, most: int, default: int | None = None) -> int:
        """A whole number from `least` to `most`."""
        wanted = f"a whole number from {least} to {most}"
        if default is not None and not self.has(key):
            return default
        value = self._take(key, wanted)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self._wrong(key, value, wanted)
        return value

    def moment(self, key: str, default: datetime | None = None, *, last: bool = False) -> datetime:
        """
        A day or a time, in UTC.

        A day is its first second; with `last`, the second before: valid until a
        day means that the day itself is not included.
        """
        if default is not None and not self.has(key):
            return default
        value = self._take(key, "a date as in 2026-03-15")
        return self._moment(key, value, last=last)

    def moments(self, key: str) -> tuple[datetime, ...]:
        """A list of days or times; empty where there is none."""
        values = self._values[key] if self.has(key) else []
        if not isinstance(values, list):
            raise self._wrong(key, values, "a list of dates, as in [2026-03-15]")
        return tuple(self._moment(key, value) for value in values)

    def _moment(self, key: str, value: Any, *, last: bool = False) -> datetime:
        if isinstance(value, datetime):
            found = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
            found = found.replace(microsecond=0)
        elif isinstance(value, dates.date):
            found = datetime(value.year, value.month, value.day, tzinfo=UTC)
            if last and found.year > 1:
                found -= timedelta(seconds=1)
        else:
            raise self._wrong(key, value, "a date without quotes, as in 2026-03-15")
        if not 1980 <= found.year <= 2500:  # far enough from what a certificate and a clock can carry
            raise self._wrong(key, value, "a year from 1980 to 2500")
        return found

    def names(self, key: str, among: Sequence[str] | None = None) -> tuple[str, ...]:
        """A list of words, each of them one of `among` where that is given; empty where there is none."""
        value = self._values[key] if self.has(key) else []
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self._wrong(key, value, 'a list of names, as in ["leaf", "backup"]')
        for one in value:
            if among is not None and one not in among:
                raise self.fault(key, f"{_shown(one)} is not known here{_nearest(one, among)}")
        return tuple(value)

    def name(self, key: str, among: Sequence[str], default: str | None = None) -> str:
        """A word that is one of `among`."""
        if default is not None and not self.has(key):
            return default
        value = self._take(key, f"one of {', '.join(among)}")
        if not isinstance(value, str) or value not in among:
            raise self.fault(key, f"{_shown(value)} is not known here{_nearest(str(value), among)}")
        return value

    def word(self, key: str, words: type[Word], default: Word | None = None) -> Word:
        """One of an enum's words."""
        return words(self.name(key, [one.value for one in words], default.value if default else None))

    def done(self, also: Sequence[str] = ()) -> None:
        """Refuse the keys that nobody asked for; `also` are known ones of other places."""
        for key in self._values:
            if key not in self._asked and key not in also:
                raise self.fault(key, f"this key means nothing here{_nearest(key, [*sorted(self._asked), *also])}")


def _nearest(word: str, among: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, among, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else f"; use one of {', '.join(among) or 'none'}"


def _shown(value: Any) -> str:
    said = value.isoformat() if isinstance(value, dates.date) else repr(value)
    return said if len(said) <= 60 else said[:57] + "..."


def _syntax(text: str, label: str, fault: str) -> str:
    at = re.search(r"\(at line (\d+), column \d+\)", fault)
    lines = text.splitlines()
    number = int(at[1]) if at else max(1, len(lines))
    key = _KEY.match(lines[number - 1]) if number <= len(lines) else None
    said = re.sub(r"\s*\(at .*\)$", "", fault)
    where = f"{label} line {number}" + (f", key {key[1]}" if key else "")
    return f"{where}: this is no TOML ({said}); write key = value, words in quotes and dates without"
