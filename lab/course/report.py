"""
How an exercise is judged: questions put to a learner's function, and a report that says which went wrong.

A report names the cases and never the answers. Whatever a learner's function
does, wrong type, exception, nothing at all, is a mark and raises nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from random import sample
from types import NoneType
from typing import Any

from lab.naming import printable
from lab.observation import Showable

MOST = 2000
"""Characters of one line of a report: a learner's exception may say a lot."""


@dataclass(frozen=True)
class Question:
    """One case: what it is called, what the learner's function is given, and what it must return."""

    case: str
    given: tuple[Any, ...]
    expected: Any


@dataclass(frozen=True)
class Mark:
    """How one case went; `remark` says what was wrong, without the answer."""

    case: str
    right: bool
    remark: str = ""


@dataclass(frozen=True)
class Report(Showable):
    """What an exercise's check found. Its first line begins with ``✓ solved`` or ``✗ not yet``."""

    exercise: str
    marks: tuple[Mark, ...]

    @property
    def solved(self) -> bool:
        """Whether something was asked, and every case was right."""
        return bool(self.marks) and all(one.right for one in self.marks)

    def __str__(self) -> str:
        wrong = [one for one in self.marks if not one.right]
        if self.solved:
            return f"✓ solved: {self.exercise}, {len(self.marks)} fresh cases right"
        lines = [f"✗ not yet: {self.exercise}, {len(wrong)} of {len(self.marks)} fresh cases wrong"]
        for (case, remark), count in Counter((one.case, one.remark) for one in wrong).items():
            lines.append(printable(f"  ✗ {case}: {remark}", MOST) + (f" ({count} times)" if count > 1 else ""))
        return "\n".join(lines)

    def html(self) -> str:
        """The same text, as it stands."""
        return f"<pre>{escape(str(self))}</pre>"


class NoAnswer(Exception):
    """A learner's function gave nothing that can be judged; the words say what it did, for a remark."""


def answer(candidate: Callable[..., Any], given: Iterable[Any], *kinds: type, wanted: str = "") -> Any:
    """
    What the learner's function returns, where that is of one of these types.

    Where a set is wanted, a list, a tuple or a frozenset of the same will do.
    Raises NoAnswer where it raised, gave nothing, or gave something else;
    `wanted` says in words what was wanted.
    """
    try:
        got = candidate(*given)
    except NoAnswer:
        raise
    except Exception as problem:  # the learner's code may do anything
        raise NoAnswer(f"it raised {type(problem).__name__}: {problem}") from problem
    if got is Ellipsis or (got is None and NoneType not in kinds):
        raise NoAnswer("there is no answer yet")
    if set in kinds and isinstance(got, (list, tuple, frozenset)):
        with suppress(TypeError):  # what cannot be in a set
            got = set(got)
    if not isinstance(got, kinds) or (isinstance(got, bool) and bool not in kinds):
        raise NoAnswer(f"the answer is {_a(type(got))}; {wanted or _a(kinds[0])} was wanted")
    return got


def _a(kind: type) -> str:
    if kind is bool:
        return "True or False"
    return f"{'an' if kind.__name__[0] in 'aeiou' else 'a'} {kind.__name__}"


def examine(
    exercise: str,
    candidate: Callable[..., Any],
    questions: Iterable[Question],
    remark: Callable[[Question, Any], str] | None = None,
    wanted: str = "",
) -> Report:
    """
    Put each question to the learner's function, in random order, and report which went wrong.

    An answer has to be of a type that some question has for its answer;
    `wanted` says it in words. `remark(question, got)` words a wrong answer of
    that type; by default it says what came back and not what should have.
    """
    asked = list(enumerate(questions))
    kinds = tuple({type(one.expected): None for _, one in asked})
    marks: dict[int, Mark] = {}
    for number, question in sample(asked, len(asked)):
        try:
            got = answer(candidate, question.given, *kinds, wanted=wanted)
        except NoAnswer as problem:
            marks[number] = Mark(question.case, False, str(problem))
            continue
        right = bool(got == question.expected)
        marks[number] = Mark(question.case, right, "" if right else (remark or _plain)(question, got))
    return Report(exercise, tuple(marks[number] for number, _ in asked))


def _plain(question: Question, got: Any) -> str:
    return f"{str(got)[:60]} is not right here"


Showable.renderers[Report] = {"text/plain": str, "text/html": Report.html}
