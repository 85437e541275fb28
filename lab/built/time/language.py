"""
The words of a timeline: its authorities, its service, what happens, its clients.

Plain frozen values whose fields are the keys of a file, with their types and
limits. Nothing here knows a certificate, a socket or TOML;
`lab.built.time.reading` makes these values from a file and
`lab.built.time.life` makes certificates from them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, get_args

from msgspec import Meta, Struct, field
from msgspec.structs import asdict

from lab.building import Branching, PathBuilding
from lab.pki.told import Pace, Passage
from lab.policy.pinset import Role

if TYPE_CHECKING:
    from lab.built.time.life import Life

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
LONG_AGO, FAR_AHEAD = datetime(1970, 1, 1, tzinfo=UTC), datetime(2520, 1, 1, tzinfo=UTC)
"""How long a CA is valid where nothing is said: before and after all that a timeline can be about."""

FOREVER = timedelta(days=36_500)

Phrase = Annotated[str, Meta(max_length=120, pattern=r"^[^\n]*$")]
Words = Annotated[Phrase, Meta(min_length=1)]
Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^\n]*$")]  # RFC 5280's ub-common-name
Span = Annotated[int, Meta(ge=1, le=36_500)]
Lag = Annotated[int, Meta(ge=0, le=36_500)]
Hours = Annotated[int, Meta(ge=0, le=24 * 366)]
Algorithm = Literal["ECDSA", "RSA", "ML-DSA"]
ALGORITHMS: tuple[str, ...] = get_args(Algorithm)


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


class Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file."""


class Spoken(Entry, frozen=True):
    """
    What a server says beside its certificate.

    `pins` are what the answer's header pins for `max_age_days`: keys of what is
    presented, the service's backup key, or a made-up one. `announces` proves
    that the backup key is the next one.
    """

    pins: tuple[Literal["root", "intermediate", "leaf", "backup", "made-up"], ...] = ()
    max_age_days: Annotated[int, Meta(ge=0, le=36_500)] = 60
    announces: bool = False


class Ca(Entry, frozen=True):
    """
    One CA certificate. A root where `under` is empty.

    `same_key_as` names a CA whose name and key this certificate is for: a
    cross-sign. `until` is the last second of its validity.
    """

    name: Name
    start: datetime = field(name="from", default=LONG_AGO)
    until: datetime = FAR_AHEAD
    under: str = ""
    same_key_as: str = ""
    algorithm: Algorithm = "ECDSA"
    trusted: bool = True


class Lifetime(Entry, frozen=True):
    """From `start` on, new certificates last `days`."""

    start: datetime = field(name="from")
    days: Span


class Happening(Entry, frozen=True, kw_only=True):
    """
    Something that happens on a day: an event of the file, of the kind `what`.

    The kinds are in `lab.built.time.events`, each with the keys that it reads.
    """

    date: datetime
    what: str = ""
    note: Phrase = ""
    words: ClassVar[str] = ""

    @property
    def title(self) -> str:
        """What it is called in a list and in a picture."""
        return self.words.format_map(asdict(self)) + (f" ({self.note})" if self.note else "")

    @property
    def gives(self) -> Whose | None:
        """Which certificates an attacker has by it."""
        return None

    @property
    def needs(self) -> tuple[str, Whose] | None:
        """The key that speaks of certificates that an attacker must have by now, and which they are."""
        return None

    def happens(self, life: Life) -> None:
        """Change the life: what is presented, held, stored or revoked from this day on."""


class Installation(Entry, frozen=True):
    """
    A client as people have it installed, and how it is updated.

    `pins` are roles; any of them may match. The pins of a release are those of
    the service on the day of the release; the client has it `update_lag` days
    later. `release_every` is in days, 0 for a client that is never updated;
    `also_released` are further releases. `pins_expire` counts days from the
    release, and ends after the last moment at which the pins count; 0: they
    never expire. `store_lag` is None where the trust store comes with the
    client's own releases, else the days by which the system's store runs
    behind. `mind` is the name of a client that learns: what it asks and how it learns are that
    client's, and it visits the service every day.

    `listens` is the name of a client that asks others than the server; what it asks, and what it does where
    it hears nothing, are that client's. All about that is in hours: what it hears is made every `interval` (0: for
    whoever asks), or comes so often where it is pushed; holds for `life`; what was fetched is kept for `cache`.
    `lag` passes from the owner's request until the CA has said it, where None as the event says. `way` is what an
    attacker does who is on the line. `pushed_revocation` is a pushed list that is there at once and has no end.
    """

    name: Name
    pins: tuple[Role, ...] = ()
    release_every: Span = 0
    update_lag: Lag = 0
    also_released: tuple[datetime, ...] = ()
    pins_expire: Span = 0
    branching: Branching = field(name="path_builder", default=Branching.FIRST)
    pushed_revocation: bool = False
    store_lag: Lag | None = None
    mind: str = ""
    listens: str = ""
    interval: Hours = 0
    cache: Hours = 0
    lag: Hours | None = None
    life: Annotated[int, Meta(ge=1, le=24 * 366)] = 24 * 7
    way: Passage = Passage.OPEN

    @property
    def channel(self) -> str:
        """The client of the table as which it listens; empty where it listens to nobody."""
        return self.listens or ("pushed-list" if self.pushed_revocation else "")

    @property
    def pace(self) -> Pace:
        """How what it hears is made, holds and is kept."""
        return Pace(HOUR * self.interval, FOREVER if self.pushed_revocation else HOUR * self.life, HOUR * self.cache)

    @property
    def building(self) -> PathBuilding:
        """How it builds its paths."""
        return PathBuilding(branching=self.branching)

    def releases(self, start: datetime, end: datetime) -> list[datetime]:
        """The days of its releases from `start` on, in order; the first is `start` itself."""
        found = {start, *(day for day in self.also_released if start <= day < end)}
        if self.release_every:
            step, day = timedelta(days=self.release_every), start
            while (day := day + step) < end:
                found.add(day)
        return sorted(found)


class Timeline(Spoken, frozen=True, kw_only=True):
    """
    A whole timeline. `lifetimes` say from when on certificates do not last `lifetime_days` any more.

    `renew` says with which key the service renews by itself, `renew_before`
    days before the end. What the service says, it says from the start to the
    end. `name` is the name of its file, and no key in it.
    """

    name: str = field(name="", default="")
    version: int = 1
    title: Words
    host: str = "bank.example"
    start: datetime
    end: datetime
    issuer: str
    sends: tuple[str, ...] | None = None
    lifetime_days: Span
    lifetimes: tuple[Lifetime, ...] = field(name="lifetime", default=())
    renew: Literal["same", "new", "backup", "never"] = "new"
    renew_before: Lag = 0
    algorithm: Algorithm = "ECDSA"
    story: str = ""
    source: str = ""
    cas: tuple[Ca, ...] = field(name="ca", default=())
    clients: tuple[Installation, ...] = field(name="client", default=())
    events: tuple[Happening, ...] = field(name="event", default=())

    @property
    def days(self) -> float:
        """How long it lasts, in days."""
        return (self.end - self.start) / DAY

    def lifetime(self, time: datetime) -> timedelta:
        """How long a certificate issued at `time` lasts."""
        since = (one.days for one in reversed(self.lifetimes) if one.start <= time)
        return timedelta(days=next(since, self.lifetime_days))
