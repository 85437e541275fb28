"""
A client at one moment of its life: its clock, the release it runs, its pins, its store.

It turns what a timeline says of a client into the lab's own policy, checks and
knowledge, and lists the times at which any of that changes. It makes no
connection. Times are UTC; a *clock* is what the client believes the time to be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lab.building import Branching, PathBuilding
from lab.built.time.events import ClockMoved
from lab.built.time.language import SECOND, Installation
from lab.built.time.life import Life
from lab.built.time.listening import Listening
from lab.observation import Line
from lab.pki.authority import Authority, Credential
from lab.pki.says import Says
from lab.policy.check import Check, Enrolment, Known, Policy
from lab.policy.checks import HOST_NAME, VALIDATION, pinned
from lab.policy.clients import client as named
from lab.policy.memory import Memory
from lab.policy.mind import Mind
from lab.policy.pinset import PinSet
from lab.policy.profiles import until
from lab.scenes.catalogue import Meeting


@dataclass(frozen=True)
class Moment:
    """What a client is at one time. `lapse` is the last moment at which its pins count, None for always."""

    time: datetime
    clock: datetime
    release: datetime
    store: tuple[Authority, ...]
    policy: Policy
    known: Known
    building: PathBuilding
    lapse: datetime | None
    listening: Listening

    def mind(self, memory: Memory | None = None) -> Mind:
        """What decides: this policy and what is known, on the path that this client builds; or with another memory."""
        known = self.known if memory is None else replace(self.known, memory=memory)
        return Mind(self.policy, known, building=self.building)

    def meeting(
        self, line: Line, credential: Credential, behind: Meeting | None = None, says: Says | None = None
    ) -> Meeting:
        """A meeting with whoever presents this credential, by this client's own clock and store."""
        title = f"on {self.time:%Y-%m-%d}"
        plain = Meeting(line, credential, self.store, self.clock, title, behind=behind, says=says)
        return self.listening.met(plain, self.time)


class Owner:
    """One client through its whole life: `at` gives it at a time, `changes` the times that matter to it."""

    def __init__(self, client: Installation, life: Life) -> None:
        self.client = client
        self.life = life
        line = life.timeline
        self._releases = client.releases(line.start, line.end)
        enrolment = Enrolment(line.host, line.start, life.site(line.start))
        self._mind = named(client.mind).mind(enrolment) if client.mind else None
        plain = client.branching is Branching.FIRST
        self._building = self._mind.building if self._mind and plain else client.building
        self.listening = Listening(client, life)
        self._clocks = [
            event
            for event in line.events
            if isinstance(event, ClockMoved) and (not event.clients or client.name in event.clients)
        ]

    def clock(self, time: datetime) -> datetime:
        """What the client believes the time to be; the last attack on its clock counts."""
        for event in reversed(self._clocks):
            if event.at(time):
                return time + timedelta(days=event.days)
        return time

    def release(self, time: datetime) -> datetime:
        """The day of the release that is installed at `time`; the first is there from the start."""
        first, *later = self._releases
        lag = timedelta(days=self.client.update_lag)
        return max([first, *(day for day in later if day + lag <= time)])

    def at(self, time: datetime, memory: Memory | None = None) -> Moment:
        """The client at `time`, with what it remembers by then; None: what it began with."""
        client, clock, release = self.client, self.clock(time), self.release(time)
        start = self.life.timeline.start
        built = release if client.store_lag is None else max(start, time - timedelta(days=client.store_lag))
        lapse = release + timedelta(days=client.pins_expire) if client.pins_expire else None
        policy: list[Check] = [*self._mind.policy] if self._mind else [VALIDATION, HOST_NAME]
        policy += [check for check in self.listening.policy if check not in policy]
        if client.pins:
            check = pinned(f"{' or '.join(client.pins)} pin", PinSet.any_of(*client.pins))
            policy.append(replace(until(lapse, check), name=check.name) if lapse else check)
        return Moment(
            time=time,
            clock=clock,
            release=release,
            store=self.life.store(built, time),
            policy=tuple(policy),
            known=self._known(release, memory),
            building=self._building,
            lapse=lapse,
            listening=self.listening,
        )

    def _known(self, release: datetime, memory: Memory | None) -> Known:
        """The pins of the release; and where it learns, what it remembers."""
        if self._mind is None:
            return Known(site=self.life.site(release))
        return self._mind.known if memory is None else replace(self._mind.known, memory=memory)

    def changes(self) -> list[datetime]:
        """Every time at which a verdict of this client can change, in order; the first is the start."""
        line = self.life.timeline
        found = {time for time in self._all() if line.start < time < line.end}
        return sorted({line.start, *found})

    def _all(self) -> Iterator[datetime]:
        line, life, client = self.life.timeline, self.life, self.client
        yield from (era.start for era in life.eras)
        yield from (event.date for event in line.events)
        yield from (one.since() for one in life.revoked.values())
        for day in self._releases:
            yield day + timedelta(days=client.update_lag)
        if client.store_lag is not None:
            yield from (since + timedelta(days=client.store_lag) for since, _ in life.stores)
        by_clock = list(self._dated())
        yield from by_clock
        for event in self._clocks:
            yield event.date
            yield event.over
            moved = (time - timedelta(days=event.days) for time in by_clock)
            yield from (time for time in moved if event.at(time))

    def _dated(self) -> Iterator[datetime]:
        """The times that a clock decides: certificates begin and end, pins lapse."""
        for one in self.life.certificates():
            yield one.not_before
            yield one.not_after + SECOND
        yield from self.listening.moments()
        if self.client.pins_expire:
            yield from (day + timedelta(days=self.client.pins_expire) + SECOND for day in self._releases)
