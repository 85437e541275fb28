"""The checks of 04-moving-house: what they call solved, and what they do not."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from nonsense import Nonsense

from lab.course import fresh, moving
from lab.pki.authority import Credential, new_key
from lab.pki.world import World


def renewal(world: World) -> Credential:
    """The folded solution."""
    return world.other_issuing.issue(world.host, key=world.genuine.key)


def pins_for(genuine: tuple[Any, ...], spare_keys: list[str]) -> set[str]:
    """The folded solution."""
    return {genuine[0].pin, *spare_keys}


def plan(keep: list[set[str]], stop: list[set[str]]) -> set[str] | None:
    """The folded solution."""
    pins = set().union(*keep) - set().union(*stop)
    return pins if all(pins & reach for reach in keep) else None


SHOWN: dict[Any, Any] = {(("backup",), ("root",)): {"backup"}}

SOLVED = {moving.renewal: renewal, moving.pins_for: pins_for, moving.plan: plan}
NOT_YET: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (moving.renewal, lambda world: world.genuine),
    (moving.renewal, lambda world: world.other_issuing.issue(world.host)),
    (moving.renewal, lambda world: world.issuing.issue(world.host, key=world.genuine.key)),
    (moving.renewal, lambda world: world.other_issuing.issue("bank.example", key=world.genuine.key)),
    (moving.renewal, lambda world: renewal(world).sending()),
    (moving.renewal, lambda world: renewal(World())),
    (moving.renewal, lambda world: Credential(new_key(), renewal(world).chain)),
    (moving.pins_for, lambda genuine, spare_keys: {genuine[0].pin}),
    (moving.pins_for, lambda genuine, spare_keys: set(spare_keys)),
    (moving.pins_for, lambda genuine, spare_keys: {genuine[0].pin, *spare_keys[:1]}),
    (moving.pins_for, lambda genuine, spare_keys: {one.pin for one in genuine} | set(spare_keys)),
    (moving.pins_for, lambda genuine, spare_keys: {genuine[0].fingerprint, *spare_keys}),
    (moving.plan, lambda keep, stop: None),
    (moving.plan, lambda keep, stop: set().union(*keep)),
    (moving.plan, lambda keep, stop: set().union(*keep) - set().union(*stop)),
    (moving.plan, lambda keep, stop: SHOWN.get((tuple(map(tuple, keep)), tuple(map(tuple, stop))))),
]


@pytest.mark.parametrize("check", SOLVED)
def test_the_solution_passes_every_time(check: Callable[..., Any]) -> None:
    """Fresh worlds are drawn at each call; the solution is right in all of them."""
    assert str(check(SOLVED[check])).startswith("✓ solved")


@pytest.mark.parametrize(("check", "candidate"), NOT_YET)
@pytest.mark.sampled(3)
def test_a_stub_a_table_and_a_near_miss_do_not_pass(check: Callable[..., Any], candidate: Callable[..., Any]) -> None:
    """Each of these is wrong in some world, and the check finds one."""
    said = str(check(candidate))
    assert said.startswith("✗ not yet")
    assert len(said.splitlines()) <= 14


@pytest.mark.parametrize("candidate", [Nonsense(7), lambda: "takes no arguments"])
@pytest.mark.parametrize("check", SOLVED)
def test_nonsense_gives_a_report_and_no_exception(check: Callable[..., Any], candidate: Callable[..., Any]) -> None:
    """Whatever the learner's function does, it is a finding."""
    report = check(candidate)
    assert not report.solved


def test_a_plan_is_asked_for_where_one_exists_and_where_none_does() -> None:
    """Both kinds of question come up, and the one line that says which is right by trying every set."""
    draw = Random()
    made = fresh.world(draw, intermediates=2)
    changes = moving._changes(made)
    for possible in (True, False) * 20:
        asked = moving._drawn(draw, made, changes, possible)
        keep, stop = ([reach for _, reach in side] for side in (asked.keep, asked.stop))
        roles = [role.value for role in fresh.ROLES]
        sets = [{role for place, role in enumerate(roles) if number >> place & 1} for number in range(16)]
        good = [one for one in sets if all(one & reach for reach in keep) and not any(one & reach for reach in stop)]
        assert bool(good) is possible
