"""What the tests of the notebooks do with them: fill the exercises, and run one without raising."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lab.course import publish

SOLUTION = re.compile(r"<details>.*?```python\n(.*?)```", re.DOTALL)


def attempt(path: Path, solved: bool) -> Any:
    """The notebook run, with its exercises filled where `solved`; the words of the problem where a cell failed."""
    from nbclient.exceptions import CellExecutionError

    notebook = publish.read(path)
    if solved:
        fill(notebook.cells)
    try:
        return publish.run(notebook)
    except CellExecutionError as problem:
        return str(problem)


def fill(cells: list[Any]) -> int:
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
