"""The capstone: events and how they are scored, why nobody wins both, and the check of its exercise."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from expectations import EXPECTED, sees_only_the_path

from lab.course import capstone
from lab.course.capstone import Arrival, Balance, Scoreboard, Season
from lab.observation import Observation, Outcome
from lab.pki.world import World
from lab.policy.checks import LEAF_PIN, VALIDATION, Known
from lab.policy.clients import CLIENTS
from lab.policy.pinset import PinSet, Reach, Role
from lab.scenes.catalogue import CASES, Case, Holds, Kind, Meeting, Way, attack, attacked, case
from lab.trials.trial import trial


def leaf_or_backup(observation: Observation, known: Known) -> bool:
    seen = {one.pin for one in observation.path or ()}
    return bool(seen & (known.site[Role.LEAF] | known.site[Role.BACKUP]))


# ---- events ---------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_events() -> None:
    """Twelve by default; another seed, other events; no attack where none is wanted."""
    names = [event.case.name for event in capstone.draw()]
    assert names == [event.case.name for event in capstone.draw(capstone.SEED)]
    assert len(listed(capstone.SEED)) == 12
    assert names != [event.case.name for event in capstone.draw(capstone.SEED + 1)]
    kinds = {event.case.kind for event in capstone.draw(attacks=0, count=50)}
    assert kinds == {Kind.ROTATION}
    assert {event.case.kind for event in capstone.draw(attacks=1, count=50)} == {Kind.ATTACK}


def test_every_event_is_in_the_catalogue_under_its_kind() -> None:
    """The names that can be drawn are scenes, each in the right list, and each once."""
    assert {CASES[name].kind for name in capstone.ATTACKS} == {Kind.ATTACK}
    assert {CASES[name].kind for name in capstone.ROTATIONS} == {Kind.ROTATION}
    names = [event.case.name for event in capstone.each_once()]
    assert len(set(names)) == len(names)


def test_an_event_may_have_a_date() -> None:
    """Without one nothing is said of time; with one it stands before the words."""
    assert Arrival(case("new_key")).when is None
    dated = Arrival(case("new_key"), datetime(2026, 5, 4, tzinfo=UTC))
    assert dated.words == f"2026-05-04 {Arrival(case('new_key')).words}"


SHOWN = """
2026-04-29 other_trusted_ca, 2026-05-10 two_servers, 2026-06-26 untrusted_rogue_ca, 2026-08-09 new_intermediate,
2027-04-26 self_signed_certificate, 2027-11-25 installed_ca, 2028-02-12 other_ca_same_key, 2028-03-02 first_contact,
2029-06-24 new_ca, 2029-09-15 new_key, 2029-11-16 new_intermediate, 2030-08-26 session_from_another_component
"""
FRESH_SEASONS = "be483b3faa0266bfaa9e754331ca4672f46431733397541f39db7d719a55a2e8"


def listed(seed: int, count: int = capstone.COUNT) -> list[Arrival]:
    """What a seed draws from the lists, without the newcomers of the catalogue."""
    return [one for one in capstone.draw(seed, count) if one.case.name in (*capstone.ATTACKS, *capstone.ROTATIONS)]


def test_the_lists_and_a_seed_say_which_events_come() -> None:
    """The twelve that the notebook is written about, with their days, and the 400 draws of its fresh seasons."""

    def dated(seed: int) -> str:
        return ", ".join(f"{one.when:%Y-%m-%d} {one.case.name}" for one in listed(seed))

    assert dated(capstone.SEED) == " ".join(SHOWN.split())
    every = "\n".join(map(dated, range(1000, 1400)))
    assert hashlib.sha256(every.encode()).hexdigest() == FRESH_SEASONS


def test_a_scene_is_drawn_is_left_out_or_is_a_newcomer() -> None:
    """One of the three, unless it says itself what it repeats; no name is listed that the catalogue does not have."""
    named = (*capstone.ATTACKS, *capstone.ROTATIONS, *capstone.LEFT_OUT)
    assert len(set(named)) == len(named)
    repeated = {name for name, one in CASES.items() if one.repeats}
    assert {*named, *repeated, *(one.name for one in capstone.newcomers())} == set(CASES)
    assert not {*named} & {one.name for one in capstone.newcomers()}


def test_what_is_left_out_is_another_scene_over_again() -> None:
    """Each contender has the outcome that it has in the scene beside it, and that scene can be drawn."""
    for name, again in capstone.LEFT_OUT.items():
        assert again in (*capstone.ATTACKS, *capstone.ROTATIONS)
        assert [EXPECTED[name][one] for one in capstone.CONTENDERS] == [
            EXPECTED[again][one] for one in capstone.CONTENDERS
        ], name


@pytest.fixture
def newcomer() -> Iterator[Case]:
    """One move more in the catalogue, for as long as a test takes: the CDN's CA mis-issues, for the bank alone."""

    @attack(reach=Reach.TRUST_STORE, holds=Holds.TRUSTED_CA, way=Way.DNS, twin="new_ca")
    def cdn_ca_misissues(world: World) -> Meeting:
        """The CDN's CA mis-issues"""
        return attacked(world, world.cdn_issuing.issue(*world.hosts))

    yield CASES["cdn_ca_misissues"]
    del CASES["cdn_ca_misissues"]


def test_one_move_more_leaves_the_draws_of_the_others_as_they_were(
    newcomer: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It arrives in addition: in some draws, on a day of its own stream, about as often as a listed attack."""
    seeds = range(400)
    with_it = {seed: capstone.draw(seed) for seed in seeds}
    monkeypatch.delitem(CASES, newcomer.name)
    before = {seed: capstone.draw(seed) for seed in seeds}
    monkeypatch.undo()
    assert {seed: tuple(one for one in with_it[seed] if one.case is not newcomer) for seed in seeds} == before
    assert with_it == {seed: capstone.draw(seed) for seed in seeds}
    times = [sum(one.case is newcomer for one in with_it[seed]) for seed in seeds]
    usual = sum(one.case.name in capstone.ATTACKS for seed in seeds for one in before[seed]) / len(capstone.ATTACKS)
    assert 0.7 * usual < sum(times) < 1.3 * usual
    assert 0 in times
    assert all(list(one) == sorted(one, key=lambda arrival: str(arrival.when)) for one in with_it.values())
    assert not any(one.case is newcomer for one in capstone.draw(attacks=0, count=200))


def test_two_newcomers_do_not_know_of_each_other(newcomer: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scene that was left out and comes back arrives where it did, and moves nobody."""
    alone = [capstone.draw(seed) for seed in range(100)]
    monkeypatch.delitem(capstone.LEFT_OUT, "forged_link")
    both = [capstone.draw(seed) for seed in range(100)]
    assert [tuple(one for one in draw if one.case.name != "forged_link") for draw in both] == alone
    assert both != alone


# ---- policies -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "policy",
    ["leaf-pinned", CLIENTS["leaf-pinned"], PinSet.any_of(Role.LEAF), LEAF_PIN, lambda seen, known: True],
    ids=["name", "client", "pin set", "check", "function"],
)
def test_a_policy_may_be_many_things(policy: Any) -> None:
    """Each becomes a client that is served on an ordinary day."""
    assert trial(capstone.contender(policy), case("ordinary_day")).outcome is Outcome.SERVED


def test_a_function_is_asked_only_after_ordinary_validation() -> None:
    """It always finds a path and what is known, and it is never told who is on the line."""
    seen: list[tuple[Observation, Known]] = []

    def watch(observation: Observation, known: Known) -> bool:
        seen.append((observation, known))
        return True

    season = capstone.play([watch], [Arrival(case("self_signed_certificate")), Arrival(case("other_trusted_ca"))])
    assert [one["yours"] for one in season.outcomes] == [Outcome.STOPPED, Outcome.INTERCEPTED]
    assert all(observation.path and known.site[Role.LEAF] for observation, known in seen)
    assert not any("attacker" in repr(one) for one in seen)


@pytest.mark.parametrize("answer", [None, ..., 1, "yes"], ids=repr)
def test_an_answer_that_is_no_answer_refuses(answer: Any) -> None:
    """Only True talks; anything else is a refusal, and says so."""
    done = trial(capstone.contender(lambda seen, known: answer), case("ordinary_day"))
    assert done.outcome is Outcome.OUTAGE
    assert "neither True nor False" in done.verdict.reason


def test_a_policy_that_raises_refuses() -> None:
    """The problem stands in the reason, and nothing else breaks."""
    done = trial(capstone.contender(lambda seen, known: bool(1 / 0)), case("ordinary_day"))
    assert "ZeroDivisionError" in done.verdict.reason


# ---- scores ---------------------------------------------------------------------------------------


def test_scores_are_those_of_the_matrix() -> None:
    """Robberies and outages are what the matrix counts; playing twice counts twice."""
    events = [Arrival(case(name)) for name in ("other_trusted_ca", "new_ca", "new_ca")]
    board = capstone.play(["unpinned", "leaf-pinned"], events).board(robbery=7, outage=2)
    assert board.score("unpinned") == Balance(client="unpinned", stopped=0, attacks=1, kept=2, rotations=2)
    assert board.score("leaf-pinned") == Balance(client="leaf-pinned", stopped=1, attacks=1, kept=0, rotations=2)
    assert board.best == ("leaf-pinned",)
    assert [one.cost(7, 2) for one in board.ranked] == [4, 7]
    with pytest.raises(ValueError, match="root-pinned"):
        board.score("root-pinned")


@pytest.mark.sampled(0)
def test_counting_on_gives_what_playing_gives() -> None:
    """`again` is playing without connecting; for what was never played it refuses."""
    events = capstone.draw()
    counted = capstone.everything().again(events).board()
    for played in capstone.play(("unpinned", "any-of-chain", "leaf-or-backup"), events).board().scores:
        assert counted.score(played.client) == played
    some = capstone.play(["unpinned"], events[:1])
    with pytest.raises(ValueError, match="nobody played new_key"):
        some.again([Arrival(case("new_key"))])


def test_two_policies_of_one_name_are_refused() -> None:
    """Else one of them would be scored for both."""
    with pytest.raises(ValueError, match="the same name"):
        capstone.play([leaf_or_backup, PinSet.any_of(Role.LEAF)], capstone.draw(count=1))


def test_who_beats_whom() -> None:
    """No more of either mistake and fewer of one; equals do not beat each other."""
    few, many, other = Balance(0, 1, 2, 3, "few"), Balance(0, 1, 1, 3, "many"), Balance(1, 1, 0, 3, "other")
    assert few.beats(many)
    assert not many.beats(few)
    assert not few.beats(other)
    assert not few.beats(replace(few, client="twin"))
    assert Scoreboard((few, many, other)).front == ("few", "other")


def test_boards_and_seasons_show_themselves() -> None:
    """As a table with a caption and headed rows, and as text of at most 120 columns."""
    season: Season = capstone.everything().again(capstone.draw())
    for shown in (season._repr_mimebundle_(), season.board(5)._repr_mimebundle_()):
        assert "<caption>" in shown["text/html"]
        assert 'scope="row"' in shown["text/html"]
        assert max(map(len, shown["text/plain"].splitlines())) <= 120
        assert all(name in shown["text/plain"] for name in capstone.CONTENDERS)


# ---- why nobody wins both -------------------------------------------------------------------------


# The table written by hand is what the sockets do (test_matrix says so), and it costs nothing to count in it.
BAD = {Outcome.INTERCEPTED, Outcome.OUTAGE}


def mistakes(name: str) -> list[int]:
    """How many mistakes this client makes in each pair of twins."""
    return [sum(EXPECTED[one.case.name][name] in BAD for one in pair) for pair in capstone.twins()]


def test_over_twins_robberies_avoided_are_outages_suffered() -> None:
    """
    Every sound client that has no memory and sees only the path makes one mistake in each pair.

    A client that compares too late makes two, so the statement can fail.
    """
    pairs = capstone.twins()
    plain = [
        one.name
        for one in CLIENTS.values()
        if not one.bug and sees_only_the_path(one) and not any(check.remembers for check in one.policy)
    ]
    assert set(capstone.CONTENDERS) <= set(plain)
    assert {name: mistakes(name) for name in plain} == {name: [1] * len(pairs) for name in plain}
    assert 2 in mistakes("checks-too-late")
    assert 2 in mistakes("first-use-with-ca")


def test_over_twins_the_contenders_did_so_when_they_were_run() -> None:
    """The same, as measured: in every row robberies avoided are outages suffered."""
    pairs = capstone.twins()
    board = capstone.everything().again([event for pair in pairs for event in pair]).board()
    assert [len(pairs) - one.robberies for one in board.scores] == [one.outages for one in board.scores]


def test_every_event_that_can_be_drawn_has_its_twin_drawn() -> None:
    """No rotation is a free lunch, and no attack but those that every sound client refuses is without a rotation."""
    played = {event.case.name for event in capstone.each_once()}
    paired = {half.case.name for pair in capstone.twins() for half in pair}
    assert {name for name in played if CASES[name].kind is Kind.ROTATION} == {
        name for name in paired if CASES[name].kind is Kind.ROTATION
    }
    assert all(CASES[name].fails for name in played - paired)


def test_nobody_beats_a_contender() -> None:
    """Every sound client that asks the CAs and has no memory is on the front: each rotation has its attack."""
    sound = [one for one in CLIENTS.values() if not one.bug]
    events = capstone.each_once()
    names = tuple(one.name for one in sound)
    board = Season(names, events, tuple(EXPECTED[event.case.name] for event in events)).board()
    forgetful = {
        one.name for one in sound if VALIDATION in one.policy and not any(check.remembers for check in one.policy)
    }
    assert set(capstone.CONTENDERS) < forgetful
    assert set(board.front) == forgetful
    assert board.score("leaf-pinned").beats(board.score("first-use-with-ca"))


@pytest.mark.parametrize("attack", ["stolen_key_other_ca", "shortened_with_stolen_key"])
def test_a_rotation_without_its_attack_is_a_free_lunch_for_somebody(attack: str) -> None:
    """Take the mirrors away, and pins that buy nothing but ways in look like a bargain: the board can be wrong."""
    mirrors = {"stolen_key_other_ca", "shortened_with_stolen_key"}
    scores = {}
    for gone in (set(), {attack}, mirrors):
        events = tuple(event for event in capstone.each_once() if event.case.name not in gone)
        board = Season(
            ("any-of-chain", "root-pinned"), events, tuple(EXPECTED[one.case.name] for one in events)
        ).board()
        scores[len(gone)] = board.score("any-of-chain").beats(board.score("root-pinned"))
    assert scores == {0: False, 1: False, 2: True}


def test_the_surprise_of_the_notebook() -> None:
    """The clear winner of the twelve shown events is nearly the dearest over fresh draws; prices decide who is not."""
    everything = capstone.everything()
    assert everything.again(capstone.draw()).board(5).best == ("any-of-chain",)

    def cheapest(robbery: float) -> str:
        boards = [everything.again(capstone.draw(seed)).board() for seed in range(1000, 1400)]
        costs = {name: sum(board.score(name).cost(robbery) for board in boards) for name in capstone.CONTENDERS}
        return min(costs, key=lambda name: costs[name])

    assert [cheapest(robbery) for robbery in (1, 2, 5, 10)] == ["unpinned", *["certificate-pinned"] * 3]
    shares = [one.case.kind is Kind.ATTACK for seed in range(1000, 1400) for one in capstone.draw(seed)]
    assert 0.38 < sum(shares) / len(shares) < 0.45  # "about two events in five", of a dozen or a few more
    assert 12 <= len(shares) / 400 < 16
    assert len(capstone.draw()) == 12  # the shown ones are the twelve of the lists


# ---- the exercise ---------------------------------------------------------------------------------


def test_who_opens_to_its_own_keys_only_is_accepted() -> None:
    """The solution of the notebook solves the exercise."""
    assert capstone.own_keys(leaf_or_backup).solved


def names_on(observation: Observation) -> tuple[str, ...]:
    return tuple(one.name for one in observation.path or ())


def test_a_policy_that_has_learnt_the_shown_events_fails() -> None:
    """It knows by name which paths were attacks; fresh worlds have other names."""
    events = (Arrival(case("ordinary_day")), *capstone.draw())
    seen = {event: names_on(trial(CLIENTS["unpinned"], event.case).shown.observation) for event in events}
    bad = {names for event, names in seen.items() if event.case.kind is Kind.ATTACK}
    report = capstone.own_keys(lambda observation, known: names_on(observation) not in bad)
    keyless = [one for one, _ in capstone.twins() if not capstone.OWN & {*one.case.holds}]
    assert len(keyless) >= 10
    assert f"robbed in {len(keyless)} events by attackers who hold no key of yours" in str(report)


def test_fresh_events_are_the_same_events_under_other_names() -> None:
    """A client of the lab scores in them what it scores in the catalogue, and no name it sees is the old one."""
    seen: set[str] = set()

    def watch(observation: Observation, known: Known) -> bool:
        seen.update(names_on(observation))
        return leaf_or_backup(observation, known)

    score = capstone.play([watch], capstone.fresh_events(Random())).board().score("yours")
    known = capstone.everything().board().score("leaf-or-backup")
    assert replace(score, client="leaf-or-backup") == known
    assert not [name for name in seen if name.startswith(("Honest", "Other", "CDN", "Installed"))]


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        (lambda seen, known: ..., "there is no answer yet"),
        (lambda seen, known: "yes", "the answer is a str"),
        (lambda seen, known: 1 / 0, "it raised ZeroDivisionError"),
        (lambda seen: True, "it raised TypeError"),
        (lambda seen, known: False, "refuses the genuine server"),
    ],
    ids=["stub", "nonsense", "raises", "takes one", "refuses all"],
)
def test_other_policies_are_not(candidate: Any, said: str) -> None:
    """A report names what is wrong; nothing raises."""
    report = capstone.own_keys(candidate)
    assert str(report).startswith("✗ not yet")
    assert said in str(report)


def pins(observation: Observation) -> set[str]:
    return {one.pin for one in observation.path or ()}


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        (lambda seen, known: True, "attackers who hold no key of yours"),
        (lambda seen, known: len(seen.path) == 3, "attackers who hold no key of yours"),
        (lambda seen, known: bool(pins(seen) & known.site[Role.ROOT]), "attackers who hold no key of yours"),
        (lambda seen, known: bool(pins(seen) & known.site[Role.LEAF]), "came with a pinned key"),
        (
            lambda seen, known: bool({one.pin for one in seen.presented} & (known.site[Role.LEAF])),
            "robbed in 1 events by attackers who hold no key of yours; one was 'Chain stuffing",
        ),
        (
            lambda seen, known: leaf_or_backup(seen, known) or seen.path[0].algorithm.startswith("ML"),
            "a CA that the client's store trusts",
        ),
        (
            lambda seen, known: leaf_or_backup(seen, known) or len(seen.path[0].hosts) > 1,
            "an account at the site's CDN",
        ),
        (lambda seen, known: leaf_or_backup(seen, known) or len(seen.path) == 4, "cross-signed by the old one"),
    ],
    ids=["trusts all", "no pin", "root", "leaf", "what was sent", "another algorithm", "two names", "longer"],
)
@pytest.mark.sampled(4)
def test_the_attacker_moves_second(candidate: Any, said: str) -> None:
    """Whatever else than the operator's keys opens it, an attacker brings; and a leaf pin alone shuts the owner out."""
    report = capstone.own_keys(candidate)
    assert not report.solved
    assert said in str(report)


def test_an_outage_lasts_until_the_update_and_overlaps_count_once() -> None:
    """Two outages three days apart with updates of a week make ten days; a client that is served has none."""
    moved = case("new_ca")
    events = tuple(Arrival(moved, capstone.START + timedelta(days=day)) for day in (10, 13, capstone.DAYS - 2))
    season = capstone.play(["leaf-pinned", "unpinned"], events)
    assert season.outage_days(7) == {"leaf-pinned": 12, "unpinned": 0}
    with pytest.raises(ValueError, match="have no dates"):
        capstone.play(["unpinned"], capstone.each_once()[:1]).outage_days(7)


def test_drawn_events_come_in_the_order_of_their_dates() -> None:
    """Every drawn event has a date of its own, within the five years, and the seed decides them."""
    days = [event.when for event in capstone.draw(3)]
    assert days == sorted(set(days), key=str)
    assert [event.when for event in capstone.draw(3)] == days
    assert [event.when for event in capstone.draw(4)] != days
