"""
The honest service: a small bank over HTTPS on loopback.

It knows accounts and transfers, and nothing of attackers. It logs each visit,
so that a trial can ask afterwards what it saw.
"""

from __future__ import annotations

import json
import socket
import urllib.parse
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from OpenSSL import SSL

from lab.pki.authority import Credential
from lab.pki.says import SILENT, Says
from lab.pki.successor import BINDING, LABEL, announce, claim, to_json
from lab.wire import tls
from lab.wire.deadline import PATIENCE
from lab.wire.http import Answer, Request
from lab.wire.keylog import Tell
from lab.wire.listener import Listener
from lab.wire.visit import Log, Visit, attend

SUCCESSORS = "/.well-known/lab-successor"
ORDERS = 4096  # transfers in the bank's book; the oldest go first
LONGEST = 4096  # octets of an order
STATEMENT = b"2026-01-01  groceries            12.50\n" * 27_000  # about 1 MB


class Service(Listener):
    """
    An HTTPS service that presents `credential`.

    Routes: ``/`` greets, ``/account`` gives a balance, ``/statement`` a
    megabyte in chunks, ``POST /transfer`` moves money (form fields payee and
    amount) and answers with what it booked; `booked` holds the transfers. `says`
    is what it says beside its certificate; next keys are announced at
    ``/.well-known/lab-successor``, for `host`. `tell` is told the secrets of
    every connection, for a key log. `staple` gives what goes to whoever asks.
    """

    def __init__(
        self,
        credential: Credential,
        says: Says = SILENT,
        *,
        host: str = "",
        name: str = "",
        resumable: bool = False,
        patience: float = PATIENCE,
        tell: Tell | None = None,
    ) -> None:
        self.credential = credential
        self.says = says
        self.host = host
        self.booked: list[dict[str, str]] = []
        self.log = Log()
        self.staple: Callable[[], bytes] = lambda: says.stapled(credential, datetime.now(UTC)) if says.staple else b""
        self._context = tls.server_context(credential, resumable=resumable, tell=tell, staple=lambda: self.staple())
        super().__init__(self._attend_visit, name=name, patience=patience)

    def took(self, secret: str) -> bool:
        """Whether it has a request with this secret in its log, which it took as its client's, whoever sent it."""
        return self.log.holds(secret)

    def _attend_visit(self, raw: socket.socket, port: int) -> None:
        with self.log.visit(port) as visit:
            attend(raw, self._context, visit, self._answer, self.patience)

    def _answer(self, request: Request, visit: Visit) -> Answer:
        """The answer with what this server says on every one."""
        if self.says.announces and _page(request) == SUCCESSORS and visit.connection:
            answer = self._announcement(visit.connection)
        else:
            answer = self.respond(request)
        said = [(name.encode("ascii"), value.encode("latin-1")) for name, value in self.says.headers]
        return replace(answer, headers=[*answer.headers, *said]) if said else answer

    def respond(self, request: Request) -> Answer:
        """The bank's answer to a request; 404 for a page it does not have."""
        page = _page(request)
        if page is None or request.method == "CONNECT":
            return _text(b"the bank cannot read this address\n", 400)
        if page == "/":
            return _text(self.says.page.encode() or b"Good morning. This is the bank.\n")
        if page == "/account":
            return _json({"owner": "you", "balance": "1024.00"})
        if page == "/statement":
            return replace(_text(STATEMENT), chunked=True)
        if page == "/transfer":
            if request.method != "POST":
                return Answer(405, [(b"allow", b"POST")], b"send a transfer by POST\n")
            return self._transfer(request)
        return _text(b"the bank has no such page\n", 404)

    def _announcement(self, connection: SSL.Connection) -> Answer:
        binding = material(connection)
        if binding is None:
            return _text(b"successors are announced over TLS 1.3 only\n", 404)
        said = [announce(key, self.host, binding) for key in self.says.successors or ()]
        said += [claim(key, self.credential.key, self.host, binding) for key in self.says.claims]
        return Answer(200, [(b"content-type", b"application/json")], to_json(said))

    def _transfer(self, request: Request) -> Answer:
        if len(request.body) > LONGEST:
            return _text(b"no order is that long\n", 413)
        form = urllib.parse.parse_qs(request.body.decode("utf-8", "replace"))
        order = {name: form.get(name, [""])[0] for name in ("payee", "amount")}
        if not all(order.values()):
            return Answer(400, [], b"a transfer needs payee= and amount=\n")
        self.booked.append(order)
        del self.booked[:-ORDERS]
        return _json({"booked": order})


def material(connection: SSL.Connection, label: bytes = LABEL) -> bytes | None:
    """
    The exporter material that binds a proof to this connection; None below TLS 1.3.

    TLS 1.2 without extended_master_secret gives two connections one and the
    same (RFC 7627 section 1), so it is not used at all.
    """
    if connection.get_protocol_version() < SSL.TLS1_3_VERSION:
        return None
    return connection.export_keying_material(label, BINDING)


def _page(request: Request) -> str | None:
    """The path that is asked for; None where what is asked for is no address, as in ``//[``."""
    try:
        return urllib.parse.urlsplit(request.target).path
    except ValueError:
        return None


def _text(body: bytes, status: int = 200) -> Answer:
    return Answer(status, [(b"content-type", b"text/plain; charset=utf-8")], body)


def _json(value: object) -> Answer:
    return Answer(200, [(b"content-type", b"application/json")], json.dumps(value).encode() + b"\n")
