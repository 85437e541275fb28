"""
The events of a timeline: for each kind the keys that it reads, what it is called, and what it does to the life.

A new kind is a class here and nothing else. Beside these, every case of the
catalogue that is a move is an event by its name, with `lab.built.time.moves`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

from msgspec import Meta, field

from lab.built.time.language import Algorithm, Choice, Happening, Hours, Span, Whose
from lab.built.time.life import Holding, Life, Withdrawal
from lab.pki.authority import new_key
from lab.pki.pins import seen

_Kind = TypeVar("_Kind", bound=type[Happening])

EVENTS: dict[str, type[Happening]] = {}
"""Every kind of event by the word that a file has for it."""


def event(what: str, words: str) -> Callable[[_Kind], _Kind]:
    """Register a kind of event; `words` call it, with its fields in braces."""

    def register(kind: _Kind) -> _Kind:
        kind.words = words
        EVENTS[what] = kind
        return kind

    return register


@event("renew", "renewed, {key} key")
class Renewal(Happening, frozen=True, kw_only=True):
    """A new certificate, for the same, a new or the backup key."""

    key: Choice

    def happens(self, life: Life) -> None:
        """The service presents a certificate for the key that is chosen."""
        life.choose(self.key)
        life.renew(self.date, self.title)


@event("move", "moved to {to}, {key} key")
class OtherCa(Renewal, frozen=True, kw_only=True):
    """The site moves to another CA: `to`."""

    to: str
    key: Choice = Choice.NEW
    sends: tuple[str, ...] | None = None

    def happens(self, life: Life) -> None:
        """The CA issues, and what belongs to it is sent."""
        life.issuer, life.sends = life.authorities[self.to], life.certificates_of(self.sends)
        super().happens(life)


@event("intermediate", "another intermediate, {to}, {key} key")
class OtherIntermediate(OtherCa, frozen=True, kw_only=True):
    """The CA issues from another intermediate: `to`."""


@event("algorithm", "moved to {algorithm}, new key")
class OtherAlgorithm(Happening, frozen=True, kw_only=True):
    """The site moves to another algorithm, `to`, and so to a new key."""

    algorithm: Algorithm = field(name="to")

    def happens(self, life: Life) -> None:
        """The service presents a certificate for a key of that algorithm."""
        life.algorithm = self.algorithm
        life.choose(Choice.NEW)
        life.renew(self.date, self.title)


@event("sends", "sends another chain")
class OtherChain(Happening, frozen=True, kw_only=True):
    """The server sends other certificates behind its own."""

    sends: tuple[str, ...]

    def happens(self, life: Life) -> None:
        """The same certificate is presented with these behind it."""
        life.sends = life.certificates_of(self.sends)
        life.show(self.date, life.eras[-1].credential, self.title)


@event("backup-lost", "the backup key is lost")
class BackupLost(Happening, frozen=True, kw_only=True):
    """The offline backup key is lost, and another is made."""

    def happens(self, life: Life) -> None:
        """A new era begins, with the same certificate and another backup pin."""
        life.backup = new_key()
        life.show(self.date, life.eras[-1].credential, self.title)


@event("compromise", "the key is stolen")
class Compromise(Happening, frozen=True, kw_only=True):
    """An attacker has the key that the service uses on that day."""

    gives = Whose.STOLEN

    def happens(self, life: Life) -> None:
        """The attacker holds every certificate so far for that key."""
        key = life.eras[-1].credential.key
        held = [(era.start, era.credential) for era in life.eras if era.credential.key is key]
        life.holdings.append(Holding(self.date, self.title, True, key, held))


@event("misissue", "{by} mis-issues to an attacker")
class Misissue(Happening, frozen=True, kw_only=True):
    """A CA, `by`, issues a certificate for the host to an attacker."""

    by: str
    days: Span = 90
    stolen_key: bool = False
    gives = Whose.MISISSUED

    @property
    def needs(self) -> tuple[str, Whose] | None:
        """A stolen key, where it is for one."""
        return ("stolen_key", Whose.STOLEN) if self.stolen_key else None

    def happens(self, life: Life) -> None:
        """The attacker holds the certificate, for a key of its own or for a stolen one."""
        key = [one.key for one in life.holdings if one.stolen][-1] if self.stolen_key else new_key()
        credential = life.issue(life.authorities[self.by], key, self.date, timedelta(days=self.days))
        life.holdings.append(Holding(self.date, self.title, False, key, [(self.date, credential)]))


@event("revoke", "{whose} certificates revoked within {hours} h")
class Revocation(Happening, frozen=True, kw_only=True):
    """Certificates are revoked, `hours` after the date."""

    whose: Whose = Whose.CURRENT
    hours: Hours = 0

    @property
    def needs(self) -> tuple[str, Whose] | None:
        """What it revokes, unless it is the service's own."""
        return None if self.whose is Whose.CURRENT else ("whose", self.whose)

    def happens(self, life: Life) -> None:
        """The certificates that are meant are revoked; one that was revoked earlier keeps its time."""
        meant = [life.eras[-1].credential]
        if self.whose is not Whose.CURRENT:
            held = (one.credentials for one in life.holdings if one.stolen is (self.whose is Whose.STOLEN))
            meant = [credential for credentials in held for _, credential in credentials]
        for one in meant:
            life.revoked.setdefault(seen(one.leaf).fingerprint, Withdrawal(one, self.date, self.hours))


@event("store-drops", "stores lose {root}")
class StoreDrops(Happening, frozen=True, kw_only=True):
    """Trust stores built from that day on no longer hold `root`."""

    root: str

    def happens(self, life: Life) -> None:
        """A store built from now on is without it."""
        root = life.authorities[self.root]
        life.stores.append((self.date, tuple(one for one in life.stores[-1][1] if one is not root)))


@event("store-adds", "stores gain {root}")
class StoreAdds(StoreDrops, frozen=True, kw_only=True):
    """Trust stores built from that day on hold `root`."""

    def happens(self, life: Life) -> None:
        """A store built from now on has it at its end."""
        super().happens(life)
        since, roots = life.stores.pop()
        life.stores.append((since, (*roots, life.authorities[self.root])))


@event("clock", "clocks moved by {days} days")
class ClockMoved(Happening, frozen=True, kw_only=True):
    """An attacker moves clients' clocks by `days`, for a time."""

    days: Annotated[int, Meta(ge=-36_500, le=36_500)]
    clients: tuple[str, ...] = ()
    for_days: Span = 1

    def at(self, time: datetime) -> bool:
        """Whether the clocks are wrong at `time`."""
        return self.date <= time < self.over

    @property
    def over(self) -> datetime:
        """When the clocks are right again."""
        return self.date + timedelta(days=self.for_days)
