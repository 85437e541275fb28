"""
What happens to a client with a memory, over months: stories of days, told over real TLS.

A day is one meeting at a date of its own. A story is told twice: `live` makes
the handshakes and keeps the memory in a store; `imagine` asks the pure rules
alone. They must agree. No verdict is written down here.
"""

from __future__ import annotations

import secrets
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from lab.built.continuity.announcer import Announcer, call
from lab.built.continuity.memory import Memory, Record, after
from lab.built.continuity.rules import Decision, Heard, Rule, heed, judge
from lab.built.continuity.store import Store
from lab.observation import Line, Observation, Outcome, ValidationError
from lab.pki.authority import Authority, Credential, Key
from lab.pki.pins import name_mismatch, pin_of, seen
from lab.wire import tls
from lab.wire.attacker import Attacker
from lab.wire.http import Answer, Request
from lab.wire.listener import PATIENCE
from lab.wire.service import Service

PORT = 443  # under which records are kept; the port on loopback is another one each time


@dataclass(frozen=True)
class Day:
    """
    One meeting: when, who is on the line, what is presented and what is announced.

    `successors` are announced with proof, `claims` without. `announces` is
    False for a server that knows nothing of announcements. `behind`, on a line
    with an attacker, is the genuine day that the attacker relays to; without
    it the attacker only plays the bank.
    """

    number: int
    title: str
    line: Line
    credential: Credential = field(repr=False)
    announces: bool = False
    successors: tuple[Key, ...] = field(default=(), repr=False)
    claims: tuple[CertificatePublicKeyTypes, ...] = field(default=(), repr=False)
    behind: Day | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Story:
    """Days at a host, counted from `start`; `store` are the authorities that a client with CA validation trusts."""

    name: str
    title: str
    host: str
    start: datetime
    store: tuple[Authority, ...] = field(repr=False)
    days: tuple[Day, ...]

    def time(self, day: Day) -> datetime:
        """The date of a day."""
        return self.start + timedelta(days=day.number)


@dataclass(frozen=True)
class Lived:
    """
    One day as it went: what was seen, remembered and decided, and what came of it.

    `memory` is what was remembered before, `records` what is known afterwards.
    `outcome` is measured: intercepted means that the attacker's log holds the
    secret of that day.
    """

    day: Day
    observation: Observation
    memory: Memory
    decision: Decision
    heard: tuple[Heard, ...] | None
    records: tuple[Record, ...]
    outcome: Outcome


@dataclass(frozen=True)
class Imagined:
    """One day as the pure rules have it."""

    day: Day
    observation: Observation
    memory: Memory
    decision: Decision
    records: tuple[Record, ...]


def live(rule: Rule, story: Story, store: Store | None = None, *, patience: float = PATIENCE) -> tuple[Lived, ...]:
    """
    Take a client with this rule through the story, over real TLS at each day's date.

    Its memory is `store`, or one that is thrown away afterwards. Raises
    ValueError where another process changes it meanwhile.
    """
    with ExitStack() as stack:
        if store is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="lab-"))
            store = stack.enter_context(Store(Path(folder) / "known.sqlite"))
        lived: list[Lived] = []
        warnings = 0
        for day in story.days:
            memory = Memory(store.look_up(story.host, PORT), warnings)
            lived.append(_meet(rule, story, day, memory, store, patience))
            warnings += lived[-1].decision.asked
        return tuple(lived)


def _meet(rule: Rule, story: Story, day: Day, memory: Memory, store: Store, patience: float) -> Lived:
    time, secret = story.time(day), secrets.token_hex(16)
    context = tls.client_context([anchor.certificate for anchor in story.store], time)
    with ExitStack() as stack:
        listener = _stand(story, day, stack, patience)
        done = call(
            listener.address,
            story.host,
            context,
            lambda observation: judge(rule, observation, memory).verdict.accepted,
            time=time,
            secret=secret,
            listens=rule.heeds,
            patience=patience,
        )
        exchange = done.exchange
        decision = judge(rule, exchange.observation, memory)
        # Kept only now: inside the handshake the server had not proved yet that it holds the key.
        if exchange.accepted:
            change = heed(rule, decision, memory, done.heard)
            if not store.apply(change, story.host, PORT, time, expecting=memory.records):
                raise ValueError(
                    f"another process changed what {store.path} knows of {story.host} while this story ran; "
                    "give each story a store of its own"
                )
        held = listener.log.finished(exchange.port, patience * 2).holds(secret) if exchange.port else False
    if day.line is Line.ATTACKER:
        outcome = Outcome.INTERCEPTED if held else Outcome.STOPPED
    else:
        outcome = Outcome.SERVED if exchange.accepted and exchange.answer else Outcome.OUTAGE
    records = store.look_up(story.host, PORT)
    return Lived(day, exchange.observation, memory, decision, done.heard, records, outcome)


def _stand(story: Story, day: Day, stack: ExitStack, patience: float) -> Announcer | Attacker:
    if day.behind is not None:
        upstream = _stand(story, day.behind, stack, patience)
        return stack.enter_context(Attacker(day.credential, upstream.address, host=story.host, patience=patience))
    made: type[Announcer] = Announcer if day.announces else _Silent
    return stack.enter_context(
        made(day.credential, day.successors, host=story.host, claims=day.claims, patience=patience)
    )


class _Silent(Announcer):
    """A service that knows nothing of announcements: it has no such page."""

    def respond(self, request: Request) -> Answer:
        return Service.respond(self, request)


# ---- the same without a socket -------------------------------------------------------------------


def imagine(rule: Rule, story: Story) -> tuple[Imagined, ...]:
    """The story by the pure rules alone: no handshake, no store, what is seen read off the credentials."""
    told: list[Imagined] = []
    records: tuple[Record, ...] = ()
    warnings = 0
    for day in story.days:
        observation, memory = foresee(story, day), Memory(records, warnings)
        decision = judge(rule, observation, memory)
        if decision.verdict.accepted:
            change = heed(rule, decision, memory, _announced(day))
            records = after(records, change, story.host, PORT, story.time(day))
        warnings += decision.asked
        told.append(Imagined(day, observation, memory, decision, records))
    return tuple(told)


def foresee(story: Story, day: Day) -> Observation:
    """What a handshake on that day is bound to show; it knows the faults that stories have, and no others."""
    time, credential = story.time(day), day.credential
    presented = tuple(map(seen, credential.chain))
    path = tuple(map(seen, credential.path))
    mismatch = name_mismatch(presented[0].hosts, story.host)
    stale = [one for one in path if not one.not_before <= time <= one.not_after]
    trusted = seen(credential.path[-1]) in [seen(anchor.certificate) for anchor in story.store]
    if trusted and not stale:
        return Observation(story.host, time, presented, path, name_mismatch=mismatch)
    if trusted:
        code, depth = 10, path.index(stale[-1])
    else:  # 18: a leaf that signed itself; 20: the last certificate's issuer is nowhere
        code, depth = (18, 0) if len(path) == 1 else (20, len(presented) - 1)
    error = ValidationError(code, depth, tls.reason_of(code))
    return Observation(story.host, time, presented, error=error, name_mismatch=mismatch)


def _announced(day: Day) -> tuple[Heard, ...] | None:
    """What a client makes of the day's announcements: a claim and a relayed proof are not proven."""
    source = day.behind or day
    if not source.announces:
        return None
    proven = day.behind is None
    held = [Heard(pin_of(key.public_key()), proven) for key in source.successors]
    return (*held, *(Heard(pin_of(key), False) for key in source.claims))
