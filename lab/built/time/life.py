"""
A timeline's certificates: what the service presents from when, and what an attacker holds.

It makes keys and certificates with the dates that the timeline says, and knows
neither clients nor sockets. Every certificate is made for this run and thrown
away; the names of real CAs appear only here, in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lab.built.time.language import SECOND, Choice, Event, Timeline, What, Whose
from lab.observation import Certificate
from lab.pki.authority import Authority, Credential, Key, authority, new_key
from lab.pki.legacy_path import Builder, build
from lab.pki.pins import pin_of, seen
from lab.policy.pinset import Role, Site


@dataclass(frozen=True, eq=False)
class Era:
    """What the service presents from `start` until the next era, and the pin of its backup key then."""

    start: datetime
    credential: Credential
    certificates: tuple[Certificate, ...]
    backup: str
    title: str


@dataclass(frozen=True, eq=False)
class Holding:
    """
    Something that an attacker has from `start` on: a stolen key, or a certificate that a CA mis-issued.

    `credentials` are (issued, credential) pairs; they grow where a stolen key is renewed.
    """

    start: datetime
    title: str
    stolen: bool
    key: Key = field(repr=False)
    credentials: list[tuple[datetime, Credential]] = field(default_factory=list)

    def usable(self, time: datetime, clock: datetime) -> list[Credential]:
        """
        What the attacker would show at `time` to a client whose clock says `clock`.

        Those that are valid by that clock, newest first. Where the last has
        just ended it is shown once more, so that the refusal too is measured.
        """
        if time < self.start:
            return []
        there = [one for issued, one in self.credentials if issued <= time]
        valid = [one for one in there if valid_at(one, clock)]
        ended = [one for one in there if one.leaf.not_valid_after_utc + SECOND == clock]
        return list(reversed(valid)) or ended[-1:]


def valid_at(credential: Credential, clock: datetime) -> bool:
    """Whether the leaf is within its dates, both ends included."""
    return credential.leaf.not_valid_before_utc <= clock <= credential.leaf.not_valid_after_utc


class Life:
    """
    Everything that a timeline makes, lived through once.

    `eras` are in order; `revoked` maps a certificate's fingerprint to the time
    from which it is revoked; `stores` are (from, roots) in order.
    """

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.authorities = _authorities(timeline)
        self.eras: list[Era] = []
        self.holdings: list[Holding] = []
        self.revoked: dict[str, datetime] = {}
        trusted = tuple(one.name for one in timeline.cas if not one.under and one.trusted)
        self.stores: list[tuple[datetime, tuple[str, ...]]] = [(timeline.start, trusted)]
        self._issuer, self._sends = timeline.issuer, timeline.sends
        self._algorithm = timeline.algorithm
        self._key, self._backup = new_key(timeline.algorithm), new_key()
        self._due: datetime | None = None
        self._present(timeline.start, "the service begins")
        self._live()

    def _live(self) -> None:
        waiting = sorted(self.timeline.events, key=lambda event: event.date)
        while waiting or self._due:
            if waiting and (self._due is None or waiting[0].date <= self._due):
                self._happens(waiting.pop(0))
            else:
                assert self._due
                choice = self.timeline.renew
                assert choice
                self._choose(choice)
                self._present(self._due, f"renewed, {choice.value} key")

    def _choose(self, choice: Choice) -> None:
        if choice is Choice.NEW:
            self._key = new_key(self._algorithm)
        elif choice is Choice.BACKUP:
            self._key, self._backup = self._backup, new_key()

    def _present(self, when: datetime, title: str) -> None:
        """The service gets a certificate at `when` for its key from its CA, and presents it."""
        line = self.timeline
        credential = self._issue(self._issuer, self._key, when, line.lifetime(when))
        self._show(when, credential, title)
        for holding in self.holdings:
            if holding.key is self._key:
                holding.credentials.append((when, credential))
        due = credential.leaf.not_valid_after_utc + SECOND - timedelta(days=line.renew_before)
        self._due = due if line.renew and due < line.end else None

    def _issue(self, by: str, key: Key, when: datetime, life: timedelta) -> Credential:
        # The last second still counts (RFC 5280 section 4.1.2.5), so that lives are whole days.
        return self.authorities[by].issue(self.timeline.host, key=key, not_before=when, not_after=when + life - SECOND)

    def _show(self, when: datetime, credential: Credential, title: str) -> None:
        if self._sends is not None:
            credential = credential.sending(*(self.authorities[name].certificate for name in self._sends))
        if self.eras and self.eras[-1].start == when:
            self.eras.pop()
        certificates = tuple(seen(one) for one in credential.chain)
        self.eras.append(Era(when, credential, certificates, pin_of(self._backup.public_key()), title))

    def _happens(self, event: Event) -> None:
        when = event.date
        now = self.eras[-1].credential
        if event.what in (What.RENEW, What.INTERMEDIATE, What.MOVE, What.ALGORITHM):
            if event.what is What.ALGORITHM:
                self._algorithm = event.to
            elif event.to:
                self._issuer, self._sends = event.to, event.sends
            self._choose(event.key)
            self._present(when, title(event))
        elif event.what is What.SENDS:
            self._sends = event.sends
            self._show(when, now, title(event))
        elif event.what is What.BACKUP_LOST:
            self._backup = new_key()
            self._show(when, now, title(event))
        elif event.what is What.COMPROMISE:
            held = [(era.start, era.credential) for era in self.eras if era.credential.key is now.key]
            self.holdings.append(Holding(when, title(event), True, now.key, held))
        elif event.what is What.MISISSUE:
            stolen = [one.key for one in self.holdings if one.stolen]
            key = stolen[-1] if event.stolen_key else new_key()
            credential = self._issue(event.by, key, when, timedelta(days=event.days))
            self.holdings.append(Holding(when, title(event), False, key, [(when, credential)]))
        elif event.what is What.REVOKE:
            for one in self._meant(event.whose):
                self.revoked.setdefault(seen(one.leaf).fingerprint, when + timedelta(hours=event.hours))
        elif event.what in (What.STORE_ADDS, What.STORE_DROPS):
            roots = tuple(name for name in self.stores[-1][1] if name != event.root)
            self.stores.append((when, (*roots, event.root) if event.what is What.STORE_ADDS else roots))

    def _meant(self, whose: Whose) -> list[Credential]:
        if whose is Whose.CURRENT:
            return [self.eras[-1].credential]
        return [
            credential
            for holding in self.holdings
            if holding.stolen is (whose is Whose.STOLEN)
            for _, credential in holding.credentials
        ]

    def era(self, time: datetime) -> Era:
        """What the service presents at `time`."""
        return next(era for era in reversed(self.eras) if era.start <= time)

    def store(self, time: datetime) -> tuple[Authority, ...]:
        """The roots of a trust store built at `time`."""
        names = next(names for since, names in reversed(self.stores) if since <= time)
        return tuple(self.authorities[name] for name in names)

    def site(self, time: datetime) -> Site:
        """
        The service's pins by role, as somebody who builds a client at `time` finds them.

        The path is the one that a searching builder finds in the store of that day.
        """
        era = self.era(time)
        anchors = [seen(one.certificate) for one in self.store(time)]
        path: Sequence[Certificate] = build(era.certificates, anchors, time, Builder.SEARCHING).path or ()
        leaf = era.certificates[0]
        return {
            Role.ROOT: frozenset(one.pin for one in path[-1:] if len(path) > 1),
            Role.INTERMEDIATE: frozenset(one.pin for one in path[1:-1]),
            Role.LEAF: frozenset({leaf.pin}),
            Role.CERTIFICATE: frozenset({leaf.fingerprint}),
            Role.BACKUP: frozenset({era.backup}),
        }

    def certificates(self) -> list[Certificate]:
        """Every certificate that has dates of its own: the service's, the CAs', the attacker's."""
        held = [credential.leaf for holding in self.holdings for _, credential in holding.credentials]
        found = [one.certificates[0] for one in self.eras]
        found += [seen(one.certificate) for one in self.authorities.values()]
        return list({one.fingerprint: one for one in (*found, *map(seen, held))}.values())


_TITLES = {
    What.RENEW: "renewed, {key} key",
    What.INTERMEDIATE: "another intermediate, {to}, {key} key",
    What.MOVE: "moved to {to}, {key} key",
    What.ALGORITHM: "moved to {to}, {key} key",
    What.SENDS: "sends another chain",
    What.BACKUP_LOST: "the backup key is lost",
    What.COMPROMISE: "the key is stolen",
    What.MISISSUE: "{by} mis-issues to an attacker",
    What.REVOKE: "{whose} certificates revoked within {hours} h",
    What.STORE_ADDS: "stores gain {root}",
    What.STORE_DROPS: "stores lose {root}",
    What.CLOCK: "clocks moved by {days} days",
}


def title(event: Event) -> str:
    """What an event is called in a list and in a picture."""
    fields = {name: getattr(event, name) for name in ("to", "by", "root", "days", "hours")}
    fields.update(key=event.key.value, whose=event.whose.value)
    return _TITLES[event.what].format(**fields) + (f" ({event.note})" if event.note else "")


def _authorities(timeline: Timeline) -> dict[str, Authority]:
    made: dict[str, Authority] = {}
    for ca in timeline.cas:
        twin = made.get(ca.same_key_as)
        made[ca.name] = authority(
            twin.name if twin else ca.name,
            under=made.get(ca.under),
            key=twin.key if twin else None,
            algorithm=ca.algorithm,
            not_before=ca.start,
            not_after=ca.until,
        )
    return made
