"""
Reading the chain that a server sends: put in order, bounded, and never trusted.

It says which certificate issued which, by name and signature. Whether a client
would accept the chain is for validation to say, not for this file. Backup keys
are read here too: public keys, requests and certificates, never private keys.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature

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
    not on the way from the leaf up. `reordered` says that the file had another
    order.
    """

    path: tuple[x509.Certificate, ...]
    aside: tuple[x509.Certificate, ...] = ()
    reordered: bool = False

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
"""Whether a certificate answers for the host that a forecast is about."""


def read_chain(file: Path, root: Path | None = None, answers: Answers = lambda _: False) -> Chain:
    """
    The chain of the server that `answers`: its certificates, 1 to 100 of them, in whatever form; see `lab.pki.brought`.

    `root` is a file with its root, or a bundle with that one in it. Raises
    ValueError, in one sentence, for anything else, and for a private key.
    """
    found = certificates(bring(file, "certificates", MOST_CERTIFICATES))
    above = certificates(bring(root, "certificates"), all_of_them=False) if root else []
    chain = ordered(found, str(file), answers, above)
    if root and not (chain.has_root and set(above) & set(chain.path)):
        raise ValueError(
            f"{root} does not complete {file}, whose last certificate was issued by {shown(chain.above)}; "
            "give the certificate of that name"
        )
    return chain


def certificates(brought: Contents, *, all_of_them: bool = True) -> list[x509.Certificate]:
    """
    The certificates in a file, each looked into; `all_of_them` wants nothing else there, and each to be readable.

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
            raise ValueError(
                f"{brought.file} holds a {one.kind.value}, which no server sends; give the certificates of its chain, "
                "and a key that you hold with --backup-key"
            )
    if not found:
        raise ValueError(
            f"{brought.file} holds no certificate that can be read; give PEM, as `openssl s_client -showcerts` prints "
            "it, with -----BEGIN CERTIFICATE-----"
        )
    return found


def ordered(
    found: Sequence[x509.Certificate],
    file: str,
    answers: Answers = lambda _: False,
    roots: Sequence[x509.Certificate] = (),
) -> Chain:
    """
    The certificates from the server's own up to the last issuer that is there, or among `roots`.

    The server's own is one that issued nobody else in the file: the first that
    `answers`, else the first that is no CA. Raises ValueError where no server's
    certificate is there, or nobody issued it.
    """
    unique = list(dict.fromkeys(found))
    ends = [one for one in unique if not any(_issued(one, other) for other in unique if other is not one)] or unique
    first, *_ = sorted(ends, key=lambda one: _unlike_a_server(one, answers))
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
    return Chain(tuple(path), aside, sent != [(one.subject, seen(one).pin) for one in path[: len(sent)]])


def _unlike_a_server(one: x509.Certificate, answers: Answers) -> tuple[bool, ...]:
    """The less of it is so, the more this is the server's own: false before true, the first question first."""
    there = seen(one)
    return not answers(there), there.is_ca, not there.hosts, _is_root(one)


def _is_root(one: x509.Certificate) -> bool:
    """Whether its own key signed it: a CA's new key that the old one signed for has the CA's own name above it too."""
    return _issued(one, one)


def _issued(above: x509.Certificate, below: x509.Certificate) -> bool:
    if above.subject != below.issuer:
        return False
    try:
        below.verify_directly_issued_by(above)
    except InvalidSignature:
        return False
    except UNREADABLE:
        # A signature of a kind that cannot be checked here (SHA-1): the name has to do. Version 1 names no CA.
        return above == below or seen(above).is_ca or above.version is x509.Version.v1
    return True


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
