"""
What is done in public with what CAs issue: three logs of two operators, and whether somebody hands in.

A world has a set of logs of its own, as logs remember: in a common one every
scene would raise the others' alarms. A client's list of logs is that of its
store, and who hides an entry has not changed it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from lab.pki.authority import Authority
from lab.pki.log import PublicLog
from lab.pki.sct import ListedLog


class Logging(StrEnum):
    """What becomes of a certificate that a public CA issues, as far as logs go."""

    YES = "yes"
    """It is handed in, and is there for all to see."""
    NO = "no"
    """It is handed in nowhere, and holds no SCTs."""
    HIDDEN = "hidden"
    """The logs sign for it, and put it into trees of their own, which they do not show to whoever reads them."""


def public_logs() -> tuple[PublicLog, ...]:
    """Three logs of two operators, all of them empty: enough for any lifetime, as `lab.counting` counts."""
    operators = ("First Operator", "First Operator", "Second Operator")
    return tuple(PublicLog(f"log.example/{number}", who) for number, who in enumerate(operators, 1))


def handing_in(authorities: Iterable[Authority], logging: str) -> list[Authority]:
    """
    The same authorities, which from now on hand in what they issue in this way; who did not, never does.

    Hidden entries of all of them are in one second tree of each log. Raises ValueError for another word.
    """
    way, every = Logging(logging), list(authorities)
    if way is Logging.YES:
        return every
    logs = {id(log): log for one in every for log in one.logs}
    trees = {} if way is Logging.NO else {name: log.forked() for name, log in logs.items()}
    return [replace(one, logs=tuple(trees[id(log)] for log in one.logs if trees)) for one in every]


def known(store: Iterable[Authority]) -> tuple[ListedLog, ...]:
    """The logs on the list of a client with this store: those into which its CAs hand in, each once."""
    return tuple({log.listed.id: log.listed for one in store for log in one.logs}.values())
