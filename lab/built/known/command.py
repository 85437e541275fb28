"""
The command `known`: meet a host; list, forget and export what a store of known hosts holds.

It reads arguments and prints.
"""

from __future__ import annotations

import argparse
import json
import stat
import sys
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from lab.cli.verb import FORMAT, Verb, file, flag, forms, option, printed, verb
from lab.disk import writing
from lab.naming import parse_host, parse_port, printable

if TYPE_CHECKING:
    from lab.built.known.store import Store
    from lab.policy.memory import Record

SHARED = (file("--store", "the store (default: this platform's folder for data)"), forms(json="as JSON"))


@verb(
    "list",
    "bank.example",
    option("host", "of this host only", nargs="?", metavar="HOST[:PORT]"),
    *SHARED,
)
def _list(chosen: argparse.Namespace) -> None:
    """Show what is known."""
    host, port = parse_host(chosen.host) if chosen.host else ("", None)
    with _opened(chosen) as store:
        if not store:
            if chosen.json:
                printed({"records": []})
            else:
                print(f"nothing is known yet: there is no store at {printable(str(_path(chosen)))}")
            return
        records = (one for one in store.records(host) if port in (None, one.port))
        if chosen.json:
            _put(records, sys.stdout, as_json=True)
            return
        shown = 0
        for one in records:
            shown += 1
            met = f"met {one.count} times" if one.count > 1 else "met once" if one.count else "announced, not yet met"
            ends = f"expires {one.expires:%Y-%m-%d}" if one.expires else "no expiry"
            print(f"{printable(_address(one)):<32} {printable(one.pin)}")
            print(f"    {one.first_seen:%Y-%m-%d} to {one.last_seen:%Y-%m-%d}, {met}, {ends}")
        print(f"{shown} record{'' if shown == 1 else 's'} in {printable(str(_path(chosen)))}")


@verb(
    "forget",
    "--expired",
    option("hosts", nargs="*", metavar="HOST[:PORT]"),
    flag("--expired", "every record that has expired"),
    flag("--all", "every record"),
    *SHARED,
)
def _forget(chosen: argparse.Namespace) -> None:
    """Delete what is known of some hosts, so that the next meeting is a first one."""
    named = [parse_host(one) for one in chosen.hosts]
    if bool(named) + bool(chosen.expired) + bool(chosen.all) != 1:
        raise ValueError(
            "forget wants exactly one of HOST[:PORT], --expired and --all; try `known forget bank.example`"
        )
    with _opened(chosen) as store:
        gone = 0
        for (host, port), given in zip(named, chosen.hosts, strict=True):
            found = store.forget(host, port) if store else 0
            if not found:
                done = f" ({gone} forgotten before it)" if gone else ""
                raise ValueError(f"nothing is known of {given}{done}; `python -m lab known list` shows what is")
            gone += found
        if store and not named:
            gone = store.forget_all(expired_at=datetime.now(UTC) if chosen.expired else None)
    if chosen.json:
        printed({"forgotten": gone})
    else:
        print(f"{gone} record{'' if gone == 1 else 's'} forgotten")


@verb(
    "export",
    "--out known.txt",
    file("--out", "where (default: standard output)"),
    *SHARED,
)
def _export(chosen: argparse.Namespace) -> None:
    """Write everything as text, one record a line and tabs between, or as JSON."""
    with _opened(chosen) as store:
        records = store.records() if store else iter(())
        if chosen.out is None:
            _put(records, sys.stdout, as_json=chosen.json)
            return
        with writing(chosen.out, secret=True) as out:
            count = _put(records, out, as_json=chosen.json)
    print(f"{count} record{'' if count == 1 else 's'} written to {chosen.out}")


@verb(
    "meet",
    "localhost:8443",
    option("host", "a loopback address; nothing else is called", metavar="HOST:PORT"),
    *SHARED,
)
def _meet(chosen: argparse.Namespace) -> int:
    """
    Meet a TLS server of yours on this machine: its key is remembered at first use, and another one is refused later.
    Exit code 0 where it was met, 1 where it was refused, 2 where nobody was met.
    """
    from lab.built.known.lived import greet
    from lab.built.known.store import Store

    host, port = parse_port(chosen.host)
    with Store(_path(chosen)) as store:
        verdict, leaf = greet(store, host, port)
    if chosen.json:
        said = {"host": host, "port": port, "pin": leaf.pin, "accepted": verdict.accepted, "reason": verdict.reason}
        printed(said)
    else:
        print(f"{'accepted' if verdict.accepted else 'refused'}  {printable(chosen.host)}  {leaf.pin}")
        print(textwrap.fill(printable(verdict.reason, 1000), 80, initial_indent="    ", subsequent_indent="    "))
        if not verdict.accepted:
            print(f"    if its owner says that it has a new key: `python -m lab known forget {chosen.host}`")
    return 0 if verdict.accepted else 1


HEAD = f'{{"format": {FORMAT}, "records": [\n'


def record(one: Record) -> dict[str, str | int | None]:
    """One record as plain JSON values; times are ISO 8601 in UTC."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(one).items()}


def default_path() -> Path:
    """
    Where known hosts are kept, by this platform's conventions for a user's data.

    On Linux that is ``$XDG_DATA_HOME`` or ``~/.local/share`` (XDG base
    directory specification, which has a relative value ignored).
    """
    import platformdirs

    return platformdirs.user_data_path("pinning-lab", appauthor=False) / "known-hosts.sqlite"


@contextmanager
def _opened(chosen: argparse.Namespace) -> Iterator[Store | None]:
    """The chosen store, or None where its file does not exist or is empty: reading makes none, and no store of it."""
    from lab.built.known.store import Store

    try:
        there = _path(chosen).stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a path that no file can have
        there = None
    except OSError as problem:
        raise ValueError(f"cannot read {_path(chosen)}: {problem.strerror}; give --store a file of yours") from None
    if there is None or (stat.S_ISREG(there.st_mode) and not there.st_size):
        yield None
        return
    with Store(_path(chosen)) as store:
        yield store


def _path(chosen: argparse.Namespace) -> Path:
    return chosen.store or default_path()


def _address(one: Record) -> str:
    return f"[{one.host}]:{one.port}" if ":" in one.host else f"{one.host}:{one.port}"


def _put(records: Iterable[Record], file: IO[str], *, as_json: bool) -> int:
    """An array with one record a line, or a line of words for each; never all of it in memory. Returns how many."""
    count = 0
    for count, values in enumerate(map(record, records), start=1):
        if as_json:
            file.write((HEAD if count == 1 else ",\n") + json.dumps(values))
        else:
            file.write(
                "\t".join("-" if value is None else printable(str(value), 1000) for value in values.values()) + "\n"
            )
    if as_json:
        file.write("\n]}\n" if count else f"{HEAD}]}}\n")
    return count


known = Verb(
    "known",
    "Meet hosts whose keys are remembered; list, forget or export what is.",
    "forget bank.example:443",
    verbs=(_meet, _list, _forget, _export),
)
