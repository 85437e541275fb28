"""The work place: copies of the notebooks, in which nothing of a learner's is ever lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lab.course.publish import NOTEBOOKS
from lab.course.workplace import EDITIONS, prepare, reset
from lab.pki.authority import key_pem, new_key

KEY = key_pem(new_key())
"""What a learner might paste: nothing in a notebook of theirs is looked at."""


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course of three files, beside which its work place will stand."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name in ("00-start.ipynb", "03-how-deep.ipynb", "GLOSSARY.md"):
        (folder / name).write_text(f"{name}, first edition\n")
    return folder


@pytest.fixture
def work(course: Path) -> Path:
    """The work place as it was made from that course."""
    folder = course.with_name("work")
    (said,) = prepare(folder, course)
    assert said.startswith("3 files copied to ")
    return folder


def texts(folder: Path) -> dict[str, str]:
    return {one.name: one.read_text() for one in folder.iterdir() if one.name != EDITIONS}


def test_the_second_time_nothing_happens(course: Path, work: Path) -> None:
    """What is there is there: no word, no change; a copy that the learner threw away comes back."""
    assert texts(work) == texts(course)
    assert list(prepare(work, course)) == []
    (work / "00-start.ipynb").unlink()
    assert [one.partition(" copied")[0] for one in prepare(work, course)] == ["1 files"]
    assert texts(work) == texts(course)


def test_a_new_edition_is_said_and_nothing_is_written_over(course: Path, work: Path) -> None:
    """Notebooks stay, changed or not, and the sentence says which; a page that nobody changed follows."""
    for one in course.iterdir():
        one.write_text(f"{one.name}, second edition\n")
    (work / "03-how-deep.ipynb").write_text("my answers\n")
    said = list(prepare(work, course))
    assert texts(work) == {
        "00-start.ipynb": "00-start.ipynb, first edition\n",
        "03-how-deep.ipynb": "my answers\n",
        "GLOSSARY.md": "GLOSSARY.md, second edition\n",
    }
    assert "new edition of 00-start.ipynb; you have not changed yours; `python -m lab reset 00-start`" in said[0]
    assert "you have changed yours, which stays as it is; `python -m lab reset 03-how-deep`" in said[1]
    assert said[2] == "GLOSSARY.md follows its new edition; nobody had changed it"
    assert list(prepare(work, course)) == said[:2]


def test_a_page_that_was_filled_in_stays(course: Path, work: Path) -> None:
    """A decision sheet is written into: then it is the learner's, like a notebook."""
    (course / "GLOSSARY.md").write_text("second edition\n")
    (work / "GLOSSARY.md").write_text("filled in\n")
    assert "you have changed yours" in "".join(prepare(work, course))
    assert (work / "GLOSSARY.md").read_text() == "filled in\n"


@pytest.mark.parametrize("spoilt", [None, "", "[1]", '{"a": "b"}', "\0"])
def test_without_its_record_every_copy_counts_as_changed(course: Path, work: Path, spoilt: str | None) -> None:
    """Whoever loses the record of editions loses no work: the reset keeps what it cannot know to be a copy."""
    (work / EDITIONS).unlink() if spoilt is None else (work / EDITIONS).write_text(spoilt)
    (course / "03-how-deep.ipynb").write_text("second edition\n")
    assert ["you have changed yours" in one for one in prepare(work, course)] == [True]
    assert "yours is 03-how-deep-before-" in "".join(reset(["3"], work, course))


def test_line_ends_are_no_change(course: Path, work: Path) -> None:
    """Git may have given the course Windows's line ends since; that is no new edition."""
    (course / "00-start.ipynb").write_bytes(b"00-start.ipynb, first edition\r\n")
    assert list(prepare(work, course)) == []


@pytest.mark.parametrize("word", ["3", "03", "03-how-deep", "03_how_deep", "03-how-deep.ipynb"])
def test_reset_keeps_what_the_learner_wrote(course: Path, work: Path, word: str) -> None:
    """The fresh copy is the course's; the learner's stands beside it, whatever octets it has."""
    for written in (b"my answers\xff\r\n", KEY, b"my third\n"):
        (work / "03-how-deep.ipynb").write_bytes(written)
        (said,) = reset([word], work, course)
        assert "yours is 03-how-deep-before-" in said
        assert (work / "03-how-deep.ipynb").read_text() == "03-how-deep.ipynb, first edition\n"
    kept = [one.read_bytes() for one in sorted(work.glob("03-*-before-*.ipynb"))]
    assert sorted(kept) == sorted([b"my answers\xff\r\n", KEY, b"my third\n"])
    assert len(list(work.iterdir())) == 3 + 3 + 1


def test_reset_of_an_untouched_copy_keeps_nothing(course: Path, work: Path) -> None:
    """There is nothing of the learner's in it, also when it is of an earlier edition."""
    (course / "00-start.ipynb").write_text("second edition\n")
    assert "there was none of yours" in "".join(reset(["0", "00", "GLOSSARY"], work, course))
    assert texts(work) == texts(course)
    assert list(prepare(work, course)) == []


def test_a_wrong_name_touches_nothing(course: Path, work: Path) -> None:
    """One name that is wrong among right ones: one sentence with the nearest, and no file has changed."""
    (work / "00-start.ipynb").write_text("my answers\n")
    for wrong, near in (("03-how-deap", "nearest: 03-how-deep"), ("14", "there are 00-start"), ("", "there are 00-")):
        with pytest.raises(ValueError, match=near):
            list(reset(["00", wrong], work, course))
    assert (work / "00-start.ipynb").read_text() == "my answers\n"


def test_what_is_no_file_is_one_sentence(course: Path, work: Path) -> None:
    """A folder in a notebook's place, and a file in the work place's: said, not replaced."""
    (work / "00-start.ipynb").unlink()
    (work / "00-start.ipynb").mkdir()
    with pytest.raises(ValueError, match="is a folder"):
        list(prepare(work, course))
    with pytest.raises(ValueError, match="is a folder"):
        list(reset(["00"], work, course))
    shutil.rmtree(work)
    work.write_text("a file of somebody's")
    with pytest.raises(ValueError, match="cannot write to"):
        list(prepare(work, course))
    assert work.read_text() == "a file of somebody's"


def test_the_lab_is_found_from_the_work_place(tmp_path: Path) -> None:
    """In copies beside the course's own folder `import lab` is this lab, and every page that is linked is there."""
    (tmp_path / "lab").symlink_to(NOTEBOOKS.parent / "lab")
    list(prepare(tmp_path / "work"))
    assert {one.name for one in NOTEBOOKS.iterdir() if one.suffix in (".ipynb", ".md", ".py")} < {
        one.name for one in (tmp_path / "work").iterdir()
    }
    ask = "import lab; print(lab.__file__, lab.World.__module__)"
    own = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run([sys.executable, "-c", ask], cwd=tmp_path / "work", env=own, capture_output=True, text=True)
    assert done.stdout.split() == [str(tmp_path / "lab" / "__init__.py"), "lab.pki.world"]
