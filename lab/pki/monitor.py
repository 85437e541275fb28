"""
A monitor: reads all of a log, holds the log to its word, and tells which certificates nobody ordered.

It believes what the log's key has signed and what is below the hashes, and
nothing else. Orders are keys and names: who ordered, and what is done about a
certificate that nobody did, others know. It sees one of a log's trees; that
there is another is seen by whoever sees two. No sockets, no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from lab.observation import Certificate
from lab.pki.entry import LogEntry, Octets, moment, taken
from lab.pki.head import TreeHead, read_checkpoint
from lab.pki.log import PROMISE, WIDTH, tile_path
from lab.pki.merkle import EMPTY, MerkleTree, leaf_hash
from lab.pki.reading import UNKNOWN_KEY, read
from lab.pki.sct import ListedLog

MOST = 1_000_000
"""New entries that one reading takes: a log may say that it has any number, and all of them are kept."""


@dataclass(frozen=True, slots=True)
class Order:
    """A certificate that was ordered: the pin of its key, and the names in lower case that it may have."""

    pin: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Unordered:
    """A certificate in a log that nobody ordered: where it is, since when, what it is, and why it is no order's."""

    index: int
    time: datetime
    certificate: Certificate
    why: str


class Monitor:
    """Reads a log from its first entry on, and goes on where it was; `head` is the last one that it has checked."""

    def __init__(self, log: ListedLog) -> None:
        self.log = log
        self.head = TreeHead(0, 0, EMPTY, b"")
        self._tree = MerkleTree()

    def read(self, get: Callable[[str], bytes]) -> tuple[LogEntry, ...]:
        """
        The entries that are new since it read last; `get` hands out the log's files by their paths.

        Raises ValueError, in one sentence, where the head is not signed, or is
        not the root of what was read before and of what is new; then the monitor
        stays where it was.
        """
        head, before = read_checkpoint(get("checkpoint"), self.log), self.head
        if head.size < before.size or head.timestamp < before.timestamp:
            raise ValueError(f"{self.log.name} shows an older tree, of {head.size} entries, after one of {before.size}")
        if head.size - before.size > MOST:
            raise ValueError(f"{self.log.name} has {head.size:,} entries, and one reading takes {MOST:,} new ones")
        found: list[LogEntry] = []
        try:
            for start in range(before.size // WIDTH * WIDTH, head.size, WIDTH):
                found += _tile(get, start, min(WIDTH, head.size - start))[max(0, before.size - start) :]
            for entry in found:
                self._tree.append(entry.leaf)
            if self._tree.root() != head.root:
                raise ValueError(f"{self.log.name} signed another tree of {head.size} entries than the one it shows")
            self.head = head
        finally:
            self._tree.cut(self.head.size)
        return tuple(found)

    def kept(self, promised: LogEntry) -> bool:
        """
        Whether what an SCT promises is in the log that was read; False while there is time left for it.

        Raises ValueError, in one sentence, where the promise is broken.
        """
        leaf, late = leaf_hash(promised.leaf), moment(self.head.timestamp) - moment(promised.timestamp) > PROMISE
        if [leaf] == self._tree.hashes(0, promised.index, promised.index + 1):
            return True
        if promised.index < self.head.size or late:
            missing = "has another entry" if promised.index < self.head.size else "has no entry yet"
            raise ValueError(f"{self.log.name} {missing} at index {promised.index}, where it promised this certificate")
        return False


def _tile(get: Callable[[str], bytes], start: int, width: int) -> list[LogEntry]:
    taking = Octets(get(tile_path("data", start // WIDTH, width)))
    entries = [taken(taking) for _ in range(width)]
    taking.end(f"the {width} entries of a tile")
    return entries


def unordered(
    entries: Iterable[LogEntry], first: int, names: Collection[str], orders: Collection[Order]
) -> tuple[Unordered, ...]:
    """
    Those of the entries, which begin at index `first`, that are for one of the names and for no order.

    A name stands for what is below it, and for the wildcards that cover it. A
    certificate that cannot be read may be for anybody: it is told as well.
    """
    found = []
    for index, entry in enumerate(entries, first):
        certificate = _read(entry)
        hosts = {one.lower().removesuffix(".") for one in (*certificate.hosts, certificate.name)}
        why = ""
        if certificate.trouble not in ("", UNKNOWN_KEY):
            why = f"it cannot be read, so that nobody knows for whom it is: {certificate.trouble}"
        elif any(_concerns(host, name.lower()) for host in hosts for name in names):
            mine = [order.names for order in orders if order.pin == certificate.pin]
            if not any({one.lower() for one in certificate.hosts} <= allowed for allowed in mine):
                why = "its key was ordered with other names" if mine else "nobody ordered a certificate for its key"
        if why:
            found.append(Unordered(index, moment(entry.timestamp), certificate, why))
    return tuple(found)


def _read(entry: LogEntry) -> Certificate:
    try:
        return read(entry.certificate)
    except ValueError:
        return read(entry.body)  # which says that it is none


def _concerns(host: str, name: str) -> bool:
    return host == name or host.endswith("." + name) or (host.startswith("*.") and host[2:] == name.partition(".")[2])
