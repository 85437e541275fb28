"""
Everything there is to say of one cell: the trial, a second opinion, and what would flip it.

It only gathers; `lab.show` writes it out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from lab.observation import Progress, Showable, untold
from lab.policy.clients import Client
from lab.scenes.catalogue import CASES, Case
from lab.trials.flip import Flip, flip, sentence
from lab.trials.rehearsal import Rehearsals, kept
from lab.trials.second_opinion import Opinion, second_opinion
from lab.trials.trial import Trial, trial


@dataclass(frozen=True)
class Trace(Showable):
    """A trial, the second validator's opinion of the shown meeting, and the smallest edit that flips it."""

    trial: Trial
    opinion: Opinion
    flip: Flip | None

    @property
    def would_flip(self) -> str:
        """What would turn the outcome, in words."""
        return sentence(self.flip, self.trial)

    def record(self) -> dict[str, Any]:
        """The trial's record, with the opinion and the flip."""
        return {
            **self.trial.record(),
            "second_opinion": asdict(self.opinion),
            "would_flip": {
                "words": self.would_flip,
                "policy": [check.name for check in self.flip.client.policy] if self.flip else None,
                "other_scenes_changed": list(self.flip.others) if self.flip else None,
            },
        }


def trace(client: Client, case: Case, progress: Progress = untold) -> Trace:
    """
    Run the trial, ask the second validator, and look for what would flip the outcome.

    The first call takes a second or two: each scene is rehearsed once for a kind
    of client. `progress(done, of, name)` is called before each scene.
    """
    rehearsals = kept(tuple(CASES.values()))
    for number, one in enumerate(rehearsals.cases):
        progress(number, len(rehearsals.cases), one.name)
        rehearsals.of(one, client)
    return explain(trial(client, case), rehearsals)


def explain(done: Trial, rehearsals: Rehearsals, again: Callable[[Client, Case], Trial] = trial) -> Trace:
    """The trace of a trial that has been run; `again` runs the one that confirms what would flip it."""
    found = flip(done, rehearsals, again)
    return Trace(done, second_opinion(done.shown.observation, done.shown.meeting.store), found)
