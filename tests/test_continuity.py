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

from lab.built.known.lived import live
from lab.built.known.store import Store
from lab.observation import Lesson, Line, Observation, Outcome, Successor
from lab.pki.authority import new_key
from lab.pki.pins import pin_of
from lab.pki.says import announcing
from lab.pki.successor import BINDING, MOST, Announcement, announce, claim, from_json, hear, to_json
from lab.pki.world import World
from lab.policy.check import Known
from lab.policy.clients import Client, client
from lab.policy.continuity import Acquaintance, Continuity, Reaction, User, known
from lab.policy.memory import PORT, Memory, Record, Update
from lab.scenes.catalogue import Scene
from lab.scenes.stories import STORIES, day, renewed, served, story
from lab.trials.engine import Encounter, Imagined, imagine
from lab.trials.rehearsal import foresee
from lab.wire import tls
from lab.wire.client import Exchange, Habits, account_request, connect
from lab.wire.http import Answer
from lab.wire.service import SUCCESSORS, Service

RULES = (
    *("strict", "strict-known-only", "ask-always", "ask-never", "with-ca", "gemini"),
    *("successor", "successor-without-proof", "successor-at-first-use"),
)
CHECKS = ("known key", "known certificate", "known certificate until it expires", "path validation")
LETTERS: dict[Outcome | None, str] = {
    Outcome.SERVED: "S",
    Outcome.OUTAGE: "O",
    Outcome.INTERCEPTED: "I",
    Outcome.STOPPED: "-",
}

# One letter a day: Served, Outage, Intercepted, - stopped. `strict` first, then who differs from it.
EXPECTED: dict[str, tuple[str, dict[str, str]]] = {
    "first_contact": ("IO", {"with-ca": "-S", "strict-known-only": "-S", "ask-always": "IS"}),
    "attacker_later": ("S-", {"ask-always": "SI"}),
    "new_key_unannounced": ("SSO", {"ask-always": "SSS"}),
    "new_key_announced": (
        "SSOO",
        {
            "ask-always": "SSSS",
            "successor": "SSSS",
            "successor-without-proof": "SSSS",
            "successor-at-first-use": "SSSS",
        },
    ),
    # The date of the stolen certificate is good: only who has moved on, or asks a CA, is safe.
    "old_key_stolen_later": (
        "SSOI",
        {
            "ask-always": "SSSI",
            "with-ca": "SSO-",
            "gemini": "SSO-",
            "successor": "SSS-",
            "successor-without-proof": "SSS-",
            "successor-at-first-use": "SSS-",
        },
    ),
    "expired_record": ("S--", {"ask-always": "SII", "gemini": "S-I"}),
    "renewed_after_expiry": ("SO", {"ask-always": "SS", "gemini": "SS"}),
    "attacker_announces_at_first": (
        "I-",
        {"strict-known-only": "--", "with-ca": "--", "ask-always": "II", "successor-at-first-use": "II"},
    ),
    # Without proof nobody notices that the attacker was there: the inverted alarm is silent.
    "attacker_hides": (
        "IIO",
        {"strict-known-only": "--S", "with-ca": "--S", "ask-always": "IIS", "successor-without-proof": "IIS"},
    ),
    "attacker_relays": (
        "IIO",
        {"strict-known-only": "--O", "with-ca": "--S", "ask-always": "IIS", "successor-without-proof": "IIS"},
    ),
    # A thief of the trusted key can do all that the server can: announcements make the theft last.
    "thief_announces": (
        "SSIO-",
        {
            "with-ca": "SS-O-",
            "gemini": "SS-O-",
            "ask-always": "SSISI",
            "successor": "SSIOI",
            "successor-without-proof": "SSIOI",
            "successor-at-first-use": "SSIOI",
        },
    ),
    "home_server": ("SS", {"with-ca": "OO"}),
}

Told = dict[tuple[str, str], tuple[list[Encounter], list[Imagined]]]


def thought(row: Client, told: Scene) -> list[Imagined]:
    """The story by the pure rules alone: no handshake, no store, what is seen read off the credentials."""
    return imagine([(meeting, foresee(meeting, told.host)) for meeting in told.meetings], row.mind(told.enrolment))


@pytest.fixture(scope="session")
def told() -> Told:
    """Every story with every rule, lived over real TLS and imagined."""
    found: Told = {}
    for name in STORIES:
        one = story(name)
        for rule in RULES:
            found[name, rule] = (live(client(rule), one), thought(client(rule), one))
    return found


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.sampled(0)
def test_the_written_table_is_what_the_sockets_did(name: str, told: Told) -> None:
    """Each rule, each day: whom the client talked to, measured by who holds the day's secret."""
    usual, others = EXPECTED[name]
    found = {row: "".join(LETTERS[met.outcome] for met in told[name, row][0]) for row in RULES}
    assert found == {row: others.get(row, usual) for row in RULES}


def test_every_story_is_in_the_table() -> None:
    assert set(EXPECTED) == set(STORIES)


def test_the_pure_rules_equal_the_wire(told: Told) -> None:
    """Each day's verdict, what was remembered before it and what is known after it: to the last word."""
    for (name, row), (lived, imagined) in told.items():
        for met, foretold in zip(lived, imagined, strict=True):
            where = f"{row} in {name}: {met.meeting.title}"
            assert met.verdict == foretold.verdict, where
            assert met.outcome is foretold.outcome, where
            assert met.known.memory == foretold.known.memory, where
            assert met.learnt.memory == foretold.learnt.memory, where


def test_a_relayed_proof_arrives_and_is_not_believed(told: Told) -> None:
    """Over the wire: the man in the middle brings the genuine announcement; its control is proven without him."""
    for row in ("successor", "successor-without-proof"):
        brought = told["attacker_relays", row][0][1].lesson.successors
        assert [one.proven for one in brought or ()] == [False]
        direct = told["new_key_announced", row][0][1].lesson.successors
        assert [one.proven for one in direct or ()] == [True]


def test_who_never_clicks_a_warning_away_is_strict(told: Told) -> None:
    """The user's rate is all that is between `ask-never` and `strict`; the warnings are shown all the same."""
    for name in STORIES:
        quiet, strict = told[name, "ask-never"][0], told[name, "strict"][0]
        assert [met.outcome for met in quiet] == [met.outcome for met in strict]
    warned = [met.learnt.memory.warnings for met in told["expired_record", "ask-never"][0]]
    assert warned == [0, 1, 2]


def test_every_refusal_says_what_was_seen(told: Told) -> None:
    """One sentence with the deciding check, and the host where the key decided."""
    for lived, _ in told.values():
        for met in lived:
            if not met.verdict.accepted:
                assert met.verdict.check in CHECKS
                assert "\n" not in met.verdict.reason


# ---- the rules -----------------------------------------------------------------------------------


@pytest.fixture
def world() -> World:
    return World()


def rule(row: Client) -> Continuity:
    """How this client remembers keys."""
    assert row.continuity
    return row.continuity


def accepts(row: Client, seen: Observation, memory: Memory) -> bool:
    """Whether a client with this memory accepts what it sees."""
    mind = row.mind()
    mind.known = Known(memory=memory)
    return mind.verdict(seen).accepted


def sees(name: str, number: int, world: World) -> Observation:
    """What is to be seen on one day of a story."""
    told = story(name, world)
    return foresee(told.meetings[number], told.host)


def record(world: World, pin: str, *, count: int = 1, days: int = 90) -> Record:
    return Record(world.host, PORT, pin, world.now, world.now, count, world.now + timedelta(days=days))


def test_a_window_opens_the_second_after_the_record_expires(world: World) -> None:
    """The Gemini rule (gmni) counts a record to its last second; its twin that does not disregard has no window."""
    stranger = sees("expired_record", 2, world).presented[0]
    early = Observation(world.host, world.now, (replace(stranger, not_before=world.now),))
    ends = world.now + timedelta(days=40)
    kept = Memory((replace(record(world, "cert-sha256/other"), expires=ends),))
    gemini = client("gemini")
    patient = replace(
        gemini, policy=(*gemini.policy[:2], known("known", replace(rule(gemini), disregards_expired=False)))
    )
    for seconds, expected in {0: False, 1: True}.items():
        late = replace(early, time=ends + timedelta(seconds=seconds))
        assert accepts(gemini, late, kept) is expected
        assert not accepts(patient, late, kept)
    late = replace(early, time=ends + timedelta(seconds=1))
    assert rule(gemini).compare(late, kept) is Acquaintance.LAPSED


def test_a_resumed_session_proves_nothing(world: World) -> None:
    """Nor does an observation without certificates: every rule refuses both."""
    seen = sees("attacker_later", 0, world)
    for row in map(client, RULES):
        memory = Memory((record(world, rule(row).pin(seen.presented[0])),))
        assert accepts(row, seen, memory)  # the control
        assert not accepts(row, replace(seen, path=None, resumed=True), memory)
        assert not accepts(row, replace(seen, path=None, presented=()), memory)


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
        Continuity(changed=Reaction.ASK)
    with pytest.raises(ValueError, match="there is no story"):
        story("no_story")
    with pytest.raises(ValueError, match="unpinned remembers no keys"):
        live(client("unpinned"), story("first_contact"))


def test_a_known_server_takes_its_announcement_back(world: World) -> None:
    """An announcement is the whole list: what is not in it any more is forgotten, the key on the line never."""
    seen = sees("attacker_later", 0, world)
    assert seen.leaf is not None
    memory = Memory((record(world, seen.leaf.pin), record(world, "sha256/b", count=0)))

    def kept(name: str, *said: Successor) -> Update | None:
        return rule(client(name)).kept(memory, Lesson(seen, True, successors=said), True)

    plain = rule(client("successor")).kept(memory, Lesson(seen, True), True)
    assert plain is not None
    proven, unproven = Successor("sha256/c", True), Successor("sha256/c", False)
    assert kept("successor", proven) == replace(plain, add=("sha256/c",), drop=frozenset({"sha256/b"}))
    assert kept("successor") == replace(plain, drop=frozenset({"sha256/b"}))
    assert kept("successor", Successor("sha256/b", True), unproven) == plain
    assert kept("strict") == plain


def test_an_earlier_check_that_refuses_spares_the_user_the_question(world: World) -> None:
    """With CA validation before it, a user is not asked about a certificate that no CA vouches for."""
    seen = sees("attacker_later", 1, world)
    always = client("ask-always")
    for before, warned in ((always.policy[:0], 1), (client("with-ca").policy[:2], 0)):
        mind = replace(always, policy=(*before, *always.policy)).mind()
        mind.known = Known(memory=Memory((record(world, "sha256/other"),)))
        mind.learn(Lesson(seen, True), mind.verdict(seen))
        assert mind.known.memory.warnings == warned


def test_rules_and_memory_know_no_socket_no_openssl_and_no_database() -> None:
    """They import with all of these blocked."""
    code = (
        "import sys\n"
        "for name in ('socket', '_socket', 'ssl', 'OpenSSL', 'cryptography', 'sqlite3'): sys.modules[name] = None\n"
        "import lab.policy.learning, lab.policy.memory, lab.policy.mind"
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
    assert hear(said, HOST, HERE) == Successor(pin, True)
    assert hear(said, "shop.example", HERE) == Successor(pin, False)
    assert hear(said, HOST, ELSEWHERE) == Successor(pin, False)
    assert hear(claim(key.public_key(), new_key(), HOST, HERE), HOST, HERE) == Successor(pin, False)
    assert hear(replace(said, proof=said.proof[:-1] + bytes([said.proof[-1] ^ 1])), HOST, HERE) == Successor(pin, False)


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
def announcer(world: World) -> Iterator[Service]:
    with Service(world.genuine, announcing(new_key()), host=world.host) as made:
        yield made


def call(service: Service, world: World, *, listens: bool, accepts: bool = True, below: bool = False) -> Exchange:
    """One connection of a client that asks for announcements, or does not."""
    context = tls.client_context([anchor.certificate for anchor in world.store], world.now)
    if below:
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
    asked = account_request(world.host, "x")
    habits = Habits(listens=listens)
    return connect(
        service.address, world.host, context, lambda _: accepts, time=world.now, request=asked, habits=habits
    )


def test_each_connection_has_a_challenge_of_its_own(world: World, announcer: Service) -> None:
    """A client hears the successor on every connection, proven each time; its own request went before."""
    (coming,) = announcer.says.successors or ()
    for _ in range(3):
        done = call(announcer, world, listens=True)
        assert done.successors == (Successor(pin_of(coming.public_key()), True),)
        visit = announcer.log.finished(done.port, 5)
        assert visit.view.requests == ("GET /account", f"GET {SUCCESSORS}")


def test_below_tls_1_3_nothing_is_announced(world: World, announcer: Service) -> None:
    """TLS 1.2's exporter may be the same on two connections (RFC 7627): the client is served and hears nothing."""
    done = call(announcer, world, listens=True, below=True)
    assert done.accepted
    assert done.successors is None


def test_who_does_not_listen_does_not_ask(world: World, announcer: Service) -> None:
    """And who refuses in the handshake asks nothing at all."""
    quiet = call(announcer, world, listens=False)
    assert announcer.log.finished(quiet.port, 5).view.requests == ("GET /account",)
    refused = call(announcer, world, listens=True, accepts=False)
    assert refused.sent == 0
    assert announcer.log.finished(refused.port, 5).view.requests == ()


def test_an_answer_that_is_no_announcement_is_no_news(world: World) -> None:
    """A server whose page is nonsense is served from all the same; what was wrong stands in words."""

    class Nonsense(Service):
        def _announcement(self, connection: SSL.Connection) -> Answer:
            return Answer(200, [], b"nonsense")

    with Nonsense(world.genuine, announcing(new_key()), host=world.host) as service:
        done = call(service, world, listens=True)
    assert (done.accepted, done.answer.status if done.answer else 0, done.successors) == (True, 200, None)
    assert "this is no announcement" in done.trouble


def test_a_memory_outlives_the_process(world: World, tmp_path: Path) -> None:
    """A story told in two halves, the store closed between them, ends as the whole one; another key does not."""
    whole = story("new_key_announced", world)
    halves = [replace(whole, meetings=whole.meetings[:2]), replace(whole, meetings=whole.meetings[2:])]
    row = client("successor")
    for number, half in enumerate(halves):
        with Store(tmp_path / "known.sqlite") as store:
            outcomes = [met.outcome for met in live(row, half, store)]
        assert outcomes == [Outcome.SERVED] * 2, number
    forgetful = (*whole.meetings[:2], replace(whole.meetings[2], credential=renewed(world, 60)))
    assert live(row, replace(whole, meetings=forgetful))[-1].outcome is Outcome.OUTAGE


def test_an_rsa_successor_may_follow_an_ecdsa_key(world: World) -> None:
    """The announcement names a key, whatever its algorithm: a change of algorithm is one more rotation."""
    old, coming = renewed(world, 0), new_key("RSA")
    days = (
        served(world, 0, old),
        served(world, 1, old, says=announcing(coming)),
        served(world, 60, renewed(world, 60, coming), says=announcing()),
    )
    told = live(client("successor"), replace(story("home_server", world), meetings=days))
    assert [met.outcome for met in told] == [Outcome.SERVED] * 3
    assert told[-1].meeting.line is Line.GENUINE
    assert [one.pin for one in told[-1].learnt.memory.records] == [pin_of(coming.public_key())]


def test_a_story_is_dated() -> None:
    """The days of a story are those of its meetings, counted from the first."""
    told = story("new_key_announced")
    assert [day(meeting, told) for meeting in told.meetings] == [0, 1, 60, 61]


def test_a_record_is_checked_when_it_is_made() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="a port is a number"):
        Record(HOST, 0, "sha256/a", now, now, 1)
    with pytest.raises(ValueError, match="0 or more"):
        Record(HOST, 443, "sha256/a", now, now, -1)
