"""
Key continuity: what a client does at a first use, at a changed key, at an expired record, at an announcement.

Pure functions of an observation and what is remembered. No socket, no OpenSSL,
no SQLite: what is to be kept comes out as an `Update`, and somebody else keeps
it. That a kind of continuity is in the table does not make it a good one.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from lab.observation import Certificate, Finding, Lesson, Observation, Successor, Wanted
from lab.policy.check import Basis, Check, Enrolment, Known, Learnt
from lab.policy.memory import PORT, Memory, Record, Update, canonical
from lab.policy.pinset import Role


class Reaction(StrEnum):
    """What a client does with a key that it does not know."""

    ACCEPT = "accept and remember it"
    REFUSE = "refuse"
    ASK = "ask the user"


class Acquaintance(StrEnum):
    """How what is shown compares with what is remembered."""

    NOTHING = "nothing that could be compared"
    FIRST_USE = "first use"
    LAPSED = "only an expired record, which is disregarded"
    SAME = "the same as before"
    SUCCESSOR = "an announced successor, met for the first time"
    CHANGED = "changed"


KNOWN = (Acquaintance.SAME, Acquaintance.SUCCESSOR)


@dataclass(frozen=True)
class User:
    """
    Somebody who clicks a warning away at `rate`, from 0 (never) to 1 (always).

    The same seed gives the same clicks: the answer to the n-th warning depends
    on `seed` and n alone. That a person tires of warnings is not modelled.
    """

    rate: float
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise ValueError(f"a user clicks through at a rate of {self.rate}; a rate is a number from 0 to 1")

    def clicks_through(self, number: int) -> bool:
        """Whether this user clicks the warning away that is the `number`-th, counted from 0."""
        return random.Random(f"{self.seed}:{number}").random() < self.rate


@dataclass(frozen=True)
class Continuity:
    """
    One kind of key continuity.

    `certificate` compares the whole certificate and not only its key.
    `disregards_expired` treats a record past its expiry as if it were not
    there. `heeds` notes announced successors; `wants_proof` and `wants_known`
    are how a sound client does it. `enrolled` begins with what the service
    showed when the client was set up. `user` answers where one is asked. Raises
    ValueError where a user is asked and there is none.
    """

    certificate: bool = False
    unknown: Reaction = Reaction.ACCEPT
    changed: Reaction = Reaction.REFUSE
    disregards_expired: bool = False
    heeds: bool = False
    wants_proof: bool = True
    wants_known: bool = True
    enrolled: bool = False
    user: User | None = None

    def __post_init__(self) -> None:
        if Reaction.ASK in (self.unknown, self.changed) and self.user is None:
            raise ValueError("this kind of key continuity asks a user and has none; give it user=User(rate)")

    @property
    def how(self) -> tuple[Learnt, ...]:
        """First use, and announcements where it heeds them."""
        return (Learnt.FIRST_USE, Learnt.ANNOUNCED) if self.heeds else (Learnt.FIRST_USE,)

    @property
    def what(self) -> str:
        """What is remembered, in a word."""
        return "certificate" if self.certificate else "key"

    def pin(self, leaf: Certificate) -> str:
        """What is remembered of a leaf."""
        return leaf.fingerprint if self.certificate else leaf.pin

    def records(self, memory: Memory, host: str) -> tuple[Record, ...]:
        """What is remembered of this host, of the kind that is compared here."""
        return tuple(one for one in memory.of(host) if one.pin.startswith("cert-") is self.certificate)

    def counting(self, records: Iterable[Record], time: datetime) -> list[Record]:
        """The records that are gone by at `time`; the last second still counts."""
        return [
            one for one in records if not (self.disregards_expired and one.expires is not None and one.expires < time)
        ]

    def compare(self, observation: Observation, memory: Memory) -> Acquaintance:
        """How the leaf of this observation compares with the records. A resumed session proves nothing."""
        leaf = observation.leaf
        if leaf is None or observation.resumed:
            return Acquaintance.NOTHING
        records = self.records(memory, observation.host)
        counts = self.counting(records, observation.time)
        if not counts:
            return Acquaintance.LAPSED if records else Acquaintance.FIRST_USE
        for record in counts:
            if record.pin == self.pin(leaf):
                return Acquaintance.SAME if record.count else Acquaintance.SUCCESSOR
        return Acquaintance.CHANGED

    def reaction(self, where: Acquaintance) -> Reaction:
        """What a client does then, where nothing that it knows is shown."""
        return self.changed if where is Acquaintance.CHANGED else self.unknown

    def asks(self, observation: Observation, memory: Memory) -> bool:
        """Whether the user is warned and has to decide."""
        where = self.compare(observation, memory)
        return where not in (*KNOWN, Acquaintance.NOTHING) and self.reaction(where) is Reaction.ASK

    def find(self, observation: Observation, known: Known) -> Finding:
        """Whether the key passes, and why. Pure, the user's answer included."""
        host, memory = observation.host, known.memory
        where = self.compare(observation, memory)
        if where is Acquaintance.NOTHING:
            return Finding("", False, "nothing was shown that could be compared with what is remembered")
        if where is Acquaintance.SAME:
            return Finding("", True, f"the {self.what} that is remembered of {host}")
        if where is Acquaintance.SUCCESSOR:
            earlier = "announced earlier, over a connection that was trusted"
            return Finding("", True, f"the {self.what} that {host} {earlier}")
        seen = {
            Acquaintance.CHANGED: f"{host} shows another {self.what} than the remembered one",
            Acquaintance.FIRST_USE: f"nothing is known of {host}",
            Acquaintance.LAPSED: f"what is known of {host} has expired and is disregarded",
        }[where]
        reaction = self.reaction(where)
        if reaction is Reaction.ACCEPT:
            return Finding("", True, f"first use: {seen}, so its {self.what} is remembered")
        clicked = False
        if reaction is Reaction.ASK:
            assert self.user is not None
            clicked = self.user.clicks_through(memory.warnings)
            seen = f"{seen}; the user was warned and {'went on' if clicked else 'stopped'}"
        leaf = observation.leaf
        assert leaf is not None
        return Finding("", clicked, seen, tuple(map(_wanted, self.records(memory, host))), (leaf,))

    def begin(self, memory: Memory, enrolment: Enrolment) -> Memory:
        """The memory before the first meeting: empty, unless somebody enrolled the service's key."""
        if not self.enrolled:
            return memory
        host, time = canonical(enrolment.host), enrolment.time
        pins = enrolment.site.get(Role.CERTIFICATE if self.certificate else Role.LEAF, frozenset())
        met = tuple(Record(host, PORT, pin, time, time, 1) for pin in sorted(pins))
        return replace(memory, records=memory.records + met)

    def learn(self, known: Known, lesson: Lesson, accepted: bool) -> Memory:
        """The memory after a meeting. A warning counts, whatever the user said."""
        memory, observation = known.memory, lesson.observation
        warned = replace(memory, warnings=memory.warnings + self.asks(observation, memory))
        update = self.kept(memory, lesson, accepted)
        return warned.after(update, observation.host, observation.time) if update else warned

    def kept(self, memory: Memory, lesson: Lesson, accepted: bool) -> Update | None:
        """
        What is to be kept of a meeting; None where nothing is.

        Keys are kept only where the handshake ended well: before, the server
        had not proved that it holds its key. The one that was met stays, and
        what it took the place of is dropped.
        """
        observation, leaf = lesson.observation, lesson.observation.leaf
        if not (accepted and lesson.accepted and leaf):
            return None
        met, known = self.pin(leaf), self.compare(observation, memory) in KNOWN
        others = {one.pin for one in self.records(memory, observation.host)} - {met}
        added = self.heeded(lesson.successors, known)
        if added is None:
            return Update(met, leaf.not_after, frozenset() if known else frozenset(others))
        new = tuple(pin for pin in added if pin != met)
        return Update(met, leaf.not_after, frozenset(others.difference(new) if known else others), new)

    def heeded(self, successors: tuple[Successor, ...] | None, known: bool) -> tuple[str, ...] | None:
        """
        The pins that are to be noted of what a server announced, None where it is not heeded; `known` is its key.

        An announcement is the whole list of keys that the server wants known
        beside the one on the line, as with SSH's UpdateHostKeys (OpenSSH,
        PROTOCOL section 2.5): what is not in it is forgotten. One that is not
        proven refuses all of it. At a first use nothing is heeded, since nobody
        knows yet who speaks.
        """
        if not self.heeds or successors is None or (self.wants_known and not known):
            return None
        if self.wants_proof and not all(one.proven for one in successors):
            return None
        return tuple(dict.fromkeys(one.pin for one in successors))


def _wanted(record: Record) -> Wanted:
    times = "announced, not met" if not record.count else f"last met {record.last_seen:%Y-%m-%d}"
    return Wanted(record.pin, f"remembered, {times}")


def known(name: str, continuity: Continuity) -> Check:
    """
    The leaf's key (or certificate) is one that is remembered, as SSH does it.

    Where nothing is, a first meeting passes whoever is there.
    """
    return Check(name, continuity.find, Basis.LEAF, remembers=continuity)
