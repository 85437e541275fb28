"""
The field test as text: a table for each program, then what disagreed and what was not here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from lab.built.field.results import Absent, AcmeRenewal, Field, Interception, PathsMeasured, ProgramTrial
from lab.observation import Outcome
from lab.show.sheet import hung
from lab.show.words import LOOKS, cell


def table(found: Field, *, every: bool = False) -> str:
    """
    What each program did: one line for each way it was run, then the disagreements.

    `every` has one line for each scene as well.
    """
    lines = [f"Field test of {found.date} on {found.machine}"]
    for one in found.taking:
        lines.append(f"\n{one.program.name} {one.version or ''}".rstrip())
        if one.skipped:
            lines.append(f"  skipped: {one.skipped}")
        own = [result for result in found.results if result.program == one.program.name]
        for profile, group in groupby(own, lambda result: result.profile):
            lines += _way(profile, list(group), every)
    lines += _paths(found.paths)
    for attacker, rows in groupby(found.attackers, lambda row: row.attacker):
        lines += _attacker(attacker, list(rows))
    lines += [*_renewals(found.renewals), "", *_sum(found)]
    return hung("\n".join(lines))


def _way(profile: str, results: Sequence[ProgramTrial], every: bool) -> Iterator[str]:
    yield f"  as {profile:<22}{_agreed(results)} of {len(results)} scenes as the profile predicts"
    for one in results:
        shown, did = one.shown, f"      {cell(one.shown.did):<14}{one.scene:<32}"
        if not one.connected:
            yield f"      ? {'no contact':<12}{one.scene:<32}it never reached the server: {shown.said}"
        elif not one.agree:
            yield f"{did}DISAGREES: {shown.predicted.value} was predicted   {shown.said}"
            if one.explained:
                yield f"        because {one.explained.why}"
                yield f"        ({one.explained.source}; seen with {one.explained.version})"
            else:
                yield "        nothing explains this yet"
        elif every:
            yield f"{did}agrees   {shown.said}".rstrip()


def _paths(rows: Sequence[PathsMeasured]) -> Iterator[str]:
    if rows:
        yield f"\n{'How paths are built':<22}{'anchors':<14}branching"
    for one in rows:
        anchors, branching = one.words
        row = f"  {one.program:<20}{anchors:<14}{branching:<12}"
        yield row.rstrip() if one.agree else f"{row}DISAGREES: it is said to be\n    {one.expected}"


def _attacker(attacker: str, rows: Sequence[Interception | Absent]) -> Iterator[str]:
    met = [one for one in rows if isinstance(one, Interception)]
    yield f"\nAttacker: {attacker} {met[0].version if met else ''}".rstrip()
    for absent in (one for one in rows if isinstance(one, Absent)):
        yield f"  skipped: {absent.skipped}"
    for situation in dict.fromkeys(one.situation for one in met):
        own = [one for one in met if one.situation == situation]
        robbed = [f"{one.program} as {one.profile}" for one in own if one.shown.did is Outcome.INTERCEPTED]
        yield f"  {situation}: {_agreed(own)} of {len(own)} as predicted, {len(robbed)} robbed"
        if robbed:
            yield f"    {LOOKS[Outcome.INTERCEPTED].glyph}  {', '.join(robbed)}"
    for one in (one for one in met if not one.agreed):
        who, shown = f"{one.program} as {one.profile}, {one.situation}", one.shown
        if not one.connected:
            yield f"    ? no contact: {who}: never at the attacker, or not served before   {shown.said}"
        else:
            told = f"{shown.did.value}, and {shown.predicted.value} was predicted   {shown.said}"
            yield f"    DISAGREES: {who}: {told}"


def _renewals(rows: Sequence[AcmeRenewal]) -> Iterator[str]:
    pinned = {one.pinned: len(one.pinned) + 2 for one in rows if one.pinned}
    if rows:
        yield f"\n{'What ACME clients do to pins':<35}{'  '.join(pinned)}".rstrip()
    for (name, version, way), group in groupby(rows, lambda row: (row.client, row.version, row.way)):
        met = list(group)
        cells = "".join(f"{cell(one.did):<{pinned[one.pinned]}}" for one in met if one.pinned and one.did)
        who = " ".join(filter(None, (name, version, way)))
        yield f"  {who:<33}{cells}".rstrip() if cells else f"  {who}, skipped: {met[0].skipped}"


def _agreed(results: Iterable[ProgramTrial]) -> int:
    return sum(one.agreed for one in results)


def _sum(found: Field) -> Iterator[str]:
    excused = sum(one.fine and not one.agree for one in found.results)
    ran = sum(1 for one in found.taking if one.version)
    yield (
        f"{ran} programs, {len(found.results)} cells: {_agreed(found.results)} agree, "
        f"{excused} disagree and are explained, {len(found.wrong)} are unexplained."
    )
    if found.attackers:
        met = [one for one in found.attackers if isinstance(one, Interception)]
        yield f"Attack tools in place of the lab's own: {_agreed(met)} of {len(met)} cells agree."
    for unneeded in found.unneeded:
        yield f"No longer needed: the explanation of {unneeded.program} in {unneeded.scene}; it agrees now."
    missing = [one for one in found.taking if not one.version]
    if missing:
        yield "Not here: " + "; ".join(f"{one.program.name} ({one.program.install})" for one in missing)
