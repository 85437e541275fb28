"""
The one engine: what the pure half expects is what the sockets do, for any client in any order of meetings.

Triples of a client, a world and a calendar are drawn at random, components of
the same program, relays, headers, announcements and staples included. A run of
ten thousand of them is `python tests/test_engine.py 10000`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from OpenSSL import SSL

from lab.building import Anchors, Branching, PathBuilding
from lab.observation import Evidence, Line, Outcome, Status, names
from lab.pki.authority import Credential, new_key, self_signed
from lab.pki.ocsp import answered, piece
from lab.pki.pins import pin_of
from lab.pki.revoke import staple
from lab.pki.says import SILENT, Says, announcing, pins_header
from lab.pki.world import World
from lab.policy import checks, hpkp, revocation
from lab.policy.check import Check, Known, needs
from lab.policy.clients import CA_FLAG_ERRORS, CLIENTS, Client, chosen, every
from lab.policy.clients import client as named
from lab.policy.continuity import Continuity, Reaction, User, known
from lab.policy.hpkp_header import Header
from lab.policy.mind import Mind
from lab.policy.profiles import NO_ANCHOR
from lab.scenes.catalogue import CASES, Case, Meeting, Scene, honest, told
from lab.trials.engine import Encounter, Imagined, imagine, live
from lab.trials.rehearsal import foresee, observe, rehearse
from lab.trials.standing import Ground, Standing
from lab.trials.trial import Trial, run

CONTINUITY = tuple(
    known(f"kept {number}", one)
    for number, one in enumerate(
        (
            Continuity(),
            Continuity(certificate=True, disregards_expired=True),
            Continuity(heeds=True),
            Continuity(heeds=True, wants_proof=False, wants_known=False),
            Continuity(changed=Reaction.ASK, user=User(0.5, 3)),
            Continuity(unknown=Reaction.REFUSE),
        )
    )
)
HEADERS = tuple(hpkp.header_pin(agent) for agent in (hpkp.Agent(), hpkp.Agent(strict=True)))
STAPLES = (revocation.HEEDS, revocation.REQUIRES, revocation.NO_ISSUER, revocation.NO_CLOCK)
STAPLED_DAYS = {one.name for one in CASES.values() if one.repeats == "ordinary_day"}
LATE = (checks.LATE_LEAF_PIN, checks.FULL_HANDSHAKE_LEAF_PIN, checks.PRESENTED_CHAIN_PIN)
WANTS_STAPLE = named("requires-staple")
NOW = World().now


# ---- what is drawn --------------------------------------------------------------------------------


def any_client(draw: Random) -> Client:
    """One of the tables', or one with checks that nobody would put together."""
    if draw.random() < 0.5:
        return draw.choice([*every(), *chosen("revocation")])
    usual = draw.choice([(checks.VALIDATION, checks.HOST_NAME)] * 3 + [(checks.VALIDATION,), ()])
    more: list[Check] = draw.sample([*checks.SOUND[2:], *CONTINUITY, *HEADERS, *LATE, *STAPLES], draw.randint(0, 2))
    return Client(
        "made up",
        "made up",
        (*usual, *more),
        ignoring=draw.choice([frozenset()] * 4 + [CA_FLAG_ERRORS, NO_ANCHOR]),
        building=PathBuilding(draw.choice(list(Anchors)), draw.choice(list(Branching))),
        resumes=draw.random() < 0.4,
        switched_off=draw.random() < 0.05,
    )


def any_credential(draw: Random, world: World) -> Credential:
    """What may be presented: by the genuine CA or by another, for a genuine key or for none."""
    issuer = draw.choice([world.issuing, world.issuing, world.sibling, world.other_issuing, world.rogue_root])
    key = draw.choice([None, world.genuine.key, world.backup_key])
    host = draw.choice([world.host] * 5 + ["evil.example"])
    issued = issuer.issue(host, key=key)
    if draw.random() < 0.4:  # further certificates for its CAs, in any order, or some that are left out
        crossed = [by.cross_sign(issuer).certificate for by in (world.root, world.other_root, world.rogue_root)]
        behind = draw.sample([*crossed, *issued.chain[1:], world.root.certificate], draw.randint(0, 4))
        issued = issued.sending(*behind)
    return draw.choice([world.genuine, world.genuine, self_signed(world.host), issued, issued])


def any_words(draw: Random, world: World, credential: Credential) -> Says | None:
    """What the server says beside its certificate."""
    pins = (pin_of(credential.leaf), pin_of(draw.choice([world.backup_key, new_key()]).public_key()))
    header = pins_header(str(Header(pins, draw.choice([0, 86400, 86400 * 200]))))
    spoken = announcing(draw.choice([world.backup_key, new_key()]), claims=draw.choice([(), [new_key().public_key()]]))
    stapled = SILENT
    if credential.issuer:
        stapled = Says(staple=draw.choice([staple(credential, world.now), b"", b"no staple at all"]))
    return draw.choice([None, None, None, SILENT, header, spoken, stapled])


def any_scene(draw: Random) -> Scene:
    """Two to five meetings in an order that nobody planned; with components, relays and stores that change."""
    world = World()
    meetings: list[Meeting] = [honest(world)] if draw.random() < 0.7 else []
    stores = (
        *(world.store, world.store, world.store[1:], (*world.store, world.issuing.as_root()), world.store[:1]),
        *((*world.store, world.issuing), (world.issuing, *world.store[1:]), (world.other_issuing, world.sibling)),
    )
    for _ in range(draw.randint(2, 5) - len(meetings)):
        credential = any_credential(draw, world)
        meeting = Meeting(
            draw.choice(list(Line)),
            credential,
            draw.choice(stores),
            world.now + timedelta(days=draw.choice([0, 0, 0, 40, 100, -5])),
            "made up",
            proxied=draw.random() < 0.05,
            says=any_words(draw, world, credential),
        )
        if draw.random() < 0.3:  # a component was there before, on the same machine or as if on another
            store, time = draw.choice([(meeting.store, meeting.time)] * 2 + [(world.store, world.now)])
            meetings.append(replace(meeting, component=True, store=store, time=time))
        meetings.append(meeting)
    return told(world, *meetings)


def both(client: Client, scene: Scene) -> tuple[Trial, dict[int, Imagined]]:
    """One client in one scene: over the wire, and by the rule from what a watcher saw."""
    case = replace(CASES["ordinary_day"], name="made_up", build=lambda _: scene)
    with Standing(case, scene) as standing:
        lived = run(client, standing)
    with Standing(case, scene) as standing:
        watched = observe(standing, client)
    return lived, rehearse(client, watched)


def unforeseen(client: Client, scene: Scene, met: Encounter) -> str:
    """What the pure builder has otherwise than the handshake: path or error; empty where they agree."""
    saw = met.observation
    if saw.resumed or client.ignoring:
        return ""
    built = foresee(met.meeting, scene.host, client.building)
    if (built.path, built.error and built.error.code) == (saw.path, saw.error and saw.error.code):
        return ""
    return f"the wire {saw.error or names(saw.path or ())}, the builder {built.error or names(built.path or ())}"


def differences(count: int, seed: int = 9) -> Iterator[tuple[str, Counter[str]]]:
    """What the rule and the wire say differently, triple by triple, and what came up so far."""
    seen: Counter[str] = Counter()
    for number in range(count):
        draw = Random(f"{seed}:{number}")
        client, scene = any_client(draw), any_scene(draw)
        lived, expected = both(client, scene)
        wrong = ""
        for at, met in enumerate(lived.encounters):
            if met.meeting.component:
                seen["components"] += 1
                continue
            verdict, outcome = expected[at].verdict, expected[at].outcome
            said = (met.verdict.accepted, met.verdict.check, met.outcome)
            if said != (verdict.accepted, verdict.check, outcome):
                wrong += (
                    f"triple {number}, {client.name}, meeting {at}: the wire {said}, the rule {verdict} {outcome}\n"
                )
            if foretold := unforeseen(client, scene, met):
                wrong += f"triple {number}, {client.name}, {client.building}, meeting {at}: {foretold}\n"
            seen[str(met.outcome)] += 1
            seen[client.building.branching] += 1
            seen[client.building.anchors] += 1
            seen["resumed"] += met.observation.resumed
            seen["stapled"] += Evidence.STAPLE in met.observation.evidence
            seen["learnt"] += met.learnt.memory != met.known.memory
        yield wrong, seen


# ---- what holds -----------------------------------------------------------------------------------


@pytest.mark.sampled(1)
def test_the_rule_is_what_the_wire_does(pytestconfig: pytest.Config) -> None:
    """For random triples: verdict, deciding check and outcome of every meeting; each kind of thing came up."""
    found = list(differences(200 if pytestconfig.getoption("--every") else 60))
    assert "".join(wrong for wrong, _ in found) == ""
    seen = found[-1][1]
    assert (
        min(seen[word] for word in (*Outcome, *Anchors, *Branching, "components", "resumed", "stapled", "learnt")) >= 3
    ), seen


def test_the_comparison_can_fail() -> None:
    """A rule that is asked of another client differs somewhere."""
    scene = CASES["new_ca"].scene()
    lived, _ = both(CLIENTS["leaf-pinned"], scene)
    _, other = both(CLIENTS["unpinned"], scene)
    assert lived.encounters[1].outcome is not other[1].outcome


def _resumption(store: bool, time: bool) -> Scene:
    """A component was at the moved site before the client: with another trust store or clock, where asked for."""
    world = World()
    moved = Meeting(Line.GENUINE, world.other_issuing.issue(world.host), world.store, world.now, "moved")
    before = replace(moved, component=True)
    if store:
        before = replace(before, store=world.store[:2])
    if time:
        before = replace(before, time=world.now + timedelta(hours=1))
    return told(world, honest(world), before, moved)


@pytest.mark.parametrize(
    ("store", "time", "resumed"), [(False, False, True), (True, False, False), (False, True, False)]
)
def test_a_session_belongs_to_one_store_and_one_clock(store: bool, time: bool, resumed: bool) -> None:
    """A component with another store or clock leaves no session that the client could take; the same one does."""
    lived, expected = both(CLIENTS["skips-when-resumed"], _resumption(store, time))
    assert lived.encounters[-1].observation.resumed is resumed
    assert lived.outcome is (Outcome.SERVED if resumed else Outcome.OUTAGE)
    assert lived.outcome is expected[2].outcome


def test_a_component_validates_as_everybody_does() -> None:
    """A component that refuses the server leaves no session behind, in the rule as on the wire."""
    scene = _resumption(False, False)
    blind = replace(scene.meetings[1], store=(), title="a component whose store is empty")
    scene = replace(scene, meetings=(scene.meetings[0], blind, scene.meetings[2]))
    lived, expected = both(CLIENTS["skips-when-resumed"], scene)
    assert not lived.encounters[1].verdict.accepted
    assert (lived.encounters[2].observation.resumed, lived.encounters[2].outcome) == (False, expected[2].outcome)


# ---- a piece of evidence goes through -------------------------------------------------------------


def with_words(world: World, says: Says | None) -> tuple[Trial, dict[int, Imagined]]:
    """A day on which the genuine server says this, for a client that wants a staple."""
    return both(WANTS_STAPLE, told(world, replace(honest(world), says=says)))


def test_a_staple_is_there_or_missing() -> None:
    """Who wants a staple is served with one, and refuses where none came."""
    world, good = World(), "a responder of Honest Issuing CA 1 calls it good"
    for says, outcome, why in (
        (Says(staple=staple(world.genuine, world.now)), Outcome.SERVED, good),
        (None, Outcome.SERVED, good),  # on a day when nothing is the matter
        (Says(staple=b""), Outcome.OUTAGE, "the staple has no word: the server sent none"),
        # OpenSSL's server drops what does not parse, so that nobody is told that there was something
        (Says(staple=b"no staple at all"), Outcome.OUTAGE, "the staple has no word: the server sent none"),
    ):
        lived, expected = with_words(world, says)
        assert (lived.outcome, lived.verdict.reason) == (outcome, why)
        assert expected[0].outcome is outcome


def test_a_staple_that_cannot_be_read_is_no_missing_one() -> None:
    """What came and is no response is said to be that; nothing is nothing."""
    assert piece(b"no staple at all", None, NOW).trouble == "the 16 octets that the server sent are no OCSP response"
    assert piece(b"", None, NOW).trouble == "the server sent none"
    world = World()
    there = piece(staple(world.genuine, world.now), None, world.now)
    assert (there.value is not None, there.word) == (True, None)


def test_the_staple_decides_inside_the_handshake() -> None:
    """The refusal comes in the staple callback: the attacker gets an alert about it, and not a byte of the request."""
    world = World()
    thief = "a thief without a staple"
    there = Meeting(Line.ATTACKER, world.genuine, world.store, world.now, thief, says=Says(staple=b""))
    with Ground(world.host) as ground:
        (ended,) = live(ground, [there], WANTS_STAPLE.mind())
        met = ended()
    assert (met.outcome, met.aftermath.leaked) == (Outcome.STOPPED, 0)
    assert met.aftermath.view.alert == "bad certificate status response"
    assert met.observation.path is not None


def test_a_staple_is_made_for_the_day() -> None:
    """The same server on a later day staples a later word; whoever signs with a root of his own staples none."""
    world, wants = World(), WANTS_STAPLE.mind()
    later = replace(honest(world), time=world.now + timedelta(days=40))
    with Ground(world.host) as ground:
        days = [one().observation for one in live(ground, [honest(world), later], wants)]
        (by_root,) = live(ground, [replace(later, credential=world.root.issue(world.host))], wants)
        assert by_root().verdict.reason == "the staple has no word: the server sent none"
    for seen in days:
        octets = seen.evidence[Evidence.STAPLE].value
        assert octets
        leaf, issuer, _ = seen.path or ()
        assert answered(octets, leaf, issuer, seen.time).status is Status.GOOD
        assert answered(octets, leaf, issuer, seen.time - timedelta(seconds=1)).status is Status.NO_WORD


THIEVES = [
    one
    for one in CASES.values()
    if one.repeats == "stolen_key_and_certificate"
    and one.twin in STAPLED_DAYS
    and one.build.__module__.endswith("revoked")
]


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION], ids=["TLS 1.2", "TLS 1.3"])
@pytest.mark.parametrize("case", [*THIEVES, *(CASES[one.twin] for one in THIEVES)], ids=lambda one: one.name)
@pytest.mark.sampled(3)
def test_a_staple_is_heard_in_both_versions(case: Case, version: int) -> None:
    """What the rule expects of each client that asks for a staple, from TLS 1.3's observations, is what either does."""
    scene = case.scene()
    with Standing(case, scene) as standing:
        watched = observe(standing, WANTS_STAPLE)
    staples = [one for one in chosen("revocation") if Evidence.STAPLE in needs(one.policy)]
    assert len(staples) > 5
    for client in staples:
        with Standing(case, scene) as standing:
            for meeting in scene.meetings:
                standing.context(meeting, client.building.anchors).set_max_proto_version(version)
            lived = [ended() for ended in live(standing, scene.meetings, client.mind(scene.enrolment))]
        expected = [(one.verdict.accepted, one.outcome) for one in rehearse(client, watched).values()]
        assert [(one.verdict.accepted, one.outcome) for one in lived] == expected, client.name


IN_TLS_1_2 = {
    **dict.fromkeys(("answer-hard", "list-soft", "pushed-list"), ("every_word_cut", "thief_before_the_update")),
    **dict.fromkeys(("counts-scts", "wants-witness"), ("unlogged", "entry_hidden", "logs_late", "company_proxy")),
    **dict.fromkeys(("dane-soft", "dane-hard"), ("records_forged", "key_published_in_time", "company_proxy")),
}


@pytest.mark.parametrize("client", IN_TLS_1_2)
def test_what_others_say_is_heard_in_tls_1_2_too(client: str) -> None:
    """Where the way is cut, where the word comes, and on a proxied line: as TLS 1.3's observations have it."""
    for name in IN_TLS_1_2[client]:
        case = CASES[name]
        scene = case.scene()
        with Standing(case, scene) as standing:
            watched = observe(standing, named(client))
        with Standing(case, scene) as standing:
            for meeting in scene.meetings:
                standing.context(meeting).set_max_proto_version(SSL.TLS1_2_VERSION)
            lived = [ended() for ended in live(standing, scene.meetings, named(client).mind(scene.enrolment))]
        expected = [(one.verdict.accepted, one.outcome) for one in rehearse(named(client), watched).values()]
        assert [(one.verdict.accepted, one.outcome) for one in lived] == expected, name


def test_who_asks_for_no_staple_is_told_of_none() -> None:
    """Evidence that nobody asked for is no part of an observation."""
    world = World()
    day = replace(honest(world), says=Says(staple=staple(world.genuine, world.now)))
    lived, _ = both(CLIENTS["unpinned"], told(world, day))
    assert lived.encounters[0].observation.evidence == {}


# ---- the pure half alone --------------------------------------------------------------------------


def test_a_mind_learns_from_what_it_is_told() -> None:
    """`imagine` needs no socket: two meetings by hand, and the second is judged by what the first taught."""
    scene = CASES["new_key"].scene()
    with Standing(CASES["new_key"], scene) as standing:
        observed = observe(standing, CLIENTS["trust-everything"]).observations
    mind = Mind((checks.KNOWN_KEY,), Known())
    first, second = imagine([(scene.meetings[at], seen) for at, seen in observed.items()], mind)
    assert (first.outcome, second.outcome) == (Outcome.SERVED, Outcome.OUTAGE)
    assert [record.pin for record in second.known.memory.records] == [pin_of(scene.genuine.leaf)]


if __name__ == "__main__":
    total = int(sys.argv[1])
    bad = 0
    for done, (wrong, so_far) in enumerate(differences(total, seed=int(sys.argv[2]) if len(sys.argv) > 2 else 9), 1):
        bad += bool(wrong)
        if wrong:
            print(wrong, end="")
        if done % 500 == 0 or done == total:
            print(f"{done} triples, {bad} differ; {dict(so_far)}", flush=True)
    sys.exit(bool(bad))
