"""Key continuity: what each rule makes of each story, by hand, by the pure rules, and over real TLS."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import SSL

from lab.built.continuity.announcement import BINDING, MOST, Announcement, announce, claim, from_json, hear, to_json
from lab.built.continuity.announcer import PAGE, Announcer, call
from lab.built.continuity.memory import Memory, Record
from lab.built.continuity.rules import Answer, Heard, Rule, Situation, User, asking, heed, judge, rule, rules, situation
from lab.built.continuity.store import Store
from lab.built.continuity.stories import STORIES, renewed, served, story
from lab.built.continuity.story import PORT, Imagined, Lived, foresee, imagine, live
from lab.observation import Line, Outcome
from lab.pki.authority import new_key
from lab.pki.pins import pin_of
from lab.pki.world import World
from lab.wire import tls

ALWAYS, NEVER = replace(asking(1), name="ask, clicks always"), replace(asking(0), name="ask, clicks never")
RULES = {**{one.name: one for one in rules().values() if one.name != "ask"}, ALWAYS.name: ALWAYS, NEVER.name: NEVER}
LETTERS = {Outcome.SERVED: "S", Outcome.OUTAGE: "O", Outcome.INTERCEPTED: "I", Outcome.STOPPED: "-"}

# One letter a day: Served, Outage, Intercepted, - stopped. `strict` first, then who differs from it.
EXPECTED: dict[str, tuple[str, dict[str, str]]] = {
    "first_contact": ("IO", {"with-ca": "-S", "strict-known-only": "-O", ALWAYS.name: "IS"}),
    "attacker_later": ("S-", {"strict-known-only": "O-", ALWAYS.name: "SI"}),
    "new_key_unannounced": ("SSO", {"strict-known-only": "OOO", ALWAYS.name: "SSS"}),
    "new_key_announced": (
        "SSOO",
        {
            "strict-known-only": "OOOO",
            ALWAYS.name: "SSSS",
            "successor": "SSSS",
            "successor-without-proof": "SSSS",
            "successor-at-first-use": "SSSS",
        },
    ),
    # The date of the stolen certificate is good: only who has moved on, or asks a CA, is safe.
    "old_key_stolen_later": (
        "SSOI",
        {
            "strict-known-only": "OOO-",
            ALWAYS.name: "SSSI",
            "with-ca": "SSO-",
            "gemini": "SSO-",
            "successor": "SSS-",
            "successor-without-proof": "SSS-",
            "successor-at-first-use": "SSS-",
        },
    ),
    "expired_record": ("S--", {"strict-known-only": "O--", ALWAYS.name: "SII", "gemini": "S-I"}),
    "renewed_after_expiry": ("SO", {"strict-known-only": "OO", ALWAYS.name: "SS", "gemini": "SS"}),
    "attacker_announces_at_first": (
        "I-",
        {"strict-known-only": "--", "with-ca": "--", ALWAYS.name: "II", "successor-at-first-use": "II"},
    ),
    # Without proof nobody notices that the attacker was there: the inverted alarm is silent.
    "attacker_hides": (
        "IIO",
        {"strict-known-only": "--O", "with-ca": "--S", ALWAYS.name: "IIS", "successor-without-proof": "IIS"},
    ),
    "attacker_relays": (
        "IIO",
        {"strict-known-only": "--O", "with-ca": "--S", ALWAYS.name: "IIS", "successor-without-proof": "IIS"},
    ),
    # A thief of the trusted key can do all that the server can: announcements make the theft last.
    "thief_announces": (
        "SSIO-",
        {
            "strict-known-only": "OO-O-",
            "with-ca": "SS-O-",
            "gemini": "SS-O-",
            ALWAYS.name: "SSISI",
            "successor": "SSIOI",
            "successor-without-proof": "SSIOI",
            "successor-at-first-use": "SSIOI",
        },
    ),
    "home_server": ("SS", {"strict-known-only": "OO", "with-ca": "OO"}),
}

Told = dict[tuple[str, str], tuple[tuple[Lived, ...], tuple[Imagined, ...]]]


@pytest.fixture(scope="session")
def told() -> Told:
    """Every story with every rule, lived over real TLS and imagined."""
    found: Told = {}
    for name in STORIES:
        one = story(name)
        for rule_name, row in RULES.items():
            found[name, rule_name] = (live(row, one), imagine(row, one))
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_the_written_table_is_what_the_sockets_did(name: str, told: Told) -> None:
    """Each rule, each day: whom the client talked to, measured by who holds the day's secret."""
    usual, others = EXPECTED[name]
    found = {row: "".join(LETTERS[day.outcome] for day in told[name, row][0]) for row in RULES}
    assert found == {row: others.get(row, usual) for row in RULES}


def test_every_story_is_in_the_table() -> None:
    assert set(EXPECTED) == set(STORIES)


def test_the_pure_rules_equal_the_wire(told: Told) -> None:
    """Each day's decision, what was remembered before it and what is known after it: to the last word."""
    for (name, row), (lived, imagined) in told.items():
        for day, thought in zip(lived, imagined, strict=True):
            where = f"{row} in {name}, day {day.day.number}"
            assert day.decision == thought.decision, where
            assert day.memory == thought.memory, where
            assert day.records == thought.records, where


def test_a_relayed_proof_arrives_and_is_not_believed(told: Told) -> None:
    """Over the wire: the man in the middle brings the genuine announcement; its control is proven without him."""
    for row in ("successor", "successor-without-proof"):
        brought = told["attacker_relays", row][0][1].heard
        assert [one.proven for one in brought or ()] == [False]
        direct = told["new_key_announced", row][0][1].heard
        assert [one.proven for one in direct or ()] == [True]


def test_who_never_clicks_a_warning_away_is_strict(told: Told) -> None:
    """The user's rate is all that is between `ask` and `strict`; the warnings are shown all the same."""
    for name in STORIES:
        quiet, strict = told[name, NEVER.name][0], told[name, "strict"][0]
        assert [day.outcome for day in quiet] == [day.outcome for day in strict]
    assert [day.decision.asked for day in told["expired_record", NEVER.name][0]] == [False, True, True]


def test_every_refusal_says_what_was_seen(told: Told) -> None:
    """One sentence with the deciding check, and the host where the key decided."""
    for lived, _ in told.values():
        for day in lived:
            if not day.decision.verdict.accepted:
                assert day.decision.verdict.check in ("known key", "known certificate", "path validation")
                assert "\n" not in day.decision.verdict.reason


# ---- the rules -----------------------------------------------------------------------------------


@pytest.fixture
def world() -> World:
    return World()


def record(world: World, pin: str, *, count: int = 1, days: int = 90) -> Record:
    return Record(world.host, PORT, pin, world.now, world.now, count, world.now + timedelta(days=days))


def test_a_window_opens_the_second_after_the_record_expires(world: World) -> None:
    """The Gemini rule (gmni) counts a record to its last second; its twin that does not disregard has no window."""
    attack = story("expired_record", world)
    seen = foresee(attack, attack.days[2])
    ends = world.now + timedelta(days=40)
    kept = Memory((replace(record(world, "cert-sha256/other"), expires=ends),))
    gemini = rule("gemini")
    for seconds, expected in {0: False, 1: True}.items():
        late = replace(seen, time=ends + timedelta(seconds=seconds))
        assert judge(gemini, late, kept).verdict.accepted is expected
        assert not judge(replace(gemini, disregards_expired=False), late, kept).verdict.accepted
    assert situation(gemini, replace(seen, time=ends + timedelta(seconds=1)), kept) is Situation.LAPSED


def test_a_resumed_session_proves_nothing(world: World) -> None:
    """Nor does an observation without certificates: every rule refuses both."""
    ordinary = story("attacker_later", world)
    seen = foresee(ordinary, ordinary.days[0])
    for row in RULES.values():
        known = Memory((record(world, row.pin(seen.presented[0])),))
        assert judge(row, seen, known).verdict.accepted  # the control
        assert not judge(row, replace(seen, path=None, resumed=True), known).verdict.accepted
        assert not judge(row, replace(seen, path=None, presented=()), known).verdict.accepted


def test_a_seed_makes_the_user_repeatable() -> None:
    """The same seed clicks alike; a thousand warnings are clicked away at about the rate."""
    clicks = [User(0.3, seed=7).clicks_through(number) for number in range(1000)]
    assert clicks == [User(0.3, seed=7).clicks_through(number) for number in range(1000)]
    assert clicks != [User(0.3, seed=8).clicks_through(number) for number in range(1000)]
    assert 240 < sum(clicks) < 360


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_rate_is_between_none_and_all(rate: float) -> None:
    with pytest.raises(ValueError, match="a number from 0 to 1"):
        User(rate)


def test_a_rule_that_asks_needs_somebody_to_ask() -> None:
    with pytest.raises(ValueError, match="asks a user and has none"):
        Rule("lonely", "", changed=Answer.ASK)
    with pytest.raises(ValueError, match="there is no rule 'strct'"):
        rule("strct")
    with pytest.raises(ValueError, match="there is no story"):
        story("no_story")


def test_a_known_server_takes_its_announcement_back(world: World) -> None:
    """An announcement is the whole list: what is not in it any more is forgotten, the key on the line never."""
    ordinary = story("attacker_later", world)
    seen = foresee(ordinary, ordinary.days[0])
    assert seen.leaf is not None
    known = Memory((record(world, seen.leaf.pin), record(world, "sha256/b", count=0)))
    row = rule("successor")
    decision = judge(row, seen, known)
    assert heed(row, decision, known, (Heard("sha256/c", True),)).add == ("sha256/c",)
    assert heed(row, decision, known, (Heard("sha256/c", True),)).drop == {"sha256/b"}
    assert heed(row, decision, known, ()).drop == {"sha256/b"}
    assert heed(row, decision, known, (Heard("sha256/b", True), Heard("sha256/c", False))) == decision.change
    assert heed(row, decision, known, None) == decision.change  # it announces nothing: nothing changes
    assert heed(rule("strict"), decision, known, ()) == decision.change


def test_an_earlier_check_that_refuses_spares_the_user_the_question(world: World) -> None:
    """With CA validation before it, a user is not asked about a certificate that no CA vouches for."""
    attack = story("attacker_later", world)
    seen = foresee(attack, attack.days[1])
    known = Memory((record(world, "sha256/other"),))
    assert judge(ALWAYS, seen, known).asked
    assert not judge(replace(ALWAYS, checks=rule("with-ca").checks), seen, known).asked


def test_rules_and_memory_know_no_socket_no_openssl_and_no_database() -> None:
    """They import with all of these blocked."""
    code = (
        "import sys\n"
        "for name in ('socket', '_socket', 'ssl', 'OpenSSL', 'cryptography', 'sqlite3'): sys.modules[name] = None\n"
        "import lab.built.continuity.rules, lab.built.continuity.memory"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ---- announcements -------------------------------------------------------------------------------

HOST = "bank.example"
HERE, ELSEWHERE = bytes(range(BINDING)), bytes(BINDING)


@pytest.mark.parametrize("algorithm", ["ECDSA", "RSA", "ML-DSA"])
def test_a_proof_is_good_for_one_key_one_host_and_one_connection(algorithm: str) -> None:
    """Another host, another connection's binding, another signer: each is refused, for each kind of key."""
    key = new_key(algorithm)
    said = announce(key, HOST, HERE)
    pin = pin_of(key.public_key())
    assert hear(said, HOST, HERE) == Heard(pin, True)
    assert hear(said, "shop.example", HERE) == Heard(pin, False)
    assert hear(said, HOST, ELSEWHERE) == Heard(pin, False)
    assert hear(claim(key.public_key(), new_key(), HOST, HERE), HOST, HERE) == Heard(pin, False)
    assert hear(replace(said, proof=said.proof[:-1] + b"?"), HOST, HERE) == Heard(pin, False)


def test_announcements_survive_the_wire_and_nonsense_gets_one_sentence() -> None:
    """What is no announcement is a ValueError, and too many keys are."""
    said = (announce(new_key(), HOST, HERE), announce(new_key(), HOST, HERE))
    assert from_json(to_json(said)) == said
    assert from_json(to_json(())) == ()
    with pytest.raises(ValueError, match=f"takes {MOST} at most"):
        from_json(to_json(said * 5))
    with pytest.raises(ValueError, match="no SubjectPublicKeyInfo"):
        hear(Announcement(b"nonsense", b""), HOST, HERE)
    with pytest.raises(ValueError, match="32 octets"):
        hear(said[0], HOST, b"short")


@given(st.binary(max_size=200) | st.sampled_from([b"[]", b'{"successors": 3}', b'{"successors": [{}]}', b"[" * 9999]))
def test_no_answer_of_a_server_raises_anything_else(body: bytes) -> None:
    with suppress(ValueError):
        assert isinstance(from_json(body), tuple)


@pytest.fixture
def announcer(world: World) -> Iterator[Announcer]:
    with Announcer(world.genuine, (new_key(),), host=world.host) as made:
        yield made


def test_each_connection_has_a_challenge_of_its_own(world: World, announcer: Announcer) -> None:
    """A client hears the successor on every connection, proven each time; its own request went before."""
    context = tls.client_context([anchor.certificate for anchor in world.store], world.now)
    pin = pin_of(announcer.successors[0].public_key())
    for _ in range(3):
        done = call(announcer.address, world.host, context, lambda _: True, time=world.now, secret="x", listens=True)
        assert done.heard == (Heard(pin, True),)
        visit = announcer.log.finished(done.exchange.port, 5)
        assert visit.view.requests == ("GET /account", f"GET {PAGE}")


def test_below_tls_1_3_nothing_is_announced(world: World, announcer: Announcer) -> None:
    """TLS 1.2's exporter may be the same on two connections (RFC 7627): the client is served and hears nothing."""
    context = tls.client_context([anchor.certificate for anchor in world.store], world.now)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    done = call(announcer.address, world.host, context, lambda _: True, time=world.now, listens=True)
    assert done.exchange.accepted
    assert done.heard is None


def test_who_does_not_listen_does_not_ask(world: World, announcer: Announcer) -> None:
    """And who refuses in the handshake asks nothing at all."""
    context = tls.client_context([anchor.certificate for anchor in world.store], world.now)
    quiet = call(announcer.address, world.host, context, lambda _: True, time=world.now)
    assert announcer.log.finished(quiet.exchange.port, 5).view.requests == ("GET /account",)
    refused = call(announcer.address, world.host, context, lambda _: False, time=world.now, listens=True)
    assert refused.exchange.sent == 0
    assert announcer.log.finished(refused.exchange.port, 5).view.requests == ()


def test_a_memory_outlives_the_process(world: World, tmp_path: Path) -> None:
    """A story told in two halves, the store closed between them, ends as the whole one; another key does not."""
    whole = story("new_key_announced", world)
    halves = [replace(whole, days=whole.days[:2]), replace(whole, days=whole.days[2:])]
    row = rule("successor")
    for number, half in enumerate(halves):
        with Store(tmp_path / "known.sqlite") as store:
            outcomes = [day.outcome for day in live(row, half, store)]
        assert outcomes == [Outcome.SERVED] * 2, number
    forgetful = [*whole.days[:2], replace(whole.days[2], credential=renewed(world, 60))]
    assert live(row, replace(whole, days=tuple(forgetful)))[-1].outcome is Outcome.OUTAGE


def test_an_rsa_successor_may_follow_an_ecdsa_key(world: World) -> None:
    """The announcement names a key, whatever its algorithm: a change of algorithm is one more rotation."""
    old, coming = renewed(world, 0), new_key("RSA")
    days = (
        served(0, old),
        served(1, old, successors=(coming,)),
        served(60, renewed(world, 60, coming), successors=()),
    )
    told = live(rule("successor"), replace(story("home_server", world), days=days))
    assert [day.outcome for day in told] == [Outcome.SERVED] * 3
    assert told[-1].day.line is Line.GENUINE
    assert [one.pin for one in told[-1].records] == [pin_of(coming.public_key())]


def test_a_record_is_checked_when_it_is_made() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="a port is a number"):
        Record(HOST, 0, "sha256/a", now, now, 1)
    with pytest.raises(ValueError, match="0 or more"):
        Record(HOST, 443, "sha256/a", now, now, -1)
