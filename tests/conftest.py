"""What the tests share: the whole matrix, run once, and the versions of the libraries under it."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version

import pytest
from OpenSSL import SSL

import lab.scenes  # noqa: F401  (registers every scene)
from lab.scenes.catalogue import CASES
from lab.trials.matrix import Matrix, matrix
from lab.trials.rehearsal import Rehearsals

LIBRARIES = ("cryptography", "pyOpenSSL", "trustme", "service-identity", "h11")


def pytest_report_header() -> list[str]:
    found = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    openssl = SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode()
    return [f"Python {platform.python_version()} on {sys.platform}", f"{found}; pyOpenSSL uses {openssl}"]


YEARS = ("test_timelines", "test_hpkp", "test_hpkp_dated", "test_continuity", "test_continuity_store", "test_fleet")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is not the core is marked by the file that it stands in, so that `make test-core` can leave it out."""
    for item in items:
        file = item.path.stem
        if file.startswith("test_course_"):
            item.add_marker("course")
        elif file in YEARS:
            item.add_marker("years")
        elif file == "test_serve":
            item.add_marker("field")
        elif file.startswith("test_forecast"):
            item.add_marker("forecast")


@pytest.fixture(scope="session")
def whole_matrix() -> Matrix:
    """Every client in every scene, over real TLS."""
    return matrix()


@pytest.fixture(scope="session")
def rehearsals() -> Rehearsals:
    """Every scene, observed once for each kind of validator."""
    return Rehearsals(CASES.values())
