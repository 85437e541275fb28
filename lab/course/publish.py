"""
Runs the notebooks and writes the executed copies as HTML pages that need no network.

Needs the second lock (Jupyter); nothing else in the lab imports it.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lab.disk import ready, written
from lab.observation import Progress, untold

NOTEBOOKS = Path(__file__).parent.parent.parent / "notebooks"
REMOTE = re.compile(r"""<(?:script|link|img|iframe)[^>]+(?:src|href)\s*=\s*["']?(?:https?:)?//""", re.IGNORECASE)


def find(folder: Path = NOTEBOOKS) -> list[Path]:
    """Every notebook of the course, in reading order."""
    return sorted(path for path in folder.glob("*.ipynb"))


def read(path: Path):  # type: ignore[no-untyped-def]
    """The notebook as it stands in its file."""
    import nbformat

    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


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


def page(notebook, title: str) -> str:  # type: ignore[no-untyped-def]
    """The notebook as one HTML page. Raises ValueError where it would load anything from elsewhere."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name="lab")
    for url in ("require_js_url", "mathjax_url", "mermaid_js_url", "jquery_url", "jupyter_widgets_base_url"):
        if hasattr(exporter, url):
            setattr(exporter, url, "")
    html, _ = exporter.from_notebook_node(notebook, resources={"metadata": {"name": title}})
    html = re.sub(
        r"<script[^>]*>(?:(?!</script>).)*(?:mermaid|MathJax)(?:(?!</script>).)*</script>", "", html, flags=re.DOTALL
    )
    html = re.sub(r"""<script[^>]+src=["'][^"']*["'][^>]*>\s*</script>""", "", html)
    if REMOTE.search(html):
        raise ValueError(f"the page of {title} would load something from the network; this is a bug of the lab")
    return html


def publish(out: Path, tell: Callable[[str], None] = print, progress: Progress = untold) -> list[Path]:
    """Run every notebook as shipped and write its page to `out`, with one line for each."""
    paths = find()
    made = []
    for number, path in enumerate(paths, start=1):
        began = time.perf_counter()
        progress(number - 1, len(paths), path.stem)
        target = out / f"{path.stem}.html"
        ready(target, folders=True)
        written(target, page(run(read(path)), path.stem))
        made.append(target)
        tell(f"[{number}/{len(paths)}] {target}  {time.perf_counter() - began:.1f} s")
    return made
