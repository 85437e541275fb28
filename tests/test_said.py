"""What the pages state as fact: days that belong to what happened on them, and a decision sheet like the sockets."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import lab
from lab.built.incidents.table import DAY, happened, unvouched
from lab.built.time.drawing import timeline

pytestmark = pytest.mark.course

HOME = Path(__file__).parent.parent

HAPPENED = happened()
"""
The days of the pages, each with a word that must stand beside it: what happened on it, or how sure that is.

They are those that the table of sources vouches for: a day is entered there by somebody who has seen one.
"""


def said() -> Iterator[tuple[str, str]]:
    """What a reader is told: paragraphs of notebooks and pages, strings of the library, heads of timelines."""
    for file in sorted(HOME.glob("notebooks/*.ipynb")):
        for cell in json.loads(file.read_text("utf-8"))["cells"]:
            prose = "".join(cell["source"]) if cell["cell_type"] == "markdown" else ""
            yield from ((file.name, one) for one in re.sub(r"```.*?```", "", prose, flags=re.DOTALL).split("\n\n"))
    made_of_them = HOME / "notebooks/SOURCES.md"
    for file in {HOME / "README.md", *HOME.glob("notebooks/*.md")} - {made_of_them}:
        yield from ((file.name, one) for one in file.read_text("utf-8").split("\n\n"))
    for file in sorted(HOME.glob("lab/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield file.name, node.value
    for file in sorted(HOME.glob("lab/built/time/**/*.toml")):
        told = tomllib.loads(file.read_text("utf-8"))
        yield file.name, " ".join(str(told.get(part, "")) for part in ("title", "story", "source"))
    for file in (HOME / "lab/built/expectancy/rates.toml", *sorted(HOME.glob("lab/built/incidents/*.toml"))):
        yield from ((file.name, one) for one in words(tomllib.loads(file.read_text("utf-8"))))


def words(value: object) -> Iterator[str]:
    """Every string in it, but for what is a key, and for the day alone on which a source was written."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    yield from (value,) if isinstance(value, str) and not DAY.fullmatch(value) else ()
    for one in inner:
        yield from words(one)


def strangers(name: str, text: str) -> list[str]:
    """The days in this text that nobody has entered, or that stand beside something else than what happened."""
    return [f"{name}: {day}" for day in unvouched(text, HAPPENED)]


def test_each_day_stands_beside_what_happened_on_it() -> None:
    """In every paragraph; a day that nobody entered is found, and one that was moved to another incident is."""
    told = list(said())
    assert [one for name, text in told for one in strangers(name, text)] == []
    assert set(HAPPENED) == {day for _, text in told for day in DAY.findall(text)}
    assert strangers("a page", "On 2011-08-28 it was used in Iran.") == ["a page: 2011-08-28"]
    assert strangers("a page", "Comodo, 2024-07-29") == ["a page: 2024-07-29"]


def test_shrinking_certificates_follow_the_ballot() -> None:
    """The dates and lives of the timeline are those that the pages tell."""
    lives = tomllib.loads((HOME / "lab/built/time/ready/shrinking-certificates.toml").read_text("utf-8"))["lifetime"]
    assert [str(one["days"]) for one in lives] == [HAPPENED[str(one["from"])].split("|")[0] for one in lives]
    assert all(isinstance(one["from"], date) for one in lives)
    assert timeline("shrinking-certificates").course("unpinned").outage_days == 0


SHEET = (
    "other_trusted_ca",
    "sibling_intermediate",
    "same_intermediate",
    "stolen_key_and_certificate",
    "stolen_key_other_ca",
    "",  # somebody inside the device is no scene of the wire
    "new_ca",
    "new_intermediate",
    "new_key",
    "same_key",
    "chain_shortened",
)
"""The scene of each row of the decision sheet's two tables."""

CELL = {"stops": "stopped", "no": "intercepted", "fine": "served", "breaks": "outage"}


def test_the_decision_sheet_is_what_the_sockets_say() -> None:
    """Each cell by a connection; "may break" may be either, and where a kept key is the exception it is one."""
    page = (HOME / "notebooks" / "DECISION-SHEET.md").read_text("utf-8")
    rows = [[part.strip() for part in line.split("|")[3:-1]] for line in page.splitlines() if line.startswith("| ☐")]
    clients = ("unpinned", "root-pinned", "intermediate-pinned", "leaf-pinned")
    for row, scene in zip(rows, SHEET, strict=True):
        for client, cell in zip(clients[-len(row) :], row if scene else (), strict=False):
            if not cell.startswith("may"):
                wanted = next(outcome for word, outcome in CELL.items() if cell.startswith(word))
                assert lab.trial(client, scene).outcome == wanted, (client, scene)
            if "unless the key is kept" in cell:
                kept = {"new_ca": "other_ca_same_key", "new_intermediate": "other_intermediate_same_key"}[scene]
                assert lab.trial(client, kept).outcome == "served"
            if "only from the same intermediate" in cell:
                assert lab.trial(client, "other_intermediate_same_key").outcome == "outage"
