"""
What the pure policy expects of a client in a scene, without a further handshake.

A scene is observed once, by a watcher that accepts everything; any policy can
then be judged on those observations. Tests hold the result against the
sockets, and `flip` uses it to count what an edited policy would change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from OpenSSL import SSL

from lab.observation import Line, Observation, Outcome, Verdict
from lab.policy.checks import Stage, judge
from lab.policy.clients import Client, Learnt
from lab.scenes.catalogue import Case, Scene
from lab.trials.standing import Standing
from lab.trials.trial import accept_everything, built_in, told


@dataclass(frozen=True)
class Rehearsed:
    """A scene with what any client of one kind of validator sees at each of its own meetings."""

    case: Case
    scene: Scene
    observations: tuple[tuple[int, Observation], ...]


def observe(standing: Standing, ignoring: frozenset[int] = frozenset(), resumes: bool = False) -> Rehearsed:
    """Watch each meeting of the scene once, over real TLS, and accept whatever comes."""
    session: SSL.Session | None = None
    seen: list[tuple[int, Observation]] = []
    for number, meeting in enumerate(standing.scene.meetings):
        exchange, _ = standing.meet(
            meeting,
            accept_everything,
            ignoring=ignoring,
            session=session if resumes and not meeting.component else None,
            keep_session=meeting.component,
        )
        if meeting.component:
            session = exchange.session
        else:
            seen.append((number, exchange.observation))
    return Rehearsed(standing.case, standing.scene, tuple(seen))


def rehearse(client: Client, rehearsed: Rehearsed) -> dict[int, tuple[Verdict, Outcome]]:
    """
    The verdict and the outcome that the pure policy expects, by the meeting's index.

    An attacker gets the secret from every client that talks before it has
    refused: that is where a check that runs after the request shows.
    """
    known = built_in(client, rehearsed.scene)
    expected: dict[int, tuple[Verdict, Outcome]] = {}
    for number, observation in rehearsed.observations:
        known = told(known, rehearsed.scene.meetings[number])
        verdict = judge(client.policy, observation, known)
        talked = client.switched_off or judge(client.at(Stage.HANDSHAKE), observation, known).accepted
        if client.switched_off:
            verdict = Verdict(True, "switched off", "the check was replaced inside the process")
        if rehearsed.scene.meetings[number].line is Line.ATTACKER:
            outcome = Outcome.INTERCEPTED if talked else Outcome.STOPPED
        else:
            outcome = Outcome.SERVED if verdict.accepted else Outcome.OUTAGE
        expected[number] = (verdict, outcome)
        if Learnt.FIRST_USE in client.learnt and verdict.accepted:
            known = known.met(observation)
    return expected


class Rehearsals:
    """The observations of many scenes, gathered once for each kind of validator and kept."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self.cases = tuple(cases)
        self._kept: dict[tuple[str, frozenset[int], bool], Rehearsed] = {}
        self._expected: dict[tuple[object, ...], dict[str, dict[int, tuple[Verdict, Outcome]]]] = {}
        """By what decides (a name does not) and by scene: clients one edit apart share most of their neighbours."""

    def of(self, case: Case, client: Client) -> Rehearsed:
        plain = self._get(case, frozenset(), False)
        errors = {seen.error.code for _, seen in plain.observations if seen.error}
        shared = any(meeting.component for meeting in plain.scene.meetings)
        # Where no error is ignored and no session is to be had, every validator sees the same.
        return self._get(
            case,
            client.ignoring if errors & client.ignoring else frozenset(),
            client.resumes and shared,
        )

    def _get(self, case: Case, ignoring: frozenset[int], resumes: bool) -> Rehearsed:
        key = (case.name, ignoring, resumes)
        if key not in self._kept:
            with Standing(case) as standing:
                self._kept[key] = observe(standing, ignoring, resumes)
        return self._kept[key]

    def expected(self, client: Client) -> dict[str, dict[int, tuple[Verdict, Outcome]]]:
        """What the pure policy expects of this client in every scene."""
        return {case.name: self.met(client, case) for case in self.cases}

    def met(self, client: Client, case: Case) -> dict[int, tuple[Verdict, Outcome]]:
        """What the pure policy expects of this client in this scene, by the meeting's index."""
        decides = (client.policy, client.ignoring, client.resumes, client.switched_off)
        known = self._expected.setdefault(decides, {})
        if case.name not in known:
            known[case.name] = rehearse(client, self.of(case, client))
        return known[case.name]
