"""
Chromium, headless, driven over a pipe.

Its ``--ignore-certificate-errors-spki-list`` looks like a pin and is none: a
listed key is forgiven everything, and no key is asked for. One browser makes
all the calls of a batch. It reads trust anchors from an NSS database, which no
command line option replaces; so it gets a home directory of its own, with the
anchors of all the calls. They do not disturb each other: each call's world has
its own keys. Linux only: elsewhere Chromium reads the system's trust store,
which is not the lab's to change.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from lab.building import ANY_SEARCHING
from lab.built.programs.program import PATIENCE, Caller, Program, ProgramCall, Said, environment, started, version_of
from lab.pki.export import pem
from lab.pki.pins import name_of
from lab.policy.pinset import Role

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
_QUIET = (
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",  # it asks nobody else, whatever it wants to update
    "--remote-debugging-pipe",
)
PAGES = 10  # open at once
WAIT = 60.0  # seconds for one answer of the browser, its start included
GOING = 5.0  # seconds that its helpers may take to end
_LINUX = sys.platform.startswith("linux")

# The browser reads commands from descriptor 3 and writes answers to 4; what starts it puts them there.
_START = (
    "import fcntl, os, sys\n"
    "ours = [fcntl.fcntl(int(one), fcntl.F_DUPFD, 10) for one in sys.argv[1:3]]\n"
    "for to, one in zip((3, 4), ours): os.dup2(one, to)\n"
    "os.execvp(sys.argv[3], sys.argv[3:])\n"
)


def executable() -> str | None:
    """The first browser of this family on the search path."""
    return next((name for name in NAMES if shutil.which(name)), None)


def command(home: Path, *more: str) -> list[str]:
    """A browser that keeps all it knows in this directory."""
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # its sandbox refuses root
    alone = [f"--user-data-dir={home / 'profile'}", "--no-first-run", "--no-proxy-server"]
    return [executable() or NAMES[0], *alone, *root, *more]


def forgiving(calls: Sequence[ProgramCall]) -> str:
    """The option that lists the keys of these calls' leaves."""
    return f"--ignore-certificate-errors-spki-list={','.join(one.base64(Role.LEAF) for one in calls)}"


def _version() -> str | None:
    found = executable()
    if not (_LINUX and found and shutil.which("certutil")):
        return None
    return version_of([found, "--version"], r"\d+(?:\.\d+){3}")()


class Chromium:
    """
    A running browser. A context manager; leaving it ends every process of it.

    Raises OSError where it ends by itself or does not answer in time.
    """

    def __init__(self, home: Path, more: Sequence[str] = ()) -> None:
        self._home, self._command = home, command(home, *_QUIET, *more, "about:blank")
        self._read = b""
        self._last = 0

    def __enter__(self) -> Self:
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        start = [sys.executable, "-I", "-S", "-c", _START, str(theirs_in), str(theirs_out)]
        try:
            self._process = subprocess.Popen(
                [*start, *self._command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment(self._home),
                pass_fds=(theirs_in, theirs_out),
                start_new_session=True,
            )
        except BaseException:
            os.close(self._in)
            os.close(self._out)
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self.ask("Browser.close")
        os.close(self._out)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        self._process.kill()
        self._process.wait()
        ends = time.monotonic() + GOING
        with contextlib.suppress(OSError):  # its helpers die a moment later; nobody is left when the group is
            while time.monotonic() < ends:
                os.killpg(self._process.pid, signal.SIGKILL)
                time.sleep(0.01)
        os.close(self._in)

    def ask(self, method: str, session: str = "", **values: Any) -> dict[str, Any]:
        """One command of the DevTools protocol, and its result."""
        number = self.send(method, session, **values)
        return next(result for answered, result in self.answers() if answered == number)

    def send(self, method: str, session: str = "", **values: Any) -> int:
        """Send a command, and do not wait; returns the number that its answer will have."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": values, **({"sessionId": session} if session else {})}
        os.write(self._out, json.dumps(message).encode() + b"\0")
        return self._last

    def answers(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Every answer as it comes, with its number; events in between are passed over."""
        ends = time.monotonic() + WAIT
        while message := self._message(ends):
            if "error" in message:
                raise OSError(f"the browser refused a command: {message['error'].get('message')}")
            if "id" in message:
                ends = time.monotonic() + WAIT
                yield message["id"], message["result"]
        raise OSError(f"the browser did not answer within {WAIT:.0f} seconds")

    def _message(self, ends: float) -> dict[str, Any] | None:
        while b"\0" not in self._read:
            if not select.select([self._in], [], [], max(0, ends - time.monotonic()))[0]:
                return None
            if not (more := os.read(self._in, 1 << 16)):
                raise OSError("the browser has ended by itself; start it by hand to see why")
            self._read += more
        one, _, self._read = self._read.partition(b"\0")
        return dict(json.loads(one))

    def page(self) -> str:
        """A new page; returns the session to give to `ask`."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        return str(self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])


# ---- its trust store -------------------------------------------------------------------------------


def usual(anchor: x509.Certificate) -> bool:
    """Whether every NSS can hold it: not every one can where the key is of a new kind (ML-DSA)."""
    return isinstance(anchor.public_key(), EllipticCurvePublicKey | RSAPublicKey)


def write_anchors(folder: Path, anchors: Iterable[x509.Certificate]) -> None:
    """Write these anchors to a folder, each to a file, as NSS wants it, and what certutil does with them to `batch`."""
    folder.mkdir(exist_ok=True)
    lines = []
    for number, anchor in enumerate(anchors):
        path = folder / f"{number}.pem"
        path.write_bytes(pem([anchor]))
        lines.append(f'-A -n "lab {number} {name_of(anchor.subject)}" -t C,, -a -i "{path}"\n')
    (folder / "batch").write_text("".join(lines), encoding="utf-8")


def filling(home: Path, *folders: Path) -> Iterator[list[str | Path]]:
    """The commands that make the NSS database of this home directory, and add the anchors of each folder to it."""
    database = home / ".pki" / "nssdb"  # where it is looked for first (Chromium docs/linux/cert_management.md)
    database.mkdir(parents=True, exist_ok=True)
    where = ["-d", f"sql:{database}"]
    yield ["certutil", "-N", "--empty-password", *where]
    for folder in folders:  # one process adds them all; it stops at the first that fails
        yield ["certutil", "-B", "-i", folder / "batch", *where]


def trust(home: Path, stores: Sequence[Path]) -> None:
    """
    Make the NSS database of this home directory, with every anchor of these PEM files in it.

    An anchor with a key of a new kind is left out where this NSS cannot hold it.
    """
    anchors = {one for store in stores for one in x509.load_pem_x509_certificates(store.read_bytes())}
    write_anchors(home / "anchors", filter(usual, anchors))
    others = []
    for number, anchor in enumerate(one for one in anchors if not usual(one)):
        others.append(home / f"anchor-{number}")
        write_anchors(others[-1], [anchor])
    for number, words in enumerate(filling(home, home / "anchors", *others)):
        said = started(words, home=home, patience=WAIT)
        if said.code != 0 and number < 2:  # the database itself, and the usual anchors
            raise OSError(f"the browser's trust store could not be filled: {said.words}; see that certutil -B works")


# ---- its calls -------------------------------------------------------------------------------------


def _chromium(listing: bool = False) -> Caller:
    def run(calls: Sequence[ProgramCall]) -> Sequence[Said]:
        with tempfile.TemporaryDirectory(prefix="lab-home-", ignore_cleanup_errors=True) as folder:
            home = Path(folder)
            trust(home, [one.store for one in calls])
            with Chromium(home, [forgiving(calls)] if listing else []) as browser:
                return _visited(browser, calls)

    return run


def _visited(browser: Chromium, calls: Sequence[ProgramCall]) -> list[Said]:
    """
    Each call opened in a page, a few pages at a time.

    The browser reports a certificate error up to three seconds late (measured
    with version 156), so the pages wait beside each other.
    """
    said = [Said(None)] * len(calls)
    waiting = list(enumerate(calls))
    asked: dict[int, tuple[str, int]] = {}

    def next_in(page: str) -> None:
        if waiting:
            number, call = waiting.pop(0)
            asked[browser.send("Page.navigate", page, url=f"{call.url}?secret={call.secret}")] = page, number

    for page in [browser.page() for _ in range(min(PAGES, len(calls)))]:
        next_in(page)
    answers = browser.answers()
    while asked:
        answered, result = next(answers)
        page, number = asked.pop(answered)
        said[number] = Said(None, str(result.get("errorText", "")))
        next_in(page)
    return said


CHROMIUM = Program(
    "chromium",
    "apt-get install chromium libnss3-tools" if _LINUX else "Linux: elsewhere it reads the system's trust store",
    _version,
    {"unpinned": _chromium(), "chromium-list": _chromium(listing=True)},
    ANY_SEARCHING,
    "heeds-staple",
)
