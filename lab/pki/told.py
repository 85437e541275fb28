"""
What others say of a certificate by date: how often it is made, how long it holds and is kept, by which way it comes.

Answers, lists, updates and signed records have this in common. It knows
neither who asks nor what is believed. No sockets.
"""

# Theory of operation. A word, which takes something back, comes just after the last good answer was made: so what is
# counted is the longest that it can take. And who keeps what was fetched had fetched that just before the next answer
# was there. Whoever cuts the way does so for one who has nothing kept but this.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from lab.pki.elsewhere import About, Gone, Had, Handed, answering, listing
from lab.pki.log import PublicLog
from lab.pki.pushed import PushedList
from lab.pki.revoke import LIFE
from lab.pki.update import pushed_list

NO_TIME, SECOND = timedelta(0), timedelta(seconds=1)


class Passage(StrEnum):
    """What somebody on the way does to what comes along it."""

    OPEN = "open"
    CUT = "cut"
    REPLAYED = "replayed"
    """The last good one is handed out for as long as anybody asks."""


@dataclass(frozen=True)
class Pace:
    """Made every `interval`, or for whoever asks where that is nothing; holds for `life`; kept for `cache`."""

    interval: timedelta = NO_TIME
    life: timedelta = LIFE
    cache: timedelta = NO_TIME

    def kept(self, last: datetime) -> datetime:
        """Until when the one that was made at `last` is kept by a client that was unlucky; not beyond its life."""
        fetched = last + max(self.interval - SECOND, NO_TIME)
        return min(fetched + self.cache, last + self.life)

    def made(self, time: datetime, last: datetime, way: Passage = Passage.OPEN) -> datetime | None:
        """When the one was made that is had at `time`, where `last` is the last good one; None where nothing comes."""
        newest = last + (time - last) // self.interval * self.interval if self.interval else time
        if way is Passage.REPLAYED or (self.cache and time < self.kept(last)):
            return min(newest, last)
        return None if way is Passage.CUT else newest

    def moments(self, last: datetime) -> set[datetime]:
        """The times after `last` at which something else is had than before, or it holds no longer."""
        return {last + SECOND, last + self.interval, self.kept(last), last + self.life} - {last}


@dataclass(frozen=True)
class Tidings:
    """What CAs have taken back, told by date; `last` is when the last good word was made on whom it is about."""

    gone: Sequence[Gone]
    last: datetime
    pace: Pace = Pace()

    def handed(self, fresh: Had[About], way: Passage) -> Had[About]:
        """What `fresh` makes, as it is had."""

        def had(about: About, time: datetime) -> bytes | None:
            made = self.pace.made(time, self.last, way)
            return None if made is None else fresh(about, made)

        return had

    def answers(self, way: Passage) -> Handed:
        """Answers of the issuers' responders, as they are had."""
        return self.handed(answering(*self.gone, life=self.pace.life), way)

    def lists(self, way: Passage) -> Handed:
        """The issuers' lists, as they are had."""
        return self.handed(listing(*self.gone, life=self.pace.life), way)

    def pushed(self, logs: Sequence[PublicLog], time: datetime, way: Passage) -> PushedList:
        """The list of the last update; where none comes any more, the one before."""
        made = self.pace.made(time, self.last, Passage.REPLAYED if way is Passage.CUT else way)
        assert made
        return replace(pushed_list(logs, self.gone, made, lag=NO_TIME), until=made + self.pace.life)
