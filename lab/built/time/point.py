"""
One client at one moment of a timeline, with everybody whom it could meet, and how long that holds.

Real handshakes, by the engine. It knows one stretch between two changes of the
world; `run` strings them together and counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lab.built.time.installed import Moment, Owner
from lab.built.time.language import DAY, SECOND
from lab.built.time.life import Life, valid_at
from lab.observation import Line
from lab.policy.memory import Memory
from lab.policy.mind import Mind
from lab.scenes.catalogue import Meeting
from lab.trials.engine import Encounter, meet
from lab.trials.standing import Ground


@dataclass(frozen=True)
class Point:
    """
    One client at one time, until `until`: what the genuine service and each attacker came to.

    `attacks` has one entry for each credential that an attacker could show.
    """

    moment: Moment
    until: datetime
    genuine: Encounter
    attacks: tuple[Encounter, ...]

    @property
    def time(self) -> datetime:
        """When it begins."""
        return self.moment.time

    @property
    def days(self) -> float:
        """How long it holds, in days."""
        return (self.until - self.time) / DAY

    @property
    def attacked(self) -> bool:
        """Whether an attacker has anything that is valid by this client's clock."""
        return len(self.counted) > 1

    @property
    def met(self) -> tuple[Encounter, ...]:
        """Everything that was asked: the service first, then the attackers."""
        return (self.genuine, *self.attacks)

    @property
    def counted(self) -> tuple[Encounter, ...]:
        """
        What its days are counted by: the service, and attackers with something valid by this client's clock.

        What has just ended is shown once more to see it refused. Who reads no
        date takes it, and would take it, or any other, on every day after.
        """
        valid = (met for met in self.attacks if valid_at(met.meeting.credential, self.moment.clock))
        return (self.genuine, *valid)


# Between two changes of the world a client's memory goes on: it visits the service every day, and what it noted may
# end by its own date. So a stretch is one point, unless something lapses in it; then the second after begins another.
#
#   at once        It meets the service, and learns. Attackers are tried next, with what it knows by then: each could
#                  come at any moment of the point, and it learns nothing from who was only tried.
#   every day      The same server says the same to a client that decides the same. All that a further visit changes is
#                  the date of what is learnt, and there only the last one counts: the lesson is taken once more, on the
#                  last day before the point ends. Who was refused learns nothing, on the first day as on the last.
#   where it ends  At the first end of something that is remembered and that those visits did not renew.


def stretch(
    ground: Ground, owner: Owner, time: datetime, until: datetime, memory: Memory | None
) -> tuple[list[Point], Memory]:
    """The points of a client from `time` until the world changes for it again, and what it remembers then."""
    points: list[Point] = []
    while time < until:
        moment = owner.at(time, memory)
        genuine, *others = meetings(owner.life, moment)
        mind = moment.mind()
        met = meet(ground, genuine, mind)()
        attacks = [meet(ground, one, moment.mind(met.learnt.memory), asked=False)() for one in others]
        end = time + _visited(mind, met, until - time)
        points.append(Point(moment, end, met, tuple(attacks)))
        time, memory = end, mind.known.memory
    assert memory is not None
    return points, memory


def _visited(mind: Mind, met: Encounter, span: timedelta) -> timedelta:
    """Visit every day as in this meeting; how long it holds, which is the whole span unless a memory lapses."""
    clock, before = met.observation.time, mind.known

    def daily(held: timedelta) -> timedelta:
        mind.known = before
        if held > DAY:
            last = clock + (held - SECOND) // DAY * DAY
            mind.learn(replace(met.lesson, observation=replace(met.observation, time=last)), met.verdict)
        return held

    daily(span)
    lapse = _lapse(mind.known.memory, met.observation.host, clock)
    return span if lapse is None or lapse + SECOND - clock >= span else daily(lapse + SECOND - clock)


def _lapse(memory: Memory, host: str, time: datetime) -> datetime | None:
    """The first last moment, from `time` on, of what is remembered of this host; None where nothing ends."""
    noted = memory.governing(host, time)
    ends = [noted.until if noted else None, *(one.expires for one in memory.of(host))]
    return min((end for end in ends if end and end >= time), default=None)


def meetings(life: Life, moment: Moment) -> Iterator[Meeting]:
    """The genuine service as it is at this moment, then every attacker with what the timeline gives it to show."""
    era = life.era(moment.time)
    genuine = moment.meeting(Line.GENUINE, era.credential, says=era.says)
    yield genuine
    held = (holding.usable(moment.time, moment.clock) for holding in life.holdings)
    for credential in dict.fromkeys(credential for usable in held for credential in usable):
        yield moment.meeting(Line.ATTACKER, credential, genuine)
