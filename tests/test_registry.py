"""
A scene or a client that is written outside the lab takes part like those inside.
"""

from __future__ import annotations

import csv
import importlib
import io
import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import pytest

from lab.observation import Outcome
from lab.pki.world import World
from lab.policy import checks
from lab.policy.clients import CLIENTS, FURTHER, PROFILES, Client, chosen, client, every, register
from lab.policy.memory import Memory
from lab.policy.pinset import Reach, Role
from lab.scenes.catalogue import (
    CASES,
    Fault,
    Holds,
    Kind,
    Scene,
    Way,
    attack,
    attacks,
    case,
    rotation,
    rotations,
    twin_of,
    usually,
)
from lab.trials.matrix import matrix
from lab.trials.sections import Heading
from lab.verbs import main

OUTSIDE = '''
from lab.policy import checks
from lab.policy.clients import Client, register
from lab.policy.pinset import Reach, Role
from lab.scenes.catalogue import Holds, Way, attack, attacked, changed, rotation


@rotation(reach=Reach.ROOT)
def straight_from_the_root(world):
    """
    The CA issues straight from its root

        Honest Root -> bank.example   (new key)
    """
    return changed(world, world.root.issue(world.host))


@attack(reach=Reach.ROOT, twin="straight_from_the_root", holds=Holds.SITE_ROOT, way=Way.DNS)
def root_mis_issues(world):
    """
    The root itself mis-issues

        Honest Root -> bank.example   (attacker's key)
    """
    return attacked(world, world.root.issue(world.host))


belt_and_braces = register(
    Client(
        "belt-and-braces",
        "wants the root and the intermediate",
        (checks.VALIDATION, checks.HOST_NAME, checks.ROOT_PIN, checks.INTERMEDIATE_PIN),
    )
)
'''


@pytest.fixture
def registries() -> Iterator[None]:
    """The catalogues as they were, once the test is over."""
    with patch.dict(CASES), patch.dict(CLIENTS):
        yield


@pytest.fixture
def outside(registries: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A module that a learner might write, somewhere else."""
    (tmp_path / "my_scenes.py").write_text(OUTSIDE, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("my_scenes")
    del sys.modules["my_scenes"]


MINE = ("root_mis_issues", "straight_from_the_root")


def test_a_scene_from_outside_is_in_the_catalogue(outside: ModuleType) -> None:
    """Importing the module is enough: name, title, drawing, reach and twin come from the function."""
    robbed, rotated = map(case, MINE)
    assert (robbed.kind, rotated.kind) == (Kind.ATTACK, Kind.ROTATION)
    assert robbed in attacks()
    assert rotated in rotations()
    assert (twin_of(robbed), twin_of(rotated)) == (rotated, robbed)
    assert (robbed.title, robbed.reach) == ("The root itself mis-issues", Reach.ROOT)
    assert "Honest Root -> bank.example   (attacker's key)" in robbed.text
    # the decorator gives the function back, so it can still be called
    assert outside.root_mis_issues is robbed.build


def test_a_client_from_outside_is_in_the_table(outside: ModuleType) -> None:
    """A registered client is found by its name, and comes last."""
    assert client("belt-and-braces") is outside.belt_and_braces
    assert list(CLIENTS)[-1] == "belt-and-braces"


def test_a_client_of_two_names_is_one_entry() -> None:
    """The other name finds the same row, counts once where both are asked for, and is taken."""
    for other, name in {"strict": "first-use-key", "with-ca": "first-use-with-ca"}.items():
        assert client(other) is client(name)
        assert chosen([other, name]) == [client(name)]
        with pytest.raises(ValueError, match=f"already a client named '{other}'"):
            register(Client(other, "another", (checks.VALIDATION,)))
    with pytest.raises(ValueError, match="already a client named 'unpinned'"):
        register(Client("mine", "another", (checks.VALIDATION,), also=("unpinned",)))


def test_clients_that_learn_are_columns_for_whoever_asks() -> None:
    """By name and by group, from every shelf; the groups of old are as they were."""
    assert [one.name for one in chosen("hpkp")] == ["hpkp-no-cap", "hpkp-capped", "hpkp-preloaded"]
    remember = {one.name for one in chosen("continuity")}
    assert [one.name for one in chosen("revocation")] == [
        *("heeds-staple", "heeds-staple-pinned", "honours-must-staple", "requires-staple", "requires-staple-pinned"),
        *("staple-of-any-issuer", "staple-of-any-age"),
        *("answer-soft", "answer-hard", "list-soft", "list-hard", "list-hard-pinned"),
        *("pushed-list", "pushed-list-pinned", "trusts-short-certificates"),
        *("list-of-the-leaf-only", "crl-check-all-alone", "list-of-any-age", "answer-of-any-issuer"),
        *("wget", "curl-status", "gnutls", "openssl-status", "openssl-crl", "openssl-crl-all"),
    ]
    assert [one.name for one in chosen("transparency")] == [
        *(
            "counts-scts",
            "counts-scts-pinned",
            "counts-scts-of-all",
            "takes-any-sct",
            "wants-witness",
            "takes-any-head",
            "openssl-ct",
        ),
    ]
    assert [one.name for one in chosen("dane")] == ["dane-soft", "dane-hard"]
    others = {one.name for one in chosen("hpkp,revocation,transparency,dane,bound,hsts")}
    assert remember == {*FURTHER, "gemini", "gnutls-tofu"} - others | {
        *("first-use-key", "first-use-certificate", "first-use-with-ca"),
    }
    assert chosen("all") == list(CLIENTS.values())
    assert chosen("profiles") == list(PROFILES.values())
    assert not {*FURTHER} & {*CLIENTS}
    assert len(chosen("story")) == 8


def test_what_a_client_begins_with() -> None:
    """The enrolled key and the preloaded pins are there before the first meeting; nobody else knows anything."""
    enrolment = case("first_contact").scene().enrolment
    began = {one.name: one.mind(enrolment).known.memory for one in every()}
    (record,) = began.pop("strict-known-only").records
    assert (record.host, frozenset({record.pin})) == (enrolment.host, enrolment.site[Role.LEAF])
    (entry,) = began.pop("hpkp-preloaded").preloaded.values()
    assert (entry.host, frozenset(entry.pins)) == (
        enrolment.host,
        enrolment.site[Role.LEAF] | enrolment.site[Role.BACKUP],
    )
    assert began.pop("hsts-preloaded").strict_about(f"www.{enrolment.host}", enrolment.time)
    assert {*map(repr, began.values())} == {repr(Memory())}
    assert client("hpkp-preloaded").mind().known.memory == Memory()


def test_the_command_line_takes_them_from_a_file(
    registries: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--with FILE.py` puts them into the list and the matrix; a file that is not there gets one sentence."""
    (tmp_path / "my_scenes.py").write_text(OUTSIDE, "utf-8")
    monkeypatch.setitem(sys.modules, "my_scenes", ModuleType("my_scenes"))
    file = str(tmp_path / "my_scenes.py")
    assert main(["--with", file, "list"]) == 0
    listed = capsys.readouterr().out
    assert [name for name in ("belt-and-braces", *MINE) if name not in listed] == []
    assert main(["matrix", "--clients", "belt-and-braces", "--scenes", *MINE, "--json"]) == 0
    records = json.loads(capsys.readouterr().out)["trials"]
    assert [one["outcome"] for one in records] == ["stopped", "outage"]
    assert main(["--with", str(tmp_path / "nowhere.py"), "list"]) == 2
    assert "cannot read" in capsys.readouterr().err


def test_they_take_part_in_the_matrix(outside: ModuleType) -> None:
    """Scene and client meet those of the lab, and are in the JSON and the CSV."""
    clients = [client(name) for name in ("root-pinned", "belt-and-braces")]
    done = matrix(clients, [case(name) for name in (*MINE, "ordinary_day")])
    outcomes = {
        ("root-pinned", "root_mis_issues"): Outcome.INTERCEPTED,
        ("root-pinned", "straight_from_the_root"): Outcome.SERVED,
        ("root-pinned", "ordinary_day"): Outcome.SERVED,
        ("belt-and-braces", "root_mis_issues"): Outcome.STOPPED,
        ("belt-and-braces", "straight_from_the_root"): Outcome.OUTAGE,
        ("belt-and-braces", "ordinary_day"): Outcome.SERVED,
    }
    assert outcomes == {cell: trial.outcome for cell, trial in done.trials.items()}
    written = json.loads(done.to_json())
    assert outcomes == {(one["client"], one["scene"]): one["outcome"] for one in written["trials"]}
    lines = list(csv.DictReader(io.StringIO(done.to_csv())))
    assert outcomes == {(one["client"], one["scene"]): one["outcome"] for one in lines}
    assert (case("root_mis_issues"), case("straight_from_the_root")) in done.sections()[Heading.TWINS]
    assert written["scores"]["belt-and-braces"] == {
        "attacks_stopped": 1,
        "attacks": 1,
        "service_kept": 1,
        "rotations": 2,
    }
    (refused,) = (one for one in lines if one["outcome"] == "outage")
    assert (refused["deciding_check"], refused["path"]) == ("intermediate pin", "bank.example <- Honest Root")


def test_the_whole_matrix_includes_them(outside: ModuleType) -> None:
    """Asked for nothing in particular, the matrix runs whatever the catalogues hold, the new ones too."""
    for name in set(CASES) - {*MINE, "ordinary_day"}:
        del CASES[name]  # the fixture puts them back; this is only quicker
    every = matrix()
    assert set(every.trials) == {(name, scene) for name in CLIENTS for scene in ("ordinary_day", *MINE)}
    assert ("belt-and-braces", "root_mis_issues") in every.trials


def test_without_the_module_they_are_not_there() -> None:
    """The registries are clean again, so the tests above did find the module's own."""
    assert not {*MINE} & set(CASES)
    assert "belt-and-braces" not in CLIENTS


# ---- mistakes -------------------------------------------------------------------------------------


def test_names_are_ids(outside: ModuleType) -> None:
    """A second scene or client of the same name is refused, and the first one stays."""
    before = case("root_mis_issues"), client("unpinned")
    with pytest.raises(ValueError, match="already a scene named 'straight_from_the_root'"):
        rotation(reach=Reach.ROOT)(outside.straight_from_the_root)
    with pytest.raises(ValueError, match="already a client named 'unpinned'"):
        register(Client("unpinned", "another", (checks.VALIDATION,)))
    assert before == (case("root_mis_issues"), client("unpinned"))


def test_an_attack_without_twin_or_fault(registries: None) -> None:
    """An attack has a twin, or a reason why validation refuses it: neither is refused, and so are both."""

    def some_attack(world: World) -> Scene:
        """Some attack."""
        raise NotImplementedError

    told = partial(attack, reach=Reach.ROOT, holds=Holds.SITE_ROOT, way=Way.DNS)
    with pytest.raises(ValueError, match=r"fails=.* or names its benign twin"):
        told()(some_attack)
    with pytest.raises(ValueError, match=r"fails=.* or names its benign twin"):
        told(twin="new_key", fails=Fault.EXPIRED)(some_attack)
    assert "some_attack" not in CASES
    told(twin="new_key")(some_attack)
    assert case("some_attack").title == "Some attack"


def test_a_scene_needs_a_title(registries: None) -> None:
    """Without a docstring there is nothing to call it in a table."""

    def nameless(world: World) -> Scene:
        raise NotImplementedError

    with pytest.raises(ValueError, match="scene 'nameless' has no docstring"):
        rotation(reach=Reach.ROOT)(nameless)
    assert "nameless" not in CASES


def test_unknown_names_say_what_is_near() -> None:
    """A name with a slip is refused in a sentence that has the right one in it."""
    with pytest.raises(ValueError, match=r"no scene 'chain_stufing'; nearest: chain_stuffing"):
        case("chain_stufing")
    with pytest.raises(ValueError, match=r"no client 'leaf-pined'; nearest: leaf-pinned"):
        client("leaf-pined")
    with pytest.raises(ValueError, match=r"no client 'ask'; nearest: ask-always, ask-never$"):
        client("ask")
    for unknown in (case, client):
        with pytest.raises(ValueError, match="`python -m lab list` names them all"):
            unknown("?!")


def test_reach_in_words() -> None:
    """A reach is said by its roles, from the top; the empty one has its own words."""
    assert str(Reach.INTERMEDIATE) == "root + intermediate"
    assert str(Reach({Role.LEAF, Role.ROOT})) == "root + leaf"
    assert str(Reach.TRUST_STORE) == "trust store only"


def test_scenes_that_repeat_another_are_shown_to_who_listens() -> None:
    """Where nobody asks for scenes, what was said before is in a table only beside a client that hears it."""
    for name, listens in {"unpinned": False, "first-use-key": False, "hpkp-capped": True, "successor": True}.items():
        shown = usually([client(name)])
        assert any(one.repeats for one in shown) is listens, name
        assert {one.name for one in CASES.values() if not one.repeats} <= {one.name for one in shown}
