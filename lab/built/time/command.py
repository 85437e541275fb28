"""
``python -m lab timeline [NAME|FILE.toml]``: list the ready timelines, or run one.

It parses no arguments of its own accord: `arguments` says which there are,
`command` takes them parsed. A faulty file is a ValueError of one sentence.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the parser of every command is built from here, so nothing heavy is loaded before it is wanted
    from lab.built.time.run import Chronicle
    from lab.observation import Progress

    Draw = Callable[[Chronicle], str]
    """Makes a whole HTML page of a run; the picture belongs to a later room."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Give the parser this command's arguments."""
    parser.add_argument("which", nargs="?", metavar="NAME|FILE.toml", help="without it, the ready timelines are listed")
    parser.add_argument("--json", action="store_true", help="every point as JSON")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the picture and the tables as one HTML page")


def command(chosen: argparse.Namespace, draw: Draw, progress: Progress | None = None) -> str:
    """
    What the command prints. `draw` makes the page for ``--html``.

    Raises ValueError, in one sentence, for a name or a file that is not right.
    """
    from lab.built.time import report
    from lab.built.time.reading import load, ready
    from lab.built.time.run import run

    if chosen.which is None:
        lines = [load(name) for name in ready()]
        if chosen.json:
            return json.dumps([{"timeline": line.name, "title": line.title} for line in lines], indent=1)
        return report.catalogue(lines) + "\n\nRun one: python -m lab timeline five-years"
    line = load(chosen.which)
    if chosen.html is not None and not chosen.html.parent.is_dir():
        raise ValueError(f"{chosen.html.parent} is no folder; give --html a file in a folder that exists")
    lived = run(line, progress)
    if chosen.html is not None:
        write(chosen.html, draw(lived))
    return json.dumps(lived.record(), indent=1) if chosen.json else report.text(lived)


def write(path: Path, page: str) -> None:
    """Write the page beside `path` and rename it: a reader never finds half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(page, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
