"""
`python -m lab serve`: what its arguments are, and what it prints.

It stands a scene up for outside programs, prints commands for them, and tells
what happens until Ctrl-C. Importing it loads nothing heavy.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from lab.cli.verb import file, forms, names, option, verb

if TYPE_CHECKING:
    from lab.built.serve.session import Session
    from lab.scenes.catalogue import Case

ENTER = "enter"
TICK = 0.5  # seconds between two looks at the clock
LASTING = option("--for", "end by itself after so many seconds", dest="seconds", type=float, metavar="SECONDS")


def lasting(seconds: float | None) -> float:
    """How many seconds `--for` gives; infinite without it. Raises ValueError for what is no time."""
    if seconds is None:
        return math.inf
    if not 0 <= seconds < threading.TIMEOUT_MAX:
        raise ValueError(f"--for {seconds:g} is no time to serve; give a number of seconds, as in --for 60")
    return seconds


def during(seconds: float, happening: queue.SimpleQueue[Any]) -> Iterator[Any]:
    """What is put into the queue, until the time is over; None now and then, where nothing is."""
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        happened = None
        with suppress(queue.Empty):
            # With a time limit: a wait without one cannot be interrupted on Windows.
            happened = happening.get(timeout=min(TICK, left))
        yield happened


def say(as_json: bool, record: Callable[[], Any], text: Callable[[], str]) -> None:
    """Print one event: an object on one line, or words."""
    print(json.dumps(record()) if as_json else text(), flush=True)


@verb(
    "serve",
    "other_trusted_ca",
    option(
        "scene",
        "an attack, a rotation or a slip, as `list` names it; it begins with the meeting that it is about",
        nargs="?",
        metavar="SCENE",
    ),
    option(
        "--rotate",
        "begin with the day before this rotation; Enter then changes the credential",
        metavar="ROTATION",
    ),
    names("--programs", "print commands for these, or for all; for the first that is here by default"),
    forms(json="one JSON object a line: first the scene, then each event"),
    LASTING,
    file(
        "--keylog",
        "write the TLS secrets of the lab's connections to this new file, in the format of SSLKEYLOGFILE "
        "(RFC 9850); they open the connections of the lab's throwaway servers, whatever was sent over them",
    ),
    file(
        "--capture",
        "record the lab's connections, on both sides of an attacker, to this new file for Wireshark; the bytes "
        "are real, the TCP/IP headers are made. With --keylog the secrets are in it, and it opens by itself; "
        "without, it is what an eavesdropper has",
        "FILE.pcapng",
    ),
)
def serve(chosen: argparse.Namespace) -> int:
    """
    Stand up a scene for outside programs (curl, openssl, a browser ...), print commands for them, and watch what
    the attacker reads. Enter puts the scene's next meeting on the same port; Ctrl-C ends it and cleans up.

    Raises ValueError, in one sentence, for bad arguments, before anything is
    started.
    """
    from lab.built.serve.session import Session

    case, begins = _chosen(chosen)
    programs = _programs(chosen)
    seconds = lasting(chosen.seconds)
    happening: queue.SimpleQueue[Any] = queue.SimpleQueue()
    with Session(case, begins, happening, chosen.keylog, chosen.capture) as session:
        session.programs = programs
        say(chosen.json, session.record, session.text)
        _listen(happening)
        for happened in during(seconds, happening):
            if happened is not None:
                _tell(chosen, session, happened)
            for problem in session.problems():
                print(f"lab: {problem}", file=sys.stderr, flush=True)
    return 0


def _chosen(chosen: argparse.Namespace) -> tuple[Case, int | None]:
    """The case, and the number of the meeting that it begins with, where that is not the one it is about."""
    from lab.scenes.catalogue import Kind, case

    if bool(chosen.scene) == bool(chosen.rotate):
        raise ValueError(
            "serve takes either a SCENE or --rotate ROTATION; try `serve other_trusted_ca` or `serve --rotate new_key`"
        )
    found = case(chosen.scene or chosen.rotate)
    if not chosen.rotate:
        return found, None
    if found.kind is not Kind.ROTATION:
        raise ValueError(
            f"{found.name} is no rotation; `serve {found.name}` stands it up, and Enter goes through its meetings"
        )
    return found, 0


def _programs(chosen: argparse.Namespace) -> list[str]:
    from lab import naming
    from lab.built.serve.commands import NAMED

    find = partial(naming.named, "command for a program", table={name: name for name in NAMED})
    return naming.chosen(chosen.programs or (), {"all": NAMED}, find)


def _tell(chosen: argparse.Namespace, session: Session, happened: Any) -> None:
    if happened is ENTER:
        turned = session.next()
        say(chosen.json, turned.record, turned.text)
    else:
        say(chosen.json, happened.record, happened.__str__)


def _listen(happening: queue.SimpleQueue[Any]) -> None:
    """Put ENTER into the queue for each line on standard input, until it ends; nothing where there is none."""

    def read(descriptor: int) -> None:
        # Not through sys.stdin: a thread that waits in its buffer is in the way when Python ends.
        with suppress(OSError):
            while octets := os.read(descriptor, 4096):
                for _ in range(octets.count(b"\n")):
                    happening.put(ENTER)

    with suppress(OSError, ValueError, AttributeError):  # no standard input, or a test's
        threading.Thread(target=read, args=(sys.stdin.fileno(),), name="lab-enter", daemon=True).start()
