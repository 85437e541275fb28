"""
Runs the notebooks and writes the executed copies as HTML pages that need no network.

Needs the second lock (Jupyter); nothing else in the lab imports it.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

NOTEBOOKS = Path(__file__).parent.parent.parent / "notebooks"
SOLUTION = re.compile(r"<details>.*?```python\n(.*?)```", re.DOTALL)
SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL | re.IGNORECASE)  # for mathematics; no notebook has any
REMOTE = re.compile(r"""<(?:script|link|img|iframe)[^>]+(?:src|href)\s*=\s*["']?(?:https?:)?//""", re.IGNORECASE)


def find(folder: Path = NOTEBOOKS) -> list[Path]:
    """Every notebook of the course, in reading order."""
    return sorted(path for path in folder.glob("*.ipynb"))


def run(path: Path, *, solved: bool = False):  # type: ignore[no-untyped-def]
    """
    The notebook, executed in a fresh kernel; with `solved`, each exercise filled by its folded solution.

    Raises nbclient.exceptions.CellExecutionError where a cell fails that is not
    meant to (a cell that is carries the tag raises-exception).
    """
    import nbformat
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    if solved:
        fill(notebook.cells)
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        # Unix sockets start faster than TCP ports and nobody else can reach them; Windows has none.
        near = {} if sys.platform == "win32" else {"transport": "ipc", "ip": f"{folder}/kernel"}
        client = NotebookClient(
            notebook,
            timeout=120,
            km=AsyncKernelManager(**near),
            resources={"metadata": {"path": str(path.parent)}},
        )
        client.execute(cleanup_kc=True)  # it would leave a kernel that it was given running
    return notebook


def attempt(path: Path, solved: bool):  # type: ignore[no-untyped-def]
    """As `run`, with the words of the problem in the notebook's place where a cell failed."""
    from nbclient.exceptions import CellExecutionError

    try:
        return run(path, solved=solved)
    except CellExecutionError as problem:
        return str(problem)


def fill(cells) -> int:  # type: ignore[no-untyped-def]
    """Put each folded solution into the exercise above it; returns how many there were."""
    waiting = None
    filled = 0
    for cell in cells:
        if "exercise" in cell.get("metadata", {}).get("tags", []):
            waiting = cell
        found = SOLUTION.search(cell["source"]) if cell["cell_type"] == "markdown" else None
        if found and waiting is not None:
            waiting["source"] = found[1]
            waiting = None
            filled += 1
    return filled


def page(notebook, title: str) -> str:  # type: ignore[no-untyped-def]
    """The notebook as one HTML page. Raises ValueError where it would load anything from elsewhere."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name="lab")  # type: ignore[no-untyped-call]
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


def publish(out: Path, tell: Callable[[str], None] = print) -> list[Path]:
    """Run every notebook as shipped and write its page to `out`, with one line for each."""
    out.mkdir(parents=True, exist_ok=True)
    written = []
    paths = find()
    for number, path in enumerate(paths, start=1):
        began = time.perf_counter()
        html = page(run(path), path.stem)
        target = out / f"{path.stem}.html"
        beside = target.with_suffix(".new")
        beside.write_text(html, encoding="utf-8")
        beside.replace(target)
        written.append(target)
        tell(f"[{number}/{len(paths)}] {target}  {time.perf_counter() - began:.1f} s")
    return written
