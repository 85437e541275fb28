"""
The matrix as a table: clients as columns, each attack above the rotation that looks exactly like it.
"""

from __future__ import annotations

from lab.scenes.catalogue import Case, twin_of
from lab.show.sheet import Banner, Row, Sheet
from lab.show.words import legend
from lab.trials.matrix import Matrix

STAIRS = ("other_trusted_ca", "sibling_intermediate", "same_intermediate", "stolen_key_new_certificate")
"""Attacks that share more and more with the genuine path: one step each of the staircase."""

DEPTHS = ("unpinned", "root-pinned", "intermediate-pinned", "leaf-pinned")
"""Clients that pin deeper and deeper."""


def staircase(shown: Matrix) -> Sheet:
    """The lesson of the lab in four rows: what a client accepts in an attack, it accepts in the attack's twin."""
    here = {case.name: case for case in shown.cases}
    rows: list[Row | Banner] = []
    for attack in map(here.__getitem__, STAIRS):
        pair = (attack, twin_of(attack) or attack)
        rows.append(Banner(_titles(pair)))
        rows.append(Row(str(attack.reach), tuple(_verdicts(shown, name, pair) for name in DEPTHS)))
    caption = "Each attack and its twin, a rotation: a client accepts both or neither."
    note = "To accept is to be robbed in the attack and to be served in the rotation;\n"
    note += "to refuse is protection there and an outage here."
    return Sheet(caption, ("both share", *DEPTHS), rows, (note,))


def _verdicts(shown: Matrix, name: str, pair: tuple[Case, ...]) -> str:
    said = dict.fromkeys("accepts" if shown.cell(name, case.name).verdict.accepted else "refuses" for case in pair)
    return " / ".join(said)


def _titles(pair: tuple[Case, ...]) -> str:
    return "  ⇄  ".join(case.title for case in pair)


def sheet(shown: Matrix) -> Sheet:
    """Clients as columns; each attack above its twin, under the title of both."""
    names = tuple(client.name for client in shown.clients)
    rows: list[Row | Banner] = []
    for heading, pairs in shown.sections().items():
        rows.append(Banner(heading, section=True))
        for pair in pairs:
            alone = "" if pair[1:] else f"; {_alone(pair[0], shown)}"
            rows.append(Banner(_titles(pair), f"[shares: {pair[0].reach}{alone}]"))
            rows += [
                Row(case.kind.value, tuple(shown.cell(name, case.name).outcome for name in names)) for case in pair
            ]
    scores = [shown.score(name) for name in names]
    rows.append(Banner("Scores: attacks stopped, and legitimate service kept through rotations", section=True))
    if any(score.attacks for score in scores):
        rows.append(Row("stopped", tuple(f"{score.stopped}/{score.attacks}" for score in scores)))
    if any(score.rotations for score in scores):
        rows.append(Row("kept", tuple(f"{score.kept}/{score.rotations}" for score in scores)))
    caption = "Clients as columns, scenes as rows: each cell is a trial over real TLS."
    return Sheet(caption, ("scene", *names), rows, (legend(),))


def _alone(case: Case, shown: Matrix) -> str:
    """Why a scene stands without a twin."""
    twin = twin_of(case)
    if twin in shown.cases:
        return "its twin stands with another"
    if twin:
        return f"its twin {twin.name} is not shown"
    return f"no twin, since ordinary TLS refuses it: {case.fails.value}" if case.fails else "no scene is its twin"
