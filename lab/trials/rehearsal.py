"""
What the pure policy expects of a client in a scene, without a further handshake.

A scene is observed once, by a watcher that accepts everything; any policy can
then be judged on those observations. Tests hold the result against the
sockets, and `flip` uses it to count what an edited policy would change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from lab.building import AS_OPENSSL, PathBuilding
from lab.observation import Evidence, Observation, Outcome
from lab.pki.paths import build
from lab.pki.pins import name_mismatch, seen
from lab.policy.check import needs
from lab.policy.clients import Client
from lab.policy.hsts import insisting
from lab.scenes.catalogue import Case, Meeting, Scene
from lab.trials.engine import Imagined, imagine, live
from lab.trials.panorama import Panorama
from lab.trials.sources import foretold
from lab.trials.standing import Standing


@dataclass(frozen=True)
class Rehearsed:
    """A scene, and what any client of one kind of validator sees at its own meetings, by the meeting's index."""

    scene: Scene
    observations: dict[int, Observation]


def observe(standing: Standing, client: Client) -> Rehearsed:
    """Watch each meeting of the scene once, over real TLS, as this client sees it if it accepts whatever comes."""
    watcher = replace(client, switched_off=True).mind(standing.scene.enrolment)
    watcher.known = replace(watcher.known, memory=insisting(watcher.known.memory, standing.scene.host))
    lived = [ended() for ended in live(standing, standing.scene.meetings, watcher)]
    own = {number: met.observation for number, met in enumerate(lived) if not met.meeting.component}
    return Rehearsed(standing.scene, own)


def rehearse(client: Client, rehearsed: Rehearsed) -> dict[int, Imagined]:
    """What the pure policy expects of each meeting, by its index."""
    scene, observations = rehearsed.scene, rehearsed.observations
    met = [(scene.meetings[number], seen) for number, seen in observations.items()]
    return dict(zip(observations, imagine(met, client.mind(scene.enrolment)), strict=True))


def foresee(
    meeting: Meeting, host: str, building: PathBuilding = AS_OPENSSL, wants: frozenset[Evidence] = frozenset()
) -> Observation:
    """What a handshake is bound to show to a client that builds its paths like this: no socket, no OpenSSL."""
    presented = tuple(map(seen, meeting.credential.chain))
    anchors = [seen(anchor.certificate) for anchor in meeting.store]
    built = build(presented, anchors, meeting.time, building)
    wanted = meeting.host or host
    mismatch = name_mismatch(presented[0], wanted)
    seen_there = Observation(wanted, meeting.time, presented, built.path, built.error, mismatch)
    return replace(seen_there, evidence=foretold(meeting, wants)(seen_there, None)) if wants else seen_there


class Rehearsals:
    """The observations of many scenes, gathered once for each kind of validator and kept."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self.cases = tuple(cases)
        self._seen: dict[tuple[object, ...], Rehearsed] = {}
        """By scene and kind of validator; several kinds may see the same, which is kept once."""
        self._kept: dict[tuple[object, ...], Rehearsed] = {}
        self._scenes: dict[tuple[object, ...], Scene] = {}
        self._side_by_side: dict[tuple[object, ...], Panorama] = {}
        self._expected: dict[tuple[object, ...], dict[str, dict[int, Imagined]]] = {}
        """By what decides (a name does not) and by scene: clients one edit apart share most of their neighbours."""

    def of(self, case: Case, client: Client) -> Rehearsed:
        """What this client's kind of validator sees in this scene."""
        kind = (*_identity(case), client.ignoring, client.resumes, client.building, needs(client.policy))
        if kind not in self._seen:
            self._seen[kind] = self._observed(case, client)
        return self._seen[kind]

    def _observed(self, case: Case, client: Client) -> Rehearsed:
        plain = self._get(case, replace(client, ignoring=frozenset(), resumes=False))
        errors = {seen.error.code for seen in plain.observations.values() if seen.error}
        shared = any(meeting.component for meeting in plain.scene.meetings)
        # Where no error is ignored and no session is to be had, every validator sees the same.
        ignoring = client.ignoring if errors & client.ignoring else frozenset()
        return self._get(case, replace(client, ignoring=ignoring, resumes=client.resumes and shared))

    def _get(self, case: Case, client: Client) -> Rehearsed:
        key = (*_identity(case), client.ignoring, client.building, client.resumes, needs(client.policy))
        if key not in self._kept:
            with Standing(case, self._scenes.get(_identity(case))) as standing:
                self._scenes[_identity(case)] = standing.scene
                self._kept[key] = observe(standing, client)
        return self._kept[key]

    def expected(self, client: Client) -> dict[str, dict[int, Imagined]]:
        """What the pure policy expects of this client in every scene."""
        return {case.name: self.met(client, case) for case in self.cases}

    def panorama(self, client: Client, case: Case | None = None) -> Panorama:
        """All scenes side by side, or one alone, as this client's kind of validator sees them."""
        cases = (case,) if case else self.cases
        kind = (case and case.name, client.ignoring, client.resumes, client.building, needs(client.policy))
        if kind not in self._side_by_side:
            seen = [(case.name, self.of(case, client)) for case in cases]
            self._side_by_side[kind] = Panorama([(name, one.scene, one.observations) for name, one in seen])
        return self._side_by_side[kind]

    def outcomes(self, client: Client, case: Case) -> dict[int, Outcome]:
        """What comes of this client in this scene, by the meeting's index: as `met` has it, and sooner."""
        return self.panorama(client, None if case in self.cases else case).outcomes(client, case.name)

    def met(self, client: Client, case: Case) -> dict[int, Imagined]:
        """What the pure policy expects of this client in this scene, by the meeting's index."""
        decides = (client.policy, client.ignoring, client.building, client.resumes, client.switched_off)
        known = self._expected.setdefault(decides, {})
        if case.name not in known:
            known[case.name] = rehearse(client, self.of(case, client))
        return known[case.name]


def _identity(case: Case) -> tuple[object, ...]:
    """What a scene is known by: its name alone may be that of another one, which somebody registered later."""
    return case.name, case.build, repr(case.starts)


@lru_cache(maxsize=1)
def kept(cases: tuple[Case, ...]) -> Rehearsals:
    """
    The observations of these scenes that this process has made so far; whoever asks next adds to them.

    Where a scene is registered or taken away, those of the others stay.
    """
    made = Rehearsals(cases)
    made._seen, made._kept, made._scenes = _MADE._seen, _MADE._kept, _MADE._scenes
    return made


_MADE = Rehearsals(())
