"""
The tables of the matrix and of the profiles, as HTML that needs no script.

Scenes are rows and clients are columns; every cell says its outcome with a
glyph and a word, and links to its trace. It reads the gathered JSON only.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from html import escape
from typing import Any

from lab.show.markup import breakable
from lab.show.words import spoken
from lab.trials.sections import sections

PLACES = {1: ("alone",), 2: ("first", "second")}
KINDS = {"attack": "attacks", "rotation": "rotations", "slip": "slips"}


def shown(played: dict[str, Any], listed: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The records of the clients and of the scenes that were played, in the catalogue's order."""
    clients = {one["client"] for one in played["trials"]}
    scenes = {one["scene"] for one in played["trials"]}
    rows = (*listed["clients"], *listed.get("further", ()), *listed.get("profiles", ()))
    return (
        [one for one in rows if one["name"] in clients],
        [one for one in (*listed["scenes"], *listed.get("slips", ())) if one["name"] in scenes],
    )


def outcomes(played: dict[str, Any]) -> dict[tuple[str, str], str]:
    """The outcome by client and scene."""
    return {(one["client"], one["scene"]): one["outcome"] for one in played["trials"]}


def afterwards(played: dict[str, Any]) -> dict[tuple[str, str], str]:
    """By client and scene, how long after the first meeting a robbery or an outage came, where it was not at once."""
    ends = {
        (one["client"], one["scene"]): one for one in played["trials"] if one["outcome"] in ("intercepted", "outage")
    }
    times = {cell: timedelta(seconds=one["meetings"][one["shows_meeting"]]["after"]) for cell, one in ends.items()}
    return {cell: spoken(time) for cell, time in times.items() if time}


def disputed(played: dict[str, Any], leaving_out: Collection[str] = ()) -> set[str]:
    """The scenes in which not all of the clients, but those left out, came to the same outcome."""
    by_scene: dict[str, set[str]] = {}
    for one in played["trials"]:
        if one["client"] not in leaving_out:
            by_scene.setdefault(one["scene"], set()).add(one["outcome"])
    return {scene for scene, found in by_scene.items() if len(found) > 1}


def reach(record: dict[str, Any]) -> str:
    """What a scene shares with the genuine path, in words."""
    return " + ".join(record["reach"]) or "trust store only"


def grid(name: str, caption: str, played: dict[str, Any], gathered: dict[str, Any]) -> str:
    """One table; `name` is its id."""
    clients, scenes = shown(played, gathered["list"])
    ended, glyphs, later = outcomes(played), gathered["outcomes"], afterwards(played)
    heads = "".join(
        f'<th scope="col" data-client="{escape(one["name"])}"{" data-story" if one.get("story") else ""}'
        f"{' data-modelled' if modelled(one) else ''}{' data-idle' if serves_nobody(one['name'], played) else ''}"
        f">{breakable(one['name'])}</th>"
        for one in clients
    )
    bodies = []
    for heading, rows in sections(scenes, dict[str, Any]).items():
        lines = [
            f'<tr class="group"><th scope="rowgroup" colspan="{len(clients) + 1}">'
            f"<span>{escape(heading)}</span></th></tr>"
        ]
        for scene, place in (placed for row in rows for placed in zip(row, PLACES[len(row)], strict=True)):
            cells = "".join(_cell(one["name"], scene["name"], ended, glyphs, later) for one in clients)
            lines.append(
                f'<tr class="{place}" data-scene="{escape(scene["name"])}" data-kind="{escape(scene["kind"])}">'
                f'<th scope="row"><span class="kind">'
                f'{escape(scene["kind"])}</span> <span class="title">{escape(scene["title"])}</span> '
                f'<span class="reach">shares: {escape(reach(scene))}</span></th>{cells}</tr>'
            )
        bodies.append(f"<tbody>{''.join(lines)}</tbody>")
    return (
        f'<table class="grid" id="{name}"><caption>{escape(caption)}</caption><thead><tr>'
        f'<th scope="col" class="corner">scene</th>{heads}</tr></thead>{"".join(bodies)}'
        f"{_scores(played, clients)}</table>"
    )


def modelled(client: dict[str, Any]) -> bool:
    """Whether this is a profile whose program the field test does not run."""
    return not (client.get("profile") or {}).get("ran", True)


def serves_nobody(client: str, played: dict[str, Any]) -> bool:
    """Whether this client refused the genuine service in every rotation there was."""
    score = played["scores"][client]
    return bool(score["rotations"]) and not score["service_kept"]


def _cell(
    client: str,
    scene: str,
    ended: dict[tuple[str, str], str],
    glyphs: dict[str, Any],
    later: dict[tuple[str, str], str],
) -> str:
    one = ended.get((client, scene))
    if one is None:
        return "<td>not run</td>"
    when = later.get((client, scene))
    after = f' <span class="after">after {escape(when)}</span>' if when else ""
    return (
        f'<td class="{escape(one)}"><a href="#{escape(client)}/{escape(scene)}">'
        f'<span class="glyph" aria-hidden="true">{escape(glyphs[one]["glyph"])}</span>'
        f' <span class="word">{escape(one)}</span>{after}</a></td>'
    )


def _scores(played: dict[str, Any], clients: list[dict[str, Any]]) -> str:
    lines = []
    for label, done, of in (
        ("attacks stopped", "attacks_stopped", "attacks"),
        ("service kept through rotations", "service_kept", "rotations"),
    ):
        scores = [played["scores"][one["name"]] for one in clients]
        if any(score[of] for score in scores):
            cells = "".join(f"<td>{score[done]} of {score[of]}</td>" for score in scores)
            lines.append(f'<tr><th scope="row">{label}</th>{cells}</tr>')
    return f"<tfoot>{''.join(lines)}</tfoot>"


# ---- the form above a table -----------------------------------------------------------------------


def controls(name: str, played: dict[str, Any], gathered: dict[str, Any], *, agreeing: bool) -> str:
    """
    The filters of one table, as a form; hidden until the script is there to obey them.

    With `agreeing`, a switch shows the scenes in which all columns agree.
    """
    clients, scenes = shown(played, gathered["list"])
    kinds = [kind for kind in KINDS if any(one["kind"] == kind for one in scenes)]
    radios = "".join(
        _tick("radio", "kind", value, word, checked=value == "all")
        for value, word in (("all", "all"), *((kind, KINDS[kind]) for kind in kinds))
    )
    ends = "".join(
        _tick("checkbox", "outcome", word, f"{look['glyph']} {word}", checked=False)
        for word, look in gathered["outcomes"].items()
    )
    columns = "".join(
        f"<li>{_tick('checkbox', 'client', one['name'], one['name'], checked=True, note=one['title'])}</li>"
        for one in clients
    )
    presets = [("all", "all")]
    if any(one.get("story") for one in clients):
        presets.append(("story", "the story's eight"))
    if any(serves_nobody(one["name"], played) for one in clients):
        presets.append(("working", "those that are served at all"))
    if any(one.get("profile") for one in clients):
        presets.append(("ran", "those that the field test runs"))
    presets.append(("none", "none"))
    buttons = "".join(f'<button type="button" data-preset="{value}">{word}</button>' for value, word in presets)
    switch = _tick("checkbox", "agree", "1", "also the scenes in which all agree", checked=False)
    pairs = _tick("checkbox", "order", "kind", "all attacks first, twins apart", checked=False)
    return (
        f'<form class="controls" id="{name}-controls" hidden>'
        f'<label class="find">Find a scene <input type="search" name="find" autocomplete="off" size="18"></label>'
        f"<fieldset><legend>Show</legend>{radios}</fieldset>"
        f"<fieldset><legend>Only scenes that end, for some client here, as</legend>{ends}</fieldset>"
        f"<fieldset><legend>View</legend>{pairs}{switch if agreeing else ''}</fieldset>"
        f'<details class="columns"><summary>Choose columns <span class="count"></span></summary>'
        f'<p class="presets">{buttons}</p><ul>{columns}</ul></details>'
        '<p class="result"><output role="status"></output> <button type="reset">Reset</button></p></form>'
    )


def _tick(kind: str, name: str, value: str, word: str, *, checked: bool, note: str = "") -> str:
    told = f'<span class="note">{escape(note)}</span>' if note else ""
    return (
        f'<label><input type="{kind}" name="{name}" value="{escape(value)}"'
        f"{' checked' if checked else ''}> <span>{escape(word)}{' ' + told if told else ''}</span></label>"
    )
