"""
What a terminal takes: how wide a line may be, and which signs it can show.

It knows the streams of this process, and nothing of what is written to them.
"""

from __future__ import annotations

import codecs
import io
import shutil
import sys

NARROWEST = 40
"""Columns below which no text is made narrower; such a terminal wraps it."""

PLAIN = str.maketrans(dict(zip("✓✗■–—←→⇄▲·…×≤≥≠“”‘’█▓░", "+x#--<>=^.~x<>!\"\"''#+.", strict=True)))
"""Each sign of the lab by one of ASCII, so that a table keeps its columns."""


def room() -> int:
    """Columns of the terminal on the output stream, or by COLUMNS; 80 where neither says so."""
    return max(NARROWEST, shutil.get_terminal_size().columns)


def _plain(problem: UnicodeError) -> tuple[str | bytes, int]:
    """What stands for characters that an encoding lacks: a plain sign, else the escape that Python would write."""
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    missing = problem.object[problem.start : problem.end]
    said = missing.translate(PLAIN)
    return said.encode("ascii", "backslashreplace").decode("ascii"), problem.end


codecs.register_error("lab-plain", _plain)


def survive() -> None:
    """Let the two output streams show a plain sign where their encoding lacks one, instead of raising."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="lab-plain")
