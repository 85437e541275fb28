"""
What comes with a client's updates, made as whoever reads all logs and all lists makes it: a pushed list that is right.

It knows what the logs have in their trees and what authorities have taken
back. A certificate that no log has is on no pushed list. No sockets.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from lab.pki.elsewhere import Elsewhere, Gone, answering, listing
from lab.pki.entry import LogEntry, key_hash, moment
from lab.pki.log import PublicLog
from lab.pki.pins import spki
from lab.pki.pushed import INTERVAL, PushedList, cascade, named
from lab.pki.reading import parsed
from lab.pki.revoke import LIFE


def pushed_list(
    logs: Sequence[PublicLog], gone: Sequence[Gone], time: datetime, *, lag: timedelta = INTERVAL
) -> PushedList:
    """
    The list of a client whose last update came a `lag` before `time`: it covers what was in the logs' trees then.

    A log of the lab puts certificates into its tree in the order of their
    times, so one that is no later than the last in the tree is there too. It
    holds for a week, as whatever the lab's authorities say does. Raises one of
    `UNREADABLE` for a log with an entry that is no certificate.
    """
    made, keys, covers = time - lag, set[bytes](), dict[str, datetime]()
    for log in logs:
        if there := log.entries[: log.size(made)]:
            covers[log.listed.name] = moment(there[-1].timestamp)
            keys |= {_key(log, one, made) for one in there if one.issuer or one.chain}
    told = {named(sha256(spki(by.certificate)).digest(), one.serial) for by, one in gone if one.since <= made}
    return PushedList(cascade(told & keys, keys - told), made, made + LIFE, covers)


def _key(log: PublicLog, entry: LogEntry, time: datetime) -> bytes:
    """What names an entry in a cascade; the issuer of one that is no precertificate is in the log as well."""
    issuer = entry.issuer or key_hash(log.file(f"issuer/{entry.chain[0].hex()}", time))
    return named(issuer, parsed(entry.certificate).serial_number)


def ordinary(
    logs: Sequence[PublicLog], gone: Sequence[Gone], time: datetime, *, lag: timedelta = INTERVAL
) -> Elsewhere:
    """What is to be had at `time` where nothing is in the way and nothing is late: answers, lists, and an update."""
    return Elsewhere(answering(*gone), listing(*gone), pushed_list(logs, gone, time, lag=lag))
