"""
What the pure policy expects of a client in a scene, without a further handshake.

A scene is observed once, by a watcher that accepts everything; any policy can
then be judged on those observations. Tests hold the result against the
sockets, and `flip` uses it to count what an edited policy would change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lab.observation import Evidence, Observation, Outcome, Verdict
from lab.pki.legacy_path import Builder, build
from lab.pki.pins import name_mismatch, seen
from lab.policy.clients import Client
from lab.policy.mind import Mind
from lab.scenes.catalogue import Case, Meeting, Scene
from lab.trials.engine import imagine, live
from lab.trials.standing import Standing


@dataclass(frozen=True)
class Rehearsed:
    """A scene with what any client of one kind of validator sees at each of its own meetings."""

    case: Case
    scene: Scene
    observations: tuple[tuple[int, Observation], ...]


def observe(
    standing: Standing,
    ignoring: frozenset[int] = frozenset(),
    resumes: bool = False,
    wants: frozenset[Evidence] = frozenset(),
) -> Rehearsed:
    """Watch each meeting of the scene once, over real TLS, with a mind that accepts whatever comes."""
    watcher = Mind((), ignoring=ignoring, resumes=resumes, switched_off=True)
    watcher.needs = wants
    lived = live(standing, standing.scene.meetings, watcher)
    seen = [ended().observation for ended in lived]
    own = [number for number, meeting in enumerate(standing.scene.meetings) if not meeting.component]
    return Rehearsed(standing.case, standing.scene, tuple((number, seen[number]) for number in own))


def rehearse(client: Client, rehearsed: Rehearsed) -> dict[int, tuple[Verdict, Outcome]]:
    """The verdict and the outcome that the pure policy expects, by the meeting's index."""
    met = [(rehearsed.scene.meetings[number], observation) for number, observation in rehearsed.observations]
    expected = imagine(met, client.mind(rehearsed.scene.site))
    numbers = (number for number, _ in rehearsed.observations)
    return {number: (one.verdict, one.outcome) for number, one in zip(numbers, expected, strict=True)}


def foresee(meeting: Meeting, host: str, builder: Builder = Builder.SEARCHING) -> Observation:
    """
    What a handshake is bound to show, by dates, names and signatures alone: no socket, no OpenSSL.

    The path is the lab's own builder's, which is no full validator; see there
    what it looks at.
    """
    presented = tuple(map(seen, meeting.credential.chain))
    anchors = [seen(anchor.certificate) for anchor in meeting.store]
    built = build(presented, anchors, meeting.time, builder)
    wanted = meeting.host or host
    mismatch = name_mismatch(presented[0].hosts, wanted)
    return Observation(wanted, meeting.time, presented, built.path, built.error, mismatch)


class Rehearsals:
    """The observations of many scenes, gathered once for each kind of validator and kept."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self.cases = tuple(cases)
        self._kept: dict[tuple[object, ...], Rehearsed] = {}
        self._expected: dict[tuple[object, ...], dict[str, dict[int, tuple[Verdict, Outcome]]]] = {}
        """By what decides (a name does not) and by scene: clients one edit apart share most of their neighbours."""

    def of(self, case: Case, client: Client) -> Rehearsed:
        """What this client's kind of validator sees in this scene."""
        plain = self._get(case, frozenset(), False, client.needs)
        errors = {seen.error.code for _, seen in plain.observations if seen.error}
        shared = any(meeting.component for meeting in plain.scene.meetings)
        # Where no error is ignored and no session is to be had, every validator sees the same.
        ignoring = client.ignoring if errors & client.ignoring else frozenset()
        return self._get(case, ignoring, client.resumes and shared, client.needs)

    def _get(self, case: Case, ignoring: frozenset[int], resumes: bool, wants: frozenset[Evidence]) -> Rehearsed:
        key = (case.name, ignoring, resumes, wants)
        if key not in self._kept:
            with Standing(case) as standing:
                self._kept[key] = observe(standing, ignoring, resumes, wants)
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
