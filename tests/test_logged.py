"""
The honest world hands in what it issues, and what changes where somebody does not, or hides it.

Every certificate that is in no log stands beside one that is.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from lab.counting import enough
from lab.observation import Evidence, Observation
from lab.pki.authority import Authority, Credential
from lab.pki.elsewhere import HONEST, Elsewhere
from lab.pki.evidence import gathered
from lab.pki.log import PublicLog
from lab.pki.public import Logging, known
from lab.pki.world import World
from lab.scenes.catalogue import CASES, SLIPS, Meeting, attacked, honest
from lab.trials.rehearsal import foresee

PUBLIC = ("root", "issuing", "sibling", "other_root", "other_issuing", "cdn_root", "cdn_issuing")


def counted(meeting: Meeting, host: str) -> tuple[int, str]:
    """How many logs a client sees in this meeting that have signed, and what speaks against the others."""
    piece = foresee(meeting, host, wants=frozenset({Evidence.SCTS})).evidence[Evidence.SCTS]
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
    for one in (world.rogue_root, world.inspection_root, world.authority("Made at Home"), world.rogue_root.as_root()):
        assert one.logs == ()


def test_it_is_logged_at_the_time_of_the_world() -> None:
    """Nothing is of a time that is to come for whoever meets it, and nothing older than the day it was issued on."""
    world = World()
    later = world.at(world.now + timedelta(days=30))
    for each in (world, later):
        meeting = attacked(each, each.sibling.issue(each.host))
        piece = foresee(meeting, each.host, wants=frozenset({Evidence.SCTS})).evidence[Evidence.SCTS]
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
        for issuer in (each.other_issuing, each.authority("Yet Another", under=each.root)):
            forged = counted(attacked(each, issuer.issue(world.host)), world.host)
            assert forged == ((0, "there is none in the certificate") if logging is Logging.NO else (3, ""))
    public = [len(log.entries) for log in world.logs]
    assert public == [5 if logging is Logging.YES else 1] * 3
    assert counted(presented(world, world.issuing.issue(world.host)), world.host) == (3, "")


def test_hidden_entries_are_in_one_second_tree() -> None:
    """It begins as the public one, has the same key, and is the same one for all CAs."""
    world = World()
    honest(world)
    there = world.with_logging("hidden")
    assert there.issuing.logs == there.other_issuing.logs
    there.other_issuing.issue(world.host)
    for hidden, log in zip(there.other_issuing.logs, world.logs, strict=True):
        assert hidden.listed == log.listed
        assert hidden.entries[:1] == log.entries
        assert len(hidden.entries) == 2
    with pytest.raises(ValueError, match="perhaps"):
        world.with_logging("perhaps")


def logs_of(one: Authority | None) -> tuple[PublicLog, ...]:
    return one.logs if one else ()


def test_every_genuine_service_is_logged() -> None:
    """In every scene, what the genuine server presents in the first meeting has enough SCTs, at any lifetime."""
    without = {}
    for name, case in (CASES | SLIPS).items():
        scene = case.scene()
        first = scene.meetings[0]
        piece = foresee(first, scene.host, wants=frozenset({Evidence.SCTS})).evidence.get(Evidence.SCTS)
        if first.line.value == "genuine" and logs_of(first.credential.issuer):
            assert piece is not None
            good, why = enough(piece.stamps, timedelta(days=398), first.time)
            if not good:
                without[name] = why
    assert without == {}
    assert HONEST.logs is None
