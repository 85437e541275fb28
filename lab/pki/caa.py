"""
What is asked before a certificate is issued: CAA records (RFC 8659) with accounts (RFC 8657), and name constraints.

A CA that asks refuses whoever may not have one, so that an attack's chain
never comes to be. It hears what DNS told it; whoever can change that, or holds
the CA, is not stopped here. No sockets, and no client ever looks at any of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from lab.pki.authority import Authority, authority
from lab.pki.names import dns_name, is_address
from lab.pki.world import World

Published = Mapping[str, Sequence[str]]
"""The CAA records of each domain that has some, as a zone file has them: ``0 issue "honest-root.example"``."""

CRITICAL = 128
KNOWN = frozenset({"issue", "issuewild", "iodef", "contactemail", "contactphone"})
"""The tags that are understood here; a critical one of any other forbids."""

_DOMAIN = r"[a-z0-9]+(?:-+[a-z0-9]+)*"
_VALUE = re.compile(rf"[ \t]*(?P<ca>{_DOMAIN}(?:\.{_DOMAIN})*)?[ \t]*(?:;(?P<more>.*))?", re.IGNORECASE)
_PARAMETER = re.compile(r"[ \t]*([a-z0-9]+(?:-+[a-z0-9]+)*)[ \t]*=[ \t]*([\x21-\x3a\x3c-\x7e]*)[ \t]*", re.IGNORECASE)


class NotIssued(ValueError):
    """A CA has refused to issue, and this is why; the chain never came to be."""


class Asks(StrEnum):
    """Who orders a certificate, and what the CA sees of that."""

    OWNER = "the owner"
    """From the owner's account; proves the domain by DNS."""
    SECOND_ACCOUNT = "somebody with an account of their own"
    """Stands in front of the server, and so proves the domain by HTTP."""
    STOLEN_ACCOUNT = "somebody with the owner's account"
    """The same, and has the key of the owner's account."""
    THE_CA = "whoever holds the CA"
    """Issues with its key, and asks nobody."""

    @property
    def method(self) -> str:
        """How the domain is proved, by the name that RFC 8657 uses."""
        return "dns-01" if self is Asks.OWNER else "http-01"

    def account(self, ca: str) -> str:
        """The address of the account at that CA."""
        return f"https://{ca}/account/{2 if self is Asks.SECOND_ACCOUNT else 1}"


def ca_domain(of: Authority) -> str:
    """The domain by which CAA records call a CA: one for each root, whichever of its intermediates issues."""
    return re.sub(r"[^a-z0-9]+", "-", of.root.name.lower()).strip("-") + ".example"


# ---- what the records say --------------------------------------------------------------------------


def forbids(records: Published, ca: str, account: str, host: str, *, method: str = "http-01") -> str:
    """
    Why the CA of that domain may not issue for `host` to this account, in one sentence; empty where it may.

    The records of the host count, or else of the nearest domain above it that has any (RFC 8659 section 3). A value
    that cannot be read names no CA. `method` is how the domain was proved. Raises ValueError for what is no CAA record.
    """
    wild, name = host.startswith("*."), dns_name(host).removeprefix("*.").lower()
    at, found = next(((one, records[one]) for one in upwards(name) if records.get(one)), ("", ()))
    said = [_parts(text) for text in found]
    for flags, tag, _ in said:
        if flags & CRITICAL and tag not in KNOWN:
            return f"{at} has a critical CAA record whose tag, {tag}, is not known here"
    values = [value for _, tag, value in said if wild and tag == "issuewild"]
    values = values or [value for _, tag, value in said if tag == "issue"]
    against = [_against(value, ca, account, method) for value in values]
    if not all(against):
        return ""
    # Of several, one that names this CA says most.
    return f"{at} {min(against, key=lambda why: f'lets {ca} ' not in why)}" if against else ""


def upwards(name: str) -> Iterator[str]:
    """The name and every domain above it, the nearest first."""
    labels = name.split(".")
    return (".".join(labels[number:]) for number in range(len(labels)))


def _parts(text: str) -> tuple[int, str, str]:
    """Flags, tag and value of a record. Raises ValueError, in one sentence, for a text that is none."""
    from dns import exception, rdata  # 50 ms, which only worlds with such records pay

    try:
        record: Any = rdata.from_text("IN", "CAA", text)
    except exception.DNSException as problem:
        raise ValueError(f'{text!a} is no CAA record ({problem}); write 0 issue "honest-root.example"') from None
    return record.flags, record.tag.decode().lower(), record.value.decode("latin-1")


def _against(value: str, ca: str, account: str, method: str) -> str:
    """Why a value of `issue` does not let this CA issue, as what its domain does; empty where it does."""
    read = _VALUE.fullmatch(value)
    more = (read and read["more"]) or ""
    parameters = [_PARAMETER.fullmatch(part) for part in more.split(";")] if more.strip() else []
    if read is None or None in parameters:
        return "lets nobody issue, as a value of its CAA records cannot be read"
    if (read["ca"] or "").lower() != ca:
        return f"lets {read['ca'] or 'nobody'} issue, and not {ca}"
    told = [(one[1].lower(), one[2]) for one in parameters if one]
    for name, is_met, what in (
        ("accounturi", lambda held: held == account, f"to one account, and not to {account}"),
        ("validationmethods", lambda held: method in held.split(","), f"by other proofs than {method}"),
    ):
        held = [given for tag, given in told if tag == name]
        if held and not (len(held) == 1 and is_met(held[0])):  # what is said twice is met by nobody
            return f"lets {ca} issue {what}"
    return ""


# ---- a world whose CAs ask -------------------------------------------------------------------------


@dataclass(frozen=True)
class Vetting:
    """What a CA asks before it issues for whoever `asks`: name constraints on its line, and these records."""

    caa: Published
    asks: Asks

    def __call__(self, issuer: Authority, hosts: tuple[str, ...]) -> None:
        """Raise NotIssued, with the reason, where it may not issue for one of the hosts."""
        ca, asks = ca_domain(issuer), self.asks
        for host in () if asks is Asks.THE_CA else hosts:
            why = _outside(issuer, host) or forbids(self.caa, ca, asks.account(ca), host, method=asks.method)
            if why and not is_address(host):
                raise NotIssued(f"{issuer.name} issues nothing for {host} to {asks}: {why}")


def asked_by(authority: Authority, asks: Asks) -> Authority:
    """The same CA, of which somebody else orders; one that asked nobody before hears no records now."""
    caa = authority.vets.caa if isinstance(authority.vets, Vetting) else {}
    return replace(authority, vets=Vetting(caa, asks))


def issuing_under(
    world: World, *, caa: Published | None = None, asks: Asks = Asks.OWNER, only: Sequence[str] = ()
) -> World:
    """
    The same world, in which public CAs ask before they issue for whoever `asks`; what is issued already stays.

    `caa` are the records that they hear. With `only`, every intermediate but the service's own may vouch for those
    domains alone (name constraints); one that is asked for another refuses, and what `Asks.THE_CA` makes with it is
    refused by validation (OpenSSL's error 47). Whoever may not have a certificate meets `NotIssued` at `issue`. CAs of
    one's own ask nobody, nor do public ones that come to be later, unless they stand under one that asks.
    """
    later, roots = world.at(world.now), [one.key for one in world.store]
    vets = Vetting(caa or {}, asks)
    for name, one in list(vars(later).items()):
        if isinstance(one, Authority) and any(one.root.key is key for key in roots):
            limited = only and one.parent and one.key is not world.issuing.key
            held = authority(one.name, under=one.parent, key=one.key, only=only, now=one.now) if limited else one
            setattr(later, name, replace(held, life=one.life, logs=one.logs, vets=vets))
    return later


def _outside(issuer: Authority, host: str) -> str:
    """Why name constraints on its line forbid that it vouches for this host; empty where they do not."""
    for one in issuer.line():
        if one.only and not any(f".{host}".endswith(f".{domain}") for domain in one.only):
            return f"{one.name} may vouch for {', '.join(one.only)} alone"
    return ""
