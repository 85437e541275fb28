"""
The world that every scene starts from: one honest service and the CAs around it.

    Honest Root -> Honest Issuing CA 1 -> bank.example

A scene changes one thing in it. The world knows no attack, no client and no
socket; it is made afresh for each scene and thrown away.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Self

from lab.pki.authority import LEAF_LIFE, Authority, Credential, Key, authority, new_key
from lab.pki.log import PublicLog
from lab.pki.names import reserved
from lab.pki.public import handing_in, public_logs

HOST = "bank.example"

_AUTHORITIES = (
    *("root", "issuing", "sibling", "other_root", "other_issuing", "cdn_root", "cdn_issuing"),
    *("rogue_root", "inspection_root"),
)


class World:
    """
    The honest service and the public CAs, each made on first use.

    `algorithm` is the algorithm of the service's own line, root to leaf; `life`
    is how long servers' certificates last.
    `chosen` goes to every authority (dates, name constraints): the export uses
    it, so that nothing that reaches a disk is an ordinary, unlimited CA. `also`
    are further names of the service: whoever issues for it issues for `hosts`.
    Public CAs hand in what they issue to `logs`, three of this world's own where
    it is None.
    """

    def __init__(
        self,
        host: str = HOST,
        *,
        now: datetime | None = None,
        algorithm: str = "ECDSA",
        life: timedelta = LEAF_LIFE,
        also: tuple[str, ...] = (),
        logs: tuple[PublicLog, ...] | None = None,
        **chosen: Any,
    ) -> None:
        self.host = reserved(host)
        self.hosts = (self.host, *also)
        self.now = now or datetime.now(UTC).replace(microsecond=0)
        self.algorithm = algorithm
        self.life = life
        self.logs = public_logs() if logs is None else logs
        self._chosen = chosen

    def _made(self) -> Self:
        """A copy of this world, once all of it is made: what two copies share has to be there before."""
        for shared in ("store", "genuine", "backup_key", *_AUTHORITIES):
            getattr(self, shared)
        return copy(self)

    def at(self, time: datetime) -> Self:
        """The same world on another day: the same keys and CAs, which issue on that day."""
        later = self._made()
        later.now = time
        every = (*self.store, self.genuine.issuer, *(getattr(self, name) for name in _AUTHORITIES))
        dated = {id(one): replace(one, now=time) for one in every if one}
        for name in _AUTHORITIES:
            setattr(later, name, dated[id(getattr(self, name))])
        later.store = tuple(dated[id(one)] for one in self.store)
        return later

    def with_logging(self, logging: str) -> Self:
        """The same world, whose CAs from now on hand in what they issue as `lab.pki.public.Logging` has it."""
        other = self._made()
        handing = handing_in([getattr(self, name) for name in _AUTHORITIES], logging)
        vars(other).update(zip(_AUTHORITIES, handing, strict=True))
        return other

    def serving(self, host: str) -> Self:
        """The same CAs, and another host of the same service, with a key of its own."""
        other = self._made()
        other.host, other.hosts = host, (host,)
        other.genuine = self.issuing.issue(host, algorithm=self.algorithm)
        return other

    def after(self, credential: Credential, store: tuple[Authority, ...]) -> Self:
        """
        The same world once the service presents `credential`, and clients' stores hold `store`.

        Whoever issued it is the service's CA from now on, and the CA that the
        service left is where that one was: among the others.
        """
        moved = self._made()
        moved.genuine, moved.store = credential, store
        if credential.key is self.backup_key:
            moved.backup_key = new_key()
        issuer = credential.issuer
        if issuer and issuer.key is not self.issuing.key:
            left = {issuer.root.key: self.root, issuer.key: self.issuing}
            stays = issuer.root.key is self.root.key
            moved.root, moved.issuing = issuer.root, issuer
            moved.sibling = self.issuing if stays else self.authority("Another Issuing CA", under=issuer.root)
            for name in ("other_root", "other_issuing", "cdn_root", "cdn_issuing"):
                setattr(moved, name, left.get(getattr(self, name).key, getattr(self, name)))
        return moved

    def authority(self, name: str, **more: Any) -> Authority:
        """A new root, or with `under=` a new intermediate, limited as this world limits its CAs."""
        made = authority(name, **{"now": self.now, **self._chosen, **more})
        return replace(made, life=self.life)

    def _public(self, name: str, algorithm: str = "ECDSA") -> Authority:
        return replace(self.authority(name, algorithm=algorithm), logs=self.logs)

    @cached_property
    def root(self) -> Authority:
        """The root that the service's chain ends in; a public trust store holds it."""
        return self._public("Honest Root", self.algorithm)

    @cached_property
    def issuing(self) -> Authority:
        """The intermediate that issues the service's certificates."""
        return self.authority("Honest Issuing CA 1", under=self.root, algorithm=self.algorithm)

    @cached_property
    def sibling(self) -> Authority:
        """Another intermediate under the same root."""
        return self.authority("Honest Issuing CA 2", under=self.root)

    @cached_property
    def other_root(self) -> Authority:
        """Another CA in every public trust store; the service has nothing to do with it."""
        return self._public("Other Public Root")

    @cached_property
    def other_issuing(self) -> Authority:
        """The intermediate through which the other CA issues."""
        return self.authority("Other Issuing CA", under=self.other_root)

    @cached_property
    def cdn_root(self) -> Authority:
        """The public CA that a content delivery network buys its certificates from."""
        return self._public("CDN Public Root")

    @cached_property
    def cdn_issuing(self) -> Authority:
        """The intermediate through which the network's CA issues."""
        return self.authority("CDN Issuing CA", under=self.cdn_root)

    @cached_property
    def rogue_root(self) -> Authority:
        """A CA that anybody can make at home; no trust store holds it."""
        return self.authority("Rogue Root")

    @cached_property
    def inspection_root(self) -> Authority:
        """A CA that somebody installed on the client's machine."""
        return self.authority("Installed Inspection CA")

    @cached_property
    def genuine(self) -> Credential:
        """What the service presents on an ordinary day."""
        return self.issuing.issue(*self.hosts, algorithm=self.algorithm)

    @cached_property
    def backup_key(self) -> Key:
        """The key that the operator keeps offline for the day the other one is lost."""
        return new_key()

    @cached_property
    def store(self) -> tuple[Authority, ...]:
        """The public trust store: each of these roots may vouch for any host."""
        return (self.root, self.other_root, self.cdn_root)
