"""
The headers that sites announce their pins with, and a service that collects the reports.

The lab's ordinary service sends the headers: see `lab.pki.says`. Nothing here
knows what a browser makes of them.
"""

from __future__ import annotations

import json
from typing import Any

from lab.pki.authority import Credential
from lab.pki.pins import pin_of
from lab.policy.hpkp_header import Header
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
