"""
`python -m lab timeline [NAME|FILE.toml]`: list the ready timelines, or run one.

What its arguments are, and what it prints or writes; nothing is connected here.
"""

from __future__ import annotations

import argparse

from lab.cli.verb import file, flag, forms, option, printed, runs, verb
from lab.cli.watched import watched
from lab.disk import ready, written


@verb(
    "timeline",
    "five-years",
    option("which", "without it, the ready timelines are listed", nargs="?", metavar="NAME|FILE.toml"),
    flag("--months", "add the hours of exposure and of outage by the month in which they begin"),
    forms(json="every point as JSON", csv="the table of the clients"),
    file("--html", "write the picture and the tables as one HTML page"),
)
def timeline(chosen: argparse.Namespace) -> None:
    """
    Run years of a service, with a real handshake wherever a verdict can change; count outage-days against
    exposure-days.
    """
    from lab.built.time import drawing, reading, report
    from lab.built.time.run import run
    from lab.show.sheet import Row, Sheet

    if chosen.months and (chosen.which is None or chosen.json or chosen.csv):
        raise ValueError("--months adds to the text of one timeline; give its name, and neither --json nor --csv")
    if chosen.which is None:
        lines = [reading.load(name) for name in reading.ready()]
        if chosen.json:
            printed({"timelines": [{"timeline": line.name, "title": line.title} for line in lines]})
        elif chosen.csv:
            rows = [Row(line.name, (line.title,)) for line in lines]
            print(Sheet("", ("timeline", "title"), rows).csv(), end="")
        else:
            print(report.catalogue(lines) + f"\n\nRun one: {runs()} timeline five-years")
        return
    line = reading.load(chosen.which)
    ready(chosen.html, option="--html")
    with watched() as progress:
        lived = run(line, progress)
    if chosen.html:
        written(chosen.html, drawing.page(lived), option="--html")
    if chosen.json:
        printed(lived.record())
    elif chosen.csv:
        print(report.sheet(lived).csv(), end="")
    else:
        print(report.text(lived, by_month=chosen.months))
