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
from dataclasses import replace

import h11
from OpenSSL import SSL

from lab.observation import Hangup, View
from lab.wire import tls
from lab.wire.deadline import allow, overdue
from lab.wire.http import Answer, Request, TooLarge, Wire

Heard = Callable[["Visit", Request], None]
KEPT = 4096  # visits that a log remembers; the oldest go first
ROOM = 64 * 1024 * 1024  # octets of requests that these may take in all
ROOM_EACH = 256 * 1024  # and one visit
BODY = 4096  # octets of a request's body that are kept
ENTRY = 512  # octets that a request takes besides what was sent, about; so many of them at most
LATE = "it was not whole within the time limit"


class Visit:
    """
    What one connection has shown so far; `view` is a copy that no longer changes.

    `port` is the client's; `heard` is called with each request when it has
    been read, before it is answered. `connection` is there while it lasts.

    What is kept is bounded, so that no visitor fills the memory: of a body the
    first 4 kB, and the first 256 kB of requests; `dropped` counts those that
    came when that was full, whose secrets nobody finds any more.
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
        self.dropped = 0
        self.octets = ENTRY

    def keep(self, request: Request) -> Request:
        """Remember a request, while there is room; the request as it is kept, with a body that may be cut."""
        if len(request.body) > BODY:
            request = replace(request, body=request.body[:BODY], left_out=len(request.body) - BODY)
        if self._room(request):
            self.requests.append(request)
        return request

    def tamper(self, onward: Request) -> None:
        """Remember what a request was made into on its way."""
        if self._room(Request("", onward.line)):
            self.tampered.append(onward.line)

    def _room(self, request: Request) -> bool:
        octets = ENTRY + len(request.target) + len(request.body)
        octets += sum(len(name) + len(value) + ENTRY // 4 for name, value in request.headers)
        room = self.octets + octets <= ROOM_EACH
        self.octets += octets * room
        self.dropped += not room
        return room

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

    It remembers 4,096, of 64 MiB in all; `dropped` counts those that had to go.
    `finished` waits for a visit to end: the client may have its answer before
    the other side has written down that it gave one. `holds` asks those that
    still last as well: a client may keep its connection open. `heard` and `left` may be
    set to hear of each request, and of each visit that ended, as it happens; in
    the thread that serves it.
    """

    heard: Heard | None = None
    left: Callable[[Visit], None] | None = None

    def __init__(self) -> None:
        self._visits: deque[Visit] = deque()
        self._octets = 0
        self.dropped = 0
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
            self._octets += visit.octets
            self._ended.setdefault(port, deque()).append(visit)
            while len(self._visits) > KEPT or self._octets > ROOM:
                self._drop(self._visits.popleft())
            self._changed.notify_all()
        if self.left:
            self.left(visit)

    def _drop(self, visit: Visit) -> None:
        self.dropped += 1
        self._octets -= visit.octets
        waiting = self._ended.get(visit.port)  # nobody asks for the visits of curl or of a browser
        if waiting and waiting[0] is visit:
            self._asked_for(waiting, visit.port)

    def _asked_for(self, waiting: deque[Visit], port: int) -> Visit:
        visit = waiting.popleft()
        if not waiting:
            del self._ended[port]
        return visit

    def finished(self, port: int, patience: float) -> Visit:
        """
        The oldest visit from the client's `port` that was not asked for yet, once it has ended.

        Raises TimeoutError after `patience` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._ended.get(port), patience):
                raise TimeoutError(f"no visit from port {port} ended within {patience} s")
            return self._asked_for(self._ended[port], port)

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


def attend(raw: socket.socket, context: SSL.Context, visit: Visit, respond: Respond, patience: float) -> None:
    """
    Serve one connection to its end and write what happened into `visit`.

    The handshake, each request and each answer must be over within twice
    `patience` seconds; silence is given up after `patience`, by the socket's own limit.

    Nothing that a visitor sends raises: garbage, silence, a hang-up and bad
    HTTP all end the visit with a word in `visit.trouble`.
    """
    visit.connection = connection = SSL.Connection(context, raw)
    connection.set_accept_state()
    allow(raw, 2 * patience)
    try:
        connection.do_handshake()
        visit.hung_up = Hangup.BEFORE_REQUEST
        wire = Wire(connection, h11.SERVER)
        try:
            converse(wire, visit, respond, lambda begins: allow(raw, 2 * patience if begins else None))
        finally:
            visit.read = wire.read
            # A client that refuses after TLS 1.3's last message tells us with an alert that we read here.
    except SSL.Error as problem:
        visit.alert = tls.alert_in(problem)
        visit.trouble = tls.words(problem)
    except (OSError, h11.ProtocolError, TooLarge) as problem:
        visit.trouble = tls.words(problem)
    finally:
        if overdue(raw):
            visit.trouble = LATE
        tls.hang_up(connection)
        allow(raw, None)
        visit.connection = None


def converse(wire: Wire, visit: Visit, respond: Respond, clock: Callable[[bool], None]) -> None:
    """Requests and answers until the client closes; `clock` is told when a time limit begins and ends."""
    while True:
        clock(True)
        try:
            request = wire.next_request()
        except (h11.RemoteProtocolError, TooLarge) as bad:
            with contextlib.suppress(h11.LocalProtocolError):
                status = 413 if isinstance(bad, TooLarge) else 400
                wire.answer(Answer(status, [(b"connection", b"close")], b"this is no request\n"))
            raise
        if request is None:
            return
        kept = visit.keep(request)
        visit.read = wire.read
        visit.hung_up = Hangup.AFTER_REQUEST
        if visit.heard:
            visit.heard(visit, kept)
        clock(False)  # how long the other side takes to answer is no matter of the visitor's
        answer = respond(request, visit)
        clock(True)
        wire.answer(answer)
        visit.answered += 1
        visit.hung_up = Hangup.NEVER
