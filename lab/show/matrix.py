"""
The matrix as a table: clients as columns, each attack above the rotation that looks exactly like it.
"""

from __future__ import annotations

from lab.show.sheet import Banner, Row, Sheet
from lab.show.words import legend
from lab.trials.matrix import Matrix


def sheet(shown: Matrix) -> Sheet:
    """Clients as columns; each attack above its twin, under the title of both."""
    names = tuple(client.name for client in shown.clients)
    rows: list[Row | Banner] = []
    for heading, pairs in shown.sections().items():
        rows.append(Banner(heading, section=True))
        for pair in pairs:
            rows.append(Banner("  ⇄  ".join(case.title for case in pair), f"[shares: {pair[0].reach}]"))
            rows += [
                Row(case.kind.value, tuple(shown.cell(name, case.name).outcome for name in names)) for case in pair
            ]
    scores = [shown.score(name) for name in names]
    rows += [
        Banner("Scores: attacks stopped, and legitimate service kept through rotations", section=True),
        Row("stopped", tuple(f"{score.stopped}/{score.attacks}" for score in scores)),
        Row("kept", tuple(f"{score.kept}/{score.rotations}" for score in scores)),
    ]
    caption = "Clients as columns, scenes as rows: each cell is a trial over real TLS."
    return Sheet(caption, ("scene", *names), rows, (legend(),))
