"""
Sunlight, a real log of certificates, on loopback: what it is to the lab is a log like any other.

It takes certificates over HTTP, signs for them, and writes its tree as files,
which are read where they stand, as a monitor reads them. It opens a port for
its own debugging on loopback that nobody is told, and asks nobody outside:
what it is to take is in its settings. Two of them with one secret are one log
with two trees.
"""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import sys
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import h11
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lab.built.programs.child import Started, serving, words_of
from lab.built.programs.program import every_place
from lab.pki.entry import moment, poisoned
from lab.pki.export import pem
from lab.pki.head import TreeHead, Witness, read_checkpoint
from lab.pki.inclusion import WatchedLog
from lab.pki.monitor import Monitor
from lab.pki.sct import ListedLog, Sct
from lab.wire.http import Request, Wire
from lab.wire.listener import HOME, dial

INSTALL = "make sid"
PERIOD = 100  # milliseconds between two trees; what is handed in is answered when it is in one
# As root it makes files that even root cannot remove (chattr +i): so it is started without that capability.
_PLAIN = "import ctypes, os, sys; ctypes.CDLL(None).prctl(24, 9, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])"
SETTINGS = {"GODEBUG": "httpmuxgo121=0"}  # without it, every submission is answered with 404 (seen with 0.8.1)


def find() -> str | None:
    """Where Sunlight is; None where it is neither installed nor fetched."""
    return next(iter(every_place("sunlight")), None)


class Sunlight(Started, WatchedLog):
    """
    The log, running. A context manager; leaving it ends the program, and what was forked from it.

    It takes what one of the `roots` vouches for. It is made whole, or raises ValueError, in one sentence. Should this
    process be killed outright, it dies too (not on Windows).
    """

    def __init__(
        self, roots: Sequence[x509.Certificate], witness: Witness, name: str, operator: str, *, secret: bytes = b""
    ) -> None:
        super().__init__(name, operator, witness)
        program = find()
        if program is None:
            raise ValueError(f"Sunlight is not here; fetch it with: {INSTALL}")
        self._program, self._anchors, self._secret = program, roots, secret or os.urandom(32)
        self._handed: list[Sequence[x509.Certificate]] = []
        with ExitStack() as stack:
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lab-")))
            log = serving(sys.executable, self._folder, 1, self._told, self._answers, SETTINGS, name="Sunlight")
            stack.callback(log.stop)
            key = serialization.load_der_public_key(b64decode(json.loads(self._answers())["key"]))
            assert isinstance(key, ec.EllipticCurvePublicKey)
            self.listed = ListedLog(name, operator, key)
            self._reader = Monitor(self.listed)
            self._closing = stack.pop_all()

    def _told(self, ports: Sequence[int]) -> Sequence[str | Path]:
        """Write its settings, in a place of this try's own: with a tree that was there it would look outside for it."""
        self._port, now = ports[0], datetime.now(UTC)
        place = self._folder / str(self._port)
        self._files = place / "files"
        self._files.mkdir(parents=True)
        url = f"https://{self.listed.name}/"
        log = {
            "shortname": "lab",
            "inception": f"{now.astimezone():%Y-%m-%d}",  # it is made anew
            "period": PERIOD,
            "submissionprefix": url,
            "monitoringprefix": url,
            "notafterstart": f"{now - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
            "notafterlimit": f"{now + timedelta(days=400):%Y-%m-%dT%H:%M:%SZ}",
            "roots": str(place / "roots.pem"),
            "secret": str(place / "secret"),
            "cache": str(place / "cache.db"),
            "localdirectory": str(self._files),
        }
        config = {"listen": [f"{HOME}:{self._port}"], "checkpoints": str(place / "checkpoints.db"), "logs": [log]}
        (place / "secret").touch(mode=0o600)
        (place / "secret").write_bytes(self._secret)
        (place / "roots.pem").write_bytes(pem(self._anchors))
        (place / "config.yaml").write_text(json.dumps(config), "utf-8")  # JSON is YAML
        with closing(sqlite3.connect(place / "checkpoints.db")) as kept, kept:
            kept.execute("CREATE TABLE checkpoints (logID BLOB PRIMARY KEY, body TEXT)")
        return "-I", "-S", "-c", _PLAIN, self._program, "-c", place / "config.yaml"

    def _answers(self) -> bytes:
        """What it says of itself."""
        dial((HOME, self._port)).close()
        (self._files / "checkpoint").stat()
        return (self._files / "log.v3.json").read_bytes()

    def forked(self) -> Self:
        """A second process with the same secret, to which the same is handed in: one log, and from now on two trees."""
        other = type(self)(self._anchors, self.witness, self.listed.name, self.listed.operator, secret=self._secret)
        self._closing.callback(other.stop)
        for chain in self._handed:
            other.submit(chain, datetime.now(UTC))
        return other

    def submit(self, chain: Sequence[x509.Certificate], time: datetime) -> Sct:
        """As any log's; it goes by its own clock. Raises ValueError, with its words, where it does not take it."""
        octets = [one.public_bytes(serialization.Encoding.DER) for one in chain]
        target = f"/{self.listed.name.partition('/')[2]}/ct/v1/add-{'pre-' if poisoned(octets[0]) else ''}chain"
        headers = [(b"host", self.listed.name.partition("/")[0].encode()), (b"content-type", b"application/json")]
        body = json.dumps({"chain": [b64encode(one).decode() for one in octets]}).encode()
        try:
            with closing(dial((HOME, self._port))) as raw:
                wire = Wire(raw, h11.CLIENT)
                wire.ask(Request("POST", target, [*headers, (b"content-length", b"%d" % len(body))], body))
                answer = wire.next_answer()
        except (OSError, h11.ProtocolError) as problem:
            raise ValueError(f"Sunlight broke off ({problem}); its last words were: {words_of(self._folder)}") from None
        if not answer.fine:
            raise ValueError(f"Sunlight did not take it: {answer.text.strip()}")
        said = json.loads(answer.body)
        self._handed.append(chain)
        note = self.file("checkpoint", time)
        for entry in self._reader.read(lambda path: note if path == "checkpoint" else self.file(path, time)):
            self.tree.append(entry.leaf)
            self.entries.append(entry)
            self.due.append(moment(entry.timestamp))
        self._notes.append((moment(self._reader.head.timestamp), note))
        log, extensions, signature = (b64decode(said[one]) for one in ("id", "extensions", "signature"))
        return Sct(log, said["timestamp"], extensions, signature)

    def file(self, path: str, time: datetime) -> bytes:
        """What it has written under this path by now. Raises ValueError where there is nothing."""
        try:
            octets = (self._files / path).read_bytes()
        except OSError:
            raise ValueError(f"{self.listed.name} has nothing at {path[:80]!a}") from None
        return gzip.decompress(octets) if path.startswith("tile/data") else octets

    def head(self, time: datetime) -> TreeHead:
        """The tree that it shows now, as it has signed it."""
        return read_checkpoint(self.file("checkpoint", time), self.listed)

    def _note(self, time: datetime) -> bytes:
        """Its checkpoint at that time (it signs anew all the while), with the witness's line where he gives it."""
        note = next((note for since, note in reversed(self._notes) if since <= time), self.file("checkpoint", time))
        seen = self.witness.seen(self.listed)
        with suppress(ValueError):
            return self.witness.cosigned(note, self.listed, self.tree.consistency(seen) if seen else [], time)
        return note
