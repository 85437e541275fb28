"""
What clients remember: keys that they met or were told of, and pins that came by header. One value for all.

Plain values, to be written down by hand in a test, and how a meeting changes
them. Nothing here decides whether a key is believed: `continuity` and `hpkp`
do. Where a memory is kept is for the store.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

PORT = 443
"""The port under which the lab's own meetings are kept; the one on loopback is another each time."""


@dataclass(frozen=True, slots=True)
class Record:
    """
    One key that a client knows of a host and port.

    `pin` is ``sha256/…`` where keys are remembered, ``cert-sha256/…`` where
    certificates are. `count` is the number of meetings with it; 0 is a
    successor that was announced and never met. `expires` is the end of the
    certificate that came with it last, None where none came yet. Times are
    aware, in whole seconds. Raises ValueError for a port or a count that is none.
    """

    host: str
    port: int
    pin: str
    first_seen: datetime
    last_seen: datetime
    count: int
    expires: datetime | None = None

    def __post_init__(self) -> None:
        if not 0 < self.port < 65536:
            raise ValueError(f"{self.port} is no port; a port is a number from 1 to 65535")
        if self.count < 0:
            raise ValueError(f"a record was met {self.count} times; the count is 0 or more")


@dataclass(frozen=True)
class Update:
    """
    What is to be done to the records of one host and port after a meeting.

    First `drop` is deleted, then `met` is counted, with its certificate's end
    in `expires`, then each pin of `add` is noted as announced.
    """

    met: str = ""
    expires: datetime | None = None
    drop: frozenset[str] = frozenset()
    add: tuple[str, ...] = ()


@dataclass(frozen=True)
class Remembered:
    """The leaf that was met first on a host: its pin, its fingerprint, its name, and when that certificate expires."""

    pin: str
    fingerprint: str
    name: str
    expires: datetime | None = None

    def lapsed(self, time: datetime) -> bool:
        """Whether the remembered certificate has expired by `time`."""
        return self.expires is not None and self.expires < time


@dataclass(frozen=True)
class PinnedHost:
    """
    A host that a browser has noted, with its pins (``sha256/BASE64``).

    `until` is RFC 7469's effective expiration date: the last moment at which the
    pins count. It is None for a preloaded host, which this lab never expires.
    """

    host: str
    pins: tuple[str, ...]
    until: datetime | None
    include_subdomains: bool = False
    report_uri: str = ""

    def expired(self, time: datetime) -> bool:
        """Whether its pins no longer count at `time`."""
        return self.until is not None and self.until < time


@dataclass(frozen=True)
class Memory:
    """
    What a client remembers, of every host.

    `records` are keys that it met or that were announced to it; `warnings` how
    often its user was warned until now. `noted` are pins that came by header,
    `preloaded` those that were built in, `told` the reports that were owed once
    already (RFC 7469 section 2.1.4 asks to be sparing). `firsts` are the leaves
    that were met first, by host, for checks with `remembers=True`. `strict` are
    the hosts that want TLS alone: entries without pins.
    """

    records: tuple[Record, ...] = ()
    warnings: int = 0
    noted: Mapping[str, PinnedHost] = field(default_factory=lambda: MappingProxyType({}))
    preloaded: Mapping[str, PinnedHost] = field(default_factory=lambda: MappingProxyType({}))
    told: frozenset[tuple[str, str, frozenset[str]]] = frozenset()
    firsts: Mapping[str, Remembered] = field(default_factory=lambda: MappingProxyType({}))
    strict: Mapping[str, PinnedHost] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, host: str, port: int = PORT) -> tuple[Record, ...]:
        """What is known of a host and port, by pin."""
        name = canonical(host)
        return tuple(known for known in self.records if known.host == name and known.port == port)

    def after(self, update: Update, host: str, time: datetime, port: int = PORT) -> Memory:
        """The memory once `update` was made at `time`: the pure twin of `Store.apply`."""
        mine = self.of(host, port)
        others = tuple(known for known in self.records if known not in mine)
        return replace(self, records=others + after(mine, update, canonical(host), port, time))

    def governing(self, host: str, time: datetime) -> PinnedHost | None:
        """
        The entry whose pins count for `host` at `time`, if any.

        The host's own entry, else that of the nearest superdomain that asserted
        includeSubDomains; expired ones are ignored. Noted entries come before
        preloaded ones: RFC 7469 section 2.7 leaves that to the implementation.
        """
        return nearest(self.noted, host, time) or nearest(self.preloaded, host, time)

    def strict_about(self, host: str, time: datetime) -> bool:
        """Whether `host` wants TLS alone at `time`, or somebody above it for it (RFC 6797 section 8.2)."""
        return nearest(self.strict, host, time) is not None

    def with_noted(self, entry: PinnedHost) -> Memory:
        """The same with this entry noted, in the place of one for the same host."""
        return replace(self, noted=MappingProxyType({**self.noted, entry.host: entry}))

    def without(self, host: str) -> Memory:
        """The same without what was noted of `host`; what is preloaded stays, as in Chromium."""
        kept = {name: entry for name, entry in self.noted.items() if name != canonical(host)}
        return replace(self, noted=MappingProxyType(kept))


def nearest(entries: Mapping[str, PinnedHost], host: str, time: datetime) -> PinnedHost | None:
    """The entry that counts for `host` at `time`: its own, else that of the nearest one above that speaks for it."""
    name, exact = canonical(host), True
    while name:
        entry = entries.get(name)
        if entry and not entry.expired(time) and (exact or entry.include_subdomains):
            return entry
        name, exact = name.partition(".")[2], False
    return None


def after(records: Iterable[Record], update: Update, host: str, port: int, time: datetime) -> tuple[Record, ...]:
    """
    The records of one host and port once `update` was made at `time`, by pin.

    A clock that went back moves no `last_seen` back.
    """
    kept = {known.pin: known for known in records if known.pin not in update.drop}
    now = time.replace(microsecond=0)
    if update.met:
        before = kept.get(update.met) or Record(host, port, update.met, now, now, 0)
        ends = update.expires.replace(microsecond=0) if update.expires else None
        kept[update.met] = replace(
            before, last_seen=max(before.last_seen, now), count=before.count + 1, expires=ends or before.expires
        )
    for pin in update.add:
        kept.setdefault(pin, Record(host, port, pin, now, now, 0))
    return tuple(kept[pin] for pin in sorted(kept))


def canonical(host: str) -> str:
    """The host in the one form that is kept and compared (RFC 6797 section 10): lower case, A-labels, no last dot."""
    name = host.rstrip(".").lower()
    try:
        return name.encode("idna").decode("ascii") if not name.isascii() else name
    except UnicodeError:
        return name


def is_address(host: str) -> bool:
    """Whether `host` is an IP address, bracketed or not: RFC 7469 section 2.3.3 never notes one."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
