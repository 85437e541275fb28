"""
Runs the notebooks and writes them, with the pages beside them, as a book of HTML pages that need no network.

Needs the second lock (Jupyter); nothing else in the lab imports it.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.course.book import chapters, contents, page, read
from lab.disk import ready, written
from lab.observation import Progress, untold

NOTEBOOKS = Path(__file__).parent.parent.parent / "notebooks"


def find(folder: Path = NOTEBOOKS) -> list[Path]:
    """Every notebook of the course, in reading order."""
    return sorted(path for path in folder.glob("*.ipynb"))


class _Loop(asyncio.SelectorEventLoop):
    """An event loop in which signals stay what they are to this program: nbclient would take them and not give back."""

    def add_signal_handler(self, *_: object) -> None:
        pass

    def remove_signal_handler(self, *_: object) -> bool:
        return False

    def call_exception_handler(self, _: object) -> None:
        """Say nothing: what ends a notebook is raised, and what an interrupted one then stumbles over is no news."""


def run(notebook, folder: Path = NOTEBOOKS):  # type: ignore[no-untyped-def]
    """
    The notebook, executed in a fresh kernel that starts in this folder.

    Raises nbclient.exceptions.CellExecutionError where a cell fails that is not
    meant to (a cell that is carries the tag raises-exception).
    """
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    # What a kernel that is ended outright leaves behind goes with this folder; it may still be at it.
    with tempfile.TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True) as sockets:
        # Unix sockets start faster than TCP ports and nobody else can reach them; Windows has none.
        near = {} if sys.platform == "win32" else {"transport": "ipc", "ip": f"{sockets}/kernel"}
        kernel = AsyncKernelManager(connection_file=f"{sockets}/kernel.json", **near)
        own = {**os.environ, "TMPDIR": sockets}
        client = NotebookClient(notebook, timeout=120, km=kernel, resources={"metadata": {"path": str(folder)}})
        try:
            with asyncio.Runner(loop_factory=_Loop) as runner:
                # It would leave a kernel that it was given running; and one that is ended stumbles, and says so.
                runner.run(client.async_execute(cleanup_kc=True, stderr=subprocess.DEVNULL, env=own))
        finally:  # where it was interrupted while it ended the kernel, it would end it once more
            atexit.unregister(client._cleanup_kernel)
    return notebook


def publish(
    out: Path,
    tell: Callable[[str], None] = print,
    progress: Progress = untold,
    execute: Callable[[Any], Any] = run,
) -> list[Path]:
    """
    Write the book to `out`: every notebook as shipped, run by `execute`, and the other pages; one line for each page.

    Raises ValueError where a page cannot be written, or links to what is no page.
    """
    book = chapters(NOTEBOOKS)
    made = []
    for number, chapter in enumerate(book, start=1):
        began = time.perf_counter()
        progress(number - 1, len(book), chapter.name)
        target = out / f"{chapter.name}.html"
        ready(target, folders=True)
        notebook = contents(book) if chapter == book[0] else read(chapter.source)
        written(target, page(execute(notebook) if chapter.source.suffix == ".ipynb" else notebook, chapter, book))
        made.append(target)
        tell(f"[{number}/{len(book)}] {target}  {time.perf_counter() - began:.1f} s")
    tell(f"Next: open {made[0]} in a browser.")
    return made
