"""
The service and the attackers of one timeline, standing on loopback, one era at a time.

It serves, connects and says who holds the secret. It knows no policy: the
decision is handed in. Every credential is served by a real TLS server.
"""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from OpenSSL import SSL

from lab.built.time.installed import Moment
from lab.built.time.life import Era
from lab.observation import Line, Observation, Outcome, Verdict
from lab.pki.authority import Credential
from lab.wire import tls
from lab.wire.attacker import Attacker
from lab.wire.client import account_request, connect
from lab.wire.listener import PATIENCE
from lab.wire.service import Service

KEPT = 16  # TLS contexts; a run goes forward in time, so old ones are of no use


@dataclass(frozen=True)
class Met:
    """
    One handshake at a simulated time, as it went.

    `observation` is what the client judged, through its own path builder;
    `verdict` what its policy said, `outcome` what was measured.
    """

    line: Line
    credential: Credential
    observation: Observation
    verdict: Verdict
    outcome: Outcome


class Ground:
    """A context manager; leaving it stops every listener. `handshakes` counts those that clients began."""

    def __init__(self, host: str, *, patience: float = PATIENCE) -> None:
        self.host = host
        self.handshakes = 0
        self._patience = patience
        self._stack = ExitStack()
        self._era: Era | None = None
        self._service: Service | None = None
        self._attackers: dict[int, Attacker] = {}
        self._contexts: dict[tuple[datetime, tuple[int, ...]], SSL.Context] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def stand(self, era: Era) -> Service:
        """The genuine service as it is in `era`; what stood before is stopped."""
        if self._service is None or self._era is not era:
            self._stack.close()
            self._attackers.clear()
            self._era = era
            self._service = self._stack.enter_context(Service(era.credential, patience=self._patience))
        return self._service

    def _attacker(self, credential: Credential) -> Attacker:
        assert self._service is not None, "stand comes first"
        if id(credential) not in self._attackers:
            between = Attacker(credential, self._service.address, host=self.host, patience=self._patience)
            self._attackers[id(credential)] = self._stack.enter_context(between)
        return self._attackers[id(credential)]

    def _context(self, moment: Moment) -> SSL.Context:
        # Clients of one time and one store share a context, as in `lab.trials.standing`; it keeps no sessions.
        key = (moment.clock, tuple(id(one) for one in moment.store))
        if key not in self._contexts:
            if len(self._contexts) >= KEPT:
                self._contexts.clear()
            self._contexts[key] = tls.client_context([one.certificate for one in moment.store], moment.clock)
        return self._contexts[key]

    def meet(self, moment: Moment, era: Era, attacking: Credential | None = None) -> Met:
        """
        One connection of the client as it is at `moment`, with a fresh secret.

        With `attacking`, an attacker who presents that credential is on the line.
        The client's TLS verifies at its own clock.
        """
        service = self.stand(era)
        listener = self._attacker(attacking) if attacking else service
        secret = secrets.token_hex(16)
        self.handshakes += 1
        exchange = connect(
            listener.address,
            self.host,
            self._context(moment),
            lambda observation: moment.judge(observation).accepted,
            time=moment.clock,
            request=account_request(self.host, secret),
            patience=self._patience,
        )
        seen = moment.view(exchange.observation)
        verdict = moment.judge(exchange.observation)
        if verdict.accepted and not exchange.completed:
            verdict = Verdict(False, "handshake", f"the handshake broke off: {exchange.failure}")
        if attacking is None:
            outcome = Outcome.SERVED if exchange.accepted and exchange.answer else Outcome.OUTAGE
            return Met(Line.GENUINE, era.credential, seen, verdict, outcome)
        held = bool(exchange.port) and listener.log.finished(exchange.port, self._patience * 2).holds(secret)
        outcome = Outcome.INTERCEPTED if held else Outcome.STOPPED
        return Met(Line.ATTACKER, attacking, seen, verdict, outcome)
