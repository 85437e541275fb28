"""
The atlas: what is on the page is what the commands give, and the page is safe to open anywhere.

What it does with a reader's mouse and keyboard is in test_atlas_browser.py.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from verbs import do, parsed

import lab.built.atlas
from lab.built.apart import board
from lab.built.apart.channels import channels
from lab.built.apart.measured import pair
from lab.built.atlas import command, field
from lab.built.atlas.gather import gather, read_field, told
from lab.built.atlas.grid import disputed, serves_nobody
from lab.built.atlas.packed import embedded, packed
from lab.built.atlas.page import page
from lab.built.atlas.told import boards
from lab.pki.world import World
from lab.policy.clients import CLIENTS, PROFILES, client
from lab.policy.pinset import Reach
from lab.scenes.catalogue import CASES, SLIPS, Case, Meeting, case, changed, rotation
from lab.trials.sections import Heading, sections
from lab.verbs import main

PEOPLE = ("unpinned", "leaf-pinned")
SCENES = ("other_trusted_ca", "new_ca", "self_signed_certificate")
RAN = ("curl", "urllib3", "curl-ca-pin", "android")

FIELD: dict[str, Any] = json.loads((Path(__file__).parent / "browser" / "field.json").read_text("utf-8"))
"""A made-up file of the field's shape: one result that agrees, one explained, one not, one that never arrived."""


def collected() -> dict[str, Any]:
    return gather([client(one) for one in PEOPLE], [case(one) for one in SCENES], [client(one) for one in RAN])


@pytest.fixture(scope="module")
def gathered() -> dict[str, Any]:
    return collected()


@pytest.fixture(scope="module")
def whole(gathered: dict[str, Any]) -> str:
    return page({**gathered, "field": FIELD})


class Read(HTMLParser):
    """Elements with their attributes, as a browser's parser sees them, and the text outside script and style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside = tag
            self.scripts += [""] if tag == "script" else []

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif not self._inside:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def embedded_in(html: str) -> Any:
    return unpacked(json.loads(Read(html).scripts[0]))


def same_keys(value: Any) -> Any:
    """The value with each pin replaced by the place where it first appears: keys are new in every run."""
    text = json.dumps(value)
    for number, pin in enumerate(dict.fromkeys(re.findall(r"sha256/[A-Za-z0-9+/]{43}=", text))):
        text = text.replace(pin, f"pin {number}")
    return json.loads(text)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(arguments) == 0
    return json.loads(capsys.readouterr().out)


# ---- the JSON of the commands ---------------------------------------------------------------------


def test_the_page_carries_exactly_what_was_gathered(gathered: dict[str, Any]) -> None:
    """The JSON in the page is the gathered one, the field's file included."""
    assert embedded_in(page({**gathered, "field": FIELD})) == {**gathered, "field": FIELD}


def test_the_list_is_what_list_prints(gathered: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """`list --json`, value by value."""
    assert {"format": 1, **gathered["list"]} == printed(capsys, "list", "--json")


def test_the_matrix_is_what_matrix_prints(gathered: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """`matrix --json`, but for the keys, which are new in every run, and what `trial --json` adds."""
    there = printed(capsys, "matrix", "--json", "--clients", *PEOPLE, "--scenes", *SCENES)
    added = ("second_opinion", "would_flip")
    here = copy.deepcopy(gathered["matrix"])
    for one in here["trials"]:
        assert [one.pop(name) for name in added] != [None, None]
    assert same_keys(here) == same_keys(there)


@pytest.mark.parametrize(
    ("part", "who", "scene"),
    [
        ("matrix", "leaf-pinned", "other_trusted_ca"),
        ("matrix", "unpinned", "self_signed_certificate"),
        ("profiles", "urllib3", "name_left_out"),
    ],
)
def test_each_trace_is_what_trial_prints(
    gathered: dict[str, Any], capsys: pytest.CaptureFixture[str], part: str, who: str, scene: str
) -> None:
    """`trial CLIENT SCENE --json`, but for the keys: what would flip it and how many scenes would change, too."""
    found = [one for one in gathered[part]["trials"] if (one["client"], one["scene"]) == (who, scene)]
    assert [same_keys({"format": 1, **one}) for one in found] == [
        same_keys(printed(capsys, "trial", who, scene, "--json"))
    ]


def test_every_key_of_every_chain_has_an_image_on_the_page(gathered: dict[str, Any]) -> None:
    """One for each letter and no two alike; the page itself deals no letters, it shows what is there."""
    met = [
        meeting for part in ("matrix", "profiles") for one in gathered[part]["trials"] for meeting in one["meetings"]
    ]
    letters = {one["key"] for each in met for one in (*each["presented"], *(each["path"] or ()))}
    assert set(gathered["keys"]) == letters > {"A", "B", "C", "E"}
    assert len(set(gathered["keys"].values())) == len(letters)
    assert all(one.startswith("data:image/svg+xml;base64,") for one in gathered["keys"].values())


SLIPPED = [name for name, one in SLIPS.items() if not one.repeats]
"""Those that are none over again to whoever sees only the path."""


def test_profiles_meet_the_slips_as_well(gathered: dict[str, Any]) -> None:
    """The profiles go through the chosen scenes and every slip; the clients through the chosen scenes alone."""
    met = {part: {one["scene"] for one in gathered[part]["trials"]} for part in ("matrix", "profiles")}
    assert met == {"matrix": set(SCENES), "profiles": {*SCENES, *SLIPPED}}


@pytest.mark.sampled(0)
def test_a_second_run_differs_in_keys_only(gathered: dict[str, Any]) -> None:
    """Names, verdicts, reasons, flips and outcomes are the same in every run."""
    assert same_keys(collected()) == same_keys(gathered)


def test_the_same_json_gives_the_same_page(gathered: dict[str, Any]) -> None:
    """The page depends on nothing but what was gathered."""
    assert page(copy.deepcopy(gathered)) == page(gathered)


# ---- packing --------------------------------------------------------------------------------------


def unpacked(table: list[Any]) -> Any:
    """The document again: what the page's script does before anything else."""
    made: list[Any] = []
    for one in table:
        if isinstance(one, dict):
            made.append({name: made[index] for name, index in one.items()})
        elif isinstance(one, list):
            made.append([made[index] for index in one])
        else:
            made.append(one)
    return made[-1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_packing_loses_nothing(value: Any) -> None:
    """Unpacked is what was packed, types and order included, and survives being JSON."""
    again = unpacked(json.loads(embedded(value)))
    assert json.dumps(again) == json.dumps(value)


@given(JSON)
def test_nothing_packed_can_end_a_script_element(value: Any) -> None:
    """No markup character is left in it."""
    assert not set("<>&\u2028\u2029") & set(embedded(value))


def test_each_value_is_packed_once() -> None:
    """Equal values share a place; True, 1 and 1.0 are three values."""
    assert packed([["a", "b"], ["a", "b"], True, 1, 1.0]) == ["a", "b", [0, 1], True, 1, 1.0, [2, 2, 3, 4, 5]]


def test_what_json_cannot_hold_is_refused() -> None:
    """A value of another type is a mistake of the caller's."""
    with pytest.raises(TypeError, match="is no JSON value"):
        packed({"when": {1, 2}})


# ---- a page that is safe to open -------------------------------------------------------------------


def test_the_page_loads_nothing(whole: str) -> None:
    """No element names a place outside the page, and its policy would forbid it."""
    read = Read(whole)
    loading = ("src", "href", "srcset", "data", "action", "poster", "formaction", "background")
    outside = [
        (tag, value)
        for tag, attributes in read.found
        for name, value in attributes.items()
        if name in loading and not (value or "").startswith("#") and (tag, value) != ("link", "data:,")
    ]
    assert outside == []
    policy = next(one["content"] for one in read.all("meta") if one.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert not re.search(r"https?:|\*|unsafe-eval", policy)


def test_style_and_script_load_nothing_either() -> None:
    """No url(), no @import, nothing that fetches; and text reaches the page as text only."""
    for file in (Path(lab.built.atlas.__file__).parent / "template").iterdir():
        text = file.read_text("utf-8")
        assert not re.search(r"url\(|@import|https?://", text), file.name
        assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|import\(|\beval\(", text), file.name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", text), file.name


HOSTILE = "</script><img src=x onerror=alert(1)>{{json}}<!--"


@pytest.fixture
def catalogue() -> Iterator[None]:
    """The catalogue as it was, once the test is over."""
    kept = dict(CASES)
    yield
    CASES.clear()
    CASES.update(kept)


def test_a_hostile_title_stays_text(catalogue: None) -> None:
    """A scene whose title is markup adds no element to the page, and its title is there to be read."""

    def hostile_scene(world: World) -> Meeting:
        return changed(world, world.genuine, title=HOSTILE)

    hostile_scene.__doc__ = f"{HOSTILE}\n\n    {HOSTILE}"
    rotation(reach=Reach.CERTIFICATE, incident=HOSTILE)(hostile_scene)
    html = page(gather([client("unpinned")], [case("hostile_scene")]))
    read = Read(html)
    assert ([tag for tag, _ in read.found if tag == "img"], len(read.scripts)) == ([], 2)
    assert HOSTILE in read.text
    assert embedded_in(html)["matrix"]["trials"][0]["meetings"][1]["title"] == HOSTILE


def test_a_hostile_field_stays_text(gathered: dict[str, Any]) -> None:
    """Whatever a program printed, it adds no element to the page."""
    wicked = dict.fromkeys(("program", "profile", "scene", "did", "predicted", "note", "explained"), HOSTILE)
    found = {
        "format": 1,
        "date": HOSTILE,
        "machine": HOSTILE,
        "programs": [{"name": HOSTILE, "version": HOSTILE, "profiles": [HOSTILE], "skipped": None}],
        "results": [{**wicked, "agree": False}],
        "attackers": [{**wicked, "attacker": HOSTILE, "agree": True}, {"attacker": "x", "skipped": HOSTILE}],
        "renewals": [{**wicked, **dict.fromkeys(("client", "version", "way", "pinned", "skipped"), HOSTILE)}, {}],
    }
    read = Read(page({**gathered, "field": found}))
    assert ([tag for tag, _ in read.found if tag == "img"], len(read.scripts)) == ([], 2)


# ---- the tables -----------------------------------------------------------------------------------


def test_every_cell_is_a_link_with_glyph_and_word(gathered: dict[str, Any], whole: str) -> None:
    """Without script there are all trials, each by its own link, in words and not only in colour."""
    links = re.findall(
        r'<td class="(\w+)"><a href="#([^"]+)"><span class="glyph" aria-hidden="true">(.)</span> '
        r'<span class="word">(\w+)</span>(?: <span class="after">after [^<]+</span>)?</a></td>',
        whole,
    )
    glyphs = {name: look["glyph"] for name, look in gathered["outcomes"].items()}
    wanted = {
        (one["outcome"], f"{one['client']}/{one['scene']}", glyphs[one["outcome"]], one["outcome"])
        for part in ("matrix", "profiles")
        for one in gathered[part]["trials"]
    }
    assert (set(links), len(links)) == (wanted, len(PEOPLE) * len(SCENES) + len(RAN) * (len(SCENES) + len(SLIPPED)))


def test_a_cell_of_a_dated_scene_says_after_how_long(gathered: dict[str, Any], whole: str) -> None:
    """Who refuses a forgotten certificate does so after 100 days; who does not is served, and shows no time."""
    played = [one for one in gathered["profiles"]["trials"] if one["scene"] == "forgot_to_renew"]
    assert {one["after"] for trial in played for one in trial["meetings"]} == {0.0, 100 * 86400.0}
    cells = re.findall(r'href="#([\w-]+)/forgot_to_renew".*?</a>', whole)
    dated = re.findall(
        r'href="#([\w-]+)/(\w+)">[^/]*</span> [^/]*</span> <span class="after">after ([^<]+)</span>', whole
    )
    assert sorted(cells) == sorted(RAN)
    refused = [one["client"] for one in played if (one["outcome"], one["shows_meeting"]) == ("outage", 1)]
    assert refused
    assert sorted(dated) == sorted((one, "forgot_to_renew", "100 d") for one in refused)


def test_headings_say_what_they_head(whole: str) -> None:
    """Each heading of a table has a scope and each table a caption."""
    read = Read(whole)
    assert {one.get("scope") for one in read.all("th")} == {"col", "row", "rowgroup"}
    assert len(read.all("caption")) == len(read.all("table"))


def test_no_scene_comes_twice_and_twins_stand_together(gathered: dict[str, Any]) -> None:
    """All scenes, slips too, each once; the second of a pair is the twin that the first names."""
    scenes = [*gathered["list"]["scenes"], *gathered["list"]["slips"]]
    found = sections(scenes, dict)
    rows = [row for some in found.values() for row in some]
    assert sorted(one["name"] for row in rows for one in row) == sorted(one["name"] for one in scenes)
    assert all(first["twin"] == second["name"] for first, second in found[Heading.TWINS])
    assert list(found) == [Heading.TWINS, Heading.REFUSED, Heading.SLIPS]
    without = [one for one in scenes if one["name"] != "stolen_key_other_ca"]
    assert [[one["name"] for one in row] for row in sections(without, dict)[Heading.QUIET]] == [["other_ca_same_key"]]


def test_records_stand_under_the_headings_that_their_scenes_stand_under(gathered: dict[str, Any]) -> None:
    """What was written to JSON is grouped as the catalogue itself is."""
    records = sections([*gathered["list"]["scenes"], *gathered["list"]["slips"]], dict)
    cases = sections([*CASES.values(), *SLIPS.values()], Case.record)
    assert {heading: [[one["name"] for one in row] for row in rows] for heading, rows in records.items()} == {
        heading: [[one.name for one in row] for row in rows] for heading, rows in cases.items()
    }


def test_a_shared_twin_is_shown_once() -> None:
    """Where two attacks name one rotation, the second attack stands alone."""

    def scene(name: str, kind: str, twin: str | None = None) -> dict[str, Any]:
        return {"name": name, "kind": kind, "twin": twin, "fails": None}

    found = sections([scene("a", "attack", "r"), scene("b", "attack", "r"), scene("r", "rotation")], dict)
    assert {name: [[one["name"] for one in row] for row in rows] for name, rows in found.items()} == {
        Heading.TWINS: [["a", "r"]],
        Heading.UNPAIRED: [["b"]],
    }


def test_disputed_scenes_are_those_with_two_outcomes(gathered: dict[str, Any]) -> None:
    """Counted by hand: curl and urllib3 agree on another CA; only one of them reads the name."""
    without = [name for name in RAN if name not in ("curl", "urllib3")]
    found = disputed(gathered["profiles"], leaving_out=without)
    assert "reached_by_another_name" in found
    assert not found & {"other_trusted_ca", "self_signed_certificate"}


def test_a_client_that_serves_nobody_is_known(gathered: dict[str, Any]) -> None:
    """curl given the intermediate's key refuses every genuine server; curl given the leaf's does not."""
    assert serves_nobody("curl-ca-pin", gathered["profiles"])
    assert not serves_nobody("unpinned", gathered["matrix"])


def test_modelled_profiles_are_marked(whole: str) -> None:
    """A profile with no program to run here says so; one that is run does not."""
    heads = {one["data-client"]: one for one in Read(whole).all("th") if "data-client" in one}
    assert {name: "data-modelled" in heads[name] for name in ("curl", "android")} == {"curl": False, "android": True}


def test_a_page_without_profiles_says_so(gathered: dict[str, Any]) -> None:
    """No profile was asked for: a sentence instead of a table."""
    assert "No profile was run for this page" in page({**gathered, "profiles": None})


# ---- what told them apart -------------------------------------------------------------------------

CHEAP = channels("leaf pin,hard DANE,count of SCTs,monitor")


@pytest.fixture(scope="module")
def found() -> list[board.Apart]:
    return board.each([pair("other_trusted_ca"), pair("stolen_key_and_certificate")], channels=CHEAP)


def test_a_page_without_pairs_says_so(whole: str) -> None:
    """No pair was asked for: a sentence, and what to type."""
    assert "No pair was held against the channels for this page" in whole
    assert '<details class="results told"' not in whole


def test_the_pairs_are_what_apart_prints(found: list[board.Apart]) -> None:
    """Each is the record of `apart --json`, with the line and the tables beside it; all of it is JSON."""
    there = told(found)
    assert there is not None
    assert json.loads(json.dumps(there)) == json.loads(json.dumps(told(found)))
    for one, record in zip(there["pairs"], found, strict=True):
        assert {name: one[name] for name in record.record()} == record.record()
    assert told([]) is None


def test_each_pair_has_a_line_and_opens_its_board(gathered: dict[str, Any], found: list[board.Apart]) -> None:
    """Hard DANE stops a mis-issued certificate at once, and a stolen key when its records are out of the caches."""
    html = page({**gathered, "apart": told(found)})
    lines = [re.sub("<[^>]+>", "", one) for one in re.findall(r"<summary[^>]*>(<span>.*?)</summary>", html)]
    assert [one.split(" by ", 1)[1] for one in lines] == [
        f"{said[0][0]} {'' if said[0][1] in ('at once', '') else 'after '}{said[0][1]}"
        f"known by {said[1][0]} {'' if said[1][1] in ('at once', '') else 'after '}{said[1][1]}"
        for said in map(board.soonest, found)
    ]
    assert lines[0].startswith("Another trusted CA mis-issues")
    assert "stopped by hard DANE at once" in lines[0]
    read = Read(html)
    assert [one["id"] for one in read.all("summary") if one.get("id")] == [f"apart-{one.attack}" for one in found]
    assert "without one of them" in read.text
    assert "DNS does not answer" in read.text
    assert len(read.all("caption")) == len(read.all("table"))
    labels = [one["aria-label"] for one in read.all("div") if one.get("role") == "region"]
    assert len(labels) == len(set(labels))


def test_a_row_for_each_thing_that_comes_over_a_channel(found: list[board.Apart]) -> None:
    """As many rows as the command prints, under one head for each channel, which says how many it is over."""
    shown = boards(told(found[:1]), [])
    table = shown.split("What comes over the channel", 2)[2].split("</table>")[0]
    assert table.count("<tr>") == 1 + sum(len(one.moves) for one in found[0].channels)
    assert table.count("<th ") == 4 + len(found[0].channels)
    spans = [int(one) for one in re.findall(r'rowspan="(\d+)"', table)]
    assert spans == [len(one.moves) for one in found[0].channels if len(one.moves) > 1]


# ---- the field ------------------------------------------------------------------------------------


def test_a_field_that_was_not_run_is_said_with_the_command(gathered: dict[str, Any]) -> None:
    """Nothing is pretended: a sentence, and what to type."""
    html = page(gathered)
    assert "The field was not run for this page" in html
    assert "make field" in html
    assert "The field was not run" not in page({**gathered, "field": FIELD})


def test_the_field_counts_what_agrees() -> None:
    """One agrees, one is explained; one says nothing and one never arrived: both count as unexplained."""
    told = Read(field.section(FIELD, set())).text
    assert "1 program, 4 cells. 1 agree with what the profile predicted, 1 disagree and are explained, 2 are" in told
    assert "skipped: not here; install it with: apt wget" in told
    assert "it never reached the server" in told
    assert "told for the test (nowhere; 7.88.1)" in told
    assert "sslsplit 0.5.5: 1 of 1 agree" in told
    assert "mitmproxy: skipped: not here" in told
    assert "legoby defaultleaf-pinned4.9outage–certbot––––not here" in told
    assert "What ACME clients do" not in field.section({**FIELD, "renewals": []}, set())


def test_a_result_links_to_its_trace_where_there_is_one() -> None:
    """A cell that the page cannot open is text."""
    links = [one["href"] for one in Read(field.section(FIELD, {("curl", "new_ca")})).all("a")]
    assert links == ["#curl/new_ca"]


def test_an_empty_field_is_no_error() -> None:
    """Every value may be missing."""
    assert "0 programs, 0 cells" in Read(field.section({"programs": [], "results": [], "attackers": []}, set())).text
    nothing: dict[str, Any] = {"programs": [{}], "results": [{}], "attackers": [{}]}
    assert "unnamed" in field.section(nothing, set())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is no JSON"),
        (b"\xff\xfe\x00", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b'{"format": 1, "x": NaN}', "is no JSON"),
        (b'{"format": 1, "x": 1e999}', "is no JSON"),
        (b'{"format": 1, "x": "\\ud800"}', "is no JSON"),
        (b'{"format": 1, "x": ' + b"1" * 5000 + b"}", "is no JSON"),
        (b'{"format": 1, "x": ' + b"[" * 400 + b"]" * 400 + b"}", "nowhere 20 deep"),
        (b"[]", "is not the field's results, format 1"),
        (b'{"format": 2}', "is not the field's results, format 1"),
        (b'{"format": 1, "results": {"a": 1}}', "'results' in"),
        (b'{"format": 1, "attackers": [1]}', "'attackers' in"),
        (None, "cannot read"),
    ],
)
def test_a_broken_field_file_gets_one_sentence(tmp_path: Path, content: bytes | None, said: str) -> None:
    """What was seen, and what to do next."""
    file = tmp_path / "field.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(said)) as problem:
        read_field(file)
    assert "write it again with `python -m lab field --json`" in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_whole_field_file_is_read_as_it_is(tmp_path: Path) -> None:
    """The same reader takes the good one."""
    file = tmp_path / "field.json"
    file.write_text(json.dumps(FIELD))
    assert read_field(file) == FIELD


# ---- the command ----------------------------------------------------------------------------------


def report(*arguments: str) -> int:
    return do(command.report, "--clients", "unpinned", "--scenes", "new_ca", "--profiles", "none", *arguments)


def test_the_command_writes_one_whole_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints the path and the size, and leaves nothing beside the page."""
    monkeypatch.chdir(tmp_path)  # where no field was run
    assert report("--out", "deep/atlas.html") == 0
    out, err = capsys.readouterr()
    assert re.match(r"deep.atlas\.html  \(\d+\.\d MB;", out)
    assert err == ""  # nobody is watching
    assert [one.name for one in (tmp_path / "deep").iterdir()] == ["atlas.html"]
    html = (tmp_path / "deep" / "atlas.html").read_text("utf-8")
    assert html.startswith("<!doctype html>")
    assert html.endswith("</html>\n")
    assert "The field was not run" in html


def test_the_command_prints_what_the_page_is_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--json: the same dictionary, and no page. The field's file is found in its usual place."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "field.json").write_text(json.dumps(FIELD))
    assert report("--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["field"], len(found["matrix"]["trials"]), found["profiles"]) == (FIELD, 1, None)
    assert found["apart"] is None  # the attack of this scene is not there
    assert [one.name for one in (tmp_path / "build").iterdir()] == ["field.json"]


def test_a_place_that_cannot_be_written_gets_a_sentence(tmp_path: Path) -> None:
    """And a page that is there already stays as it was."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ValueError, match="choose another place with --out"):
        report("--out", str(tmp_path / "file" / "atlas.html"))
    there = tmp_path / "atlas.html"
    there.mkdir()
    with pytest.raises(ValueError, match="cannot write"):
        report("--out", str(there))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["atlas.html", "file"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--clients", "leaf-pined"], "no client 'leaf-pined'; nearest: leaf-pinned"),
        (["--scenes", "new_caa"], "no scene 'new_caa'; nearest: new_ca"),
        (["--profiles", "crul"], "no client 'crul'"),
        (["--pairs", "new_caa"], "no scene 'new_caa'; nearest: new_ca"),
        (["--pairs", "self_signed_certificate"], "self_signed_certificate has no twin to be told from"),
        (["--field", "nowhere.json"], "cannot read nowhere.json"),
    ],
)
def test_bad_input_gets_one_sentence(wrong: list[str], said: str) -> None:
    """Before any trial is run."""
    with pytest.raises(ValueError, match=re.escape(said)):
        report(*wrong)


def test_all_is_the_default() -> None:
    """The page of the course holds every client, scene and profile: nobody has to name them."""
    chosen = parsed(command.report)
    assert {chosen.clients, chosen.scenes, chosen.profiles, chosen.pairs, chosen.field} == {None}
    assert (len(CLIENTS), len(PROFILES)) > (10, 20)
