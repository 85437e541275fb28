"""
One port whose credential can change while it stays open.

A real service renews its certificate without moving, and some programs
remember a host together with its port. A front accepts, and hands each
connection to whoever stands behind it at that moment. It reads no byte.
"""

from __future__ import annotations

import socket

from lab.wire.deadline import PATIENCE
from lab.wire.listener import Listener


class Front(Listener):
    """
    A port that is served by `behind`, a service or an attacker; assign another to `behind` to change it.

    A connection that is open stays with whom it met. `met` counts the
    connections that were handed over.
    """

    def __init__(self, behind: Listener, *, name: str = "", patience: float = PATIENCE) -> None:
        self.behind = behind
        self.met = 0
        super().__init__(self._hand_over, name=name, patience=patience)

    def _hand_over(self, raw: socket.socket, port: int) -> None:
        self.met += 1
        self.behind.serve(raw, port)
