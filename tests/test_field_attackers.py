"""mitmproxy and sslsplit achieve what the lab says of an attacker: no more, and no less."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from programs import alive

import lab.scenes
from lab.built.field import proxies
from lab.built.field.attackers import attackers
from lab.built.field.proxies import MITMPROXY, PROXIES, SSLSPLIT, Post, Proxy, Running, find_mitmdump
from lab.built.field.results import Absent, Interception
from lab.built.field.standing import FOOTHOLDS, OWN
from lab.built.programs.every import PROGRAMS
from lab.built.programs.program import Program, ProgramCall, Said, one_by_one, started
from lab.observation import Outcome
from lab.pki.export import export, pem
from lab.pki.world import World
from lab.wire.listener import running

ROGUE, INSTALLED = (one.scene for one in FOOTHOLDS)
NAMES = (OWN, *(one.name for one in PROXIES))

needs_sslsplit = pytest.mark.skipif(not shutil.which("sslsplit"), reason=f"install it with: {SSLSPLIT.install}")
needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="install it with: apt-get install curl")


def children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


def left(before: Set[psutil.Process] = frozenset()) -> list[str]:
    """What a run has left behind: programs that were not there before, listeners, folders."""
    programs = [str(one) for one in children() - before if alive(one)]
    folders = [one.name for one in Path(tempfile.gettempdir()).glob("lab-*")]
    return [*programs, *map(str, running()), *folders]


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever happens, no program runs on, no port is open, no file with a key stays."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = children()
    yield
    assert left(before) == []


def trusting(call: ProgramCall) -> Said:
    """curl that checks nothing at all."""
    command = ["curl", "--disable", "--silent", "--insecure", "--noproxy", "*", "--output", "answer"]
    return started([*command, "--header", f"Authorization: Bearer {call.secret}", call.url], home=call.home)


def program(way: object, profile: str = "unpinned") -> Program:
    return Program("a program", "", lambda: "1", {profile: way})  # type: ignore[dict-item]


# ---- what they achieve ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def met() -> list[Interception | Absent]:
    """curl against everybody who is here: unpinned, pinned, pinned and insecure, and trusting everything."""
    if not shutil.which("curl"):
        pytest.skip("install it with: apt-get install curl")
    every = Program("curl that trusts", "", lambda: "1", {"trust-everything": one_by_one(trusting)})
    return attackers([PROGRAMS["curl"], every], profiles=("unpinned", "curl", "curl-insecure", "trust-everything"))


def outcome(met: list[Interception | Absent], attacker: str, profile: str, scene: str) -> Interception:
    for one in met:
        if one.attacker == attacker and isinstance(one, Absent):
            pytest.skip(one.skipped)
    (found,) = [
        one
        for one in met
        if isinstance(one, Interception) and (one.attacker, one.profile, one.scene) == (attacker, profile, scene)
    ]
    return found


@pytest.mark.field
@pytest.mark.parametrize("attacker", NAMES)
def test_an_installed_ca_robs_who_does_not_pin(met: list[Interception | Absent], attacker: str) -> None:
    """The secret stands in the attacker's log and at the genuine service: the victim noticed nothing."""
    found = outcome(met, attacker, "unpinned", INSTALLED)
    assert (found.shown.did, found.passed_on, found.shown.said.code) == (Outcome.INTERCEPTED, True, 0)


@pytest.mark.field
@pytest.mark.parametrize("attacker", NAMES)
@pytest.mark.parametrize("profile", ["curl", "curl-insecure"])
def test_a_pin_stops_what_an_installed_ca_can_do(met: list[Interception | Absent], attacker: str, profile: str) -> None:
    """curl reaches the attacker, refuses the key (error 90), and sends nothing; --insecure changes nothing."""
    found = outcome(met, attacker, profile, INSTALLED)
    assert (found.shown.did, found.passed_on, found.shown.said.code) == (Outcome.STOPPED, False, 90)
    assert found.connected


@pytest.mark.field
@pytest.mark.parametrize("attacker", NAMES)
@pytest.mark.parametrize("profile", ["unpinned", "curl", "curl-insecure"])
def test_a_ca_in_no_store_robs_nobody(met: list[Interception | Absent], attacker: str, profile: str) -> None:
    """Ordinary validation suffices against it, and so does a pin."""
    found = outcome(met, attacker, profile, ROGUE)
    assert (found.shown.did, found.passed_on) == (Outcome.STOPPED, False)
    assert found.connected


@pytest.mark.field
@pytest.mark.parametrize("attacker", NAMES)
@pytest.mark.parametrize("scene", [ROGUE, INSTALLED])
def test_who_checks_nothing_is_robbed_by_anybody(met: list[Interception | Absent], attacker: str, scene: str) -> None:
    """The control: in each situation each attacker does intercept, where nobody looks."""
    assert outcome(met, attacker, "trust-everything", scene).shown.did is Outcome.INTERCEPTED


@pytest.mark.field
def test_the_labs_own_attacker_achieves_the_same(met: list[Interception | Absent]) -> None:
    """Every cell agrees with the lab's trial, so the three attackers agree with each other."""
    cells = [one for one in met if isinstance(one, Interception)]
    assert [one for one in cells if not one.fine or not one.agree] == []
    assert {one.attacker for one in cells} >= {OWN}
    assert len(cells) == 4 * len(FOOTHOLDS) * len({one.attacker for one in cells})
    records = json.loads(json.dumps([one.record() for one in met]))
    assert [one["attacker"] for one in records] == sorted((one["attacker"] for one in records), key=NAMES.index)


@pytest.mark.field
@pytest.mark.skipif(not shutil.which("gnutls-cli"), reason="install it with: apt-get install gnutls-bin")
def test_a_remembered_key_stops_them_on_the_same_port() -> None:
    """gnutls-cli met the genuine service on the very port where the attacker stands later, and is not robbed."""
    found = attackers([PROGRAMS["gnutls-cli"]], profiles=("gnutls-tofu",))
    cells = [one for one in found if isinstance(one, Interception)]
    assert {(one.shown.did, one.connected, one.agree) for one in cells} == {(Outcome.STOPPED, True, True)}


# ---- what would go unnoticed, did nobody look ----------------------------------------------------


@pytest.mark.field
@needs_curl
def test_a_disagreement_is_seen() -> None:
    """A program that claims to validate and does not is found out by the CA that nobody trusts."""
    found = attackers([program(one_by_one(trusting))], proxies=())
    assert {one.scene: one.fine for one in found if isinstance(one, Interception)} == {ROGUE: False, INSTALLED: True}


def test_a_program_that_never_called_was_not_stopped() -> None:
    """Its silence is no refusal: the result is not fine, though nothing was stolen as predicted."""
    (first, _) = attackers([program(lambda calls: [Said(0)] * len(calls))], proxies=())
    assert isinstance(first, Interception)
    assert (first.shown.did, first.agree, first.connected, first.fine) == (Outcome.STOPPED, True, False, False)


@pytest.mark.field
@needs_curl
def test_one_that_remembers_must_have_been_served_before() -> None:
    """A program that skips its enrolment has nothing to hold an attacker against: its refusal means nothing."""

    def way(calls: Sequence[ProgramCall]) -> Sequence[Said]:
        return [Said(0) if one.first else trusting(one) for one in calls]

    found = attackers([program(way, "gnutls-tofu")], proxies=())
    assert {one.connected for one in found if isinstance(one, Interception)} == {False}


# ---- attackers that are not here, or fail --------------------------------------------------------


def stand_in(code: str, **differs: object) -> Proxy:
    """A proxy that is a few lines of Python."""
    own = replace(SSLSPLIT, find=lambda: sys.executable, command=lambda python, post: [python, "-c", code])
    return replace(own, **differs)  # type: ignore[arg-type]


def test_what_is_not_installed_is_skipped_with_the_command() -> None:
    """Nothing fails where an attacker is missing; its record says how to install it."""
    found = attackers([], proxies=[replace(one, find=lambda: None) for one in PROXIES])
    assert [one.record()["skipped"] for one in found] == [
        "not here; install it with: make field",
        "not here; install it with: apt-get install sslsplit",
    ]
    assert all(one.fine for one in found)


def test_a_proxy_that_does_not_start_is_named_with_its_last_words() -> None:
    """One sentence, and the run goes on without it; but such a run is not fine."""
    (found,) = attackers([], proxies=[stand_in("print('starting'); print('no such option: -x'); raise SystemExit(2)")])
    assert isinstance(found, Absent)
    assert found.skipped.startswith("sslsplit did not begin to intercept; its last words were: no such option: -x; run")
    assert not found.fine


@pytest.mark.skipif(os.name == "nt", reason="Windows asks the name of a file, and not its mode")
def test_a_proxy_that_is_no_program_is_named(tmp_path: Path) -> None:
    """A file that the system cannot run ends in one sentence too."""
    broken = tmp_path / "mitmdump"
    broken.write_bytes(b"\x00 no program")
    broken.chmod(0o755)
    (found,) = attackers([], proxies=[replace(MITMPROXY, find=lambda: str(broken))])
    assert isinstance(found, Absent)
    assert found.skipped == f"cannot start {broken}: Exec format error; install mitmproxy again"
    assert not found.fine


def test_a_proxy_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that never listens is given up in time."""
    monkeypatch.setattr(proxies, "START", 0.3)
    (found,) = attackers([], proxies=[stand_in("import time; time.sleep(60)")])
    assert "did not begin to intercept; its last words were: none" in str(found.record()["skipped"])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that can be ignored")
def test_what_a_proxy_started_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that will not end, with a child that will not either."""
    monkeypatch.setattr(proxies, "START", 0.5)
    monkeypatch.setattr(proxies, "LAST", 0.2)
    deaf = "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    child = f"subprocess.Popen([sys.executable, '-c', {(deaf + 'time.sleep(60)')!r}]); time.sleep(60)"
    (found,) = attackers([], proxies=[stand_in(deaf + child)])
    assert not found.fine


KILLED = """
import sys, time
from pathlib import Path
from dataclasses import replace
from lab.built.field.proxies import SSLSPLIT, Post, Running
command = [sys.executable, "-c", "import time; time.sleep(60)"]
ca = Path(sys.argv[1]) / "ca.pem"
with Running(replace(SSLSPLIT, command=lambda *_: command), command[0], Post(ca.parent, ca, ca, ca, ("127.0.0.1", 1))):
    print("up", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no groups of processes")
def test_a_proxy_dies_with_the_lab(tmp_path: Path) -> None:
    """Where the lab is killed outright, its proxy is alive, and then not."""
    (tmp_path / "ca.pem").write_bytes(pem([World().rogue_root.certificate]))
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE) as lab:
        assert lab.stdout
        lab.stdout.readline()
        begun = psutil.Process(lab.pid).children(recursive=True)
        assert sum("time.sleep(60)" in " ".join(one.cmdline()) for one in begun) == 1
        assert all(map(alive, begun))
        lab.kill()
    ends = time.monotonic() + 5
    while any(map(alive, begun)) and time.monotonic() < ends:
        time.sleep(0.01)
    assert not any(map(alive, begun))


@pytest.mark.field
@needs_sslsplit
def test_a_port_that_was_taken_is_no_failure() -> None:
    """Another program may be quicker; then another port is tried."""
    begun: list[Post] = []

    def command(path: str, post: Post) -> Sequence[str | Path]:
        begun.append(post)
        first = len(begun) <= len(FOOTHOLDS)
        return [sys.executable, "-c", "raise SystemExit('bind')"] if first else SSLSPLIT.command(path, post)

    assert attackers([], proxies=[replace(SSLSPLIT, command=command)]) == []
    assert len(begun) == 2 * len(FOOTHOLDS)


@pytest.mark.field
@needs_sslsplit
@needs_curl
def test_a_proxy_that_ends_in_the_middle_is_named() -> None:
    """What the others achieved stays; the one that ended is not fine, and its silence is no refusal."""

    def way(calls: Sequence[ProgramCall]) -> Sequence[Said]:
        said = [trusting(one) for one in calls]
        for child in psutil.Process().children(recursive=True):
            child.kill()
        return said

    found = attackers([program(way, "trust-everything")], proxies=[SSLSPLIT])
    assert [one.attacker for one in found] == [OWN, OWN, "sslsplit"]
    assert str(found[-1].record()["skipped"]).startswith("sslsplit no longer intercepts")
    assert [one.fine for one in found] == [True, True, False]


@pytest.mark.field
@needs_sslsplit
def test_an_interrupt_leaves_nothing_behind() -> None:
    """Ctrl-C while a program runs goes through, and every attacker is ended first."""
    seen: list[str] = []

    def way(calls: Sequence[ProgramCall]) -> Sequence[Said]:
        seen.extend(left())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attackers([program(way)], proxies=[SSLSPLIT])
    assert any("sslsplit" in one for one in seen)


# ---- how they are found and put ------------------------------------------------------------------


def test_mitmdump_is_what_the_environment_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """MITMDUMP goes before all others; where it names nothing, one sentence says so, and nobody runs another."""
    there = tmp_path / "bin" / "mitmdump.exe"
    there.parent.mkdir()
    there.write_bytes(b"")
    there.chmod(0o755)
    monkeypatch.setenv("MITMDUMP", str(there))
    assert find_mitmdump() == str(there)
    monkeypatch.setenv("MITMDUMP", str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match=r"MITMDUMP names .*nowhere, which is no program; let it name mitmdump"):
        find_mitmdump()
    (found,) = attackers([], proxies=[MITMPROXY])
    assert not found.fine


def test_mitmdump_is_looked_for_beside_the_lab_and_then_on_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without MITMDUMP, its own environment in the repository; else whatever the PATH has."""
    monkeypatch.delenv("MITMDUMP", raising=False)
    monkeypatch.setattr(lab, "__file__", str(tmp_path / "lab" / "__init__.py"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_mitmdump() is None
    own = tmp_path / ".venv-mitmproxy" / "bin" / "mitmdump"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"")
    assert find_mitmdump() == str(own)


def test_a_proxy_is_put_in_front_of_loopback_only(tmp_path: Path) -> None:
    """Another address is refused before any program is started."""
    export(tmp_path / "certs", with_attackers_ca=True)
    authority = tmp_path / "certs" / "authorities" / "rogue-issuing-ca.pem"
    post = Post(tmp_path, authority, authority, authority, ("192.0.2.1", 443))
    with pytest.raises(ValueError, match="not a loopback address"):
        Running(SSLSPLIT, "sslsplit", post)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file modes")
def test_mitmproxys_copy_of_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    """mitmproxy wants key and certificate in one file; that file is as closed as the key was."""
    export(tmp_path / "certs", with_attackers_ca=True)
    names = ("authorities/rogue-issuing-ca.pem", "keys/rogue-issuing-ca.key", "stores/public.pem")
    authority, key, store = (tmp_path / "certs" / name for name in names)
    MITMPROXY.command("mitmdump", Post(tmp_path, authority, key, store, ("127.0.0.1", 1), 2))
    assert stat.S_IMODE((tmp_path / "mitmproxy-ca.pem").stat().st_mode) == 0o600
