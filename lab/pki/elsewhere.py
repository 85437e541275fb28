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

from cryptography import x509

from lab.observation import Certificate, Evidence
from lab.pki.authority import Authority, Credential
from lab.pki.head import ListedWitness
from lab.pki.inclusion import proof, witnesses
from lab.pki.names import dns_name
from lab.pki.pins import seen
from lab.pki.public import known
from lab.pki.pushed import INTERVAL, PushedList
from lab.pki.reading import parsed
from lab.pki.revocation import found
from lab.pki.revoke import LIFE, Revoked, crl, part_at, respond
from lab.pki.sct import ListedLog

About = TypeVar("About")
Had = Callable[[About, datetime], bytes | None]
"""What somebody has at a time about something; None where nothing came."""
Handed = Had[Credential]
"""What is handed out at a time about the leaf of a credential, whose issuer has a name; None where the way is cut."""
Open = Callable[[Credential, datetime], bytes]
"""The same, by a way that is open."""
Gone = tuple[Authority, Revoked]
"""What an authority has taken back; until then it answers that all is well."""


def taken_back(
    credential: Credential, since: datetime, reason: x509.ReasonFlags = x509.ReasonFlags.key_compromise
) -> tuple[Gone, ...]:
    """That its issuer takes a credential's certificate back, from then on; nothing where it has no issuer."""
    issuer = credential.issuer
    return ((issuer, Revoked(credential.leaf.serial_number, since, reason)),) if issuer else ()


def answering(*gone: Gone, life: timedelta = LIFE) -> Open:
    """Responders that know what has been taken back by when they are asked, and whose answers hold for `life`."""

    def answer(credential: Credential, time: datetime) -> bytes:
        here = {one.serial: one for one in _by(credential, gone, time)}
        return respond(credential, time, revoked=here.get(credential.leaf.serial_number), life=life)

    return answer


def listing(*gone: Gone, life: timedelta = LIFE) -> Open:
    """Lists for `life` of all that is taken back by when they are made; the part that the certificate names, if any."""

    def make(credential: Credential, time: datetime) -> bytes:
        assert credential.issuer
        url = part_of(credential.leaf)
        part = part_at(url) if url else None
        return crl(credential.issuer, _by(credential, gone, time), time, life=life, part=part)

    return make


ANSWERS, LISTS = answering(), listing()
"""Of authorities that have taken nothing back."""


def _by(credential: Credential, gone: Iterable[Gone], time: datetime) -> list[Revoked]:
    """What the issuer of a credential has taken back by this time."""
    issuer = credential.issuer
    return [one for by, one in gone if issuer and by.key is issuer.key and one.since <= time]


def cut(about: Credential | str, time: datetime) -> None:
    """Nothing comes: the connection ends before an answer."""


Records = Had[str]
"""What DNS says at a time of the keys of a host, signed or not; None where the way is cut."""


def published(*credentials: Credential, life: timedelta = LIFE) -> Records:
    """The owner of these publishes in time, signed for `life`, which key the host has: of each that answers for it."""

    @lru_cache(maxsize=8)
    def records(host: str, time: datetime) -> bytes:
        from lab.pki.dane import site_zone, tlsa  # 50 ms, which only clients that ask for records pay

        named = dict.fromkeys(tlsa(one.leaf) for one in credentials if dns_name(host) in seen(one.leaf).hosts)
        return site_zone(host).says(host, tuple(named), time, life=life)

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
    `pushed` is the list that came with the client's last update; None for one
    by which nothing is revoked, and that covers what the `logs` had then.
    `records` are what DNS says of the service's keys, None for what its owner
    publishes, where a scene knows the owner. `proofs` are those of inclusion of a
    leaf. `logs` and `witnesses` are those that the client knows, None for those of
    its store.
    """

    answers: Handed = ANSWERS
    lists: Handed = LISTS
    pushed: PushedList | None = None
    records: Records | None = None
    proofs: Handed = proof
    logs: tuple[ListedLog, ...] | None = field(default=None, repr=False)
    witnesses: tuple[ListedWitness, ...] | None = field(default=None, repr=False)

    def known(self, store: Iterable[Authority]) -> Elsewhere:
        """The same for a client with this store, whose lists of logs and witnesses come with it."""
        logs = known(store) if self.logs is None else self.logs
        return replace(self, logs=logs, witnesses=witnesses(store) if self.witnesses is None else self.witnesses)

    def every_list(self, credential: Credential, time: datetime, public: Iterable[Authority] = ()) -> list[bytes]:
        """The lists of all that stand above a credential, for whoever fetched them all; without those that are cut."""
        every = (*_line(credential), *_beside(credential, public))
        return [octets for one in every if (octets := self.lists(one, time))]

    def handed(
        self, kind: Evidence, name: str, credential: Credential, time: datetime, public: Iterable[Authority] = ()
    ) -> bytes | None:
        """
        The octets of that kind under a name, as `asked_for` gives it, of the credential's line; None where it is cut.

        What is sent beside that line was issued by a CA of the `public` store, if by anybody who answers.
        Raises ValueError where nobody answers for it: it is of another line, signed for itself, or stands under a
        root of somebody's own, who could sign that too, and never does.
        """
        kinds = {Evidence.ANSWER: self.answers, Evidence.LIST: self.lists, Evidence.INCLUSION: self.proofs}
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


def late(handed: Had[About], by: timedelta) -> Had[About]:
    """The same as it was that long ago: a list that is late, the last good answer replayed, or one out of a cache."""
    return lambda about, time: handed(about, time - by)
