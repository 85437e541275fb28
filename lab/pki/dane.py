"""
What a site says of its keys in signed DNS: TLSA records (RFC 6698), made and read in one place.

A zone signs, the one above it vouches for its key, and a client that holds the
topmost key believes nothing else. All that such a client asks for one service
is one answer here, as RFC 9102 puts it into one. No sockets and no resolver: how
the octets come, and who cuts or keeps them, is somebody else's to say.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from itertools import chain
from typing import Any

import dns.dnssec
import dns.message
import dns.rrset
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from dns.exception import DNSException
from dns.name import Name
from dns.rdata import Rdata
from dns.rdatatype import DNSKEY, DS, NONE, NSEC, RRSIG, TLSA, RdataType

from lab.naming import printable
from lab.observation import Certificate, Status, Word
from lab.pki.names import dns_name
from lab.pki.pins import spki
from lab.pki.revocation import no_word, stale

TTL = timedelta(hours=1)
"""How long an answer may be kept where nothing else is said."""
LIFE = timedelta(days=7)
"""How long its signatures hold where nothing else is said."""
BACKDATED = timedelta(hours=1)
LONGEST = 65_535  # octets of an answer: no transport of DNS carries more
MOST = 8  # records of a kind at a name, keys and signatures too: each pair of those may cost a verification
OF_CA, OF_LEAF = (0, 2), (1, 3)  # certificate usages: whose key a record names


def tlsa(of: x509.Certificate | PublicKeyTypes, usage: int = 3) -> str:
    """
    The TLSA record, as a zone file has it, that names this key by its SHA-256.

    Usage 3 (DANE-EE) is for the server's own key, 2 (DANE-TA) for one of a CA on the path, which some clients find
    only where its certificate is sent (RFC 7671 section 5.2.2). A key that is to come is named before there is a
    certificate for it.
    """
    return f"{usage} 1 1 {sha256(spki(of)).hexdigest()}"


# ---- what a zone says ------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Zone:
    """
    A zone that signs with one key, ECDSA P-256: its domain, the key, and the zone above it.

    The topmost is whatever the client holds the key of: the DNS root, ``Zone(".")``, or any other.
    """

    domain: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False)
    parent: Zone | None = None

    def below(self, domain: str) -> Zone:
        """A zone of its own for a domain in this one, which vouches for its key from now on."""
        return Zone(domain, parent=self)

    @property
    def name(self) -> Name:
        """The domain as DNS has it."""
        return dns.name.from_text(self.domain)

    @property
    def anchor(self) -> str:
        """What a client holds of the topmost zone on this line: its name and a hash of its key, a DS record."""
        if self.parent:
            return self.parent.anchor
        return _written(self.name, timedelta(), _hash(self.name, self._dnskey())).to_text()

    def _dnskey(self) -> Any:
        return dns.dnssec.make_dnskey(self.key.public_key(), "ECDSAP256SHA256", flags=257)

    def says(
        self, host: str, records: Sequence[str], time: datetime, *, ttl: timedelta = TTL, life: timedelta = LIFE
    ) -> bytes:
        """
        The answer about this host's port 443 as it stands at `time`, in DNS wire format, with all that proves it.

        `records` are those of `tlsa`; where there are none, the answer is the signed denial that there is one
        (RFC 4034 section 4). It may be kept for `ttl`, its signatures hold for `life`. Raises ValueError for a
        host that does not lie in the zone.
        """
        name, zone = _service(host), self
        if not name.is_subdomain(self.name):
            raise ValueError(f"{host!a} does not lie in the zone {self.domain}; ask the zone that it lies in")

        def signed(by: Zone, name: Name, *records: Rdata) -> list[dns.rrset.RRset]:
            found = _written(name, ttl, *records)
            signature = dns.dnssec.sign(found, by.key, by.name, by._dnskey(), time - BACKDATED, time + life)
            return [found, _written(name, ttl, signature)]

        message = dns.message.QueryMessage(id=0)
        message.flags = dns.flags.Flag.QR
        message.question = [dns.rrset.RRset(name, dns.rdataclass.IN, TLSA)]
        if records:
            message.answer = signed(self, name, *(_rdata("TLSA", one) for one in records))
        else:
            message.authority = signed(self, name, _rdata("NSEC", rf"\000.{name} RRSIG NSEC"))
        message.additional = signed(self, self.name, self._dnskey())
        while above := zone.parent:
            message.additional += signed(above, zone.name, _hash(zone.name, zone._dnskey()))
            message.additional += signed(above, above.name, above._dnskey())
            zone = above
        return message.to_wire()


ROOT = Zone(".")
"""The root of the lab's DNS, whose key every client holds."""


@lru_cache(maxsize=64)
def site_zone(host: str) -> Zone:
    """The zone that a host lies in: that of the last two labels of its name, under `ROOT` and its top-level domain."""
    labels = dns_name(host).split(".")
    return ROOT.below(labels[-1]).below(".".join(labels[-2:])) if labels[1:] else ROOT.below(host)


def stripped(octets: bytes) -> bytes:
    """The same answer as a resolver passes it on that knows nothing of signatures."""
    message = dns.message.from_wire(octets)
    message.answer = [one for one in message.answer if one.rdtype != RRSIG]
    message.authority, message.additional = [], []
    return message.to_wire()


def _written(name: Name, ttl: timedelta, *records: Rdata) -> dns.rrset.RRset:
    return dns.rrset.from_rdata(name, int(ttl.total_seconds()), *records)


def _rdata(kind: str, text: str) -> Rdata:
    return dns.rdata.from_text("IN", kind, text)


def _service(host: str) -> Name:
    return dns.name.from_text(f"_443._tcp.{dns_name(host)}.")


# ---- what a client makes of it ---------------------------------------------------------------------

# Theory of operation. The client holds a hash (DS) of the topmost zone's key. A zone's set of keys is believed if one
# that a believed hash names has signed it; then whatever those keys sign is, and of that the hash for the next zone
# down. The last zone signs the records, or that there are none. Nothing here asks a clock: between which moments all
# of these signatures hold is part of what was proved, so that one answer is verified once and then only looked at.

_Sets = dict[tuple[Name, RdataType, RdataType], dns.rrset.RRset]


class _Unproved(ValueError):
    """What is missing, in words."""


@dataclass(frozen=True)
class _Proof:
    """The records that are proved, none where their absence is; between which moments, and for how long to be kept."""

    records: tuple[Any, ...]
    since: datetime
    until: datetime
    kept: timedelta


def named(octets: bytes, path: Sequence[Certificate], host: str, anchor: str, time: datetime) -> Word:
    """
    What signed DNS says of a path, leaf first, to whoever holds the `anchor` of a zone above the host.

    Good where a record names a key of the path: usages 1 and 3 the leaf's, 0 and 2 that of a CA. Disowned where there
    are records and none does. Absent where the zone says that there is none, or none that is read here (SHA-256 of a
    key or a whole certificate). No word where nothing came that is proved by the anchor, at this time, of this host.
    `until` is when signatures or the TTL end, for an answer that came at `time`: who keeps it may use it until then.
    Whether a name or date in the certificate is right is validation's to say. It never raises.
    """
    if not octets or not path:
        return no_word("there is no path to hold an answer against" if octets else "no answer came")
    try:
        proof = _proved(octets, host, anchor)
    except _Unproved as missing:
        return no_word(str(missing))
    except (DNSException, ValueError):
        return no_word(f"the {len(octets)} octets that came are no DNS answer that can be read")
    if over := stale(proof.since, proof.until, time):
        return no_word(f"the signed answer does not hold: {over}")
    until = min(proof.until, time + proof.kept)
    usable = [one for one in proof.records if one.usage in (*OF_CA, *OF_LEAF) and one.selector < 2 and one.mtype == 1]
    for one in usable:
        wanted = ("sha256/" if one.selector else "cert-sha256/") + b64encode(one.cert).decode()
        for certificate in path[:1] if one.usage in OF_LEAF else path[1:]:
            if wanted in (certificate.pin, certificate.fingerprint):
                return Word(Status.GOOD, f"a signed record names the key of {certificate.name}", until=until)
    if usable:
        return Word(Status.DISOWNED, "the owner names other keys, and none of this path", until=until)
    what = "no record of this service" if not proof.records else "no record of a kind that is read here"
    return Word(Status.ABSENT, f"the owner's zone says that it has {what}", until=until)


@lru_cache(maxsize=256)
def _proved(octets: bytes, host: str, anchor: str) -> _Proof:
    """What the anchor proves of this service. Raises `_Unproved`, or what dnspython does where it cannot read."""
    if len(octets) > LONGEST:
        raise _Unproved(f"{len(octets):,} octets came, and an answer has {LONGEST:,} at most")
    sets: _Sets = {}
    for rrset in chain(*dns.message.from_wire(octets).sections[1:]):
        if rrset.rdclass == dns.rdataclass.IN and len(rrset) <= MOST:
            sets.setdefault((rrset.name, rrset.rdtype, rrset.covers), rrset)
    if not any(kind == RRSIG for _, kind, _ in sets):
        raise _Unproved("nothing of what came is signed")
    service, (top, hashed) = _service(host), _held(anchor)
    signatures, zone, hashes = [], top, {hashed}
    while True:
        first = [key for key in sets.get((zone, DNSKEY, NONE), ()) if _hash(zone, key) in hashes]
        signatures.append(_signature(sets, zone, DNSKEY, zone, first))
        keys = sets[zone, DNSKEY, NONE]
        below = [one for one, kind, _ in sets if kind == DS and one.is_subdomain(zone) and service.is_subdomain(one)]
        following = min((one for one in below if one != zone), key=len, default=None)
        if following is None:
            break
        signatures.append(_signature(sets, following, DS, zone, keys))
        zone, hashes = following, set(sets[following, DS, NONE])
    kind = TLSA if (service, TLSA, NONE) in sets else NSEC
    if (service, kind, NONE) not in sets:
        other = next((name for name, of, _ in sets if of in (TLSA, NSEC)), None)
        raise _Unproved(f"it is about {_said(other)}" if other else f"it says nothing of {_said(service)}")
    signatures.append(_signature(sets, service, kind, zone, keys))
    found = sets[service, kind, NONE]
    # A name that belongs to a zone further down, or is another's alias, has its records there.
    if kind == NSEC and {"TLSA", "NS", "CNAME"} & set(found[0].to_text().split()[1:]):
        raise _Unproved(f"it does not say that {_said(service)} has no such record")
    since, until = (
        datetime.fromtimestamp(seconds, UTC)
        for seconds in (max(one.inception for one in signatures), min(one.expiration for one in signatures))
    )
    # A TTL that somebody raised on the way counts for nothing.
    kept = timedelta(seconds=min(found.ttl, signatures[-1].original_ttl))
    return _Proof(tuple(found) if kind == TLSA else (), since, until, kept)


def _signature(sets: _Sets, name: Name, kind: RdataType, signer: Name, keys: Iterable[Rdata]) -> Any:
    """The signature on the records of this kind at this name that one of the keys of `signer` made."""
    rrset, what = sets.get((name, kind, NONE)), f"{kind.name} record of {_said(name)}"
    signatures = sets.get((name, RRSIG, kind))
    if rrset is None or signatures is None:
        raise _Unproved(f"the {what} is not signed" if rrset else f"there is no {what} in it")
    for one in sorted(signatures, key=lambda one: -one.expiration):
        # One for fewer labels is for a wildcard, and wants a proof that is not read here.
        if one.signer == signer and one.labels == len(name) - 1 and name.is_subdomain(signer):
            with suppress(DNSException, ValueError):
                holds: dict[Name, Any] = {signer: dns.rdataset.from_rdata(0, *keys)}
                dns.dnssec.validate_rrsig(rrset, one, holds, now=one.inception)
                return one
    raise _Unproved(f"the {what} is not signed by a key of {_said(signer)} that the anchor vouches for")


@lru_cache(maxsize=16)
def _held(anchor: str) -> tuple[Name, Rdata]:
    name, _, _, _, digest = anchor.split(maxsplit=4)
    return dns.name.from_text(name), _rdata("DS", digest)


def _hash(zone: Name, key: Rdata) -> Rdata:
    """Of a key, as the zone above signs it; there is one kind here (SHA-256, RFC 4509)."""
    return dns.dnssec.make_ds(zone, key, "SHA256")


def _said(name: Name) -> str:
    return printable(name.to_text(omit_final_dot=len(name) > 1))
