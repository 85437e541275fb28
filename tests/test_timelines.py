"""
Timelines: real handshakes at simulated times, against dates, signatures and the policy alone.

The proof of the room is `test_the_pure_verdict_is_the_handshakes_at_every_point`;
the rest are the claims that a reader takes away, each beside its opposite.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import random
import re
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product, starmap
from pathlib import Path
from xml.etree import ElementTree

import pytest
from half_a_year import SITE
from verbs import do

from lab.building import ANY_SEARCHING, AS_OPENSSL, Anchors, Branching, PathBuilding
from lab.built.time import command, report
from lab.built.time import drawing as picture
from lab.built.time.cost import cost
from lab.built.time.events import EVENTS
from lab.built.time.installed import Owner
from lab.built.time.language import DAY, SECOND, Choice
from lab.built.time.life import Life
from lab.built.time.point import meetings, stretch
from lab.built.time.reading import load, read, ready
from lab.built.time.run import Chronicle, disagreements, expected, run, schedule
from lab.course.questions import QUESTIONS, Enquiry
from lab.observation import Line, Observation, Outcome
from lab.pki.authority import Authority, authority
from lab.pki.paths import build
from lab.pki.pins import seen
from lab.policy.clients import CLIENTS
from lab.scenes.catalogue import CASES, Kind
from lab.trials.engine import meet
from lab.trials.matrix import matrix
from lab.trials.rehearsal import foresee
from lab.trials.standing import Ground
from lab.wire import tls
from lab.wire.client import connect
from lab.wire.listener import running
from lab.wire.service import Service


def at(year: int, month: int = 1, day: int = 1, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


@cache
def lived(name: str) -> Chronicle:
    return run(load(name))


def outage(name: str, client: str) -> float:
    return lived(name).course(client).outage_days


def exposure(name: str, client: str) -> float:
    return lived(name).course(client).exposure_days


SEARCHING, LEGACY = PathBuilding(branching=Branching.SEARCHING), PathBuilding(branching=Branching.LEGACY)
SMALL = f"""{SITE}
[[client]]
name = "unpinned"

[[client]]
name = "leaf"
pins = ["leaf"]
"""

# ---- by hand and by machine ------------------------------------------------------------------------


def test_by_hand_the_pin_holds_and_august_does_not() -> None:
    """
    The same shrinking lives: a person's two Augusts are everybody's outage, a machine's new keys are the leaf pin's.

    By hand: from 2027-01-29 a certificate lasts 200 days, to 17 August; from 2030-06-29 one lasts 47, to 15 August.
    Both wait for 1 September.
    """
    hand, machine, pinned = "shrinking-by-hand", "shrinking-certificates", "leaf-pinned, never updated"
    for client in ("unpinned", "intermediate-pinned", pinned):
        spells = lived(hand).course(client).spells(Outcome.OUTAGE)
        assert [(str(one.start.date()), round(one.days)) for one in spells] == [("2027-08-17", 15), ("2030-08-15", 17)]
    assert [outage(machine, client) for client in ("unpinned", "intermediate-pinned")] == [0, 0]
    # its first certificate ends on 2027-02-03 and is left ten days before that, for good
    assert outage(machine, pinned) == pytest.approx((datetime(2031, 1, 1) - datetime(2027, 1, 24)).days, abs=1)


# ---- the proof ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ready())
@pytest.mark.sampled(5)
def test_the_pure_verdict_is_the_handshakes_at_every_point(name: str) -> None:
    """Verdict, deciding check, path and meaning are the same without a handshake as with one."""
    shown = lived(name)
    assert disagreements(shown) == []
    assert shown.handshakes == sum(len(point.met) for course in shown.courses for point in course.points)
    for course in shown.courses:  # the points cover the whole timeline
        assert sum(point.days for point in course.points) == pytest.approx(shown.timeline.days)


def test_the_comparison_can_fail() -> None:
    """The same comparison finds it where the pure side is given another client's pins."""
    shown = lived("compromise-with-a-backup")
    course = shown.course("leaf-pinned, never updated")
    other = Owner(shown.course("leaf-or-backup, never updated").client, shown.life)
    mixed = [replace(point, moment=other.at(point.time)) for point in course.points]
    found = disagreements(replace(shown, courses=(replace(course, points=tuple(mixed)),)))
    assert found
    assert any("handshake refused" in one and "pure accepted" in one for one in found)


@pytest.mark.parametrize("name", ["five-years", "clock-moved", "new-root-in-store-2026", "dst-x3-2021"])
@pytest.mark.sampled(0)
def test_no_verdict_changes_between_two_points(name: str) -> None:
    """At random times between the points, the pure verdict is that of the point before."""
    shown, draw = lived(name), random.Random(4)
    for course in shown.courses:
        owner = Owner(course.client, shown.life)
        for point in course.points:
            time = point.time + (point.until - point.time) * draw.random()
            moment = owner.at(time)
            genuine = moment.meeting(Line.GENUINE, point.genuine.meeting.credential)
            seen = foresee(genuine, shown.timeline.host, moment.building)
            accepted = expected(moment, genuine, seen).verdict.accepted
            assert accepted is point.genuine.verdict.accepted, (course.client.name, time)


def test_what_holds_between_points_holds_for_handshakes_too() -> None:
    """A handshake a second before the end of each point still gives the verdict of that point."""
    shown = lived("addtrust-2020")
    with Ground(shown.timeline.host) as ground:
        for course in shown.courses:
            owner = Owner(course.client, shown.life)
            for point in course.points:
                time = point.until - SECOND
                moment = owner.at(time)
                met = meet(ground, next(meetings(shown.life, moment)), moment.mind())()
                assert met.outcome is point.genuine.outcome, (course.client.name, time)
    assert running() == []


# ---- the clock ------------------------------------------------------------------------------------


def test_the_client_verifies_at_the_scenes_time() -> None:
    """A certificate is accepted from its first second to its last, both included (RFC 5280 section 4.1.2.5)."""
    start, end = at(2031), at(2031, 3)
    root = authority("Root", not_before=at(2030), not_after=at(2040))
    credential = root.issue("bank.example", not_before=start, not_after=end)
    times = [start - SECOND, start, end, end + SECOND]
    with Service(credential) as service:

        def accepted(time: datetime) -> bool:
            context = tls.client_context([root.certificate], time)
            return connect(
                service.address, "bank.example", context, lambda saw: saw.path is not None, time=time
            ).accepted

        assert [accepted(time) for time in times] == [False, True, True, False]
    chain = tuple(seen(one) for one in credential.chain)
    built = [build(chain, [seen(root.certificate)], time, SEARCHING) for time in times]
    assert [one.path is not None for one in built] == [False, True, True, False]
    assert [one.error.code if one.error else 0 for one in built] == [9, 0, 0, 10]


def cross_signed(expires: datetime) -> tuple[Observation, Authority, Authority]:
    old = authority("Old Root", not_before=at(2000), not_after=expires)
    new = authority("New Root", not_before=at(2010), not_after=at(2040))
    crossed = old.cross_sign(new)
    issuing = authority("Issuing", under=new, not_before=at(2015), not_after=at(2040))
    credential = issuing.issue("bank.example", not_before=at(2020), not_after=at(2021))
    chain = tuple(seen(one) for one in (credential.leaf, issuing.certificate, crossed.certificate))
    return Observation("bank.example", expires, chain), old, new


def test_the_old_builder_does_not_look_for_another_path() -> None:
    """Once the old root has expired the greedy builder fails, the searching one finds the new root."""
    saw, old, new = cross_signed(at(2020, 5, 30))
    store = [seen(one.certificate) for one in (old, new)]
    before, after = at(2020, 5, 29), at(2020, 5, 31)
    greedy = build(saw.presented, store, after, LEGACY)
    assert greedy.path is None
    assert greedy.error
    assert greedy.error.code == 10
    found = build(saw.presented, store, after, SEARCHING).path
    assert found
    assert [one.name for one in found] == ["bank.example", "Issuing", "New Root"]
    # negative controls: before the day, and with a chain that leaves the cross-sign out, the old builder is well
    assert build(saw.presented, store, before, LEGACY).path
    assert build(saw.presented[:2], store, after, LEGACY).path


def test_builders_end_where_nobody_is_trusted_and_on_loops() -> None:
    """No anchor, or two CAs that sign each other, give an error and no endless search."""
    saw, _, _ = cross_signed(at(2020, 5, 30))
    stranger = authority("Stranger", not_before=at(2000), not_after=at(2040))
    one, other = authority("One", not_before=at(2000)), authority("Other", not_before=at(2000))
    leaf = one.issue("bank.example", not_before=at(2020), not_after=at(2021)).leaf
    loop = (leaf, other.cross_sign(one).certificate, one.cross_sign(other).certificate)
    for building in starmap(PathBuilding, product(Anchors, Branching)):
        for chain in (saw.presented, tuple(map(seen, loop)), ()):
            built = build(chain, [seen(stranger.certificate)], at(2020, 5, 1), building)
            assert built.path is None
            assert built.error
            assert built.error.code == 20


@pytest.mark.parametrize(
    ("name", "day"),
    [("addtrust-2020", at(2020, 5, 30, 10, 48, 39)), ("dst-x3-2021", at(2021, 9, 30, 14, 1, 16))],
)
def test_the_incident_breaks_old_clients_to_the_second(name: str, day: datetime) -> None:
    """The legacy client fails from the second after the root's end until the chain is mended; the other never."""
    (spell,) = lived(name).course("unpinned, legacy").spells(Outcome.OUTAGE)
    assert spell.start == day
    assert outage(name, "unpinned, searching") == 0


@pytest.mark.parametrize("ca", ["Root", "Issuing"])
def test_an_expired_ca_ends_every_path_through_it(ca: str) -> None:
    """Root or intermediate: from the first second after its end every client is out, and not a second before."""
    text = SMALL.replace("lifetime_days = 90", "lifetime_days = 365").replace(
        f'name = "{ca}"', f'name = "{ca}"\nuntil = 2026-05-01T12:00:00Z'
    )
    shown = run(read(text))
    for course in shown.courses:
        assert [spell.start for spell in course.spells(Outcome.OUTAGE)] == [at(2026, 5, 1, 12, 0, 1)]
    assert disagreements(shown) == []
    whole = run(read(SMALL.replace("lifetime_days = 90", "lifetime_days = 365")))
    assert [course.outage_days for course in whole.courses] == [0, 0]


def test_a_store_that_drops_a_root_ends_service_when_it_arrives() -> None:
    """The client whose store follows at once is out until the site has moved; the one far behind never is."""
    name = "distrusted-ca-2018"
    (spell,) = lived(name).course("unpinned, store follows at once").spells(Outcome.OUTAGE)
    assert (spell.start, spell.until) == (at(2018, 10, 16), at(2018, 11, 1))
    assert outage(name, "unpinned, never updated") == 0


def test_a_move_to_ml_dsa_is_a_new_key() -> None:
    """Every algorithm of the lab can be moved to; the leaf pin breaks on that day, the unpinned client does not."""
    event = '\n[[event]]\ndate = 2026-02-01\nwhat = "algorithm"\nto = "ML-DSA"\n'
    shown = run(read(SMALL.replace("lifetime_days = 90", "lifetime_days = 365") + event))
    assert disagreements(shown) == []
    assert shown.course("unpinned").outage_days == 0
    assert [spell.start for spell in shown.course("leaf").spells(Outcome.OUTAGE)] == [at(2026, 2)]


def test_a_trust_store_that_changes_breaks_root_pins_alone() -> None:
    """The server sends the same bytes; the store gains a root, and only pins on the old root break."""
    name = "new-root-in-store-2026"
    assert outage(name, "unpinned") == outage(name, "leaf-pinned") == 0
    (spell,) = lived(name).course("root-pinned, store follows at once").spells(Outcome.OUTAGE)
    assert spell.start == at(2027)
    assert outage(name, "root-pinned, store and pins together") == 0  # its author saw the new path
    sent = {era.credential.chain[1:] for era in lived(name).life.eras if era.start >= at(2026, 5, 28)}
    assert len(sent) == 1


# ---- what the figures say -------------------------------------------------------------------------


@pytest.mark.sampled(0)
def test_shorter_certificates_cost_leaf_pins_more() -> None:
    """With a new key at each renewal, outage grows as lives shrink; the unpinned client notices nothing."""
    names = [f"certificates-{days}-days" for days in (398, 200, 100, 47)]
    for client in ("leaf-pinned, updated", "leaf-pinned, never updated"):
        costs = [outage(name, client) for name in names]
        assert costs == sorted(costs)
        assert costs[0] < costs[-1]
    assert [outage(name, "unpinned") for name in names] == [0, 0, 0, 0]


def test_the_schedule_is_the_ballots() -> None:
    """SC-081v3: at most 200 days from 2026-03-15, 100 from 2027-03-15, 47 from 2029-03-15."""
    line = load("shrinking-certificates")
    for time, days in (
        (at(2026, 3, 14), 398), (at(2026, 3, 15), 200), (at(2027, 3, 14), 200), (at(2027, 3, 15), 100),
        (at(2029, 3, 14), 100), (at(2029, 3, 15), 47),
    ):  # fmt: skip
        assert line.lifetime(time) == timedelta(days=days)
    for era in Life(line).eras:
        leaf = era.credential.leaf
        assert leaf.not_valid_after_utc - leaf.not_valid_before_utc + SECOND == line.lifetime(era.start)


def test_a_backup_pin_ends_the_outage_and_not_the_exposure() -> None:
    """The never-updated client with a backup pin has no outage, and accepts the thief as long as the other one."""
    name = "compromise-with-a-backup"
    assert outage(name, "leaf-or-backup, never updated") == 0
    assert outage(name, "leaf-pinned, never updated") == 261  # 15 April to the end of the year
    assert exposure(name, "leaf-or-backup, never updated") == exposure(name, "leaf-pinned, never updated") == 110
    assert exposure(name, "leaf-or-backup, updated") == 44  # 1 April to 15 May, when it is updated
    assert exposure(name, "unpinned, revocation pushed") == 15


def test_without_the_backup_the_pin_buys_nothing() -> None:
    """The backup that was lost before the theft leaves the same outage as no backup at all."""
    name = "compromise-without-a-backup"
    for updated in ("never updated", "updated"):
        assert outage(name, f"leaf-or-backup, {updated}") == outage(name, f"leaf-pinned, {updated}") > 0


def test_pins_that_expire_fail_open_and_pins_that_do_not_brick() -> None:
    """Without updates: 92 days out and then robbed, or never robbed and never served; the last moment still counts."""
    name = "pins-that-expire"
    lost = outage(name, "never updated, pins expire"), exposure(name, "never updated, pins expire")
    assert lost == ((92 * DAY + SECOND) / DAY, 90)
    open_again = lived(name).course("never updated, pins expire").spells(Outcome.OUTAGE)
    assert [spell.until for spell in open_again] == [at(2027) + SECOND]
    bricked = lived(name).course("never updated, pins do not expire")
    assert bricked.exposure_days == 0
    assert bricked.spells(Outcome.OUTAGE)[-1].until == lived(name).timeline.end
    assert exposure(name, "updated, pins expire") == 0  # updates renew the date too


def test_clients_that_learn_follow_what_was_announced_and_wait_for_what_was_lost() -> None:
    """303 days from September to the end, 456 from April; a cap ends the wait 60 days after the last visit."""
    name = "pins-by-header"
    lost = {one.client.mind: one.outage_days for one in lived(name).courses}
    capped = (at(2016, 10, 30) + SECOND - at(2016, 9)) / DAY
    assert {one: lost[one] for one in ("", "hpkp-no-cap", "hpkp-capped", "successor", "strict")} == {
        "": 0,
        "hpkp-no-cap": 303,
        "hpkp-capped": capped,
        "successor": 303,
        "strict": 456,
    }
    # Gemini disregards what has expired: an outage lasts while the old certificate does, which is renewed 30 days early
    assert lived(name).course("Gemini").spells(Outcome.OUTAGE)[0].days == 30
    assert [one.exposure_days for one in lived(name).courses] == [30, 0, 0, 0, 0, 0]


def test_a_client_that_learns_builds_its_paths_as_it_does_in_the_matrix() -> None:
    """A browser tries other paths, unless the file says that it has the old builder."""
    found = {}
    for more in ("", '\npath_builder = "legacy"', '\npins = ["leaf"]'):
        text = SMALL.split("[[client]]")[0] + f'\n[[client]]\nname = "mine"{more}\n'
        text += "" if "pins" in more else 'mind = "hpkp-capped"\n'
        life = Life(read(text))
        found[more] = Owner(life.timeline.clients[0], life).at(life.timeline.start).building
    assert list(found.values()) == [ANY_SEARCHING, PathBuilding(branching=Branching.LEGACY), AS_OPENSSL]


@pytest.mark.parametrize("mind", ["hpkp-capped", "successor", "gemini"])
def test_a_day_of_many_teaches_what_the_last_one_does(mind: str) -> None:
    """A handshake on every day ends in what a stretch remembers after one, but for when and how often it was there."""
    text = SMALL.split("[[client]]")[0].replace("[[ca]]", 'pins = ["leaf", "backup"]\nannounces = true\n\n[[ca]]', 1)
    life = Life(read(f'{text}[[client]]\nname = "mine"\nmind = "{mind}"\n'))
    owner = Owner(life.timeline.clients[0], life)
    with Ground(life.timeline.host) as ground:
        _, few = stretch(ground, owner, at(2026), at(2026, 1, 9), None)
        every = None
        for day in range(1, 9):
            _, every = stretch(ground, owner, at(2026, 1, day), at(2026, 1, day + 1), every)
    assert every is not None
    assert few.noted == every.noted
    assert bool(few.noted) is (mind == "hpkp-capped")
    keys = [{(one.pin, bool(one.count), one.expires) for one in memory.records} for memory in (few, every)]
    assert keys[0] == keys[1]
    assert bool(keys[0]) is (mind != "hpkp-capped")


def test_a_clock_moved_forward_opens_pins_that_expire() -> None:
    """Within the fortnight of the moved clock the attacker gets in; pins without a date hold."""
    shown = lived("clock-moved")

    def exposed(client: str, time: datetime) -> bool:
        return any(one.start <= time < one.until for one in shown.course(client).spells(Outcome.INTERCEPTED))

    during, before = at(2026, 9, 7), at(2026, 8, 30)
    assert exposed("leaf-or-backup, pins expire", during)
    assert not exposed("leaf-or-backup, pins expire", before)
    assert not exposed("leaf-or-backup, pins do not expire", during)
    # back: the stolen key's certificate, long expired, is valid again
    assert exposed("leaf-or-backup, pins do not expire", at(2027, 2, 7))
    assert not exposed("leaf-or-backup, pins do not expire", at(2027, 1, 30))
    assert not exposed("leaf-or-backup, revocation pushed", at(2027, 2, 7))
    # it is not silent: by the moved clock the genuine certificate is out of date
    assert [spell.days for spell in shown.course("unpinned").spells(Outcome.OUTAGE)] == [14, 14]


def test_a_short_life_is_a_revocation() -> None:
    """A key stolen from a six-day certificate serves the thief for less than a week, without any revocation."""
    assert 0 < exposure("six-day-certificates", "unpinned") <= 6


def test_revocation_within_a_day_is_met_in_time_or_not() -> None:
    """Replaced in time, the client with the pushed list sees no outage; four days late, four days of it."""
    client = "unpinned, revocation pushed"
    assert outage("revoked-in-24-hours", client) == 0
    assert outage("revoked-in-24-hours-late", client) == 4
    assert outage("revoked-in-24-hours-late", "unpinned") == 0


def test_every_kind_of_event_happens_somewhere() -> None:
    """The ready timelines use every event and every choice of key; none is there for show."""
    events = [event for name in ready() for event in load(name).events]
    assert {event.what for event in events} == set(EVENTS)
    assert {getattr(event, "key", "") for event in events} | {load(name).renew for name in ready()} >= set(Choice)


# ---- moves of the catalogue as events -------------------------------------------------------------

MISISSUED = '\n[[event]]\ndate = 2026-02-01\nwhat = "other_trusted_ca"\ndays = 7\n'
FOUR = ("unpinned", "root-pinned", "intermediate-pinned", "leaf-pinned")
DATED = [name for name, one in CASES.items() if one.move()]


def with_event(event: str, more: str = "") -> Chronicle:
    """Four installations, and an event on the first of March."""
    text = SMALL.split("[[client]]")[0].replace("lifetime_days = 90", "lifetime_days = 365") + more
    text += f"\n[[event]]\ndate = 2026-03-01\n{event}\n"
    for name in FOUR:
        pins = [] if name == "unpinned" else [name.removesuffix("-pinned")]
        text += f'\n[[client]]\nname = "{name}"\npins = {pins}\n'
    return run(read(text))


def outcomes(shown: Chronicle, line: Line, time: datetime) -> list[Outcome | None]:
    """What it came to for each installation at that time; None where no attacker has anything."""
    points = [next(one for one in course.points if one.time <= time < one.until) for course in shown.courses]
    met = [point.attacks[-1:] if line is Line.ATTACKER else (point.genuine,) for point in points]
    return [one[0].outcome if one else None for one in met]


@pytest.mark.parametrize("name", DATED)
@pytest.mark.sampled(6)
def test_a_move_of_the_catalogue_gives_on_the_day_after_what_the_matrix_gives(name: str) -> None:
    """For four clients; and the pure verdict is the handshakes' at every point."""
    shown = with_event(f'what = "{name}"')
    line = Line.ATTACKER if CASES[name].kind is Kind.ATTACK else Line.GENUINE
    told = matrix([CLIENTS[one] for one in FOUR], [CASES[name]])
    assert outcomes(shown, line, at(2026, 3, 2)) == [told.cell(one, name).outcome for one in FOUR]
    assert disagreements(shown) == []
    # negative control: the day before is an ordinary one
    assert outcomes(shown, Line.GENUINE, at(2026, 2, 28)) == [Outcome.SERVED] * 4
    assert outcomes(shown, Line.ATTACKER, at(2026, 2, 28)) == [None] * 4
    assert (at(2026, 3), CASES[name].title) in shown.happenings()


def test_an_attack_lasts_as_many_days_as_it_is_given() -> None:
    """90 by default, from its first second; the last day counts."""
    for more, days in (("", 90), ("\ndays = 7", 7)):
        shown = with_event(f'what = "other_trusted_ca"{more}')
        assert [one.exposure_days for one in shown.courses] == [days, 0, 0, 0]
        assert [one.attack_days for one in shown.courses] == [days] * 4


def test_who_reads_no_date_is_exposed_on_no_more_days_than_there_is_an_attacker() -> None:
    """What has ended is shown once more, and taken: the days after it are nobody's."""
    more = '\n[[client]]\nname = "clicks"\nmind = "ask-always"\n'
    (course,) = run(read(SMALL.split("[[client]]")[0] + f"{MISISSUED}{more}")).courses
    assert (course.exposure_days, course.attack_days) == (7, 7)
    ended = [met for point in course.points if not point.attacked for met in point.attacks]
    assert [met.outcome for met in ended] == [Outcome.INTERCEPTED]


def test_a_rotation_is_renewed_as_the_timeline_renews() -> None:
    """The new CA, the new key and what is sent along stay; the lifetime is the service's own."""
    shown = with_event('what = "old_chain_left_behind"', "\n[[lifetime]]\nfrom = 2026-02-01\ndays = 40\n")
    assert [era.start for era in shown.life.eras] == [at(2026), at(2026, 3)]  # renew = "never"
    text = SMALL.replace('renew = "never"', 'renew = "same"\nrenew_before = 10').replace("days = 90", "days = 40")
    life = Life(read(text + '\n[[event]]\ndate = 2026-03-01\nwhat = "old_chain_left_behind"\n'))
    first, later = (life.era(at(2026, 3, day)) for day in (1, 31))
    assert later.start == at(2026, 3, 31)
    assert later.credential.key is first.credential.key
    assert later.credential.issuer is first.credential.issuer
    assert later.credential.chain[1:] == first.credential.chain[1:]
    assert len(first.credential.chain) == 4
    assert later.credential.leaf != first.credential.leaf


def test_a_move_uses_the_cas_of_the_file_where_there_are_such() -> None:
    """Another root in the store and a CA below it; without them both are made, and every store holds the root."""
    assert [one.name for one in with_event('what = "other_trusted_ca"').life.made if one.parent] == ["Other Issuing CA"]
    more = '\n[[ca]]\nname = "Elsewhere"\n\n[[ca]]\nname = "Elsewhere 1"\nunder = "Elsewhere"\n'
    shown = with_event('what = "other_trusted_ca"', more)
    (holding,) = shown.life.holdings
    assert [one.name for one in map(seen, holding.credentials[0][1].chain)] == ["bank.example", "Elsewhere 1"]
    assert "Other Issuing CA" not in [one.name for one in shown.life.made]


def test_a_move_finds_the_world_that_the_moves_before_it_left() -> None:
    """After the cross-signed root the path still ends in the old one, and the sibling there is the file's first CA."""
    attack = '\n[[event]]\ndate = 2026-04-01\nwhat = "{}"\n'
    shown = with_event('what = "new_root_cross_signed"', attack.format("sibling_intermediate"))
    assert outcomes(shown, Line.ATTACKER, at(2026, 4, 2)) == [Outcome.INTERCEPTED] * 3 + [Outcome.STOPPED]
    shown = with_event('what = "new_ca"', attack.format("same_intermediate"))  # the CA of that day, not of the first
    assert outcomes(shown, Line.ATTACKER, at(2026, 4, 2)) == [Outcome.INTERCEPTED] + [Outcome.STOPPED] * 3


def test_a_key_stolen_by_a_move_is_stolen_for_other_events_too() -> None:
    """It can be revoked, and a renewal with the same key serves the thief; a mis-issued one cannot be called stolen."""
    theft = SMALL + '\n[[event]]\ndate = 2026-02-01\nwhat = "{}"\n'
    revoke = '\n[[event]]\ndate = 2026-02-03\nwhat = "revoke"\nwhose = "stolen"\n'
    renew = '\n[[event]]\ndate = 2026-02-02\nwhat = "renew"\nkey = "same"\n'
    life = Life(read(theft.format("stolen_key_and_certificate") + renew + revoke))
    assert len(life.holdings[0].credentials) == len(life.revoked) == 2
    with pytest.raises(ValueError, match="line 30, key whose: no key is stolen by that date"):
        read(theft.format("same_intermediate") + revoke, "mine.toml")


# ---- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("lifetime_days = 90", "lifetime_days = 0", r"line 6, key lifetime_days: 0 was found; give a whole number"),
        ("lifetime_days = 90", "", r"key lifetime_days: the file has no such key; add it"),
        ("end = 2026-07-01", 'end = "2026-07-01"', r"line 4, key end: '2026-07-01' was found; give a date without"),
        ("end = 2026-07-01", "end = 2025-07-01", r"line 4, key end: 2025-07-01 was found; give a day after the start"),
        ("end = 2026-07-01", "end = 2026-13-01", r"line 4, key end: this is no TOML"),
        ('issuer = "Issuing"', 'issuer = "Isuing"', r"line 5, key issuer: 'Isuing' .*did you mean Issuing\?"),
        ('pins = ["leaf"]', 'pins = ["laef"]', r"line 21, key pins: 'laef' .*did you mean leaf\?"),
        ('pins = ["leaf"]', 'pinns = ["leaf"]', r"line 21, key pinns: this key means nothing.* mean pins\?"),
        ('pins = ["leaf"]', "pins_expire = 9", r"line 21, key pins_expire: this client has no pins"),
        ('pins = ["leaf"]', 'mind = "hpkp-caped"', r"line 21, key mind: 'hpkp-caped' .*did you mean hpkp-capped"),
        ('pins = ["leaf"]', 'mind = "leaf-pinned"', r"line 21, key mind: 'leaf-pinned' is not known here"),
        ('pins = ["leaf"]', 'pins = ["leaf"]\nmind = "strict"', r"line 21, key pins: a client with a mind learns"),
        ('name = "leaf"', 'name = "unpinned"', r"line 20, key name: there is already a client"),
        ('renew = "never"', 'renew = "often"', r"line 7, key renew: 'often' is not known here"),
        ('renew = "never"', 'renew = "new"\nrenew_before = 90', r"line 8, key renew_before: 90 was found; give fewer"),
        ('title = "one renewal"', 'title = "x"\nhost = "bank.com"', r"line 3, key host: 'bank.com' could be somebody"),
        ('title = "one renewal"', 'version = 2\ntitle = "x"', r"line 2, key version: 2 was found; give 1, which is"),
        ('title = "one renewal"', "version = 1\ntitle = 3", r"line 3, key title: 3 was found; give words in quotes"),
        ('pins = ["leaf"]', 'pins = "leaf"', r"line 21, key pins: 'leaf' was found; give a list in \[ \], with one of"),
        ('pins = ["leaf"]', "store_lag = -1", r"line 21, key store_lag: -1 was found; give a whole number from 0 to"),
        ('pins = ["leaf"]', 'also_released = ["2026-02-01"]', r"key also_released: '2026-02-01' was found; give a"),
        ('pins = ["leaf"]', "pushed_revocation = 1", r"line 21, key pushed_revocation: 1 was found; give true or"),
        ("end = 2026-07-01", "end = 0001-01-01T00:00:00+10:00", r"line 4, key end: .* give a year from 1980 to 2500"),
        ('name = "leaf"', "", r"line 19, key name: \[\[client\]\] has no such key; add it, with words in quotes"),
        ('under = "Root"', 'under = "Rot"', r"line 14, key under: 'Rot' .*did you mean Root\?"),
    ],
)  # fmt: skip
def test_a_faulty_file_gets_one_sentence_with_line_and_key(old: str, new: str, said: str) -> None:
    """What was seen, what was wanted, and where it stands."""
    assert old in SMALL
    with pytest.raises(ValueError, match=r"^mine\.toml line \d+, key \w+: ") as fault:
        read(SMALL.replace(old, new, 1), "mine.toml")
    message = str(fault.value)
    assert re.search(said, message), message
    assert "\n" not in message
    assert read(SMALL, "mine.toml").clients  # the negative control


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ('what = "renew"', r"line 23, key date: \[\[event\]\] has no such key"),
        ('date = 2026-02-01\nwhat = "renw"', r"line 25, key what: 'renw' .*did you mean renew\?"),
        ('date = 2027-02-01\nwhat = "compromise"', r"line 24, key date: 2027-02-01 was found; give a day"),
        ('date = 2026-02-01\nwhat = "renew"\nkey = "samee"', r"line 26, key key: .*did you mean same\?"),
        ('date = 2026-02-01\nwhat = "compromise"\nhours = 4', r"line 26, key hours: this key means nothing here"),
        (
            'date = 2026-02-01\nwhat = "misissue"\nby = "Root"\nstolen_key = true',
            r"line 27, key stolen_key: no key is stol",
        ),
        ('date = 2026-02-01\nwhat = "revoke"\nwhose = "misissued"', r"line 26, key whose: there is no event with"),
        ('date = 2026-02-01\nwhat = "misissue"\nby = "Nobody"', r"line 26, key by: 'Nobody' is not known here"),
        ("date = 2026-02-01", r"line 23, key what: \[\[event\]\] has no such key; add it, with one of renew"),
        ('date = 2026-02-01\nwhat = "same_intermediat"', r"line 25, key what: .*did you mean same_intermediate\?"),
        ('date = 2026-02-01\nwhat = "new_key"\ndays = 9', r"line 26, key days: this key means nothing here"),
        (
            'date = 2026-02-01\nwhat = "two_servers"',
            r"line 25, key what: two_servers is a calendar of its own and no move of one day; use one, as new_key$",
        ),
        (
            'date = 2026-02-01\nwhat = "root_distrusted"',
            r"line 25, key what: root_distrusted is a slip, which .* no move",
        ),
        ('date = 2026-02-01\nwhat = "zzz"', r"line 25, key what: 'zzz' is not known here; use one of renew, move,"),
        ('date = 2026-02-01\nwhat = "new_kye"', r"line 25, key what: .*did you mean new_key\?"),
    ],
)
@pytest.mark.sampled(3)
def test_a_faulty_event_is_found_too(event: str, said: str) -> None:
    """Each kind of event knows its own keys."""
    with pytest.raises(ValueError, match=said):
        read(f"{SMALL}\n[[event]]\n{event}\n", "mine.toml")


def test_a_file_without_a_version_is_of_the_first() -> None:
    """Today's files name none; one that does is read as well."""
    assert read(SMALL) == read("version = 1" + SMALL)
    assert read(SMALL).version == 1


def test_random_damage_never_raises_anything_else() -> None:
    """A file with characters taken out or put in is read, or refused in one sentence."""
    draw, refused = random.Random(7), []
    for _ in range(150):
        text = list(SMALL)
        for _ in range(draw.randint(1, 3)):
            text[draw.randrange(len(text))] = draw.choice(['"', "=", "[", "x", "0", "\n", "", "-", "é"])
        try:
            read("".join(text), "mine.toml")
        except ValueError as fault:
            refused.append(str(fault))
    assert len(refused) > 50
    assert [one for one in refused if not re.fullmatch(r"mine\.toml line \d+.*", one)] == []


def test_a_name_or_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    """A near name is offered; a file that cannot be read is named."""
    with pytest.raises(ValueError, match="nearest: five-years"):
        load("five-year")
    with pytest.raises(ValueError, match=r"cannot read .*none\.toml"):
        load(tmp_path / "none.toml")


# ---- the command, JSON and the picture ------------------------------------------------------------


def test_the_command_lists_runs_and_draws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a name it lists; with a file it runs it; --html writes a whole page and nothing beside it."""
    do(command.timeline)
    listed = capsys.readouterr().out
    assert all(name in listed for name in ready())
    file = tmp_path / "mine.toml"
    file.write_text(SMALL)
    done: list[tuple[int, int, str]] = []
    monkeypatch.setattr(command, "watched", lambda: nullcontext(lambda *told: done.append(told)))
    do(command.timeline, str(file), "--html", str(tmp_path / "page.html"))
    said = capsys.readouterr().out
    assert re.search(r"^unpinned +91 +0 +0$", said, re.MULTILINE)  # not renewed: 1 April to 1 July
    assert done == [(number, len(done), done[number - 1][2]) for number in range(1, len(done) + 1)]
    assert {name for _, _, name in done} == {"unpinned", "leaf"}
    assert sorted(one.name for one in tmp_path.iterdir()) == ["mine.toml", "page.html"]
    page = (tmp_path / "page.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "http" not in re.sub(r"data:image/svg\+xml;base64,[\w+/=]+", "", page)
    with pytest.raises(ValueError, match="is no folder"):
        do(command.timeline, str(file), "--html", str(tmp_path / "no" / "page.html"))
    do(command.timeline, str(file), "--months")
    assert re.search(r"^Hours of exposure.*\n\nclient +in all\nunpinned +0$", capsys.readouterr().out, re.MULTILINE)
    for words in ([], [str(file), "--json"], [str(file), "--csv"]):
        with pytest.raises(ValueError, match="--months adds to the text of one timeline"):
            do(command.timeline, *words, "--months")


def test_the_csv_has_a_line_for_each_client_and_for_each_timeline(capsys: pytest.CaptureFixture[str]) -> None:
    """The figures are those of the JSON, rounded as in the table; without a name it is the list."""
    assert do(command.timeline, "clock-moved", "--csv") == 0
    told = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    clients = lived("clock-moved").record()["clients"]
    assert [one["client"] for one in told] == [one["client"] for one in clients]
    assert [float(one["outage-days"]) for one in told] == pytest.approx(
        [one["outage_days"] for one in clients], abs=0.5
    )
    assert do(command.timeline, "--csv") == 0
    assert [one["timeline"] for one in csv.DictReader(io.StringIO(capsys.readouterr().out))] == list(ready())


def test_the_json_holds_every_point() -> None:
    """The sums in the JSON are the sums of its own points."""
    record = json.loads(json.dumps(lived("clock-moved").record()))
    for client in record["clients"]:
        points = client["points"]
        out = sum(one["days"] for one in points if one["genuine"]["outcome"] == "outage")
        bare = sum(one["days"] for one in points if any(a["outcome"] == "intercepted" for a in one["attacks"]))
        assert (out, bare) == (pytest.approx(client["outage_days"]), pytest.approx(client["exposure_days"]))
    assert any(one["clock"] != one["time"] for one in record["clients"][0]["points"])


@pytest.mark.parametrize("name", ready())
@pytest.mark.sampled(4)
def test_the_picture_is_an_image_with_a_text_twin(name: str) -> None:
    """The SVG parses, is shown as a data URI with words beside it, and the words hold each client's sums."""
    shown = lived(name)
    html = picture.figure(shown)
    found = re.search(r'src="data:image/svg\+xml;base64,([\w+/=]+)" alt="([^"]+)"', html)
    assert found
    root = ElementTree.fromstring(base64.b64decode(found[1]))
    drawn = len(root.findall("{http://www.w3.org/2000/svg}rect")) - 3  # the ground and the legend
    spells = [spell for one in shown.courses for kind in Outcome for spell in one.spells(kind)
              if kind in (Outcome.OUTAGE, Outcome.INTERCEPTED)]  # fmt: skip
    assert drawn == len(spells)
    for one in shown.courses:
        assert f"{report.days(one.outage_days)} outage-days" in found[2]
    assert '<th scope="row"' in html
    said = report.text(shown)
    assert all(len(line) <= 80 for line in said.splitlines())
    for one in shown.courses:  # a row of the table stays one line
        row = rf"^{re.escape(one.client.name)} +{re.escape(report.days(one.outage_days))} +\S+( +\S+)?$"
        assert re.search(row, said, re.MULTILINE)
    assert shown._repr_mimebundle_()["text/plain"] == report.table(shown)


@pytest.mark.parametrize("row", [row for row in QUESTIONS if row.command.startswith("timeline")], ids=str)
def test_it_shows_what_the_index_of_questions_says(row: Enquiry) -> None:
    """What `ask` tells a reader to look for stands in the text of the run."""
    said = report.text(lived(row.command.split()[1]), by_month="--months" in row.command)
    assert row.look_for in " ".join(said.split())


def test_nothing_is_left_running() -> None:
    """A run leaves no listener behind, and its schedule is the same each time."""
    line = read(SMALL)
    first, second = (
        [(owner.client.name, time) for owner, time, _ in schedule(life)] for life in (Life(line), Life(line))
    )
    assert first == second
    run(line)
    assert running() == []


def test_the_bench_compares_with_bare_handshakes() -> None:
    """The cost function measures both sides on the same number of handshakes."""
    measured = cost("caa-bug-2020")
    assert measured.handshakes >= 10
    assert measured.ratio > 0
