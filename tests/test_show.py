"""What people see: words beside glyphs, tables with heads, drawings with descriptions, the README's table."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import lab
from lab.observation import Outcome
from lab.policy.clients import CLIENTS
from lab.show import matrix
from lab.show.drawing import sequence, sequence_alt
from lab.show.matrix import DEPTHS, STAIRS
from lab.show.notebook import compare
from lab.show.sheet import Banner, Row, Sheet
from lab.show.words import LOOKS
from lab.trials import matrix as matrices
from lab.trials.matrix import Matrix

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def ran() -> Matrix:
    """The staircase of the README, in every scene of a usual table."""
    return matrices.matrix([CLIENTS[name] for name in DEPTHS])


def test_every_cell_has_a_glyph_and_a_word(ran: Matrix) -> None:
    """HTML and text show each outcome as glyph and word, and as often as it happened."""
    cells = [(client.name, case.name) for client in ran.clients for case in ran.cases]
    happened = [ran.cell(*one).outcome for one in cells]
    sheet = matrix.sheet(ran)
    page, plain = sheet.html(), str(sheet)
    for outcome in Outcome:
        words = f"{LOOKS[outcome].glyph} {outcome.value}"
        assert page.count(f">{words}</td>") == happened.count(outcome) > 0
        assert plain.count(words) == happened.count(outcome) + 1  # and once in the legend


def test_tables_have_heads_for_rows_and_columns_and_need_no_script(ran: Matrix) -> None:
    """Each column and row is headed with its scope, there is a caption, and no script or style sheet."""
    page = matrix.sheet(ran).html()
    assert page.count('scope="col"') == len(ran.clients) + 1
    assert page.count('scope="row"') == len(ran.cases) + 2
    assert "<caption>" in page
    assert re.search(r"<script|<style|<svg", page) is None


def test_a_sheet_says_the_same_as_text_and_as_html() -> None:
    """Heads, entries, banners and notes are in both; an outcome has glyph and word, and markup is never let through."""
    rows = [Banner("over <all>", "[aside]", section=True), Row("first", (Outcome.SERVED, "<b>", 2.5))]
    sheet = Sheet("a caption", ("row", "end", "said", "figure"), rows, ("a  note",))
    assert str(sheet).splitlines() == [
        "a caption",
        "",
        "over <all>   [aside]",
        "row    end       said  figure",
        "first  ✓ served  <b>      2.5",
        "",
        "a  note",
    ]
    table = ET.fromstring(sheet.html())
    assert [head.get("scope") for head in table.iter("th")] == ["col"] * 4 + ["rowgroup", "row"]
    assert [cell.text for cell in table.iter("td")] == ["✓ served", "<b>", "2.5"]
    assert table.findtext("table/caption") == "a caption"
    assert table.findtext("pre") == "a  note"


@pytest.mark.parametrize(("width", "blocks"), [(40, 3), (60, 2), (120, 1)])
def test_a_sheet_keeps_to_its_width(width: int, blocks: int) -> None:
    """What is too wide goes on in a second block, in which each row has its head again; nothing is lost."""
    names = [f"column-number-{number}" for number in range(9)]
    sheet = Sheet("", ("row", *names), [Row("first", tuple(map(str, range(100, 109))))])
    plain = sheet.text(width).plain
    assert max(map(len, plain.splitlines())) <= width
    assert re.findall(r"\b\d{3}\b", plain) == [str(number) for number in range(100, 109)]
    assert plain.count("first") == plain.count("row") == blocks


def test_figures_stand_to_the_right_and_words_to_the_left() -> None:
    """A column of figures only is set to the right, in text and in HTML; the heads of rows never are."""
    sheet = Sheet("", ("day", "long heading", "word"), [Row("1", (7, "a")), Row("10", (12, "b"))])
    assert str(sheet).splitlines()[1:] == ["1               7  a", "10             12  b"]
    assert sheet.html().count("text-align:right") == 3


def test_values_show_themselves_in_a_notebook_as_html_and_text() -> None:
    """A matrix, a trial, a trace, a path and a comparison have both forms; pins are shown where one was refused."""
    for value in (
        lab.matrix(["unpinned"], ["new_ca"]),
        lab.trial("unpinned", "new_ca"),
        lab.trace("unpinned", "new_ca"),
        lab.draw(lab.World().genuine.path),
        compare({"a": "?"}, {"a": "served"}),
    ):
        bundle = value._repr_mimebundle_()
        assert set(bundle) == {"text/plain", "text/html"}
        assert all(bundle.values())
        assert "sha256/" not in bundle["text/plain"]
    refused = lab.trial("leaf-pinned", "new_ca")._repr_mimebundle_()
    assert all(form.count("sha256/") == 4 for form in refused.values())  # the path, and the pin that was wanted


def test_a_path_is_drawn_with_its_marks_and_described() -> None:
    """The drawing is well-formed SVG with a title; a pinned certificate is marked by a word and a thicker frame."""
    world = lab.World()
    pin = lab.pin_of(world.root.certificate)
    drawn = lab.draw(world.genuine.path, {pin: "pinned"})
    picture = ET.fromstring(drawn.svg())
    strokes = [rect.get("stroke-width") for rect in picture.findall("{http://www.w3.org/2000/svg}rect")][1:]
    assert strokes == ["4", "1.2", "1.2"]
    assert "Honest Root [C, pinned]" in drawn.alt()
    assert "pinned" not in lab.draw(world.genuine.path).alt()
    encoded = re.search(r'src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]+)"', drawn.html())
    assert encoded
    assert base64.b64decode(encoded[1]).decode() == drawn.svg()


def test_a_sequence_is_drawn_from_what_was_recorded() -> None:
    """An interception shows the attacker passing the request on; a refusal shows the alert and no request."""
    robbed, safe = lab.trial("unpinned", "other_trusted_ca"), lab.trial("leaf-pinned", "other_trusted_ca")
    for trial in (robbed, safe):
        ET.fromstring(sequence(trial))
    assert "GET /account, passed on" in sequence_alt(robbed)
    assert "passed on" not in sequence_alt(safe)
    assert "alert: internal error" in sequence_alt(safe)


def test_a_blank_or_wrong_guess_never_raises() -> None:
    """Blanks are counted as blanks, nonsense as wrong, right guesses as right, whatever their case."""
    found = {"a": Outcome.SERVED, "b": Outcome.OUTAGE, "c": Outcome.STOPPED, "d": Outcome.STOPPED}
    told = compare({"a": " Served", "b": "?", "c": 7}, found)
    assert (told.right, told.blank) == (1, 2)
    assert "1 of 2 predictions right, 2 left blank" in str(told)


def test_the_readmes_staircase_is_the_one_the_sockets_give(ran: Matrix) -> None:
    """Each row of the README's table has the titles, the reach and the verdicts that the trials give."""
    rows = []
    for name in STAIRS:
        case = ran.cell("unpinned", name).case
        twin = lab.cases([case.twin])[0]
        verdicts = []
        for client in DEPTHS:
            attacked, rotated = ran.cell(client, name), ran.cell(client, twin.name)
            assert attacked.verdict.accepted == rotated.verdict.accepted
            verdicts.append("accepts" if attacked.verdict.accepted else "refuses")
        rows.append("| " + " | ".join([str(case.reach), case.title, twin.title, *verdicts]) + " |")
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [row for row in rows if row not in readme] == []


def test_the_readme_gives_a_reason_for_each_dependency() -> None:
    """Every package that pyproject.toml names has a row in the README's table."""
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    names = [*re.findall(r'"([A-Za-z][\w-]*) >=', project), "flit_core"]
    table = (ROOT / "README.md").read_text("utf-8").partition("| package | why |")[2]
    assert [name for name in names if name not in table] == []
