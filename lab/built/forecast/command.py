"""
`python -m lab forecast`: what its arguments are, and what it prints.

It reads two files, connects to nobody but the lab's own loopback servers, and
writes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from lab.built.forecast.config import Format
from lab.observation import Progress
from lab.policy.pinset import Role

ABOUT = (
    "Bring your own pins: say which certificate each pin names, lint the set, and find out by real handshakes in the "
    "lab's world which attacks and rotations it survives."
)
EXAMPLE = "forecast --chain certs/chains/genuine.pem --pins certs/pins/network_security_config.xml"
FORMATS = [one.value for one in Format]
ROLES = [one.name.lower() for one in Role]


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Give the parser of `forecast` its arguments."""
    command.add_argument(
        "--chain",
        type=Path,
        required=True,
        metavar="CHAIN.pem",
        help="the chain that the server sends; with openssl: s_client -showcerts -connect HOST:443",
    )
    command.add_argument("--pins", type=Path, required=True, metavar="FILE", help="the pins, in any of the formats")
    command.add_argument("--format", choices=FORMATS, help="the format of the pins; by default their content tells")
    command.add_argument("--host", metavar="NAME", help="the host, where the file pins several domains")
    command.add_argument("--root", type=Path, metavar="ROOT.pem", help="the root, where the chain does not hold it")
    command.add_argument(
        "--backup-key",
        type=Path,
        action="append",
        default=[],
        metavar="FILE.pem",
        help="a backup key that you hold: a public key, a request or a certificate; several times if need be",
    )
    command.add_argument(
        "--backup", action="append", default=[], metavar="PIN", help="the same, by its pin: you vouch for it"
    )
    command.add_argument(
        "--roles", nargs="+", choices=ROLES, default=[], help="of the lab's own file, only the pins of these roles"
    )
    command.add_argument("--at", metavar="DATE", help="the day to run on, as 2027-01-31 (default: today)")
    command.add_argument(
        "--next-release", metavar="DATE", help="when users get other pins (default: 90 days after the day to run on)"
    )
    command.add_argument(
        "--scenes", nargs="+", metavar="NAME", help="only these scenes, and an ordinary day; all of them by default"
    )
    command.add_argument("--strict", action="store_true", help="exit code 1 where lint finds something serious")
    command.add_argument("--json", action="store_true", help="the whole forecast as JSON")


def run(chosen: argparse.Namespace) -> int:
    """Read, run and print; 0, or with --strict 1 for a serious finding. Raises ValueError for bad input."""
    from lab.built.forecast.chain import read_backup, read_chain
    from lab.built.forecast.forecast import forecast
    from lab.built.forecast.formats import read_pins
    from lab.built.forecast.text import text
    from lab.pki.pins import parse_pin

    at, release = _day(chosen.at, "--at"), _day(chosen.next_release, "--next-release")
    chain = read_chain(chosen.chain, chosen.root)
    format = Format(chosen.format) if chosen.format else None
    roles = [Role[one.upper()] for one in chosen.roles]
    done = forecast(
        read_pins(chosen.pins, format=format, host=chosen.host, roles=roles),
        chain,
        host=chosen.host,
        backups=[read_backup(one) for one in chosen.backup_key] + [parse_pin(one) for one in chosen.backup],
        at=at,
        next_release=release,
        scenes=chosen.scenes,
        progress=_progress(time.monotonic()),
    )
    print(json.dumps(done.record(), indent=1) if chosen.json else text(done))
    return 1 if chosen.strict and done.serious else 0


def _day(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(hour=12, tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{option} got {text!r}, which is no day; write it as 2027-01-31") from None


def _progress(began: float) -> Progress:
    """Says on the error stream where it is, once it takes more than a second and somebody is watching."""

    def say(done: int, of: int, scene: str) -> None:
        if sys.stderr.isatty() and time.monotonic() - began > 1:
            print(f"\r  scene {done + 1} of {of}", end="\n" if done + 1 == of else "", file=sys.stderr, flush=True)

    return say
