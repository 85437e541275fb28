"""
A second opinion on each path: `cryptography`'s verifier, on what OpenSSL judged.

It shares no code with OpenSSL's path validation, so where the two differ it is
a finding.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

from cryptography import x509
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from lab.naming import printable
from lab.observation import Observation
from lab.pki.authority import Authority
from lab.pki.names import dns_name, is_address
from lab.pki.reading import UNREADABLE, parsed, unwarned


@dataclass(frozen=True)
class Opinion:
    """
    What the second validator says of a presented chain and the host name.

    `accepts` is None where it could not be asked; `reason` then says why.
    """

    accepts: bool | None
    reason: str


def _server_policy() -> ExtensionPolicy:
    # trustme marks subjectAltName and extendedKeyUsage critical; the Web PKI
    # profile allows neither. Both must still be there.
    return (
        ExtensionPolicy.webpki_defaults_ee()
        .require_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
        .require_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, None)
    )


def second_opinion(observation: Observation, store: tuple[Authority, ...]) -> Opinion:
    """
    What `cryptography` makes of the presented chain, at the observation's time and for its host.

    It never raises: what this validator cannot be asked about is said in words.
    """
    if observation.resumed:
        return Opinion(None, "a resumed session shows no certificate")
    if not observation.presented:
        return Opinion(None, "no certificate was seen")
    if not store:
        return Opinion(False, "the trust store is empty")  # the verifier itself takes no empty store
    host = observation.host
    name = dns_name(host)
    others = []
    for one in observation.presented[1:]:
        with suppress(*UNREADABLE):  # anybody can send a certificate along
            others.append(parsed(one.der))
    try:
        if is_address(name) and name != host:
            raise ValueError("an address, and not written as one")
        subject = x509.IPAddress(ip_address(host)) if is_address(host) else x509.DNSName(name)
        verifier = (
            PolicyBuilder()
            .store(Store([anchor.certificate for anchor in store]))
            .time(observation.time)
            .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=_server_policy())
            .build_server_verifier(subject)
        )
    except ValueError:
        return Opinion(None, f"it takes no host name like {host!r}")
    try:
        with unwarned():
            verifier.verify(parsed(observation.presented[0].der), others)
    except VerificationError as refused:
        return Opinion(False, printable(str(refused), 1000))
    except UNREADABLE:
        return Opinion(None, "it cannot read the server's certificate")
    return Opinion(True, "a path was found")
