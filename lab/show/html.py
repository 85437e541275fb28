"""
A trial and a trace as accessible HTML for a notebook: the drawings, the checks as a table, the words.
"""

from __future__ import annotations

from html import escape

from lab.observation import UNLETTERED, Letters
from lab.show import text
from lab.show.drawing import Path, sequence, sequence_alt
from lab.show.sheet import Row, Sheet
from lab.show.svg import image
from lab.show.words import cell
from lab.trials.engine import Encounter
from lab.trials.trace import Trace
from lab.trials.trial import Trial


def trial(shown: Trial) -> str:
    """One trial: the sequence drawing, the path, the checks of the meeting that the cell shows."""
    return (
        f"<p><b>{escape(shown.client.name)}</b> in the {shown.case.kind.value} "
        f"<b>{escape(shown.case.title)}</b>: {cell(shown.outcome)}</p>"
        f"{image(sequence(shown), sequence_alt(shown))}{_encounter(shown, shown.shown)}"
    )


def trace(shown: Trace) -> str:
    """A trial with the second opinion and what would flip the outcome."""
    return (
        trial(shown.trial)
        + f"<p><b>What would flip it:</b> {escape(shown.would_flip)}</p>"
        + f"<details><summary>The whole trace as text</summary><pre>{escape(text.trace(shown))}</pre></details>"
    )


def _encounter(shown: Trial, met: Encounter) -> str:
    seen = met.observation
    if seen.path:
        marks = {one.pin: f"the genuine {role.value} key" for one in seen.path if (role := shown.genuine(one))}
        drawn = Path(seen.path, marks, shown.letters).html()
    else:
        why = seen.error.reason if seen.error else "the session was resumed" if seen.resumed else met.verdict.reason
        drawn = f"<p>No path: {escape(why)}.</p>"
    other = f"<p>{escape(text.view(met))}; {met.aftermath.leaked} bytes leaked.</p>"
    return drawn + checks(met, shown.letters).html() + other


def checks(met: Encounter, letters: Letters = UNLETTERED) -> Sheet:
    """What each check found in a meeting; below, what was seen and wanted where a refusal compared keys."""
    verdict = met.verdict
    rows = [Row(one.check, ("✓ passed" if one.passed else "✗ refused", one.reason)) for one in verdict.findings]
    sides = tuple(filter(None, (one.both_sides(letters) for one in verdict.findings if not one.passed)))
    caption = f"Checks, in order: {met.meeting.title}"
    return Sheet(caption, ("check", "finding", "why"), rows or [Row(verdict.check, ("", verdict.reason))], sides)
