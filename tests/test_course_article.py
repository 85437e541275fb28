"""The claim ledger: every class follows from its trials, no sentence is the article's; and the notebook's check."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import lab
from lab.built.apart import measured
from lab.course import article, claims
from lab.course.article import how_it_works, what_else_there_is
from lab.course.ledger import Cell, Claim, Class, Ledger, LedgerRow, Ran, Section, follows
from lab.course.ledger import run as run_claims
from lab.observation import Outcome
from lab.policy.clients import client
from lab.scenes.catalogue import case

HERE = Path(__file__).parent
SEED = HERE.parent.parent / "shared" / "seed" / "what-is-certificate-pinning.txt"
WRITTEN = (
    *sorted((HERE.parent / "lab" / "course" / "article").glob("*.py")),
    HERE.parent / "lab" / "course" / "ledger.py",
    HERE.parent / "lab" / "course" / "claims.py",
)
NOTEBOOK = HERE.parent / "notebooks" / "07-the-article-executed.ipynb"


@pytest.fixture(scope="module")
def book() -> Ledger:
    """The whole ledger, run."""
    return article.run()


# ---- the rows -------------------------------------------------------------------------------------


def test_every_row_has_a_number_a_section_and_a_class(book: Ledger) -> None:
    """The numbers are 1 to n, the sections come in the article's order, and all of both kinds occur."""
    rows = [row.claim for row in book]
    assert list(range(1, len(rows) + 1)) == [one.number for one in rows]
    order = list(Section)
    assert sorted(rows, key=lambda one: order.index(one.section)) == rows
    assert set(Section) == {one.section for one in rows}
    assert set(Class) == {one.kind for one in rows}
    assert len({one.words for one in rows}) == len(rows) >= 45


def test_every_class_that_was_run_is_borne_out(book: Ledger) -> None:
    """The class written by hand is the one that follows from the trials, in every row that has any."""
    assert [str(row) for row in book if row.claim.runs and not row.borne_out] == []
    assert {Class.HOLDS, Class.CONDITION, Class.FAILS} == {row.claim.kind for row in book if row.ran}


def test_each_row_is_supported_by_what_its_class_needs(book: Ledger) -> None:
    """History has a source, everything else was run."""
    for row in book:
        claim = row.claim
        assert row.evidence, claim.number
        if claim.kind is Class.HISTORY:
            assert claim.source
        else:
            assert row.ran
            assert (claim.kind is Class.CONDITION) == bool(claim.condition)


def test_the_claims_that_do_not_hold(book: Ledger) -> None:
    """They are six, and the article's advice to pin several certificates or all is one of them."""
    failing = " ".join(row.claim.words for row in book.of(Class.FAILS))
    assert len(book.of(Class.FAILS).rows) == 6
    wanted = (
        "several certificates",
        "top of the chain",
        "without an intermediate",
        "asking the CAs",
        "named no backup",
        "rightly issued",
    )
    for part in wanted:
        assert part in failing


def test_nothing_is_run_before_it_is_run() -> None:
    """The ledger as it stands names classes and no evidence from trials."""
    assert all(row.borne_out is None and not row.ran for row in article.ledger())


def test_a_machine_keeps_the_site_up_and_robs_it_as_well(book: Ledger) -> None:
    """Automation was the last claim that nobody ran: it serves, it breaks a leaf pin, and it issues to the thief."""
    (row,) = [row for row in book if "automate" in row.claim.words]
    ran = {one.what: (one.found, one.agrees) for one in row.ran}
    assert ran["unpinned in new_key, ordered of a CA"] == ("served", True)
    assert ran["leaf-pinned in new_key, ordered of a CA"] == ("outage", False)
    assert ran["unpinned in second_account, ordered of a CA"] == ("intercepted", False)
    # the control: the same order, of a CA that hears whose account it has to be; a thief of the account is the owner
    assert ran["unpinned in second_account, ordered of a CA that asks CAA"] == ("nothing is issued", True)
    assert ran["unpinned in stolen_account, ordered of a CA that asks CAA"] == ("intercepted", False)


# ---- a ledger that can be wrong -------------------------------------------------------------------


def test_a_row_with_the_wrong_class_is_found_out(book: Ledger) -> None:
    """Each class that follows from trials, put on a row of another class, is not borne out."""
    for kind in (Class.HOLDS, Class.CONDITION, Class.FAILS):
        row = next(iter(book.of(kind)))
        for other in {Class.HOLDS, Class.CONDITION, Class.FAILS} - {kind}:
            pretended = replace(row, claim=replace(row.claim, kind=other, condition="of something"))
            assert pretended.borne_out is False
            assert "NOT BORNE OUT" in str(pretended)


def test_a_false_claim_put_down_as_true_is_found_out_by_running_it() -> None:
    """A claim that a trial contradicts, registered as holding, comes back as not borne out."""
    pins_stop_thieves = Cell("leaf-pinned", "stolen_key_new_certificate", Outcome.STOPPED)
    row = run_claims([Claim(1, Section.GIVES, "Pins stop thieves.", Class.HOLDS, (pins_stop_thieves,))])[1]
    assert (row.borne_out, row.found) == (False, Class.FAILS)
    assert "intercepted (against)" in row.evidence


def _other(name: str, instead: str) -> Any:
    return lambda asked: client(instead if asked == name else asked)


@pytest.mark.parametrize(
    ("number", "module", "name", "instead"),
    [
        (32, how_it_works, "client", _other("list-hard-pinned", "leaf-pinned")),
        (32, how_it_works, "client", _other("pushed-list-pinned", "heeds-staple-pinned")),
        (32, how_it_works, "case", lambda name: case("ca_unreachable" if name == "ordinary_day" else name)),
        (71, what_else_there_is, "chosen", lambda group: [client("first-use-with-ca")]),
        (71, what_else_there_is, "client", _other("first-use-key", "unpinned")),
        (72, what_else_there_is, "shown_by_logs", lambda what: 2),
        (74, what_else_there_is, "client", _other("dane-hard", "unpinned")),
        (74, what_else_there_is, "client", _other("counts-scts", "dane-hard")),
        (75, measured, "rings", lambda *read, **known: None),
        (75, measured, "rings", lambda logs, names, book, since, lags, **known: since + lags.reads),
    ],
    ids=lambda one: str(one) if isinstance(one, int | str) else "",
)
@pytest.mark.sampled(3)
def test_a_row_is_as_good_as_its_control(
    monkeypatch: pytest.MonkeyPatch, number: int, module: Any, name: str, instead: Any
) -> None:
    """With a control that hears nothing, refuses everybody or cannot be told from the others, no class follows."""
    monkeypatch.setattr(module, name, instead)
    row = run_claims([article.ledger()[number].claim])[number]
    assert row.borne_out is False


@pytest.mark.parametrize("number", [60, 73])
def test_a_row_of_cells_needs_its_clients(number: int) -> None:
    """Where the clients are those that ask nobody, the same scenes give another class."""
    claim = article.ledger()[number].claim
    deaf = replace(claim, cells=tuple(replace(one, client="unpinned") for one in claim.cells))
    assert run_claims([deaf])[number].borne_out is False


@pytest.mark.parametrize(
    ("agree", "expected"),
    [
        ([], None),
        ([True], Class.HOLDS),
        ([True, True], Class.HOLDS),
        ([True, False], Class.CONDITION),
        ([False, False], Class.FAILS),
    ],
)
def test_which_class_follows(agree: list[bool], expected: Class | None) -> None:
    """All agree, some do, none does, nothing was run."""
    assert follows(Ran("a trial", "an outcome", one) for one in agree) is expected


@pytest.mark.parametrize(
    ("kind", "support"),
    [
        (Class.HISTORY, {}),
        (Class.HISTORY, {"source": "a book", "cells": (Cell("unpinned", "ordinary_day", Outcome.SERVED),)}),
        (Class.HOLDS, {}),
        (Class.FAILS, {"source": "a book"}),
        (Class.CONDITION, {"cells": (Cell("unpinned", "ordinary_day", Outcome.SERVED),)}),
    ],
)
def test_a_claim_without_its_support_is_refused(kind: Class, support: dict[str, Any]) -> None:
    """No history without a source, no verdict without a trial, no condition left unsaid."""
    with pytest.raises(ValueError, match=r"claim 7 .* which needs"):
        Claim(7, Section.WHAT, "Something is so.", kind, **support)


# ---- how it shows ---------------------------------------------------------------------------------


class _Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_it_shows_as_an_accessible_table_and_as_text(book: Ledger) -> None:
    """A caption, headed columns and rows, and the same words in the text."""
    shown = book._repr_mimebundle_()
    parsed = _Cells()
    parsed.feed(shown["text/html"])
    heads = [attributes["scope"] for tag, attributes in parsed.seen if tag == "th"]
    assert [one for one in heads if one == "col"] == ["col"] * 4
    assert heads.count("row") == len(book.rows)
    assert heads.count("rowgroup") == len(Section)
    assert "caption" in [tag for tag, _ in parsed.seen]
    assert not {"script", "style"} & {tag for tag, _ in parsed.seen}
    flat = " ".join(shown["text/plain"].split())
    assert all(row.claim.words in flat for row in book)
    assert max(map(len, shown["text/plain"].splitlines())) <= 120
    assert LedgerRow(book[1].claim)._repr_mimebundle_()["text/plain"].startswith("  1")


def test_a_number_that_no_row_has_is_refused(book: Ledger) -> None:
    """Asking for a row beyond the last says how many there are."""
    with pytest.raises(ValueError, match=f"there are {len(book.rows)} rows"):
        book[0]


# ---- whose words ----------------------------------------------------------------------------------


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _runs(text: str, length: int = 8) -> set[tuple[str, ...]]:
    words = _words(text)
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}


@pytest.mark.skipif(not SEED.exists(), reason="the article is not here to compare with")
def test_no_eight_words_in_a_row_are_the_article_s(book: Ledger) -> None:
    """Neither a row, nor the modules, nor the notebook copies the article; the comparison itself finds a copy."""
    original = SEED.read_text("utf-8")
    theirs = _runs(original)
    assert _runs(" ".join(original.split()[100:110])) & theirs
    for row in book:
        assert not _runs(f"{row.claim.words} {row.evidence}") & theirs, row.claim.number
    texts = [path.read_text("utf-8") for path in WRITTEN]
    assert len(texts) >= len(Section) + 2
    if NOTEBOOK.exists():
        cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
        texts += ["".join(cell["source"]) for cell in cells]
    for text in texts:
        assert not _runs(text) & theirs


# ---- the exercise ---------------------------------------------------------------------------------


def refute(claim: claims.Statement) -> str | None:
    for scene in claim.scenes:
        accepted = lab.trial(claim.client, scene).verdict.accepted
        if accepted != (claim.says == "accepts"):
            return scene.name
    return None


def by_rule(claim: claims.Statement) -> str | None:
    for scene in claim.scenes:
        accepted = all(set(one.pins) & scene.reach for one in claim.client.pin_lists)
        if accepted != (claim.says == "accepts"):
            return scene.name
    return None


def test_the_solution_is_accepted_and_so_is_the_rule() -> None:
    """Whoever runs the trials is right, and so is whoever reasons."""
    assert claims.refute(refute).solved
    assert claims.refute(by_rule).solved


SHOWN = {
    ("leaf-pinned", "accepts", "new_key"): False,
    ("leaf-pinned", "refuses", "same_key"): False,
    ("root-pinned", "refuses", "same_intermediate"): False,
    ("any-of-chain", "refuses", "same_intermediate"): False,
}


def looked_up(claim: claims.Statement) -> str | None:
    """Knows what the notebook showed, by name, and nothing else."""
    for scene in claim.scenes:
        if not SHOWN.get((claim.client.name, claim.says, scene.name), True):
            return scene.name
    return None


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        (lambda claim: ..., "there is no answer yet"),
        (looked_up, "None says that no scene contradicts it"),
        (lambda claim: claim.scenes[0].name, "the client does what is claimed"),
        (lambda claim: claim.scenes, "the name of a scene in the claim, or None, was wanted"),
        (lambda claim: 1 / 0, "it raised ZeroDivisionError"),
    ],
    ids=["stub", "look-up table", "always the first", "nonsense", "raises"],
)
def test_everything_else_is_not(candidate: Any, said: str) -> None:
    """A report says what is wrong and gives no answer away; nothing raises."""
    report = claims.refute(candidate)
    assert str(report).startswith("✗ not yet")
    assert said in str(report)
