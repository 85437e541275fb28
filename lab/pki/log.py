"""
A log of certificates: it takes them, signs that it has them, and publishes its tree in tiles (static-ct-api).

It is a maker, honest as long as nobody makes it otherwise: `forked` gives the
same log a second tree, for other eyes. No sockets: what a server would hand
out are octets by path. Time is told to it, and never read off a clock.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise, starmap
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lab.pki.der import wrapped
from lab.pki.entry import LEAF_INDEX, LogEntry, common, key_hash, milliseconds, poisoned
from lab.pki.head import TreeHead, checkpoint, signed_head
from lab.pki.merkle import MerkleTree
from lab.pki.paths import signed_by
from lab.pki.reading import seen
from lab.pki.sct import ListedLog, Sct, digitally_signed, listed

WIDTH = 256
"""The hashes, or the entries, of a whole tile."""
PROMISE = timedelta(hours=24)
"""The maximum merge delay: how long after its SCT an entry may be missing from the tree (RFC 6962 section 3)."""
OCTET_STRING = 0x04
_PATH = re.compile(r"tile/(data|[0-5])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


def tile_path(level: int | str, number: int, width: int = WIDTH) -> str:
    """Where a tile stands: its level or ``data``, its number in threes, and its width where it is not whole."""
    threes = f"{number % 1000:03d}"
    while number := number // 1000:
        threes = f"x{number % 1000:03d}/{threes}"
    return f"tile/{level}/{threes}" + ("" if width == WIDTH else f".p/{width}")


class PublicLog:
    """
    A log with a name, an operator and a key.

    An entry is in the tree `delay` after it was handed in, and not before what
    was handed in earlier; its place is fixed, and in the SCT, at once. It takes
    what one of its `roots` vouches for, and anything where there are none.
    """

    def __init__(
        self,
        name: str = "log.example/one",
        operator: str = "Log Operator",
        *,
        delay: timedelta = timedelta(0),
        roots: Sequence[x509.Certificate] = (),
    ) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.listed = ListedLog(name, operator, self._key.public_key())
        self.delay, self._roots = delay, [seen(one) for one in roots]
        self.entries: list[LogEntry] = []
        self.tree = MerkleTree()
        self._due: list[datetime] = []
        self._scts: dict[bytes, Sct] = {}
        self._issuers: dict[str, bytes] = {}

    def forked(self) -> Self:
        """The same log, key and all, with the same entries, which from now on grows apart: a split view."""
        other = copy(self)
        other.entries, other.tree, other._due = self.entries[:], self.tree.copied(), self._due[:]
        other._scts, other._issuers = dict(self._scts), dict(self._issuers)
        return other

    def submit(self, chain: Sequence[x509.Certificate], time: datetime) -> Sct:
        """
        Take a certificate or a precertificate, which comes first, with the chain above it; what the log signs for it.

        One that it has already gets the same answer again. Raises ValueError, in
        one sentence, for a precertificate without its issuer and for a chain that
        no root of the log's vouches for.
        """
        line = [seen(one) for one in chain] if self._roots else []
        if self._roots and not any(all(starmap(signed_by, pairwise((*line, root)))) for root in self._roots):
            raise ValueError(f"{self.listed.name} has no root that vouches for this chain; hand in all of it")
        handed_in, *above = (one.public_bytes(serialization.Encoding.DER) for one in chain)
        pre = poisoned(handed_in)
        if pre and not above:
            raise ValueError("a precertificate is to come with its issuer's certificate; hand in its chain")
        body, issuer = (common(handed_in), key_hash(above[0])) if pre else (handed_in, b"")
        known = sha256(issuer + body).digest()
        if known in self._scts:
            return self._scts[known]
        fingerprints = [sha256(one).digest() for one in above]
        self._issuers.update({one.hex(): der for one, der in zip(fingerprints, above, strict=True)})
        index = LEAF_INDEX + len(self.entries).to_bytes(5, "big")
        entry = LogEntry(milliseconds(time), body, issuer, index, handed_in if pre else b"", tuple(fingerprints))
        self.tree.append(entry.leaf)
        self.entries.append(entry)
        self._due.append(max([time + self.delay, *self._due[-1:]]))
        signature = digitally_signed(self._key, entry.leaf)
        self._scts[known] = Sct(self.listed.id, entry.timestamp, entry.extensions, signature)
        return self._scts[known]

    # ---- what it publishes ------------------------------------------------------------------------

    def size(self, time: datetime) -> int:
        """How many entries are in the tree at this time."""
        return bisect_right(self._due, time)

    def head(self, time: datetime) -> TreeHead:
        """The tree at this time, signed."""
        size = self.size(time)
        return signed_head(self._key, size, time, self.tree.root(size))

    def files(self, time: datetime) -> Iterator[str]:
        """The paths of all that it publishes at this time."""
        yield "checkpoint"
        yield from (f"issuer/{one}" for one in self._issuers)
        for level in ("data", *range(6)):
            count = self.size(time) >> (0 if level == "data" else 8 * int(level))
            yield from (tile_path(level, at // WIDTH, min(WIDTH, count - at)) for at in range(0, count, WIDTH))

    def file(self, path: str, time: datetime) -> bytes:
        """What a server hands out under this path at this time. Raises ValueError where there is nothing."""
        if path == "checkpoint":
            return checkpoint(self.head(time), self.listed)
        kind, _, rest = path.partition("/")
        if kind == "issuer" and rest in self._issuers:
            return self._issuers[rest]
        asked = _PATH.fullmatch(path)
        if asked:
            level = 0 if asked[1] == "data" else int(asked[1])
            start, width = int(asked[2].replace("x", "").replace("/", "")) * WIDTH, int(asked[3] or WIDTH)
            if start + width <= self.size(time) >> 8 * level and width <= WIDTH:
                if asked[1] == "data":
                    return b"".join(one.tile() for one in self.entries[start : start + width])
                return b"".join(self.tree.hashes(8 * level, start, start + width))
        raise ValueError(f"{self.listed.name} has nothing at {path[:80]!a}; its checkpoint says how much there is")


def logged(
    builder: x509.CertificateBuilder,
    sign: Callable[[x509.CertificateBuilder], x509.Certificate],
    above: Sequence[x509.Certificate],
    logs: Sequence[PublicLog],
    time: datetime,
) -> x509.Certificate:
    """
    A certificate with the list of what these logs signed for its precertificate; without a list, where there are none.

    `sign` is the issuer's signature, `above` the chain from the issuer on, `time` when the logs are asked.
    """
    if logs:
        precertificate = sign(builder.add_extension(x509.PrecertPoison(), critical=True))
        octets = wrapped(OCTET_STRING, listed(log.submit((precertificate, *above), time) for log in logs))
        oid = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, octets), critical=False)
    return sign(builder)
