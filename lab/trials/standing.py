"""
A scene stood up on loopback: its services, its attackers, its TLS contexts.

Built once and used by every client that goes through the scene. It knows who
listens where; it knows no policy.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType
from typing import Self

from OpenSSL import SSL

from lab.observation import Line
from lab.scenes.catalogue import Case, Meeting, Scene
from lab.wire import tls
from lab.wire.attacker import Attacker
from lab.wire.client import Decide, Exchange, account_request, connect
from lab.wire.keylog import Tell
from lab.wire.listener import PATIENCE
from lab.wire.service import Service
from lab.wire.visit import Visit

Made = Callable[[Service | Attacker, Meeting], None]


class Standing:
    """
    One case, standing. A context manager; leaving it stops every listener.

    `handshakes` counts every TLS handshake that was begun here, the attacker's
    own calls to the genuine service included. `tell` is told the secrets of
    every connection to a listener here; `made` is handed each listener, and the
    meeting that it was made for, before anybody can know its port.
    """

    def __init__(
        self,
        case: Case,
        scene: Scene | None = None,
        *,
        patience: float = PATIENCE,
        tell: Tell | None = None,
        made: Made | None = None,
    ) -> None:
        self.case = case
        self.scene = scene or case.scene()
        self.patience = patience
        self._tell = tell
        self._made = made
        self._stack = ExitStack()
        self._listeners: dict[tuple[int, bool], Service | Attacker] = {}
        self._contexts: dict[tuple[tuple[int, ...], datetime], SSL.Context] = {}
        self._exchanges = 0

    def __enter__(self) -> Self:
        try:
            for meeting in self.scene.meetings:
                self.listener(meeting)
                self._context(meeting)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def handshakes(self) -> int:
        called = sum(one.calls for one in self._listeners.values() if isinstance(one, Attacker))
        return self._exchanges + called

    def _service(self, meeting: Meeting) -> Service:
        key = (id(meeting.credential), False)
        if key not in self._listeners:
            self._keep(
                key,
                Service(meeting.credential, resumable=self._resumable, patience=self.patience, tell=self._tell),
                meeting,
            )
        found = self._listeners[key]
        assert isinstance(found, Service)
        return found

    def listener(self, meeting: Meeting) -> Service | Attacker:
        """Who answers in this meeting; the same credential on the same line is one listener."""
        if meeting.line is Line.GENUINE and not meeting.proxied:
            return self._service(meeting)
        key = (id(meeting.credential), True)
        if key not in self._listeners:
            behind = self._service(_genuine(self.scene, meeting))
            between = Attacker(
                meeting.credential,
                behind.address,
                host=self.scene.host,
                resumable=self._resumable,
                patience=self.patience,
                tell=self._tell,
            )
            self._keep(key, between, meeting)
        return self._listeners[key]

    def _keep(self, key: tuple[int, bool], listener: Service | Attacker, meeting: Meeting) -> None:
        self._stack.enter_context(listener)
        self._listeners[key] = listener
        if self._made:
            self._made(listener, meeting)

    @property
    def _resumable(self) -> bool:
        return any(meeting.component for meeting in self.scene.meetings)

    def _context(self, meeting: Meeting) -> SSL.Context:
        # One context for each store and time: a session can be resumed only within its context.
        key = (tuple(id(anchor) for anchor in meeting.store), meeting.time)
        if key not in self._contexts:
            anchors = [anchor.certificate for anchor in meeting.store]
            self._contexts[key] = tls.client_context(anchors, meeting.time)
        return self._contexts[key]

    def meet(
        self,
        meeting: Meeting,
        decide: Decide,
        secret: str = "",
        *,
        ignoring: frozenset[int] = frozenset(),
        session: SSL.Session | None = None,
        keep_session: bool = False,
    ) -> tuple[Exchange, Callable[[], Visit]]:
        """
        One connection as this meeting has it.

        Returns what the client got, and what waits for what the other side saw.
        """
        listener = self.listener(meeting)
        self._exchanges += 1
        exchange = connect(
            listener.address,
            self.scene.host,
            self._context(meeting),
            decide,
            time=meeting.time,
            request=account_request(self.scene.host, secret),
            ignoring=ignoring,
            session=session,
            keep_session=keep_session,
            patience=self.patience,
        )
        if not exchange.port:
            return exchange, Visit
        return exchange, lambda: listener.log.finished(exchange.port, self.patience * 2)


def _genuine(scene: Scene, meeting: Meeting) -> Meeting:
    """A meeting with the genuine server itself, behind whoever stands between."""
    return Meeting(Line.GENUINE, scene.genuine, meeting.store, meeting.time, "the genuine server")
