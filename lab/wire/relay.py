"""
Carries octets to another loopback port and back.

What a diverted network does to a victim's packets: a program that listens on a
port of its own can so stand behind a front. It reads no byte.
"""

from __future__ import annotations

import contextlib
import selectors
import socket

from lab.wire.deadline import PATIENCE
from lab.wire.listener import Address, Listener, dial, require_loopback

CHUNK = 65536
LINGER = 1.0  # seconds of silence that end a connection of which one side has already gone


class Relay(Listener):
    """
    A port whose connections end at `onward`; where nobody listens there, they are closed.

    A direction that its sender has ended is ended on the other side too, and
    the other direction goes on until `linger` seconds of silence; while both
    are open, until `patience` seconds. Not every program goes when its caller
    has: mitmproxy keeps a connection whose client left without a TLS goodbye.
    Raises ValueError where `onward` is not loopback.
    """

    def __init__(self, onward: Address, *, name: str = "", patience: float = PATIENCE, linger: float = LINGER) -> None:
        self.onward = require_loopback(onward)
        self.linger = min(linger, patience)
        super().__init__(self._carry, name=name, patience=patience)

    def _carry(self, raw: socket.socket, port: int) -> None:
        with contextlib.suppress(OSError), dial(self.onward, self.patience) as other:
            self._both_ways(raw, other)

    def _both_ways(self, one: socket.socket, other: socket.socket) -> None:
        to = {one: other, other: one}
        with selectors.DefaultSelector() as open_ends:
            for end in to:
                open_ends.register(end, selectors.EVENT_READ)
            while left := len(open_ends.get_map()):
                ready = open_ends.select(self.patience if left == len(to) else self.linger)
                if not ready:
                    return
                for key, _ in ready:
                    end = one if key.fileobj is one else other
                    if octets := end.recv(CHUNK):
                        to[end].sendall(octets)
                    else:
                        open_ends.unregister(end)
                        to[end].shutdown(socket.SHUT_WR)
