"""
What a pin is, and what a client can read off a certificate.

A pin is the SHA-256 of a certificate's SubjectPublicKeyInfo (RFC 7469 section
2.4), written ``sha256/BASE64`` as OkHttp writes it. It names a key, so every
certificate for that key has the same pin. No sockets, no policies.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import re
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from service_identity.exceptions import CertificateError, VerificationError
from service_identity.hazmat import (
    DNS_ID,
    DNSPattern,
    IPAddress_ID,
    IPAddressPattern,
    verify_service_identity,
)

from lab.observation import Certificate
from lab.pki.names import is_address


def _sha256(octets: bytes) -> str:
    return base64.b64encode(hashlib.sha256(octets).digest()).decode()


def spki(key: CertificatePublicKeyTypes) -> bytes:
    """The DER of a key's SubjectPublicKeyInfo (RFC 5280 section 4.1): algorithm, parameters and key."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def pin_of(thing: x509.Certificate | CertificatePublicKeyTypes) -> str:
    """The pin, ``sha256/BASE64``, of a certificate's key or of a public key."""
    key = thing.public_key() if isinstance(thing, x509.Certificate) else thing
    return "sha256/" + _sha256(spki(key))


def fingerprint_of(certificate: x509.Certificate) -> str:
    """``cert-sha256/BASE64`` of the whole certificate; every renewal changes it."""
    return "cert-sha256/" + _sha256(certificate.public_bytes(serialization.Encoding.DER))


def parse_pin(text: str) -> str:
    """
    The pin in the lab's form, from ``sha256/…``, curl's ``sha256//…`` or bare base64 of 32 bytes.

    Raises ValueError, in one sentence, for anything else.
    """
    encoded = re.sub(r"^sha256//?", "", text.strip())
    try:
        digest = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != 32:
        raise ValueError(
            f"{text!r} is no pin; a pin is sha256/ and the base64 of 32 bytes, 44 characters that end in ="
        )
    return "sha256/" + base64.b64encode(digest).decode()


def algorithm_of(key: CertificatePublicKeyTypes) -> str:
    """A key's algorithm as people say it: ECDSA P-256, RSA 2048, ML-DSA-65."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ECDSA " + {"secp256r1": "P-256", "secp384r1": "P-384"}.get(key.curve.name, key.curve.name)
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    for name in ("44", "65", "87"):
        if isinstance(key, getattr(mldsa, f"MLDSA{name}PublicKey")):
            return f"ML-DSA-{name}"
    return type(key).__name__.removeprefix("_").removesuffix("PublicKey")


def name_of(subject: x509.Name) -> str:
    """The name a reader would say: the common name, else the organisation, else all of it."""
    for oid in (x509.NameOID.COMMON_NAME, x509.NameOID.ORGANIZATION_NAME):
        attributes = subject.get_attributes_for_oid(oid)
        if attributes:
            return str(attributes[0].value)
    return subject.rfc4514_string()


@lru_cache(maxsize=4096)
def read(der: bytes) -> Certificate:
    """
    What a client can read off one DER certificate; one parse for each distinct certificate.

    Raises ValueError where the bytes are no certificate.
    """
    certificate = x509.load_der_x509_certificate(der)
    extensions = certificate.extensions
    hosts: tuple[str, ...] = ()
    is_ca = False
    key_id = issuer_key_id = b""
    for extension in extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            addresses = extension.value.get_values_for_type(x509.IPAddress)
            hosts = tuple(extension.value.get_values_for_type(x509.DNSName)) + tuple(map(str, addresses))
        elif isinstance(extension.value, x509.BasicConstraints):
            is_ca = extension.value.ca
        elif isinstance(extension.value, x509.SubjectKeyIdentifier):
            key_id = extension.value.digest
        elif isinstance(extension.value, x509.AuthorityKeyIdentifier):
            issuer_key_id = extension.value.key_identifier or b""
    key = certificate.public_key()
    return Certificate(
        name=name_of(certificate.subject),
        issuer=name_of(certificate.issuer),
        pin=pin_of(key),
        fingerprint=fingerprint_of(certificate),
        algorithm=algorithm_of(key),
        is_ca=is_ca,
        hosts=hosts,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        der=der,
        key_id=key_id.hex(),
        issuer_key_id=issuer_key_id.hex(),
    )


def seen(certificate: x509.Certificate) -> Certificate:
    """What a client can read off a certificate of the lab's own making."""
    return read(certificate.public_bytes(serialization.Encoding.DER))


@lru_cache(maxsize=4096)
def name_mismatch(hosts: tuple[str, ...], host: str) -> str:
    """
    Why a certificate for `hosts` does not answer for `host`; empty where it does.

    service-identity decides (RFC 9525). Only subjectAltName counts: a common
    name never did under that standard.
    """
    wanted = [IPAddress_ID(host)] if is_address(host) else [DNS_ID(host)]
    patterns: list[DNSPattern | IPAddressPattern] = []
    for name in hosts:
        if is_address(name):
            patterns.append(IPAddressPattern.from_bytes(ipaddress.ip_address(name).packed))
        else:
            try:
                patterns.append(DNSPattern.from_bytes(name.encode("idna" if not name.isascii() else "ascii")))
            except (CertificateError, UnicodeError):
                continue  # a name that no host can have matches no host
    try:
        verify_service_identity(patterns, wanted, [])
    except (VerificationError, CertificateError):
        return f"the certificate answers for {', '.join(hosts) or 'no host'}, not for {host}"
    return ""


def load_pem(path: Path) -> list[x509.Certificate]:
    """
    Every certificate in a PEM file, in the order of the file.

    Raises ValueError, in one sentence, for a file that cannot be read, is no
    PEM, or holds a private key instead.
    """
    try:
        text = path.read_bytes()
    except OSError as problem:
        raise ValueError(
            f"cannot read {path}: {problem.strerror or problem}; give the path of a PEM file with a certificate"
        ) from None
    if b"-----BEGIN CERTIFICATE-----" not in text:
        held = "a private key" if b"PRIVATE KEY-----" in text else "no PEM certificate"
        raise ValueError(f"{path} holds {held}; give a file that contains -----BEGIN CERTIFICATE-----")
    try:
        return x509.load_pem_x509_certificates(text)
    except ValueError:
        raise ValueError(
            f"{path} has a damaged certificate in it; export it again and try `openssl x509 -in FILE -text`"
        ) from None
