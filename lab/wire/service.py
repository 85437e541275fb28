"""
The honest service: a small bank over HTTPS on loopback.

It knows accounts and transfers, and nothing of attackers. It logs each visit,
so that a trial can ask afterwards what it saw.
"""

from __future__ import annotations

import json
import socket
import urllib.parse

from lab.pki.authority import Credential
from lab.wire import tls
from lab.wire.http import Answer, Request
from lab.wire.keylog import Tell
from lab.wire.listener import PATIENCE, Listener
from lab.wire.visit import Log, attend

STATEMENT = b"2026-01-01  groceries            12.50\n" * 27_000  # about 1 MB


class Service(Listener):
    """
    An HTTPS service that presents `credential`.

    Routes: ``/`` greets, ``/account`` gives a balance, ``/statement`` a
    megabyte in chunks, ``POST /transfer`` moves money (form fields payee and
    amount) and answers with what it booked; `booked` holds the transfers. `tell`
    is told the secrets of every connection, for a key log.
    """

    def __init__(
        self,
        credential: Credential,
        *,
        name: str = "",
        resumable: bool = False,
        patience: float = PATIENCE,
        tell: Tell | None = None,
    ) -> None:
        self.credential = credential
        self.booked: list[dict[str, str]] = []
        self.log = Log()
        self._context = tls.server_context(credential, resumable=resumable, tell=tell)
        super().__init__(self._attend_visit, name=name, patience=patience)

    def _attend_visit(self, raw: socket.socket, port: int) -> None:
        visit = self.log.begin(port)
        try:
            attend(raw, self._context, visit, lambda request, _: self.respond(request))
        finally:
            self.log.end(port, visit)

    def respond(self, request: Request) -> Answer:
        """The bank's answer to a request; 404 for a page it does not have."""
        page = urllib.parse.urlsplit(request.target).path
        if page == "/":
            return _text(b"Good morning. This is the bank.\n")
        if page == "/account":
            return _json({"owner": "you", "balance": "1024.00"})
        if page == "/statement":
            return Answer(200, [(b"content-type", b"text/plain")], STATEMENT, chunked=True)
        if page == "/transfer":
            if request.method != "POST":
                return Answer(405, [(b"allow", b"POST")], b"send a transfer by POST\n")
            return self._transfer(request)
        return Answer(404, [(b"content-type", b"text/plain")], b"the bank has no such page\n")

    def _transfer(self, request: Request) -> Answer:
        form = urllib.parse.parse_qs(request.body.decode("utf-8", "replace"))
        order = {name: form.get(name, [""])[0] for name in ("payee", "amount")}
        if not all(order.values()):
            return Answer(400, [], b"a transfer needs payee= and amount=\n")
        self.booked.append(order)
        return _json({"booked": order})


def _text(body: bytes) -> Answer:
    return Answer(200, [(b"content-type", b"text/plain; charset=utf-8")], body)


def _json(value: object) -> Answer:
    return Answer(200, [(b"content-type", b"application/json")], json.dumps(value).encode() + b"\n")
