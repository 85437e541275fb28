"""
Whoever is asked beside the server: responders and distribution points, over plain HTTP on loopback.

One listener stands for all of them; what it hands out is a function's to say,
which may also cut the line. It knows octets and paths, and what is in neither.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from contextlib import closing
from urllib.parse import quote, unquote

import h11

from lab.observation import Certificate, Evidence
from lab.wire.http import Answer, Request, TooLarge, Wire
from lab.wire.listener import Address, Listener, dial

Get = Callable[[str], bytes | None]
"""The octets under a path; None to end the connection without an answer. Raises ValueError where there are none."""

WAIT = 1.0
"""Seconds that a client waits for an answer: less than for a server, since a silent one costs all of it."""


class Responder(Listener):
    """An HTTP server that hands out what `get` says; assign another to it to change that."""

    def __init__(self, get: Get, *, patience: float = WAIT) -> None:
        self.get = get
        self.asked: list[str] = []
        super().__init__(self._hand_out, patience=patience)

    def _hand_out(self, raw: socket.socket, port: int) -> None:
        wire = Wire(raw, h11.SERVER)
        with contextlib.suppress(OSError, h11.RemoteProtocolError, TooLarge):
            if request := wire.next_request():
                path = unquote(request.target.removeprefix("/"))
                self.asked.append(path)
                try:
                    octets = self.get(path)
                except ValueError as none:
                    wire.answer(Answer(404, [(b"connection", b"close")], str(none).encode()))
                else:
                    if octets is not None:
                        wire.answer(Answer(200, [(b"connection", b"close")], octets))


def fetch(address: Address, kind: Evidence, certificate: Certificate) -> bytes:
    """
    What stands there about a certificate, asked for by its fingerprint.

    Raises OSError, in words, where nobody answers in time or breaks off, ValueError where the answer is that there is
    nothing.
    """
    try:
        with closing(dial(address, WAIT)) as raw:
            wire = Wire(raw, h11.CLIENT)
            wire.ask(Request("GET", f"/{quote(f'{kind}/{certificate.fingerprint}')}", [(b"host", b"localhost")]))
            answer = wire.next_answer()
    except h11.ProtocolError:
        raise OSError("whoever was asked broke off") from None
    except BlockingIOError:
        raise OSError(f"whoever was asked said nothing for {WAIT:g} s") from None
    if answer.status != 200:
        raise ValueError(answer.text)
    return answer.body
