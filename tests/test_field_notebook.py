"""The notebook that runs real programs: top to bottom, and solved by its solutions, as the others are."""

from __future__ import annotations

from solutions import attempt
from test_notebooks import FIELD, PATHS, says_so


def test_the_notebook_of_the_field_runs_and_its_checks_say_so() -> None:
    """Each check says "not yet" to the stub, and "solved" to the folded solution."""
    (path,) = [path for path in PATHS if path.stem == FIELD]
    says_so(attempt(path))
