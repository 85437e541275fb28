"""
Evidence inside the handshake: whom a client asks, what comes of it, and that a rehearsal reads the same.

Every way that is cut stands beside the same way open.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from lab.observation import Evidence, Line, Outcome
from lab.pki.elsewhere import HONEST, Elsewhere, cut, late
from lab.pki.pushed import PushedList
from lab.pki.revoke import LIFE, Revoked, crl, respond
from lab.pki.world import World
from lab.policy.checks import ORDINARY
from lab.policy.clients import Client
from lab.policy.revocation import spoken
from lab.scenes.catalogue import Meeting, honest, told
from lab.trials.engine import Encounter, imagine, meet
from lab.trials.rehearsal import foresee
from lab.trials.standing import Ground
from lab.wire import responder
from lab.wire.responder import Responder

FETCHED = (Evidence.ANSWER, Evidence.LIST)


def asking(kind: Evidence, hard: bool, whole: bool = True) -> Client:
    return Client("asking", "asks", (*ORDINARY, spoken("word", kind, hard=hard, whole=whole)))


def gone(world: World) -> Elsewhere:
    """The leaf was revoked an hour ago, whoever is asked."""
    revoked = Revoked(world.genuine.leaf.serial_number, world.now - timedelta(hours=1))
    assert world.genuine.issuer
    issuer = world.genuine.issuer
    return Elsewhere(
        answers=lambda one, at: respond(one, at, revoked=revoked if one is world.genuine else None),
        lists=lambda one, at: crl(issuer, [revoked], at) if one is world.genuine else crl(world.root, (), at),
    )


def met(meeting: Meeting, client: Client, world: World) -> Encounter:
    """One real meeting; what a rehearsal expects of it is held against it."""
    scene = told(world, meeting)
    with Ground(world.host) as ground:
        lived = meet(ground, meeting, client.mind(scene.enrolment))()
    wants = client.mind().needs
    (expected,) = imagine([(meeting, foresee(meeting, world.host, wants=wants))], client.mind(scene.enrolment))
    assert (lived.verdict, lived.outcome) == (expected.verdict, expected.outcome)
    return lived


@pytest.mark.parametrize("kind", FETCHED)
@pytest.mark.parametrize("hard", [False, True])
def test_what_is_fetched_decides(kind: Evidence, hard: bool) -> None:
    """An honest answer serves, one that names the leaf refuses, and where none comes hard refuses and soft goes on."""
    world = World()
    client, plain = asking(kind, hard), honest(world)
    outcomes = [
        met(replace(plain, elsewhere=elsewhere), client, world).outcome
        for elsewhere in (HONEST, gone(world), Elsewhere(answers=cut, lists=cut))
    ]
    assert outcomes == [Outcome.SERVED, Outcome.OUTAGE, Outcome.OUTAGE if hard else Outcome.SERVED]


@pytest.mark.parametrize("kind", FETCHED)
def test_the_last_good_answer_is_good_as_long_as_it_holds(kind: Evidence) -> None:
    """One of six days ago serves, one of eight days ago is no word."""
    world = World(now=World().now)
    later = world.at(world.now + timedelta(days=30))
    for days, outcome in ((6, Outcome.SERVED), (8, Outcome.OUTAGE)):
        old = Elsewhere(
            answers=late(HONEST.answers, timedelta(days=days)), lists=late(HONEST.lists, timedelta(days=days))
        )
        assert met(replace(honest(later), elsewhere=old), asking(kind, hard=True), later).outcome is outcome
    assert timedelta(days=7) == LIFE


def test_a_list_and_an_answer_are_asked_for_each_certificate_below_the_anchor() -> None:
    """The responder hears of leaf and intermediate, and learns which site somebody visits."""
    world = World()
    with Ground(world.host) as ground:
        for kind in FETCHED:
            meet(ground, honest(world), asking(kind, hard=True).mind())()
        assert ground.sources.responder
        asked = [one.partition("/")[0] for one in ground.sources.responder.asked]
    assert asked == ["answer", "answer", "list", "list"]


def test_whoever_asks_nothing_makes_nobody_stand_up() -> None:
    """No responder listens for a client without such a check."""
    world = World()
    with Ground(world.host) as ground:
        meet(ground, honest(world), Client("plain", "asks nothing", ORDINARY).mind())()
        assert ground.sources.responder is None


def test_a_root_of_ones_own_answers_for_nobody() -> None:
    """A company's proxy has no responder: there is no word, so that hard refuses it and soft does not."""
    world = World()
    proxied = world.inspection_root.issue(world.host)
    store = (*world.store, world.inspection_root)
    meeting = Meeting(Line.ATTACKER, proxied, store, world.now, "proxy", installed=(world.inspection_root,))
    for kind in FETCHED:
        assert [met(meeting, asking(kind, hard), world).outcome for hard in (False, True)] == [
            Outcome.INTERCEPTED,
            Outcome.STOPPED,
        ]


def test_a_silent_responder_costs_its_own_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is asked and says nothing holds the client up for a while that is not the server's."""
    monkeypatch.setattr(responder, "WAIT", 0.1)
    world = World()

    def silence(path: str) -> None:
        time.sleep(0.4)

    with Responder(silence) as silent:
        begun = time.monotonic()
        with pytest.raises(OSError, match=r"said nothing for 0\.1 s"):
            responder.fetch(silent.address, Evidence.ANSWER, foresee(honest(world), world.host).presented[0])
        assert time.monotonic() - begun < 0.35


def test_a_client_may_want_several() -> None:
    """A staple and a list at once: it decides when the staple is known, with both there."""
    world = World()
    both = (spoken("staple", Evidence.STAPLE, hard=True), spoken("list", Evidence.LIST, hard=True))
    client = Client("both", "wants both", (*ORDINARY, *both))
    lived = met(honest(world), client, world)
    assert set(lived.observation.evidence) == {Evidence.STAPLE, Evidence.LIST}
    assert lived.outcome is Outcome.SERVED
    assert met(replace(honest(world), elsewhere=gone(world)), client, world).verdict.check == "list"


def test_a_pushed_list_without_what_logs_say_covers_nothing() -> None:
    """A certificate that no log has is not covered, whatever the filters would say by accident."""
    world = World()
    pushed = PushedList((), world.now, world.now + LIFE, {"log.example/one": world.now})
    lived = met(replace(honest(world), elsewhere=Elsewhere(pushed=pushed)), asking(Evidence.PUSHED, False), world)
    assert lived.outcome is Outcome.SERVED
    assert "the pushed list does not cover it" in lived.verdict.reason
