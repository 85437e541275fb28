"""
Many scenes at once: what a policy brings at each meeting of them, as one whole number.

A search asks it of thousands of clients that differ in a check or two. It knows
observations that were made before and makes none; what a mind would do is said
by `lab.trials.engine.imagine`, and a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from lab.observation import Line, Observation, Outcome, outcome_of
from lab.policy.check import Check, Known, Stage
from lab.policy.clients import Client
from lab.scenes.catalogue import Meeting, Scene
from lab.trials.engine import admission, imagine, told

# Every meeting has its bit, the same in every number here; the meetings of a scene stand side by side.
#
#   a check that remembers nothing    says the same of a meeting in whatever policy it stands. It is asked once of each
#                                     meeting, and the bits of those in which it passes are kept.
#   a policy of such checks           passes where all of them do: `and` over the numbers, for all scenes at once.
#   a policy that learns              goes through its meetings in order, so it is imagined, scene by scene. A check
#                                     that passes at every meeting of a scene changes nothing there and is left out;
#                                     most neighbours of a client are then the same client, and are imagined once.


@dataclass(frozen=True)
class _Part:
    """
    One scene: its meetings with what is seen there, by their index, and which bits are theirs.

    `apart` says that something else than checks decides there, so that every client goes through its meetings.
    """

    scene: Scene
    met: dict[int, tuple[Meeting, Observation]]
    start: int
    bits: int
    apart: bool


class Panorama:
    """
    Scenes as one kind of validator sees them, side by side.

    In the numbers that it gives, the bit of a meeting is set where whoever is
    on the line has got what he came for: the attacker the secret, the genuine
    service a client that goes on.
    """

    def __init__(self, scenes: Sequence[tuple[str, Scene, Mapping[int, Observation]]]) -> None:
        self._parts: dict[str, _Part] = {}
        points: list[tuple[Scene, Meeting, Observation]] = []
        for name, scene, seen in scenes:
            met = {number: (scene.meetings[number], one) for number, one in seen.items()}
            apart = any(admission(meeting) or meeting.plain for meeting, _ in met.values())
            self._parts[name] = _Part(scene, met, len(points), ((1 << len(met)) - 1) << len(points), apart)
            points += ((scene, *one) for one in met.values())
        self._points = points
        self._attacked = _bits(meeting.line is Line.ATTACKER for _, meeting, _ in points)
        self._whole = _bits(not seen.broken_off for *_, seen in points)
        self._shown = _bits(bool(seen.presented or seen.resumed) for *_, seen in points)
        self._passed: dict[tuple[Check, bool], int] = {}
        self._early: dict[Check, int] = {}
        self._imagined: dict[tuple[object, ...], int] = {}

    def _passes(self, check: Check, pins: bool) -> int:
        """Where a check that remembers nothing passes; `pins` says whether the client has any built in."""
        if (found := self._passed.get((check, pins))) is None:
            knows = ((told(Known(site=one.site) if pins else Known(), met), seen) for one, met, seen in self._points)
            found = self._passed[check, pins] = _bits(check.find(seen, known).passed for known, seen in knows)
        return found

    def _asked(self, check: Check) -> int:
        """Where its evidence is there in time, so that it is asked inside the handshake."""
        if (found := self._early.get(check)) is None:
            found = self._early[check] = _bits(check.needs <= frozenset(seen.evidence) for *_, seen in self._points)
        return found

    def won(self, client: Client) -> int:
        """Where whoever is on the line gets from this client what he came for."""
        return sum(map(self._part_by_part(client), self._parts.values()))

    def _part_by_part(self, client: Client) -> Callable[[_Part], int]:
        """The same in one scene, which is worked out no sooner than it is asked."""
        if client.switched_off or any(check.remembers for check in client.policy):
            return partial(self._alone, client)
        won = self._at_once(client)
        return lambda part: self._alone(client, part) if part.apart else won & part.bits

    def _at_once(self, client: Client) -> int:
        """In all scenes, of a client whose meetings do not depend on each other."""
        pins = any(check.pin_set for check in client.policy)
        talks = content = self._whole
        for check in client.policy:
            passes = self._passes(check, pins)
            content &= passes
            if check.stage is Stage.HANDSHAKE:
                talks &= passes | ~self._asked(check) if check.needs else passes
        return talks & (self._attacked | content & self._shown)

    def _alone(self, client: Client, part: _Part) -> int:
        """As `_part_by_part`, for who has to go through its meetings in order."""
        pins = any(check.pin_set for check in client.policy)
        heeded = tuple(one for one in client.policy if one.remembers or part.bits & ~self._passes(one, pins))
        key = (part.start, heeded, pins, client.switched_off, client.shows)
        if (found := self._imagined.get(key)) is None:
            mind = client.mind(part.scene.enrolment)
            mind.policy = heeded
            ended = imagine(part.met.values(), mind)
            won = _bits(one.outcome is outcome_of(one.meeting.line, True, True) for one in ended)
            found = self._imagined[key] = won << part.start
        return found

    def outcomes(self, client: Client, name: str) -> dict[int, Outcome]:
        """What comes of each meeting of the scene of this name, by the meeting's index."""
        part = self._parts[name]
        won = self._part_by_part(client)(part) >> part.start
        return {
            number: outcome_of(meeting.line, got := bool(won >> bit & 1), got)
            for bit, (number, (meeting, _)) in enumerate(part.met.items())
        }

    def changed(self, client: Client, before: int) -> Iterator[str]:
        """The scenes in which not every meeting goes as `before` has it, in their order."""
        won = self._part_by_part(client)
        return (name for name, part in self._parts.items() if won(part) != before & part.bits)


def _bits(said: Iterable[bool]) -> int:
    return sum(1 << number for number, true in enumerate(said) if true)
