"""
Incidents as text of at most 80 columns, and as plain values.

It prints what the files say and what a run found, and adds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec.structs import asdict

from lab.built.incidents.replay import Fate, Replay, agrees, found
from lab.built.incidents.table import SOURCES, Cited, Incident, Testimony, table
from lab.built.time.report import days
from lab.cli.verb import runs
from lab.observation import Outcome
from lab.show.sheet import LINE, Row, Sheet, hung

LONG = re.compile(r"/\S{24,}")
"""A link that may be wider than a line; it is to be pasted, and is not broken."""
FARED = {
    Outcome.INTERCEPTED: "robbed",
    Outcome.OUTAGE: "cut off",
    Outcome.STOPPED: "saved",
    Outcome.SERVED: "served",
}
"""What each outcome is called where it is told as a story."""


def listed() -> str:
    """Every incident in a line, then those that could not be confirmed."""
    rows = [Row(one.name, (one.when, one.kinds)) for one in table().incident]
    told = [Sheet("", ("incident", "when", "sources"), rows).text(LINE).plain, "", "Told, and not confirmed:"]
    told += [hung(f"  {one.title}, {one.when}: {one.lacks}") for one in table().unconfirmed]
    return "\n".join([*told, "", f"One in full: {runs()} incident diginotar"])


def text(incident: Incident, replays: Sequence[Replay]) -> str:
    """One incident in full: what happened, its sources, and each replay."""
    out = [f"{incident.title}: {incident.when}", ""]
    parts = (
        ("What happened", incident.happened),
        ("Pinned", incident.pinned),
        ("Changed", incident.changed),
        ("Noticed", incident.noticed),
        ("Not confirmed", incident.unsure),
    )
    out += [f"{head:<15}{' '.join(said.split())}" for head, said in parts if said]
    out += ["", "Sources", *_cited(SOURCES[one] for one in incident.sources)]
    out += ["", f"Replayed with reserved names. {' '.join(incident.shape.split())}"]
    for one in replays:
        out += ["", f"The {one.kind} {one.name}: {one.title}", *_fared(one)]
    if incident.testimony:
        out += ["", "What the sources tell, or what follows from it, held against the run"]
        out += [_held(one, replays) for one in incident.testimony]
    return _lines(out)


def cited() -> str:
    """The whole table of sources, in its own order."""
    return _lines(["What the pages quote, each once", *_cited(SOURCES.values())])


def page() -> str:
    """The same table as Markdown: the page beside the notebooks."""
    rows = [
        f"| {one.kind} | [{one.link}](https://{one.link}) | {one.dated} | {' '.join(one.says.split())} |"
        for one in SOURCES.values()
    ]
    return "\n".join([_PAGE, *rows, ""])


def _lines(out: Iterable[str]) -> str:
    """What is at most 80 columns wide, but for links."""
    return "\n".join(line if LONG.search(line) else hung(line) for line in out)


def _cited(sources: Iterable[Cited]) -> Iterator[str]:
    for one in sources:
        yield f"  {one.kind:<11}{one.link}" + ("" if one.dated in one.link else f", {one.dated}")
        yield f"  {'':<11}{one.says}"


def _fared(one: Replay) -> Iterator[str]:
    for outcome, word in FARED.items():
        here = [_named(fate, outcome) for fate in one.fates if outcome in fate.outcomes]
        if here:
            yield f"  {word:<9}{', '.join(here) if one.kind == 'scene' else '; '.join(here)}"


def _named(fate: Fate, outcome: Outcome) -> str:
    count = {Outcome.OUTAGE: fate.outage_days, Outcome.INTERCEPTED: fate.exposure_days}.get(outcome)
    return fate.client if count is None else f"{fate.client} ({days(count)} days)"


def _held(said: Testimony, replays: Sequence[Replay]) -> str:
    ran = " and ".join(FARED[one] for one in found(said, replays)) or "not there"
    verdict = "so it was" if agrees(said, replays) else "and it was NOT so"
    head = "told" if said.told else "follows"
    return f"  {head:<9}{said.who}: {FARED[said.outcome]}; here {said.client} in {said.where} is {ran}, {verdict}"


def record(incident: Incident, replays: Sequence[Replay] = ()) -> dict[str, Any]:
    """The incident as plain JSON values, with its sources, and with its replays where it was run."""
    cited = [{"name": one, **asdict(SOURCES[one])} for one in incident.sources]
    told = [{**asdict(one), "found": found(one, replays), "agrees": agrees(one, replays)} for one in incident.testimony]
    plain = {
        **asdict(incident),
        "sources": cited,
        "testimony": told if replays else list(map(asdict, incident.testimony)),
    }
    return plain | ({"replays": [_record(one) for one in replays]} if replays else {})


def _record(one: Replay) -> dict[str, Any]:
    fates = [{**vars(fate), "fared": [FARED[outcome] for outcome in fate.outcomes]} for fate in one.fates]
    return {**vars(one), "fates": fates}


_PAGE = """# Sources

Every link and every day that a page, a scene, a timeline or a claim of this lab names is vouched for by one of these.
A source is *primary* where it was there itself, and *secondary* where it tells what others told, as a copy does. What
no source of ours could confirm is said with the incident (`python -m lab incident NAME`). This page is made from the
same table (`python -m lab incident --sources --markdown`).

| kind | link | dated | what it says, in our words |
|---|---|---|---|"""
