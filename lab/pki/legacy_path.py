"""
Path building, twice: one builder that looks for another path, and an old one that does not.

No sockets and no OpenSSL. The old builder has the shape of OpenSSL 1.0's: it
follows what the server sent as far as it goes, completes it from the trust
store, and only then looks at the dates; if they are wrong it gives up. That
is why it failed on 2020-05-30 and 2021-09-30, when a root or cross-sign in the
middle of good chains expired. OpenSSL 3 recovers (measured), so the lab has to
bring the old one along to show those days. It is no full validator: names,
signatures, the CA flag and dates are all that it looks at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from lab.observation import Certificate, ValidationError
from lab.pki.errors import reason_of

EXPIRED, NOT_YET, SELF_SIGNED, NO_ISSUER = 10, 9, 18, 20
"""The codes that OpenSSL has for these faults (X509_V_ERR_*)."""

LONGEST = 10  # certificates on a path


class Builder(StrEnum):
    """How a client builds the path."""

    SEARCHING = "searching"
    """It looks for another path where one fails, trusted certificates first, as OpenSSL 3 does."""
    LEGACY = "legacy"
    """It takes what was sent, and looks for no other path, as OpenSSL 1.0 did."""


@dataclass(frozen=True, slots=True)
class Built:
    """A path, leaf first and anchor last, or the error; never both."""

    path: tuple[Certificate, ...] | None
    error: ValidationError | None = None


@lru_cache(maxsize=65536)
def signed_by(der: bytes, issuer: bytes) -> bool:
    """Whether the certificate `issuer` signed the certificate `der`, names and signature both."""
    try:
        x509.load_der_x509_certificate(der).verify_directly_issued_by(x509.load_der_x509_certificate(issuer))
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def fault(one: Certificate, time: datetime) -> int:
    """0 where `one` is valid at `time`, both ends included (RFC 5280 section 4.1.2.5), else the code."""
    if time < one.not_before:
        return NOT_YET
    return EXPIRED if time > one.not_after else 0


def build(presented: Sequence[Certificate], anchors: Sequence[Certificate], time: datetime, builder: Builder) -> Built:
    """
    The path from the first presented certificate to one of `anchors` at `time`.

    `anchors` are self-signed. Host names are not looked at.
    """
    if not presented:
        return Built(None, ValidationError(NO_ISSUER, 0, "the server showed no certificate"))
    if builder is Builder.LEGACY:
        return _greedy(presented, anchors, time)
    for path in _paths((presented[0],), presented, anchors):
        if not any(fault(one, time) for one in path):
            return Built(path)
    return _greedy(presented, anchors, time, trusted_first=True)  # for the reason only: no valid path is there


def _issuers(one: Certificate, among: Sequence[Certificate], path: tuple[Certificate, ...]) -> list[Certificate]:
    used = {other.fingerprint for other in path}
    return [other for other in among if other.is_ca and other.fingerprint not in used and signed_by(one.der, other.der)]


def _paths(
    path: tuple[Certificate, ...], presented: Sequence[Certificate], anchors: Sequence[Certificate]
) -> Iterator[tuple[Certificate, ...]]:
    """Every path, those that end soonest in an anchor first."""
    known = {one.fingerprint for one in anchors}
    if path[-1].fingerprint in known:
        yield path
        return
    if len(path) < LONGEST:
        for above in (*_issuers(path[-1], anchors, path), *_issuers(path[-1], presented, path)):
            yield from _paths((*path, above), presented, anchors)


def _greedy(
    presented: Sequence[Certificate], anchors: Sequence[Certificate], time: datetime, *, trusted_first: bool = False
) -> Built:
    known = {one.fingerprint for one in anchors}
    path: tuple[Certificate, ...] = (presented[0],)
    order = (anchors, presented) if trusted_first else (presented, anchors)
    while path[-1].fingerprint not in known:
        above = [one for among in order for one in _issuers(path[-1], among, path)]
        if not above or len(path) >= LONGEST:
            code = SELF_SIGNED if len(path) == 1 and signed_by(path[0].der, path[0].der) else NO_ISSUER
            return Built(None, _wrong(code, path, len(path) - 1))
        path = (*path, above[0])
    for depth in range(len(path) - 1, -1, -1):  # from the anchor down, as OpenSSL reports them
        code = fault(path[depth], time)
        if code:
            return Built(None, _wrong(code, path, depth))
    return Built(path)


def _wrong(code: int, path: Sequence[Certificate], depth: int) -> ValidationError:
    return ValidationError(code, depth, reason_of(code), path[depth].name)
