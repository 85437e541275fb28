"""The checks of 10-the-rise-and-fall-of-hpkp: what they call solved, and what they do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from nonsense import Nonsense

from lab.course import hpkp
from lab.wire.listener import running

Pins = set[str]


def believes(header: Pins, path: Pins, noted: Pins, clean: bool) -> bool:
    """The folded solution."""
    passed = not noted or bool(noted & path)
    return clean and passed and bool(header & path) and bool(header - path)


def days(last_visit: int, change: int, max_age: int, cap: int | None) -> int:
    """The folded solution."""
    life = max_age if cap is None else min(max_age, cap)
    return max(0, last_visit + life - change + 1)


SHOWN_HEADERS = {
    (frozenset({"site", "backup"}), frozenset({"site", "intermediate", "root"})): True,
    (frozenset({"site"}), frozenset({"site", "intermediate", "root"})): False,
}
SHOWN_DAYS = {(29, 30, 60, None): 60, (28, 30, 60, None): 59, (29, 30, 365, None): 365, (29, 30, 365, 60): 60}

NOT_YET: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (hpkp.believes, lambda header, path, noted, clean: bool(header & path) and bool(header - path)),
    (hpkp.believes, lambda header, path, noted, clean: clean and bool(header & path) and bool(header - path)),
    (hpkp.believes, lambda header, path, noted, clean: clean and bool(header & path)),
    (hpkp.believes, lambda header, path, noted, clean: believes(header, path, noted, True)),
    (hpkp.believes, lambda header, path, noted, clean: believes(header, path, noted or {"none"}, clean)),
    (hpkp.believes, lambda header, path, *rest: SHOWN_HEADERS.get((frozenset(header), frozenset(path)), False)),
    (hpkp.believes, Nonsense(1.5)),
    (hpkp.days, lambda last_visit, change, max_age, cap: max_age),
    (hpkp.days, lambda last_visit, change, max_age, cap: days(last_visit, change, max_age, None)),
    (hpkp.days, lambda last_visit, change, max_age, cap: days(last_visit, change, cap or max_age, None)),
    (hpkp.days, lambda *given: days(*given) - 1),
    (hpkp.days, lambda *given: max(1, days(*given))),
    (hpkp.days, lambda *given: SHOWN_DAYS.get(given, 0)),
    (hpkp.days, Nonsense(1.5)),
]


@pytest.mark.parametrize("check", [hpkp.believes, hpkp.days], ids=["believes", "days"])
def test_the_folded_solutions_are_right(check: Callable[..., Any]) -> None:
    """On fresh paths and fresh calendars the solutions agree with the lab's browser and with real handshakes."""
    solution = {hpkp.believes: believes, hpkp.days: days}[check]
    report = check(solution)
    assert report.solved, str(report)
    assert running() == []


@pytest.mark.parametrize(("check", "candidate"), NOT_YET)
def test_nothing_less_is_solved(check: Callable[..., Any], candidate: Callable[..., Any]) -> None:
    """Stubs, half solutions, look-up tables of what the notebook shows, and nonsense get a report that says not yet."""
    report = check(candidate)
    assert str(report).startswith("✗ not yet"), str(report)
