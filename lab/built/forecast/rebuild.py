"""
The same chain in the lab's world: same shape, algorithms, dates and constraints; new keys.

Nothing of it is ever written to disk. Host names become reserved ones, so that
no certificate made here could speak for a real site; a CA keeps its name, as a
label. What cannot be kept (a key size that would take seconds to make, a kind
of key that the lab cannot sign with) is replaced and said in `changes`.
"""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, rsa
from cryptography.x509.oid import NameOID

from lab.built.forecast.chain import Chain
from lab.pki.authority import Authority, Credential, Key, begun, ca_subject, new_key, signed
from lab.pki.names import reserved
from lab.pki.pins import algorithm_of, name_of
from lab.pki.world import World

SITE = "site.example"
MOST_NAME = 64  # characters of a common name (RFC 5280, appendix A.1)
MOST_RSA = 2048  # larger keys take up to seconds to make and change no verdict
_CURVES: tuple[type[ec.EllipticCurve], ...] = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


def lab_name(host: str) -> str:
    """The host's name in the lab's world: its own where it is reserved and fits a common name, else site.example."""
    try:
        return reserved(host) if len(host) <= MOST_NAME else SITE
    except ValueError:
        return SITE


class Rebuilt(World):
    """
    A world whose service has a chain of the given shape.

    `now` has to be a moment at which the whole chain is valid. `line` holds its
    authorities, from the one that issues for the service up to the root; a root
    that is not in the chain is made, without limits. `nearby` puts the sibling
    under the issuing authority's own parent instead of under the root.
    `changes` says what could not be kept.
    """

    def __init__(self, chain: Chain, host: str, now: datetime, *, nearby: bool = False) -> None:
        super().__init__(lab_name(host), now=now)
        self._chain = chain
        self._real = host
        self._nearby = nearby
        self.changes: list[str] = []

    @cached_property
    def line(self) -> tuple[Authority, ...]:
        above: Authority | None = None
        used: dict[str, int] = {}
        if not self._chain.has_root:
            above = self.authority(_label(self._chain.path[-1].issuer, used))
        made: list[Authority] = [above] if above else []
        for certificate in reversed(self._chain.path[1:]):
            name = _label(certificate.subject, used)
            key = self._key(certificate, name)
            copied = self._copied(certificate, ca_subject(name), key, above)
            above = Authority(name, key, copied, above, now=self.now)
            made.append(above)
        return tuple(reversed(made))

    @cached_property
    def root(self) -> Authority:
        return self.line[-1]

    @cached_property
    def issuing(self) -> Authority:
        return self.line[0]

    @cached_property
    def sibling(self) -> Authority:
        """A new authority beside the issuing one; see `nearby`."""
        parent = self.issuing.parent if self._nearby and self.issuing.parent else self.root
        return self.authority(f"{self.issuing.name[:50]} (sibling)", under=parent)

    @cached_property
    def genuine(self) -> Credential:
        key = self._key(self._chain.leaf, "the server")
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.host)])
        leaf = self._copied(self._chain.leaf, subject, key, self.issuing, server=True)
        return Credential(key, (leaf, *(one.certificate for one in self.line if one.parent)), self.issuing)

    def twin(self, *, nearby: bool) -> Rebuilt:
        """The same service and CAs, keys and all, with the sibling elsewhere."""
        other = Rebuilt(self._chain, self._real, self.now, nearby=nearby)
        for name in ("line", "genuine", "backup_key", "other_root", "other_issuing", "cdn_root", "inspection_root"):
            other.__dict__[name] = getattr(self, name)
        return other

    def _key(self, certificate: x509.Certificate, whose: str) -> Key:
        old = certificate.public_key()
        if isinstance(old, rsa.RSAPublicKey):
            if old.key_size != MOST_RSA:
                self.changes.append(f"{whose} has RSA {MOST_RSA} here instead of {old.key_size}")
            return rsa.generate_private_key(public_exponent=65537, key_size=MOST_RSA)
        if isinstance(old, ec.EllipticCurvePublicKey) and isinstance(old.curve, _CURVES):
            return ec.generate_private_key(type(old.curve)())
        if isinstance(old, mldsa.MLDSA65PublicKey):
            return new_key("ML-DSA")
        self.changes.append(f"{whose} has ECDSA P-256 here instead of {algorithm_of(old)}")
        return new_key()

    def _copied(
        self, old: x509.Certificate, subject: x509.Name, key: Key, signer: Authority | None, *, server: bool = False
    ) -> x509.Certificate:
        builder = begun(subject, key, signer, old.not_valid_before_utc, old.not_valid_after_utc)
        for extension in old.extensions:
            value = extension.value
            if isinstance(value, x509.BasicConstraints | x509.KeyUsage | x509.ExtendedKeyUsage):
                builder = builder.add_extension(value, critical=extension.critical)
            elif isinstance(value, x509.NameConstraints):
                constraints = self._constraints(value)
                if constraints:
                    builder = builder.add_extension(constraints, critical=extension.critical)
        if server:
            alternative = x509.SubjectAlternativeName([x509.DNSName(self.host)])
            builder = builder.add_extension(alternative, critical=False)
        return signed(builder, signer.key if signer else key)

    def _constraints(self, old: x509.NameConstraints) -> x509.NameConstraints | None:
        """The same limits on host names, as far as they allow or forbid the service's own host."""
        permitted = self._subtrees(old.permitted_subtrees)
        excluded = self._subtrees(old.excluded_subtrees)
        return x509.NameConstraints(permitted, excluded) if permitted or excluded else None

    def _subtrees(self, names: list[x509.GeneralName] | None) -> list[x509.GeneralName] | None:
        domains = [one.value.lower().strip(".") for one in names or () if isinstance(one, x509.DNSName)]
        if not domains:
            return None
        host = self._real.lower()
        within = any(not domain or host == domain or host.endswith("." + domain) for domain in domains)
        return [x509.DNSName(self.host if within else "elsewhere.example")]


def _label(subject: x509.Name, used: dict[str, int]) -> str:
    """An authority's own name, short enough and never twice; one that looks like a host loses its dots."""
    name = " ".join(name_of(subject).split())[:48] or "an authority without a name"
    if " " not in name:
        name = name.replace(".", " ").strip() or "an authority"
    used[name] = used.get(name, 0) + 1
    return name if used[name] == 1 else f"{name} ({used[name]})"
