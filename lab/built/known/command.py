"""
The command `known`: list, forget and export what a store of known hosts holds.

It reads arguments and prints. Whoever builds the command line calls
`add_command` once; everything else, errors included, is as in `lab.__main__`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from lab.built.known.store import Store
    from lab.policy.memory import Record

FIELDS = ("host", "port", "pin", "first_seen", "last_seen", "count", "expires")

_HOST = re.compile(r"(?P<host>[^\s:\[\]/@]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?")


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `known` with its three verbs to a parser's commands; each sets `run`, which takes what was parsed."""
    about = "List, forget or export the hosts whose keys are remembered."
    known = commands.add_parser(
        "known", help=about, description=about, epilog="example: python -m lab known forget bank.example:443"
    )
    known.set_defaults(run=lambda chosen: known.print_help())
    verbs = known.add_subparsers(title="verbs", metavar="VERB")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--store", type=Path, metavar="FILE", help="the store (default: this platform's folder for data)"
    )
    shared.add_argument("--json", action="store_true", help="as JSON")

    listing = verbs.add_parser("list", parents=[shared], help="show what is known", description="Show what is known.")
    listing.add_argument("host", nargs="?", metavar="HOST[:PORT]", help="of this host only")
    listing.set_defaults(run=run_list)

    forget = verbs.add_parser(
        "forget",
        parents=[shared],
        help="delete what is known of some hosts, so that the next meeting is a first one",
        description="Delete what is known of some hosts, so that the next meeting is a first one.",
    )
    forget.add_argument("hosts", nargs="*", metavar="HOST[:PORT]")
    forget.add_argument("--expired", action="store_true", help="every record that has expired")
    forget.add_argument("--all", action="store_true", help="every record")
    forget.set_defaults(run=run_forget)

    export = verbs.add_parser(
        "export",
        parents=[shared],
        help="write everything as text, one record a line, or as JSON",
        description="Write everything as text, one record a line and tabs between, or as JSON.",
    )
    export.add_argument("--out", type=Path, metavar="FILE", help="where (default: standard output)")
    export.set_defaults(run=run_export)


def run_list(chosen: argparse.Namespace) -> None:
    """Print the records, of one host where one is named. Raises ValueError for a bad store or name."""
    host, port = parse_host(chosen.host) if chosen.host else ("", None)
    with _Opened(chosen) as store:
        if not store:
            print("[]" if chosen.json else f"nothing is known yet: there is no store at {_path(chosen)}")
            return
        records = (one for one in store[0].records(host) if port in (None, one.port))
        if chosen.json:
            _json(records, sys.stdout)
            return
        shown = 0
        for one in records:
            shown += 1
            met = f"met {one.count} times" if one.count > 1 else "met once" if one.count else "announced, not yet met"
            ends = f"expires {one.expires:%Y-%m-%d}" if one.expires else "no expiry"
            print(f"{_address(one):<32} {one.pin}")
            print(f"    {one.first_seen:%Y-%m-%d} to {one.last_seen:%Y-%m-%d}, {met}, {ends}")
        print(f"{shown} record{'' if shown == 1 else 's'} in {_path(chosen)}")


def run_forget(chosen: argparse.Namespace) -> None:
    """Delete records and say how many. Raises ValueError where nothing, or something that is not known, is named."""
    named = [parse_host(one) for one in chosen.hosts]
    if bool(named) + bool(chosen.expired) + bool(chosen.all) != 1:
        raise ValueError(
            "forget wants exactly one of HOST[:PORT], --expired and --all; try `known forget bank.example`"
        )
    with _Opened(chosen) as store:
        gone = 0
        for (host, port), given in zip(named, chosen.hosts, strict=True):
            found = store[0].forget(host, port) if store else 0
            if not found:
                done = f" ({gone} forgotten before it)" if gone else ""
                raise ValueError(f"nothing is known of {given}{done}; `python -m lab known list` shows what is")
            gone += found
        if store and not named:
            gone = store[0].forget_all(expired_at=datetime.now(UTC) if chosen.expired else None)
    print(json.dumps({"forgotten": gone}) if chosen.json else f"{gone} record{'' if gone == 1 else 's'} forgotten")


def run_export(chosen: argparse.Namespace) -> None:
    """Write every record to a file, which is there whole or not at all, or to standard output."""
    with _Opened(chosen) as store:
        records = store[0].records() if store else iter(())
        write = _json if chosen.json else _text
        if chosen.out is None:
            write(records, sys.stdout)
            return
        try:
            # Beside it, then renamed; mkstemp makes it 0600.
            handle, beside = tempfile.mkstemp(prefix=chosen.out.name, dir=chosen.out.parent)
        except OSError as problem:
            raise ValueError(f"cannot write {chosen.out}: {problem.strerror}; give --out a file of yours") from None
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                count = write(records, file)
            os.replace(beside, chosen.out)
        except BaseException as problem:
            Path(beside).unlink(missing_ok=True)
            if isinstance(problem, OSError):
                raise ValueError(f"cannot write {chosen.out}: {problem.strerror}; give --out another file") from None
            raise
    print(f"{count} record{'' if count == 1 else 's'} written to {chosen.out}")


def parse_host(text: str) -> tuple[str, int | None]:
    """Host and port from HOST, HOST:PORT or [ADDRESS]:PORT. Raises ValueError, in one sentence, for anything else."""
    found = _HOST.fullmatch(text)
    port = int(found["port"]) if found and found["port"] else None
    if found is None or (port is not None and not 0 < port < 65536):
        raise ValueError(f"{text!r} is no HOST or HOST:PORT; try bank.example or bank.example:443, or [::1]:443")
    return found["host"].strip("[]"), port


def record(one: Record) -> dict[str, str | int | None]:
    """One record as plain JSON values; times are ISO 8601 in UTC."""
    values: dict[str, str | int | None] = {}
    for name in FIELDS:
        value = getattr(one, name)
        values[name] = value.isoformat() if isinstance(value, datetime) else value
    return values


def default_path(
    environment: Mapping[str, str] | None = None, platform: str = sys.platform, home: Path | None = None
) -> Path:
    """
    Where known hosts are kept by this platform's conventions.

    ``$XDG_DATA_HOME`` or ``~/.local/share`` (XDG base directory specification,
    which has a relative value ignored), ``~/Library/Application Support`` on
    macOS, ``%LOCALAPPDATA%`` on Windows.
    """
    values = os.environ if environment is None else environment
    home = home or Path.home()
    if platform == "win32":
        given = values.get("LOCALAPPDATA", "")
        base = Path(given) if given else home / "AppData" / "Local"
    elif platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        given = values.get("XDG_DATA_HOME", "")
        base = Path(given) if given.startswith("/") else home / ".local" / "share"
    return base / "pinning-lab" / "known-hosts.sqlite"


class _Opened:
    """The chosen store in a list, or an empty list where its file does not exist: reading makes no file."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self._path = _path(chosen)
        self._opened: list[Store] = []

    def __enter__(self) -> list[Store]:
        from lab.built.known.store import Store

        if self._path.exists():
            self._opened.append(Store(self._path))
        return self._opened

    def __exit__(self, *_: object) -> None:
        for one in self._opened:
            one.close()


def _path(chosen: argparse.Namespace) -> Path:
    return chosen.store or default_path()


def _address(one: Record) -> str:
    return f"[{one.host}]:{one.port}" if ":" in one.host else f"{one.host}:{one.port}"


def _json(records: Iterable[Record], file: TextIO) -> int:
    """An array with one record a line, never all of it in memory."""
    count = 0
    for count, one in enumerate(records, start=1):
        file.write(("[\n" if count == 1 else ",\n") + json.dumps(record(one)))
    file.write("\n]\n" if count else "[]\n")
    return count


def _text(records: Iterable[Record], file: TextIO) -> int:
    count = 0
    for line in _lines(records):
        file.write(line)
        count += 1
    return count


def _lines(records: Iterable[Record]) -> Iterator[str]:
    for one in records:
        yield "\t".join("-" if value is None else str(value) for value in record(one).values()) + "\n"
