"""
`python -m lab report`: what its arguments are, and where it writes the page.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from lab import naming
from lab.cli.verb import file, forms, names, printed, verb
from lab.cli.watched import watched
from lab.disk import ready, written
from lab.naming import GROUPED

OUT = Path("build/atlas.html")


@verb(
    "report",
    "--out build/atlas.html",
    file("--out", f"where (default: {OUT})", "FILE.html", default=OUT),
    file("--field", "what `field --json` wrote (default: build/field.json, where it is there)", "FILE.json"),
    names("--clients", f"clients by name, or {GROUPED}; all by default"),
    names("--scenes", "scenes by name, or attacks, rotations"),
    names("--pairs", "pairs by name, to be held against the channels, or none; those among the scenes by default"),
    names("--profiles", "profiles by name, or none; all by default"),
    forms(json="print what the page is made of, and write no page"),
)
def report(chosen: argparse.Namespace) -> None:
    """Write the atlas: one HTML page with every trial and its trace, the profiles, and the field's results."""
    from lab.built.apart.measured import pair, pairs
    from lab.built.atlas.gather import FIELD, gather
    from lab.built.atlas.page import page
    from lab.policy import clients
    from lab.scenes import catalogue

    rows = clients.chosen(chosen.clients or "all")
    scenes = catalogue.chosen(chosen.scenes) if chosen.scenes else catalogue.usually(rows)
    groups = {"all": clients.PROFILES.values(), "none": ()}
    profiles = naming.chosen(chosen.profiles or "all", groups, clients.client)
    told = [one for one in pairs() if one in scenes]
    if chosen.pairs:
        told = naming.chosen(chosen.pairs, {"all": pairs(), "none": ()}, pair)
    # The file that was asked for must be there; the usual one may be.
    field = chosen.field or (FIELD if FIELD.is_file() else None)
    if not chosen.json:
        ready(chosen.out, folders=True)
    with watched() as progress:
        gathered = gather(rows, scenes, profiles, field, progress, told)
    if chosen.json:
        printed(gathered)
        return
    html = page(gathered)
    written(chosen.out, html)
    print(f"{chosen.out}  ({len(html.encode()) / 1e6:.1f} MB; open it in a browser, it needs no network)")
