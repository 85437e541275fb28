"""
Every client in every scene, and two scores for each client.

Each scene is stood up once; all clients go through it; then it is stopped. The
scores are counted from the trials, never given.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from lab.observation import Progress, Showable, untold
from lab.policy.clients import CLIENTS, Client
from lab.scenes.catalogue import CASES, Case, usually
from lab.trials.sections import Heading, Score, sections
from lab.trials.standing import Standing
from lab.trials.trial import Trial, perform


@dataclass(frozen=True)
class Matrix(Showable):
    """
    The trials of some clients in some scenes.

    `handshakes` counts every TLS handshake of the trials; `standing_up` is the
    time, in seconds, that worlds, contexts and listeners took, `running` the
    time of the trials themselves.
    """

    clients: tuple[Client, ...]
    cases: tuple[Case, ...]
    trials: dict[tuple[str, str], Trial] = field(repr=False)
    handshakes: int
    standing_up: float
    running: float

    def of(self, clients: Iterable[Client]) -> Matrix:
        """The part of the matrix that is about these clients."""
        return replace(self, clients=tuple(clients))

    def cell(self, client: str, scene: str) -> Trial:
        """The trial of this client in this scene."""
        return self.trials[client, scene]

    def score(self, client: str) -> Score:
        """How often this client stopped the attacks and kept the service, in these scenes."""
        return Score.of((case, self.cell(client, case.name).outcome) for case in self.cases)

    def sections(self) -> dict[Heading, list[tuple[Case, ...]]]:
        """The scenes under their headings, attacks with their twins, in teaching order."""
        here = {case.name: case for case in self.cases}
        ordered = {name: here[name] for name in CASES if name in here} | here
        return sections(ordered.values(), Case.record)

    def records(self) -> list[dict[str, Any]]:
        """One record for each trial, scene by scene."""
        return [self.cell(client.name, case.name).record() for case in self.cases for client in self.clients]

    def to_json(self) -> str:
        """The whole matrix as JSON: the scores, and one record for each trial."""
        scores = {client.name: self.score(client.name).record() for client in self.clients}
        return json.dumps({"format": 1, "scores": scores, "trials": self.records()}, indent=1)

    def to_csv(self) -> str:
        """One line for each trial: the JSON record's plain fields."""
        out = io.StringIO()
        fields = ["client", "scene", "kind", "twin", "outcome", "verdict", "deciding_check", "reason", "path", "leaked"]
        writer = csv.DictWriter(out, fields, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for record in self.records():
            path = " <- ".join(one["name"] for one in record["path"] or ())
            writer.writerow({**record, "path": path})
        return out.getvalue()


def matrix(
    clients: Iterable[Client] | None = None,
    cases: Iterable[Case] | None = None,
    progress: Progress = untold,
) -> Matrix:
    """
    Run every given client (all, where None) through every given scene (where None, what such a table usually has).

    `progress(done, of, name)` is called before each scene.
    """
    rows = tuple(CLIENTS.values() if clients is None else clients)
    scenes = tuple(usually(rows) if cases is None else cases)
    trials: dict[tuple[str, str], Trial] = {}
    handshakes = 0
    standing_up = running = 0.0
    for number, case in enumerate(scenes):
        progress(number, len(scenes), case.name)
        began = time.perf_counter()
        with Standing(case) as standing:
            stood = time.perf_counter()
            performed = [perform(client, standing) for client in rows]
            for client, done in zip(rows, performed, strict=True):
                trials[client.name, case.name] = done()
            ran = time.perf_counter()
            handshakes += standing.handshakes
        standing_up += stood - began + time.perf_counter() - ran
        running += ran - stood
    return Matrix(rows, scenes, trials, handshakes, standing_up, running)
