"""
Three roads to one answer: the table written by hand, the rule, the sockets.

The rule: a client accepts exactly when each of its pin lists names a genuine
key that is on the path.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from expectations import (
    ANNOUNCED,
    ATTACKED,
    COLUMNS,
    EARNS,
    EXPECTED,
    LEGEND,
    LIKE,
    NEVER_APART,
    PUSHED,
    ROTATED,
    SAID_BESIDE,
    SHORT,
    letters,
    sees_only_the_path,
    with_twins,
)
from expectations import CLIENTS as EXPECTED_CLIENTS
from expectations import FURTHER as EXPECTED_FURTHER

from lab.observation import Evidence, Finding, Hangup, Line, Observation, Outcome
from lab.pki.paths import signed_by
from lab.pki.pins import seen
from lab.pki.world import HOST, World
from lab.policy.check import Basis, Known, Learnt, Stage, needs
from lab.policy.checks import HOST_NAME, VALIDATION
from lab.policy.clients import CLIENTS, FURTHER, Client, chosen
from lab.policy.clients import client as named
from lab.policy.pinset import PinList, PinSet, Reach, Role
from lab.scenes.catalogue import (
    CASES,
    Case,
    Fault,
    Kind,
    Meeting,
    Scene,
    attacked,
    attacks,
    first,
    rotations,
    twin_of,
)
from lab.trials.engine import Encounter
from lab.trials.matrix import Matrix, matrix
from lab.trials.rehearsal import Rehearsals
from lab.trials.sections import Score
from lab.trials.standing import Standing
from lab.trials.trial import run

EVERY = (*CLIENTS, *FURTHER)


def ran(whole: Matrix, scene: str) -> list[str]:
    """The clients that have a cell in this scene: all with --every, else of the further ones whom it concerns."""
    return [name for name in EVERY if (name, scene) in whole.trials]


def lived(name: str, whole: Matrix) -> list[Case]:
    """The scenes in which this client has a cell."""
    return [one for one in CASES.values() if (name, one.name) in whole.trials]


def twins(name: str, whole: Matrix) -> list[tuple[str, str]]:
    """The pairs in which this client has both cells, attack first."""
    here = {one.name for one in lived(name, whole)}
    return [(one.name, one.twin) for one in attacks() if one.twin and here >= {one.name, one.twin}]


OVERRIDDEN = ("installed_ca", "company_proxy")
"""Where the path ends in an anchor that was installed, which a browser lets override its pins."""

# ---- the table ------------------------------------------------------------------------------------


def test_the_table_names_every_scene_and_every_client() -> None:
    """The table written by hand has a row for each scene, under its kind, and a column for each client."""
    assert set(EXPECTED_CLIENTS) == set(CLIENTS)
    assert set(EXPECTED_FURTHER) == set(FURTHER)
    assert {one.name for one in rotations()} == ROTATED
    assert {one.name for one in attacks()} == ATTACKED


def test_a_client_is_like_another_except_where_it_differs() -> None:
    """Each exception in the table names a scene, and a letter that the other client does not have there."""
    for name, (other, but) in LIKE.items():
        usual = letters(other)
        assert [scene for scene, letter in but.items() if usual.get(scene, letter) == letter] == [], name


@pytest.mark.parametrize("scene", sorted(ROTATED | ATTACKED))
def test_the_table_is_what_the_sockets_did(scene: str, whole_matrix: Matrix) -> None:
    """In each scene, every client's outcome is the one that was written down before."""
    wrong = [
        f"{client} in {scene}: the table says {expected.value}, the sockets say {actual.value}"
        for client in ran(whole_matrix, scene)
        if (expected := EXPECTED[scene][client]) is not (actual := whole_matrix.cell(client, scene).outcome)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("scene", ANNOUNCED)
def test_every_meeting_is_what_was_written_down(scene: str, whole_matrix: Matrix) -> None:
    """Where what was said before counts: meeting by meeting, for every client."""
    for name in ran(whole_matrix, scene):
        met = [one.outcome for one in whole_matrix.cell(name, scene).encounters]
        assert met == [LEGEND[letter] for letter in COLUMNS[name][scene]], name


def apart(name: str, scenes: Iterable[str]) -> set[str]:
    """The columns that differ from this one in some meeting of these scenes."""
    return {one for one in EVERY if any(COLUMNS[one][scene] != COLUMNS[name][scene] for scene in scenes)}


@pytest.mark.parametrize("name", EVERY)
def test_a_column_earns_its_place(name: str) -> None:
    """It differs from every other in the scenes that are named, none too many; who never differs has a reason."""
    same = {one for group in NEVER_APART if name in group for one in group} | {name}
    assert apart(name, EARNS[name]) == {*EVERY} - same
    assert apart(name, COLUMNS[name]) == {*EVERY} - same
    for scene in EARNS[name]:
        assert apart(name, {*EARNS[name]} - {scene}) != {*EVERY} - same, scene


AN_ORDINARY = {"trusts-short-certificates": "short_life"}
"""The ordinary day of whom no ordinary certificate is good enough for."""


def test_every_client_can_do_an_ordinary_day(whole_matrix: Matrix) -> None:
    """On a day when nothing changes, everybody is served; else no other cell would mean anything."""
    everybody = ran(whole_matrix, "ordinary_day")
    days = {name: AN_ORDINARY.get(name, "ordinary_day") for name in everybody}
    outcomes = {name: whole_matrix.cell(name, day).outcome for name, day in days.items()}
    assert dict.fromkeys(everybody, Outcome.SERVED) == outcomes


@pytest.mark.parametrize("name", EVERY)
def test_the_scores_are_those_of_the_table(name: str, whole_matrix: Matrix) -> None:
    """What pinning buys and what it costs: the letters of the table that are no X, and those that are an S."""
    here = lived(name, whole_matrix)
    attacked, rotated = ({one.name for one in here} & scenes for scenes in (ATTACKED, ROTATED))
    stopped = sum(EXPECTED[scene][name] is not Outcome.INTERCEPTED for scene in attacked)
    kept = sum(EXPECTED[scene][name] is Outcome.SERVED for scene in rotated)
    counted = replace(whole_matrix, cases=tuple(here)).score(name)
    assert Score(stopped, len(attacked), kept, len(rotated)) == counted


# ---- the rule -------------------------------------------------------------------------------------

# What a client does not notice shows in the slips: each is wrong in one thing and right in the key. (No genuine
# service signs with a server's certificate; that fault shows in the attack which needs it.)
SHOWN_BY = {
    Fault.EXPIRED: "forgot_to_renew",
    Fault.WRONG_HOST: "reached_by_another_name",
    Fault.UNTRUSTED: "root_distrusted",
    Fault.NOT_A_CA: "leaf_as_ca",
}


def enrolled(client: Client) -> tuple[PinList, ...]:
    """A client that learns has no pins in its policy; what it enrolled, or came with, stands in for them."""
    kind = client.continuity
    if kind and not (kind.user and kind.user.rate):
        return PinSet.any_of(Role.CERTIFICATE if kind.certificate else Role.LEAF).lists
    preloaded = {Learnt.HEADER, Learnt.BUILT_IN} <= {*client.learnt}
    return PinSet.any_of(Role.LEAF, Role.BACKUP).lists if preloaded else ()


def notices(client: Client, fault: Fault) -> bool:
    """Whether the client refuses whatever has this fault, by the table."""
    return EXPECTED[SHOWN_BY[fault]][client.name] in (Outcome.OUTAGE, Outcome.STOPPED)


def predicted(client: Client, case: Case, sent: Reach) -> bool:
    """Whether the client accepts, from its pins and the genuine keys on the path; nobody connects."""
    if case.fails is Fault.NO_KEY:
        return False
    if client.switched_off:
        return True
    if case.fails and notices(client, case.fails):
        return False
    lists = enrolled(client) or client.pin_lists
    if case.name in OVERRIDDEN and Learnt.HEADER in client.learnt:
        return True
    seen = sent if any(check.basis is Basis.PRESENTED for check in client.policy) else case.reach
    return not lists or PinSet(lists).meets(seen)


def about(matrix: Matrix, client: str, scene: str) -> Encounter:
    """The meeting that the scene is about, as this client had it."""
    trial = matrix.cell(client, scene)
    return trial.encounters[trial.scene.about]


def is_standard(matrix: Matrix, case: Case) -> bool:
    """Whether the scene is the usual one: the honest enrolment, then the meeting it is about."""
    scene = matrix.cell("unpinned", case.name).scene
    return len(scene.meetings) == 2 and scene.about == 1


def test_only_a_calendar_of_its_own_has_another_shape(whole_matrix: Matrix) -> None:
    """Whatever a function says as one meeting is the usual scene; some of those that say a whole scene are not."""
    others = {name for name, case in CASES.items() if not is_standard(whole_matrix, case)}
    whole = {name for name, case in CASES.items() if not isinstance(case.build(World(**case.starts)), Meeting)}
    assert others <= whole
    assert {"two_servers", "first_contact", "session_resumed"} <= others


@pytest.mark.parametrize("name", EVERY)
def test_the_rule_is_what_the_sockets_did(name: str, whole_matrix: Matrix) -> None:
    """A client accepts exactly when it notices no fault, its pins meet the path, and nothing is said against it."""
    client = named(name)
    wrong = []
    left_out = {*CASES} - SHORT if name in AN_ORDINARY else SAID_BESIDE.get(name, set())
    for case in (x for x in lived(name, whole_matrix) if is_standard(whole_matrix, x) and x.name not in left_out):
        met = about(whole_matrix, name, case.name)
        scene = whole_matrix.cell(name, case.name).scene
        sent = Reach.of(map(seen, met.meeting.credential.chain), scene.site)
        if predicted(client, case, sent) is not met.verdict.accepted:
            wrong.append(f"{case.name}: {met.verdict.check}: {met.verdict.reason}")
    assert not wrong, "\n".join(wrong)


def test_a_wrong_rule_is_found_out(whole_matrix: Matrix) -> None:
    """The comparison can fail: with the root pinned instead of the leaf, the rule disagrees somewhere."""
    pretended = CLIENTS["root-pinned"]
    wrong = [
        case.name
        for case in CASES.values()
        if is_standard(whole_matrix, case)
        and predicted(pretended, case, case.reach) is not about(whole_matrix, "leaf-pinned", case.name).verdict.accepted
    ]
    assert "sibling_intermediate" in wrong
    assert "other_ca_same_key" in wrong


# ---- the staircase, and where it ends -------------------------------------------------------------

STAIRS = (Reach.TRUST_STORE, Reach.ROOT, Reach.INTERMEDIATE, Reach.LEAF, Reach.CERTIFICATE)
STEP: dict[str, int] = {Role.ROOT: 1, Role.INTERMEDIATE: 2, Role.LEAF: 3, Role.CERTIFICATE: 4}


def depth(pins: PinSet) -> int | None:
    """The step of the one role that is pinned: 1 for the root, 3 for the leaf; None for any other set."""
    named = [pin for one in pins.lists for pin in one.pins]
    return STEP.get(named[0]) if len(named) == 1 else None


DEEP = {name: PinSet(client.pin_lists) for name, client in CLIENTS.items() if client.pin_lists}
DEPTHS = {deep: pins for pins in DEEP.values() if (deep := depth(pins)) is not None}


def stairs_that_fit(reach: Reach) -> list[int]:
    """Each number n for which `depth <= n` says what the set rule says, for every pin set with a depth."""
    return [
        step for step in range(len(STAIRS)) if all((deep <= step) is pins.meets(reach) for deep, pins in DEPTHS.items())
    ]


def test_depth_and_reach_are_a_staircase() -> None:
    """Where the reach is a step, `depth <= reach` is the set rule, from root to certificate."""
    assert sorted(DEPTHS) == [1, 2, 3, 4]
    assert [stairs_that_fit(reach) for reach in STAIRS] == [[0], [1], [2], [3], [4]]


def test_where_depth_and_reach_serve_and_where_only_the_set_does() -> None:
    """In most scenes one number says it all; in three rotations, and in their mirrors, no number does."""
    fits = {name: stairs_that_fit(case.reach) for name, case in CASES.items()}
    no_step = {name for name, case in CASES.items() if case.reach not in STAIRS}
    assert {name: [STAIRS.index(case.reach)] for name, case in CASES.items() if name not in no_step} == {
        name: found for name, found in fits.items() if name not in no_step
    }
    only_the_set = {name for name, found in fits.items() if not found}
    assert with_twins(only_the_set) == only_the_set
    assert {name for name in only_the_set if CASES[name].kind is Kind.ROTATION} == {
        "other_intermediate_same_key",
        "other_ca_same_key",
        "chain_shortened",
    }
    # A backup key is on no stair, but it moves only those who pinned it, and they have no depth.
    assert no_step - only_the_set == with_twins({"backup_key", "backup_key_other_ca"})


# The rotations whose reach is a step, from the trust store to the very certificate.
STEPS = ("new_ca", "new_intermediate", "new_key", "same_key", "ordinary_day")


def test_the_depth_of_a_pin_set_stands_in_the_table() -> None:
    """Whoever has one depth refuses as many steps of the staircase as it is deep, and accepts the rest."""
    assert tuple(CASES[scene].reach for scene in STEPS) == STAIRS
    for name, pins in DEEP.items():
        deep = depth(pins)
        if deep is not None and not CLIENTS[name].switched_off:
            column = "".join(COLUMNS[name][scene] for scene in STEPS)
            assert column == "B" * deep + "S" * (len(STEPS) - deep), name


def test_pin_sets_without_a_depth() -> None:
    """Two roles, or two lists, have no depth; whatever names one role has one."""
    several = {name for name, pins in DEEP.items() if sum(len(one.pins) for one in pins.lists) > 1}
    assert {name for name, pins in DEEP.items() if depth(pins) is None} == several
    assert {"leaf-or-backup", "any-of-chain", "leaf-and-ca"} <= several


def test_the_staircase_over_sockets(whole_matrix: Matrix) -> None:
    """Four attacks and four clients make a staircase: accepted exactly where depth <= reach."""
    attack_of_step = [
        "other_trusted_ca",
        "sibling_intermediate",
        "same_intermediate",
        "stolen_key_new_certificate",
    ]
    ladder = ["unpinned", "root-pinned", "intermediate-pinned", "leaf-pinned"]
    actual = [[about(whole_matrix, client, attack).verdict.accepted for client in ladder] for attack in attack_of_step]
    assert [[depth <= step for depth in range(4)] for step in range(4)] == actual


# ---- what a scene declares ------------------------------------------------------------------------


def test_declared_reach_is_the_reach_of_the_recorded_path(whole_matrix: Matrix) -> None:
    """The set of genuine keys that a scene declares is the set found on the path that was verified."""
    measured, without_path = {}, set()
    for name in CASES:
        # only this client gets a path where a server's certificate signed
        client = "ignores-ca-flag" if name == "leaf_as_ca" else "unpinned"
        met = about(whole_matrix, client, name)
        if met.observation.path is None:
            without_path.add(name)
        else:
            site = whole_matrix.cell(client, name).scene.site
            measured[name] = Reach.of(met.observation.path, site)
    assert {name: CASES[name].reach for name in measured} == measured
    assert without_path == {name for name, case in CASES.items() if case.fails in {Fault.UNTRUSTED, Fault.EXPIRED}}


def test_an_attack_fails_validation_or_has_a_twin() -> None:
    """Each attack says why validation refuses it, or names the rotation that looks the same; never both."""
    assert [one.name for one in attacks() if bool(one.fails) is bool(one.twin)] == []


def test_a_twin_is_a_rotation_of_the_same_reach() -> None:
    """An attack that ordinary validation lets in has for its twin a rotation with as much of the genuine path."""
    twinned = [(one, twin_of(one)) for one in attacks() if one.twin]
    assert {attack.name for attack, _ in twinned} == {
        name for name in ATTACKED if EXPECTED[name]["unpinned"] is Outcome.INTERCEPTED
    }
    for attack, twin in twinned:
        assert twin is not None
        assert (Kind.ROTATION, attack.reach) == (twin.kind, twin.reach), attack.name
        assert twin_of(twin) is attack


def test_every_rotation_has_an_attack_of_its_own() -> None:
    """Each rotation that a policy may allow is a capability that it grants: somebody else can do the same."""
    assert [one.name for one in rotations() if twin_of(one) is None] == []


def test_a_rotation_without_an_attack_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule above can fail: without its mirror a rotation is a free lunch for whoever keeps it."""
    monkeypatch.delitem(CASES, "stolen_key_other_ca")
    assert [one.name for one in rotations() if twin_of(one) is None] == ["other_ca_same_key"]


def test_pins_by_the_written_name_do_not_cover_a_trailing_dot() -> None:
    """Pins that are looked up under the name as it is written: a link with a dot robs their owner."""
    pinned = named("leaf-pinned").policy[-1]

    def as_written(observation: Observation, known: Known) -> Finding:
        return pinned.find(observation, known) if observation.host == HOST else Finding("pins", True, "no such host")

    client = Client("as-written", "pins by name", (VALIDATION, HOST_NAME, replace(pinned, rule=as_written)))
    scenes = ("new_ca", "new_ca_trailing_dot", "other_trusted_ca", "other_trusted_ca_trailing_dot")
    found = {}
    for name in scenes:
        with Standing(CASES[name]) as standing:
            found[name] = run(client, standing).outcome
    assert list(found.values()) == [Outcome.OUTAGE, Outcome.SERVED, Outcome.STOPPED, Outcome.INTERCEPTED]


def test_a_mirror_shows_what_its_rotation_shows(whole_matrix: Matrix) -> None:
    """Names, algorithms, hosts, lengths, what is sent along and the store: attack and rotation differ in keys alone."""
    for mirror in (one for one in attacks() if one.twin):
        pair = (mirror.name, mirror.twin)
        met, other = (about(whole_matrix, "unpinned", name) for name in pair)
        assert shape(met) == shape(other), pair
    for pair in (("chain_stuffing", "new_ca"), ("forged_link", "cross_sign_sent_along")):
        met, other = (about(whole_matrix, "unpinned", name) for name in pair)
        assert shape(met) != shape(other), pair


def shape(met: Encounter) -> object:
    """What a path shows beside its keys, and how far what was sent hangs together, signature by signature."""
    seen = [(one.name, one.algorithm, one.hosts, one.is_ca) for one in met.observation.path or ()]
    presented = met.observation.presented
    sent = [(one.name, [signed_by(one, other) for other in presented]) for one in presented]
    return seen, sent, [one.name for one in met.meeting.store]


def test_who_walks_what_was_sent_is_robbed_along_the_genuine_cross_sign() -> None:
    """A pinned root that is reached signature by signature: the rotation's free lunch is the attacker's too."""

    def walk(observation: Observation, known: Known) -> Finding:
        ends = [observation.presented[0]]
        for one in observation.presented[1:]:
            ends += [one] if signed_by(ends[-1], one) else []
        issuers = {root.pin for root in anchors if signed_by(ends[-1], root)}
        return Finding("walk", bool(issuers & known.site[Role.ROOT]), "the root that what was sent leads to")

    pin = replace(named("root-pinned").policy[-1], rule=walk)
    client = Client("walks-what-was-sent", "walks what was sent", (VALIDATION, HOST_NAME, pin))
    found = {}
    for name in ("cross_sign_sent_along", "cross_sign_misused", "new_ca", "makeshift_link", "forged_link"):
        with Standing(CASES[name]) as standing:
            anchors = standing.scene.meetings[-1].anchors
            found[name] = run(client, standing).outcome.value
    assert list(found.values()) == ["served", "intercepted", "outage", "outage", "stopped"]


def test_attacks_have_an_attacker_and_rotations_have_none(whole_matrix: Matrix) -> None:
    """The meeting that an attack is about has an attacker on the line; no meeting of a rotation has."""
    for case in attacks():
        assert about(whole_matrix, "unpinned", case.name).meeting.line is Line.ATTACKER, case.name
    for case in rotations():
        lines = {one.line for one in whole_matrix.cell("unpinned", case.name).scene.meetings}
        assert lines == {Line.GENUINE}, case.name


@pytest.mark.parametrize("name", [name for name in EVERY if sees_only_the_path(named(name))])
def test_twins_get_the_same_verdict(name: str, whole_matrix: Matrix) -> None:
    """A client that sees only the path decides alike about an attack and its twin."""
    pairs = twins(name, whole_matrix)
    assert len(pairs) > 4
    attacked = {pair: about(whole_matrix, name, pair[0]).verdict.accepted for pair in pairs}
    rotated = {pair: about(whole_matrix, name, pair[1]).verdict.accepted for pair in pairs}
    assert attacked == rotated


@pytest.mark.parametrize("name", [name for name, one in CASES.items() if one.repeats])
def test_a_scene_repeats_another_to_whoever_sees_only_the_path(name: str, whole_matrix: Matrix) -> None:
    """The meeting that it is about is decided as in the scene that it names; somebody who listens differs somewhere."""
    other = CASES[name].repeats
    blind = [one for one in CLIENTS if sees_only_the_path(named(one)) and named(one).pin_lists]
    met = [one for one in blind if one in ran(whole_matrix, name)]
    for client in met:
        said = [about(whole_matrix, client, scene).verdict.accepted for scene in (name, other)]
        assert said[0] is said[1], client
    assert "leaf-pinned" in met
    assert len(blind) > 6
    listens = [one for one in EVERY if not sees_only_the_path(named(one))]
    told = any(COLUMNS[one][name] != COLUMNS[base][name] for one in listens for base in ("unpinned", "leaf-pinned"))
    assert told is (name not in NOBODY_IS_TOLD)


NOBODY_IS_TOLD = (
    *("staple_from_the_cache", "words_from_the_cache", "clock_set_back"),
    *("short_life", "short_key_stolen"),
)
"""A good word that still holds is one word, whoever brings it; and a short certificate is over for everybody."""


@pytest.mark.parametrize("name", [one.name for one in chosen("transparency") if not one.profile])
def test_a_log_tells_no_twins_apart(name: str, whole_matrix: Matrix) -> None:
    """What is in public is so whoever ordered it, and what is not may be a CA's or a log's mistake."""
    said = decided(name, twins(name, whole_matrix), whole_matrix)
    assert [pair for pair, (attacked, rotated) in said.items() if attacked is not rotated] == []
    assert {*said.values()} == {(True, True), (False, False)}


def pairs_of(name: str, whole: Matrix, *shelves: str) -> list[tuple[str, str]]:
    """The pairs of these shelves in which this client has both cells, attack first."""
    return [one for one in twins(name, whole) if CASES[one[0]].build.__module__.rpartition(".")[2] in shelves]


def decided(name: str, pairs: Iterable[tuple[str, str]], whole: Matrix) -> dict[tuple[str, str], tuple[bool, bool]]:
    """Whether this client accepted, in the attack and in its twin."""
    said = {pair: [about(whole, name, one).verdict.accepted for one in pair] for pair in pairs}
    return {pair: (attacked, rotated) for pair, (attacked, rotated) in said.items()}


HEARD = [one for one in chosen("revocation") if not one.profile and one.name != "crl-check-all-alone"]
BY_STAPLE = [one.name for one in HEARD if Evidence.STAPLE in needs(one.policy)]
FETCHING = [one.name for one in HEARD if needs(one.policy) & {Evidence.ANSWER, Evidence.LIST}]


@pytest.mark.parametrize(
    ("name", "shelves"),
    [*((one, ("revoked", "fetched")) for one in BY_STAPLE), *((one, ("fetched",)) for one in FETCHING)],
)
def test_what_a_thief_can_cut_tells_no_twins_apart(name: str, shelves: tuple[str, ...], whole_matrix: Matrix) -> None:
    """What a thief does to a staple or a way, breaks by itself: soft and hard are two answers to no question."""
    pairs = [pair for pair in pairs_of(name, whole_matrix, *shelves) if pair != SET_BACK]
    said = decided(name, pairs, whole_matrix)
    assert [pair for pair, (attacked, rotated) in said.items() if attacked is not rotated] == []
    assert {*said.values()} == {(True, True), (False, False)}


SET_BACK = ("clock_set_back", "clock_behind")


@pytest.mark.parametrize("name", [*BY_STAPLE, *FETCHING])
def test_a_clock_that_was_set_back_is_worse_than_one_that_is_behind(name: str, whole_matrix: Matrix) -> None:
    """The thief has a word of that day at hand, and the site has not: who is hard refuses only the site."""
    ((attacked, rotated),) = decided(name, [SET_BACK], whole_matrix).values()
    assert attacked
    assert rotated is (COLUMNS[name]["clock_behind"] == "S")


@pytest.mark.parametrize("name", ["pushed-list", "pushed-list-pinned"])
def test_an_update_tells_twins_apart(name: str, whole_matrix: Matrix) -> None:
    """Nobody can cut what came before; it is silent on what is newer than it, on CAs and on what nobody misses."""
    said = decided(name, pairs_of(name, whole_matrix, "fetched"), whole_matrix)
    silent = {pair for pair, (attacked, rotated) in said.items() if attacked is rotated}
    assert {pair: found for pair, found in said.items() if pair not in silent} == dict.fromkeys(
        [pair for pair in said if PUSHED.get(pair[0]) == "o"], (False, True)
    )
    assert {pair[0] for pair in silent} == {
        *("thief_before_the_update", "issuing_ca_stolen", "short_key_stolen", "clock_set_back"),
    }


@pytest.mark.parametrize("name", ["answer-hard", "answer-soft", "list-hard", "list-soft"])
def test_the_path_and_the_word_are_the_same_where_the_way_is_cut(name: str, whole_matrix: Matrix) -> None:
    """In the attack and its twin: each finding with its reason, for hard and for soft. What an update says is not."""
    cut = "every_word_cut", "ca_unreachable"
    kind, _, how = name.partition("-")
    attacked, rotated = (about(whole_matrix, name, one).verdict for one in cut)
    assert attacked.findings == rotated.findings
    assert f"the {kind} has no word" in attacked.reason
    assert attacked.accepted is (how == "soft")
    attacked, rotated = (about(whole_matrix, "pushed-list", one).verdict for one in cut)
    assert attacked.findings != rotated.findings


def test_scenes_that_are_no_twins_can_be_told_apart(whole_matrix: Matrix) -> None:
    """The pairs above are not alike because everything is: other pairs differ."""
    attacked = about(whole_matrix, "leaf-pinned", "same_intermediate").verdict
    rotated = about(whole_matrix, "leaf-pinned", "same_key").verdict
    assert (attacked.accepted, rotated.accepted) == (False, True)


# ---- what a trial records -------------------------------------------------------------------------


def test_every_verdict_carries_what_it_was_decided_on(whole_matrix: Matrix) -> None:
    """Each meeting's record has a path, or a validation error, or says that the session was resumed."""
    for (client, scene), trial in whole_matrix.trials.items():
        for met in trial.encounters:
            assert has_grounds(met.observation), f"{client} in {scene}: {met.observation}"


def has_grounds(observation: Observation) -> bool:
    return [observation.path is not None, observation.error is not None, observation.resumed].count(True) == 1


def test_every_verdict_names_a_check_of_its_policy(whole_matrix: Matrix) -> None:
    """The deciding check is one of the client's own, unless it has none, was switched off or nobody proved a key."""
    for (name, scene), trial in whole_matrix.trials.items():
        client = named(name)
        own = {check.name for check in client.policy}
        if client.switched_off:
            own = {"switched off"}
        elif not own:
            own = {"no check"}
        for met in (one for one in trial.encounters if not one.meeting.component):
            decided = {"handshake"} if met.observation.broken_off else own
            assert met.verdict.check in decided, f"{name} in {scene}"
            assert met.verdict.reason, f"{name} in {scene}"


def test_a_component_has_no_outcome(whole_matrix: Matrix) -> None:
    """A meeting of another part of the program is recorded and counts for nothing; others always count."""
    for trial in whole_matrix.trials.values():
        for met in trial.encounters:
            assert met.meeting.component is (met.outcome is None)


@pytest.mark.parametrize(("name", "handshakes"), [("unpinned", 3), ("leaf-pinned", 2)])
def test_the_attackers_own_calls_are_handshakes_too(name: str, handshakes: int) -> None:
    """Two meetings are two handshakes, and an attacker who was let in made a third."""
    assert matrix([CLIENTS[name]], [CASES["other_trusted_ca"]]).handshakes == handshakes


# ---- the policy and the sockets -------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
def test_the_pure_policy_expects_what_the_sockets_did(name: str, whole_matrix: Matrix, rehearsals: Rehearsals) -> None:
    """In every scene and at every meeting: verdict, outcome, and what was relayed are those of the real connection."""
    wrong = []
    for case in lived(name, whole_matrix):
        scene, meetings = case.name, rehearsals.met(named(name), case)
        trial = whole_matrix.cell(name, scene)
        own = {number for number, met in enumerate(trial.encounters) if not met.meeting.component}
        assert own == set(meetings)
        for number, one in meetings.items():
            met = trial.encounters[number]
            expected = (one.verdict.accepted, one.verdict.check, one.outcome, one.relayed)
            actual = (met.verdict.accepted, met.verdict.check, met.outcome, met.aftermath.relayed)
            if expected != actual:
                wrong.append(f"{scene}, meeting {number}: expected {expected}, the sockets did {actual}")
    assert not wrong, "\n".join(wrong)


def test_a_late_check_refuses_after_the_robbery(whole_matrix: Matrix) -> None:
    """A pin that is compared after the request refuses, and the attacker has the secret all the same."""
    late = whole_matrix.cell("checks-too-late", "other_trusted_ca")
    assert (late.verdict.accepted, late.verdict.check) == (False, "late leaf pin")
    assert late.outcome is Outcome.INTERCEPTED
    assert late.leaked > 0
    # the same pin inside the handshake
    timely = whole_matrix.cell("leaf-pinned", "other_trusted_ca")
    assert (timely.verdict.accepted, timely.outcome, timely.leaked) == (False, Outcome.STOPPED, 0)


def test_a_stopped_attacker_reads_nothing(whole_matrix: Matrix) -> None:
    """Not one application byte reaches an attacker who was stopped; one who was not has read some."""
    attacked = [one for one in whole_matrix.trials.values() if one.case.kind is Kind.ATTACK]
    stopped = {one.leaked for one in attacked if one.outcome is Outcome.STOPPED}
    robbed = {one.leaked for one in attacked if one.outcome is Outcome.INTERCEPTED}
    assert stopped == {0}
    assert min(robbed) > 0


def test_nothing_leaks_to_the_genuine_server(whole_matrix: Matrix) -> None:
    """Bytes count as leaked where an attacker read them, and nowhere else."""
    for trial in whole_matrix.trials.values():
        for met in trial.encounters:
            if met.meeting.line is Line.GENUINE:
                assert met.aftermath.leaked == 0


# ---- what a client remembers ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "outcomes"),
    [
        ("first-use-with-ca", [Outcome.STOPPED, Outcome.SERVED]),
        ("first-use-key", [Outcome.INTERCEPTED, Outcome.OUTAGE]),
    ],
)
def test_whom_a_client_refused_it_does_not_remember(name: str, outcomes: list[Outcome], whole_matrix: Matrix) -> None:
    """An attacker whom no CA helps comes first: who refuses him knows nobody yet, who asks no CA knows him."""
    met = whole_matrix.cell(name, "untrusted_first_contact").encounters
    assert outcomes == [one.outcome for one in met]


def test_every_client_says_yes_to_a_certificate_without_its_key_and_is_not_robbed(whole_matrix: Matrix) -> None:
    """Asked inside the handshake, each agrees; the handshake does not finish, and the observation says so."""
    for client in map(named, {*ran(whole_matrix, "certificate_without_its_key")} - {*AN_ORDINARY}):
        name = client.name
        met = about(whole_matrix, name, "certificate_without_its_key")
        assert met.observation.broken_off, name
        assert met.observation.path is not None, name
        assert (met.verdict.check, met.outcome, met.aftermath.sent) == ("handshake", Outcome.STOPPED, 0), name
        # a staple is looked at when the key is proven
        early = [one.name for one in client.at(Stage.HANDSHAKE) if Evidence.STAPLE not in one.needs]
        asked = [] if client.switched_off else early
        assert [(one.check, one.passed) for one in met.verdict.findings] == [(check, True) for check in asked], name
        assert met.aftermath.view.hung_up is Hangup.NOTHING_CAME
    # who says no is not broken off, and who is shown a key as well goes on
    assert not about(whole_matrix, "leaf-pinned", "other_trusted_ca").observation.broken_off
    assert not about(whole_matrix, "leaf-pinned", "stolen_key_and_certificate").observation.broken_off


@pytest.mark.parametrize("name", [name for name, one in CLIENTS.items() if any(x.remembers for x in one.policy)])
def test_nobody_learns_from_a_handshake_that_did_not_finish(name: str) -> None:
    """A certificate without its key comes first, and teaches nothing; the same one with its key is remembered."""
    learnt = {}
    for keyless in (True, False):

        def build(world: World, keyless: bool = keyless) -> Scene:
            copied = attacked(world, world.genuine, keyless=keyless)
            return first(world, copied, "the attacker is there first", later="the genuine server")

        with Standing(replace(CASES["first_contact"], name="made_up", build=build)) as standing:
            met, later = run(CLIENTS[name], standing).encounters
        learnt[keyless] = met.learnt.memory != met.known.memory
        assert later.outcome is Outcome.SERVED
    assert learnt == {True: False, False: True}
