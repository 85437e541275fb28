"""
Whoever is asked beside the server: responders and distribution points, over plain HTTP on loopback.

One listener stands for all of them; what it hands out is a function's to say,
which may also cut the line. It knows octets and paths, and what is in neither.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from contextlib import closing
from urllib.parse import quote, unquote

import h11

from lab.naming import printable
from lab.observation import Certificate, Evidence
from lab.pki.elsewhere import asked_for
from lab.wire.deadline import limit
from lab.wire.http import Answer, Request, TooLarge, Wire
from lab.wire.listener import Address, Listener, dial

Get = Callable[[str], bytes | None]
"""The octets under a path; None to end the connection without an answer. Raises ValueError where there are none."""

WAIT = 3.0
"""Seconds that a client waits for a whole answer: less than for a server, since a silent one costs all of it."""
SAID = 200  # characters of what is said instead of an answer


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


class _Timed(socket.socket):
    """The client's end: however many octets come, all of them come within `WAIT` seconds."""

    def __init__(self, raw: socket.socket) -> None:
        super().__init__(fileno=raw.detach())
        self._ends = time.monotonic() + WAIT

    def recv(self, most: int, flags: int = 0, /) -> bytes:
        if (left := self._ends - time.monotonic()) <= 0:
            raise BlockingIOError
        limit(self, max(left, 0.001))  # a limit of nothing is none
        return super().recv(most, flags)


def fetch(address: Address, kind: Evidence, certificate: Certificate) -> bytes:
    """
    What stands there about a certificate: an answer asked for by its fingerprint, a list by its issuer.

    Raises OSError, in words, where no whole answer comes in time, or one that is too large, or somebody breaks off;
    ValueError where the answer is that there is nothing. A redirection is not followed.
    """
    try:
        with closing(_Timed(dial(address, WAIT))) as raw:
            wire = Wire(raw, h11.CLIENT)
            wire.ask(Request("GET", f"/{quote(f'{kind}/{asked_for(kind, certificate)}')}", [(b"host", b"localhost")]))
            answer = wire.next_answer()
    except h11.ProtocolError:
        raise OSError("whoever was asked broke off") from None
    except BlockingIOError:
        raise OSError(f"whoever was asked gave no whole answer in {WAIT:g} s") from None
    except TooLarge:
        raise OSError("whoever was asked sent more than is read") from None
    if answer.status != 200:
        raise ValueError(printable(answer.text, SAID) or f"{answer.status} was the answer, and nothing else")
    return answer.body
