"""
`python -m lab report`: what its arguments are, and where it writes the page.

The page is written beside its place and renamed, so that a page that is there
is a whole one.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.observation import Progress

ABOUT = "Write the atlas: one HTML page with every trial and its trace, the profiles, and the field's results."
EXAMPLE = "report --out build/atlas.html"
OUT = Path("build/atlas.html")


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Give the parser of `report` its arguments."""
    command.add_argument("--out", type=Path, default=OUT, metavar="FILE.html", help=f"where (default: {OUT})")
    command.add_argument(
        "--field",
        type=Path,
        metavar="FILE.json",
        help="what `field --json` wrote (default: build/field.json, where it is there)",
    )
    command.add_argument("--clients", nargs="+", metavar="NAME", help="clients by name, or story; all by default")
    command.add_argument("--scenes", nargs="+", metavar="NAME", help="scenes by name, or attacks, rotations")
    command.add_argument("--profiles", nargs="+", metavar="NAME", help="profiles by name, or none; all by default")
    command.add_argument("--json", action="store_true", help="print what the page is made of, and write no page")


def run(chosen: argparse.Namespace) -> int:
    """Run the trials and write the page; 0. Raises ValueError for bad input, and where the page cannot be written."""
    from lab.built.atlas.gather import FIELD, gather
    from lab.show.notebook import cases, clients

    def named(given: Sequence[str] | None) -> list[str]:
        return [word for one in given or ("all",) for word in one.split(",") if word]

    groups = {"all": ["profiles"], "none": []}
    rows = [one for name in named(chosen.clients) for one in clients(name)]
    scenes = [one for name in named(chosen.scenes) for one in cases(name)]
    asked = [group for name in named(chosen.profiles) for group in groups.get(name, [name])]
    profiles = [one for name in asked for one in clients(name)]
    # The file that was asked for must be there; the usual one may be.
    field = chosen.field or (FIELD if FIELD.is_file() else None)
    with watched() as progress:
        once = dict.fromkeys
        gathered = gather(once(rows), once(scenes), once(profiles), field, progress)
    if chosen.json:
        print(json.dumps(gathered, indent=1))
        return 0
    from lab.built.atlas.page import page

    size = write(chosen.out, page(gathered))
    print(f"{chosen.out}  ({size / 1e6:.1f} MB; open it in a browser, it needs no network)")
    return 0


def write(out: Path, text: str) -> int:
    """Write beside, then rename; returns the size in bytes. Raises ValueError where the place cannot be written."""
    encoded = text.encode()
    beside = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
        beside = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(encoded)
        beside.chmod(0o644)  # a page to hand on; temporary files are made for their owner only
        beside.replace(out)
    except OSError as problem:
        if beside is not None:
            beside.unlink(missing_ok=True)
        raise ValueError(f"cannot write {out}: {problem.strerror}; name another place with --out") from None
    return len(encoded)


@contextmanager
def watched() -> Iterator[Progress]:
    """Progress on the error stream: a bar where somebody is watching, else a line for each kind of work."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    watching = Console(stderr=True)
    if not watching.is_terminal:

        def line(done: int, of: int, what: str) -> None:
            if not done:
                print(f"{what.partition(':')[0]}, in {of} scenes", file=sys.stderr, flush=True)

        yield line
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=watching, transient=True) as bar:
        task = bar.add_task("")
        yield lambda done, of, what: bar.update(task, completed=done, total=of, description=what)
