"""
Which certificate each pin names.

A pin is compared with the key and with the whole of every certificate, with
SHA-256 and SHA-1, because people pin all of these. Whether the program that
reads the pin could ever match it there is said beside it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from lab.built.forecast.chain import Chain
from lab.built.forecast.config import Format, Listed, Pin, PinConfig
from lab.pki.pins import parse_pin, spki
from lab.policy.pinset import Role, Where


class Names(StrEnum):
    """What a pin turned out to name."""

    KEY = "the key of a certificate in the chain"
    CERTIFICATE = "a whole certificate, and not its key"
    ASIDE = "a certificate in the file that is not on the path"
    BACKUP = "a key that you say is your backup"
    DUMMY = "nothing: it is no hash of any key"
    NOTHING = "nothing that was shown"


@dataclass(frozen=True)
class Match:
    """
    What one pin names.

    `place` is the certificate's place in the rebuilt path, 0 for the leaf; None
    where it is not in the chain. `never` says why the program cannot match it
    even so; empty where it can.
    """

    pin: Pin
    where: Where
    list: int
    names: Names
    place: int | None = None
    never: str = ""

    @property
    def works(self) -> bool:
        """Whether this pin lets a client through today."""
        return self.place is not None and not self.never

    @property
    def outside(self) -> bool:
        """Whether it can be meant as a backup: a key that is not in the chain."""
        return self.names in (Names.BACKUP, Names.NOTHING, Names.DUMMY)


def match(config: PinConfig, chain: Chain, backups: Iterable[str] = ()) -> tuple[Match, ...]:
    """What every pin names, in the order of the lists; `backups` are pins of keys that the operator holds."""
    held = {base64.b64decode(parse_pin(one).removeprefix("sha256/")) for one in backups}
    return tuple(
        _match(config.format, pin, one, number, chain, held)
        for number, one in enumerate(config.lists)
        for pin in one.pins
    )


def _match(format: Format, pin: Pin, listed: Listed, number: int, chain: Chain, held: set[bytes]) -> Match:
    hashed = hashlib.sha256 if pin.hash == "SHA-256" else hashlib.sha1
    place: int | None = None
    names = Names.NOTHING
    for here, certificate in enumerate(chain.path):
        if not pin.whole and hashed(spki(certificate.public_key())).digest() == pin.digest:
            place, names = here, Names.KEY
            break
        if hashed(_der(certificate)).digest() == pin.digest:
            place, names = here, Names.CERTIFICATE
            break
    else:
        if any(pin.digest in (hashed(spki(c.public_key())).digest(), hashed(_der(c)).digest()) for c in chain.aside):
            names = Names.ASIDE
        elif pin.digest in held or pin.role is Role.BACKUP:
            names = Names.BACKUP
        elif pin.role is Role.ROOT and not chain.has_root:
            place, names = len(chain.path), Names.KEY  # the file itself says that this is the root's
        if names in (Names.NOTHING, Names.BACKUP) and dummy(pin.digest):
            names = Names.DUMMY
    return Match(pin, listed.where, number, names, place, _never(format, pin, listed.where, names, place))


def _never(format: Format, pin: Pin, where: Where, names: Names, place: int | None) -> str:
    if pin.never:
        return pin.never
    if names is Names.CERTIFICATE and not pin.whole:
        return f"it is the hash of the whole certificate, and {format.words} compares the hash of its key"
    if names is Names.CERTIFICATE and format is not Format.LAB:
        return "whole certificates are not compared"
    if format is Format.CURL and place:
        return "it is the key of a CA, and curl compares the leaf's key only"
    if where is Where.LEAF and place:
        return f"it is the key of a CA, and {format.words} looks at the leaf only in this list"
    if where is Where.CA and place == 0:
        return f"it is the key of the leaf, and {format.words} looks at CAs only in this list"
    return ""


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


_EMPTY = {hashlib.sha256(b"").digest(), hashlib.sha1(b"").digest()}


def dummy(digest: bytes) -> bool:
    """
    Whether this is certainly no hash of a key: AAAA...=, BBBB...=, another pattern, plain text, the empty string's.

    A real hash looks so about once in 10**13 pins, for plain text, and far more rarely for the others.
    """
    if digest in _EMPTY:
        return True
    # The last character of the base 64 carries spare bits, so it does not count.
    text = base64.b64encode(digest).decode().rstrip("=")[:-1]
    repeated = any(all(a == b for a, b in zip(digest, digest[n:], strict=False)) for n in range(1, 9))
    steps = {(b - a) % 256 for a, b in pairwise(digest)}
    readable = all(32 <= octet < 127 for octet in digest)
    return len(set(text)) <= 2 or repeated or len(steps) == 1 or readable
