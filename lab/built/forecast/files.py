"""
Reading a file that somebody hands in: bounded, and never one with a private key.

It knows bytes, and neither pins nor certificates.
"""

from __future__ import annotations

import codecs
from pathlib import Path


def read(file: Path, most: int, what: str) -> bytes:
    """
    The file's bytes, of which no more than `most` are ever read.

    `what` says in messages what was wanted. Raises ValueError, in one sentence,
    for a file that cannot be read, is empty or is larger, and for one with a
    private key in it: nothing of that is looked at.
    """
    if file.is_dir():
        raise ValueError(f"{file} is a folder; give the path of a file with {what}")
    try:
        with file.open("rb") as stream:
            octets = stream.read(most + 1)
    except (OSError, ValueError) as problem:  # ValueError: a path that no file can have
        why = getattr(problem, "strerror", None) or problem
        raise ValueError(f"cannot read {file}: {why}; give the path of a file with {what}") from None
    if len(octets) > most:
        raise ValueError(f"{file} has more than {most >> 20} MiB, which no file of {what} needs; give the {what} only")
    if not octets.strip():
        raise ValueError(f"{file} is empty; give a file with {what}")
    if b"PRIVATE KEY-----" in octets or b"P\0R\0I\0V\0A\0T\0E\0 \0K\0E\0Y\0" in octets:
        raise ValueError(
            f"{file} holds a private key, which does not belong here: nothing of it was used or kept, "
            "so give a file without it, and keep the key where only the server can read it"
        )
    return octets


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
