"""
Announcements over real TLS: a service that makes them, and a client that asks for them.

It knows sockets and exporter material, and no rules: whether to connect is a
function that it is handed, and what it heard is returned for others to judge.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from OpenSSL import SSL

from lab.built.continuity.announcement import BINDING, LABEL, announce, claim, from_json, hear, to_json
from lab.built.continuity.rules import Heard
from lab.pki.authority import Credential, Key
from lab.wire.client import Decide, Exchange, connect
from lab.wire.http import Answer, Request, Wire
from lab.wire.listener import PATIENCE, Address
from lab.wire.service import Service

PAGE = "/.well-known/lab-successor"


class Announcer(Service):
    """
    The bank, which also announces its next keys at `/.well-known/lab-successor`.

    `successors` are keys that it holds, and it proves that. `claims` are keys
    that it does not hold: it announces them under a signature by its own key,
    as a liar would. With neither, it announces that there is no successor,
    which takes earlier announcements back.
    """

    def __init__(
        self,
        credential: Credential,
        successors: Sequence[Key] = (),
        *,
        host: str,
        claims: Sequence[CertificatePublicKeyTypes] = (),
        name: str = "",
        patience: float = PATIENCE,
    ) -> None:
        self.host = host
        self.successors = tuple(successors)
        self.claims = tuple(claims)
        self._line = threading.local()
        super().__init__(credential, name=name, patience=patience)
        # Exporter material belongs to a connection, and `respond` is given a request only. OpenSSL calls this
        # in the thread that serves the connection; nobody knows the port yet, so no connection is missed.
        self._context.set_info_callback(self._note)

    def _note(self, connection: SSL.Connection, where: int, value: int) -> None:
        self._line.connection = connection

    def _attend_visit(self, raw: socket.socket, port: int) -> None:
        try:
            super()._attend_visit(raw, port)
        finally:
            self._line.connection = None

    def respond(self, request: Request) -> Answer:
        """The announcement, or what the bank answers to any other request."""
        if request.target != PAGE:
            return super().respond(request)
        binding = material(self._line.connection)
        if binding is None:
            return Answer(404, [(b"content-type", b"text/plain")], b"successors are announced over TLS 1.3 only\n")
        said = [announce(key, self.host, binding) for key in self.successors]
        said += [claim(key, self.credential.key, self.host, binding) for key in self.claims]
        return Answer(200, [(b"content-type", b"application/json")], to_json(said))


def material(connection: SSL.Connection) -> bytes | None:
    """
    The exporter material that binds a proof to this connection; None below TLS 1.3.

    TLS 1.2 without extended_master_secret gives two connections one and the
    same (RFC 7627 section 1), so it is not used at all.
    """
    if connection.get_protocol_version() < SSL.TLS1_3_VERSION:
        return None
    return connection.export_keying_material(LABEL, BINDING)


@dataclass(frozen=True)
class Call:
    """
    One connection and what was announced on it.

    `heard` is None where nothing was asked or nothing proper was answered;
    `trouble` then says why, where something went wrong.
    """

    exchange: Exchange
    heard: tuple[Heard, ...] | None = None
    trouble: str = ""


def call(
    address: Address,
    host: str,
    context: SSL.Context,
    decide: Decide,
    *,
    time: datetime,
    secret: str = "",
    listens: bool = False,
    patience: float = PATIENCE,
) -> Call:
    """
    Connect, ask for the account with `secret`, and where it `listens`, ask for successors on the same connection.

    As `lab.wire.client.connect` otherwise: `decide` is asked inside the
    handshake, a transport problem stands in `exchange.failure`, and what
    `decide` raises is raised when the connection is over.
    """
    told: list[tuple[tuple[Heard, ...] | None, str]] = []

    def listen(wire: Wire) -> None:
        wire.ask(Request("GET", PAGE, [(b"host", host.encode()), (b"connection", b"close")]))
        told.append(_listen(wire.next_answer(), host, material(wire.connection)))

    bearer = [(b"authorization", b"Bearer " + secret.encode())] if secret else []
    account = Request("GET", "/account", [(b"host", host.encode()), *bearer])
    then = listen if listens else None
    exchange = connect(address, host, context, decide, time=time, request=account, then=then, patience=patience)
    heard, trouble = told[0] if told else (None, "")
    return Call(exchange, heard, trouble)


def _listen(answer: Answer, host: str, binding: bytes | None) -> tuple[tuple[Heard, ...] | None, str]:
    """What was announced, with each proof verified; bad announcements are trouble and no news."""
    if answer.status != 200 or binding is None:
        return None, ""
    try:
        return tuple(hear(one, host, binding) for one in from_json(answer.body)), ""
    except ValueError as problem:
        return None, str(problem)
