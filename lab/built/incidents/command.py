"""
`python -m lab incident [NAME]`: the incidents with their dates, or one in full.
"""

from __future__ import annotations

import argparse

from lab.cli.verb import flag, forms, option, printed, verb
from lab.cli.watched import watched


@verb(
    "incident",
    "diginotar",
    option("which", "an incident; without it, all are listed with their dates", nargs="?", metavar="NAME"),
    flag("--sources", "the table of sources that every page quotes, and no incident"),
    forms(json="the same as JSON", markdown="with --sources: the table as the page notebooks/SOURCES.md"),
)
def incident(chosen: argparse.Namespace) -> None:
    """Tell what really happened, by its sources, and run who would have been robbed, cut off or saved."""
    from msgspec.structs import asdict

    from lab.built.incidents import report
    from lab.built.incidents.replay import replayed
    from lab.built.incidents.table import SOURCES, incidents, table
    from lab.naming import named

    if chosen.sources:
        if chosen.which:
            raise ValueError(f"--sources is about all of them; leave {chosen.which!r} or --sources out")
        if chosen.markdown:
            print(report.page(), end="")
        elif chosen.json:
            printed({"sources": {name: asdict(one) for name, one in SOURCES.items()}})
        else:
            print(report.cited())
        return
    if chosen.markdown:
        raise ValueError("--markdown is a page of the sources; add --sources, or take --json")
    if chosen.which is None:
        if chosen.json:
            told = [report.record(one) for one in incidents().values()]
            printed({"incidents": told, "unconfirmed": [asdict(one) for one in table().unconfirmed]})
        else:
            print(report.listed())
        return
    one = named("incident", chosen.which, incidents(), "`python -m lab incident` lists them")
    with watched() as progress:
        replays = replayed(one, progress=progress)
    if chosen.json:
        printed(report.record(one, replays))
    else:
        print(report.text(one, replays))
