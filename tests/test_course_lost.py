"""The checks of 14-when-the-key-is-lost: what they call solved, what they do not, and that moves are as told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from typing import Any

import pytest
from nonsense import Nonsense

from lab.course import lost
from lab.policy.clients import client
from lab.scenes.catalogue import case
from lab.scenes.thief import MOVES
from lab.trials.trial import trial
from lab.wire.listener import running

Hours = Mapping[str, int]


def move(client: str, hour: int) -> str | None:
    """The folded solution."""
    if client in lost.HARD:
        return "replay" if hour < 168 else None
    last = {"pushed-list": 36, "trusts-short-certificates": 136}.get(client, 2000)
    return "withhold" if hour < last else None


def holds(made: int, until: int | None, now: int) -> bool:
    """The folded solution."""
    return until is not None and made <= now < until


def says(taken: bool, logged: Hours, covers: Hours) -> str:
    """The folded solution."""
    if not any(log in covers and hour <= covers[log] for log, hour in logged.items()):
        return "no word"
    return "revoked" if taken else "good"


def scene(client: str) -> str:
    """The folded solution."""
    return {
        "crl-check-all-alone": "every_word_cut",
        "list-of-the-leaf-only": "issuing_ca_stolen",
        "list-of-any-age": "words_replayed_past_their_end",
        "answer-of-any-issuer": "another_issuers_staple",
    }[client]


def refused_from(kind: str, revoked: int, collected: int, life: int, every: int, ends: int) -> int:
    """The folded solution."""
    last = {"hard": max(revoked, collected + life), "pushed": ceil(revoked / every) * every}
    return min(ends, last.get(kind, ends))


def late(kind: str, revoked: int, collected: int, life: int, every: int, ends: int) -> int:
    """As if a word could not be over before the revocation."""
    return collected + life if kind == "hard" else refused_from(kind, revoked, collected, life, every, ends)


def spoilt(kind: str, revoked: int, *rest: int) -> int:
    """As if an update told at once."""
    return revoked if kind == "pushed" else refused_from(kind, revoked, *rest)


SOLVED = {lost.chair: move, lost.holds: holds, lost.covered: says, lost.slips: scene, lost.refused: refused_from}
NOT_YET: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (lost.chair, lambda client, hour: "withhold" if client in lost.SOFT else None),
    (lost.chair, lambda client, hour: "withhold"),
    (lost.chair, lambda client, hour: "replay"),
    (lost.chair, lambda client, hour: None),
    (lost.chair, lambda client, hour: "steal"),
    (lost.chair, lambda client, hour: move(client, min(hour, 48))),
    (lost.holds, lambda made, until, now: until is None or now < until),
    (lost.holds, lambda made, until, now: until is not None and now < until),
    (lost.holds, lambda made, until, now: until is not None and made <= now <= until),
    (lost.holds, lambda made, until, now: until is not None and made < now < until),
    (lost.holds, lambda made, until, now: made <= now < until),
    (lost.covered, lambda taken, logged, covers: "revoked" if taken else "good"),
    (lost.covered, lambda taken, logged, covers: says(taken, logged, dict.fromkeys(covers, max(covers.values())))),
    (lost.covered, lambda taken, logged, covers: says(taken, {one: at + 1 for one, at in logged.items()}, covers)),
    (lost.covered, lambda taken, logged, covers: says(taken, logged, {**covers, "Ash": 99})),
    (lost.slips, lambda client: "every_word_cut"),
    (lost.slips, lambda client: "words_replayed"),
    (lost.slips, lambda client: "no such scene"),
    (lost.refused, lambda kind, revoked, collected, life, every, ends: ends),
    (lost.refused, late),
    (lost.refused, spoilt),
    *((check, Nonsense("pass on", True, 7)) for check in SOLVED),
]


@pytest.mark.parametrize("check", SOLVED, ids=lambda one: str(one.__name__))
def test_the_folded_solutions_are_right(check: Callable[..., Any]) -> None:
    """They agree with real meetings, real answers and real lists, and leave nothing running."""
    report = check(SOLVED[check])
    assert report.solved, str(report)
    assert running() == []


@pytest.mark.parametrize(("check", "candidate"), NOT_YET)
@pytest.mark.sampled(3)
def test_nothing_less_is_solved(check: Callable[..., Any], candidate: Callable[..., Any]) -> None:
    """Stubs, half solutions and nonsense get a report that says not yet, in a dozen lines at most."""
    report = check(candidate)
    assert str(report).startswith("✗ not yet"), str(report)
    assert len(str(report).splitlines()) <= 13


AS_TOLD = {
    "pass on": "thief_before_the_update",
    "withhold": "every_word_cut",
    "replay": "words_replayed",
    "damage": "forged_words",
    "other part": "part_withheld",
}


@pytest.mark.parametrize("how", MOVES)
def test_each_move_is_a_theft_of_the_catalogue_at_another_hour(how: str) -> None:
    """A client that fetches has of a move what it has of the scene; one hard and one soft, over real TLS."""
    hour = 33 if how == "pass on" else 48
    for name in ("list-soft", "list-hard", "pushed-list"):
        assert lost.play(name, how, hour)["thief"] == str(trial(client(name), case(AS_TOLD[how])).outcome)


def test_a_move_and_its_accident_look_the_same() -> None:
    """To who asks, findings and reasons are equal; to who has a list already they are not, and that is the control."""
    for how in MOVES:
        assert {lost.play(name, how)["findings"] for name in (*lost.SOFT, *lost.HARD)} == {"equal"}
    assert lost.play("pushed-list", "withhold")["findings"] == "different"


def test_the_last_good_word_stops_when_its_life_is_over() -> None:
    """By the wire, on both sides of the hour that the pure rule finds."""
    assert lost.refused_from("hard", 30, 20, 100, 12, 2000) == 120
    assert lost.refused_from("hard", 30, 0, 168, 12, 2000) == 168
    assert [lost.play("answer-hard", "replay", at)["thief"] for at in (167, 168)] == ["intercepted", "stopped"]


def test_the_rule_of_coverage_keeps_new_sites_open() -> None:
    """Without it the filters call some of forty honest sites revoked."""
    found = lost.new_sites(40)
    assert found["by its rule"] == 0 < found["by its filters alone"] < 40


def test_what_is_asked_is_what_the_table_says() -> None:
    """Two requests of who fetches, four round trips; the certificate is named in one for an answer, and in no other."""
    assert {one: len(lost.asked(one)) for one in ("requires-staple", "answer-hard", "list-hard", "pushed-list")} == {
        "requires-staple": 0,
        "answer-hard": 2,
        "list-hard": 2,
        "pushed-list": 0,
    }
    assert lost.asked("list-hard")[0] == "list/http://lists.honest.example/1"
