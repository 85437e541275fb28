"""
A loopback listener that cleans up after itself.

It knows sockets and threads, and neither TLS nor HTTP. Every port is
ephemeral, every address loopback, every connection has a time limit, and
`stop` leaves no thread, socket or file descriptor behind. Where threads or
descriptors run short, it waits and goes on.
"""

from __future__ import annotations

import atexit
import contextlib
import ipaddress
import queue
import socket
import threading
import time
import traceback
from collections.abc import Callable
from typing import Self

from lab.wire.deadline import PATIENCE, allow, limit, overdue

Address = tuple[str, int]

HOME = "127.0.0.1"
MOST = 1024  # connections served at once; more wait in the queue
NOTED = 64  # problems that a listener keeps, the first ones
PAUSE = 0.05  # seconds, when threads or descriptors have run short

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


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


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
    run again. An exception in `serve` ends that connection only and is noted in
    `problems`; so is a lack of threads or descriptors. The first 64 are kept,
    `unnoted` counts the others.
    """

    def __init__(
        self,
        serve: Callable[[socket.socket, int], None],
        *,
        name: str = "",
        patience: float = PATIENCE,
    ) -> None:
        self.patience = patience
        self.problems: list[BaseException] = []
        self.unnoted = 0
        self.serve = serve
        self._open: set[socket.socket] = set()  # accepted
        self._lines: set[socket.socket] = set()  # opened onward for them
        self._lock = threading.Lock()
        self._closing = False
        self.name = name
        if name and name in _named:
            _named[name].stop()
        self._socket = socket.create_server((HOME, 0), backlog=512)
        self.address: Address = self._socket.getsockname()[:2]
        self._socket.settimeout(min(1.0, patience / 4))  # how often somebody looks whose time is up
        self._waiting: queue.SimpleQueue[tuple[socket.socket, int] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        try:
            self._thread = self._started(self._accept, f"lab-accept-{self.port}")
        except RuntimeError:
            self._socket.close()
            raise
        _running.add(self)
        if name:
            _named[name] = self

    @property
    def port(self) -> int:
        """The port that the system chose."""
        return self.address[1]

    @staticmethod
    def _started(work: Callable[[], None], name: str) -> threading.Thread:
        # Daemons: Python waits for other threads, a silent visitor's too, before it lets `stop_all` end them.
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        return thread

    def _accept(self) -> None:
        looks = 0.0
        while not self._closing:
            if (now := time.monotonic()) >= looks:
                looks = now + (self._socket.gettimeout() or 0)
                self._end_those_due()
            try:
                connection, peer = self._socket.accept()
            except TimeoutError:
                continue
            except OSError as problem:  # the client was gone before we could greet it, or descriptors ran short
                self._wait(problem)
                continue
            with self._lock:
                if self._closing:
                    connection.close()
                    return
                self._open.add(connection)
            self._hand(connection, peer[1])

    def _end_those_due(self) -> None:
        with self._lock:  # none of them is closed meanwhile, and its number given to another
            for connection in self._open | self._lines:
                if overdue(connection):
                    _cut(connection)

    def _wait(self, problem: Exception) -> None:
        if not self._closing:
            self._note(problem)
            time.sleep(PAUSE)

    def _hand(self, connection: socket.socket, peer: int) -> None:
        """Give the connection to a free thread or to a new one; without either it waits for the first that is free."""
        if len(self._threads) < min(len(self._open), MOST):
            try:
                self._threads.append(self._started(self._work, f"lab-{self.name or self.port}_{len(self._threads)}"))
            except RuntimeError as problem:  # the system gives no more threads
                self._wait(problem)
                if not self._threads:
                    self.let_go(connection)
                    return
        self._waiting.put((connection, peer))

    def _work(self) -> None:
        while (given := self._waiting.get()) is not None:
            self._attend(*given)
            del given

    def _attend(self, connection: socket.socket, peer: int) -> None:
        try:
            limit(connection, self.patience)
            self.serve(connection, peer)
        except BaseException as problem:  # one bad visitor must not end the service
            if not self._closing:
                self._note(problem)
        finally:
            self.let_go(connection)

    def _note(self, problem: BaseException) -> None:
        traceback.clear_frames(problem.__traceback__)  # they hold what the visitor sent
        if len(self.problems) < NOTED:
            self.problems.append(problem)
        else:
            self.unnoted += 1

    def hold(self, connection: socket.socket) -> None:
        """Let `stop`, and its own deadline, end this line onward too, until `let_go`."""
        with self._lock:
            self._lines.add(connection)
            if self._closing:
                _cut(connection)

    def let_go(self, connection: socket.socket) -> None:
        """Close this connection."""
        with self._lock:
            self._open.discard(connection)
            self._lines.discard(connection)
            allow(connection, None)
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
            for connection in self._open | self._lines:
                _cut(connection)
        with contextlib.suppress(OSError):  # wakes accept() on every platform, and sooner than its time limit
            socket.create_connection(self.address, timeout=1).close()
        self._thread.join()
        self._socket.close()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()
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
