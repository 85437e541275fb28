"""
How a table of trials is laid out: under which headings scenes stand, which stand together, and what a client scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self, TypeVar

from lab.observation import Outcome
from lab.scenes.catalogue import Case, Kind

Told = TypeVar("Told")
"""A scene in whatever form somebody has it."""


class Heading(StrEnum):
    """What stands over rows of scenes in a table, in teaching order."""

    TWINS = "Twins: an attack, and the rotation whose path looks exactly like it"
    UNPAIRED = "Attacks whose twins are not shown here"
    REFUSED = "Attacks that ordinary TLS refuses"
    QUIET = "Rotations whose attacks are not shown here"
    SLIPS = "Slips: the genuine service errs, and ordinary validation refuses it"

    @classmethod
    def alone(cls, record: Mapping[str, Any]) -> Heading:
        """The heading of a scene that stands without a twin; `record` is the scene as plain values."""
        if record["kind"] == Kind.ATTACK:
            return cls.REFUSED if record["fails"] else cls.UNPAIRED
        return cls.SLIPS if record["kind"] == Kind.SLIP else cls.QUIET


def sections(
    scenes: Iterable[Told], record: Callable[[Told], Mapping[str, Any]]
) -> dict[Heading, list[tuple[Told, ...]]]:
    """
    The scenes under their headings, each attack with its twin behind it where that is shown; none comes twice.

    `record` gives a scene as `Case.record` does. The order is that of `scenes`.
    """
    told = [(one, record(one)) for one in scenes]
    here = {about["name"]: one for one, about in told}
    twins: dict[str, str] = {}
    for name, twin, kind in ((about["name"], about["twin"], about["kind"]) for _, about in told):
        if twin in here and not {name, twin} & {*twins, *twins.values()}:
            twins |= {name: twin} if kind == Kind.ATTACK else {twin: name}
    found: dict[Heading, list[tuple[Told, ...]]] = {heading: [] for heading in Heading}
    for one, about in told:
        if about["name"] in twins:
            found[Heading.TWINS].append((one, here[twins[about["name"]]]))
        elif about["name"] not in twins.values():
            found[Heading.alone(about)].append((one,))
    return {heading: rows for heading, rows in found.items() if rows}


@dataclass(frozen=True)
class Score:
    """How often a client stopped the attacks and kept the legitimate service, out of how many scenes."""

    stopped: int
    attacks: int
    kept: int
    rotations: int

    @classmethod
    def of(cls, outcomes: Iterable[tuple[Case, Outcome]]) -> Self:
        """Counted from what each scene came to; an attack counts as stopped where nobody was robbed."""
        met = list(outcomes)
        attacked = [outcome for case, outcome in met if case.kind is Kind.ATTACK]
        rotated = [outcome for case, outcome in met if case.kind is Kind.ROTATION]
        stopped = sum(outcome is not Outcome.INTERCEPTED for outcome in attacked)
        return cls(stopped, len(attacked), rotated.count(Outcome.SERVED), len(rotated))

    def record(self) -> dict[str, int]:
        """The score as plain JSON values."""
        return {
            "attacks_stopped": self.stopped,
            "attacks": self.attacks,
            "service_kept": self.kept,
            "rotations": self.rotations,
        }

    def __str__(self) -> str:
        return f"{self.stopped}/{self.attacks} attacks stopped, {self.kept}/{self.rotations} rotations kept"
