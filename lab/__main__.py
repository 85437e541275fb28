"""
The program, as a shell starts it: `python -m lab`.

It knows signals and streams, and nothing of what it runs: that is loaded when signals are heard.
"""

from __future__ import annotations

import os
import sys

from lab.cli.terminal import survive
from lab.wire import interrupt


def program() -> int:
    """The whole program; returns the exit code."""
    interrupt.end_at_once()
    for name in ("stdout", "stderr"):  # `>&-` closes them, and then nobody wants to know
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    survive()
    from lab.verbs import main

    try:
        interrupt.listen()
        return main()
    except KeyboardInterrupt as stop:  # just before it began, or just after it ended
        return 128 + int(stop.args[0])
    finally:
        interrupt.ignore()  # all is done, and what Python does at its end is short
        # An interrupt that passed through code made of text (a dataclass's) has CPython end as if nobody had caught it,
        # whatever the exit code; running such code once more makes it forget that.
        exec("pass")


if __name__ == "__main__":
    sys.exit(program())
