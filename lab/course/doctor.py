"""
Whether this machine can run the lab: what was seen, what was wanted, and what to do where the two differ.

It runs where nothing is installed, and changes nothing. It sends nothing
anywhere: the one connection is from loopback to loopback.
"""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from lab.naming import printable

ROOT = Path(__file__).resolve().parents[2]
LOCKS = {"core": "make demo", "test": "make test-core", "jupyter": "make lab", "lint": "make lint"}
"""Each lock, and what installs it. Without the first nothing runs; the others are for whoever wants what they bring."""
JUPYTER_MB, LEAST_MB = 600, 100
"""Megabytes of disk that installing Jupyter takes (495 and its downloads), and that are wanted without it."""
EARLIEST, LATEST = date(2026, 11, 1), date(2049, 12, 31)
"""Days between which a clock is believed: this was written on no earlier one, and dates of certificates change form."""

_LOCKED = re.compile(r"^([\w.-]+)==(\S+)( ;)?", re.MULTILINE)


@dataclass(frozen=True)
class Examined:
    """One thing: what it is, what was seen and wanted, and what to `do` where that differs; `wrong` stops the lab."""

    subject: str
    seen: str
    wanted: str
    do: str = ""
    wrong: bool = False

    @property
    def state(self) -> str:
        """In one word: fine, wrong, or note, which is for whoever needs it."""
        return "wrong" if self.wrong else "note" if self.do else "fine"


def examine(root: Path = ROOT) -> Iterator[Examined]:
    """Everything, one after the other, as it is found; nothing is raised for what a machine may lack."""
    yield Examined("Python", f"{platform.python_version()}, {printable(sys.executable)}", "3.11 or later")
    yield from _locks(root / "requirements")
    yield _loopback()
    yield from _space(root)
    yield _clock(root)
    yield _proxies()
    yield _others(root)
    yield _programs()


def _locks(folder: Path) -> Iterator[Examined]:
    here = {_canonical(one.metadata["Name"] or ""): one.version for one in importlib.metadata.distributions()}
    for lock, command in LOCKS.items():
        try:
            found = _LOCKED.findall((folder / f"{lock}.txt").read_text("utf-8"))
        except OSError as problem:
            do = "run it in the project's folder"
            yield Examined(f"{lock}.txt", problem.strerror or "cannot be read", "the lock file", do, lock == "core")
            continue
        wanted: dict[str, set[str]] = {}
        for name, version, _ in found:
            wanted.setdefault(name, set()).add(version)
        # One line with a condition is for other platforms or Pythons; of several lines one is for this one.
        sure = {name for name, _, condition in found if not condition or len(wanted[name]) > 1}
        missing = sorted(sure - here.keys())
        other = sorted(name for name in wanted.keys() & here.keys() if here[name] not in wanted[name])
        seen = [f"{len(sure) - len(missing)} of {len(sure)} packages are here"]
        seen += [f"missing: {_few(missing)}"] if missing and (lock == "core" or len(missing) < len(sure)) else []
        seen += [f"{name} is {here[name]}, not {' or '.join(sorted(wanted[name]))}" for name in other[:3]]
        wrong = bool(other) or (lock == "core" and bool(missing))
        do = f"remove .venv, then `{command}`" if other else _installs(command, folder.parent) if missing else ""
        yield Examined(f"{lock}.txt", "; ".join(seen), f"all, as locked, for `{command}`", do, wrong)


def _installs(command: str, root: Path = ROOT) -> str:
    """What to do about a package that is missing, where this may be no Python that ever had one."""
    venv = root / ".venv"
    away = venv.is_dir() and Path(sys.prefix).resolve() != venv.resolve()
    return "start this with the Python in .venv" if away else f"`{command}` installs what is missing"


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _loopback() -> Examined:
    """A real listener, and a client that asks it something over TLS."""
    wanted = "a listener on 127.0.0.1 and a TLS handshake with it"
    try:
        import lab.scenes  # noqa: F401  (registers every scene)
        from lab.policy.clients import client
        from lab.scenes.catalogue import case
        from lab.trials.trial import trial

        outcome = trial(client("unpinned"), case("ordinary_day")).outcome
    except ModuleNotFoundError as missing:
        return Examined("loopback", f"not tried: there is no {missing.name}", wanted, _installs("make demo"), True)
    except (OSError, ValueError) as problem:
        do = "let this Python listen on and connect to 127.0.0.1: a firewall or a sandbox forbids it"
        return Examined("loopback", printable(str(problem)), wanted, do, True)
    good = outcome.value == "served"
    return Examined("loopback", f"a handshake, {outcome.value}", wanted, "" if good else "look at the clock", not good)


def _space(root: Path) -> Iterator[Examined]:
    least = LEAST_MB if find_spec("jupyterlab") else JUPYTER_MB
    for subject, place in (("disk", root), ("temporary", Path(tempfile.gettempdir()))):
        free = shutil.disk_usage(place).free // 1_000_000
        do = "" if free >= least else "free some space" if place == root else "free some space, or set TMPDIR"
        yield Examined(subject, f"{free:,} MB free in {printable(str(place))}", f"{least} MB", do, bool(do))


def _clock(root: Path, now: datetime | None = None) -> Examined:
    now = now or datetime.now(UTC)
    newest = max((one.stat().st_mtime for one in (root / "lab").glob("*.py")), default=0.0)
    earliest = max(EARLIEST, (datetime.fromtimestamp(newest, UTC) - timedelta(days=2)).date())
    good = earliest <= now.date() <= LATEST
    wanted = f"between {earliest} and {LATEST}"
    return Examined("clock", f"{now:%Y-%m-%d %H:%M} UTC", wanted, "" if good else "set the clock", not good)


def _proxies() -> Examined:
    """By name only: an address of a proxy may have a password in it."""
    wanted = "none for localhost"
    kinds = sorted(urllib.request.getproxies().keys() - {"no"})
    if not kinds:
        return Examined("proxies", "none", wanted)
    if all(urllib.request.proxy_bypass(host) for host in ("localhost", "127.0.0.1")):
        return Examined("proxies", f"for {', '.join(kinds)}, not for localhost", wanted)
    do = "set no_proxy=localhost,127.0.0.1 for curl and browsers of yours; the lab itself asks no proxy"
    return Examined("proxies", f"for {', '.join(kinds)}, for localhost too", wanted, do)


def _others(root: Path) -> Examined:
    """Another project that is called lab: `pip install lab` gets one."""
    places = [Path(entry or ".") for entry in sys.path]
    files = (place / name for place in places for name in ("lab/__init__.py", "lab.py"))
    other = next((one for one in files if one.is_file() and not one.resolve().is_relative_to(root)), None)
    if other is None:
        return Examined("other lab", "none", "no other project called lab")
    installed = any(part in ("site-packages", "dist-packages") for part in other.parts)
    do = f"`{Path(sys.executable).name} -m pip uninstall lab`" if installed else "start the lab in its own folder"
    return Examined("other lab", printable(str(other)), "no other project called lab", do, installed)


def _programs() -> Examined:
    try:
        from lab.built.programs.every import PROGRAMS
    except ModuleNotFoundError as missing:
        return Examined(
            "programs", f"not tried: there is no {missing.name}", "what you like", "`make demo` installs it"
        )
    found = {one: one.version() for one in PROGRAMS.values()}
    seen = ", ".join(f"{one.name} {printable(version)}" for one, version in found.items() if version) or "none"
    install = "; ".join(dict.fromkeys(one.install for one, version in found.items() if not version))
    return Examined("programs", seen, "what you like of these; `make field` runs them", install)
