"""
A timeline's certificates: what the service presents from when, and what an attacker holds.

It makes keys and certificates with the dates that the timeline says, and knows
neither clients nor sockets. Every certificate is made for this run and thrown
away; the names of real CAs appear only here, in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cryptography import x509

from lab.building import Branching, PathBuilding
from lab.built.time.language import ALGORITHMS, HOUR, SECOND, Choice, Timeline
from lab.built.time.spoken import said
from lab.observation import Certificate
from lab.pki.authority import Authority, Credential, Key, authority, new_key
from lab.pki.log import PublicLog
from lab.pki.paths import build
from lab.pki.pins import pin_of, seen
from lab.pki.public import public_logs
from lab.pki.says import Says
from lab.policy.pinset import Role, Site

_SEARCHING = PathBuilding(branching=Branching.SEARCHING)


@dataclass(frozen=True, eq=False)
class Era:
    """What the service presents and says from `start` until the next era, and the pin of its backup key then."""

    start: datetime
    credential: Credential
    certificates: tuple[Certificate, ...]
    backup: str
    title: str
    says: Says | None = None


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


@dataclass(frozen=True, eq=False)
class Withdrawal:
    """What the owner asked for at `asked`: that this is revoked; its CA has said so `hours` later."""

    credential: Credential
    asked: datetime
    hours: int

    def since(self, lag: int | None = None) -> datetime:
        """From when on it is revoked; or would be with this lag, in hours."""
        return self.asked + HOUR * (self.hours if lag is None else lag)


class Life:
    """
    Everything that a timeline makes, lived through once; its events change it.

    `eras` are in order; `revoked` maps a certificate's fingerprint to the
    request by which it is revoked; `stores` are (from, roots) in order. `made`
    are CAs that the file does not name. `logs` are those into which CAs hand
    in, none where nobody listens to anybody. The rest is the service as it is
    now: who issues for it, what it sends behind its certificate (None: what
    belongs there), its key and its backup key.
    """

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.logs = public_logs() if any(one.channel for one in timeline.clients) else ()
        self.authorities = _authorities(timeline, self.logs)
        self.made: list[Authority] = []
        self.eras: list[Era] = []
        self.holdings: list[Holding] = []
        self.revoked: dict[str, Withdrawal] = {}
        trusted = tuple(self.authorities[one.name] for one in timeline.cas if not one.under and one.trusted)
        self.stores: list[tuple[datetime, tuple[Authority, ...]]] = [(timeline.start, trusted)]
        self._restocked: list[tuple[datetime, list[Authority], list[Authority]]] = []
        self.issuer, self.sends = self.authorities[timeline.issuer], self.certificates_of(timeline.sends)
        self.algorithm: str = timeline.algorithm
        self.key, self.backup = new_key(timeline.algorithm), new_key()
        self._due: datetime | None = None
        self.renew(timeline.start, "the service begins")
        self._live()

    def _live(self) -> None:
        waiting = sorted(self.timeline.events, key=lambda event: event.date)
        while waiting or self._due:
            if waiting and (self._due is None or waiting[0].date <= self._due):
                waiting.pop(0).happens(self)
            else:
                assert self._due
                choice = Choice(self.timeline.renew)
                self.choose(choice)
                self.renew(self._due, f"renewed, {choice.value} key")

    # ---- what events do ------------------------------------------------------------------------

    def choose(self, choice: Choice) -> None:
        """Take this key for the next certificate."""
        if choice is Choice.NEW:
            self.key = new_key(self.algorithm)
        elif choice is Choice.BACKUP:
            self.key, self.backup = self.backup, new_key()

    def renew(self, when: datetime, title: str) -> None:
        """The service gets a certificate at `when` for its key from its CA, and presents it."""
        self._present(self.issue(self.issuer, self.key, when, self.timeline.lifetime(when)), when, title)

    def adopt(self, credential: Credential, when: datetime, title: str) -> None:
        """The service presents this credential from `when` on, and renews it as it would its own."""
        self.issuer = credential.issuer or self.issuer
        usual = tuple(one.certificate for one in self.issuer.line() if one.parent)
        self.sends = None if credential.chain[1:] == usual else credential.chain[1:]
        self.key = credential.key
        self.algorithm = next(one for one in ALGORITHMS if seen(credential.leaf).algorithm.startswith(one))
        if self.key is self.backup:
            self.backup = new_key()
        self._present(credential, when, title)

    def issue(self, by: Authority, key: Key, when: datetime, life: timedelta) -> Credential:
        """A certificate for the host; the last second still counts (RFC 5280 section 4.1.2.5): lives are whole days."""
        today, end = replace(by, now=when), when + life - SECOND
        return replace(today.issue(self.timeline.host, key=key, not_before=when, not_after=end), issuer=by)

    def show(self, when: datetime, credential: Credential, title: str) -> None:
        """A new era begins at `when`, with this credential and what the service sends behind it."""
        if self.sends is not None:
            credential = credential.sending(*self.sends)
        if self.eras and self.eras[-1].start == when:
            self.eras.pop()
        certificates = tuple(seen(one) for one in credential.chain)
        says = said(self.timeline, credential, self.backup)
        self.eras.append(Era(when, credential, certificates, pin_of(self.backup.public_key()), title, says))

    def restock(self, when: datetime, before: Sequence[Authority], after: Sequence[Authority]) -> None:
        """Every client's store changes at `when` as `after` differs from `before`, whenever the store was built."""
        had, has = ({one.certificate for one in roots} for roots in (before, after))
        lost = [one for one in before if one.certificate not in has]
        gained = [one for one in after if one.certificate not in had]
        self._restocked.append((when, lost, gained))

    def certificates_of(self, names: Iterable[str] | None) -> tuple[x509.Certificate, ...] | None:
        """The certificates of the CAs of these names, to be sent; None where none are named."""
        return None if names is None else tuple(self.authorities[name].certificate for name in names)

    def _present(self, credential: Credential, when: datetime, title: str) -> None:
        self.show(when, credential, title)
        for holding in self.holdings:
            if holding.key is self.key:
                holding.credentials.append((when, credential))
        line = self.timeline
        due = credential.leaf.not_valid_after_utc + SECOND - timedelta(days=line.renew_before)
        self._due = due if line.renew != "never" and due < line.end else None

    # ---- what there is at a time ---------------------------------------------------------------

    def era(self, time: datetime) -> Era:
        """What the service presents at `time`."""
        return next(era for era in reversed(self.eras) if era.start <= time)

    def store(self, built: datetime, time: datetime) -> tuple[Authority, ...]:
        """The roots that a trust store built at `built` holds at `time`."""
        held = [*next(roots for since, roots in reversed(self.stores) if since <= built)]
        held += [one for one in self.made if not one.parent]
        for when, lost, gained in self._restocked:
            if when <= time:
                held = [one for one in held if one not in lost] + gained
        return tuple(held)

    def every(self) -> list[Authority]:
        """Every CA: the file's, and those that were made beside them."""
        return [*self.authorities.values(), *self.made]

    def path(self, time: datetime) -> Sequence[Certificate]:
        """The service's path as a searching client finds it in the store of that day; empty where there is none."""
        anchors = [seen(one.certificate) for one in self.store(time, time)]
        return build(self.era(time).certificates, anchors, time, _SEARCHING).path or ()

    def site(self, time: datetime) -> Site:
        """The service's pins by role, as somebody who builds a client at `time` finds them."""
        era, path = self.era(time), self.path(time)
        leaf = era.certificates[0]
        return {
            Role.ROOT: frozenset(one.pin for one in path[-1:] if len(path) > 1),
            Role.INTERMEDIATE: frozenset(one.pin for one in path[1:-1]),
            Role.LEAF: frozenset({leaf.pin}),
            Role.CERTIFICATE: frozenset({leaf.fingerprint}),
            Role.BACKUP: frozenset({era.backup}),
        }

    def credentials(self) -> list[Credential]:
        """Every credential of a server, the service's and the attackers', each once."""
        held = (credential for holding in self.holdings for _, credential in holding.credentials)
        return list(dict.fromkeys([*(era.credential for era in self.eras), *held]))

    def certificates(self) -> list[Certificate]:
        """Every certificate that has dates of its own: the service's, the CAs', the attacker's."""
        found = [one for credential in self.credentials() for one in credential.chain]
        return [seen(one) for one in dict.fromkeys([*found, *(one.certificate for one in self.every())])]


def _authorities(timeline: Timeline, logs: tuple[PublicLog, ...]) -> dict[str, Authority]:
    made: dict[str, Authority] = {}
    for ca in timeline.cas:
        twin = made.get(ca.same_key_as)
        one = authority(
            twin.name if twin else ca.name,
            under=made.get(ca.under),
            key=twin.key if twin else None,
            algorithm=ca.algorithm,
            not_before=ca.start,
            not_after=ca.until,
        )
        made[ca.name] = replace(one, logs=logs)
    return made
