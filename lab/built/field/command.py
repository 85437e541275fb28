"""
`python -m lab field`: real programs against the lab's scenes.

What its arguments are, and what it prints; the run itself is elsewhere.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from lab import naming
from lab.cli.verb import file, flag, forms, names, verb
from lab.cli.watched import watched
from lab.disk import ready, written

if TYPE_CHECKING:
    from lab.built.field.results import Field
    from lab.built.programs.program import Program


@verb(
    "field",
    "--programs curl wget --scenes new_key other_trusted_ca",
    names("--programs", "only these programs; by default all of them, and ACME clients"),
    names("--profiles", "only these profiles"),
    names("--scenes", "only these scenes; all of them by default"),
    flag("--no-attackers", "leave out mitmproxy and sslsplit; so does --scenes"),
    flag("--list", "name the programs, whether they are here, and run none"),
    flag("--every", "a line for each scene, not only for disagreements"),
    forms(json="one record for each program and scene"),
    file("--out", "also write the JSON to this file, for the atlas"),
)
def field(chosen: argparse.Namespace) -> int:
    """
    Run the real programs that are on this machine (curl, wget, OpenSSL, GnuTLS, OkHttp, Node, Chromium, Python's
    HTTP libraries) through the lab's scenes, and compare what they do, and how they build their paths, with what
    their profiles predict. lego, certbot and dehydrated order of Pebble: which pins does a renewal break?

    The exit code is 1 where a disagreement is unexplained.
    """
    from lab.built.field import renewals, text
    from lab.built.field.results import Taking
    from lab.policy import clients

    profiles = [one.name for one in clients.chosen(chosen.profiles or ())]
    programs = _programs(chosen.programs or ["all"], profiles)
    if chosen.list:
        for taking in (Taking(one, one.version()) for one in programs):
            print(f"  {taking.program.name:<12}{taking.version or taking.skipped}")
            print(f"  {'':<12}as {', '.join(taking.program.ways)}")
        for one in () if chosen.programs else renewals.listed():
            print(f"  {one.client:<12}{one.skipped or one.version}\n  {'':<12}what its renewals do to pins")
        return 0
    ready(chosen.out, folders=True)
    found = _found(chosen, programs, profiles)
    record = json.dumps(found.record(), indent=1)
    print(record if chosen.json else text.table(found, every=chosen.every))
    if chosen.out:  # last: where it cannot be written after all, the results have been told
        written(chosen.out, record)
    return 0 if found.fine else 1


def _programs(names: Iterable[str], profiles: Iterable[str]) -> list[Program]:
    """The programs of these names; each profile is one that some of them run as."""
    from lab.built.programs.every import PROGRAMS

    where = f"there are {', '.join(PROGRAMS)}; ACME clients run where no program is named"
    find = partial(naming.named, "program in the field", table=PROGRAMS, where=where)
    programs = naming.chosen(names, {"all": PROGRAMS.values()}, find)
    for name in profiles:
        if not any(name in program.ways for program in programs):
            raise ValueError(f"none of {', '.join(one.name for one in programs)} runs as {name}; --list says what does")
    return programs


def _found(chosen: argparse.Namespace, programs: Sequence[Program], profiles: Sequence[str]) -> Field:
    from lab.built.field import renewals
    from lab.built.field.attackers import attackers
    from lab.built.field.paths import measured
    from lab.built.field.run import field_test
    from lab.scenes import catalogue

    cases = catalogue.chosen(chosen.scenes) if chosen.scenes else None
    try:
        with watched() as progress:
            found = field_test(programs, cases, profiles, progress)
            here = [one.program for one in found.taking if one.version]
            found.paths = measured(here, progress)
            if not chosen.no_attackers and not chosen.scenes:
                found.attackers = attackers(here, progress, profiles=profiles)
            if not chosen.programs and not chosen.scenes:
                found.renewals = renewals.renewals(progress)
    except OSError as problem:
        raise ValueError(
            f"the field test broke off: {problem}; repair that, or choose others with --programs"
        ) from None
    return found
