"""The notebooks that run real programs: top to bottom, and solved by their solutions, as the others are."""

from __future__ import annotations

import pytest
from solutions import attempt
from test_notebooks import FIELD, PATHS, says_so


@pytest.mark.parametrize("name", FIELD)
def test_a_notebook_of_the_field_runs_and_its_checks_say_so(name: str) -> None:
    """Each check says "not yet" to the stub, and "solved" to the folded solution."""
    (path,) = [path for path in PATHS if path.stem == name]
    says_so(attempt(path))
