"""
The verbs of the course: the notebooks as a book, the work place, the set-up's check, and the archive for a room.

They print; what they do is done elsewhere.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import os
import textwrap
from pathlib import Path

from lab.cli.verb import file, flag, forms, names, option, printed, runs, verb
from lab.cli.watched import watched
from lab.naming import printable

LINE = 80
SIGNS = {"fine": "✓", "note": "·", "wrong": "✗"}


def _told(line: str) -> None:
    print(_set_in("", printable(line, 4000).replace("python -m lab", runs())), flush=True)


def _set_in(begins: str, said: str) -> str:
    """In lines that fit; what runs over is set in, and no command or path is broken."""
    return textwrap.fill(
        said,
        LINE,
        initial_indent=begins,
        subsequent_indent=" " * (len(begins) or 2),
        break_long_words=False,
        break_on_hyphens=False,
    )


@verb("notebooks", "--out build/notebooks", file("--out", "where", "DIR", default=Path("build/notebooks")))
def notebooks(chosen: argparse.Namespace) -> None:
    """
    Run every notebook, and write them and the pages beside them as a book: HTML pages that need no network.
    """
    _jupyter("make notebooks")
    from lab.course.publish import publish

    with watched() as progress:
        publish(chosen.out, lambda line: print(line, flush=True), progress)


def _jupyter(make: str) -> None:
    if importlib.util.find_spec("nbconvert") is None:
        raise ValueError(f"the notebooks need Jupyter; run `{make}`, or install requirements/jupyter.txt")


@verb("work", "--open", flag("--open", "and open JupyterLab there, at the first notebook"))
def work(chosen: argparse.Namespace) -> None:
    """
    Copy the notebooks to the folder work, where they are yours to change. What is there already is never written
    over: where the course has a new edition of it, that is said.
    """
    from lab.course.workplace import WORK, prepare

    if chosen.open:
        _jupyter("make lab")
    for line in prepare():
        _told(line)
    if not chosen.open:
        _told(f"Next: `python -m lab work --open`, or open {WORK} in a Jupyter of yours")
        return
    from jupyterlab.labapp import LabApp

    LabApp.launch_instance(
        [
            f"--ServerApp.root_dir={WORK}",
            "--LabApp.default_url=/lab/tree/00-start-here.ipynb",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",  # it would ask an address elsewhere
            "--LabApp.news_url=None",
            *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        ]
    )


@verb("reset", "03", option("notebooks", "by number or name", nargs="+", metavar="NN"))
def reset(chosen: argparse.Namespace) -> None:
    """
    Put a fresh copy of a notebook into the folder work; yours is kept beside it, under another name.
    """
    from lab.course.workplace import reset as fresh

    for line in fresh(chosen.notebooks):
        _told(line)
    print("Where JupyterLab has it open: File, Reload Notebook from Disk.")


@verb("doctor", "--json", forms(json="the same as JSON"))
def doctor(chosen: argparse.Namespace) -> int:
    """
    Say whether this machine can run the lab: Python, packages, loopback, disk, clock, proxies, programs.

    The exit code is 1 where something has to be repaired.
    """
    from lab.course.doctor import examine

    found = []
    for one in examine():
        found.append(one)
        if not chosen.json:
            head = f"{SIGNS[one.state]} {one.subject:<12}"
            print(_set_in(head, f"{one.seen}; wanted: {one.wanted}"), flush=True)
            if one.do:
                print(_set_in(" " * len(head), f"do: {one.do}"), flush=True)
    wrong = sum(one.wrong for one in found)
    if chosen.json:
        printed({"fine": not wrong, "examined": [{"state": one.state, **dataclasses.asdict(one)} for one in found]})
    else:
        print(f"{wrong} to repair before the lab runs" if wrong else "The lab can run here.")
    return 1 if wrong else 0


@verb(
    "offline",
    "--locks core jupyter",
    names("--locks", "which packages: core, test, jupyter, lint (default: the first three)"),
    file("--out", "the archive (default: in build)"),
)
def offline(chosen: argparse.Namespace) -> None:
    """
    Write one archive for a room without a network: the project's files, and the packages of its locks for machines
    like this one. Asks the package index for them.
    """
    from lab.course.offline import pack

    with watched() as progress:
        for line in pack(chosen.out, chosen.locks, progress):
            _told(line)
