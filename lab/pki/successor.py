"""
A server's announcement of its next keys, each with a proof that the server holds it.

As in SSH's UpdateHostKeys: the announced key signs a challenge that is bound
to the connection. Here the challenge is TLS exporter material (RFC 5705; RFC
8446 section 7.5), which both ends have and which no other connection shares.
So a proof that was made for somebody else's connection is worth nothing, and
no round trip is spent on asking for it. No sockets here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from lab.observation import Successor
from lab.pki.authority import Key
from lab.pki.pins import pin_of, spki

LABEL = b"EXPERIMENTAL-lab-successor"  # RFC 5705 section 4 leaves labels with this beginning to experiments
BINDING = 32  # octets of exporter material
MOST = 8  # keys of one announcement; a client need not verify a thousand signatures

_PSS = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)


@dataclass(frozen=True)
class Announcement:
    """A key's SubjectPublicKeyInfo in DER, and a signature that should be by that very key."""

    key: bytes
    proof: bytes


@dataclass(frozen=True)
class _Page:
    """What a server sends, in JSON; octets are base64."""

    successors: tuple[Announcement, ...]


def challenge(host: str, binding: bytes, key: bytes) -> bytes:
    """
    What the announced key signs: who announces it, on which connection, and which key it is.

    The first line says what the signature is for, so that it can be taken for
    no other one. Raises ValueError for a binding of another length than 32.
    """
    if len(binding) != BINDING:
        raise ValueError(f"a binding has {BINDING} octets of exporter material, and this one has {len(binding)}")
    name = host.lower().encode()
    return b"lab successor 1\n" + len(name).to_bytes(2, "big") + name + binding + hashlib.sha256(key).digest()


def announce(key: Key, host: str, binding: bytes) -> Announcement:
    """The announcement of a key by somebody who holds it."""
    return claim(key.public_key(), key, host, binding)


def claim(announced: CertificatePublicKeyTypes, signer: Key, host: str, binding: bytes) -> Announcement:
    """The announcement of `announced`, signed by `signer`: a lie, unless that is the same key's other half."""
    public = spki(announced)
    message = challenge(host, binding, public)
    if isinstance(signer, ec.EllipticCurvePrivateKey):
        proof = signer.sign(message, ec.ECDSA(hashes.SHA256()))
    elif isinstance(signer, rsa.RSAPrivateKey):
        proof = signer.sign(message, _PSS, hashes.SHA256())
    else:
        proof = signer.sign(message)
    return Announcement(public, proof)


def hear(announcement: Announcement, host: str, binding: bytes) -> Successor:
    """
    The announced pin, and whether the proof holds for this host and this connection.

    Raises ValueError where the key is no SubjectPublicKeyInfo that this lab
    knows.
    """
    try:
        key = serialization.load_der_public_key(announcement.key)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("an announced key is no SubjectPublicKeyInfo; the server is to send DER in base64") from None
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey | mldsa.MLDSA65PublicKey):
        raise ValueError(f"an announced key is a {type(key).__name__}; the server is to use ECDSA, RSA or ML-DSA")
    message = challenge(host, binding, announcement.key)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(announcement.proof, message, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(announcement.proof, message, _PSS, hashes.SHA256())
        else:
            key.verify(announcement.proof, message)
    except InvalidSignature:
        return Successor(pin_of(key), False)
    return Successor(pin_of(key), True)


def to_json(announcements: Iterable[Announcement]) -> bytes:
    """The announcements as a server sends them: the whole list of keys beside the one on the line."""
    return msgspec.json.encode(_Page(tuple(announcements))) + b"\n"


def from_json(body: bytes) -> tuple[Announcement, ...]:
    """The announcements of a server's answer. Raises ValueError, in one sentence, for anything else."""
    try:
        found = msgspec.json.decode(body, type=_Page).successors
    except (msgspec.DecodeError, RecursionError):
        raise ValueError(
            'this is no announcement; the server is to send {"successors": [{"key": ..., "proof": ...}]} in base64'
        ) from None
    if len(found) > MOST:
        raise ValueError(f"the server announces {len(found)} keys; a client takes {MOST} at most")
    return found
