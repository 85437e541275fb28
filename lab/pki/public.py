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
from lab.pki.head import Witness
from lab.pki.inclusion import WatchedLog
from lab.pki.log import PROMISE, PublicLog
from lab.pki.sct import ListedLog


class Logging(StrEnum):
    """What becomes of a certificate that a public CA issues, as far as logs go."""

    YES = "yes"
    """It is handed in, and is there for all to see."""
    NO = "no"
    """It is handed in nowhere, and holds no SCTs."""
    LATE = "late"
    """It is handed in, and comes into the trees when the logs' promise ends: a day later."""
    HIDDEN = "hidden"
    """The logs sign for it, and put it into trees of their own, which they do not show to whoever reads them."""


def public_logs() -> tuple[PublicLog, ...]:
    """Three logs of two operators and a witness, all empty: the first two are enough for a short certificate."""
    witness, operators = Witness(), ("First Operator", "Second Operator", "First Operator")
    return tuple(WatchedLog(f"log.example/{number}", who, witness) for number, who in enumerate(operators, 1))


def handing_in(authorities: Iterable[Authority], logging: str) -> list[Authority]:
    """
    The same authorities, which from now on hand in what they issue in this way; who did not, never does.

    Hidden entries of all of them are in one second tree of each log; in the one that is shown, somebody else's has the
    first one's place, so that both trees have one size. A late log is so for whoever hands in. Raises ValueError for
    another word.
    """
    way, every = Logging(logging), list(authorities)
    logs = {id(log): log for one in every for log in one.logs}
    for log in logs.values():
        log.delay = PROMISE if way is Logging.LATE else log.delay
    if way in (Logging.YES, Logging.LATE):
        return every
    trees = {} if way is Logging.NO else {name: log.forked() for name, log in logs.items()}
    if trees:
        next(one for one in every if one.logs).issue("shop.example")
    return [replace(one, logs=tuple(trees[id(log)] for log in one.logs if trees)) for one in every]


def known(store: Iterable[Authority]) -> tuple[ListedLog, ...]:
    """The logs on the list of a client with this store: those into which its CAs hand in, each once."""
    return tuple({log.listed.id: log.listed for one in store for log in one.logs}.values())
