"""What the tests share: the whole matrix, run once, and the versions of the libraries under it."""

from __future__ import annotations

import gc
import platform
import signal
import sys
import zlib
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from expectations import SCENES, concerning
from OpenSSL import SSL
from xdist.scheduler import LoadFileScheduling

import lab.scenes  # noqa: F401  (registers every scene)
from lab.policy.clients import CLIENTS, FURTHER, client
from lab.scenes.catalogue import CASES
from lab.trials.matrix import Matrix, matrix
from lab.trials.rehearsal import Rehearsals, kept
from lab.verbs import _load
from lab.wire.interrupt import ENDING

gc.disable()  # while thousands of tests are collected, of which it would look through every one again and again

LIBRARIES = ("cryptography", "pyOpenSSL", "trustme", "service-identity", "h11")


def pytest_report_header() -> list[str]:
    found = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    openssl = SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode()
    return [f"Python {platform.python_version()} on {sys.platform}", f"{found}; pyOpenSSL uses {openssl}"]


# Under nohup, or in the background of a script, some signals are ignored, and so they would be by what the tests start.
for _number in ENDING:
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL)

# What is not the core, by the beginning of its file's name; the first that fits names its marker.
BEYOND = {
    "test_course_": "course",
    "test_notebooks": "notebook",
    "test_timelines": "years",
    "test_hpkp": "years",
    "test_continuity": "years",
    "test_moves": "years",
    "test_scenario": "years",
    "test_fleet": "years",
    "test_flip": "beyond",
    "test_profiles": "beyond",
    "test_atlas": "beyond",
    "test_surface": "beyond",
    "test_dane": "beyond",
    "test_caa": "beyond",
    "test_bound": "beyond",
    "test_plain": "beyond",
    "test_logged": "beyond",
    "test_ask": "beyond",
    "test_said": "beyond",
    "test_export": "beyond",
    "test_earlier_files": "beyond",
    "test_evidence": "beyond",
    "test_acme": "beyond",
    "test_incidents": "beyond",
    "test_merkle_certificates": "beyond",
    "test_cast": "beyond",
    "test_apart": "beyond",
    "test_hours": "years",
    "test_show": "beyond",
    "test_properties": "beyond",
    "test_cli": "beyond",
    "test_paths": "beyond",
    "test_unreadable": "beyond",
    "test_forecast": "forecast",
    "test_brought": "forecast",
    "test_serve": "beyond",
    "test_intercept": "beyond",
    "test_field_": "field",
}


TOGETHER = (
    *("test_matrix", "test_registry", "test_show", "test_surface", "test_forecast", "test_flip", "test_profiles"),
    *("test_ask", "test_atlas", "test_moves"),
)
"""Files that one process runs, since they share the matrix or the observations of every scene."""


def beyond(file: Path) -> str:
    """The marker of a test file outside of the core; empty for the core."""
    return next((marker for start, marker in BEYOND.items() if file.stem.startswith(start)), "")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--core", action="store_true", help="the tests of the library alone: half a minute, no Jupyter")
    parser.addoption(
        "--every", action="store_true", help="what is sampled otherwise, whole: every client in every scene"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With --core, what is not the core is not even imported."""
    return True if config.getoption("--core") and beyond(collection_path) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if marker := beyond(item.path):
            item.add_marker(marker)
        if {"whole_matrix", "real"} & {*getattr(item, "fixturenames", ())}:
            item.add_marker(pytest.mark.sampled(1))
    if not config.getoption("--every"):
        left = [item for item in items if not _drawn(item)]
        items[:] = [item for item in items if _drawn(item)]
        config.hook.pytest_deselected(items=left)
    if config.getoption("--core"):  # clients that learn from what is said are run with the rest
        items[:] = [item for item in items if not (isinstance(item, pytest.Function) and _further(item))]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With --dist loadfile a file is run by one process, and so are the files that share what takes long."""
    if config.getoption("dist") != "loadfile":
        return None
    scheduler = LoadFileScheduling(config, log)
    scope = scheduler._split_scope
    scheduler._split_scope = lambda test: "together" if Path(scope(test)).stem in TOGETHER else scope(test)
    return scheduler


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: no look through it for what could be freed."""
    gc.freeze()
    gc.enable()


def _drawn(item: pytest.Item) -> bool:
    """Whether a test marked sampled(n) is among the one in n that are run without --every: always the same ones."""
    sampled = item.get_closest_marker("sampled")
    if sampled is None:
        return True
    (one_in,) = sampled.args
    return bool(one_in) and not zlib.crc32(f"{item.path.stem}.{item.name}".encode()) % one_in


def _further(item: pytest.Function) -> bool:
    """Whether this is about the cells of a client that stands in no usual table."""
    named = item.callspec.params.get("name") if hasattr(item, "callspec") else None
    return "whole_matrix" in item.fixturenames and named in FURTHER


@pytest.fixture(scope="session")
def usual_matrix() -> Matrix:
    """What `lab matrix` shows: every client in every scene of the usual table, over real TLS."""
    return matrix()


@pytest.fixture(scope="session")
def whole_matrix(usual_matrix: Matrix, pytestconfig: pytest.Config) -> Matrix:
    """
    The same and every other scene, in which clients have cells where it concerns them; with --every all have.

    Further clients have none with --core, and are in no table.
    """
    trials = dict(usual_matrix.trials)
    further = () if pytestconfig.getoption("--core") else tuple(FURTHER)
    for case in CASES.values():
        usual = () if case in usual_matrix.cases else tuple(CLIENTS)
        here = [one for one in (*usual, *further) if case.name in in_this_run(one, pytestconfig)]
        trials |= matrix(map(client, here), [case]).trials
    return replace(usual_matrix, cases=tuple(CASES.values()), trials=trials)


def in_this_run(name: str, config: pytest.Config) -> set[str]:
    """The scenes that this client goes through in this run, besides the usual ones."""
    return {*SCENES} if config.getoption("--every") else concerning(name)


@pytest.fixture(scope="session")
def rehearsals() -> Rehearsals:
    """Every scene, observed once for each kind of validator."""
    return kept(tuple(CASES.values()))


@pytest.fixture
def outside() -> Iterator[None]:
    """Attacks from a file outside the lab, as `--with FILE.py` registers them; they are gone afterwards."""
    with patch.dict(CASES):
        _load(Path(__file__).with_name("outside.py"))
        yield
