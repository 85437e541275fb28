"""
A world whose issuing CA issues to orders alone: the catalogue's scenes happen there as they are.

Whatever a scene has issued goes by an account: the owner's, somebody's own, or
the owner's in a thief's hands, as `lab.pki.caa.Asks` has it. So the renewals of
the catalogue are orders of a machine, and its mis-issued certificates are
orders of whoever stands in front of the server.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.built.acme.ca import Account, AccountCa
from lab.pki.authority import Authority, Credential, Key, new_key
from lab.pki.caa import Asks, Vetting
from lab.pki.world import HOST, World


@dataclass(frozen=True, eq=False)
class OrderedFrom(Authority):
    """A CA that is asked by ACME: `issue` is an order by the account of whoever asks, the owner where nobody says."""

    owner: Account | None = field(default=None, repr=False)
    stranger: Account | None = field(default=None, repr=False)

    def issue(self, *hosts: str, key: Key | None = None, algorithm: str = "ECDSA", **more: Any) -> Credential:
        """
        A credential for `hosts`, ordered and proved.

        Whoever holds the CA asks nobody: it is signed with its key. Raises
        NotIssued where the CA refuses, ValueError for what an order cannot say
        (dates, extensions, logs).
        """
        asks = self.vets.asks if isinstance(self.vets, Vetting) else Asks.OWNER
        if asks is Asks.THE_CA:
            return super().issue(*hosts, key=key, algorithm=algorithm, **more)
        if more:
            raise ValueError(f"an order cannot say {', '.join(more)}; leave it out, or use a world without accounts")
        account = self.stranger if asks is Asks.SECOND_ACCOUNT else self.owner
        assert account
        held = key or new_key(algorithm)
        return Credential(held, account.order(*hosts, key=held, method=asks.method), self)


def ordering(ca: AccountCa, host: str = HOST) -> World:
    """
    The usual world, in which this CA is the service's own; the other CAs are the lab's.

    The owner has the first account there, and somebody else the second. Nothing
    is ordered before it is used. It is an hour later there: a CA need not
    backdate, and what is ordered now shall be valid then.
    """
    world = World(host, now=datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1))
    held = vars(ca.issuing) | {"trustme": None, "logs": (), "vets": None}
    world.root, world.issuing = ca.root, OrderedFrom(**held, owner=ca.account(), stranger=ca.account())
    return world
