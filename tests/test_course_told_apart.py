"""The checks of 16-what-told-them-apart: what they call solved, what they do not, and that nothing is left standing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import pytest
from nonsense import Nonsense

from lab.built.apart.levers import ACCIDENTS, Lever
from lab.course import told_apart
from lab.wire.listener import running

pytestmark = pytest.mark.course

Refused = Callable[[Mapping[str, str]], int | None]
MOVES = {
    "soft DANE": {"records": "nothing"},
    "CAA with account": {"issuance": "owner's account"},
    "monitor": {"log": "unlogged"},
}


@pytest.fixture(scope="module", autouse=True)
def closed() -> Iterator[None]:
    """Both pairs stand for all tests here, and afterwards nobody listens."""
    yield
    assert told_apart.close() > 0
    assert running() == []


def move(channel: str) -> Mapping[str, str]:
    return MOVES.get(channel, {})


def for_good(dates: Sequence[tuple[int, bool]]) -> int | None:
    served = max((hour for hour, refused in dates if not refused), default=-1)
    return next((hour for hour, _ in dates if hour > served), None)


def accident(lever: str, how: str) -> str:
    return next(name for name, stand in ACCIDENTS.items() if stand.get(Lever(lever)) == how)


def ways(levers: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    return [dict(zip(levers, each, strict=True)) for each in product(*levers.values())]


def search(levers: Mapping[str, Sequence[str]], refused: Refused) -> dict[str, str]:
    def late(move: Mapping[str, str]) -> float:
        hour = refused(move)
        return float("inf") if hour is None else hour

    return max(ways(levers), key=late)


SOLUTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    told_apart.move: move,
    told_apart.for_good: for_good,
    told_apart.accident: accident,
    told_apart.search: search,
    told_apart.choice: lambda: {"hard list", "monitor", "witness"},
}

NOT_YET: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (told_apart.move, lambda channel: {}),
    (told_apart.move, lambda channel: {"log": "unlogged"}),
    (told_apart.move, lambda channel: {**move(channel), "book": "booked"}),
    (told_apart.move, lambda channel: {**move(channel), "weather": "bad"}),
    (told_apart.move, lambda channel: {**move(channel), "log": ["unlogged"]}),
    (told_apart.for_good, lambda dates: next((hour for hour, refused in dates if refused), None)),
    (told_apart.for_good, lambda dates: for_good(dates) or None),
    (told_apart.for_good, lambda dates: dates[-1][0] if dates[-1][1] else None),
    (told_apart.for_good, lambda dates: None),
    *((told_apart.accident, lambda lever, how, name=name: name) for name in ACCIDENTS),
    (told_apart.search, lambda levers, refused: {lever: each[0] for lever, each in levers.items()}),
    (told_apart.search, lambda levers, refused: max(ways(levers), key=lambda move: refused(move) or 9999)),
    (told_apart.search, lambda levers, refused: max(ways(levers), key=lambda move: refused(move) or 0)),
    (told_apart.search, lambda levers, refused: min(ways(levers), key=lambda move: str(refused(move)))),
    (told_apart.choice, lambda: {"hard list", "monitor", "count of SCTs"}),
    (told_apart.choice, lambda: {"soft list", "monitor", "witness"}),
    (told_apart.choice, lambda: {"hard list", "short life", "witness"}),
    (told_apart.choice, lambda: {"leaf pin", "hard list", "short life"}),
    (told_apart.choice, lambda: {"hard DANE", "monitor", "witness"}),
    (told_apart.choice, lambda: {"hard list", "monitor", "witness", "hard staple"}),
    (told_apart.choice, lambda: {"a police station", 7}),
    (told_apart.choice, lambda: [[]]),
    (told_apart.choice, set),
    *((check, Nonsense(1.5)) for check in SOLUTIONS),
]


@pytest.mark.parametrize("check", SOLUTIONS, ids=lambda check: check.__name__)
def test_the_folded_solutions_are_right(check: Callable[..., Any]) -> None:
    """By connections of both pairs, and by the definition that `lab apart` goes by."""
    report = check(SOLUTIONS[check])
    assert report.solved, str(report)


@pytest.mark.parametrize(("check", "candidate"), NOT_YET)
def test_nothing_less_is_solved(check: Callable[..., Any], candidate: Callable[..., Any]) -> None:
    """Stubs, half solutions and nonsense get a report that says not yet."""
    assert str(check(candidate)).startswith("✗ not yet")


def test_every_set_that_stops_both_and_keeps_both_is_right() -> None:
    """Of all three channels on offer these, and with another hard word the answer is as good."""
    both = set(told_apart.sets(told_apart.MIS_ISSUED))
    assert both == {f"hard {word}, witness, monitor" for word in ("staple", "answer", "list")}
    assert all(told_apart.choice(lambda one=one: set(one.split(", "))).solved for one in both)


def test_a_set_that_is_sent_back_says_why() -> None:
    """His move and what it takes; or that the twin does not pass."""
    said = str(told_apart.choice(lambda: {"hard list", "monitor", "count of SCTs"}))
    assert "he gets through for ever. His move: log: hidden. It takes a log that shows two trees" in said
    assert "sent back: its twin is refused" in str(told_apart.choice(lambda: {"leaf pin"}))


def test_a_pair_that_was_closed_is_stood_up_again() -> None:
    """Who runs an earlier cell once more sees what it showed."""
    before = told_apart.makes(told_apart.MIS_ISSUED, "leaf pin, successor")
    assert told_apart.close() > 0
    assert running() == []
    assert told_apart.makes(told_apart.MIS_ISSUED, "leaf pin, successor") == before
    assert before == {"leaf pin": "refuses both", "successor": "at once"}
