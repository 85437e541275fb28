"""
The report of a failed pin validation, as the JSON object of RFC 7469 section 3.

It knows how a report is worded, and not whether one is owed; `hpkp` does.
"""

from __future__ import annotations

import base64
import textwrap
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from lab.naming import printable
from lab.observation import Certificate, Observation
from lab.policy.memory import PinnedHost


def unusable(address: str) -> str:
    """
    Why no report ever goes to this report-uri, in words; empty where one may. It never raises.

    A URI is ASCII without blanks (RFC 3986 section 2). The lab's browsers know no
    HSTS, and so they post nothing in the clear (RFC 7469 section 2.1.4).
    """
    try:
        found = urlsplit(address)
        whole = address.isascii() and address.isprintable() and " " not in address
        usable = whole and found.scheme in ("http", "https") and bool(found.hostname) and found.port != 0
    except ValueError:  # a port or a bracket that cannot be
        usable = False
    if not usable:
        return f"its report-uri is no address that a report could go to: {printable(address)!r}"
    if found.scheme == "http":
        return f"its report-uri is never used, since reports go out over https only: {printable(address)}"
    return ""


@dataclass(frozen=True)
class ViolationReport:
    """A report that the client owes: where it goes, an https address, and the JSON object of section 3."""

    to: str
    body: dict[str, Any]

    @property
    def host(self) -> str:
        """The host to connect to, pinned like any other."""
        return urlsplit(self.to).hostname or ""

    @property
    def target(self) -> str:
        """What to ask for there: the path, with its query."""
        found = urlsplit(self.to)
        return (found.path or "/") + (f"?{found.query}" if found.query else "")


def report(observation: Observation, entry: PinnedHost, port: int = 443) -> dict[str, Any]:
    """
    The JSON object of section 3, with its nine keys.

    Dates are RFC 3339 in UTC; chains are lists of PEM, leaf first. A preloaded
    entry never expires here and gives the date of the failure.
    """
    return {
        "date-time": _date(observation.time),
        "hostname": observation.host,
        "port": port,
        "effective-expiration-date": _date(entry.until or observation.time),
        "include-subdomains": entry.include_subdomains,
        "noted-hostname": entry.host,
        "served-certificate-chain": [_pem(one) for one in observation.presented],
        "validated-certificate-chain": [_pem(one) for one in observation.path or ()],
        "known-pins": [f'pin-sha256="{pin.removeprefix("sha256/")}"' for pin in entry.pins],
    }


def _date(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _pem(certificate: Certificate) -> str:
    lines = textwrap.wrap(base64.b64encode(certificate.der).decode(), 64)
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])
