"""
The field's results as HTML: what real programs did, beside what their profiles predicted.

It reads what `make field` left. Any value may be missing, and then shows as a
gap; whether the results are true is not for the page to say.
"""

from __future__ import annotations

from html import escape
from typing import Any

from lab.show.markup import tag

NOT_RUN = (
    '<p class="absent">The field was not run for this page: no real program has been asked. '
    "To ask those that this machine has, and make the page again: <code>make field report</code>.</p>"
)


def section(field: dict[str, Any] | None, traced: set[tuple[str, str]]) -> str:
    """The whole section below its heading. `traced` are the cells, by client and scene, that the page can open."""
    if field is None:
        return NOT_RUN
    return "".join(
        (
            _summary(field),
            _programs(field),
            *(_results(name, rows, traced) for name, rows in _grouped(field["results"], "program").items()),
            _attackers(field["attackers"], traced),
        )
    )


def _text(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, list | tuple):
        return ", ".join(_text(one) for one in value)
    return escape(str(value))


def _grouped(rows: list[dict[str, Any]], by: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for one in rows:
        found.setdefault(str(one.get(by) or "unnamed"), []).append(one)
    return found


# ---- what agrees ----------------------------------------------------------------------------------


def _stands(one: dict[str, Any]) -> str:
    """How one result stands to its prediction: "agrees", "explained" or "unexplained"."""
    if one.get("connected") is False:  # a refusal by a program that never arrived means nothing
        return "unexplained"
    if one.get("agree") is True:
        return "agrees"
    return "explained" if one.get("explained") else "unexplained"


def _tally(rows: list[dict[str, Any]]) -> tuple[int, int, int]:
    """How many agree, how many do not and are explained, how many do not and are not."""
    found = [_stands(one) for one in rows]
    return found.count("agrees"), found.count("explained"), found.count("unexplained")


def _sentence(rows: list[dict[str, Any]]) -> str:
    agreed, explained, unexplained = _tally(rows)
    said = f"{agreed} of {len(rows)} agree"
    said += f", {explained} {'is' if explained == 1 else 'are'} explained" if explained else ""
    return said + (f", {unexplained} unexplained" if unexplained else "")


def _agreement(one: dict[str, Any]) -> str:
    stands = _stands(one)
    if stands == "agrees":
        return "✓ agrees"
    if stands == "unexplained":
        arrived = one.get("connected") is not False
        return f'<span class="no">✗ {"disagrees, unexplained" if arrived else "it never reached the server"}</span>'
    why = one.get("explained")
    if isinstance(why, dict):
        source = "; ".join(_text(why[name]) for name in ("source", "version") if why.get(name))
        why = f"{_text(why.get('why'))}{f' ({source})' if source else ''}"
    else:
        why = _text(why)
    return f"≠ explained: {why}"


# ---- tables ---------------------------------------------------------------------------------------


def _summary(field: dict[str, Any]) -> str:
    rows = field["results"]
    agreed, explained, unexplained = _tally(rows)
    asked = len(_grouped(rows, "program"))
    where = f" on {_text(field['machine'])}" if field.get("machine") else ""
    tools = [one for one in field["attackers"] if not one.get("skipped")]
    return (
        f"<p>Run on {_text(field.get('date'))}{where}: {asked} program{'' if asked == 1 else 's'}, "
        f"{len(rows)} cells. <strong>{agreed} agree</strong> with what the profile predicted, "
        f"{explained} disagree and are explained, {unexplained} are unexplained."
        + (f" With attack tools in place of the lab's own attacker: {_sentence(tools)}." if tools else "")
        + "</p>"
    )


def _table(caption: str, heads: list[str], rows: list[list[str]]) -> str:
    """A table whose first column heads its rows; the cells are HTML already."""
    head = tag("tr", *(tag("th", one, scope="col") for one in heads))
    body = (tag("tr", tag("th", first, scope="row"), *(tag("td", one) for one in rest)) for first, *rest in rows)
    return (
        f'<div class="scroller plain" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f'<table class="field"><caption>{escape(caption)}</caption>{tag("thead", head)}'
        f"{tag('tbody', *body)}</table></div>"
    )


def _programs(field: dict[str, Any]) -> str:
    results = _grouped(field["results"], "program")
    rows = []
    for one in field["programs"]:
        name = str(one.get("name") or "unnamed")
        if one.get("skipped"):
            rows.append([_text(name), "–", f"skipped: {_code(one['skipped'])}", "–", "–", "–", "–"])
            continue
        mine = results.get(name, [])
        tally = [str(count) for count in _tally(mine)]
        rows.append([_text(name), _text(one.get("version")), _text(one.get("profiles")), str(len(mine)), *tally])
    heads = ["program", "version", "run as", "cells", "agree", "explained", "unexplained"]
    return _table("Programs", heads, rows) if rows else ""


def _code(reason: Any) -> str:
    """Backticks in a reason mark a command."""
    parts = _text(reason).split("`")
    return "".join(f"<code>{one}</code>" if number % 2 else one for number, one in enumerate(parts))


def _folded(name: str, said: str, table: str) -> str:
    return f'<details class="results"><summary><b>{escape(name)}</b>: {said}</summary>{table}</details>'


def _remarkable_first(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    order = ("unexplained", "explained", "agrees")
    return sorted(rows, key=lambda one: order.index(_stands(one)))


def _results(program: str, rows: list[dict[str, Any]], traced: set[tuple[str, str]]) -> str:
    told = [[_scene(one, traced), *_did(one)] for one in _remarkable_first(rows)]
    heads = ["scene", "as", "did", "predicted", "agreement", "its own words"]
    return _folded(program, _sentence(rows), _table(f"{program} in every scene that applies", heads, told))


def _did(one: dict[str, Any]) -> list[str]:
    return [
        _text(one.get("profile")),
        _text(one.get("did")),
        _text(one.get("predicted")),
        _agreement(one),
        _text(one.get("note")),
    ]


def _scene(one: dict[str, Any], traced: set[tuple[str, str]]) -> str:
    """The scene's name, as a link to the trace where the page has it."""
    cell = (str(one.get("profile")), str(one.get("scene")))
    if cell not in traced:
        return _text(one.get("scene"))
    return f'<a href="#{escape(cell[0])}/{escape(cell[1])}">{_text(one.get("scene"))}</a>'


def _attackers(rows: list[dict[str, Any]], traced: set[tuple[str, str]]) -> str:
    parts = []
    for attacker, group in _grouped(rows, "attacker").items():
        skipped = next((one["skipped"] for one in group if one.get("skipped")), None)
        if skipped:
            parts.append(f'<p class="results"><b>{escape(attacker)}</b>: skipped: {_code(skipped)}</p>')
            continue
        name = f"{attacker} {group[0].get('version') or ''}".rstrip()
        told = [
            [_text(one.get("situation")), _text(one.get("program")), _scene(one, traced), *_did(one)]
            for one in _remarkable_first(group)
        ]
        heads = ["situation", "against", "scene", "as", "did", "predicted", "agreement", "its own words"]
        parts.append(_folded(name, _sentence(group), _table(f"{name} as the attacker", heads, told)))
    return f"<h3>Attack tools in place of the lab's own attacker</h3>{''.join(parts)}" if parts else ""
