"""The checks of 12-should-your-fleet-pin: what they call solved, and what they do not."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

import pytest
from nonsense import Nonsense

pytest.importorskip("numpy", reason="numpy is not installed")

from lab.course import fleet


def summed(devices: int, updated: list[float]) -> float:
    """The folded solution."""
    return devices * sum(1 - share for share in updated)


def break_even(pinned: tuple[float, float], unpinned: tuple[float, float]) -> float:
    """The folded solution."""
    saved = unpinned[1] - pinned[1]
    return (pinned[0] - unpinned[0]) / saved if saved > 0 else math.inf


def by_table(devices: int, updated: list[float]) -> float:
    """Only the curve that the notebook shows, for its ten million devices."""
    return {10_000_000: 145_000_000}.get(devices, 0)


SOLVED = {fleet.refused: summed, fleet.break_even: break_even}
NOT_YET: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (fleet.refused, lambda devices, updated: ...),
    (fleet.refused, by_table),
    (fleet.refused, lambda devices, updated: devices * (1 - updated[-1])),
    (fleet.refused, lambda devices, updated: devices * sum(updated)),
    (fleet.refused, lambda devices, updated: devices * sum(1 - share for share in updated[1:])),
    (fleet.refused, lambda devices, updated: devices * len(updated)),
    (fleet.refused, lambda devices, updated: True),
    (fleet.break_even, lambda pinned, unpinned: True),
    (fleet.break_even, lambda pinned, unpinned: ...),
    (fleet.break_even, lambda pinned, unpinned: 10.0),
    (fleet.break_even, lambda pinned, unpinned: math.inf),
    (fleet.break_even, lambda pinned, unpinned: 0),
    (fleet.break_even, lambda pinned, unpinned: pinned[0] / unpinned[1]),
    (fleet.break_even, lambda pinned, unpinned: (pinned[0] - unpinned[0]) / (unpinned[1] - pinned[1])),
]


@pytest.fixture
def one_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same fleets for many candidates: they take the most time."""
    rotations, pairs = cache(lambda: list(ROTATIONS(Random()))), cache(lambda: list(PAIRS(Random())))
    monkeypatch.setattr(fleet, "_rotations", lambda draw: rotations())
    monkeypatch.setattr(fleet, "_pairs", lambda draw: pairs())


ROTATIONS, PAIRS = fleet._rotations, fleet._pairs


@pytest.mark.parametrize("check", SOLVED)
def test_the_solution_passes_every_time(check: Callable[..., Any]) -> None:
    """Fresh fleets are drawn at each call; the solution is right in all of them."""
    assert str(check(SOLVED[check])).startswith("✓ solved")


@pytest.mark.usefixtures("one_draw")
@pytest.mark.parametrize("check", SOLVED)
def test_a_stub_a_table_and_a_near_miss_do_not_pass(check: Callable[..., Any]) -> None:
    """Nor do they come to see the answer: no report holds a figure of the fleet."""
    for candidate in [wrong for judge, wrong in NOT_YET if judge is check]:
        said = str(check(candidate))
        assert said.startswith("✗ not yet"), said
        assert "wanted" in said or "fleet" in said or "answer yet" in said


@pytest.mark.usefixtures("one_draw")
@pytest.mark.parametrize("candidate", [Nonsense(True, math.nan, -3), lambda: "takes no arguments"])
@pytest.mark.parametrize("check", SOLVED)
def test_nonsense_gives_a_report_and_no_exception(check: Callable[..., Any], candidate: Callable[..., Any]) -> None:
    """Whatever the learner's function does, it is a finding."""
    assert not check(candidate).solved


@pytest.mark.usefixtures("one_draw")
def test_spoiling_what_was_given_spoils_nothing() -> None:
    """A learner may empty the list; the next question is whole."""

    def greedy(devices: int, updated: list[float]) -> float:
        total = 0.0
        while updated:
            total += devices * (1 - updated.pop())
        return total

    assert fleet.refused(greedy).solved
