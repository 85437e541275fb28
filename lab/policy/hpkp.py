"""
HTTP Public Key Pinning by the letter of RFC 7469: noting, forgetting, enforcing, reporting.

Pure: an observation, the headers of the answer and what the client remembers
go in; a verdict, what it remembers next and the reports it owes come out. It
opens no connection and parses no certificate. The grammar is in `hpkp_header`,
what is remembered in `memory`, a report's wording in `hpkp_report`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from lab.observation import Certificate, Finding, Lesson, Observation, Wanted
from lab.policy.check import Basis, Check, Enrolment, Known, Learnt, Policy
from lab.policy.checks import ORDINARY
from lab.policy.hpkp_header import Header, HeaderName, Malformed, parse
from lab.policy.hpkp_report import ViolationReport, report, unusable
from lab.policy.memory import Memory, PinnedHost, canonical, is_address
from lab.policy.pinset import Role

CHROMIUM_CAP = timedelta(days=60)
"""Chromium's kMaxHPKPAgeSecs, 86400 * 60 seconds; RFC 7469 section 4.1 suggests about as much."""


@dataclass(frozen=True)
class Agent:
    """
    What a client that conforms may choose for itself.

    `cap` limits max-age (section 2.3.3); None is no limit. `local_anchors` are
    the fingerprints of roots that the user or an employer installed; a path
    that ends in one is not held against the pins (section 2.6), unless `strict`;
    so are the anchors that the client knows to be installed on its machine.
    `preloaded` browsers come with the service's own key and its backup built in.
    """

    cap: timedelta | None = None
    local_anchors: frozenset[str] = frozenset()
    strict: bool = False
    preloaded: bool = False

    @property
    def how(self) -> tuple[Learnt, ...]:
        """By header, and built in where it is preloaded."""
        return (Learnt.BUILT_IN, Learnt.HEADER) if self.preloaded else (Learnt.HEADER,)

    def on(self, known: Known) -> Agent:
        """The same on the machine of somebody who knows this: with the anchors that were installed there."""
        return replace(self, local_anchors=self.local_anchors | known.installed) if known.installed else self

    def begin(self, memory: Memory, enrolment: Enrolment) -> Memory:
        """The memory before the first meeting: empty, unless it came with pins of the service."""
        if not self.preloaded:
            return memory
        pins = [pin for role in (Role.LEAF, Role.BACKUP) for pin in sorted(enrolment.site.get(role, ()))]
        entry = PinnedHost(canonical(enrolment.host), tuple(pins), None)
        return replace(memory, preloaded=MappingProxyType({**memory.preloaded, entry.host: entry}))

    def learn(self, known: Known, lesson: Lesson, accepted: bool) -> Memory:
        """The memory after a meeting: the answer's header was heeded, or the report of a refusal is owed."""
        agent = self.on(known)
        if lesson.accepted and lesson.headers is not None:
            return note(known.memory, lesson.observation, lesson.headers, agent).memory
        return failure(known.memory, lesson.observation, agent)[0]


# ---- pin validation (section 2.6) -----------------------------------------------------------------


class Validation(StrEnum):
    """What pin validation came to."""

    NOT_PINNED = "not pinned"
    PASSED = "passed"
    FAILED = "failed"
    BYPASSED = "bypassed"
    """The path ends in an anchor that somebody installed here."""


def meets(pins: Iterable[str], path: tuple[Certificate, ...]) -> bool:
    """Whether any pin is of any key on the path. The presented chain is never asked: it may hold anything."""
    return bool(set(pins) & {one.pin for one in path})


def validate(memory: Memory, observation: Observation, agent: Agent) -> tuple[Validation, PinnedHost | None]:
    """Pin validation of one connection, and the entry that it was about."""
    entry = memory.governing(observation.host, observation.time)
    if entry is None:
        return Validation.NOT_PINNED, None
    path = observation.path
    if path and not agent.strict and path[-1].fingerprint in agent.local_anchors:
        return Validation.BYPASSED, entry
    return (Validation.PASSED if path and meets(entry.pins, path) else Validation.FAILED), entry


def header_pin(agent: Agent) -> Check:
    """Pin validation with what is remembered, as a check to be asked inside the handshake."""

    def rule(observation: Observation, known: Known) -> Finding:
        found, entry = validate(known.memory, observation, agent.on(known))
        if entry is None:
            return Finding("", True, f"no pins of {observation.host} are in force")
        if found is Validation.BYPASSED:
            return Finding("", True, f"{entry.host} is pinned, but the path ends in an anchor that was installed here")
        held = f"{len(entry.pins)} pins of {entry.host}" + (
            f" that count until {entry.until:%Y-%m-%d}" if entry.until else ""
        )
        if found is Validation.PASSED:
            return Finding("", True, f"a key on the path is one of the {held}")
        wanted = tuple(Wanted(pin, f"one of the {held}") for pin in entry.pins)
        return Finding("", False, "no pinned key", wanted, observation.path or (), "the path")

    return Check("header pin", rule, Basis.PATH, remembers=agent)


def policy(agent: Agent, *, clicks_through: bool = False) -> Policy:
    """
    A browser's policy: path validation, the host name, the pins that it noted.

    `clicks_through` is a user who overrides every certificate warning that can
    be overridden. At a pinned host none can (section 2.6).
    """
    return (*(map(_overridden, ORDINARY) if clicks_through else ORDINARY), header_pin(agent))


def _overridden(check: Check) -> Check:
    def rule(observation: Observation, known: Known) -> Finding:
        found = check.find(observation, known)
        if found.passed or known.memory.governing(observation.host, observation.time):
            return found
        return Finding("", True, f"the user clicked the warning away: {found.reason}")

    return Check(check.name, rule, check.basis)


# ---- noting (sections 2.3 and 2.5) ----------------------------------------------------------------


class Action(StrEnum):
    """What a client did with the Public-Key-Pins header of an answer."""

    NOTHING = "there was no header"
    IGNORED = "ignored"
    NOTED = "noted"
    UPDATED = "updated"
    FORGOT = "forgot"


@dataclass(frozen=True)
class Noting:
    """What came of an answer's headers: what is remembered next, what was done and why, and the reports owed."""

    memory: Memory
    action: Action
    reason: str
    reports: tuple[ViolationReport, ...] = ()


def first(headers: Iterable[tuple[str, str]], kind: HeaderName) -> str | None:
    """The value of the first header of this kind; only that one counts (section 2.3.1)."""
    return next((value for name, value in headers if name.lower() == kind.lower()), None)


def note(
    memory: Memory,
    observation: Observation,
    headers: Iterable[tuple[str, str]],
    agent: Agent,
    *,
    secure: bool = True,
    port: int = 443,
) -> Noting:
    """
    What a client makes of an answer's headers, in the order received.

    `secure` is False for an answer over plain HTTP: then both headers are
    ignored. Only headers count; what stands in a page's ``<meta>`` never does
    (section 2.3.4), so no body comes in here.
    """
    pairs = tuple(headers)
    wanted, monitored = first(pairs, HeaderName.PKP), first(pairs, HeaderName.REPORT_ONLY)
    trouble = _trouble(memory, observation, agent, secure)
    reports: tuple[ViolationReport, ...] = ()
    after, unreported = memory, ""
    if monitored is not None and not trouble:
        only = parse(monitored, HeaderName.REPORT_ONLY)
        after, reports = _monitor(memory, observation, only, agent, port)
        unreported = _unreported(only)
    if wanted is None:
        return Noting(after, Action.NOTHING, f"the answer has no Public-Key-Pins header{unreported}", reports)
    if trouble:
        return Noting(after, Action.IGNORED, trouble, reports)
    done, action, reason = _heed(after, observation, parse(wanted), agent)
    return Noting(done, action, reason, reports)


def _trouble(memory: Memory, observation: Observation, agent: Agent, secure: bool) -> str:
    """Why nothing on this connection may be believed; empty where it may (section 2.5, first condition)."""
    if not secure:
        return "the answer came over plain HTTP"
    if observation.error is not None or observation.path is None or observation.name_mismatch:
        return "the TLS connection was not free of errors"
    found, _ = validate(memory, observation, agent)
    if found in (Validation.FAILED, Validation.BYPASSED):
        return f"pin validation {found.value if found is Validation.FAILED else 'was bypassed'} on this connection"
    if is_address(observation.host):
        return "the host is an IP address, and only names are pinned"
    return ""


def _heed(
    memory: Memory, observation: Observation, header: Header | Malformed, agent: Agent
) -> tuple[Memory, Action, str]:
    path = observation.path or ()
    host = canonical(observation.host)
    if isinstance(header, Malformed):
        return memory, Action.IGNORED, header.reason
    before = memory.noted.get(host)
    before = None if before and before.expired(observation.time) else before
    if not header.pins:  # section 2.1.1: nothing effective is left, so the client fails open
        if before:
            return memory.without(host), Action.FORGOT, "no pin of a known algorithm is left, so the host is let go"
        return memory, Action.IGNORED, "there is no pin of a known algorithm in it"
    if not meets(header.pins, path):
        return memory, Action.IGNORED, "none of its pins is of a key on the path"
    if set(header.pins) <= {one.pin for one in path}:
        return memory, Action.IGNORED, "it has no backup pin: every pin is of a key on the path"
    assert header.max_age is not None
    if header.max_age == 0:
        if before:
            return memory.without(host), Action.FORGOT, "max-age is 0"
        return memory, Action.IGNORED, "max-age is 0, and nothing was noted"
    life = timedelta(seconds=header.max_age)
    if agent.cap is not None:
        life = min(life, agent.cap)
    until = observation.time + min(life, datetime.max.replace(tzinfo=UTC) - observation.time.astimezone(UTC))
    entry = PinnedHost(host, header.pins, until, header.include_subdomains, header.report_uri)
    words = f"{len(header.pins)} pins count until {until:%Y-%m-%d}{_unreported(header)}"
    return memory.with_noted(entry), Action.UPDATED if before else Action.NOTED, words


# ---- reports (sections 2.1.4 and 3) ---------------------------------------------------------------


def _monitor(
    memory: Memory, observation: Observation, header: Header | Malformed, agent: Agent, port: int
) -> tuple[Memory, tuple[ViolationReport, ...]]:
    """Hold a report-only header against this very connection; nothing of its pins is kept (section 2.3.3)."""
    if isinstance(header, Malformed) or not header.pins:
        return memory, ()
    path = observation.path or ()
    local = bool(path) and not agent.strict and path[-1].fingerprint in agent.local_anchors
    if local or meets(header.pins, path):
        return memory, ()
    # It lives for this answer only, so its date of expiry is now.
    host, now = canonical(observation.host), observation.time
    entry = PinnedHost(host, header.pins, now, header.include_subdomains, header.report_uri)
    return owe(memory, observation, entry, port)


def _unreported(header: Header | Malformed) -> str:
    why = unusable(header.report_uri) if isinstance(header, Header) and header.report_uri else ""
    return why and f"; {why}"


def failure(
    memory: Memory, observation: Observation, agent: Agent, port: int = 443
) -> tuple[Memory, tuple[ViolationReport, ...]]:
    """The report that a refused connection is worth; none where pin validation was not in effect or did not fail."""
    found, entry = validate(memory, observation, agent)
    if found is not Validation.FAILED or entry is None or observation.path is None:
        return memory, ()
    return owe(memory, observation, entry, port)


def owe(
    memory: Memory, observation: Observation, entry: PinnedHost, port: int
) -> tuple[Memory, tuple[ViolationReport, ...]]:
    """The report, where it can go anywhere, and did not go there before (section 2.1.4 asks to be sparing)."""
    if not entry.report_uri or unusable(entry.report_uri):
        return memory, ()
    key = (canonical(observation.host), entry.report_uri, frozenset(entry.pins))
    if key in memory.told:
        return memory, ()
    body = report(observation, entry, port)
    return replace(memory, told=memory.told | {key}), (ViolationReport(entry.report_uri, body),)
