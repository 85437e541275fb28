"""
HTTP without TLS on loopback: a site that sends everybody to https or has nothing else, an attacker, a client.

Nobody on such a line can tell a site from a man in the middle, who speaks plain
HTTP to his victim and TLS to the site: SSL stripping. Not here: the links in
pages, which he would rewrite too.
"""

from __future__ import annotations

import contextlib
import socket
from datetime import datetime
from typing import Any

import h11

from lab.observation import Hangup, Observation
from lab.pki.names import sent
from lab.wire import tls
from lab.wire.attacker import Attacker, Upstream
from lab.wire.client import Exchange
from lab.wire.deadline import allow
from lab.wire.http import Answer, Request, TooLarge, Wire
from lab.wire.listener import Address, dial
from lab.wire.service import Service
from lab.wire.visit import Respond, Visit, converse


def attend(raw: socket.socket, visit: Visit, respond: Respond, patience: float) -> None:
    """As `lab.wire.visit.attend`, without a handshake; a visitor who begins one speaks bad HTTP."""
    wire, visit.hung_up = Wire(raw, h11.SERVER), Hangup.BEFORE_REQUEST
    try:
        converse(wire, visit, respond, lambda begins: allow(raw, 2 * patience if begins else None))
    except (OSError, h11.ProtocolError, TooLarge) as problem:
        visit.trouble = tls.words(problem)
    finally:
        visit.read = wire.read
        allow(raw, None)


class PlainService(Service):
    """The bank without TLS; where it `redirects` it sends everybody to https and says nothing else."""

    def __init__(self, *given: Any, redirects: bool, **common: Any) -> None:
        self._redirects = redirects
        super().__init__(*given, **common)

    def _attend_visit(self, raw: socket.socket, port: int) -> None:
        with self.log.visit(port) as visit:
            attend(raw, visit, self._answer, self.patience)

    def _answer(self, request: Request, visit: Visit) -> Answer:
        to = f"https://{self.host}{request.target}".encode("latin-1")
        return Answer(301, [(b"location", to)]) if self._redirects else super()._answer(request, visit)


class Stripper(Attacker):
    """Answers in plain HTTP with what the service says over TLS, so that nobody is sent to https."""

    def _intercept(self, raw: socket.socket, port: int) -> None:
        with self.log.visit(port) as visit, contextlib.closing(Upstream(self)) as line:
            attend(raw, visit, line.relay, self.patience)


def follow(address: Address, host: str, request: Request, *, time: datetime, patience: float) -> Exchange | None:
    """
    Follow a link to ``http://host/`` as a browser does, and send `request` to whoever has a page there.

    None where the answer leads to https: nothing but the link's own address was said then.
    """
    exchange, raw = Exchange(Observation(host, time, ())), dial(address, patience)
    exchange.port = raw.getsockname()[1]
    with raw:
        try:
            wire = Wire(raw, h11.CLIENT)
            wire.ask(Request("GET", "/", [(b"host", sent(host))]))
            page = wire.next_answer()
            if any(name.lower() == b"location" and value.startswith(b"https://") for name, value in page.headers):
                return None
            wire.ask(request)
            exchange.answer = wire.next_answer()
            exchange.accepted = exchange.completed = True
        except (OSError, h11.ProtocolError) as problem:
            exchange.failure = tls.words(problem)
        exchange.sent = wire.sent
    return exchange
