"""
What a check is, what a client knows when it asks, and how a policy comes to a verdict.

A check is a pure function from an observation, and what the client knows, to a
finding. A policy is an ordered list of checks. Which checks there are is in
`lab.policy.checks`; how a client learns is in `lab.policy.mind`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from lab.observation import Certificate, Evidence, Finding, Lesson, Observation, Verdict
from lab.policy.memory import Memory, Remembered
from lab.policy.pinset import PinSet, Site


@dataclass(frozen=True)
class Known:
    """
    What a client knows when it decides: the pins built into it, and what it remembers of each host.

    `store` holds the trust anchors of its machine, `installed` the fingerprints
    of those that did not come with the system; most policies ask for neither.
    """

    site: Site = field(default_factory=lambda: MappingProxyType({}))
    memory: Memory = field(default_factory=Memory)
    installed: frozenset[str] = frozenset()
    store: tuple[Certificate, ...] = ()


@dataclass(frozen=True)
class Enrolment:
    """The genuine service as it was when a client was built or set up: whose it is, when, and its pins by role."""

    host: str
    time: datetime
    site: Site = field(repr=False)


class Stage(StrEnum):
    """When a check runs."""

    HANDSHAKE = "inside the handshake"
    AFTER_REQUEST = "after the request was sent"


class Basis(StrEnum):
    """What a check looks at."""

    VALIDATION = "path validation"
    NAME = "the host name"
    PATH = "the path"
    LEAF = "the leaf"
    PRESENTED = "the presented chain"
    EVIDENCE = "what speaks for the certificate"
    SINCE = "whether it was taken back since, or is over soon"


class Learnt(StrEnum):
    """How a client learnt what it compares with."""

    BUILT_IN = "built in"
    FIRST_USE = "first use"
    ANNOUNCED = "announced successor"
    HEADER = "header"
    STRICT = "header that wants TLS"


class Memorizes(Protocol):
    """How what a check compares with gets into a client's memory."""

    @property
    def how(self) -> tuple[Learnt, ...]:
        """The ways in which it learns."""

    def begin(self, memory: Memory, enrolment: Enrolment) -> Memory:
        """The memory before the first meeting, of a client that was set up when the service was this."""

    def learn(self, known: Known, lesson: Lesson, accepted: bool) -> Memory:
        """The memory after a meeting; `accepted` is what the whole policy said of it."""


class FirstMet:
    """
    What `remembers=True` means: the leaf that was met first on each host is kept, until its certificate has expired.

    A rule of such a check finds in `known.memory` a mapping from hosts to
    `Remembered`, and nothing else.
    """

    how = (Learnt.FIRST_USE,)

    def begin(self, memory: Memory, enrolment: Enrolment) -> Memory:
        """It begins with nothing."""
        return memory

    def learn(self, known: Known, lesson: Lesson, accepted: bool) -> Memory:
        """The memory after a meeting; who was refused is not remembered."""
        observation, leaf, firsts = lesson.observation, lesson.observation.leaf, known.memory.firsts
        before = firsts.get(observation.host)
        if not accepted or leaf is None or (before and not before.lapsed(observation.time)):
            return known.memory
        first = Remembered(leaf.pin, leaf.fingerprint, leaf.name, leaf.not_after)
        return replace(known.memory, firsts=MappingProxyType({**firsts, observation.host: first}))


FIRST_MET = FirstMet()

Rule = Callable[[Observation, Known], "tuple[bool, str] | Finding"]
"""Whether a check passed, and why in one sentence; or a `Finding`, whose name the check puts in."""


@dataclass(frozen=True)
class Check:
    """
    One question that a client asks, with the rule that answers it.

    `rule` must be pure: the same observation and knowledge give the same
    answer. `remembers` says how what it compares with is learnt from meetings,
    None where nothing is; True is short for `FirstMet`. `needs` is the evidence without which it
    cannot be asked, and tells the wire what to ask for.
    """

    name: str
    rule: Rule
    basis: Basis
    stage: Stage = Stage.HANDSHAKE
    pin_set: PinSet | None = None
    remembers: Memorizes | None = None
    needs: frozenset[Evidence] = frozenset()

    def __post_init__(self) -> None:
        if self.remembers is True:  # type: ignore[comparison-overlap]
            object.__setattr__(self, "remembers", FIRST_MET)

    def find(self, observation: Observation, known: Known) -> Finding:
        """What this check finds."""
        if self.remembers is FIRST_MET:
            known = replace(known, memory=known.memory.firsts)  # type: ignore[arg-type]
        found = self.rule(observation, known)
        return replace(found, check=self.name) if isinstance(found, Finding) else Finding(self.name, *found)

    def __str__(self) -> str:
        return self.name

    def __hash__(self) -> int:
        return hash(self.name)  # a search asks it of the same few checks a million times


Policy = tuple[Check, ...]


def needs(policy: Policy) -> frozenset[Evidence]:
    """The evidence that a client with this policy asks for."""
    return frozenset().union(*(check.needs for check in policy))


def judge(policy: Policy, observation: Observation, known: Known) -> Verdict:
    """
    The pure verdict: the checks in order, up to the first that refuses.

    An empty policy accepts everything.
    """
    findings: list[Finding] = []
    for check in policy:
        finding = check.find(observation, known)
        findings.append(finding)
        if not finding.passed:
            return Verdict(False, finding.check, finding.reason, tuple(findings))
    if not findings:
        return Verdict(True, "no check", "this client asks nothing")
    return Verdict(True, findings[-1].check, findings[-1].reason, tuple(findings))
