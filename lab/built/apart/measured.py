"""
A pair, measured: the attack and its twin as two runs of one calendar, over real TLS.

Each date is a meeting of its own, of a client that listens to one channel. What
the attacker or an accident has done to the channel by then is handed to the
meeting; what the client made of it is written down. Nothing is met twice.
"""

# Theory of operation. A scene gives the meeting that the pair is about, and its day. For a later date the same is met
# again, with what others say by then: newest, nothing, or the last good one. A word comes `lags.revokes` after
# somebody asked for it: the owner, who noticed a theft, or whom the monitor told of a certificate that nobody ordered.
# The last good answer is one made a second before the word, so that the delay is the answer's life. Between two dates
# that are asked, nothing changes: they stand on both sides of each moment at which something could.

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from lab.built.apart.channels import PATH, Channel, Issuance
from lab.built.apart.levers import UNTOUCHED, Lever, Pulled, Setting, only, stands
from lab.built.apart.owner import LAGS, Lags, order, rings
from lab.built.apart.sets import AT_ONCE, Half, Member, Step
from lab.observation import REFUSED, Finding, Line
from lab.pki.admission import Admission
from lab.pki.authority import Credential, Key
from lab.pki.caa import Asks, NotIssued, ca_domain, issuing_under
from lab.pki.dane import LIFE as RECORDS_LIFE
from lab.pki.elsewhere import Elsewhere, Records, cut, published, taken_back
from lab.pki.log import PublicLog
from lab.pki.pins import pin_of
from lab.pki.public import Logging
from lab.pki.revoke import LIFE
from lab.pki.says import SILENT, announcing
from lab.pki.told import SECOND, Pace, Passage, Tidings
from lab.pki.world import World
from lab.policy.clients import client
from lab.policy.cost import EvidenceCost, cost
from lab.scenes.catalogue import Case, Holds, Meeting, Scene, attacks, case, honest, twin_of
from lab.trials.engine import meet
from lab.trials.standing import Ground

HORIZONS = (AT_ONCE, timedelta(hours=1), timedelta(days=1), timedelta(days=5), timedelta(days=8))
"""Dates at which the control is asked."""
SHORT = timedelta(hours=160)
"""The life of a certificate where it is short, as of Let's Encrypt's `shortlived`; it is renewed at half of it."""

STOLEN = {Holds.SERVER_KEY, Holds.BACKUP_KEY}
ISSUED = {Holds.TRUSTED_CA, Holds.SITE_ROOT, Holds.SITE_INTERMEDIATE, Holds.CDN, Holds.DEVICE, Holds.OWN_CA}
ASKED_BY = {"company_proxy": "the company", "move_to_cdn": "the CDN"}
"""Who asked for a twin, where it was not the site's owner: his book has no such order."""

_ASKS = {
    Pulled.SECOND_ACCOUNT: Asks.SECOND_ACCOUNT,
    Pulled.OWNERS_ACCOUNT: Asks.STOLEN_ACCOUNT,
    Pulled.OWN_CA: Asks.THE_CA,
}
_WAYS = {Pulled.NEWEST: Passage.OPEN, Pulled.NOTHING: Passage.CUT, Pulled.REPLAYED: Passage.REPLAYED}
_LOGGING = {Pulled.LOGGED: Logging.YES, Pulled.UNLOGGED: Logging.NO, Pulled.HIDDEN: Logging.HIDDEN}


@dataclass(frozen=True)
class Played:
    """One half of a pair as it was set up: the world, what anybody reads of its logs, and what it is about."""

    world: World
    logs: tuple[PublicLog, ...]
    scene: Scene
    meeting: Meeting
    ground: Ground

    @property
    def day(self) -> datetime:
        """When it happens."""
        return self.meeting.time

    @property
    def end(self) -> timedelta:
        """Until when its certificate holds, counted from the day."""
        return self.meeting.credential.leaf.not_valid_after_utc - self.day


def pairs() -> list[Case]:
    """The attacks that have a twin, but for those that are another over again to whoever sees only the path."""
    return [one for one in attacks() if one.twin and not one.repeats]


def pair(name: str) -> Case:
    """The attack of a pair, by the name of either half. Raises ValueError where there is none of that name."""
    one = case(name)
    attack = one if one.twin else twin_of(one)
    if attack is None:
        raise ValueError(f"{name} has no twin to be told from; `python -m lab apart` names all pairs")
    return attack


def _own(world: World) -> Credential:
    """The certificate for the key that the owner keeps, which he takes when the other one is lost."""
    return replace(world.issuing, vets=None).issue(*world.hosts, key=world.backup_key, logs=())


def _known(meeting: Meeting, admits: Admission) -> Meeting:
    """The same meeting, where the genuine server takes requests of clients that it knows alone."""
    behind = meeting.behind and _known(meeting.behind, admits)
    if meeting.line is Line.ATTACKER or meeting.proxied:
        return replace(meeting, behind=behind)
    return replace(meeting, says=replace(meeting.says or SILENT, admits=admits), behind=behind)


class Measured:
    """
    The two halves of a pair, each met as often as somebody asks; a context manager, which stops what it stood up.

    `trials` counts the connections. Raises ValueError for a case that is no attack with a twin.
    """

    def __init__(self, attack: Case, lags: Lags = LAGS) -> None:
        twin = twin_of(attack)
        if twin is None or not attack.twin:
            raise ValueError(f"{attack.name} has no twin to be told from; name another attack")
        self.attack, self.twin, self.lags = attack, twin, lags
        self.now = World().now
        self._played: dict[tuple[object, ...], Played] = {}
        self._alarms: dict[tuple[object, ...], timedelta | None] = {}
        self._shown: dict[tuple[object, ...], tuple[Step, ...]] = {}
        self._standing = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._standing.close()

    @property
    def trials(self) -> int:
        """Connections that clients began."""
        return sum(one.ground.exchanges for one in self._played.values())

    # ---- the two worlds ---------------------------------------------------------------------------

    def _half(self, half: Half, log: Pulled, channel: Channel = PATH, setting: Setting = UNTOUCHED) -> Played:
        """This half, in a world that has what the channel asks of it. Raises NotIssued where it never comes to be."""
        issued = tuple(only(setting, (Lever.ISSUANCE, Lever.PERMISSION)).items()) if channel.issuance else ()
        key = (half, log, channel.short, channel.issuance, channel.admits, issued)
        if key not in self._played:
            self._played[key] = self._stood(half, log, channel, setting)
        return self._played[key]

    def _stood(self, half: Half, log: Pulled, channel: Channel, setting: Setting) -> Played:
        case = self.attack if half is Half.ATTACK else self.twin
        starts = {**case.starts, **({"life": SHORT} if channel.short else {})}
        began = World(now=self.now, **starts)
        world = began.with_logging(_LOGGING[log])
        if channel.issuance:
            world = self._vetted(world, half, channel.issuance, setting)
        scene = case.scene(world)
        meeting = scene.placed(scene.meetings[scene.about])
        if channel.admits:
            meeting = _known(meeting, Admission.begun(meeting.time, channel.admits))
        return Played(world, began.logs, scene, meeting, self._standing.enter_context(Ground(scene.host)))

    def _vetted(self, world: World, half: Half, issuance: Issuance, setting: Setting) -> World:
        """The world whose CAs look up before they issue; the owner has said before which of them may."""
        owner = half is Half.TWIN and Lever.ISSUANCE not in setting
        asks = Asks.OWNER if owner else _ASKS[stands(setting, Lever.ISSUANCE)]
        if issuance is Issuance.LIMITS:
            return issuing_under(world, asks=asks, only=("shop.test",))
        may = [ca_domain(world.issuing)]
        issuer = self._half(Half.TWIN, Pulled.LOGGED).meeting.credential.issuer
        if half is Half.TWIN and issuer and stands(setting, Lever.PERMISSION) is Pulled.CHANGED:
            may.append(ca_domain(issuer))
        also = "; accounturi={}" if issuance is Issuance.ACCOUNT else ""
        said = [f'0 issue "{ca}{also.format(Asks.OWNER.account(ca))}"' for ca in dict.fromkeys(may)]
        return issuing_under(world, caa={world.host: said}, asks=asks)

    # ---- the owner --------------------------------------------------------------------------------

    def stolen(self, half: Half) -> bool:
        """Whether somebody has a key of the owner's in this half, which he notices."""
        return half is Half.ATTACK and bool(STOLEN & set(self.attack.holds))

    def alarm(self, half: Half, setting: Setting) -> timedelta | None:
        """When the owner's monitor rings; None where it never does."""
        read = only(setting, (Lever.LOG, Lever.BOOK))
        key = (half, *sorted(read.items()))
        if key not in self._alarms:
            self._alarms[key] = self._rang(half, read)
        return self._alarms[key]

    def _rang(self, half: Half, setting: Setting) -> timedelta | None:
        played = self._half(half, stands(setting, Lever.LOG))
        known, shown = played.scene.genuine, played.meeting.credential
        book = [order(known)]
        booked = stands(setting, Lever.BOOK) is Pulled.BOOKED and self.twin.name not in ASKED_BY
        if half is Half.TWIN and booked:
            book.append(order(shown))
        lost = (pin_of(shown.leaf), played.day + self.lags.notices) if self.stolen(half) else None
        rang = rings(played.logs, played.world.hosts, book, played.day, self.lags, known=known, lost=lost)
        return None if rang is None else rang - played.day

    def word(self, half: Half, setting: Setting, monitored: bool) -> timedelta | None:
        """From when on its CA says that the certificate of this half is revoked; None where nobody asks for it."""
        played = self._half(half, stands(setting, Lever.LOG))
        shown, known = played.meeting.credential.issuer, played.scene.genuine.issuer
        asked = [self.alarm(half, setting)] if monitored else []
        if self.stolen(half) and shown and known and shown.root.key is known.root.key:
            asked.append(self.lags.notices)
        words = [one + self.lags.revokes for one in asked if one is not None]
        return min(words, default=None) if shown and shown.parent else None

    # ---- what is shown ----------------------------------------------------------------------------

    def shown(self, channel: Member, half: Half, setting: Setting, monitored: bool) -> Sequence[Step]:
        """What this channel shows, step by step; each step is a connection."""
        assert isinstance(channel, Channel)
        read = only(setting, channel.reads)
        word = self.word(half, setting, monitored) if channel.reads & _WORDED else None
        since = self.word(Half.ATTACK, setting, monitored) or AT_ONCE
        key = (channel.name, half, *sorted(read.items()), word, since if Pulled.REPLAYED in read.values() else None)
        if key not in self._shown:
            since = max(AT_ONCE, since - SECOND)
            self._shown[key] = tuple(self._steps(channel, half, read, word, since))
        return self._shown[key]

    def _steps(
        self, channel: Channel, half: Half, setting: Setting, word: timedelta | None, since: timedelta
    ) -> Sequence[Step]:
        try:
            played = self._half(half, stands(setting, Lever.LOG), channel, setting)
        except NotIssued as never:
            return [Step(AT_ONCE, True, (Finding("issuance", False, str(never)),))]
        told = _told(played, played.day + word if word is not None else None, played.day + since)
        updates = replace(told, pace=Pace(self.lags.updates))
        records = self._records(played, half, stands(setting, Lever.RECORDS))
        says = replace(played.meeting.says or SILENT, staple=told.answers(_way(setting, Lever.STAPLE)))
        spoken, pushed = Lever.STAPLE in channel.reads, Lever.UPDATE in channel.reads
        found = []
        for date in self._dates(channel, played, half, word, since):
            time = played.day + date
            meeting = replace(
                played.meeting,
                time=time,
                credential=self._renewed(played, time, half, setting) if channel.short else played.meeting.credential,
                says=says if spoken else played.meeting.says,
                elsewhere=Elsewhere(
                    answers=told.answers(_way(setting, Lever.ANSWER)),
                    lists=told.lists(_way(setting, Lever.LIST)),
                    pushed=updates.pushed(played.logs, time, _way(setting, Lever.UPDATE)) if pushed else None,
                    records=records,
                ),
            )
            found.append(self._met(channel, played, meeting, date, setting))
        return found

    def _dates(
        self, channel: Channel, played: Played, half: Half, word: timedelta | None, since: timedelta
    ) -> Sequence[timedelta]:
        """Both sides of each moment at which this channel could change, beside the dates that all have in common."""
        moments = {one for one in (word, since + LIFE) if one is not None} if channel.reads & _WORDED else set()
        if channel.short:
            moments.add(played.end + SECOND)
        if Lever.UPDATE in channel.reads and word is not None:
            moments.add(word + self.lags.updates)
        last = self._half(Half.ATTACK, Pulled.LOGGED).end - SECOND
        if Lever.RECORDS in channel.reads:
            moments |= {self.lags.notices, self._said_before(half) + RECORDS_LIFE}
        both = {date for moment in moments for date in (moment - SECOND, moment)}
        asked = HORIZONS if channel is PATH else (AT_ONCE,)
        return sorted(one for one in {*asked, *both, last} if AT_ONCE <= one <= last)

    def _met(self, channel: Channel, played: Played, meeting: Meeting, date: timedelta, setting: Setting) -> Step:
        mind = client(channel.client).mind(played.scene.enrolment)
        if channel.learns and played.scene.about:  # else the first contact is what it is about
            before = replace(honest(played.world), says=announcing(self._next_key(played, setting)))
            for _ in range(2):  # at a first use nobody knows who announces
                meet(played.ground, before, mind)()
        met = meet(played.ground, meeting, mind, asked=False)()
        refused = met.outcome in REFUSED
        if channel.admits and meeting.line is Line.ATTACKER:
            refused = not met.aftermath.relayed  # the request is read, and does not reach the bank
        return Step(date, refused, met.verdict.findings)

    def costs(self, channel: Channel) -> tuple[EvidenceCost, ...]:
        """What each kind of evidence of this channel costs on a visit to the genuine server of the twin's day."""
        played, mind = self._half(Half.TWIN, Pulled.LOGGED), client(channel.client).mind()
        seen = meet(played.ground, played.meeting, mind, asked=False)().observation if mind.needs else None
        return tuple(cost(kind, seen) for kind in sorted(mind.needs)) if seen else ()

    # ---- what the owner says in DNS ---------------------------------------------------------------

    def _records(self, played: Played, half: Half, how: Pulled) -> Records:
        """What DNS says of the site's keys at any time, by how the lever stands."""
        said, known = played.meeting.elsewhere.records or published(played.scene.genuine), played.scene.genuine
        before, after, last = said, said, played.day + self._said_before(half)
        if half is Half.TWIN:
            before = published(known)
        elif self.stolen(half) and pin_of(known.leaf) == pin_of(played.meeting.credential.leaf):
            after = published(_own(played.world))

        def records(host: str, time: datetime) -> bytes | None:
            if how is Pulled.REPLAYED:
                return before(host, min(time, last))
            return (after if time > last else before)(host, time)

        return cut if how is Pulled.NOTHING else records

    def _said_before(self, half: Half) -> timedelta:
        """The last moment of what was in DNS before the owner changed it: at a theft, or before he moved."""
        return (self.lags.notices if self.stolen(half) else AT_ONCE) - SECOND

    def _next_key(self, played: Played, setting: Setting) -> Key:
        """The key that the owner announced before: that of the twin's certificate, or the one that he keeps."""
        asked = played.meeting.line is Line.GENUINE and self.twin.name not in ASKED_BY
        if asked and stands(setting, Lever.ANNOUNCEMENT) is Pulled.ANNOUNCED:
            return played.meeting.credential.key
        return played.world.backup_key

    def _renewed(self, played: Played, time: datetime, half: Half, setting: Setting) -> Credential:
        """What is presented in a world of short certificates: whoever can have one issued has a new one in time."""
        first = played.meeting.credential
        runs = stands(setting, Lever.RENEWAL) is Pulled.RENEWED
        can = ISSUED & set(self.attack.holds) if half is Half.ATTACK else runs
        periods = (time - played.day) // (SHORT / 2)
        if not can or first.issuer is None or not periods:
            return first
        issuer = replace(first.issuer, now=played.day + periods * (SHORT / 2))
        again = issuer.issue(*played.world.hosts, key=first.key)
        return replace(again, chain=(again.leaf, *first.chain[1:]))


_WORDED = {Lever.STAPLE, Lever.ANSWER, Lever.LIST, Lever.UPDATE}
"""The levers of channels that carry a revocation."""


def _told(played: Played, word: datetime | None, since: datetime) -> Tidings:
    """What others say of the certificate; the last good of it is that of `since`."""
    return Tidings(taken_back(played.meeting.credential, word) if word else (), since)


def _way(setting: Setting, lever: Lever) -> Passage:
    return _WAYS[stands(setting, lever)]
