"""
What an authority signs to take its word back, or to keep it: revocation lists, OCSP responses, and who may sign those.

It makes them, also wrong ones, and believes nothing: what a client may make of
them stands in `crl` and `ocsp`. Certificates of the lab name no list and no
responder, unless whoever issues them asks for it with an extension from here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from lab.pki.authority import (
    BACKDATED,
    Authority,
    Credential,
    authority,
    begun,
    ca_subject,
    digest_for,
    new_key,
    signed,
    usage,
)

LIFE = timedelta(days=7)
"""How long an answer holds where nothing else is said."""

MUST_STAPLE = x509.TLSFeature([x509.TLSFeatureType.status_request])
"""For a certificate whose server always staples (RFC 7633)."""


def listed_at(url: str) -> x509.CRLDistributionPoints:
    """For a certificate: the list that is about it stands there."""
    return x509.CRLDistributionPoints([x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)])


def answered_at(url: str) -> x509.AuthorityInformationAccess:
    """For a certificate: an OCSP responder answers there."""
    where = x509.UniformResourceIdentifier(url)
    return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)])


def part_at(url: str) -> x509.IssuingDistributionPoint:
    """For a list: it is the part for the certificates that name this address (RFC 5280 section 5.2.5)."""
    return x509.IssuingDistributionPoint([x509.UniformResourceIdentifier(url)], None, False, False, None, False, False)


@dataclass(frozen=True)
class Revoked:
    """One certificate that its issuer takes back: which, when, and why where it says so."""

    serial: int
    since: datetime
    reason: x509.ReasonFlags | None = None


def crl(
    issuer: Authority,
    revocations: Iterable[Revoked],
    time: datetime,
    *,
    life: timedelta = LIFE,
    part: x509.IssuingDistributionPoint | None = None,
) -> bytes:
    """The issuer's list, made at `time` for `life`, in DER: all of it, or one part."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(time)
        .next_update(time + life)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
        .add_extension(x509.CRLNumber(int(time.timestamp())), critical=False)
    )
    if part:
        builder = builder.add_extension(part, critical=True)
    for one in revocations:
        entry = x509.RevokedCertificateBuilder().serial_number(one.serial).revocation_date(one.since)
        if one.reason:
            entry = entry.add_extension(x509.CRLReason(one.reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, digest_for(issuer.key)).public_bytes(serialization.Encoding.DER)


def delegate(issuer: Authority, time: datetime, *, may: bool = True, nocheck: bool = True) -> Credential:
    """
    Somebody whom the issuer has sign its OCSP responses from `time` on (RFC 6960 section 4.2.2.2).

    Without `may` its certificate is not for that; without `nocheck` somebody
    would have to say whether the delegate itself is revoked.
    """
    key, kind = new_key(), ExtendedKeyUsageOID.OCSP_SIGNING if may else ExtendedKeyUsageOID.SERVER_AUTH
    builder = (
        begun(ca_subject(f"{issuer.name} OCSP"), key, issuer, time - BACKDATED, time + issuer.life)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([kind]), critical=False)
    )
    if nocheck:
        builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    return Credential(key, (signed(builder, issuer.key),), issuer)


def respond(
    credential: Credential,
    time: datetime,
    *,
    revoked: Revoked | None = None,
    life: timedelta | None = LIFE,
    by: Credential | None = None,
    about: Authority | None = None,
) -> bytes:
    """
    A response at `time` on the leaf, in DER: good, or `revoked`; signed by its issuer, or by a delegate.

    With `life` None it does not say until when it holds. `about` names another
    issuer in the issuer's place. The certificate is named by SHA-1 hashes (RFC
    6960 section 4.1.1), which most clients look for. Raises ValueError where
    nobody issued the leaf.
    """
    issuer = credential.issuer
    if issuer is None:
        raise ValueError(f"{credential} signed itself, so no issuer can speak for it; give a credential of a CA's")
    named = (about or issuer).certificate
    key, certificate = (by.key, by.leaf) if by else (issuer.key, issuer.certificate)
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_hash(
            hashlib.sha1(named.subject.public_bytes()).digest(),
            x509.SubjectKeyIdentifier.from_public_key(named.public_key()).digest,
            credential.leaf.serial_number,
            hashes.SHA1(),
            ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
            time,
            time + life if life else None,
            revoked.since if revoked else None,
            revoked.reason if revoked else None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
    )
    if by:
        builder = builder.certificates([by.leaf])
    return builder.sign(key, digest_for(key)).public_bytes(serialization.Encoding.DER)


def staple(credential: Credential, time: datetime) -> bytes:
    """What an honest server sends along: its issuer's response at `time` that the leaf is good, for a week."""
    return respond(credential, time)


def damaged(octets: bytes) -> bytes:
    """The same list or direct response with a signature that nobody made; OpenSSL's server sends it on as it is."""
    return octets[:-1] + bytes([octets[-1] ^ 1])


Slipped = Callable[[Credential, datetime], bytes]
"""A response that calls the leaf good at that time, and is wrong in one thing."""


def _of(credential: Credential) -> Authority:
    assert credential.issuer
    return credential.issuer


SLIPS: Mapping[str, Slipped] = {
    "about another issuer's certificate": lambda one, time: respond(one, time, about=authority("Another Issuing CA")),
    "without an end": lambda one, time: respond(one, time, life=None),
    "out of date": lambda one, time: respond(one, time - 2 * LIFE),
    "out of the future": lambda one, time: respond(one, time + LIFE),
    "with a damaged signature": lambda one, time: damaged(staple(one, time)),
    "by a delegate of another CA": lambda one, time: respond(one, time, by=delegate(authority("Another CA"), time)),
    "by a server of the same CA": lambda one, time: respond(one, time, by=delegate(_of(one), time, may=False)),
    "by a delegate that may be revoked": lambda one, time: respond(
        one, time, by=delegate(_of(one), time, nocheck=False)
    ),
}
"""What goes wrong with responses, each wrong in one thing: a client that takes one has left a question out."""
