"""
Checks: pure functions from an observation, and what the client knows, to a finding.

A policy is an ordered list of them. The sound ones come first; the careless
ones below are kept because real programs had them, and each names its source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from lab.observation import Certificate, Finding, Observation, Verdict
from lab.policy.pinset import PinSet, Role, Site, Where


@dataclass(frozen=True)
class Remembered:
    """What key continuity keeps of a host: the leaf's pin, its fingerprint, and when that certificate expires."""

    pin: str
    fingerprint: str
    name: str
    expires: datetime | None = None

    def lapsed(self, time: datetime) -> bool:
        """Whether the remembered certificate has expired by `time`."""
        return self.expires is not None and self.expires < time


@dataclass(frozen=True)
class Known:
    """
    What a client knows when it decides: the pins built into it, and what it remembers of each host.

    `store` holds the trust anchors of its machine, `installed` the fingerprints
    of those that did not come with the system; most policies ask for neither.
    """

    site: Site = field(default_factory=lambda: MappingProxyType({}))
    memory: Mapping[str, Remembered] = field(default_factory=lambda: MappingProxyType({}))
    installed: frozenset[str] = frozenset()
    store: tuple[Certificate, ...] = ()

    def met(self, observation: Observation) -> Known:
        """The same, with this host remembered, unless a record is there that has not expired."""
        leaf = observation.leaf
        before = self.memory.get(observation.host)
        if leaf is None or (before is not None and not before.lapsed(observation.time)):
            return self
        first = Remembered(leaf.pin, leaf.fingerprint, leaf.name, leaf.not_after)
        return replace(self, memory=MappingProxyType({**self.memory, observation.host: first}))


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


Rule = Callable[[Observation, Known], tuple[bool, str]]


@dataclass(frozen=True)
class Check:
    """
    One question that a client asks, with the rule that answers it.

    `rule` returns whether the check passed, and why in one sentence. It must be
    pure: the same observation and knowledge give the same answer. `remembers`
    says that it compares with what the client met before.
    """

    name: str
    rule: Rule
    basis: Basis
    stage: Stage = Stage.HANDSHAKE
    pin_set: PinSet | None = None
    remembers: bool = False

    def find(self, observation: Observation, known: Known) -> Finding:
        passed, reason = self.rule(observation, known)
        return Finding(self.name, passed, reason)

    def __str__(self) -> str:
        return self.name


Policy = tuple[Check, ...]


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


def names(certificates: tuple[Certificate, ...]) -> str:
    """Certificates as a reader says them, leaf first."""
    return " <- ".join(one.name for one in certificates) or "nothing"


# ---- the sound checks ----------------------------------------------------------------------------


def _validation(observation: Observation, known: Known) -> tuple[bool, str]:
    if observation.error is not None:
        error = observation.error
        where = observation.presented[error.depth].name if error.depth < len(observation.presented) else "a certificate"
        return False, f"no path to a trust anchor: {where}: {error.reason}"
    if observation.path is not None:
        return True, f"a path leads to {observation.path[-1].name}, which the trust store holds"
    if observation.resumed:
        return True, "a resumed session: whoever made it first did the validation"
    return False, "the server showed no certificate"


def _host_name(observation: Observation, known: Known) -> tuple[bool, str]:
    if observation.name_mismatch:
        return False, observation.name_mismatch
    return True, f"the certificate answers for {observation.host}"


def _matched(pin_set: PinSet, observation: Observation, known: Known) -> tuple[bool, str]:
    seen = pin_set.lists[0].where.of(observation)
    matched: list[str] = []
    for one in pin_set.lists:
        found = one.matches(observation, known.site)
        if not found:
            return False, f"wanted {one} on {one.where.value}, saw {names(one.where.of(observation) or seen)}"
        matched.append(found[0].name)
    return True, f"{' and '.join(matched)} on {pin_set.lists[0].where.value} has a pinned key"


def pinned(name: str, pin_set: PinSet, stage: Stage = Stage.HANDSHAKE) -> Check:
    """
    Some key on the path is one that was pinned (RFC 7469 section 2.6).

    A resumed session has no path, so it is refused: without certificates there
    is nothing to compare.
    """

    def rule(observation: Observation, known: Known) -> tuple[bool, str]:
        if observation.path is None:
            why = "the session was resumed" if observation.resumed else "validation built none"
            return False, f"there is no path to look for pins on: {why}"
        return _matched(pin_set, observation, known)

    return Check(name, rule, Basis.PATH, stage, pin_set)


def continuity(name: str, of: Callable[[Certificate | Remembered], str], what: str) -> Check:
    """
    The leaf's key (or certificate) is the one that was there the first time, as SSH does.

    The first meeting passes whoever is there, and is remembered.
    """

    def rule(observation: Observation, known: Known) -> tuple[bool, str]:
        leaf = observation.leaf
        if leaf is None:
            return False, "the server showed no certificate to remember or to compare"
        if observation.resumed:
            return False, "the session was resumed, so the server proved nothing that could be compared"
        before = known.memory.get(observation.host)
        if before is None:
            return True, f"first use: nothing is known of {observation.host}, so its {what} is remembered"
        if of(before) == of(leaf):
            return True, f"the same {what} as at the first use"
        return False, f"{observation.host} shows another {what} than at the first use"

    return Check(name, rule, Basis.LEAF, remembers=True)


VALIDATION = Check("path validation", _validation, Basis.VALIDATION)
HOST_NAME = Check("host name", _host_name, Basis.NAME)
ROOT_PIN = pinned("root pin", PinSet.any_of(Role.ROOT))
INTERMEDIATE_PIN = pinned("intermediate pin", PinSet.any_of(Role.INTERMEDIATE))
LEAF_PIN = pinned("leaf pin", PinSet.any_of(Role.LEAF))
CERTIFICATE_PIN = pinned("leaf certificate pin", PinSet.any_of(Role.CERTIFICATE))
LEAF_OR_BACKUP_PIN = pinned("leaf or backup pin", PinSet.any_of(Role.LEAF, Role.BACKUP))
ANY_OF_CHAIN_PIN = pinned("any-of-chain pin", PinSet.any_of(Role.LEAF, Role.INTERMEDIATE, Role.ROOT))
LEAF_AND_CA_PINS = pinned(
    "leaf and CA pins",
    PinSet.any_of(Role.LEAF, where=Where.LEAF).and_any_of(Role.INTERMEDIATE, Role.ROOT, where=Where.CA),
)
KNOWN_KEY = continuity("known key", lambda leaf: leaf.pin, "key")
KNOWN_CERTIFICATE = continuity("known certificate", lambda leaf: leaf.fingerprint, "certificate")

SOUND = (
    VALIDATION,
    HOST_NAME,
    ROOT_PIN,
    INTERMEDIATE_PIN,
    LEAF_PIN,
    CERTIFICATE_PIN,
    LEAF_OR_BACKUP_PIN,
    ANY_OF_CHAIN_PIN,
    LEAF_AND_CA_PINS,
    KNOWN_KEY,
    KNOWN_CERTIFICATE,
)
"""What may be added to a policy to repair it."""


# ---- the careless checks -------------------------------------------------------------------------


def _presented(pin_set: PinSet) -> Rule:
    def rule(observation: Observation, known: Known) -> tuple[bool, str]:
        return _matched(pin_set, observation, known)

    return rule


def _full_handshakes_only(check: Check) -> Rule:
    def rule(observation: Observation, known: Known) -> tuple[bool, str]:
        if observation.resumed:
            return True, "the session was resumed: no certificate came, and the check was not called"
        return check.rule(observation, known)

    return rule


_PRESENTED_LEAF = PinSet.any_of(Role.LEAF, where=Where.PRESENTED)

PRESENTED_CHAIN_PIN = Check(
    "presented-chain pin", _presented(_PRESENTED_LEAF), Basis.PRESENTED, pin_set=_PRESENTED_LEAF
)
LATE_LEAF_PIN = pinned("late leaf pin", PinSet.any_of(Role.LEAF), Stage.AFTER_REQUEST)
FULL_HANDSHAKE_LEAF_PIN = Check(
    "leaf pin in full handshakes",
    _full_handshakes_only(LEAF_PIN),
    Basis.PATH,
    pin_set=LEAF_PIN.pin_set,
)
