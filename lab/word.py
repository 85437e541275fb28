"""
The owner's word, as plain values: what somebody says of a certificate beside its path, and how it came.

Who may say it, and until when it holds, was asked by whoever put the word here;
what to do where there is none is the client's to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lab.counting import Stamp


class Evidence(StrEnum):
    """What may come with a certificate and speak for it or against it; a client that wants some asks for it."""

    STAPLE = "staple"
    """An OCSP response that the server sends along (RFC 6066 section 8)."""
    ANSWER = "answer"
    """The same, fetched from the issuer's responder."""
    LIST = "list"
    """The issuer's revocation list, fetched."""
    PUSHED = "pushed list"
    """What is revoked anywhere, as it came with an update."""
    SCTS = "SCTs"
    """What logs have signed, in the certificate."""
    INCLUSION = "proof of inclusion"
    """That a log has the certificate, in a tree that a witness has seen, fetched."""
    RECORDS = "records"
    """What DNS says of the service's keys, signed."""


@dataclass(frozen=True, slots=True)
class Piece:
    """
    One piece of evidence that was asked for: what came, or in words why there is nothing to go by.

    `value` is None where nothing came, or where what came cannot be read. Nothing but `word`,
    which wants a path, says that it is signed by the right one, fresh, or about this certificate.
    `above` are the words on the CAs between leaf and anchor, `stamps` what logs have signed, verified.
    `octets` is how many came for it, those about the CAs above and those of no use counted in.
    `promised` says that by the certificate itself some always comes (RFC 7633, must-staple).
    """

    value: bytes | None = None
    trouble: str = ""
    word: Word | None = None
    above: tuple[Word, ...] = ()
    stamps: tuple[Stamp, ...] = ()
    octets: int = 0
    promised: bool = False


class Doubt(StrEnum):
    """What speaks against an answer: a question that somebody asked, and that a careless client leaves out."""

    SIGNER = "who signed it"
    SERIAL = "which certificate it is about"
    ISSUER = "whose certificate it is about"
    TIME = "when it holds"
    CONTENT = "what else is in it"


class Status(StrEnum):
    """What a channel says of a certificate, for whoever may say it there."""

    GOOD = "good"
    REVOKED = "revoked"
    DISOWNED = "not named"
    """The owner named keys, and this is none of them."""
    ABSENT = "no record"
    """The owner says that they name none."""
    NO_WORD = "no word"
    """Nothing came, or nothing that may be believed here and now; what that means is the client's to say."""


@dataclass(frozen=True, slots=True)
class Word:
    """
    The owner's word on one certificate, once it was verified, and in words why it is this one.

    `since` is when a revoked one was revoked, `until` the first moment at which a good word holds no
    longer. Where `doubts` spoke against an answer, `claim` is what it says to whoever asks none of them.
    """

    status: Status
    why: str
    since: datetime | None = None
    until: datetime | None = None
    doubts: frozenset[Doubt] = frozenset()
    claim: Word | None = None
