"""
The `fleet` command: its arguments, and what it prints.

It loads numpy only when it runs, so that `--help` stays quick.
"""

from __future__ import annotations

import argparse

from lab.built.fleet.adoption import ADOPTIONS, adoption
from lab.cli.verb import file, forms, option, printed, verb
from lab.cli.watched import watched
from lab.disk import ready, written


@verb(
    "fleet",
    "--devices 10000000 --years 5 --lifetime 47 --adoption evergreen",
    option("--devices", "how many devices (default: 1000000)", type=int, default=1_000_000, metavar="N"),
    option("--years", "for how long, in years of 365 days (default: 5)", type=int, default=5, metavar="N"),
    option("--lifetime", "the life of a certificate (default: 200)", type=int, default=200, metavar="DAYS"),
    option("--adoption", f"one of {', '.join(ADOPTIONS)}", default="small-app-2015", metavar="NAME"),
    option("--seeds", "how many possible histories (default: 20)", type=int, default=20, metavar="N"),
    option("--seed", "the first of them (default: 1)", type=int, default=1, metavar="N"),
    option("--client", "what 'what would have saved you' starts from", default="leaf-pinned", metavar="NAME"),
    option(
        "--attack",
        "an attack of the catalogue that no default counts, and how often it happens in a year; may be repeated",
        action="append",
        default=[],
        metavar="NAME=RATE",
    ),
    file("--picture", "also draw outage against exposure", "FILE.svg"),
    forms(json="every seed's figures, and the source of every number"),
)
def fleet(chosen: argparse.Namespace) -> None:
    """Run a fleet of devices for years, many times over: outage against exposure for each policy."""
    from lab.built.fleet.count import Shipped
    from lab.built.fleet.drawing import svg
    from lab.built.fleet.plan import Plan
    from lab.built.fleet.run import Fleet, run
    from lab.built.fleet.saved import saved
    from lab.policy.clients import client
    from lab.show.sheet import LINE, hung

    base = Shipped(client(chosen.client).name)
    fleet = Fleet(
        devices=chosen.devices,
        years=chosen.years,
        plan=Plan(lifetime=chosen.lifetime, attacks=dict(map(_rate, chosen.attack))),
        adoption=adoption(chosen.adoption),
        seeds=chosen.seeds,
        seed=chosen.seed,
    )
    ready(chosen.picture, option="--picture")
    with watched() as progress:
        result = run(fleet, progress=progress)
        table = saved(fleet, base, progress=progress, known=result)
    if chosen.picture:
        written(chosen.picture, svg(result), option="--picture")
    if chosen.json:
        printed({**result.record(), "saved": table.record()})
        return
    print(*(one.sheet().text(LINE).plain for one in (result, table)), sep="\n\n")
    print("\n" + hung(f"updates: {fleet.adoption.source}."))
    print("The rates of thefts, mis-issuance and moves are assumptions, and so is that a")
    print("client which learns at first use meets the genuine site anew with each update;")
    print("--json gives the source of each number.")
    if fleet.plan.attacks:
        yours = f"Nobody has counted how often these happen, so the rates are yours: {', '.join(chosen.attack)}."
        print(hung(yours))
    if chosen.picture:
        print(f"picture: {chosen.picture}")


def _rate(text: str) -> tuple[str, float]:
    name, _, rate = text.partition("=")
    try:
        return name, float(rate)
    except ValueError:
        raise ValueError(f"--attack is {text!r}; give a name and how often a year, as stolen_backup_key=0.1") from None
