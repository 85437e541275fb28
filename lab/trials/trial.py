"""
One client going through one scene, over real TLS.

It records each meeting: what the client saw and decided, what the other side
saw, who ended up with the secret. It judges nothing itself: verdicts come from
the client's policy, outcomes from whoever holds the secret.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from OpenSSL import SSL

from lab.observation import (
    Aftermath,
    Certificate,
    Line,
    Observation,
    Outcome,
    Showable,
    Verdict,
    outcome_of,
)
from lab.pki.authority import Authority
from lab.pki.pins import seen
from lab.policy import checks
from lab.policy.checks import Known, Policy, Stage, judge
from lab.policy.clients import Client, Learnt
from lab.policy.pinset import Role
from lab.scenes.catalogue import Case, Meeting, Scene, twin_of
from lab.trials.standing import Standing
from lab.wire.client import Exchange
from lab.wire.visit import Visit

COMPONENT = (checks.VALIDATION, checks.HOST_NAME)
"""The policy of the unpinned component that some scenes have: ordinary validation."""


@dataclass(frozen=True)
class Encounter:
    """
    One meeting as it went.

    `known` is what the client knew when it decided. `outcome` is None for a
    meeting of another component, which is no meeting of the client's.
    """

    meeting: Meeting
    observation: Observation
    known: Known
    verdict: Verdict
    outcome: Outcome | None
    aftermath: Aftermath


@dataclass(frozen=True)
class Trial(Showable):
    """
    One client in one scene; a cell of the matrix.

    `worst` is the meeting that the cell shows: the most severe outcome, and
    among equals the meeting that the scene is about.
    """

    client: Client
    case: Case
    scene: Scene
    encounters: tuple[Encounter, ...]

    @property
    def worst(self) -> int:
        """The index of the meeting that the cell shows."""

        def weight(number: int) -> tuple[int, bool]:
            outcome = self.encounters[number].outcome
            return (-1 if outcome is None else outcome.severity, number == self.scene.about)

        return max(range(len(self.encounters)), key=weight)

    @property
    def shown(self) -> Encounter:
        return self.encounters[self.worst]

    @property
    def outcome(self) -> Outcome:
        outcome = self.shown.outcome
        assert outcome is not None
        return outcome

    @property
    def verdict(self) -> Verdict:
        return self.shown.verdict

    @property
    def leaked(self) -> int:
        """Application bytes of this client that an attacker read, over all its meetings."""
        return sum(one.aftermath.leaked for one in self.encounters if not one.meeting.component)

    def record(self) -> dict[str, Any]:
        """The trial as plain JSON values: one record of the matrix."""
        twin = twin_of(self.case)
        return {
            "client": self.client.name,
            "scene": self.case.name,
            "kind": self.case.kind.value,
            "twin": twin.name if twin else None,
            "reach": [role.value for role in Role if role in self.case.reach],
            "outcome": self.outcome.value,
            **self._decided(self.shown),
            "leaked": self.leaked,
            "shows_meeting": self.worst,
            "meetings": [
                {
                    "title": one.meeting.title,
                    "line": one.meeting.line.value,
                    "proxied": one.meeting.proxied,
                    "component": one.meeting.component,
                    "outcome": one.outcome.value if one.outcome else None,
                    **self._decided(one),
                    "checks": [
                        {"check": found.check, "passed": found.passed, "reason": found.reason}
                        for found in one.verdict.findings
                    ],
                    "leaked": one.aftermath.leaked,
                    "sent": one.aftermath.sent,
                    "other_side": {
                        "alert": one.aftermath.view.alert,
                        "client_hung_up": one.aftermath.view.hung_up.value,
                        "read": one.aftermath.view.read,
                        "requests": list(one.aftermath.view.requests),
                    },
                }
                for one in self.encounters
            ],
        }

    def genuine(self, certificate: Certificate) -> Role | None:
        """Whose key of the genuine service this certificate has, if any."""
        site = self.scene.site
        keys = (Role.ROOT, Role.INTERMEDIATE, Role.LEAF, Role.BACKUP)
        return next((role for role in keys if certificate.pin in site[role]), None)

    def _decided(self, one: Encounter) -> dict[str, Any]:
        observation = one.observation
        return {
            "verdict": str(one.verdict),
            "deciding_check": one.verdict.check,
            "reason": one.verdict.reason,
            "presented": self._named(observation.presented),
            "path": None if observation.path is None else self._named(observation.path),
            "validation_error": observation.error.reason if observation.error else None,
            "resumed": observation.resumed,
        }

    def _named(self, certificates: tuple[Certificate, ...]) -> list[dict[str, str | None]]:
        named = [(one, self.genuine(one)) for one in certificates]
        return [{"name": one.name, "pin": one.pin, "genuine": role and role.value} for one, role in named]


class Process:
    """
    A client program while it runs: its decision is an attribute, as in any program.

    That is why an attacker inside the process needs no key and no CA.
    """

    def __init__(self, policy: Policy, known: Known) -> None:
        self._policy = tuple(check for check in policy if check.stage is Stage.HANDSHAKE)
        self._whole = policy
        self._known = known
        self._last: tuple[Observation, Verdict] | None = None
        self.decide = self._decide

    def _decide(self, observation: Observation) -> bool:
        self._last = (observation, judge(self._policy, observation, self._known))
        return self._last[1].accepted

    def verdict(self, observation: Observation) -> Verdict:
        """What the whole policy says of what was seen; what was said inside the handshake is not asked again."""
        if self._whole == self._policy and self._last is not None and self._last[0] is observation:
            return self._last[1]
        return judge(self._whole, observation, self._known)


def accept_everything(observation: Observation) -> bool:
    """What the attacker inside the process puts in the decision's place."""
    return True


def built_in(client: Client, scene: Scene) -> Known:
    """What a client knows before its first meeting."""
    return Known(site=scene.site) if Learnt.BUILT_IN in client.learnt else Known()


def told(known: Known, meeting: Meeting) -> Known:
    """The same knowledge, with the trust store of this meeting's machine, and which of its anchors were added."""
    installed = frozenset(_anchor(one).fingerprint for one in meeting.installed)
    return replace(known, installed=installed, store=tuple(map(_anchor, meeting.store)))


@lru_cache(maxsize=256)
def _anchor(authority: Authority) -> Certificate:
    return seen(authority.certificate)


@dataclass(frozen=True)
class _Met:
    """One meeting from the client's side; `visit` waits for what the other side saw."""

    meeting: Meeting
    exchange: Exchange
    known: Known
    verdict: Verdict
    secret: str
    visit: Callable[[], Visit]

    def encounter(self) -> Encounter:
        visit = self.visit()
        outcome = None
        if not self.meeting.component:
            content = self.verdict.accepted and self.exchange.answer is not None
            outcome = outcome_of(self.meeting.line, visit.holds(self.secret), content)
        after = _after(self.meeting, self.exchange, visit)
        return Encounter(self.meeting, self.exchange.observation, self.known, self.verdict, outcome, after)


def perform(client: Client, standing: Standing) -> Callable[[], Trial]:
    """
    Take the client through the scene that is standing, with a fresh secret for each meeting.

    Returns what gives the trial: it waits until the other side has written down
    what it saw, so that a matrix need not wait after each connection.
    """
    scene = standing.scene
    known = built_in(client, scene)
    session: SSL.Session | None = None
    met: list[_Met] = []
    for meeting in scene.meetings:
        if meeting.component:
            process, secret = Process(COMPONENT, Known()), ""
            exchange, visit = standing.meet(meeting, process.decide, keep_session=True)
            session = exchange.session
            met.append(_Met(meeting, exchange, Known(), process.verdict(exchange.observation), secret, visit))
            continue
        known = told(known, meeting)
        process, secret = Process(client.policy, known), secrets.token_hex(16)
        if client.switched_off:
            process.decide = accept_everything
        exchange, visit = standing.meet(
            meeting,
            process.decide,
            secret,
            ignoring=client.ignoring,
            session=session if client.resumes else None,
        )
        verdict = _verdict(client, exchange, process)
        met.append(_Met(meeting, exchange, known, verdict, secret, visit))
        if Learnt.FIRST_USE in client.learnt and verdict.accepted:
            known = known.met(exchange.observation)
    return lambda: Trial(client, standing.case, scene, tuple(one.encounter() for one in met))


def run(client: Client, standing: Standing) -> Trial:
    """One client through the scene that is standing, to the end."""
    return perform(client, standing)()


def trial(client: Client, case: Case) -> Trial:
    """One cell: the scene is stood up in a fresh world, and everything stopped again."""
    with Standing(case) as standing:
        return run(client, standing)


def _verdict(client: Client, exchange: Exchange, process: Process) -> Verdict:
    if not exchange.observation.presented and not exchange.observation.resumed:
        return Verdict(False, "handshake", f"no certificate was seen: {exchange.failure}")
    said = process.verdict(exchange.observation)
    if client.switched_off and exchange.accepted:
        would = "accepted" if said.accepted else "refused"
        return Verdict(
            True,
            "switched off",
            f"the check was replaced inside the process; it would have {would}: {said.reason}",
        )
    if said.accepted and not exchange.completed:
        return Verdict(False, "handshake", f"the handshake broke off: {exchange.failure}")
    return said


def _after(meeting: Meeting, exchange: Exchange, visit: Visit) -> Aftermath:
    return Aftermath(
        sent=exchange.sent,
        leaked=visit.read if meeting.line is Line.ATTACKER else 0,
        answer=exchange.answer.text if exchange.answer else "",
        view=visit.view,
        failure=exchange.failure,
    )
