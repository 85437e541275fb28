"""
What would turn an outcome is really the smallest edit, and really turns it.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

import lab.policy.profiles  # noqa: F401  (registers the profiles)
from lab.observation import BAD, Outcome
from lab.policy import checks
from lab.policy.checks import Basis, Check, Stage
from lab.policy.clients import CLIENTS, PROFILES, Client
from lab.policy.clients import client as named
from lab.scenes.catalogue import CASES, case
from lab.trials.flip import TURNED, Flip, edits, flip, sentence
from lab.trials.matrix import Matrix, matrix
from lab.trials.rehearsal import Rehearsals, rehearse
from lab.trials.trial import Trial, trial

# (client, scene) -> how many edits turn the outcome
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
    ("checks-too-late", "other_trusted_ca"): 1,
    # stopped before the careless check was asked: without the one that stopped it, the check comes too late
    ("checks-too-late", "self_signed_certificate"): 1,
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


Flips = dict[tuple[str, str], tuple[Trial, Flip | None]]


@pytest.fixture(scope="module")
def flips(rehearsals: Rehearsals) -> Flips:
    trials = {(client, scene): trial(CLIENTS[client], case(scene)) for client, scene in SAMPLE}
    return {cell: (done, flip(done, rehearsals)) for cell, done in trials.items()}


def turned(edited: Client, done: Trial, rehearsals: Rehearsals) -> bool:
    """Whether the pure policy of an edited client brings another outcome at the meeting that the trial shows."""
    return rehearse(edited, rehearsals.of(done.case, edited))[done.worst].outcome is not done.outcome


@pytest.mark.parametrize("cell", SAMPLE, ids=" in ".join)
@pytest.mark.sampled(3)
def test_the_edit_is_found_and_is_the_smallest(cell: tuple[str, str], flips: Flips, rehearsals: Rehearsals) -> None:
    """The edit turns the outcome when the scene is run again, and no smaller one does."""
    done, found = flips[cell]
    assert SAMPLE[cell] == (found.edits if found else 0)
    if found:
        again = trial(found.client, done.case).encounters[done.worst]
        assert again.outcome is TURNED[done.outcome]
        assert sentence(found, done).startswith(found.words)
    if SAMPLE[cell] == 2:
        assert [words for words, edited in next(edits(done.client)) if turned(edited, done, rehearsals)] == []


def test_an_unedited_client_does_not_turn(flips: Flips) -> None:
    """Run again as it is, a client fares as before: it is the edit that turns the outcome."""
    for cell in list(SAMPLE)[:6]:
        done, _ = flips[cell]
        again = trial(done.client, done.case).encounters[done.worst]
        assert (again.verdict, again.outcome) == (done.verdict, done.outcome)


@pytest.mark.sampled(0)
def test_the_other_scenes_are_counted_right(flips: Flips) -> None:
    """The scenes that are said to change too are those that change when all are run again."""
    cells = [("first-use-key", "expired_with_stolen_key")]
    ran = matrix([CLIENTS[client] for client, _ in cells], CASES.values())
    turns = {cell: found for cell in cells if (found := flips[cell][1])}
    again = matrix([turns[cell].client for cell in cells], CASES.values())

    def outcomes(run: Matrix, client: str, scene: str) -> list[Outcome | None]:
        return [met.outcome for met in run.cell(client, scene).encounters]

    for client, scene in cells:
        said = turns[client, scene].others
        changed = [one for one in CASES if outcomes(again, client, one) != outcomes(ran, client, one)]
        assert sorted([*said, scene]) == sorted(changed)


def test_of_the_smallest_edits_the_mildest_wins(flips: Flips, rehearsals: Rehearsals) -> None:
    """No other single edit that turns the outcome changes fewer other scenes."""
    done, found = flips["root-pinned", "sibling_intermediate"]
    assert found is not None

    def outcomes(client: Client) -> dict[str, list[Outcome]]:
        expected = rehearsals.expected(client)
        return {name: [one.outcome for one in met.values()] for name, met in expected.items()}

    before = outcomes(done.client)
    able = [edited for _, edited in next(edits(done.client)) if turned(edited, done, rehearsals)]
    prices = [sum(after[name] != before[name] for name in after) - 1 for after in map(outcomes, able)]
    assert len(found.others) == min(prices) < max(prices)


def test_edits_do_not_repeat_themselves() -> None:
    """Each edited client comes once, and the client itself never."""
    client = CLIENTS["unpinned"]
    rings = edits(client)
    every = [edited for _ in range(2) for _, edited in next(rings)]
    assert client not in every
    assert len(every) == len(set(every))


def test_nothing_turns_a_client_that_is_switched_off(rehearsals: Rehearsals) -> None:
    """No check helps where the checks themselves are replaced, and the sentence says so."""
    done = trial(CLIENTS["switched-off"], case("new_ca"))
    assert flip(done, rehearsals) is None
    assert sentence(None, done) == "nothing in the policy: its decision is replaced while the program runs"


@pytest.mark.parametrize("client", ["unpinned", "leaf-pinned", "certificate-pinned", "first-use-certificate"])
def test_nothing_turns_the_stolen_key_with_its_certificate(client: str, rehearsals: Rehearsals) -> None:
    """Whoever holds key and certificate is the genuine service on the path; only another clue could tell."""
    done = trial(CLIENTS[client], case("stolen_key_and_certificate"))
    assert flip(done, rehearsals) is None
    assert sentence(None, done) == "no check of this lab: on the path this is the genuine service, to the last bit"


# ---- a small matrix ------------------------------------------------------------------------------

ROWS = (
    *(CLIENTS[name] for name in ("unpinned", "leaf-pinned", "pins-presented-chain", "checks-too-late")),
    *(CLIENTS[name] for name in ("skips-when-resumed", "switched-off")),
    *(PROFILES[name] for name in ("chromium-list", "curl-ca-pin", "dane-2", "httpx-response")),
)
COLUMNS = (
    "ordinary_day",
    "new_ca",
    "first_visit_before_a_move",
    "other_trusted_ca",
    "self_signed_certificate",
    "session_resumed",
    "stolen_key_and_certificate",
)


@pytest.fixture(scope="module")
def small(rehearsals: Rehearsals) -> Flips:
    done = matrix(ROWS, [case(name) for name in COLUMNS])
    return {cell: (shown, flip(shown, rehearsals)) for cell, shown in done.trials.items()}


@pytest.mark.parametrize("scene", COLUMNS)
@pytest.mark.sampled(2)
def test_every_edit_turns_the_outcome_when_it_is_run(scene: str, small: Flips) -> None:
    """A real trial of each edited client turns the shown meeting; one of each client as it was does not."""
    cells = [(done, found) for (_, name), (done, found) in small.items() if name == scene]
    edited = [replace(found.client, name=done.client.name) for done, found in cells if found]
    after, unedited = matrix(edited, [case(scene)]), matrix([done.client for done, _ in cells], [case(scene)])
    for done, found in cells:
        assert unedited.cell(done.client.name, scene).encounters[done.worst].outcome is done.outcome
        if found:
            again = after.cell(done.client.name, scene)
            assert again.encounters[done.worst].outcome is TURNED[done.outcome], (done.client.name, found.words)
            assert again.outcome is found.outcome


def test_where_there_is_no_edit_nothing_could_help(small: Flips) -> None:
    """No answer comes for the client that is switched off, on an ordinary day, and where the thief has everything."""
    none = {cell for cell, (_, found) in small.items() if not found}
    everything = {(one.name, "stolen_key_and_certificate") for one in ROWS}
    expected = {("switched-off", name) for name in COLUMNS} | {(one.name, "ordinary_day") for one in ROWS} | everything
    # pins that never match: there is an outage before any thief comes, and that can be turned
    broken_anyway = {("curl-ca-pin", "ordinary_day"), ("curl-ca-pin", "stolen_key_and_certificate")}
    assert none == expected - broken_anyway


def test_a_repair_does_not_only_move_the_harm(small: Flips, rehearsals: Rehearsals) -> None:
    """After a repair no meeting of the scene is bad, wherever some edit of that size can have it so."""
    for (who, scene), (done, found) in small.items():
        if found and done.outcome in BAD and (who, scene) != ("curl-ca-pin", "stolen_key_and_certificate"):
            assert found.outcome not in BAD, (who, scene, found.words)

    # A control: another edit of one check turns the same meeting, and the outage comes one meeting later.
    done, found = small["leaf-pinned", "first_visit_before_a_move"]
    assert found is not None
    other = replace(done.client, policy=(*done.client.policy[:-1], checks.KNOWN_KEY))
    again = trial(other, done.case)
    assert found.edits == 1
    assert turned(other, done, rehearsals)
    assert (again.encounters[done.worst].outcome, again.outcome) == (Outcome.SERVED, Outcome.OUTAGE)


def test_where_the_harm_can_only_be_moved_the_sentence_says_so(small: Flips) -> None:
    """A pin that nothing matches is an outage; without it the thief who has everything is let in."""
    done, found = small["curl-ca-pin", "stolen_key_and_certificate"]
    assert found is not None
    assert (done.outcome, found.outcome) == (Outcome.OUTAGE, Outcome.INTERCEPTED)
    assert sentence(found, done).endswith("; this scene is then intercepted at another meeting")
    for done, found in small.values():
        if found and done.outcome in BAD and found.outcome not in BAD:
            assert "at another meeting" not in sentence(found, done)


# ---- a check that comes too late -----------------------------------------------------------------


@pytest.mark.parametrize("scene", ["other_trusted_ca", "chain_stuffing", "same_intermediate", "first_contact"])
def test_the_late_check_is_moved_into_the_handshake(scene: str, rehearsals: Rehearsals) -> None:
    """The same pin asked in time stops the attacker, who read nothing; the verdict was a refusal all along."""
    done = trial(CLIENTS["checks-too-late"], case(scene))
    assert (done.verdict.accepted, done.outcome) == (False, Outcome.INTERCEPTED)
    assert done.leaked > 0
    found = flip(done, rehearsals)
    assert found is not None
    assert found.words == "replace the late leaf pin check by the leaf pin check"
    again = trial(found.client, done.case)
    assert (again.verdict.accepted, again.outcome, again.leaked) == (False, Outcome.STOPPED, 0)


def test_an_edit_that_turns_only_the_verdict_is_no_answer(rehearsals: Rehearsals) -> None:
    """Without its late check the client accepts, and the attacker has the secret as before."""
    done = trial(CLIENTS["checks-too-late"], case("other_trusted_ca"))
    without = replace(done.client, policy=done.client.policy[:-1])
    again = trial(without, done.case)
    assert again.verdict.accepted is not done.verdict.accepted
    assert again.outcome is done.outcome is Outcome.INTERCEPTED
    assert not turned(without, done, rehearsals)


@pytest.mark.sampled(0)
def test_moving_the_check_changes_no_verdict(rehearsals: Rehearsals) -> None:
    """The other scenes that change are attacks that were lost; every verdict stays, so no rotation is."""
    ran = matrix([CLIENTS["checks-too-late"]], CASES.values())
    done = ran.cell("checks-too-late", "other_trusted_ca")
    found = flip(done, rehearsals)
    assert found is not None
    before, after = rehearsals.expected(done.client), rehearsals.expected(found.client)
    for name in CASES:
        verdicts = [[one.verdict.accepted for one in met[name].values()] for met in (before, after)]
        assert verdicts[0] == verdicts[1]
    late = {name: ran.cell("checks-too-late", name).encounters for name in CASES}
    assert {*found.others, "other_trusted_ca"} == {
        name
        for name, encounters in late.items()
        if any(met.outcome is Outcome.INTERCEPTED and not met.verdict.accepted for met in encounters)
    }


def test_a_late_check_that_has_no_sound_twin_is_moved_as_it_is(rehearsals: Rehearsals) -> None:
    """A check of somebody's own is asked inside the handshake, by the same rule."""
    by_name = Check(
        "issuer's name",
        lambda seen, known: (bool(seen.path and "Honest" in seen.path[-1].name), "by the root's name"),
        Basis.PATH,
        Stage.AFTER_REQUEST,
    )
    done = trial(Client("mine", "reads a name, late", (*CLIENTS["unpinned"].policy, by_name)), case("other_trusted_ca"))
    found = flip(done, rehearsals)
    assert done.outcome is Outcome.INTERCEPTED
    assert found is not None
    assert found.words == "move the issuer's name check into the handshake"
    assert found.client.policy[-1] == replace(by_name, stage=Stage.HANDSHAKE)
    assert found.outcome is Outcome.STOPPED


def test_a_validator_that_is_lenient_is_told_what_it_lets_through(rehearsals: Rehearsals) -> None:
    """Two validators ignore errors; each is told which, in its own words."""
    words = [edited for name in ("ignores-ca-flag", "dane-2") for edited, _ in next(edits(named(name)))]
    assert words.count("add the CA flag check") == words.count("insist on a path to a trust anchor") == 1
    assert not {"add the CA flag check", "insist on a path to a trust anchor"} & {
        edited for edited, _ in next(edits(CLIENTS["leaf-pinned"]))
    }


def test_the_sooner_answer_is_the_rules(rehearsals: Rehearsals) -> None:
    """For clients and profiles one edit away, in every scene: what is asked check by check is what the mind expects."""
    for client in (CLIENTS["pins-presented-chain"], CLIENTS["checks-too-late"], PROFILES["dane-2"]):
        for _, edited in next(edits(client))[::4]:
            for one in CASES.values():
                expected = {number: met.outcome for number, met in rehearsals.met(edited, one).items()}
                assert rehearsals.outcomes(edited, one) == expected, (edited.policy, one.name)
