"""
One client going through one scene, over real TLS.

It records each meeting: what the client saw and decided, what the other side
saw, who ended up with the secret. It judges nothing itself: verdicts come from
the client's policy, outcomes from whoever holds the secret.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from lab.observation import Certificate, Letters, Outcome, Showable, Verdict
from lab.pki.pins import pin_of
from lab.policy.clients import Client
from lab.policy.pinset import Reach, Role
from lab.scenes.catalogue import Case, Scene, twin_of
from lab.trials.engine import Encounter, live
from lab.trials.letters import lettered
from lab.trials.standing import Standing


@dataclass(frozen=True)
class Trial(Showable):
    """
    One client in one scene; a cell of the matrix.

    `worst` is the meeting that the cell shows: the most severe outcome, and
    among equals the meeting that the scene is about.
    """

    client: Client
    case: Case
    scene: Scene
    encounters: tuple[Encounter, ...]

    @property
    def worst(self) -> int:
        """The index of the meeting that the cell shows."""

        def weight(number: int) -> tuple[int, bool]:
            outcome = self.encounters[number].outcome
            return (-1 if outcome is None else outcome.severity, number == self.scene.about)

        return max(range(len(self.encounters)), key=weight)

    @property
    def shown(self) -> Encounter:
        """The meeting that the cell shows."""
        return self.encounters[self.worst]

    @property
    def outcome(self) -> Outcome:
        """The outcome of the meeting that the cell shows."""
        outcome = self.shown.outcome
        assert outcome is not None
        return outcome

    @property
    def verdict(self) -> Verdict:
        """What the client decided at the meeting that the cell shows."""
        return self.shown.verdict

    def after(self, one: Encounter) -> timedelta:
        """How long after the first meeting this one is, by the client's clock."""
        return one.meeting.time - self.encounters[0].meeting.time

    @property
    def leaked(self) -> int:
        """Application bytes of this client that an attacker read, over all its meetings."""
        return sum(one.aftermath.leaked for one in self.encounters if not one.meeting.component)

    def record(self) -> dict[str, Any]:
        """The trial as plain JSON values: one record of the matrix."""
        twin = twin_of(self.case)
        return {
            "client": self.client.name,
            "scene": self.case.name,
            "kind": self.case.kind.value,
            "twin": twin.name if twin else None,
            "reach": [role.value for role in Role if role in self.case.reach],
            "outcome": self.outcome.value,
            **self._decided(self.shown),
            "leaked": self.leaked,
            "shows_meeting": self.worst,
            "meetings": [
                {
                    "title": one.meeting.title,
                    "after": self.after(one).total_seconds(),
                    "line": one.meeting.line.value,
                    "proxied": one.meeting.proxied,
                    "component": one.meeting.component,
                    "plain": one.meeting.plain and one.meeting.plain.value,
                    "outcome": one.outcome.value if one.outcome else None,
                    **self._decided(one),
                    "checks": [found.record(self.letters) for found in one.verdict.findings],
                    "leaked": one.aftermath.leaked,
                    "sent": one.aftermath.sent,
                    "relayed_in_your_name": one.aftermath.relayed,
                    "other_side": {
                        "alert": one.aftermath.view.alert,
                        "client_hung_up": one.aftermath.view.hung_up.value,
                        "read": one.aftermath.view.read,
                        "requests": list(one.aftermath.view.requests),
                    },
                }
                for one in self.encounters
            ],
        }

    @cached_property
    def letters(self) -> Letters:
        """The letter of every key of the service and of every key that was met or wanted, the service's first."""
        site, seen = self.scene.site, [one.observation for one in self.encounters]
        genuine = [*map(pin_of, self.scene.genuine.path), *(pin for role in Role for pin in sorted(site[role]))]
        met = (one.pin for observation in seen for one in (*observation.presented, *(observation.path or ())))
        findings = (found for one in self.encounters for found in one.verdict.findings)
        return lettered([*genuine, *met, *(pin.pin for found in findings for pin in found.wanted)])

    def genuine(self, certificate: Certificate) -> Role | None:
        """Whose key of the genuine service this certificate has, if any."""
        here = Reach.of((certificate,), self.scene.site)
        return next((role for role in Role if role in here), None)

    def _decided(self, one: Encounter) -> dict[str, Any]:
        observation = one.observation
        return {
            "verdict": str(one.verdict),
            "deciding_check": one.verdict.check,
            "reason": one.verdict.reason,
            "presented": self._named(observation.presented),
            "path": None if observation.path is None else self._named(observation.path),
            "validation_error": observation.error.reason if observation.error else None,
            "resumed": observation.resumed,
        }

    def _named(self, certificates: tuple[Certificate, ...]) -> list[dict[str, str | None]]:
        named = [(one, self.genuine(one)) for one in certificates]
        return [
            {
                "name": one.name,
                "pin": one.pin,
                "genuine": role and role.value,
                "key": self.letters.get(one.pin),
                "trouble": one.trouble or None,
            }
            for one, role in named
        ]


def perform(client: Client, standing: Standing) -> Callable[[], Trial]:
    """
    Take the client through the scene that is standing, with a fresh secret for each meeting.

    Returns what gives the trial: it waits until the other side has written down
    what it saw, so that a matrix need not wait after each connection.
    """
    scene = standing.scene
    lived = live(standing, scene.meetings, client.mind(scene.enrolment))
    return lambda: Trial(client, standing.case, scene, tuple(ended() for ended in lived))


def run(client: Client, standing: Standing) -> Trial:
    """One client through the scene that is standing, to the end."""
    return perform(client, standing)()


def trial(client: Client, case: Case) -> Trial:
    """One cell: the scene is stood up in a fresh world, and everything stopped again."""
    with Standing(case) as standing:
        return run(client, standing)
