"""
Ctrl-C while OpenSSL is calling back.

An exception that is raised there cannot pass through C: it would be printed,
lost, and taken for a refusal. So within a callback the wish is only noted, and
the client raises it when the connection is over.
"""

from __future__ import annotations

import signal
from types import FrameType

_wished = False


def listen(number: int = signal.SIGINT) -> None:
    """
    Let Ctrl-C, or the signal of that number, stop this program as it should.

    To be called in the main thread, once, by a command line.
    """
    signal.signal(number, _heard)


def _heard(number: int, frame: FrameType | None) -> None:
    global _wished
    while frame is not None:
        if frame.f_code.co_name == "wrapper" and frame.f_globals.get("__name__") == "OpenSSL.SSL":
            _wished = True
            return
        frame = frame.f_back
    raise KeyboardInterrupt


def check() -> None:
    """Raise the KeyboardInterrupt that was noted within a callback, if there is one."""
    global _wished
    if _wished:
        _wished = False
        raise KeyboardInterrupt
