"""Files that are there whole or not at all, and the bar for whoever waits for them."""

from __future__ import annotations

import io
import os
import stat
import sys
from pathlib import Path

import pytest

from lab.cli import watched
from lab.disk import ready, writing, written

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="modes, links and devices as POSIX has them")


def test_a_file_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    """While it is written, the old one is there; where that fails, it stays, and nothing lies beside it."""
    path = tmp_path / "page.html"
    written(path, "old")
    with writing(path) as file:
        file.write("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    with pytest.raises(UnicodeEncodeError):
        written(path, "half \ud800")
    assert path.read_text() == "new"
    assert [one.name for one in tmp_path.iterdir()] == ["page.html"]


@POSIX
def test_a_secret_is_for_its_owner_and_a_page_for_whom_the_umask_lets(tmp_path: Path) -> None:
    """0600, whatever the umask; otherwise what the umask leaves of 0666."""
    before = os.umask(0o027)
    try:
        written(tmp_path / "page", "")
        written(tmp_path / "key", "", secret=True)
    finally:
        os.umask(before)
    assert {one.name: stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()} == {"page": 0o640, "key": 0o600}


@POSIX
def test_a_link_stays_and_a_device_is_written_to(tmp_path: Path) -> None:
    """What a link leads to is replaced; a device is no file to be replaced, least of all by root."""
    (tmp_path / "link").symlink_to(tmp_path / "page")
    written(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "page").read_text() == "new"
    ready(Path("/dev/null"))
    written(Path("/dev/null"), "new")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_missing_folders_are_made_where_that_is_wanted_only(tmp_path: Path) -> None:
    """Who mistypes a folder is told; a verb with a folder of its own makes it."""
    path = tmp_path / "deep" / "er" / "page"
    with pytest.raises(ValueError, match="is no folder; choose another place with --html"):
        written(path, "", option="--html")
    assert list(tmp_path.iterdir()) == []
    ready(path, folders=True)
    written(path, "here")
    assert path.read_text() == "here"


class Terminal(io.StringIO):
    """Somebody who watches."""

    def isatty(self) -> bool:
        return True


def test_a_bar_is_shown_to_who_watches_for_longer_than_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing at first, then a bar with the name of what is at work, which is gone at the end; a pipe gets none."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with watched.watched() as progress:
        progress(0, 4, "new_ca")
        assert screen.getvalue() == ""
        monkeypatch.setattr(watched, "PATIENCE", 0.0)
        progress(2, 4, "new_key")
        assert "2/4" in screen.getvalue()
        assert "new_key" in screen.getvalue()
    assert screen.getvalue().endswith("\x1b[2K")  # the line is cleared
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    with watched.watched() as progress:
        progress(2, 4, "new_key")
    assert pipe.getvalue() == ""
