"""
`python -m lab hpkp`: what its arguments are, and what it prints.

It makes no connection itself.
"""

from __future__ import annotations

import argparse

from lab.cli.verb import forms, option, verb
from lab.cli.watched import watched
from lab.naming import words


@verb(
    "hpkp",
    "fake_backup lost_backup",
    option("scenes", "dated scenes by name; all of them by default", nargs="*", metavar="SCENE"),
    forms(
        list="name the scenes and play none",
        json="one record for each visitor, day by day",
        html="tables for a page",
    ),
)
def hpkp(chosen: argparse.Namespace) -> None:
    """Play the dated scenes of HPKP (RFC 7469), and count the days that each visitor is locked out."""
    from lab.built.time import dated, locked

    scenes = words(chosen.scenes)
    if chosen.list:
        for name in scenes or dated.DATED:
            print(f"  {name:<34}{dated.scene(name).title}")
        return
    with watched() as progress:
        played = locked.table(scenes, progress=progress)
    print(played.to_json() if chosen.json else played.html() if chosen.html else played)
