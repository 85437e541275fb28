"""
The grain of the notebooks, a line for each: how long prose and code are, and when a task comes. `python tests/grain.py`

A fold that is closed until somebody opens it (a hint, a solution) is not counted, nor is a fence of code in prose.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
FOLD = re.compile(r"<details>.*?</details>|```.*?```", re.DOTALL)


@dataclass(frozen=True)
class Grain:
    """
    `words` is the median of the prose cells, `together` how many of these stand behind another one.

    `long` counts code cells of more than three lines, stubs left out; `task` is the number of cells before the first
    stub, and `tasks` how many there are.
    """

    name: str
    cells: int
    words: float
    longest: int
    together: int
    lines: float
    long: int
    task: int | None
    tasks: int


def grain(path: Path) -> Grain:
    """The grain of one notebook."""
    found = json.loads(path.read_text("utf-8"))["cells"]
    prose = [len(FOLD.sub("", "".join(one["source"])).split()) for one in found if one["cell_type"] == "markdown"]
    stubs = [number for number, one in enumerate(found) if "exercise" in one["metadata"].get("tags", [])]
    code = ["".join(one["source"]).count("\n") + 1 for one in found if one["cell_type"] == "code"]
    told = [
        "".join(one["source"]).count("\n") + 1
        for number, one in enumerate(found)
        if one["cell_type"] == "code" and number not in stubs
    ]
    kinds = [one["cell_type"] for one in found]
    return Grain(
        path.stem,
        len(found),
        median(prose),
        max(prose),
        sum(pair == ("markdown", "markdown") for pair in pairwise(kinds)),
        median(code),
        sum(lines > 3 for lines in told),
        min(stubs, default=None),
        len(stubs),
    )


def every() -> list[Grain]:
    """The grain of every notebook, in the course's order."""
    return [grain(path) for path in sorted(NOTEBOOKS.glob("*.ipynb"))]


if __name__ == "__main__":
    print(f"{'notebook':32}cells  words (longest)  together  lines  long  first task  tasks")
    for one in every():
        task = "none" if one.task is None else f"cell {one.task}"
        print(
            f"{one.name:32}{one.cells:5}  {one.words:5g} {f'({one.longest})':>9}  {one.together:8}  "
            f"{one.lines:5g}  {one.long:4}  {task:>10}  {one.tasks:5}"
        )
