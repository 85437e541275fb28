"""
The checks of 12-should-your-fleet-pin: the outage of one rotation, and the fear at which a pin pays.

What is right is counted: fresh fleets, drawn anew each time, with verdicts
measured over real TLS. No answer is written down, and no report gives one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from lab.built.fleet.adoption import ASSUMPTION, Adoption, Group
from lab.built.fleet.cohorts import holdings
from lab.built.fleet.count import Shipped, tallies
from lab.built.fleet.history import Deployment, History, Keys, Release
from lab.built.fleet.plan import EVENTS, Plan
from lab.built.fleet.run import Fleet, run
from lab.built.fleet.situations import measured
from lab.course.report import Question, Report, answer, examine

NEAR = 0.01
"""How far, as a share, an answer may lie from what a fleet of millions came to."""

NUMBER = (int, float)

LEAF, UNPINNED = Shipped("leaf-pinned"), Shipped("unpinned")

# ---- refused(devices, updated) --------------------------------------------------------------------


def refused(candidate: Callable[..., Any]) -> Report:
    """Judge `refused(devices, updated)` by fleets of millions that went through one rotation."""

    def near(devices: int, updated: tuple[float, ...], counted: int) -> bool:
        got = answer(candidate, [devices, list(updated)], *NUMBER, wanted="a number")
        return math.isclose(got, counted, rel_tol=NEAR)

    return examine("refused(devices, updated)", near, _rotations(Random()), _about)


def _rotations(draw: Random) -> Iterator[Question]:
    """Fleets with what the learner is given, and the device-days that were counted."""
    at_once = Adoption("at once", (Group("all", 1, 1),), ASSUMPTION)
    nobody = Adoption("nobody", (Group("all", 1, 0),), ASSUMPTION)
    for case, how, late in (
        ("everybody updates in the first night", at_once, 0),
        ("nobody ever updates", nobody, 0),
        ("a fleet that updates", _mixture(draw, 0.0), 0),
        ("a fleet that updates, and a part that never does", _mixture(draw, draw.uniform(0.1, 0.6)), 0),
        ("the release came late", _mixture(draw, draw.uniform(0, 0.4)), draw.randint(10, 40)),
    ):
        devices, days = draw.randint(3, 9) * 1_000_000, draw.randint(60, 300)
        moved = Keys(key=1, certificate=1)
        releases = [Release(0, Keys()), Release(1 + late, moved)]
        told = History(1 + days, (Deployment(0, Keys(), ""), Deployment(1, moved, "renewed")), tuple(releases))
        blocks = holdings(told, devices, how, draw.randrange(1 << 30))
        [counted] = tallies(told, blocks, devices, [LEAF], measured((LEAF.client,)))
        updated = tuple(how.updated(max(0, night - late)) for night in range(days))
        yield Question(case, (devices, updated, counted.outage), True)


def _mixture(draw: Random, never: float) -> Adoption:
    fast = draw.uniform(0.3, 0.7) * (1 - never)
    groups = (
        Group("fast", fast, draw.uniform(0.1, 0.6)),
        Group("slow", 1 - never - fast, draw.uniform(0.01, 0.05)),
        Group("never", never, 0.0),
    )
    return Adoption("fresh", groups, ASSUMPTION)


# ---- break_even(pinned, unpinned) -----------------------------------------------------------------

Days = tuple[float, float]
"""Outage and exposure."""


def break_even(candidate: Callable[..., Any]) -> Report:
    """Judge `break_even(pinned, unpinned)` on fresh fleets: below its answer the pin must cost more, above it less."""

    def fair(pinned: Days, unpinned: Days) -> Any:
        return _parts(answer(candidate, [pinned, unpinned], *NUMBER, wanted="a number"), pinned, unpinned)

    return examine("break_even(pinned, unpinned)", fair, _pairs(Random()), _about)


def _parts(fear: float, pinned: Days, unpinned: Days) -> bool:
    """Whether the pin is no bargain at a little less fear, and one at a little more."""

    def pays(fear: float) -> bool:
        return pinned[0] + fear * pinned[1] < unpinned[0] + fear * unpinned[1]

    if fear < 0 or math.isnan(fear):
        return False
    if math.isinf(fear):
        return not any(pays(10.0**power) for power in range(-3, 13))
    above = pays(fear * (1 + NEAR) + 1e-9)
    return above and (fear == 0 or not pays(fear * (1 - NEAR)))


def _pairs(draw: Random) -> Iterator[Question]:
    """Outage and exposure, in days a year for each device, of a pinned and of an unpinned fleet."""
    calm: dict[str, Any] = dict.fromkeys(EVENTS, 0.0)
    dangers: dict[str, Any] = {**calm, "other_ca_misissues": draw.uniform(2, 4)}
    for case, plan, choice in (
        ("a leaf pin in an ordinary world", _plan(draw), LEAF),
        ("a root pin in an ordinary world", _plan(draw), Shipped("root-pinned")),
        ("a backup pin in an ordinary world", _plan(draw), Shipped("leaf-or-backup")),
        ("a pin in a world where nobody attacks", Plan(**calm, lifetime=draw.randint(40, 200)), LEAF),
        ("a pin that never breaks", Plan(**dangers, lifetime=200, keeps_key=True), LEAF),
        ("an unpinned fleet against itself", _plan(draw), UNPINNED),
    ):
        fleet = Fleet(devices=10_000, years=3, plan=plan, seeds=2, seed=draw.randrange(1 << 30))
        result = run(fleet, [choice, UNPINNED])
        days = [(result.yearly(one.outage.mean), result.yearly(one.exposure.mean)) for one in result.rows]
        yield Question(case, tuple(days), True)


def _plan(draw: Random) -> Plan:
    return Plan(
        lifetime=draw.randint(60, 300),
        ca_moves=draw.uniform(1, 2),
        key_thefts=draw.uniform(0.1, 1),
        other_ca_misissues=draw.uniform(3, 6),
    )


def _about(question: Question, got: Any) -> str:
    return "the number is not what the fleet came to"
