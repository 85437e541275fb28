"""
What a client finds elsewhere than at the server: a responder's answer, revocation lists, an update, signed records.

It belongs to a meeting, since whoever is on the line may cut the way there, or
hand out what was true last week. Octets only: who asks, and what is believed,
others know. No sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lab.observation import Evidence
from lab.pki.authority import Authority, Credential
from lab.pki.pins import fingerprint_of
from lab.pki.public import known
from lab.pki.pushed import PushedList
from lab.pki.revoke import crl, staple
from lab.pki.sct import ListedLog

Handed = Callable[[Credential, datetime], bytes | None]
"""What is handed out at a time about the leaf of a credential, whose issuer has a name; None where the way is cut."""


def _list(credential: Credential, time: datetime) -> bytes:
    assert credential.issuer
    return crl(credential.issuer, (), time)


def cut(credential: Credential, time: datetime) -> None:
    """Nothing comes: the connection ends before an answer."""


@dataclass(frozen=True)
class Elsewhere:
    """
    What is to be had in one meeting, honest where nothing is said: made for whoever asks, and nothing is revoked.

    `answers` are OCSP responses, `lists` revocation lists, asked for each
    certificate of a path, as the leaf of a credential that its issuer gave.
    `pushed` is the list that came with the client's last update, None for one
    that has none. `records` are what DNS says of the service's keys, None where
    that way is cut. `logs` are those that the client knows, None for those of its store.
    """

    answers: Handed = staple
    lists: Handed = _list
    pushed: PushedList | None = None
    records: bytes | None = None
    logs: tuple[ListedLog, ...] | None = field(default=None, repr=False)

    def known(self, store: Iterable[Authority]) -> Elsewhere:
        """The same for a client with this store, whose list of logs comes with it."""
        return self if self.logs is not None else replace(self, logs=known(store))

    def every_list(self, credential: Credential, time: datetime) -> list[bytes]:
        """The lists of all that stand above a credential, for whoever fetched them all; without those that are cut."""
        return [octets for one in _line(credential) if (octets := self.lists(one, time))]

    def handed(self, kind: Evidence, fingerprint: str, credential: Credential, time: datetime) -> bytes | None:
        """
        The octets of that kind about one certificate of the credential's line; None where the way is cut.

        Raises ValueError where nobody answers for it: it is of another line, signed for itself, or stands under a
        root of somebody's own, who could sign that too, and never does.
        """
        kinds = {Evidence.ANSWER: self.answers, Evidence.LIST: self.lists}
        for one in _line(credential):
            if kind in kinds and fingerprint_of(one.leaf) == fingerprint:
                return kinds[kind](one, time)
        raise ValueError(f"nobody answers for {fingerprint} here; ask whoever issued it")


def _line(credential: Credential) -> list[Credential]:
    """The leaf, and each CA between it and its root, as credentials of their own; none under a root of one's own."""
    if not (credential.issuer and credential.issuer.parent):
        return []
    above = [one for one in credential.issuer.line() if one.parent]
    return [credential, *(Credential(one.key, (one.certificate,), one.parent) for one in above)]


HONEST = Elsewhere()
"""Everybody answers, and nothing is revoked."""


def late(handed: Handed, by: timedelta) -> Handed:
    """The same as it was that long ago: a list that is late, or the last good answer replayed."""
    return lambda credential, time: handed(credential, time - by)
