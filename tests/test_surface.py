"""
What every verb prints, at two widths and in three encodings: no line is broken, and no sign ends the program.

Lines that are to be pasted stay whole, however long; a test says which they are.
"""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

from lab.built.bench import Bare
from lab.cli import trials
from lab.cli.terminal import survive
from lab.pki.export import export
from lab.pki.world import World
from lab.policy.clients import CLIENTS
from lab.scenes.catalogue import usually
from lab.trials.matrix import Matrix
from lab.verbs import VERBS, main

SMALL = {
    "demo": "",
    "matrix": "--scenes new_key other_trusted_ca first_contact",
    "trial": "root-pinned new_intermediate",
    "list": "--long",
    "profiles": "--scenes new_ca",
    "serve": "--help",
    "forecast": "--chain {certs}/chains/genuine.pem --pins {certs}/pins/network_security_config.xml",
    "field": "--every --programs curl --scenes new_key",
    "pin": "{certs}/chains/genuine.pem",
    "certs": "--out {out}/certs",
    "intercept": "--help",
    "timeline": "dst-x3-2021",
    "hpkp": "fake_backup",
    "known": "list --store {out}/none.sqlite",
    "apart": "same_intermediate --channels path,CAA",
    "incident": "diginotar",
    "cast": "--help",
    "draft": "",
    "report": "--out {out}/atlas.html --clients unpinned --scenes new_key --profiles none",
    "fleet": "--devices 1000 --years 1 --seeds 1",
    "ask": "curl: (90)",
    "work": "--help",
    "reset": "--help",
    "notebooks": "--help",
    "doctor": "",
    "offline": "--help",
    "bench": "--help",
}
"""The smallest input of each verb. Some run long, or write beside the course: here is their help."""

PASTED = re.compile(r"^\s*(\S*python\S*|make) |/\S{24,}")
"""A command to paste, or a long place of a file: neither is ever broken."""


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Where verbs find what they read, and where they write."""
    certs, out = tmp_path_factory.mktemp("certs"), tmp_path_factory.mktemp("out")
    export(certs)
    return {"certs": certs, "out": out}


class Everywhere(io.TextIOBase):
    """A stream that writes to one of each encoding, as the program's own would."""

    def __init__(self) -> None:
        self.streams = {one: io.TextIOWrapper(io.BytesIO(), one, "lab-plain") for one in ("utf-8", "cp1252", "ascii")}

    def write(self, text: str) -> int:
        for stream in self.streams.values():
            stream.write(text)
        return len(text)

    def said(self, encoding: str) -> str:
        """What went to the stream of this encoding."""
        (stream := self.streams[encoding]).flush()
        return stream.buffer.getvalue().decode(encoding)


def test_every_verb_is_here() -> None:
    """A verb that joins the table joins these tests."""
    assert set(SMALL) == {verb.name for verb in VERBS}


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("verb", [verb for verb in SMALL if verb != "demo"])
@pytest.mark.sampled(4)
def test_what_a_verb_prints_fits_and_survives(
    verb: str, width: int, places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line is wider than the terminal, but for what is to be pasted; a plain sign stands for one that is missing."""
    monkeypatch.setenv("COLUMNS", str(width))
    fits([verb, *SMALL[verb].format(**places).split()], width, monkeypatch)


def test_the_demo_is_run_once_and_told_at_both_widths(usual_matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    """Staircase, matrix, scores, and what to try next; who finds no room in the matrix is named."""
    monkeypatch.setattr(trials, "_run", lambda clients, cases: usual_matrix)
    for width, room in ((80, 5), (120, 8)):
        monkeypatch.setenv("COLUMNS", str(width))
        text = fits(["demo"], width, monkeypatch)
        assert f"{len(CLIENTS) * len(usually(CLIENTS.values()))} trials" in text
        assert " -m lab trial root-pinned sibling_intermediate" in text
        assert all(name in text for name in CLIENTS)
        assert len([line for line in text.splitlines() if line.startswith("both share")]) == 1  # in one piece
        assert text.index("accepts both or neither") < text.index("Clients as columns")
        assert ("for whom this terminal has no room" in text) is (room < 8)
        heads = [line for line in text.splitlines() if line.startswith("scene ")]
        assert len(heads) == len(usual_matrix.sections()) + 1  # over each section, and over the scores


def fits(words: list[str], width: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the program says, when it fits a terminal of this width in every encoding."""
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream := Everywhere())
        try:
            code = main(words)
        except SystemExit as left:  # argparse, after --help
            code = int(left.code or 0)
    assert code == 0
    for encoding in stream.streams:
        text = stream.said(encoding)
        assert text.strip()
        wide = [line for line in text.splitlines() if cell_len(line) > width and not PASTED.search(line)]
        assert wide == [], encoding
        assert "\\u" not in text
    return stream.said("utf-8")


def test_a_strict_stream_would_have_ended_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the plain signs the same words raise."""
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict"))
    with pytest.raises(UnicodeEncodeError):
        print("✓ served", flush=True)
    survive()
    print("✓ served", flush=True)


# ---- as a shell starts it --------------------------------------------------------------------------


LONG = {"demo": "", "intercept": "{port}", "notebooks": "--out {out}/pages", "bench": "--quick"}
"""Verbs that run for long: here they are stopped after a while, as a reader would."""
STARTED = {
    **SMALL,
    "matrix": "--scenes other_trusted_ca new_ca",
    "serve": "other_trusted_ca --for 1",
    "fleet": "--devices 1000 --years 1 --seeds 1",
    "forecast": "--chain {certs}/chains/genuine.pem --pins {certs}/pins/network_security_config.xml --scenes new_key",
    "field": "--programs curl --scenes new_key",
    **LONG,
}


def started(verb: str, places: dict[str, Path], port: int, out: int, err: int | None = None) -> subprocess.Popen[bytes]:
    """The verb as a shell starts it, in a world that knows nothing of colours and encodings but what is said here."""
    words = STARTED[verb].format(**places, port=f"localhost:{port}").split()
    own = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    own |= {"PYTHONUTF8": "0", "PYTHONIOENCODING": "cp1252" if out == subprocess.PIPE else "utf-8"}
    own |= {"TERM": "xterm-256color", "COLUMNS": "80"}
    line = [sys.executable, "-m", "lab", verb, *words]
    return subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=own)


@contextlib.contextmanager
def stopped(child: subprocess.Popen[bytes], verb: str) -> Iterator[None]:
    """Ctrl-C after a while, where the verb is one that runs for long."""
    clock = threading.Timer(2.5, child.send_signal, (signal.SIGINT,))
    if verb in LONG:
        clock.start()
    yield
    clock.cancel()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A TLS server of somebody's, to stand in front of."""
    with Bare(World(), http=True) as server:
        yield server.address[1]


AT_ONCE = ("matrix", "list", "pin", "serve")
"""Verbs that a shell starts in every run of the tests; the others are started with the outside programs."""
SHELL = [verb if verb in AT_ONCE else pytest.param(verb, marks=pytest.mark.field) for verb in STARTED]


@pytest.mark.parametrize("verb", SHELL)
@pytest.mark.sampled(2)
def test_in_a_pipe(verb: str, places: dict[str, Path], port: int) -> None:
    """A pipe whose encoding has few of the signs gets everything all the same; who is stopped ends with its code."""
    with started(verb, places, port, subprocess.PIPE) as child:
        assert child.stdout
        with stopped(child, verb):
            said = child.stdout.read().decode("cp1252")
        assert child.wait() == (130 if verb in LONG else 0)
    assert said or verb in LONG
    assert "\x1b" not in said  # no colour where nobody sees it


@pytest.mark.parametrize("verb", SHELL)
@pytest.mark.sampled(2)
def test_in_a_terminal_of_80_columns(verb: str, places: dict[str, Path], port: int) -> None:
    """In a real terminal the lines fit, those of the progress included."""
    ours, theirs = pty.openpty()
    with started(verb, places, port, theirs, theirs) as child:
        os.close(theirs)
        seen = b""
        with stopped(child, verb), contextlib.suppress(OSError):  # Linux says EIO where the other side has gone
            while part := os.read(ours, 65536):
                seen += part
        assert child.wait() == (130 if verb in LONG else 0)
    os.close(ours)
    text = seen.decode()
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    assert "Traceback" not in plain
    wide = [line for line in plain.replace("\r", "\n").splitlines() if cell_len(line) > 80 and not PASTED.search(line)]
    assert wide == []
    if verb == "matrix":
        assert "\x1b[" in text
        assert "✗ intercepted" in plain
