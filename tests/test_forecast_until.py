"""How long pins last: drawn calendars against a closed form, a loop over days and devices, and rules by hand."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
import pytest
from forecast_chains import BACKUP, HOST, NOW, Shape, android, certificates, chain, curl, hpkp, okhttp, pem
from verbs import do

from lab.built.expectancy.calendar import YEAR, Clock, Deployed, Deployments, deployed, drawn
from lab.built.expectancy.lived import SCENES, Horizon, Lived, Refuses, Releases, lost
from lab.built.expectancy.rates import EVENTS, RATES, ends, rates
from lab.built.expectancy.told import Expectancy, Tried, svg, text
from lab.built.fleet.adoption import ADOPTIONS, Adoption, Group
from lab.built.forecast.command import forecast as forecast_verb
from lab.built.forecast.config import choose
from lab.built.forecast.forecast import Forecast, forecast
from lab.built.forecast.formats import parse_pins
from lab.built.forecast.until import expect, limits, trials
from lab.observation import Outcome
from lab.pki.pins import pin_of, seen

SETTLED = {name: low for name, low in ends(rates(100))["low"].items() if name not in EVENTS}
QUIET: dict[str, float] = {**SETTLED, **dict.fromkeys(EVENTS, 0.0)}
"""A world in which nothing happens but renewals."""
ALL = [name for names in SCENES for name in names]
EVERY = dict.fromkeys(ALL, True)
START = date(2027, 1, 1)
STILL = Clock(START, lasts=1e6)
"""A clock by which no certificate is ever renewed."""


def test_with_one_rate_the_share_is_the_closed_form() -> None:
    """1 - exp(-rate t) at the end of each month, within four standard errors; the control is a rate a fifth higher."""
    horizon = Horizon(STILL, 700, Releases((0,)), calendars=3000)
    lived = horizon.lived({**QUIET, "key-compromises": 0.6}, EVERY)
    for month, day in enumerate(horizon.months):
        assert errors(lived, 0.6, day) < 4
        assert lived.days[:, month].max() <= day + 1
    assert errors(lived, 0.72, 700) > 4
    # The days of outage, too: those of an exponential time that is cut off at the end, by whole days.
    expected = sum(1 - math.exp(-0.6 * day / YEAR) for day in range(1, 701))
    assert abs(lived.days[:, -1].mean() - expected) < 4 * lived.days[:, -1].std() / math.sqrt(3000)


def errors(lived: Lived, rate: float, day: int) -> float:
    """How many standard errors the share of calendars with an outage is off the closed form."""
    exact = 1 - math.exp(-rate * day / YEAR)
    return abs(lived.share(day) - exact) / math.sqrt(exact * (1 - exact) / len(lived.first))


DEVICES = Adoption("by the night", (Group("eager", 0.75, 1.0), Group("never", 0.25, 0.0)), "assumption: made up")
"""A curve in which no device has a choice, so that four of them are a fleet."""
BUSY: dict[str, float] = {**QUIET, **dict.fromkeys(EVENTS, 1.5), "keeps-key": 0.3, "intermediates-in-use": 2}


def by_rule(rule: Callable[[int, int], bool]) -> Refuses:
    """What pins do, by who issued (the same intermediate, another, another CA) and the key (the same, backup, new)."""
    return {name: rule(issuer, key) for issuer, names in enumerate(SCENES) for key, name in enumerate(names)}


LEAF_OR_BACKUP = by_rule(lambda issuer, key: key == 2)
INTERMEDIATE = by_rule(lambda issuer, key: issuer > 0)


def by_device(horizon: Horizon, rates: dict[str, float], refuses: Refuses, number: int) -> list[float]:
    """The same calendar day by day and device by device, written without looking at how the library does it."""
    events, draw = drawn(rates, horizon.days, horizon.seed, number), Random(f"{horizon.seed}/{number}/issued")
    at_once = horizon.releases.adoption is None
    serial, ca, generation, lot, key, backup, made, since, life = 0, 0, 0, 0, "k0", "k1", 2, -horizon.clock.age, 100.0
    line: tuple[int, ...] = (0, 0, 0)
    newest = (serial, ca, line, key, backup)
    devices, refused = [newest] * 4, []
    for day in range(horizon.days + 1):
        if day and day in horizon.releases.out:
            newest = (serial, ca, line, key, backup)
            devices = [newest] * 4 if at_once else devices
        issues = [what for when, what in events if when == day]
        if day >= since + max(1, int(life * rates["renew-at"])) and set(issues) <= {"intermediate-changes"}:
            issues.append("renewal")
        for what in issues:
            if what == "intermediate-changes":
                generation += 1
                continue
            ca += what in ("ca-moves", "ca-removals")
            keeps, lot = draw.random() < rates["keeps-key"], int(draw.random() * rates["intermediates-in-use"])
            if what == "key-compromises":
                key, backup, made = backup, f"k{made}", made + 1
            elif not keeps:
                key, made = f"k{made}", made + 1
            serial, line, since = serial + 1, (ca, generation, lot), day
            life = 47.0 if day >= 300 else 100.0
        away = 0
        for its in devices:
            issuer = 0 if its[2] == line else 1 if its[1] == ca else 2
            kept = 0 if its[3] == key else 1 if its[4] == key else 2
            away += its[0] != serial and refuses[SCENES[issuer][kept]]
        refused.append(away / 4)
        if not at_once:  # at night
            devices = [newest] * 3 + devices[3:]
    return refused


@pytest.mark.parametrize("adoption", [None, DEVICES])
@pytest.mark.parametrize("refuses", [LEAF_OR_BACKUP, INTERMEDIATE])
def test_a_calendar_is_the_same_device_by_device(refuses: Refuses, adoption: Adoption | None) -> None:
    """To the day and to the device, over sixty calendars in which a lot happens; a release less is seen."""
    clock = Clock(START, 100, 13.0, [(START, 398), (START + timedelta(days=300), 47)])
    horizon = Horizon(clock, 500, Releases((0, 40, 130, 220, 310, 400, 490), adoption))
    held, sums = horizon.releases.held(500), 0.0
    for number in range(60):
        site = horizon.site(BUSY, number)
        by_library = [float(one) for one in lost(site, horizon.releases.out, held, refuses)]
        assert by_library == by_device(horizon, BUSY, refuses, number), number
        sums += sum(by_library)
    assert 0 < sums < 60 * 501
    fewer = replace(horizon, releases=Releases((0, 40, 130), adoption))
    assert by_device(fewer, BUSY, refuses, 0) != by_device(horizon, BUSY, refuses, 0)


def test_a_curve_has_as_many_devices_as_it_says() -> None:
    """After n nights a release is on the share that the curve gives, and nobody is without one."""
    curve = ADOPTIONS["small-app-2015"]
    held = Releases((0, 30), curve).held(100)
    assert held.sum(0) == pytest.approx([1] * 101)
    assert [held[1, 30 + nights] for nights in (0, 1, 28)] == pytest.approx([curve.updated(n) for n in (0, 1, 28)])
    asked = Releases((0, 30), curve, asked=10).held(100)
    assert asked[0, 9] == 1
    assert asked[1, 39] > 0.4
    assert asked[:, 40:].sum() == asked[0, 10:].sum() == 0  # nobody asks pins that have expired


def test_renewals_come_by_the_clock_and_the_ballot() -> None:
    """Two thirds into a life that is 200, 100 and 47 days at most, by hand; a shorter life stays as it is."""
    clock = Clock(date(2027, 1, 1), 200, 50, limits())

    def days(lifetime: float) -> list[int]:
        site = deployed([], clock, {**QUIET, "lifetime": lifetime, "renew-at": 0.5}, 900, Random(1))
        return [day for day, _ in site]

    ballot = days(398)
    assert ballot[:5] == [0, 50, 150, 200, 250]  # 100 days later on 20 February, when 200 days are allowed; then 50
    assert (clock.start + timedelta(days=ballot[3])) > date(2027, 3, 15) > (clock.start + timedelta(days=ballot[1]))
    assert ballot[-4:] == [800, 850, 873, 896]  # 47 days are what is allowed from day 804 on
    assert days(20)[:4] == [0, 50, 60, 70]


def test_what_happens_is_what_the_module_says() -> None:
    """An intermediate waits for the next certificate, a compromise takes the backup, a move takes another CA."""
    events = [(10, "intermediate-changes"), (20, "mass-revocations"), (30, "key-compromises"), (40, "ca-moves")]
    kept = {**QUIET, "keeps-key": 1.0}
    assert deployed(events, STILL, kept, 100, Random(1)) == [
        (0, Deployed()),
        (20, Deployed(1, (0, 1, 0), 0, 1)),
        (30, Deployed(2, (0, 1, 0), 1, 2)),
        (40, Deployed(3, (1, 1, 0), 1, 2)),
    ]
    keys = [one.key for _, one in deployed(events, STILL, QUIET, 100, Random(1))]
    assert len({*keys}) == len(keys)


def test_a_higher_rate_brings_the_same_events_earlier() -> None:
    """So the two ends of a range are held against each other on one set of calendars."""
    once, twice = (drawn({**QUIET, "ca-moves": rate}, 3000, 1, 7) for rate in (1.0, 2.0))
    assert len(twice) > len(once) > 2
    assert all(abs(2 * late[0] - one[0]) <= 2 for one, late in zip(once, twice, strict=False))
    assert drawn({**QUIET, "ca-moves": 1.0, "ca-removals": 3.0}, 3000, 1, 7) != once
    assert [one for one in drawn({**BUSY, "ca-moves": 1.0}, 3000, 1, 7) if one[1] == "ca-moves"] == once


def test_events_fall_on_each_day_but_today() -> None:
    """From the first day to the last one, both of them among many, and never on the day on which it all begins."""
    days = {day for number in range(200) for day, _ in drawn({**QUIET, "ca-moves": 50.0}, 30, 1, number)}
    assert days == {*range(1, 31)}


class Compromised(Horizon):
    """Each calendar is the same: the key is out on day 5 and again on day 20."""

    def site(self, rates: Mapping[str, float], number: int) -> Deployments:
        events = [(5, "key-compromises"), (20, "key-compromises")]
        return deployed(events, self.clock, rates, self.days, Random(1))


@pytest.mark.parametrize(("never", "first"), [(0.004, 31), (0.02, 20)])
def test_a_few_devices_are_no_outage(never: float, first: int) -> None:
    """The backup that is used on day 20 is in the release of day 10, and not in that of day 0, which some have kept."""
    curve = Adoption("mostly", (Group("eager", 1 - never, 1.0), Group("never", never, 0.0)), "assumption: made up")
    lived = Compromised(STILL, 30, Releases((0, 10), curve), calendars=1).lived(QUIET, LEAF_OR_BACKUP)
    assert list(lived.first) == [first]
    assert lived.days[0, -1] == pytest.approx(11 * never)


def test_wilsons_interval_is_the_textbooks() -> None:
    """1 of 10 and 0 of 10, by hand; neither leaves what a share can be."""
    lived = Lived(np.array([5, *[9] * 9]), np.zeros((10, 1)), Counter())
    assert lived.between(5) == pytest.approx((0.01787, 0.40415), abs=1e-4)
    assert lived.between(4) == pytest.approx((0, 0.27753), abs=1e-4)


# ---- the pins of a reader --------------------------------------------------------------------------

LEAF, ISSUING, ROOT = (pin_of(one) for one in certificates())
PLAIN = Shape()
UNTIL = NOW + timedelta(days=800)


def of(octets: bytes, shape: Shape = PLAIN, **more: object) -> Forecast:
    config = choose(parse_pins(octets), None, "file")
    return forecast(config, chain(shape), host=HOST, scenes=["new_key"], **more)  # type: ignore[arg-type]


RULES: dict[str, tuple[str, Callable[[int, int], bool]]] = {
    "leaf": (LEAF, lambda issuer, key: key > 0),
    "leaf or backup": (f"{LEAF} {BACKUP}", lambda issuer, key: key == 2),
    "intermediate": (ISSUING, lambda issuer, key: issuer > 0),
    "root": (ROOT, lambda issuer, key: issuer == 2),
    "root or leaf": (f"{ROOT} {LEAF}", lambda issuer, key: issuer == 2 and key > 0),
}


def refuses(tried: dict[str, Tried]) -> Refuses:
    return {scene: one.outcome is Outcome.OUTAGE for scene, one in tried.items()}


@pytest.mark.parametrize("name", RULES)
def test_what_pins_do_is_what_handshakes_say(name: str) -> None:
    """Each scene is a real trial, and comes to what the rule by hand has it come to."""
    pins, rule = RULES[name]
    tried = trials(of(okhttp(*pins.split()), backups=[BACKUP]))
    assert refuses(tried) == by_rule(rule)


def test_of_two_intermediates_the_lower_one_changes() -> None:
    """A pin of the upper one survives that, and not another CA."""
    two = Shape(intermediates=2)
    tried = trials(of(okhttp(pin_of(certificates(two)[2])), two))
    assert refuses(tried) == by_rule(RULES["root"][1])


def test_the_site_moves_to_the_ca_that_was_shown() -> None:
    """A pin of a second CA survives the move there where its certificate was shown, and otherwise does not."""
    second = seen(certificates(Shape(algorithms=("P-384",), root="Second CA"))[-1])
    pins = okhttp(ISSUING, second.pin)
    assert refuses(trials(of(pins, backups=[second]))) == by_rule(lambda issuer, key: issuer == 1)
    assert refuses(trials(of(pins))) == by_rule(lambda issuer, key: issuer > 0)


def test_what_the_chain_itself_rules_out_costs_no_pin_an_outage() -> None:
    """Below a root that may have no CA under it there is no other intermediate: nobody gets anywhere, pinned or not."""
    bare = Shape(intermediates=0, limits=(0,))
    done = of(okhttp(pin_of(certificates(bare)[1])), bare)
    told = expect(done, UNTIL, calendars=20, rate=["ca-removals=0", "ca-moves=0"])
    assert {name for name, one in told.tried.items() if one.aside} == {*SCENES[1]}
    assert told.lives["high"].share(800) == 0
    assert "not counted: The CA rotates its intermediate: it is so without pins too" in text(told)


def life(octets: bytes, **more: object) -> Expectancy:
    return expect(of(octets, backups=[BACKUP]), UNTIL, **{"calendars": 60, **more})  # type: ignore[arg-type]


def test_pins_live_as_long_as_their_depth_lets_them() -> None:
    """Leaf pins end at the first renewal in every calendar, the others later, at low rates later than at high ones."""
    lives = {name: life(okhttp(*RULES[name][0].split())).lives for name in ("leaf", "intermediate", "root")}
    shares = {name: [one[end].share(800) for end in ("low", "high")] for name, one in lives.items()}
    assert shares["leaf"] == [1, 1]
    assert shares["root"][0] < shares["intermediate"][0] < 1
    assert shares["root"][0] < shares["root"][1] < shares["intermediate"][1]
    kept = life(okhttp(LEAF), rate=["keeps-key=1", "key_compromises=0"]).lives
    assert [one.share(800) for one in kept.values()] == [0, 0]


def test_at_the_low_rates_less_happens_whichever_way_a_number_counts() -> None:
    """Who keeps keys, or has certificates that last long, has fewer outages: that end of the range is the low one."""
    for given in ("keeps-key=0:1", "lifetime=30:398", "renew-at=0.2:0.9"):
        lives = life(okhttp(LEAF), rate=[given, *(f"{name}=0" for name in EVENTS)]).lives
        assert lives["low"].days[:, -1].mean() <= lives["high"].days[:, -1].mean(), given
    low, high = (life(okhttp(LEAF), rate=["keeps-key=0:1", "key_compromises=0"]).lives[end] for end in ("low", "high"))
    assert (low.share(800), high.share(800)) == (0, 1)


def test_the_same_seed_gives_the_same_figures() -> None:
    """To the last digit, in text and as JSON; another seed gives others."""
    told = [life(okhttp(ISSUING), seed=seed) for seed in (3, 3, 4)]
    same, again, other = (json.dumps(one.record()) for one in told)
    assert same == again != other
    assert text(told[0]) == text(told[1]) != text(told[2])


def test_rates_that_are_no_range_have_one_end() -> None:
    """Then there is one column, and each number that was given is called the reader's own."""
    own = [f"{name}=0.1" for name in EVENTS] + ["intermediates-in-use=1"]
    one = life(okhttp(ROOT), rate=own)
    assert list(one.lives) == [""]
    assert one.rates["ca-moves"].source == "yours"
    assert "low rates" not in text(one)
    assert "low rates" in text(life(okhttp(ROOT)))


def test_pins_that_expire_cost_nothing_afterwards() -> None:
    """With an end soon after the release a leaf pin is asked for a few days only, and each release has such an end."""
    soon = f"{NOW + timedelta(days=5):%Y-%m-%d}"
    ended, open_ended = (life(android(LEAF, expiration=end, host=HOST), release_every=400) for end in (soon, ""))
    assert ended.lives["low"].days[:, -1].max() < 11 < open_ended.lives["low"].days[:, -1].min()


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "chain.pem").write_bytes(pem(certificates()))
    (tmp_path / "pins.txt").write_bytes(curl(LEAF, ISSUING))
    return ["--chain", str(tmp_path / "chain.pem"), "--pins", str(tmp_path / "pins.txt"), "--scenes", "new_key"]


SOON = f"{UNTIL:%Y-%m-%d}"
BAD = {
    "a day that is past": ("--until 2020-01-01", "--until got 2020-01-01.* give a later day"),
    "a day far away": ("--until 2090-01-01", "ten years"),
    "no day": ("--until soon", "'soon', which is no day"),
    "no calendar": (f"--until {SOON} --calendars 0", "--calendars got 0; give 1 to"),
    "a rate that is not there": (f"--until {SOON} --rate earthquakes=1", "no rate 'earthquakes'"),
    "a rate that is near": (f"--until {SOON} --rate ca-move=1", "nearest: ca-moves"),
    "a negative rate": (
        f"--until {SOON} --rate ca-moves=-1",
        "'ca-moves=-1'; .* numbers from 0 to 52",
    ),
    "no number": (f"--until {SOON} --rate ca-moves", "'ca-moves'; give NAME=VALUE"),
    "not finite": (f"--until {SOON} --rate ca-moves=nan", "=nan'; give NAME=VALUE"),
    "half an intermediate": (f"--until {SOON} --rate intermediates-in-use=1.5", "with whole numbers from 1"),
    "ends that are crossed": (f"--until {SOON} --rate ca-moves=2:1", "2:1'; give NAME=VALUE or NAME=LOW:HIGH"),
    "releases too often": (f"--until {SOON} --release-every 0", "--release-every got 0; give 7 to"),
    "no such curve": (f"--until {SOON} --adoption all", "no adoption curve 'all'"),
    "no until": ("--seed 2", "--seed needs --until"),
    "no until for a page": ("--page FILE.html", "--page needs --until"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_said_in_a_sentence(name: str, files: list[str]) -> None:
    """What was seen, and what is wanted; nothing is written."""
    words, said = BAD[name]
    with pytest.raises(ValueError, match=said) as raised:
        do(forecast_verb, *files, *words.split())
    assert "\n" not in str(raised.value)
    assert not Path("FILE.html").exists()


@pytest.mark.parametrize("number", [1, 3], ids=["chain", "pins"])
def test_a_page_does_not_take_the_place_of_what_was_brought(number: int, files: list[str]) -> None:
    """Neither under its own name nor under another one: it would be gone before anybody saw it."""
    brought = Path(files[number])
    other, before = brought.with_name("other.html"), brought.read_bytes()
    other.hardlink_to(brought)
    for place in (brought, other):
        with pytest.raises(ValueError, match=r"--page got .*, which was brought to be read"):
            do(forecast_verb, *files, "--until", SOON, "--calendars", "1", "--page", str(place))
    assert brought.read_bytes() == before


def test_no_two_months_of_the_drawing_are_printed_over_each_other() -> None:
    """Also where the last one has a day only; the last one is always named."""
    for until in (UNTIL, (NOW + timedelta(days=130)).replace(day=1), NOW + timedelta(days=3000)):
        drawn = svg(expect(of(okhttp(LEAF)), until, calendars=1))
        places = sorted(float(one) for one in re.findall(r'<text x="([\d.]+)"[^>]*>\d{4}-\d\d<', drawn))
        assert len(places) > 2
        assert f">{until:%Y-%m}<" in drawn
        assert all(after - one > 40 for one, after in itertools.pairwise(places)), places


def test_what_has_no_life_to_expect_says_so() -> None:
    """A chain that is refused today, and pins that come with a header and no release."""
    with pytest.raises(ValueError, match="refused already"):
        expect(of(okhttp(BACKUP)), UNTIL)
    with pytest.raises(ValueError, match="`lab hpkp` has their days"):
        expect(of(hpkp(LEAF, BACKUP)), UNTIL)


def test_the_verb_says_it_and_writes_the_page(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Text of 80 columns, JSON beside the forecast's, and a page without script that has the text's figures."""
    words = [*files, "--until", SOON, "--calendars", "40", "--adoption", "small-app-2015", "--release-every", "60"]
    page = tmp_path / "page.html"
    assert do(forecast_verb, *words, "--page", str(page)) == 0
    told, html = capsys.readouterr().out, page.read_text("utf-8")
    assert max(map(len, told.splitlines())) <= 80
    assert "releases: 12, the first on" in told
    assert "neurons.dk" in told
    assert "1 % of the devices are refused, or more;" in " ".join(told.split())
    ends = "At low rates each number is at the end where less happens, at high ones where more does."
    assert ends in " ".join(told.split())
    assert ends in html
    halves = re.search(r"Of all calendars, (.*?)\.\n", told, re.DOTALL)
    assert halves
    assert " ".join(halves[1].split()) in html
    assert "<script" not in html
    assert "{{" not in html
    assert all(name in html for name in (HOST, *RATES))
    assert do(forecast_verb, *words, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["life"]["until"] == SOON
    assert [*said["life"]["lives"]["low"]["months"]][-1] == SOON
    assert {one["outcome"] for one in said["life"]["scenes"].values()} == {Outcome.SERVED, Outcome.OUTAGE}
    assert datetime.fromisoformat(said["at"]).tzinfo == UTC
