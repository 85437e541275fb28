"""
The owner of a site, as a program: keeps a book of orders, reads the logs, and has revoked what nobody ordered.

It drives every channel by one rule and with its own lags, and knows no pair: an
alarm rings for what is in a log and not in the book, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from lab.pki.authority import Credential
from lab.pki.entry import LogEntry, common
from lab.pki.log import PublicLog
from lab.pki.monitor import Monitor, Order, unordered
from lab.pki.pins import pin_of


@dataclass(frozen=True)
class Lags:
    """
    How long things take: between two readings of the logs, from a word to its revocation, until a theft is noticed.

    A CA has 24 hours for a stolen key or a certificate that nobody ordered
    (Baseline Requirements, section 4.9.1.1). That a theft is noticed at once is
    the best that an owner can hope for.
    """

    reads: timedelta = timedelta(hours=6)
    revokes: timedelta = timedelta(hours=24)
    notices: timedelta = timedelta(0)
    updates: timedelta = timedelta(hours=12)

    def __post_init__(self) -> None:
        if not self.reads:
            raise ValueError("the owner reads the logs every 0 hours; say how much time lies between, as in 1m")


LAGS = Lags()

READINGS = 8
"""Readings after the day of the pair: what is not there by then is not coming, but for what a theft makes of it."""


def order(credential: Credential) -> Order:
    """What the book says of a certificate that was ordered: its key, and the names that it may have."""
    names = credential.leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return Order(pin_of(credential.leaf), frozenset(map(str, names.get_values_for_type(x509.DNSName))))


def rings(
    logs: Iterable[PublicLog],
    names: Collection[str],
    book: Collection[Order],
    since: datetime,
    lags: Lags,
    *,
    known: Credential,
    lost: tuple[str, datetime] | None = None,
) -> datetime | None:
    """
    When the alarm rings first for what came into the logs; None where it never does.

    The logs were read last at `since`, just before anything happened. `lost` is
    the pin of a key that was stolen, and when the owner noticed: from then on no
    order for it counts. `known` is what the site has: its entries are no news.
    """
    own = common(known.leaf.public_bytes(Encoding.DER))
    monitors = [(Monitor(log.listed), log) for log in logs]
    entries: list[LogEntry] = []
    noticed = -((since - lost[1]) // lags.reads) if lost else 0  # the first reading from then on
    for number in sorted({*range(READINGS + 1), noticed}):
        now: datetime = since + number * lags.reads
        gone = lost[0] if lost and now >= lost[1] else ""
        for monitor, log in monitors:
            entries += monitor.read(partial(log.file, time=now))
        others = [one for one in entries if one.body != own]
        if number and unordered(others, 0, names, [one for one in book if one.pin != gone]):
            return now
    return None
