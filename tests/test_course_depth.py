"""The checks of 03-how-deep-to-pin: what they call solved, and what they do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any

import pytest
from nonsense import Nonsense

from lab.course import depth, fresh
from lab.course.report import Question
from lab.observation import Outcome
from lab.policy.pinset import PinSet, Role, Where

STAIRS = ("root", "intermediate", "leaf")


def words(accepted: bool, attacker: bool) -> str:
    if attacker:
        return "intercepted" if accepted else "stopped"
    return "served" if accepted else "outage"


def by_set(pinned: set[str], reach: set[str], attacker: bool) -> str:
    """The folded solution."""
    return words(bool(pinned & reach), attacker)


def by_number(pinned: set[str], reach: set[str], attacker: bool) -> str:
    """The staircase as a look-up: one number for the pins, one for the path."""
    pins = [STAIRS.index(one) + 1 for one in pinned if one in STAIRS] or [4]
    there = [STAIRS.index(one) + 1 for one in reach if one in STAIRS] or [0]
    return words(min(pins) <= max(there), attacker)


def by_table(pinned: set[str], reach: set[str], attacker: bool) -> str:
    """Only the cells that the notebook shows."""
    shown = {
        (frozenset({pin}), frozenset(STAIRS[:height])): step < height
        for step, pin in enumerate(STAIRS)
        for height in range(4)
    }
    return words(shown.get((frozenset(pinned), frozenset(reach)), False), attacker)


def by_pin_set(path: tuple[Any, ...], pin_set: PinSet) -> bool:
    """The folded solution."""
    places = {Where.PATH: path, Where.LEAF: path[:1], Where.CA: path[1:]}
    return all(any(one.pin in listed.pins for one in places[listed.where]) for listed in pin_set.lists)


def anywhere(path: tuple[Any, ...], pin_set: PinSet) -> bool:
    return all(any(one.pin in listed.pins for one in path) for listed in pin_set.lists)


def first_list(path: tuple[Any, ...], pin_set: PinSet) -> bool:
    return any(one.pin in pin_set.lists[0].pins for one in path)


def any_list(path: tuple[Any, ...], pin_set: PinSet) -> bool:
    places = {Where.PATH: path, Where.LEAF: path[:1], Where.CA: path[1:]}
    return any(any(one.pin in listed.pins for one in places[listed.where]) for listed in pin_set.lists)


def three_certificates(path: tuple[Any, ...], pin_set: PinSet) -> bool:
    """Right for the notebook's own hierarchy, and for no other length."""
    leaf, intermediate, root = path
    return by_pin_set((leaf, intermediate, root), pin_set)


def by_name(path: tuple[Any, ...], pin_set: PinSet) -> bool:
    return {one.name for one in path} == {"bank.example", "Honest Issuing CA 1", "Honest Root"}


SOLVED = {depth.predict: by_set, depth.accepts: by_pin_set}
NOT_YET: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (depth.predict, lambda pinned, reach, attacker: ...),
    (depth.predict, lambda pinned, reach, attacker: words(True, attacker)),
    (depth.predict, by_number),
    (depth.predict, by_table),
    (depth.predict, lambda pinned, reach, attacker: words(pinned <= reach, attacker)),
    (depth.accepts, first_list),
    (depth.accepts, anywhere),
    (depth.accepts, any_list),
    (depth.accepts, three_certificates),
    (depth.accepts, by_name),
]


@pytest.fixture
def one_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same real connections for many candidates: they take the most time."""
    monkeypatch.setattr(depth, "_outcomes", lambda draw: list(_questions()))


@cache
def _questions(make: Callable[[Random], Iterator[Question]] = depth._outcomes) -> list[Question]:
    return list(make(Random()))


@pytest.mark.parametrize("check", SOLVED)
def test_the_solution_passes_every_time(check: Callable[..., Any]) -> None:
    """Fresh worlds are drawn at each call; the solution is right in all of them."""
    assert str(check(SOLVED[check])).startswith("✓ solved")


@pytest.mark.usefixtures("one_draw")
@pytest.mark.parametrize(("check", "candidate"), NOT_YET)
def test_a_stub_a_table_and_a_near_miss_do_not_pass(check: Callable[..., Any], candidate: Callable[..., Any]) -> None:
    """Nor do they come to see the answer: the report has at most a line for each kind of case."""
    said = str(check(candidate))
    assert said.startswith("✗ not yet")
    assert len(said.splitlines()) <= 13


@pytest.mark.usefixtures("one_draw")
@pytest.mark.parametrize("candidate", [Nonsense(7), lambda: "takes no arguments"])
@pytest.mark.parametrize("check", SOLVED)
def test_nonsense_gives_a_report_and_no_exception(check: Callable[..., Any], candidate: Callable[..., Any]) -> None:
    """Whatever the learner's function does, it is a finding."""
    report = check(candidate)
    assert not report.solved


def test_an_outcome_of_the_lab_is_as_good_as_its_word() -> None:
    """A learner may return lab.Outcome.SERVED where "served" is meant."""
    assert depth.predict(lambda *given: Outcome(by_set(*given))).solved


def test_every_change_has_the_reach_that_its_title_says() -> None:
    """In worlds of any length, and whatever the names: what is on the path is read off real handshakes."""
    expected = {
        "another CA, a new key": set(),
        "another CA, the same key": {Role.LEAF},
        "another CA, the backup key": {Role.BACKUP},
        "another intermediate, a new key": {Role.ROOT},
        "another intermediate, the same key": {Role.ROOT, Role.LEAF},
        "the same intermediate, a new key": {Role.ROOT, Role.INTERMEDIATE},
        "the same intermediate, the same key": {Role.ROOT, Role.INTERMEDIATE, Role.LEAF},
        "the same intermediate, the backup key": {Role.ROOT, Role.INTERMEDIATE, Role.BACKUP},
        "a new root, cross-signed by the old one": {Role.ROOT},
        "the client's store gains the intermediate as a root": {Role.INTERMEDIATE, Role.LEAF},
    }
    for intermediates in (1, 3):
        made = fresh.world(Random(), intermediates=intermediates)
        found = {}
        for title, make in fresh.CHANGES.items():
            [met] = fresh.play(made, make(made), [PinSet.any_of(Role.ROOT)])
            found[title] = set(fresh.reach(made, met))
        assert expected == found
