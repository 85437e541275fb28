"""
Levers: the named choices that an attacker, an accident or the owner has on a channel, and what each choice takes.

An attacker pulls them to his liking, one by one for each channel; an accident
pulls one when nobody wants it. Nothing here knows what comes of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import product
from types import MappingProxyType


class Lever(StrEnum):
    """What somebody can do something to."""

    STAPLE = "staple"
    ANSWER = "answer"
    LIST = "list"
    UPDATE = "update"
    RECORDS = "records"
    LOG = "log"
    ISSUANCE = "issuance"
    PERMISSION = "permission"
    ANNOUNCEMENT = "announcement"
    BOOK = "book"
    RENEWAL = "renewal"


class Pulled(StrEnum):
    """How a lever stands; which of these a lever has, `LEVERS` says."""

    NEWEST = "newest"
    NOTHING = "nothing"
    REPLAYED = "replayed"
    LOGGED = "logged"
    UNLOGGED = "unlogged"
    HIDDEN = "hidden"
    SECOND_ACCOUNT = "second account"
    OWNERS_ACCOUNT = "owner's account"
    OWN_CA = "the CA itself"
    CHANGED = "changed before the order"
    UNCHANGED = "not changed"
    ANNOUNCED = "announced"
    SILENT = "not announced"
    BOOKED = "booked"
    UNBOOKED = "not booked"
    RENEWED = "renewed"
    BROKEN = "broken"

    @property
    def takes(self) -> str:
        """What it takes, or what has happened where nobody wanted it."""
        return _TAKES[self]


_TAKES = {
    Pulled.NEWEST: "nothing: what is handed out is left alone",
    Pulled.NOTHING: "to drop packets on the way there",
    Pulled.REPLAYED: "to have kept the last good one, and to hand it out",
    Pulled.LOGGED: "nothing: the CA hands in what it issues",
    Pulled.UNLOGGED: "a CA that hands in nothing for once",
    Pulled.HIDDEN: "a log that shows two trees",
    Pulled.SECOND_ACCOUNT: "an account of one's own at the CA, and its validation fooled",
    Pulled.OWNERS_ACCOUNT: "the key of the owner's account at the CA",
    Pulled.OWN_CA: "the CA's key, or somebody there who asks nothing",
    Pulled.CHANGED: "nothing: whoever orders says first which CA may issue",
    Pulled.UNCHANGED: "an order before the CAA records say so",
    Pulled.ANNOUNCED: "nothing: the next key is announced before it is used",
    Pulled.SILENT: "a change of keys that nobody announced",
    Pulled.BOOKED: "nothing: whoever orders writes it into the owner's book",
    Pulled.UNBOOKED: "an order by somebody who does not know of the book",
    Pulled.RENEWED: "nothing: the machine that renews runs",
    Pulled.BROKEN: "the machine that renews stands still, and it is Saturday",
}

_ANSWERS = (Pulled.NEWEST, Pulled.NOTHING, Pulled.REPLAYED)
LEVERS: Mapping[Lever, tuple[Pulled, ...]] = MappingProxyType(
    {
        **dict.fromkeys((Lever.STAPLE, Lever.ANSWER, Lever.LIST, Lever.UPDATE, Lever.RECORDS), _ANSWERS),
        Lever.LOG: (Pulled.LOGGED, Pulled.UNLOGGED, Pulled.HIDDEN),
        Lever.ISSUANCE: (Pulled.SECOND_ACCOUNT, Pulled.OWNERS_ACCOUNT, Pulled.OWN_CA),
        Lever.PERMISSION: (Pulled.CHANGED, Pulled.UNCHANGED),
        Lever.ANNOUNCEMENT: (Pulled.ANNOUNCED, Pulled.SILENT),
        Lever.BOOK: (Pulled.BOOKED, Pulled.UNBOOKED),
        Lever.RENEWAL: (Pulled.RENEWED, Pulled.BROKEN),
    }
)
"""How each lever can stand; first how it stands where nobody pulls it."""

OWNERS = frozenset({Lever.PERMISSION, Lever.ANNOUNCEMENT, Lever.BOOK, Lever.RENEWAL})
"""Levers at the owner's own house, which no attacker reaches."""

Setting = Mapping[Lever, Pulled]
"""How levers stand; those that are not named stand as if nobody had pulled them."""
UNTOUCHED: Setting = MappingProxyType({})

ACCIDENTS: Mapping[str, Setting] = MappingProxyType(
    {
        "the responder is down": {Lever.STAPLE: Pulled.NOTHING, Lever.ANSWER: Pulled.NOTHING},
        "the server staples an old answer": {Lever.STAPLE: Pulled.REPLAYED},
        "the list is missing": {Lever.LIST: Pulled.NOTHING},
        "the list is late": {Lever.LIST: Pulled.REPLAYED},
        "no update comes": {Lever.UPDATE: Pulled.REPLAYED},
        "DNS does not answer": {Lever.RECORDS: Pulled.NOTHING},
        "the records are not changed in time": {Lever.RECORDS: Pulled.REPLAYED},
        "CAA is not changed in time": {Lever.PERMISSION: Pulled.UNCHANGED},
        "the next key is not announced": {Lever.ANNOUNCEMENT: Pulled.SILENT},
        "the CA forgot the logs": {Lever.LOG: Pulled.UNLOGGED},
        "a log shows two trees by a fault": {Lever.LOG: Pulled.HIDDEN},
        "another department ordered": {Lever.BOOK: Pulled.UNBOOKED, Lever.ISSUANCE: Pulled.SECOND_ACCOUNT},
        "the machine that renews stands still": {Lever.RENEWAL: Pulled.BROKEN},
    }
)
"""What goes wrong on the twin's day without anybody wanting it, one at a time."""


def stands(setting: Setting, lever: Lever, usual: Pulled | None = None) -> Pulled:
    """How a lever stands; `usual` where nobody pulls it."""
    return setting.get(lever, usual or LEVERS[lever][0])


def only(setting: Setting, levers: Iterable[Lever]) -> Setting:
    """Those of a setting that somebody reads: what nobody reads changes nothing."""
    return {one: setting[one] for one in levers if one in setting}


def moves(levers: Iterable[Lever]) -> Iterator[Setting]:
    """Every way in which an attacker can pull these levers, those at the owner's house left alone."""
    read = sorted(frozenset(levers) - OWNERS)
    for choice in product(*(LEVERS[one] for one in read)):
        yield dict(zip(read, choice, strict=True))


def pulled(setting: Setting) -> Setting:
    """Those of a setting that do not stand as they would anyway."""
    return {one: how for one, how in setting.items() if how is not LEVERS[one][0]}


def said(setting: Setting) -> str:
    """A setting in words."""
    return ", ".join(f"{one}: {how}" for one, how in setting.items()) or "nothing"
