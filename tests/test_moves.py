"""
A move reaches every room by itself: what it comes to is in each what it is in the matrix.

The moves are attacks, two of a file outside the lab as `--with FILE.py` takes
it, two of the catalogue that no other test of a room is about.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from half_a_year import SITE

pytest.importorskip("numpy", reason="numpy is not installed")

from lab.built.atlas.gather import gather
from lab.built.fleet import run as fleet
from lab.built.fleet.count import Shipped
from lab.built.fleet.plan import EVENTS, Plan
from lab.built.time.reading import read
from lab.built.time.run import disagreements, run
from lab.course import capstone
from lab.course.capstone import Arrival
from lab.observation import Outcome
from lab.policy.clients import CLIENTS, client
from lab.scenes.catalogue import CASES, twin_of
from lab.trials.matrix import matrix
from lab.verbs import _load

pytestmark = pytest.mark.usefixtures("outside")

NAMES = ("stolen_key_at_the_sibling", "intermediate_in_the_store", "chain_stuffing", "other_hosts_certificate")
SOME = ("unpinned", "root-pinned", "leaf-pinned", "leaf-or-backup", "pins-presented-chain", "no-host-name-check")
FOUR = ("unpinned", "root-pinned", "intermediate-pinned", "leaf-pinned")


def outcomes(name: str, clients: tuple[str, ...]) -> dict[str, Outcome]:
    """What the matrix says of each client."""
    cells = matrix(list(map(client, clients)), [CASES[name]])
    return {one: cells.cell(one, name).outcome for one in clients}


@pytest.mark.parametrize("name", NAMES)
def test_in_the_matrix_somebody_is_robbed_and_somebody_is_not(name: str) -> None:
    """The control: a room that calls everybody robbed, or nobody, is found out."""
    assert set(outcomes(name, tuple(CLIENTS)).values()) == {Outcome.INTERCEPTED, Outcome.STOPPED}


@pytest.mark.parametrize("name", NAMES[:2])
@pytest.mark.sampled(2)
def test_the_atlas_has_it(name: str) -> None:
    """Its outcomes are on the page's shelf, and it is listed as an attack with its twin."""
    found = gather([client(one) for one in FOUR], [CASES[name]])
    assert {one["client"]: one["outcome"] for one in found["matrix"]["trials"]} == outcomes(name, FOUR)
    (listed,) = (one for one in found["list"]["scenes"] if one["name"] == name)
    assert (listed["kind"], listed["twin"]) == ("attack", CASES[name].twin)


def timeline(what: str) -> str:
    """Half a year of four installations, with this attack on the first of March."""
    pins = {one: [] if one == "unpinned" else [one.removesuffix("-pinned")] for one in FOUR}
    return (
        SITE.replace("lifetime_days = 90", "lifetime_days = 365")
        + f"""
        [[event]]
        date = 2026-03-01
        what = "{what}"
        days = 30
        """
        + "".join(f'\n[[client]]\nname = "{one}"\npins = {list(map(str, pinned))}' for one, pinned in pins.items())
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_timeline_has_it_as_an_event(name: str) -> None:
    """By its name, for as many days as it is given; the pure verdict is the handshakes' at every point."""
    lived = run(read(timeline(name)))
    assert (datetime(2026, 3, 1, tzinfo=UTC), CASES[name].title) in lived.happenings()
    days = {course.client.name: course.exposure_days for course in lived.courses}
    assert days == {one: 30 * (met is Outcome.INTERCEPTED) for one, met in outcomes(name, FOUR).items()}
    assert disagreements(lived) == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.sampled(4)
def test_a_fleet_gives_it_a_rate(name: str) -> None:
    """It moves the exposure of the clients that the matrix says it intercepts, and no other figure."""
    calmly: dict[str, Any] = dict.fromkeys(EVENTS, 0.0)
    quiet = Plan(**calmly)
    plan = replace(quiet, lifetime=90, ca_moves=2, other_ca_misissues=1, sibling_misissues=1, misissued_used=9)
    calm = fleet.Fleet(devices=20_000, years=2, seeds=2, plan=plan)
    given = replace(calm, plan=replace(plan, attacks={name: 3}))
    choices, robbed = [Shipped(one) for one in SOME], outcomes(name, SOME)
    for before, after in zip(fleet.run(calm, choices).rows, fleet.run(given, choices).rows, strict=True):
        if robbed[before.choice.client] is Outcome.INTERCEPTED:
            assert before.exposure.mean < after.exposure.mean
            assert before.outage == after.outage
        else:
            assert before == after


@pytest.mark.parametrize("name", NAMES[:2])
@pytest.mark.sampled(0)
def test_the_capstone_plays_it(name: str) -> None:
    """It is among all events and among the twins, arrives by a stream of its own, and scores as in the matrix."""
    case = CASES[name]
    twin = twin_of(case)
    assert twin is not None
    assert Arrival(case) in capstone.each_once()
    assert (Arrival(case), Arrival(twin)) in capstone.twins()
    assert capstone.everything().again([Arrival(case)]).outcomes == (outcomes(name, capstone.CONTENDERS),)
    drawn = {seed: capstone.draw(seed) for seed in range(100)}
    assert 0 < sum(one.case is case for events in drawn.values() for one in events) < 400
    del CASES[name]
    assert {seed: capstone.draw(seed) for seed in drawn} == {
        seed: tuple(one for one in events if one.case is not case) for seed, events in drawn.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_scene_in_a_file_has_it_as_a_meeting(name: str, tmp_path: Path) -> None:
    """`--with FILE.toml` registers an attack with its reach, and with its outcome for every client."""
    file = tmp_path / "mine.toml"
    file.write_text(f'title = "mine"\n[[meeting]]\n[[meeting]]\nday = 3\nmove = "{name}"\n', "utf-8")
    _load(file)
    assert (CASES["mine"].kind, CASES["mine"].reach) == ("attack", CASES[name].reach)
    assert outcomes("mine", tuple(CLIENTS)) == outcomes(name, tuple(CLIENTS))
