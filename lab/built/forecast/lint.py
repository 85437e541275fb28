"""
What is wrong with a pin set before anybody attacks.

Lint runs nothing: it knows what was read and what each pin names. What it says
of the future is held against the trials by a test.
"""

from __future__ import annotations

from lab.built.forecast import lint_today as _today  # noqa: F401  (registers)
from lab.built.forecast import lint_tomorrow as _tomorrow  # noqa: F401  (registers)
from lab.built.forecast.findings import RULES, LintFinding, Severity, Subject, unasked

__all__ = ["RULES", "LintFinding", "Severity", "Subject", "lint", "unasked"]


def lint(subject: Subject) -> tuple[LintFinding, ...]:
    """What every rule finds, in the order of the rules."""
    return tuple(one for rule in RULES.values() for one in rule(subject))
