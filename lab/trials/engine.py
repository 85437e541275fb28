"""
The one engine: for each meeting connect, judge, let the mind learn, and ask who holds the secret.

    meeting (line, host, time, store, who answers)      mind (what a client knows, and how it learns)
                        |                                    |
                        +------------- connect --------------+   the mind decides inside the handshake
                                          |
                        observation, and what the server said then
                                          |
                        +--------- verdict, learn -----------+   what is learnt counts from the next meeting on
                                          |
                   who holds the fresh secret of this meeting?       -> outcome

Matrix, timelines, visitors of HPKP, stories of key continuity and rehearsals
all go through `meet`; calendars differ in the meetings that they ask for. Its
pure half, `imagine`, is given observations instead of sockets; a test holds the
two against each other. What a meeting meant is said by `outcome_of` alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from OpenSSL import SSL

from lab.observation import (
    Aftermath,
    Lesson,
    Line,
    Observation,
    Outcome,
    Verdict,
    outcome_of,
)
from lab.pki.admission import Admission
from lab.policy.check import Known, judge
from lab.policy.checks import ORDINARY
from lab.policy.mind import Mind
from lab.scenes.catalogue import Meeting
from lab.trials.plain import IN_PLAIN, asked_in_plain, beyond, stays
from lab.trials.standing import Ground
from lab.wire.client import Habits


@dataclass(frozen=True)
class Encounter:
    """
    One meeting as it went.

    `known` is what the client knew when it decided, `learnt` what it knows
    since. `lesson` is what the meeting could teach. `outcome` is None for a
    meeting of another component, which is no meeting of the client's.
    """

    meeting: Meeting
    known: Known
    learnt: Known
    lesson: Lesson
    verdict: Verdict
    outcome: Outcome | None
    aftermath: Aftermath

    @property
    def observation(self) -> Observation:
        """What the client saw, with the path that it builds."""
        return self.lesson.observation


Awaited = Callable[[], Encounter]
"""Waits until the other side has written down what it saw, and gives the encounter."""
Cache = dict[int, SSL.Session | None]
"""The TLS sessions that all parts of a program share, each by the context that it belongs to."""


def meet(ground: Ground, meeting: Meeting, mind: Mind, *, asked: bool = True, cache: Cache | None = None) -> Awaited:
    """
    One meeting of this mind, with a fresh secret.

    Where it is not `asked` but only rehearsed (would they get in?), nothing is
    learnt. From `cache` a session is offered, where the mind resumes sessions
    at all; a component leaves its own there, and has no secret.
    """
    mind.known = known = told(mind.known, meeting)
    secret = "" if meeting.component else secrets.token_hex(16)
    cache, context = {} if cache is None else cache, id(ground.context(meeting, mind.building.anchors))
    habits = Habits(
        ignoring=mind.ignoring,
        session=cache.get(context) if mind.resumes else None,
        listens=mind.listens,
        wants=mind.needs,
        building=mind.building,
        card=admits.given(mind.shows) if (admits := admission(meeting)) else None,
        anchors=known.store,
    )
    genuine = ground.genuine(meeting)
    plain = asked_in_plain(ground, meeting, mind, secret)
    exchange, visit = plain or ground.meet(beyond(meeting), mind.decide, secret, habits)
    if meeting.component:
        cache[context] = exchange.session
    verdict = IN_PLAIN if plain else concluded(mind, exchange.observation, exchange.failure)
    lesson = Lesson(exchange.observation, exchange.accepted, exchange.headers, exchange.successors)
    if asked:
        mind.learn(lesson, verdict)
    learnt = mind.known

    def ended() -> Encounter:
        other = visit()
        content = verdict.accepted and exchange.answer is not None and exchange.answer.fine
        outcome = None if meeting.component else outcome_of(meeting.line, other.holds(secret), content)
        after = Aftermath(
            sent=exchange.sent,
            leaked=other.read if meeting.line is Line.ATTACKER else 0,
            answer=exchange.answer.text if exchange.answer else "",
            view=other.view,
            failure=exchange.failure,
            relayed=bool(secret and genuine and genuine.took(secret)),
        )
        return Encounter(meeting, known, learnt, lesson, verdict, outcome, after)

    return ended


def live(ground: Ground, meetings: Iterable[Meeting], mind: Mind) -> list[Awaited]:
    """Take the mind through the meetings, in order; another part of its program goes to those of a component."""
    cache: Cache = {}
    part = Mind(ORDINARY, building=mind.building)
    return [meet(ground, meeting, part if meeting.component else mind, cache=cache) for meeting in meetings]


def admission(meeting: Meeting) -> Admission | None:
    """Whose requests the genuine server takes; anybody's, where None."""
    return meeting.source.admits if meeting.source else None


def concluded(mind: Mind, observation: Observation, failure: str = "") -> Verdict:
    """The verdict on a connection that is over: a handshake that broke off is a refusal, whatever was said before."""
    if not observation.presented and not observation.resumed:
        return Verdict(False, "handshake", f"no certificate was seen: {failure}")
    if observation.broken_off:
        why = "it broke off, and nobody proved to hold the certificate's key" + (f" ({failure})" if failure else "")
        said = judge(() if mind.switched_off else mind.asked(observation), observation, mind.known)
        return Verdict(False, "handshake", why, said.findings) if said.accepted else said
    return mind.verdict(observation)


def told(known: Known, meeting: Meeting) -> Known:
    """The same knowledge, with the trust store of this meeting's machine, and which of its anchors were added."""
    return replace(known, installed=meeting.added, store=meeting.anchors)


# ---- the same without a socket -------------------------------------------------------------------


@dataclass(frozen=True)
class Imagined:
    """One meeting as the pure policy has it: see `Encounter`."""

    meeting: Meeting
    known: Known
    learnt: Known
    verdict: Verdict
    outcome: Outcome
    relayed: bool


def imagine(meetings: Iterable[tuple[Meeting, Observation]], mind: Mind) -> list[Imagined]:
    """
    What the pure policy expects of this mind, meeting by meeting, from what is seen in each.

    An attacker gets the secret from every client that talks before it has
    refused: that is where a check that runs after the request shows.
    """
    expected: list[Imagined] = []
    for meeting, observation in meetings:
        mind.known = known = told(mind.known, meeting)
        plain = stays(meeting, mind, observation.host)
        talks = plain or (mind.decide(observation) and not observation.broken_off)
        verdict = IN_PLAIN if plain else concluded(mind, observation)
        mind.learn(_foretold(mind, meeting, observation, talks), verdict)
        admits = admission(meeting)
        taken = admits is None or (admits.takes(mind.shows) and not meeting.relayed)
        outcome = outcome_of(meeting.line, talks, verdict.accepted and taken)
        relayed = talks and taken and meeting.relayed and meeting.line is Line.ATTACKER
        expected.append(Imagined(meeting, known, mind.known, verdict, outcome, relayed))
    return expected


def _foretold(mind: Mind, meeting: Meeting, observation: Observation, talks: bool) -> Lesson:
    """What the server is going to say to this client, by the meeting; who relays brings another's proofs."""
    source = meeting.source
    if source is None or not talks:
        return Lesson(observation, talks, () if talks else None)
    heard = source.heard(relayed=meeting.relayed) if mind.listens else None
    return Lesson(observation, talks, source.headers, heard)
