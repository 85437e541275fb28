"""The capstone: events and how they are scored, why nobody wins both, and the check of its exercise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from expectations import EXPECTED

from lab.course import capstone
from lab.course.capstone import Event, Score, Scoreboard, Season
from lab.observation import Observation, Outcome
from lab.policy.checks import LEAF_PIN, Known
from lab.policy.clients import CLIENTS
from lab.policy.pinset import PinSet, Role
from lab.scenes.catalogue import CASES, Kind, case
from lab.trials.trial import trial


def leaf_or_backup(observation: Observation, known: Known) -> bool:
    seen = {one.pin for one in observation.path or ()}
    return bool(seen & (known.site[Role.LEAF] | known.site[Role.BACKUP]))


# ---- events ---------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_events() -> None:
    """Twelve by default; another seed, other events; no attack where none is wanted."""
    names = [event.case.name for event in capstone.draw()]
    assert names == [event.case.name for event in capstone.draw(capstone.SEED)]
    assert len(names) == 12
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
    assert Event(case("new_key")).when is None
    dated = Event(case("new_key"), datetime(2026, 5, 4, tzinfo=UTC))
    assert dated.words == f"2026-05-04 {Event(case('new_key')).words}"


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

    season = capstone.play([watch], [Event(case("self_signed_certificate")), Event(case("other_trusted_ca"))])
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
    done = trial(capstone.contender(lambda seen, known: 1 / 0), case("ordinary_day"))
    assert "ZeroDivisionError" in done.verdict.reason


# ---- scores ---------------------------------------------------------------------------------------


def test_scores_are_those_of_the_matrix() -> None:
    """Robberies and outages are what the matrix counts; playing twice counts twice."""
    events = [Event(case(name)) for name in ("other_trusted_ca", "new_ca", "new_ca")]
    board = capstone.play(["unpinned", "leaf-pinned"], events).board(robbery=7, outage=2)
    assert board.score("unpinned") == Score("unpinned", robberies=1, stopped=0, outages=0, served=2)
    assert board.score("leaf-pinned") == Score("leaf-pinned", robberies=0, stopped=1, outages=2, served=0)
    assert board.best == ("leaf-pinned",)
    assert [one.cost(7, 2) for one in board.ranked] == [4, 7]
    with pytest.raises(ValueError, match="root-pinned"):
        board.score("root-pinned")


def test_counting_on_gives_what_playing_gives() -> None:
    """`again` is playing without connecting; for what was never played it refuses."""
    events = capstone.draw()
    counted = capstone.everything().again(events).board()
    for played in capstone.play(("unpinned", "any-of-chain", "leaf-or-backup"), events).board().scores:
        assert counted.score(played.client) == played
    some = capstone.play(["unpinned"], events[:1])
    with pytest.raises(ValueError, match="nobody played new_key"):
        some.again([Event(case("new_key"))])


def test_two_policies_of_one_name_are_refused() -> None:
    """Else one of them would be scored for both."""
    with pytest.raises(ValueError, match="the same name"):
        capstone.play([leaf_or_backup, PinSet.any_of(Role.LEAF)], capstone.draw(count=1))


def test_who_beats_whom() -> None:
    """No more of either mistake and fewer of one; equals do not beat each other."""
    few, many, other = Score("few", 1, 0, 1, 0), Score("many", 1, 0, 2, 0), Score("other", 0, 0, 3, 0)
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
        if one.sound and one.sees_only_the_path and not any(check.remembers for check in one.policy)
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


def test_the_contenders_are_the_front_and_one_that_is_beaten() -> None:
    """No sound client of the catalogue beats a contender, but for root-pinned, which any-of-chain beats."""
    names = tuple(one.name for one in CLIENTS.values() if one.sound)
    events = capstone.each_once()
    board = Season(names, events, tuple(EXPECTED[event.case.name] for event in events)).board()
    assert set(board.front) == set(capstone.CONTENDERS) - {"root-pinned"}
    assert board.score("any-of-chain").beats(board.score("root-pinned"))


def test_the_surprise_of_the_notebook() -> None:
    """The clear winner of the twelve shown events is not the cheapest over fresh draws; prices decide who is."""
    everything = capstone.everything()
    assert everything.again(capstone.draw()).board(5).best == ("any-of-chain",)

    def cheapest(robbery: float) -> str:
        boards = [everything.again(capstone.draw(seed)).board() for seed in range(1000, 1400)]
        costs = {name: sum(board.score(name).cost(robbery) for board in boards) for name in capstone.CONTENDERS}
        return min(costs, key=lambda name: costs[name])

    assert (cheapest(1), cheapest(5), cheapest(10)) == ("unpinned", "leaf-pinned", "certificate-pinned")


# ---- the exercise ---------------------------------------------------------------------------------


def test_a_policy_on_the_front_is_accepted() -> None:
    """The solution of the notebook solves the exercise."""
    assert capstone.pareto(leaf_or_backup).solved


def names_on(observation: Observation) -> tuple[str, ...]:
    return tuple(one.name for one in observation.path or ())


def test_a_policy_that_has_learnt_the_shown_events_fails() -> None:
    """It knows by name which paths were attacks; fresh worlds have other names."""
    events = (Event(case("ordinary_day")), *capstone.draw())
    seen = {event: names_on(trial(CLIENTS["unpinned"], event.case).shown.observation) for event in events}
    bad = {names for event, names in seen.items() if event.case.kind is Kind.ATTACK}
    report = capstone.pareto(lambda observation, known: names_on(observation) not in bad)
    assert "unpinned is robbed 10 times" in str(report)


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
    report = capstone.pareto(candidate)
    assert str(report).startswith("✗ not yet")
    assert said in str(report)


def test_a_beaten_policy_is_told_by_whom() -> None:
    """The root's pin alone is robbed as often as any-of-chain and has more outages."""

    def root(observation: Observation, known: Known) -> bool:
        return bool({one.pin for one in observation.path or ()} & known.site[Role.ROOT])

    assert "held against any-of-chain: any-of-chain beats it" in str(capstone.pareto(root))


def test_an_outage_lasts_until_the_update_and_overlaps_count_once() -> None:
    """Two outages three days apart with updates of a week make ten days; a client that is served has none."""
    moved = case("new_ca")
    events = tuple(capstone.Event(moved, capstone.START + timedelta(days=day)) for day in (10, 13, capstone.DAYS - 2))
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
