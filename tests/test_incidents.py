"""
What really happened: texts, sources and incidents hold together, and a run says what the sources say.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from test_said import said

from lab.built.incidents import report, table
from lab.built.incidents.replay import agrees, replayed
from lab.built.incidents.rules import faults
from lab.built.incidents.table import SOURCES, Cited, Incident, happened, incidents
from lab.built.time import reading
from lab.observation import Outcome
from lab.scenes import catalogue
from lab.verbs import main

LINK = re.compile(r"(?<![\w@./*-])(?:[a-z0-9-]+\.)+(?:org|com|net|eu|security)\b(?:/[\w~%?=./+-]*[\w~])?")
NO_SOURCE = re.compile(r"(.*\.)?example\.(com|net|org)|sqlite\.org.*")
"""Reserved names, and what a comment of the library's is about."""
FOREIGN = ("inclusion.py", "lint.py", "revocation.py", "profiles.py", "scope.py")
"""Where a link is the place of a format, of a manual, or of a real program's own text."""
YEAR = re.compile(r"\b20\d\d\b")
INCIDENTS = incidents()
PUSHED = "unpinned, revocation pushed"


@pytest.fixture(scope="module")
def pages() -> list[tuple[str, str]]:
    """What a reader is told, with where."""
    return list(said())


def known(link: str) -> bool:
    """Whether a source has this link, or one below it."""
    return any(f"{one.link}/".startswith(f"{link}/") for one in SOURCES.values())


def unheard(text: str) -> list[str]:
    """The links of this text that no source has."""
    return [link for link in LINK.findall(text) if not known(link) and not NO_SOURCE.fullmatch(link)]


def misplaced(text: str) -> list[str]:
    """The incidents that this text names, and puts into another year."""
    years = {int(year) for year in YEAR.findall(text)}
    named = (one for one in INCIDENTS.values() if re.search(one.called, text))
    return [one.name for one in named if years and not years & {*one.years}]


def test_each_source_stands_once() -> None:
    """No link of one date twice, and no day twice; a second source for a day is found."""
    assert len({(one.link, one.dated) for one in SOURCES.values()}) == len(SOURCES)
    assert {day[:2] for day in happened()} == {"20"}
    twice = {**SOURCES, "another": Cited(dated="", link="", kind="primary", says="", days={"2011-03-15": "Comodo"})}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(table, "SOURCES", twice)
        with pytest.raises(ValueError, match="another vouches for 2011-03-15, as another source does"):
            happened()


def test_each_link_is_in_the_table(pages: list[tuple[str, str]]) -> None:
    """Of every page, scene, timeline and ledger row; a link that nobody entered is found."""
    assert [(name, link) for name, text in pages if name not in FOREIGN for link in unheard(text)] == []
    assert unheard("as was told (blog.nobody.org/2011, and blog.mozilla.org/security/2011/03/25)") == [
        "blog.nobody.org/2011"
    ]
    assert unheard("blog.mozilla.org/security/2012") == ["blog.mozilla.org/security/2012"]


def test_each_incident_is_told_with_its_year(pages: list[tuple[str, str]]) -> None:
    """Wherever a text names one and any year; an incident that was moved is found."""
    assert [(name, one) for name, text in pages for one in misplaced(text)] == []
    assert misplaced("DigiNotar, 2012") == ["diginotar"]
    assert [one.years[0] for one in INCIDENTS.values()] == sorted(one.years[0] for one in INCIDENTS.values())


def test_what_is_not_confirmed_is_told_nowhere_else(pages: list[tuple[str, str]]) -> None:
    """No page states it; the list of incidents says what it lacks."""
    for one in table.table().unconfirmed:
        places = {name for name, text in pages if re.search(one.called, text)}
        assert places == {"incidents.toml"}
        assert " ".join(report.listed().split()).count(f"{one.title}, {one.when}: {one.lacks}") == 1


def test_a_scene_that_names_an_incident_is_how_it_is_replayed() -> None:
    """The scene, or one that is its like to whoever sees only the path; and the timeline. Others say "nearly this"."""
    for one in INCIDENTS.values():
        scenes = {alike for name in one.scenes for alike in (name, catalogue.case(name).repeats)}
        named = [case for case in catalogue.every().values() if re.search(one.called, case.incident)]
        assert [case.name for case in named if case.name not in scenes and "nearly" not in case.incident] == []
        lines = [line.name for line in map(reading.load, reading.ready()) if re.search(one.called, line.title)]
        assert {*lines} <= {*one.timelines}, one.name


@pytest.mark.parametrize("one", INCIDENTS.values(), ids=INCIDENTS)
@pytest.mark.sampled(2)
def test_the_run_says_what_the_sources_say(one: Incident) -> None:
    """Every rule is kept, the run among them; the same said of nobody is not so."""
    assert {rule: wrong for rule, wrong in faults(one, SOURCES).items() if wrong} == {}
    assert not agrees(replace(one.testimony[0], client="nobody"), replayed(one, only={one.testimony[0].client}))


BROKEN: dict[str, dict[str, Any]] = {
    "its sources": {"sources": ("httptoolkit", "le-2024", "a friend")},
    "a primary source, or what is unsure": {"sources": ("cnnic",), "unsure": ""},
    "its days": {"happened": "On 2025-10-14, by a report, it broke."},
    "its years": {"title": "HTTP Toolkit, 2019"},
    "which keys are gone": {"gone": ("leaf",)},
    "who noticed": {"pins": ("root",)},
    "testimony": {"testimony": ()},
    "the run says what they say": {"testimony": (INCIDENTS["http-toolkit"].testimony[0],), "scenes": ("new_key",)},
}


@pytest.mark.parametrize("rule", BROKEN)
def test_an_entry_that_breaks_a_rule_is_found(rule: str) -> None:
    """Of an incident that keeps to all of them, changed in one thing."""
    whole = INCIDENTS["http-toolkit"]
    assert faults(replace(whole, **BROKEN[rule]), SOURCES)[rule]
    assert not faults(whole, SOURCES)[rule]


def test_the_days_of_diginotar_are_those_of_its_sources() -> None:
    """From the certificate of 10 July to its revocation on 29 August, for whoever hears of it at once."""
    (lived,) = [one for one in replayed(INCIDENTS["diginotar"], only={PUSHED, "unpinned"}) if one.kind == "timeline"]
    pushed, unpinned = lived.fate(PUSHED), lived.fate("unpinned")
    assert pushed
    assert unpinned
    assert pushed.exposure_days == 21 + 29
    assert unpinned.exposure_days == 21 + 31 + 30 + 1


def test_the_verb_says_the_same_in_both_forms(capsys: pytest.CaptureFixture[str]) -> None:
    """Text and JSON of one incident; a name that is none gets its neighbours."""
    assert main(["incident", "http-toolkit"]) == 0
    text = capsys.readouterr().out
    assert main(["incident", "http_toolkit", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    (replay,) = record["replays"]
    fared = {fate["client"]: fate["fared"] for fate in replay["fates"]}
    assert (fared["intermediate-pinned"], fared["root-pinned"]) == (["cut off"], ["served"])
    assert all(one["agrees"] for one in record["testimony"])
    assert "NOT so" not in text
    assert all(one["link"].split("/")[0] in text for one in record["sources"])
    assert main(["incident", "--json"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)["incidents"]] == [*INCIDENTS]
    assert main(["incident", "digi"]) == 2
    assert "nearest: diginotar, digicert" in capsys.readouterr().err


def test_the_table_of_sources_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its kind, what it says, and its link in one piece; a name beside it is one thing too much."""
    assert main(["incident", "--sources"]) == 0
    text = capsys.readouterr().out
    assert [line for line in text.splitlines() if len(line) > 80 and not report.LONG.search(line)] == []
    assert len(re.findall(r"^  (?:primary|secondary) +\S", text, re.MULTILINE)) == len(SOURCES)
    flat = " ".join(text.split())
    assert all(one.link in flat and one.says in flat for one in SOURCES.values())
    assert main(["incident", "--sources", "--json"]) == 0
    assert {*json.loads(capsys.readouterr().out)["sources"]} == {*SOURCES}
    assert main(["incident", "--sources", "--markdown"]) == 0
    page = (Path(__file__).parents[1] / "notebooks" / "SOURCES.md").read_text("utf-8")
    assert capsys.readouterr().out == page
    assert page.count("\n| primary |") + page.count("\n| secondary |") == len(SOURCES)
    assert main(["incident", "--markdown"]) == 2
    assert "add --sources" in capsys.readouterr().err
    assert main(["incident", "comodo", "--sources"]) == 2
    assert "leave 'comodo' or --sources out" in capsys.readouterr().err


def test_what_disagrees_is_printed_so() -> None:
    """A source that says something else than the run is not smoothed over."""
    one = INCIDENTS["http-toolkit"]
    wrong = replace(one, testimony=(replace(one.testimony[0], outcome=Outcome.SERVED),))
    assert "and it was NOT so" in " ".join(report.text(wrong, replayed(one, only={"intermediate-pinned"})).split())
