"""
Where evidence comes from in a meeting: a responder on loopback for what is fetched, the meeting itself for the rest.

A rehearsal takes the same octets from the meeting, without a socket. What they
are worth is said by whoever reads them.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from lab.observation import Certificate, Evidence
from lab.pki.evidence import Gather, gathered
from lab.pki.says import SILENT
from lab.scenes.catalogue import Meeting
from lab.wire.responder import Responder, fetch


def handed(meeting: Meeting, path: str) -> bytes | None:
    """What is handed out in this meeting under ``kind/fingerprint``. Raises ValueError where there is nothing."""
    kind, _, fingerprint = path.partition("/")
    return meeting.elsewhere.handed(Evidence(kind), fingerprint, meeting.credential, meeting.time)


class Sources:
    """Whom clients ask beside the server, for as long as a ground stands; they stand up when the first one asks."""

    def __init__(self) -> None:
        self.responder: Responder | None = None

    def of(self, meeting: Meeting, wants: Collection[Evidence]) -> Gather | None:
        """How a client that wants these gathers them in this meeting; None where it wants none."""
        if not wants:
            return None
        self.responder = self.responder or Responder(partial(handed, meeting))
        self.responder.get = partial(handed, meeting)
        ask, elsewhere = partial(fetch, self.responder.address), meeting.elsewhere.known(meeting.store)
        return lambda seen, staple: gathered(wants, seen, staple, elsewhere, ask)

    def stop(self) -> None:
        """Nobody answers any more. Calling it twice is fine."""
        if self.responder:
            self.responder.stop()


def foretold(meeting: Meeting, wants: Collection[Evidence]) -> Gather:
    """The same for a rehearsal: nobody is asked, and what would be handed out is read off the meeting."""

    def ask(kind: Evidence, certificate: Certificate) -> bytes:
        octets = handed(meeting, f"{kind}/{certificate.fingerprint}")
        if octets is None:
            raise OSError("whoever was asked broke off")
        return octets

    staple = (meeting.says or SILENT).stapled(meeting.credential, meeting.time)
    elsewhere = meeting.elsewhere.known(meeting.store)
    return lambda seen, _: gathered(wants, seen, staple, elsewhere, ask)
