"""
The claim ledger: what a well-known article says of pinning, claim by claim, and what running it shows.

The article is "What Is Certificate Pinning?" (Sectigo's blog, 2021-03-15).
Every claim of it stands here in the lab's own words, in the article's order,
with its class and with what supports that class; no sentence of the article is
in these files. Each section has its file, named as the section is; this one
only puts them together. How a class follows from trials is in
`lab.course.ledger`.
"""

from __future__ import annotations

from dataclasses import replace

from lab.course import ledger as ledgers
from lab.course.article import (
    how_it_works,
    what_can_be_pinned,
    what_else_there_is,
    what_it_costs,
    what_it_gives,
    what_pinning_is,
    where_it_came_from,
)
from lab.course.article.scenes import straight_from_the_root, two_intermediates
from lab.course.ledger import Claim, Class, Ledger, LedgerRow, Section

__all__ = ["CLAIMS", "Class", "Section", "ledger", "run", "straight_from_the_root", "two_intermediates"]

_PARTS = (
    what_pinning_is.PART,
    where_it_came_from.PART,
    how_it_works.PART,
    what_can_be_pinned.PART,
    what_it_gives.PART,
    what_it_costs.PART,
    what_else_there_is.PART,
)

CLAIMS: tuple[Claim, ...] = tuple(
    replace(claim, number=number) for number, claim in enumerate((one for part in _PARTS for one in part.claims), 1)
)
"""Every claim, numbered from 1 in the article's order."""


def ledger() -> Ledger:
    """All claims with their classes; nothing is run."""
    return Ledger(tuple(LedgerRow(one) for one in CLAIMS))


def run() -> Ledger:
    """All claims, with everything run that can be, over real TLS (a few seconds)."""
    return ledgers.run(CLAIMS)
