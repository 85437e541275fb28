"""
A pin check in Python's own ssl module, for every library that uses it.

A context makes its sockets from classes that can be replaced (documented since
Python 3.7), so a check after the handshake and before the first byte of the
request needs no support from the library above. It knows pins, and no library.
"""

from __future__ import annotations

import ssl
from collections.abc import Collection
from pathlib import Path
from typing import Any

from cryptography import x509

from lab.pki.pins import pin_of


class PinError(ssl.SSLError):
    """
    No key on the verified path is pinned.

    It is an SSLError, so that a library treats it as what it is: the handshake
    has failed, and the connection is closed.
    """

    def __str__(self) -> str:
        return str(self.args[0])


def context_with(store: Path) -> ssl.SSLContext:
    """
    An ordinary client's context that trusts the anchors in `store`, and checks path and host name.

    The flags are set, since `ssl.create_default_context` has others from Python 3.13 on.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags = ssl.VerifyFlags.VERIFY_X509_TRUSTED_FIRST
    context.load_verify_locations(store)
    return context


def pinning(context: ssl.SSLContext, pins: Collection[str]) -> ssl.SSLContext:
    """
    The same context, whose connections insist on one of these pins (``sha256/…``) somewhere on the verified path.

    The check runs when the handshake is done: the other side sees a whole
    handshake, and then the end of the connection.
    """

    class PinnedSocket(ssl.SSLSocket):
        def do_handshake(self, *args: Any, **named: Any) -> None:
            super().do_handshake(*args, **named)
            require(self, pins)

    class PinnedObject(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            require(self, pins)

    context.sslsocket_class = PinnedSocket
    context.sslobject_class = PinnedObject
    return context


def require(connection: ssl.SSLSocket | ssl.SSLObject, pins: Collection[str]) -> None:
    """
    Raise PinError unless a key on the connection's verified path is pinned.

    A context that verifies nothing has a chain as well, of the other side's
    choice, so that is refused too.
    """
    if connection.context.verify_mode is not ssl.CERT_REQUIRED:
        raise PinError("the path was not verified, so no pin on it counts")
    seen = [pin_of(one) for one in verified_chain(connection)]
    if not set(seen) & set(pins):
        raise PinError(f"none of the {len(seen)} keys on the verified path is pinned")


def verified_chain(connection: ssl.SSLSocket | ssl.SSLObject) -> list[x509.Certificate]:
    """
    The path that OpenSSL verified, leaf first; empty where a session was resumed.

    Python has a public function for it since 3.13. Before, only the private
    object inside has one; this is the one place that looks there.
    """
    public = getattr(connection, "get_verified_chain", None)
    if public is not None:
        return [x509.load_der_x509_certificate(one) for one in public() or ()]
    inside = connection._sslobj  # type: ignore[union-attr]
    found = [one.public_bytes().encode() for one in inside.get_verified_chain() or ()]
    return [x509.load_pem_x509_certificate(one) for one in found]
