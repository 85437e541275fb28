"""
What a CA with accounts is to whoever orders, whether it is Pebble or the lab's own.

An order goes by an account, which proves each name; what comes of it is the
chain that a server presents. Whoever may not have one meets `NotIssued`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from cryptography import x509
from cryptography.x509 import ReasonFlags

from lab.built.acme.premises import Premises
from lab.pki.authority import Authority, Key

Presented = tuple[x509.Certificate, ...]
"""What a server presents, leaf first, without the root."""


class Account(Protocol):
    """An account at a CA, as whoever holds its key can use it."""

    @property
    def uri(self) -> str:
        """Its address, by which CAA records call it (RFC 8657)."""

    def order(self, *hosts: str, key: Key, method: str = "http-01") -> Presented:
        """
        A new certificate for `hosts` and this key, each of them proved by `method`; 90 days where the CA says no other.

        Raises NotIssued, with the CA's reason, where it refuses.
        """

    def revoke(self, certificate: x509.Certificate, reason: ReasonFlags = ReasonFlags.unspecified) -> None:
        """Have a certificate of this account's revoked. Raises ValueError where the CA does not do so."""

    def renew_at(self, certificate: x509.Certificate) -> datetime | None:
        """When the CA would have it renewed (ARI, RFC 9773); None where it does not say."""


class AccountCa(Protocol):
    """A CA that issues to accounts. `premises` are the site that it looks at."""

    premises: Premises
    root: Authority
    issuing: Authority

    def account(self) -> Account:
        """A new account: anybody can have one."""

    def revoked(self, certificate: x509.Certificate) -> bool:
        """Whether it has taken the certificate back."""
