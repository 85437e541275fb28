"""
One part of the ledger while it is being written: a section, and its claims in the order of the page.

It knows no claim, and no number that a reader sees: a part counts from 1, and
the ledger's own numbers are given where the parts are put together.
"""

from __future__ import annotations

from collections.abc import Callable

from lab.course.ledger import Cell, Claim, Class, Experiment, Section
from lab.observation import Outcome

SERVED, STOPPED, OUTAGE, INTERCEPTED = Outcome.SERVED, Outcome.STOPPED, Outcome.OUTAGE, Outcome.INTERCEPTED


class Part:
    """The claims of one section. Adding one raises ValueError where its class and its support do not fit."""

    def __init__(self, section: Section) -> None:
        self.section = section
        self.claims: list[Claim] = []

    def claim(
        self,
        kind: Class,
        words: str,
        *cells: Cell,
        experiment: Experiment | None = None,
        condition: str = "",
        source: str = "",
        missing: str = "",
        note: str = "",
    ) -> None:
        """Add a claim."""
        number = len(self.claims) + 1
        self.claims.append(
            Claim(number, self.section, words, kind, cells, experiment, condition, source, missing, note)
        )

    def tried(
        self, kind: Class, words: str, *cells: Cell, condition: str = "", note: str = ""
    ) -> Callable[[Experiment], Experiment]:
        """Add a claim that the decorated experiment tries."""

        def add(experiment: Experiment) -> Experiment:
            self.claim(kind, words, *cells, experiment=experiment, condition=condition, note=note)
            return experiment

        return add
