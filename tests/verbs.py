"""One verb of the command line, without the others: its arguments are parsed, and it is run."""

from __future__ import annotations

import argparse

from lab.cli.verb import Verb


def parsed(verb: Verb, *words: str) -> argparse.Namespace:
    """What the verb is given."""
    parser = argparse.ArgumentParser()
    verb.join(parser.add_subparsers())
    return parser.parse_args([verb.name, *words])


def do(verb: Verb, *words: str) -> int:
    """Run it, and return the exit code. Raises ValueError for bad input."""
    chosen = parsed(verb, *words)
    return chosen.run(chosen) or 0
