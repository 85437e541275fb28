"""
What an OCSP response says of a certificate (RFC 6960), stapled or fetched alike.

It reads responses about one certificate, by its issuer or by somebody whom
the issuer appointed for it. No sockets: somebody else brought the octets.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from lab.observation import Certificate, Doubt, Piece, Status, Word
from lab.pki.reading import UNREADABLE, parsed, unwarned
from lab.pki.revocation import allows, called, doubted, found, no_word, revoked, stale, unsigned


def piece(octets: bytes, path: Sequence[Certificate] | None, time: datetime) -> Piece:
    """What came as a staple, as evidence: there, missing, or unreadable; with its word where a path names an issuer."""
    promised = must_staple(path[0]) if path else False
    if not octets:
        return Piece(None, "the server sent none", promised=promised)
    try:
        _loaded(octets)
    except ValueError:
        return Piece(None, f"the {len(octets)} octets that the server sent are no OCSP response", promised=promised)
    word = answered(octets, path[0], path[1], time) if path and len(path) > 1 else None
    return Piece(octets, word=word, promised=promised)


@lru_cache(maxsize=256)
def must_staple(certificate: Certificate) -> bool:
    """Whether it says that its server staples, and is to be refused where none came (RFC 7633). Raises nothing."""
    try:
        features = found(parsed(certificate.der), x509.TLSFeature)
    except UNREADABLE:
        return False
    return features is not None and x509.TLSFeatureType.status_request in features


def answered(octets: bytes, certificate: Certificate, issuer: Certificate, time: datetime) -> Word:
    """
    The word of one DER response on a certificate, by the client's clock.

    Good and revoked are said only of a response that is about this serial
    number of this issuer, that `issuer` or a delegate of its signed, and that
    is in force. Any other has doubts, and no word but its claim. It never raises.
    Whether `issuer` did issue the certificate is validation's to say.
    """
    try:
        with unwarned():
            return _answered(octets, parsed(certificate.der), issuer, time)
    except UNREADABLE:
        return no_word(f"the {len(octets)} octets are no OCSP response that can be read")


@lru_cache(maxsize=256)
def _loaded(octets: bytes) -> ocsp.OCSPResponse:
    return ocsp.load_der_ocsp_response(octets)


def _answered(octets: bytes, certificate: x509.Certificate, issuer: Certificate, time: datetime) -> Word:
    response = _loaded(octets)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return no_word(f"the responder gives no answer: {response.response_status.name.lower().replace('_', ' ')}")
    if len(list(response.responses)) != 1:
        return no_word("it answers for several certificates, and one answer is read here")
    signer, forged = _signed(octets, issuer)
    unknown = any(one.critical for one in (*response.extensions, *response.single_extensions))
    against = [
        (Doubt.SIGNER, forged),
        *_about_another(octets, certificate, parsed(issuer.der)),
        (Doubt.SIGNER, _ended(signer, time)),
        (Doubt.TIME, stale(response.this_update_utc, response.next_update_utc, time)),
        (Doubt.CONTENT, "it has a critical extension that is not known here" if unknown else ""),
    ]
    return doubted(_claimed(response, issuer), against)


def _claimed(response: ocsp.OCSPResponse, issuer: Certificate) -> Word:
    if response.certificate_status is ocsp.OCSPCertStatus.REVOKED:
        assert response.revocation_time_utc  # the grammar wants it
        return revoked(response.revocation_time_utc, response.revocation_reason)
    if response.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        return no_word("the responder does not know the certificate")
    return Word(Status.GOOD, f"a responder of {issuer.name} calls it good", until=response.next_update_utc)


@lru_cache(maxsize=1024)
def _about_another(
    octets: bytes, certificate: x509.Certificate, issuer: x509.Certificate
) -> tuple[tuple[Doubt, str], ...]:
    """The serial number alone names nothing: every issuer counts, or draws, its own."""
    response, against = _loaded(octets), []
    asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, response.hash_algorithm).build()
    if response.serial_number != asked.serial_number:
        against.append((Doubt.SERIAL, "it is about another certificate"))
    if (response.issuer_name_hash, response.issuer_key_hash) != (asked.issuer_name_hash, asked.issuer_key_hash):
        against.append((Doubt.ISSUER, "it is about a certificate of another issuer, which has the same serial number"))
    return tuple(against)


# ---- who signed it ---------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _signed(octets: bytes, issuer: Certificate) -> tuple[x509.Certificate, str]:
    """Who signed it, and why the issuer would not have them speak; empty where it would. One look for each pair."""
    response, above = _loaded(octets), parsed(issuer.der)
    digest, why = response.signature_hash_algorithm, ""
    for signer in filter(lambda one: _named(response, one), (above, *response.certificates)):
        why = unsigned(response.signature, response.tbs_response_bytes, digest, signer) or _no_delegate(signer, above)
        if not why:
            return signer, ""
    return above, why or "it names as its signer neither the issuer nor anybody whose certificate it brings"


def _ended(signer: x509.Certificate, time: datetime) -> str:
    if signer.not_valid_before_utc <= time <= signer.not_valid_after_utc:
        return ""
    return f"the certificate of its signer, {called(signer.subject)}, is not valid then"


def _named(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    if response.responder_name is not None:
        return response.responder_name == signer.subject
    return response.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(signer.public_key()).digest


def _no_delegate(signer: x509.Certificate, issuer: x509.Certificate) -> str:
    """Why the signer may not speak for the issuer, whenever it is; empty where it is the issuer, or a delegate."""
    if signer == issuer:
        return ""
    name, usage = called(signer.subject), found(signer, x509.ExtendedKeyUsage)
    try:
        signer.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return f"{called(issuer.subject)} did not issue the certificate of its signer, {name}"
    if usage is None or ExtendedKeyUsageOID.OCSP_SIGNING not in usage or not allows(signer, "digital_signature"):
        return f"the certificate of its signer, {name}, is not for signing OCSP responses"
    if found(signer, x509.OCSPNoCheck) is None:
        return f"nobody says whether its signer, {name}, is revoked itself (it has no id-pkix-ocsp-nocheck)"
    return ""
