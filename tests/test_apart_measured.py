"""
What told them apart, measured: two pairs channel by channel as they were written down, and what spares the product.

A set that stops stands beside the same without one of its members.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest

from lab.built.apart import board
from lab.built.apart.channels import CHANNELS, MONITOR, PATH, Channel, channels
from lab.built.apart.command import duration, lasting
from lab.built.apart.levers import LEVERS, UNTOUCHED, Lever, Pulled, Setting
from lab.built.apart.measured import ASKED_BY, Measured, pair, pairs
from lab.built.apart.owner import Lags
from lab.built.apart.sets import Half, keeps, minimal
from lab.policy.clients import client
from lab.scenes.catalogue import CASES
from lab.show.words import spoken

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

BOTH, BOTH_NOT, NONE = "takes both", "refuses both", "no word comes"
NEVER_CUT = {
    "hard DANE": "at once",
    "client certificate": "is read, not relayed",
    "bound token": "is read, not relayed",
}

BY_HAND = {
    # the same intermediate mis-issues: nobody is robbed of a key, so only a log can tell the owner
    "same_intermediate": {
        **dict.fromkeys(("path", "root pin", "intermediate pin", "CAA", "name constraints", "short life"), BOTH),
        "leaf pin": BOTH_NOT,
        "CAA with account": "cut: owner's account",
        "successor": "at once",
        "soft DANE": "cut: nothing",
        **NEVER_CUT,
        **dict.fromkeys((f"{how} {what}" for how in ("soft", "hard") for what in ("staple", "answer", "list")), NONE),
        "pushed list": NONE,
        "count of SCTs": "cut: logged",
        "witness": "cut: logged",
        "monitor": "cut: unlogged",
    },
    # the key is stolen with its certificate: nothing is issued, and the owner notices it himself
    "stolen_key_and_certificate": {
        **dict.fromkeys(("path", "root pin", "intermediate pin", "leaf pin", "successor"), BOTH),
        **dict.fromkeys(("CAA", "CAA with account", "name constraints", "count of SCTs", "witness", "monitor"), BOTH),
        **NEVER_CUT,
        "soft DANE": "cut: nothing",
        "hard DANE": "7 d",  # signatures that say the old key hold a week
        **{f"soft {what}": "cut: nothing" for what in ("staple", "answer", "list")},
        **{f"hard {what}": "8 d" for what in ("staple", "answer", "list")},  # a day for the CA, and an answer's week
        "pushed list": "cut: nothing",
        "short life": "5 d 16 h",
    },
}


@pytest.fixture(scope="module")
def found() -> dict[str, board.Apart]:
    """Two pairs as they are measured."""
    each = {}
    for name in BY_HAND:
        with Measured(pair(name)) as runs:
            each[name] = board.apart(runs)
    return each


@pytest.mark.parametrize("name", BY_HAND)
@pytest.mark.sampled(0)
def test_a_measured_pair_is_what_was_written_down(name: str, found: dict[str, board.Apart]) -> None:
    """Channel by channel, alone; and the path shows the same in both halves, at every date, reasons included."""
    assert {one.channel.name: board.told(one.channel, one.alone) for one in found[name].channels} == BY_HAND[name]
    assert found[name].same_path


def sets_of(horizons: Sequence[tuple[timedelta | None, Sequence[board.SetFound]]]) -> dict[str, set[frozenset[str]]]:
    return {board.within(time): {frozenset(one.name for one in it.members) for it in each} for time, each in horizons}


@pytest.mark.sampled(0)
def test_what_stops_a_mis_issued_certificate(found: dict[str, board.Apart]) -> None:
    """At once by what the owner said before; after the fact by a hard word, with a witness and a monitor, all three."""
    one = found["same_intermediate"]
    before = {frozenset({"successor"}), frozenset({"hard DANE"})}
    after = {frozenset({hard, "witness", "monitor"}) for hard in ("hard staple", "hard answer", "hard list")}
    assert sets_of(one.stop) == {
        **{f"within {time}": before for time in ("1 h", "1 d", "5 d", "8 d")},
        "ever": before | after,
    }
    assert sets_of(one.know)["within 1 d"] == before | {frozenset({"witness", "monitor"})}
    (stapled,) = [it for it in one.stop[-1][1] if "hard staple" in {member.name for member in it.members}]
    assert (stapled.stops, stapled.knows) == (timedelta(days=8, hours=6, seconds=-1), timedelta(hours=6))
    assert dict(stapled.without) == dict.fromkeys(("hard staple", "witness", "monitor"))


@pytest.mark.sampled(0)
def test_a_stolen_key_is_told_by_nobody_in_five_days(found: dict[str, board.Apart]) -> None:
    """The best that hard clients do is the life of an answer; a short certificate is over a little sooner."""
    stop = sets_of(found["stolen_key_and_certificate"].stop)
    assert stop["within 5 d"] == set()
    assert frozenset({"short life"}) in stop["within 8 d"]
    assert {frozenset({f"hard {what}"}) for what in ("staple", "answer", "list", "DANE")} < stop["within 8 d"]


@pytest.mark.sampled(0)
def test_a_way_that_is_cut_and_one_that_is_broken_are_one_view(found: dict[str, board.Apart]) -> None:
    """Soft and hard are blind to the same accident: what the attacker does to the channel happens by itself."""
    for one in found["stolen_key_and_certificate"].channels:
        if one.channel.name.endswith(("answer", "staple")):
            assert "the responder is down" in one.blind, one.channel.name
    assert {one.channel.name: one.price for one in found["same_intermediate"].channels if one.channel is MONITOR} == {
        "monitor": ("another department ordered",)
    }


@pytest.mark.sampled(0)
def test_the_path_alone_tells_no_pair_apart() -> None:
    """Every pair of the catalogue: the same findings in the attack and in its twin, at every date that is asked."""
    each = pairs()
    assert len(each) > 20
    for attack in each:
        with Measured(attack) as runs:
            halves = [[one.findings for one in runs.shown(PATH, half, UNTOUCHED, False)] for half in Half]
        assert halves[0] == halves[1], attack.name
        assert len(halves[0]) == 6


def test_where_somebody_else_asked_nothing_tells_them_apart() -> None:
    """The company's proxy and the CA that a thief installed: no channel that lets the proxy pass refuses the thief."""
    (name,) = [one.name for one in pairs() if one.twin == "company_proxy"]
    with Measured(pair(name)) as runs:
        reading = {Lever.LOG, Lever.RECORDS, Lever.LIST}
        assert minimal(runs, [one for one in CHANNELS if one.reads & reading], [None]) == [[]]
        assert not keeps(runs, {channels("hard DANE")[1]})
    assert set(ASKED_BY) <= {*CASES}


def test_a_lever_that_a_channel_does_not_read_does_not_move_it() -> None:
    """Why the product of all levers is not run: drawn settings of the others change nothing of what is shown."""
    draw = Random(13)
    reading = [one for one in CHANNELS if one.reads and not one.monitors and not one.issuance]
    with Measured(pair("stolen_key_new_certificate")) as runs:
        for channel in draw.sample(reading, 6):
            others = [lever for lever in LEVERS if lever not in channel.reads | {Lever.LOG, Lever.BOOK, Lever.ISSUANCE}]
            setting = {lever: draw.choice(LEVERS[lever]) for lever in others}
            word, since = DAY, DAY - timedelta(seconds=1)
            plain = runs._steps(channel, Half.ATTACK, {}, word, since)
            moved = runs._steps(channel, Half.ATTACK, setting, word, since)
            assert [(one.since, one.refused) for one in plain] == [(one.since, one.refused) for one in moved], channel


def test_between_the_dates_that_are_asked_nothing_changes() -> None:
    """At drawn dates a channel does what it did at the last date that was asked."""
    draw = Random(14)
    with Measured(pair("stolen_key_and_certificate")) as runs:
        for name in ("hard list", "pushed list", "hard DANE", "hard staple"):
            (channel,) = channels(name)[1:]
            for pulled in (Pulled.NEWEST, Pulled.REPLAYED):
                setting = {lever: pulled for lever in channel.reads if pulled in LEVERS[lever]}
                steps = runs.shown(channel, Half.ATTACK, setting, False)
                dates = [steps[-1].since * draw.random() for _ in range(6)]
                for date, refused in asked(runs, channel, setting, dates):
                    assert refused is [one for one in steps if one.since <= date][-1].refused, (name, pulled, date)


def asked(
    runs: Measured, channel: Channel, setting: Setting, dates: Sequence[timedelta]
) -> list[tuple[timedelta, bool]]:
    """What the channel's client does at these dates."""
    word = runs.word(Half.ATTACK, setting, False)
    since = (word or timedelta(seconds=1)) - timedelta(seconds=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "_dates", lambda *_: sorted(dates))
        return [(one.since, one.refused) for one in runs._steps(channel, Half.ATTACK, setting, word, since)]


def test_every_channel_has_its_client() -> None:
    """Each row names a client of the table; names have no comma, by which a shell tells them apart."""
    assert [client(one.client).name for one in CHANNELS] == [one.client for one in CHANNELS]
    assert not [one.name for one in CHANNELS if "," in one.name]
    assert channels("monitor, hard list") == (PATH, MONITOR, *channels("hard list")[1:])
    with pytest.raises(ValueError, match="there is no channel 'hard lists'; nearest: hard list"):
        channels("hard lists")


@pytest.mark.parametrize(("text", "time"), [("90m", 1.5 * HOUR), ("6h", 6 * HOUR), ("5d", 5 * DAY), ("ever", None)])
def test_a_time_is_a_number_and_a_letter(text: str, time: timedelta | None) -> None:
    """Minutes, hours, days, or for ever."""
    assert duration(text, "--within") == time


@pytest.mark.parametrize("text", ["", "5", "d", "5w", "-5d", "1.5h", "99999d", "5 d", "\u00b2d"])
def test_another_time_is_one_sentence(text: str) -> None:
    """What was given, and what to give."""
    with pytest.raises(ValueError, match=r"--within is .*; give a whole number with m, h or d behind it, as in 5d"):
        duration(text, "--within")


def test_what_an_owner_does_comes_to_an_end() -> None:
    """`ever` is a horizon, and no time after which he reads or a CA revokes: it is not passed over in silence."""
    with pytest.raises(ValueError, match=r"--reads is 'ever'; give a whole number"):
        lasting("ever", "--reads")
    assert lasting("0h", "--notices") == timedelta(0)
    assert [board.within(time) for time in (timedelta(0), HOUR, None)] == ["at once", "within 1 h", "ever"]


def test_a_theft_that_is_noticed_late_is_found_at_the_next_reading() -> None:
    """The entry for the stolen key was in the log all along; the owner finds it when he looks next."""
    for notices, rings in ((timedelta(0), 6 * HOUR), (DAY, DAY), (73 * HOUR, 78 * HOUR), (30 * DAY, 30 * DAY)):
        with Measured(pair("stolen_key_new_certificate"), Lags(notices=notices)) as runs:
            assert runs.alarm(Half.ATTACK, UNTOUCHED) == rings
            assert runs.alarm(Half.TWIN, UNTOUCHED) is None
    with pytest.raises(ValueError, match="every 0 hours; say how much time lies between"):
        Lags(reads=timedelta(0))


def test_what_a_monitor_has_revoked_is_revoked_for_the_twin_too() -> None:
    """The CDN orders what is not in the owner's book: beside the monitor a list refuses it as it refuses the thief."""
    soft = channels("soft list")[1]
    with Measured(pair("move_to_cdn")) as runs:
        one = board.apart(runs, (PATH, soft), (None,)).channels[1]
    assert (one.alone.told, one.beside.told) == (NONE, BOTH_NOT)
    assert [passing for _, _, passing in one.moves] == [False, True, True]  # whatever cuts it spares the twin


@pytest.mark.parametrize(
    ("time", "words"),
    [(None, "never"), (timedelta(0), "at once"), (6 * HOUR, "6 h"), (8 * DAY, "8 d"), (8.25 * DAY, "8 d 6 h")],
)
def test_times_as_a_table_says_them(time: timedelta | None, words: str) -> None:
    """Days and hours; a second more or less is none."""
    assert spoken(time) == words
