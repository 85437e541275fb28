"""
Ctrl-C and its like: one way to stop this program, also while OpenSSL is calling back.

An exception that is raised there cannot pass through C: it would be printed,
lost, and taken for a refusal. So within a callback the wish is only noted, and
the client raises it when the connection is over.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType

ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Ctrl-C, `kill`, a terminal that was closed."""

_wished = 0


def listen() -> None:
    """
    Let each signal that asks a program to end raise KeyboardInterrupt, with its number, wherever the program is.

    The first is enough: those that follow do not disturb the cleaning up. A
    hangup that `nohup` has made this program ignore stays ignored. In the
    background it goes on where the terminal cannot be read. To be called in the
    main thread, once, by a command line.
    """
    for number in ENDING:
        # A shell that starts this in the background has it ignore Ctrl-C, and nobody means that.
        if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _heard)
    if hasattr(signal, "SIGTTIN"):
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)


def _heard(number: int, frame: FrameType | None) -> None:
    global _wished
    _wished = number
    while frame is not None:
        if frame.f_code.co_name == "wrapper" and frame.f_globals.get("__name__") == "OpenSSL.SSL":
            return
        frame = frame.f_back
    check()


def check() -> None:
    """Raise the KeyboardInterrupt that was noted within a callback, if there is one."""
    global _wished
    if _wished and threading.current_thread() is threading.main_thread():
        number, _wished = _wished, 0
        for ending in ENDING:
            signal.signal(ending, signal.SIG_IGN)
        raise KeyboardInterrupt(number)
