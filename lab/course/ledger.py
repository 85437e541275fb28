"""
What a claim ledger is: claims, the trials that try them, and the class that follows.

A claim that can be run carries trials. Its class is then no opinion: it follows
from which trials agree with the claim, and is held against the class that was
given by hand. This file knows no particular claim; `lab.course.article` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from textwrap import wrap

from lab.course import fresh
from lab.observation import Outcome, Showable
from lab.policy.clients import Client, client
from lab.show.sheet import Banner, Row, Sheet


class Class(StrEnum):
    """What became of a claim when it was run, or that it is history."""

    HOLDS = "holds"
    CONDITION = "holds on a condition"
    FAILS = "does not hold"
    HISTORY = "history that cannot be run"


class Section(StrEnum):
    """The parts of the article, in its order, under the lab's own headings."""

    WHAT = "what pinning is"
    ORIGIN = "where it came from"
    HOW = "how it works"
    WHICH = "what can be pinned"
    GIVES = "what it gives"
    COSTS = "what it costs"
    ELSE = "what else there is"


@dataclass(frozen=True)
class Cell:
    """What must come out, if the claim is right, where this client goes through this scene."""

    client: str
    scene: str
    claimed: Outcome


@dataclass(frozen=True)
class Ran:
    """One thing that was run: what, what came out, and whether that agrees with the claim."""

    what: str
    found: str
    agrees: bool

    def __str__(self) -> str:
        return f"{self.what}: {self.found} ({'for' if self.agrees else 'against'})"


Experiment = Callable[[], Iterable[Ran]]


@dataclass(frozen=True)
class Claim:
    """
    One claim in the lab's own words, and the class that it was given by hand.

    `condition` completes "holds on a condition: if ...". `source` stands beside
    history, `note` is what a reader should know besides.
    """

    number: int
    section: Section
    words: str
    kind: Class
    cells: tuple[Cell, ...] = ()
    experiment: Experiment | None = None
    condition: str = ""
    source: str = ""
    note: str = ""

    @property
    def runs(self) -> bool:
        """Whether there is anything to run."""
        return bool(self.cells or self.experiment)

    def __post_init__(self) -> None:
        """Raises ValueError where the class and what supports it do not belong together."""
        wanted = {
            Class.HISTORY: (bool(self.source) and not self.runs, "a source, and no trial"),
            Class.CONDITION: (bool(self.condition) and self.runs, "a condition, and trials"),
        }
        fits, what = wanted.get(self.kind, (self.runs, "trials"))
        if not fits:
            raise ValueError(f"claim {self.number} ({self.words!r}) is {self.kind.value!r}, which needs {what}")


def follows(ran: Iterable[Ran]) -> Class | None:
    """
    The class that follows from what was run; None where nothing was.

    Everything agrees: it holds. Nothing does: it does not. Some of it: it holds
    on a condition, namely the one that tells the two kinds of trial apart.
    """
    agree = {one.agrees for one in ran}
    if not agree:
        return None
    return Class.CONDITION if len(agree) == 2 else Class.HOLDS if True in agree else Class.FAILS


@dataclass(frozen=True)
class LedgerRow(Showable):
    """A claim with what was run for it, which is nothing before `run`."""

    claim: Claim
    ran: tuple[Ran, ...] = ()

    @property
    def found(self) -> Class | None:
        """The class that follows from the trials; None where none were run."""
        return follows(self.ran)

    @property
    def borne_out(self) -> bool | None:
        """Whether the class given by hand is the one that follows; None where nothing was run."""
        return None if self.found is None else self.found is self.claim.kind

    @property
    def evidence(self) -> str:
        """The line that supports the class: measured outcomes, or a source."""
        claim = self.claim
        parts = [
            "; ".join(map(str, self.ran)),
            f"on condition that {claim.condition}" if claim.condition else "",
            f"source: {claim.source}" if claim.source else "",
            claim.note,
        ]
        return ". ".join(part for part in parts if part)

    @property
    def mark(self) -> str:
        """Whether it was borne out, with a glyph."""
        return {None: "not run", True: "✓ borne out", False: "✗ NOT BORNE OUT"}[self.borne_out]

    def __str__(self) -> str:
        head = f"{self.claim.number:>3}  {self.claim.words}"
        said = f"{self.claim.kind.value} [{self.mark}]. {self.evidence}"
        tail = wrap(said, 110, initial_indent=" " * 7, subsequent_indent=" " * 7, break_on_hyphens=False)
        return "\n".join([*wrap(head, 110, subsequent_indent=" " * 5), *tail])


@dataclass(frozen=True)
class Ledger(Showable):
    """Rows of the ledger, in the article's order."""

    rows: tuple[LedgerRow, ...]

    def __iter__(self) -> Iterator[LedgerRow]:
        return iter(self.rows)

    def __getitem__(self, number: int) -> LedgerRow:
        """The row of that number. Raises ValueError where there is none."""
        for row in self.rows:
            if row.claim.number == number:
                return row
        raise ValueError(f"no claim has the number {number} here; there are {len(self.rows)} rows")

    def about(self, section: Section) -> Ledger:
        """The rows of one part of the article."""
        return Ledger(tuple(row for row in self.rows if row.claim.section is section))

    def of(self, kind: Class) -> Ledger:
        """The rows of one class."""
        return Ledger(tuple(row for row in self.rows if row.claim.kind is kind))

    @property
    def counts(self) -> dict[str, int]:
        """How many rows each class has."""
        return {kind.value: len(self.of(kind).rows) for kind in Class}

    @property
    def sum(self) -> str:
        """How many claims of each class, and how many were borne out, in one sentence."""
        ran = [row for row in self.rows if row.borne_out is not None]
        good = sum(bool(row.borne_out) for row in ran)
        said = f"{len(self.rows)} claims: " + ", ".join(
            f"{count} {kind}" for kind, count in self.counts.items() if count
        )
        return said + (f". {len(ran)} were run, {good} classes were borne out" if ran else ". Nothing was run yet")

    def _sections(self) -> Iterator[tuple[Section, list[LedgerRow]]]:
        for section, rows in groupby(self.rows, key=lambda row: row.claim.section):
            yield section, list(rows)

    def __str__(self) -> str:
        lines = []
        for section, rows in self._sections():
            lines += [section.value.upper(), *map(str, rows), ""]
        return "\n".join([*lines, *wrap(self.sum, 115)])

    def sheet(self) -> Sheet:
        """The rows under their sections, the claim as the head of its row."""
        rows: list[Row | Banner] = []
        for section, told in self._sections():
            rows.append(Banner(section.value, section=True))
            rows += [
                Row(f"{row.claim.number}. {row.claim.words}", (row.claim.kind.value, row.evidence, row.mark))
                for row in told
            ]
        return Sheet(self.sum, ("claim, in the lab's words", "class", "what supports it", "when it was run"), rows)


Showable.renderers[Ledger] = {"text/plain": str, "text/html": lambda ledger: ledger.sheet().html()}
Showable.renderers[LedgerRow] = {"text/plain": str, "text/html": lambda row: Ledger((row,)).sheet().html()}


def run(claims: Iterable[Claim]) -> Ledger:
    """These claims with everything run that can be, over real TLS."""
    with fresh.stages() as outcome:
        return Ledger(tuple(LedgerRow(one, tuple(_tried(one, outcome))) for one in claims))


def _tried(claim: Claim, outcome: Callable[[Client, str], str]) -> Iterator[Ran]:
    for cell in claim.cells:
        found = outcome(client(cell.client), cell.scene)
        yield Ran(f"{cell.client} in {cell.scene}", found, found == cell.claimed)
    if claim.experiment:
        yield from claim.experiment()
