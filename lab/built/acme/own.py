"""
The lab's own CA with accounts: what stands in where Pebble is not installed, and does what Pebble never does.

It asks the zone for CAA records and holds them against the account and the
proof (RFC 8657). It speaks no ACME: what an order is, it is told by a call. The
proofs are looked up over loopback, as a CA looks them up.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import dns.exception
import dns.message
import dns.query
import h11
from cryptography import x509
from cryptography.x509 import ReasonFlags

from lab.built.acme.ca import Presented
from lab.built.acme.premises import WELL_KNOWN, Premises, proof, unpadded
from lab.pki.authority import Key, new_key
from lab.pki.caa import NotIssued, ca_domain, forbids, upwards
from lab.pki.world import World
from lab.wire.http import Request, Wire
from lab.wire.listener import HOME, dial
from lab.wire.responder import WAIT


class OwnCa:
    """A world's issuing CA, with accounts. `asks_caa` is False for one that does as Pebble does."""

    def __init__(self, premises: Premises, world: World | None = None, *, asks_caa: bool = True) -> None:
        made = world or World()
        self.premises, self.asks_caa = premises, asks_caa
        self.root, self.issuing = made.root, made.issuing
        self.domain = ca_domain(self.issuing)
        self.taken_back: dict[int, ReasonFlags] = {}
        self.patience = WAIT  # seconds that the zone has for an answer
        self._accounts = 0

    def account(self) -> OwnAccount:
        """A new account: anybody can have one."""
        self._accounts += 1
        return OwnAccount(self, f"https://{self.domain}/account/{self._accounts}")

    def revoked(self, certificate: x509.Certificate) -> bool:
        """Whether it has taken the certificate back."""
        return certificate.serial_number in self.taken_back

    def asked(self, kind: str, name: str) -> Iterator[str]:
        """What the zone says of a name, as a zone file has it. Raises NotIssued where it says nothing in time."""
        try:
            query: Any = dns.message.make_query(name, kind)
            answer: Any = dns.query.udp(query, HOME, timeout=self.patience, port=self.premises.zone.port)
        except (OSError, dns.exception.DNSException) as problem:  # a CA that cannot ask does not issue (RFC 8659, 6)
            raise NotIssued(f"the zone does not answer for {kind} of {name}: {problem}") from None
        return (record.to_text() for found in answer.answer for record in found)

    def sees(self, method: str, host: str, token: str, authorization: str) -> bool:
        """Whether the proof of this key authorization stands where it should."""
        if method == "dns-01":
            return f'"{proof(authorization)}"' in self.asked("TXT", f"_acme-challenge.{host.removeprefix('*.')}")
        try:
            with closing(dial(self.premises.web.address, WAIT)) as raw:
                wire = Wire(raw, h11.CLIENT)
                wire.ask(Request("GET", f"/{WELL_KNOWN}{token}", [(b"host", host.encode("idna"))]))
                answer = wire.next_answer()
        except (OSError, h11.ProtocolError):
            return False
        return answer.fine and answer.text.strip() == authorization

    def forbids(self, account: OwnAccount, host: str, method: str) -> str:
        """Why the zone's CAA records do not let it issue, in a sentence; empty where they do, or it does not ask."""
        names = upwards(host.removeprefix("*.")) if self.asks_caa else ()
        records = {name: [*self.asked("CAA", name)] for name in names}
        return forbids(records, self.domain, account.uri, host, method=method)


@dataclass(frozen=True, eq=False)
class OwnAccount:
    """An account at the lab's own CA."""

    ca: OwnCa
    uri: str
    key: Key = field(default_factory=new_key, repr=False)
    issued: set[int] = field(default_factory=set)

    @property
    def thumbprint(self) -> str:
        """Of the account's key (RFC 7638)."""
        numbers: Any = self.key.public_key().public_numbers()  # type: ignore[union-attr]
        x, y = (unpadded(one.to_bytes(32)) for one in (numbers.x, numbers.y))
        said = json.dumps({"crv": "P-256", "kty": "EC", "x": x, "y": y}, separators=(",", ":"))
        return unpadded(hashlib.sha256(said.encode()).digest())

    def order(self, *hosts: str, key: Key, method: str = "http-01") -> Presented:
        """As any account's; see `Account`."""
        for host in hosts:
            token = secrets.token_urlsafe(16)
            authorization = f"{token}.{self.thumbprint}"
            with self.ca.premises.shows(method, host, token, authorization):
                seen = self.ca.sees(method, host, token, authorization)
            why = "" if seen else f"{host} was not proved by {method}"
            if why := why or self.ca.forbids(self, host, method):
                raise NotIssued(f"{self.ca.issuing.name} issues nothing for {host} to {self.uri}: {why}")
        made = self.ca.issuing.issue(*hosts, key=key)
        self.issued.add(made.leaf.serial_number)
        return made.chain

    def revoke(self, certificate: x509.Certificate, reason: ReasonFlags = ReasonFlags.unspecified) -> None:
        """As any account's; see `Account`."""
        if certificate.serial_number not in self.issued:
            raise ValueError(f"{self.uri} has no such certificate; whoever ordered it can have it revoked")
        self.ca.taken_back[certificate.serial_number] = reason

    def renew_at(self, certificate: x509.Certificate) -> datetime | None:
        """It says nothing of when to renew."""
        return None
