"""Chains and pin files for the forecast's tests: any shape, real host names, nothing ever written to the project."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from lines import pem as pem  # a chain as a file has it

from lab.built.forecast.chain import Chain, ordered
from lab.pki.authority import Key, new_key
from lab.pki.pins import pin_of

HOST = "www.bank.com"
NOW = datetime.now(UTC).replace(microsecond=0)
YEAR = timedelta(days=365)


@cache
def key(algorithm: str, number: int) -> Key:
    """A few keys, made once, because RSA keys take their time."""
    if algorithm == "P-384":
        return ec.generate_private_key(ec.SECP384R1())
    if algorithm.startswith("RSA"):
        return rsa.generate_private_key(65537, int(algorithm[3:] or 2048))
    return new_key()


@dataclass(frozen=True)
class Shape:
    """What a chain looks like; `limits` are path lengths, root first, None for no limit."""

    intermediates: int = 1
    algorithms: tuple[str, ...] = ("ECDSA",)
    with_root: bool = True
    hosts: tuple[str, ...] = (HOST,)
    starts: datetime = NOW - timedelta(days=30)
    ends: datetime = NOW + YEAR
    limits: tuple[int | None, ...] = ()
    only: str = ""
    root: str = "Root CA"


def certificates(shape: Shape = Shape()) -> list[x509.Certificate]:
    """The whole chain, leaf first, root last; the same bytes each time it is asked for."""
    return list(_made(shape))


@cache
def _made(shape: Shape) -> tuple[x509.Certificate, ...]:
    names = [shape.root, *(f"Issuing CA {n}" for n in range(shape.intermediates, 0, -1)), shape.hosts[0]]
    made: list[x509.Certificate] = []
    signer: tuple[x509.Name, Key] | None = None
    for number, name in enumerate(names):
        leaf = number == len(names) - 1
        held = key(shape.algorithms[number % len(shape.algorithms)], number)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer, by = signer or (subject, held)
        limit = shape.limits[number] if number < len(shape.limits) else None
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(held.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(shape.starts if leaf else NOW - 5 * YEAR)
            .not_valid_after(shape.ends if leaf else NOW + 5 * YEAR)
            .add_extension(x509.BasicConstraints(not leaf, None if leaf else limit), critical=True)
        )
        if leaf:
            names_of = [x509.DNSName(host) for host in shape.hosts]
            builder = builder.add_extension(x509.SubjectAlternativeName(names_of), critical=False)
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        elif shape.only and number == 1:
            limits = x509.NameConstraints([x509.DNSName(shape.only)], None)
            builder = builder.add_extension(limits, critical=True)
        made.append(builder.sign(by, hashes.SHA256()))
        signer = (subject, held)
    return tuple(made[::-1])


def chain(shape: Shape = Shape()) -> Chain:
    """The chain as it is read from a file."""
    made = certificates(shape)
    return ordered(made if shape.with_root else made[:-1], "chain.pem")


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def bare(pin: str) -> str:
    """The base 64 alone."""
    return pin.rpartition("sha256/")[2]


BACKUP = pin_of(key("ECDSA", 100).public_key())
OTHER = pin_of(key("ECDSA", 101).public_key())
DUMMY = "sha256/" + "B" * 43 + "="


def hashed(octets: bytes, name: str = "sha256") -> str:
    return base64.b64encode(hashlib.new(name, octets).digest()).decode()


def android(*pins: str, host: str = "bank.com", expiration: str = "", extra: str = "", anchors: str = "") -> bytes:
    """A network security configuration that pins one domain and its subdomains."""
    until = f' expiration="{expiration}"' if expiration else ""
    lines = "".join(f'<pin digest="SHA-256">{bare(one)}</pin>' for one in pins)
    return (
        f'<?xml version="1.0" encoding="utf-8"?><network-security-config>{extra}<domain-config>'
        f'<domain includeSubdomains="true">{host}</domain><pin-set{until}>{lines}</pin-set>{anchors}'
        "</domain-config></network-security-config>"
    ).encode()


def ios(leaf: Iterable[str] = (), ca: Iterable[str] = (), host: str = "bank.com") -> dict[str, object]:
    """What plistlib turns into an Info.plist with NSPinnedDomains."""
    said: dict[str, object] = {"NSIncludesSubdomains": True}
    for name, pins in (("NSPinnedLeafIdentities", leaf), ("NSPinnedCAIdentities", ca)):
        if listed := [{"SPKI-SHA256-BASE64": bare(one)} for one in pins]:
            said[name] = listed
    return {"CFBundleName": "app", "NSAppTransportSecurity": {"NSPinnedDomains": {host: said}}}


def hpkp(*pins: str, age: int = 5_000_000, name: str = "Public-Key-Pins") -> bytes:
    listed = "; ".join(f'pin-sha256="{bare(one)}"' for one in pins)
    return f"{name}: {listed}; max-age={age}".encode()


def curl(*pins: str) -> bytes:
    return ";".join("sha256//" + bare(one) for one in pins).encode()


def okhttp(*pins: str, host: str = HOST) -> bytes:
    return "\n".join(f'    .add("{host}", "{one}")' for one in pins).encode()
