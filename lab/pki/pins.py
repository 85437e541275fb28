"""
What a pin is.

A pin is the SHA-256 of a certificate's SubjectPublicKeyInfo (RFC 7469 section
2.4) as it stands there, written ``sha256/BASE64`` as OkHttp writes it. It names
a key, so every certificate that holds that key, written alike, has the same
pin. No sockets, no policies.
"""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from lab.disk import opened
from lab.pki.der import fields
from lab.pki.reading import UNREADABLE, hashed, unwarned
from lab.pki.reading import algorithm_of as algorithm_of
from lab.pki.reading import name_mismatch as name_mismatch
from lab.pki.reading import name_of as name_of
from lab.pki.reading import read as read
from lab.pki.reading import seen as seen

MOST_BYTES = 4 << 20
"""Octets of a file with certificates, at most."""


def spki(thing: x509.Certificate | PublicKeyTypes) -> bytes:
    """The DER of a SubjectPublicKeyInfo (RFC 5280 section 4.1): as it stands in a certificate, or of a bare key."""
    if isinstance(thing, x509.Certificate):
        return fields(thing.public_bytes(serialization.Encoding.DER)).spki
    return thing.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def pin_of(thing: x509.Certificate | PublicKeyTypes) -> str:
    """The pin, ``sha256/BASE64``, of a certificate's key or of a public key."""
    return hashed("sha256", spki(thing))


def fingerprint_of(certificate: x509.Certificate) -> str:
    """``cert-sha256/BASE64`` of the whole certificate; every renewal changes it."""
    return hashed("cert-sha256", certificate.public_bytes(serialization.Encoding.DER))


def parse_pin(text: str) -> str:
    """
    The pin in the lab's form, from ``sha256/…``, curl's ``sha256//…`` or bare base64 of 32 bytes.

    Raises ValueError, in one sentence, for anything else.
    """
    encoded = re.sub(r"^sha256/(/(?=.{44}$))?", "", text.strip())  # base64 may itself begin with a slash
    try:
        digest = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != 32:
        raise ValueError(
            f"{text!r} is no pin; a pin is sha256/ and the base64 of 32 bytes, 44 characters that end in ="
        )
    return "sha256/" + base64.b64encode(digest).decode()


def load_pem(path: Path) -> list[x509.Certificate]:
    """
    Every certificate in a PEM file, in the order of the file.

    Raises ValueError, in one sentence, for a file that cannot be read, is no
    PEM, or holds a private key instead.
    """
    with opened(path, "PEM that holds a certificate") as stream:
        text = stream.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise ValueError(f"{path} has more than {MOST_BYTES >> 20} MiB; give a file with the certificates only")
    if b"-----BEGIN CERTIFICATE-----" not in text:
        held = "a private key" if b"PRIVATE KEY-----" in text else "no PEM certificate"
        raise ValueError(f"{path} holds {held}; give a file that contains -----BEGIN CERTIFICATE-----")
    try:
        with unwarned():
            return x509.load_pem_x509_certificates(text)
    except UNREADABLE:
        raise ValueError(
            f"{path} has a damaged certificate in it, or one of a kind that is not supported; "
            "export it again and try `openssl x509 -in FILE -text`"
        ) from None
