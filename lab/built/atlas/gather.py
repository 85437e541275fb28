"""
What the atlas is made of: the JSON that the commands give, in one dictionary.

The trials are run here, all of them, with their traces; the field's results
are read from the file that `make field` left. It knows nothing of HTML.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from OpenSSL import SSL

from lab import __version__
from lab.built.apart import board
from lab.built.apart.owner import LAGS
from lab.disk import read
from lab.observation import Progress, untold
from lab.policy.clients import Client
from lab.scenes.catalogue import CASES, SLIPS, Case
from lab.show.keys import picture
from lab.show.listing import listing
from lab.show.words import LOOKS
from lab.trials.matrix import matrix
from lab.trials.rehearsal import Rehearsals, kept
from lab.trials.standing import Standing
from lab.trials.trace import explain
from lab.trials.trial import run

FIELD = Path("build/field.json")
"""Where `make field` leaves what it found."""
MOST_BYTES = 64 << 20
MOST_DEPTH = 20


def gather(
    clients: Iterable[Client],
    cases: Iterable[Case],
    profiles: Iterable[Client] = (),
    field: Path | None = None,
    progress: Progress = untold,
    pairs: Iterable[Case] = (),
) -> dict[str, Any]:
    """
    Run the trials and return the whole as plain JSON values.

    `list` is what `list --json` gives. `matrix` is what `matrix --json` gives,
    each trial with the two further fields of `trial --json`; `profiles` is the
    same for the profiles, in the same scenes and the slips. `field` is the
    content of the field's file, or None. `apart` is what `apart --json` gives of
    these `pairs`, named by their attacks, with its tables; None for none. `keys` has for each letter of a key the
    address of an image. `progress` is told what is being done, and after a
    colon in which scene. Raises ValueError for a faulty file.
    """
    results = None if field is None else read_field(field)  # before the minute that the trials take
    clients, cases, profiles = tuple(clients), tuple(cases), tuple(profiles)
    rehearsals = kept(tuple(CASES.values()))
    slips = [one for one in SLIPS.values() if one not in cases and not one.repeats]
    played = {
        "matrix": traced("clients", clients, cases, rehearsals, progress),
        "profiles": traced("profiles", profiles, (*cases, *slips), rehearsals, progress) if profiles else None,
    }
    held = board.each(tuple(pairs), progress=lambda done, of, name: progress(done, of, f"pairs: {name}"))
    return {
        "format": 1,
        "about": about(),
        "outcomes": {one.value: {"glyph": look.glyph, "meaning": look.meaning} for one, look in LOOKS.items()},
        "list": listing(),
        "keys": {one: picture(one) for one in sorted(_letters(part for part in played.values() if part))},
        **played,
        "apart": told(held),
        "field": results,
    }


def _letters(parts: Iterable[dict[str, Any]]) -> set[str]:
    """The letters of the keys on the chains of these trials."""
    met = (meeting for part in parts for trial in part["trials"] for meeting in trial["meetings"])
    return {one["key"] for meeting in met for one in (*meeting["presented"], *(meeting["path"] or ())) if one["key"]}


def about() -> dict[str, str]:
    """When this was made, and with what."""
    return {
        "made": date.today().isoformat(),
        "lab": __version__,
        "python": platform.python_version(),
        "openssl": SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode(),
        "system": sys.platform,
    }


def traced(
    what: str,
    clients: tuple[Client, ...],
    cases: tuple[Case, ...],
    rehearsals: Rehearsals,
    progress: Progress = untold,
) -> dict[str, Any]:
    """
    The matrix of these clients with the trace of every trial in it (about 20 ms for each).

    The scene stays standing while its flips are confirmed, and what the pure
    policy expects is looked up once for all.
    """

    def say(doing: str) -> Progress:
        return lambda done, of, scene: progress(done, of, f"{doing} of the {what}: {scene}")

    done = matrix(clients, cases, say("trials"))
    traces: list[dict[str, Any]] = []
    for number, case in enumerate(cases):
        say("traces")(number, len(cases), case.name)
        with Standing(case) as standing:

            def again(client: Client, _: Case, standing: Standing = standing) -> Any:
                return run(client, standing)

            met = [done.cell(client.name, case.name) for client in clients]
            traces += [explain(trial, rehearsals, again).record() for trial in met]
    return {**json.loads(done.to_json()), "trials": traces}


def told(found: Sequence[board.Apart]) -> dict[str, Any] | None:
    """What told these pairs apart, each with its tables as the command prints them; None where there are none."""
    if not found:
        return None
    return {
        "lags": {name: time.total_seconds() for name, time in asdict(LAGS).items()},
        "pairs": [
            {**one.record(), "soonest": board.soonest(one), "board": [it.record() for it in board.tables(one)]}
            for one in found
        ],
    }


def _deeper(value: Any, most: int) -> bool:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return most < 0 or any(_deeper(one, most - 1) for one in inside)


def read_field(file: Path) -> dict[str, Any]:
    """
    The field's results as `field --json` writes them.

    Only what the page cannot do without is checked; a field that is missing
    shows as a gap. Raises ValueError, in one sentence, for anything else.
    """
    remedy = "write it again with `python -m lab field --json`"
    try:
        octets = read(file, MOST_BYTES, "results of the field")
    except ValueError as problem:
        raise ValueError(f"{problem}, or {remedy}") from None
    try:
        # The standard library reads more than JSON allows, and the page could not hold it: NaN, half a character.
        found = msgspec.json.decode(octets)
    except (ValueError, RecursionError):
        raise ValueError(f"{file} is no JSON; {remedy}") from None
    if _deeper(found, MOST_DEPTH):
        raise ValueError(f"{file} is not the field's results, which are nowhere {MOST_DEPTH} deep; {remedy}")
    if not isinstance(found, dict) or found.get("format") != 1:
        raise ValueError(f"{file} is not the field's results, format 1; {remedy}")
    for name in ("programs", "results", "attackers", "renewals"):
        rows = found.setdefault(name, [])
        if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
            raise ValueError(f"{name!r} in {file} is no list of records; {remedy}")
    return found
