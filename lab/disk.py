"""
Files: such as are there whole or not at all, such as grow while others may read them, and such as somebody hands in.

It knows paths, descriptors and octets, and nothing of what they say.
"""

from __future__ import annotations

import codecs
import io
import os
import re
import secrets
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path, PurePosixPath
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


MARK = ".lab-folder"
"""The file that says of a folder that the lab wrote it, and what."""
HEAD = "The lab wrote this folder, and replaces or deletes what is listed here."


def written_folder(out: Path, files: Mapping[str, bytes], *, secret: str) -> None:
    """
    Put a folder of these files at `out`, by their paths within it: a reader finds the old one or the new one, whole.

    What is there may be nothing, an empty folder, or one that an earlier call
    wrote with nothing else in it but what is written now to the octet; anything
    else is refused, and nothing is changed. What calls that were killed have left
    beside it is deleted. The folder named `secret` and what is in it are for their
    owner only. Raises ValueError, in one sentence, where it cannot be written.

    It is made beside its place and exchanged in one step. Where a system has no
    such step (Windows, some network file systems) it takes two renames, and who
    is killed between them leaves no folder, and the old one hidden beside.
    """
    place = out.resolve()
    with _worded(out, "--out"):
        if os.path.lexists(place):
            if not place.is_dir():
                raise OSError(0, "it is no folder")
            if Path.cwd().is_relative_to(place):
                raise OSError(0, "you are in it, and it is replaced as a whole")
            _adopt(place, files)
        place.parent.mkdir(parents=True, exist_ok=True)
        _sweep(place)
        beside = place.with_name(f"{_beginning(place)}{secrets.token_hex(8)}")
        beside.mkdir()
        try:
            with open(beside / MARK, "xb", buffering=0) as mark:
                _locked(mark)
                mark.write(_listed(files))
                for name, content in files.items():
                    _write(beside / name, content, secret=name.startswith(f"{secret}/"))
                _put(beside, place)
        finally:
            _delete(beside)  # the old one, or what has failed


def _adopt(place: Path, files: Mapping[str, bytes]) -> None:
    """Make the folder the lab's, where it is or could be. Raises OSError where something else is in it."""
    ours, others = _contents(place)
    for one in others:
        name = one.relative_to(place).as_posix()
        if name not in files or one.is_symlink() or not one.is_file() or one.read_bytes() != files[name]:
            raise OSError(0, f"it has {name}, which the lab did not write")
    if others:
        listed = [one.relative_to(place).as_posix() for one in (*ours, *others) if one.name != MARK]
        (place / MARK).write_bytes(_listed(listed))


def _listed(names: Iterable[str]) -> bytes:
    """What the mark of a folder with these files says."""
    return "\n".join([HEAD, *names, ""]).encode()


def _beginning(place: Path) -> str:
    return f".{place.name}.lab-"


def _contents(folder: Path) -> tuple[list[Path], list[Path]]:
    """What is in this folder, the deepest first: what an earlier call wrote, and what it did not."""
    mark, listed = folder / MARK, {MARK}
    if mark.is_file() and mark.stat().st_size:  # else somebody was killed before anything else was written
        try:
            head, *names = read(mark, 1 << 20, "names of files").decode().splitlines()
        except ValueError:
            head, names = "", []
        above = (parent.as_posix() for name in names for parent in PurePosixPath(name).parents)
        listed = {MARK, *names, *above} if head == HEAD else set()
    ours, others = list[Path](), list[Path]()
    for path, folders, files in os.walk(folder, topdown=False):
        for name in (*files, *folders):
            one = Path(path, name)
            link = name in folders and one.is_symlink()
            (ours if one.relative_to(folder).as_posix() in listed and not link else others).append(one)
    return ours, others


def _delete(folder: Path) -> None:
    """Delete what an earlier call wrote there, its mark last, and the folder where nothing else is in it."""
    for one in sorted(_contents(folder)[0], key=lambda one: one.name == MARK):
        with suppress(OSError):
            one.rmdir() if one.is_dir() and not one.is_symlink() else one.unlink()
    with suppress(OSError):
        folder.rmdir()


def _sweep(place: Path) -> None:
    """Delete what calls for this place have left beside it: of those who still write, their mark is locked."""
    wanted = re.compile(re.escape(_beginning(place)) + "[0-9a-f]{16}")
    for one in place.parent.iterdir():
        if wanted.fullmatch(one.name) and one.is_dir() and not one.is_symlink() and not _contents(one)[1]:
            with suppress(OSError), ExitStack() as held:
                if (one / MARK).exists():
                    _locked(held.enter_context(open(one / MARK, "rb")))
                _delete(one)


def _locked(file: IO[bytes]) -> None:
    """Lock this file, until it is closed. Raises BlockingIOError where another process has."""
    if sys.platform != "win32":  # where nobody deletes a file that another has open
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _write(path: Path, content: bytes, *, secret: bool) -> None:
    path.parent.mkdir(mode=0o700 if secret else 0o755, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _put(new: Path, place: Path) -> None:
    """Let the new folder stand at this place; what stood there has its name then."""
    if not place.exists():
        new.rename(place)
    elif not _exchanged(new, place):
        aside = new.with_name(f"{_beginning(place)}{secrets.token_hex(8)}")
        place.rename(aside)
        try:
            new.rename(place)
        except OSError:
            aside.rename(place)
            raise
        aside.rename(new)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two folders in one step, where the system has one: renameat2 (Linux) or renamex_np (macOS)."""
    if sys.platform == "win32":
        return False
    import ctypes

    system, here, swap = ctypes.CDLL(None), -100, 2  # AT_FDCWD, RENAME_EXCHANGE; RENAME_SWAP is 2 as well
    paths = os.fsencode(one), os.fsencode(other)
    if rename := getattr(system, "renameat2", None):
        return bool(rename(here, paths[0], here, paths[1], swap) == 0)
    rename = getattr(system, "renamex_np", None)
    return bool(rename and rename(*paths, swap) == 0)


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
