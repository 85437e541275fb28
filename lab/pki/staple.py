"""
OCSP responses that a server can send along with its certificate, and what a client can read of one.

It makes them and reads them. Whether a response is signed by the right one, is
fresh, or is about the certificate that came with it, nothing here says.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from lab.observation import Piece
from lab.pki.authority import Credential

LIFE = timedelta(days=7)


def staple(credential: Credential, time: datetime) -> bytes:
    """
    A response that the leaf is good, signed by its issuer at `time`, for a week. DER.

    The certificate is named by SHA-1 hashes (RFC 6960 section 4.1.1), which most clients look for. Raises ValueError
    where nobody issued the leaf.
    """
    if credential.issuer is None:
        raise ValueError(f"{credential} signed itself, so no issuer can speak for it; give a credential of a CA's")
    issuer = credential.issuer
    built = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            credential.leaf,
            issuer.certificate,
            hashes.SHA1(),
            ocsp.OCSPCertStatus.GOOD,
            time,
            time + LIFE,
            None,
            None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate)
    )
    return built.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def piece(octets: bytes) -> Piece:
    """What came as a staple, as evidence: there, missing, or unreadable."""
    if not octets:
        return Piece(None, "the server sent none")
    try:
        ocsp.load_der_ocsp_response(octets)
    except ValueError:
        return Piece(None, f"the {len(octets)} octets that the server sent are no OCSP response")
    return Piece(octets)
