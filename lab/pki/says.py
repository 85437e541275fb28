"""
What a server says beside its certificate: headers, announcements of its next keys, a staple.

A meeting carries it, a service on the wire says it, a rehearsal reads it. No
socket here, and nobody who believes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from lab.observation import Successor
from lab.pki.admission import Admission
from lab.pki.authority import Credential, Key
from lab.pki.pins import pin_of
from lab.pki.revoke import staple

PKP = "Public-Key-Pins"
Stapled = Callable[[Credential, datetime], "bytes | None"]
"""What a server staples for a credential at a time; None where it has nothing."""


class Plain(StrEnum):
    """What stands at a port of plain HTTP, where a user's link leads there."""

    LINK = "a link to http"
    """The site leads on to https; an attacker does not, and has something else to show there."""
    ONLY = "a link to http, and nothing at https"


@dataclass(frozen=True)
class Says:
    """
    What a server says on every connection.

    `headers` go out as given, in that order, malformed or twice where you say
    so. `successors` are next keys that it holds and proves to hold, None for a
    server that knows nothing of announcements; with none in it, it takes earlier
    announcements back. `claims` are keys that it does not hold: it announces
    them as a liar would, under a signature by its own key. `staple` is an OCSP
    response, or what makes one for a credential and a time, sent to whoever asks
    for one: empty for a server that has none, and None where nothing is the matter
    with it. `page` is the body of ``/``. `admits` says whose requests it takes;
    anybody's, where None.
    """

    headers: tuple[tuple[str, str], ...] = ()
    successors: tuple[Key, ...] | None = field(default=None, repr=False)
    claims: tuple[CertificatePublicKeyTypes, ...] = field(default=(), repr=False)
    staple: bytes | Stapled | None = field(default=None, repr=False)
    page: str = ""
    admits: Admission | None = None

    @property
    def announces(self) -> bool:
        """Whether it has a page of announcements at all."""
        return self.successors is not None or bool(self.claims)

    def stapled(self, credential: Credential, time: datetime) -> bytes:
        """
        What goes out at `time` to whoever asks for a staple.

        Where nothing is the matter it is made for whoever asks, and says that the leaf is good: to whom an issuing CA
        gives a certificate it gives that word too, to an attacker as well. Who signed for himself has none, nor
        whoever signs with a root of his own, as a proxy does: it could sign that too, and none does.
        """
        if self.staple is not None:
            return self.staple if isinstance(self.staple, bytes) else self.staple(credential, time) or b""
        return staple(credential, time) if credential.issuer and credential.issuer.parent else b""

    def heard(self, *, relayed: bool = False) -> tuple[Successor, ...] | None:
        """What a client makes of the announcements: a claim is not proven, nor is a proof that somebody relayed."""
        if not self.announces:
            return None
        held = [Successor(pin_of(key.public_key()), not relayed) for key in self.successors or ()]
        return (*held, *(Successor(pin_of(key), False) for key in self.claims))


def pins_header(value: str) -> Says:
    """A server whose answers carry this Public-Key-Pins header; none where it is empty."""
    return Says(((PKP, value),) if value else ())


def announcing(*keys: Key, claims: Sequence[CertificatePublicKeyTypes] = ()) -> Says:
    """A server that announces these next keys and proves that it holds them."""
    return Says(successors=keys, claims=tuple(claims))


SILENT = Says()
"""A server that says nothing but its certificate."""
