"""What the tests of real programs share: a program that is here, or a test that is skipped."""

from __future__ import annotations

from functools import cache

import psutil
import pytest

from lab.built.programs.every import PROGRAMS
from lab.built.programs.program import Program


@cache
def version(name: str) -> str | None:
    return PROGRAMS[name].version()


def here(name: str) -> Program:
    """The program of that name; skips the test, with what would install it, where it is not there."""
    if version(name) is None:
        pytest.skip(f"{name} is not here; install it with: {PROGRAMS[name].install}")
    return PROGRAMS[name]


def alive(one: psutil.Process) -> bool:
    """Whether that process still runs."""
    try:
        return bool(one.is_running() and one.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
