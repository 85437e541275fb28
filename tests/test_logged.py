"""
The honest world hands in what it issues, and what changes where somebody does not, or hides it.

Every certificate that is in no log stands beside one that is.
"""

from __future__ import annotations

import base64
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from lab.counting import enough
from lab.observation import Doubt, Evidence, Line, Observation, Status, Word
from lab.pki import sct
from lab.pki.authority import Credential, authority
from lab.pki.elsewhere import Elsewhere
from lab.pki.entry import moment
from lab.pki.evidence import gathered
from lab.pki.head import Witness, split_view
from lab.pki.inclusion import proof, proven, witnesses
from lab.pki.merkle import included, leaf_hash
from lab.pki.pins import seen
from lab.pki.public import Logging, known
from lab.pki.sct import check_signature
from lab.pki.world import World
from lab.scenes.catalogue import CASES, Meeting, attacked, case, honest
from lab.trials.rehearsal import foresee

HOUR = timedelta(hours=1)
SCTS = frozenset({Evidence.SCTS})
PUBLIC = ("root", "issuing", "sibling", "other_root", "other_issuing", "cdn_root", "cdn_issuing")


def counted(meeting: Meeting, host: str) -> tuple[int, str]:
    """How many logs a client sees in this meeting that have signed, and what speaks against the others."""
    piece = foresee(meeting, host, wants=SCTS).evidence[Evidence.SCTS]
    return len(piece.stamps), piece.trouble


def presented(world: World, credential: Credential) -> Meeting:
    return attacked(world, credential)


def test_public_cas_hand_in_what_they_issue() -> None:
    """Each of them, whatever the day and whoever certified it again; who makes himself a CA hands in nothing."""
    world = World()
    later = world.at(world.now + timedelta(days=3))
    for name in PUBLIC:
        for each in (world, later):
            assert counted(presented(each, getattr(each, name).issue(world.host)), world.host) == (2, "")
    cross = world.other_root.cross_sign(world.issuing)
    for one in (
        cross,
        world.issuing.as_root(),
        world.sibling.intermediate("Below"),
        world.authority("New", under=cross),
    ):
        assert one.logs == world.logs
    assert counted(presented(world, cross.issue(world.host)), world.host) == (2, "")
    for one in (world.rogue_root, world.inspection_root, world.rogue_root.as_root(), authority("Made at Home")):
        assert one.logs == ()


def test_as_many_logs_sign_as_are_counted() -> None:
    """Two of two operators up to 180 days, three above; whoever names the logs has those."""
    world = World()
    for days, logs in ((90, 2), (180, 2), (181, 3)):
        leaf = world.issuing.issue(world.host, not_after=world.now + timedelta(days=days - 1))
        assert counted(presented(world, leaf), world.host) == (logs, "")
    assert counted(presented(world, world.issuing.issue(world.host, logs=world.logs[2:])), world.host) == (1, "")


def test_it_is_logged_at_the_time_of_the_world() -> None:
    """Nothing is of a time that is to come for whoever meets it, and nothing older than the day it was issued on."""
    world = World()
    later = world.at(world.now + timedelta(days=30))
    for each in (world, later):
        meeting = attacked(each, each.sibling.issue(each.host))
        piece = foresee(meeting, each.host, wants=SCTS).evidence[Evidence.SCTS]
        assert {one.time for one in piece.stamps} == {each.now}


def test_every_world_has_logs_of_its_own() -> None:
    """One scene's certificate is in no other's logs, and a client of the one knows none of the other's."""
    one, other = World(), World()
    assert counted(honest(one), one.host) == (2, "")
    assert [len(log.entries) for log in one.logs] == [1, 1, 0]
    assert [len(log.entries) for log in other.logs] == [0, 0, 0]
    assert not {log.id for log in known(one.store)} & {log.id for log in known(other.store)}
    abroad = Elsewhere(logs=known(other.store))
    there: Observation = foresee(honest(one), one.host)
    piece = gathered({Evidence.SCTS}, there, b"", abroad, lambda *_: b"")[Evidence.SCTS]
    assert (piece.stamps, "not known here" in piece.trouble) == ((), True)


def test_a_world_without_logs() -> None:
    """Its certificates hold no SCTs, and its clients know no log."""
    world = World(logs=())
    assert counted(honest(world), world.host) == (0, "there is none in the certificate")
    assert known(world.store) == ()


@pytest.mark.parametrize("logging", Logging)
def test_how_something_is_logged_is_said_after_the_genuine_one(logging: Logging) -> None:
    """Only what is issued from then on is affected, and the client's list of logs is the same."""
    world = World()
    honest(world)
    there = world.with_logging(logging)
    for each in (there, there.at(world.now + timedelta(days=1))):
        assert known(each.store) == known(world.store)
        assert counted(honest(each), world.host) == (2, "")
        for issuer in (each.other_issuing, each.authority("Yet Another", under=each.root), each.authority("New")):
            store = (*each.store, issuer.root)
            forged = counted(attacked(each, issuer.issue(world.host), store=store), world.host)
            assert forged == ((0, "there is none in the certificate") if logging is Logging.NO else (2, ""))
    public = [len(log.entries) for log in world.logs[:2]]
    assert public == [{Logging.YES: 7, Logging.LATE: 7, Logging.NO: 1, Logging.HIDDEN: 2}[logging]] * 2
    assert counted(presented(world, world.issuing.issue(world.host)), world.host) == (2, "")


def test_hidden_entries_are_in_one_second_tree() -> None:
    """It begins as the public one, has the same key, and is the same one for all CAs."""
    world = World()
    honest(world)
    there = world.with_logging("hidden")
    assert there.issuing.logs == there.other_issuing.logs
    there.other_issuing.issue(world.host)
    for hidden, log in zip(there.other_issuing.logs[:2], world.logs, strict=False):
        assert split_view(hidden.head(world.now), log.head(world.now), log.listed)
        assert hidden.entries[:1] == log.entries[:1]
        assert len(hidden.entries) == 2
    with pytest.raises(ValueError, match="perhaps"):
        world.with_logging("perhaps")


def test_a_signature_is_verified_once_whatever_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each log's for each certificate and list of logs; that it is of a time to come is asked each time."""
    world, verified = World(), []

    def counting(*asked: Any) -> None:
        verified.append(asked)
        check_signature(*asked)

    monkeypatch.setattr(sct, "check_signature", counting)
    for days in (0, 1, 2):
        assert counted(honest(world.at(world.now + timedelta(days=days))), world.host) == (2, "")
    assert len(verified) == 2
    leaf, issuer = seen(world.genuine.leaf).der, seen(world.issuing.certificate).der
    early = sct.stamps(sct.scts_in(leaf), leaf, issuer, known(world.store), world.now - timedelta(seconds=1))
    assert (early[0], len(early[1]), len(verified)) == ((), 2, 2)
    assert all("is to come" in why for why in early[1])
    assert counted(honest(World()), world.host) == (2, "")
    assert len(verified) == 4


UNLOGGED = {"ca_forgot_to_log": 1, "scts_of_the_last_one": 1}
"""Scenes in which a genuine server has a certificate of a public CA without enough SCTs, and in which meeting."""


@pytest.mark.sampled(0)
def test_every_genuine_service_is_logged() -> None:
    """In every scene, whatever the genuine server presents has enough SCTs, but where the scene is about that."""
    without, asked = {}, 0
    for name, one in CASES.items():
        scene = one.scene()
        for number, meeting in enumerate(scene.meetings):
            if meeting.line is Line.GENUINE and not meeting.proxied:
                piece = foresee(meeting, scene.host, wants=SCTS).evidence[Evidence.SCTS]
                leaf, asked = meeting.credential.leaf, asked + 1
                lifetime = leaf.not_valid_after_utc - leaf.not_valid_before_utc
                if not enough(piece.stamps, lifetime, meeting.time)[0]:
                    without[name] = number
    assert without == UNLOGGED
    assert asked > 100


def test_what_is_handed_in_is_in_the_tree_at_once() -> None:
    """Scenes issue in the order of their days: a log keeps that order, and an entry out of turn would come late."""
    late: set[str] = set()
    for name, one in CASES.items():
        world = World(**one.starts)
        one.scene(world)
        for log in world.logs:
            late |= {name for entry, due in zip(log.entries, log.due, strict=True) if moment(entry.timestamp) != due}
    assert late == {"logs_late", "used_before_it_is_public"}


# ---- proofs of inclusion --------------------------------------------------------------------------


def grown(count: int = 6) -> tuple[World, list[Credential]]:
    """A world whose logs have this many entries, an hour apart, the last of them now, and the certificates in them."""
    world = World()
    made = [world.at(world.now + number * HOUR).issuing.issue(world.host) for number in range(1, count)]
    return world.at(world.now + (count - 1) * HOUR), [world.genuine, *made]


def judged(octets: bytes, world: World, credential: Credential, **differs: Any) -> Word:
    """What a client of this world makes of a proof for this certificate."""
    own: dict[str, Any] = {"logs": known(world.store), "known": witnesses(world.store), "time": world.now}
    return proven(octets, seen(credential.leaf), seen(world.issuing.certificate), **own | differs)


def test_a_proof_leads_to_a_tree_that_the_witness_saw() -> None:
    """For each entry, to the tree of every later time; not before the entry is there."""
    world, made = grown()
    for number, credential in enumerate(made):
        for size in range(1, 7):
            time = world.now - (6 - size) * HOUR
            if size <= number:
                with pytest.raises(ValueError, match="has none at index"):
                    proof(credential, time)
                continue
            octets = proof(credential, time)
            assert octets
            word = judged(octets, world, credential, time=time)
            assert word.why == f"log.example/1 has it in its tree of {size}, which witness.example has seen too"
            assert word.status is Status.GOOD


def test_each_part_of_a_proof_counts() -> None:
    """Another certificate, index, step, size, root or signature is no word; nor one of a log or of a time to come."""
    world, made = grown()
    octets = proof(made[1], world.now)
    assert octets
    assert judged(octets, world, made[1]).status is Status.GOOD
    head, index, *steps = octets.split(b"\n\n")[0].split(b"\n")
    name, size, root = octets.split(b"\n\n")[1].split(b"\n")
    other = base64.b64encode(sha256(b"other").digest())
    for old, new in (
        (head, b"c2sp.org/tlog-proof@v2"),
        (index, b"index 2"),
        (steps[0], other),
        (b"\n".join(steps), b"\n".join(steps[:-1])),
        (b"\n".join(steps), b"\n".join(reversed(steps))),
        (b"\n" + size + b"\n", b"\n7\n"),
        (root, other),
        (name, b"log.example/2"),
    ):
        assert octets.count(old) >= 1
        spoilt = judged(octets.replace(old, new, 1) if old != name else octets.replace(old, new), world, made[1])
        assert (spoilt.status, spoilt.claim) == (Status.NO_WORD, None), new
    assert judged(octets, world, made[2]).claim is None
    assert judged(octets, world, made[1], logs=()).claim is None
    assert "is to come" in judged(octets, world, made[1], time=world.now - 2 * HOUR).why
    for number in range(0, len(octets), 7):
        turned = octets[:number] + bytes((octets[number] ^ 1,)) + octets[number + 1 :]
        assert judged(turned, world, made[1]).status is Status.NO_WORD, number
        assert judged(octets[:number], world, made[1]).status is Status.NO_WORD


def test_the_steps_of_a_proof_do_not_bind_the_size_and_its_head_does() -> None:
    """The same steps lead to the same root from another size; with that size in the note nobody has signed it."""
    world, made = grown()
    octets = proof(made[0], world.now)
    assert octets
    size = int(octets.split(b"\n\n")[1].split(b"\n")[1])
    log = world.logs[0]
    steps, leaf = log.tree.inclusion(0, size), leaf_hash(log.entries[0].leaf)
    root = log.tree.root(size)
    others = [one for one in range(1, 20) if one != size and included(leaf, 0, one, steps, root)]
    assert others
    for other in others:
        lie = octets.replace(f"\n{size}\n".encode(), f"\n{other}\n".encode())
        assert judged(lie, world, made[0]).claim is None


def test_a_hidden_entry_has_a_proof_and_no_witness() -> None:
    """The log signs its second tree; the witness, who saw the first, does not, whoever asks for how long."""
    world = World()
    honest(world)
    hiding = world.with_logging("hidden")
    hidden = [hiding.issuing.issue(world.host) for _ in range(3)]
    for credential in hidden:
        octets = proof(credential, world.now)
        assert octets
        word = judged(octets, world, credential)
        assert (word.status, word.doubts) == (Status.NO_WORD, frozenset({Doubt.SIGNER}))
        assert word.claim
        assert word.claim.status is Status.GOOD
        assert judged(octets, world, credential, known=()) == word
    there = proof(world.genuine, world.now)
    assert there
    assert judged(there, world, world.genuine).status is Status.GOOD
    assert judged(there, world, world.genuine, known=()).doubts == {Doubt.SIGNER}
    assert judged(there, world, world.genuine, known=(Witness("witness.example").listed,)).doubts == {Doubt.SIGNER}


def test_a_proof_of_the_genuine_certificate_is_none_of_a_copy() -> None:
    """Whoever copies its SCTs may hand out its proof as well: the leaf is another."""
    world = World()
    copied = case("scts_copied").scene(world).meetings[-1].credential
    there = proof(world.genuine, world.now)
    assert proof(copied, world.now) is None
    assert there
    assert "does not lead from the certificate" in judged(there, world, copied).why
