"""
A list of what is revoked that comes with the client's updates: a cascade of Bloom filters, as CRLite has it.

It knows every certificate that the logs held when it was made, and no other.
No sockets, and no signatures: it comes as the client itself came.
"""

# Theory of operation. A Bloom filter is a row of bits. Each key that goes in sets a few, and whoever finds all of its
# own set "is in": those that went in always, others by accident. The first filter holds what is revoked. The second
# holds those of the *good* that the first one takes by accident, the third those of the revoked that the second takes,
# and so on, until no accident is left. The first filter that does not take a key decides: where an odd number took it
# before, it is revoked. That is exact for every key that was there when the cascade was made, and only for those: one
# that was not is taken by accident like any other. So a list says what it covers, and has nothing to say of the rest.

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile

from lab.observation import Certificate, Status, Word
from lab.pki.pins import spki
from lab.pki.reading import UNREADABLE, parsed
from lab.pki.revocation import no_word, stale, stamp

HALF = 0.5
"""The share of keys that the second filter, and each one behind it, takes by accident."""

INTERVAL = timedelta(hours=12)
"""How long after an update the next one comes, where nothing else is said: as Firefox has it for CRLite."""

Logged = Mapping[str, datetime]
"""When each log took a certificate in, by the log's name, as the SCTs that came with the certificate say."""


@dataclass(frozen=True)
class Bloom:
    """One filter: its octets, and how many bits of them a key sets. `level` makes its choice of bits its own."""

    level: int
    octets: bytes = field(repr=False)
    hashes: int

    def __contains__(self, key: bytes) -> bool:
        return all(self.octets[bit >> 3] >> (bit & 7) & 1 for bit in _bits(self.level, key, self.hashes, self.octets))


def _bits(level: int, key: bytes, hashes: int, octets: bytes | bytearray) -> Iterator[int]:
    """The bits of one key: two numbers off one digest make all of them."""
    digest = hashlib.sha256(level.to_bytes(2, "big") + key).digest()
    first, step = int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:16], "big")
    return ((first + number * step) % (8 * len(octets)) for number in range(hashes))


def _filled(level: int, keys: Collection[bytes], share: float) -> Bloom:
    """A filter that takes these keys, and of all others about this share."""
    needed = -math.log2(share)  # bits that a key sets; the filter is then half full
    octets, hashes = bytearray(math.ceil(len(keys) * needed / math.log(2) / 8)), max(1, round(needed))
    for key in keys:
        for bit in _bits(level, key, hashes, octets):
            octets[bit >> 3] |= 1 << (bit & 7)
    return Bloom(level, bytes(octets), hashes)


def cascade(revoked: Iterable[bytes], good: Iterable[bytes]) -> tuple[Bloom, ...]:
    """
    Filters that tell these two sets of keys apart without an error.

    Raises ValueError where a key is in both.
    """
    inside, outside = set(revoked), set(good)
    if both := inside & outside:
        raise ValueError(f"{len(both)} keys are called revoked and good; a certificate is one of them")
    # The first filter takes so few by accident that the whole is about as small as it gets (CRLite, section IV).
    share = min(HALF, math.sqrt(HALF) * len(inside) / max(1, len(outside)))
    filters: list[Bloom] = []
    while inside:
        bloom = _filled(len(filters), inside, share)
        filters.append(bloom)
        inside, outside, share = {key for key in outside if key in bloom}, inside, HALF
    return tuple(filters)


def key_of(certificate: Certificate, issuer: Certificate) -> bytes:
    """What names a certificate in a cascade: its issuer's key and its serial number. Raises one of `UNREADABLE`."""
    return named(hashlib.sha256(spki(parsed(issuer.der))).digest(), parsed(certificate.der).serial_number)


def named(issuer: bytes, serial: int) -> bytes:
    """The same, where the SHA-256 of the issuer's key and the serial number are known."""
    return issuer + serial.to_bytes(serial.bit_length() // 8 + 1, "big", signed=True)


@dataclass(frozen=True)
class PushedList:
    """
    A cascade, made at `made`, that the client goes by until `until`, with the rule on what it covers.

    `covers` says of each log, by its name, up to which moment its certificates
    went into the cascade, revoked and good alike.
    """

    filters: tuple[Bloom, ...]
    made: datetime
    until: datetime
    covers: Logged

    @property
    def size(self) -> int:
        """The octets of all its filters."""
        return sum(len(one.octets) for one in self.filters)

    def contains(self, key: bytes, logged: Logged) -> Word:
        """Revoked; or not, which is good; or no word, where no log that it covers had the certificate in time."""
        if not any(log in self.covers and time <= self.covers[log] for log, time in logged.items()):
            last = max(self.covers.values(), default=None)
            known = f"the logs up to {stamp(last)}" if last else "no log"
            return no_word(f"the pushed list does not cover it: it knows {known}, and none of them had it by then")
        if self.takes(key):
            return Word(Status.REVOKED, f"it is on the pushed list of {stamp(self.made)}")
        return Word(Status.GOOD, f"it is not on the pushed list of {stamp(self.made)}", until=self.until)

    def takes(self, key: bytes) -> bool:
        """What the filters alone say: right for every key that the list covers, and chance for any other."""
        return len(list(takewhile(lambda bloom: key in bloom, self.filters))) % 2 == 1

    def listed(self, certificate: Certificate, issuer: Certificate, logged: Logged, time: datetime) -> Word:
        """
        The list's word on a certificate by the client's clock. It never raises.

        `logged` has to be what verified SCTs say: whoever may make it up has the list say what chance will.
        """
        if why := stale(self.made, self.until, time):
            return no_word(f"the pushed list is of no use: {why}")
        try:
            return self.contains(key_of(certificate, issuer), logged)
        except UNREADABLE:
            return no_word("the certificate cannot be read")
