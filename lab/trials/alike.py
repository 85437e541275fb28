"""
Which clients of a matrix behave alike, and in which scenes the others part from them.

Two real implementations that give every scene the same outcome are one column
here, however different their documentation reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lab.observation import Outcome, Showable
from lab.policy.clients import Client
from lab.scenes.catalogue import Case
from lab.trials.matrix import Matrix


@dataclass(frozen=True, eq=False)
class Alike(Showable):
    """The clients of `matrix` in groups that no scene of it can tell apart, largest group first."""

    matrix: Matrix

    @cached_property
    def groups(self) -> list[tuple[Client, ...]]:
        """The clients that no scene tells apart, the largest group first."""
        found: dict[tuple[Outcome, ...], list[Client]] = {}
        for one in self.matrix.clients:
            column = tuple(self.matrix.cell(one.name, case.name).outcome for case in self.matrix.cases)
            found.setdefault(column, []).append(one)
        return sorted((tuple(group) for group in found.values()), key=len, reverse=True)

    @cached_property
    def scenes(self) -> list[Case]:
        """The scenes in which not all groups have the same outcome."""
        return [case for case in self.matrix.cases if len({self.cell(group, case) for group in self.groups}) > 1]

    def cell(self, group: tuple[Client, ...], case: Case) -> Outcome:
        """The outcome of every client of this group in this scene."""
        return self.matrix.cell(group[0].name, case.name).outcome

    def record(self) -> dict[str, Any]:
        """The groups and where they differ, as plain JSON values."""
        return {
            "groups": [[one.name for one in group] for group in self.groups],
            "differ": {
                case.name: {group[0].name: self.cell(group, case).value for group in self.groups}
                for case in self.scenes
            },
        }
