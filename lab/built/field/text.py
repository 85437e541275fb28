"""
The field test as text: a table for each program, then what disagreed and what was not here.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from itertools import groupby

from lab.built.field.run import Field, Result

GLYPHS = {"served": "✓", "stopped": "–", "outage": "■", "intercepted": "✗"}


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
    lines += _attackers(found.attackers)
    lines += ["", *_sum(found)]
    return "\n".join(lines)


def _way(profile: str, results: list[Result], every: bool) -> Iterable[str]:
    agreed = sum(one.agree and one.connected for one in results)
    yield f"  as {profile:<22}{agreed} of {len(results)} scenes as the profile predicts"
    for one in results:
        shown = one.shown
        if every and one.agree and one.connected:
            yield f"      {GLYPHS[shown.did]} {shown.did.value:<12}{one.scene:<32}agrees   {shown.said}".rstrip()
        elif not one.connected:
            yield f"      ? {'no contact':<12}{one.scene:<32}it never reached the server: {shown.said}"
        elif not one.agree:
            yield (
                f"      {GLYPHS[shown.did]} {shown.did.value:<12}{one.scene:<32}"
                f"DISAGREES: {shown.predicted.value} was predicted   {shown.said}"
            )
            if one.explained:
                yield f"        because {one.explained.why}"
                yield f"        ({one.explained.source}; seen with {one.explained.version})"
            else:
                yield "        nothing explains this yet"


def _attackers(records: Iterable[dict[str, object]]) -> Iterable[str]:
    for attacker, group in groupby(records, lambda one: one.get("attacker")):
        rows = list(group)
        yield f"\nAttacker: {attacker} {rows[0].get('version') or ''}".rstrip()
        for one in (one for one in rows if one.get("skipped")):
            yield f"  skipped: {one['skipped']}"
        rows = [one for one in rows if not one.get("skipped")]
        for situation in dict.fromkeys(one["situation"] for one in rows):
            met = [one for one in rows if one["situation"] == situation]
            robbed = [f"{one['program']} as {one['profile']}" for one in met if one["did"] == "intercepted"]
            agreed = sum(bool(one["agree"] and one["connected"]) for one in met)
            yield f"  {situation}: {agreed} of {len(met)} as predicted, {len(robbed)} robbed"
            yield from textwrap.wrap(
                ", ".join(robbed), 110, initial_indent=f"    {GLYPHS['intercepted']} ", subsequent_indent="      "
            )
        for one in (one for one in rows if not (one["agree"] and one["connected"])):
            who = f"{one['program']} as {one['profile']}, {one['situation']}"
            if not one["connected"]:
                yield f"    ? no contact: {who}: never at the attacker, or not served before   {one['note']}"
                continue
            yield f"    DISAGREES: {who}: {one['did']}, and {one['predicted']} was predicted   {one['note']}"


def _sum(found: Field) -> Iterable[str]:
    agreed = sum(one.agree and one.connected for one in found.results)
    explained = sum(one.connected and not one.agree and one.explained is not None for one in found.results)
    ran = sum(1 for one in found.taking if one.version)
    yield f"{ran} programs, {len(found.results)} cells: {agreed} agree, {explained} disagree and are explained, " + (
        f"{len(found.wrong)} are unexplained."
    )
    if found.attackers:
        rows = [one for one in found.attackers if not one.get("skipped")]
        agreed = sum(bool(one["agree"] and one["connected"]) for one in rows)
        yield f"Attack tools in place of the lab's own: {agreed} of {len(rows)} cells agree."
    for unneeded in found.unneeded:
        yield f"No longer needed: the explanation of {unneeded.program} in {unneeded.scene}; it agrees now."
    missing = [one for one in found.taking if not one.version]
    if missing:
        yield "Not here: " + "; ".join(f"{one.program.name} ({one.program.install})" for one in missing)
