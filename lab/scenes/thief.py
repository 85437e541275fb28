"""
A thief of a revoked key at any hour, and what he does to the words on their way to the client.

Each move has an accident that does the same, and robs nobody. They are in no
table: whoever asks for one names the hour. Hours are counted from the theft.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from lab.naming import named
from lab.observation import Line
from lab.pki.elsewhere import Elsewhere, Handed, answering, cut, late, listing, taken_back
from lab.pki.revoke import MUST_STAPLE, listed_at
from lab.pki.says import Says
from lab.pki.update import pushed_list
from lab.pki.world import World
from lab.scenes.catalogue import Meeting, then
from lab.scenes.fetched import PART, broken, other_part

HOUR = timedelta(hours=1)

MOVES = {
    "pass on": "somebody reported the key as stolen, and it was not",
    "withhold": "nobody reaches the CA, and the server was started anew",
    "replay": "a cache hands out what was said when the thief was there",
    "damage": "a disk at the CA has failed, and signatures are none",
    "other part": "the CA's network hands out another part of the list",
}
"""What a thief can do with the words of the CAs, and the accident that does the same."""


def bank(hours: int = 0) -> World:
    """A bank whose certificate promises a staple and names its part of the list; it is over at that hour, if given."""
    world = World()
    end = world.now + hours * HOUR - timedelta(seconds=1) if hours else None
    issued = world.issuing.issue(*world.hosts, extensions=[MUST_STAPLE, listed_at(PART)], not_after=end)
    return world.after(issued, world.store)


@dataclass(frozen=True, eq=False)
class Theft:
    """
    When what happened: the key was stolen at hour 0, and the certificate revoked at hour `revoked`.

    The thief keeps the words of hour `collected`; a word holds for `life` hours, and an update comes every `every`.
    """

    world: World = field(default_factory=bank)
    revoked: int = 30
    collected: int = 0
    life: int = 168
    every: int = 12

    def meeting(self, line: Line, move: str, hour: int) -> Meeting:
        """
        Whoever is on the line at this hour, and what this move leaves of the words.

        Raises ValueError, naming the nearest, where there is no such move.
        """
        world, life = self.world, self.life * HOUR
        later = world.at(world.now + hour * HOUR)
        known = line is Line.ATTACKER or move == "pass on"
        gone = taken_back(world.genuine, world.now + self.revoked * HOUR) if known else ()
        answers, lists, old = answering(life=life), listing(life=life), (hour - self.collected) * HOUR
        ways: dict[str, tuple[Handed, Handed]] = {
            "pass on": (answering(*gone, life=life), listing(*gone, life=life)),
            "withhold": (cut, cut),
            "replay": (late(answers, old), late(lists, old)),
            "damage": (broken(answers), broken(lists)),
            "other part": (cut, other_part),
        }
        handed = named("move", move, ways)
        pushed = pushed_list(world.logs, gone, later.now, lag=hour % self.every * HOUR)
        says = Says(staple=handed[0](world.genuine, later.now) or b"")
        return then(later, line, world.genuine, move, says=says, elsewhere=Elsewhere(*handed, pushed))
