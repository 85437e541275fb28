"""
What a real program is, to the field test: how it is found, and how it is run.

A program is given calls (a port, a trust store, pins, a secret to send) and
says how it ended. Whether it talked is not asked of it: the other side knows.
No scene and no profile is known here but by name.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from lab.policy.pinset import Role, Site

PATIENCE = 20.0  # seconds that one program may take for one call
AT_ONCE = 4  # calls of one program that run beside each other

_SETTINGS = ("CHROMIUM_", "CURL_", "GNUTLS_", "NODE_", "OPENSSL_", "SSL", "WGETRC", "XDG_")
"""How variables begin that change what a program here trusts, reads or writes down (SSLKEYLOGFILE)."""
_HOMES = ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")


@dataclass(frozen=True)
class Call:
    """
    One connection that a program is asked to make, to ``https://localhost:PORT/account``.

    `store` is a PEM file with the trust anchors; `site` the genuine service's
    pins by role. `secret` goes into the request, as a bearer token or in the
    query. `home` is a directory that the program keeps between the calls of one
    scene; `first` says that this is the enrolment, where a program that
    remembers is told to.
    """

    port: int
    store: Path
    site: Site = field(repr=False)
    secret: str
    home: Path
    first: bool = False

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/account"

    def pin(self, role: Role) -> str:
        """The one pin of that role, as ``sha256/BASE64``."""
        (found,) = self.site[role]
        return found

    def base64(self, role: Role) -> str:
        return self.pin(role).partition("/")[2]

    def hex(self, role: Role) -> str:
        return base64.b64decode(self.base64(role)).hex()

    @property
    def headers(self) -> dict[str, str]:
        """The request's headers: the secret, as a bearer token."""
        return {"Authorization": f"Bearer {self.secret}"}

    @property
    def request(self) -> bytes:
        """The request as octets, for programs that speak TLS and no HTTP."""
        lines = ["GET /account HTTP/1.1", "Host: localhost", f"Authorization: Bearer {self.secret}"]
        return "\r\n".join([*lines, "Connection: close", "", ""]).encode()


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


Run = Callable[[Sequence[Call]], Sequence[Said]]
"""Makes all these calls, each once, and says how each ended. A program that could not be started raises OSError."""


@dataclass(frozen=True)
class Program:
    """
    A real client. `ways` maps a client of the lab's table (a profile, or ``unpinned``) to what runs it that way.

    `version` gives the version, or None where the program is not there;
    `install` is the command that would install it.
    """

    name: str
    install: str
    version: Callable[[], str | None]
    ways: dict[str, Run]


PROGRAMS: dict[str, Program] = {}


def register(program: Program) -> Program:
    """Add a program to the field. Raises ValueError where the name is taken."""
    if program.name in PROGRAMS:
        raise ValueError(f"there is already a program named {program.name!r}; names are ids, choose another")
    PROGRAMS[program.name] = program
    return program


def one_by_one(run: Callable[[Call], Said]) -> Run:
    """A run of a program that is started anew for each call; a few at a time."""

    def all_of(calls: Sequence[Call]) -> Sequence[Said]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(run, calls))

    return all_of


def started(
    command: Sequence[str | Path],
    *,
    put: bytes = b"",
    home: Path,
    patience: float = PATIENCE,
    words: Callable[[bytes], str] | None = None,
) -> Said:
    """
    Run a command to its end, with `put` on its standard input and `home` as its home directory.

    No setting of the user's reaches it: no proxy, no configuration file. The
    words are the last line that it wrote to its error stream, or what `words` picks from it.
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
    except subprocess.TimeoutExpired:
        return Said(None, f"did not end within {patience:.0f} seconds")
    said = (words or last_line)(done.stderr) or last_line(done.stdout)
    return Said(done.returncode, said if done.returncode else "")


def environment(home: Path) -> dict[str, str]:
    """The environment of a program that shall know nothing of this user: no proxy, no settings, another home."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith(_SETTINGS)
    }
    return {**kept, **dict.fromkeys(_HOMES, str(home)), "LC_ALL": "C"}


def last_line(octets: bytes) -> str:
    """The last line that is not blank, at most 200 characters of it."""
    lines = [line.strip() for line in octets.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


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
