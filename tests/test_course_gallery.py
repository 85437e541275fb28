"""The checks of 18-an-incident-gallery: what they call solved, what they do not, and what its board says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from nonsense import Nonsense

import lab
from lab.built.incidents.table import Noticed, incidents
from lab.course import gallery
from lab.observation import Certificate
from lab.show.sheet import Banner

pytestmark = pytest.mark.course

ENTRY = """
name = "cloudflare-leaves-a-ca"
title = "Cloudflare leaves one of its CAs"
when = "2024"
happened = "Cloudflare left a CA, and more of its customers' pinning clients failed."
by = "a client that refused"
gone = ["root", "intermediate", "leaf"]
sources = ["cloudflare-2024"]
scenes = ["move_to_cdn"]
[[testimony]]
who = "an app with a pin"
client = "root-pinned"
where = "move_to_cdn"
outcome = "outage"
source = "cloudflare-2024"
"""
OWN = """
[source.mine]
dated = "2024-07-29"
link = "ours.example"
kind = "secondary"
says = "Our own diary."
days = { 2024-07-29 = "Cloudflare" }
"""


def choose(client: str) -> str | None:
    names = ("fina", "diginotar", "comodo", "jabber-ru", "heartbleed")
    return next((one for one in names if lab.trial(client, gallery.CHAIR[one]).outcome == "intercepted"), None)


def next_key(lost: set[str]) -> str:
    return next((key for key in ("current", "backup") if key not in lost), "new")


def place(pin: str, path: Sequence[Certificate]) -> str | None:
    pins = [one.pin for one in path]
    if pin not in pins:
        return None
    return "leaf" if pin == pins[0] else "root" if pin == pins[-1] else "intermediate"


SOLUTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    gallery.refuses: lambda pinned, there: not pinned & there,
    gallery.choose: choose,
    gallery.next_key: next_key,
    gallery.place: place,
}

NOT_YET: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (gallery.refuses, lambda pinned, there: not pinned <= there),
    (gallery.refuses, lambda pinned, there: "leaf" not in there),
    (gallery.choose, lambda client: "heartbleed"),
    (gallery.choose, lambda client: "fina"),
    (gallery.choose, lambda client: choose(client) or "fina"),
    (gallery.choose, lambda client: None),
    (gallery.next_key, lambda lost: "new"),
    (gallery.next_key, lambda lost: "current"),
    (gallery.next_key, lambda lost: "backup" if "current" in lost else "current"),
    (gallery.place, lambda pin, path: place(pin, path) or "root"),
    (
        gallery.place,
        lambda pin, path: ["leaf", "intermediate", "root", None][[*[one.pin for one in path], pin].index(pin)],
    ),
    *((check, Nonsense(1.5)) for check in SOLUTIONS),
]


@pytest.mark.parametrize("check", SOLUTIONS, ids=lambda check: check.__name__)
def test_the_folded_solutions_are_right(check: Callable[..., Any]) -> None:
    """By trials of the scenes that the incidents have."""
    report = check(SOLUTIONS[check])
    assert report.solved, str(report)


@pytest.mark.parametrize(("check", "candidate"), NOT_YET)
@pytest.mark.sampled(3)
def test_nothing_less_is_solved(check: Callable[..., Any], candidate: Callable[..., Any]) -> None:
    """Stubs, half solutions and nonsense get a report that says not yet."""
    assert str(check(candidate)).startswith("✗ not yet")


@pytest.mark.parametrize(
    ("check", "answer", "said"),
    [
        (gallery.choose, "superfish", "'superfish' is none of gallery.CHAIR"),
        (gallery.choose, "", "'' is none of gallery.CHAIR"),
        (gallery.choose, "heartbleed", "another needs fewer genuine keys"),
        (gallery.next_key, "third", "'third' is no key; there are current, backup, new"),
        (gallery.next_key, "current", "lost: current: that key is lost"),
        (gallery.next_key, "new", "lost: none: visitors are locked out"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong_with_it(check: Callable[..., Any], answer: str, said: str) -> None:
    """Nothing is said of what was never run: Superfish robs many, and is not among the five."""
    assert said in str(check(lambda _: answer))


def test_an_entry_is_held_to_the_rules_of_the_table() -> None:
    """The same with a source of the learner's own; and each fault by its rule."""
    assert gallery.filed(ENTRY).solved
    dated = ENTRY.replace("left a CA,", "left a CA on 2024-07-29,").replace(
        '["cloudflare-2024"]', '["cloudflare-2024", "mine"]'
    )
    assert gallery.filed(dated + OWN).solved
    for wrong, said in {
        dated: "there is no source 'mine'",
        ENTRY.replace("left a CA,", "left a CA on 2024-07-29,"): "vouches for 2024-07-29",
        ENTRY.replace('"cloudflare-leaves-a-ca"', '"fina"'): "there is one of that name",
        ENTRY.replace("outage", "served"): "root-pinned in move_to_cdn is not served",
        ENTRY.replace('"root-pinned"', '"bob"'): "there is no bob in move_to_cdn",
        ENTRY.replace('scenes = ["move_to_cdn"]\n', ""): "there is no root-pinned in move_to_cdn",
        ENTRY.replace("move_to_cdn", "nowhere"): "there is no scene 'nowhere'",
        ENTRY.replace("a client that refused", "somebody"): "cannot be read: Invalid enum value",
        "name": "cannot be read",
        7: "a text was wanted",
    }.items():
        report = str(gallery.filed(wrong))  # type: ignore[arg-type]
        assert report.startswith("✗ not yet"), wrong
        assert said in report


def test_the_board_has_every_incident_once_and_the_learners_when_it_is_filed() -> None:
    """Below who noticed it; the heads count what stands below them, and the counts are those of the table."""
    rows = gallery.board().rows
    assert sorted(row.head for row in rows if not isinstance(row, Banner)) == sorted(incidents())
    assert [row.words.split(": ")[0] for row in rows if isinstance(row, Banner)] == [*Noticed]
    assert len(gallery.board(ENTRY).rows) == len(rows) + 1
    assert len(gallery.board(ENTRY.replace("outage", "served")).rows) == len(rows)
    counts = gallery.noticed()
    assert sum(counts.values()) == len(incidents())
    assert (counts["a client that refused: attack"], counts["the owner, in the logs"]) == (2, 0)


def test_an_exhibit_shows_no_name_before_it_is_run() -> None:
    """Its drawing has the lab's own names; what happened comes with the run, and with its sources."""
    for number, name in enumerate(gallery.EXHIBITS, 1):
        assert incidents()[name].title.split(":")[0] not in gallery.shape(number).svg()
    assert gallery.replay(6, {"root-pinned": "served", "leaf-pinned": "saved"}).right == 1
    told = gallery.told(6)
    assert "primary    github.com/httptoolkit" in told
    assert told.count("so it was") == 3
    with pytest.raises(ValueError, match="exhibits 1 to 7, and no 8"):
        gallery.shape(8)
