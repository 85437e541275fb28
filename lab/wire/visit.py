"""
One visitor's connection, as the side that listens sees and logs it.

The honest service and the attacker share this much: a TLS handshake, requests
until the client hangs up, and a log of what could be seen from there. It
knows no pins, and it cannot see why a client left; only that it did.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator

import h11
from OpenSSL import SSL

from lab.observation import Hangup, View
from lab.wire import tls
from lab.wire.http import Answer, Request, TooLarge, Wire

Heard = Callable[["Visit", Request], None]
KEPT = 4096  # visits that a log remembers; the oldest go first


class Visit:
    """
    What one connection has shown so far; `view` is a copy that no longer changes.

    `port` is the client's; `heard` is called with each request when it has
    been read, before it is answered. `connection` is there while it lasts.
    """

    def __init__(self, port: int = 0, heard: Heard | None = None) -> None:
        self.port = port
        self.heard = heard
        self.connection: SSL.Connection | None = None
        self.hung_up = Hangup.DURING_HANDSHAKE
        self.alert = ""
        self.trouble = ""
        self.read = 0
        self.requests: list[Request] = []
        self.tampered: list[str] = []
        self.answered = 0

    def holds(self, secret: str) -> bool:
        """Whether this side has read `secret` on this connection."""
        return any(request.holds(secret) for request in self.requests)

    @property
    def view(self) -> View:
        """A copy that no longer changes."""
        return View(
            hung_up=self.hung_up,
            alert=self.alert,
            read=self.read,
            requests=tuple(request.line for request in self.requests),
            tampered=tuple(self.tampered),
            trouble=self.trouble,
        )


class Log:
    """
    The visits of one listener, by the client's port, oldest first.

    `finished` waits for a visit to end: the client may have its answer before
    the other side has written down that it gave one. `holds` asks those that
    still last as well: a client may keep its connection open. `heard` and `left` may be
    set to hear of each request, and of each visit that ended, as it happens; in
    the thread that serves it.
    """

    heard: Heard | None = None
    left: Callable[[Visit], None] | None = None

    def __init__(self) -> None:
        self._visits: deque[Visit] = deque(maxlen=KEPT)
        self._here: set[Visit] = set()  # they have not ended
        self._ended: dict[int, deque[Visit]] = {}  # a port may come again before its first visit is asked for
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def visit(self, port: int) -> Iterator[Visit]:
        """A visit from the client's `port`; it is in the log once it has ended, and whoever waits for it gets it."""
        visit = Visit(port, self.heard)
        with self._changed:
            self._here.add(visit)
        try:
            yield visit
        finally:
            self._end(port, visit)

    def _end(self, port: int, visit: Visit) -> None:
        with self._changed:
            self._here.discard(visit)
            self._visits.append(visit)
            self._ended.setdefault(port, deque()).append(visit)
            if len(self._ended) > KEPT:  # nobody asks for the visits of curl or of a browser
                del self._ended[next(iter(self._ended))]
            self._changed.notify_all()
        if self.left:
            self.left(visit)

    def finished(self, port: int, patience: float) -> Visit:
        """
        The oldest visit from the client's `port` that was not asked for yet, once it has ended.

        Raises TimeoutError after `patience` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._ended.get(port), patience):
                raise TimeoutError(f"no visit from port {port} ended within {patience} s")
            waiting = self._ended[port]
            visit = waiting.popleft()
            if not waiting:
                del self._ended[port]
            return visit

    def holds(self, secret: str) -> bool:
        """Whether this side has read `secret`, on any connection that ended or still lasts."""
        with self._changed:
            visits = (*self._visits, *self._here)
        return any(visit.holds(secret) for visit in visits)

    def __iter__(self) -> Iterator[Visit]:
        with self._changed:
            return iter(tuple(self._visits))

    def __len__(self) -> int:
        return len(self._visits)


Respond = Callable[[Request, Visit], Answer]


def attend(raw: socket.socket, context: SSL.Context, visit: Visit, respond: Respond) -> None:
    """
    Serve one connection to its end and write what happened into `visit`.

    Nothing that a visitor sends raises: garbage, silence, a hang-up and bad
    HTTP all end the visit with a word in `visit.trouble`.
    """
    visit.connection = connection = SSL.Connection(context, raw)
    connection.set_accept_state()
    try:
        connection.do_handshake()
        visit.hung_up = Hangup.BEFORE_REQUEST
        wire = Wire(connection, h11.SERVER)
        try:
            _serve(wire, visit, respond)
        finally:
            visit.read = wire.read
            # A client that refuses after TLS 1.3's last message tells us with an alert that we read here.
    except SSL.Error as problem:
        visit.alert = tls.alert_in(problem)
        visit.trouble = tls.words(problem)
    except (OSError, h11.ProtocolError, TooLarge) as problem:
        visit.trouble = tls.words(problem)
    finally:
        tls.hang_up(connection)
        visit.connection = None


def _serve(wire: Wire, visit: Visit, respond: Respond) -> None:
    while True:
        try:
            request = wire.next_request()
        except (h11.RemoteProtocolError, TooLarge) as bad:
            with contextlib.suppress(h11.LocalProtocolError):
                status = 413 if isinstance(bad, TooLarge) else 400
                wire.answer(Answer(status, [(b"connection", b"close")], b"this is no request\n"))
            raise
        if request is None:
            return
        visit.requests.append(request)
        visit.read = wire.read
        visit.hung_up = Hangup.AFTER_REQUEST
        if visit.heard:
            visit.heard(visit, request)
        wire.answer(respond(request, visit))
        visit.answered += 1
        visit.hung_up = Hangup.NEVER
