"""
An attacker who has copied the certificate and has not got its key.

A certificate is public, and its server hands it to everybody. Whoever shows it
must also prove to hold its key: with the signature in TLS 1.3's
CertificateVerify and in TLS 1.2's ServerKeyExchange, over this very handshake.
This attacker cannot, so it carries the genuine server's own octets, as any
relay can, up to the Certificate message, and closes.
"""

from __future__ import annotations

import contextlib
import selectors
import socket

from lab.observation import Hangup
from lab.wire.attacker import Attacker
from lab.wire.deadline import allow
from lab.wire.listener import dial
from lab.wire.relay import CHUNK

HANDSHAKE, APPLICATION = 22, 23  # TLSPlaintext.type, RFC 8446 section 5.1
CERTIFICATE = 11  # Handshake.msg_type, RFC 8446 section 4
HEAD = 5  # octets: type, version, length


class Copyist(Attacker):
    """
    Shows the certificate of the service at `upstream` to whoever calls, and can go no further.

    It holds no key: `credential` is what it copied, and stands there for the record. Nobody's
    handshake with it finishes, so `log` never has a request.
    """

    def _intercept(self, raw: socket.socket, port: int) -> None:
        with self.log.visit(port) as visit:
            allow(raw, 2 * self.patience)
            visit.hung_up = Hangup.NOTHING_CAME
            visit.trouble = "it holds no key, and closed after the certificate"
            with contextlib.suppress(OSError), dial(self.upstream, self.patience) as genuine:
                self._carry(raw, genuine)
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(CHUNK):  # an unread octet would make the close a reset, and take the certificate back
                    pass

    def _carry(self, victim: socket.socket, genuine: socket.socket) -> None:
        """Both ways, until the Certificate message has gone to the victim; a retried hello passes as well."""
        coming, encrypted = b"", 0
        with selectors.DefaultSelector() as ends:
            ends.register(victim, selectors.EVENT_READ)
            ends.register(genuine, selectors.EVENT_READ)
            while ready := ends.select(self.patience):
                for key, _ in ready:
                    sender = victim if key.fileobj is victim else genuine
                    octets = sender.recv(CHUNK)
                    if not octets:
                        return
                    if sender is victim:
                        genuine.sendall(octets)
                        continue
                    coming += octets
                    while record := _record(coming):
                        coming = coming[len(record) :]
                        victim.sendall(record)
                        encrypted += record[0] == APPLICATION
                        # TLS 1.3 encrypts it; OpenSSL sends each message in a record of its own, this one second
                        if encrypted == 2 or _has_certificate(record):
                            return


def _record(octets: bytes) -> bytes:
    """The first whole record of these octets; empty where it has not all come."""
    end = HEAD + int.from_bytes(octets[3:HEAD], "big")
    return octets[:end] if HEAD <= end <= len(octets) and len(octets) >= HEAD else b""


def _has_certificate(record: bytes) -> bool:
    """Whether this record says in clear, as TLS 1.2 does, what the server's certificate is."""
    body = record[HEAD:] if record[0] == HANDSHAKE else b""
    while len(body) >= 4:
        if body[0] == CERTIFICATE:
            return True
        body = body[4 + int.from_bytes(body[1:4], "big") :]
    return False
