"""
Progress, for whoever is watching the error stream.

It knows how far the work is, and nothing of the work.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lab.observation import Progress, untold

PATIENCE = 1.0
"""Seconds in which work shows nothing: who gets an answer at once need not be told that it comes."""


@contextmanager
def watched() -> Iterator[Progress]:
    """A bar on the error stream, after a second, gone at the end; nothing where no terminal is."""
    if not sys.stderr.isatty():
        yield untold
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    bar = Bar(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task("")
    began = time.monotonic()

    def told(done: int, of: int, name: str) -> None:
        bar.update(task, completed=done, total=of, description=name)
        if time.monotonic() - began > PATIENCE:
            bar.start()

    try:
        yield told
    finally:
        if bar.live.is_started:
            bar.stop()
