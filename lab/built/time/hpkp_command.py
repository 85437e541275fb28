"""
`python -m lab hpkp`: what its arguments are, and what it prints.

The command line hands it the parsed arguments; it makes no connection itself.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

ABOUT = "Play the dated scenes of HPKP (RFC 7469), and count the days that each visitor is locked out."
EXAMPLE = "hpkp fake_backup lost_backup"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Give the parser of `hpkp` its arguments."""
    command.add_argument("scenes", nargs="*", metavar="SCENE", help="dated scenes by name; all of them by default")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--list", action="store_true", help="name the scenes and play none")
    form.add_argument("--json", action="store_true", help="one record for each visitor, day by day")
    form.add_argument("--html", action="store_true", help="tables for a page")


def run(chosen: argparse.Namespace) -> int:
    """Play and print; 0. Raises ValueError for a scene that is not there."""
    from lab.built.time import dated, locked

    if chosen.list:
        for name in chosen.scenes or dated.DATED:
            print(f"  {name:<34}{dated.scene(name).title}")
        return 0
    played = locked.table(chosen.scenes, progress=_progress)
    print(played.to_json() if chosen.json else played.html() if chosen.html else played)
    return 0


def _progress(done: int, of: int, title: str) -> None:
    if sys.stderr.isatty() and of > 2:
        print(f"  {done + 1} of {of}: {title}", file=sys.stderr)


def add_command(commands: Any) -> None:
    """Add `hpkp` to argparse's subparsers."""
    made = commands.add_parser("hpkp", help=ABOUT, description=ABOUT, epilog=f"example: python -m lab {EXAMPLE}")
    add_arguments(made)
    made.set_defaults(run=run)
