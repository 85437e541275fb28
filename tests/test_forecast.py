"""The forecast: its verdicts are the trials', for the lab's own world and for any chain that was brought along."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from forecast_chains import (
    BACKUP,
    DUMMY,
    HOST,
    NOW,
    OTHER,
    Shape,
    android,
    certificates,
    chain,
    curl,
    hashed,
    hpkp,
    ios,
    okhttp,
    pem,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from verbs import do

from lab.building import ANY_SEARCHING, Anchors, PathBuilding
from lab.built.forecast import command
from lab.built.forecast.chain import read_chain
from lab.built.forecast.config import PinConfig, choose
from lab.built.forecast.forecast import YOURS_IF_NOT, YOURS_IF_ROOT, Forecast, forecast
from lab.built.forecast.formats import parse_pins, read_pins
from lab.built.forecast.rebuild import MADE, SITE, YOURS, Rebuilt
from lab.built.forecast.scenes import NEARBY, scene
from lab.built.forecast.text import text
from lab.observation import Line, Outcome, Wanted
from lab.pki.export import export
from lab.pki.pins import algorithm_of, fingerprint_of, pin_of, seen, spki
from lab.policy.checks import HOST_NAME, VALIDATION, pinned
from lab.policy.clients import CLIENTS, Client
from lab.policy.pinset import PinList, PinSet, Role, Where
from lab.scenes.catalogue import CASES
from lab.trials.matrix import Matrix
from lab.trials.standing import Standing
from lab.trials.trial import run
from lab.wire.listener import running

LEAF, ISSUING, ROOT = (pin_of(one) for one in certificates())


def outcomes(done: Forecast, client: str = YOURS) -> dict[str, Outcome]:
    return {one.name: done.cell(one.name, client).outcome for one in done.matrix.cases}


FORECAST = tuple(name for name, one in CASES.items() if not one.repeats)
"""Pins see only the path, so a scene that repeats another to them is not forecast unless it is asked for."""


ONE_OF_A_KIND = tuple(
    next(name for name in FORECAST if (CASES[name].reach, CASES[name].kind) == kind)
    for kind in dict.fromkeys((CASES[name].reach, CASES[name].kind) for name in FORECAST)
)
"""A scene for each reach and kind: to pins it stands for all others of the same."""


def column(matrix: Matrix, client: str, scenes: Iterable[str] = FORECAST) -> dict[str, Outcome]:
    return {name: matrix.cell(client, name).outcome for name in scenes}


def plain(octets: bytes, **more: object) -> PinConfig:
    return choose(parse_pins(octets, **more), None, "file")  # type: ignore[arg-type]


# ---- the lab's own world --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `lab certs` writes."""
    out = tmp_path_factory.mktemp("certs")
    export(out)
    return out


def of_own(
    written: Path,
    file: str,
    roles: tuple[Role, ...] = (),
    *,
    held: bool = False,
    root: bool = True,
    scenes: Iterable[str] | None = None,
) -> Forecast:
    above = written / "authorities/honest-root.pem" if root else None
    said = json.loads((written / "pins/pins.json").read_text())
    return forecast(
        read_pins(written / "pins" / file, roles=roles),
        read_chain(written / "chains/genuine.pem", above),
        backups=[said["backup"]] if held else [],
        scenes=scenes,
    )


OWN = [
    ("curl.txt", (), True, "leaf-or-backup"),
    ("okhttp.txt", (), False, "leaf-pinned"),
    ("pins.json", (Role.ROOT,), False, "root-pinned"),
    ("pins.json", (Role.INTERMEDIATE,), False, "intermediate-pinned"),
    ("pins.json", (Role.CERTIFICATE,), False, "certificate-pinned"),
    ("pins.json", (Role.LEAF, Role.BACKUP), False, "leaf-or-backup"),  # the file itself calls it the backup
    ("pins.json", (Role.LEAF, Role.INTERMEDIATE, Role.ROOT), False, "any-of-chain"),
]


@pytest.mark.parametrize(("file", "roles", "held", "client"), OWN)
@pytest.mark.sampled(3)
def test_a_forecast_of_the_labs_own_pins_is_the_matrix(
    file: str, roles: tuple[Role, ...], held: bool, client: str, written: Path, usual_matrix: Matrix
) -> None:
    """The outcome is that of the client in the matrix which pins the same keys: in every scene for one file."""
    scenes = FORECAST if (file, held) == ("curl.txt", True) else ONE_OF_A_KIND
    done = of_own(written, file, roles, held=held, scenes=scenes)
    assert outcomes(done) == column(usual_matrix, client, scenes)
    for name in done.clients[1:]:
        assert outcomes(done, name) == column(usual_matrix, name, scenes)


@pytest.mark.sampled(0)
def test_androids_pins_are_the_same_until_they_expire(written: Path, usual_matrix: Matrix) -> None:
    """The scenes after the file's expiration go as for an unpinned client; all others as for leaf-or-backup."""
    done = of_own(written, "network_security_config.xml", held=True)
    expires = done.subject.config.expires
    assert expires is not None
    later = {
        case.name for case in done.matrix.cases for one in done.cell(case.name).scene.meetings if one.time > expires
    }
    assert later == {"waited_for_expiry", "moved_after_expiry", "expired_with_stolen_key"}
    unpinned, pins = column(usual_matrix, "unpinned"), column(usual_matrix, "leaf-or-backup")
    assert outcomes(done) == {name: unpinned[name] if name in later else pins[name] for name in FORECAST}


@pytest.mark.sampled(0)
def test_the_root_is_known_by_what_the_labs_own_file_calls_it(written: Path, usual_matrix: Matrix) -> None:
    """A server sends no root. The lab's file says which pin is the root's; other formats leave two worlds, both run."""
    done = of_own(written, "pins.json", (Role.ROOT,), root=False)
    assert outcomes(done) == column(usual_matrix, "root-pinned")
    pin = json.loads((written / "pins/pins.json").read_text())["root"]
    other = forecast(plain(android(pin, host="bank.example")), read_chain(written / "chains/genuine.pem"))
    assert other.cell("ordinary_day", YOURS_IF_ROOT).outcome is Outcome.SERVED
    assert other.cell("ordinary_day", YOURS_IF_NOT).outcome is Outcome.OUTAGE
    assert {"nothing-matches", "root-not-in-file"} <= {one.name for one in other.findings}


@pytest.mark.sampled(0)
def test_both_lists_of_ios_are_the_labs_client(usual_matrix: Matrix) -> None:
    """The leaf list and the CA list together are `leaf-and-ca`."""
    import plistlib

    done = forecast(plain(plistlib.dumps(ios([LEAF], [ISSUING, ROOT]))), chain())
    assert outcomes(done) == column(usual_matrix, "leaf-and-ca")


# ---- any chain, any pins --------------------------------------------------------------------------

SHAPES = st.builds(
    Shape,
    intermediates=st.integers(0, 3),
    algorithms=st.lists(st.sampled_from(["ECDSA", "RSA", "P-384"]), min_size=1, max_size=3).map(tuple),
    with_root=st.booleans(),
)


@settings(
    max_examples=2,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(SHAPES, st.data())
@pytest.mark.sampled(0)
def test_a_forecast_is_the_trial_and_the_rule(shape: Shape, data: st.DataObject) -> None:
    """
    For any chain and any pinned places: accepted exactly where each list names a key that is on the path.

    And a client of the same policy, put into the same scenes by itself, gets the same verdicts.
    """
    whole = certificates(shape)
    there = whole if shape.with_root else whole[:-1]
    places = data.draw(st.sets(st.integers(0, len(there) - 1)), label="pinned places")
    held = data.draw(st.booleans(), label="backup shown")
    leaf_only = data.draw(st.booleans(), label="curl")
    pins = [pin_of(there[place]) for place in sorted(places)] + [BACKUP]
    config = plain(curl(*pins) if leaf_only else okhttp(*pins))
    found = chain(shape)
    done = forecast(config, found, host=HOST, backups=[BACKUP] if held else [])
    assert not done.broken
    assert [one.place for one in done.subject.matches] == [*sorted(places), None]
    mine = YOURS if YOURS in done.hypotheses else YOURS_IF_NOT  # the backup is nobody's root
    for case in done.matrix.cases:
        trial = done.cell(case.name, mine)
        genuine = [pin_of(one) for one in trial.scene.genuine.path]
        wanted = {genuine[place] for place in places}
        if held:
            wanted |= trial.scene.site[Role.BACKUP]
        for met in trial.encounters:
            if met.meeting.component:
                continue
            path = None if met.observation.broken_off else met.observation.path
            expected = path is not None and not met.observation.name_mismatch
            if expected and path is not None:
                looked = path[:1] if leaf_only else path
                expected = bool(wanted & {one.pin for one in looked})
            assert met.verdict.accepted is expected, case.name
            told = {
                (Line.GENUINE, True): Outcome.SERVED,
                (Line.GENUINE, False): Outcome.OUTAGE,
                (Line.ATTACKER, True): Outcome.INTERCEPTED,
                (Line.ATTACKER, False): Outcome.STOPPED,
            }[met.meeting.line, expected]
            assert met.outcome is told, case.name
    _the_same_policy_by_itself(done, mine, places, held, leaf_only)


def _the_same_policy_by_itself(done: Forecast, mine: str, places: set[int], held: bool, leaf_only: bool) -> None:
    world = Rebuilt(done.subject.chain, done.subject.host, done.subject.now)
    pins = [pin_of(world.genuine.path[place]) for place in places]
    pins.append(pin_of(world.backup_key.public_key()) if held else OTHER)
    pin_set = PinSet((PinList(tuple(pins), Where.LEAF if leaf_only else Where.PATH),))
    checks = (VALIDATION, HOST_NAME, pinned("pins", pin_set))
    same = Client("same", "the same policy", checks, building=done.matrix.clients[0].building)
    for name, outcome in outcomes(done, mine).items():
        if name.endswith(NEARBY):
            continue
        with Standing(CASES[name], scene(CASES[name], world)) as standing:
            assert run(same, standing).outcome is outcome, name


@pytest.mark.parametrize("intermediates", [0, 2])
@pytest.mark.sampled(0)
def test_the_role_rule_holds_where_it_applies(intermediates: int) -> None:
    """PinSet.meets(reach), asked with roles, predicts every twin that counts for this chain."""
    shape = Shape(intermediates)
    made = certificates(shape)
    roles = {Role.LEAF: made[:1], Role.INTERMEDIATE: made[1:-1], Role.ROOT: made[-1:]}
    for role, pinned_there in roles.items():
        if not pinned_there:
            continue
        done = forecast(plain(okhttp(*map(pin_of, pinned_there))), chain(shape), host=HOST, scenes=ONE_OF_A_KIND)
        for case in done.matrix.cases:
            if done.aside[case.name] or case.fails or case.name in ("session_resumed", "first_contact"):
                continue
            trial = done.cell(case.name)
            accepted = trial.encounters[trial.scene.about].verdict.accepted
            assert accepted is PinSet.any_of(role).meets(case.reach), (role, case.name)


def test_the_client_builds_its_paths_as_its_program_does() -> None:
    """curl's path ends at an intermediate in the store, OkHttp's goes on to the root, and browsers try other paths."""
    made = certificates(Shape(1))
    curl = "sha256//" + pin_of(made[0]).partition("/")[2]
    files = {
        "okhttp": okhttp(pin_of(made[0])),
        "curl": curl.encode(),
        "hpkp": hpkp(pin_of(made[0]), f"sha256/{'A' * 43}="),
    }
    found = {
        name: forecast(plain(words), chain(Shape(1)), host=HOST, scenes=["new_key"]).matrix.clients[0].building
        for name, words in files.items()
    }
    assert found == {
        "okhttp": PathBuilding(Anchors.ANY_GOES_ON),
        "curl": PathBuilding(Anchors.ANY),
        "hpkp": ANY_SEARCHING,
    }


FEW = ("new_key", "backup_key", "new_ca", "other_trusted_ca", "same_intermediate", "stolen_key_new_certificate")

# ---- the rebuilt chain ----------------------------------------------------------------------------


def test_the_rebuilt_chain_has_the_same_shape_and_other_keys() -> None:
    """Algorithms, dates and constraints are kept; keys are new, and host names reserved."""
    shape = Shape(2, ("RSA", "ECDSA", "P-384"), limits=(None, 1, 0), only="bank.com")
    old = chain(shape)
    world = Rebuilt(old, HOST, NOW)
    new = world.genuine.path
    assert len(new) == len(old.path)
    for before, after in zip(old.path, new, strict=True):
        assert algorithm_of(after.public_key()) == algorithm_of(before.public_key())
        assert after.not_valid_before_utc == before.not_valid_before_utc
        assert after.not_valid_after_utc == before.not_valid_after_utc
        assert (
            after.extensions.get_extension_for_class(x509.BasicConstraints).value
            == before.extensions.get_extension_for_class(x509.BasicConstraints).value
        )
    assert not {pin_of(one) for one in new} & {pin_of(one) for one in old.path}
    assert [seen(one).name for one in new] == [SITE, *(seen(one).name for one in old.path[1:])]
    assert seen(new[0]).hosts == (SITE,)
    constraints = new[-2].extensions.get_extension_for_class(x509.NameConstraints).value
    assert [one.value for one in constraints.permitted_subtrees or ()] == [SITE]
    assert world.changes == []


def test_what_cannot_be_kept_is_said() -> None:
    """A large RSA key would take seconds; it is made smaller, and the forecast says so."""
    done = forecast(plain(okhttp(LEAF)), chain(Shape(1, ("RSA3072", "ECDSA", "ECDSA"))), host=HOST, scenes=[])
    assert done.changes == ("Root CA has RSA 2048 here instead of 3072",)
    assert "RSA 2048 here instead of 3072" in text(done)


def test_a_reserved_host_keeps_its_name() -> None:
    """Only a name that could be somebody's is replaced."""
    there = chain(Shape(hosts=("shop.example",)))
    assert Rebuilt(there, "shop.example", NOW).host == "shop.example"
    assert Rebuilt(there, "shop.com", NOW).host == SITE


def test_limits_that_rule_a_scene_out_take_it_out_of_the_count() -> None:
    """Below a root that may have no CA under it, no sibling intermediate can stand; with an ordinary root it can."""
    names = ("sibling_intermediate", "new_intermediate", "new_root_cross_signed")
    for limits, expected in (((0,), True), ((None,), False)):
        done = forecast(
            plain(okhttp(LEAF)), chain(Shape(0, limits=limits)), host=HOST, scenes=[*names, "chain_shortened"]
        )
        assert not done.broken
        assert [bool(done.aside[name]) for name in names] == [expected] * 3
        assert done.aside["chain_shortened"] == "there is no intermediate that could become a root"


def test_a_chain_that_no_client_accepts_is_said() -> None:
    """An intermediate that may have no CA below it, with one below it: validation refuses it, pins or not."""
    done = forecast(plain(okhttp(LEAF)), chain(Shape(2, limits=(None, 0))), host=HOST, scenes=["new_key"])
    assert done.broken
    assert "No client gets anywhere with this chain" in text(done)
    assert not forecast(plain(okhttp(LEAF)), chain(Shape(2)), host=HOST, scenes=["new_key"]).broken


def test_an_intermediate_can_be_rotated_at_two_heights() -> None:
    """With two intermediates, a pin on the upper one survives a new one below it, and not one beside it."""
    made = certificates(Shape(2))
    scenes = ["new_intermediate", "sibling_intermediate"]
    done = forecast(plain(okhttp(pin_of(made[2]))), chain(Shape(2)), host=HOST, scenes=scenes)
    assert done.cell("new_intermediate").outcome is Outcome.OUTAGE
    assert done.cell("new_intermediate" + NEARBY).outcome is Outcome.SERVED
    assert done.cell("sibling_intermediate" + NEARBY).outcome is Outcome.INTERCEPTED
    short = forecast(plain(okhttp(LEAF)), chain(), host=HOST, scenes=scenes)
    assert set(outcomes(short)) == {*scenes, "ordinary_day"}


# ---- a refusal, in the user's own pins --------------------------------------------------------------


def sides(seen: list[tuple[str, str]], wanted: list[tuple[str, str]]) -> str:
    """Both sides as they are printed: pin and name, chain first."""
    rows = [("seen", seen), ("wanted", wanted)]
    return "\n".join(
        f"{'' if number else label:<8}{pin:<51}  {name}"
        for label, keys in rows
        for number, (pin, name) in enumerate(keys)
    )


def test_a_refusal_shows_both_sides_with_the_users_own_pins() -> None:
    """What stands for a certificate of the chain has that one's pin; what does not was made by the lab."""
    done = forecast(plain(okhttp(LEAF, OTHER)), chain(), host=HOST, scenes=["new_intermediate", "new_key", "same_key"])
    wanted = [(LEAF, HOST), (OTHER, "nothing that was shown")]
    expected = {
        "new_key": sides([(MADE, SITE), (ISSUING, "Issuing CA 1"), (ROOT, "Root CA")], wanted),
        "new_intermediate": sides([(MADE, SITE), (MADE, "Issuing CA 1 (sibling)"), (ROOT, "Root CA")], wanted),
    }
    assert {name: refusal.both_sides() for name, refusal in done.refusals.items()} == expected
    printed = " ".join(text(done).split())
    for block in expected.values():
        assert [line for line in block.splitlines() if " ".join(line.split()) not in printed] == []
    assert (printed.count(f"wanted {LEAF}"), printed.count("wanted as above")) == (1, 1)


@pytest.mark.sampled(0)
def test_no_pin_that_the_lab_made_is_ever_shown() -> None:
    """Two lists, a backup that is held, a pin of the root that the file names, a SHA-1, a whole certificate."""
    import plistlib

    whole = {"leaf": LEAF, "leaf_certificate": fingerprint_of(certificates()[0]), "root": ROOT, "backup": BACKUP}
    sha1 = "sha1/" + hashed(spki(certificates()[1].public_key()), "sha1")
    for octets, there, roles in (
        (plistlib.dumps(ios([LEAF, BACKUP], [ISSUING, OTHER])), chain(), ()),
        (json.dumps(whole).encode(), chain(Shape(with_root=False)), (Role.ROOT, Role.BACKUP)),
        (json.dumps(whole).encode(), chain(), (Role.CERTIFICATE,)),
        (okhttp(sha1, DUMMY), chain(), ()),
    ):
        config = plain(octets, roles=roles)
        done = forecast(config, there, host=HOST, backups=[BACKUP], scenes=ONE_OF_A_KIND)
        brought = {MADE, BACKUP, *map(str, config.pins), *(one.pin for one in there.seen)}
        compared = [one for one in done.refusals.values() if one.wanted]
        assert compared
        for one in compared:
            assert {key.pin.strip() for keys in (one.seen, one.wanted) for key in keys} <= brought
            assert {key.pin for key in one.wanted} <= set(map(str, config.pins))
        made = {met.pin for trial in done.matrix.trials.values() for met in trial.shown.observation.path or ()}
        assert made.isdisjoint(brought)
        assert not any(pin in text(done) for pin in made)


def test_a_key_of_the_file_that_is_not_in_the_chain_has_its_own_pin_too() -> None:
    """A backup key in the wrong list is refused at the leaf, and its own pin was seen there."""
    import plistlib

    octets = plistlib.dumps(ios([LEAF], [ISSUING, BACKUP]))
    for held, pin in (([BACKUP], BACKUP), ([], f"{MADE:<51}")):
        done = forecast(plain(octets), chain(), host=HOST, backups=held, scenes=["backup_key"])
        refusal = done.refusals["backup_key"]
        assert [(one.pin, one.name) for one in refusal.seen] == [(pin, SITE)]
        assert refusal.wanted == (Wanted(LEAF, HOST),)


# ---- dates ----------------------------------------------------------------------------------------


def test_an_expired_chain_runs_on_its_last_day() -> None:
    """Lint says that it has expired, and the scenes play on a day on which it was valid."""
    there = chain(Shape(ends=NOW - timedelta(days=3)))
    done = forecast(plain(okhttp(LEAF, BACKUP)), there, host=HOST, backups=[BACKUP], scenes=FEW)
    assert there.not_after - timedelta(minutes=2) < done.subject.now < there.not_after
    assert "chain-not-valid" in {one.name for one in done.findings}
    fresh = forecast(plain(okhttp(LEAF, BACKUP)), chain(), host=HOST, backups=[BACKUP], scenes=FEW)
    assert "chain-not-valid" not in {one.name for one in fresh.findings}
    assert outcomes(done) == outcomes(fresh)


def test_a_chain_that_was_never_valid_is_refused() -> None:
    """One certificate begins after another has ended."""
    there = chain(Shape(starts=NOW + timedelta(days=3000), ends=NOW + timedelta(days=3001)))
    with pytest.raises(ValueError, match="no day on which the whole chain is valid"):
        forecast(plain(okhttp(LEAF)), there, host=HOST)


def test_the_expired_attack_waits_for_this_chains_own_date() -> None:
    """The leaf keeps its own dates, however long; the scene about its expiry plays after them."""
    done = forecast(
        plain(okhttp(LEAF)), chain(Shape(ends=NOW + timedelta(days=390))), host=HOST, scenes=["expired_with_stolen_key"]
    )
    trial = done.cell("expired_with_stolen_key", "unpinned")
    assert (trial.outcome, trial.shown.observation.error and trial.shown.observation.error.code) == (
        Outcome.STOPPED,
        10,
    )


def test_at_another_day_the_same_world_is_dated_around_it() -> None:
    """`at` is the day of every meeting but those that a scene puts later."""
    day = datetime(NOW.year + 0, NOW.month, 1, 12, tzinfo=UTC) + timedelta(days=40)
    done = forecast(plain(okhttp(LEAF)), chain(), host=HOST, at=day, scenes=FEW)
    assert done.cell("ordinary_day").scene.meetings[-1].time == day
    assert done.cell("ordinary_day").outcome is Outcome.SERVED
    assert done.score("unpinned").kept == done.score("unpinned").rotations


# ---- which host -----------------------------------------------------------------------------------


def test_the_host_is_found_where_nobody_names_it() -> None:
    """The file's domain where the leaf answers for it, else one of the leaf's names that the domain covers."""
    named = chain(Shape(hosts=("www.bank.com", "api.bank.com")))
    wild = chain(Shape(hosts=("*.bank.com",)))
    for octets, there, expected in (
        (android(LEAF, host="api.bank.com"), named, "api.bank.com"),
        (android(LEAF, host="bank.com"), named, "www.bank.com"),
        (okhttp(LEAF, host="*.bank.com"), wild, "www.bank.com"),
        (curl(LEAF), named, "www.bank.com"),
    ):
        assert forecast(plain(octets), there, scenes=[]).subject.host == expected
    wrong = forecast(plain(android(LEAF, host="bank.org")), named, scenes=[])
    assert (wrong.subject.host, "wrong-host" in {one.name for one in wrong.findings}) == ("bank.org", True)


def test_a_pattern_is_no_host() -> None:
    """A connection goes to one host; a pattern in the file or in the certificate is passed over."""
    with pytest.raises(ValueError, match="is a pattern"):
        forecast(plain(curl(LEAF)), chain(), host="*.bank.com", scenes=[])
    odd = chain(Shape(hosts=("w*.bank.com", "api.bank.com")))
    assert forecast(plain(curl(LEAF)), odd, scenes=[]).subject.host == "api.bank.com"
    with pytest.raises(ValueError, match="none that OkHttp takes"):
        plain(okhttp(LEAF, host="a.*.com"))


def test_a_reserved_host_too_long_for_a_common_name_gets_another() -> None:
    """A host of more than 64 characters is no common name, and its forecast runs all the same."""
    host = "x" * 60 + ".bank.example"
    done = forecast(plain(curl(LEAF)), chain(Shape(hosts=("bank.example", host))), host=host, scenes=[])
    assert (done.subject.host, done.lab_host, done.broken) == (host, "site.example", "")


def test_the_end_of_the_calendar_is_no_error() -> None:
    """A certificate may be valid until 9999-12-31 (RFC 5280 section 4.1.2.5), and then none is found expired."""
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    for_ever = chain(Shape(ends=last))
    done = forecast(plain(curl(LEAF)), for_ever, host=HOST, scenes=["expired_with_stolen_key"])
    assert "until the calendar ends" in done.aside["expired_with_stolen_key"]
    assert forecast(plain(curl(LEAF)), chain(), host=HOST, at=last, scenes=[]).subject.release == last


# ---- the command ----------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    there, pins = tmp_path / "chain.pem", tmp_path / "pins.txt"
    there.write_bytes(pem(certificates()))
    pins.write_bytes(android(LEAF, BACKUP))
    yield there, pins
    assert not running()


def call(files: tuple[Path, Path], *more: str) -> int:
    return do(command.forecast, "--chain", str(files[0]), "--pins", str(files[1]), *more)


def test_the_command_prints_what_teaches(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Which certificate each pin names, what lint found, the twins, and the scores beside other clients'."""
    assert call(files, "--backup", BACKUP) == 0
    said = capsys.readouterr().out
    for words in (
        "the key of www.bank.com (0)",
        "a key that you say is your backup",
        "www.bank.com is called site.example",
        "✓ served      The site moves to its planned backup key",
        "✗ intercepted The backup key is stolen",
        "unpinned",
        "leaf-pinned",
    ):
        assert words in said
    assert max(map(len, said.splitlines())) <= 80


def test_a_certificate_cannot_speak_to_the_terminal() -> None:
    """Control characters in a name are escaped."""
    done = forecast(plain(okhttp(LEAF)), chain(Shape(0, root="Evil\x1b[2J\nRoot")), host=HOST, scenes=["new_key"])
    said = text(done)
    assert "Evil\\x1b[2J\\nRoot" in said
    assert "\x1b" not in said


def test_pins_that_refuse_today_say_so_first() -> None:
    """Every scene then begins with an outage, and nobody has to guess why."""
    words = "Your pins refuse the chain as it is today"
    assert words in text(forecast(plain(curl(ISSUING)), chain(), host=HOST, scenes=[]))
    assert words not in text(forecast(plain(curl(LEAF)), chain(), host=HOST, scenes=[]))


def test_who_is_like_whom_is_said_where_a_scene_could_tell() -> None:
    """On an ordinary day alone every client does the same, and nothing follows from it for the pins."""
    words = "Your pins do exactly what the"
    assert words not in text(forecast(plain(curl(LEAF)), chain(), host=HOST, scenes=["same_key"]))
    assert f"{words} leaf-pinned client does." in text(forecast(plain(curl(LEAF)), chain(), host=HOST, scenes=FEW))


def test_the_json_says_the_same(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """One object, with the same outcomes and scores."""
    assert call(files, "--json", "--host", HOST, "--scenes", *FEW) == 0
    said = json.loads(capsys.readouterr().out)
    done = forecast(plain(android(LEAF, BACKUP)), chain(), host=HOST, scenes=FEW)
    assert {one["scene"]: one["outcomes"][YOURS] for one in said["scenes"]} == {
        name: outcome.value for name, outcome in outcomes(done).items()
    }
    assert said["scores"] == done.record()["scores"]
    assert [one["names"] for one in said["pins"]] == ["key", "nothing"]
    assert "PRIVATE" not in json.dumps(said)


def test_strict_fails_for_what_is_serious(files: tuple[Path, Path]) -> None:
    """Exit code 1 with a serious finding, 0 without one."""
    assert call(files, "--strict", "--scenes", "new_key") == 0  # an unknown backup is worth fixing, and not more
    files[1].write_bytes(android(LEAF))
    assert call(files, "--strict", "--scenes", "new_key") == 1


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (("--at", "tomorrow"), "--at got 'tomorrow'"),
        (("--next-release", "2027"), "--next-release got '2027'"),
        (("--backup", "x"), "is no pin"),
        (("--host", "bank.org"), "has no pins for 'bank.org'"),
        (("--roles", "leaf"), "names no roles"),
        (("--format", "ios"), "no NSPinnedDomains"),
        (("--scenes", "new_kee"), "nearest: new_key"),
        (("--scenes", "slips"), "short_renewal_broken is a slip, which ordinary validation refuses"),
        (("--scenes", "new_key,root_distrusted"), "root_distrusted is a slip"),
        (("--scenes", "stripped"), "stripped is decided by no path; give attacks or rotations"),
    ],
)  # fmt: skip
def test_a_slip_is_one_sentence(files: tuple[Path, Path], more: tuple[str, ...], reason: str) -> None:
    """What was given, what was wanted."""
    with pytest.raises(ValueError, match=reason.replace(".", r"\.")) as problem:
        call(files, *more)
    assert "\n" not in str(problem.value)


def test_importing_the_command_is_light() -> None:
    """The command line imports it at the top: no TLS, no certificates, no XML."""
    import subprocess
    import sys

    heavy = ("OpenSSL", "cryptography", "trustme", "xml.etree", "plistlib", "defusedxml", "rich")
    code = f"import sys, lab.built.forecast.command; print([one for one in {heavy} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_clients_beside_are_the_tables_own() -> None:
    """Unpinned and leaf-pinned are the rows of the client table, in the same rebuilt world."""
    done = forecast(plain(okhttp(LEAF)), chain(), host=HOST)
    assert done.matrix.clients[1:] == (CLIENTS["unpinned"], CLIENTS["leaf-pinned"])
    assert all(trial.client is CLIENTS[name] for (name, _), trial in done.matrix.trials.items() if name != YOURS)
    assert "exactly what the leaf-pinned client does" in text(done)
