"""
The `fleet` command: its arguments, and what it prints.

It loads numpy only when it runs, so that `--help` stays quick. It draws
nothing itself: whoever wires it up hands in the function that draws.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lab.built.fleet.adoption import ADOPTIONS, adoption
from lab.observation import Progress

if TYPE_CHECKING:
    from lab.built.fleet.run import FleetResult

ABOUT = "Run a fleet of devices for years, many times over: outage against exposure for each policy."
EXAMPLE = "fleet --devices 10000000 --years 5 --lifetime 47 --adoption evergreen"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach a parser the command's options; every default can be seen in --help."""
    add = parser.add_argument
    add("--devices", type=int, default=1_000_000, metavar="N", help="how many devices (default: 1000000)")
    add("--years", type=int, default=5, metavar="N", help="for how long, in years of 365 days (default: 5)")
    add("--lifetime", type=int, default=200, metavar="DAYS", help="the life of a certificate (default: 200)")
    add("--adoption", default="small-app-2015", metavar="NAME", help=f"one of {', '.join(ADOPTIONS)}")
    add("--seeds", type=int, default=20, metavar="N", help="how many possible histories (default: 20)")
    add("--seed", type=int, default=1, metavar="N", help="the first of them (default: 1)")
    add("--client", default="leaf-pinned", metavar="NAME", help="what 'what would have saved you' starts from")
    add(
        "--attack",
        action="append",
        default=[],
        metavar="NAME=RATE",
        help="an attack of the catalogue that no default counts, and how often it happens in a year; may be repeated",
    )
    add("--picture", type=Path, metavar="FILE.svg", help="also draw outage against exposure")
    add("--json", action="store_true", help="every seed's figures, and the source of every number")


def run(chosen: argparse.Namespace, draw: Callable[[FleetResult], str]) -> int:
    """
    Run the command, print both tables (or one JSON value), and return 0.

    `draw` makes an SVG of a result, for --picture. Raises ValueError for bad
    input, before anything is run or written.
    """
    from lab.built.fleet.count import Shipped
    from lab.built.fleet.plan import Plan
    from lab.built.fleet.run import Fleet
    from lab.built.fleet.run import run as run_fleet
    from lab.built.fleet.saved import saved
    from lab.policy.clients import client

    base = Shipped(client(chosen.client).name)
    fleet = Fleet(
        devices=chosen.devices,
        years=chosen.years,
        plan=Plan(lifetime=chosen.lifetime, attacks=dict(map(_rate, chosen.attack))),
        adoption=adoption(chosen.adoption),
        seeds=chosen.seeds,
        seed=chosen.seed,
    )
    if chosen.picture and not chosen.picture.parent.is_dir():
        raise ValueError(f"--picture names the folder {chosen.picture.parent}, which is not there; make it first")
    result = run_fleet(fleet, progress=_shown("fleet"))
    table = saved(fleet, base, progress=_shown("what would have saved you"), known=result)
    if chosen.picture:
        _write(chosen.picture, draw(result))
    if chosen.json:
        print(json.dumps({**result.record(), "saved": table.record()}, indent=1))
        return 0
    print(result)
    print()
    print(table)
    print(f"\nupdates: {fleet.adoption.source}.")
    print("The rates of thefts, mis-issuance and moves are assumptions; --json gives the source of each number.")
    print("So is that a client which learns at first use meets the genuine site anew with each update.")
    if fleet.plan.attacks:
        print(f"Nobody has counted how often these happen, so the rates are yours: {', '.join(chosen.attack)}.")
    if chosen.picture:
        print(f"picture: {chosen.picture}")
    return 0


def _rate(text: str) -> tuple[str, float]:
    name, _, rate = text.partition("=")
    try:
        return name, float(rate)
    except ValueError:
        raise ValueError(f"--attack is {text!r}; give a name and how often a year, as stolen_backup_key=0.1") from None


def _write(path: Path, text: str) -> None:
    # Beside it and then renamed: an interrupted run leaves no half a picture.
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, "utf-8")
        beside.replace(path)
    except OSError as problem:
        beside.unlink(missing_ok=True)
        raise ValueError(f"{path} cannot be written: {problem.strerror}; choose another place") from None


def _shown(what: str) -> Progress | None:
    """A progress bar on the error stream, after a second, where somebody is watching."""
    if not sys.stderr.isatty():
        return None
    began = time.monotonic()

    def show(done: int, of: int, _: str) -> None:
        if time.monotonic() - began > 1:
            filled = 30 * done // of
            ended = "\r\033[K" if done == of else ""
            print(f"\r{what} [{'#' * filled}{'.' * (30 - filled)}] {done}/{of}{ended}", end="", file=sys.stderr)

    return show
