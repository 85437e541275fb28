"""
Hours of exposure, channel by channel: what a timeline counts for clients that listen to somebody else than the server.

The figures are sums of a file's own hours, and stand here as sums; how they
are measured is `test_timelines`, which asks of this timeline what it asks of all.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from half_a_year import SITE

from lab.built.time import drawing, report
from lab.built.time.installed import Owner
from lab.built.time.language import DAY, HOUR, SECOND
from lab.built.time.life import Life
from lab.built.time.point import meetings
from lab.built.time.reading import load, read
from lab.built.time.run import Chronicle, disagreements, expected, run
from lab.observation import Line, Outcome
from lab.pki.told import Pace, Passage
from lab.policy.check import needs
from lab.show.sheet import Row
from lab.trials.rehearsal import foresee

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
THEFT = """
[[event]]
date = 2026-02-01
what = "compromise"

[[event]]
date = 2026-02-02
what = "renew"
key = "new"

[[event]]
date = 2026-02-02
what = "revoke"
whose = "stolen"
hours = 24
"""
NOTICED, WORD, TO_THE_END = 24, 48, 59 * 24  # hours from the theft; its certificate ends with March


def lived(*clients: str, events: str = THEFT) -> Chronicle:
    rows = "".join(f'\n[[client]]\nname = "{number}"\n{one}\n' for number, one in enumerate(clients))
    return run(read(SITE + events + rows))


def hours(shown: Chronicle) -> list[float]:
    return [round(one.exposure_days * 24, 2) for one in shown.courses]


@cache
def saturday() -> Chronicle:
    return run(load("stolen-on-a-saturday"))


NOTICED_LATE = 45  # from Saturday at noon to Monday at nine
SATURDAY = {
    "unpinned": 588,
    "list, soft, cut": 588,
    "list, hard, cut": 0,
    "list, hard, way open": NOTICED_LATE + 24 + 24 + 24,  # the word, the next list, and what was kept until then
    "list, hard, replayed": NOTICED_LATE + 24 + 7 * 24,
    "answer, soft, way open": NOTICED_LATE + 24 + 96,  # kept to its end
    "answer, hard, word in 1 h": NOTICED_LATE + 1 + 12,
    "staple, soft, none sent": 588,
    "staple, hard, replayed": NOTICED_LATE + 24 + 96,
    "pushed list, every 12 h": NOTICED_LATE + 24 + 12,
    "counts SCTs": 588,  # the thief's certificate is the service's own, and logged
    "signed records, way open": NOTICED_LATE + 1 + 1,  # an hour to the new key, an hour for which records are kept
    "signed records, replayed": NOTICED_LATE + 1 + 7 * 24,
}


@pytest.mark.parametrize("name", SATURDAY)
def test_hours_are_the_sum_of_lag_interval_cache_and_life(name: str) -> None:
    """To the second: from the theft to the word, to what is made next, to the end of what is kept or replayed."""
    course = saturday().course(name)
    assert course.exposure_days * 24 == pytest.approx(SATURDAY[name], abs=3 / 3600)
    assert course.outage_days == 0  # whoever is on the genuine line leaves the way open


def test_a_client_keeps_no_answer_beyond_its_life() -> None:
    """The same cache costs less where answers hold for less; without a cache the next one counts."""
    rows = [f'listens = "answer-hard"\ninterval = 12\ncache = 96\nlife = {life}' for life in (96, 24)]
    assert hours(lived(*rows, 'listens = "answer-hard"\ninterval = 12')) == [WORD + 96, WORD + 24, WORD + 12]


def test_the_lag_is_the_events_unless_the_client_has_its_own() -> None:
    """24 hours of the event, an hour of the client's, none at all; and the pushed flag is a list without a wait."""
    rows = ['listens = "list-hard"' + more for more in ("", "\nlag = 1", "\nlag = 0")]
    assert hours(lived(*rows, "pushed_revocation = true")) == [WORD, NOTICED + 1, NOTICED, WORD]


@pytest.mark.parametrize("client", ["list", "answer"])
def test_who_cuts_is_stopped_by_the_hard_and_who_replays_by_time_alone(client: str) -> None:
    """Soft or hard, a replayed good word holds for its life; then hard refuses, and soft takes what it can get."""
    rows = [f'listens = "{client}-{how}"\nway = "{way}"' for way in ("cut", "replayed") for how in ("soft", "hard")]
    assert hours(lived(*rows)) == [TO_THE_END, 0, TO_THE_END, WORD + 7 * 24]


def test_updates_that_are_cut_leave_the_last_one() -> None:
    """It says what it said, and after a week nothing: the client goes on without."""
    rows = [f'listens = "pushed-list"\ninterval = 12\nway = "{way}"' for way in ("open", "cut", "replayed")]
    assert hours(lived(*rows)) == [WORD + 12, TO_THE_END, TO_THE_END]


def test_a_service_that_goes_on_with_a_revoked_certificate_is_out() -> None:
    """From the first list with the word, and not for whoever asks nobody."""
    events = '\n[[event]]\ndate = 2026-02-02\nwhat = "revoke"\nhours = 24\n'
    row = 'listens = "{}"\ninterval = 6'
    shown = lived("", *(row.format(one) for one in ("list-soft", "requires-staple", "pushed-list")), events=events)
    first = datetime(2026, 2, 3, 6, tzinfo=UTC) - SECOND
    spells = [one.spells(Outcome.OUTAGE)[:1] for one in shown.courses]
    assert [spell.start for one in spells[1:] for spell in one] == [first] * 3
    assert shown.courses[0].spells(Outcome.OUTAGE)[0].start == datetime(2026, 4, 1, tzinfo=UTC)  # the certificate ends


def test_a_rotation_of_the_catalogue_is_logged_and_answered_for() -> None:
    """Who wants SCTs, an update or a staple is served through a move to another CA as before it."""
    names = ("counts-scts", "pushed-list", "requires-staple", "wants-witness", "dane-hard")
    event = '\n[[event]]\ndate = 2026-02-01\nwhat = "new_ca"\n'
    shown = lived(*(f'listens = "{one}"' for one in names), events=event)
    for course in shown.courses:
        assert [spell.start for spell in course.spells(Outcome.OUTAGE)] in ([], [datetime(2026, 5, 2, tzinfo=UTC)])
    assert disagreements(shown) == []


@pytest.mark.sampled(0)
def test_no_verdict_changes_between_two_points_of_a_client_that_listens() -> None:
    """For intervals, caches and lives at random, the pure half asked at random times gives the verdict of its point."""
    draw, rows = random.Random(13), []
    for name in ("list-hard", "answer-soft", "requires-staple", "pushed-list", "dane-hard"):
        life, interval = draw.randint(24, 200), draw.randint(0, 24)
        kept = f"cache = {draw.randint(0, 99)}\n" if name not in ("requires-staple", "pushed-list") else ""
        way = draw.choice(list(Passage))
        rows.append(f'listens = "{name}"\nlife = {life}\ninterval = {interval}\nway = "{way}"\n{kept}')
    shown = lived(*rows)
    assert disagreements(shown) == []
    for course in shown.courses:
        owner = Owner(course.client, shown.life)
        for point in course.points:
            for _ in range(3):
                moment = owner.at(point.time + (point.until - point.time) * draw.random())
                for meeting, met in zip(meetings(shown.life, moment), point.met, strict=False):
                    seen = foresee(meeting, shown.timeline.host, moment.building, needs(moment.policy))
                    outcome = expected(moment, meeting, seen).outcome
                    assert outcome is met.outcome, (rows[int(course.client.name)], moment.time, point.time)


def test_a_pace_says_what_is_had_when() -> None:
    """Before the word, after it, with a cache and by each way; the last one is never dated ahead."""
    pace, kept = Pace(12 * HOUR), Pace(12 * HOUR, cache=6 * HOUR)
    times = [NOON - HOUR, NOON, NOON + 12 * HOUR - SECOND, NOON + 12 * HOUR, NOON + 18 * HOUR]
    assert [pace.made(one, NOON) for one in times] == [NOON - 12 * HOUR, *[NOON] * 2, *[NOON + 12 * HOUR] * 2]
    assert [kept.made(one, NOON) for one in times] == [NOON - 12 * HOUR, *[NOON] * 3, NOON + 12 * HOUR]
    assert [pace.made(one, NOON, Passage.REPLAYED) for one in times] == [NOON - 12 * HOUR, *[NOON] * 4]
    assert [pace.made(one, NOON, Passage.CUT) for one in times] == [None] * 5
    assert kept.made(times[3], NOON, Passage.CUT) == NOON
    assert kept.made(times[4], NOON, Passage.CUT) is None
    assert Pace().moments(NOON) == {NOON + SECOND, NOON + 7 * DAY}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('listens = "lists"', "key listens: 'lists' is not known here; did you mean list-soft"),
        ('listens = "list-hard"\nway = "shut"', "key way"),
        ('listens = "list-hard"\ninterval = 200', "key interval: 200 was found; give at most the 168 hours"),
        ('listens = "requires-staple"\ncache = 2', "key cache: a cache changes nothing"),
        ('listens = "counts-scts"\nway = "cut"', "key way: a way changes nothing"),
        ('listens = "dane-hard"\nlag = 2', "key lag: a lag changes nothing"),
        ("lag = 2", "key lag: a lag changes nothing"),
        ('listens = "list-hard"\nmind = "strict"', "key listens: a client with a mind"),
        ('listens = "list-hard"\npushed_revocation = true', "key pushed_revocation: this is one way to listen"),
    ],
)
def test_what_does_not_fit_together_is_one_sentence(row: str, said: str) -> None:
    """With the key, what was seen and what to do; each row without its fault is read."""
    with pytest.raises(ValueError, match=said) as refused:
        lived(row)
    assert "\n" not in str(refused.value)


def test_hours_need_a_clock_that_is_right() -> None:
    """A clock that is moved is refused for a client that keeps what it heard, and taken for one that does not."""
    clock = THEFT + '\n[[event]]\ndate = 2026-03-01\nwhat = "clock"\ndays = -1\n{}\n'
    with pytest.raises(ValueError, match="key clients: 0 keeps what it heard for hours"):
        lived('listens = "list-hard"\ninterval = 12', events=clock.format(""))
    lived('listens = "list-hard"\ninterval = 12', "", events=clock.format('clients = ["1"]'))
    shown = lived('listens = "list-hard"', events=clock.format(""))
    assert disagreements(shown) == []


def test_what_a_channel_costs_stands_beside_its_hours() -> None:
    """Octets, round trips and whom it tells what: in the table, the JSON and the page; nothing where nobody listens."""
    shown = saturday()
    table = {row.head: row.entries for row in report.channels(shown).rows if isinstance(row, Row)}
    assert table["unpinned"] == ("588", 0, 0, "nobody")
    hard = table["list, hard, way open"]
    assert (hard[0], hard[2:]) == ("117", (4, "the issuer: one of its sites, and when"))
    assert table["staple, hard, replayed"][2:] == (0, "nobody")
    assert str(table["pushed list, every 12 h"][1]).endswith("an update")
    assert table["signed records, way open"][2:] == (1, "the resolver: which site, and when")
    said, html = report.text(shown), drawing.figure(shown)
    assert "81 hours of exposure" in said
    assert "Hours of exposure, and what" in html
    record = {one["client"]: one for one in shown.record()["clients"]}
    (cost,) = record["answer, soft, way open"]["costs"]
    assert (cost["round_trips"], cost["tells"], cost["shared"]) == (4, "the issuer: which site, and when", False)
    assert 500 < cost["octets"] < 650
    assert "costs" not in record["unpinned"]
    assert "exposure-hours" not in report.text(lived("pushed_revocation = true"))


def test_the_last_word_is_the_credentials_own() -> None:
    """A certificate that nobody takes back has none; records end with the key's last day in use."""
    life = Life(lived('listens = "list-hard"', 'listens = "dane-hard"').timeline)
    stolen, new = (era.credential for era in life.eras)
    lists, records = (Owner(one, life).listening for one in life.timeline.clients)
    assert lists.last(stolen) == datetime(2026, 2, 3, tzinfo=UTC) - SECOND
    assert records.last(stolen) == datetime(2026, 2, 2, tzinfo=UTC) - SECOND
    assert lists.last(new) == records.last(new) > life.timeline.end + timedelta(days=365)
    moment = Owner(life.timeline.clients[0], life).at(life.timeline.start)
    meeting = moment.meeting(Line.GENUINE, stolen)
    assert moment.listening.met(meeting, moment.time).elsewhere is not meeting.elsewhere
