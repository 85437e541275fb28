"""
What key continuity remembers: records, and how a meeting changes them.

Plain values, to be written down by hand in a test. What follows from them is
for the rules, where they are kept is for the store.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Record:
    """
    One key that a client knows of a host and port.

    `pin` is ``sha256/…`` where a rule remembers keys, ``cert-sha256/…`` where
    it remembers certificates. `count` is the number of meetings with it; 0 is
    a successor that was announced and never met. `expires` is the end of the
    certificate that came with it last, None where none came yet. Times are
    aware, in whole seconds.
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


@dataclass(frozen=True, slots=True)
class Memory:
    """What a client remembers of one host and port, and how many warnings its user was shown until now."""

    records: tuple[Record, ...] = ()
    warnings: int = 0


@dataclass(frozen=True)
class Change:
    """
    What is to be done to the records of one host and port after a meeting.

    First `drop` is deleted, then `met` is counted, with its certificate's end
    in `expires`, then each pin of `add` is noted as announced.
    """

    met: str = ""
    expires: datetime | None = None
    drop: frozenset[str] = frozenset()
    add: tuple[str, ...] = ()


def after(records: Iterable[Record], change: Change, host: str, port: int, time: datetime) -> tuple[Record, ...]:
    """
    The records as a store holds them after `change` at `time`: the pure twin of `Store.apply`.

    In the store's order, by pin. A clock that went back moves no `last_seen` back.
    """
    kept = {one.pin: one for one in records if one.pin not in change.drop}
    now = time.replace(microsecond=0)
    if change.met:
        before = kept.get(change.met) or Record(host, port, change.met, now, now, 0)
        ends = change.expires.replace(microsecond=0) if change.expires else None
        kept[change.met] = replace(
            before, last_seen=max(before.last_seen, now), count=before.count + 1, expires=ends or before.expires
        )
    for pin in change.add:
        kept.setdefault(pin, Record(host, port, pin, now, now, 0))
    return tuple(kept[pin] for pin in sorted(kept))


def host_name(host: str) -> str:
    """The form under which a host is kept: lower case, without the dot that may end a full name."""
    return host.lower().removesuffix(".")
