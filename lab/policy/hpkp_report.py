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

from lab.observation import Certificate, Observation
from lab.policy.memory import PinnedHost


@dataclass(frozen=True)
class ViolationReport:
    """A report that the client owes: where it goes, and the JSON object of section 3."""

    to: str
    body: dict[str, Any]


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
