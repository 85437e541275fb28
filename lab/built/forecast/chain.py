"""
Reading the chain that a server sends: put in order, bounded, and never trusted.

It says which certificate issued which, by name and signature. Whether a client
would accept the chain is for validation to say, not for this file. Backup keys
are read here too: public keys, requests and certificates, never private keys.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from lab.built.forecast.config import shown
from lab.disk import read
from lab.observation import Certificate
from lab.pki.pins import MOST_BYTES, name_of, pin_of, seen
from lab.pki.reading import UNREADABLE, unwarned

MOST_CERTIFICATES = 100
_BEGIN = b"-----BEGIN CERTIFICATE-----"


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
        return self.path[-1].subject == self.path[-1].issuer

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


def read_chain(file: Path, root: Path | None = None) -> Chain:
    """
    The chain in a PEM file of 1 to 100 certificates, or one DER certificate; `root` is a file with its root.

    Raises ValueError, in one sentence, for anything else, and for a private key.
    """
    files = [file, root] if root else [file]
    found = [certificates(read(one, MOST_BYTES, "certificates"), str(one)) for one in files]
    chain = ordered([one for some in found for one in some], str(file))
    if root and not (chain.has_root and set(found[1]) & set(chain.path)):
        raise ValueError(
            f"{root} does not complete {file}, whose last certificate was issued by {shown(chain.above)}; "
            "give the certificate of that name"
        )
    return chain


def certificates(octets: bytes, file: str) -> list[x509.Certificate]:
    """Every certificate in PEM, or one in DER, each looked into once. Raises ValueError in one sentence."""
    number = octets.count(_BEGIN)
    if number > MOST_CERTIFICATES:
        raise ValueError(
            f"{file} has {number} certificates, and a server sends at most a handful; give the chain of one server"
        )
    try:
        with unwarned():
            if number:
                found = x509.load_pem_x509_certificates(octets)
            elif octets[:1] == b"\x30":
                found = [x509.load_der_x509_certificate(octets)]
            else:
                found = []
            for one in found:
                if seen(one).trouble:
                    raise ValueError(seen(one).trouble)
            if number and len(found) != number:  # a block without its end is passed over in silence
                raise ValueError(f"{number} certificates begin and {len(found)} end")
    except UNREADABLE:
        raise ValueError(
            f"{file} has a damaged certificate in it, or one of a kind that is not supported; "
            "export it again and try `openssl x509 -in FILE -text`"
        ) from None
    if not found:
        raise ValueError(
            f"{file} holds no certificate; give PEM, as `openssl s_client -showcerts` prints it, "
            "with -----BEGIN CERTIFICATE-----"
        )
    return found


def ordered(found: list[x509.Certificate], file: str) -> Chain:
    """
    The certificates from the server's own up to the last issuer that is there.

    Raises ValueError where no server's certificate is there, or nobody issued it.
    """
    unique = list(dict.fromkeys(found))
    ends = [one for one in unique if not seen(one).is_ca]
    if not ends:
        raise ValueError(
            f"{file} holds CAs only, and no server's certificate; give the chain that the server sends, leaf first"
        )
    path = [ends[0]]
    rest = [one for one in unique if one is not ends[0]]
    while path[-1].subject != path[-1].issuer:
        issuers = [one for one in rest if _issued(one, path[-1])]
        if not issuers:
            break
        # A root that is there beats its own cross-sign: a client that has the root stops at it.
        above = next((one for one in issuers if one.subject == one.issuer), issuers[0])
        path.append(above)
        rest.remove(above)
    if len(path) == 1 and path[0].subject == path[0].issuer:
        raise ValueError(
            f"{file} has a self-signed server certificate: no authority vouches for it, so there is no chain to "
            "rebuild; what happens to such a pin is the story of `trial first-use-key`"
        )
    sent = [(one.subject, seen(one).pin) for one in unique[: len(path)]]
    return Chain(tuple(path), tuple(rest), sent != [(one.subject, seen(one).pin) for one in path])


def _issued(above: x509.Certificate, below: x509.Certificate) -> bool:
    if above.subject != below.issuer:
        return False
    try:
        below.verify_directly_issued_by(above)
    except InvalidSignature:
        return False
    except UNREADABLE:
        return seen(above).is_ca  # a signature of a kind that cannot be checked here: the name has to do
    return True


# ---- backup keys ---------------------------------------------------------------------------------

_SHOWN: tuple[Callable[[bytes], Any], ...] = (
    serialization.load_pem_public_key,
    x509.load_pem_x509_certificate,
    lambda pem: x509.load_pem_x509_csr(pem).public_key(),
)
"""How a key may be shown; each raises where the file has another form."""


def read_backup(file: Path) -> str:
    """
    The pin of a key that the operator holds: a public key, a request (CSR) or a certificate in PEM.

    Raises ValueError, in one sentence, for anything else. A private key is
    refused, though it would prove most: it has no business here.
    """
    octets = read(file, MOST_BYTES, "public keys")
    for load in _SHOWN:
        with suppress(*UNREADABLE):
            return pin_of(load(octets))
    raise ValueError(
        f"{file} holds no public key; give a PEM file with one, `openssl pkey -in backup.key -pubout` makes it"
    )
