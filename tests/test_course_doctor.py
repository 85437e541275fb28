"""The set-up's check: what it says of a machine that is fine, and of each thing that may be wrong with one."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import shutil
import socket
import subprocess
import sys
from collections import namedtuple
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lab.course import doctor
from lab.course.doctor import ROOT, Examined, examine
from lab.verbs import main


def found(subject: str, root: Path = ROOT) -> Examined:
    """What is said of one thing."""
    return next(one for one in examine(root) if one.subject == subject)


def test_a_machine_that_runs_the_tests_can_run_the_lab(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, each thing with what was wanted; the JSON says the same."""
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert "✓ loopback    a handshake, served; wanted: a listener on 127.0.0.1" in text
    assert text.endswith("The lab can run here.\n")
    assert main(["doctor", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["format"], record["fine"]) == (1, True)
    assert [one["subject"] for one in record["examined"] if f" {one['subject']}" not in text] == []
    assert all(one["seen"] and one["wanted"] for one in record["examined"])


@pytest.fixture
def locks(tmp_path: Path) -> Path:
    """A project whose core's lock can be written anew."""
    (tmp_path / "requirements").mkdir()
    return tmp_path / "requirements"


@pytest.mark.parametrize(
    ("lock", "seen", "do"),
    [
        ("trustme=={trustme}", "1 of 1", ""),
        ("TrustMe=={trustme} \\\n    --hash=sha256:00\ntrustme==0.1 ; python_full_version < '3'", "1 of 1", ""),
        ("never-heard-of==1 ; sys_platform == 'win32'", "0 of 0", ""),
        ("trustme==0.1", "trustme is {trustme}, not 0.1", "remove .venv, then `make demo`"),
        ("never-heard-of==1", "missing: never-heard-of", "`make demo` installs what is missing"),
    ],
)
def test_packages_are_held_against_the_locks(locks: Path, lock: str, seen: str, do: str) -> None:
    """Another version and a missing package are wrong; a line for another platform or Python is neither."""
    have = {"trustme": importlib.metadata.version("trustme")}
    (locks / "core.txt").write_text(lock.format(**have).replace("TrustMe", "trustme"))
    core = found("core.txt", locks.parent)
    assert seen.format(**have) in core.seen
    assert (core.do, core.wrong) == (do, bool(do))
    assert found("lint.txt", locks.parent).state == "note"  # no such lock there


def test_a_loopback_that_is_forbidden_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody may listen, the sentence says what to allow, and the exit code is 1."""

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "create_server", forbidden)
    monkeypatch.setattr(socket.socket, "bind", forbidden)
    loopback = found("loopback")
    assert loopback.wrong
    assert "Permission denied" in loopback.seen
    assert "firewall" in loopback.do
    assert main(["doctor", "--json"]) == 1


def test_a_full_disk_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both for the project and for temporary files."""
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(50_000_000))
    assert (found("disk").wrong, found("temporary").wrong) == (True, True)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(5_000_000_000))
    assert (found("disk").wrong, found("temporary").wrong) == (False, False)


@pytest.mark.parametrize(("year", "wrong"), [(1970, True), (2026, False), (2060, True)])
def test_a_clock_that_cannot_be_right_is_wrong(tmp_path: Path, year: int, wrong: bool) -> None:
    """Before the lab was written, and after dates of certificates change their form."""
    assert doctor._clock(tmp_path, datetime(year, 12, 1, tzinfo=UTC)).wrong is wrong


def test_a_clock_before_the_files_is_wrong(tmp_path: Path) -> None:
    """A clock that was set back since the files were written is told by them."""
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "one.py").touch()
    today = datetime.now(UTC)
    assert not doctor._clock(tmp_path, today).wrong
    assert doctor._clock(tmp_path, datetime(2026, 11, 2, tzinfo=UTC)).wrong is (
        today.date() > datetime(2026, 11, 3).date()
    )


def test_a_proxy_is_named_by_kind_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """For localhost too it is worth a word, and its address, which may have a password, is in none."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert found("proxies").state == "fine"
    monkeypatch.setenv("https_proxy", "http://me:secret@proxy.example:3128")
    proxies = found("proxies")
    assert (proxies.state, "for https, for localhost too" in proxies.seen, "secret" in str(proxies)) == (
        "note",
        True,
        False,
    )
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    assert found("proxies").state == "fine"


@pytest.mark.parametrize(("folder", "state"), [("site-packages", "wrong"), ("elsewhere", "note")])
def test_another_project_called_lab_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, state: str
) -> None:
    """Installed it is wrong, since it takes the lab's place; elsewhere in the path it is worth a word."""
    (tmp_path / folder / "lab").mkdir(parents=True)
    (tmp_path / folder / "lab" / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path / folder), *sys.path])
    other = found("other lab")
    assert (other.state, str(tmp_path / folder) in other.seen) == (state, True)
    monkeypatch.setattr(sys, "path", [str(ROOT)])
    assert found("other lab").state == "fine"


def test_it_runs_where_nothing_is_installed() -> None:
    """A Python without a single package gets the whole list, what to install, and exit code 1."""
    ask = [sys.executable, "-S", "-m", "lab", "doctor"]
    done = subprocess.run(ask, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert "missing: attrs" in done.stdout
    assert "not tried: there is no " in done.stdout
    assert done.stdout.endswith("2 to repair before the lab runs\n")


@pytest.mark.parametrize("name", ["lab/__init__.py", "lab/__main__.py", "notebooks/lab.py"])
def test_an_older_python_can_read_what_sends_it_away(name: str) -> None:
    """What Python 3.8 has to read parses there; what stands above the sentence imports nothing of the lab."""
    ast.parse((ROOT / name).read_text("utf-8"), feature_version=(3, 8))
    with pytest.raises(SyntaxError):
        ast.parse("match 1:\n    case 1: pass", feature_version=(3, 8))
