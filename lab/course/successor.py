"""
The notebook on key continuity with a successor: its stories in words, and the checks of its exercises.

What is right comes from the lab's own rules, asked afresh each time, and from
real signatures. It knows no socket; the stories that it shows make their own
handshakes.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from lab.built.known.lived import live
from lab.course.report import Question, Report, answer, examine
from lab.observation import Lesson, Observation, Successor
from lab.pki.authority import self_signed
from lab.pki.pins import seen
from lab.pki.world import World
from lab.policy.check import Known
from lab.policy.clients import client
from lab.policy.memory import PORT, Memory, Record
from lab.scenes.stories import day, story
from lab.trials.engine import Encounter
from lab.trials.rehearsal import foresee

# ---- what the notebook shows ---------------------------------------------------------------------


def days(of: str, name: str) -> list[tuple[int, str, str]]:
    """A story over real TLS: the number of each day, what happens on it, and the outcome."""
    told = story(name)
    return [(day(met.meeting, told), met.meeting.title, str(met.outcome)) for met in live(client(of), told)]


def outcomes(of: Iterable[str], name: str, number: int = -1) -> dict[str, str]:
    """The outcome of one day of a story, its last by default, for each client; over real TLS, in one world."""
    told = story(name)
    return {one: str(live(client(one), told)[number].outcome) for one in of}


def known(of: str, name: str) -> list[str]:
    """What a client knows after each day of a story, each key under a name instead of its pin."""
    names: dict[str, str] = {}
    told = story(name)
    return [f"day {day(met.meeting, told)}: {_known(met, names)}" for met in live(client(of), told)]


def _known(met: Encounter, names: dict[str, str]) -> str:
    leaf, records = met.observation.leaf, met.learnt.memory.records
    order = [leaf.pin] if leaf else []
    for pin in [*order, *(record.pin for record in records)]:
        names.setdefault(pin, f"key {len(names) + 1}")
    said = [names[record.pin] + ("" if record.count else " (announced)") for record in records]
    return ", ".join(sorted(said))


def welcome(of: str, on: Iterable[int]) -> list[int]:
    """
    The days on which a stranger with a fresh certificate is accepted by who met the server on day 0.

    By the pure rule: no handshake, no waiting. The server's certificate of day
    0 lasts until day 89.
    """
    told = story("attacker_later")
    mind, first = client(of).mind(told.enrolment), foresee(told.meetings[0], told.host)
    mind.learn(Lesson(first, True), mind.verdict(first))
    found = []
    for number in on:
        time = first.time + timedelta(days=number)
        stranger = seen(self_signed(told.host).leaf)
        shown = Observation(told.host, time, (replace(stranger, not_after=time + timedelta(days=1)),))
        if mind.verdict(shown).accepted:
            found.append(number)
    return found


# ---- exercise: what the next key signs -----------------------------------------------------------


def challenge(candidate: Callable[..., Any]) -> Report:
    """Judge `candidate(host, binding, key)`: the bytes that an announced key signs, by signing and verifying them."""
    draw = random.Random()
    hosts = ["bank.example", "shop.example", "post.test", "library.example", "b.test", "bb.test"]
    questions = []
    for _ in range(4):
        here, there = draw.sample(hosts, 2)
        mine, other = secrets.token_bytes(32), secrets.token_bytes(32)
        near = bytes([*mine[:-1], mine[-1] ^ 1])
        for case, made, asked, expected in (
            ("an honest server, on its own connection", (here, mine), (here, mine), True),
            ("an attacker relays a proof from its own connection", (here, mine), (here, other), False),
            ("an attacker relays a proof, and the bindings differ at their end", (here, mine), (here, near), False),
            ("a server relays the proof of another server", (here, mine), (there, mine), False),
            ("an old proof is sent once more", (here, other), (here, mine), False),
        ):
            questions.append(Question(case, (made, asked), expected))

    def believed(made: tuple[str, bytes], asked: tuple[str, bytes]) -> bool:
        holder = ec.generate_private_key(ec.SECP256R1())
        public = secrets.token_bytes(91)  # it stands for the key's SubjectPublicKeyInfo
        said, wanted = (answer(candidate, [*given, public], bytes, wanted="bytes") for given in (made, asked))
        try:
            holder.public_key().verify(holder.sign(said, ec.ECDSA(hashes.SHA256())), wanted, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True

    def remark(question: Question, got: Any) -> str:
        return "the client believed the announcement" if got else "the client did not believe the announcement"

    return examine("what the next key signs", believed, questions, remark)


# ---- exercise: what to keep ----------------------------------------------------------------------

KEYS = ("red key", "blue key", "green key", "grey key", "white key", "black key")

Announced = dict[str, bool] | None


@cache
def _world() -> World:
    """One certificate does for every question: its pin is put in by hand."""
    return World()


def right(known: set[str], shown: str, announced: Announced) -> set[str]:
    """What the lab's own rule `successor` knows after a meeting."""
    world = _world()
    leaf = replace(seen(world.genuine.leaf), pin=shown)
    observation = Observation(world.host, world.now, (leaf,))
    mind = client("successor").mind()
    records = tuple(Record(world.host, PORT, pin, world.now, world.now, 1) for pin in sorted(known))
    mind.known = Known(memory=Memory(records))
    heard = None if announced is None else tuple(Successor(pin, proven) for pin, proven in announced.items())
    mind.learn(Lesson(observation, True, successors=heard), mind.verdict(observation))
    return {record.pin for record in mind.known.memory.records}


def memory(candidate: Callable[..., Any], rounds: int = 5) -> Report:
    """Judge `candidate(known, shown, announced)`: the set of keys that are known after a meeting."""
    draw = random.Random()
    questions = []
    for _ in range(rounds):
        line, other, third, fourth, stranger, _ = draw.sample(KEYS, 6)
        met = {line, other, *draw.sample([third], draw.randint(0, 1))}
        listed: dict[str, bool] = dict.fromkeys(draw.sample([third, fourth], draw.randint(1, 2)), True)
        doubtful = dict(draw.sample([*{**listed, other: True}.items(), (stranger, False)], len(listed) + 2))
        cases: list[tuple[str, set[str], str, Announced]] = [
            ("a first meeting, and nothing is announced", set(), line, None),
            ("a first meeting, and a key is announced and proven", set(), line, listed),
            ("a known server that knows nothing of announcements", met, line, None),
            ("a known server announces keys and proves them", met, line, listed),
            ("a known server announces again what is known", met, line, {**listed, other: True}),
            ("a known server takes its announcements back", met, line, {}),
            ("one of the announced keys is not proven", met, line, doubtful),
            ("a key that is not known is on the line", met, stranger, None),
            ("a key that is not known is on the line, and announces", met, stranger, {**listed, line: True}),
        ]
        for case, before, shown, announced in cases:
            given = (set(before), shown, None if announced is None else dict(announced))
            questions.append(Question(case, given, right(before, shown, announced)))

    def remark(question: Question, got: Any) -> str:
        more, fewer = got - question.expected, question.expected - got
        said = ["a key is known that should not be"] * bool(more) + ["a key is lost that should be known"] * bool(fewer)
        return " and ".join(said)

    return examine("what to keep", candidate, questions, remark, "a set of keys")
