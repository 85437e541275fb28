"""
The command line: `python -m lab`.

It reads arguments and prints; everything it prints is made elsewhere. Bad
input gets one sentence and exit code 2, an interrupted run exit code 130.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lab.built.atlas import command as report_command
from lab.built.field import command as field_command
from lab.built.fleet import command as fleet_command
from lab.built.forecast import command as forecast_command
from lab.built.known import command as known_command
from lab.built.serve import command as serve_command
from lab.built.time import command as timeline_command
from lab.built.time import hpkp_command

if TYPE_CHECKING:  # a command loads what it needs when it runs, so that --help is quick
    from lab.policy.clients import Client
    from lab.scenes.catalogue import Case
    from lab.trials.matrix import Matrix

TWINS = """\
Every attack that gets past ordinary validation has a rotation that looks
exactly like it. Pinning cannot stop the one and let the other pass.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0 fine, 2 bad input, 130 interrupted."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if not hasattr(chosen, "run"):
        parser.print_help()
        return 0
    try:
        for file in chosen.extra:
            _load(file)
        return chosen.run(chosen) or 0
    except ValueError as problem:
        print(f"lab: {problem}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as missing:
        if (missing.name or "lab").partition(".")[0] == "lab":
            raise
        print(
            f"lab: this Python has no {missing.name}; run `make demo` once, then `. .venv/bin/activate`, and try again",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        from lab.wire.listener import stop_all

        stop_all()
        print("\nlab: interrupted; every server is stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab",
        description="A lab on TLS man-in-the-middle attacks and certificate pinning.\n\n" + TWINS,
        epilog="Start with `python -m lab demo`. Everything runs on this machine's loopback, and nothing else.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--with",
        dest="extra",
        action="append",
        default=[],
        type=Path,
        metavar="FILE.py",
        help="first run this file, which may register scenes and clients of your own; see CONTRIBUTING.md",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def command(name: str, run: object, about: str, example: str) -> argparse.ArgumentParser:
        made = commands.add_parser(
            name,
            help=about,
            description=about,
            epilog=f"example: python -m lab {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        made.set_defaults(run=run)
        return made

    command("demo", _demo, "Run every client through every scene and tell the story.", "demo")

    matrix = command(
        "matrix",
        _matrix,
        "Run clients through scenes, each over real TLS, and print the outcomes.",
        "matrix --clients unpinned leaf-pinned --scenes attacks",
    )
    form = matrix.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one record for each trial, and the scores")
    form.add_argument("--csv", action="store_true", help="one line for each trial")
    matrix.add_argument(
        "--clients", nargs="+", metavar="NAME", help="clients by name, or all; eight of them by default"
    )
    matrix.add_argument(
        "--scenes", nargs="+", metavar="NAME", help="scenes by name, or attacks, rotations, all (the default)"
    )

    trial = command(
        "trial",
        _trial,
        "Take one client through one scene and show everything: chains, checks, the attacker's view, "
        "and what would flip the outcome.",
        "trial root-pinned sibling_intermediate",
    )
    trial.add_argument("client", help="a client's name, as `list` gives it")
    trial.add_argument("scene", help="a scene's name, as `list` gives it")
    trial.add_argument("--json", action="store_true", help="the trace as JSON")

    listing = command("list", _list, "Name every client, attack and rotation.", "list --long")
    listing.add_argument("--long", action="store_true", help="with drawings, what an attacker holds, incidents")
    listing.add_argument("--json", action="store_true", help="the same as JSON")

    profiles = command(
        "profiles",
        _profiles,
        "Run the profiles of real implementations through every scene, and show where they part.",
        "profiles --scenes slips",
    )
    profiles.add_argument("--scenes", nargs="+", metavar="NAME", help="scenes by name, or attacks, rotations, slips")
    kind = profiles.add_mutually_exclusive_group()
    kind.add_argument("--json", action="store_true", help="the groups, and where they differ")
    kind.add_argument("--html", action="store_true", help="a table for a page")
    serve = command("serve", serve_command.run, serve_command.ABOUT, serve_command.EXAMPLE)
    serve_command.add_arguments(serve)
    forecast = command("forecast", forecast_command.run, forecast_command.ABOUT, forecast_command.EXAMPLE)
    forecast_command.add_arguments(forecast)
    field = command("field", field_command.run, field_command.ABOUT, field_command.EXAMPLE)
    field_command.add_arguments(field)

    pin = command("pin", _pin, "Print the pins of the certificates in a PEM file.", "pin certs/chains/genuine.pem")
    pin.add_argument("file", type=Path, metavar="FILE.pem")
    pin.add_argument("--json", action="store_true", help="the same as JSON")

    certs = command(
        "certs",
        _certs,
        "Write a throwaway world to disk: chains, trust stores, keys, pins, and commands to look at it.",
        "certs --out certs --host shop.example",
    )
    certs.add_argument("--out", type=Path, default=Path("certs"), metavar="DIR", help="where (default: certs)")
    certs.add_argument("--host", default="bank.example", metavar="NAME", help="for which reserved host name")

    intercept = command(
        "intercept",
        _intercept,
        "Put a man in the middle in front of a TLS server of yours on this machine, and watch what it reads. "
        "Ctrl-C ends it.",
        "intercept localhost:8443",
    )
    intercept.add_argument("target", metavar="HOST:PORT", help="a loopback address; nothing else is accepted")
    intercept.add_argument("--host", default="localhost", metavar="NAME", help="the name to impersonate")

    timeline = command(
        "timeline",
        _timeline,
        "Run years of a service, with a real handshake wherever a verdict can change; count outage-days against "
        "exposure-days.",
        "timeline five-years",
    )
    timeline_command.arguments(timeline)
    hpkp = command("hpkp", hpkp_command.run, hpkp_command.ABOUT, hpkp_command.EXAMPLE)
    hpkp_command.add_arguments(hpkp)
    known_command.add_command(commands)
    report = command("report", report_command.run, report_command.ABOUT, report_command.EXAMPLE)
    report_command.add_arguments(report)
    fleet_command.add_arguments(command("fleet", _fleet, fleet_command.ABOUT, fleet_command.EXAMPLE))

    notebooks = command(
        "notebooks",
        _notebooks,
        "Run every notebook and write the executed copies as HTML pages that need no network.",
        "notebooks --out build/notebooks",
    )
    notebooks.add_argument("--out", type=Path, default=Path("build/notebooks"), metavar="DIR", help="where")

    bench = command("bench", _bench, "Measure what trials cost, as ratios within one run.", "bench --json")
    bench.add_argument("--json", action="store_true", help="the same as JSON")
    bench.add_argument("--quick", action="store_true", help="fewer rounds: a smoke test, not a measurement")
    return parser


def _load(file: Path) -> None:
    """Run a file that registers scenes and clients. Its own mistakes are its author's to see, with their traceback."""
    import importlib.util

    import lab.scenes  # noqa: F401

    if file.suffix == ".toml":
        from lab.built.time.dated import add

        add(file)
        return
    if not file.is_file():
        raise ValueError(f"cannot read {file}; --with takes a Python file that registers scenes or clients")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise ValueError(f"{file} is no Python file; --with takes one that registers scenes or clients")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)


# ---- matrix and demo -----------------------------------------------------------------------------


def _run_matrix(clients: list[Client], cases: list[Case]) -> Matrix:
    """The matrix, with a progress bar on the error stream where somebody is watching."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from lab.trials.matrix import matrix

    watching = Console(stderr=True)
    if not watching.is_terminal:
        return matrix(clients, cases)
    columns = (
        TextColumn("scenes"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=watching, transient=True) as bar:
        task = bar.add_task("", total=len(cases))
        return matrix(clients, cases, lambda done, of, name: bar.update(task, completed=done, description=name))


def _show(matrix: Matrix) -> None:
    from rich.console import Console

    from lab.show.text import matrix_text

    Console(width=None if sys.stdout.isatty() else 130, highlight=False, soft_wrap=True).print(matrix_text(matrix))


def _demo(chosen: argparse.Namespace) -> None:
    import lab.scenes  # noqa: F401
    from lab.policy.clients import CLIENTS
    from lab.scenes.catalogue import CASES

    print(f"{len(CLIENTS)} clients go through {len(CASES)} scenes over real TLS on loopback.", flush=True)
    every = _run_matrix(list(CLIENTS.values()), list(CASES.values()))
    _show(every.of([client for client in CLIENTS.values() if client.story]))
    print("All clients: attacks stopped, legitimate service kept")
    for client in every.clients:
        score = every.score(client.name)
        print(
            f"  {client.name:<22}{score.stopped:>3}/{score.attacks} {score.kept:>5}/{score.rotations}   {client.title}"
        )
    print(
        f"\n{len(every.trials)} trials, {every.handshakes} handshakes in {every.running:.1f} s, "
        f"and {every.standing_up:.1f} s to stand the scenes up.\n\n{TWINS}\n"
        "Next, see why a root pin does not help:  python -m lab trial root-pinned sibling_intermediate\n"
        "or open the notebooks:                   make lab"
    )


def _words(given: Sequence[str] | None) -> list[str]:
    return [word for one in given or () for word in one.split(",") if word]


def _matrix(chosen: argparse.Namespace) -> None:
    from lab.show.notebook import STORY, cases, clients

    rows = [one for name in _words(chosen.clients) or [STORY] for one in clients(name)]
    scenes = [one for name in _words(chosen.scenes) or ["all"] for one in cases(name)]
    done = _run_matrix(list(dict.fromkeys(rows)), list(dict.fromkeys(scenes)))
    if chosen.json:
        print(done.to_json())
    elif chosen.csv:
        print(done.to_csv(), end="")
    else:
        _show(done)


def _trial(chosen: argparse.Namespace) -> None:
    import lab.scenes  # noqa: F401
    from lab.policy.clients import client
    from lab.scenes.catalogue import case
    from lab.show import text
    from lab.trials.trace import trace

    found = trace(client(chosen.client), case(chosen.scene))
    print(json.dumps(found.record(), indent=1) if chosen.json else text.trace(found))


def _profiles(chosen: argparse.Namespace) -> None:
    from lab.show import profiles as show
    from lab.show.notebook import cases
    from lab.show.notebook import profiles as compare

    scenes = [one for name in _words(chosen.scenes) for one in cases(name)]
    found = compare(list(dict.fromkeys(scenes)) or None)
    if chosen.json:
        print(json.dumps(found.record(), indent=1))
    else:
        print(show.html(found) if chosen.html else show.text(found))


def _list(chosen: argparse.Namespace) -> None:
    import lab.scenes  # noqa: F401
    from lab.policy.clients import CLIENTS, PROFILES
    from lab.scenes.catalogue import SLIPS, attacks, rotations
    from lab.show import text
    from lab.show.listing import listing

    if chosen.json:
        print(json.dumps(listing(), indent=1))
        return
    print("Clients\n" + text.clients_list(CLIENTS.values()))
    print("\nProfiles of real implementations\n" + text.clients_list(PROFILES.values(), chosen.long))
    print("\nAttacks\n" + text.cases_list(attacks(), chosen.long))
    print("\nRotations\n" + text.cases_list(rotations(), chosen.long))
    print("\nSlips\n" + text.cases_list(SLIPS.values(), chosen.long))


# ---- certificates --------------------------------------------------------------------------------


def _pin(chosen: argparse.Namespace) -> None:
    from lab.pki.pins import load_pem, seen

    found = [seen(one) for one in load_pem(chosen.file)]
    if chosen.json:
        fields = ("name", "issuer", "pin", "fingerprint", "algorithm", "is_ca")
        print(json.dumps([{name: getattr(one, name) for name in fields} for one in found], indent=1))
        return
    for one in found:
        print(f"{one.name} ({one.algorithm}{', CA' if one.is_ca else ''}), issued by {one.issuer}")
        print(f"  pin          {one.pin}")
        print(f"  for curl     sha256//{one.pin.removeprefix('sha256/')}")
        print(f"  certificate  {one.fingerprint}")


def _certs(chosen: argparse.Namespace) -> None:
    from lab.pki.export import LIFE, export

    written = export(chosen.out, chosen.host)
    for path in written:
        print(f"  {chosen.out / path}")
    print(
        f"{len(written)} files. Every authority may vouch for {chosen.host.lower()} and loopback only, "
        f"for {LIFE.days} days.\n"
        f"Next: open {chosen.out / 'LOOK.md'} and look at them with openssl."
    )


# ---- the man in the middle -----------------------------------------------------------------------


def _intercept(chosen: argparse.Namespace) -> None:
    from lab.pki.export import limited_world, pem
    from lab.wire.attacker import Attacker
    from lab.wire.http import Request
    from lab.wire.listener import require_loopback

    host, _, port = chosen.target.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"{chosen.target!r} is no HOST:PORT; try localhost:8443")
    target = require_loopback((host.strip("[]"), int(port)))
    world = limited_world(chosen.host)
    credential = world.rogue_root.issue(
        *dict.fromkeys((world.host, "localhost", "127.0.0.1")),
        not_after=world.rogue_root.certificate.not_valid_after_utc,
    )

    def report(request: Request) -> Request:
        print(f"read  {request.line}  ({len(request.body)} bytes of body)", flush=True)
        return request

    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        store = Path(folder) / "rogue-root.pem"
        store.write_bytes(pem([world.rogue_root.certificate]))
        with Attacker(credential, target, host=world.host, change=report) as attacker:
            print(
                f"in the middle on 127.0.0.1:{attacker.port}, in front of {chosen.target}; Ctrl-C ends it\n"
                "a victim that trusts the rogue CA:\n"
                f"  curl --noproxy '*' --cacert {store} https://localhost:{attacker.port}/",
                flush=True,
            )
            threading.Event().wait()


def _timeline(chosen: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from lab.built.time.drawing import page

    watching = Console(stderr=True)
    with Progress(console=watching, transient=True, disable=not watching.is_terminal) as bar:
        task = bar.add_task("years", total=1.0)
        told = timeline_command.command(chosen, page, lambda done, of, name: bar.update(task, completed=done / of))
    print(told)


def _fleet(chosen: argparse.Namespace) -> int:
    from lab.built.fleet.drawing import svg

    return fleet_command.run(chosen, svg)


def _notebooks(chosen: argparse.Namespace) -> None:
    import importlib.util

    if importlib.util.find_spec("nbconvert") is None:
        raise ValueError("the notebooks need Jupyter; run `make notebooks`, or install requirements/jupyter.txt")
    from lab.course.publish import publish

    publish(chosen.out, lambda line: print(line, flush=True))


def _bench(chosen: argparse.Namespace) -> None:
    from lab.built.bench import run

    print(run(quick=chosen.quick, as_json=chosen.json))


if __name__ == "__main__":
    from lab.wire import interrupt

    interrupt.listen()  # also where a shell that started this in the background has it ignore Ctrl-C
    sys.exit(main())
