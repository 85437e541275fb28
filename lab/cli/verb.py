"""
A verb of the command line, and the options that several of them have.

It knows argparse, and nothing of what a verb does.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from lab import naming

FORMAT = 1
"""The number of the form that all JSON has which a verb prints; it rises where a field goes or changes its meaning."""

Option = Callable[[argparse.ArgumentParser], object]
"""Adds one option, or several that belong together, to a parser."""
Run = Callable[[argparse.Namespace], int | None]
"""Does what was chosen; returns the exit code, None for 0. It may load what it likes, the rest has to be quick."""


@dataclass(frozen=True)
class Verb:
    """
    One command: its name, what it is about in one sentence, arguments that are an example, its options, what it does.

    A verb without `run` has verbs of its own.
    """

    name: str
    about: str
    example: str
    options: tuple[Option, ...] = ()
    run: Run | None = None
    verbs: tuple[Verb, ...] = ()

    def join(self, commands: argparse._SubParsersAction[Any]) -> None:
        """Add the verb to a parser's commands; what is parsed then has it, or a verb of its own, in `run`."""
        parser = commands.add_parser(
            self.name,
            help=self.about,
            description=textwrap.fill(self.about, 80),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.epilog = f"example: {parser.prog} {self.example}".rstrip()
        taken("also")(parser)
        parser.set_defaults(run=self.run or (lambda _: parser.print_help()))
        for add in self.options:
            add(parser)
        if self.verbs:
            inner = parser.add_subparsers(title="verbs", metavar="VERB")
            for verb in self.verbs:
                verb.join(inner)


def runs() -> str:
    """How this program is started from here, to be pasted: by the interpreter's short name where a shell finds it."""
    here, found = Path(sys.executable), shutil.which("python")
    if found and Path(found).parent == here.parent:
        return "python -m lab"
    near = here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here
    return f"{shlex.quote(str(near))} -m lab"


class Parser(argparse.ArgumentParser):
    """A parser that says in one sentence what was wrong, with the nearest of the words that there are."""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if isinstance(action, argparse._SubParsersAction):
            naming.named("command", value, action.choices)
        else:
            super()._check_value(action, value)

    def error(self, message: str) -> NoReturn:
        """Raise ValueError, as all bad input does."""
        raise ValueError(f"{message}; `{self.prog} --help` says what there is")


def printed(record: dict[str, Any]) -> None:
    """Print what a verb found as JSON, with the number of its form."""
    print(json.dumps({"format": FORMAT, **record}, indent=1))


def verb(name: str, example: str = "", *options: Option) -> Callable[[Run], Verb]:
    """Make a verb of the function that does it; the first paragraph of its docstring is what it is about."""
    return lambda run: Verb(name, " ".join((run.__doc__ or "").partition("\n\n")[0].split()), example, options, run)


def option(name: str, about: str | None = None, **more: Any) -> Option:
    """Any option or argument, as argparse takes it."""
    return lambda parser: parser.add_argument(name, help=about, **more)


def flag(name: str, about: str) -> Option:
    """An option that is given or not."""
    return option(name, about, action="store_true")


def names(name: str, about: str) -> Option:
    """An option that takes names and groups, with spaces or commas between."""
    return option(name, about, nargs="+", metavar="NAME")


def file(name: str, about: str | None = None, metavar: str = "FILE", **more: Any) -> Option:
    """An option or argument that is a path."""
    return option(name, about, type=Path, metavar=metavar, **more)


def taken(name: str) -> Option:
    """The option that registers a file of one's own; `name` is where it is kept."""
    about = "first take this file, Python that registers scenes and clients, or a scene in TOML; see CONTRIBUTING.md"
    return file("--with", about, "FILE.py|FILE.toml", dest=name, action="append", default=[])


def forms(**about: str) -> Option:
    """The forms of output other than text, of which only one can be had: ``json="one record for each trial"``."""

    def add(parser: argparse.ArgumentParser) -> None:
        group = parser.add_mutually_exclusive_group()
        for form, words in about.items():
            group.add_argument(f"--{form}", action="store_true", help=words)

    return add
