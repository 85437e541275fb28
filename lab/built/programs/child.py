"""
A program that runs beside this one: started in a session of its own, and dead when this process is.

What it says goes to a file in its own folder. What the program does is not known here; a server is handed ports of
loopback that nobody has.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from lab.built.programs.program import environment, last_line
from lab.wire.listener import HOME

OUTPUT = "output.txt"
LAST = 5.0  # seconds between asking a program to end and ending it
START = 10.0  # seconds that a server may take until it answers
TRIES = 3  # somebody else may take a port between our looking and its listening
AGAIN = 0.02  # seconds between two looks

# Ends a group of processes when its own standard input does: when whoever started it is no longer there. A wish to the
# kernel (PR_SET_PDEATHSIG) would be forgotten where the program changes its user, and heard where a thread ends.
_WATCH = "import os, sys; os.read(0, 1); os.killpg(int(sys.argv[1]), 9)"


class Child:
    """
    A command that runs in `folder` until `stop`. `settings` are added to an environment that knows nothing of the user.

    Should this process be killed outright, the program dies too (not on Windows), and its folder is left behind.
    Raises OSError where it cannot be started.
    """

    def __init__(self, command: Sequence[str | Path], folder: Path, settings: dict[str, str] | None = None) -> None:
        self._over = False
        with (folder / OUTPUT).open("wb") as output:
            self._process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**environment(folder), **(settings or {})},
                cwd=folder,
                start_new_session=True,  # Ctrl-C in the terminal is ours to pass on
            )
        self._watch: subprocess.Popen[bytes] | None = None
        if sys.platform != "win32":
            self._watch = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _WATCH, str(self._process.pid)],
                stdin=subprocess.PIPE,
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def stop(self, patience: float = LAST) -> None:
        """End the program and what it has started, by force after `patience` seconds. Calling it twice is fine."""
        if self._over:  # somebody else may have its number by now
            return
        self._over = True
        if self._watch is not None:
            self._watch.kill()
            self._watch.communicate()
        _signal(self._process, hard=False)
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
        finally:
            _signal(self._process, hard=True)
            self._process.wait()


class Started:
    """What was started, with all that ends with it, which is in `_closing`. A context manager; leaving it stops it."""

    _closing: ExitStack

    def stop(self) -> None:
        """End all that was started, and remove its folders. Calling it twice is fine."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def serving(
    program: str,
    folder: Path,
    ports: int,
    told: Callable[[Sequence[int]], Sequence[str | Path]],
    answers: Callable[[], object],
    settings: dict[str, str],
    name: str = "",
) -> Child:
    """
    A server, when it answers. `told` has it listen on these ports, and gives its arguments; `answers` asks it.

    While it does not answer, `answers` raises OSError. Raises ValueError, in one sentence, where it never does; with
    its `name`, if the program is what starts it.
    """
    for _ in range(TRIES):
        with ExitStack() as held:
            free = [held.enter_context(socket.create_server((HOME, 0))).getsockname()[1] for _ in range(ports)]
        try:
            child = Child([program, *told(free)], folder, settings)
        except OSError as problem:
            raise ValueError(f"cannot start {program}: {problem.strerror}; install it again") from None
        with ExitStack() as started:
            started.callback(child.stop)
            ends = time.monotonic() + START
            while child.alive and time.monotonic() < ends:
                with contextlib.suppress(OSError):
                    answers()
                    started.pop_all()
                    return child
                time.sleep(AGAIN)
    raise ValueError(f"{name or Path(program).name} did not begin to answer; its last words were: {words_of(folder)}")


def words_of(folder: Path) -> str:
    """The last line that the program of this folder has written."""
    return last_line((folder / OUTPUT).read_bytes()) or "none"


def _signal(process: subprocess.Popen[bytes], *, hard: bool) -> None:
    """To the program and its children: a new session is a process group of its own."""
    if sys.platform == "win32":
        process.kill() if hard else process.terminate()
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # they have all ended
            os.killpg(process.pid, signal.SIGKILL if hard else signal.SIGTERM)
