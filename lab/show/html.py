"""
Matrices, trials and traces as accessible HTML for a notebook.

Tables with headed rows and columns, a glyph and a word in every cell, and no
script and no style sheet: JupyterLab keeps inline styles in a notebook that is
not trusted, and drops the rest.
"""

from __future__ import annotations

from html import escape

from lab.observation import Finding, Outcome
from lab.show import text
from lab.show.drawing import Path, image, sequence, sequence_alt
from lab.show.words import LOOKS, cell, legend
from lab.trials.engine import Encounter
from lab.trials.matrix import Matrix
from lab.trials.trace import Trace
from lab.trials.trial import Trial

_TD = "padding:2px 5px;border:1px solid #999;text-align:left;vertical-align:top;"


def outcome(one: Outcome) -> str:
    """A table cell for an outcome: glyph, word, and a coloured edge that is not needed to read it."""
    return f'<td style="{_TD}border-left:6px solid {LOOKS[one].colour};white-space:nowrap">{cell(one)}</td>'


def matrix(shown: Matrix) -> str:
    """The matrix: one body of rows for each pair of twins, clients as columns."""
    names = [client.name for client in shown.clients]
    rows = []
    for attack, rotation in shown.pairs():
        rows.append("<tbody>")
        for case in filter(None, (attack, rotation)):
            cells = "".join(outcome(shown.cell(name, case.name).outcome) for name in names)
            rows.append(
                f'<tr><th scope="row" style="{_TD}font-weight:normal;min-width:13em">'
                f"<b>{case.kind.value}</b> {escape(case.title)}<br/>"
                f"<small>shares: {escape(str(case.reach))}</small></th>{cells}</tr>"
            )
        rows.append("</tbody>")
    scores = [shown.score(name) for name in names]
    sums = [
        ("attacks stopped", [f"{one.stopped} of {one.attacks}" for one in scores if one.attacks]),
        ("service kept through rotations", [f"{one.kept} of {one.rotations}" for one in scores if one.rotations]),
    ]
    feet = "".join(
        f'<tr><th scope="row" style="{_TD}">{label}</th>'
        + "".join(f'<td style="{_TD}">{count}</td>' for count in counts)
        + "</tr>"
        for label, counts in sums
        if counts
    )
    head = "".join(f'<th scope="col" style="{_TD}">{escape(name)}</th>' for name in names)
    twins = any(attack and rotation for attack, rotation in shown.pairs())
    caption = (
        "Each attack stands above its twin, the rotation whose path looks exactly like it."
        if twins
        else (f"{len(shown.trials)} trials, each over real TLS")
    )
    return (
        '<div style="overflow-x:auto"><table style="border-collapse:collapse;font-size:12px">'
        f"<caption>{caption}</caption>"
        f'<thead><tr><th scope="col" style="{_TD}">scene, and what it shares with the genuine path</th>{head}</tr>'
        f"</thead>{''.join(rows)}<tfoot>{feet}</tfoot></table></div><pre>{escape(legend())}</pre>"
    )


def trial(shown: Trial) -> str:
    """One trial: the sequence drawing, the path, the checks of the meeting that the cell shows."""
    return (
        f"<div><p><b>{escape(shown.client.name)}</b> in the {shown.case.kind.value} "
        f"<b>{escape(shown.case.title)}</b>: {cell(shown.outcome)}</p>"
        f"{image(sequence(shown), sequence_alt(shown))}{_encounter(shown, shown.shown)}</div>"
    )


def trace(shown: Trace) -> str:
    """A trial with the second opinion and what would flip the outcome."""
    return (
        trial(shown.trial)[: -len("</div>")]
        + f"<p><b>What would flip it:</b> {escape(shown.would_flip)}</p>"
        + f"<details><summary>The whole trace as text</summary><pre>{escape(text.trace(shown))}</pre></details></div>"
    )


def _encounter(shown: Trial, met: Encounter) -> str:
    seen = met.observation
    drawn = ""
    if seen.path:
        marks = {one.pin: f"the genuine {role.value} key" for one in seen.path if (role := text.genuine(one, shown))}
        drawn = Path(seen.path, marks, "path").html()
    else:
        why = seen.error.reason if seen.error else "the session was resumed"
        drawn = f"<p>No path: {escape(why)}.</p>"
    rows = "".join(
        f'<tr><th scope="row" style="{_TD}">{escape(found.check)}</th>'
        f'<td style="{_TD}">{"✓ passed" if found.passed else "✗ refused"}</td>'
        f'<td style="{_TD}">{escape(found.reason)}{_sides(found)}</td></tr>'
        for found in met.verdict.findings
    )
    if not rows:
        rows = f'<tr><td style="{_TD}" colspan="3">{escape(met.verdict.reason)}</td></tr>'
    return (
        f"{drawn}<table style='border-collapse:collapse'><caption>Checks, in order: {escape(met.meeting.title)}"
        f'</caption><thead><tr><th scope="col" style="{_TD}">check</th><th scope="col" style="{_TD}">finding</th>'
        f'<th scope="col" style="{_TD}">why</th></tr></thead><tbody>{rows}</tbody></table>'
        f"<p>{escape(text.view(met))}; {met.aftermath.leaked} bytes leaked.</p>"
    )


def _sides(found: Finding) -> str:
    """What was seen and what was wanted, under a refusal that compared keys."""
    return f"<pre>{escape(found.both_sides)}</pre>" if found.both_sides and not found.passed else ""
