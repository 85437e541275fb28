"""
A loopback listener that cleans up after itself.

It knows sockets and threads, and neither TLS nor HTTP. Every port is
ephemeral, every address loopback, every connection has a time limit, and
`stop` leaves no thread, socket or file descriptor behind.
"""

from __future__ import annotations

import atexit
import contextlib
import ipaddress
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Self

Address = tuple[str, int]

HOME = "127.0.0.1"
PATIENCE = 10.0  # seconds without a byte before a connection is given up
MOST = 1024  # connections served at once; more wait in the queue

_named: dict[str, Listener] = {}


def require_loopback(address: Address) -> Address:
    """
    The same address, if it is loopback; this is what keeps the attacker inside this machine.

    Raises ValueError, in one sentence, for any other. Names other than
    localhost are refused unresolved: what they resolve to may change.
    """
    host, port = address
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return address
    if host == "localhost":
        return (HOME, port)
    raise ValueError(f"{host}:{port} is not a loopback address; this lab talks to 127.0.0.1, ::1 and localhost only")


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


def dial(address: Address, patience: float = PATIENCE) -> socket.socket:
    """
    A connected loopback socket with a time limit.

    Raises ValueError elsewhere than loopback, OSError where nobody listens.
    """
    connection = socket.create_connection(require_loopback(address), timeout=patience)
    connection.settimeout(None)
    limit(connection, patience)
    return connection


class Listener:
    """
    Accepts loopback connections and hands each to `serve(socket, peer_port)` in a thread of its own.

    Use it as a context manager, or call `stop`. A listener with a `name`
    replaces the running one of the same name, so that a notebook cell can be
    run again. An exception in `serve` ends that connection only and is kept in
    `problems`.
    """

    def __init__(
        self,
        serve: Callable[[socket.socket, int], None],
        *,
        name: str = "",
        patience: float = PATIENCE,
    ) -> None:
        self.patience = patience
        self.problems: list[Exception] = []
        self.serve = serve
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closing = False
        self.name = name
        if name and name in _named:
            _named[name].stop()
        self._socket = socket.create_server((HOME, 0), backlog=512)
        self.address: Address = self._socket.getsockname()[:2]
        self._pool = ThreadPoolExecutor(MOST, thread_name_prefix=f"lab-{name or self.port}")
        self._thread = threading.Thread(target=self._accept, name=f"lab-accept-{self.port}", daemon=True)
        self._thread.start()
        _running.add(self)
        if name:
            _named[name] = self

    @property
    def port(self) -> int:
        """The port that the system chose."""
        return self.address[1]

    def _accept(self) -> None:
        while True:
            try:
                connection, peer = self._socket.accept()
            except OSError:
                if self._closing:
                    return
                continue  # the client was gone before we could greet it, or descriptors ran short
            with self._lock:
                if self._closing:
                    connection.close()
                    return
                self._open.add(connection)
            self._pool.submit(self._attend, connection, peer[1])

    def _attend(self, connection: socket.socket, peer: int) -> None:
        try:
            limit(connection, self.patience)
            self.serve(connection, peer)
        except Exception as problem:  # one bad visitor must not end the service
            if not self._closing:
                self.problems.append(problem)
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def quiet(self, patience: float = PATIENCE) -> bool:
        """Wait until no connection is open here; False where one still is after `patience` seconds."""
        ends = time.monotonic() + patience
        while self._open:
            if time.monotonic() > ends:
                return False
            time.sleep(0.001)
        return True

    def stop(self) -> None:
        """Close the port and every connection, and wait for the threads. Calling it twice is fine."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):  # wakes accept() on every platform; closing it does not
            socket.create_connection(self.address, timeout=1).close()
        self._thread.join()
        self._socket.close()
        self._pool.shutdown(wait=True)
        _running.discard(self)
        if _named.get(self.name) is self:
            del _named[self.name]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


_running: set[Listener] = set()


def running() -> list[Listener]:
    """Every listener of this process that has not been stopped."""
    return sorted(_running, key=lambda listener: listener.port)


def stop_all() -> None:
    """Stop every listener: for the end of a notebook, or when a cell was interrupted."""
    for listener in running():
        listener.stop()


atexit.register(stop_all)
