"""
Signed certificate timestamps (SCTs, RFC 6962 section 3.2): a log's signed word that it will have a certificate.

They are read from a certificate, verified, and made into plain values that can
be counted. How many are enough is a policy's business, and that a log kept its
word is seen in its tree only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from lab.counting import Stamp
from lab.pki.der import extension, parts
from lab.pki.entry import REMEMBERED, SCT_LIST, LogEntry, Octets, common, key_hash, moment, to_be_signed, vector
from lab.pki.pins import spki

_ECDSA = ec.ECDSA(hashes.SHA256())
SHA256_ECDSA = b"\4\3"  # RFC 5246 section 7.4.1.4.1; RFC 6962 allows RSA besides, which logs of static tiles do not use


def digitally_signed(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """A signature as logs write it: with its algorithm and its length (RFC 5246 section 4.7)."""
    return SHA256_ECDSA + vector(key.sign(message, _ECDSA), 2)


def check_signature(key: ec.EllipticCurvePublicKey, message: bytes, signature: bytes) -> None:
    """Raise ValueError, in one sentence, unless the log with this key signed the message."""
    taking = Octets(signature)
    algorithm, octets = taking.take(2), taking.vector(2)
    taking.end("the signature")
    if algorithm != SHA256_ECDSA:
        raise ValueError(f"the signature is of kind {algorithm.hex()}; a log's is ECDSA with SHA-256, 0403")
    try:
        key.verify(octets, message, _ECDSA)
    except InvalidSignature:
        raise ValueError("the signature is not by the log's key over this") from None


@dataclass(frozen=True, eq=False)
class ListedLog:
    """A log as a client's list of logs has it: its name, who runs it, its key, and when it was retired, if it was."""

    name: str
    operator: str
    key: ec.EllipticCurvePublicKey
    retired: datetime | None = None

    @cached_property
    def id(self) -> bytes:
        """The SHA-256 of its key, by which SCTs name it."""
        return sha256(spki(self.key)).digest()


@dataclass(frozen=True, slots=True)
class Sct:
    """One SCT: the id of its log, the milliseconds since 1970, the extensions, and the signature with its algorithm."""

    log: bytes
    timestamp: int
    extensions: bytes
    signature: bytes

    @property
    def octets(self) -> bytes:
        """As it stands in a list."""
        return b"\0" + self.log + self.timestamp.to_bytes(8, "big") + vector(self.extensions, 2) + self.signature


def listed(scts: Iterable[Sct]) -> bytes:
    """A list of SCTs, as a server sends it or as an extension wraps it (RFC 6962 section 3.3)."""
    return vector(b"".join(vector(one.octets, 2) for one in scts), 2)


def read_list(octets: bytes) -> tuple[Sct, ...]:
    """The SCTs of a list; those of a later version are left out. Raises ValueError where it is none."""
    whole = Octets(octets)
    each, found = Octets(whole.vector(2)), []
    whole.end("the list of SCTs")
    while each:
        one = Octets(each.vector(2))
        if one.number(1) == 0:
            log, timestamp, extensions = one.take(32), one.number(8), one.vector(2)
            found.append(Sct(log, timestamp, extensions, one.take(2) + vector(one.vector(2), 2)))
            one.end("an SCT")
    return tuple(found)


@lru_cache(REMEMBERED)
def scts_in(certificate: bytes) -> tuple[Sct, ...]:
    """The SCTs in a certificate (DER); none where it has no list. Raises ValueError where the list cannot be read."""
    value = extension(to_be_signed(certificate), SCT_LIST)
    if value is None:
        return ()
    (inner,) = parts(value)
    return read_list(inner.content)


def entry_of(sct: Sct, certificate: bytes, issuer: bytes | None) -> LogEntry:
    """
    The entry that an SCT promises, from the certificate and its issuer's, in DER.

    With `issuer` None the SCT is about the whole certificate, as those are that
    a server sends beside it. Raises ValueError where the octets are no certificates.
    """
    if issuer is None:
        return LogEntry(sct.timestamp, certificate, b"", sct.extensions)
    return LogEntry(sct.timestamp, common(certificate), key_hash(issuer), sct.extensions)


def check_sct(sct: Sct, certificate: bytes, issuer: bytes | None, log: ListedLog, now: datetime) -> None:
    """
    Raise ValueError, in one sentence, unless the log signed this SCT, for this certificate, before now.

    `certificate` and `issuer` as for `entry_of`. That the log has the entry nobody can tell from it.
    """
    _, bad = stamps((sct,), certificate, issuer, (log,), now)
    if bad:
        raise ValueError(bad[0])


def stamps(
    scts: Iterable[Sct], certificate: bytes, issuer: bytes | None, logs: Iterable[ListedLog], now: datetime
) -> tuple[tuple[Stamp, ...], tuple[str, ...]]:
    """The SCTs that hold, as plain values, and for each of the others in words why it does not."""
    found = _verified(tuple(scts), certificate, issuer, tuple(logs))
    good = tuple(one for one in found if isinstance(one, Stamp) and one.time <= now)
    if len(good) == len(found):
        return good, ()
    early = "the SCT is of {0.time:%Y-%m-%d %H:%M}, which is to come"
    bad = (one if isinstance(one, str) else f"{one.log}: {early.format(one)}" for one in found if one not in good)
    return good, tuple(bad)


@lru_cache(REMEMBERED)
def _verified(
    scts: tuple[Sct, ...], certificate: bytes, issuer: bytes | None, logs: tuple[ListedLog, ...]
) -> tuple[Stamp | str, ...]:
    """For each, one look whatever the time is: a stamp, or in words why it does not hold."""
    known, found = {log.id: log for log in logs}, list[Stamp | str]()
    for sct in scts:
        if sct.log not in known:
            found.append("an SCT is by a log that is not known here")
            continue
        log = known[sct.log]
        try:
            check_signature(log.key, entry_of(sct, certificate, issuer).leaf, sct.signature)
            found.append(Stamp(log.name, log.operator, moment(sct.timestamp), log.retired))
        except ValueError as problem:
            found.append(f"{log.name}: {problem}")
    return tuple(found)
