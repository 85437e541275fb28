"""
The checks of 15-in-public: how many logs' words, an order book, an alarm, a log with two faces, the attacker's move.

What is right comes from the lab's own count, monitor and owner, on logs that are
made afresh, and from real handshakes. No answer is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from math import inf
from random import choice, sample
from typing import Any

from lab.built.apart.owner import LAGS, order, rings
from lab.counting import Stamp, enough
from lab.course.fresh import HOSTS
from lab.course.report import NoAnswer, Question, Report, answer, examine
from lab.observation import Certificate
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
    now, questions = World().now, []
    for about, logs in {
        "nobody has signed": "",
        "one log, twice": "a1 a1",
        "three logs of one operator": "a1 a2 a3",
        "two logs of two operators": "b1 a1",
        "two logs of one operator and one of another": "a1 b1 a2",
    }.items():
        stamps = [(log, f"Operator {log[0]}") for log in logs.split()]
        right, _ = enough([Stamp(*pair, now) for pair in stamps], timedelta(days=90), now)
        questions.append(Question(about, (stamps,), right))
    return examine("count(stamps)", candidate, questions)


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
        self.world, self.log = World(choice(HOSTS)), PublicLog()
        self.name = f"pay.{self.world.host}"
        self.ordered = [self.issue(self.name), self.issue(self.name, f"*.{self.name}")]
        key = self.ordered[0].key if "ordered key" in event else None
        self.issue(*EVENTS[event].format(name=self.name, host=self.world.host).split(), key=key)
        self.entries = sample(self.log.entries, len(self.log.entries))
        self.orders = [order(one) for one in self.ordered]
        self.right = self.rung(self.orders)

    def issue(self, *hosts: str, key: Key | None = None) -> Credential:
        """What one of the world's CAs issues, and logs."""
        return choice([self.world.issuing, self.world.other_issuing]).issue(*hosts, key=key, logs=(self.log,))

    def rung(self, orders: Collection[Order]) -> set[int]:
        """The entries for which the lab's monitor rings."""
        return {one.index for one in unordered(self.entries, 0, {self.name}, orders)}


def book(candidate: Callable[..., Any]) -> Report:
    """Judge `book(ordered)`: the lab's monitor is given the book, and has to ring for the right entries."""

    def rung(ordered: list[Certificate], site: _Site) -> set[int]:
        return site.rung(answer(candidate, [ordered], list, wanted="a list of orders"))

    sites = {event: _Site(event) for event in EVENTS}
    asked = [Question(about, ([seen(it.leaf) for it in one.ordered], one), one.right) for about, one in sites.items()]
    return examine("book(ordered)", rung, asked, _about_alarms)


def alarms(candidate: Callable[..., Any]) -> Report:
    """Judge `alarms(certificates, orders, name)` by the lab's monitor, on fresh logs."""
    sites = {event: _Site(event) for event in EVENTS}
    read_there = {event: [read(one.certificate) for one in site.entries] for event, site in sites.items()}
    asked = [Question(event, (read_there[event], one.orders, one.name), one.right) for event, one in sites.items()]
    return examine("alarms(certificates, orders, name)", candidate, asked, _about_alarms, "a list of numbers")


def _about_alarms(question: Question, got: Any) -> str:
    return "no alarm for what nobody ordered" if question.expected - got else "a false alarm"


# ---- two_faced(heads, signed) ---------------------------------------------------------------------


def two_faced(candidate: Callable[..., Any]) -> Report:
    """Judge `two_faced(heads, signed)`: whether heads that readers have brought prove that a log has two trees."""
    return examine("two_faced(heads, signed)", candidate, _brought())


def _brought() -> Iterator[Question]:
    world, log = World(), PublicLog()
    now, hidden = world.now, log.forked()
    shown, others = [log.head(now)], [log.head(now)]
    for _ in range(3):
        for tree, seen_there in ((log, shown), (hidden, others)):
            world.issuing.issue(world.host, logs=(tree,))
            seen_there.append(tree.head(now))
    made_up = replace(shown[2], root=others[2].root)
    for about, heads, right in (
        ("readers of one tree, at several times", shown, False),
        ("readers of one size, an hour apart", [shown[3], log.head(now + timedelta(hours=1))], False),
        ("two trees, among many heads", [*shown[:3], *others[2:]], True),
        ("two trees, and no two heads of one size", [shown[1], others[3]], False),
        ("a head that somebody made up", [*shown, made_up], False),
        ("two trees, and a head that somebody made up", [*shown, made_up, others[3]], True),
    ):
        given = (sample(heads, len(heads)), lambda head: tried(check_head, head, log.listed) == "believed")
        yield Question(about, given, right)


# ---- move(defenders, logs) ------------------------------------------------------------------------

MOVES = {"no": "unlogged", "yes": "logged_in_public", "late": "used_before_it_is_public", "hidden": "entry_hidden"}
"""What an attacker does about logs, and the scene of it."""
CHECKS = {"count": COUNTS, "proof": NO_WITNESS, "witness": WITNESSED}
GUARDS = ("", "count", "monitor", "count monitor", "proof monitor", "witness monitor", "count proof witness monitor")


def _played(move: str, guards: Iterable[frozenset[str]]) -> dict[frozenset[str], tuple[bool, float]]:
    """Whether he robs, and the hours until the owner's alarm, infinite where it never rings."""
    world, one = World(), case(MOVES[move])
    scene = one.scene(world)
    time, known = scene.meetings[-1].time, world.genuine
    rung = rings(world.logs, {world.host}, [order(known)], time, LAGS, known=known)
    hours, found = (rung - time) / timedelta(hours=1) if rung else inf, {}
    with Standing(one, scene) as standing:
        for guard in guards:
            policy = (*ORDINARY, *(check for name, check in CHECKS.items() if name in guard))
            outcome = run(Client("guarded", "made for the game", policy), standing).outcome
            found[guard] = outcome == "intercepted", hours if "monitor" in guard else inf
    return found


def play(move: str, defenders: Collection[str] = ()) -> str:
    """
    What comes of a move against these defenders: over real TLS, and with an owner who reads the logs every six hours.

    Raises ValueError for another word than the four moves and the four defenders.
    """
    if move not in MOVES or not {*CHECKS, "monitor"} >= set(defenders):
        raise ValueError(f"a move is one of {', '.join(MOVES)}; defenders are a set of {', '.join(CHECKS)}, monitor")
    ((robbed, hours),) = _played(move, [frozenset(defenders)]).values()
    return ("intercepted" if robbed else "stopped") + (
        f", alarm after {hours:.0f} hours" if hours < inf else ", no alarm"
    )


def move(candidate: Callable[..., Any]) -> Report:
    """Judge `move(defenders, logs)`: he robs, and the alarm rings as late as it can, by playing every move."""
    guards = [frozenset(one.split()) for one in GUARDS]
    table = {name: _played(name, guards) for name in MOVES}

    def chosen(defenders: frozenset[str], moves: frozenset[str]) -> tuple[bool, float]:
        name = answer(candidate, [set(defenders), "hidden" in moves], str)
        if name not in moves:
            raise NoAnswer(f"{name[:40]!r} is no move that he has here")
        return table[name][defenders]

    questions = []
    for guard in guards:
        for about, moves in (("his", frozenset(MOVES)), ("not his", MOVES.keys() - {"hidden"})):
            best = max(table[one][guard] for one in moves)
            questions.append(Question(f"{', '.join(sorted(guard)) or 'nobody'}; logs {about}", (guard, moves), best))
    remarks = {True: "he robs, and another move is quieter", False: "he is stopped, and another move robs"}
    return examine("move(defenders, logs)", chosen, questions, lambda question, got: remarks[got[0]])
