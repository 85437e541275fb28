"""
What a real program is to the lab: how it is found, and how it is called.

A program is given calls (a port, a trust store, pins, a secret to send) and
says how it ended. Whether it talked is not asked of it: the other side knows.
No scene is known here, and a profile by its name.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from lab.building import AS_OPENSSL, PathBuilding
from lab.policy.clients import Client, client
from lab.policy.pinset import Role, Site

PATIENCE = 20.0  # seconds that one program may take for one call
UNPINNED = "unpinned"
FETCHED = Path(__file__).parents[3] / "build" / "sid"
"""Where `make sid` puts programs that are installed nowhere."""
AT_ONCE = 4  # calls of one program that run beside each other

_SETTINGS = (
    "CHROMIUM_", "CLASSPATH", "CURL_", "GNUTLS_", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "NODE_",
    "OPENSSL_", "SSL", "WGETRC", "XDG_",
)  # fmt: skip
"""How variables begin that change what a program here trusts, reads or writes down (SSLKEYLOGFILE)."""
_HOMES = ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")


@dataclass(frozen=True)
class ProgramCall:
    """
    One connection that a program is asked to make, to ``https://localhost:PORT/account``.

    `store` is a PEM file with the trust anchors; `site` the genuine service's
    pins by role. `secret` goes into the request, as a bearer token or in the
    query. `home` is a directory that the program keeps between the calls of one
    scene; `first` says that this is the enrolment, where a program that
    remembers is told to. `lists` is like `store`, with the revocation lists of that day behind the anchors;
    `logs` are those that a client with this store knows, as OpenSSL reads them.
    """

    port: int
    store: Path
    site: Site = field(repr=False)
    secret: str
    home: Path
    first: bool = False
    lists: Path | None = None
    logs: Path | None = None

    @property
    def url(self) -> str:
        """Where to connect, and what to ask for."""
        return f"https://localhost:{self.port}/account"

    def pin(self, role: Role) -> str:
        """The one pin of that role, as ``sha256/BASE64``."""
        (found,) = self.site[role]
        return found

    def base64(self, role: Role) -> str:
        """The hash in that pin, in Base64."""
        return self.pin(role).partition("/")[2]

    def hex(self, role: Role) -> str:
        """The hash in that pin, as hexadecimal digits."""
        return base64.b64decode(self.base64(role)).hex()

    @property
    def headers(self) -> dict[str, str]:
        """The request's headers: the secret, as a bearer token."""
        return {"Authorization": f"Bearer {self.secret}"}

    @property
    def header(self) -> str:
        """The same header as one line."""
        return f"Authorization: Bearer {self.secret}"

    @property
    def request(self) -> bytes:
        """The request as octets, for programs that speak TLS and no HTTP."""
        lines = ["GET /account HTTP/1.1", "Host: localhost", self.header, "Connection: close", "", ""]
        return "\r\n".join(lines).encode()


@dataclass(frozen=True)
class Said:
    """What a program said when it ended: its exit code, where it has one, and its own words, one line."""

    code: int | None
    words: str = ""

    @property
    def content(self) -> bool:
        """Whether it ended as one that has its answer: no complaint, and no exit code but 0."""
        return not self.code and not self.words

    def __str__(self) -> str:
        return ", ".join(filter(None, (f"exit code {self.code}" if self.code is not None else "", self.words)))


Caller = Callable[[Sequence[ProgramCall]], Sequence[Said]]
"""Makes all these calls, each once, and says how each ended. A program that could not be started raises OSError."""


@dataclass(frozen=True, eq=False)
class Program:
    """
    A real client. `ways` maps a client of the lab's table (a profile, or ``unpinned``) to what calls it that way.

    `version` gives the version, or None where the program is not there;
    `install` is the command that would install it. `building` says how it
    builds its paths where it is ``unpinned``; profiles say it themselves. `plain` is the client
    that speaks for it there: some programs ask for a staple whether they are told to or not.
    """

    name: str
    install: str
    version: Callable[[], str | None]
    ways: dict[str, Caller]
    building: PathBuilding = AS_OPENSSL
    plain: str = UNPINNED

    def speaks(self, way: str) -> Client:
        """The client of the lab's table whose verdicts predict this way to call it."""
        row = client(self.plain if way == UNPINNED else way)
        return row if row.profile else replace(row, building=self.building)


# ---- ways to call ---------------------------------------------------------------------------------


def one_by_one(run: Callable[[ProgramCall], Said]) -> Caller:
    """What calls a program that is started anew for each call; a few at a time."""

    def all_of(calls: Sequence[ProgramCall]) -> Sequence[Said]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(run, calls))

    return all_of


@dataclass(frozen=True)
class Ended:
    """What a command's process gave: its exit code (None where it did not end in time), what it wrote."""

    code: int | None
    out: bytes
    errors: bytes


def last_line(octets: bytes) -> str:
    """The last line that is not blank, at most 200 characters of it."""
    lines = [line.strip() for line in octets.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


@dataclass(frozen=True)
class CommandLine:
    """
    A way that starts a command for each call. Whoever runs it and whoever prints it have the same words.

    `words` gives them; where `asks` is set, the program speaks TLS and no HTTP,
    and the request goes to its standard input. `told` picks its own words from
    what it wrote to its error stream.
    """

    words: Callable[[ProgramCall], Sequence[str | Path]]
    asks: bool = False
    told: Callable[[bytes], str] = last_line

    def __call__(self, calls: Sequence[ProgramCall]) -> Sequence[Said]:
        """Make all these calls, a few at a time."""
        return one_by_one(self.once)(calls)

    def once(self, call: ProgramCall) -> Said:
        """Make one call."""
        return started(self.words(call), put=call.request if self.asks else b"", home=call.home, told=self.told)


def started(
    command: Sequence[str | Path],
    *,
    put: bytes = b"",
    home: Path,
    patience: float = PATIENCE,
    told: Callable[[bytes], str] = last_line,
) -> Said:
    """Run a command to its end, and say how it ended: its words are what `told` picks from its error stream."""
    done = to_its_end(command, put=put, home=home, patience=patience)
    return Said(done.code, "" if done.code == 0 else told(done.errors) or last_line(done.out))


def batch(command: Sequence[str | Path], jobs: str, calls: int) -> Sequence[Said]:
    """
    Run one command that makes all the calls, as `jobs` says on its standard input.

    It writes a line for each call when that has ended: the call's number, from
    0, an exit code and its words, with tabs between.
    """
    with tempfile.TemporaryDirectory(prefix="lab-home-") as home:
        done = to_its_end(command, put=jobs.encode(), home=Path(home), patience=PATIENCE * calls)
    said = [Said(done.code, last_line(done.errors) or "it ended before this call")] * calls
    for line in done.out.decode("utf-8", "replace").splitlines():
        number, code, words = line.split("\t", 2)
        said[int(number)] = Said(int(code), words[:200] if code != "0" else "")
    return said


def to_its_end(command: Sequence[str | Path], *, put: bytes = b"", home: Path, patience: float = PATIENCE) -> Ended:
    """
    Run a command, with `put` on its standard input and `home` as its home directory, for `patience` seconds at most.

    No setting of the user's reaches it: no proxy, no configuration file.
    """
    try:
        done = subprocess.run(
            [str(word) for word in command],
            input=put,
            capture_output=True,
            env=environment(home),
            cwd=home,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired as slow:
        return Ended(None, slow.stdout or b"", f"did not end within {patience:.0f} seconds".encode())
    return Ended(done.returncode, done.stdout, done.stderr)


def environment(home: Path) -> dict[str, str]:
    """The environment of a program that shall know nothing of this user: no proxy, no settings, another home."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith(_SETTINGS)
    }
    return {**kept, **dict.fromkeys(_HOMES, str(home)), "LC_ALL": "C"}


def every_place(name: str) -> list[str]:
    """Where a program of this name is: on the search path first, then among what was fetched."""
    return [found for where in (None, str(FETCHED / "usr" / "bin")) if (found := shutil.which(name, path=where))]


def packaged(name: str, place: str) -> str | None:
    """The version of the Debian package of a program that does not say its own; None where nobody knows."""
    if Path(place).is_relative_to(FETCHED):
        with suppress(OSError):  # it was fetched by half
            return (FETCHED / f"{name}.version").read_text("utf-8").strip()
        return None
    return version_of(["dpkg-query", "--show", "--showformat=${Version}", name], r"\S+")()


def version_of(command: Sequence[str], pattern: str = r"\d+(?:\.\d+)+") -> Callable[[], str | None]:
    """What gives a command's version: the first match of `pattern` in what it prints; None where it is not there."""

    def version() -> str | None:
        if shutil.which(command[0]) is None:
            return None
        try:
            done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        found = re.search(pattern, (done.stdout + done.stderr).decode("utf-8", "replace"))
        return found.group(0) if found else None

    return version
