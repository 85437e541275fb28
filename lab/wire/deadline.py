"""
How long a connection may be silent, and how long what comes in it may take.

It knows sockets and clocks. Whoever sends an octet now and then is never
silent, so silence alone would let a visitor stay for ever.
"""

from __future__ import annotations

import math
import socket
import struct
import sys
import time

PATIENCE = 10.0  # seconds without a byte before a connection is given up

_due: dict[socket.socket, float] = {}  # when a connection's time is up, by the monotonic clock


def limit(connection: socket.socket, patience: float = PATIENCE) -> None:
    """
    Give up on this socket after `patience` seconds without a byte.

    The kernel keeps the time (SO_RCVTIMEO), so that OpenSSL can use the socket
    as a blocking one: `settimeout` would make every read two system calls.
    """
    if sys.platform == "win32":
        limit_value: bytes | int = int(patience * 1000)
    else:
        limit_value = struct.pack("ll", int(patience), int(patience % 1 * 1_000_000))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit_value)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit_value)
    if connection.family in (socket.AF_INET, socket.AF_INET6):  # a pair of sockets within this process may be neither
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def allow(connection: socket.socket, seconds: float | None) -> None:
    """
    From now on give this connection `seconds` in all, however many octets come in them; None for no such limit.

    A listener ends its connections whose time is up, within a quarter of its
    patience. No timer runs: the thread that accepts looks.
    """
    if seconds is None:
        _due.pop(connection, None)
    else:
        _due[connection] = time.monotonic() + seconds


def overdue(connection: socket.socket) -> bool:
    """Whether the time that this connection was allowed is up."""
    return _due.get(connection, math.inf) < time.monotonic()
