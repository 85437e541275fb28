"""
What a browser remembers of hosts that announced pins, and which entry counts.

Values only: nothing here decides whether a header is believed; `hpkp` does.
RFC 7469 section 2.3.3 is the storage model.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

CHROMIUM_CAP = timedelta(days=60)
"""Chromium's kMaxHPKPAgeSecs, 86400 * 60 seconds; RFC 7469 section 4.1 suggests about as much."""


@dataclass(frozen=True)
class PinnedHost:
    """
    A host that the client has noted, with its pins (``sha256/BASE64``).

    `until` is the RFC's effective expiration date: the last moment at which the
    pins count. It is None for a preloaded host, which this lab never expires.
    """

    host: str
    pins: tuple[str, ...]
    until: datetime | None
    include_subdomains: bool = False
    report_uri: str = ""

    def expired(self, time: datetime) -> bool:
        return self.until is not None and self.until < time


@dataclass(frozen=True)
class Agent:
    """
    What a client that conforms may choose for itself.

    `cap` limits max-age (section 2.3.3); None is no limit. `local_anchors` are
    the fingerprints of roots that the user or an employer installed; a path
    that ends in one is not held against the pins (section 2.6), unless `strict`.
    """

    cap: timedelta | None = None
    local_anchors: frozenset[str] = frozenset()
    strict: bool = False


@dataclass(frozen=True)
class Memory:
    """What a client has noted (`noted`), what was built into it (`preloaded`), and which reports it has sent."""

    noted: Mapping[str, PinnedHost] = field(default_factory=lambda: MappingProxyType({}))
    preloaded: Mapping[str, PinnedHost] = field(default_factory=lambda: MappingProxyType({}))
    told: frozenset[tuple[str, str, frozenset[str]]] = frozenset()

    def governing(self, host: str, time: datetime) -> PinnedHost | None:
        """
        The entry whose pins count for `host` at `time`, if any.

        The host's own entry, else that of the nearest superdomain that asserted
        includeSubDomains; expired ones are ignored. Noted entries come before
        preloaded ones: section 2.7 leaves that to the implementation.
        """
        for entries in (self.noted, self.preloaded):
            name = canonical(host)
            exact = True
            while name:
                entry = entries.get(name)
                if entry and not entry.expired(time) and (exact or entry.include_subdomains):
                    return entry
                name, exact = name.partition(".")[2], False
        return None

    def with_noted(self, entry: PinnedHost) -> Memory:
        return replace(self, noted=MappingProxyType({**self.noted, entry.host: entry}))

    def without(self, host: str) -> Memory:
        """The same without what was noted of `host`; what is preloaded stays, as in Chromium."""
        kept = {name: entry for name, entry in self.noted.items() if name != canonical(host)}
        return replace(self, noted=MappingProxyType(kept))


def preload(*entries: PinnedHost) -> Memory:
    """A memory with these entries built in."""
    return Memory(preloaded=MappingProxyType({entry.host: entry for entry in entries}))


def canonical(host: str) -> str:
    """The host in the one form that is compared (RFC 6797 section 10): lower case, A-labels, no final dot."""
    name = host.removesuffix(".").lower()
    try:
        return name.encode("idna").decode("ascii") if not name.isascii() else name
    except UnicodeError:
        return name


def is_address(host: str) -> bool:
    """Whether `host` is an IP address, bracketed or not: section 2.3.3 never notes one."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
