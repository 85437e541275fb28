"""
The play of jabber.ru with stand-ins alone: the lab's own CA and log. tests/test_field_cast.py has the real ones.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from expectations import LEGEND

from lab.built.acme import pebble
from lab.built.acme.habits import CERTBOT
from lab.built.cast import company, play, sunlight
from lab.built.cast.command import told
from lab.built.cast.company import CastPart, Company
from lab.built.cast.play import CLIENTS, OwnersWatch, Play, Staging
from lab.built.programs import program
from lab.built.programs.program import UNPINNED, Program, ProgramCall, Said, packaged
from lab.observation import untold
from lab.pki.monitor import Order
from lab.pki.pins import pin_of
from lab.verbs import main
from lab.wire.listener import HOME, running

# S served, B outage, o stopped, X intercepted; honest, attacked, once it is revoked, and where the way to that is cut.
ROWS = {
    "unpinned":            "SXXX",
    "root-pinned":         "SXXX",
    "intermediate-pinned": "SXXX",
    "leaf-pinned":         "Sooo",
    "dane-hard":           "Sooo",
    "requires-staple":     "SXoX",
    "answer-soft":         "SXoX",
    "answer-hard":         "SXoo",
    "list-hard":           "SXoo",
    "pushed-list":         "SXoX",
    "counts-scts":         "SXXX",
    "wants-witness":       "SXXX",
    "takes-any-head":      "SXXX",
}  # fmt: skip
# Two trees, and nobody has taken anything back: what helps is a key that is known, or a witness.
SPLIT = {name: row[:2] for name, row in ROWS.items()} | {"wants-witness": "So"}


def letters(played: Play, *, real: bool) -> dict[str, str]:
    """For each client, a letter for each meeting."""
    said = {outcome: letter for letter, outcome in LEGEND.items()}
    return {one.client: "".join(said[it] for it in one.outcomes) for one in played.fates if one.real is real}


@pytest.fixture(autouse=True)
def nobody_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where none of the programs is installed."""
    monkeypatch.setattr(pebble, "missing", lambda: pebble.INSTALL)
    monkeypatch.setattr(sunlight, "find", lambda: None)
    monkeypatch.setattr(play, "SILENCE", 0.1)
    absent = {Program(one.name, one.install, lambda: None, one.ways): ways for one, ways in company.WAYS.items()}
    monkeypatch.setattr(company, "WAYS", absent)
    monkeypatch.setattr(play, "WAYS", absent)
    monkeypatch.setattr(company, "CERTBOT", replace(CERTBOT, version=lambda: None))


def test_the_play_from_the_first_order_to_who_still_believes() -> None:
    """The attacker's certificate is signed, logged, rung for and revoked; then those who asked nobody still believe."""
    before = running()
    played = play.play()
    assert running() == before
    assert letters(played, real=False) == ROWS
    assert letters(played, real=True) == {}
    assert [one.who for one in played.steps] == [
        "the owner", "the attacker", "the logs", "the monitor", "the owner", "the CA", "responder, lists",
    ]  # fmt: skip
    assert [one.after for one in played.steps] == sorted(one.after for one in played.steps)
    said = " / ".join(one.what for one in played.steps)
    for words in (
        "the monitor is quiet",
        "the same intermediate signs",
        "2 SCTs are in the certificate",
        "rings: log.example/one has at index 1 a certificate for bank.example; nobody ordered",
        "may not, though he has proved the names",
        "the CA itself calls it revoked",
    ):
        assert words in said
    assert played.alarm is not None
    assert 0 < played.alarm < played.steps[3].after


def test_a_split_view_is_stopped_by_a_witness_alone() -> None:
    """The monitor never rings, SCTs count for nothing, a careless reader of proofs is had; and two heads are proof."""
    played = play.play(split=True)
    assert played.alarm is None
    assert letters(played, real=False) == SPLIT
    said = {one.who: one.what for one in played.steps}
    assert "is quiet" in said["the monitor"]
    assert "and not this: two trees of 2 leaves have two roots" in said["the witness"]
    assert said["whoever compares"].endswith("and they prove two trees")


def test_who_is_missing_is_named_with_what_installs_it() -> None:
    """Each part has somebody, or says who stands in for whom."""
    with Company() as there:
        parts = there.parts
    assert {one.instead_of: one.install for one in parts if one.instead_of} == {
        "Pebble": "apt-get install pebble",
        "Sunlight": "make sid",
        "certbot": "apt-get install certbot",
        **{one.name: one.install for one in company.WAYS},
    }
    assert CastPart("the CA", "the lab's own", "Pebble", "apt-get install pebble").words == (
        "the lab's own; to have Pebble: apt-get install pebble"
    )


def test_the_monitor_rings_for_what_is_in_no_order_only() -> None:
    """The same readings with the attacker's key in the book of orders are quiet; without a log, so are all."""
    with Company() as there:
        staging = Staging(there, untold)
        assert staging.orders(split=False) is not None
        known = [Order(pin_of(one.leaf), frozenset(company.HOSTS)) for one in (staging.world.genuine, staging.rogue)]
        assert OwnersWatch(there.logs, known).alarms() == []
        assert len(OwnersWatch(there.logs, known[:1]).alarms()) == 2  # each log has it
        assert len(OwnersWatch(there.logs, []).alarms()) == 4
        assert OwnersWatch([], []).rings(0) is None


def test_a_program_that_does_not_start_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one that never comes, whose silence protects nobody; one that comes and refuses has a row."""

    def broken(calls: Sequence[ProgramCall]) -> Sequence[Said]:
        raise OSError("no display")

    def stays_away(calls: Sequence[ProgramCall]) -> Sequence[Said]:
        return [Said(0, "as if nothing were") for _ in calls]

    def refuses(calls: Sequence[ProgramCall]) -> Sequence[Said]:
        for call in calls:
            with suppress(ConnectionError), socket.create_connection((HOME, call.port)) as there:
                there.sendall(b"no TLS")
                there.recv(100)
        return [Said(1, "not today") for _ in calls]

    cast = {
        Program("broken", "", lambda: "1", {UNPINNED: broken}): {UNPINNED: "broken"},
        Program("truant", "", lambda: "1", {UNPINNED: stays_away}): {UNPINNED: "truant"},
        Program("sulky", "", lambda: "2", {UNPINNED: refuses}): {UNPINNED: "sulky"},
    }
    monkeypatch.setattr(company, "WAYS", cast)
    monkeypatch.setattr(play, "WAYS", cast)
    monkeypatch.setattr(play, "CLIENTS", CLIENTS[:1])
    played = play.play(split=True)
    assert letters(played, real=True) == {"sulky": "Bo"}
    assert [one.by for one in played.parts[-2:]] == [
        "nobody: broken did not start (no display)",
        "nobody: truant never came to the server (exit code 0, as if nothing were)",
    ]


def test_a_log_that_does_not_start_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By its own name: what it is started with is nobody's affair."""
    broken = tmp_path / "sunlight"
    broken.write_text("#!/bin/sh\necho no such setting >&2\nexit 3\n", "utf-8")
    broken.chmod(0o755)
    monkeypatch.setattr(sunlight, "find", lambda: str(broken))
    with pytest.raises(ValueError, match=r"^Sunlight did not begin to answer; its last words were: no such setting$"):
        Company()


def test_what_was_fetched_by_half_has_no_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`make sid` may be interrupted between a program and the file that has its version; one with it says it."""
    monkeypatch.setattr(program, "FETCHED", tmp_path)
    place = str(tmp_path / "usr" / "bin" / "pebble")
    assert packaged("pebble", place) is None
    (tmp_path / "pebble.version").write_text("2.10\n", "utf-8")
    assert packaged("pebble", place) == "2.10"


def test_it_is_told_in_lines_of_eighty_and_as_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Text and JSON of one run say the same."""
    monkeypatch.setattr(play, "CLIENTS", CLIENTS[:4])
    assert main(["cast"]) == 0
    text = capsys.readouterr().out
    assert [line for line in text.splitlines() if len(line) > 80] == []
    for words in ("Who plays", "to have Sunlight: make sid", "The alarm rang 0.", "real programs: none is here"):
        assert words in text
    assert main(["cast", "--split", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["format"], said["split"], said["alarm_seconds"]) == (1, True, None)
    assert said["fates"][0] == {"client": "unpinned", "real": False, "outcomes": ["served", "intercepted"]}
    assert "No alarm rang" in "\n".join(told(play.play(split=True)))


def test_it_listens_on_loopback_and_no_longer_than_it_plays() -> None:
    """The site's two ports and a datagram port; with the play they are gone."""
    me = psutil.Process()
    before = {one.laddr for one in me.net_connections()}
    with Company():
        own = [one for one in me.net_connections() if one.laddr not in before]
        assert {one.laddr.ip for one in own} == {HOME}
    assert {one.laddr for one in me.net_connections()} <= before
