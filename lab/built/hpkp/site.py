"""
Services that send pin headers, and one that collects the reports.

They are the lab's ordinary service with headers added: real HTTPS on loopback.
They know nothing of what a browser makes of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from lab.pki.authority import Credential
from lab.pki.pins import pin_of
from lab.policy.hpkp_header import Header, Kind
from lab.wire.http import Answer, Request
from lab.wire.service import Service

FAKE_BACKUP = "sha256/" + "A" * 43 + "="
"""32 zero octets: the pin of no key that anybody holds."""


def announced(
    *credentials_or_pins: Credential | str, days: float = 60, subdomains: bool = False, report_uri: str = ""
) -> str:
    """A header's value that names these pins (a credential stands for its leaf's) for so many days."""
    pins = tuple(one if isinstance(one, str) else pin_of(one.leaf) for one in credentials_or_pins)
    return str(Header(pins, round(days * 86400), subdomains, report_uri))


class PinningSite(Service):
    """
    The bank, with headers of your choice on every answer.

    `headers` go out as given, in that order, malformed or twice where you say
    so; a plain string is the value of a Public-Key-Pins header. `page`, where
    given, is the body of ``/``.
    """

    def __init__(
        self,
        credential: Credential,
        headers: str | Iterable[tuple[str, str]] = (),
        *,
        page: str = "",
        name: str = "",
    ) -> None:
        pairs = [(Kind.PKP.value, headers)] if isinstance(headers, str) and headers else list(headers or ())
        self._headers = [(str(name).encode("ascii"), str(value).encode("latin-1")) for name, value in pairs]
        self._page = page.encode()
        super().__init__(credential, name=name)

    def respond(self, request: Request) -> Answer:
        answer = super().respond(request)
        if self._page and request.target == "/":
            answer = replace(answer, body=self._page)
        return replace(answer, headers=[*answer.headers, *self._headers])


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
