"""Every notebook, found by glob, runs top to bottom, is solved by its solutions, and keeps the house's manners."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from grain import grain
from solutions import attempt, fill

from lab.course import book, publish

pytestmark = pytest.mark.notebook
pytest.importorskip("nbclient", reason="nbclient is not installed: make test installs it")

PATHS = publish.find()
SHORT = ("00-start-here",)
FIELD = ("13-in-the-field", "17-let-a-machine-do-it")
"""They run the real programs that are here, and so they are run with them: tests/test_field_notebook.py."""
HERE = [path for path in PATHS if path.stem not in FIELD]


def cells(path: Any) -> list[dict[str, Any]]:
    return [{**cell, "source": "".join(cell["source"])} for cell in json.loads(path.read_text("utf-8"))["cells"]]


def tagged(found: list[dict[str, Any]], tag: str) -> list[dict[str, Any]]:
    return [cell for cell in found if tag in cell["metadata"].get("tags", [])]


@pytest.fixture(scope="session")
def executed() -> dict[str, Any]:
    """The run of every notebook, three at a time (starting a kernel is mostly waiting); words where it failed."""
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as pool:
        return dict(zip([path.stem for path in HERE], pool.map(attempt, HERE), strict=True))


def said(cell: Any) -> str:
    """What a cell printed or showed, as text."""
    parts = []
    for output in cell["outputs"]:
        parts.append(output.get("text", "") or output.get("data", {}).get("text/plain", ""))
    return "".join(parts)


@pytest.mark.parametrize("name", [path.stem for path in HERE])
def test_a_notebook_runs_and_its_checks_say_so(name: str, executed: Any) -> None:
    """It runs top to bottom; each check says "not yet" to the stub, and "solved" to the folded solution."""
    says_so(executed[name])


def says_so(run: Any) -> None:
    """Hold a run of a notebook, with its solutions, against what its checks have to say."""
    if isinstance(run, str):
        pytest.fail(run)
    for tag, expected in (("check", "✗ not yet"), ("solved", "✓ solved")):
        checks = tagged(run.cells, tag)
        assert [said(cell).strip()[: len(expected)] for cell in checks] == [expected] * len(checks)
    assert len(tagged(run.cells, "check")) == len(tagged(run.cells, "solved"))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_outputs_are_stripped_and_ids_have_a_meaning(path: Any) -> None:
    """No output, no execution count, and each cell's id is unique and made of words."""
    found = cells(path)
    code = [cell for cell in found if cell["cell_type"] == "code"]
    assert [cell["id"] for cell in code if cell["outputs"] or cell["execution_count"]] == []
    ids = [cell["id"] for cell in found]
    assert len(set(ids)) == len(ids)
    assert [one for one in ids if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", one)] == []
    assert [one for one in ids if re.fullmatch(r"[0-9a-f]{8}", one)] == []


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_jupyter_need_not_ask_for_a_kernel(path: Any) -> None:
    """The notebook names its kernel, and nothing that differs from machine to machine."""
    metadata = json.loads(path.read_text("utf-8"))["metadata"]
    assert metadata["kernelspec"]["name"] == "python3"
    assert metadata["language_info"] == {"name": "python"}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_notebook_is_mostly_prose_and_its_cells_are_short(path: Any) -> None:
    """Code cells have 1 to 8 lines (12 for a stub to fill), there is more prose than code, 25 to 50 cells."""
    found = cells(path)
    code = [cell for cell in found if cell["cell_type"] == "code"]
    long = {
        cell["id"]: cell["source"].count("\n") + 1
        for cell in code
        if cell["source"].count("\n") + 1 > (12 if "exercise" in cell["metadata"].get("tags", []) else 8)
    }
    assert long == {}
    prose = sum(len(cell["source"].split()) for cell in found if cell["cell_type"] == "markdown")
    assert prose > sum(len(cell["source"].split()) for cell in code)
    if path.stem not in SHORT:
        assert 25 <= len(found) <= 50


FINE = [path for path in PATHS if path.stem[:2] >= "14"]
"""The notebooks that were made with this grain; the others are coarser yet, as `python tests/grain.py` prints."""


@pytest.mark.parametrize("path", FINE, ids=lambda path: path.stem)
def test_the_grain_is_fine(path: Any) -> None:
    """Prose of 40 words or fewer at the median, a line that runs between two of it, and a task within twelve cells."""
    found = grain(path)
    assert found.words <= 40
    assert found.together == 0
    assert found.task is not None
    assert found.task < 12
    assert 5 <= found.tasks <= 6
    assert "surprise" not in path.read_text("utf-8").lower()


def test_a_coarse_grain_is_found_out() -> None:
    """The measure is no formality: an older notebook has longer prose, cells of it together, and a late task."""
    found = grain(next(path for path in PATHS if path.stem.startswith("07")))
    assert found.words > 40
    assert found.together > 0
    assert found.task
    assert found.task > 12


@pytest.mark.parametrize("path", [path for path in PATHS if path.stem not in SHORT], ids=lambda path: path.stem)
def test_each_exercise_has_a_check_and_one_folded_solution(path: Any) -> None:
    """After a stub come its check and its solution, before the next stub; the goal is said in three bold words."""
    found = cells(path)
    exercises, checks = tagged(found, "exercise"), tagged(found, "check")
    assert len(exercises) == len(checks) >= 1
    assert fill([dict(cell) for cell in found]) == len(exercises)
    text = "\n".join(cell["source"] for cell in found)
    for word in ("**Input**", "**Output**", "**Goal**"):
        assert text.count(word) >= len(exercises), word
    assert "You will be able to" in text


def test_a_page_shows_what_the_notebook_said(executed: Any) -> None:
    """The published page has the outcomes that the run gave, and loads nothing from elsewhere."""
    run = executed[PATHS[0].stem]
    assert not isinstance(run, str)
    pages = book.chapters(publish.NOTEBOOKS)
    html = book.page(run, pages[1], pages)
    assert "✗ intercepted" in html
    assert book.REMOTE.search(html) is None


def test_what_a_kernel_leaves_behind_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that a cell made and did not remove lies where the kernel's own files do, and is gone at the end."""
    from nbformat import v4

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    cell = v4.new_code_cell("import tempfile; print(tempfile.mkdtemp(prefix='lab-'))")  # type: ignore[no-untyped-call]
    made = v4.new_notebook(cells=[cell])  # type: ignore[no-untyped-call]
    (output,) = publish.run(made, tmp_path).cells[0].outputs
    folder = Path(output.text.strip())
    assert folder.is_relative_to(tmp_path)
    assert not folder.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_kernel_of_another_environment_gets_one_sentence(tmp_path: Path) -> None:
    """In the notebooks' folder `import lab` is this lab, whoever else is called so; without its packages a sentence."""
    (tmp_path / "lab.py").write_text("World = None")  # another project, ahead in the path
    ask = "import lab; print(lab.__file__, lab.World.__module__)"
    own = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", ask], cwd=publish.NOTEBOOKS, env=own, capture_output=True, text=True)
    assert done.stdout.split() == [str(publish.NOTEBOOKS.parent / "lab" / "__init__.py"), "lab.pki.world"]
    bare = subprocess.run([sys.executable, "-S", "-c", ask], cwd=publish.NOTEBOOKS, capture_output=True, text=True)
    assert bare.stderr.splitlines()[-1].startswith("ImportError: this kernel's Python")
    assert "choose the Python in" in bare.stderr
