"""What the tests of the notebooks do with them: fill the exercises, and run one without raising."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

from lab.course import publish
from lab.course.book import read

SOLUTION = re.compile(r"<details>.*?```python\n(.*?)```", re.DOTALL)


def attempt(path: Path) -> Any:
    """
    The notebook run as shipped, and then, in the same kernel, each solution and its check once more.

    The words of the problem where a cell failed. What is added at the end are two cells for each exercise.
    """
    from nbclient.exceptions import CellExecutionError

    notebook = read(path)
    notebook.cells += solved(notebook.cells)
    try:
        return publish.run(notebook)
    except CellExecutionError as problem:
        return str(problem)


def solved(cells: list[Any]) -> list[Any]:
    """Each exercise with its solution in it, followed by its check, tagged `solved`."""
    done = copy.deepcopy(cells)
    fill(done)
    again = []
    for cell in done:
        if tags := {"exercise", "check"} & set(cell["metadata"].get("tags", [])):
            cell["id"] += "-solved"
            cell["metadata"]["tags"] = ["solved"] if "check" in tags else []
            again.append(cell)
    return again


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
