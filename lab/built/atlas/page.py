"""
One self-contained HTML page from what `gather` returned.

Tables are written here, so that the matrix is there without script; the
script beside this file filters them and opens the traces. Style, script and
data are inlined, and a Content-Security-Policy forbids loading anything.
"""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import Any

from lab.built.atlas.field import section
from lab.built.atlas.grid import controls, disputed, grid, modelled, outcomes, serves_nobody, shown
from lab.built.atlas.packed import embedded
from lab.built.atlas.told import boards
from lab.observation import Line, outcome_of
from lab.show.markup import filled
from lab.show.words import LOOKS

STYLES = ("screen.css", "trace.css", "print.css")
SCRIPTS = ("unpack.js", "address.js", "grid.js", "chains.js", "trace.js", "atlas.js")


def page(gathered: dict[str, Any]) -> str:
    """The page. The same dictionary gives the same page."""
    parts = {
        "style": _colours() + _read(STYLES),
        "script": _read(SCRIPTS),
        "json": embedded(gathered),
        "about": _about(gathered),
        "legend": _legend(gathered),
        "matrix": _matrix(gathered),
        "profiles": _profiles(gathered),
        "apart": boards(gathered["apart"], gathered["list"]["scenes"]),
        "field": section(gathered["field"], _traced(gathered)),
    }
    return filled(_read(("page.html",)), parts)


def _read(names: tuple[str, ...]) -> str:
    folder = files("lab.built.atlas") / "template"
    return "".join((folder / name).read_text("utf-8") for name in names)


def _colours() -> str:
    """The outcomes' colours, as the whole lab has them, for the style sheet to mix."""
    return ":root{" + "".join(f"--{one.value}:{LOOKS[one].colour};" for one in LOOKS) + "}\n"


def _traced(gathered: dict[str, Any]) -> set[tuple[str, str]]:
    return {cell for name in ("matrix", "profiles") if gathered[name] for cell in outcomes(gathered[name])}


def _about(gathered: dict[str, Any]) -> str:
    about, played = gathered["about"], gathered["matrix"]["trials"]
    profiles = gathered["profiles"]["trials"] if gathered["profiles"] else []
    return escape(
        f"Made on {about['made']} from {len(played) + len(profiles)} trials over real TLS on this machine's loopback, "
        f"with Python {about['python']} and {about['openssl']}; pinning-lab {about['lab']}. "
        "Keys are new in every run; names and outcomes are not."
    )


def _legend(gathered: dict[str, Any]) -> str:
    """The four outcomes as the table that they are: who is on the line, and what the client did."""
    told = gathered["outcomes"]

    def cell(line: Line, talks: bool) -> str:
        one = outcome_of(line, held=talks, content=talks)
        look = told[one.value]
        return (
            f'<td class="{one.value}"><b><span class="glyph" aria-hidden="true">{escape(look["glyph"])}</span> '
            f"{one.value}</b><br><small>{escape(look['meaning'])}</small></td>"
        )

    rows = "".join(
        f'<tr><th scope="row">the client {did}</th>{"".join(cell(line, talks) for line in Line)}</tr>'
        for did, talks in (("talks", True), ("refuses", False))
    )
    return (
        '<table class="legend"><caption>What an outcome means</caption><thead><tr><td></td>'
        '<th scope="col">the genuine server is on the line</th><th scope="col">an attacker is on the line</th></tr>'
        f"</thead><tbody>{rows}</tbody></table>"
    )


def _region(inner: str, label: str) -> str:
    return f'<div class="scroller" tabindex="0" role="region" aria-label="{label}">{inner}</div>'


def _matrix(gathered: dict[str, Any]) -> str:
    played = gathered["matrix"]
    table = grid("clients", "Each attack stands above its twin.", played, gathered)
    return controls("clients", played, gathered, agreeing=False) + _region(table, "table of the matrix, which scrolls")


def _profiles(gathered: dict[str, Any]) -> str:
    played = gathered["profiles"]
    if not played:
        return '<p class="absent">No profile was run for this page; <code>make report</code> runs them all.</p>'
    clients, scenes = shown(played, gathered["list"])
    unrun = sum(map(modelled, clients))
    idle = [one["name"] for one in clients if serves_nobody(one["name"], played)]
    split = len(disputed(played, leaving_out=idle))
    said = (
        f"<p>{len(clients)} profiles went through {len(scenes)} scenes; in {split} of them they do not agree. "
        + (f"Left out at first, since they refuse every genuine server: {escape(', '.join(idle))}. " if idle else "")
        + f"The field test runs the program behind {len(clients) - unrun} of them. "
        + (f"{unrun} are modelled, not run: their columns are marked <i>modelled</i>." if unrun else "")
        + "</p>"
    )
    table = grid("programs", "What each real implementation would do.", played, gathered)
    return (
        said
        + controls("programs", played, gathered, agreeing=True)
        + _region(table, "table of the profiles, which scrolls")
    )
