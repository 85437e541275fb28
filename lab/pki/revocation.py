"""
What lists and responses about revocation have in common: who may sign them, until when they hold, whom they are about.

It knows signatures and clocks. Where an answer came from it does not know, nor
what a client does that hears no word. No sockets, and nobody's private key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, padding, rsa

from lab.naming import printable
from lab.observation import Certificate, Doubt, Status, Word
from lab.pki.reading import name_of

Extension = TypeVar("Extension", bound=x509.ExtensionType)

SHORTEST = 28  # octets of a digest; SHA-1, with 20, has been broken


def no_word(why: str) -> Word:
    """There is nothing to go by, and this is why."""
    return Word(Status.NO_WORD, why)


def doubted(claim: Word, against: Iterable[tuple[Doubt, str]]) -> Word:
    """What an answer claims, where nothing speaks against it; else no word, for the first reason, with the claim."""
    doubts = [(doubt, why) for doubt, why in against if why]
    return replace(no_word(doubts[0][1]), doubts=frozenset(dict(doubts)), claim=claim) if doubts else claim


def stamp(time: datetime) -> str:
    """A moment in UTC, as a reason names it."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def revoked(since: datetime, reason: x509.ReasonFlags | None) -> Word:
    """Its issuer has revoked it, and said why, or not."""
    stated = reason and reason is not x509.ReasonFlags.unspecified
    said = reason.name.replace("_", " ") if reason and stated else "no reason given"
    return Word(Status.REVOKED, f"its issuer revoked it on {stamp(since)}: {said}", since)


def stale(made: datetime, until: datetime | None, time: datetime) -> str:
    """
    Why an answer made at `made` does not hold at `time`, the client's clock; empty where it does.

    At `until` itself it holds no longer (RFC 6960 section 3.2). No clock is forgiven a second.
    """
    if time < made:
        return f"it was made on {stamp(made)}, and the client's clock says {stamp(time)}"
    if until is None:
        return "it does not say until when it holds, so one from years ago would do as well"
    return "" if time < until else f"it held until {stamp(until)}, and the client's clock says {stamp(time)}"


def unsigned(signature: bytes, octets: bytes, digest: hashes.HashAlgorithm | None, signer: x509.Certificate) -> str:
    """
    Why `signature` does not show that the key of `signer` signed these octets; empty where it does.

    A digest of fewer than 28 octets is refused. RSA is read with the padding of PKCS #1 v1.5, as all but a few use it.
    """
    if digest is not None and digest.digest_size < SHORTEST:
        return f"it is signed over {digest.name.upper()}, which is too weak, and SHA-224 or better is wanted"
    key, name = signer.public_key(), called(signer.subject)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and digest:
            key.verify(signature, octets, ec.ECDSA(digest))
        elif isinstance(key, rsa.RSAPublicKey) and digest:
            key.verify(signature, octets, padding.PKCS1v15(), digest)
        elif isinstance(key, mldsa.MLDSA65PublicKey):
            key.verify(signature, octets)
        else:
            return f"the key of {name} is of a kind that is not known here, or its signature is of another"
    except (InvalidSignature, ValueError):
        return f"its signature was not made with the key of {name}"
    return ""


def allows(signer: x509.Certificate, bit: str) -> bool:
    """Whether the key usage of a certificate has this bit; where none is there, it limits nothing (RFC 5280)."""
    held = found(signer, x509.KeyUsage)
    return held is None or bool(getattr(held, bit))


def found(holder: x509.Certificate | x509.CertificateRevocationList, kind: type[Extension]) -> Extension | None:
    """The extension of this kind, None where it has none; raises one of `UNREADABLE` where they cannot be read."""
    return next((one.value for one in holder.extensions if isinstance(one.value, kind)), None)


def called(name: x509.Name) -> str:
    """A name that somebody wrote, as a reader says it."""
    return printable(name_of(name)) or "(no name)"


def along(path: Sequence[Certificate], ask: Callable[[Certificate, Certificate], Word]) -> Word:
    """
    One word on a path, leaf first: revoked where one below the anchor is, good where all are, and else none.

    `ask` is asked about each certificate, with its issuer's. Who asks about the
    leaf alone takes a good word from an intermediate that is revoked itself.
    """
    words = [(one, ask(one, issuer)) for one, issuer in pairwise(path)]
    for status in (Status.REVOKED, Status.NO_WORD):
        for one, word in words:
            if word.status is status:
                return replace(word, why=f"{one.name}: {word.why}")
    if not words:
        return no_word("nobody stands above it on the path who could say a word")
    ends = [word.until for _, word in words if word.until]
    return Word(Status.GOOD, "no certificate below the anchor is revoked", until=min(ends, default=None))
