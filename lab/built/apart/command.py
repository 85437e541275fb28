"""
`python -m lab apart`: what its arguments are, and what it prints.
"""

from __future__ import annotations

import argparse
from datetime import timedelta

from lab.cli.verb import forms, option, printed, verb
from lab.cli.watched import watched


@verb(
    "apart",
    "sibling_intermediate --within 5d",
    option("pair", "an attack or a rotation; all pairs in a line each where none is named", nargs="?", metavar="PAIR"),
    option("--within", "in time is this: 1h, 5d, or ever (default: all of 1h, 1d, 5d, 8d, ever)", metavar="TIME"),
    option("--channels", "these channels only, by name, with commas between", metavar="NAME,NAME"),
    option("--reads", "the owner reads the logs every so often (default: 6h)", metavar="TIME"),
    option("--revokes", "a CA revokes so long after it was asked to (default: 24h)", metavar="TIME"),
    option("--notices", "the owner notices a theft after this (default: 0h, the best there is)", metavar="TIME"),
    forms(json="all that was measured, times in seconds"),
)
def apart(chosen: argparse.Namespace) -> None:
    """Say what tells an attack from its twin, and when: the owner's word, channel by channel."""
    from dataclasses import replace

    from lab.built.apart import board
    from lab.built.apart.channels import channels
    from lab.built.apart.measured import pair, pairs
    from lab.built.apart.owner import LAGS
    from lab.show.sheet import LINE, hung

    lags = {name: duration(vars(chosen)[name], f"--{name}") for name in ("reads", "revokes", "notices")}
    lag = replace(LAGS, **{name: time for name, time in lags.items() if time is not None})
    horizons = board.WITHIN if chosen.within is None else (duration(chosen.within, "--within"),)
    rows = channels(chosen.channels)
    attacks = pairs() if chosen.pair is None else [pair(chosen.pair)]
    with watched() as progress:
        found = board.each(attacks, lag, rows, horizons, progress)
    if chosen.json:
        printed({"pairs": [one.record() for one in found]})
    elif chosen.pair is None:
        print(board.lines(found).text(LINE).plain)
        print("\n" + hung("One pair in full: `python -m lab apart sibling_intermediate`"))
    else:
        for one in found:
            print(*(sheet.text(LINE).plain for sheet in board.tables(one)), sep="\n\n")


def duration(text: str | None, option: str) -> timedelta | None:
    """A time as ``90m``, ``6h`` or ``5d``; None for ``ever`` and for nothing. Raises ValueError for anything else."""
    units = {"m": "minutes", "h": "hours", "d": "days"}
    if text is None or text == "ever":
        return None
    number, unit = text[:-1], text[-1:]
    if unit not in units or not number.isdigit() or not number.isascii() or len(number) > 4:
        raise ValueError(f"{option} is {text!r}; give a whole number with m, h or d behind it, as in 5d")
    return timedelta(**{units[unit]: int(number)})
