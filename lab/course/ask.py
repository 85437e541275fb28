"""The verb ``ask``: from what somebody types to the one command that answers it."""

from __future__ import annotations

import argparse
import textwrap
from dataclasses import asdict

from lab.cli.terminal import room
from lab.cli.verb import flag, forms, option, printed, runs, verb
from lab.course.questions import Enquiry, asked, nothing, page


@verb(
    "ask",
    '"curl: (90)"',
    option("words", "what you would type into a search box, an error message for example", nargs="*", metavar="WORDS"),
    forms(json="the rows, the likest first", markdown="all rows as the page notebooks/QUESTIONS.md"),
    flag("--all", "every row in full"),
)
def ask(chosen: argparse.Namespace) -> None:
    """Find the command that answers a question about pins; without words, list the questions."""
    if chosen.markdown:
        print(page(), end="")
        return
    words = " ".join(chosen.words)
    found = asked("" if chosen.all else words)
    if not found:
        raise nothing(words)
    if chosen.json:
        printed({"asked": words, "rows": [{**asdict(one), "command": _line(one)} for one in found]})
    elif chosen.all:
        print("\n\n".join(map(_whole, found)))
    elif not words:
        print("\n".join(textwrap.fill(one.question, room(), subsequent_indent="  ") for one in found))
        print(f'\nAsk one in your own words: {runs()} ask "curl: (90)"')
    else:
        print(_whole(found[0]))
        if found[1:]:
            print("\nOr did you mean")
            for one in found[1:]:
                print(textwrap.fill(one.question, room(), initial_indent="  ", subsequent_indent="    "))
                print(f"    {_line(one)}")


def _line(one: Enquiry) -> str:
    return f"{runs()} {one.command}"


def _whole(one: Enquiry) -> str:
    said = textwrap.fill(one.answer, room(), initial_indent="  ", subsequent_indent="  ")
    return f"{textwrap.fill(one.question, room())}\n  {_line(one)}\n  look for     {one.look_for}\n{said}"
