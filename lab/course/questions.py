"""
What people ask about pins, and the one command that answers each: the table is in questions.toml.

Each answer names what to look for in the command's output; a test runs the
command and finds it there. The search is SQLite's, over the words of a row. It
knows no policy: what is right is what the command shows.
"""

from __future__ import annotations

import re
import sqlite3
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lab.naming import alike, printable


@dataclass(frozen=True)
class Enquiry:
    """
    One row: a question as somebody would put it, and other words for it.

    `command` runs as it stands behind `python -m lab`, in a folder where `make
    certs` has been run. `look_for` stands in what it prints.
    """

    question: str
    words: str
    command: str
    look_for: str
    answer: str


def _read() -> tuple[Enquiry, ...]:
    table = tomllib.loads((Path(__file__).parent / "questions.toml").read_text("utf-8"))
    return tuple(Enquiry(**{name: " ".join(said.split()) for name, said in one.items()}) for one in table["question"])


QUESTIONS = _read()

TRIFLES = frozenset(
    """
    a about after all already also am an and any are as at be but by can cannot could did do does doing for from get
    gets go got had has have how i if in into is it its just may me more must my no not of on one only or our out
    so some still than that the their them then there they this to too use using was way we what when where which who
    why will with would you your s t re ve m d us really ever work works
    """.split()  # noqa: SIM905
)
"""Words in which questions do not differ."""
ENOUGH = 0.34
"""The share of the words asked that an answer has to know."""


def asked(text: str, most: int = 3) -> list[Enquiry]:
    """
    The rows that are likest to what somebody typed, the best first; all of them for no words.

    Empty where nothing here is like it. Misspelt words are taken for the nearest
    that a row has.
    """
    words = [word for word in re.findall(r"[^\W_]+", text.lower()) if word not in TRIFLES]
    if not text.strip():
        return list(QUESTIONS)
    table, known = _searched()
    heard = [word for word in (_heard(table, word, known) for word in words) if word]
    if len(heard) < max(1, ENOUGH * len(words)):
        return []
    found = table.execute(
        "select rowid from rows where rows match ? order by bm25(rows, 3, 3, 1) limit ?",
        (" OR ".join(f'"{word}"' for word in heard), most),
    )
    return [QUESTIONS[number - 1] for (number,) in found]


@cache
def _searched() -> tuple[sqlite3.Connection, frozenset[str]]:
    """The rows to search in, and every word of theirs; nobody writes there, so any thread may read."""
    table = sqlite3.connect(":memory:", check_same_thread=False)
    table.execute("create virtual table rows using fts5(asked, words, rest, tokenize = 'porter')")
    table.execute("create virtual table terms using fts5vocab(rows, row)")
    table.executemany("insert into rows values (?, ?, ?)", [(q.question, q.words, _rest(q)) for q in QUESTIONS])
    return table, frozenset(one for (one,) in table.execute("select term from terms"))


def _rest(question: Enquiry) -> str:
    return f"{question.command} {question.answer}"


def _heard(table: sqlite3.Connection, word: str, known: frozenset[str]) -> str:
    """The word, or the nearest that some row has; empty where there is none."""
    if table.execute("select 1 from rows where rows match ?", (f'"{word}"',)).fetchone():
        return word
    near = alike(word, (one for one in known if one[0] == word[0]), 0.84) if len(word) > 3 else []
    return near[0] if near else ""


def nothing(text: str) -> ValueError:
    """What to say where no row is like the words."""
    return ValueError(
        f"no question here is like {printable(text)!r}; `python -m lab ask` lists all, and GLOSSARY.md has the words"
    )


def page() -> str:
    """All rows as a page in Markdown: the file notebooks/QUESTIONS.md."""
    lines = [
        "# Questions, and the command that answers each",
        "",
        "`python -m lab ask WORDS` finds a row by what you type, an error message for example. This page is made from",
        "the same table (`python -m lab ask --markdown`), and a test runs every command and finds what to look for.",
    ]
    for one in QUESTIONS:
        lines += ["", f"## {one.question}", "", f"    python -m lab {one.command}", ""]
        lines += [f"Look for: **{one.look_for}**", "", one.answer]
    return "\n".join(lines) + "\n"
