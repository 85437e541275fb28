"""The book: its pages lead to each other and nowhere else. They are made of the notebooks as shipped, none is run."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from lab.course import book, publish

pytest.importorskip("nbconvert", reason="nbconvert is not installed: make test installs it")

LOADS = {("img", "src"), ("script", "src"), ("link", "href"), ("iframe", "src"), ("source", "src"), ("object", "data")}


@dataclass
class Leaf(HTMLParser):
    """What a browser would find in one page: places, links, what is loaded with it, links by their `rel`."""

    html: str
    places: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    ways: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.places += [said["id"]] if "id" in said else []
        self.loads += [value for name, value in said.items() if (tag, name) in LOADS]
        if tag == "a" and "href" in said:
            self.links.append(said["href"])
            self.ways |= {said["rel"]: said["href"]} if "rel" in said else {}


def dead(pages: dict[str, Leaf]) -> set[tuple[str, str]]:
    """Each page with each of its links that leads nowhere; what leads elsewhere is https, by its whole address."""
    found = set()
    for name, leaf in pages.items():
        for link in leaf.links:
            to = urlsplit(link)
            if to.scheme or to.netloc:
                good = to.scheme in ("https", "http") and bool(to.netloc)
            else:
                there = pages.get(unquote(to.path) or name)
                good = there is not None and (not to.fragment or unquote(to.fragment) in there.places)
            found |= set() if good else {(name, link)}
    return found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Leaf]:
    """The book as `make notebooks` writes it, but that no notebook was run."""
    out = tmp_path_factory.mktemp("book") / "new" / "folder"
    said: list[str] = []
    made = publish.publish(out, said.append, execute=lambda notebook: notebook)
    assert sorted(made) == sorted(out.iterdir())
    assert str(out / "index.html") in said[-1]
    return {path.name: Leaf(path.read_text("utf-8")) for path in made}


@pytest.mark.sampled(0)
def test_every_link_leads_somewhere(pages: dict[str, Leaf]) -> None:
    """A page of the book and a place in it, or an address elsewhere; a dead one would be seen."""
    assert sum(len(leaf.links) for leaf in pages.values()) > 100
    assert dead(pages) == set()
    lost = '<a href="12.ipynb"></a><a href="index.html#no"></a><a href="mailto:x"></a><a href="index.html"></a>'
    assert len(dead({**pages, "lost.html": Leaf(lost)})) == 3


def test_every_notebook_and_page_is_in_it_once(pages: dict[str, Leaf]) -> None:
    """From page to page by "next", and back by "previous", one meets all of them; the contents name each."""
    order = ["index.html"]
    while following := pages[order[-1]].ways.get("next"):
        assert pages[following].ways["prev"] == order[-1]
        order.append(following)
    assert sorted(order) == sorted(pages)
    notebooks = [path.with_suffix(".html").name for path in publish.find()]
    assert order[1 : len(notebooks) + 1] == notebooks
    assert {f"{path.stem}.html" for path in publish.NOTEBOOKS.glob("*.md")} < {*pages}
    assert {*order[1:]} <= {*pages["index.html"].links}
    assert [name for name in order[2:] if pages[name].ways["contents"] != "index.html"] == []


def test_the_contents_have_the_question_of_every_notebook(pages: dict[str, Leaf]) -> None:
    """What the README asks of a notebook stands beside it, and its title is its own heading."""
    html = pages["index.html"].html
    assert html.count("</tr>") >= 14 + 5
    assert "<td></td>" not in html.partition("The notebooks")[2]
    assert "Can a client that knows nothing in advance notice that something changed?" in html
    assert "<title>First use: the key that you saw before</title>" in pages["05-first-use.html"].html


def test_pages_load_nothing_and_run_nothing(pages: dict[str, Leaf]) -> None:
    """No page asks for a file or an address when it is opened, and none has a script."""
    loads = {one.partition(",")[0] for leaf in pages.values() for one in leaf.loads}
    assert {one for one in loads if not one.startswith("data:")} == set()
    assert [name for name, leaf in pages.items() if "<script" in leaf.html or book.REMOTE.search(leaf.html)] == []


@pytest.mark.parametrize(
    "remote",
    ['<script src="https://elsewhere.example/x.js">', "<img src=//elsewhere.example/x>", "url(https://a.example/f)"],
)
def test_what_would_be_loaded_is_seen(remote: str) -> None:
    """The control of the claim above."""
    assert book.REMOTE.search(remote)


def test_a_page_is_for_dark_rooms_and_for_paper(pages: dict[str, Leaf]) -> None:
    """Each has both styles, and tells its width to a telephone."""
    for leaf in pages.values():
        assert "@media screen and (prefers-color-scheme: dark)" in leaf.html
        assert "@media print" in leaf.html
        assert 'name="viewport"' in leaf.html


def test_a_link_to_no_page_is_refused(tmp_path: Path) -> None:
    """Whoever writes it is told at once, not the reader; a link to a page beside it is one."""
    pages = book.chapters(publish.NOTEBOOKS)
    (tmp_path / "own.md").write_text("# Own\n\n[the guide](INSTRUCTORS.md#plans) and [this](../CONTRIBUTING.md)")
    own = book.Chapter(tmp_path / "own.md", "Own")
    with pytest.raises(ValueError, match=r"own\.md links to \.\./CONTRIBUTING\.md, which is no page of the book"):
        book.page(book.read(own.source), own, [*pages, own])
    own.source.write_text("# Own\n\n[the guide](INSTRUCTORS.md#plans)")
    assert 'href="INSTRUCTORS.html#plans"' in book.page(book.read(own.source), own, [*pages, own])


def test_an_image_from_elsewhere_is_refused(tmp_path: Path) -> None:
    """A page that would load it is not written."""
    own = book.Chapter(tmp_path / "own.md", "Own")
    own.source.write_text("# Own\n\n![x](https://elsewhere.example/x.png)")
    with pytest.raises(ValueError, match="would load something from the network"):
        book.page(book.read(own.source), own, [own])
