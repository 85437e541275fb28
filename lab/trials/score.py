"""
Two scores for each client: counted from what came of its trials, never given.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from lab.observation import Outcome
from lab.scenes.catalogue import Case, Kind


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
