"""
Rules of key continuity, as pure functions of an observation and what is remembered.

A rule says what a client does at a first use, at a changed key, at a record
that has expired, and when a server announces its next key. No socket, no
OpenSSL, no SQLite: what is to be kept comes out as a `Change`, and somebody
else keeps it. That a rule is in the table does not make it a good one.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from lab.built.continuity.memory import Change, Memory, Record
from lab.observation import Certificate, Observation, Verdict
from lab.policy import checks
from lab.policy.checks import Basis, Check, Known, Policy


class Answer(StrEnum):
    """What a rule does with a key that it does not know."""

    ACCEPT = "accept and remember it"
    REFUSE = "refuse"
    ASK = "ask the user"


class Situation(StrEnum):
    """How what is shown compares with what is remembered."""

    NOTHING = "nothing that could be compared"
    FIRST_USE = "first use"
    LAPSED = "only an expired record, which is disregarded"
    SAME = "the same as before"
    SUCCESSOR = "an announced successor, met for the first time"
    CHANGED = "changed"


KNOWN = (Situation.SAME, Situation.SUCCESSOR)


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
class Rule:
    """
    One kind of key continuity; a row of a table.

    `checks` come first. `certificate` compares the whole certificate and not
    only its key. `disregards_expired` treats a record past its expiry as if it
    were not there. `heeds` notes announced successors; `wants_proof` and
    `wants_known` are how a sound client does it. `bug` is empty for a sound
    rule, `source` says where a rule was seen.
    """

    name: str
    title: str
    checks: Policy = ()
    certificate: bool = False
    unknown: Answer = Answer.ACCEPT
    changed: Answer = Answer.REFUSE
    disregards_expired: bool = False
    heeds: bool = False
    wants_proof: bool = True
    wants_known: bool = True
    user: User | None = None
    bug: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if Answer.ASK in (self.unknown, self.changed) and self.user is None:
            raise ValueError(f"the rule {self.name!r} asks a user and has none; give it user=User(rate)")

    def pin(self, leaf: Certificate) -> str:
        """What this rule remembers of a leaf."""
        return leaf.fingerprint if self.certificate else leaf.pin


@dataclass(frozen=True)
class Decision:
    """A verdict, the situation that it answers, what to keep of it, and whether the user was shown a warning."""

    verdict: Verdict
    situation: Situation
    change: Change = field(default_factory=Change)
    asked: bool = False


@dataclass(frozen=True)
class Heard:
    """A pin that a server announced, and whether it proved on this very connection that it holds the key."""

    pin: str
    proven: bool


def situation(rule: Rule, observation: Observation, memory: Memory) -> Situation:
    """How the leaf of this observation compares with the records. A resumed session proves nothing."""
    leaf = observation.leaf
    if leaf is None or observation.resumed:
        return Situation.NOTHING
    counts = _counting(rule, observation.time, memory)
    if not counts:
        return Situation.LAPSED if memory.records else Situation.FIRST_USE
    for record in counts:
        if record.pin == rule.pin(leaf):
            return Situation.SAME if record.count else Situation.SUCCESSOR
    return Situation.CHANGED


def _counting(rule: Rule, time: datetime, memory: Memory) -> list[Record]:
    """The records that this rule goes by at `time`."""
    if not rule.disregards_expired:
        return list(memory.records)
    return [one for one in memory.records if one.expires is None or one.expires >= time]


def judge(rule: Rule, observation: Observation, memory: Memory) -> Decision:
    """
    What a client with this rule decides. Pure: the same arguments give the same decision.

    The change is what to keep if the handshake ends well; a refusal keeps
    nothing.
    """
    where = situation(rule, observation, memory)
    passed, reason, asked = _answer(rule, where, observation, memory)
    check = Check(
        "known certificate" if rule.certificate else "known key",
        lambda seen, known: (passed, reason),
        Basis.LEAF,
        remembers=True,
    )
    verdict = checks.judge((*rule.checks, check), observation, Known())
    asked = asked and verdict.check == check.name  # an earlier check that refuses spares the user the question
    leaf = observation.leaf
    if not verdict.accepted or leaf is None:
        return Decision(verdict, where, asked=asked)
    stale = frozenset() if where in KNOWN else frozenset(one.pin for one in memory.records)
    change = Change(rule.pin(leaf), leaf.not_after, stale - {rule.pin(leaf)})
    return Decision(verdict, where, change, asked)


def _answer(rule: Rule, where: Situation, observation: Observation, memory: Memory) -> tuple[bool, str, bool]:
    """Whether the key passes, why, and whether the user was asked."""
    host, what = observation.host, "certificate" if rule.certificate else "key"
    if where is Situation.NOTHING:
        return False, "nothing was shown that could be compared with what is remembered", False
    if where is Situation.SAME:
        return True, f"the {what} that is remembered of {host}", False
    if where is Situation.SUCCESSOR:
        return True, f"the {what} that {host} announced earlier, over a connection that was trusted", False
    answer, seen = rule.changed, f"{host} shows another {what} than the remembered one"
    if where is not Situation.CHANGED:
        answer = rule.unknown
        seen = f"nothing is known of {host}"
        if where is Situation.LAPSED:
            seen = f"what is known of {host} has expired and is disregarded"
    if answer is Answer.ASK:
        assert rule.user is not None
        clicked = rule.user.clicks_through(memory.warnings)
        return clicked, f"{seen}; the user was warned and {'went on' if clicked else 'stopped'}", True
    if answer is Answer.REFUSE:
        return False, seen, False
    return True, f"first use: {seen}, so its {what} is remembered", False


def heed(rule: Rule, decision: Decision, memory: Memory, heard: tuple[Heard, ...] | None) -> Change:
    """
    The decision's change, with what the server announced on this connection; None is a server that announces nothing.

    An announcement is the whole list of keys that the server wants known
    beside the one on the line, as with SSH's UpdateHostKeys (OpenSSH, PROTOCOL
    section 2.5): what is not in it is forgotten. One that is not proven refuses
    all of it. At a first use nothing
    is heeded, since nobody knows yet who speaks.
    """
    change = decision.change
    if not rule.heeds or heard is None or not decision.verdict.accepted:
        return change
    if rule.wants_known and decision.situation not in KNOWN:
        return change
    if rule.wants_proof and not all(one.proven for one in heard):
        return change
    added = tuple(dict.fromkeys(one.pin for one in heard if one.pin != change.met))
    gone = {one.pin for one in memory.records} - {change.met, *added}
    return replace(change, drop=change.drop | gone, add=added)


# ---- the table -----------------------------------------------------------------------------------


def asking(rate: float, seed: int = 0) -> Rule:
    """A rule that shows a warning at a changed key, to a user who clicks it away at `rate`."""
    return Rule("ask", "warns at another key, and the user decides", changed=Answer.ASK, user=User(rate, seed))


def rules(rate: float = 0.5, seed: int = 0) -> dict[str, Rule]:
    """Every rule by its name, in teaching order; `rate` and `seed` are the user's, where one is asked."""
    table = (
        Rule("strict", "remembers the first key and refuses any other"),
        Rule(
            "strict-known-only",
            "refuses any key that it does not know already, also at the first meeting",
            unknown=Answer.REFUSE,
            source="gnutls-cli --strict-tofu (manual page gnutls-cli(1))",
        ),
        asking(rate, seed),
        Rule("with-ca", "strict, after ordinary validation", checks=(checks.VALIDATION, checks.HOST_NAME)),
        Rule(
            "gemini",
            "remembers the certificate, and disregards a record that has expired",
            certificate=True,
            disregards_expired=True,
            source="gmni (drewdevault.com, 2020-09-21)",
        ),
        Rule(
            "successor",
            "strict, and notes the next keys that a known server announces and proves to hold",
            heeds=True,
            source="SSH's UpdateHostKeys (hostkeys-00@openssh.com, hostkeys-prove-00)",
        ),
        Rule(
            "successor-without-proof",
            "notes any key that a known server announces",
            heeds=True,
            wants_proof=False,
            bug="the announced key signs nothing",
        ),
        Rule(
            "successor-at-first-use",
            "notes announced keys at the very first meeting too",
            heeds=True,
            wants_known=False,
            bug="at a first use nobody knows who announces",
        ),
    )
    return {rule.name: rule for rule in table}


def rule(name: str) -> Rule:
    """The rule of that name, its user clicking through every second time. Raises ValueError where there is none."""
    table = rules()
    if name not in table:
        raise ValueError(f"there is no rule {name!r} of key continuity; there are {', '.join(table)}")
    return table[name]
