"""A scene of a file: its moves are made in one world, it is measured as any other, and its faults get one sentence."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from lab.built.known.lived import live
from lab.built.time import dated, visitors
from lab.built.time.dated import DATED, add, date, scene
from lab.built.time.reading import load
from lab.built.time.scenario import read
from lab.built.time.visitors import Visitor, browser, follow
from lab.observation import Line, Outcome
from lab.pki.pins import pin_of
from lab.policy.clients import client
from lab.policy.pinset import Reach, Role
from lab.scenes.catalogue import CASES, Case, Fault, Kind, case
from lab.trials import engine
from lab.trials.engine import imagine, meet
from lab.trials.rehearsal import foresee
from lab.trials.sections import Heading, sections
from lab.trials.standing import Ground
from lab.trials.trial import trial
from lab.verbs import main

LAB = Path(dated.__file__).parent


@pytest.fixture(autouse=True)
def registries() -> Iterator[None]:
    """The catalogues as they were, once the test is over."""
    with patch.dict(CASES), patch.dict(DATED):
        yield


def told(*meetings: str, more: str = "") -> Case:
    """A case of these tables."""
    text = 'title = "mine"\n' + more + "".join(f"\n[[meeting]]\n{meeting}\n" for meeting in meetings)
    return read(text, "mine.toml").case("mine")


def outcomes(name: str, mine: Case) -> list[Outcome | None]:
    """Meeting by meeting, over real TLS; what pure policy expects is the same."""
    met = trial(client(name), mine)
    seen = [(one.meeting, foresee(met.scene.placed(one.meeting), met.scene.host)) for one in met.encounters]
    imagined = imagine(seen, client(name).mind(met.scene.enrolment))
    assert [one.outcome for one in imagined] == [one.outcome for one in met.encounters]
    return [one.outcome for one in met.encounters]


# ---- what a file makes ----------------------------------------------------------------------------


def test_a_scene_is_its_moves_on_their_days() -> None:
    """Who is on the line, when, and under which title; without words of its own a meeting has the move's."""
    mine = told("", 'day = 30\nmove = "new_key"\ntitle = "a renewal"', 'move = "same_intermediate"')
    meetings = mine.scene().meetings
    assert [one.line for one in meetings] == [Line.GENUINE, Line.GENUINE, Line.ATTACKER]
    assert [(one.time - meetings[0].time).days for one in meetings] == [0, 30, 30]
    usual = case("same_intermediate").scene().meetings[-1].title
    assert [one.title for one in meetings[1:]] == ["a renewal", usual]


def test_kind_reach_and_twin_come_from_the_moves() -> None:
    """An attack where anybody attacks; the reach of the meeting that it is about, which a table may say."""
    mine = told("", 'move = "same_intermediate"', 'move = "new_ca"')
    assert (mine.kind, mine.reach, mine.twin) == (Kind.ATTACK, Reach.INTERMEDIATE, "new_key")
    assert mine.holds == case("same_intermediate").holds
    other = told("", 'move = "same_intermediate"', 'move = "new_ca"\nabout = true', more='twin = "new_ca"\n')
    assert (other.kind, other.reach, other.twin, other.scene().about) == (Kind.ATTACK, Reach.TRUST_STORE, "new_ca", 2)
    quiet = told("", 'move = "new_key"', "")
    assert (quiet.kind, quiet.reach, quiet.twin) == (Kind.ROTATION, Reach.INTERMEDIATE, "")


@pytest.mark.sampled(0)
def test_a_move_by_itself_is_what_the_catalogue_says() -> None:
    """Reach, fault and twin are derived from the scene as made; for every move they are those that it declares."""
    moves = [one for one in CASES.values() if one.move()]
    assert len(moves) > 30
    for one in moves:
        mine = told("", f'move = "{one.name}"')
        assert (mine.reach, mine.fails, mine.twin) == (one.reach, one.fails, one.twin), one.name


def test_reach_and_twin_are_those_of_the_scene_as_made() -> None:
    """After a move to another CA its intermediate is no genuine one; the sockets say so too."""
    moved = told("", 'day = 3\nmove = "new_ca"', 'move = "same_intermediate"')
    assert (moved.reach, moved.twin, moved.fails) == (Reach.TRUST_STORE, "", None)
    kept = told("", 'day = 3\nmove = "other_ca_same_key"', 'move = "stolen_key_new_certificate"')
    assert (kept.reach, kept.twin) == (Reach({Role.LEAF}), "")
    back = told("", 'move = "new_key"', 'move = "same_intermediate"')
    assert (back.reach, back.twin) == (Reach.INTERMEDIATE, "new_key")
    for mine in (moved, kept, back):
        met = trial(client("unpinned"), mine)
        assert met.shown.observation.path
        assert (met.worst, Reach.of(met.shown.observation.path, met.scene.site)) == (mine.scene().about, mine.reach)


def test_a_stolen_certificate_that_has_expired_is_refused_by_validation() -> None:
    """And has no twin, whatever the theft has on the day itself."""
    for day, fails, twin in ((80, None, "ordinary_day"), (100, Fault.EXPIRED, "")):
        late = told("", f'day = {day}\nmove = "stolen_key_and_certificate"')
        assert (late.reach, late.fails, late.twin) == (Reach.CERTIFICATE, fails, twin)
        accepted = trial(client("unpinned"), late).encounters[-1].verdict.accepted
        assert accepted is not bool(fails)


@pytest.mark.parametrize(
    ("twin", "move", "said"),
    [
        ("new_key", "same_intermediate", ""),
        ("same_intermediate", "new_key", ""),
        ("same_key", "same_intermediate", "same_key is no twin: it is rotation .shares root . intermediate . leaf.,"),
        ("other_trusted_ca", "same_intermediate", "no twin: it is attack .shares trust store only., and this is att"),
        ("new_key", "new_key", "no twin: it is rotation"),
        ("other_hosts_certificate", "new_key", "no twin: it is attack .it answers for another host., and this is rot"),
        ("new_key", "other_hosts_certificate", "and this is attack .it answers for another host."),
        ("forgot_to_renew", "new_key", "'forgot_to_renew' is not known here"),
    ],
)
def test_a_twin_is_of_the_other_kind_with_the_same_reach(twin: str, move: str, said: str) -> None:
    """What a file names as twin is held against the scene as made."""
    text = f'title = "t"\ntwin = "{twin}"\n[[meeting]]\n[[meeting]]\nmove = "{move}"\n'
    if not said:
        assert read(text, "mine.toml").case("mine").twin == twin
        return
    with pytest.raises(ValueError, match=rf"^mine.toml line 2, key twin: .*{said}"):
        read(text, "mine.toml")


def test_a_rotation_that_names_its_attack_stands_under_it_once() -> None:
    """The attack comes first, and where it has a twin already the file's scene stands alone."""
    mine = told("", 'move = "new_key"', more='twin = "same_intermediate"\n')
    attack, usual = case("same_intermediate"), case("new_key")
    pairs = sections([mine, attack], Case.record)[Heading.TWINS]
    assert pairs == [(attack, mine)]
    every = sections([attack, usual, mine], Case.record)
    assert (every[Heading.TWINS], every[Heading.QUIET]) == ([(attack, usual)], [(mine,)])


def test_what_a_rotation_changes_stays_changed() -> None:
    """The next ordinary day has the new key, and a thief steals that one; an attacker leaves nothing behind."""
    S, B, X, o = Outcome.SERVED, Outcome.OUTAGE, Outcome.INTERCEPTED, Outcome.STOPPED
    renewed = told("", 'day = 9\nmove = "new_key"', "day = 10", 'move = "stolen_key_and_certificate"')
    assert outcomes("leaf-pinned", renewed) == [S, B, B, o]
    assert outcomes("root-pinned", renewed) == [S, S, S, X]
    robbed = told("", 'day = 9\nmove = "same_intermediate"', "day = 10")
    assert outcomes("leaf-pinned", robbed) == [S, o, S]


def test_a_ca_that_the_site_has_left_is_one_among_the_others() -> None:
    """The other trusted CA that mis-issues is then the old one, and renewals are the new one's."""
    moved = told("", 'day = 9\nmove = "new_ca"', 'day = 10\nmove = "new_key"', 'move = "other_trusted_ca"')
    names = [one.credential.issuer.name for one in moved.scene().meetings if one.credential.issuer]
    assert names == ["Honest Issuing CA 1", "Other Issuing CA", "Other Issuing CA", "Honest Issuing CA 1"]
    assert outcomes("root-pinned", moved)[1:] == [Outcome.OUTAGE, Outcome.OUTAGE, Outcome.INTERCEPTED]


def test_a_backup_key_is_used_once() -> None:
    """After the move to it the next backup is another key, which is what the header names then."""
    moved = told("", 'day = 9\nmove = "backup_key"\npins = ["leaf", "backup"]', 'day = 10\nmove = "backup_key"').scene()
    _, first, second = (one.credential.key for one in moved.meetings)
    assert first is not second
    assert moved.meetings[1].says is not None
    ((_, header),) = moved.meetings[1].says.headers
    assert all(pin_of(key.public_key()).removeprefix("sha256/") in header for key in (first, second))
    assert {pin_of(first.public_key())} == moved.site[Role.BACKUP]


def test_a_first_contact_is_a_scene_that_begins_with_the_attacker() -> None:
    """Key continuity remembers the attacker, as in the catalogue's own scene."""
    mine = told('move = "other_trusted_ca"', "day = 1")
    assert mine.scene().about == 0
    assert outcomes("first-use-key", mine) == [Outcome.INTERCEPTED, Outcome.OUTAGE]
    assert trial(client("first-use-key"), mine).outcome is trial(client("first-use-key"), case("first_contact")).outcome


# ---- what is said beside the certificate ----------------------------------------------------------


def heard(*meetings: str) -> list[Outcome | None]:
    """A browser of RFC 7469 through these meetings."""
    scene = told(*meetings).scene()
    with Ground(scene.host) as ground:
        return [met().outcome for met in engine.live(ground, map(scene.placed, scene.meetings), browser())]


def test_pins_by_header_bind_a_browser_until_they_end() -> None:
    """Sixty days by default, as many as it says otherwise; without a backup the header counts for nothing."""
    stranger = 'move = "other_trusted_ca"\nday = '
    for said, day, outcome in (
        ('pins = ["leaf", "backup"]', 60, Outcome.STOPPED),
        ('pins = ["leaf", "backup"]', 61, Outcome.INTERCEPTED),
        ('pins = ["leaf", "made-up"]\nmax_age_days = 5', 6, Outcome.INTERCEPTED),
        ('pins = ["leaf"]', 1, Outcome.INTERCEPTED),
    ):
        assert heard(said, f"{stranger}{day}") == [Outcome.SERVED, outcome]


def test_an_attacker_who_says_nothing_relays_what_the_site_says() -> None:
    """A thief of the key brings the site's header along; one who speaks himself pins the site to his own key."""
    pinned, thief = 'pins = ["leaf", "backup"]', 'day = 1\nmove = "stolen_key_new_certificate"'
    there, who = told(pinned, thief).scene(), browser()
    with Ground(there.host) as ground:
        assert meet(ground, there.placed(there.meetings[1]), who)().outcome is Outcome.INTERCEPTED
    assert set(who.known.memory.noted) == {there.host}
    hostile = ("", 'day = 1\nmove = "other_trusted_ca"\npins = ["leaf", "made-up"]', "day = 2")
    assert heard(*hostile) == [Outcome.SERVED, Outcome.INTERCEPTED, Outcome.OUTAGE]


def test_an_announced_key_is_followed_by_who_listens() -> None:
    """The move to the backup key serves the rule that was told of it, and no rule where it was not."""
    for said, followed in (("announces = true", Outcome.SERVED), ("", Outcome.OUTAGE)):
        mine = told(said, f"day = 1\n{said}", 'day = 30\nmove = "backup_key"').scene()
        assert [live(client(one), mine)[-1].outcome for one in ("successor", "strict")] == [
            followed,
            Outcome.OUTAGE,
        ]


def test_a_subdomain_is_another_host_of_the_same_service() -> None:
    """It has its own key, and a header with includeSubDomains covers it."""
    met = told("", 'subdomain = "mail"', 'day = 1\npins = ["leaf", "made-up"]\ninclude_subdomains = true').scene()
    assert [one.host for one in met.meetings] == ["", "mail.bank.example", ""]
    assert heard('pins = ["leaf", "made-up"]\ninclude_subdomains = true', 'subdomain = "mail"')[1] is Outcome.OUTAGE
    assert heard('pins = ["leaf", "made-up"]', 'subdomain = "mail"')[1] is Outcome.SERVED


# ---- on the command line --------------------------------------------------------------------------

MINE = """
version = 1
title = "A new key behind a made-up backup"
days = 100

[[meeting]]
pins = ["leaf", "made-up"]
max_age_days = 20

[[meeting]]
day = 5
move = "new_key"

[[visitor]]
name = "daily"
"""


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


@pytest.mark.sampled(0)
def test_matrix_trial_and_hpkp_take_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--with FILE.toml` registers it under the file's name; with visitors it is a dated scene as well."""
    file = tmp_path / "my_scene.toml"
    file.write_text(MINE, "utf-8")
    given = ("--with", str(file), "matrix", "--scenes", "my_scene", "--clients", "leaf-pinned", "unpinned", "--json")
    assert [one["outcome"] for one in json.loads(printed(capsys, *given))["trials"]] == ["outage", "served"]
    assert "A new key behind a made-up backup" in printed(capsys, "trial", "leaf-pinned", "my_scene")
    (stay,) = json.loads(printed(capsys, "hpkp", "my_scene", "--json"))["stays"]
    assert (stay["visitor"], stay["first_day_locked_out"]) == ("daily", 5)
    assert main(["--with", str(file), "list"]) == 2  # a second time
    assert "my_scene" in capsys.readouterr().err


def test_a_certificate_that_nobody_renews_locks_out_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Days without a handshake included: one on every day says the same."""
    file = tmp_path / "forgotten.toml"
    file.write_text('title = "nothing"\ndays = 95\n[[meeting]]\n[[meeting]]\nday = 1\n[[visitor]]\nname = "daily"\n')
    printed(capsys, "--with", str(file), "list")
    there = scene("forgotten")
    with Ground(there.host) as ground:
        few = follow(ground, there, Visitor("daily", 0, 1))
        every = follow(ground, there, Visitor("daily", 0, 1), every_day=True)
    assert few.locked == every.locked == tuple(range(90, 95))
    assert there.meetings[0].credential.leaf.not_valid_after_utc < date(90)
    assert few.handshakes < 9


@pytest.mark.parametrize("move", ["other_trusted_ca", "new_ca", "ordinary_day"])
@pytest.mark.parametrize("subdomain", ["", "mail"])
def test_before_the_first_meeting_there_is_the_service_as_it_was(tmp_path: Path, move: str, subdomain: str) -> None:
    """Where a host's first meeting comes later, who goes earlier is served, and who goes then meets the move."""
    ordinary = "[[meeting]]\n" * bool(subdomain)
    late = f'[[meeting]]\nday = 5\nmove = "{move}"\nsubdomain = "{subdomain}"\n[[meeting]]\nday = 7\n'
    (tmp_path / "late.toml").write_text(f'title = "t"\ndays = 9\n{ordinary}{late}[[visitor]]\nname = "daily"\n')
    add(tmp_path / "late.toml")
    stay = visitors.play([scene("late")])[0]
    there, gone = ("xx", "xx" if subdomain else "..") if move == "other_trusted_ca" else ("..", "..")
    assert stay.strip == "....." + there + gone
    before, then = (scene("late").meeting(scene("late").host, day) for day in (4, 5))
    assert (before.line, before.time) == (Line.GENUINE, date(4))
    assert (then.line is Line.ATTACKER) is (move == "other_trusted_ca")


# ---- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'move = "new_key"',
            'move = "new_kee"',
            "line 12, key move: 'new_kee' is not known here; did you mean new_key",
        ),
        ('move = "new_key"', 'move = "first_contact"', "line 12, key move: first_contact is a calendar of its own"),
        ('move = "new_key"', "mve = 1", "line 12, key mve: this key means nothing here; did you mean move"),
        ("day = 5", "day = -5", "line 11, key day: -5 was found; give a whole number from 0"),
        ("max_age_days = 20", "day = 7", "line 11, key day: 5 was found; give the days in order, none before 7"),
        ('"made-up"', '"made"', "line 7, key pins: .* is not known here; did you mean made-up"),
        ('pins = ["leaf", "made-up"]', 'subdomain = "a.b"', "line 7, key subdomain: 'a.b' was found"),
        ("version = 1", "version = 2", "line 2, key version: 2 was found"),
        ('title = "A new key behind a made-up backup"', "", "key title: the file has no such key"),
        ("days = 100", 'twin = "nobody"', "line 4, key twin: 'nobody' is not known here"),
        ("[[visitor]]", "[[meeting]]\nabout = true\n[[meeting]]\nabout = true\n[[visitor]]", "about one meeting"),
        (
            "[[visitor]]",
            "[[meeting]]\n" * 4 + "[[visitor]]",
            "line 6, key meeting: 6 of them were found; give two to five",
        ),
        ('[[visitor]]\nname = "daily"', "[[visitor]]\nevery = 0", "key name|key every"),
        ("[[visitor]]", "[[visitors]]", "line 14, key visitors: this key means nothing here; did you mean visitor"),
        ("[[visitor]]", "[visitor.more]", "line 14, key visitor: .* was found; give a list of tables"),
        ("days = 100", "days.most = 100", "line 4, key days: {'most': 100} was found"),
        ("days = 100", "dayz.most = 100", "line 4, key dayz: this key means nothing here; did you mean days"),
        ("[[visitor]]", "[a.b]", "line 14, key a: this key means nothing here"),
        ('"daily"', '"daily"\nfirst = 100', "line 16, key first: 100 was found; give a day before the scene is over"),
        ('"daily"', '"daily"\n[[visitor]]\nname = "daily"', "line 17, key name: there is already a visitor 'daily'"),
        ('"daily"', '"comes every single day"', "line 15, key name: .* at most 17 letters"),
        ('"daily"', '"dai\\nly"', "line 15, key name: .* on one line"),
        ('"daily"', '"\\u001b[31mdaily"', r"line 15, key name: '.x1b' was found, which a terminal may take for"),
        ("days = 100", 'story = "a\\u202eb"', r"line 4, key story: '.u202e' was found"),
        ('move = "new_key"', 'title = "\\u009b2J"', r"line 12, key title: '.x9b' was found"),
        ("A new key behind", "A new key behind " * 8, "line 3, key title: .* at most 120 letters"),
        ('move = "new_key"', f'subdomain = "{"a" * 41}"', "line 12, key subdomain: .* at most 40 letters a to z"),
        ("day = 5", "day = 36500", "line 11, key day: 36500 was found; give a whole number from 0 to 7300"),
        ("days = 100", "days = 36500", "line 4, key days: 36500 was found; give a whole number from 1 to 7300"),
        ("days = 100", f"lifetime_days = {10**30}", "line 4, key lifetime_days: 10* was found; give a whole number"),
        (
            "days = 100",
            f"lifetime_days = {'9' * 5000}",
            "line 4, key lifetime_days: this is no TOML .Exceeds the limit",
        ),
        (
            'move = "new_key"',
            'move = "zzz"',
            "line 12, key move: 'zzz' is not known here; use one of ordinary_day, same",
        ),
        (
            'move = "new_key"',
            'move = "forgot_to_renew"',
            "line 12, key move: forgot_to_renew is a slip, which ordinary",
        ),
        ("days = 100", "days = " + "[" * 4000 + "]" * 4000, "line 4, key days: this is no TOML .lists or tables stand"),
        ("days = 100", "days" + ".a" * 2000 + " = 1", "line 4, key days: tables or lists stand too deeply"),
    ],
)
@pytest.mark.sampled(3)
def test_a_faulty_file_gets_one_sentence_with_line_and_key(old: str, new: str, said: str) -> None:
    """And the file as it stands is read."""
    assert read(MINE, "mine.toml").title
    assert old in MINE
    with pytest.raises(ValueError, match=f"^mine.toml.*({said})") as refused:
        read(MINE.replace(old, new), "mine.toml")
    assert "\n" not in str(refused.value)


def test_a_timeline_and_a_scene_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each says how the other is run; a file that is not there, or has no name for a scene, says so."""
    (tmp_path / "mine.toml").write_text(MINE, "utf-8")
    with pytest.raises(ValueError, match=r"line 6, key meeting: this is a scene and no timeline; run it with: "):
        load(tmp_path / "mine.toml")
    with pytest.raises(ValueError, match="is a timeline and no scene; run it with: python -m lab timeline"):
        read('title = "t"\nstart = 2026-01-01\n[[client]]\nname = "c"\n', "line.toml")
    (tmp_path / "a b.toml").write_text(MINE, "utf-8")
    for name, said in (("a b.toml", "a scene has its file's name"), ("nowhere.toml", "cannot read")):
        assert main(["--with", str(tmp_path / name), "list"]) == 2
        assert said in capsys.readouterr().err


def test_the_next_step_that_is_printed_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path is printed as it was given, folder, blanks and all; the lab's own scenes have their names."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my scenes").mkdir()
    (tmp_path / "my scenes" / "mine.toml").write_text(MINE, "utf-8")
    (tmp_path / "my scenes" / "line.toml").write_text((LAB / "ready" / "pins-that-expire.toml").read_text("utf-8"))

    def advice(*arguments: str) -> list[str]:
        assert main(arguments) == 2
        return shlex.split(capsys.readouterr().err.rpartition(" -m lab ")[2])

    of_scene = advice("timeline", "my scenes/mine.toml")
    assert of_scene == ["--with", "my scenes/mine.toml", "matrix", "--scenes", "mine"]
    assert "A new key behind" in printed(capsys, *of_scene, "--clients", "unpinned")
    of_timeline = advice("--with", "my scenes/line.toml", "list")
    assert of_timeline == ["timeline", "my scenes/line.toml"]
    assert "outage-days" in printed(capsys, *of_timeline)
    own = str(LAB / "hpkp" / "no_pins.toml")
    assert advice("timeline", own) == ["hpkp", "no_pins"]
    assert main(["--with", own, "list"]) == 2
    assert " -m lab hpkp no_pins`, or rename the file" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["all", "attacks", "rotations", "slips"])
def test_a_scene_is_not_named_like_a_group(name: str, tmp_path: Path) -> None:
    """Else `--scenes all` would be a scene, or the scene could not be asked for."""
    (tmp_path / f"{name}.toml").write_text(MINE, "utf-8")
    with pytest.raises(ValueError, match=f"'{name}' is the name of a group of scenes"):
        add(tmp_path / f"{name}.toml")
    assert name not in CASES


def test_a_file_is_read_by_its_mark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """UTF-8 and UTF-16 with a byte order mark, in a file of whatever case; UTF-16 without one gets a sentence."""
    for number, encoding in enumerate(("utf-8-sig", "utf-16", "utf-8")):
        (tmp_path / f"S{number}.TOML").write_text(MINE, encoding)
        assert "A new key" in printed(capsys, "--with", str(tmp_path / f"S{number}.TOML"), "list")
    for name, octets, said in (
        ("wide.toml", MINE.encode("utf-16-le"), "cannot read .*wide.toml: it is no text; save it as UTF-8"),
        (
            "latin.toml",
            MINE.replace("new", "n\u00e9w").encode("latin-1"),
            "latin.toml: it is no text; save it as UTF-8",
        ),
        ("empty.toml", b"", "empty.toml is empty"),
        ("large.toml", b"#" * (1 << 21), "large.toml has more than 1 MiB"),
    ):
        (tmp_path / name).write_bytes(octets)
        with pytest.raises(ValueError, match=said):
            add(tmp_path / name)


def test_an_ordinary_day_is_called_one() -> None:
    """A meeting without a title says no change where there is none, also in the first place."""
    titles = [one.title for one in told("", 'move = "new_key"', "").scene().meetings]
    assert titles == [
        "the genuine server, on an ordinary day",
        "the genuine server, after the change",
        "the genuine server, on an ordinary day",
    ]
