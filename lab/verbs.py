"""
The command line.

The table of its verbs, and what holds for all of them: bad input gets one
sentence and exit code 2, a run that a signal ended 128 and the signal's number.
"""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from lab import __version__
from lab.built.apart.command import apart
from lab.built.atlas.command import report
from lab.built.cast.command import cast
from lab.built.draft.command import draft
from lab.built.field.command import field
from lab.built.fleet.command import fleet
from lab.built.forecast.command import forecast
from lab.built.incidents.command import incident
from lab.built.known.command import known
from lab.built.serve.command import serve
from lab.built.serve.intercept import intercept
from lab.built.time.command import timeline
from lab.built.time.hpkp_command import hpkp
from lab.cli.certificates import pin
from lab.cli.certs import certs
from lab.cli.trials import TWINS, demo, everything, matrix, profiles, trial
from lab.cli.verb import Parser, flag, forms, runs, taken, verb
from lab.cli.watched import watched
from lab.course.ask import ask
from lab.course.command import doctor, notebooks, offline, reset, work
from lab.naming import printable

LONGEST = 4000
"""Characters of one sentence about what went wrong, the names that others wrote included."""


@verb(
    "bench",
    "--json",
    forms(json="the same as JSON"),
    flag("--quick", "fewer rounds: a smoke test, not a measurement"),
)
def bench(chosen: argparse.Namespace) -> None:
    """Measure what trials cost, as ratios within one run."""
    from lab.built.bench import run

    with watched() as progress:
        found = run(quick=chosen.quick, as_json=chosen.json, progress=progress)
    print(found)


VERBS = (
    demo, matrix, trial, everything, profiles, serve, forecast, field, pin, certs, intercept, timeline, hpkp, known,
    apart, incident, cast, draft, report, fleet, ask, work, reset, notebooks, doctor, offline, bench,
)  # fmt: skip
"""Every verb, in the order in which --help names them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0 fine, 2 bad input, 130 interrupted, 128 + n by another signal."""
    try:
        return _done(arguments)
    except ValueError as problem:
        told = printable(str(problem), LONGEST).replace("python -m lab", runs())
        print(f"lab: {told}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as missing:
        if (missing.name or "lab").partition(".")[0] == "lab":
            raise
        print(
            f"lab: this Python has no {missing.name}; run `make demo` once, then `. .venv/bin/activate`, and try again",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt as stop:
        from lab.wire.listener import stop_all

        stop_all()
        with suppress(OSError):  # the terminal may be gone
            print("\nlab: interrupted; every server is stopped", file=sys.stderr)
        return 128 + int((stop.args or (signal.SIGINT,))[0])
    except OSError as problem:
        if problem.errno not in (errno.EPIPE, errno.ENOSPC, errno.EIO):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python would write it once more
        if problem.errno == errno.EPIPE:  # `| head` has seen enough
            return 0
        print(
            f"lab: cannot write the output: {problem.strerror}; free some space, or send it elsewhere", file=sys.stderr
        )
        return 1


def _done(arguments: Sequence[str] | None) -> int:
    """Run one command; what it printed has gone out when this returns."""
    try:
        chosen = _parser().parse_args(arguments)
        for script in (*chosen.extra, *chosen.also):
            _load(script)
        return chosen.run(chosen) or 0
    finally:
        sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m lab",
        description="A lab on TLS man-in-the-middle attacks and certificate pinning.\n\n" + TWINS,
        epilog="Start with `python -m lab demo`. Everything runs on this machine's loopback.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    taken("extra")(parser)
    parser.add_argument("--version", action="version", version=f"pinning-lab {__version__}", help="which lab this is")
    parser.set_defaults(run=lambda _: parser.print_help(), also=[])
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for each in VERBS:
        each.join(commands)
    return parser


def _load(script: Path) -> None:
    if script.suffix.lower() == ".toml":
        from lab.built.time.dated import add

        return add(script)
    from lab.cli.extra import load

    return load(script)
