"""
A move of the catalogue as an event: what it makes of the day on which it happens.

The catalogue's cases are functions of a `World`. Here a life is seen as such a
world on one day: its service, its CAs and its store, and where the file has no
such CA, one that is made for the purpose. An attack gives its credential to an
attacker, a rotation is what the service presents from then on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from lab.built.time.language import FAR_AHEAD, LONG_AGO, SECOND, Happening, Span, Whose
from lab.built.time.life import Holding, Life
from lab.built.time.source import Place, Source
from lab.naming import alike
from lab.pki.authority import Authority, Credential
from lab.pki.pins import seen
from lab.pki.world import World
from lab.scenes.catalogue import CASES, SLIPS, Case, Holds, Kind, Meeting

_THEFT = {Holds.SERVER_KEY, Holds.BACKUP_KEY}


class Move(Happening, frozen=True):
    """A rotation of the catalogue by its name, `what`: the service presents what it says, from that day on."""

    @property
    def case(self) -> Case:
        """The case that happens."""
        return CASES[self.what]

    @property
    def title(self) -> str:
        """The title of the case, and the note."""
        return self.case.title + (f" ({self.note})" if self.note else "")

    def happens(self, life: Life) -> None:
        """The case is asked for its meeting, and what it presents is adopted."""
        meeting = self._meeting(life, life.timeline.lifetime(self.date))
        if meeting.credential is not life.eras[-1].credential:
            life.adopt(meeting.credential, self.date, self.title)

    def _meeting(self, life: Life, span: timedelta) -> Meeting:
        world = Today(life, self.date, span)
        meeting = self.case.move(world)
        assert meeting, "reading refuses what is no move"
        life.restock(self.date, world.store, meeting.store)
        return meeting


class Intrusion(Move, frozen=True):
    """An attack of the catalogue by its name, `what`: an attacker can show what it says, for `days`."""

    days: Span = 90

    @property
    def gives(self) -> Whose | None:
        """A stolen key where the case needs one, else a certificate that should not be."""
        return Whose.STOLEN if _THEFT & {*self.case.holds} else Whose.MISISSUED

    def happens(self, life: Life) -> None:
        """The attacker holds what the case presents."""
        credential = self._meeting(life, timedelta(days=self.days)).credential
        stolen = self.gives is Whose.STOLEN
        life.holdings.append(Holding(self.date, self.title, stolen, credential.key, [(self.date, credential)]))


def found(source: Source, place: Place, what: str, also: Iterable[str] = ()) -> Case:
    """
    The move of this name, which stands at this place of a file.

    Raises ValueError where there is none, naming near moves, and near words of
    `also`, which the place may hold too.
    """
    if what in CASES and CASES[what].move():
        return CASES[what]
    moves = [one.name for one in CASES.values() if one.move()]
    if what not in CASES and what not in SLIPS:
        raise source.unknown(place, what, (*also, *moves))
    why = "a calendar of its own" if what in CASES else "a slip, which ordinary validation refuses,"
    near = alike(what, moves) or ["new_key"]
    raise source.fault(place, f"{what} is {why} and no move of one day; use one, as {', '.join(near)}")


def kind(case: Case) -> type[Move]:
    """What an event is that is this case."""
    return Intrusion if case.kind is Kind.ATTACK else Move


@dataclass(frozen=True, eq=False)
class IssuerToday(Authority):
    """A CA on the day `now`: what it issues begins then and lasts `life` to the second, where no dates are given."""

    def issue(self, *hosts: str, **chosen: Any) -> Credential:
        """As any authority does, with the dates of the day."""
        assert self.now
        return super().issue(*hosts, **{"not_before": self.now, "not_after": self.now + self.life - SECOND, **chosen})

    def intermediate(self, name: str, **chosen: object) -> Authority:
        """An authority below this one, on the same day."""
        made = super().intermediate(name, **{"not_before": LONG_AGO, "not_after": FAR_AHEAD, **chosen})
        return replace(self, name=made.name, key=made.key, certificate=made.certificate, parent=self, trustme=None)


class Today(World):
    """
    A life on one day, as the catalogue's cases see it; what its CAs issue begins that day and lasts `span`.

    Other CAs are those of the file that stand where the world has one (another
    root in the store, another intermediate below it); where there is none, one
    is made, and a root that was made is in every store.
    """

    def __init__(self, life: Life, day: datetime, span: timedelta) -> None:
        super().__init__(life.timeline.host, now=day, life=span, not_before=LONG_AGO, not_after=FAR_AHEAD)
        self._life = life
        anchor = [one for one in life.store(day, day) if seen(one.certificate) in life.path(day)[-1:]]
        self.root, self.issuing = self._dated([*anchor, life.issuer.root][0]), self._dated(life.issuer)
        self.genuine, self.backup_key = life.eras[-1].credential, life.backup
        self.other_root = self._other("Other Public Root", None)
        self.cdn_root = self._other("CDN Public Root", None, self.other_root)
        self.store = life.store(day, day)

    def authority(self, name: str, **more: Any) -> IssuerToday:
        """A new CA, on this day."""
        return self._dated(super().authority(name, **more))

    def _dated(self, one: Authority) -> IssuerToday:
        return IssuerToday(one.name, one.key, one.certificate, one.parent, None, self.now, self.life, self._life.logs)

    def _other(self, name: str, under: Authority | None, *but: Authority) -> IssuerToday:
        """A CA below `under`, or a root of the store, with none of the keys of `but` and valid for long enough."""
        life = self._life
        known: Iterable[Authority] = life.store(self.now, self.now)
        if under:
            known = (one for one in life.every() if one.parent and one.parent.key is under.key)
        for one in known:
            dates = one.certificate.not_valid_before_utc, one.certificate.not_valid_after_utc
            another = all(one.key is not other.key for other in (self.root, self.issuing, *but))
            if another and dates[0] <= self.now and self.now + self.life <= dates[1]:
                return self._dated(one)
        life.made.append(self.authority(name, under=under))
        return self._dated(life.made[-1])

    @cached_property
    def sibling(self) -> Authority:
        """Another intermediate under the same root."""
        return self._other("Honest Issuing CA 2", self.root)

    @cached_property
    def other_issuing(self) -> Authority:
        """An intermediate under the other root."""
        return self._other("Other Issuing CA", self.other_root)

    @cached_property
    def cdn_issuing(self) -> Authority:
        """An intermediate under the third root."""
        return self._other("CDN Issuing CA", self.cdn_root)
