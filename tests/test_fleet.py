"""The fleet: its verdicts are measured, its counting is exact, and its figures do not depend on how it is run."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import time
import tracemalloc
from dataclasses import fields, replace
from pathlib import Path as File
from random import Random
from statistics import fmean, pstdev
from typing import Any
from xml.etree import ElementTree

import pytest
from verbs import do

pytest.importorskip("numpy", reason="numpy is not installed")

import numpy as np
from one_by_one import one_by_one, relation

from lab.built.fleet import cohorts, command, count, history, run, saved
from lab.built.fleet import drawing as picture
from lab.built.fleet.adoption import ADOPTIONS, ASSUMPTION, Adoption, Group, adoption, steady
from lab.built.fleet.count import Shipped, Tally
from lab.built.fleet.history import FOREIGN, Deployment, History, Keys, Release, Threat
from lab.built.fleet.plan import EVENTS, SOURCES, SWAPS, Plan
from lab.built.fleet.situations import (
    ORDINARY,
    SITUATIONS,
    Accepts,
    bits,
    composed,
    measure,
    measured,
    scene,
    uncounted,
)
from lab.built.fleet.speed import device_days_a_second
from lab.observation import Line
from lab.policy.clients import CLIENTS, client
from lab.scenes.catalogue import CASES
from lab.trials.matrix import matrix

NAMES = tuple(dict.fromkeys(one.client for one in run.CHOICES))
NOTHING: dict[str, Any] = dict.fromkeys(EVENTS, 0.0)
QUIET = Plan(**NOTHING, lifetime=3650)
"""A plan in which nothing happens within six years."""
NEVER = Adoption("never", (Group("never", 1, 0),), ASSUMPTION)
AT_ONCE = Adoption("at once", (Group("all", 1, 1),), ASSUMPTION)
DAILY = 0.03
EXPONENTIAL = Adoption("exponential", (Group("all", 1, DAILY),), ASSUMPTION)
LEAF, ROOT, BACKUP, UNPINNED = (Shipped(one) for one in ("leaf-pinned", "root-pinned", "leaf-or-backup", "unpinned"))


@pytest.fixture(scope="session")
def accepts() -> dict[str, Accepts]:
    return measured(NAMES)


def one_rotation(days: int, at: int, **moved: int) -> History:
    """Nothing but one renewal with a new key, with a release on the same day."""
    path = replace(Keys(key=1, certificate=1), **moved)
    return History(
        days, (Deployment(0, Keys(), ""), Deployment(at, path, "renewed")), (Release(0, Keys()), Release(at, path))
    )


def tally(
    told: History, devices: int, how: Adoption, choice: Shipped, table: dict[str, Accepts], seed: int = 1
) -> Tally:
    return count.tallies(told, cohorts.holdings(told, devices, how, seed), devices, [choice], table)[0]


# ---- verdicts ------------------------------------------------------------------------------------


def test_the_measured_verdicts_are_the_rule_of_the_lab(accepts: dict[str, Accepts]) -> None:
    """A client accepts, whoever is on the line, exactly where each of its pin lists meets the situation's reach."""
    for name in NAMES:
        if name == "first-use-with-ca":  # it pins the leaf's key that it met
            expected = accepts["leaf-pinned"].genuine.tolist()
        else:
            sets = [check.pin_set for check in client(name).policy if check.pin_set]
            expected = [all(one.meets(reach) for one in sets) for reach in ORDINARY]
        assert expected == accepts[name].genuine.tolist() == accepts[name].attacker.tolist(), name


def test_the_table_is_measured_and_not_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the pin check out of a client, and its table changes: there is nothing beneath the trials."""
    pinned = client("leaf-pinned")
    assert not measure([pinned])["leaf-pinned"].genuine.all()
    disarmed = replace(pinned, policy=tuple(check for check in pinned.policy if not check.pin_set))
    assert measure([disarmed])["leaf-pinned"].genuine.all()


@pytest.mark.sampled(0)
def test_a_scene_put_together_here_says_what_the_catalogues_own_says() -> None:
    """For each situation that the catalogue has, and clients that can tell them apart: the same outcome."""
    rows = [client(name) for name in NAMES if name not in ("unpinned", "any-of-chain")]
    for line in Line:
        found = [(scene(reach, line), composed(reach, line)) for reach in SITUATIONS]
        here = [pair for pair in found if pair[0].name in CASES]
        if line is Line.GENUINE:  # no plain scene, and the only one of the catalogue whose path has no root
            here.append((CASES["chain_shortened"], composed(CASES["chain_shortened"].reach, line)))
        assert len(here) >= 6
        done = matrix(rows, [case for pair in here for case in pair])
        for ours, theirs in here:
            assert ours.reach == theirs.reach
            for row in rows:
                met = [done.cell(row.name, one.name) for one in (ours, theirs)]
                outcomes = [one.encounters[one.scene.about].outcome for one in met]
                assert outcomes[0] is outcomes[1], (ours.name, row.name)


def test_an_attackers_success_is_a_secret_in_its_log() -> None:
    """A check that comes too late refuses the genuine server, and still counts as exposed to every attacker."""
    found = measure([client("checks-too-late")])["checks-too-late"]
    assert found.attacker.all()
    assert not found.genuine.all()


def test_whole_arrays_are_related_as_single_pairs_are() -> None:
    """The vectorised comparison of pins and path equals the plain one, for random pins, paths and backups."""
    draw = Random(1)
    for backups in (0, 1, 3):
        pins = [Keys(draw.randrange(3), draw.randrange(3), draw.randrange(3), draw.randrange(4)) for _ in range(40)]
        paths = [Keys(*(draw.randrange(FOREIGN, 4) for _ in range(4))) for _ in range(40)]
        arrays = count._shared(count._numbers(pins)[:, None, :], count._numbers(paths)[:, :, None], backups)
        plain = [[bits(relation(one, path, backups)) for one in pins] for path in paths]
        assert plain == arrays.tolist()


# ---- counting ------------------------------------------------------------------------------------


def test_a_history_that_can_be_counted_by_hand(accepts: dict[str, Accepts]) -> None:
    """No device updates, the key changes on day 100 of 365: the leaf-pinned fleet is out for 265 days, no other is."""
    told = one_rotation(365, 100)
    assert tally(told, 1000, NEVER, LEAF, accepts) == Tally(265_000, 0, 1, 1000)
    for other in (ROOT, BACKUP, UNPINNED):
        assert tally(told, 1000, NEVER, other, accepts) == Tally(0, 0, 0, 0)
    assert tally(told, 1000, NEVER, replace(BACKUP, backups=0), accepts).outage == 265_000
    assert tally(told, 1000, AT_ONCE, LEAF, accepts) == Tally(1000, 0, 1, 0)  # the day itself, and no other


def test_a_backup_lasts_for_one_rotation_and_a_queue_for_as_many_as_it_holds(accepts: dict[str, Accepts]) -> None:
    """Keys 0, 1, 2, 3 at 100 days each: one backup fails from the second rotation on, two from the third."""
    paths = [Keys(key=number, certificate=number) for number in range(4)]
    told = History(400, tuple(Deployment(100 * n, one, "") for n, one in enumerate(paths)), (Release(0, Keys()),))
    expected = {0: 300, 1: 200, 2: 100, 3: 0}
    assert expected == {n: tally(told, 1, NEVER, replace(BACKUP, backups=n), accepts).outage for n in expected}


def test_pins_that_expire_trade_the_outage_for_exposure(accepts: dict[str, Accepts]) -> None:
    """Key changed on day 100, an attacker with another CA from day 150 to 250: brick, or open from the expiry on."""
    threat = Threat(150, 250, Keys(FOREIGN, FOREIGN, FOREIGN, FOREIGN), "another trusted CA mis-issues")
    told = replace(one_rotation(365, 100), threats=(threat,))
    never, open_ = (tally(told, 10, NEVER, one, accepts) for one in (LEAF, replace(LEAF, expires=200)))
    assert (never.outage, never.exposure) == (2650, 0)
    assert (open_.outage, open_.exposure) == (1000, 500)
    assert (open_.stranded, never.stranded) == (0, 10)
    assert tally(told, 10, NEVER, UNPINNED, accepts).exposure == 1000


def test_a_device_is_exposed_once_a_day_and_revocation_protects_who_heeds_it(accepts: dict[str, Accepts]) -> None:
    """Two thieves on the same day are one exposed day; where three of four heed revocation, a quarter remains."""
    thief = Threat(10, 20, Keys(), "the server's key is stolen")
    quiet = History(100, (Deployment(0, Keys(), ""),), (Release(0, Keys()),))
    for threats, expected in (
        ((thief,), 100), ((thief, thief), 100), ((replace(thief, heeded=0.75),), 25),
        ((thief, replace(thief, heeded=0.75)), 100), ((replace(thief, until=500),), 900), ((), 0),
    ):  # fmt: skip
        assert tally(replace(quiet, threats=threats), 10, NEVER, LEAF, accepts).exposure == expected


def test_the_cohorts_agree_with_the_closed_form(accepts: dict[str, Accepts]) -> None:
    """
    One rotation, exponential adoption: outage = N x the integral of (1 - F).

    F is a staircase with a step each night, so the integral over D days is
    (1 - q^D) / p. The mean of many seeds lies within five standard errors; a
    rate that is five per cent off does not.
    """
    devices, days, seeds = 20_000, 400, 40
    told, q = one_rotation(days, 0 + 50), 1 - DAILY
    found = [tally(told, devices, EXPONENTIAL, LEAF, accepts, seed).outage for seed in range(seeds)]
    lasting = days - 50
    integral = math.fsum(1 - EXPONENTIAL.updated(night) for night in range(lasting))
    assert integral == pytest.approx((1 - q**lasting) / DAILY)
    error = math.sqrt(q) / DAILY * math.sqrt(devices / seeds)  # a geometric time for each device
    assert abs(fmean(found) - devices * integral) < 5 * error
    assert abs(fmean(found) - devices * (1 - q**lasting) / (DAILY * 1.05)) > 5 * error
    assert pstdev(found) == pytest.approx(math.sqrt(devices * q) / DAILY, rel=0.5)


def test_finer_nights_approach_the_continuous_curve() -> None:
    """With F(t) = 1 - exp(-t/T) the integral is T; the staircase exceeds it by half a day, as a whole night must."""
    for lasting in (20.0, 100.0, 400.0):
        curve = steady(half_life=lasting * math.log(2))
        staircase = math.fsum(1 - curve.updated(night) for night in range(int(40 * lasting)))
        assert staircase - lasting == pytest.approx(0.5, abs=0.01)


BUSY = Plan(
    lifetime=60, reaction=10, intermediate_swaps=2, ca_moves=1, mass_revocations=1, key_thefts=2,
    other_ca_misissues=2, sibling_misissues=2, same_ca_misissues=2, revocation_heeded=0.25,
)  # fmt: skip
"""A year in which everything happens."""


@pytest.mark.parametrize("choice", [LEAF, replace(BACKUP, expires=120), Shipped("any-of-chain")], ids=lambda c: c.name)
def test_where_chance_has_no_part_the_cohorts_equal_the_device_by_device_simulation(
    choice: Shipped, accepts: dict[str, Accepts]
) -> None:
    """Busy years, with devices that never update or that do so at once: equal to the last device-day."""
    for seed in range(3):
        told = history.history(BUSY, 365, seed)
        assert told.threats
        for how in (NEVER, AT_ONCE):
            expected = one_by_one(told, 3, how, choice, accepts, seed)
            assert expected == tally(told, 3, how, choice, accepts, seed)


def test_the_cohorts_agree_with_the_device_by_device_simulation(accepts: dict[str, Accepts]) -> None:
    """One busy year, a mixed fleet: the means over seeds agree within five standard errors, and so do the spreads."""
    told, how = history.history(BUSY, 150, 3), ADOPTIONS["app-store"]
    slower = replace(how, groups=(Group("slow", 1, 0.01),))
    seeds, devices = 20, 40
    plain = [one_by_one(told, devices, how, LEAF, accepts, seed) for seed in range(seeds)]
    fast = [tally(told, devices, how, LEAF, accepts, seed) for seed in range(10 * seeds)]
    off = [tally(told, devices, slower, LEAF, accepts, seed) for seed in range(seeds)]
    for what in ("outage", "exposure"):
        one, other, wrong = ([getattr(t, what) for t in found] for found in (plain, fast, off))
        error = pstdev(one) / math.sqrt(seeds) + pstdev(other) / math.sqrt(10 * seeds)
        assert error > 0
        assert abs(fmean(one) - fmean(other)) < 5 * error, what
        assert pstdev(one) == pytest.approx(pstdev(other), rel=0.6), what
        if what == "outage":
            assert abs(fmean(one) - fmean(wrong)) > 5 * error


def test_no_device_is_lost_and_the_cut_into_blocks_changes_nothing(
    accepts: dict[str, Accepts], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every day holds the whole fleet; blocks of a few days give the same tallies as one block."""
    told = history.history(BUSY, 365, 1)
    whole = list(cohorts.holdings(told, 5000, ADOPTIONS["app-store"], 1))
    assert len(whole) == 1
    assert (whole[0].held.sum(1) == 5000).all()
    expected = count.tallies(told, whole, 5000, run.CHOICES, accepts)
    monkeypatch.setattr(cohorts, "CELLS", 7 * len(told.releases))
    cut = list(cohorts.holdings(told, 5000, ADOPTIONS["app-store"], 1))
    assert len(cut) == math.ceil(365 / 7)
    for one, other in zip(expected, count.tallies(told, cut, 5000, run.CHOICES, accepts), strict=True):
        assert one.exposure == pytest.approx(other.exposure)
        assert one == replace(other, exposure=one.exposure)


def test_a_release_reaches_the_share_that_the_curve_says() -> None:
    """Ten million devices, one release: each night's share is the curve's, within five standard errors."""
    told, how = one_rotation(60, 10), ADOPTIONS["small-app-2015"]
    [block] = cohorts.holdings(told, 10_000_000, how, 1)
    for night in (0, 1, 7, 28, 49):
        share = block.held[10 + night, 1] / 10_000_000
        assert share == pytest.approx(how.updated(night), abs=5 * math.sqrt(0.25 / 10_000_000))


# ---- histories -----------------------------------------------------------------------------------


def test_two_plans_that_differ_in_one_thing_meet_the_same_accidents() -> None:
    """Shorter certificates move no theft and no mis-issuance, and a longer run only adds to a shorter one."""
    plan = replace(BUSY, misissued_used=5)
    first, shorter, longer = (
        history.history(replace(plan, lifetime=life), days, 5) for life, days in ((60, 700), (30, 700), (60, 1400))
    )

    def accidents(told: History) -> set[tuple[str, int]]:
        found: dict[tuple[str, int], None] = {}
        for one in told.threats:
            if "mis-issues" in one.why:
                found[one.why, one.since] = None
        return set(found)

    assert accidents(first) == accidents(shorter)
    assert accidents(first) < accidents(longer)
    assert first.changes == longer.changes[: len(first.changes)]
    assert accidents(first) != accidents(history.history(plan, 700, 6))


def test_an_operator_with_no_accidents_renews_on_time_and_releases_on_the_day() -> None:
    """Certificates of 90 days, renewed every 60: a new key, a new certificate and a release each time."""
    told = history.history(replace(QUIET, lifetime=90), 365, 1)
    assert [one.day for one in told.changes] == [0, 60, 120, 180, 240, 300, 360]
    assert [one.path.key for one in told.changes] == list(range(7))
    assert [one.day for one in told.releases] == [one.day for one in told.changes]
    kept = history.history(replace(QUIET, lifetime=90, keeps_key=True), 365, 1)
    assert {one.path.key for one in kept.changes} == {0}
    assert len({one.path.certificate for one in kept.changes}) == 7


def test_a_thief_lasts_as_long_as_the_certificates_of_the_stolen_key() -> None:
    """Until the theft is noticed the thief needs no luck; then until the last certificate of that key expires."""
    plan = replace(QUIET, lifetime=200, key_thefts=1, theft_noticed=30, revocation_heeded=0.5)
    for seed in range(20):
        told = history.history(plan, 1500, seed)
        thefts = sorted({one.since for one in told.threats if one.heeded == 0})
        for one in told.threats:
            issued = next(change.day for change in told.changes if change.path == one.path)
            assert one.since < one.until <= issued + 200
            assert one.heeded == 0 or any(one.since >= day + 30 for day in thefts)
        for day in [change.day for change in told.changes if "stolen" in change.why]:
            assert day - 30 in thefts or any(one.since == day for one in told.threats)
            assert told.path(day).key > told.path(day - 1).key


def test_what_nobody_planned_reaches_the_clients_late() -> None:
    """A planned renewal is released on its day; an unplanned change `reaction` days after it."""
    told = history.history(replace(QUIET, mass_revocations=3, reaction=9), 1500, 2)
    changed = [one.day for one in told.changes[1:]]
    assert changed
    assert [one.day for one in told.releases[1:]] == [day + 9 for day in changed if day + 9 < 1500]


# ---- attacks that nobody has counted ---------------------------------------------------------------


@pytest.mark.usefixtures("outside")
@pytest.mark.sampled(0)
def test_the_cohorts_equal_the_device_by_device_simulation_under_such_attacks_too() -> None:
    """Busy years with stolen backup keys and paths without a root: equal to the last device-day."""
    rates = dict.fromkeys(("stolen_backup_key", "intermediate_in_the_store", "stolen_key_at_the_sibling"), 6.0)
    table = measured(NAMES, tuple(uncounted(name) for name in rates))
    for seed, choice in enumerate((LEAF, BACKUP, replace(BACKUP, expires=120), Shipped("intermediate-pinned"))):
        told = history.history(replace(BUSY, attacks=rates), 365, seed)
        assert {one.attack for one in told.threats} == {"", *rates}
        expected = one_by_one(told, 3, NEVER, choice, table, seed)
        assert expected == tally(told, 3, NEVER, choice, table, seed)


@pytest.mark.usefixtures("outside")
def test_an_attack_more_moves_no_other() -> None:
    """Each has random numbers of its own, from its name: what was there stays, whatever comes beside it."""
    bare, one, two = (
        history.history(replace(BUSY, attacks=dict.fromkeys(names, 2.0)), 900, 4)
        for names in ((), ("stolen_backup_key",), ("intermediate_in_the_store", "stolen_backup_key"))
    )
    assert bare.changes == one.changes == two.changes
    assert list(bare.threats) == [threat for threat in two.threats if not threat.attack]
    assert list(one.threats) == [threat for threat in two.threats if threat.attack != "intermediate_in_the_store"]
    days = {
        name: [threat.since for threat in two.threats if threat.attack == name]
        for name in ("stolen_backup_key", "intermediate_in_the_store")
    }
    assert len({tuple(found) for found in days.values()}) == 2
    assert len(bare.threats) < len(one.threats) < len(two.threats)


@pytest.mark.usefixtures("outside")
def test_a_path_has_exactly_the_genuine_keys_that_the_attacks_reach_says() -> None:
    """Seen with the pins of that very day; and a reach that no path can have is refused."""
    for name in ("stolen_backup_key", "intermediate_in_the_store", "stolen_key_at_the_sibling"):
        for threat in history.history(replace(BUSY, attacks={name: 9.0}), 365, 1).threats:
            if threat.attack:
                assert relation(told_on(threat.since), threat.path) == CASES[name].reach
    with pytest.raises(ValueError, match="no path has just these"):
        with_rate("two_keys_at_once")


def told_on(day: int) -> Keys:
    return history.history(BUSY, 365, 1).path(day)


@pytest.mark.usefixtures("outside")
def test_a_stolen_certificate_dies_with_its_date() -> None:
    """A mis-issued certificate begins to live on the day of the attack, a stolen one when it was deployed."""
    rates = {"stolen_backup_key": 9.0, "stolen_backup_tape": 9.0}
    told = history.history(replace(QUIET, lifetime=100, attacks=rates), 900, 1)
    lasted = {name: {one.until - one.since for one in told.threats if one.attack == name} for name in rates}
    assert lasted["stolen_backup_key"] == {90}
    assert min(lasted["stolen_backup_tape"]) < 90
    for one in told.threats:
        if one.attack == "stolen_backup_tape":
            assert one.until == min(one.since + 90, told.deployed(one.since).day + 100)


# ---- results -------------------------------------------------------------------------------------

SMALL = run.Fleet(devices=20_000, years=2, seeds=4)


def test_the_same_seed_gives_the_same_figures_and_another_does_not() -> None:
    """Run twice, equal to the last device-day; a seed on, different."""
    first, again = run.run(SMALL), run.run(SMALL)
    assert first == again
    assert first.rows != run.run(replace(SMALL, seed=50)).rows
    assert first.record() == again.record()


def test_a_client_meets_the_same_years_whatever_is_asked_beside_it() -> None:
    """The row of one client alone equals its row among all."""
    assert run.run(SMALL, [LEAF]).rows[0] == run.run(SMALL).row("leaf-pinned")


def test_ten_million_devices_over_five_years_take_seconds_and_no_more_memory_than_a_hundred() -> None:
    """Two histories in under five seconds of processor time; peak memory as for a hundred devices, under 64 MiB."""
    fleet = run.Fleet(devices=10_000_000, years=5, seeds=2)
    run.run(replace(fleet, seeds=1))
    began = time.process_time()
    run.run(fleet)
    assert (time.process_time() - began) < 5
    peaks = []
    for devices in (100, 10_000_000):
        tracemalloc.start()
        run.run(replace(fleet, devices=devices, seeds=1))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]
    assert max(peaks) < 64 << 20
    assert device_days_a_second(10**6, years=1, seeds=1) > 10**7


def test_a_run_tells_how_far_it_is() -> None:
    """`progress` counts from nothing to all, for a run and for the table of remedies."""
    heard: list[tuple[int, int]] = []
    run.run(SMALL, progress=lambda done, of, _: heard.append((done, of)))
    assert heard == [(number, 4) for number in range(5)]
    heard.clear()
    saved.saved(replace(SMALL, devices=9, seeds=1, years=1), progress=lambda done, of, _: heard.append((done, of)))
    assert heard == sorted(heard)
    assert heard[-1][0] == heard[-1][1]


def test_the_trade_is_there() -> None:
    """No pin, no outage and the most exposure; the leaf pin, the least exposure and the most outage."""
    found = run.run(replace(SMALL, years=5, seeds=6))
    rows = {one.choice.name: one for one in found.rows}
    assert rows["unpinned"].outage.mean == 0
    assert rows["unpinned"].exposure.mean == max(one.exposure.mean for one in found.rows)
    assert rows["leaf-pinned"].outage.mean == max(one.outage.mean for one in found.rows)
    assert rows["any-of-chain"].tallies == rows["root-pinned"].tallies  # pinning more, and getting the weakest
    assert rows["leaf-or-backup"].outage.mean < rows["leaf-pinned"].outage.mean


def test_what_would_have_saved_you_is_a_run_with_one_thing_changed() -> None:
    """Each line of the table equals a run of its own; the base is the fleet as it is."""
    fleet = replace(SMALL, years=1, seeds=1)
    table = saved.saved(fleet, LEAF)
    assert table.base == run.run(fleet, [LEAF]).rows[0]
    for remedy, row in table.rows:
        there = remedy.fleet
        assert row == run.run(there, [remedy.choice]).rows[0]
        differs = [remedy.choice != LEAF, there.plan != fleet.plan, there.adoption != fleet.adoption]
        assert sum(differs) == 1
        assert replace(there, plan=fleet.plan, adoption=fleet.adoption) == fleet
        changed = [one.name for one in fields(Plan) if getattr(there.plan, one.name) != getattr(fleet.plan, one.name)]
        assert len(changed) <= 1
    assert table.row("no pin").outage.mean == 0
    assert table == saved.saved(fleet, LEAF, known=run.run(fleet))
    assert "no pin" not in [one.name for one in saved.remedies(fleet, UNPINNED) if one.choice == UNPINNED]


# ---- data and manners ----------------------------------------------------------------------------


def test_every_number_has_a_source_or_says_that_it_is_an_assumption() -> None:
    """Each field of a plan, each adoption curve; a fit lies within 2.5 of 100 devices of each point it fits."""
    assert [one.name for one in fields(Plan)] == list(SOURCES)
    for one in ADOPTIONS.values():
        assert one.source.startswith(ASSUMPTION) or one.measured, one.name
        for days, share in one.measured:
            assert one.updated(days) == pytest.approx(share, abs=0.025)
        assert one.updated(0) == 0
    counted = [one for one in ADOPTIONS.values() if one.measured]
    assert [one.name for one in counted if one.source.startswith(ASSUMPTION)] == []
    assert min(one.never for one in counted) < 0.02 < 0.2 < max(one.never for one in counted)  # they disagree
    assert Plan().intermediate_swaps == pytest.approx((len(SWAPS) - 1) / ((SWAPS[-1] - SWAPS[0]).days / 365), abs=0.05)
    assert [day for day in SWAPS if str(day) not in SOURCES["intermediate_swaps"]] == []


def with_rate(attack: str) -> run.FleetResult:
    return run.run(replace(SMALL, plan=Plan(attacks={attack: 1})))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: run.Fleet(devices=0), "0 devices"),
        (lambda: run.Fleet(devices=10**12), "10,000,000,000 devices"),
        (lambda: run.Fleet(years=51), "51 years"),
        (lambda: run.Fleet(seeds=0), "0 seeds"),
        (lambda: run.Fleet(seed=-1), "-1"),
        (lambda: Plan(lifetime=0), "0 days"),
        (lambda: Plan(key_thefts=-1), "key_thefts"),
        (lambda: Plan(key_thefts=math.nan), "key_thefts"),
        (lambda: Plan(ca_moves=1e9), "at most 52"),
        (lambda: Plan(revocation_heeded=1.5), "share"),
        (lambda: Plan(renew_at=0), "renew_at"),
        (lambda: adoption("quick"), "small-app-2015"),
        (lambda: steady(0), "half-life"),
        (lambda: Adoption("odd", (Group("a", 0.5, 1),), ASSUMPTION), "add up to 1"),
        (lambda: Adoption("odd", (Group("a", 1, 2),), ASSUMPTION), "between 0 and 1"),
        (lambda: Shipped("leaf-pinned", expires=-1), "negative"),
        (lambda: run.run(SMALL, [Shipped("leaf-pined")]), "leaf-pinned"),
        (lambda: run.run(SMALL, []), "at least one"),
        (lambda: Plan(attacks={"stolen_backup_key": -1}), "stolen_backup_key"),
        (lambda: Plan(attacks={"stolen_backup_key": 1e9}), "at most 52"),
        (lambda: with_rate("stolen_bakup_key"), "stolen_backup_key"),
        (lambda: with_rate("new_key"), "no attack but a rotation"),
        (lambda: with_rate("first_contact"), "several meetings"),
        (lambda: with_rate("other_trusted_ca"), "set its other_ca_misissues"),
        (lambda: History(9, (Deployment(3, Keys(), ""),), (Release(0, Keys()),)), "from 0 upward"),
    ],
)
def test_bad_numbers_get_one_sentence(wrong: Any, said: str) -> None:
    """What was seen, what was wanted; a ValueError, before anything is run."""
    with pytest.raises(ValueError, match=re.escape(said)) as problem:
        wrong()
    assert "\n" not in str(problem.value)


QUICK = ("--devices", "1000", "--years", "1", "--seeds", "2")


@pytest.mark.sampled(0)
def test_the_command_prints_both_tables_or_json(capsys: pytest.CaptureFixture[str], tmp_path: File) -> None:
    """Text for people, one JSON value for programs, and a picture where it is asked for."""
    assert do(command.fleet, *QUICK, "--picture", str(tmp_path / "fleet.svg")) == 0
    said = capsys.readouterr().out
    assert "leaf-or-backup, 5 backup keys" in said
    assert "What would have saved you" in said
    assert "neurons.dk" in said
    assert [one.name for one in tmp_path.iterdir()] == ["fleet.svg"]
    assert do(command.fleet, *QUICK, "--attack", "stolen_backup_key=9") == 0
    assert "Nobody has counted" in capsys.readouterr().out.splitlines()[-2]
    assert do(command.fleet, *QUICK, "--json", "--lifetime", "47", "--adoption", "evergreen") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["plan"]["lifetime"]["value"] == 47
    assert found["adoption"]["name"] == "evergreen"
    assert len(found["rows"][0]["outage_device_days"]) == 2
    assert found["handshakes"] > 100
    assert found["plan"]["attacks"] == {"value": {}, "source": "nobody has counted it"}
    assert {"changed", "outage_device_days", "exposure_device_days"} == set(found["saved"]["rows"][0])


@pytest.mark.parametrize(
    "arguments",
    [
        ("--client", "leaf-pined"),
        ("--adoption", "nobody"),
        ("--lifetime", "0"),
        ("--attack", "stolen_backup_key"),
        ("--picture", "/nowhere/at/all.svg"),
    ],
)
def test_the_command_refuses_bad_input_before_it_works(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence, as a ValueError that the command line turns into exit code 2."""
    monkeypatch.setattr(run, "run", lambda *given, **more: pytest.fail("it was run"))
    with pytest.raises(ValueError, match=r"leaf-pinned|evergreen|3650 days|is no folder|stolen_backup_key=0.1"):
        do(command.fleet, *arguments)


def test_a_picture_that_cannot_be_written_leaves_nothing_behind(tmp_path: File) -> None:
    """The target is a folder: one sentence, and no half a file beside it."""
    (tmp_path / "fleet.svg").mkdir()
    with pytest.raises(ValueError, match="cannot write"):
        do(command.fleet, *QUICK, "--picture", str(tmp_path / "fleet.svg"))
    assert [one.name for one in tmp_path.iterdir()] == ["fleet.svg"]


def test_the_picture_says_in_words_all_that_it_shows() -> None:
    """Well-formed SVG, as an image with a description; every row has its number, its mark and its figures."""
    result = run.run(SMALL)
    drawn = ElementTree.fromstring(picture.svg(result))
    written = [one.text or "" for one in drawn.iter("{http://www.w3.org/2000/svg}text")]
    for number, row in enumerate(result.rows, start=1):
        assert f"{number}  {row.choice.name}" in written
        assert f"{number}. {row.choice.name}: outage {result.words(row.outage)}" in picture.alt(result)
    assert sorted(one for group in picture.spots(result) for one in group) == list(range(len(result.rows)))
    shown = result._repr_mimebundle_()
    assert shown["text/html"].startswith('<img src="data:image/svg+xml;base64,')
    assert "<svg" not in shown["text/html"]
    assert shown["text/plain"] == str(result)
    table = saved.saved(replace(SMALL, years=1, seeds=1), LEAF)
    assert "<script" not in table._repr_mimebundle_()["text/html"]


def test_numpy_is_loaded_by_the_fleet_and_by_nothing_else() -> None:
    """`import lab`, its notebook names and the command's arguments do without it."""
    script = (
        "import sys, lab, lab.show, lab.built.fleet.command; lab.matrix; lab.World\n"
        "assert 'numpy' not in sys.modules\n"
        "import lab.built.fleet.run\n"
        "assert 'numpy' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_every_client_that_a_fleet_is_asked_about_is_in_the_catalogue() -> None:
    """And each spread is ordered, with figures of each seed behind it."""
    assert set(NAMES) <= set(CLIENTS)
    for row in run.run(SMALL).rows:
        assert row.outage.low <= row.outage.high
        assert row.outage.mean == pytest.approx(np.mean([one.outage for one in row.tallies]))
