"""
Evidence inside the handshake: whom a client asks, what comes of it, and that a rehearsal reads the same.

Every way that is cut stands beside the same way open.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from cryptography import x509

from lab.observation import Evidence, Line, Observation, Outcome, Status
from lab.pki.authority import Credential
from lab.pki.elsewhere import ANSWERS, HONEST, LISTS, Elsewhere, Open, asked_for, cut, late
from lab.pki.evidence import gathered
from lab.pki.log import PublicLog
from lab.pki.pins import seen
from lab.pki.pushed import PushedList
from lab.pki.revoke import LIFE, Revoked, crl, listed_at, respond
from lab.pki.update import ordinary, pushed_list
from lab.pki.world import World
from lab.policy.checks import ORDINARY
from lab.policy.clients import Client
from lab.policy.clients import client as named
from lab.policy.cost import Tells, cost
from lab.policy.revocation import spoken
from lab.scenes.catalogue import Meeting, honest, told
from lab.trials.engine import Encounter, imagine, meet
from lab.trials.rehearsal import foresee
from lab.trials.standing import Ground
from lab.wire import responder
from lab.wire.listener import Listener
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
        with pytest.raises(OSError, match=r"no whole answer in 0\.1 s"):
            responder.fetch(silent.address, Evidence.ANSWER, foresee(honest(world), world.host).presented[0])
        assert time.monotonic() - begun < 0.35


def answering_with(parts: Sequence[bytes], pause: float = 0) -> Listener:
    """Somebody who sends these, and waits so many seconds behind each."""

    def serve(raw: socket.socket, port: int) -> None:
        raw.recv(4096)
        for part in parts:
            raw.sendall(part)
            time.sleep(pause)

    return Listener(serve)


HEAD = b"HTTP/1.1 %d So\r\ncontent-length: %d\r\n\r\n"


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([HEAD % (200, 17 << 20), *[b"x" * (1 << 20)] * 17], "sent more than is read"),
        ([HEAD % (404, 1 << 20), b"\x1b[2J" * (1 << 18)], r"none came: \\x1b\[2J.{190,210}…$"),
        ([HEAD % (302, 0)], "302 was the answer, and nothing else"),
        ([HEAD % (200, 50), b"short"], "broke off"),
    ],
)
def test_a_hostile_responder_brings_no_word_and_nothing_else(parts: list[bytes], why: str) -> None:
    """Too much, a page of control characters, a redirection, half an answer: one short sentence each, never raised."""
    seen = foresee(honest(World()), "bank.example")
    observation = Observation("bank.example", World().now, seen.presented, seen.path)
    with answering_with(parts) as hostile:
        ask = partial(responder.fetch, hostile.address)
        piece = gathered({Evidence.ANSWER}, observation, None, HONEST, ask)[Evidence.ANSWER]
    assert piece.word is not None
    assert piece.word.status is Status.NO_WORD
    assert re.search(why, piece.word.why)


def test_a_responder_that_sends_an_octet_now_and_then_has_no_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience is for the whole answer: whoever is never silent is given up as well, and one who is in time is not."""
    monkeypatch.setattr(responder, "WAIT", 0.2)
    leaf = foresee(honest(World()), "bank.example").presented[0]
    for pause, in_time in ((0.0, True), (0.05, False)):
        with answering_with([HEAD % (200, 12), *[b"x"] * 12], pause) as slow:
            begun = time.monotonic()
            if in_time:
                assert responder.fetch(slow.address, Evidence.ANSWER, leaf) == b"x" * 12
            else:
                with pytest.raises(OSError, match=r"no whole answer in 0\.2 s"):
                    responder.fetch(slow.address, Evidence.ANSWER, leaf)
                assert time.monotonic() - begun < 0.45


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


# ---- a pushed list, made from logs and revocations -------------------------------------------------


def sites(world: World, count: int) -> list[Credential]:
    """So many sites of the same CA, which logs have."""
    return [world.issuing.issue(f"site{number}.example") for number in range(count)]


def test_without_the_rule_of_coverage_new_sites_are_revoked() -> None:
    """A list that says nothing of what it does not know serves forty new sites; one that pretends refuses some."""
    world = World()
    old = sites(world, 80)
    gone = [(world.issuing, Revoked(one.leaf.serial_number, world.now)) for one in old[:40]]
    later = world.at(world.now + timedelta(days=1))
    new = sites(later, 40)
    right = pushed_list(world.logs, gone, later.now)
    pretends = replace(right, covers=dict.fromkeys(right.covers, later.now))
    client = named("pushed-list")

    def outcomes(pushed: PushedList, credentials: list[Credential]) -> list[Outcome]:
        plain = [replace(honest(later), credential=one, elsewhere=Elsewhere(pushed=pushed)) for one in credentials]
        meetings = [replace(one, host=f"{one.credential.leaf.subject.rfc4514_string()[3:]}") for one in plain]
        seen = [(one, foresee(one, one.host, wants=client.mind().needs)) for one in meetings]
        return [one.outcome for one in imagine(seen, client.mind())]

    assert outcomes(right, old) == outcomes(pretends, old) == [Outcome.OUTAGE] * 40 + [Outcome.SERVED] * 40
    assert outcomes(right, new) == [Outcome.SERVED] * 40
    refused = [one for one, found in zip(new, outcomes(pretends, new), strict=True) if found is Outcome.OUTAGE]
    assert 0 < len(refused) < 40
    # and over a real line
    host = refused[0].leaf.subject.rfc4514_string()[3:]
    for pushed, outcome in ((right, Outcome.SERVED), (pretends, Outcome.OUTAGE)):
        meeting = replace(honest(later), credential=refused[0], host=host, elsewhere=Elsewhere(pushed=pushed))
        assert met(meeting, client, later).outcome is outcome


def test_a_pushed_list_is_of_its_clients_last_update() -> None:
    """What was revoked after it is not on it, and what was logged after it is not covered; the next one has both."""
    world = World()
    revoked = world.now + timedelta(hours=6)
    gone = [(world.issuing, Revoked(world.genuine.leaf.serial_number, revoked))]
    found = {}
    for hours in (11, 12, 17, 18):
        later = world.at(world.now + timedelta(hours=hours))
        day = replace(honest(later), elsewhere=ordinary(world.logs, gone, later.now))
        found[hours] = met(day, named("pushed-list"), world)
    assert {hours: one.outcome for hours, one in found.items()} == {
        11: Outcome.SERVED,
        12: Outcome.SERVED,
        17: Outcome.SERVED,
        18: Outcome.OUTAGE,
    }
    assert "does not cover it: it knows no log" in found[11].verdict.reason
    assert "it is not on the pushed list" in found[12].verdict.reason


def test_an_entry_that_is_no_precertificate_is_covered_as_well() -> None:
    """A log takes finished certificates too; their issuer is found in the log."""
    world = World(logs=())
    log = PublicLog()
    log.submit(world.genuine.path, world.now)
    gone = [(world.issuing, Revoked(world.genuine.leaf.serial_number, world.now))]
    leaf, issuer, _ = map(seen, world.genuine.path)
    pushed = pushed_list([log], gone, world.now, lag=timedelta(0))
    assert pushed.listed(leaf, issuer, {log.listed.name: world.now}, world.now).status is Status.REVOKED
    assert pushed_list([log], [], world.now, lag=timedelta(0)).filters == ()


# ---- what it costs ---------------------------------------------------------------------------------


def wanting(kind: Evidence) -> Client:
    """A client that wants this kind and goes on whatever comes."""
    return Client("wanting", "wants one", (*ORDINARY, spoken(kind, kind, hard=False, whole=True)))


def test_what_a_channel_costs_is_what_came_and_who_was_asked() -> None:
    """Octets as handed out or as in the certificate, round trips for each request, and what a request betrays."""
    world = World()
    later, out = world.at(world.now + timedelta(days=2)), list[int]()

    def counted(handed: Open) -> Open:
        def count(one: Credential, time: datetime) -> bytes:
            octets = handed(one, time)
            out.append(len(octets))
            return octets

        return count

    other = sites(world, 1)[0].leaf.serial_number
    pushed = pushed_list(world.logs, [(world.issuing, Revoked(other, world.now))], later.now)
    meeting = replace(honest(later), elsewhere=Elsewhere(counted(ANSWERS), counted(LISTS), pushed))
    told = {}
    for kind in (Evidence.STAPLE, Evidence.ANSWER, Evidence.LIST, Evidence.PUSHED, Evidence.SCTS):
        out.clear()
        with Ground(world.host) as ground:
            lived = meet(ground, meeting, wanting(kind).mind())()
            asked = ground.sources.responder.asked if ground.sources.responder else []
        found = cost(kind, lived.observation)
        assert found.round_trips == 2 * len(asked)
        stapled = len(lived.observation.evidence[kind].value or b"") if kind is Evidence.STAPLE else 0
        held = {Evidence.PUSHED: pushed.size, Evidence.SCTS: octets_of_scts(world), Evidence.STAPLE: stapled}
        assert found.octets == held.get(kind, sum(out)) > 0
        names = [one.partition("/")[2] for one in asked]
        told[kind] = found.tells, len(names), seen(world.genuine.leaf).fingerprint in names, found.shared
    assert told == {
        Evidence.STAPLE: (Tells.NOBODY, 0, False, False),
        Evidence.ANSWER: (Tells.SITE, 2, True, False),
        Evidence.LIST: (Tells.ISSUER, 2, False, False),
        Evidence.PUSHED: (Tells.NOBODY, 0, False, True),
        Evidence.SCTS: (Tells.NOBODY, 0, False, False),
    }
    with pytest.raises(ValueError, match="nobody counted what the answer costs here"):
        cost(Evidence.ANSWER, lived.observation)


def octets_of_scts(world: World) -> int:
    """The list in the genuine certificate, as RFC 6962 lays it out, read by another reader."""
    kind = x509.PrecertificateSignedCertificateTimestamps
    (scts,) = (one.value for one in world.genuine.leaf.extensions if isinstance(one.value, kind))
    return 2 + sum(2 + 1 + 32 + 8 + 2 + len(one.extension_bytes) + 4 + len(one.signature) for one in scts)


def test_two_sites_of_a_ca_name_the_same_list_and_not_the_same_answer() -> None:
    """What a request for a list betrays is the CA, or its part of the list; one for an answer the certificate."""
    world = World()
    one, other = (seen(site.leaf) for site in sites(world, 2))
    assert asked_for(Evidence.LIST, one) == asked_for(Evidence.LIST, other)
    assert asked_for(Evidence.ANSWER, one) != asked_for(Evidence.ANSWER, other)
    part = world.issuing.issue(world.host, extensions=[listed_at("http://lists.example/7")])
    assert asked_for(Evidence.LIST, seen(part.leaf)) == "http://lists.example/7"
