"""
The checks of 15-in-public: how many logs' words, an order book, an alarm, a log with two faces, the attacker's move.

What is right comes from the lab's own count, monitor and owner, on logs that are
made afresh, and from real handshakes. No answer is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import timedelta
from itertools import product
from math import inf
from random import choice, sample
from typing import Any

from lab.built.apart.owner import LAGS, order, rings
from lab.counting import Stamp, enough
from lab.course.fresh import HOSTS, brief
from lab.course.report import NoAnswer, Question, Report, answer, examine
from lab.pki.authority import Credential, Key
from lab.pki.head import check_head
from lab.pki.log import PublicLog
from lab.pki.monitor import Order, unordered
from lab.pki.pins import seen
from lab.pki.reading import read
from lab.pki.world import World
from lab.policy.checks import ORDINARY
from lab.policy.clients import Client
from lab.policy.transparency import COUNTS, NO_WITNESS, WITNESSED
from lab.scenes.catalogue import case
from lab.trials.standing import Standing
from lab.trials.trial import run

DAY = timedelta(days=1)


def tried(check: Callable[..., object], *given: object) -> str:
    """What a check of the lab says: "believed", or "refused" and why."""
    try:
        check(*given)
    except ValueError as problem:
        return f"refused: {problem}"
    return "believed"


# ---- count(stamps) --------------------------------------------------------------------------------


def count(candidate: Callable[..., Any]) -> Report:
    """Judge `count(stamps)`: whether the logs that have signed are enough for a certificate of 90 days."""
    now, asked = World().now, []
    for about, logs in {
        "one log, twice": "a1 a1",
        "three logs of one operator": "a1 a2 a3",
        "two logs of two operators": "b1 a1",
        "two logs of one operator and one of another": "a1 b1 a2",
    }.items():
        stamps = [(log, f"Operator {log[0]}") for log in logs.split()]
        asked.append(Question(about, (stamps,), enough([Stamp(*one, now) for one in stamps], 90 * DAY, now)[0]))
    return examine("count(stamps)", candidate, asked)


# ---- book(ordered), alarms(certificates, orders, name) --------------------------------------------

EVENTS = {
    "a certificate for the name and another one": "library.example {name}",
    "a certificate for a name below it": "login.{name}",
    "a wildcard that covers the name": "*.{host}",
    "the ordered key is renewed": "{name}",
    "the ordered key, with one name more": "{name} www.{name}",
    "a stranger's certificate": "shop.{host}",
    "a stranger's name that ends like yours": "re{name}",
    "a stranger's name that begins with yours": "{name}.test",
}
"""What somebody may find in a log, and for which names it is."""


class _Site:
    """A site in a world of its own: what was ordered for it, and a log with that and one thing more."""

    def __init__(self, event: str) -> None:
        self.event, self.world, self.log = event, World(choice(HOSTS)), PublicLog()
        self.name = f"pay.{self.world.host}"
        ordered = [self.issue(self.name), self.issue(self.name, f"*.{self.name}")]
        key = ordered[0].key if "ordered key" in event else None
        self.issue(*EVENTS[event].format(name=self.name, host=self.world.host).split(), key=key)
        self.entries = sample(self.log.entries, len(self.log.entries))
        self.ordered, self.orders = [seen(one.leaf) for one in ordered], [order(one) for one in ordered]
        self.right = self.rung(self.orders)

    def issue(self, *hosts: str, key: Key | None = None) -> Credential:
        """What one of the world's CAs issues, and logs."""
        return choice([self.world.issuing, self.world.other_issuing]).issue(*hosts, key=key, logs=(self.log,))

    def rung(self, orders: Collection[Order]) -> set[int]:
        """The entries for which the lab's monitor rings."""
        return {one.index for one in unordered(self.entries, 0, {self.name}, orders)}


def book(candidate: Callable[..., Any]) -> Report:
    """Judge `book(ordered)`: the lab's monitor is given the book, and has to ring for the right entries."""

    def rung(site: _Site) -> set[int]:
        return site.rung(answer(candidate, [list(site.ordered)], list, wanted="a list of orders"))

    asked = [Question(one.event, (one,), one.right) for one in map(_Site, EVENTS)]
    return brief(examine("book(ordered)", rung, asked, _about_alarms))


def alarms(candidate: Callable[..., Any]) -> Report:
    """Judge `alarms(certificates, orders, name)` by the lab's monitor, on fresh logs."""
    sites = [(one, [read(entry.certificate) for entry in one.entries]) for one in map(_Site, EVENTS)]
    asked = [Question(one.event, (there, one.orders, one.name), one.right) for one, there in sites]
    return examine("alarms(certificates, orders, name)", candidate, asked, _about_alarms, "a list of numbers")


def _about_alarms(question: Question, got: Any) -> str:
    return "no alarm for what nobody ordered" if question.expected - got else "a false alarm"


# ---- two_faced(heads, signed) ---------------------------------------------------------------------


def two_faced(candidate: Callable[..., Any]) -> Report:
    """Judge `two_faced(heads, signed)`: whether heads that readers have brought prove that a log has two trees."""
    world, log, asked = World(), PublicLog(), list[Question]()
    now, hidden = world.now, log.forked()
    shown, others = [log.head(now)], [log.head(now)]
    for _ in range(3):
        for tree, seen_there in ((log, shown), (hidden, others)):
            world.issuing.issue(world.host, logs=(tree,))
            seen_there.append(tree.head(now))
    made_up = replace(shown[2], root=others[2].root)
    for about, heads, right in (
        ("readers of one tree, at several times", shown, False),
        ("readers of one size, a day apart", [shown[3], log.head(now + DAY)], False),
        ("two trees, among many heads", [*shown[:3], *others[2:]], True),
        ("two trees, and no two heads of one size", [shown[1], others[3]], False),
        ("a head that somebody made up", [*shown, made_up], False),
        ("two trees, and a head that somebody made up", [*shown, made_up, others[3]], True),
    ):
        given = (sample(heads, len(heads)), lambda head: tried(check_head, head, log.listed) == "believed")
        asked.append(Question(about, given, right))
    return examine("two_faced(heads, signed)", candidate, asked)


# ---- move(defenders, logs) ------------------------------------------------------------------------

MOVES = {"no": "unlogged", "yes": "logged_in_public", "late": "used_before_it_is_public", "hidden": "entry_hidden"}
"""What an attacker does about logs, and the scene of it."""
CHECKS = {"count": COUNTS, "proof": NO_WITNESS, "witness": WITNESSED}
GUARDS = [*map(str.split, ("", "monitor", "count monitor", "proof monitor", "witness monitor")), [*CHECKS, "monitor"]]


def _played(move: str, *guards: Collection[str]) -> list[tuple[bool, float]]:
    """For each set of defenders: whether he robs, and the hours until the owner's alarm, infinite where none rings."""
    world, one = World(), case(MOVES[move])
    scene = one.scene(world)
    time, known = scene.meetings[-1].time, world.genuine
    rung = rings(world.logs, {world.host}, [order(known)], time, LAGS, known=known)
    hours = 24 * (rung - time) / DAY if rung else inf
    rules = [(*ORDINARY, *(check for name, check in CHECKS.items() if name in guard)) for guard in guards]
    with Standing(one, scene) as standing:
        ends = [run(Client("guarded", "made for the game", rule), standing).outcome for rule in rules]
    return [(end == "intercepted", hours if "monitor" in one else inf) for end, one in zip(ends, guards, strict=True)]


def play(move: str, defenders: Collection[str] = ()) -> str:
    """
    What comes of a move against these defenders: over real TLS, and with an owner who reads the logs every six hours.

    Raises ValueError for another word than the four moves and the four defenders.
    """
    if move not in MOVES or not {*CHECKS, "monitor"} >= set(defenders):
        raise ValueError(f"a move is one of {', '.join(MOVES)}; defenders are a set of {', '.join(CHECKS)}, monitor")
    ((robbed, hours),) = _played(move, defenders)
    alarm = "no alarm" if hours == inf else f"alarm after {hours:.0f} hours"
    return f"{'intercepted' if robbed else 'stopped'}, {alarm}"


def move(candidate: Callable[..., Any]) -> Report:
    """Judge `move(defenders, logs)`: he robs, and the alarm rings as late as it can, by playing every move."""
    table = {name: _played(name, *GUARDS) for name in MOVES}

    def chosen(number: int, moves: set[str]) -> tuple[bool, float]:
        if (name := answer(candidate, [set(GUARDS[number]), "hidden" in moves], str)) not in moves:
            raise NoAnswer(f"{name[:40]!r} is no move that he has here")
        return table[name][number]

    questions = []
    for (number, guard), kept in product(enumerate(GUARDS), ("", "hidden")):
        moves = {*MOVES} - {kept}
        about = f"{' + '.join(guard) or 'nobody'}; the logs are {'not ' * bool(kept)}his"
        questions.append(Question(about, (number, moves), max(table[one][number] for one in moves)))
    remarks = {True: "he robs, and another move is quieter", False: "he is stopped, and another move robs"}
    return examine("move(defenders, logs)", chosen, questions, lambda question, got: remarks[got[0]])
