"""
The words of a timeline: its authorities, its service, its events, its clients.

Plain frozen values, as they stand in a file. Nothing here knows a certificate,
a socket or TOML; `lab.built.time.reading` makes these values from a file and
`lab.built.time.life` makes certificates from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from lab.pki.legacy_path import Builder
from lab.policy.pinset import Role

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


class What(StrEnum):
    """What an event of a timeline is."""

    RENEW = "renew"
    """A new certificate, for the same, a new or the backup key."""
    INTERMEDIATE = "intermediate"
    """The CA issues from another intermediate: `to`."""
    MOVE = "move"
    """The site moves to another CA: `to`."""
    ALGORITHM = "algorithm"
    """The site moves to another algorithm, `to`, and so to a new key."""
    SENDS = "sends"
    """The server sends other certificates behind its own."""
    BACKUP_LOST = "backup-lost"
    """The offline backup key is lost, and another is made."""
    COMPROMISE = "compromise"
    """An attacker has the key that the service uses on that day."""
    MISISSUE = "misissue"
    """A CA, `by`, issues a certificate for the host to an attacker."""
    REVOKE = "revoke"
    """Certificates are revoked, `hours` after the date."""
    STORE_ADDS = "store-adds"
    """Trust stores built from that day on hold `root`."""
    STORE_DROPS = "store-drops"
    """Trust stores built from that day on no longer hold `root`."""
    CLOCK = "clock"
    """An attacker moves clients' clocks by `days`, for a time."""


class Choice(StrEnum):
    """For which key a certificate is made."""

    SAME = "same"
    NEW = "new"
    BACKUP = "backup"
    """The planned backup key; the next one is made the same day."""


class Whose(StrEnum):
    """Which certificates a revocation is about."""

    CURRENT = "current"
    STOLEN = "stolen"
    """Every certificate so far for a key that an attacker has."""
    MISISSUED = "misissued"


@dataclass(frozen=True, slots=True)
class Ca:
    """
    One CA certificate. A root where `under` is empty.

    `same_key_as` names a CA whose name and key this certificate is for: a
    cross-sign. `until` is the last second of its validity.
    """

    name: str
    start: datetime
    until: datetime
    under: str = ""
    same_key_as: str = ""
    algorithm: str = "ECDSA"
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens on a day. Which of the fields count depends on `what`; see `What`."""

    date: datetime
    what: What
    note: str = ""
    key: Choice = Choice.NEW
    to: str = ""
    sends: tuple[str, ...] | None = None
    by: str = ""
    stolen_key: bool = False
    whose: Whose = Whose.CURRENT
    root: str = ""
    clients: tuple[str, ...] = ()
    days: int = 0
    for_days: int = 1
    hours: int = 0


@dataclass(frozen=True, slots=True)
class Installed:
    """
    A client as people have it installed, and how it is updated.

    `pins` are roles; any of them may match. The pins of a release are those of
    the service on the day of the release; the client has it `update_lag` days
    later. `release_every` is in days, 0 for a client that is never updated;
    `also_released` are further releases. `pins_expire` counts days from the
    release, after which the pins are not looked at any more; 0: they never
    expire. `store_lag` is None where the trust store comes with the client's
    own releases, else the days by which the system's store runs behind.
    """

    name: str
    pins: tuple[Role, ...] = ()
    release_every: int = 0
    update_lag: int = 0
    also_released: tuple[datetime, ...] = ()
    pins_expire: int = 0
    builder: Builder = Builder.SEARCHING
    pushed_revocation: bool = False
    store_lag: int | None = None

    def releases(self, start: datetime, end: datetime) -> list[datetime]:
        """The days of its releases from `start` on, in order; the first is `start` itself."""
        found = {start, *(day for day in self.also_released if start <= day < end)}
        if self.release_every:
            step, day = timedelta(days=self.release_every), start
            while (day := day + step) < end:
                found.add(day)
        return sorted(found)


@dataclass(frozen=True, slots=True)
class Timeline:
    """
    A whole timeline. `lifetimes` are (from, days) pairs in order of time: how long new certificates last.

    `renew` says with which key the service renews by itself, `renew_before`
    days before the end; None: it does not.
    """

    name: str
    title: str
    host: str
    start: datetime
    end: datetime
    cas: tuple[Ca, ...]
    issuer: str
    lifetimes: tuple[tuple[datetime, int], ...]
    renew: Choice | None
    renew_before: int
    clients: tuple[Installed, ...]
    events: tuple[Event, ...] = ()
    sends: tuple[str, ...] | None = None
    algorithm: str = "ECDSA"
    story: str = ""
    source: str = ""

    @property
    def days(self) -> float:
        """How long it lasts, in days."""
        return (self.end - self.start) / DAY

    def lifetime(self, time: datetime) -> timedelta:
        """How long a certificate issued at `time` lasts."""
        days = next(days for since, days in reversed(self.lifetimes) if since <= time)
        return timedelta(days=days)
