"""
The check of 07-the-article-executed: is a claim true of every scene it names?

The clients have pin sets and names drawn at random, the scenes stand in fresh
worlds, and what is right is what real connections came to. No answer is
written down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from lab.course import fresh
from lab.course.report import Question, Report, examine
from lab.observation import Line
from lab.policy.clients import Client
from lab.policy.pinset import PinSet, Role
from lab.scenes.catalogue import Case

SAYS = ("accepts", "refuses")


@dataclass(frozen=True)
class Statement:
    """
    What is claimed of a client: that it accepts, or that it refuses, in every one of these scenes.

    `says` is the word ``"accepts"`` or ``"refuses"``.
    """

    client: Client
    says: str
    scenes: tuple[Case, ...]

    def __str__(self) -> str:
        return f"{self.client.name} {self.says} in {', '.join(scene.name for scene in self.scenes)}"


def refute(candidate: Callable[[Statement], Any]) -> Report:
    """Judge `refute(claim)`: the name of the one scene that contradicts the claim, None where none does."""
    wanted = "the name of a scene in the claim, or None,"
    return fresh.brief(examine("refute(claim)", candidate, _questions(Random()), _remark, wanted))


def _remark(question: Question, got: Any) -> str:
    claim: Statement = question.given[0]
    if got is None:
        return "None says that no scene contradicts it, and one does"
    if got not in {scene.name for scene in claim.scenes}:
        return f"{str(got)[:40]!r} is not the name of a scene in the claim"
    return f"in {got} the client does what is claimed"


def _pin_sets(draw: Random) -> list[PinSet]:
    """A pin set of each kind: one key, any of several, and two lists that must both match."""
    pair = draw.sample((Role.ROOT, Role.INTERMEDIATE, Role.LEAF), 2)
    single = [PinSet.any_of(role) for role in draw.sample((Role.ROOT, Role.INTERMEDIATE, Role.LEAF), 2)]
    both = PinSet.any_of(pair[0]).and_any_of(pair[1])
    return [*single, PinSet.any_of(*pair), PinSet.any_of(Role.LEAF, Role.BACKUP), both]


def _scene(name: str, draw: Random, title: str, pin_sets: list[PinSet]) -> tuple[Case, list[bool]]:
    """A scene in a fresh world, and whether a client with each pin set accepted when it was run."""
    made = fresh.world(draw, intermediates=draw.randint(1, 3))
    meeting = replace(fresh.CHANGES[title](made), line=draw.choice(tuple(Line)))
    met = fresh.play(made, meeting, pin_sets)
    reach = fresh.reach(made, met[0])
    return replace(fresh.scene(name, made, meeting), reach=reach), [one.verdict.accepted for one in met]


def _questions(draw: Random) -> list[Question]:
    """Two claims about each of five clients, one of them true: each has one counterexample or none."""
    pin_sets = _pin_sets(draw)
    names = [f"{word.lower()}-client" for word in draw.sample(fresh.NAMES, len(pin_sets))]
    clients = [fresh.client(name, pin_set) for name, pin_set in zip(names, pin_sets, strict=True)]
    titles = draw.sample(list(fresh.CHANGES), len(fresh.CHANGES))
    scenes = [_scene(f"scene-{number}", draw, title, pin_sets) for number, title in enumerate(titles, start=1)]
    asked = []
    for number, client in enumerate(clients):
        for true in (True, False):
            says = draw.choice(SAYS)
            bearing = [case for case, accepted in scenes if accepted[number] == (says == "accepts")]
            against = [case for case, accepted in scenes if accepted[number] != (says == "accepts")]
            counter = None if true else draw.choice(against)
            wanted = draw.randint(2, 4) - (0 if true else 1)  # so that the length says nothing
            named = draw.sample(bearing, min(wanted, len(bearing)))
            named += [counter] if counter else []
            claim = Statement(client, says, tuple(draw.sample(named, len(named))))
            asked.append(Question(str(claim), (claim,), counter.name if counter else None))
    return draw.sample(asked, len(asked))
