"""The archive for a room without a network: what is in it, and that nothing else is. No package index is asked."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from lab import __version__
from lab.course.offline import pack, project

TOP = f"pinning-lab-{__version__}"
KEPT = {"pyproject.toml", "Makefile", ".gitignore", ".ci/run", "lab/one.py", "certs/README.md"}
OUT = {
    ".venv/lib/x.py", "build/old.zip", "work/00.ipynb", "wheels/x.whl", "certs/keys/server.pem", ".coverage",
    "lab/__pycache__/one.pyc", "tests/node_modules/x.js", "pinning_lab.egg-info/x", ".env",
}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small project with what its tools leave behind, a lock, and a package that pip finds on the disk."""
    root = tmp_path / "project"
    for name in KEPT | OUT:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / ".ci/run").chmod(0o755)
    wheel = tmp_path / "index" / "tiny_thing-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_thing.py", "")
        archive.writestr("tiny_thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-thing\nVersion: 1.0\n")
        archive.writestr(
            "tiny_thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any"
        )
        archive.writestr("tiny_thing-1.0.dist-info/RECORD", "")
    right = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (root / "requirements").mkdir()
    (root / "requirements/core.txt").write_text(f"tiny-thing==1.0 \\\n    --hash=sha256:{right}\n")
    (root / "requirements/lint.txt").write_text(f"tiny-thing==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    return root


@pytest.fixture
def no_index(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pip may ask: one folder, and nobody else."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(root.parent / "index"))


def names(root: Path) -> set[str]:
    return {one.as_posix() for one in project(root)}


def test_the_project_without_git_is_all_but_what_its_tools_left(root: Path) -> None:
    """Unpacked from an archive there is no git to ask; a key that was made to be looked at stays out."""
    assert names(root) == KEPT | {"requirements/core.txt", "requirements/lint.txt"}


def test_the_project_with_git_is_what_git_knows(root: Path) -> None:
    """A note that was never added stays out, and so does a file that is gone."""
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"]}
    for words in (["init", "-q"], ["add", "pyproject.toml", "lab/one.py", "Makefile"]):
        subprocess.run(["git", "-C", str(root), *words], check=True, env=own)
    (root / "Makefile").unlink()
    assert names(root) == {"pyproject.toml", "lab/one.py"}


@pytest.mark.usefixtures("no_index")
def test_the_archive_has_the_project_and_the_packages(root: Path) -> None:
    """One folder with the files as they are, modes included, the wheels, and what they are for."""
    said = list(pack(None, ["core"], root=root))
    assert "1 packages of core for " in said[0]
    with ZipFile(root / "build" / f"{TOP}-offline.zip") as archive:
        inside = set(archive.namelist())
        note = archive.read(f"{TOP}/wheels/README.txt").decode()
        assert archive.getinfo(f"{TOP}/.ci/run").external_attr >> 16 & 0o777 == 0o755
        assert archive.read(f"{TOP}/lab/one.py") == b"lab/one.py"
    wheels = {f"{TOP}/wheels/{name}" for name in ("tiny_thing-1.0-py3-none-any.whl", "README.txt")}
    assert inside == wheels | {f"{TOP}/{name}" for name in names(root)}
    assert "The packages of core for CPython 3." in note or "The packages of core for PyPy 3." in note


@pytest.mark.usefixtures("no_index")
def test_a_package_of_another_hash_is_refused(root: Path, tmp_path: Path) -> None:
    """One sentence, and no archive, not even a part of one."""
    with pytest.raises(ValueError, match=r"pip cannot get the packages of lint\.txt: .*; an archive is made where"):
        list(pack(tmp_path / "room.zip", ["core", "lint"], root=root))
    assert not (tmp_path / "room.zip").exists()


def test_a_wrong_lock_or_place_is_said_before_the_work(root: Path, tmp_path: Path) -> None:
    """The nearest name; and a folder that is not there."""
    with pytest.raises(ValueError, match="there is no lock 'jupiter'; nearest: jupyter"):
        list(pack(None, ["jupiter"], root=root))
    with pytest.raises(ValueError, match="is no folder; choose another place with --out"):
        list(pack(tmp_path / "no" / "room.zip", ["core"], root=root))
