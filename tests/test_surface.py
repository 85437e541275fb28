"""
What every verb prints, at two widths and in three encodings: no line is broken, and no sign ends the program.

Lines that are to be pasted stay whole, however long; a test says which they are.
"""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from rich.cells import cell_len

from lab.cli import trials
from lab.cli.terminal import survive
from lab.pki.export import export
from lab.policy.clients import CLIENTS
from lab.scenes.catalogue import usually
from lab.trials.matrix import matrix
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
    "certs": "--out {out}",
    "intercept": "--help",
    "timeline": "dst-x3-2021",
    "hpkp": "fake_backup",
    "known": "list --store {out}/none.sqlite",
    "report": "--out {out}/atlas.html --clients unpinned --scenes new_key --profiles none",
    "fleet": "--devices 1000 --years 1 --seeds 1",
    "notebooks": "--help",
    "bench": "--help",
}
"""The smallest input of each verb. Three run until they are stopped, or for minutes: their help is looked at here."""

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
def test_what_a_verb_prints_fits_and_survives(
    verb: str, width: int, places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line is wider than the terminal, but for what is to be pasted; a plain sign stands for one that is missing."""
    monkeypatch.setenv("COLUMNS", str(width))
    fits([verb, *SMALL[verb].format(**places).split()], width, monkeypatch)


def test_the_demo_is_run_once_and_told_at_both_widths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Staircase, matrix, scores, and what to try next; who finds no room in the matrix is named."""
    run = cache(lambda: matrix(CLIENTS.values(), usually(CLIENTS.values())))
    monkeypatch.setattr(trials, "_run", lambda clients, cases: run())
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
        assert len(heads) == len(run().sections()) + 1  # over each section, and over the scores


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


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
def test_in_a_pipe(encoding: str) -> None:
    """A pipe whose encoding has none of the signs gets the table all the same."""
    words = [sys.executable, "-m", "lab", "matrix", "--scenes", "other_trusted_ca"]
    own = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run(words, capture_output=True, env=own)
    assert (done.returncode, done.stderr) == (0, b"")
    sign = "✗" if encoding == "utf-8" else "x"
    assert f"{sign} intercepted" in done.stdout.decode(encoding)


def test_in_a_terminal_of_80_columns() -> None:
    """In a real terminal the lines fit, and there is colour beside glyph and word."""
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "lab", "matrix", "--scenes", "other_trusted_ca", "new_ca"]
    own = {**os.environ, "COLUMNS": "80", "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}
    own.pop("NO_COLOR", None)
    with subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env=own) as child:
        os.close(theirs)
        seen = b""
        try:
            while part := os.read(ours, 65536):
                seen += part
        except OSError:  # Linux says EIO where the other side has gone
            pass
        assert child.wait() == 0
    os.close(ours)
    text = seen.decode()
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    assert "\x1b[" in text
    assert "✗ intercepted" in plain
    assert [line for line in plain.replace("\r", "\n").splitlines() if cell_len(line) > 80] == []
