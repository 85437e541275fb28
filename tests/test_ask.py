"""
An index of questions: what somebody types finds the row, and the row's command shows what it says.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.course import questions
from lab.course.questions import QUESTIONS, Enquiry, asked, page
from lab.pki.export import export
from lab.verbs import main

OTHERWISE = json.loads((Path(__file__).parent / "wordings.json").read_text("utf-8"))
"""By a row's command: other wordings of its question, by people who had not seen the row's words."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `make certs` has been run."""
    folder = tmp_path_factory.mktemp("ask")
    export(folder / "certs")
    return folder


HERE = [row for row in QUESTIONS if not row.command.startswith("timeline")]
"""Timelines are held to what is said of them where they are run, in their own tests."""


@pytest.mark.parametrize("row", HERE, ids=lambda row: row.command.replace(" ", "-")[:60])
@pytest.mark.sampled(6)
def test_the_command_shows_what_the_answer_says(
    row: Enquiry, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command runs as printed, and what to look for is there: where it says an outcome, as the trial's own."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("COLUMNS", "80")
    assert main(row.command.split()) == 0
    said = capsys.readouterr().out
    if row.command.startswith("trial") and row.look_for[0] in "✓✗■–":
        assert f"outcome: {row.look_for}" in said
    else:
        assert " ".join(row.look_for.split()) in " ".join(said.split())


def test_no_other_outcome_would_have_been_found(capsys: pytest.CaptureFixture[str]) -> None:
    """The control: a trial says one outcome of its own."""
    main(["trial", "curl", "new_key"])
    said = capsys.readouterr().out
    outcomes = ("✓ served", "✗ intercepted", "■ outage", "– stopped")
    assert [one for one in outcomes if f"outcome: {one}" in said] == ["■ outage"]


def test_every_row_is_asked_otherwise() -> None:
    """Five other wordings at least for each."""
    assert {row.command for row in QUESTIONS} == set(OTHERWISE)
    assert [command for command, others in OTHERWISE.items() if len(others) < 5] == []


@pytest.mark.parametrize("command", OTHERWISE)
def test_other_wordings_find_the_same_row(command: str) -> None:
    """The row stands first for each of them, and so it does for its own question."""
    own = next(row.question for row in QUESTIONS if row.command == command)
    found = {typed: asked(typed)[0].command if asked(typed) else None for typed in (own, *OTHERWISE[command])}
    assert {typed: one for typed, one in found.items() if one != command} == {}


@pytest.mark.parametrize(
    "typed", ["how do I bake bread", "how do I cook rice", "xyzzy plugh", "what is the weather in Paris", "?!", "über"]
)
def test_what_is_no_question_of_this_lab_finds_nothing(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A sentence and exit code 2, and never the nearest row at any price."""
    assert main(["ask", typed]) == 2
    assert capsys.readouterr().err.startswith("lab: no question here is like ")


def test_the_rows_as_json_and_as_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON has the rows for the words, and the page has all of them, as the file in notebooks/ does."""
    assert main(["ask", "curl (90)", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["format"], found["rows"][0]["look_for"]) == (1, "■ outage")
    assert main(["ask", "--markdown"]) == 0
    told = capsys.readouterr().out
    assert told == page() == (Path(__file__).parent.parent / "notebooks/QUESTIONS.md").read_text("utf-8")
    assert told.count("\n## ") == len(QUESTIONS)


def test_without_words_all_questions_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """One question begins each paragraph, and a command says how to go on."""
    assert main(["ask"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert [row.question for row in QUESTIONS if row.question not in said] == []
    assert "-m lab ask" in said


def test_names_in_the_table_are_those_of_the_lab() -> None:
    """No two rows ask the same, and each has a command of its own."""
    assert len({row.question for row in QUESTIONS}) == len({row.command for row in QUESTIONS}) == len(QUESTIONS)
    assert questions.ENOUGH < 0.5
