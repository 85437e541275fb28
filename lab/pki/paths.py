"""
How programs build paths: one builder, in each of the ways in which they do it.

No sockets and no OpenSSL. What differs between programs is which certificates
of the store may end a path, and what happens where the first path that comes
to mind is no good (`lab.building.PathBuilding`). All of them hand what they
found to one full validator.
"""

# Theory of operation. A *searching* builder enumerates every path from the leaf upwards, link by verified link, in the
# store before among what was sent, and takes the first that the validator accepts. The others build one path only:
#
#   first    by names and key identifiers, as OpenSSL 3 finds issuers: in the store before among what was sent, one that
#            is within its dates before one that is not. Signatures are looked at when the path is whole, and then it is
#            too late to try another.
#            The server's own certificate, where the store holds it, is OpenSSL's last resort: it is trusted where the
#            path has come to no other anchor, and whatever was found above it stays on the path.
#   legacy   as OpenSSL 1.0 did: what was sent as far as it goes, and the store only then. That is why it failed on
#            2020-05-30 and 2021-09-30, when a root or a cross-sign in the middle of good chains expired. (1.0.1n and
#            1.0.2b look further where no issuer is found, and not where an expired one is: openssl-users, 2021-10-03.)
#
# Where a path may end is asked at each certificate. Who goes on while it can (OkHttp) has its path validated up to the
# first certificate of the store, and then adds whoever signed the last, trusted or not. The number of certificates on a
# path and of steps in a search is bounded: a server may send CAs that have all signed each other.

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from lab.building import Anchors, Branching, PathBuilding
from lab.observation import Certificate, ValidationError
from lab.pki.errors import UNSPECIFIED, error_at
from lab.pki.reading import UNREADABLE, parsed
from lab.pki.validation import unsound

EXPIRED, NOT_YET, BAD_SIGNATURE, TOO_LONG = 10, 9, 7, 22
SELF_SIGNED, SELF_SIGNED_ABOVE, NO_ISSUER, NO_ISSUER_OF_TRUSTED = 18, 19, 20, 2
"""The codes that OpenSSL has for these faults (X509_V_ERR_*); it has one for each thing that a validator finds."""

LONGEST = 10  # certificates on a path of a builder that searches, or goes on while it can
STEPS = 2000  # certificates that a search puts on a path, all in all

_Path = tuple[Certificate, ...]


@dataclass(frozen=True, slots=True)
class Built:
    """A path, leaf first and anchor last, or the error; never both."""

    path: _Path | None
    error: ValidationError | None = None


def build(presented: Sequence[Certificate], anchors: Sequence[Certificate], time: datetime, how: PathBuilding) -> Built:
    """
    The path from the first presented certificate to one of `anchors`, as a program that builds like this finds it.

    It is valid at `time`. Host names are not looked at. Where there is none the
    error is that of the path which a builder that does not search comes to.
    """
    if not presented:
        return Built(None, ValidationError(NO_ISSUER, 0, "the server showed no certificate"))
    if presented[0].trouble:
        return Built(None, error_at(UNSPECIFIED, 0, presented[0]))
    presented, anchors = ([one for one in among if not one.trouble] for among in (presented, anchors))
    ends = _ends(anchors, how.anchors)
    if how.branching is Branching.SEARCHING:
        for path in _every(presented, anchors, ends):
            if not any(fault(one, time) for one in path) and not unsound(path):
                return Built(_finished(path, presented, anchors, how))
    path = _only(presented, anchors, time, how.branching, ends)
    error = _wrong(path, anchors, time, ends)
    bounded = how.branching is Branching.SEARCHING or how.anchors is Anchors.ANY_GOES_ON
    if error is None and bounded and len(path) > LONGEST:
        error = error_at(TOO_LONG, LONGEST, path[LONGEST])
    return Built(None, error) if error else Built(_finished(path, presented, anchors, how))


def fault(one: Certificate, time: datetime) -> int:
    """0 where `one` is valid at `time`, both ends included (RFC 5280 section 4.1.2.5), else the code."""
    if time < one.not_before:
        return NOT_YET
    return EXPIRED if time > one.not_after else 0


# ---- who issued whom ------------------------------------------------------------------------------


@lru_cache(maxsize=65536)
def signed_by(one: Certificate, issuer: Certificate) -> bool:
    """Whether `issuer` signed `one`, names and signature both."""
    try:
        parsed(one.der).verify_directly_issued_by(parsed(issuer.der))
    except (*UNREADABLE, InvalidSignature):
        return False
    return True


@lru_cache(maxsize=65536)
def named_by(one: Certificate, issuer: Certificate) -> bool:
    """Whether `one` names `issuer`, by name and, where both have one, by key identifier: no signature is looked at."""
    same_key = not one.issuer_key_id or not issuer.key_id or one.issuer_key_id == issuer.key_id
    return same_key and parsed(one.der).issuer == parsed(issuer.der).subject


def constrained(path: _Path) -> bool:
    """Whether a certificate of the path limits the names below it (RFC 5280 section 4.2.1.10)."""
    return any(isinstance(one.value, x509.NameConstraints) for each in path for one in parsed(each.der).extensions)


def _issuers(path: _Path, among: Sequence[Certificate], link: Callable[[Certificate, Certificate], bool]) -> _Path:
    """Whoever stands above the last of the path by this link, each once, and nobody who is on the path already."""
    return tuple(one for one in dict.fromkeys(among) if one not in path and link(path[-1], one))


# ---- the paths ------------------------------------------------------------------------------------


def _ends(anchors: Sequence[Certificate], which: Anchors) -> Callable[[Certificate], bool]:
    stored = frozenset(anchors)
    if which is Anchors.SELF_SIGNED:
        return lambda one: one in stored and named_by(one, one)
    return lambda one: one in stored


def _every(
    presented: Sequence[Certificate], anchors: Sequence[Certificate], ends: Callable[[Certificate], bool]
) -> Iterator[_Path]:
    """Every path whose signatures verify: at each certificate through the store first, and then through what came."""
    waiting: list[_Path] = [(presented[0],)]
    for _ in range(STEPS):
        if not waiting:
            return
        path = waiting.pop()
        if ends(path[-1]):
            yield path
        elif len(path) < LONGEST:
            above = _issuers(path, (*anchors, *presented), signed_by)
            waiting += [(*path, one) for one in reversed(above)]


def _only(
    presented: Sequence[Certificate],
    anchors: Sequence[Certificate],
    time: datetime,
    branching: Branching,
    ends: Callable[[Certificate], bool],
) -> _Path:
    """The one path of a builder that does not search, as far as it gets."""
    legacy = branching is Branching.LEGACY
    order = (presented, anchors) if legacy else (anchors, presented)
    path: _Path = (presented[0],)
    # Nobody is on a path twice, so it has an end. The leaf counts as sent, also where the store has it.
    while not named_by(path[-1], path[-1]) and not (len(path) > 1 and ends(path[-1])):
        for among in (anchors,) if len(path) > 1 and path[-1] in anchors else order:
            above = _issuers(path, among, named_by)
            if above:
                current = above if legacy else [one for one in above if not fault(one, time)]
                path = (*path, (current or sorted(above, key=_end, reverse=True))[0])
                break
        else:
            break
    return path


def _end(one: Certificate) -> datetime:
    return one.not_after


def _finished(
    path: _Path, presented: Sequence[Certificate], anchors: Sequence[Certificate], how: PathBuilding
) -> _Path:
    """The path as the program has it in hand: longer, where it goes on while it can."""
    while how.anchors is Anchors.ANY_GOES_ON and len(path) < LONGEST:
        above = _issuers(path, (*anchors, *presented), signed_by)
        if named_by(path[-1], path[-1]) or not above:
            break
        path = (*path, above[0])
    return path


def _wrong(
    path: _Path, anchors: Sequence[Certificate], time: datetime, ends: Callable[[Certificate], bool]
) -> ValidationError | None:
    """What is wrong with that one path, as OpenSSL says it: its end, then signatures and dates from there down."""
    top = len(path) - 1
    if not ends(path[-1]) and not ends(path[0]):
        if named_by(path[-1], path[-1]):
            return error_at(SELF_SIGNED_ABOVE if top else SELF_SIGNED, top, path[top])
        return error_at(NO_ISSUER_OF_TRUSTED if path[-1] in anchors else NO_ISSUER, top, path[top])
    for depth in range(top, -1, -1):
        if depth < top and not signed_by(path[depth], path[depth + 1]):
            return error_at(BAD_SIGNATURE, depth, path[depth])
        if code := fault(path[depth], time):
            return error_at(code, depth, path[depth])
    if why := unsound(path):
        return ValidationError(UNSPECIFIED, 0, f"the path to {path[-1].name} is not valid: {why}", path[0].name)
    return None
