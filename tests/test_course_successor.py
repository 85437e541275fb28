"""The checks of the notebook on successors: they pass the solution and nothing else, whatever a learner writes."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from lab.course import successor


def challenge(host: str, binding: bytes, key: bytes) -> bytes:
    return b"my next key\n" + hashlib.sha256(host.encode()).digest() + binding + key


def keep(known: set[str], shown: str, announced: dict[str, bool] | None) -> set[str]:
    if not known:
        return {shown}
    if shown not in known or announced is None or not all(announced.values()):
        return known
    return {shown, *announced}


SHOWN: dict[tuple[str, int | None], set[str]] = {("blue", None): {"blue"}, ("red", None): {"red"}}

SOLVED = {successor.challenge: challenge, successor.memory: keep}
NOT_YET: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (successor.challenge, lambda host, binding, key: key),
    (successor.challenge, lambda host, binding, key: host.encode() + key),
    (successor.challenge, lambda host, binding, key: binding + key),
    (successor.challenge, lambda host, binding, key: host.encode() + binding[:16] + key),
    (successor.challenge, lambda host, binding, key: secrets.token_bytes(32)),
    (successor.challenge, lambda host, binding, key: {("bank.example", b"1"): b"1"}.get((host, binding), b"")),
    (successor.challenge, lambda host, binding, key: "text"),
    (successor.memory, lambda known, shown, announced: known | {shown}),
    (successor.memory, lambda known, shown, announced: {shown, *(announced or ())}),
    (successor.memory, lambda known, shown, announced: known or {shown}),
    (successor.memory, lambda known, shown, announced: keep(known or {shown}, shown, announced)),
    (successor.memory, lambda known, shown, announced: keep(known, shown, announced) | known),
    (
        successor.memory,
        lambda known, shown, announced: keep(known, shown, announced and dict.fromkeys(announced, True)),
    ),
    (successor.memory, lambda known, shown, announced: SHOWN.get((shown, announced and len(announced)), {shown})),
]
NONSENSE: list[Callable[..., Any]] = [
    lambda: "takes no arguments",
    lambda *_: None,
    lambda *_: ...,
    lambda *_: 7,
    lambda *_: [[]],
    lambda *_: 1 / 0,
]


@pytest.mark.parametrize("check", SOLVED)
def test_the_solution_passes_every_time(check: Callable[..., Any]) -> None:
    """Fresh cases are drawn at each call."""
    for _ in range(3):
        assert str(check(SOLVED[check])).startswith("✓ solved")


@pytest.mark.parametrize(("check", "candidate"), NOT_YET)
def test_a_stub_a_table_and_a_near_miss_do_not_pass(check: Callable[..., Any], candidate: Callable[..., Any]) -> None:
    """Each of these is wrong in some case, and the check finds one and names it."""
    for _ in range(3):
        assert str(check(candidate)).startswith("✗ not yet")


@pytest.mark.parametrize("candidate", NONSENSE)
@pytest.mark.parametrize("check", SOLVED)
def test_nonsense_gives_a_report_and_no_exception(check: Callable[..., Any], candidate: Callable[..., Any]) -> None:
    """Whatever the learner's function does, it is a finding."""
    assert not check(candidate).solved


def test_a_learner_who_changes_what_is_given_changes_no_answer() -> None:
    """The right answer is known before the learner's function is asked."""

    def vandal(known: set[str], shown: str, announced: dict[str, bool] | None) -> set[str]:
        answer = set(keep(known, shown, announced))
        known.clear()
        (announced or {}).clear()
        return answer

    assert successor.memory(vandal).solved


def test_what_the_notebook_shows_is_what_happened() -> None:
    """Days, outcomes, keys by name and the days of a stranger, each with one that could have been otherwise."""
    assert [outcome for _, _, outcome in successor.days("strict", "new_key_unannounced")] == [
        "served",
        "served",
        "outage",
    ]
    assert successor.outcomes(["strict", "successor"], "new_key_announced") == {
        "strict": "outage",
        "successor": "served",
    }
    assert successor.known("successor", "new_key_announced") == [
        "day 0: key 1",
        "day 1: key 1, key 2 (announced)",
        "day 60: key 2",
        "day 61: key 2",
    ]
    assert successor.welcome("gemini", range(0, 120, 10)) == [90, 100, 110]
    assert successor.welcome("strict", range(0, 120, 10)) == []
    assert successor.welcome("ask-always", range(0, 120, 60)) == [0, 60]
