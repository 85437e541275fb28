"""
A forecast as plain text, to be read from top to bottom.

What each pin names, what lint found, and what the trials did: each attack above
the rotation that looks exactly like it. Nothing is said by colour.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from lab.built.forecast.forecast import Forecast, Row
from lab.built.forecast.lint import LintFinding, Severity
from lab.built.forecast.match import Match, Names
from lab.built.forecast.yours import YOURS
from lab.observation import Outcome
from lab.scenes.catalogue import Kind

WIDTH = 110
GLYPHS = {Outcome.SERVED: "✓", Outcome.STOPPED: "–", Outcome.OUTAGE: "■", Outcome.INTERCEPTED: "✗"}
MARKS = {Severity.SERIOUS: "!!", Severity.FIX: "! ", Severity.KNOW: "i "}


def text(shown: Forecast) -> str:
    """The whole forecast."""
    # Names come from certificates that anybody may have made; none of them gets to speak to the terminal.
    return "\n".join("".join(c if c.isprintable() else "?" for c in line) for line in _lines(shown))


def _lines(shown: Forecast) -> Iterator[str]:
    yield f"Forecast for {shown.host}, from {shown.config.format.words}"
    yield ""
    yield "The chain, leaf first"
    for place, one in enumerate(shown.chain.seen):
        dates = f"valid {one.not_before:%Y-%m-%d} to {one.not_after:%Y-%m-%d}"
        yield f"  {place}  {one.name[:80]} ({one.algorithm}), {dates}"
    if not shown.chain.has_root:
        yield f"  {len(shown.chain.path)}  {shown.chain.above}, not in the file"
    yield ""
    yield from _pins(shown)
    yield ""
    yield from _lint(shown)
    yield ""
    yield from _wrap(
        f"In the lab's world {shown.host} "
        + ("keeps its name" if shown.host == shown.lab_host else f"is called {shown.lab_host}")
        + "; every key is new, and each pin was moved to the certificate that it names. "
        f"The day is {shown.at:%Y-%m-%d}." + "".join(f" {one[0].upper()}{one[1:]}." for one in shown.changes)
    )
    if shown.broken:
        yield ""
        yield from _wrap(
            f"No client gets anywhere with this chain, pinned or not: {shown.broken}. What follows says so."
        )
    if shown.unasked:
        yield ""
        yield from _wrap(f"The pins are not asked: {shown.unasked}. So your client is an unpinned one.")
    elif not shown.broken and shown.row("ordinary_day").outcome is Outcome.OUTAGE:
        yield ""
        yield from _wrap("Your pins refuse the chain as it is today, so every scene begins with an outage.")
    yield ""
    yield from _scenes(shown)
    yield ""
    yield from _scores(shown)


def _wrap(line: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        line, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False, break_long_words=False
    )


def _pins(shown: Forecast) -> Iterator[str]:
    several = len(shown.config.lists) > 1
    yield "Your pins" + ("; both lists must match, each with any of its pins" if several else "; any one will do")
    for number, listed in enumerate(shown.config.lists):
        if several:
            yield f"  for {listed.where.value}"
        for one in (match for match in shown.matches if match.list == number):
            yield f"  {one.pin.written if one.pin.never else one.pin}"
            yield from _wrap(named(shown, one), " " * 6, " " * 6)


def named(shown: Forecast, one: Match) -> str:
    """What a pin names, in words."""
    if one.place is None:
        said = one.names.value
    elif one.place >= len(shown.chain.path):
        said = f"the key of {shown.certificate(one)}, as the file says: the root, which is not in the chain"
    elif one.names is Names.CERTIFICATE:
        said = f"the whole certificate of {shown.certificate(one)} ({one.place}), and not its key"
    else:
        said = f"the key of {shown.certificate(one)} ({one.place})"
    return f"{said}; it never matches: {one.never}" if one.never else said


def _lint(shown: Forecast) -> Iterator[str]:
    yield "Lint: nothing was found" if not shown.findings else "Lint"
    for one in shown.findings:
        yield from finding(one)


def finding(one: LintFinding) -> Iterator[str]:
    """One finding, with why and what to do."""
    yield from _wrap(f"{MARKS[one.severity]} {one.name} ({one.severity.value}): {one.seen}", "  ", " " * 5)
    yield from _wrap(f"why: {one.why}" + (f" [{one.source}]" if one.source else ""), " " * 5, " " * 10)
    yield from _wrap(f"do:  {one.do}", " " * 5, " " * 10)


def _scenes(shown: Forecast) -> Iterator[str]:
    section = ""
    for attack, rotation in shown.pairs():
        title = _section(attack, rotation)
        if title != section:
            yield from ([""] if section else [])
            yield title
            section = title
        for row in filter(None, (attack, rotation)):
            yield from _row(row)


def _section(attack: Row | None, rotation: Row | None) -> str:
    if attack and rotation:
        return (
            "Twins: an attack, and below it the rotation that looks exactly like it. Your client, by real handshakes:"
        )
    return "Attacks that ordinary validation refuses" if attack else "Rotations without an attack of their own"


def _row(row: Row) -> Iterator[str]:
    kind = "attack" if row.case.kind is Kind.ATTACK else "rotation"
    trial = row.trials[YOURS]
    yield f"  {kind:<9}{GLYPHS[row.outcome]} {row.outcome.value:<12}{row.case.title}"
    if row.aside:
        yield from _wrap(f"not counted: {row.aside}", " " * 25, " " * 25)
    elif row.outcome in (Outcome.OUTAGE, Outcome.INTERCEPTED):
        yield from _wrap(f"{trial.verdict.check}: {trial.verdict.reason}", " " * 25, " " * 25)


def _scores(shown: Forecast) -> Iterator[str]:
    yield "In the same world"
    for name in shown.clients:
        yield f"  {name:<13}{shown.score(name)}"
    same = [name for name in shown.clients[1:] if all(r.trials[name].outcome is r.outcome for r in shown.rows)]
    yield from _wrap(
        f"Your pins do exactly what the {same[0]} client does."
        if same
        else "What a pin stops and what it breaks are the same path; only a key that you planned for tells them apart."
    )
