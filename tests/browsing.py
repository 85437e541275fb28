"""
A browser that conforms to RFC 7469, as somebody at home has it: it goes where it is told and sends its reports.

It decides and learns as `lab.policy.hpkp` says. Visitors of dated scenes need
no browser of this kind; it is for trying a header out, and for reports.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lab.observation import Observation, Verdict
from lab.pki.authority import Authority, Credential
from lab.policy import hpkp
from lab.policy.check import Known
from lab.policy.hpkp import Action, Agent, Noting
from lab.policy.hpkp_report import ViolationReport
from lab.policy.memory import Memory
from lab.policy.mind import Mind
from lab.trials.engine import concluded
from lab.wire import tls
from lab.wire.client import Exchange, account_request, connect
from lab.wire.http import Answer, Request
from lab.wire.listener import Address
from lab.wire.service import Service

Resolve = Callable[[str], Address | None]
"""Where a host name leads, as DNS would say; None where it leads nowhere."""


@dataclass(frozen=True)
class PageVisit:
    """
    One visit: what the browser saw and decided, what came back, what it noted, which reports it sent.

    `port` is the browser's own, by which the other side's log knows the visit.
    """

    host: str
    observation: Observation
    verdict: Verdict
    answer: Answer | None
    noting: Noting
    delivered: tuple[ViolationReport, ...] = ()
    port: int = 0

    @property
    def accepted(self) -> bool:
        """Whether it went on."""
        return self.verdict.accepted

    def __str__(self) -> str:
        day = f"{self.observation.time:%Y-%m-%d}"
        if not self.accepted:
            return f"{day} {self.host}: refused at {self.verdict.check}: {self.verdict.reason}"
        return f"{day} {self.host}: served; pins: {self.noting.action.value} ({self.noting.reason})"


class Browser:
    """
    A client that learns pins from headers.

    `store` holds the roots that it trusts; `agent` its choices where the RFC
    leaves one; `memory` what it knows already. `clicks_through` is a user who
    overrides every warning that can be overridden. `resolve` finds the hosts
    that reports go to; without it none is delivered.
    """

    def __init__(
        self,
        store: Iterable[Authority],
        agent: Agent | None = None,
        memory: Memory | None = None,
        *,
        clicks_through: bool = False,
        resolve: Resolve | None = None,
    ) -> None:
        self.store = tuple(store)
        self.agent = agent or Agent()
        self.mind = Mind(hpkp.policy(self.agent, clicks_through=clicks_through), Known(memory=memory or Memory()))
        self._resolve = resolve

    @property
    def memory(self) -> Memory:
        """What it remembers now."""
        return self.mind.known.memory

    def visit(self, address: Address, host: str, time: datetime) -> PageVisit:
        """Go to `host` at `address` at `time` and heed its headers. Raises ValueError where it is not loopback."""
        request = account_request(host)
        seen, verdict = self._go(address, host, time, replace(request, target="/"))
        before = self.memory
        noting = Noting(before, Action.NOTHING, "there was no answer")
        if seen.headers is not None and verdict.accepted:
            noting = hpkp.note(before, seen.observation, seen.headers, self.agent, port=address[1])
        after, owed = noting.memory, noting.reports
        if not verdict.accepted:
            after, owed = hpkp.failure(before, seen.observation, self.agent, address[1])
        self.mind.known = replace(self.mind.known, memory=after)
        sent = tuple(report for report in owed if self._post(report, time))
        return PageVisit(host, seen.observation, verdict, seen.answer, noting, sent, seen.port)

    def _go(self, address: Address, host: str, time: datetime, request: Request) -> tuple[Exchange, Verdict]:
        context = tls.client_context([anchor.certificate for anchor in self.store], time)
        met = connect(address, host, context, self.mind.decide, time=time, request=request)
        return met, concluded(self.mind, met)

    def _post(self, report: ViolationReport, time: datetime) -> bool:
        """
        Deliver a report; whether it arrived.

        Its own host is pinned like any other, and a connection that fails there
        is given up (section 2.1.4). A report about a failed report is never sent.
        """
        target = urllib.parse.urlsplit(report.to)
        address = self._resolve(target.hostname or "") if self._resolve else None
        if address is None or target.scheme != "https" or not target.hostname:
            return False
        headers = [(b"host", target.hostname.encode()), (b"content-type", b"application/json")]
        page = target.path or "/"
        request = Request("POST", page, [*headers, (b"connection", b"close")], json.dumps(report.body).encode())
        seen, verdict = self._go(address, target.hostname, time, request)
        return verdict.accepted and seen.answer is not None and seen.answer.status < 300


class Collector(Service):
    """Takes reports by POST, as JSON; `reports` holds them as received, oldest first."""

    def __init__(self, credential: Credential, *, name: str = "") -> None:
        self.reports: list[dict[str, Any]] = []
        super().__init__(credential, name=name)

    def respond(self, request: Request) -> Answer:
        if request.method != "POST":
            return Answer(405, [(b"allow", b"POST")], b"send reports by POST\n")
        try:
            self.reports.append(json.loads(request.body))
        except ValueError:
            return Answer(400, [], b"this is no JSON\n")
        return Answer(204)
