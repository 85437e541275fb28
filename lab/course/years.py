"""
The checks of 09-a-sites-five-years: which release a client runs, and the days that a leaf pin costs.

Each fresh timeline is run with real handshakes at simulated times, and its
counts are what is right. No answer is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from lab.built.time.events import Renewal
from lab.built.time.installed import Owner
from lab.built.time.language import Ca, Choice, Installation, Timeline
from lab.built.time.life import Life
from lab.built.time.run import run
from lab.course.report import Question, Report, examine
from lab.policy.pinset import Role

COUNT = "an int, a count of days,"
START = datetime(2027, 1, 1, tzinfo=UTC)


def _day(number: int) -> datetime:
    return START + timedelta(days=number)


def line(renewals: list[int], releases: list[int], lag: int, length: int) -> Timeline:
    """A service that moves to a new key on each of `renewals`, and one leaf-pinned client."""
    released = tuple(_day(one) for one in releases[1:])
    return Timeline(
        title="fresh",
        start=START,
        end=_day(length),
        cas=(Ca("Honest Root"),),
        issuer="Honest Root",
        lifetime_days=length + 500,
        renew="never",
        clients=(Installation("leaf-pinned", (Role.LEAF,), update_lag=lag, also_released=released),),
        events=tuple(Renewal(date=_day(one), key=Choice.NEW) for one in renewals),
    )


def _fresh(draw: Random) -> tuple[list[int], list[int], int, int]:
    """Renewals, releases (the first on day 0), lag and length, in days."""
    length = draw.randint(150, 400)
    renewals = sorted(draw.sample(range(1, length), draw.randint(1, 5)))
    releases = [0, *sorted(draw.sample(range(1, length), draw.randint(1, 5)))]
    return renewals, releases, draw.randint(1, 90), length


# ---- installed(releases, lag, day) ----------------------------------------------------------------


def installed(candidate: Callable[..., Any]) -> Report:
    """Judge `installed(releases, lag, day)` by what the lab's own clients run on days around each update."""
    return examine("installed(releases, lag, day)", candidate, _days(Random()), _about_days, COUNT)


def _days(draw: Random) -> Iterator[Question]:
    for _ in range(4):
        _, releases, lag, length = _fresh(draw)
        fresh = line([], releases, lag, length)
        owner = Owner(fresh.clients[0], Life(fresh))
        for release in releases[1:]:
            for case, day in (
                ("the day before an update arrives", release + lag - 1),
                ("the day that an update arrives", release + lag),
                ("the day of a release", release),
                ("any day", draw.randrange(length)),
            ):
                if day < length:
                    right = (owner.release(_day(day)) - START).days
                    yield Question(case, (list(releases), lag, day), right)


# ---- outage_days(renewals, releases, lag, length) --------------------------------------------------


def outage_days(candidate: Callable[..., Any]) -> Report:
    """Judge `outage_days(renewals, releases, lag, length)` by fresh timelines, run with real handshakes."""
    asked = _outages(Random())
    return examine("outage_days(renewals, releases, lag, length)", candidate, asked, _about_days, COUNT)


def _outages(draw: Random) -> Iterator[Question]:
    for case in ("a client that is updated", "a client that is updated", "a client that is never updated") * 2:
        renewals, releases, lag, length = _fresh(draw)
        yield _measured(case, renewals, [0] if "never" in case else releases, lag, length)
    release, other = draw.randint(20, 60), draw.randint(20, 60)
    late = other + draw.randint(5, 15)
    yield _measured("a release on the day of the renewal", [release], [0, release], draw.randint(5, 40), 150)
    yield _measured("the key changes again before the update is there", [other, late], [0, other], 30, 150)
    yield _measured("the key never changes", [], [0, other], 30, 150)


def _measured(case: str, renewals: list[int], releases: list[int], lag: int, length: int) -> Question:
    (course,) = run(line(renewals, releases, lag, length)).courses
    return Question(case, (list(renewals), list(releases), lag, length), round(course.outage_days))


def _about_days(question: Question, got: Any) -> str:
    given = ", ".join(str(one) for one in question.given)
    return f"{got} is not right for ({given})"
