"""
What a client can read off a certificate, and for whom it answers.

Whatever a server presents is read as far as it can be, and what cannot be is
said. No sockets, no policies, and nobody's word that a certificate is valid.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
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

from lab.naming import printable
from lab.observation import Certificate
from lab.pki.der import dates, fields, said
from lab.pki.names import dns_name, is_address


def hashed(kind: str, octets: bytes) -> str:
    """The SHA-256 in base 64, behind its kind: ``sha256/…`` of a key, ``cert-sha256/…`` of a certificate."""
    return f"{kind}/{base64.b64encode(hashlib.sha256(octets).digest()).decode()}"


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


UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    x509.InvalidVersion,
)
"""What `cryptography` raises on certificates that break the rules, at the first field it looks at."""
UNKNOWN_KEY = "its key is of a kind that is not known here"
"""The trouble of a certificate that breaks no rule."""
NO_DATE = datetime(1970, 1, 1, tzinfo=UTC)


@contextmanager
def unwarned() -> Iterator[None]:
    """`cryptography` warns of what it will not read some day; what it reads today is read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@lru_cache(maxsize=4096)
def parsed(der: bytes) -> x509.Certificate:
    """
    One DER certificate, as `cryptography` has it; raises one of `UNREADABLE` where it takes none.

    Small rules that old certificates break (a serial number that is negative) are no matter here.
    """
    with unwarned():
        return x509.load_der_x509_certificate(der)


@lru_cache(maxsize=4096)
def read(der: bytes) -> Certificate:
    """
    What a client can read off one DER certificate; one parse for each distinct certificate.

    It never raises. What cannot be read stands in `trouble`, and the rest is
    read off the octets. Where not even those have the shape of a certificate,
    nothing is known of its key: no pin is of it.
    """
    fingerprint = hashed("cert-sha256", der)
    try:
        raw = fields(der)
    except ValueError:
        none = Certificate("(no name)", "", fingerprint, fingerprint, "unknown", False, (), NO_DATE, NO_DATE, der)
        return replace(none, trouble="its octets are no certificate")
    name, issuer = (printable(said(one)) or "(no name)" for one in (raw.subject, raw.issuer))
    first = last = NO_DATE
    with suppress(ValueError):
        first, last = dates(raw.validity)
    pin = hashed("sha256", raw.spki)
    bare = Certificate(name, issuer, pin, fingerprint, "unknown", False, (), first, last, der)
    try:
        with unwarned():
            return _looked_into(parsed(der), bare)
    except UNREADABLE:
        return replace(bare, trouble="its fields break the grammar of certificates")


def _looked_into(certificate: x509.Certificate, bare: Certificate) -> Certificate:
    found = replace(
        bare,
        name=printable(name_of(certificate.subject)),
        issuer=printable(name_of(certificate.issuer)),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )
    try:
        found = replace(found, algorithm=algorithm_of(certificate.public_key()))
    except UNREADABLE:
        found = replace(found, trouble=UNKNOWN_KEY)
    try:
        return _extended(certificate.extensions, found)
    except UNREADABLE:
        return replace(found, trouble="an extension in it cannot be read")


def _extended(extensions: Iterable[x509.Extension[x509.ExtensionType]], found: Certificate) -> Certificate:
    for extension in extensions:
        match extension.value:
            case x509.SubjectAlternativeName() as san:
                addresses = tuple(map(str, san.get_values_for_type(x509.IPAddress)))
                hosts = (*san.get_values_for_type(x509.DNSName), *addresses)
                found = replace(found, hosts=hosts, addresses=addresses)
            case x509.BasicConstraints(ca=is_ca):
                found = replace(found, is_ca=is_ca)
            case x509.SubjectKeyIdentifier(digest=digest):
                found = replace(found, key_id=digest.hex())
            case x509.AuthorityKeyIdentifier(key_identifier=digest):
                found = replace(found, issuer_key_id=(digest or b"").hex())
    return found


def seen(certificate: x509.Certificate) -> Certificate:
    """What a client can read off a certificate of the lab's own making."""
    return read(certificate.public_bytes(serialization.Encoding.DER))


@lru_cache(maxsize=4096)
def name_mismatch(certificate: Certificate, host: str) -> str:
    """
    Why the certificate does not answer for `host`; empty where it does. It never raises.

    service-identity decides (RFC 9525). Only subjectAltName counts: a common
    name never did under that standard. An address is held against addresses,
    a name against names, and a name that is not ASCII is none (RFC 5280 section
    7.2). The dot at the end of an absolute name is not compared, as in browsers and curl.
    """
    try:
        if is_address(host):
            packed = [ipaddress.ip_address(one).packed for one in certificate.addresses]
            verify_service_identity([IPAddressPattern.from_bytes(one) for one in packed], [IPAddress_ID(host)], [])
        elif _WRITTEN.fullmatch(dns_name(host)):
            verify_service_identity(list(_patterns(certificate.dns_names)), [DNS_ID(dns_name(host))], [])
        else:
            raise ValueError("no host name")
    except (VerificationError, CertificateError, ValueError):
        names = printable(", ".join(ascii(one)[1:-1] for one in certificate.hosts))
        return f"the certificate answers for {names or 'no host'}, not for {printable(host) or 'an empty name'}"
    return ""


_WRITTEN = re.compile(r"(\*|[\w-]+)(\.[\w-]+)*", re.ASCII)
"""How a name is written; service-identity forgives white space around one, and a first label of nothing."""


def _patterns(names: Iterable[str]) -> Iterator[DNSPattern]:
    for name in filter(_WRITTEN.fullmatch, names):
        with suppress(CertificateError):  # a name that no host can have matches no host
            yield DNSPattern.from_bytes(name.encode("ascii"))
