"""
New files that grow while others may read them: a key log, a capture.

It knows descriptors, and nothing of what is written.
"""

from __future__ import annotations

import os
from pathlib import Path


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
