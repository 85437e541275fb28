"""
What a log keeps of a certificate, in octets: TLS's numbers and vectors, and the entry that is made of them.

An entry of a precertificate is the certificate that is to come, without what
makes it a precertificate and without the list of what logs said. Whether a
certificate is good, and which log has it, nothing here says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from lab.pki.der import SEQUENCE, VERSION, extension, fields, parts, without, wrapped

SCT_LIST = bytes.fromhex("2b06010401d679020402")
"""Object identifier 1.3.6.1.4.1.11129.2.4.2, the list of SCTs in a certificate (RFC 6962 section 3.3)."""
POISON = bytes.fromhex("2b06010401d679020403")
"""1.3.6.1.4.1.11129.2.4.3, critical, so that no client takes a precertificate for a certificate (section 3.1)."""

X509, PRECERTIFICATE = 0, 1  # RFC 6962 section 3.1, LogEntryType
V1 = b"\0\0"  # the version, and that this is of one certificate: the same octets in a leaf and below an SCT
LEAF_INDEX = b"\0\0\5"  # type 0 of the SCT extensions that static-ct-api names, and five octets
NO_SIGNATURE = b"\3\1\0"  # a bit string without a bit
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
REMEMBERED = 1024
"""Certificates that are not taken apart again: each log does so, and then each client."""


def milliseconds(time: datetime) -> int:
    """A time as logs write it: whole milliseconds since 1970."""
    return (time - EPOCH) // MILLISECOND


def moment(timestamp: int) -> datetime:
    """The time that a log wrote; the last one of the calendar, where it is behind that."""
    return EPOCH + min(timestamp, milliseconds(datetime.max.replace(tzinfo=UTC))) * MILLISECOND


def vector(octets: bytes, size: int) -> bytes:
    """The octets behind their length, which takes `size` octets (RFC 8446 section 3.4)."""
    return len(octets).to_bytes(size, "big") + octets


class Octets:
    """Octets that are taken from the front; raises ValueError where there are fewer than are wanted."""

    def __init__(self, octets: bytes) -> None:
        self._octets, self._at = octets, 0

    def __bool__(self) -> bool:
        return self._at < len(self._octets)

    def take(self, count: int) -> bytes:
        """The next `count` octets."""
        found = self._octets[self._at : self._at + count]
        if len(found) != count:
            raise ValueError(f"{count} octets were to come, and there are {len(found)}")
        self._at += count
        return found

    def number(self, size: int) -> int:
        """The next `size` octets as a number."""
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        """The octets behind the length that comes next."""
        return self.take(self.number(size))

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._octets) - self._at)

    def end(self, what: str) -> None:
        """Raise ValueError where there is more."""
        if self:
            raise ValueError(f"behind {what} there are {len(self._octets) - self._at} octets too many")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """
    One certificate as a log has it: since when, what of it, and at which index.

    `body` is the certificate in DER, or of a precertificate the part that the
    certificate to come has as well; then `issuer` is the SHA-256 of its
    issuer's SubjectPublicKeyInfo, else empty. `chain` are the SHA-256 of the
    certificates above, `precertificate` is what was handed in: neither is below
    the hash, so neither is to be believed.
    """

    timestamp: int
    body: bytes
    issuer: bytes
    extensions: bytes
    precertificate: bytes = b""
    chain: tuple[bytes, ...] = ()

    @property
    def leaf(self) -> bytes:
        """What the tree hashes and, octet by octet the same, what an SCT signs (RFC 6962 sections 3.4 and 3.2)."""
        return V1 + self._stamped()

    @property
    def index(self) -> int:
        """Where a log of static tiles says that it put it. Raises ValueError where it does not say."""
        if self.extensions[:3] != LEAF_INDEX or len(self.extensions) != 8:
            raise ValueError("the log does not say at which index the entry is")
        return int.from_bytes(self.extensions[3:], "big")

    @property
    def certificate(self) -> bytes:
        """A certificate in DER to read: for a precertificate what the log vouches for, under no signature."""
        if not self.issuer:
            return self.body
        (whole,) = parts(self.body)
        inner = parts(whole.content)
        at = 2 if inner and inner[0].tag == VERSION else 1
        return wrapped(SEQUENCE, self.body + b"".join(one.whole for one in inner[at : at + 1]) + NO_SIGNATURE)

    def tile(self) -> bytes:
        """As it stands in a tile of entries (static-ct-api, TileLeaf)."""
        handed_in = vector(self.precertificate, 3) if self.issuer else b""
        return self._stamped() + handed_in + vector(b"".join(self.chain), 2)

    def _stamped(self) -> bytes:
        kind = PRECERTIFICATE if self.issuer else X509
        head = self.timestamp.to_bytes(8, "big") + kind.to_bytes(2, "big") + self.issuer
        return head + vector(self.body, 3) + vector(self.extensions, 2)


def taken(octets: Octets) -> LogEntry:
    """The next entry of a tile. Raises ValueError where it is none."""
    timestamp, kind = octets.number(8), octets.number(2)
    if kind not in (X509, PRECERTIFICATE):
        raise ValueError(f"an entry is of type {kind}, and only 0 and 1 are known")
    issuer = octets.take(32) if kind == PRECERTIFICATE else b""
    body, extensions = octets.vector(3), octets.vector(2)
    precertificate = octets.vector(3) if kind == PRECERTIFICATE else b""
    chain = Octets(octets.vector(2))
    above = []
    while chain:
        above.append(chain.take(32))
    return LogEntry(timestamp, body, issuer, extensions, precertificate, tuple(above))


def to_be_signed(der: bytes) -> bytes:
    """What is under a certificate's signature, as it stands (RFC 5280 section 4.1.1.1)."""
    (certificate,) = parts(der)
    tbs, *_ = parts(certificate.content)
    return tbs.whole


@lru_cache(REMEMBERED)
def poisoned(der: bytes) -> bool:
    """Whether it is a precertificate."""
    return extension(to_be_signed(der), POISON) is not None


@lru_cache(REMEMBERED)
def common(der: bytes) -> bytes:
    """What a certificate and its precertificate share: what is signed, without the list of SCTs and the poison."""
    return without(without(to_be_signed(der), SCT_LIST), POISON)


@lru_cache(REMEMBERED)
def key_hash(der: bytes) -> bytes:
    """The SHA-256 of a certificate's SubjectPublicKeyInfo as it stands."""
    return sha256(fields(der).spki).digest()
