"""
Commands for outside programs, ready to paste, and what the lab expects each to do.

How a program is called is the programs' own to say; here its words are put as
a shell takes them. What is expected is never typed either: a client of the
lab's own, with the program's profile, goes through the same meeting with the
same certificates.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import mldsa

from lab.built.programs import chromium
from lab.built.programs.every import PROGRAMS
from lab.built.programs.outside import Outside
from lab.built.programs.program import CommandLine, ProgramCall
from lab.built.serve.files import Files
from lab.policy.clients import client
from lab.scenes.catalogue import Meeting
from lab.trials.engine import Encounter

FIRST, AGAIN = "the first time", "ever after"
TYPED = (
    ("curl", "curl", "unpinned", "no pins", ""),
    ("curl-pinned", "curl", "curl", "the site's leaf key is pinned", ""),
    ("curl-insecure", "curl", "curl-insecure", "no CA is asked, and the leaf key is pinned", ""),
    ("wget", "wget", "unpinned", "no pins", ""),
    ("wget-pinned", "wget", "wget", "the site's leaf key is pinned", ""),
    ("openssl", "openssl", "unpinned", "no pins", ""),
    ("openssl-dane", "openssl", "dane-3", "DANE usage 3: the leaf key is pinned, and no CA is asked", ""),
    ("gnutls-cli", "gnutls-cli", "unpinned", "no pins", ""),
    (
        "gnutls-cli-tofu",
        "gnutls-cli",
        "gnutls-tofu",
        "key continuity, the first time: the key that is met is remembered, in a home of its own",
        FIRST,
    ),
    (
        "gnutls-cli-strict-tofu",
        "gnutls-cli",
        "gnutls-tofu",
        "key continuity, ever after: only the remembered key will do",
        AGAIN,
    ),
    ("requests", "requests", "unpinned", "requests, no pins", ""),
)
"""Each command's name, program, way, what it does, and when a program that remembers is to be called so."""

NAMED = (*dict.fromkeys(program for _, program, *_ in TYPED), "browser")
"""The programs that commands are for, as they are asked for."""


@dataclass(frozen=True)
class Command:
    """
    One command: the program it needs, what it does, and the line to paste.

    `client` names the lab's client that speaks for it; None where the command
    only prepares another. `remembers` says that the program must have met the
    scene's first meeting before, with the command above this one. `asked` is
    the name under which the program is asked for.
    """

    name: str
    program: str
    does: str
    command: str
    client: str | None = None
    remembers: bool = False
    asked: str = "browser"


def quote(text: object) -> str:
    """One word of a command line, for the shells of this platform; in double quotes where it needs some and they do."""
    word = str(text)
    if re.fullmatch(r"[\w%+=:,./-]+", word, re.ASCII):
        return word
    if sys.platform == "win32" or not set(word) & set('"$`\\!'):
        return f'"{word}"'
    return shlex.quote(word)


def line_of(words: Sequence[object], home: Path | None = None) -> str:
    """These words as a line to paste, for a program that has `home` as its home directory where one is given."""
    return " ".join(map(quote, ["env", f"HOME={home}", *words] if home else words))


def commands(outside: Outside, files: Files) -> list[Command]:
    """Every command for this scene, program by program. They stay as they are when the credential changes."""
    return [*_typed(outside, files), *_browser(_call(outside, files, "browser"), files)]


def _call(outside: Outside, files: Files, name: str, first: bool = False) -> ProgramCall:
    """What the command of this name sends as its bearer token tells in the attacker's log whose it was."""
    return ProgramCall(outside.port, files.store, outside.scene.site, f"secret-of-{name}", files.home, first)


def _typed(outside: Outside, files: Files) -> Iterator[Command]:
    for name, program, profile, does, when in TYPED:
        if when and sys.platform == "win32":
            continue  # what it remembers would go into the user's own home
        way, call = PROGRAMS[program].ways[profile], _call(outside, files, name, when == FIRST)
        assert isinstance(way, CommandLine)
        words = way.words(call)
        line = line_of(words, files.home if when else None)
        if when == FIRST:
            yield Command(name, str(words[0]), does, f"echo y | {line}", asked=program)
            continue
        line += f" < {quote(files.request(name, call))}" if way.asks else ""
        speaks = PROGRAMS[program].speaks(profile).name
        yield Command(name, str(words[0]), does, line, speaks, when == AGAIN, program)


def _browser(call: ProgramCall, files: Files) -> Iterator[Command]:
    home = None
    if sys.platform.startswith("linux"):
        home = files.home
        fill = " && ".join(map(line_of, chromium.filling(home, files.anchors)))
        does = "a home of its own for the browser, whose trust store holds the lab's anchors"
        yield Command("browser-store", "certutil", does, fill)
        words = chromium.command(files.home, call.url)
        does, speaks = "no pins; close it before the next one", chromium.CHROMIUM.plain
        yield Command("browser", words[0], does, line_of(words, home), speaks)
    words = chromium.command(files.home, chromium.forgiving([call]), call.url)
    does = "errors are forgiven where the leaf key is sent; this option forgives, and pins nothing"
    yield Command("browser-list", words[0], does, line_of(words, home), "chromium-list")


# ---- what is expected ----------------------------------------------------------------------------


def expected(outside: Outside, meeting: Meeting, wanted: list[Command]) -> dict[str, Encounter]:
    """
    What the lab's own client with each command's profile does in this meeting, by the command's name.

    Nothing is said of a meeting that is not today: no program with today's
    clock can be in it. Takes a few handshakes, on ports of their own.
    """
    first = next(one for one in outside.scene.meetings if not one.component)
    done: dict[tuple[str, bool], Encounter] = {}
    found = {}
    for one in wanted:
        meetings = (first, meeting) if one.remembers else (meeting,)
        if one.client and all(map(outside.today, meetings)):
            key = one.client, one.remembers
            done[key] = done.get(key) or outside.rehearsed(client(one.client), meetings)[-1]
            found[one.name] = done[key]
    return found


def needs(meeting: Meeting) -> str:
    """What a program's TLS library must know for this meeting, where that is not a matter of course."""
    if isinstance(meeting.credential.key, mldsa.MLDSA65PrivateKey):
        return "ML-DSA, as OpenSSL has it from 3.5; a program without it refuses, whatever is expected here"
    return ""


def record(command: Command, expects: Encounter | None) -> dict[str, Any]:
    """A command as plain JSON values."""
    return {**asdict(command), "expected": expectation(expects)}


def expectation(expects: Encounter | None) -> dict[str, Any] | None:
    """What is expected as plain JSON values; None where nothing is."""
    if expects is None or expects.outcome is None:
        return None
    return {
        "outcome": expects.outcome.value,
        "verdict": str(expects.verdict),
        "deciding_check": expects.verdict.check,
        "reason": expects.verdict.reason,
    }


def installed(command: Command) -> bool:
    """Whether the command's program is on this machine."""
    return bool(shutil.which(command.program))
