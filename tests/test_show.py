"""What people see: words beside glyphs, tables with heads, drawings with descriptions, the README's table."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import lab
from lab.building import AS_OPENSSL
from lab.observation import UNLETTERED, Outcome
from lab.policy.clients import CLIENTS, every
from lab.show import html, matrix, text
from lab.show.drawing import sequence, sequence_alt
from lab.show.keys import COLOURS, PATTERNS, look, named
from lab.show.matrix import DEPTHS, STAIRS
from lab.show.notebook import compare
from lab.show.sheet import SECTION, Banner, Row, Sheet
from lab.show.svg import INK
from lab.show.words import LOOKS
from lab.trials.letters import letter, lettered
from lab.trials.matrix import Matrix

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def ran(usual_matrix: Matrix) -> Matrix:
    """The staircase of the README, in every scene of a usual table."""
    return usual_matrix.of([CLIENTS[name] for name in DEPTHS])


def test_every_cell_has_a_glyph_and_a_word(ran: Matrix) -> None:
    """HTML and text show each outcome as glyph and word, and as often as it happened."""
    cells = [(client.name, case.name) for client in ran.clients for case in ran.cases]
    happened = [ran.cell(*one).outcome for one in cells]
    sheet = matrix.sheet(ran)
    page, plain = sheet.html().replace("\u00ad", ""), str(sheet)
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
    rows = (Banner("over <all>", "[aside]", section=True), Row("first", (Outcome.SERVED, "<b>", 2.5)))
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


# ---- keys ----------------------------------------------------------------------------------------


def test_the_genuine_keys_have_the_first_letters_whoever_comes_first(ran: Matrix) -> None:
    """A to D are the leaf's, the intermediate's, the root's and the backup key in every trial; a stranger is later."""
    for case in ran.cases:
        trial = ran.cell("unpinned", case.name)
        path, backup = trial.scene.genuine.path, trial.scene.site[lab.Role.BACKUP]
        assert [trial.letters[pin] for pin in (*map(lab.pin_of, path), *backup)] == ["A", "B", "C", "D"], case.name
        met = {one.pin: trial.genuine(one) for each in trial.encounters for one in each.observation.presented}
        assert {trial.letters[pin] > "D" for pin, genuine in met.items() if not genuine} <= {True}, case.name


def test_a_key_has_one_letter_in_text_drawing_table_and_json(ran: Matrix) -> None:
    """What a stranger presents in the site's name has another letter than the site's own, wherever it is named."""
    trial = ran.cell("leaf-pinned", "other_trusted_ca")
    plain, drawn, record = text.trial(trial), sequence_alt(trial), trial.record()
    for said in (plain, drawn):
        assert "bank.example [A" in said
        assert "bank.example [E" in said
    assert "bank.example [E] <- Other Issuing CA [F] <- Other Public Root [G]" in lab.draw(trial).alt()
    assert [one["key"] for one in record["meetings"][0]["path"]] == ["A", "B", "C"]
    assert [one["key"] for one in record["path"]] == ["E", "F", "G"]
    finding = record["meetings"][1]["checks"][-1]
    assert [one["key"] for side in ("seen", "wanted") for one in finding[side]] == ["E", "F", "G", "A"]
    sides = html.checks(trial.shown, trial.letters).notes[0]
    for word, one in (("seen", finding["seen"][0]), ("wanted", finding["wanted"][0])):
        assert f"{word:<8}{one['key']} {one['pin']}" in sides
        assert f"{word:<8}{one['key']} {one['pin']}" in plain


def test_a_meeting_on_a_later_day_says_so() -> None:
    """Eight days after the first one; the first one says no time, and neither does a scene of one day."""
    dated, same = lab.trial("unpinned", "staple_stuck"), lab.trial("unpinned", "new_ca")
    assert [one["after"] for one in dated.record()["meetings"]] == [0.0, 8 * 86400.0]
    assert {one["after"] for one in same.record()["meetings"]} == {0.0}
    assert "\nMeeting 1: " in text.trial(dated)
    assert "\nMeeting 2, after 8 d: " in text.trial(dated)
    assert "\nMeeting 2: " in text.trial(same)


def test_without_letters_the_stranger_reads_as_the_site_does(ran: Matrix) -> None:
    """Two certificates, one name: this is what letters are for."""
    trial = ran.cell("unpinned", "other_trusted_ca")
    genuine, stranger = (one.observation.presented[0] for one in trial.encounters)
    assert named(genuine, UNLETTERED) == named(stranger, UNLETTERED)
    assert named(genuine, trial.letters) != named(stranger, trial.letters)


def test_an_attack_and_its_twin_have_the_same_letters(ran: Matrix) -> None:
    """Nothing on the path tells them apart, and neither do the drawings."""
    for name in STAIRS:
        pair = [ran.cell("unpinned", one) for one in (name, ran.cell("unpinned", name).case.twin)]
        attacked, rotated = ([one["key"] for one in trial.record()["path"]] for trial in pair)
        assert attacked == rotated


def test_no_two_keys_of_a_trial_look_alike(ran: Matrix) -> None:
    """Nor share a letter; hundreds of keys have letters all the same, and a certificate's fingerprint has none."""
    for trial in ran.trials.values():
        letters = list(trial.letters.values())
        assert len(letters) == len(set(letters)) == len(set(map(look, letters)))
    most = [letter(number) for number in range(len(COLOURS) * len(PATTERNS))]
    assert len(set(map(look, most))) == len(most) == 56
    many = lettered(["cert-sha256/x", "", *(f"sha256/{number}" for number in range(800))])
    assert (len(set(many.values())), many["sha256/26"], many["sha256/701"], many["sha256/702"]) == (
        800,
        "AA",
        "ZZ",
        "AAA",
    )


def test_a_drawing_beside_another_keeps_its_letters() -> None:
    """The keys that both have look alike; without `beside` a stranger would have the first letter."""
    world = lab.World()
    evil = world.other_issuing.issue(world.host)
    assert "bank.example [A] <- Honest Issuing CA 1 [B]" in lab.draw(world.genuine.path).alt()
    assert "bank.example [D] <- Other Issuing CA [E]" in lab.draw(evil.path, beside=world.genuine.path).alt()
    assert "bank.example [A] <- Other Issuing CA [B]" in lab.draw(evil.path).alt()


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, as WCAG 2.2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def test_what_is_filled_has_ink_that_reads_on_it(ran: Matrix) -> None:
    """At least 4.5 to 1 in every theme: ground and ink stand together; the plain colours themselves would not do."""
    page = matrix.sheet(ran).html()
    filled = set(re.findall(r"background-color:(#\w{6});color:(#\w{6})", page))
    assert filled == {(look.tint, INK) for look in LOOKS.values()} | {(SECTION.split("background-color:")[1][:7], INK)}
    assert page.count("background-color") == page.count(f";color:{INK}")
    assert min(contrast(*pair) for pair in filled) >= 4.5
    assert min(contrast(look.colour, INK) for look in LOOKS.values()) < 4.5
    assert contrast("#000000", "#ffffff") == 21


# ---- notes, and tables for programs ---------------------------------------------------------------


def test_a_row_without_a_twin_says_why() -> None:
    """It is refused anyway, or its twin is not in this table; a pair says nothing."""
    said = str(matrix.sheet(lab.matrix(["unpinned"], ["self_signed_certificate", "new_key", "ordinary_day", "new_ca"])))
    assert "no twin, since ordinary TLS refuses it: no trust anchor vouches for it]" in said
    assert "its twin same_intermediate is not shown]" in said
    paired = str(matrix.sheet(lab.matrix(["unpinned"], ["new_ca", "other_trusted_ca"])))
    assert re.search("(no|its) twin", paired) is None


def test_a_sheet_comes_as_csv_and_as_plain_values() -> None:
    """Every entry once, an outcome as its word; a row knows the banners that it stands under."""
    rows: list[Row | Banner] = [
        Banner("over, all", section=True),
        Banner("pair", "[aside]"),
        Row("first", (Outcome.SERVED, 'a "b"', 2.5)),
    ]
    sheet = Sheet("a caption", ("row", "end", "said", "figure"), rows, ("a note",))
    assert list(csv.reader(io.StringIO(sheet.csv()))) == [
        ["section", "over", "row", "end", "said", "figure"],
        ["over, all", "pair", "first", "served", 'a "b"', "2.5"],
    ]
    assert Sheet("", ("row", "n"), [Row("first", ("7",))]).csv() == "row,n\nfirst,7\n"
    assert json.loads(json.dumps(sheet.record())) == {
        "title": "a caption",
        "columns": ["row", "end", "said", "figure"],
        "rows": [
            {"banner": "over, all", "aside": "", "section": True},
            {"banner": "pair", "aside": "[aside]", "section": False},
            {
                "head": "first",
                "cells": [
                    {"value": "served", "outcome": "served"},
                    {"value": 'a "b"', "outcome": None},
                    {"value": 2.5, "outcome": None},
                ],
            },
        ],
        "notes": ["a note"],
    }


# ---- predictions, and the README ------------------------------------------------------------------


def test_a_blank_or_wrong_guess_never_raises() -> None:
    """Blanks are counted as blanks, nonsense as wrong, right guesses as right, whatever their case."""
    found = {"a": Outcome.SERVED, "b": Outcome.OUTAGE, "c": Outcome.STOPPED, "d": Outcome.STOPPED}
    told = compare({"a": " Served", "b": "?", "c": 7}, found)
    assert (told.right, told.blank) == (1, 2)
    assert "1 of 2 predictions right, 2 left blank" in str(told)


def test_a_word_that_is_no_answer_is_told_the_nearest_that_is() -> None:
    """A slip of the pen is no wrong prediction: the row names the words that could stand there, not the right one."""
    found = {"a": Outcome.INTERCEPTED, "b": Outcome.STOPPED, "c": 3, "d": Outcome.SERVED}
    told = compare({"a": "interceptd", "b": "yes", "c": "2", "d": "outage"}, found)
    assert [one.mark for one in told.rows] == [
        "? no answer here; intercepted",
        "? no answer here; served or stopped or outage or intercepted",
        "✗ look again",
        "✗ look again",
    ]
    assert (told.right, compare({"a": None}, {"a": 1}).blank) == (0, 1)


def test_answers_to_another_question_are_refused() -> None:
    """Cells that were run out of order: no row shows what happened, and a sentence says which cell to run."""
    for guesses, about in (({"leaf": "served"}, "about leaf"), (None, "no dictionary")):
        told = compare(guesses, {"root": "served"})  # type: ignore[arg-type]
        assert told.rows == ()
        assert told.sum == f"these guesses are {about}, which is not asked here; run the cell with the guesses first"
    assert compare({}, {"root": "served"}).blank == 1


def test_any_of_several_right_answers_is_right() -> None:
    """A question with a set for its answer; another word is wrong, and all that are right are shown."""
    found = {"which scene": {"new_key", "new_ca"}}
    assert compare({"which scene": "new_ca"}, found).right == compare({"which scene": "new_key"}, found).right == 1
    told = compare({"which scene": "same_key"}, found)
    assert told.right == 0
    assert "new_ca or new_key" in str(told)


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


def test_a_list_says_of_whom_paths_are_built_otherwise() -> None:
    """In the long list, of each entry whose building is not the default, and of no other; in 80 columns."""
    for one in every():
        said = text.clients_list([one], long=True)
        flat = " ".join(said.split())
        assert (f"builds its paths otherwise than OpenSSL: {one.building}" in flat) is (one.building != AS_OPENSSL)
        assert max(map(len, said.splitlines())) <= 80
        assert "builds its paths" not in text.clients_list([one], long=False)
    assert {one.building == AS_OPENSSL for one in every()} == {True, False}
