"""
A server that refuses: it takes a request only from a client that it knows, on the connection that it sees.

A client certificate (mutual TLS) is proven by a signature over the handshake;
the token is an HMAC over the connection's exporter material (RFC 9266), under a
key that client and service share. A man in the middle has two connections, and
what his victim proves on the one is worth nothing on the other. He reads the
request all the same: nothing here keeps a client from talking to him.
"""

from __future__ import annotations

import hmac
from collections import deque
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL, crypto

from lab.observation import Proof
from lab.pki.admission import Admission, Card
from lab.pki.authority import Credential
from lab.pki.says import Says
from lab.wire.http import Answer, Request
from lab.wire.service import Service, material
from lab.wire.tls import at
from lab.wire.visit import KEPT, Visit

EXPORTER = b"EXPORTER-Channel-Binding"  # RFC 9266 section 2: no context, 32 octets
HEADER = b"lab-channel-binding"


def show(connection: SSL.Connection, card: Card | None) -> None:
    """Have the client's certificate ready, before the handshake, for whoever asks for one."""
    if card and Proof.CERTIFICATE in card.shows:
        assert isinstance(card.credential.key, ec.EllipticCurvePrivateKey)
        connection.use_certificate(card.credential.leaf)
        connection.use_privatekey(card.credential.key)


def bound(connection: SSL.Connection, request: Request, card: Card | None) -> Request:
    """The request with a token for this connection, where the client has the key; none below TLS 1.3."""
    token = _token(connection, card.key) if card and Proof.TOKEN in card.shows else b""
    return replace(request, headers=[*request.headers, (HEADER, token)]) if token else request


def _token(connection: SSL.Connection, key: bytes) -> bytes:
    binding = material(connection, EXPORTER)
    return hmac.digest(key, binding, "sha256").hex().encode() if binding else b""


class Doorkeeper(Service):
    """
    The bank, which answers 403 to whoever is not admitted; otherwise as `Service`.

    Where nothing but a certificate is wanted, a client without one is refused by TLS itself.
    """

    def __init__(self, credential: Credential, says: Says, admits: Admission, **common: Any) -> None:
        self._admits = admits
        self._taken: deque[Request] = deque(maxlen=KEPT)
        super().__init__(credential, says, **common)
        if Proof.CERTIFICATE in admits.wants:  # nobody knows the port yet
            store, alone = self._context.get_cert_store(), len(admits.wants) == 1
            assert store is not None
            store.add_cert(crypto.X509.from_cryptography(admits.issuer.certificate))
            store.set_time(at(admits.time))
            mode = SSL.VERIFY_PEER | (SSL.VERIFY_FAIL_IF_NO_PEER_CERT if alone else 0)
            self._context.set_verify(mode, lambda connection, certificate, code, depth, ok: bool(ok))

    def took(self, secret: str) -> bool:
        """As of any service; what it turned away it did not take."""
        return any(one.holds(secret) for one in tuple(self._taken))

    def _answer(self, request: Request, visit: Visit) -> Answer:
        if visit.connection and self._knows(request, visit.connection):
            self._taken.append(request)
            return super()._answer(request, visit)
        return Answer(403, [(b"content-type", b"text/plain")], b"the bank does not know this client\n")

    def _knows(self, request: Request, connection: SSL.Connection) -> bool:
        if connection.get_peer_certificate() is not None:  # OpenSSL has verified it
            return True
        wanted = _token(connection, self._admits.key) if Proof.TOKEN in self._admits.wants else b""
        said = next((value for name, value in request.headers if name.lower() == HEADER), b"")
        return bool(wanted) and hmac.compare_digest(said, wanted)
