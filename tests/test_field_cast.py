"""
The play of jabber.ru with real programs: Pebble, Sunlight, certbot and clients, as far as they are here.

A log comes with `make sid`, a CA with `apt-get install pebble`; what needs them is skipped otherwise.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from programs import alive
from test_cast import ROWS, SPLIT, letters

from lab.built.acme import pebble
from lab.built.acme.habits import CERTBOT
from lab.built.cast import play, sunlight
from lab.built.cast.company import WAYS
from lab.built.cast.sunlight import Sunlight
from lab.pki.authority import Authority
from lab.pki.head import Witness, check_cosigned, split_view
from lab.pki.inclusion import proof
from lab.pki.monitor import Monitor, unordered
from lab.pki.sct import check_sct, scts_in
from lab.pki.world import HOST, World
from lab.wire.listener import HOME

needs_log = pytest.mark.skipif(sunlight.find() is None, reason=f"no log; fetch one with: {sunlight.INSTALL}")
needs_ca = pytest.mark.skipif(bool(pebble.missing()), reason=f"no ACME server; install it with: {pebble.missing()}")

# As in test_cast.ROWS; Pebble's intermediate may sign no lists, so who wants one has an outage on an honest day.
PROGRAMS = {
    "curl":                 "SXXX",
    "curl --cert-status":   "SXoX",
    "curl --pinnedpubkey":  "Sooo",
    "gnutls-cli":           "SXoX",
    "openssl s_client":     "SXXX",
    "s_client -status":     "SXXX",
    "s_client -crl_check":  "Booo",
    "s_client -ct":         "SXXX",
    "chromium":             "SXoX",
}  # fmt: skip


# ---- the log ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world() -> World:
    return World(logs=())


@pytest.fixture
def log(world: World) -> Iterator[Sunlight]:
    with Sunlight([world.root.certificate], Witness(), "log.example/one", "First Operator") as real:
        yield real


def handing_in(world: World, log: Sunlight) -> Authority:
    return replace(world.issuing, logs=(log,))


@needs_log
def test_what_a_real_log_says_holds_for_the_lab(log: Sunlight, world: World) -> None:
    """Its SCTs verify, over the right issuer only; the monitor reads its tree; its proofs have a witness's line."""
    issuing = handing_in(world, log)
    monitor = Monitor(log.listed)
    for number in range(3):
        made = issuing.issue(HOST)
        der, above, root = (one.public_bytes(Encoding.DER) for one in made.path)
        (sct,) = scts_in(der)
        check_sct(sct, der, above, log.listed, datetime.now(UTC))
        with pytest.raises(ValueError, match="not by the log's key"):
            check_sct(sct, der, root, log.listed, datetime.now(UTC))
        assert int.from_bytes(sct.extensions[-5:], "big") == number
        entries = monitor.read(lambda path: log.file(path, datetime.now(UTC)))
        (told,) = unordered(entries, number, (HOST,), ())
        assert (told.index, told.certificate.hosts) == (number, (HOST,))
        assert entries == (log.entries[number],)
        shown = proof(made, datetime.now(UTC))
        assert shown
        assert f"\nindex {number}\n".encode() in shown
        assert check_cosigned(shown[shown.index(b"log.example") :], log.witness.listed) <= datetime.now(UTC)


@needs_log
def test_it_takes_what_its_roots_vouch_for(log: Sunlight, world: World) -> None:
    """A chain of another CA it refuses, in its own words."""
    with pytest.raises(ValueError, match=r"^Sunlight did not take it: .*(unknown authority|root)"):
        world.other_issuing.issue(HOST, logs=[log])
    assert log.size(datetime.now(UTC)) == 0
    with pytest.raises(ValueError, match="has nothing at 'tile/data/000'"):
        log.file("tile/data/000", datetime.now(UTC))


@needs_log
def test_two_processes_with_one_secret_are_a_split_view(log: Sunlight, world: World) -> None:
    """One key, one name, two trees of one size; a witness signs the first that he sees."""
    first = handing_in(world, log).issue(HOST)
    other = log.forked()
    hidden = handing_in(world, other).issue(HOST)
    handing_in(world, log).issue("shop.example")
    now = datetime.now(UTC)
    assert other.listed.id == log.listed.id
    assert split_view(log.head(now), other.head(now), log.listed)
    assert not split_view(log.head(now), log.head(now), log.listed)
    for made, signed in ((first, True), (hidden, False)):
        assert made.issuer
        shown = proof(made, now)
        assert shown
        assert (log.witness.listed.name.encode() in shown) is signed


@needs_log
def test_the_log_listens_on_loopback_and_leaves_nothing(world: World) -> None:
    """Its port and one for its own debugging; its files are nobody else's, and can be removed by root as well."""
    me = psutil.Process()
    known = me.children(recursive=True)
    with Sunlight([world.root.certificate], Witness(), "log.example/one", "First Operator") as log:
        handing_in(world, log).issue(HOST)
        log.forked()
        begun = [one for one in me.children(recursive=True) if one not in known]
        real = [one for one in begun if one.name() == "sunlight"]
        assert len(real) == 2
        ports = [one.laddr.ip for at in real for one in at.net_connections() if one.status == psutil.CONN_LISTEN]
        assert ports == [HOME] * 4
        folder = log._folder
        assert folder.stat().st_mode & 0o077 == 0
        assert (log._files.parent / "secret").stat().st_mode & 0o077 == 0
    assert not any(map(alive, begun))
    assert not folder.exists()
    log.stop()


# ---- the play ---------------------------------------------------------------------------------------


@needs_log
@needs_ca
def test_the_play_with_everybody_who_is_here() -> None:
    """The programs do what their rows say; so do the lab's clients, but for the one that wants a list of Pebble's."""
    played = play.play()
    here = {called for one, ways in WAYS.items() if one.version() for called in ways.values()}
    assert letters(played, real=True) == {name: row for name, row in PROGRAMS.items() if name in here}
    assert letters(played, real=False) == ROWS | {"list-hard": "Booo"}
    players = {one.part: one for one in played.parts}
    assert players["the CA"].by.startswith("Pebble ")
    assert players["the log"].by.startswith("Sunlight ")
    assert players["the owner's client"].by.startswith("certbot " if CERTBOT.version() else "the package acme")
    said = [one.what for one in played.steps]
    assert "not associated with account" in said[4]
    assert said[6].endswith("the CA itself calls it revoked")
    assert played.alarm is not None
    assert played.alarm < 5


@needs_log
@needs_ca
def test_the_split_with_everybody_who_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """No program here asks a witness: all that do not know the key are had, OpenSSL's counting of SCTs included."""
    monkeypatch.setattr(play, "SILENCE", 0.5)
    played = play.play(split=True)
    assert played.alarm is None
    expected = {name: row[:2] for name, row in PROGRAMS.items()}
    assert letters(played, real=True).items() <= expected.items()
    assert letters(played, real=False) == SPLIT | {"list-hard": "Bo"}


@needs_ca
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no groups of processes")
@pytest.mark.parametrize(
    ("until", "number", "code"),
    [
        ("certonly", signal.SIGKILL, -9),
        ("config.yaml", signal.SIGKILL, -9),
        ("--pinnedpubkey", signal.SIGKILL, -9),
        ("--remote-debugging-pipe", signal.SIGKILL, -9),
        ("--remote-debugging-pipe", signal.SIGTERM, 143),
        ("certonly", signal.SIGINT, 130),
    ],
)
def test_nothing_outlives_the_lab(until: str, number: signal.Signals, code: int, tmp_path: Path) -> None:
    """Ended by a signal, killed outright included, while a command with this word runs: a moment later none does."""
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-m", "lab", "cast"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env
    ) as lab:
        begun: set[psutil.Process] = set()
        process, ends = psutil.Process(lab.pid), time.monotonic() + 60
        while lab.poll() is None and until not in "".join(map(words, begun)):
            begun |= set(process.children(recursive=True))
            assert time.monotonic() < ends
            time.sleep(0.005)
        if lab.poll() is not None:
            pytest.skip(f"{until} took no part")
        listening = [at for one in (process, *begun) for at in listens(one)]
        assert {*listening} == {HOME}
        begun |= set(process.children(recursive=True))
        lab.send_signal(number)
        assert lab.wait(30) == code
    ends = time.monotonic() + 10
    while any(map(alive, begun)) and time.monotonic() < ends:
        time.sleep(0.01)
    assert [one for one in begun if alive(one)] == []
    # Whoever is killed removes nothing; nor does a browser that is ended while it begins.
    left = [one.name for one in tmp_path.iterdir() if not one.name.startswith("org.chromium.")]
    assert number is signal.SIGKILL or left == []


def words(one: psutil.Process) -> str:
    """How it was called; empty where it has ended."""
    try:
        return " ".join(one.cmdline())
    except psutil.NoSuchProcess:
        return ""


def listens(one: psutil.Process) -> list[str]:
    """The addresses at which it listens; none where it has ended."""
    try:
        return [at.laddr.ip for at in one.net_connections() if at.status == psutil.CONN_LISTEN]
    except psutil.NoSuchProcess:
        return []
