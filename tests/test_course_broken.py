"""The checks of notebook 06: the right diagnosis and the right repair pass, and what only looks right does not."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from lab.course import broken
from lab.course.broken import Probe
from lab.observation import Observation, Outcome
from lab.policy.clients import CLIENTS
from lab.scenes.catalogue import case
from lab.trials.matrix import matrix
from lab.trials.trial import trial
from lab.wire.listener import running

TELLS = {
    "self_signed_certificate": "switched-off",
    "other_trusted_ca": "checks-too-late",
    "chain_stuffing": "pins-presented-chain",
    "other_hosts_certificate": "no-host-name-check",
    "leaf_as_ca": "ignores-ca-flag",
    "session_resumed": "skips-when-resumed",
}


def diagnoses(probe: Probe) -> str:
    return next((bug for scene, bug in TELLS.items() if probe(scene) == "intercepted"), "sound")


def looks_on_the_path(observation: Observation, pins: frozenset[str]) -> bool:
    return any(one.pin in pins for one in observation.path or ())


# ---- the test day --------------------------------------------------------------------------------


def test_on_the_test_day_the_careless_behave_as_their_sound_partners() -> None:
    """This is what the notebook's surprise rests on; the one that is switched off is the negative control."""
    said = broken.test_day([*broken.CARELESS, "leaf-pinned", "intermediate-pinned"])
    right = ["accepted", "refused", "refused", "refused", "refused"]
    assert {name for name in said if said[name] == right} == {*said} - {"switched-off"}
    assert said["switched-off"] == ["accepted"] * 5
    for name in broken.CARELESS:
        if name != "switched-off":
            assert said[name] == said[broken.sound_partner(name)]


def test_a_pin_hides_the_missing_name_check_from_the_usual_test() -> None:
    found = {
        name: trial(CLIENTS[name], broken.other_name_other_ca).outcome
        for name in ("no-host-name-check", "unpinned", "trust-everything")
    }
    assert found == {
        "no-host-name-check": Outcome.STOPPED,
        "unpinned": Outcome.STOPPED,
        "trust-everything": Outcome.INTERCEPTED,
    }


# ---- name the bug --------------------------------------------------------------------------------


def test_the_right_diagnosis_passes() -> None:
    assert broken.diagnosis(diagnoses).solved


def test_the_order_of_the_questions_matters() -> None:
    """Who asks first where several clients are robbed names the wrong bug."""

    def backwards(probe: Probe) -> str:
        return next((bug for scene, bug in reversed(TELLS.items()) if probe(scene) == "intercepted"), "sound")

    assert not broken.diagnosis(backwards).solved


def test_a_table_of_the_matrix_that_the_notebook_shows_fails() -> None:
    """Rows of outcomes by heart: the clients that are judged have other pins, and one bug has no row there."""
    scenes = [name for name in TELLS if name != "self_signed_certificate"]
    names = [name for name in broken.CARELESS if name != "switched-off"] + ["leaf-pinned", "intermediate-pinned"]
    shown = matrix([CLIENTS[name] for name in names], [case(scene) for scene in scenes])
    rows = {tuple(shown.cell(name, scene).outcome.value for scene in scenes): name for name in names}

    def by_heart(probe: Probe) -> str:
        bug = rows.get(tuple(probe(scene) for scene in scenes), "sound")
        return bug if bug in broken.CARELESS else "sound"

    assert not broken.diagnosis(by_heart).solved


def test_no_unnamed_client_behaves_in_every_scene_as_the_named_one_with_its_bug() -> None:
    """Three scenes tell their pins apart; only the one that is switched off is the same with any pin."""
    scenes = [case(name) for name in ("sibling_intermediate", "new_key", "chain_stuffing")]
    pins = dict(one for one in broken.suspects(random.Random()) if one[0] in broken.CARELESS)
    rows = matrix(
        [CLIENTS[bug] for bug in pins] + [replace(one, name=f"unnamed {bug}") for bug, one in pins.items()], scenes
    )
    same = [
        bug
        for bug in pins
        if all(rows.cell(bug, one.name).outcome == rows.cell(f"unnamed {bug}", one.name).outcome for one in scenes)
    ]
    assert same == ["switched-off"]


def test_each_bug_and_sound_clients_are_among_the_suspects() -> None:
    drawn = broken.suspects(random.Random())
    assert sorted(bug for bug, _ in drawn) == sorted([*broken.CARELESS, "sound", "sound"])
    assert {client.name for _, client in drawn} == {"unnamed"}
    orders = {tuple(bug for bug, _ in broken.suspects(random.Random(seed))) for seed in range(5)}
    assert len(orders) > 1


# ---- repair --------------------------------------------------------------------------------------


def test_the_repaired_check_passes() -> None:
    assert broken.repair(looks_on_the_path).solved


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        (lambda observation, pins: any(one.pin in pins for one in observation.presented), "chain_stuffing, leaf"),
        (lambda observation, pins: not observation.path or looks_on_the_path(observation, pins), "session_resumed"),
        (lambda observation, pins: bool(observation.path) and observation.path[0].pin in pins, "root pinned"),
        # the names of the path in the notebook, by heart
        (
            lambda observation, pins: (
                [one.name for one in observation.path or ()] == ["bank.example", "Honest Issuing CA 1", "Honest Root"]
            ),
            "ordinary_day",
        ),
    ],
)
def test_a_wrong_repair_is_told_in_which_scene(wrong: Any, where: str) -> None:
    report = broken.repair(wrong)
    assert str(report).startswith("✗ not yet")
    assert where in str(report)


# ---- manners -------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", [broken.diagnosis, broken.repair])
@pytest.mark.parametrize("nonsense", [lambda *given: 1 / 0, lambda *given: object(), lambda: None])
def test_whatever_a_candidate_does_is_reported_and_not_raised(check: Any, nonsense: Any) -> None:
    before = len(running())
    assert not check(nonsense).solved
    assert len(running()) == before


def test_a_scene_that_there_is_not_is_a_finding() -> None:
    report = broken.diagnosis(lambda probe: probe("no_such_scene"))
    assert "it raised ValueError: there is no scene 'no_such_scene'" in str(report)


def test_a_report_never_holds_the_answer() -> None:
    said = str(broken.diagnosis(lambda probe: "sound"))
    assert [bug for bug in broken.CARELESS if bug in said] == []


def test_a_practice_box_answers_as_the_client_inside() -> None:
    probe = broken.box("no-host-name-check")
    assert [probe("ordinary_day"), probe("other_hosts_certificate")] == ["served", "intercepted"]
