"""
Files: such as are there whole or not at all, such as grow while others may read them, and such as somebody hands in.

It knows paths, descriptors and octets, and nothing of what they say.
"""

from __future__ import annotations

import codecs
import io
import os
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import IO

# ---- whole or not at all --------------------------------------------------------------------------


def written(path: Path, content: str, *, secret: bool = False, option: str = "--out") -> None:
    """Write a text file as `writing` does: a reader finds the old one or the new one, whole."""
    with writing(path, secret=secret, option=option) as file:
        file.write(content)


@contextmanager
def writing(path: Path, *, secret: bool = False, option: str = "--out") -> Iterator[IO[str]]:
    """A file to write text to, in UTF-8 and with plain line ends; else as `writing_octets` has it."""
    with writing_octets(path, secret=secret, option=option) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
        try:
            yield text
        finally:
            text.detach()  # what it still held goes out; the file is closed by whoever opened it


@contextmanager
def writing_octets(path: Path, *, secret: bool = False, option: str = "--out") -> Iterator[IO[bytes]]:
    """
    A file to write octets to, which stands at `path` when the block is over, and nowhere where the block fails.

    It is written beside its place and renamed. It is for its owner only where it
    is `secret`, else for whom the umask lets. A link stays, and what it leads to
    is replaced; a device is written to. Raises ValueError as `ready` does.
    """
    ready(path, option=option)
    device = _device(path)
    place = path if device else path.resolve()
    beside = place.with_name(f".{secrets.token_hex(8)}")
    opener = partial(os.open, mode=0o600 if secret else 0o666)
    with _worded(path, option):
        try:
            with open(place if device else beside, "wb" if device else "xb", opener=opener) as file:
                yield file
                file.flush()
                if not device:
                    os.fsync(file.fileno())
            if not device:
                beside.replace(place)
        finally:
            beside.unlink(missing_ok=True)


def ready(path: Path | None, *, option: str = "--out", folders: bool = False) -> None:
    """
    Refuse a place where no file can be written: to be asked before the work whose result goes there.

    `folders` makes those that are missing on the way to it. Raises ValueError,
    in one sentence that names the `option` which gave the path.
    """
    if path is None:
        return
    with _worded(path, option):
        if _device(path):
            return
        if path.is_dir():
            raise OSError(0, "it is a folder")
        folder = path.resolve().parent
        if folders:
            folder.mkdir(parents=True, exist_ok=True)
        if not folder.is_dir():
            raise OSError(0, f"{folder} is no folder")
        with tempfile.TemporaryFile(dir=folder):
            pass


def _device(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


@contextmanager
def _worded(path: Path, option: str) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        why = problem.strerror or problem
        raise ValueError(f"cannot write to {path}: {why}; choose another place with {option}") from None


def written_folder(out: Path, files: Mapping[str, bytes], *, secret: str, mark: str) -> None:
    """
    Write these files, by their paths within `out`; a folder among them is the old one or the new one, whole.

    The folder named `secret` and what is in it are for their owner only. What is
    there already is replaced only where an earlier call wrote it: where the file
    named `mark` begins with the same line. Other files in `out` are left alone.
    Raises ValueError, in one sentence, where it cannot be written.
    """
    with _worded(out, "--out"):
        before, there = out / mark, [name for name in files if os.path.lexists(out / Path(name).parts[0])]
        ours = before.is_file() and before.read_bytes().startswith(files[mark].partition(b"\n")[0])
        if there and not ours:
            raise OSError(0, f"it has a {Path(there[0]).parts[0]} already, which is not the lab's to replace")
        out.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".new-", dir=out))
        try:
            for name, content in files.items():
                _write(beside / name, content, secret=name.startswith(f"{secret}/"))
            for entry in sorted(beside.iterdir()):
                _replace(entry, out / entry.name)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def _write(path: Path, content: bytes, *, secret: bool) -> None:
    path.parent.mkdir(mode=0o700 if secret else 0o755, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _replace(new: Path, old: Path) -> None:
    if old.is_dir() and not old.is_symlink():
        aside = new.with_name(new.name + ".old")
        old.rename(aside)
        new.rename(old)
    else:
        new.replace(old)


# ---- growing --------------------------------------------------------------------------------------


def new_file(path: Path) -> int:
    """
    The descriptor of a new file of mode 0600, open for writing.

    Raises ValueError, in one sentence, where it exists or cannot be made: a
    live file is never written over another.
    """
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    except FileExistsError:
        raise ValueError(
            f"{path} is already there, and nothing is written over; give a new name, or delete it first"
        ) from None
    except OSError as problem:
        raise ValueError(
            f"cannot write {path}: {problem.strerror or problem}; give a file in a folder of yours"
        ) from None


def append(descriptor: int, octets: bytes) -> None:
    """Write all of it, or nothing and raise OSError, as where the disk is full; for a file with one writer."""
    good = os.lseek(descriptor, 0, os.SEEK_CUR)
    left = memoryview(octets)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError:
        os.ftruncate(descriptor, good)
        os.lseek(descriptor, good, os.SEEK_SET)
        raise


# ---- handed in -----------------------------------------------------------------------------------


STDIN = "standard input"


def opened(file: Path, what: str) -> IO[bytes]:
    """
    The file, open for reading: a regular one, so that nobody waits for what comes out of a pipe or a device.

    `what` says in messages what was wanted. Raises ValueError, in one sentence, for anything else.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        stream = os.fdopen(descriptor, "rb", closefd=True)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return stream
        stream.close()
        why: object = "it is no regular file"
    except IsADirectoryError:
        raise ValueError(f"{file} is a folder; give the path of a file with {what}") from None
    except (OSError, ValueError) as problem:  # ValueError: a path that no file can have
        why = getattr(problem, "strerror", None) or problem
        if sys.platform == "win32" and file.is_dir():
            why = "it is a folder"
    raise ValueError(f"cannot read {file}: {why}; give the path of a file with {what}")


def read(file: Path, most: int, what: str, *, instead: str = "give a file without it") -> bytes:
    """
    The file's bytes, of which no more than `most` are ever read; those of standard input, where it is ``-``.

    `what` says in messages what was wanted. Raises ValueError, in one sentence,
    for a file that cannot be read, is empty or is larger, and for one with a
    private key in it: nothing of that is looked at, and `instead` says what to give.
    """
    piped = str(file) == "-"
    with nullcontext(sys.stdin.buffer) if piped else opened(file, what) as stream:
        file = Path(STDIN) if piped else file
        try:
            octets = stream.read(most + 1)
        except OSError as problem:
            raise ValueError(f"cannot read {file}: {problem.strerror}; give the path of a file with {what}") from None
    if len(octets) > most:
        raise ValueError(f"{file} has more than {most >> 20} MiB, which no file of {what} needs; give the {what} only")
    if not octets.strip():
        raise ValueError(f"{file} is empty; give a file with {what}")
    if b"PRIVATE KEY-----" in octets or b"P\0R\0I\0V\0A\0T\0E\0 \0K\0E\0Y\0" in octets:
        raise ValueError(private(str(file), instead))
    return octets


def private(file: str, instead: str) -> str:
    """What is said of a private key that somebody hands in."""
    return (
        f"{file} holds a private key, which does not belong here: nothing of it was used or kept, "
        f"so {instead}, and keep the key where only the server can read it"
    )


def text_of(octets: bytes) -> str:
    """The bytes as text, by their byte order mark, else UTF-8. Raises ValueError where they are no text."""
    marks = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    encoding = next((name for mark, name in marks.items() if octets.startswith(mark)), "utf-8")
    try:
        text = octets.decode(encoding)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise ValueError("it is no text")
    return text
