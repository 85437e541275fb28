"""
The checks of notebook 05: key continuity, and what a log of alarms can prove.

It plays histories of fresh certificates to a learner's function. It also lends
the notebook two scenes and a client whose memory is the learner's. It knows no
answer but the one that it works out for each history.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lab.course.fresh import unlisted
from lab.course.report import Question, Report, examine
from lab.observation import Observation
from lab.pki.authority import new_key, self_signed
from lab.pki.pins import seen
from lab.pki.world import World
from lab.policy.checks import Basis, Check, Known
from lab.policy.clients import Client
from lab.policy.continuity import Continuity
from lab.policy.pinset import Reach
from lab.scenes.catalogue import Case, Kind, Scene, attacked, honest, told
from lab.show.notebook import trial

FIRST_USE, SAME_KEY, CHANGED_KEY = "first use", "same key", "changed key"
CANNOT_TELL = "cannot tell"

Trusts = Callable[[dict[str, str], str, str], bool]
"""A memory (host to pin), a host, the pin that it shows now: whether to go on."""


# ---- what the notebook plays with ----------------------------------------------------------------


def client(trusts: Trusts) -> Client:
    """
    A client that asks nothing but `trusts(store, host, pin)`, so that it can go through any scene.

    The function is given a copy of the memory. The lab remembers a host itself,
    when the handshake is over: inside it, the server has not proved yet that it
    holds the key.
    """

    def rule(observation: Observation, known: Known) -> tuple[bool, str]:
        leaf = observation.leaf
        if leaf is None or observation.resumed:
            return False, "nothing was shown that could be compared"
        store = {record.host: record.pin for record in known.memory.records}
        passed = bool(trusts(store, observation.host, leaf.pin))
        return passed, "your function agreed" if passed else "your function refused"

    check = Check("your memory", rule, Basis.LEAF, remembers=Continuity())
    return Client("yours", "asks the function that you wrote", (check,))


@unlisted(Kind.ROTATION, Reach.CERTIFICATE)
def home_server(world: World) -> Scene:
    """
    A server at home made its certificate itself

    No CA vouches for this server, and nothing changes.
    """
    world.genuine = self_signed(world.host)
    return told(world, honest(world, "first meeting"), honest(world, "second meeting"))


@unlisted(Kind.ATTACK)
def home_server_attacked(world: World) -> Scene:
    """
    An attacker poses as the server at home

    Its certificate is as self-made as the genuine one.
    """
    world.genuine = self_signed(world.host)
    return told(world, honest(world, "first meeting"), attacked(world, self_signed(world.host)))


# ---- exercise: remember and decide ---------------------------------------------------------------


def _history(draw: random.Random) -> Iterator[Question]:
    """A random history of meetings with several hosts, each with the right word; each kind of meeting occurs in it."""
    names = draw.sample(["bank", "shop", "news", "mail", "wiki", "tram"], 3)
    hosts = [f"{name}.{draw.choice(['example', 'test'])}" for name in names]
    world = World(hosts[0])
    keys, rogue = ({host: new_key() for host in hosts} for _ in range(2))
    keys[hosts[1]] = draw.choice([keys[hosts[0]], keys[hosts[1]]])  # two names may share one server
    sides = [(hosts[0], True), (hosts[0], False), (hosts[1], True), (hosts[1], False), (hosts[2], True)]
    plan = sides * 2 + draw.choices(sides, k=draw.randint(3, 8))
    draw.shuffle(plan)
    remembered: dict[str, str] = {}
    alarmed: set[str] = set()
    for host, genuine in plan:
        key = keys[host] if genuine else draw.choice([rogue[host], rogue[host], new_key()])
        issuer = draw.choice([world.issuing, world.other_issuing, world.rogue_root])
        leaf = seen(issuer.issue(host, key=key).leaf)
        situation, expected = _situation(remembered.get(host), leaf.pin, host in alarmed)
        if expected == CHANGED_KEY:
            alarmed.add(host)
        remembered.setdefault(host, leaf.pin)
        yield Question(situation, (host, leaf), expected)
        if expected != CHANGED_KEY and draw.random() < 0.3:  # the same server again, its name written otherwise
            again = draw.choice([host.upper(), host.title()])
            yield Question("a known host, its name in other letters", (again, leaf), SAME_KEY)


def _situation(remembered: str | None, pin: str, alarmed: bool) -> tuple[str, str]:
    if remembered is None:
        return "a host that was never met before", FIRST_USE
    if remembered != pin:
        return "a key that is not the remembered one", CHANGED_KEY
    if alarmed:
        return "the remembered key, back after an alarm", SAME_KEY
    return "the remembered key in a renewed certificate", SAME_KEY


def memory(decide: Callable[..., Any]) -> Report:
    """Judge `decide(store, host, leaf)`: what it says at each meeting of random histories, each with a fresh store."""

    def last(met: list[Question]) -> Any:
        store: dict[Any, Any] = {}
        return [decide(store, *one.given) for one in met][-1]

    histories = [list(_history(random.Random())) for _ in range(6)]
    questions = [
        Question(one.case, (met[:number],), one.expected)
        for met in histories
        for number, one in enumerate(met, start=1)
    ]
    return examine("remember and decide", last, questions)


# ---- exercise: who was the attacker? -------------------------------------------------------------


@dataclass(frozen=True)
class Diary:
    """
    What a first-use client can look up later: the key of each meeting, as a name, first meeting first.

    `confirmed` are the keys that the server's owner called its own, over the
    telephone. `complete` says that the owner named every key it has ever used.
    """

    keys: tuple[str, ...]
    confirmed: frozenset[str] = frozenset()
    complete: bool = False


def _right(log: Diary) -> set[int] | str:
    strangers = {number for number, key in enumerate(log.keys, start=1) if key not in log.confirmed}
    return strangers if log.complete or not strangers else CANNOT_TELL


def keys_met(scene: str | Case, names: Sequence[str] = ("red key", "blue key", "green key")) -> tuple[str, ...]:
    """The keys that a first-use client meets in a scene, in order, each under a name instead of a pin."""
    done = trial("first-use-key", scene)
    leaves = [met.observation.leaf for met in done.encounters if met.outcome]
    pins = [leaf.pin for leaf in leaves if leaf]
    named = dict(zip(dict.fromkeys(pins), names, strict=False))
    return tuple(named[pin] for pin in pins)


_NAMES = ("red key", "blue key", "green key", "grey key", "white key", "black key")
_TWINS = ("first_contact", "first_visit_before_a_move", "two_servers", "same_intermediate")
"""Two attacks and two rotations that leave logs which look alike."""


def accusation(accuse: Callable[..., Any]) -> Report:
    """Judge `accuse(log)`: the numbers of the meetings with an attacker, or that nobody can tell."""

    def remark(question: Question, got: Any) -> str:
        if isinstance(got, str):
            return f"{got[:40]!r} is not right here"
        return f"it accuses {'somebody' if got else 'nobody'}, and that is not right here"

    questions = [Question(case, (log,), _right(log)) for case, log in _diaries(random.Random())]
    return examine("who was the attacker", accuse, questions, remark, "a list of numbers, or words,")


def _diaries(draw: random.Random) -> Iterator[tuple[str, Diary]]:
    for scene in _TWINS:
        keys = keys_met(scene, draw.sample(_NAMES, 3))
        yield "the log of a real trial, and nobody was telephoned", Diary(keys)
    for _ in range(8):
        own, other, third = draw.sample(_NAMES, 3)
        mixed = (own, other, *draw.choices([own, other, third], k=draw.randint(1, 5)))
        keys = tuple(draw.sample(mixed, len(mixed)))
        same = (own,) * draw.randint(2, 6)
        yield "alarms, and nobody was telephoned", Diary(keys)
        yield "no alarm at all, and nobody was telephoned", Diary(same)
        yield "alarms, and the owner named every key it ever had", Diary(keys, frozenset({own}), True)
        with_spare = frozenset({own, "spare"})
        yield "alarms, and the owner named every key, one of them never met", Diary(keys, with_spare, True)
        yield "alarms, and the owner confirmed one key of perhaps several", Diary(keys, frozenset({own}))
        yield "alarms, and every key that was met is confirmed", Diary(keys, frozenset(keys), draw.random() < 0.5)
        yield "no alarm at all, and the key is confirmed", Diary(same, frozenset({own}))
        yield "no alarm at all, and the owner never had this key", Diary(same, frozenset({other}), True)
