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
from functools import lru_cache
from typing import TypeVar

from lab.observation import Evidence
from lab.pki.authority import Authority, Credential
from lab.pki.names import dns_name
from lab.pki.pins import fingerprint_of, seen
from lab.pki.public import known
from lab.pki.pushed import PushedList
from lab.pki.revoke import crl, staple
from lab.pki.sct import ListedLog

About = TypeVar("About")
Handed = Callable[[Credential, datetime], bytes | None]
"""What is handed out at a time about the leaf of a credential, whose issuer has a name; None where the way is cut."""


def _list(credential: Credential, time: datetime) -> bytes:
    assert credential.issuer
    return crl(credential.issuer, (), time)


def cut(about: Credential | str, time: datetime) -> None:
    """Nothing comes: the connection ends before an answer."""


Records = Callable[[str, datetime], bytes | None]
"""What DNS says at a time of the keys of a host, signed or not; None where the way is cut."""


def published(*credentials: Credential) -> Records:
    """The owner of these publishes in time, and signs, which key the host has: that of each that answers for it."""

    @lru_cache(maxsize=8)
    def records(host: str, time: datetime) -> bytes:
        from lab.pki.dane import site_zone, tlsa  # 50 ms, which only clients that ask for records pay

        named = dict.fromkeys(tlsa(one.leaf) for one in credentials if dns_name(host) in seen(one.leaf).hosts)
        return site_zone(host).says(host, tuple(named), time)

    return records


def unsigned(records: Records) -> Records:
    """The same by way of a resolver that knows no DNSSEC; and as somebody forges them who cannot sign."""

    def passed_on(host: str, time: datetime) -> bytes | None:
        from lab.pki.dane import stripped

        octets = records(host, time)
        return octets and stripped(octets)

    return passed_on


@dataclass(frozen=True)
class Elsewhere:
    """
    What is to be had in one meeting, honest where nothing is said: made for whoever asks, and nothing is revoked.

    `answers` are OCSP responses, `lists` revocation lists, asked for each
    certificate of a path, as the leaf of a credential that its issuer gave.
    `pushed` is the list that came with the client's last update, None for one
    that has none. `records` are what DNS says of the service's keys, None for
    what its owner publishes, where a scene knows the owner. `logs` are those that
    the client knows, None for those of its store.
    """

    answers: Handed = staple
    lists: Handed = _list
    pushed: PushedList | None = None
    records: Records | None = None
    logs: tuple[ListedLog, ...] | None = field(default=None, repr=False)

    def known(self, store: Iterable[Authority]) -> Elsewhere:
        """The same for a client with this store, whose list of logs comes with it."""
        return self if self.logs is not None else replace(self, logs=known(store))

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


def late(handed: Callable[[About, datetime], bytes | None], by: timedelta) -> Callable[[About, datetime], bytes | None]:
    """The same as it was that long ago: a list that is late, the last good answer replayed, or one out of a cache."""
    return lambda about, time: handed(about, time - by)
