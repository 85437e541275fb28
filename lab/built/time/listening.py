"""
What a client of a timeline hears of others than the server, at any time: answers, lists, updates, signed records.

It puts that into the client's meetings and names the times at which it
changes. Who is on the genuine line leaves the way open. It makes no connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from lab.built.time.language import FAR_AHEAD, SECOND, Installation
from lab.built.time.life import Life
from lab.observation import Evidence, Line
from lab.pki.authority import Credential
from lab.pki.elsewhere import Elsewhere, Gone, cut, late, published, taken_back
from lab.pki.inclusion import proof
from lab.pki.says import SILENT, Says
from lab.pki.told import Passage, Tidings
from lab.policy.check import Policy, needs
from lab.policy.clients import client as named
from lab.scenes.catalogue import Meeting


class Listening:
    """The ears of one client: `policy` is what it makes of what it hears, empty for a client that has none."""

    def __init__(self, client: Installation, life: Life) -> None:
        self.client, self.life = client, life
        self.policy: Policy = named(client.channel).policy if client.channel else ()
        self._wants = needs(self.policy)
        self._gone: list[Gone] = []
        for one in life.revoked.values():
            self._gone += taken_back(one.credential, one.since(client.lag))
        self._said: dict[tuple[object, ...], Says] = {}

    def last(self, credential: Credential) -> datetime:
        """When the last good word is made on a credential: just before it is revoked, or its key no longer named."""
        if Evidence.RECORDS in self._wants:
            eras = [era for era in self.life.eras if era.credential.key is credential.key]
            after = [era.start for era in self.life.eras if eras and era.start > eras[-1].start]
        else:
            after = [one.since for _, one in self._gone if one.serial == credential.leaf.serial_number]
        return min(after, default=FAR_AHEAD) - SECOND

    def moments(self) -> Iterator[datetime]:
        """The times at which this client hears something else than before."""
        for credential in self.life.credentials() if self._wants else ():
            yield from self.client.pace.moments(self.last(credential))

    def met(self, meeting: Meeting, time: datetime) -> Meeting:
        """The same meeting, which is at `time` whatever the client's clock says, with what is to be heard then."""
        if not self._wants:
            return meeting
        way, shift = self.client.way if meeting.line is Line.ATTACKER else Passage.OPEN, meeting.time - time
        told = Tidings(self._gone, self.last(meeting.credential), self.client.pace)
        answers = late(told.answers(way), shift)
        if Evidence.STAPLE in self._wants:
            key, says = (meeting.credential, id(meeting.says), meeting.line, shift), meeting.says or SILENT
            meeting = replace(meeting, says=self._said.setdefault(key, replace(says, staple=answers)))
        pushed = told.pushed(self.life.logs, time, way) if Evidence.PUSHED in self._wants else None
        if pushed and self.client.pushed_revocation:  # nobody asks for the date of that one
            pushed = replace(pushed, made=min(pushed.made, meeting.time))
        elsewhere = Elsewhere(
            answers=answers,
            lists=late(told.lists(way), shift),
            pushed=pushed,
            records=late(told.handed(self._records, way), shift),
            proofs=cut if way is Passage.CUT else proof,
        )
        return replace(meeting, elsewhere=elsewhere)

    def _records(self, host: str, time: datetime) -> bytes | None:
        """What the owner publishes: the key that is in use, and the next one in time before it is."""
        now = self.life.era(max(time, self.life.timeline.start))
        following = next((era for era in self.life.eras if era.start > now.start), now)
        return published(now.credential, following.credential, life=self.client.pace.life)(host, time)
