"""
The field's results as HTML: what real programs did, beside what their profiles predicted.

It reads what `make field` left. Any value may be missing, and then shows as a
gap; whether the results are true is not for the page to say.
"""

from __future__ import annotations

from html import escape
from typing import Any

from lab.built.atlas.plain import plain

NOT_RUN = (
    '<p class="absent">The field was not run for this page: no real program has been asked. '
    "To ask those that this machine has, and make the page again: <code>make field report</code>.</p>"
)


def section(field: dict[str, Any] | None, traced: set[tuple[str, str]]) -> str:
    """The whole section below its heading. `traced` are the cells, by client and scene, that the page can open."""
    if field is None:
        return NOT_RUN
    results = (
        _folded(program, f"{program} in every scene that applies", rows, traced)
        for program, rows in _grouped(field["results"], "program").items()
    )
    told = _attackers(field["attackers"], traced), _renewals(field.get("renewals") or [])
    return "".join((_summary(field), _programs(field), *results, *told))


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
    if one.get("connected") is False:
        return '<span class="no">✗ it never reached the server</span>'
    if one.get("agree") is True:
        return "✓ agrees"
    if not one.get("explained"):
        return '<span class="no">✗ disagrees, unexplained</span>'
    said = one["explained"] if isinstance(one["explained"], dict) else {"why": one["explained"]}
    source = "; ".join(_text(said[name]) for name in ("source", "version") if said.get(name))
    return f"≠ explained: {_text(said.get('why'))}" + (f" ({source})" if source else "")


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
    return plain("Programs", heads, rows) if rows else ""


def _code(reason: Any) -> str:
    """Backticks in a reason mark a command."""
    parts = _text(reason).split("`")
    return "".join(f"<code>{one}</code>" if number % 2 else one for number, one in enumerate(parts))


def _attackers(rows: list[dict[str, Any]], traced: set[tuple[str, str]]) -> str:
    parts = []
    for attacker, group in _grouped(rows, "attacker").items():
        skipped = next((one["skipped"] for one in group if one.get("skipped")), None)
        if skipped:
            parts.append(f'<p class="results"><b>{escape(attacker)}</b>: skipped: {_code(skipped)}</p>')
            continue
        name = f"{attacker} {group[0].get('version') or ''}".rstrip()
        parts.append(_folded(name, f"{name} as the attacker", group, traced, situation="situation", against="program"))
    return f"<h3>Attack tools in place of the lab's own attacker</h3>{''.join(parts)}" if parts else ""


def _renewals(rows: list[dict[str, Any]]) -> str:
    columns = {"ACME client": "client", "renewed": "way", "the lab's client": "pinned"}
    columns |= {name: name for name in ("version", "did", "skipped")}
    told = [[_text(one.get(key)) for key in columns.values()] for one in rows]
    heading = "What ACME clients do to pins"
    return f"<h3>{heading}</h3>{plain(heading, list(columns), told)}" if rows else ""


def _folded(name: str, caption: str, rows: list[dict[str, Any]], traced: set[tuple[str, str]], **first: str) -> str:
    """These results in a table that opens, the remarkable ones first; `first` are further columns, with their keys."""
    order = ("unexplained", "explained", "agrees")
    told = [
        [
            *(_text(one.get(key)) for key in first.values()),
            _scene(one, traced),
            *(_text(one.get(key)) for key in ("profile", "did", "predicted")),
            _agreement(one),
            _text(one.get("note")),
        ]
        for one in sorted(rows, key=lambda one: order.index(_stands(one)))
    ]
    table = plain(caption, [*first, "scene", "as", "did", "predicted", "agreement", "its own words"], told)
    return f'<details class="results"><summary><b>{escape(name)}</b>: {_sentence(rows)}</summary>{table}</details>'


def _scene(one: dict[str, Any], traced: set[tuple[str, str]]) -> str:
    """The scene's name, as a link to the trace where the page has it."""
    client, scene = str(one.get("profile")), str(one.get("scene"))
    if (client, scene) not in traced:
        return _text(one.get("scene"))
    return f'<a href="#{escape(client)}/{escape(scene)}">{escape(scene)}</a>'
