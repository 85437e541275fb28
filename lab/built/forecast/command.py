"""
`python -m lab forecast`: what its arguments are, and what it prints.

It reads two files, connects to nobody but the lab's own loopback servers, and
writes nothing.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from functools import cache, partial

from lab.built.forecast.config import Format
from lab.cli.verb import file, flag, forms, names, option, printed, verb
from lab.cli.watched import watched
from lab.policy.pinset import Role

FORMATS = [one.value for one in Format]
ROLES = [one.name.lower() for one in Role]


@verb(
    "forecast",
    "--chain certs/chains/genuine.pem --pins certs/pins/network_security_config.xml",
    file(
        "--chain",
        "the chain that the server sends; with openssl: s_client -showcerts -connect HOST:443",
        "CHAIN.pem",
        required=True,
    ),
    file("--pins", "the pins, in any of the formats", required=True),
    option("--format", "the format of the pins; by default their content tells", choices=FORMATS),
    option("--host", "the host, where the file pins several domains and the chain answers for several", metavar="NAME"),
    file("--root", "the root, where the chain does not hold it, or a bundle with it", "ROOT.pem"),
    file(
        "--backup-key",
        "a backup key that you hold: a public key, a request or a certificate, or a second CA's certificate; "
        "several times if need be",
        "FILE.pem",
        action="append",
        default=[],
    ),
    option("--backup", "the same, by its pin: you vouch for it", action="append", default=[], metavar="PIN"),
    option("--roles", "of the lab's own file, only the pins of these roles", nargs="+", choices=ROLES, default=[]),
    option("--at", "the day to run on, as 2027-01-31 (default: today)", metavar="DATE"),
    option(
        "--next-release",
        "when users get other pins (default: 90 days after the day to run on)",
        metavar="DATE",
    ),
    names("--scenes", "only these scenes, and an ordinary day; all of them by default"),
    flag("--strict", "exit code 1 where lint finds something serious"),
    forms(json="the whole forecast as JSON"),
)
def forecast(chosen: argparse.Namespace) -> int:
    """
    Bring your own pins: say which certificate each pin names, lint the set, and find out by real handshakes in the
    lab's world which attacks and rotations it survives.
    """
    from lab.built.forecast.chain import read_backup, read_chain
    from lab.built.forecast.forecast import answers, forecast
    from lab.built.forecast.formats import read_pins
    from lab.built.forecast.match import pins
    from lab.built.forecast.text import text
    from lab.pki.brought import bring
    from lab.pki.pins import parse_pin, seen

    at, release = _day(chosen.at, "--at"), _day(chosen.next_release, "--next-release")
    format = Format(chosen.format) if chosen.format else None
    roles = [Role[one.upper()] for one in chosen.roles]

    opened = cache(bring)

    def names() -> tuple[str, ...]:
        try:
            return seen(read_chain(chosen.chain, chosen.root, at=at, opened=opened).leaf).hosts
        except ValueError:  # the pins come first; what is wrong with the chain is said once they are read
            return ()

    config = read_pins(chosen.pins, format=format, host=chosen.host, roles=roles, names=names)
    chain = read_chain(chosen.chain, chosen.root, answers(config, chosen.host), partial(pins, config), at, opened)
    pinned = {str(one) for one in config.pins}
    shown = [one for file in chosen.backup_key for one in read_backup(file, pinned)]
    held = [one.certificate if one.certificate and one.certificate.is_ca else one.pin for one in shown]
    with watched() as progress:
        done = forecast(
            config,
            chain,
            host=chosen.host,
            backups=[*held, *map(parse_pin, chosen.backup)],
            at=at,
            next_release=release,
            scenes=chosen.scenes,
            progress=progress,
        )
    if chosen.json:
        printed(done.record())
    else:
        print(text(done))
    return 1 if chosen.strict and done.serious else 0


def _day(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(hour=12, tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{option} got {text!r}, which is no day; write it as 2027-01-31") from None
