"""
Which certificate each pin names.

A pin is compared with the key and with the whole of every certificate, with
SHA-256 and SHA-1, because people pin all of these. Whether the program that
reads the pin could ever match it there is said beside it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from lab.built.forecast.chain import Chain
from lab.built.forecast.config import Format, Pin, PinConfig
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
    found = []
    for number, listed in enumerate(config.lists):
        for pin in listed.pins:
            names, place = _named(pin, chain, held)
            never = _never(config.format, pin, listed.where, names, place)
            found.append(Match(pin, listed.where, number, names, place, never))
    return tuple(found)


def with_root(matches: Iterable[Match], config: PinConfig, chain: Chain) -> tuple[Match, ...]:
    """
    The same, as if a pin that names nothing were the key of the root, which is not in the file: one in each list.

    Which of several it is makes no difference, since any pin of a list will do.
    """
    found: list[Match] = []
    for one in matches:
        other = replace(one, names=Names.KEY, place=len(chain.path))
        other = replace(other, never=_never(config.format, one.pin, one.where, other.names, other.place))
        taken = any(each.list == one.list and each.place == other.place for each in found)
        found.append(one if one.names is not Names.NOTHING or other.never or taken else other)
    return tuple(found)


def _named(pin: Pin, chain: Chain, held: set[bytes]) -> tuple[Names, int | None]:
    """What this pin names, and its place where that is in the chain."""
    for place, (key, whole) in enumerate(_hashes(chain.path, pin.hash)):
        if pin.digest == key and not pin.whole:
            return Names.KEY, place
        if pin.digest == whole:
            return Names.CERTIFICATE, place
    if any(pin.digest in both for both in _hashes(chain.aside, pin.hash)):
        return Names.ASIDE, None
    known = pin.digest in held or pin.role is Role.BACKUP
    if not known and pin.role is Role.ROOT and not chain.has_root:
        return Names.KEY, len(chain.path)  # the file itself says that this is the root's
    if pin.digest and dummy(pin.digest):
        return Names.DUMMY, None
    return (Names.BACKUP if known else Names.NOTHING), None


def _hashes(certificates: Iterable[x509.Certificate], name: str) -> Iterator[tuple[bytes, bytes]]:
    """Of each certificate the hash of its key and of the whole."""
    hashed = hashlib.sha256 if name == "SHA-256" else hashlib.sha1
    for one in certificates:
        whole = one.public_bytes(serialization.Encoding.DER)
        yield hashed(spki(one)).digest(), hashed(whole).digest()


def _never(format: Format, pin: Pin, where: Where, names: Names, place: int | None) -> str:
    if pin.never:
        return pin.never
    if names is Names.CERTIFICATE and not pin.whole and format is not Format.LIST:
        return f"it is the hash of the whole certificate, and {format.words} compares the hash of its key"
    if names is Names.CERTIFICATE and not format.dialect.whole:
        return "whole certificates are not compared"
    if format.dialect.builds == "curl" and place:
        return "it is the key of a CA, and curl compares the leaf's key only"
    if where is Where.LEAF and place:
        return f"it is the key of a CA, and {format.words} looks at the leaf only in this list"
    if where is Where.CA and place == 0:
        return f"it is the key of the leaf, and {format.words} looks at CAs only in this list"
    return ""


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
