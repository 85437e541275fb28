"""
Who answers in a meeting: services and attackers standing on loopback, and the clients' TLS contexts.

A `Ground` stands up whoever a meeting needs, when it is needed; a `Standing` is
a scene stood up at once, to be used by every client that goes through it. They
know who listens where; they know no policy.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Self

from OpenSSL import SSL

from lab.building import Anchors
from lab.observation import Line
from lab.pki.says import SILENT, Plain
from lab.scenes.catalogue import Case, Meeting, Scene
from lab.trials.sources import Sources
from lab.wire import tls
from lab.wire.attacker import Attacker
from lab.wire.binding import Doorkeeper
from lab.wire.client import PLAIN, Decide, Exchange, Habits, account_request, connect
from lab.wire.copyist import Copyist
from lab.wire.deadline import PATIENCE
from lab.wire.keylog import Tell
from lab.wire.listener import Address
from lab.wire.plain import PlainService, Stripper
from lab.wire.service import Service
from lab.wire.visit import Visit

Made = Callable[[Service | Attacker, Meeting], None]

CONTEXTS = 64
"""TLS contexts that are kept: calendars go forward in time, and old ones are of no use."""
LISTENERS = 24
"""Listeners that stand at once: what a calendar has left behind is stopped."""


class Ground:
    """
    Listeners and contexts for any meetings with `host`. A context manager; leaving it stops every listener.

    `exchanges` counts the connections that clients began, `handshakes` every
    TLS handshake, the attackers' own calls to the genuine service included.
    `resumable` servers hand out sessions. `tell` is told the secrets of every
    connection to a listener here; `made` is handed each listener, and the
    meeting that it was made for, before anybody can know its port.
    """

    def __init__(
        self,
        host: str,
        *,
        resumable: bool = False,
        patience: float = PATIENCE,
        tell: Tell | None = None,
        made: Made | None = None,
    ) -> None:
        self.host = host
        self.patience = patience
        self.exchanges = 0
        self._common: dict[str, Any] = {"resumable": resumable, "patience": patience, "tell": tell}
        self._made = made
        self._calls = 0  # of attackers that stand no more
        self._listeners: dict[tuple[int, int, bool, Plain | None, Address | None], Service | Attacker] = {}
        self._contexts: dict[tuple[tuple[int, ...], datetime, Anchors], SSL.Context] = {}
        self.sources = Sources()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop every listener, the attackers before the services behind them. Calling it twice is fine."""
        with ExitStack() as stack:
            for listener in (self.sources, *self._listeners.values()):
                stack.callback(listener.stop)

    @property
    def handshakes(self) -> int:
        """Every TLS handshake that was begun here."""
        return self.exchanges + self._calls + sum(map(_calls, self._listeners.values()))

    def placed(self, meeting: Meeting) -> Meeting:
        """The same meeting, with whoever is behind it."""
        return meeting

    def listener(self, meeting: Meeting) -> Service | Attacker:
        """Who answers in this meeting; the same credential on the same line, saying the same, is one listener."""
        meeting = self.placed(meeting)
        behind = meeting.behind if meeting.relayed else None
        upstream = self.listener(behind).address if behind else None
        key = (id(meeting.credential), id(meeting.says), meeting.keyless, meeting.plain, upstream)
        found = self._listeners.pop(key, None) or self._stand(meeting, upstream)
        self._listeners[key] = found  # whoever was asked for last stands last, and longest
        found.staple = partial((meeting.says or SILENT).stapled, meeting.credential, meeting.time)
        while len(self._listeners) > LISTENERS:
            gone = self._listeners.pop(next(iter(self._listeners)))
            gone.stop()
            self._calls += _calls(gone)
        return found

    def genuine(self, meeting: Meeting) -> Service | None:
        """The genuine server to whom the attacker on the line relays; None where there is none, or he plays it."""
        behind = self.placed(meeting).behind if meeting.relayed and meeting.line is Line.ATTACKER else None
        found = self.listener(behind) if behind else None
        return found if isinstance(found, Service) else self.genuine(behind) if behind else None

    def _stand(self, meeting: Meeting, upstream: Address | None) -> Service | Attacker:
        made: Service | Attacker
        host = meeting.host or self.host
        if upstream:
            kind = Copyist if meeting.keyless else Stripper if meeting.plain else Attacker
            made = kind(meeting.credential, upstream, host=host, **self._common)
        else:
            says = meeting.says or SILENT
            kind_of: Callable[..., Service] = Service
            if meeting.plain:
                kind_of = partial(PlainService, redirects=meeting.plain is Plain.LINK)
            elif says.admits:
                kind_of = partial(Doorkeeper, admits=says.admits)
            made = kind_of(meeting.credential, says, host=host, **self._common)
        if self._made:
            self._made(made, meeting)
        return made

    def context(self, meeting: Meeting, which: Anchors = Anchors.SELF_SIGNED) -> SSL.Context:
        """
        The TLS context of a client with this meeting's store and clock, in which these anchors end a path.

        One for each of these: a session can be resumed only within its context.
        """
        key = (tuple(id(anchor) for anchor in meeting.store), meeting.time, which)
        if key not in self._contexts:
            if len(self._contexts) >= CONTEXTS:
                self._contexts.clear()
            anchors = [anchor.certificate for anchor in meeting.store]
            self._contexts[key] = tls.client_context(anchors, meeting.time, which=which)
        return self._contexts[key]

    def meet(
        self, meeting: Meeting, decide: Decide, secret: str = "", habits: Habits = PLAIN
    ) -> tuple[Exchange, Callable[[], Visit]]:
        """
        One connection as this meeting has it.

        Returns what the client got, and what waits for what the other side saw.
        """
        listener = self.listener(meeting)
        self.exchanges += 1
        host = meeting.host or self.host
        gather = self.sources.of(meeting, habits.wants)
        exchange = connect(
            listener.address,
            host,
            self.context(meeting, habits.building.anchors),
            decide,
            time=meeting.time,
            request=account_request(host, secret),
            habits=replace(habits, gather=gather) if gather else habits,
            patience=self.patience,
        )
        if not exchange.port:
            return exchange, Visit
        return exchange, lambda: listener.log.finished(exchange.port, self.patience * 2)


def _calls(listener: Service | Attacker) -> int:
    return listener.calls if isinstance(listener, Attacker) else 0


class Standing(Ground):
    """One case, stood up whole when it is entered; see `Ground`."""

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
        resumable = any(meeting.component for meeting in self.scene.meetings)
        super().__init__(self.scene.host, resumable=resumable, patience=patience, tell=tell, made=made)

    def __enter__(self) -> Self:
        try:
            for meeting in self.scene.meetings:
                self.listener(meeting)
                self.context(meeting)
        except BaseException:
            self.close()
            raise
        return self

    def placed(self, meeting: Meeting) -> Meeting:
        """The same meeting; the genuine server is behind whoever stands between, if nobody else is."""
        return self.scene.placed(meeting)
