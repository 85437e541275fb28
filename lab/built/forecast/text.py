"""
A forecast as plain text, to be read from top to bottom.

What each pin names, what lint found, and what the trials did: each attack above
the rotation that looks exactly like it. Nothing is said by colour.
"""

from __future__ import annotations

from collections.abc import Iterator

from lab.built.forecast.findings import LintFinding, Severity
from lab.built.forecast.forecast import ORDINARY, Forecast, words
from lab.built.forecast.match import Match, Names
from lab.built.forecast.rebuild import YOURS
from lab.observation import BAD, Outcome, Wanted
from lab.pki.pins import name_of
from lab.scenes.catalogue import Case
from lab.show.sheet import hung
from lab.show.words import LOOKS

MARKS = {Severity.SERIOUS: "!!", Severity.FIX: "! ", Severity.KNOW: "i "}


def text(shown: Forecast) -> str:
    """The whole forecast."""
    # Names come from certificates that anybody may have made; none of them gets to speak to the terminal.
    return hung("\n".join("".join(c if c.isprintable() else "?" for c in line) for line in _lines(shown)))


def _lines(shown: Forecast) -> Iterator[str]:
    yield f"Forecast for {shown.subject.host}, from {shown.subject.config.format.words}"
    for part in (_chain, _pins, _lint, _about, _scenes, _scores):
        yield ""
        yield from part(shown)


def _chain(shown: Forecast) -> Iterator[str]:
    chain = shown.subject.chain
    yield "The chain, leaf first"
    for place, one in enumerate(chain.seen):
        dates = f"valid {one.not_before:%Y-%m-%d} to {one.not_after:%Y-%m-%d}"
        yield f"  {place}  {one.name[:80]} ({one.algorithm}), {dates}"
    if not chain.has_root:
        yield f"  {len(chain.path)}  {chain.above}, not in the file"
    for beside in chain.aside:
        yield f"  -  {name_of(beside.subject)[:80]}, in the file and not on the way up"


def _about(shown: Forecast) -> Iterator[str]:
    host = shown.subject.host
    yield (
        f"In the lab's world {host} "
        + ("keeps its name" if host == shown.lab_host else f"is called {shown.lab_host}")
        + "; every key is new, and each pin was moved to the certificate that it names. "
        f"The day is {shown.subject.now:%Y-%m-%d}." + "".join(f" {one[0].upper()}{one[1:]}." for one in shown.changes)
    )
    if shown.broken:
        yield ""
        yield f"No client gets anywhere with this chain, pinned or not: {shown.broken}. What follows says so."
    if shown.hypotheses.keys() - {YOURS}:
        yield ""
        yield (
            f"{shown.subject.chain.above} is not in the file, and a pin that names nothing here may be the pin of it. "
            "So both were run, and where they differ a scene has two lines; --root tells which is so."
        )
    likelier = shown.hypotheses[shown.clients[0]]
    if likelier.unasked:
        yield ""
        yield f"The pins are not asked: {likelier.unasked}. So your client is an unpinned one."
    elif not shown.broken and shown.cell(ORDINARY).outcome is Outcome.OUTAGE:
        yield ""
        yield "Your pins refuse the chain as it is today, so every scene begins with an outage."


def _pins(shown: Forecast) -> Iterator[str]:
    lists = shown.subject.config.lists
    yield "Your pins" + ("; both lists must match, each with any of its pins" if lists[1:] else "; any one will do")
    for listed, matches in zip(lists, shown.subject.lists, strict=True):
        if lists[1:]:
            yield f"  for {listed.where.value}"
        for one in matches:
            yield f"  {one.pin.written if one.pin.never else one.pin}"
            yield f"      {named(shown, one)}"


def named(shown: Forecast, one: Match) -> str:
    """What a pin names, in words."""
    chain = shown.subject.chain
    if one.place is None:
        second = shown.subject.second(one)
        said = f"the key of {second.name}, another CA that you showed" if second else one.names.value
    elif one.place >= len(chain.path):
        said = f"the key of {chain.above}, as the file says: the root, which is not in the chain"
    elif one.names is Names.CERTIFICATE:
        said = f"the whole certificate of {chain.name(one.place)} ({one.place}), and not its key"
    else:
        said = f"the key of {chain.name(one.place)} ({one.place})"
    return f"{said}; it never matches: {one.never}" if one.never else said


def _lint(shown: Forecast) -> Iterator[str]:
    yield "Lint: nothing was found" if not shown.findings else "Lint"
    for one in shown.findings:
        yield from finding(one)


def finding(one: LintFinding) -> Iterator[str]:
    """One finding, with why and what to do."""
    yield f"  {MARKS[one.severity]} {one.name} ({one.severity.value}): {one.seen}"
    yield f"     why: {one.why}" + (f" [{one.source}]" if one.source else "")
    yield f"     do:  {one.do}"


def _scenes(shown: Forecast) -> Iterator[str]:
    yield "Your client, by real handshakes"
    said: tuple[Wanted, ...] = ()
    for heading, rows in shown.matrix.sections().items():
        yield from ("", heading)
        for one in (one for row in rows for one in row):
            yield from _scene(shown, one)
            refusal = shown.refusals.get(one.name)
            if refusal and refusal.wanted and not shown.aside[one.name]:
                both = refusal.both_sides().splitlines()
                again = [*both[: len(refusal.seen)], "wanted  as above"]
                yield from (f"  {line}" for line in (again if refusal.wanted == said else both))
                said = refusal.wanted


def _scene(shown: Forecast, one: Case) -> Iterator[str]:
    trial, aside = shown.cell(one.name), shown.aside[one.name]
    yield f"  {one.kind.value:<9}{LOOKS[trial.outcome].glyph} {trial.outcome.value:<12}{one.title}"
    for name in [*shown.hypotheses][1:]:
        other = shown.cell(one.name, name).outcome
        if other is not trial.outcome and not aside:
            yield f"{'':11}{LOOKS[other].glyph} {other.value:<12}{words(name, shown.subject)}"
    if aside:
        yield f"{'':25}not counted: {aside}"
    elif trial.outcome in BAD:
        yield f"{'':25}{trial.verdict.check}: {trial.verdict.reason}"


def _scores(shown: Forecast) -> Iterator[str]:
    yield "In the same world"
    width = max(13, 2 + max(map(len, shown.clients)))
    for name in shown.clients:
        said = f"no score: every scene begins with an outage, {words(name, shown.subject)}"
        yield f"  {name:<{width}}{said if shown.withheld(name) else shown.score(name)}"
    ends = {name: [shown.cell(one.name, name).outcome for one in shown.matrix.cases] for name in shown.clients}
    yours, *others = (name for name in shown.clients if name == shown.clients[0] or name not in shown.hypotheses)
    differ = len({tuple(ends[name]) for name in others}) > 1  # else no scene here could show what pins do
    certain = len(shown.hypotheses) == 1
    same = [name for name in others if certain and differ and ends[name] == ends[yours]]
    yield (
        f"Your pins do exactly what the {same[0]} client does."
        if same
        else "What a pin stops and what it breaks are the same path; only a key that you planned for tells them apart."
    )
