"""
What a scene is made of, and the register of all scenes.

A case is a function from a world to a scene. Its name is its id, the first
line of its docstring is its title in every table. It knows nothing of clients
and opens no socket: it says who is on the line and what is presented.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any

from lab import naming
from lab.observation import Certificate, Line
from lab.pki.authority import LEAF_LIFE, Authority, Credential
from lab.pki.elsewhere import HONEST, Elsewhere, Records, published
from lab.pki.pins import fingerprint_of, pin_of, seen
from lab.pki.says import Plain, Says
from lab.pki.world import World
from lab.policy.check import Enrolment, Learnt, needs
from lab.policy.clients import Client
from lab.policy.pinset import Reach, Role, Site


class Kind(StrEnum):
    """On which side of the catalogue a case stands."""

    ATTACK = "attack"
    ROTATION = "rotation"
    SLIP = "slip"
    """The genuine service errs, and ordinary validation refuses it; in no matrix unless it is asked for."""

    @property
    def line(self) -> Line:
        """Who is on the line in the meeting that a case of this kind is about."""
        return Line.ATTACKER if self is Kind.ATTACK else Line.GENUINE

    @classmethod
    def of(cls, line: Line) -> Kind:
        """The kind of a case that is about a meeting with this one on the line, and is no slip."""
        return next(kind for kind in cls if kind.line is line)


class Fault(StrEnum):
    """Why nobody who does what ordinary TLS asks for lets it in."""

    UNTRUSTED = "no trust anchor vouches for it"
    WRONG_HOST = "it answers for another host"
    NOT_A_CA = "a certificate that is no CA signed it"
    EXPIRED = "it has expired"
    NO_KEY = "nobody proves to hold its key"


class Holds(StrEnum):
    """What an attacker must hold or control, beside a place on the network path."""

    OWN_CA = "a CA of its own making, which anybody can have"
    TRUSTED_CA = "a CA that the client's store trusts, or a way to make one mis-issue"
    SITE_ROOT = "another intermediate under the site's own root, or a way to make it mis-issue"
    SITE_INTERMEDIATE = "the site's own intermediate, or a way to make it mis-issue"
    CDN = "an account at the site's CDN that gets the site's name put into its certificate, or the CDN itself"
    OTHER_SITE = "a genuine certificate for a site of its own"
    CERTIFICATE = "the site's certificate, which the server hands to everybody who connects"
    SERVER_KEY = "the server's private key"
    BACKUP_KEY = "the operator's backup key"
    LOGS = "the logs, or a way to make them show two trees"
    ZONE = "the site's account at its DNS provider, or the key of its zone"
    DEVICE = "the victim's machine, for as long as it takes to install a CA"


class Way(StrEnum):
    """How such an attacker gets on the path."""

    DNS = "DNS"
    WIFI = "Wi-Fi"
    PROXY = "proxy setting"

    @property
    def how(self) -> str:
        """What such an attacker does, in a sentence."""
        return _HOW[self][0]

    @property
    def left_out(self) -> str:
        """What loopback leaves out of it."""
        return _HOW[self][1]


_HOW = {
    Way.DNS: (
        "a forged answer, a poisoned cache or a changed record sends the victim to the attacker's address",
        "there is no resolver: the client is simply given the attacker's port",
    ),
    Way.WIFI: (
        "an access point of the attacker's, or forged ARP on a shared network, carries the victim's packets",
        "there is no radio and no router: the client is simply given the attacker's port",
    ),
    Way.PROXY: (
        "a proxy setting, by hand, by policy or by WPAD, sends the victim's connections through the attacker",
        "there is no CONNECT and no setting: the client is simply given the proxy's port",
    ),
}


@dataclass(frozen=True)
class Meeting:
    """
    One connection: who is on the line, what is presented, what the client trusts, what time it is.

    `proxied` puts an authorised proxy on a genuine line. `component` marks a
    meeting of another, unpinned part of the same program, which leaves its TLS
    session in the cache that all parts share; it sends nothing secret and is
    no meeting of the client itself. `installed` are the anchors in `store` that
    did not come with the system: somebody put them on this machine. `keyless`
    is an attacker who shows the certificate of whoever is `behind` and has not
    got its key. `host` is whom the client wants to reach, the scene's own where
    it is empty. `says` is what is said beside the certificate; an attacker who
    says something plays the bank himself, one who does not relays to `behind`,
    the genuine server where it is None. `plain` is a meeting that begins with a
    link to plain HTTP. `elsewhere` is what can be had of others.
    """

    line: Line
    credential: Credential
    store: tuple[Authority, ...]
    time: datetime
    title: str
    proxied: bool = False
    component: bool = False
    installed: tuple[Authority, ...] = ()
    keyless: bool = False
    host: str = ""
    says: Says | None = None
    behind: Meeting | None = None
    elsewhere: Elsewhere = HONEST
    plain: Plain | None = None

    @property
    def relayed(self) -> bool:
        """Whether somebody stands between the client and whoever answers: a proxy, or an attacker who relays."""
        return self.proxied or (self.line is Line.ATTACKER and self.says is None)

    def publishing(self, records: Records) -> Meeting:
        """The same meeting, where DNS says this of the service's keys."""
        return replace(self, elsewhere=replace(self.elsewhere, records=records))

    @property
    def source(self) -> Says | None:
        """What is said by whoever answers in the end, where it is known who that is."""
        speaker = self.behind if self.relayed else self
        return speaker.says if speaker else None

    @cached_property
    def anchors(self) -> tuple[Certificate, ...]:
        """The anchors in `store`, as a client reads them."""
        return tuple(seen(one.certificate) for one in self.store)

    @cached_property
    def added(self) -> frozenset[str]:
        """The fingerprints of the anchors that did not come with the system."""
        return frozenset(fingerprint_of(one.certificate) for one in self.installed)


@dataclass(frozen=True)
class Scene:
    """
    An attack or a rotation as a sequence of meetings with `host`.

    `genuine` is the credential that the clients' pins were taken from, `site`
    those pins by role. `about` is the index of the meeting that shows the
    case's reach.
    """

    host: str
    genuine: Credential
    site: Site = field(repr=False)
    meetings: tuple[Meeting, ...]
    about: int

    def __post_init__(self) -> None:
        # Where a meeting does not say otherwise, the owner publishes keys in time, and takes back those that were left.
        told, left = [], self.genuine
        for number, one in enumerate(self.meetings):
            owned = [at.credential for at in self.meetings[number:] if at.line is Line.GENUINE and not at.installed]
            told.append(one if one.elsewhere.records else one.publishing(published(left, *owned)))
            left = one.credential if one.credential in owned[:1] else left
        object.__setattr__(self, "meetings", tuple(told))

    @property
    def enrolment(self) -> Enrolment:
        """What whoever set a client up before the first meeting knew of the service."""
        return Enrolment(self.host, self.meetings[0].time, self.site)

    def placed(self, meeting: Meeting) -> Meeting:
        """The same meeting with the genuine server itself behind whoever stands between, where nobody else is."""
        if meeting.behind is not None or not meeting.relayed:
            return meeting
        behind = Meeting(Line.GENUINE, self.genuine, meeting.store, meeting.time, "the genuine server")
        return replace(meeting, behind=behind)


@dataclass(frozen=True, eq=False)
class Case:
    """A catalogue entry: an attack, a rotation or a slip, with all that a table says of it."""

    name: str
    kind: Kind
    title: str
    text: str
    build: Build = field(repr=False)
    reach: Reach
    twin: str = ""
    fails: Fault | None = None
    holds: tuple[Holds, ...] = ()
    way: Way | None = None
    incident: str = ""
    starts: dict[str, Any] = field(default_factory=dict)
    repeats: str = ""
    """The scene that this one is over again to whoever sees only the path, where there is one."""

    def scene(self, world: World | None = None) -> Scene:
        """The scene in this world; in a fresh one of its own, where None."""
        world = world or World(**self.starts)
        built = self.build(world)
        return usual(world, built) if isinstance(built, Meeting) else built

    def move(self, world: World | None = None) -> Meeting | None:
        """
        The meeting that this move makes of an ordinary day of `world`; None where the case is a calendar of its own.

        The world is a fresh one of its own, where None. A move changes what is
        presented, held or stored, and neither the time nor the order of things.
        """
        world = world or World(**self.starts)
        built = self.build(world)
        return built if isinstance(built, Meeting) and built.time == world.now else None

    def record(self) -> dict[str, Any]:
        """The entry as plain JSON values."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "title": self.title,
            "text": self.text,
            "reach": [role.value for role in Role if role in self.reach],
            "twin": self.twin or None,
            "fails": self.fails.value if self.fails else None,
            "attacker_holds": [held.value for held in self.holds],
            "way": self.way.value if self.way else None,
            "loopback_leaves_out": self.way.left_out if self.way else None,
            "incident": self.incident or None,
        }


CASES: dict[str, Case] = {}
"""The attacks and rotations: the scenes of the matrix."""
SLIPS: dict[str, Case] = {}
"""What only comes on stage when it is asked for."""
APART: dict[str, dict[str, Case]] = {}
"""Further attacks and rotations by their group, in no table unless they are asked for: no path decides them."""


def case(name: str) -> Case:
    """The case of that name. Raises ValueError, naming the nearest, where there is none."""
    return naming.named("scene", name, every(), "`python -m lab list` names them all")


def every() -> dict[str, Case]:
    """Every case by its name, on whichever shelf."""
    return {name: one for shelf in (CASES, SLIPS, *APART.values()) for name, one in shelf.items()}


def chosen(names: str | Iterable[str | Case] = "all") -> list[Case]:
    """Scenes by name; ``"attacks"``, ``"rotations"``, ``"all"`` (both), ``"slips"`` or a group of those apart."""
    return naming.chosen(names, groups(), case)


def usually(clients: Iterable[Client]) -> list[Case]:
    """
    The scenes that a table of these clients has where nobody asks for any: all attacks and rotations.

    Those that repeat another, but for what is said beside the certificate, are
    among them only where one of the clients listens, or asks for evidence.
    """
    listen = any({Learnt.HEADER, Learnt.ANNOUNCED} & {*one.learnt} or needs(one.policy) for one in clients)
    return [one for one in CASES.values() if listen or not one.repeats]


def groups() -> dict[str, Iterable[Case]]:
    """The scenes of each group, by its name, which no scene can have."""
    further = {name: shelf.values() for name, shelf in APART.items()}
    return {"all": CASES.values(), "attacks": attacks(), "rotations": rotations(), "slips": SLIPS.values(), **further}


def attacks() -> list[Case]:
    """Every attack, in teaching order."""
    return [one for one in CASES.values() if one.kind is Kind.ATTACK]


def rotations() -> list[Case]:
    """Every rotation, in teaching order."""
    return [one for one in CASES.values() if one.kind is Kind.ROTATION]


Build = Callable[[World], "Scene | Meeting"]
"""What a case's function does: a whole scene, or the one meeting that follows the usual enrolment."""


def register(case: Case, group: str = "") -> None:
    """Put the case on its shelf, apart where it has a `group`. Raises ValueError for a name that is taken."""
    if case.name in groups():
        raise ValueError(f"{case.name!r} is the name of a group of scenes; choose another for a scene")
    if case.name in every():
        raise ValueError(f"there is already a scene named {case.name!r}; names are ids, choose another")
    shelf = APART.setdefault(group, {}) if group else SLIPS if case.kind is Kind.SLIP else CASES
    shelf[case.name] = case


def described(function: Callable[..., Any], build: Build, kind: Kind, **about: Any) -> Case:
    """The case whose name is the function's and whose text is its docstring, the first line of which is its title."""
    name, text = getattr(function, "__name__", ""), inspect.getdoc(function) or ""
    if not text:
        raise ValueError(f"scene {name!r} has no docstring; its first line is its title in every table")
    return Case(name, kind, text.splitlines()[0].rstrip("."), text, build, **about)


def _register(build: Build, kind: Kind, **about: Any) -> Build:
    group = about.pop("group", "")
    register(described(build, build, kind, **about), group)
    return build


def apart(group: str, kind: Kind, **about: Any) -> Callable[[Build], Build]:
    """Register a case of a group apart; `about` as for `Case`. An attack names the rotation that it is about."""
    return lambda build: _register(build, kind, group=group, **about)


def attack(
    *,
    reach: Reach,
    holds: Holds | tuple[Holds, ...],
    way: Way,
    twin: str = "",
    fails: Fault | None = None,
    incident: str = "",
    repeats: str = "",
    starts: dict[str, Any] | None = None,
) -> Callable[[Build], Build]:
    """
    Register an attack. `fails` says why ordinary validation refuses it; one that passes names its `twin`.

    `starts` are the world's arguments, where the twin's service does not start as usual.
    Raises ValueError where it has neither, or both.
    """
    if bool(twin) == bool(fails):
        raise ValueError("an attack either fails ordinary validation (fails=) or names its benign twin (twin=)")
    held = (holds,) if isinstance(holds, Holds) else holds
    about = {"twin": twin, "fails": fails, "incident": incident, "repeats": repeats, "starts": starts or {}}
    return lambda build: _register(build, Kind.ATTACK, reach=reach, holds=held, way=way, **about)


def rotation(
    *, reach: Reach, incident: str = "", starts: dict[str, Any] | None = None, repeats: str = ""
) -> Callable[[Build], Build]:
    """Register a rotation. `starts` are the world's arguments, where the service does not start as usual."""
    about = {"reach": reach, "incident": incident, "starts": starts or {}, "repeats": repeats}
    return lambda build: _register(build, Kind.ROTATION, **about)


def slip(*, reach: Reach, fails: Fault, incident: str = "", repeats: str = "") -> Callable[[Build], Build]:
    """Register a slip: a mistake of the genuine service; `fails` says why ordinary validation refuses it."""
    return lambda build: _register(build, Kind.SLIP, reach=reach, fails=fails, incident=incident, repeats=repeats)


def twin_of(one: Case) -> Case | None:
    """The other half of the pair; a rotation's twin is the first attack that names it."""
    if one.twin:
        return case(one.twin)
    return next((other for other in every().values() if other.twin == one.name), None)


# ---- building scenes -----------------------------------------------------------------------------


def site_pins(world: World, genuine: Credential) -> Site:
    """The genuine service's pins by role, as a client's author would have taken them from `genuine`."""
    path = genuine.path
    return MappingProxyType(
        {
            Role.ROOT: frozenset({pin_of(path[-1])}),
            Role.INTERMEDIATE: frozenset(pin_of(one) for one in path[1:-1]),
            Role.LEAF: frozenset({pin_of(path[0])}),
            Role.CERTIFICATE: frozenset({fingerprint_of(path[0])}),
            Role.BACKUP: frozenset({pin_of(world.backup_key.public_key())}),
        }
    )


def honest(world: World, title: str = "enrolment: the genuine server as the client's author knew it") -> Meeting:
    """An ordinary meeting with the genuine server."""
    return Meeting(Line.GENUINE, world.genuine, world.store, world.now, title)


def told(world: World, *meetings: Meeting, about: int = -1) -> Scene:
    """A scene of exactly these meetings."""
    number = about % len(meetings)
    return Scene(world.host, world.genuine, site_pins(world, world.genuine), meetings, number)


# ---- calendars: when a move happens, and in which order ------------------------------------------


def usual(world: World, move: Meeting) -> Scene:
    """The honest enrolment, then the move."""
    return told(world, honest(world), move)


def first(world: World, move: Meeting, title: str, *, later: str) -> Scene:
    """The move comes before anything else was ever seen; then the genuine server, as it is on an ordinary day."""
    return told(world, replace(move, title=title), honest(world, later), about=0)


def between(world: World, move: Meeting) -> Scene:
    """One name, and two who answer to it: server A, then the move, then server A again."""
    return told(world, honest(world, "server A"), move, honest(world, "server A again"), about=1)


def waited(world: World, build: Callable[[World], Meeting]) -> Scene:
    """The honest enrolment; then nothing, until the certificate of that day has expired; then the move."""
    enrolled = honest(world)
    later = world.at(world.now + LEAF_LIFE + timedelta(days=10))
    return told(world, enrolled, build(later))


def resumed(world: World, move: Meeting, title: str) -> Scene:
    """
    The honest enrolment; then an unpinned component of the same program is there before the client.

    It leaves a TLS session in the cache that all parts of the program share.
    """
    there = replace(move, title=title)
    component = replace(
        there, title="an unpinned component of the same program talks to the same server", component=True
    )
    return told(world, honest(world), component, there)


def then(world: World, line: Line, credential: Credential, title: str, **differs: Any) -> Meeting:
    """A meeting that differs from an ordinary one in `credential` or in `differs`; the honest enrolment precedes it."""
    return replace(Meeting(line, credential, world.store, world.now, title), **differs)


def attacked(
    world: World, credential: Credential, *, title: str = "the attacker is on the line", **differs: Any
) -> Meeting:
    """An attacker is on the line and presents `credential`."""
    return then(world, Line.ATTACKER, credential, title, **differs)


def changed(
    world: World, credential: Credential, *, title: str = "the genuine server, after the change", **differs: Any
) -> Meeting:
    """The genuine server now presents `credential`."""
    return then(world, Line.GENUINE, credential, title, **differs)
