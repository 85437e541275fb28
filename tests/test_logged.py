"""
The honest world hands in what it issues, and what changes where somebody does not, or hides it.

Every certificate that is in no log stands beside one that is.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from lab.counting import enough
from lab.observation import Evidence, Line, Observation
from lab.pki.authority import Credential, authority
from lab.pki.elsewhere import Elsewhere
from lab.pki.entry import moment
from lab.pki.evidence import gathered
from lab.pki.head import split_view
from lab.pki.public import Logging, known
from lab.pki.world import World
from lab.scenes.catalogue import CASES, Meeting, attacked, honest
from lab.trials.rehearsal import foresee

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
            assert counted(presented(each, getattr(each, name).issue(world.host)), world.host) == (3, "")
    cross = world.other_root.cross_sign(world.issuing)
    for one in (
        cross,
        world.issuing.as_root(),
        world.sibling.intermediate("Below"),
        world.authority("New", under=cross),
    ):
        assert one.logs == world.logs
    assert counted(presented(world, cross.issue(world.host)), world.host) == (3, "")
    for one in (world.rogue_root, world.inspection_root, world.rogue_root.as_root(), authority("Made at Home")):
        assert one.logs == ()


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
    assert counted(honest(one), one.host) == (3, "")
    assert [len(log.entries) for log in one.logs] == [1, 1, 1]
    assert [len(log.entries) for log in other.logs] == [0, 0, 0]
    assert not {log.id for log in known(one.store)} & {log.id for log in known(other.store)}
    abroad = Elsewhere(logs=known(other.store))
    seen: Observation = foresee(honest(one), one.host)
    piece = gathered({Evidence.SCTS}, seen, b"", abroad, lambda *_: b"")[Evidence.SCTS]
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
        assert counted(honest(each), world.host) == (3, "")
        for issuer in (each.other_issuing, each.authority("Yet Another", under=each.root), each.authority("New")):
            store = (*each.store, issuer.root)
            forged = counted(attacked(each, issuer.issue(world.host), store=store), world.host)
            assert forged == ((0, "there is none in the certificate") if logging is Logging.NO else (3, ""))
    public = [len(log.entries) for log in world.logs]
    assert public == [{Logging.YES: 7, Logging.LATE: 7, Logging.NO: 1, Logging.HIDDEN: 2}[logging]] * 3
    assert counted(presented(world, world.issuing.issue(world.host)), world.host) == (3, "")


def test_hidden_entries_are_in_one_second_tree() -> None:
    """It begins as the public one, has the same key, and is the same one for all CAs."""
    world = World()
    honest(world)
    there = world.with_logging("hidden")
    assert there.issuing.logs == there.other_issuing.logs
    there.other_issuing.issue(world.host)
    for hidden, log in zip(there.other_issuing.logs, world.logs, strict=True):
        assert split_view(hidden.head(world.now), log.head(world.now), log.listed)
        assert hidden.entries[:1] == log.entries[:1]
        assert len(hidden.entries) == 2
    with pytest.raises(ValueError, match="perhaps"):
        world.with_logging("perhaps")


UNLOGGED = {"ca_forgot_to_log": 1, "scts_of_the_last_one": 1}
"""Scenes in which a genuine server has a certificate of a public CA without enough SCTs, and in which meeting."""


def test_every_genuine_service_is_logged() -> None:
    """In every scene, whatever the genuine server presents has enough SCTs, but where the scene is about that."""
    without, asked = {}, 0
    for name, case in CASES.items():
        scene = case.scene()
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
    for name, case in CASES.items():
        world = World(**case.starts)
        case.scene(world)
        for log in world.logs:
            late |= {name for entry, due in zip(log.entries, log.due, strict=True) if moment(entry.timestamp) != due}
    assert late == {"logs_late", "used_before_it_is_public"}
