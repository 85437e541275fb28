"""
A second opinion on each path: `cryptography`'s verifier, on what OpenSSL judged.

It shares no code with OpenSSL's path validation, so where the two differ it is
a finding.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from lab.observation import Observation
from lab.pki.authority import Authority


@dataclass(frozen=True)
class Opinion:
    """What the second validator says of a presented chain and the host name."""

    accepts: bool
    reason: str


def _server_policy() -> ExtensionPolicy:
    # trustme marks subjectAltName and extendedKeyUsage critical; the Web PKI
    # profile allows neither. Both must still be there.
    return (
        ExtensionPolicy.webpki_defaults_ee()
        .require_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
        .require_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, None)
    )


def second_opinion(observation: Observation, store: tuple[Authority, ...]) -> Opinion | None:
    """
    What `cryptography` makes of the presented chain, at the observation's time and for its host.

    None for a resumed session: there is nothing to validate.
    """
    if observation.resumed or not observation.presented:
        return None
    if not store:
        return Opinion(False, "the trust store is empty")  # the verifier itself takes no empty store
    leaf, *others = (x509.load_der_x509_certificate(one.der) for one in observation.presented)
    verifier = (
        PolicyBuilder()
        .store(Store([anchor.certificate for anchor in store]))
        .time(observation.time)
        .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=_server_policy())
        .build_server_verifier(x509.DNSName(observation.host))
    )
    try:
        verifier.verify(leaf, others)
    except VerificationError as refused:
        return Opinion(False, str(refused))
    return Opinion(True, "a path was found")
