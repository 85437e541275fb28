"""
A mind: what one client knows, and how it learns from one meeting to the next.

Built-in pins, first use, pins by header and announced successors are all of
them checks that compare with what is known; what is known changes by `learn`.
Pure: it is handed observations and lessons, and nobody else may change what it
knows while a meeting lasts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from lab.building import AS_OPENSSL, PathBuilding
from lab.observation import Lesson, Observation, Proof, Verdict
from lab.policy.check import Known, Learnt, Policy, Stage, judge, needs


def accept_everything(observation: Observation) -> bool:
    """What an attacker inside the process puts in the decision's place, and what a watcher decides."""
    return True


class Mind:
    """
    A client program while it runs. Its decision is an attribute, as in any program.

    That is why an attacker inside the process (`switched_off`) needs no key and
    no CA. `known` is what it knows now. `ignoring`, `resumes`, `building` and `shows`
    are as in `lab.policy.clients.Client`.
    """

    def __init__(
        self,
        policy: Policy,
        known: Known | None = None,
        *,
        ignoring: frozenset[int] = frozenset(),
        resumes: bool = False,
        switched_off: bool = False,
        building: PathBuilding = AS_OPENSSL,
        shows: frozenset[Proof] = frozenset(),
    ) -> None:
        self.policy = policy
        self.known = known or Known()
        self.ignoring = ignoring
        self.resumes = resumes
        self.switched_off = switched_off
        self.decide: Callable[[Observation], bool] = accept_everything if switched_off else self.decides
        self.building = building
        self.shows = shows
        self.needs = needs(policy)
        self._said: tuple[Observation, Verdict] | None = None  # by the whole policy, inside the handshake

    @property
    def listens(self) -> bool:
        """Whether it asks what the server announces."""
        return any(Learnt.ANNOUNCED in check.remembers.how for check in self.policy if check.remembers)

    def asked(self, observation: Observation) -> Policy:
        """The checks that are asked inside the handshake, as far as their evidence is there."""
        there = frozenset(observation.evidence)
        return tuple(check for check in self.policy if check.stage is Stage.HANDSHAKE and check.needs <= there)

    def decides(self, observation: Observation) -> bool:
        """
        The answer inside the handshake.

        A check whose evidence is not known yet is left out: who asked for some
        is asked again when it is there, or when it is known that none came.
        """
        said = judge(asked := self.asked(observation), observation, self.known)
        if asked == self.policy and not self.needs:
            self._said = (observation, said)
        return said.accepted

    def verdict(self, observation: Observation) -> Verdict:
        """What the whole policy says of what was seen; what was said inside the handshake is not asked again."""
        before = self._said[1] if self._said and self._said[0] is observation else None
        said = before or self._judged(observation)
        if not self.switched_off:
            return said
        would = "accepted" if said.accepted else "refused"
        why = f"the check was replaced inside the process; it would have {would}: {said.reason}"
        return Verdict(True, "switched off", why)

    def _judged(self, seen: Observation) -> Verdict:
        """
        In the order in which it can be asked: whoever refuses first has decided.

        First what is known at depth 0, then what waits for evidence, then what
        is asked when the request has gone.
        """
        early = tuple(check for check in self.policy if check.stage is Stage.HANDSHAKE)
        known_first = tuple(check for check in early if not check.needs)
        for asked in dict.fromkeys((known_first, early, self.policy)):
            verdict = judge(asked, seen, self.known)
            if not verdict.accepted:
                break
        return verdict

    def learn(self, lesson: Lesson, verdict: Verdict) -> None:
        """Take in what a meeting taught; a check that was not reached learns nothing."""
        reached = {finding.check for finding in verdict.findings}
        for check in self.policy:
            if check.remembers and check.name in reached:
                memory = check.remembers.learn(self.known, lesson, verdict.accepted)
                if memory is not self.known.memory:
                    self.known = replace(self.known, memory=memory)

    def in_force(self, host: str, time: datetime) -> object:
        """What of its memory a verdict on this host depends on at that time: equal values, equal verdicts."""
        memory = self.known.memory
        entry = memory.governing(host, time)
        return (entry.pins if entry else None, [record.pin for record in memory.of(host)], memory.firsts.get(host))
