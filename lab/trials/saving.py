"""
The engine over many days: a handshake is made where it could show something new, and else the last one counts.
"""

from __future__ import annotations

from dataclasses import replace

from lab.observation import Line, Outcome
from lab.policy.mind import Mind
from lab.scenes.catalogue import Meeting
from lab.trials.engine import Encounter, meet
from lab.trials.standing import Ground


class Saving:
    """
    Meets as `meet` does, and saves the handshake where it could show nothing new.

    On the days between two changes the same server presents the same to a mind
    that knows the same, so the last handshake's observation is judged at the
    new time. A certificate that has ended is a change. Whenever an attacker is
    on the line there is a handshake; with `never`, always. `handshakes` counts
    those that were made.
    """

    def __init__(self, ground: Ground, mind: Mind, *, never: bool = False) -> None:
        self._ground, self._mind, self._never = ground, mind, never
        self._last: dict[str, tuple[object, Encounter]] = {}
        self.handshakes = 0

    def meet(self, meeting: Meeting, *, asked: bool = True) -> tuple[Outcome, bool]:
        """What came of the meeting, and whether a handshake said so; as in `lab.trials.engine.meet` otherwise."""
        host = meeting.host or self._ground.host
        valid = all(one.not_valid_after_utc >= meeting.time for one in meeting.credential.chain)
        state = (id(meeting.credential), meeting.says, valid, self._mind.in_force(host, meeting.time))
        before, met = self._last.get(host, (None, None))
        saved = met is not None and before == state and meeting.line is Line.GENUINE and not self._never
        if met is None or not saved:
            met = meet(self._ground, meeting, self._mind, asked=asked)()
            self._last[host] = (state, met)
            self.handshakes += 1
        elif asked:
            lesson = met.lesson
            again = replace(lesson, observation=replace(lesson.observation, time=meeting.time))
            self._mind.learn(again, met.verdict)
        assert met.outcome is not None
        return met.outcome, not saved
