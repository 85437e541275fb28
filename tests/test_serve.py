"""
`python -m lab serve`: real programs meet a scene, and do what the lab said they would.

Every command that is printed is run as it stands where its program is
installed, and who holds the secret decides, as in a trial. Captures are opened
with tshark.
"""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lines import answered, ask, request

from lab.built.programs.chromium import NAMES
from lab.built.serve.commands import installed
from lab.built.serve.session import Session
from lab.naming import printable
from lab.pki.world import World
from lab.scenes.catalogue import CASES, SLIPS, case
from lab.verbs import main
from lab.wire import pcapng
from lab.wire.capture import Capture
from lab.wire.keylog import KeyLog
from lab.wire.listener import running
from lab.wire.service import STATEMENT, Service

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="shell commands, modes and signals as POSIX has them")
TSHARK = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed (apt-get install tshark)")
CURL = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed (apt-get install curl)")


class Served:
    """A running `python -m lab serve`: what it has said so far, as lines, and its keyboard."""

    def __init__(self, *arguments: str, folder: Path, keyboard: int = subprocess.PIPE) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lab", "serve", *arguments],
            stdin=keyboard,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
            env={**os.environ, "TMPDIR": str(folder), "TEMP": str(folder)},
        )

    def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout
        found = self.process.stdout.readline()
        assert found, self.process.stderr and self.process.stderr.read()
        return found.rstrip("\n")

    def until(self, wanted: str) -> list[str]:
        """Every line up to the one that holds `wanted`."""
        seen = [self.line()]
        while wanted not in seen[-1]:
            seen.append(self.line())
        return seen

    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.line()))

    def enter(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, error = self.process.communicate(timeout=20)
        return self.process.returncode, out, error


@contextmanager
def serving(*arguments: str, folder: Path, keyboard: int = subprocess.PIPE) -> Iterator[Served]:
    served = Served(*arguments, folder=folder, keyboard=keyboard)
    try:
        yield served
    finally:
        served.process.kill()
        served.process.communicate()


# ---- commands as they are printed ----------------------------------------------------------------


@dataclass(frozen=True)
class Printed:
    program: str
    line: str
    outcome: str
    verdict: str

    @property
    def secret(self) -> str:
        """The bearer token that this command sends, in its words or in its request file."""
        found = re.search(r"Bearer (secret-of-[a-z-]+)", self.line)
        if found:
            return found[1]
        file = re.search(r'< "?([^"]+)', self.line)
        return re.findall(r"Bearer (\S+)", Path(file[1]).read_text())[0] if file else ""


def printed(lines: list[str]) -> list[Printed]:
    """The commands in what `serve` said, with what it expects of each."""
    found = []
    program = ""
    for above, line in pairwise(lines):
        if line and not above and not line.startswith(" "):
            program = line.split()[0]
        if line.startswith("    ") and above.startswith("  ") and not above.startswith("   "):
            expected = re.search(r"expected[^:]*: (\w+), (accepted|refused)", above)
            found.append(Printed(program, line.strip(), *(expected.groups() if expected else ("", ""))))
    return found


def paste(command: str) -> int:
    """Run one line as a shell would, and return its exit code."""
    return subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=60).returncode


SCENES = (
    "untrusted_rogue_ca",
    "other_trusted_ca",
    "new_key",
    "name_left_out",
)


@POSIX
@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.sampled(2)
def test_every_printed_command_does_what_is_expected_of_it(scene: str, tmp_path: Path) -> None:
    """Pasted as it stands, each program's exit code and the other side's log say what was printed above it."""
    with serving(scene, "--programs", "all", folder=tmp_path) as served:
        said = served.until("What happens now:")
        wanted = [
            one for one in printed(said) if one.verdict and "env HOME" not in one.line and shutil.which(one.program)
        ]
        assert len(wanted) >= 1
        secrets = {one.line: one.secret for one in wanted}
        assert len(set(secrets.values())) == len(wanted)
        accepted = {one.line: paste(one.line) == 0 for one in wanted}
        _, out, _ = served.stop()
    assert {one.line: one.verdict == "accepted" for one in wanted} == accepted
    attack = scene in CASES and CASES[scene].kind == "attack"
    reads = {"intercepted": attack, "served": False, "stopped": False, "outage": False}
    held = {one.line: f"Bearer {secrets[one.line]} " in out for one in wanted}
    assert {one.line: reads[one.outcome] for one in wanted} == held


@POSIX
@pytest.mark.skipif(not shutil.which("gnutls-cli"), reason="gnutls-cli is not installed (apt-get install gnutls-bin)")
def test_key_continuity_across_a_rotation(tmp_path: Path) -> None:
    """gnutls-cli remembers a key at the first meeting, knows it again, and refuses the new one on the same port."""
    with serving("--rotate", "new_key", "--programs", "all", folder=tmp_path) as served:
        said = served.until("What happens now:")
        first, again = (one for one in printed(said) if "tofu" in one.line)
        assert (first.verdict, again.verdict) == ("", "accepted")
        assert [paste(again.line) == 0, paste(first.line) == 0, paste(again.line) == 0] == [False, True, True]
        served.enter()
        (told,) = (line for line in served.until("browser") if "gnutls-cli-strict-tofu" in line)
        assert "outage, refused" in told
        assert paste(again.line) != 0


@pytest.mark.browser
@POSIX
@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed (apt-get install chromium)")
@pytest.mark.skipif(not shutil.which("certutil"), reason="certutil is not installed (apt-get install libnss3-tools)")
@pytest.mark.parametrize("scene", ["other_trusted_ca", "untrusted_rogue_ca"])
def test_a_browser_shows_what_is_expected(scene: str, tmp_path: Path) -> None:
    """The browser's own store is filled by the printed command; the page appears exactly where it was expected."""
    with serving(scene, "--programs", "all", folder=tmp_path) as served:
        commands = printed(served.until("What happens now:"))
        (fill,) = (one for one in commands if one.program == "certutil")
        assert paste(fill.line) == 0
        shown = {}
        for one in commands:
            if one.program in NAMES:  # the same command, without a window
                quietly = one.line.replace("--no-first-run", "--no-first-run --headless=new --dump-dom")
                done = subprocess.run(quietly, shell=True, capture_output=True, text=True, timeout=60)
                shown[one.line] = "1024.00" in done.stdout
        assert {one.line: one.verdict == "accepted" for one in commands if one.program in NAMES} == shown
        assert len(shown) == 2


EVERY = [*(name for name, one in CASES.items() if not one.repeats), *SLIPS]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.field] if nth % 4 else []) for nth, name in enumerate(EVERY)]
)
@pytest.mark.sampled(4)
def test_every_scene_can_be_served(name: str) -> None:
    """Each case stands, is told in words and in JSON, and turns through its meetings and back on one port."""
    with Session(case(name), None, queue.SimpleQueue()) as session:
        told = json.loads(json.dumps(session.record()))
        assert (told["scene"], told["port"]) == (name, session.outside.port)
        assert all(line == line.rstrip() for line in session.text().splitlines())
        assert max(len(line) for line in session.text().splitlines() if not line.startswith("    ")) <= 120
        expecting = {one["name"] for one in told["commands"] if one["expected"]}
        assert {one["name"] for one in told["commands"] if one["client"]} - expecting <= {"gnutls-cli-strict-tofu"}
        begun = session.number
        seen = [session.next().record()["meeting"] for _ in session.meetings]
        assert seen == [(begun + turn) % len(session.meetings) + 1 for turn in range(1, len(seen) + 1)]
        folder = session.files.folder
        assert not any(b"PRIVATE KEY" in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert not folder.exists()
    assert running() == []


def test_what_lies_in_the_past_is_expected_of_nobody() -> None:
    """A meeting that is not today is announced as such, and no program is said to do anything in it."""
    with Session(case("moved_after_expiry"), 0, queue.SimpleQueue()) as session:
        assert [one["today"] for one in session.record()["meetings"]] == [False, True]
        assert not any(one["expected"] for one in session.record()["commands"])
        assert "programs with today's clock see another day" in session.text()
        assert session.next().record()["expected"]["curl"]["outcome"] == "served"


# ---- what happens, live --------------------------------------------------------------------------


@CURL
@POSIX
def test_what_the_attacker_reads_appears_at_once(tmp_path: Path) -> None:
    """The secret that curl sent stands in the attacker's line before anything is stopped; a refusal is a line too."""
    with serving("other_trusted_ca", folder=tmp_path) as served:
        plain, pinned, *_ = printed(served.until("What happens now:"))
        assert paste(plain.line) == 0
        (read,) = served.until("attacker  read")
        assert re.search(r"^\d\d:\d\d:\d\d  attacker  read +GET /account +Authorization: Bearer secret-of-curl ", read)
        (behind,) = served.until("genuine   served")
        assert "GET /account" in behind
        assert "secret" not in behind
        assert paste(pinned.line) == 90
        (left,) = served.until("attacker")
        assert re.search(r"left +the client hung up after the handshake, before any request", left)
        assert paste(plain.line.replace("--cacert", "--capath /nonexistent --dump-header")) != 0
        (refused,) = served.until("attacker")
        assert "alert unknown ca; the client hung up" in refused


@CURL
@POSIX
def test_json_is_one_object_a_line(tmp_path: Path) -> None:
    """First the scene with ports, files, pins and commands; then each event, the turn of a meeting among them."""
    with serving("other_trusted_ca", "--json", folder=tmp_path) as served:
        scene = served.json()
        assert (scene["event"], scene["scene"], scene["meeting"]) == ("scene", "other_trusted_ca", 2)
        assert Path(scene["store"]).read_text().startswith("# Honest Root\n-----BEGIN CERTIFICATE-----")
        pins = json.loads(Path(scene["files"]["pins/pins.json"]).read_text())
        assert [pins["leaf"]] == scene["pins"]["leaf"]
        by_name = {one["name"]: one for one in scene["commands"]}
        assert by_name["curl"]["expected"]["outcome"] == "intercepted"
        assert by_name["curl-pinned"]["expected"]["deciding_check"] == "key pin on the leaf"
        assert paste(by_name["curl"]["command"]) == 0
        read = served.json()
        assert {name: read[name] for name in ("event", "who", "request", "authorization")} == {
            "event": "read",
            "who": "attacker",
            "request": "GET /account",
            "authorization": "Bearer secret-of-curl",
        }
        assert served.json()["who"] == "genuine"
        served.enter()
        turned = served.json()
        assert (turned["event"], turned["meeting"], turned["expected"]["curl"]["outcome"]) == ("meeting", 1, "served")
        assert paste(by_name["curl-pinned"]["command"]) == 0
        assert served.json()["event"] == "served"


def test_a_log_line_cannot_command_a_terminal() -> None:
    """What a stranger sends is shown in one line, without control characters, and cut short."""
    assert printable("a\x1b[2Jb\nc") == "a\\x1b[2Jb\\nc"
    assert printable("x" * 1000) == "x" * 160 + "…"
    assert printable("Grüße") == "Grüße"


# ---- beginning and end ---------------------------------------------------------------------------


@POSIX
@pytest.mark.parametrize("number", [2, 15, 1], ids=["SIGINT", "SIGTERM", "SIGHUP"])
def test_it_cleans_up_when_it_is_told_to_end(number: int, tmp_path: Path) -> None:
    """A signal ends it with one line and exit code 128 + its number; the port is closed, the folder gone."""
    with serving("new_key", "--json", folder=tmp_path) as served:
        scene = served.json()
        socket.create_connection(("127.0.0.1", scene["port"]), timeout=5).close()
        assert Path(scene["folder"]).parent == tmp_path
        code, _, error = served.stop(number)
    assert (code, error.strip()) == (128 + number, "lab: interrupted; every server is stopped")
    assert list(tmp_path.iterdir()) == []
    # who is gone holds no port; to connect would prove nothing, since another program may have it by now
    assert not psutil.pid_exists(served.process.pid)


def test_without_a_keyboard_it_serves_and_sleeps(tmp_path: Path) -> None:
    """Where standard input is at its end, it goes on serving, uses next to no time, and ends when --for says."""
    with serving("new_key", "--json", "--for", "3", folder=tmp_path, keyboard=subprocess.DEVNULL) as served:
        port = served.json()["port"]
        process = psutil.Process(served.process.pid)
        before = sum(process.cpu_times()[:2])
        time.sleep(1.5)
        assert sum(process.cpu_times()[:2]) - before < 0.3
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        assert served.process.wait(timeout=20) == 0


@POSIX
def test_the_port_stays_while_the_credential_changes(tmp_path: Path) -> None:
    """Enter changes the key behind the same port, and changes it back; an open connection is not dropped."""
    with serving("--rotate", "new_key", "--json", folder=tmp_path) as served:
        port = served.json()["port"]

        def key() -> str:
            line = f"openssl s_client -connect localhost:{port} </dev/null 2>/dev/null | openssl x509 -noout -pubkey"
            return subprocess.run(line, shell=True, capture_output=True, text=True, timeout=20).stdout

        def turned() -> int:
            served.enter()
            while (event := served.json())["event"] != "meeting":
                pass
            return int(event["meeting"])

        with socket.create_connection(("127.0.0.1", port), timeout=5) as idle:
            old = key()
            assert turned() == 2
            new = key()
            assert turned() == 1
            assert (key() == old, new == old, "PUBLIC KEY" in new) == (True, False, True)
            idle.setblocking(False)
            with pytest.raises(BlockingIOError):  # open, and silent
                idle.recv(1)


BAD = {
    "neither": ([], "serve takes either a SCENE or --rotate ROTATION"),
    "both": (["new_key", "--rotate", "new_key"], "serve takes either a SCENE or --rotate ROTATION"),
    "an attack to rotate to": (["--rotate", "other_trusted_ca"], "other_trusted_ca is no rotation"),
    "an unknown scene": (["newkey"], "nearest: new_key"),
    "no time": (["new_key", "--for", "-1"], "is no time to serve"),
    "no number": (["new_key", "--for", "nan"], "is no time to serve"),
    "a capture in no folder": (["new_key", "--capture", "/nowhere/at/all.pcapng"], "cannot write"),
    "a key log that is there": (["new_key", "--keylog", __file__], "is already there, and nothing is written over"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_gets_one_sentence_before_anything_starts(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line on the error stream, nothing on the other, exit code 2, no listener, no file touched."""
    arguments, sentence = BAD[what]
    before = Path(__file__).read_bytes()
    assert main(["serve", *arguments]) == 2
    out, error = capsys.readouterr()
    assert (out, error.count("\n"), error.startswith("lab: ")) == ("", 1, True)
    assert sentence in error
    assert Path(__file__).read_bytes() == before
    assert running() == []


def test_a_key_log_that_cannot_be_made_leaves_no_capture_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both files can be made, or neither is."""
    capture = tmp_path / "a.pcapng"
    assert main(["serve", "new_key", "--capture", str(capture), "--keylog", str(tmp_path)]) == 2
    assert "lab: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# ---- key log and capture -------------------------------------------------------------------------


def opened(capture: Path, *more: str) -> list[tuple[int, str, str]]:
    """What tshark can read in a capture: the port asked, the request, its bearer token."""
    fields = ["-T", "fields", "-e", "tcp.dstport", "-e", "http.request.method", "-e", "http.authorization"]
    # By heuristics first: a client's ephemeral port may be registered for something else than TLS.
    first = ["-o", "tcp.try_heuristic_first:TRUE"]
    command = ["tshark", "-r", str(capture), *first, *more, "-Y", "http.request", *fields]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found = [line.split("\t") for line in done.stdout.splitlines()]
    return [(int(port), method, token) for port, method, token in found]


def warnings(capture: Path) -> str:
    """What tshark finds wrong with the packets of a capture, checksums included."""
    checks = [part for one in ("ip", "tcp") for part in ("-o", f"{one}.check_checksum:TRUE")]
    wrong = "_ws.malformed or tcp.analysis.flags or ip.checksum.status == 0 or tcp.checksum.status == 0"
    command = ["tshark", "-r", str(capture), *checks, "-Y", wrong]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@TSHARK
@CURL
@POSIX
@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("keys", ["with its keys in it", "without any key"])
@pytest.mark.sampled(4)
def test_a_capture_opens_on_both_sides_of_the_attack(keys: str, version: str, tmp_path: Path) -> None:
    """With the secrets tshark reads both curl's request and the attacker's own; without them, nothing."""
    capture, keylog = tmp_path / "a.pcapng", tmp_path / "keys.txt"
    more = ["--keylog", str(keylog)] if keys == "with its keys in it" else []
    with serving("other_trusted_ca", "--json", "--capture", str(capture), *more, folder=tmp_path) as served:
        scene = served.json()
        command = next(one["command"] for one in scene["commands"] if one["name"] == "curl")
        assert paste(f"{command} --tls-max {version}") == 0
        assert stat.S_IMODE(capture.stat().st_mode) == 0o600
        served.json()
        served.json()
        served.stop()
    token = "Bearer secret-of-curl"
    both = [(scene["port"], "GET", token), (scene["genuine_port"], "GET", token)]
    assert opened(capture) == (both if more else [])
    assert warnings(capture) == ""
    if more:
        assert stat.S_IMODE(keylog.stat().st_mode) == 0o600
        labels = {line.split()[0] for line in keylog.read_text().splitlines()}
        assert ("CLIENT_RANDOM" in labels) == (version == "1.2")  # the attacker's own call goes on by 1.3
        assert {"CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"} <= labels


@TSHARK
def test_a_key_log_file_opens_a_capture_that_has_no_keys(tmp_path: Path) -> None:
    """The key log and the capture can be made apart, and Wireshark is told of both."""
    world = World()
    capture, keys = Capture(tmp_path / "a.pcapng"), KeyLog(tmp_path / "keys.txt")
    with Service(world.genuine, tell=keys.tell) as service:
        capture.record(service)
        ask(service, world.store)
        port = service.port
    capture.close()
    keys.close()
    assert opened(capture.path) == []
    assert [one[:2] for one in opened(capture.path, "-o", f"tls.keylog_file:{keys.path}")] == [(port, "GET")]


def blocks(octets: bytes) -> list[tuple[int, bytes]]:
    """The blocks of a little-endian pcapng file. Raises AssertionError where it is not whole."""
    found = []
    while octets:
        kind, length = struct.unpack_from("<II", octets)
        assert length % 4 == 0
        assert len(octets) >= length
        assert struct.unpack_from("<I", octets, length - 4) == (length,)
        found.append((kind, octets[8 : length - 4]))
        octets = octets[length:]
    return found


def test_recording_changes_nothing_and_the_file_is_whole_at_any_time(tmp_path: Path) -> None:
    """A megabyte arrives as it would without a recorder, and the capture can be read between any two answers."""
    world = World()
    capture = Capture(tmp_path / "a.pcapng")
    with Service(world.genuine, tell=capture.secrets) as service:
        capture.record(service)
        for _ in range(3):
            assert answered(ask(service, world.store, request=request("GET", "/statement"))).body == STATEMENT
            header, interface, *_ = blocks(capture.path.read_bytes())
            assert (header[0], interface[0]) == (0x0A0D0D0A, 1)
    capture.close()
    found = blocks(capture.path.read_bytes())
    sent = sum(struct.unpack_from("<I", body, 12)[0] - 40 for kind, body in found if kind == 6)
    assert sent > 3 * len(STATEMENT)
    times = [struct.unpack_from("<II", body, 4) for kind, body in found if kind == 6]
    assert times == sorted(times)


def test_secrets_stand_before_what_they_open(tmp_path: Path) -> None:
    """The last packet before each connection's first answer waits for its secrets; readers in one pass need that."""
    world = World()
    capture = Capture(tmp_path / "a.pcapng")
    with Service(world.genuine, tell=capture.secrets) as service:
        capture.record(service)
        ask(service, world.store)
    capture.close()
    kinds = [kind for kind, _ in blocks(capture.path.read_bytes())]
    secrets = [at for at, kind in enumerate(kinds) if kind == 10]
    assert len(secrets) >= 4
    client_finished = [at for at, kind in enumerate(kinds) if kind == 6][5]  # after the hello of either side
    assert max(secrets) < client_finished


def test_a_key_log_has_each_line_once(tmp_path: Path) -> None:
    """Both ends of a connection tell the same secrets; the file has them once, whole lines each."""
    keys = KeyLog(tmp_path / "keys.txt")
    for line in (b"A 01 02", b"B 01 03", b"A 01 02"):
        keys.tell(line)
    keys.close()
    keys.tell(b"C 01 04")  # a handshake that is late
    assert (tmp_path / "keys.txt").read_bytes() == b"A 01 02\nB 01 03\n"


@POSIX
def test_a_full_disk_ends_the_recording_and_nothing_else(tmp_path: Path) -> None:
    """Where a file cannot grow, clients are still served, the problem is kept, and the file ends with a whole block."""
    import resource

    world = World()
    capture = Capture(tmp_path / "a.pcapng")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Service(world.genuine, tell=capture.secrets) as service:
        capture.record(service)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_001, before[1]))
        try:
            done = ask(service, world.store, request=request("GET", "/statement"))
            capture.close()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert answered(done).body == STATEMENT
    assert isinstance(capture.problem, OSError)
    assert len(blocks(capture.path.read_bytes())) > 3


def test_no_end_of_a_connection_goes_on_before_its_line_is_told() -> None:
    """The second to tell a line waits for the first: otherwise a packet could overtake the secret that opens it."""
    begun, told = threading.Event(), []

    def slowly(line: bytes) -> None:
        begun.set()
        time.sleep(0.05)
        told.append(line)

    keys = KeyLog(also=slowly)
    first = threading.Thread(target=keys.tell, args=(b"A 01 02",))
    first.start()
    assert begun.wait(5)
    keys.tell(b"A 01 02")
    assert told == [b"A 01 02"]
    first.join()


@POSIX
def test_a_key_log_on_a_full_disk_ends_with_a_whole_line(tmp_path: Path) -> None:
    """The part of a line that found room is taken away again."""
    import resource

    keys = KeyLog(tmp_path / "keys.txt")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        keys.tell(b"A 01 02")
        keys.tell(b"B 01 03")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        keys.close()
    assert isinstance(keys.problem, OSError)
    assert (tmp_path / "keys.txt").read_bytes() == b"A 01 02\n"


PORTS = st.integers(1, 65535)


@given(PORTS, PORTS, st.integers(0, 2**33), st.integers(0, 2**33), st.binary(max_size=300))
def test_headers_have_right_checksums(source: int, target: int, sequence: int, known: int, data: bytes) -> None:
    """The one's complement sum over each header, its checksum included, is all ones (RFC 1071); numbers wrap."""
    ends = ("127.0.0.1", source), ("127.0.0.1", target)
    packet = pcapng.segment(*ends, sequence, known, pcapng.Flag.ACK, data)

    def folded(octets: bytes) -> int:
        total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        return total

    header, tcp = packet[:20], packet[20:]
    around = header[12:20] + struct.pack("!HH", 6, len(tcp))
    assert (folded(header), folded(around + tcp + b"\0" * (len(tcp) % 2))) == (0xFFFF, 0xFFFF)
    assert struct.unpack_from("!HHII", tcp) == (source, target, sequence % 2**32, known % 2**32)
    assert (struct.unpack_from("!H", header, 2)[0], tcp[20:]) == (len(packet), data)


def test_installed_knows_a_program_by_name_and_by_path() -> None:
    """Every command says whether its program is here; Python's is, and its requests with it."""
    with Session(case("ordinary_day"), None, queue.SimpleQueue()) as session:
        found = {one.name: installed(one) for one in session.commands}
        assert found["requests"]
        assert found["curl"] is bool(shutil.which("curl"))


@POSIX
def test_a_capture_that_has_no_room_leaves_no_file(tmp_path: Path) -> None:
    """Where not even its header can be written, that is said and nothing lies there; with room it lies there."""
    import resource

    path = tmp_path / "a.pcapng"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, before[1]))
    try:
        with pytest.raises(ValueError, match=r"cannot write .*; is the disk full"):
            Capture(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
    Capture(path).close()
    assert path.stat().st_size > 20
