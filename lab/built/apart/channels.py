"""
The channels that carry the owner's word: one row each, in the order in which the word is said.

A channel is a client of the table with one check more than a plain one, or an
attribute of the world: what CAs look up, how long certificates last, who reads
the logs. It knows no pair and no date.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lab import naming
from lab.built.apart.levers import Lever
from lab.observation import Proof


class Who(StrEnum):
    """Who can refuse."""

    CA = "the CA, before it issues"
    CLIENT = "the client"
    OWNER = "nobody; the owner hears of it, and revokes"
    CLOCK = "the clock"
    SERVER = "the server; the first request is read all the same"


class Issuance(StrEnum):
    """What a world's CAs look up before they issue."""

    CAA = "which CA may"
    ACCOUNT = "which account of which CA may"
    LIMITS = "for which names the CA may"


@dataclass(frozen=True)
class Channel:
    """
    One channel: its name, the client of the table that listens to it, how the owner says it, and what it reads.

    `issuance` is what the world's CAs look up before they issue, None for nothing; `short` is a world whose
    certificates last a few days, `admits` one whose genuine server wants something of its clients. `learns` takes
    the client through an enrolment before.
    """

    name: str
    client: str
    said: str
    who: Who = Who.CLIENT
    reads: frozenset[Lever] = frozenset()
    issuance: Issuance | None = None
    short: bool = False
    admits: Proof | None = None
    learns: bool = False
    monitors: bool = False

    def __str__(self) -> str:
        return self.name


def _row(name: str, client: str, said: str, *reads: Lever, who: Who = Who.CLIENT, **more: object) -> Channel:
    return Channel(name, client, said, who, frozenset(reads), **more)  # type: ignore[arg-type]


PATH = _row("path", "unpinned", "the owner says nothing: the control")
"""What every client has: the path alone."""

MONITOR = _row(
    "monitor", "unpinned", "the log tells the owner, who revokes", Lever.LOG, Lever.BOOK, who=Who.OWNER, monitors=True
)

_ISSUED = (Lever.ISSUANCE, Lever.PERMISSION)

CHANNELS: tuple[Channel, ...] = (
    PATH,
    _row("root pin", "root-pinned", "at a release"),
    _row("intermediate pin", "intermediate-pinned", "at a release"),
    _row("leaf pin", "leaf-pinned", "at a release"),
    _row("CAA", "unpinned", "before an order", *_ISSUED, who=Who.CA, issuance=Issuance.CAA),
    _row("CAA with account", "unpinned", "before an order", *_ISSUED, who=Who.CA, issuance=Issuance.ACCOUNT),
    _row("name constraints", "unpinned", "never: CAs are kept apart", *_ISSUED, who=Who.CA, issuance=Issuance.LIMITS),
    _row("successor", "successor", "on an earlier connection", Lever.ANNOUNCEMENT, learns=True),
    _row("soft DANE", "dane-soft", "in DNS", Lever.RECORDS),
    _row("hard DANE", "dane-hard", "in DNS", Lever.RECORDS),
    _row("soft staple", "heeds-staple", "after the fact", Lever.STAPLE),
    _row("hard staple", "requires-staple", "after the fact", Lever.STAPLE),
    _row("soft answer", "answer-soft", "after the fact", Lever.ANSWER),
    _row("hard answer", "answer-hard", "after the fact", Lever.ANSWER),
    _row("soft list", "list-soft", "after the fact", Lever.LIST),
    _row("hard list", "list-hard", "after the fact", Lever.LIST),
    _row("pushed list", "pushed-list", "after the fact", Lever.UPDATE, Lever.LOG),
    _row("short life", "unpinned", "by not renewing", Lever.RENEWAL, who=Who.CLOCK, short=True),
    _row("count of SCTs", "counts-scts", "never to the client", Lever.LOG),
    _row("witness", "wants-witness", "never to the client", Lever.LOG),
    MONITOR,
    _row("client certificate", "client-certificate", "the client says it", who=Who.SERVER, admits=Proof.CERTIFICATE),
    _row("bound token", "bound-token", "the client says it", who=Who.SERVER, admits=Proof.TOKEN),
)
"""Every channel that pairs are held against."""


def channels(names: str | None = None) -> tuple[Channel, ...]:
    """The channels of these names, with commas between, the control first; all where None. Raises ValueError."""
    if names is None:
        return CHANNELS
    table = {one.name: one for one in CHANNELS}
    words = [one.strip() for one in names.split(",") if one.strip()]
    if not words:
        raise ValueError(f"--channels {names!r} names nothing; give names of channels, as in 'hard list,monitor'")
    asked = [naming.named("channel", one, table) for one in words]
    return tuple(dict.fromkeys((PATH, *asked)))
