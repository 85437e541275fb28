"""
Pin sets: which keys a client insists on, how they combine, and where they may match.

Also the one scale that both sides use: a scene's *reach* is the set of genuine
keys on its path, a client's pin set names the keys it wants to see there. No
certificates are parsed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from lab.observation import Certificate, Observation, Wanted


class Role(StrEnum):
    """A key of the genuine service, by the place it had when the client was built."""

    ROOT = "root"
    INTERMEDIATE = "intermediate"
    LEAF = "leaf"
    CERTIFICATE = "leaf certificate"
    """The whole certificate and not only its key: any renewal changes it."""
    BACKUP = "backup"
    """A key that the operator keeps offline; it is on no path until the day it is needed."""


class Reach(frozenset[Role]):
    """
    How much of the genuine path a scene shares: the set of genuine keys on it.

    The named reaches are the steps of the staircase; any other set may occur,
    as when a site moves to another CA and keeps its key.
    """

    TRUST_STORE: Reach
    ROOT: Reach
    INTERMEDIATE: Reach
    LEAF: Reach
    CERTIFICATE: Reach

    @classmethod
    def of(cls, path: Iterable[Certificate], site: Site) -> Reach:
        """The genuine keys that are on this path, judged against the pins in `site`."""
        there = {name for one in path for name in (one.pin, one.fingerprint)}
        return cls(role for role in Role if site[role] & there)

    def __str__(self) -> str:
        names = [role.value for role in Role if role in self]
        return " + ".join(names) if names else "trust store only"

    def __repr__(self) -> str:
        return f"Reach({str(self)!r})"


Reach.TRUST_STORE = Reach()
Reach.ROOT = Reach({Role.ROOT})
Reach.INTERMEDIATE = Reach({Role.ROOT, Role.INTERMEDIATE})
Reach.LEAF = Reach({Role.ROOT, Role.INTERMEDIATE, Role.LEAF})
Reach.CERTIFICATE = Reach({Role.ROOT, Role.INTERMEDIATE, Role.LEAF, Role.CERTIFICATE})


class Where(StrEnum):
    """Which certificates of an observation a pin may match."""

    PATH = "the path"
    LEAF = "the leaf of the path"
    CA = "the CAs on the path"
    SENT_CA = "the CAs on the path that the server sent"
    """Where OpenSSL looks for the anchor of a DANE-TA record: an unsent root is not found (measured, 3.0)."""
    SERVER = "the server's own certificate"
    """The one whose key the server proved to hold, whether or not any path leads to it."""
    PRESENTED = "the presented chain"
    """Not sound: anybody can send a certificate (CVE-2016-2402)."""

    def of(self, observation: Observation) -> tuple[Certificate, ...]:
        """The certificates of an observation in which a pin may match."""
        path = observation.path or ()
        match self:
            case Where.PATH:
                return path
            case Where.LEAF:
                return path[:1]
            case Where.CA:
                return path[1:]
            case Where.SENT_CA:
                sent = {one.pin for one in observation.presented}
                return tuple(one for one in path[1:] if one.pin in sent)
            case Where.SERVER:
                return () if observation.resumed or observation.leaf is None else (observation.leaf,)
            case Where.PRESENTED:
                return observation.presented


Site = Mapping[Role, frozenset[str]]
"""The genuine service's pins by role, as the client's author knew them."""


@dataclass(frozen=True)
class PinList:
    """
    Pins of which any may match, somewhere in `where`.

    A pin is literal (``sha256/…`` or ``cert-sha256/…``) or a `Role`, which
    stands for the service's pins of that role.
    """

    pins: tuple[Role | str, ...]
    where: Where = Where.PATH

    def resolve(self, site: Site) -> frozenset[str]:
        """The pins of this list, for a service that has these."""
        found: set[str] = set()
        for pin in self.pins:
            found |= site.get(pin, frozenset()) if isinstance(pin, Role) else {pin}
        return frozenset(found)

    def wanted(self, site: Site) -> tuple[Wanted, ...]:
        """Each pin of this list, with what it is the pin of."""
        found: list[Wanted] = []
        for pin in self.pins:
            if isinstance(pin, Role):
                name = "the leaf certificate" if pin is Role.CERTIFICATE else f"the {pin.value} key"
                found += [Wanted(key, name) for key in sorted(site.get(pin, ())) or [""]]
            else:
                found.append(Wanted(pin))
        return tuple(found)

    def matches(self, observation: Observation, site: Site) -> list[Certificate]:
        """The certificates in `where` that a pin of this list names."""
        wanted = self.resolve(site)
        return [one for one in self.where.of(observation) if wanted & {one.pin, one.fingerprint}]


@dataclass(frozen=True)
class PinSet:
    """
    Pin lists that must *all* match; within one list, any pin suffices.

    One list is the usual case (RFC 7469 section 2.6, OkHttp, Android, curl):
    any match will do, so every pin added makes the set weaker. Two lists are
    iOS's NSPinnedDomains with both of its keys.
    """

    lists: tuple[PinList, ...]

    def __post_init__(self) -> None:
        if not self.lists:
            raise ValueError("a pin set needs at least one list of pins; a client without pins has no pin check")

    @classmethod
    def any_of(cls, *pins: Role | str, where: Where = Where.PATH) -> PinSet:
        """One list of pins, of which any will do."""
        return cls((PinList(pins, where),))

    def and_any_of(self, *pins: Role | str, where: Where = Where.PATH) -> PinSet:
        """The same, with one more list that must match as well."""
        return PinSet((*self.lists, PinList(pins, where)))

    def meets(self, reach: Iterable[Role]) -> bool:
        """
        The rule of the lab: whether each list names a genuine key that the scene's path has.

        It speaks of roles only, and knows no certificate: the tests hold it
        against what the sockets did.
        """
        on_path = set(reach)
        return all(on_path & set(one.pins) for one in self.lists)
