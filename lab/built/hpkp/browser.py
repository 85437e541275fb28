"""
A browser that conforms to RFC 7469, over real handshakes at simulated times.

It notes what answers say, decides inside the handshake by what it noted, and
sends the reports it owes. The rules are `lab.policy.hpkp`'s; this file only
carries them to the wire and remembers.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from lab.observation import Observation, Verdict
from lab.pki.authority import Authority
from lab.policy import hpkp
from lab.policy.checks import Known, judge
from lab.policy.hpkp import Action, Noting
from lab.policy.hpkp_memory import Agent, Memory
from lab.policy.hpkp_report import Report
from lab.wire import tls
from lab.wire.client import connect
from lab.wire.http import Answer, Request
from lab.wire.listener import Address

Resolve = Callable[[str], Address | None]
"""Where a host name leads, as DNS would say; None where it leads nowhere."""


@dataclass(frozen=True)
class Visit:
    """
    One visit: what the browser saw and decided, what came back, what it noted, which reports it sent.

    `port` is the browser's own, by which the other side's log knows the visit.
    """

    host: str
    observation: Observation
    verdict: Verdict
    answer: Answer | None
    noting: Noting
    delivered: tuple[Report, ...] = ()
    port: int = 0

    @property
    def accepted(self) -> bool:
        return self.verdict.accepted

    def __str__(self) -> str:
        day = f"{self.observation.time:%Y-%m-%d}"
        if not self.accepted:
            return f"{day} {self.host}: refused at {self.verdict.check}: {self.verdict.reason}"
        return f"{day} {self.host}: served; pins: {self.noting.action.value} ({self.noting.reason})"


def headers_of(answer: Answer) -> list[tuple[str, str]]:
    """An answer's headers as text, in the order received."""
    return [(name.decode("ascii"), value.decode("latin-1")) for name, value in answer.headers]


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
        self.memory = memory or Memory()
        self.handshakes = 0
        self._clicks_through = clicks_through
        self._resolve = resolve

    def visit(
        self, address: Address, host: str, time: datetime, *, secret: str = "", page: str = "/", remember: bool = True
    ) -> Visit:
        """
        Go to `host` at `address` at `time` and heed its headers.

        With `remember=False` it is as if the visit had never been: nothing is
        noted and no report is sent. Raises ValueError where `address` is not loopback.
        """
        headers = [(b"host", host.encode()), (b"connection", b"close")]
        if secret:
            headers.append((b"authorization", b"Bearer " + secret.encode()))
        seen = self._go(address, host, time, Request("GET", page, headers))
        if not remember:
            return seen
        before = self.memory
        self.memory, owed = seen.noting.memory, seen.noting.reports
        if not seen.accepted:
            self.memory, owed = hpkp.failure(before, seen.observation, self.agent, address[1])
        sent = tuple(one for one in owed if self._post(one, time))
        return Visit(host, seen.observation, seen.verdict, seen.answer, seen.noting, sent, seen.port)

    def again(self, visit: Visit, time: datetime) -> None:
        """Heed the answer of an earlier visit as if it came at `time`, without a connection; a refusal is no answer."""
        if visit.accepted and visit.answer:
            observation = replace(visit.observation, time=time)
            self.memory = hpkp.note(self.memory, observation, headers_of(visit.answer), self.agent).memory

    def _go(self, address: Address, host: str, time: datetime, request: Request) -> Visit:
        policy = hpkp.policy(self.memory, self.agent, clicks_through=self._clicks_through)
        context = tls.client_context([one.certificate for one in self.store], time)
        self.handshakes += 1
        met = connect(
            address,
            host,
            context,
            lambda observation: judge(policy, observation, Known()).accepted,
            time=time,
            request=request,
        )
        verdict = judge(policy, met.observation, Known())
        if verdict.accepted and not met.accepted:
            verdict = Verdict(False, "TLS", met.failure or "the handshake did not finish", verdict.findings)
        noting = Noting(self.memory, Action.NOTHING, "there was no answer")
        if met.accepted and met.answer:
            noting = hpkp.note(self.memory, met.observation, headers_of(met.answer), self.agent, port=address[1])
        return Visit(host, met.observation, verdict, met.answer, noting, (), met.port)

    def _post(self, report: Report, time: datetime) -> bool:
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
        seen = self._go(address, target.hostname, time, request)
        return seen.accepted and seen.answer is not None and seen.answer.status < 300
