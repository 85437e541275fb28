"""
The pages of the course as one book: what is in it, in which order, and how a page looks and leads on.

It is handed notebooks and writes HTML; it runs nothing. A page needs no
network and no other file; links go to pages of the book, and to addresses
elsewhere, which a browser shows as such and loads only when they are followed.
Needs the second lock (Jupyter).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

BESIDE = ("DECISION-SHEET", "QUESTIONS", "NO-CHAIN", "SOURCES", "GLOSSARY", "LAW-AND-ETHICS", "INSTRUCTORS")
"""The pages that are no notebooks, in the order in which they follow those."""

REMOTE = re.compile(
    r"""<(?:script|link|img|iframe)[^>]+(?:src|href)\s*=\s*["']?(?:https?:)?//|url\(\s*["']?(?:https?:)?//""",
    re.IGNORECASE,
)
_LINK = re.compile(r'(<a\b[^>]*\shref=")([^":#]+)\.(ipynb|md)(?=[#"])')
_SCRIPT = re.compile(r"<script\b(?:(?!</script>).)*</script>", re.DOTALL)
_TOUR = re.compile(r"^\| \[([\w-]+)\]\(notebooks/[^)]*\) \| (.*) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Chapter:
    """One page of the book: where it comes from, what it is called; `name` is that of its file, without the ending."""

    source: Path
    title: str

    @property
    def name(self) -> str:
        """The name of its file, without the ending."""
        return "index" if self.source.stem == "README" else self.source.stem


def read(path: Path):  # type: ignore[no-untyped-def]
    """The notebook as it stands in its file; a page of Markdown is a notebook of one cell."""
    import nbformat
    from nbformat import v4

    if path.suffix == ".md":
        cell = v4.new_markdown_cell(path.read_text("utf-8"))  # type: ignore[no-untyped-call]
        return v4.new_notebook(cells=[cell])  # type: ignore[no-untyped-call]
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def chapters(folder: Path) -> list[Chapter]:
    """Every page, in reading order: the contents (made of the README), the notebooks, and what stands beside them."""
    sources = [folder.parent / "README.md", *sorted(folder.glob("*.ipynb")), *(folder / f"{one}.md" for one in BESIDE)]
    return [Chapter(one, _title(read(one).cells[0].source)) for one in sources]


def _title(text: str) -> str:
    return text.partition("\n")[0].lstrip("# ")


def contents(book: Sequence[Chapter]):  # type: ignore[no-untyped-def]
    """The first page: what the README says first, every notebook with the README's question to it, the other pages."""
    front = read(book[0].source)
    text = front.cells[0].source
    asks = dict(_TOUR.findall(text))
    told = [text.partition("\n## ")[0], "## The notebooks", "| | notebook | the question |\n|---|---|---|"]
    told[-1] += "".join(
        f"\n| {one.name[:2]} | [{one.title}]({one.source.name}) | {asks.get(one.name, '')} |"
        for one in book
        if one.source.suffix == ".ipynb"
    )
    told += ["## Beside them", *(f"- [{one.title}]({one.source.name})" for one in book if one.name in BESIDE)]
    front.cells[0].source = "\n\n".join(told)
    return front


def page(notebook, chapter: Chapter, book: Sequence[Chapter]) -> str:  # type: ignore[no-untyped-def]
    """
    The notebook as one HTML page, with links to the pages before and after it.

    Raises ValueError where it would load anything from elsewhere, or leads to a file that is no page of the book.
    """
    html, _ = _exporter().from_notebook_node(notebook, resources={"metadata": {"name": chapter.title}})
    html = _SCRIPT.sub("", html)  # require.js, MathJax and Mermaid, which would come from elsewhere; nothing needs them
    if REMOTE.search(html):
        raise ValueError(f"the page of {chapter.name} would load something from the network; this is a bug of the lab")
    html = _LINK.sub(lambda link: link[1] + _leads(link[2], link[3], chapter, book), html)
    style = Path(__file__).with_name("book.css").read_text("utf-8")
    ways = _ways(chapter, book)
    html = html.replace("</head>", f"<style>\n{style}</style>\n</head>", 1)
    return html.replace("<main>", f"{ways}\n<main>", 1).replace("</main>", f"</main>\n{ways}", 1)


@cache
def _exporter() -> Any:  # it compiles its templates, which takes longer than a page
    from nbconvert import HTMLExporter

    return HTMLExporter(template_name="lab")


def _leads(stem: str, ending: str, chapter: Chapter, book: Sequence[Chapter]) -> str:
    """Where a link between sources leads in the book."""
    name = next((one.name for one in book if one.source.name == f"{stem}.{ending}"), "")
    if not name:
        raise ValueError(
            f"{chapter.source.name} links to {stem}.{ending}, which is no page of the book; "
            "link to a notebook or to a page beside it, or name the file without a link"
        )
    return f"{name}.html"


def _ways(chapter: Chapter, book: Sequence[Chapter]) -> str:
    at = list(book).index(chapter)

    def way(to: Chapter | None, rel: str, words: str) -> str:
        return f'<a rel="{rel}" href="{to.name}.html">{words}</a>' if to else "<span></span>"

    before, after = book[at - 1] if at else None, book[at + 1] if at + 1 < len(book) else None
    return (
        '<nav class="book" aria-label="Pages">'
        + way(before, "prev", f"← {escape(before.title)}" if before else "")
        + way(book[0] if at > 1 else None, "contents", "Contents")
        + way(after, "next", f"{escape(after.title)} →" if after else "")
        + "</nav>"
    )
