"""
`python -m lab forecast`: what its arguments are, and what it prints.

It reads two files, connects to nobody but the lab's own loopback servers, and
writes nothing but the page that it is asked for.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

from lab.built.forecast.config import Format
from lab.cli.verb import file, flag, forms, names, option, printed, verb
from lab.cli.watched import watched
from lab.disk import ready, written
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
    option("--until", "how long the pins last instead: drawn calendars up to this day", metavar="DATE"),
    option("--release-every", "with --until: days between releases (default: 90)", type=int, metavar="DAYS"),
    option("--adoption", "with --until: the fleet's curve by which devices take one (at once)", metavar="NAME"),
    option("--rate", "with --until: how often something happens", action="append", metavar="NAME=VALUE"),
    option("--calendars", "with --until: how many are drawn (default: 1000)", type=int, metavar="N"),
    option("--seed", "with --until: what they are drawn from (default: 1)", type=int, metavar="N"),
    file("--page", "with --until: also write it as one page to print, for an auditor", "FILE.html"),
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

    if chosen.until:  # it counts with numpy, which nothing else here needs
        from lab.built.expectancy import told
        from lab.built.forecast import auditor
        from lab.built.forecast.until import expect

    at, release = _day(chosen.at, "--at"), _day(chosen.next_release, "--next-release")
    format = Format(chosen.format) if chosen.format else None
    roles = [Role[one.upper()] for one in chosen.roles]
    until = _day(chosen.until, "--until")
    further = {name: value for name, value in vars(chosen).items() if name in _FURTHER and value is not None}
    if further and not until:
        raise ValueError(f"--{min(further).replace('_', '-')} needs --until; give a day such as 2027-01-31 there")
    _spared(chosen.page, chosen.chain, chosen.pins, chosen.root, *chosen.backup_key)

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
        page = further.pop("page", None)
        life = expect(done, until, **further, progress=progress) if until else None
    if life and page:
        written(page, auditor.page(done, life), option="--page")
    if chosen.json:
        printed(done.record() | ({"life": life.record()} if life else {}))
    else:
        print(told.text(life) if life else text(done))
    return 1 if chosen.strict and done.serious else 0


_FURTHER = ("release_every", "adoption", "rate", "calendars", "seed", "page")
"""The options that need --until."""


def _spared(page: Path | None, *brought: Path | None) -> None:
    """Refuse a place where no page can be written, or where a file stands that was brought to be read."""
    ready(page, option="--page")
    if page and page.exists() and any(page.samefile(one) for one in brought if one and one.exists()):
        raise ValueError(f"--page got {page}, which was brought to be read; choose another place")


def _day(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(hour=12, tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{option} got {text!r}, which is no day; write it as 2027-01-31") from None
