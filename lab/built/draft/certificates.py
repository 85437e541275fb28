"""
Merkle Tree Certificates, made and verified as draft-ietf-plants-merkle-tree-certs-07 (2026-10-07) has them.

The CA signs no certificate. What it vouches for it adds to a log of its own,
each entry with the hash of the key, and signs subtrees of that log; so do
cosigners who follow it. A server presents X.509 whose place for a signature
holds a proof: with cosignatures over the subtree (standalone), or with none, for
whoever was given that subtree's hash beforehand (relative to a landmark).

A draft: octets may change, and numbers marked "experimental" in it will. Hashes
are SHA-256, cosigners sign by ML-DSA-65, there is one log, and revoked ranges,
checkpoints and the CA's own certificate are left out. No sockets, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import mldsa
from cryptography.hazmat.primitives.serialization import Encoding

from lab.pki.der import SEQUENCE, parts, without, wrapped
from lab.pki.entry import SCT_LIST, Octets, to_be_signed, vector
from lab.pki.log import OCTET_STRING
from lab.pki.merkle import MerkleTree, leaf_hash, led_to

DRAFT = "draft-ietf-plants-merkle-tree-certs-07 of 2026-10-07"
CA, LOG = "32473.1", 1
"""The CA by its trust anchor identifier, below a number that is there for examples (RFC 5612), and its one log."""
NAME = x509.Name([x509.NameAttribute(x509.ObjectIdentifier("1.3.6.1.4.1.44363.47.1"), CA)]).public_bytes()
PROOF = bytes.fromhex("300c060a2b0601040182da4b2f00")  # 1.3.6.1.4.1.44363.47.0, experimental: a proof, no signature
KEY_ID = bytes.fromhex("551d23")  # 2.5.29.35: whose key signed it, and here none did
INTEGER, BIT_STRING, HASH, INDEX = 0x02, 0x03, 32, 48

Interval = tuple[int, int]
"""A subtree: its first entry, and the one behind its last."""


def identifier(name: str) -> bytes:
    """A trust anchor identifier below the CA's number in octets; each further number is less than 128."""
    return bytes.fromhex("81fd59") + bytes(map(int, name.split(".")[1:]))


def covering(start: int, end: int) -> tuple[Interval, Interval]:
    """The two subtrees that hold an interval, with fewer entries before it than are in it; either may be empty."""
    if end - start <= 1:
        return (start, end), (end, end)
    parting = (start ^ end - 1).bit_length() - 1  # the height at which the ways to the first and the last one part
    middle = end - 1 >> parting << parting
    height = (~start & (1 << parting) - 1).bit_length()
    return (start >> height << height, middle), (middle, end)


def subtree(entries: Iterable[bytes]) -> MerkleTree:
    """The tree of these entries alone."""
    tree = MerkleTree()
    for one in entries:
        tree.append(one)
    return tree


def entry(tbs: bytes, extensions: bytes = b"") -> bytes:
    """What the log has of a certificate, from its octets without the proof: no number, and of the key the hash."""
    (whole,) = parts(tbs)
    version, _, _, issuer, validity, subject, spki, *rest = parts(whole.content)
    (algorithm, _), digest = parts(spki.content), wrapped(OCTET_STRING, sha256(spki.whole).digest())
    kept = (one.whole for one in (version, issuer, validity, subject, algorithm))
    return vector(extensions, 2) + b"\0\1" + b"".join((*kept, digest, *(one.whole for one in rest)))


def message(cosigner: str, which: Interval, root: bytes) -> bytes:
    """What a cosigner signs of a subtree; without a time, since it says nothing of when."""
    who, log = (vector(f"oid/1.3.6.1.4.1.{name}".encode(), 1) for name in (cosigner, f"{CA}.0.{LOG}"))
    return b"subtree/v1\n\0" + who + bytes(8) + log + b"".join(at.to_bytes(8) for at in which) + root


class Cosigner:
    """Somebody who keeps a copy of the log and signs its subtrees, by an identifier; the CA itself is one."""

    def __init__(self, name: str) -> None:
        self.name, self.octets, self._key = name, identifier(name), mldsa.MLDSA65PrivateKey.generate()
        self.key = self._key.public_key()
        self._copy: list[bytes] = []

    def sign(self, entries: Sequence[bytes], which: Interval) -> bytes:
        """His signature. Raises ValueError where the log is not the one that he has signed before, or is cut."""
        if list(entries[: len(self._copy)]) != self._copy:
            raise ValueError(f"the log is not the one that {self.name} has signed before; it may only grow")
        self._copy = list(entries)
        return self._key.sign(message(self.name, which, subtree(entries[slice(*which)]).root()))


@dataclass
class IssuanceLog:
    """The CA: its entries, those who cosign them (itself the first), and the sizes that became landmarks."""

    cosigners: tuple[Cosigner, ...]
    entries: list[bytes] = field(default_factory=list)
    landmarks: list[int] = field(default_factory=lambda: [0])

    def add(self, certificate: x509.Certificate) -> bytes:
        """Vouch for what an ordinary certificate says: the log has it, and what comes back takes a proof yet."""
        plain = without(without(to_be_signed(certificate.public_bytes(Encoding.DER)), SCT_LIST), KEY_ID)
        (whole,) = parts(plain)
        version, _, _, _, *rest = (one.whole for one in parts(whole.content))
        number = wrapped(INTEGER, _serial(len(self.entries)))
        tbs = wrapped(SEQUENCE, b"".join((version, number, PROOF, NAME, *rest)))
        self.entries.append(entry(tbs))
        return tbs

    def standalone(self, tbs: bytes, since: int) -> bytes:
        """The certificate with cosignatures over one of the two subtrees that hold what came `since` that size."""
        which = next(one for one in covering(since, len(self.entries)) if _index(tbs) in range(*one))
        return self._proven(tbs, which, self.cosigners)

    def by_landmark(self, tbs: bytes) -> bytes:
        """The certificate without any signature. Raises ValueError while no landmark is behind its entry."""
        found = [one for one in self.subtrees() if _index(tbs) in range(*one)]
        if not found:
            raise ValueError("no landmark is behind this entry yet; until there is one, present the standalone form")
        return self._proven(tbs, found[0])

    def subtrees(self) -> dict[Interval, bytes]:
        """What clients are given beforehand: the subtrees between landmarks, each with its hash."""
        each = (one for old, new in zip(self.landmarks, self.landmarks[1:], strict=False) for one in covering(old, new))
        return {one: subtree(self.entries[slice(*one)]).root() for one in each if one[0] < one[1]}

    def _proven(self, tbs: bytes, which: Interval, signers: Iterable[Cosigner] = ()) -> bytes:
        order = sorted(signers, key=lambda one: (len(one.octets), one.octets))
        signed = b"".join(vector(one.octets, 1) + vector(one.sign(self.entries, which), 2) for one in order)
        steps = b"".join(subtree(self.entries[slice(*which)]).inclusion(_index(tbs) - which[0]))
        said = vector(b"", 2) + b"".join(at.to_bytes(6) for at in which) + vector(steps, 2) + vector(signed, 2)
        return wrapped(SEQUENCE, tbs + PROOF + wrapped(BIT_STRING, b"\0" + said))


def _serial(index: int) -> bytes:
    return (LOG << INDEX | index).to_bytes(7)


def _index(tbs: bytes) -> int:
    (whole,) = parts(tbs)
    _, number, *_ = parts(whole.content)
    return int.from_bytes(number.content) % (1 << INDEX)


def verified(der: bytes, keys: Mapping[str, mldsa.MLDSA65PublicKey], given: Mapping[Interval, bytes]) -> None:
    """
    Raise ValueError, in a sentence, unless the certificate holds; its dates and names are not looked at.

    `keys` are the cosigners' by their identifiers, `given` the subtrees of landmarks that the client knows. For one of
    those it wants no signature, for any other the CA's and another.
    """
    (whole,) = parts(der)
    tbs, algorithm, signature = parts(whole.content)
    (_, number, *inner), index = parts(tbs.content), _index(tbs.whole)
    octets = [wrapped(SEQUENCE, one.content) for one in (whole, tbs)]  # DER has one way to write each
    octets += [wrapped(BIT_STRING, signature.content), wrapped(INTEGER, _serial(index)), PROOF, NAME, PROOF]
    if [one.whole for one in (whole, tbs, signature, number, *inner[:2], algorithm)] != octets:
        raise ValueError(f"it is no Merkle Tree Certificate of {CA}")
    taking = Octets(signature.content)
    unused, extensions = taking.number(1), taking.vector(2)
    start, end, steps, said = taking.number(6), taking.number(6), Octets(taking.vector(2)), Octets(taking.vector(2))
    taking.end("the proof")
    hashes = list(iter(lambda: steps.take(HASH) if steps else b"", b""))
    root = led_to(leaf_hash(entry(tbs.whole, extensions)), index - start, end - start, hashes)
    if unused or root is None or start % (1 << (end - start - 1).bit_length()):
        raise ValueError("its proof leads to no subtree of the log")
    if given.get((start, end), root) != root:
        raise ValueError("its proof leads to another subtree than the landmark's")
    good = list(_signed(said, keys, (start, end), root))
    if (start, end) not in given and (CA not in good or len(good) < 2):
        raise ValueError(f"signed by {', '.join(good) or 'nobody who is known'}; the CA and one more are wanted")


def _signed(said: Octets, keys: Mapping[str, mldsa.MLDSA65PublicKey], which: Interval, root: bytes) -> Iterator[str]:
    """Those of the known cosigners whose signatures hold."""
    known, last = {identifier(one): one for one in keys}, b""
    while said:
        name, signature = said.vector(1), said.vector(2)
        if (len(name), name) <= (len(last), last):
            raise ValueError("its cosigners are not in order")
        last = name
        with suppress(InvalidSignature, KeyError):  # one that is not known says nothing
            keys[known[name]].verify(signature, message(known[name], which, root))
            yield known[name]
