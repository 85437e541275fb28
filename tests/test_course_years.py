"""The checks of 09-a-sites-five-years: what they call solved, and what they do not."""

from __future__ import annotations

from typing import Any

import pytest

from lab.course import years


def by_lag(releases: list[int], lag: int, day: int) -> int:
    """The folded solution."""
    return max([releases[0], *(one for one in releases[1:] if one + lag <= day)])


def by_day(renewals: list[int], releases: list[int], lag: int, length: int) -> int:
    """The folded solution."""

    def key(day: int) -> int:
        return sum(one <= day for one in renewals)

    return sum(key(by_lag(releases, lag, day)) != key(day) for day in range(length))


def without_lag(releases: list[int], lag: int, day: int) -> int:
    return max(one for one in releases if one <= day)


def shown_releases(releases: list[int], lag: int, day: int) -> int:
    """Only the cases of the notebook."""
    return {40: 0, 79: 0, 80: 50, 200: 120}.get(day, 0)


def shown_outages(renewals: list[int], releases: list[int], lag: int, length: int) -> int:
    """Only the cases of the notebook."""
    return 40 if releases == [0, 70] else 140


def lag_for_each_renewal(renewals: list[int], releases: list[int], lag: int, length: int) -> int:
    """A tempting shortcut: each new key costs the lag."""
    return lag * len(renewals)


@pytest.mark.parametrize(
    ("check", "solution"), [(years.installed, by_lag), (years.outage_days, by_day)], ids=["installed", "outage_days"]
)
def test_the_solution_passes_every_time(check: Any, solution: Any) -> None:
    """On three rounds of fresh timelines."""
    for _ in range(3):
        assert str(check(solution)).startswith("✓ solved")


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        (years.installed, without_lag),
        (years.installed, shown_releases),
        (years.installed, lambda releases, lag, day: ...),
        (years.installed, lambda releases, lag, day: str(by_lag(releases, lag, day))),
        (years.installed, lambda: 0),
        (years.outage_days, shown_outages),
        (years.outage_days, lag_for_each_renewal),
        (years.outage_days, lambda *given: None),
        (years.outage_days, lambda *given: 1 / 0),
        (years.outage_days, lambda renewals, releases, lag, length: by_day(renewals, releases, 0, length)),
    ],
)
def test_what_is_wrong_gets_a_report_and_no_exception(check: Any, wrong: Any) -> None:
    """Stubs, shortcuts, tables of the shown cases, and functions that raise."""
    assert str(check(wrong)).startswith("✗ not yet")
