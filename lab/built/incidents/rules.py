"""
What an incident keeps to before it stands in the table.

It is held against its sources, against the catalogue, and against a run; who
is right where they disagree is not said here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from lab.built.incidents.replay import agrees, replayed
from lab.built.incidents.replay import found as ran
from lab.built.incidents.table import Cited, Incident, Noticed, unvouched
from lab.observation import Outcome
from lab.policy.pinset import Role
from lab.scenes.catalogue import case

PATH = (Role.ROOT, Role.INTERMEDIATE, Role.LEAF)
"""The genuine keys of a path of the usual length."""
YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def faults(one: Incident, sources: Mapping[str, Cited]) -> dict[str, str]:
    """
    What is wrong with it, by rule; nothing where the rule is kept.

    `sources` are those that it may name. Raises ValueError where it names a
    scene, a timeline or a client that is not there.
    """
    return {rule: "; ".join(found) for rule, found in _rules(one, sources)}


def _rules(one: Incident, sources: Mapping[str, Cited]) -> Iterator[tuple[str, list[str]]]:
    yield "its sources", [f"there is no source {name!r}" for name in one.sources if name not in sources]
    known = [sources[name] for name in one.sources if name in sources]
    sure = one.unsure or any(source.kind == "primary" for source in known)
    yield "a primary source, or what is unsure", [] if sure else ["it has none, and `unsure` is empty"]
    told = " ".join((one.title, one.when, one.happened))
    said = " ".join((told, one.pinned, one.changed, one.noticed, one.shape, one.unsure))
    days = {day: beside for source in known for day, beside in source.days.items()}
    yield "its days", [f"none of its sources vouches for {day} so" for day in unvouched(said, days)]
    yield "its years", [f"{year} is none of them" for year in YEAR.findall(told) if int(year) not in one.years]
    kept = case(one.scenes[0]).reach if one.scenes else {*PATH} - {*one.gone}
    same = {*PATH} - kept == {*one.gone}
    yield "which keys are gone", [] if same else [f"on the path of {one.scenes[0]} it is not these"]
    there = one.by is Noticed.CLIENT and kept & {*one.pins}
    yield "who noticed", ["a pinned key was on the path, so no pin refused"] if there else []
    strange = [f"{said.source!r} is none of its sources" for said in one.testimony if said.source not in one.sources]
    yield "testimony", strange if one.testimony else ["nobody says how anybody fared"]
    yield "the run says what they say", _run(one)


def _run(one: Incident) -> list[str]:
    replays = replayed(one, only={said.client for said in one.testimony})
    found = []
    for said in one.testimony:
        if not ran(said, replays):
            found.append(f"there is no {said.client} in {said.where} of its scenes and timelines")
            continue
        others = [replace(said, outcome=other) for other in Outcome if other is not said.outcome]
        if not agrees(said, replays) or any(agrees(other, replays) for other in others):
            found.append(f"{said.client} in {said.where} is not {said.outcome.value}, or not that alone")
    return found
