"""
OkHttp, Node and Chromium do what their profiles say, in scenes that tell the profiles apart.

Each batch of calls is one Java machine, one Node, one browser. What is missing
on this machine is skipped, with the command that installs it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from programs import here

from lab.built.field.results import ProgramTrial
from lab.built.field.run import run_way
from lab.built.programs import chromium, okhttp
from lab.built.programs.every import PROGRAMS
from lab.built.programs.outside import Outside
from lab.built.programs.program import Program, environment
from lab.observation import Outcome
from lab.scenes.catalogue import case

pytestmark = pytest.mark.field

SCENES = (
    "ordinary_day",
    "other_trusted_ca",
    "new_key",
    "same_key",
    "chain_stuffing",
    "root_distrusted",
    "name_left_out",
    "forgot_to_renew",
)
WAYS = [
    pytest.param(name, profile, id=f"{name}-as-{profile}", marks=[pytest.mark.browser] if name == "chromium" else [])
    for name in ("okhttp", "node", "chromium")
    for profile in PROGRAMS[name].ways
]


@pytest.fixture(scope="module")
def standing() -> Iterator[list[Outside]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Outside(case(name))) for name in SCENES]


def outcomes(found: list[ProgramTrial]) -> dict[str, list[Outcome]]:
    return {one.scene: [met.did for met in one.met] for one in found}


def mistaken(name: str, way: str, profile: str, standing: list[Outside], scenes: set[str]) -> dict[str, ProgramTrial]:
    """What the field finds where a program that is run one way is predicted with another profile."""
    real = here(name)
    wrong = Program(name, real.install, real.version, {profile: real.ways[way]})
    found = run_way(wrong, profile, [one for one in standing if one.case.name in {"ordinary_day", *scenes}])
    return {one.scene: one for one in found}


def held(name: str, way: str, outside: Outside) -> bool:
    """Whether the attacker of this scene gets the secret of this program, called once."""
    meeting = outside.scene.meetings[1]
    outside.turn(meeting)
    call = outside.call(outside.folder)
    met = outside.front.met
    here(name).ways[way]([call])
    assert outside.front.met > met
    return outside.holds(meeting, call.secret)


@pytest.mark.parametrize(("name", "profile"), WAYS)
def test_a_program_does_what_its_profile_predicts(name: str, profile: str, standing: list[Outside]) -> None:
    """Each reached the server in every scene, and did what its profile does there."""
    found = run_way(here(name), profile, standing)
    assert all(one.connected for one in found)
    assert outcomes(found) == {one.scene: [met.predicted for met in one.met] for one in found}
    assert {*SCENES} == {*outcomes(found)}
    assert all(one.met for one in found)


# ---- a wrong prediction is noticed, and so is a missing program ------------------------------------


def test_okhttp_with_a_leaf_pin_is_no_client_with_a_root_pin(standing: list[Outside]) -> None:
    """Predicted with the wrong pin, it disagrees where the key is new, and only there."""
    found = mistaken("okhttp", "okhttp-leaf", "okhttp-root", standing, {"new_key"})
    assert (found["new_key"].shown.did, found["new_key"].shown.predicted) == (Outcome.OUTAGE, Outcome.SERVED)
    assert not found["new_key"].fine
    assert found["ordinary_day"].fine


def test_a_node_that_calls_the_old_check_reads_host_names(standing: list[Outside]) -> None:
    """Predicted as the forgetful one, it disagrees where the name is left out."""
    found = mistaken("node", "node", "node-forgetful", standing, {"name_left_out"})
    shown = found["name_left_out"].shown
    assert (shown.did, shown.predicted) == (Outcome.OUTAGE, Outcome.SERVED)
    assert "does not match certificate's altnames" in shown.said.words
    assert found["ordinary_day"].fine


@pytest.mark.browser
def test_chromiums_list_forgives(standing: list[Outside]) -> None:
    """Predicted as a browser without the list, it disagrees where a listed key comes with an error."""
    errors = {"root_distrusted", "name_left_out", "forgot_to_renew"}
    found = mistaken("chromium", "chromium-list", "unpinned", standing, errors)
    for scene in errors:
        assert (found[scene].shown.did, found[scene].shown.predicted) == (Outcome.SERVED, Outcome.OUTAGE)
    assert found["ordinary_day"].fine


@pytest.mark.browser
def test_chromium_names_its_error(standing: list[Outside]) -> None:
    """What it says is the browser's own word for it."""
    found = {one.scene: one.shown.said.words for one in run_way(here("chromium"), "unpinned", standing)}
    assert found["ordinary_day"] == ""
    assert found["root_distrusted"] == "net::ERR_CERT_AUTHORITY_INVALID"
    assert found["name_left_out"] == "net::ERR_CERT_COMMON_NAME_INVALID"
    assert found["forgot_to_renew"] == "net::ERR_CERT_DATE_INVALID"


def test_without_its_jars_okhttp_is_not_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The jars are looked for where LAB_JARS says, and nowhere else then."""
    monkeypatch.setenv(okhttp.JARS, str(tmp_path))
    assert PROGRAMS["okhttp"].version() is None
    (tmp_path / "okhttp-tls.jar").touch()  # a companion, without the client
    assert PROGRAMS["okhttp"].version() is None


def test_a_jar_that_is_none_has_no_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is tried all the same, and javac says what is wrong with it."""
    here("okhttp")
    (tmp_path / "okhttp.jar").touch()
    monkeypatch.setenv(okhttp.JARS, str(tmp_path))
    assert "of unknown version" in (PROGRAMS["okhttp"].version() or "")


def test_without_certutil_chromium_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser whose trust store cannot be filled takes no part."""
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "certutil" else which(name))
    assert PROGRAMS["chromium"].version() is None


# ---- nothing of this machine takes part ------------------------------------------------------------


def test_a_users_settings_reach_no_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxy, no trust store, no key log and no home; what finds the program itself stays."""
    theirs = (
        "https_proxy",
        "SSL_CERT_FILE",
        "SSLKEYLOGFILE",
        "OPENSSL_CONF",
        "WGETRC",
        "NODE_OPTIONS",
        "XDG_CONFIG_DIRS",
    )
    for name in theirs:
        monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv("HOME", "theirs")
    assert "theirs" not in environment(tmp_path).values()
    assert environment(tmp_path)["PATH"] == os.environ["PATH"]


def test_a_users_settings_do_not_reach_node(standing: list[Outside], monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that switches validation off for everybody is not handed on."""
    monkeypatch.setenv("NODE_TLS_REJECT_UNAUTHORIZED", "0")
    monkeypatch.setenv("NODE_OPTIONS", "--tls-max-v1.2")
    only = [one for one in standing if one.case.name == "root_distrusted"]
    assert outcomes(run_way(here("node"), "unpinned", only)) == {"root_distrusted": [Outcome.SERVED, Outcome.OUTAGE]}


@pytest.mark.browser
def test_the_browser_leaves_nothing_behind(tmp_path: Path) -> None:
    """Its processes, which name its home, run while it is open and not after."""
    here("chromium")
    with chromium.Chromium(tmp_path) as browser:
        browser.page()
        assert _processes(tmp_path)
    assert not _processes(tmp_path)


def _processes(home: Path) -> list[str]:
    lines = (" ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"]))
    return [line for line in lines if str(home) in line]


def test_a_browser_that_does_not_start_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A program that ends at once is an OSError that says what to do."""
    here("chromium")
    monkeypatch.setattr(chromium, "executable", lambda: shutil.which("true"))
    with pytest.raises(OSError, match="ended by itself"), chromium.Chromium(tmp_path) as browser:
        browser.page()


# ---- Node's walk is no verified path ---------------------------------------------------------------


def test_nodes_walk_believes_a_certificate_that_nobody_signed() -> None:
    """
    The pinned key is public. A certificate over it, with the right name, is enough for the walk.

    Node refuses the same attacker where it compares the leaf alone, and OkHttp refuses him too.
    """
    with Outside(case("forged_link")) as forged:
        assert held("node", "node-walk", forged)
        assert held("node", "node-walk-root", forged)
        assert not held("node", "node", forged)
        assert not held("okhttp", "okhttp-leaf", forged)
        assert not held("okhttp", "okhttp-root", forged)
    with Outside(case("chain_stuffing")) as stuffing:
        assert not held("node", "node-walk", stuffing)
