"""
How a service knows its clients: by certificates of its own client CA, or by a key that it shares with each.

Both are the server's to ask for and to judge; a client that was given one shows
it to whoever it talks to. No sockets here: how they are shown and checked on a
connection is in `lab.wire.binding`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

from lab.observation import Proof
from lab.pki.authority import Authority, Credential, authority

LIFE = timedelta(days=30)
"""How long a client's certificate lasts."""


@dataclass(frozen=True, eq=False)
class Card:
    """What a client was given when it was enrolled, of which it shows `shows`; the service knows the `key` too."""

    credential: Credential
    key: bytes = field(repr=False)
    shows: frozenset[Proof] = frozenset()


@dataclass(frozen=True, eq=False)
class Admission:
    """
    A service that takes a request only from a client that shows one of `wants`.

    It believes certificates that `issuer` signed and that hold at `time`, and
    tokens made with `key`. `card` is what its clients were given once; they have
    it still when the service has another issuer and another key.
    """

    issuer: Authority
    time: datetime
    card: Card
    key: bytes = field(repr=False)
    wants: frozenset[Proof] = frozenset(Proof)

    @classmethod
    def begun(cls, time: datetime, *wants: Proof) -> Self:
        """A service that begins to know its clients at `time`; certificates of theirs last 30 days."""
        issuer, key = authority("Bank's Client CA", now=time), secrets.token_bytes(32)
        card = Card(issuer.issue("client.bank.example", not_after=time + LIFE), key)
        return cls(issuer, time, card, key, frozenset(wants or Proof))

    def on(self, time: datetime) -> Self:
        """The same on another day."""
        return replace(self, time=time)

    def forgetful(self, time: datetime) -> Self:
        """The same when it has lost what it knew, and begun anew: its clients hold what they held."""
        return replace(type(self).begun(time, *self.wants), card=self.card)

    def given(self, shows: frozenset[Proof]) -> Card:
        """What a client has in hand that shows these."""
        return replace(self.card, shows=shows)

    def takes(self, shows: frozenset[Proof]) -> bool:
        """Whether it takes the request of a client that shows these, on a line of its own: the rule, no socket."""
        leaf, issuer = self.card.credential.leaf, self.card.credential.issuer
        dated = leaf.not_valid_before_utc <= self.time <= leaf.not_valid_after_utc
        good = {Proof.CERTIFICATE: dated and issuer is self.issuer, Proof.TOKEN: self.key == self.card.key}
        shown = [good[proof] for proof in self.wants & shows]
        return bool(shown) and all(shown)
