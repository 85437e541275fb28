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

from cryptography import x509

from lab.observation import Certificate, Evidence
from lab.pki.authority import Authority, Credential
from lab.pki.pins import seen
from lab.pki.public import known
from lab.pki.pushed import INTERVAL, PushedList
from lab.pki.reading import parsed
from lab.pki.revocation import found
from lab.pki.revoke import LIFE, Revoked, crl, part_at, respond
from lab.pki.sct import ListedLog

Handed = Callable[[Credential, datetime], bytes | None]
"""What is handed out at a time about the leaf of a credential, whose issuer has a name; None where the way is cut."""
Open = Callable[[Credential, datetime], bytes]
"""The same, by a way that is open."""
Gone = tuple[Authority, Revoked]
"""What an authority has taken back; until then it answers that all is well."""


def answering(*gone: Gone) -> Open:
    """Responders that know what has been taken back by when they are asked."""

    def answer(credential: Credential, time: datetime) -> bytes:
        here = {one.serial: one for one in _by(credential, gone, time)}
        return respond(credential, time, revoked=here.get(credential.leaf.serial_number))

    return answer


def listing(*gone: Gone) -> Open:
    """Lists of all that has been taken back by when they are made; the part that the certificate names, if it does."""

    def make(credential: Credential, time: datetime) -> bytes:
        assert credential.issuer
        part = part_of(credential.leaf)
        return crl(credential.issuer, _by(credential, gone, time), time, part=part_at(part) if part else None)

    return make


ANSWERS, LISTS = answering(), listing()
"""Of authorities that have taken nothing back."""


def _by(credential: Credential, gone: Iterable[Gone], time: datetime) -> list[Revoked]:
    """What the issuer of a credential has taken back by this time."""
    issuer = credential.issuer
    return [one for by, one in gone if issuer and by.key is issuer.key and one.since <= time]


def cut(credential: Credential, time: datetime) -> None:
    """Nothing comes: the connection ends before an answer."""


@dataclass(frozen=True)
class Elsewhere:
    """
    What is to be had in one meeting, honest where nothing is said: made for whoever asks, and nothing is revoked.

    `answers` are OCSP responses, `lists` revocation lists, asked for each
    certificate of a path, as the leaf of a credential that its issuer gave.
    `pushed` is the list that came with the client's last update; None for one
    by which nothing is revoked, and that covers what the `logs` had then.
    `records` are what DNS says of the service's keys, None where that way is
    cut. `logs` are those that the client knows, None for those of its store.
    """

    answers: Handed = ANSWERS
    lists: Handed = LISTS
    pushed: PushedList | None = None
    records: bytes | None = None
    logs: tuple[ListedLog, ...] | None = field(default=None, repr=False)

    def known(self, store: Iterable[Authority]) -> Elsewhere:
        """The same for a client with this store, whose list of logs comes with it."""
        return self if self.logs is not None else replace(self, logs=known(store))

    def handed(
        self, kind: Evidence, name: str, credential: Credential, time: datetime, public: Iterable[Authority] = ()
    ) -> bytes | None:
        """
        The octets of that kind under a name, as `asked_for` gives it, of the credential's line; None where it is cut.

        What is sent beside that line was issued by a CA of the `public` store, if by anybody who answers.
        Raises ValueError where nobody answers for it: it is of another line, signed for itself, or stands under a
        root of somebody's own, who could sign that too, and never does.
        """
        kinds = {Evidence.ANSWER: self.answers, Evidence.LIST: self.lists}
        for one in (*_line(credential), *_beside(credential, public)):
            if kind in kinds and asked_for(kind, seen(one.leaf)) == name:
                return kinds[kind](one, time)
        raise ValueError(f"nobody answers for {name} here; ask whoever issued it")

    def update(self, time: datetime, lag: timedelta = INTERVAL) -> PushedList:
        """What came with the client's last update, a `lag` ago where the meeting says nothing of it."""
        if self.pushed:
            return self.pushed
        made = time - lag
        return PushedList((), made, made + LIFE, {one.name: made for one in self.logs or ()})


def asked_for(kind: Evidence, certificate: Certificate) -> str:
    """
    What a request for evidence on a certificate names, and so betrays.

    For an answer it is the certificate; for a list only whose it is, as all
    certificates of one CA, or of one part, name the same list. Raises one of `UNREADABLE`.
    """
    if kind is not Evidence.LIST:
        return certificate.fingerprint
    return part_of(parsed(certificate.der)) or certificate.issuer_key_id


def part_of(certificate: x509.Certificate) -> str:
    """Where a certificate says that its list stands, or its part of the list; empty where it does not."""
    points = found(certificate, x509.CRLDistributionPoints) or ()
    return next((str(name.value) for one in points for name in one.full_name or ()), "")


def _line(credential: Credential) -> list[Credential]:
    """The leaf, and each CA between it and its root, as credentials of their own; none under a root of one's own."""
    if not (credential.issuer and credential.issuer.parent):
        return []
    above = [one for one in credential.issuer.line() if one.parent]
    return [credential, *(Credential(one.key, (one.certificate,), one.parent) for one in above)]


def _beside(credential: Credential, public: Iterable[Authority]) -> list[Credential]:
    """Certificates that are sent and were issued by a public root: cross-signs, whose issuer the line does not name."""
    roots = {seen(one.certificate).key_id: one for one in public}
    sent = ((one, roots.get(seen(one).issuer_key_id)) for one in credential.chain[1:])
    return [Credential(credential.key, (one,), issuer) for one, issuer in sent if issuer]


HONEST = Elsewhere()
"""Everybody answers, and nothing is revoked."""


def late(handed: Handed, by: timedelta) -> Handed:
    """The same as it was that long ago: a list that is late, or the last good answer replayed."""
    return lambda credential, time: handed(credential, time - by)
