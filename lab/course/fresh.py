"""
Fresh worlds for the checks: other names, other lengths, other keys each time.

It makes changes of every reach in such a world, puts pin sets through them over
real TLS, and reads off the path which genuine keys were there. It knows no
exercise and no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from lab.course.report import Report
from lab.observation import Certificate, Line
from lab.pki.authority import Authority, Credential, authority
from lab.pki.world import World
from lab.policy.checks import HOST_NAME, VALIDATION, pinned
from lab.policy.clients import Client
from lab.policy.pinset import PinSet, Reach, Role
from lab.scenes.catalogue import Case, Kind, Meeting, site_pins, told
from lab.trials.engine import Encounter
from lab.trials.standing import Standing
from lab.trials.trial import run

ROLES = (Role.ROOT, Role.INTERMEDIATE, Role.LEAF, Role.BACKUP)

HOSTS = ("bank.example", "shop.example", "post.test", "library.example", "trains.test", "clinic.example")
NAMES = (
    *("Amber", "Basalt", "Cobalt", "Delta", "Ember", "Fjord", "Garnet", "Harbour", "Indigo", "Jade"),
    *("Kestrel", "Lagoon", "Meadow", "Nectar", "Onyx", "Pebble", "Quartz", "Ridge", "Summit", "Tundra"),
)


def world(draw: Random, *, intermediates: int | None = None) -> World:
    """
    A world with 0 to 3 intermediates (or as many as said) above its service.

    Its line, its sibling and its other CA have names drawn from one list, so
    that no name says which is which.
    """
    names = iter(draw.sample(NAMES, len(NAMES)))
    made = World(draw.choice(HOSTS))
    root = authority(next(names))
    issuing = root
    for _ in range(draw.randint(0, 3) if intermediates is None else intermediates):
        issuing = issuing.intermediate(next(names))
    other_root = authority(next(names))
    other = other_root
    for _ in range(draw.randint(1, 2)):
        other = other.intermediate(next(names))
    made.root, made.issuing, made.sibling = root, issuing, root.intermediate(next(names))
    made.other_root, made.other_issuing = other_root, other
    return made


@dataclass(frozen=True)
class Change:
    """What a server presents after something happened, and what the client's store then holds."""

    title: str
    credential: Credential
    store: tuple[Authority, ...] = field(repr=False)


def _plain(title: str, make: Callable[[World], Credential]) -> tuple[str, Callable[[World], Change]]:
    return title, lambda world: Change(title, make(world), world.store)


def _cross_signed(world: World) -> Change:
    new_root = authority("New Root")
    issuing = new_root.intermediate("New Issuing CA")
    crossed = world.root.cross_sign(new_root)
    sent = issuing.issue(world.host).sending(issuing.certificate, crossed.certificate)
    return Change("a new root, cross-signed by the old one", sent, world.store)


def _shortened(world: World) -> Change:
    title = "the client's store gains the intermediate as a root"
    return Change(title, world.genuine, (*world.store, world.issuing.as_root()))


CHANGES: dict[str, Callable[[World], Change]] = dict(
    [
        _plain("another CA, a new key", lambda w: w.other_issuing.issue(w.host)),
        _plain("another CA, the same key", lambda w: w.other_issuing.issue(w.host, key=w.genuine.key)),
        _plain("another CA, the backup key", lambda w: w.other_issuing.issue(w.host, key=w.backup_key)),
        _plain("another intermediate, a new key", lambda w: w.sibling.issue(w.host)),
        _plain("another intermediate, the same key", lambda w: w.sibling.issue(w.host, key=w.genuine.key)),
        _plain("the same intermediate, a new key", lambda w: w.issuing.issue(w.host)),
        _plain("the same intermediate, the same key", lambda w: w.issuing.issue(w.host, key=w.genuine.key)),
        _plain("the same intermediate, the backup key", lambda w: w.issuing.issue(w.host, key=w.backup_key)),
        ("a new root, cross-signed by the old one", _cross_signed),
        ("the client's store gains the intermediate as a root", _shortened),
    ]
)
"""What may happen to a line, whoever does it: an attacker, or the site and its CA."""


def play(made: World, change: Change, line: Line, pin_sets: Sequence[PinSet]) -> list[Encounter]:
    """One meeting over real TLS for each pin set, on top of ordinary validation and the host name."""
    scene = told(made, Meeting(line, change.credential, change.store, made.now, change.title))
    kind = Kind.ATTACK if line is Line.ATTACKER else Kind.ROTATION
    case = Case("fresh", kind, change.title, change.title, lambda _: scene, Reach())
    rows = [
        Client("fresh", "made for an exercise", (VALIDATION, HOST_NAME, pinned("pins", pin_set)))
        for pin_set in pin_sets
    ]
    with Standing(case, scene) as standing:
        return [run(row, standing).encounters[0] for row in rows]


def reach(made: World, path: Sequence[Certificate]) -> Reach:
    """Which genuine keys are on this path."""
    site = site_pins(made, made.genuine)
    there = {one.pin for one in path}
    return Reach(role for role in ROLES if site[role] & there)


def words(roles: Collection[str]) -> str:
    """Roles as a report says them, from the root down."""
    return " + ".join(role.value for role in ROLES if role in roles) or "nothing"


def brief(report: Report) -> Report:
    """The same findings with one remark for each case, its first, so that each case prints as one line."""
    if len({one.remark for one in report.findings}) == 1 and not report.findings[0].right:
        return replace(report, findings=tuple(replace(one, case="every case") for one in report.findings))
    first: dict[str, str] = {}
    for one in report.findings:
        if not one.right:
            first.setdefault(one.case, one.remark)
    findings = tuple(one if one.right else replace(one, remark=first[one.case]) for one in report.findings)
    return replace(report, findings=findings)
