"""
The revocation lists that are out on a day, as somebody has them at hand who fetched them all that morning.

Each authority's own list names what was taken back and is its own. They are
signed when they are first asked for. Whoever has older ones, or misses one, is
not known here. No sockets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from lab.observation import Certificate, Status, Word
from lab.pki.authority import Authority, Credential
from lab.pki.crl import listed
from lab.pki.revocation import along, no_word
from lab.pki.revoke import Revoked, crl

Revocations = tuple[tuple[Authority, Revoked], ...]
"""Which authorities have taken back what."""


@dataclass(frozen=True, eq=False)
class Published:
    """
    The lists that all authorities above `credential` and in a client's `store` have made at `time`.

    Those that somebody `installed` there have none: a proxy's CA signs certificates and no lists.

    Called with a path, leaf first, and the client's clock it gives their word on it; it never raises.
    """

    credential: Credential
    store: tuple[Authority, ...] = field(repr=False)
    installed: tuple[Authority, ...] = field(repr=False)
    revoked: Revocations
    time: datetime

    @cached_property
    def octets(self) -> tuple[bytes, ...]:
        """Every list in DER, one for each key."""
        above, at_home = self.credential.issuer, [one.key for one in self.installed]
        publish = (*(above.line() if above else ()), *self.store)
        each = {one.key: one for one in publish if one.key not in at_home}
        return tuple(
            crl(one, (gone for by, gone in self.revoked if by.key is key), self.time) for key, one in each.items()
        )

    def __call__(self, path: Sequence[Certificate], time: datetime) -> Word:
        """What the lists say of a path: revoked where one below the anchor is, good where all are on none."""
        return along(path, lambda one, issuer: self._word(one, issuer, time))

    def _word(self, certificate: Certificate, issuer: Certificate, time: datetime) -> Word:
        words = (listed(octets, certificate, issuer, time) for octets in self.octets)
        return next((one for one in words if one.status is not Status.NO_WORD), no_word(f"no list of {issuer.name}"))
