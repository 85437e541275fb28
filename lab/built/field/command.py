"""
`python -m lab field`: real programs against the lab's scenes.

What its arguments are, and what it prints; the run itself is elsewhere.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.built.field.results import Field
    from lab.built.programs.program import Program

ABOUT = (
    "Run the real programs that are on this machine (curl, wget, OpenSSL, GnuTLS, OkHttp, Node, Chromium, Python's "
    "HTTP libraries) through the lab's scenes, and compare what they do with what their profiles predict."
)
EXAMPLE = "field --programs curl wget --scenes new_key other_trusted_ca"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Give the parser of `field` its arguments."""
    command.add_argument("--programs", nargs="+", metavar="NAME", help="only these programs; all of them by default")
    command.add_argument("--profiles", nargs="+", metavar="NAME", default=[], help="only these profiles")
    command.add_argument("--scenes", nargs="+", metavar="NAME", help="only these scenes; all of them by default")
    command.add_argument(
        "--no-attackers", action="store_true", help="leave out mitmproxy and sslsplit; so does --scenes"
    )
    command.add_argument("--list", action="store_true", help="name the programs, whether they are here, and run none")
    command.add_argument("--every", action="store_true", help="a line for each scene, not only for disagreements")
    command.add_argument("--json", action="store_true", help="one record for each program and scene")
    command.add_argument("--out", type=Path, metavar="FILE", help="also write the JSON to this file, for the atlas")


def run(chosen: argparse.Namespace) -> int:
    """Run and print; 1 where a disagreement is unexplained, else 0. Raises ValueError for a name that is not there."""
    from lab.built.field import text
    from lab.built.field.results import Taking

    programs = _programs(chosen.programs, chosen.profiles)
    if chosen.list:
        for taking in (Taking(one, one.version()) for one in programs):
            print(f"  {taking.program.name:<12}{taking.version or taking.skipped}")
            print(f"  {'':<12}as {', '.join(taking.program.ways)}")
        return 0
    found = _found(chosen, programs)
    record = json.dumps(found.record(), indent=1)
    print(record if chosen.json else text.table(found, every=chosen.every))
    if chosen.out:  # last: where it cannot be written, the results have been told
        _write(chosen.out, record)
    return 1 if found.wrong or any(not one.fine for one in found.attackers) else 0


def _programs(names: Sequence[str] | None, profiles: Sequence[str]) -> list[Program]:
    """The programs of these names, each of which the field knows; each profile is one that some of them run as."""
    from lab.built.programs.every import PROGRAMS
    from lab.policy.clients import client

    for name in names or ():
        if name not in PROGRAMS:
            raise ValueError(f"there is no program {name!r} in the field; there are {', '.join(PROGRAMS)}")
    programs = [PROGRAMS[name] for name in names or PROGRAMS]
    for name in profiles:
        client(name)
        if not any(name in program.ways for program in programs):
            raise ValueError(f"none of {', '.join(one.name for one in programs)} runs as {name}; --list says what does")
    return programs


def _found(chosen: argparse.Namespace, programs: Sequence[Program]) -> Field:
    from lab.built.field.attackers import attackers
    from lab.built.field.run import field_test
    from lab.scenes.catalogue import case

    cases = [case(name) for name in chosen.scenes] if chosen.scenes else None
    try:
        found = field_test(programs, cases, chosen.profiles, _progress)
        if not chosen.no_attackers and not chosen.scenes:
            here = [one.program for one in found.taking if one.version]
            found.attackers = attackers(here, _progress, profiles=chosen.profiles)
    except OSError as problem:
        raise ValueError(
            f"the field test broke off: {problem}; repair that, or choose others with --programs"
        ) from None
    return found


def _progress(done: int, of: int, words: str) -> None:
    if sys.stderr.isatty():
        print(f"  {words}", file=sys.stderr, flush=True)


def _write(path: Path, content: str) -> None:
    if not path.name:
        raise ValueError(f"--out {path} is no file name; give one, as in --out field.json")
    beside = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_text(content, "utf-8")
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as problem:
        raise ValueError(f"cannot write {path}: {problem.strerror}; choose another place with --out") from None
