"""
The lab in one archive, for a room without a network: the project's files, and the packages of its locks.

It knows files and pip. Packages are for machines like the one that makes the
archive: the same platform, the same minor version of Python. What git ignores,
keys that `make certs` wrote among it, stays out.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from lab import __version__, naming
from lab.course.doctor import LOCKS, ROOT
from lab.disk import ready, writing_octets
from lab.naming import printable
from lab.observation import Progress, untold

CARRIED = ("core", "test", "jupyter")
"""The locks whose packages an archive carries where nobody says otherwise: `make demo`, `test` and `lab` want them."""
IGNORED = {"build", "work", "wheels", "node_modules", "__pycache__", "certs"}
"""Folders that are no part of the project, where there is no git to say so."""

NOTE = """\
The packages of {locks} for {environment}.

With this folder beside the Makefile, `make demo`, `make lab` and the like install from it and ask no network:

    make PYTHON=python{python} demo

Without make, after making an environment as the README says, for each of these locks:

    python -m pip install --no-index --find-links wheels --require-hashes -r requirements/core.txt

and then

    python -m pip install --no-deps --no-build-isolation -e .

For other platforms or Pythons make an archive on such a machine, and put its wheels into this folder too.
"""


def pack(
    out: Path | None, locks: Iterable[str] | None, progress: Progress = untold, root: Path = ROOT
) -> Iterator[str]:
    """
    Write the archive, and say what it carries.

    Raises ValueError, in one sentence, for an unknown lock, and where a package cannot be had or nothing be written.
    """
    chosen = naming.chosen(locks or CARRIED, {}, lambda word: naming.named("lock", word, {one: one for one in LOCKS}))
    place = out or root / "build" / f"pinning-lab-{__version__}-offline.zip"
    ready(place, folders=out is None)
    files = project(root)
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        wheels = Path(folder)
        for number, lock in enumerate(chosen):
            progress(number, len(chosen) + 1, f"{lock}.txt")
            download(root / "requirements" / f"{lock}.txt", wheels)
        progress(len(chosen), len(chosen) + 1, place.name)
        python = ".".join(platform.python_version_tuple()[:2])
        environment = f"{platform.python_implementation()} {python} on {sysconfig.get_platform()}"
        note = NOTE.format(locks=", ".join(chosen), environment=environment, python=python)
        (wheels / "README.txt").write_text(note, "utf-8")
        bundle(root, files, wheels, place)
        count = len(list(wheels.glob("*.whl")))
    size = place.stat().st_size // 1_000_000
    yield f"{place}, {size} MB: {len(files)} files, {count} packages of {', '.join(chosen)} for {environment}"
    yield "Next: unpack it in the room, and run `make demo` there; wheels/README.txt says how without make"


def project(root: Path) -> list[Path]:
    """The project's files, by their paths within its folder: what git knows; without git, what is no product."""
    command = ["git", "-C", str(root), "ls-files", "-z"]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
        found = {Path(os.fsdecode(one)) for one in done.stdout.split(b"\0") if one}
    except OSError:  # there is no git
        found = set()
    if Path("pyproject.toml") not in found:  # unpacked from an archive, perhaps into another project's folder
        found = {
            Path(folder, name).relative_to(root)
            for folder, inner, names in _walk(root)
            for name in names
            if not name.startswith(".") or folder != str(root) or name in (".gitignore", ".editorconfig")
        } | {Path("certs", "README.md")}
    return sorted(one for one in found if (root / one).is_file())


def _walk(root: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    for folder, inner, names in os.walk(root):
        inner[:] = [
            one
            for one in inner
            if one not in IGNORED and not one.endswith(".egg-info") and (one == ".ci" or not one.startswith("."))
        ]
        yield folder, inner, names


def download(lock: Path, wheels: Path) -> None:
    """Get a lock's packages for this Python, by their hashes. Raises ValueError, in one sentence, where pip fails."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--require-hashes", "--dest", str(wheels), "-r", str(lock)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        said = next((line for line in reversed(done.stderr.splitlines()) if "ERROR" in line), "it said nothing")
        raise ValueError(
            f"pip cannot get the packages of {lock.name}: {printable(said)}; "
            "an archive is made where there is a network, with the Python of .venv"
        )


def bundle(root: Path, files: Iterable[Path], wheels: Path, out: Path) -> None:
    """Write these files and the wheels to one archive, in one folder. Raises ValueError where it cannot be written."""
    top = Path(f"pinning-lab-{__version__}")
    with writing_octets(out) as stream, ZipFile(stream, "w", ZIP_DEFLATED, strict_timestamps=False) as archive:
        for one in files:
            archive.write(root / one, top / one)
        for one in sorted(wheels.iterdir()):
            archive.write(one, top / "wheels" / one.name, ZIP_STORED)
