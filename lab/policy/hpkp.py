"""
HTTP Public Key Pinning by the letter of RFC 7469: noting, forgetting, enforcing, reporting.

Pure: an observation, the headers of the answer and what the client remembers
go in; a verdict, what it remembers next and the reports it owes come out. It
opens no connection and parses no certificate. The grammar is in `hpkp_header`,
what is remembered in `hpkp_memory`, a report's wording in `hpkp_report`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from lab.observation import Certificate, Observation
from lab.policy.checks import HOST_NAME, VALIDATION, Basis, Check, Known, Policy, names
from lab.policy.hpkp_header import Header, Kind, Malformed, parse
from lab.policy.hpkp_memory import Agent, Memory, PinnedHost, canonical, is_address
from lab.policy.hpkp_report import Report, report

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


def header_pin(memory: Memory, agent: Agent) -> Check:
    """Pin validation with what `memory` holds, as a check to be asked inside the handshake."""

    def rule(observation: Observation, known: Known) -> tuple[bool, str]:
        found, entry = validate(memory, observation, agent)
        if entry is None:
            return True, f"no pins of {observation.host} are in force"
        if found is Validation.BYPASSED:
            return True, f"{entry.host} is pinned, but the path ends in an anchor that was installed here"
        held = f"{len(entry.pins)} pins of {entry.host}" + (f", until {entry.until:%Y-%m-%d}" if entry.until else "")
        if found is Validation.PASSED:
            return True, f"a key on the path is one of the {held}"
        return False, f"wanted one of the {held}; saw {names(observation.path or ())}"

    return Check("header pin", rule, Basis.PATH, remembers=True)


def policy(memory: Memory, agent: Agent, *, clicks_through: bool = False) -> Policy:
    """
    A browser's policy: path validation, the host name, the pins that it noted.

    `clicks_through` is a user who overrides every certificate warning that can
    be overridden. At a pinned host none can (section 2.6).
    """
    if not clicks_through:
        return (VALIDATION, HOST_NAME, header_pin(memory, agent))
    clicked = (_overridden(VALIDATION, memory), _overridden(HOST_NAME, memory))
    return (*clicked, header_pin(memory, agent))


def _overridden(check: Check, memory: Memory) -> Check:
    def rule(observation: Observation, known: Known) -> tuple[bool, str]:
        passed, reason = check.rule(observation, known)
        if passed or memory.governing(observation.host, observation.time):
            return passed, reason
        return True, f"the user clicked the warning away: {reason}"

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
    reports: tuple[Report, ...] = ()


def first(headers: Iterable[tuple[str, str]], kind: Kind) -> str | None:
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
    wanted, monitored = first(pairs, Kind.PKP), first(pairs, Kind.REPORT_ONLY)
    trouble = _trouble(memory, observation, agent, secure)
    reports: tuple[Report, ...] = ()
    after = memory
    if monitored is not None and not trouble:
        after, reports = _monitor(memory, observation, parse(monitored, Kind.REPORT_ONLY), agent, port)
    if wanted is None:
        return Noting(after, Action.NOTHING, "the answer has no Public-Key-Pins header", reports)
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
    words = f"{len(header.pins)} pins count until {until:%Y-%m-%d}"
    return memory.with_noted(entry), Action.UPDATED if before else Action.NOTED, words


# ---- reports (sections 2.1.4 and 3) ---------------------------------------------------------------


def _monitor(
    memory: Memory, observation: Observation, header: Header | Malformed, agent: Agent, port: int
) -> tuple[Memory, tuple[Report, ...]]:
    """Hold a report-only header against this very connection; nothing of its pins is kept (section 2.3.3)."""
    if isinstance(header, Malformed) or not header.pins or not header.report_uri:
        return memory, ()
    path = observation.path or ()
    local = bool(path) and not agent.strict and path[-1].fingerprint in agent.local_anchors
    if local or meets(header.pins, path):
        return memory, ()
    # It lives for this answer only, so its date of expiry is now.
    host, now = canonical(observation.host), observation.time
    entry = PinnedHost(host, header.pins, now, header.include_subdomains, header.report_uri)
    return owe(memory, observation, entry, port)


def failure(
    memory: Memory, observation: Observation, agent: Agent, port: int = 443
) -> tuple[Memory, tuple[Report, ...]]:
    """The report that a refused connection is worth; none where pin validation was not in effect or did not fail."""
    found, entry = validate(memory, observation, agent)
    if found is not Validation.FAILED or entry is None or not entry.report_uri or observation.path is None:
        return memory, ()
    return owe(memory, observation, entry, port)


def owe(memory: Memory, observation: Observation, entry: PinnedHost, port: int) -> tuple[Memory, tuple[Report, ...]]:
    """The report, unless the same went to the same address before (section 2.1.4 asks to be sparing)."""
    key = (canonical(observation.host), entry.report_uri, frozenset(entry.pins))
    if key in memory.told:
        return memory, ()
    body = report(observation, entry, port)
    return replace(memory, told=memory.told | {key}), (Report(entry.report_uri, body),)
