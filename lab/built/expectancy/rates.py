"""
How often things happen to a site's certificates: each number with its source, and for every one a way to change it.

The numbers stand in `rates.toml`. What nobody has counted is a range: its two
ends are run, and both are shown. It draws nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files

from msgspec import convert
from msgspec.structs import replace

from lab.built.fleet.plan import MOST_A_YEAR
from lab.built.time.language import Entry
from lab.naming import named, spelled


class Rate(Entry, frozen=True, kw_only=True):
    """
    One number, or a range where nobody has counted: `low` and `high` are its ends, in `unit`.

    `means` is what happens, and `source` who says how often. Both ends lie
    between `least` and `most`, and are whole where it is `whole`. It `calms` where the more of it there is,
    the less happens: certificates that last longer are renewed less often.
    """

    low: float = 0
    high: float = 0
    unit: str
    means: str
    source: str
    least: float = 0
    most: float = MOST_A_YEAR
    whole: bool = False
    calms: bool = False

    @property
    def said(self) -> str:
        """The number or the range, as it is printed."""
        return f"{self.low:g}{f' to {self.high:g}' if self.low != self.high else ''} {self.unit}"

    def given(self, text: str) -> Rate:
        """The same as somebody wrote it, NAME=VALUE or NAME=LOW:HIGH. Raises ValueError, in a sentence, for others."""
        first, _, second = text.partition("=")[2].partition(":")
        try:
            low, high = float(first), float(second or first)
        except ValueError:
            low, high = 1, 0
        if not self.least <= low <= high <= self.most or (self.whole and (low % 1 or high % 1)):
            wanted = f"{'whole numbers' if self.whole else 'numbers'} from {self.least:g} to {self.most:g}"
            raise ValueError(f"--rate got {text!r}; give NAME=VALUE or NAME=LOW:HIGH, with {wanted}")
        return replace(self, low=low, high=high, source="yours")


RATES = convert(tomllib.loads((files(__package__) / "rates.toml").read_text("utf-8")), dict[str, Rate])
"""Every number by its name."""
EVENTS = tuple(name for name, one in RATES.items() if one.unit == "a year")
"""What is drawn, in the order in which a day's events are taken."""


def rates(lifetime: int, given: Iterable[str] = ()) -> dict[str, Rate]:
    """
    Every number by its name, where the server's certificate of today lasts so many days.

    `given` are other ones, written NAME=VALUE or NAME=LOW:HIGH. Raises ValueError, in one sentence, for what is none.
    """
    table = {**RATES, "lifetime": replace(RATES["lifetime"], low=lifetime, high=lifetime)}
    for text in given:
        name = spelled(text.partition("=")[0], table)
        table[name] = named("rate", name, table).given(text)
    return table


def ends(table: Mapping[str, Rate]) -> dict[str, dict[str, float]]:
    """The numbers where less happens, and where more does, by what each end is called; one where nothing is a range."""
    low = {name: one.high if one.calms else one.low for name, one in table.items()}
    high = {name: one.low if one.calms else one.high for name, one in table.items()}
    return {"low": low, "high": high} if low != high else {"": low}
