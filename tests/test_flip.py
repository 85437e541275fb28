"""
What would turn a verdict is really the smallest edit, and really turns it.
"""

from __future__ import annotations

import pytest

from lab.observation import Outcome
from lab.policy.clients import CLIENTS, Client
from lab.scenes.catalogue import CASES
from lab.trials.flip import Flip, edits, flip, sentence
from lab.trials.matrix import Matrix, matrix
from lab.trials.rehearsal import Rehearsals, rehearse
from lab.trials.trial import Trial, trial

# (client, scene) -> how many edits turn the verdict
SAMPLE = {
    # robbed, and one more check helps
    ("trust-everything", "self_signed_certificate"): 1,
    ("trust-everything", "other_hosts_certificate"): 1,
    ("unpinned", "other_trusted_ca"): 1,
    ("unpinned", "installed_ca"): 1,
    ("root-pinned", "sibling_intermediate"): 1,
    ("intermediate-pinned", "same_intermediate"): 1,
    ("leaf-pinned", "stolen_key_new_certificate"): 1,
    ("leaf-or-backup", "stolen_backup_key"): 1,
    ("any-of-chain", "sibling_intermediate"): 1,
    ("first-use-key", "first_contact"): 1,
    ("first-use-key", "expired_with_stolen_key"): 1,
    ("first-use-with-ca", "first_contact"): 1,
    # careless
    ("pins-presented-chain", "chain_stuffing"): 1,
    ("no-host-name-check", "other_hosts_certificate"): 1,
    ("ignores-ca-flag", "leaf_as_ca"): 1,
    ("skips-when-resumed", "session_resumed"): 1,
    # refused, and one check less or another one would accept
    ("root-pinned", "new_ca"): 1,
    ("intermediate-pinned", "new_intermediate"): 1,
    ("leaf-pinned", "new_key"): 1,
    ("certificate-pinned", "same_key"): 1,
    ("checks-too-late", "new_ca"): 1,
    ("leaf-and-ca", "other_ca_same_key"): 1,
    ("unpinned", "self_signed_certificate"): 1,
    ("leaf-pinned", "expired_with_stolen_key"): 2,
    # two checks object, each for its own reason
    ("leaf-pinned", "self_signed_certificate"): 2,
    ("no-host-name-check", "leaf_as_ca"): 2,
    ("unpinned", "ordinary_day"): 0,
}


@pytest.fixture(scope="module")
def flips(whole_matrix: Matrix, rehearsals: Rehearsals) -> dict[tuple[str, str], tuple[Trial, Flip | None]]:
    trials = {cell: whole_matrix.cell(*cell) for cell in SAMPLE}
    return {cell: (done, flip(done, rehearsals)) for cell, done in trials.items()}


def turned(edited: Client, done: Trial, rehearsals: Rehearsals) -> bool:
    """Whether the pure policy of an edited client decides otherwise at the meeting that the trial shows."""
    verdict, _ = rehearse(edited, rehearsals.of(done.case, edited))[done.worst]
    return verdict.accepted is not done.verdict.accepted


@pytest.mark.parametrize("cell", SAMPLE, ids=" in ".join)
def test_the_edit_is_found_and_is_the_smallest(cell: tuple[str, str], flips, rehearsals: Rehearsals) -> None:  # type: ignore[no-untyped-def]
    """The edit turns the verdict when the scene is run again, and no smaller one does."""
    done, found = flips[cell]
    assert SAMPLE[cell] == (found.edits if found else 0)
    if found:
        again = trial(found.client, done.case).encounters[done.worst]
        assert again.verdict.accepted is not done.verdict.accepted
        assert sentence(found, done).startswith(found.words)
    if SAMPLE[cell] == 2:
        assert [words for words, edited in next(edits(done.client)) if turned(edited, done, rehearsals)] == []


def test_an_unedited_client_does_not_turn(flips) -> None:  # type: ignore[no-untyped-def]
    """Run again as it is, a client decides as before: it is the edit that turns the verdict."""
    for cell in list(SAMPLE)[:6]:
        done, _ = flips[cell]
        assert trial(done.client, done.case).encounters[done.worst].verdict == done.verdict


def test_the_other_scenes_are_counted_right(flips, whole_matrix: Matrix) -> None:  # type: ignore[no-untyped-def]
    """The scenes that are said to change too are those that change when all are run again."""
    cells = [
        ("trust-everything", "self_signed_certificate"),
        ("root-pinned", "sibling_intermediate"),
        ("pins-presented-chain", "chain_stuffing"),
        ("first-use-key", "expired_with_stolen_key"),
    ]
    again = matrix([flips[cell][1].client for cell in cells])

    def outcomes(run: Matrix, client: str, scene: str) -> list[Outcome | None]:
        return [met.outcome for met in run.cell(client, scene).encounters]

    for client, scene in cells:
        said = flips[client, scene][1].others
        changed = [one for one in CASES if outcomes(again, client, one) != outcomes(whole_matrix, client, one)]
        assert sorted([*said, scene]) == sorted(changed)


def test_of_the_smallest_edits_the_mildest_wins(flips, rehearsals: Rehearsals) -> None:  # type: ignore[no-untyped-def]
    """No other single edit that turns the verdict changes fewer other scenes."""
    done, found = flips["root-pinned", "sibling_intermediate"]

    def outcomes(client: Client) -> dict[str, list[Outcome]]:
        expected = rehearsals.expected(client)
        return {name: [outcome for _, outcome in met.values()] for name, met in expected.items()}

    before = outcomes(done.client)
    able = [edited for _, edited in next(edits(done.client)) if turned(edited, done, rehearsals)]
    prices = [sum(after[name] != before[name] for name in after) - 1 for after in map(outcomes, able)]
    assert len(able) > 1
    assert len(found.others) == min(prices) == 4


def test_edits_do_not_repeat_themselves() -> None:
    """Each edited client comes once, and the client itself never."""
    client = CLIENTS["unpinned"]
    rings = edits(client)
    every = [edited for _ in range(2) for _, edited in next(rings)]
    assert client not in every
    assert len(every) == len(set(every))


def test_nothing_turns_a_client_that_is_switched_off(whole_matrix: Matrix, rehearsals: Rehearsals) -> None:
    """No check helps where the checks themselves are replaced, and the sentence says so."""
    done = whole_matrix.cell("switched-off", "new_ca")
    assert flip(done, rehearsals) is None
    assert sentence(None, done) == "nothing in the policy: its decision is replaced while the program runs"


@pytest.mark.parametrize("client", ["unpinned", "leaf-pinned", "certificate-pinned", "first-use-certificate"])
def test_nothing_turns_the_stolen_key_with_its_certificate(
    client: str, whole_matrix: Matrix, rehearsals: Rehearsals
) -> None:
    """Whoever holds key and certificate is the genuine service on the path; only another clue could tell."""
    done = whole_matrix.cell(client, "stolen_key_and_certificate")
    assert flip(done, rehearsals) is None
    assert sentence(None, done) == "no check of this lab: on the path this is the genuine service, to the last bit"
