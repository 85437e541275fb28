"""
Ctrl-C and its like: one way to stop this program, also while OpenSSL is calling back.

An exception that is raised there cannot pass through C: it would be printed,
lost, and taken for a refusal. So within a callback the wish is only noted, and
the client raises it when the connection is over.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Ctrl-C, `kill`, a terminal that was closed."""

SOON = 0.02
"""Seconds until a signal that came while a module was being loaded is heard once more."""
LOST = 1.0
"""Seconds after which what was raised has to be in somebody's hands."""

_wished = 0


def end_at_once() -> None:
    """
    Let such a signal end this process, at once and without a word: for as long as nothing is begun.

    An exception would be lost, or become another, within what is just being loaded.
    """
    _hear(lambda number, _: os._exit(128 + number))


def ignore() -> None:
    """Go on, whoever asks this program to end: for when it is ending."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def _hear(heard: Callable[[int, FrameType | None], None]) -> None:
    for number in ENDING:
        # A shell that starts this in the background has it ignore Ctrl-C, and nobody means that.
        if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, heard)


def listen() -> None:
    """
    Let each signal that asks a program to end raise KeyboardInterrupt, with its number, wherever the program is.

    The first is enough: those that follow do not disturb the cleaning up. A
    hangup that `nohup` has made this program ignore stays ignored. In the
    background it goes on where the terminal cannot be read. To be called in the
    main thread, once, by a command line.
    """
    _hear(_heard)
    sys.unraisablehook = _dropped
    if hasattr(signal, "SIGTTIN"):
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)


def _dropped(lost: sys.UnraisableHookArgs) -> None:
    """What nobody could raise, as in a weak reference's callback, is told; but for a wish to end, which comes again."""
    if not isinstance(lost.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(lost)


def _heard(number: int, frame: FrameType | None) -> None:
    global _wished
    _wished = number
    # What is raised while a module is loaded may become another error there, or leave half a module behind.
    while frame is not None:
        if frame.f_code.co_name == "wrapper" and frame.f_globals.get("__name__") == "OpenSSL.SSL":
            return
        if frame.f_code.co_name == "_find_and_load":
            _later(SOON, number)
            return
        frame = frame.f_back
    check()


def _perhaps_lost(number: int, frame: FrameType | None) -> None:
    """Where the first was raised and nobody is cleaning up, C code has dropped it: raise it once more."""
    problem = sys.exc_info()[1]
    while problem is not None and not isinstance(problem, KeyboardInterrupt):
        problem = problem.__context__
    if problem is None:
        _heard(number, frame)


def _later(seconds: float, number: int) -> None:
    again = threading.Timer(seconds, _once_more, (number,))
    again.daemon = True
    again.start()


def _once_more(number: int) -> None:
    if sys.platform == "win32":
        signal.raise_signal(number)
    else:  # to the main thread: it may sleep, and a signal to another would not wake it
        signal.pthread_kill(threading.main_thread().ident or 0, number)


def check() -> None:
    """Raise the KeyboardInterrupt that was noted within a callback, if there is one."""
    global _wished
    if _wished and threading.current_thread() is threading.main_thread():
        number, _wished = _wished, 0
        for ending in ENDING:
            signal.signal(ending, _perhaps_lost)
        _later(LOST, number)
        raise KeyboardInterrupt(number)
