"""
What a certificate revocation list says of a certificate (RFC 5280 section 6.3), whole or one part of several.

It reads lists by the certificate's own issuer. Lists of changes (delta) and
lists of several issuers (indirect) it knows and does not use. No sockets:
somebody else fetched the octets.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from cryptography import x509

from lab.observation import Certificate, Doubt, Status, Word
from lab.pki.reading import UNREADABLE, parsed, unwarned
from lab.pki.revocation import allows, called, doubted, found, no_word, revoked, stale, unsigned


def listed(octets: bytes, certificate: Certificate, issuer: Certificate, time: datetime) -> Word:
    """
    The word of one DER list on a certificate, by the client's clock: good where it is complete and does not name it.

    Good and revoked are said only of a list that `issuer`, who has to have the
    certificate's issuer's name, signed, that is in force, and that is about
    certificates like this one. Any other has doubts, and no word but its claim.
    It never raises. Whether `issuer` did issue the certificate is validation's to say.
    """
    try:
        with unwarned():
            return _listed(octets, parsed(certificate.der), issuer, time)
    except UNREADABLE:
        return no_word(f"the {len(octets)} octets are no revocation list that can be read")


def _listed(octets: bytes, certificate: x509.Certificate, issuer: Certificate, time: datetime) -> Word:
    crl, entries, trouble = _loaded(octets)
    if not crl.issuer == certificate.issuer == parsed(issuer.der).subject:
        return no_word(f"it is the list of {called(crl.issuer)}, and the certificate is {called(certificate.issuer)}'s")
    part = found(crl, x509.IssuingDistributionPoint)
    against = [
        (Doubt.SIGNER, _forged(octets, issuer)),
        (Doubt.CONTENT, trouble),
        (Doubt.TIME, stale(crl.last_update_utc, crl.next_update_utc, time)),
        (Doubt.SERIAL, _beside(part, certificate) if part else ""),
    ]
    return doubted(_claimed(crl, entries.get(certificate.serial_number)), against)


def _claimed(crl: x509.CertificateRevocationList, entry: x509.RevokedCertificate | None) -> Word:
    """What it says to whoever asks for nothing but the serial number."""
    if entry is not None:
        reason = next((one.value.reason for one in entry.extensions if isinstance(one.value, x509.CRLReason)), None)
        return revoked(entry.revocation_date_utc, reason)
    part = found(crl, x509.IssuingDistributionPoint)
    if part and part.only_some_reasons:
        return no_word("it is not on the list, which is about some reasons only")
    return Word(Status.GOOD, f"it is not on the list of {called(crl.issuer)}", until=crl.next_update_utc)


@lru_cache(maxsize=256)
def _loaded(octets: bytes) -> tuple[x509.CertificateRevocationList, dict[int, x509.RevokedCertificate], str]:
    """A list, its entries by serial number, and what in it stands in the way of using it; empty where nothing does."""
    crl, trouble = x509.load_der_x509_crl(octets), ""
    entries = {one.serial_number: one for one in crl}
    if found(crl, x509.DeltaCRLIndicator):
        trouble = "it lists changes to another list (delta), which is not there"
    elif any(one.critical and not isinstance(one.value, x509.IssuingDistributionPoint) for one in crl.extensions):
        trouble = "it has a critical extension that is not known here"
    elif any(one.critical for entry in entries.values() for one in entry.extensions):  # RFC 5280 section 5.3
        trouble = "an entry in it has a critical extension that is not known here, and that spoils the list"
    return crl, entries, trouble


@lru_cache(maxsize=1024)
def _forged(octets: bytes, issuer: Certificate) -> str:
    """Why this issuer did not sign the list, or may not; empty where it did. One look for each pair of them."""
    (crl, _, _), signer = _loaded(octets), parsed(issuer.der)
    if not allows(signer, "crl_sign"):
        return f"the key usage of {called(signer.subject)} does not allow it to sign lists"
    return unsigned(crl.signature, crl.tbs_certlist_bytes, crl.signature_hash_algorithm, signer)


def _beside(part: x509.IssuingDistributionPoint, certificate: x509.Certificate) -> str:
    """Why the certificate is none of those that this part of a list is about; empty where it is one."""
    constraints = found(certificate, x509.BasicConstraints)
    is_ca = bool(constraints and constraints.ca)
    if part.indirect_crl:
        return "it is a list of several issuers' certificates (indirect), which are not told apart here"
    if part.relative_name:
        return "it names its distribution point relative to its issuer, which is not read here"
    if part.only_contains_attribute_certs or (
        part.only_contains_ca_certs if not is_ca else part.only_contains_user_certs
    ):
        return f"it is about other kinds of certificates than {'a CA' if is_ca else 'a server'}'s"
    points = found(certificate, x509.CRLDistributionPoints) or ()
    named = {name for point in points if not point.crl_issuer for name in point.full_name or ()}
    if part.full_name and named.isdisjoint(part.full_name):
        return "it is the part of the list at another distribution point than the certificate's"
    return ""
