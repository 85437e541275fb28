"""The store of known hosts: it loses nothing that it acknowledged, to a SIGKILL or to another process; its commands."""

from __future__ import annotations

import json
import os
import random
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from verbs import do

from lab.built.bench import look_up, many
from lab.built.known import command
from lab.built.known.store import Store
from lab.naming import parse_host
from lab.pki.pins import pin_of
from lab.pki.world import World
from lab.policy.memory import Record, Update, after
from lab.verbs import main
from lab.wire.front import Front
from lab.wire.listener import Listener
from lab.wire.service import Service

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOST = "bank.example"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "known.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store(path) as made:
        yield made


# ---- what it keeps -------------------------------------------------------------------------------


def test_a_meeting_is_counted_and_dated(store: Store) -> None:
    """Pin, first and last seen, count and expiry come back as they went in; the host is one in any letters."""
    ends = NOW + timedelta(days=90)
    for day in range(3):
        assert store.apply(Update("sha256/a", ends), "Bank.Example.", 443, NOW + timedelta(days=day))
    assert store.look_up("bank.EXAMPLE", 443) == (Record(HOST, 443, "sha256/a", NOW, NOW + timedelta(days=2), 3, ends),)
    assert store.look_up(HOST, 444) == store.look_up("shop.example", 443) == ()


def test_a_clock_that_went_back_moves_no_date_back(store: Store) -> None:
    """`last_seen` is the latest date ever seen."""
    store.apply(Update("sha256/a"), HOST, 443, NOW)
    store.apply(Update("sha256/a"), HOST, 443, NOW - timedelta(days=400))
    assert store.look_up(HOST, 443) == (Record(HOST, 443, "sha256/a", NOW, NOW, 2),)


@pytest.mark.parametrize("seed", range(5))
def test_the_store_and_its_pure_twin_agree(store: Store, seed: int) -> None:
    """After any sequence of changes the file holds what `after` says."""
    draw = random.Random(seed)
    records: tuple[Record, ...] = ()
    pins = [f"sha256/{letter}" for letter in "abcde"]
    for _ in range(60):
        now = NOW + timedelta(seconds=draw.randint(-500, 500))
        change = Update(
            draw.choice([*pins, ""]),
            draw.choice([None, NOW + timedelta(days=draw.randint(1, 99))]),
            frozenset(draw.sample(pins, draw.randint(0, 2))),
            tuple(draw.sample(pins, draw.randint(0, 2))),
        )
        store.apply(change, HOST, 443, now)
        records = after(records, change, HOST, 443, now)
        assert store.look_up(HOST, 443) == records


def test_of_two_first_meetings_one_has_its_way(path: Path) -> None:
    """A decision that was made on records which have changed since is not written."""
    with Store(path) as one, Store(path) as other:
        assert one.apply(Update("sha256/a"), HOST, 443, NOW, expecting=())
        assert not other.apply(Update("sha256/b"), HOST, 443, NOW, expecting=())
        assert other.apply(Update("sha256/a"), HOST, 443, NOW, expecting=other.look_up(HOST, 443))
        assert [(record.pin, record.count) for record in one.look_up(HOST, 443)] == [("sha256/a", 2)]


def test_many_records_are_merged(store: Store) -> None:
    """Filling twice counts twice; more than one transaction's worth goes in whole."""
    store.fill(many(12_000))
    store.fill(many(5))
    assert len(list(store.records())) == 12_000
    assert [record.count for record in list(store.records())[3:7]] == [2, 2, 1, 1]


def test_expired_records_can_be_forgotten(store: Store) -> None:
    """Those without an expiry stay."""
    store.fill(many(10))
    store.apply(Update("sha256/a"), HOST, 443, NOW)
    assert store.forget_all(expired_at=NOW) == 0
    assert store.forget_all(expired_at=NOW + timedelta(days=365)) == 10
    assert [record.host for record in store.records()] == [HOST]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_nobody_else_may_read_it(store: Store, path: Path) -> None:
    """Which hosts somebody visits stands in no file that others can read, the log included."""
    store.apply(Update("sha256/a"), HOST, 443, NOW)
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes


# ---- killed at a random moment -------------------------------------------------------------------

WRITER = """
import os, sys
from datetime import UTC, datetime
from itertools import count
from lab.policy.memory import Update
from pathlib import Path
from lab.built.known.store import Store
now = datetime(2026, 3, 1, tzinfo=UTC)
with Store(Path({path})) as store:
    store._database.execute("PRAGMA wal_autocheckpoint = 20")  # so that kills hit the copying of the log too
    for number in count({start}):
        store.apply(Update(f"sha256/{{number}}"), f"h{{number}}.example", 443, now)
        os.write(1, b"+%d\\n" % number)
        if number % 3 == 0:
            store.forget(f"h{{number - 1}}.example")
            os.write(1, b"-%d\\n" % (number - 1))
"""

BOASTER = """
import os
from pathlib import Path
from lab.built.bench import many
from lab.built.known.store import Store
def boast():
    for number, record in enumerate(many(9_000)):
        os.write(1, b"+%d\\n" % number)
        yield record
with Store(Path({path})) as store:
    store.fill(boast())
"""


def whole(path: Path) -> bool:
    """Whether nothing in the file is damaged."""
    database = sqlite3.connect(path)
    (said,) = database.execute("PRAGMA integrity_check").fetchone()
    database.close()
    return bool(said == "ok")


def killed(code: str, *, delay: float, after_first: bool = True) -> list[str]:
    """Run a writer, kill it with SIGKILL after some seconds, and return what it had acknowledged."""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        first = process.stdout.readline() if after_first else b""
        time.sleep(delay)
        process.kill()
        return (first + process.stdout.read()).decode().split()


@pytest.mark.sampled(0)
def test_a_store_killed_at_a_random_moment_has_lost_nothing_acknowledged(path: Path) -> None:
    """Twelve SIGKILLs, three while it opens: each time it opens, is whole, and holds what was acknowledged."""
    draw = random.Random()
    there: set[int] = set()
    gone: set[int] = set()
    perhaps: set[int] = set()  # the last act before a kill may have been done and not acknowledged
    acknowledged = 0
    for life in range(12):
        early = life % 4 == 0
        delay = draw.uniform(0, 0.15) if early else draw.uniform(0, 0.08)
        code = WRITER.format(path=repr(str(path)), start=life * 100_000 + 1)
        said = killed(code, delay=delay, after_first=not early)
        acknowledged += len(said)
        for one in said:
            (there if one[0] == "+" else gone).add(int(one[1:]))
        if said and said[-1][0] == "+":
            perhaps.add(int(said[-1]) - 1)
        if not path.exists():
            continue
        with Store(path) as store:
            assert whole(path)
            held = {int(record.pin.removeprefix("sha256/")) for record in store.records()}
        assert there - gone - held <= perhaps
        assert gone & held == set()
    assert acknowledged >= 9


def test_who_acknowledges_too_early_is_found_out(path: Path) -> None:
    """The negative control: a writer that acknowledges before its transaction ends loses all of it."""
    with Store(path) as store:
        store.apply(Update("sha256/before"), HOST, 443, NOW)
    said = killed(BOASTER.format(path=repr(str(path))), delay=0)
    with Store(path) as store:
        assert whole(path)
        held = [record.host for record in store.records()]
    assert len(said) >= 1
    assert held == [HOST]


# ---- two processes at once -----------------------------------------------------------------------

SHARER = """
import sys
from datetime import UTC, datetime
from lab.policy.memory import Update
from pathlib import Path
from lab.built.known.store import Store
now, name = datetime(2026, 3, 1, tzinfo=UTC), sys.argv[1]
sys.stdin.readline()
with Store(Path({path})) as store:
    for number in range(150):
        store.apply(Update("sha256/shared"), "shared.example", 443, now)
        store.apply(Update("sha256/" + name), f"{{name}}-{{number}}.example", 443, now)
        if store.apply(Update("sha256/" + name), f"first-{{number}}.example", 443, now, expecting=()):
            print(number)
"""


def test_two_processes_that_write_at_once_lose_nothing(path: Path) -> None:
    """Not even while both make the file; and of two first meetings with a host exactly one is remembered."""
    code = SHARER.format(path=repr(str(path)))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    both = {name: subprocess.Popen([sys.executable, "-c", code, name], **pipes) for name in ("one", "two")}  # type: ignore[call-overload]
    for process in both.values():
        process.stdin.write("go\n")
        process.stdin.flush()
    won = {name: set(process.communicate()[0].split()) for name, process in both.items()}
    assert [process.returncode for process in both.values()] == [0, 0]
    assert won["one"] & won["two"] == set()
    assert len(won["one"] | won["two"]) == 150
    with Store(path) as store:
        assert whole(path)
        assert [record.count for record in store.records("shared.example")] == [300]
        assert len(list(store.records())) == 1 + 300 + 150
        for name, numbers in won.items():
            assert all(store.look_up(f"first-{one}.example", 443)[0].pin == f"sha256/{name}" for one in numbers)


# ---- files that are no store ---------------------------------------------------------------------


def foreign(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE cookies (name TEXT)")
    database.close()


def text(path: Path) -> None:
    path.write_text("bank.example sha256/abc\n" * 100)


def folder(path: Path) -> None:
    path.mkdir()


def newer(path: Path) -> None:
    Store(path).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 7")
    database.close()


def damaged(path: Path) -> None:
    with Store(path) as store:
        store.fill(many(2_000))
    octets = bytearray(path.read_bytes())
    octets[4096:] = os.urandom(len(octets) - 4096)
    path.write_bytes(octets)


FAULTS: dict[Callable[[Path], None], str] = {
    foreign: "another program",
    text: "nor any SQLite database",
    folder: "cannot be",
    newer: "version 7",
    damaged: "is damaged",
}


@pytest.mark.parametrize("spoil", FAULTS, ids=lambda spoil: spoil.__name__)
def test_a_file_that_is_no_store_gets_one_sentence_and_is_left_alone(path: Path, spoil: Callable[[Path], None]) -> None:
    """It is named, the fault is said, and not an octet of it is changed."""
    spoil(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(ValueError, match=FAULTS[spoil]) as refused:
        known("list", "--store", str(path))
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_store_locked_for_too_long_gets_one_sentence(path: Path) -> None:
    """The lock of another process is waited for, and not for ever."""
    with Store(path) as holder, Store(path, patience=0.05) as waiting:
        holder._database.execute("BEGIN IMMEDIATE")
        with pytest.raises(ValueError, match="locked by another process"):
            waiting.apply(Update("sha256/a"), HOST, 443, NOW)
        assert waiting.look_up(HOST, 443) == ()  # reading waits for nobody
        holder._database.execute("ROLLBACK")
        assert waiting.apply(Update("sha256/a"), HOST, 443, NOW)


WRONG = ("host = x'00ff'", "first_seen = 'abc'", "last_seen = 1e300", "count = 'many'", "pin = x'00'",
         "expires = 9223372036854775807", "port = 'https'")  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_a_record_with_a_value_that_none_can_have_is_one_sentence(path: Path, wrong: str) -> None:
    """SQLite lets any value stand in any column, and so may whoever else wrote to the file; the file is named."""
    with Store(path) as store:
        store.apply(Update("sha256/a"), HOST, 443, NOW)
    known("list", "--store", str(path))  # the control
    with sqlite3.connect(path) as database:
        database.execute(f"UPDATE known SET {wrong}")
    database.close()
    with pytest.raises(ValueError, match="is damaged") as refused:
        known("list", "--store", str(path))
    assert str(path) in str(refused.value)
    assert str(refused.value).isprintable()


def test_an_empty_file_stays_one(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Reading makes no store of somebody's file; keeping something does."""
    path.touch()
    known("list", "--store", str(path))
    assert "nothing is known yet" in capsys.readouterr().out
    assert path.read_bytes() == b""
    Store(path).close()
    assert path.read_bytes() != b""


def test_no_name_in_a_store_reaches_the_terminal_as_a_command(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Escapes, tabs, line ends and marks that turn the reading direction are written out, on the screen and in text."""
    host = "a\x1b[2J\tb\n\u202e\u2066\x9b"
    with Store(path) as store:
        store.apply(Update("sha256/a"), host, 443, NOW)
    for verb in ("list", "export"):
        known(verb, "--store", str(path))
        out = capsys.readouterr().out
        assert r"a\x1b[2j\tb\n\u202e\u2066\x9b" in out
        assert out.replace("\n", "").replace("\t", "").isprintable()
        assert verb != "export" or (out.count("\n"), out.count("\t")) == (1, 6)


OTHER = """
import locale, os, sys
from lab.built.known import command, store
from lab.verbs import main
os.setuid(65534)
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else")
def test_a_store_that_may_not_be_written_can_be_read() -> None:
    """Another user lists and exports it, and forgets nothing; of a folder closed to them one sentence is said."""
    with tempfile.TemporaryDirectory() as name:
        folder, path = Path(name), Path(name) / "known.sqlite"
        folder.chmod(0o755)
        with Store(path) as store:
            store.apply(Update("sha256/a"), HOST, 443, NOW)
        path.chmod(0o644)

        def other(verb: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-c", OTHER, "known", *verb.split(), "--store", str(path)]
            return subprocess.run(command, capture_output=True, text=True, check=False)

        for verb in ("list", "export"):
            assert HOST in other(verb).stdout
        refused = other("forget --all")
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
        assert "cannot be opened for writing" in refused.stderr
        assert [one.name for one in folder.iterdir()] == ["known.sqlite"]
        folder.chmod(0o700)
        refused = other("list")
        assert (refused.returncode, refused.stderr) == (
            2, f"lab: cannot read {path}: Permission denied; give --store a file of yours\n"
        )  # fmt: skip


# ---- commands ------------------------------------------------------------------------------------


def known(*arguments: str) -> None:
    do(command.known, *arguments)


@pytest.fixture
def filled(path: Path) -> Path:
    with Store(path) as store:
        store.apply(Update("sha256/a", NOW + timedelta(days=90)), HOST, 443, NOW)
        store.apply(Update("sha256/a", add=("sha256/b",)), HOST, 443, NOW + timedelta(days=1))
        store.apply(Update("sha256/c"), "::1", 8443, NOW)
    return path


def test_list_shows_records_as_text_and_as_json(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same records in both forms; of one host and port where they are named."""
    known("list", "--store", str(filled))
    said = capsys.readouterr().out
    for words in ("[::1]:8443", "bank.example:443", "met 2 times", "announced, not yet met", "3 records"):
        assert words in said
    known("list", "bank.example:443", "--json", "--store", str(filled))
    records = json.loads(capsys.readouterr().out)["records"]
    assert [(one["pin"], one["count"]) for one in records] == [("sha256/a", 2), ("sha256/b", 0)]
    assert records[0]["first_seen"] == "2026-03-01T12:00:00+00:00"
    known("list", "bank.example:8443", "--json", "--store", str(filled))
    assert json.loads(capsys.readouterr().out) == {"format": 1, "records": []}


def test_forget_forgets_what_it_is_told_and_says_how_much(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One port, one host, what has expired, or all; and an unknown host is said."""
    known("forget", "bank.example:443", "--json", "--store", str(filled))
    assert json.loads(capsys.readouterr().out) == {"format": 1, "forgotten": 2}
    with pytest.raises(ValueError, match=r"nothing is known of bank\.example:443"):
        known("forget", "bank.example:443", "--store", str(filled))
    known("forget", "[::1]", "--store", str(filled))
    assert "1 record forgotten" in capsys.readouterr().out
    for wrong in ([], ["bank.example", "--all"], ["--all", "--expired"]):
        with pytest.raises(ValueError, match="exactly one of"):
            known("forget", *wrong, "--store", str(filled))
    known("forget", "--all", "--store", str(filled))
    assert "0 records forgotten" in capsys.readouterr().out


def test_export_writes_everything_or_nothing(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Text has one record a line; a file is there whole, and nothing lies beside it."""
    known("export", "--store", str(filled))
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[:3] for line in lines] == [
        ["::1", "8443", "sha256/c"],
        ["bank.example", "443", "sha256/a"],
        ["bank.example", "443", "sha256/b"],
    ]
    assert {len(line) for line in lines} == {len(fields(Record))}
    out = filled.parent / "out" / "known.json"
    with pytest.raises(ValueError, match="cannot write"):
        known("export", "--json", "--out", str(out), "--store", str(filled))
    out.parent.mkdir()
    known("export", "--json", "--out", str(out), "--store", str(filled))
    assert [one["host"] for one in json.loads(out.read_text("utf-8"))["records"]] == ["::1", HOST, HOST]
    assert [one.name for one in out.parent.iterdir()] == ["known.json"]


def test_where_there_is_no_store_reading_makes_none(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty answer in either form."""
    known("list", "--store", str(path))
    assert "nothing is known yet" in capsys.readouterr().out
    known("export", "--json", "--store", str(path))
    assert json.loads(capsys.readouterr().out) == {"format": 1, "records": []}
    assert not path.exists()


@pytest.mark.parametrize("wrong", ["", "bank example", "bank.example:0", "bank.example:65536", "https://bank.example"])
def test_a_bad_host_gets_one_sentence(wrong: str) -> None:
    """It says what was seen and what to write."""
    with pytest.raises(ValueError, match=r"try bank\.example"):
        parse_host(wrong)


@pytest.mark.skipif(sys.platform != "linux", reason="the variable is XDG's; macOS and Windows have places of their own")
@pytest.mark.parametrize(
    ("given", "folder"), [("/data", "/data"), ("data", "{home}/.local/share"), ("", "{home}/.local/share")]
)
def test_the_store_lies_where_the_platform_keeps_data(
    given: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XDG's variable counts where it is absolute, and the home folder where it is relative or empty."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", given)
    assert command.default_path() == Path(folder.format(home=tmp_path)) / "pinning-lab" / "known-hosts.sqlite"


def test_the_bench_has_its_figures() -> None:
    """A smoke test with few hosts: a ratio, its limit and a note; the real figure is for the bench."""
    found = look_up(100, 1_000, rounds=2, looks=100)
    assert found["ratio"] > 0
    assert found["limit"] == 2
    assert "1,000 hosts" in found["note"]


# ---- somebody is met -----------------------------------------------------------------------------


def test_a_host_is_met_remembered_known_again_and_refused(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A real handshake: first use, the same key under another certificate, another key; the exit code tells them."""
    world, told = World(also=("localhost",)), []
    with Listener(lambda raw, port: None) as nobody, Front(nobody) as front:
        name = f"localhost:{front.port}"
        renewed = world.issuing.issue(*world.hosts, key=world.genuine.key)
        for credential in (world.genuine, renewed, world.rogue_root.issue(*world.hosts), renewed):
            with Service(credential) as front.behind:
                code = main(["known", "meet", name, "--json", "--store", str(path)])
                told.append((code, json.loads(capsys.readouterr().out)))
        front.behind = nobody
        assert [code for code, _ in told] == [0, 0, 1, 0]
        reasons = [said["reason"] for _, said in told]
        assert reasons[0].startswith("first use: nothing is known of localhost")
        assert reasons[1] == reasons[3] == "the key that is remembered of localhost"
        assert "another key than the remembered one" in reasons[2]
        with Store(path) as store:
            (record,) = store.look_up("localhost", front.port)
        assert (record.pin, record.count) == (pin_of(world.genuine.leaf), 3)


def test_ports_of_one_host_are_strangers(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is known of one port says nothing of another; in words a refusal names the way out."""
    world = World(also=("localhost",))
    with Service(world.genuine) as one, Service(world.rogue_root.issue("localhost")) as other:
        for service in (one, other):
            assert main(["known", "meet", f"127.0.0.1:{service.port}", "--store", str(path)]) == 0
        with Store(path) as store:
            store.apply(Update("sha256/x", None, frozenset({pin_of(one.credential.leaf)})), "127.0.0.1", one.port, NOW)
        capsys.readouterr()
        assert main(["known", "meet", f"127.0.0.1:{one.port}", "--store", str(path)]) == 1
        out = capsys.readouterr().out
    assert out.startswith(f"refused  127.0.0.1:{one.port}  sha256/")
    assert f"known forget 127.0.0.1:{one.port}`" in out
    assert max(map(len, out.splitlines()[1:])) <= 80 + len("`python -m lab")


def test_whom_nobody_can_meet_is_one_sentence(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Elsewhere than here, no port, nobody there, no TLS: exit code 2, and nothing is remembered."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with Listener(lambda raw, port: raw.sendall(b"220 mail ESMTP\r\n")) as mail:
        for name, said in {
            "192.0.2.1:443": "is not a loopback address",
            "localhost": "names no port",
            f"localhost:{port}": "is not there: nobody listens",
            f"localhost:{mail.port}": "speaks no TLS",
        }.items():
            assert main(["known", "meet", name, "--store", str(path)]) == 2
            error = capsys.readouterr().err
            assert (said in error, error.count("\n")) == (True, 1)
    with Store(path) as store:
        assert list(store.records()) == []
