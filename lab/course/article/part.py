"""
One part of the ledger while it is being written: a section, and its claims in the order of the page.

It knows no claim, and no number that a reader sees: a part counts from 1, and
the ledger's own numbers are given where the parts are put together.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from lab.course.ledger import Cell, Claim, Class, Experiment, Section
from lab.observation import Outcome

SERVED, STOPPED, OUTAGE, INTERCEPTED = Outcome.SERVED, Outcome.STOPPED, Outcome.OUTAGE, Outcome.INTERCEPTED


class Part:
    """The claims of one section. Adding one raises ValueError where its class and its support do not fit."""

    def __init__(self, section: Section) -> None:
        self.section = section
        self.claims: list[Claim] = []
        self.holds = partial(self.claim, Class.HOLDS)
        self.on_condition = partial(self.claim, Class.CONDITION)
        self.history = partial(self.claim, Class.HISTORY)

    def claim(self, kind: Class, words: str, *cells: Cell, **support: Any) -> None:
        """Add a claim; `support` is what a `Claim` has besides."""
        self.claims.append(Claim(len(self.claims) + 1, self.section, words, kind, cells, **support))

    def tried(self, kind: Class, words: str, *cells: Cell, **support: Any) -> Callable[[Experiment], Experiment]:
        """Add a claim that the decorated experiment tries."""

        def add(experiment: Experiment) -> Experiment:
            self.claim(kind, words, *cells, experiment=experiment, **support)
            return experiment

        return add
