"""A box on loopback that takes reports of failed pins, and how a browser brings one there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from lab.pki.authority import Authority, Credential
from lab.policy.hpkp_report import ViolationReport
from lab.policy.mind import Mind
from lab.wire import tls
from lab.wire.client import connect
from lab.wire.http import Answer, Request
from lab.wire.service import Service


class Collector(Service):
    """Takes reports by POST, as JSON; `reports` holds them as received, oldest first, `asked` where to."""

    def __init__(self, credential: Credential) -> None:
        self.reports: list[dict[str, Any]] = []
        self.asked: list[str] = []
        super().__init__(credential)

    def respond(self, request: Request) -> Answer:
        assert request.method == "POST"
        self.asked.append(request.target)
        self.reports.append(json.loads(request.body))
        return Answer(204)


def deliver(owed: ViolationReport, box: Collector, who: Mind, store: Sequence[Authority], time: datetime) -> bool:
    """Whether the report arrived: its host is pinned like any other."""
    headers = [(b"host", owed.host.encode()), (b"content-type", b"application/json"), (b"connection", b"close")]
    request = Request("POST", owed.target, headers, json.dumps(owed.body).encode())
    context = tls.client_context([anchor.certificate for anchor in store], time)
    met = connect(box.address, owed.host, context, who.decide, time=time, request=request)
    return met.answer is not None and met.answer.status < 300
