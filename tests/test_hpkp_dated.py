"""The dated scenes of HPKP: how many days each visitor is locked out, by simulated clock and real handshakes."""

from __future__ import annotations

import json
from functools import cache

import pytest
from verbs import do

from lab.built.time import hpkp_command
from lab.built.time.dated import DATED, RECOVERY, date, scene
from lab.built.time.locked import SIGNS, Table, table
from lab.built.time.visitors import BROWSERS, VISITORS, Visitor, follow
from lab.observation import Outcome
from lab.policy import hpkp
from lab.policy.hpkp import Agent
from lab.policy.mind import Mind
from lab.trials.engine import imagine, live
from lab.trials.rehearsal import foresee
from lab.trials.standing import Ground
from lab.wire.listener import running

NAMES = tuple(one.name for one in VISITORS)


@cache
def played() -> Table:
    return table()


# Written by thinking: the last header before day 30 counts sixty (or 365) days from its own visit. A daily visitor
# heard it on day 29, a weekly one on day 28; the day on which the pins end is still a day with pins.
EXPECTED = {
    "no_pins": (0, 0, 0, 0, 0, 0),
    "backup_pin": (0, 0, 0, 0, 0, 0),
    "no_backup_pin": (0, 0, 0, 0, 0, 0),
    "fake_backup": (60, 59, 60, 59, 0, 0),
    "lost_backup": (60, 59, 60, 59, 0, 0),
    "retreat_in_time": (0, 0, 0, 0, 0, 0),
    "hostile_pinning": (60, 59, 60, 59, 0, 0),
    "hostile_pinning_of_a_pinned_site": (0, 0, 60, 59, 0, 0),
    # Two days more: the attacker holds the parent, and the subdomain is refused at once.
    "hostile_pinning_of_subdomains": (62, 61, 62, 61, 0, 0),
    "a_year": (365, 364, 365, 364, 0, 0),
}


@pytest.mark.parametrize("name", DATED)
@pytest.mark.sampled(3)
def test_days_locked_out(name: str) -> None:
    """The table written by hand is what the handshakes gave, for first visits before, during and after."""
    assert tuple(len(played().stay(name, who).locked) for who in NAMES) == EXPECTED[name]


def test_a_cap_of_sixty_days_shortens_a_year() -> None:
    """Chromium's cap is the whole difference between a year and two months."""
    shut = [len(played().stay("a_year", who, "60-day cap").locked) for who in NAMES]
    assert shut == [60, 59, 60, 59, 0, 0]


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("fake_backup", VISITORS[1]),
        ("retreat_in_time", Visitor("monthly", 0, 30)),
        ("hostile_pinning_of_subdomains", VISITORS[2]),
    ],
)
@pytest.mark.sampled(0)
def test_a_handshake_each_day_says_the_same(name: str, who: Visitor) -> None:
    """Handshakes where the answer can change suffice: one on every day gives the same outcome for every day."""
    told = scene(name)
    with Ground(told.host) as ground:
        few, all_days = follow(ground, told, who), follow(ground, told, who, every_day=True)
    assert [day.outcome for day in few.days] == [day.outcome for day in all_days.days]
    assert few.handshakes < 20 < all_days.handshakes


def test_a_stolen_key_is_not_stopped_by_its_pin() -> None:
    """Pins or none, the thief with the pinned key is believed; only a stranger's key is refused."""
    for name in ("no_pins", "backup_pin", "fake_backup"):
        assert played().stay(name, "before, daily").robbed == 2
    pinned = played().stay("hostile_pinning_of_a_pinned_site", "before, daily")
    assert (pinned.robbed, pinned.saved) == (0, 2)


def test_who_is_locked_out_cannot_hear_that_the_pins_are_over() -> None:
    """max-age=0 over the new key reaches nobody who holds the old pins; over the old key, in time, it does."""
    assert len(played().stay("lost_backup", "before, daily").locked) == 60
    assert len(played().stay("retreat_in_time", "before, daily").locked) == 0


def test_a_retreat_misses_who_stays_away() -> None:
    """Ten days of max-age=0 do not reach a visitor who comes once a month: the retreat has to last a whole max-age."""
    told = scene("retreat_in_time")
    with Ground(told.host) as ground:
        stay = follow(ground, told, Visitor("monthly", 0, 30))
    assert stay.locked == tuple(range(RECOVERY, 61))


def test_the_attacker_is_gone_and_the_lock_out_stays() -> None:
    """Hostile pinning robs for two days and locks out for sixty: the inverted alarm."""
    stay = played().stay("hostile_pinning", "during, daily")
    assert [day.outcome for day in stay.days[:3]] == [Outcome.INTERCEPTED, Outcome.INTERCEPTED, Outcome.OUTAGE]
    assert stay.locked == tuple(range(30, 90))


@pytest.mark.parametrize("name", DATED)
def test_the_pure_verdict_is_what_the_handshake_came_to(name: str) -> None:
    """Where something changes, the pure policy and the measured outcome agree; TLS itself never refuses."""
    told = scene(name)
    days = (0, 20, 27, 28, 29, 30, 31, 60, 88, 89, 90, 91)
    meetings = [told.meeting(host, number) for number in days for host in told.way]
    with Ground(told.host) as ground:
        lived = [ended() for ended in live(ground, meetings, Mind(hpkp.policy(Agent())))]
    imagined = imagine([(meeting, foresee(meeting, told.host)) for meeting in meetings], Mind(hpkp.policy(Agent())))
    assert [met.outcome for met in lived] == [foretold.outcome for foretold in imagined]
    assert {met.verdict.check for met in lived} == {"header pin"}


def test_a_cap_and_no_certificates_life_ends_a_year_of_pins() -> None:
    """The certificate is good for years: the sixty days of the capped browser are its own choice."""
    meeting = scene("a_year").meetings[0]
    assert meeting.credential.leaf.not_valid_after_utc > date(400)


def test_the_tables() -> None:
    """Text, JSON and HTML say the same figures; nothing is left listening."""
    shown = played()
    records = json.loads(shown.to_json())["stays"]
    assert len(records) == len(DATED) * len(VISITORS) + len(VISITORS) == len(shown.stays)
    year = next(one for one in records if one["scene"] == "a_year" and one["browser"] == "no cap")
    assert (year["days_locked_out"], year["first_day_locked_out"], year["last_day_locked_out"]) == (365, 30, 394)
    for form in (str(shown), shown.html()):
        assert "365" in form
        assert "2016-10-01" in form
    assert max(map(len, str(shown).splitlines())) <= 120
    assert running() == []
    assert (str(shown).count(SIGNS), shown.html().count(SIGNS)) == (1, 1)
    assert set(BROWSERS) == {one.browser for one in shown.stays}


def test_an_unknown_scene_is_one_sentence() -> None:
    """A name that is not there names those that are."""
    with pytest.raises(ValueError, match="there is no dated HPKP scene 'sixty'; there are no_pins, backup_pin"):
        table(["sixty"])


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """It names the scenes, and prints those that are wanted as text, JSON or HTML."""

    def said(*arguments: str) -> str:
        assert do(hpkp_command.hpkp, *arguments) == 0
        return capsys.readouterr().out

    assert [line.split()[0] for line in said("--list").splitlines()] == list(DATED)
    assert "before, daily 60" in " ".join(said("fake_backup").split())
    assert {one["scene"] for one in json.loads(said("fake_backup", "--json"))["stays"]} == {"fake_backup"}
    assert said("no_pins", "--html").startswith("<div")
    with pytest.raises(ValueError, match="there is no dated HPKP scene"):
        said("nothing")
