"""
How an exercise is judged: questions put to a learner's function, and a report of which went wrong.

A report names the cases and never the answers. Whatever a learner's function
does, wrong type, exception, nothing at all, is a finding and raises nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

from lab.observation import Showable


@dataclass(frozen=True)
class Question:
    """One case: what it is called, what the learner's function is given, and what it must return."""

    case: str
    given: tuple[Any, ...]
    expected: Any


@dataclass(frozen=True)
class Finding:
    """How one case went; `remark` says what was wrong, without the answer."""

    case: str
    right: bool
    remark: str = ""


@dataclass(frozen=True)
class Report(Showable):
    """What an exercise's check found. Its first line begins with ``✓ solved`` or ``✗ not yet``."""

    exercise: str
    findings: tuple[Finding, ...]

    @property
    def solved(self) -> bool:
        return bool(self.findings) and all(one.right for one in self.findings)

    def __str__(self) -> str:
        wrong = [one for one in self.findings if not one.right]
        if self.solved:
            return f"✓ solved: {self.exercise}, {len(self.findings)} fresh cases right"
        lines = [f"✗ not yet: {self.exercise}, {len(wrong)} of {len(self.findings)} fresh cases wrong"]
        seen: dict[tuple[str, str], int] = {}
        for one in wrong:
            seen[one.case, one.remark] = seen.get((one.case, one.remark), 0) + 1
        for (case, remark), count in seen.items():
            lines.append(f"  ✗ {case}: {remark}" + (f" ({count} times)" if count > 1 else ""))
        return "\n".join(lines)

    def html(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def examine(
    exercise: str,
    candidate: Callable[..., Any],
    questions: Iterable[Question],
    remark: Callable[[Question, Any], str] | None = None,
) -> Report:
    """
    Put each question to the learner's function and report which went wrong.

    `remark(question, got)` words a wrong answer; by default it says what came
    back and not what should have.
    """
    findings = []
    for question in questions:
        try:
            got = candidate(*question.given)
        except Exception as problem:  # the learner's code may do anything
            findings.append(Finding(question.case, False, f"it raised {type(problem).__name__}: {problem}"))
            continue
        right = type(got) is type(question.expected) and got == question.expected
        said = "" if right else (remark or _default)(question, got)
        findings.append(Finding(question.case, right, said))
    return Report(exercise, tuple(findings))


def _default(question: Question, got: Any) -> str:
    if got is None or got is Ellipsis:
        return "there is no answer yet"
    if type(got) is not type(question.expected):
        return f"the answer is a {type(got).__name__}, and a {type(question.expected).__name__} was wanted"
    return f"{str(got)[:60]} is not right here"


Showable.renderers[Report] = {"text/plain": str, "text/html": Report.html}
