"""
Reading the chain that a server sends: put in order, bounded, and never trusted.

It says which certificate issued which, by name and signature. Whether a client
would accept the chain is for validation to say, not for this file. Backup keys
are read here too: public keys, requests and certificates, never private keys.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa

from lab.built.forecast.config import shown
from lab.observation import Certificate
from lab.pki.brought import Brought, Contents, bring
from lab.pki.pins import name_of, seen
from lab.pki.reading import UNREADABLE, parsed

MOST_CERTIFICATES = 100


@dataclass(frozen=True)
class Chain:
    """
    A server's chain, leaf first.

    `path` ends in a self-signed certificate where the file (or `--root`) has
    one, and otherwise below it. `aside` are certificates of the file that are
    not on the way from the leaf up. Of those `others` answer for the host as
    well, as a server has them with keys of two kinds, and `former` on other days.
    `reordered` says that the file had another order. `left_out` are certificates
    that cannot be looked into, and that the chain does without.
    """

    path: tuple[x509.Certificate, ...]
    aside: tuple[x509.Certificate, ...] = ()
    reordered: bool = False
    others: tuple[x509.Certificate, ...] = ()
    former: tuple[x509.Certificate, ...] = ()
    left_out: tuple[Certificate, ...] = ()

    @property
    def leaf(self) -> x509.Certificate:
        """The server's own certificate."""
        return self.path[0]

    @property
    def has_root(self) -> bool:
        """Whether the last one is a root, and not below one."""
        return _is_root(self.path[-1])

    @property
    def seen(self) -> tuple[Certificate, ...]:
        """What a client can read off each of them."""
        return tuple(seen(one) for one in self.path)

    @property
    def above(self) -> str:
        """The name of the authority above the last certificate; a root's own name where it is there."""
        return name_of(self.path[-1].issuer)

    @property
    def missing(self) -> str:
        """Whose key a pin may name that is not in the file: the root's, or any above a server's certificate alone."""
        return self.above if self.path[1:] else f"{self.above} or of a CA above it"

    def name(self, place: int) -> str:
        """The name of the certificate at `place`; one place above the last is the authority that issued it."""
        return name_of(self.path[place].subject) if place < len(self.path) else self.above

    @property
    def not_before(self) -> datetime:
        """When the last of the certificates becomes valid."""
        return max(one.not_valid_before_utc for one in self.path)

    @property
    def not_after(self) -> datetime:
        """When the first of them expires."""
        return min(one.not_valid_after_utc for one in self.path)


Answers = Callable[[Certificate], bool]
"""Something that is asked of a certificate: whether it answers for the host that a forecast is about, or is pinned."""


def _no(_: Certificate) -> bool:
    return False


def read_chain(
    file: Path,
    root: Path | None = None,
    answers: Answers = _no,
    pinned: Answers = _no,
    at: datetime | None = None,
    opened: Callable[[Path, str, int], Contents] = bring,
) -> Chain:
    """
    The chain of the server that `answers`: its certificates, 1 to 100 of them, in whatever form; see `lab.pki.brought`.

    Of several it is one that is valid `at` that day (today, where none is given),
    and that is `pinned`.

    `root` is a file with its root or with what else is above it, or a bundle with
    that one in it. Who asks twice of one file gives `opened`, which keeps what it
    read: a pipe can be read once. Raises ValueError, in one sentence, for
    anything else, and for a private key.
    """
    brought = opened(file, "certificates", MOST_CERTIFICATES)
    odd = [one.certificate for one in brought.things if one.certificate and one.certificate.trouble]
    above = certificates(opened(root, "certificates", 0), all_of_them=False) if root else []
    try:
        rest = tuple(one for one in brought.things if one.certificate not in odd)
        chain = ordered(certificates(replace(brought, things=rest)), str(file), answers, above, pinned, at)
    except ValueError:
        certificates(brought)  # says which one cannot be read, where that is why
        raise
    if any(_wanted(one, chain, answers) for one in odd):
        certificates(brought)
    chain = replace(chain, left_out=tuple(odd))
    if root and not any(one in chain.path or _issued(one, chain.path[-1]) for one in above):
        namesake = any(one.subject == chain.path[-1].issuer for one in above)
        raise ValueError(
            f"{root} does not complete {file}, whose last certificate was issued by {shown(chain.above)}; "
            + ("the one of that name there has another key, so " if namesake else "")
            + "give the certificate "
            + ("whose key signed it" if namesake else "of that name")
        )
    return chain


def _wanted(one: Certificate, chain: Chain, answers: Answers) -> bool:
    """Whether a certificate that cannot be looked into has a part in this chain: its top, or the server's own."""
    continues = not chain.has_root and chain.seen[-1].issuer == one.name
    return continues or (answers(one) and not answers(chain.seen[0]))


_OTHERWISE = "which no server sends; give the certificates of its chain, and a key that you hold with --backup-key"


def certificates(brought: Contents, *, all_of_them: bool = True, otherwise: str = _OTHERWISE) -> list[x509.Certificate]:
    """
    The certificates in a file, each looked into; `all_of_them` wants nothing else there, and each to be readable.

    `otherwise` says what to do with anything else.

    Raises ValueError, in one sentence, where there is none.
    """
    found = []
    for one in brought.things:
        if one.certificate and not one.certificate.trouble:
            found.append(parsed(one.der))
        elif one.certificate and all_of_them:
            raise ValueError(
                f"{brought.file} has a damaged certificate in it, {shown(one.name)}: {one.broken}; "
                "export it again and try `openssl x509 -in FILE -text`"
                if one.broken
                else f"{brought.file} cannot be rebuilt, since the key of {shown(one.name)} is of a kind that is not "
                "known here; `python -m lab pin FILE` prints its pin all the same"
            )
        elif not one.certificate and all_of_them:
            raise ValueError(f"{brought.file} holds a {one.kind.value}, {otherwise}")
    if not found:
        raise ValueError(
            f"{brought.file} holds no certificate that can be read; give PEM, as `openssl s_client -showcerts` prints "
            "it, with -----BEGIN CERTIFICATE-----"
        )
    return found


def ordered(
    found: Sequence[x509.Certificate],
    file: str,
    answers: Answers = _no,
    roots: Sequence[x509.Certificate] = (),
    pinned: Answers = _no,
    at: datetime | None = None,
) -> Chain:
    """
    The certificates from the server's own up to the last issuer that is there, or among `roots`.

    The server's own is one that issued nobody else in the file: the first that
    `answers`, else the first that is no CA; of several such one that is valid,
    and `pinned`. Raises ValueError where no server's certificate is there, or
    nobody issued it.
    """
    day = (at or datetime.now(UTC)).date()
    unique = list(dict.fromkeys(found))
    ends = [one for one in unique if not any(_issued(one, other) for other in unique if other is not one)] or unique
    first, *_ = sorted(
        ends, key=lambda one: (*_unlike_a_server(one, answers), not _valid(one, day), not pinned(seen(one)))
    )
    rest = [one for one in (*unique, *dict.fromkeys(roots)) if one != first]
    path = [first]
    while not _is_root(path[-1]):
        issuers = [one for one in rest if _issued(one, path[-1])]
        if not issuers:
            break
        # A root that is there beats its own cross-sign: a client that has the root stops at it.
        above = next(filter(_is_root, issuers), issuers[0])
        path.append(above)
        rest.remove(above)
    if len(path) == 1 and _is_root(first) and len(ends) == 1:
        raise ValueError(
            f"{file} has a self-signed server certificate, {shown(name_of(first.subject))}, and no chain to rebuild: "
            "no authority vouches for it, and a pin comes on top of validation and cannot replace it, so each client's "
            "trust store has to hold this certificate before its pin is asked (`trial first-use-key` tells of such "
            "pins); if it is a CA's root, give the chain that the server sends"
        )
    if seen(first).is_ca and not seen(first).hosts:
        raise ValueError(
            f"{file} holds CAs only, and no server's certificate; give the chain that the server sends, leaf first"
        )
    sent = [(one.subject, seen(one).pin) for one in unique[: len(path)]]
    aside = tuple(one for one in unique if one not in path)
    same = [one for one in ends if one in aside and answers(seen(one)) and not seen(one).is_ca]
    return Chain(
        tuple(path),
        aside,
        sent != [(one.subject, seen(one).pin) for one in path[: len(sent)]],
        tuple(one for one in same if _valid(one, day)),
        tuple(one for one in same if not _valid(one, day)),
    )


def _valid(one: x509.Certificate, day: date) -> bool:
    """Whether it is valid at some hour of this day."""
    return one.not_valid_before_utc.date() <= day <= one.not_valid_after_utc.date()


def _unlike_a_server(one: x509.Certificate, answers: Answers) -> tuple[bool, ...]:
    """The less of it is so, the more this is the server's own: false before true, the first question first."""
    there = seen(one)
    return not answers(there), there.is_ca, not there.hosts, _is_root(one)


def _is_root(one: x509.Certificate) -> bool:
    """Whether its own key signed it: a CA's new key that the old one signed for has the CA's own name above it too."""
    return _issued(one, one)


def _issued(above: x509.Certificate, below: x509.Certificate) -> bool:
    """Whether its key made the signature; a name alone is nobody's word, since a CA's new root has the old one's."""
    if above.subject != below.issuer:
        return False
    try:
        below.verify_directly_issued_by(above)
    except InvalidSignature:
        return False
    except UNREADABLE:
        return _by_hand(above, below)
    return True


_FAMILIES = ("1.2.840.113549.1.1.", "1.2.840.10045.", "1.2.840.10040.4.")
"""How the algorithms of RSA, ECDSA and DSA begin, those of keys and of signatures alike."""


def _by_hand(above: x509.Certificate, below: x509.Certificate) -> bool:
    """The same where the library does not look: old digests (SHA-1), and names whose letters are encoded otherwise."""
    algorithm = below.signature_algorithm_oid.dotted_string
    family = next((one for one in _FAMILIES if algorithm.startswith(one)), "")
    if not above.public_key_algorithm_oid.dotted_string.startswith(family):
        return False
    signed = below.signature, below.tbs_certificate_bytes
    with suppress(*UNREADABLE):
        key = above.public_key()
        digest = below.signature_hash_algorithm if family else None
        if digest is None:
            return False  # a key that is known here makes signatures that are known here
        try:
            if isinstance(key, rsa.RSAPublicKey):
                how = below.signature_algorithm_parameters
                key.verify(*signed, how if isinstance(how, padding.PSS) else padding.PKCS1v15(), digest)
            elif isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(*signed, ec.ECDSA(digest))
            elif isinstance(key, dsa.DSAPublicKey):
                key.verify(*signed, digest)
        except InvalidSignature:
            return False
        return True
    # Neither key nor signature can be made out here: the key's identifier has to do.
    upper, lower = seen(above), seen(below)
    named = not upper.key_id or not lower.issuer_key_id or upper.key_id == lower.issuer_key_id
    return named and (above == below or upper.is_ca)


# ---- backup keys ---------------------------------------------------------------------------------


def read_backup(file: Path, pinned: Container[str] = ()) -> list[Brought]:
    """
    What the operator holds: public keys, requests (CSR) and certificates, a second CA's among them.

    Where the file holds several, those that are `pinned`, else the first.
    Raises ValueError, in one sentence, for anything else. A private key is
    refused, though it would prove most: it has no business here.
    """
    things = bring(file, "public keys, requests (CSR) or certificates").things
    return [one for one in things if one.pin in pinned] or [things[0]]
