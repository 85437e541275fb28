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

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from lab.pki.der import fields
from lab.pki.reading import algorithm_of as algorithm_of
from lab.pki.reading import hashed
from lab.pki.reading import name_mismatch as name_mismatch
from lab.pki.reading import name_of as name_of
from lab.pki.reading import read as read
from lab.pki.reading import seen as seen


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
