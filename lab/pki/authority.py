"""
Authorities that sign, and credentials that a server can present.

trustme makes the ordinary ones. What it cannot do is built here with
`cryptography` on the same objects: an existing key, chosen CA dates, name
constraints, cross-signs, a leaf used as a CA, ML-DSA. Nothing here knows a
socket or a pin, and nothing is written to disk.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab.pki.log import PublicLog, logged
from lab.pki.names import is_address
from lab.pki.pins import name_of

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | mldsa.MLDSA65PrivateKey

UNIT = "throwaway lab CA"
LEAF_LIFE = timedelta(days=90)
BACKDATED = timedelta(days=1)  # so that a clock that is a little slow still accepts a new certificate
TRUSTME_KEYS = {"ECDSA": trustme.KeyType.ECDSA, "RSA": trustme.KeyType.RSA}


def new_key(algorithm: str = "ECDSA") -> Key:
    """A fresh private key: ECDSA (P-256), RSA (2048 bits, some 50 ms) or ML-DSA (ML-DSA-65, FIPS 204)."""
    if algorithm == "ECDSA":
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "RSA":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if algorithm == "ML-DSA":
        return mldsa.MLDSA65PrivateKey.generate()
    raise ValueError(f"{algorithm!r} is no algorithm of this lab; use ECDSA, RSA or ML-DSA")


def key_pem(key: Key) -> bytes:
    """The private key in PKCS #8 PEM, not encrypted: for OpenSSL, or for a file of mode 0600."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@dataclass(frozen=True, eq=False)
class Credential:
    """
    A private key with the chain that a server can present, leaf first, without the root.

    `issuer` is the authority that signed the leaf; None for a self-signed one.
    """

    key: Key = field(repr=False)
    chain: tuple[x509.Certificate, ...]
    issuer: Authority | None = None

    @property
    def leaf(self) -> x509.Certificate:
        """The server's own certificate."""
        return self.chain[0]

    @property
    def path(self) -> tuple[x509.Certificate, ...]:
        """The chain of issuers from the leaf to the root that made it, root included."""
        above = self.issuer.line() if self.issuer else ()
        return (self.leaf, *(authority.certificate for authority in above))

    def sending(self, *certificates: x509.Certificate) -> Credential:
        """The same key and leaf with other certificates behind it: stuffed, unordered or missing."""
        return replace(self, chain=(self.leaf, *certificates))

    def __str__(self) -> str:
        return " <- ".join(name_of(certificate.subject) for certificate in self.chain)


@dataclass(frozen=True, eq=False)
class Authority:
    """
    A CA that can sign: a name, a key, its certificate, and the authority above it.

    Make one with `authority`, and others from it with `intermediate`, `issue`
    and `cross_sign`. `now` is the day on which it issues; None is today. What
    it issues lasts `life` and is handed in to `logs`, where nothing else is said.
    """

    name: str
    key: Key = field(repr=False)
    certificate: x509.Certificate = field(repr=False)
    parent: Authority | None = field(default=None, repr=False)
    trustme: trustme.CA | None = field(default=None, repr=False)
    now: datetime | None = field(default=None, repr=False)
    life: timedelta = LEAF_LIFE
    logs: tuple[PublicLog, ...] = field(default=(), repr=False)

    def line(self) -> Iterator[Authority]:
        """This authority and every one above it, the root last."""
        yield self
        if self.parent:
            yield from self.parent.line()

    @property
    def only(self) -> tuple[str, ...]:
        """The domains that it may vouch for; empty where it may vouch for any."""
        for extension in self.certificate.extensions:
            if isinstance(extension.value, x509.NameConstraints):
                permitted = extension.value.permitted_subtrees or ()
                return tuple(one.value for one in permitted if isinstance(one, x509.DNSName))
        return ()

    @property
    def root(self) -> Authority:
        """The last one above this; itself, where nobody is."""
        return list(self.line())[-1]

    def intermediate(self, name: str, **chosen: object) -> Authority:
        """An authority below this one; `chosen` as for `authority`."""
        return authority(name, under=self, **chosen)  # type: ignore[arg-type]

    def issue(
        self,
        *hosts: str,
        key: Key | None = None,
        algorithm: str = "ECDSA",
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        extensions: Iterable[x509.ExtensionType] = (),
        logs: Sequence[PublicLog] | None = None,
    ) -> Credential:
        """
        A credential for `hosts`, the first of which is its name.

        With `key`, the certificate is for that key: this is how a renewal
        keeps its pin, and how a thief gets a new certificate for a stolen key.
        Without dates it starts a day ago and lasts `life`, 90 days by default.
        `extensions` are further ones, none of them critical. It holds what `logs` sign for it, its own where None.
        """
        start = not_before or (self.now or _today()) - BACKDATED
        end = not_after or start + self.life
        further, logs = tuple(extensions), self.logs if logs is None else logs
        if self.trustme and not (key or further or logs) and algorithm in TRUSTME_KEYS:
            made = self.trustme.issue_cert(
                *hosts,
                common_name=hosts[0],
                organization_name=hosts[0],
                organization_unit_name="throwaway lab server",
                not_before=start,
                not_after=end,
                key_type=TRUSTME_KEYS[algorithm],
            )
            pem = made.cert_chain_pems[0].bytes()
            leaf, held = x509.load_pem_x509_certificate(pem), _load_key(made.private_key_pem.bytes())
        else:
            held = key or new_key(algorithm)
            builder, above = _leaf(self, hosts, held, start, end, further), [one.certificate for one in self.line()]
            leaf = logged(builder, lambda made: signed(made, self.key), above, logs, self.now or _today())
        between = [one.certificate for one in self.line() if one.parent]
        return Credential(held, (leaf, *between), self)

    def cross_sign(self, other: Authority) -> Authority:
        """The other authority, same name and same key, with a certificate that this one signed."""
        return _certified_again(other, self)

    def as_root(self) -> Authority:
        """The same name and key under a self-signed certificate: an intermediate that became a root."""
        return _certified_again(self, None)


def authority(
    name: str,
    *,
    under: Authority | None = None,
    key: Key | None = None,
    algorithm: str = "ECDSA",
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    only: Iterable[str] = (),
    now: datetime | None = None,
) -> Authority:
    """
    A root CA, or an intermediate where `under` names its parent.

    `only` lists domains: the certificate then is for TLS servers only (extended
    key usage), and carries critical name constraints (RFC 5280 section
    4.2.1.10) that permit those domains, mail and URIs at those domains, and
    loopback addresses; with entries such as ``CN=bank.example`` only subjects
    that begin so as well. Not every verifier holds a trust anchor to them.
    Without any choice trustme makes it, valid from 2000 to 3000. `now`,
    where given, is the day on which it and the authorities below it issue.
    """
    today, life = now or (under.now if under else None), under.life if under else LEAF_LIFE
    domains, logs = tuple(only), under.logs if under else ()
    ordinary = not (key or not_before or not_after or domains) and algorithm in TRUSTME_KEYS
    if ordinary and (under is None or under.trustme):
        made = trustme.CA(
            parent_cert=under.trustme if under else None,
            path_length=9 - len(list(under.line())) if under else 9,
            organization_name=name,
            organization_unit_name=UNIT,
            key_type=TRUSTME_KEYS[algorithm],
        )
        certificate = x509.load_pem_x509_certificate(made.cert_pem.bytes())
        return Authority(name, _load_key(made.private_key_pem.bytes()), certificate, under, made, today, life, logs)
    held = key or new_key(algorithm)
    start = not_before or datetime(2000, 1, 1, tzinfo=UTC)
    end = not_after or datetime(3000, 1, 1, tzinfo=UTC)
    certificate = _ca_certificate(ca_subject(name), held, under, start, end, domains)
    return Authority(name, held, certificate, under, now=today, life=life, logs=logs)


def ca_subject(name: str) -> x509.Name:
    """The name of an authority of the lab, as its certificate has it."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, UNIT),
        ]
    )


def self_signed(*hosts: str, now: datetime | None = None) -> Credential:
    """A certificate for `hosts` that its own key signed on the day `now`, today by default: nobody vouches for it."""
    key = new_key()
    start = (now or _today()) - BACKDATED
    return Credential(key, (signed(_leaf(None, hosts, key, start, start + LEAF_LIFE), key),))


def acting_as_ca(credential: Credential) -> Authority:
    """
    A server's certificate used to sign others, which its basicConstraints forbid.

    A validator that ignores the CA flag believes it (CVE-2002-0862).
    """
    issuer = credential.issuer
    return Authority(
        name_of(credential.leaf.subject), credential.key, credential.leaf, issuer, now=issuer.now if issuer else None
    )


def forged_link(of: Authority, over: Credential, under: Authority) -> x509.Certificate:
    """
    A certificate that nobody signed: the name and key identifier of one CA over another's public key.

    It is called `of`, holds the public key of `over`, and says that `under`
    issued it. A validator that checks signatures has no use for it; whoever
    follows names and key identifiers from issuer to issuer walks across it.
    """
    named = of.certificate
    key_id = named.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    start, end = named.not_valid_before_utc, named.not_valid_after_utc
    builder = begun(named.subject, over.key, under, start, end, key_id=key_id)
    stranger = new_key()
    return signed(builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True), stranger)


def _today() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _load_key(pem: bytes) -> Key:
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, Key)
    return key


def begun(
    subject: x509.Name,
    key: Key,
    signer: Authority | None,
    start: datetime,
    end: datetime,
    *,
    key_id: x509.SubjectKeyIdentifier | None = None,
) -> x509.CertificateBuilder:
    """What leaves and CAs share: names, key, dates, and whose key signed it; its own, where `signer` is None."""
    above = signer.key.public_key() if signer else key.public_key()
    own = key_id or x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.certificate.subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(own, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above), critical=False)
    )


def signed(builder: x509.CertificateBuilder, key: Key) -> x509.Certificate:
    """The finished certificate."""
    return builder.sign(key, digest_for(key))


def digest_for(key: Key) -> hashes.SHA256 | None:
    """The hash that a signature by this key is over. ML-DSA brings its own; whoever signs then wants None."""
    return None if isinstance(key, mldsa.MLDSA65PrivateKey) else hashes.SHA256()


def _leaf(
    signer: Authority | None,
    hosts: tuple[str, ...],
    key: Key,
    start: datetime,
    end: datetime,
    further: tuple[x509.ExtensionType, ...] = (),
) -> x509.CertificateBuilder:
    # OpenSSL holds a common name that looks like a host against name constraints where no DNS name is there,
    # so an address is no common name: a limited CA could not vouch for 127.0.0.1 otherwise.
    kind = NameOID.ORGANIZATION_NAME if is_address(hosts[0]) else NameOID.COMMON_NAME
    subject = x509.Name([x509.NameAttribute(kind, hosts[0])])
    names = [x509.IPAddress(ipaddress.ip_address(one)) if is_address(one) else x509.DNSName(one) for one in hosts]
    builder = (
        begun(subject, key, signer, start, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    for extension in further:
        builder = builder.add_extension(extension, critical=False)
    return builder


def _certified_again(of: Authority, signer: Authority | None) -> Authority:
    """The same name and key with another certificate, which lives no longer than the old one and the signer's."""
    both = [one.certificate for one in (of, signer) if one]
    start = max(one.not_valid_before_utc for one in both)
    end = min(one.not_valid_after_utc for one in both)
    certificate = _ca_certificate(of.certificate.subject, of.key, signer, start, end, of.only)
    return Authority(of.name, of.key, certificate, signer, now=(signer or of).now, logs=of.logs)


def _ca_certificate(
    subject: x509.Name, key: Key, signer: Authority | None, start: datetime, end: datetime, only: tuple[str, ...]
) -> x509.Certificate:
    builder = (
        begun(subject, key, signer, start, end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage("digital_signature", "key_cert_sign", "crl_sign"), critical=True)
    )
    if only:
        builder = builder.add_extension(_constraints(only), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return signed(builder, signer.key if signer else key)


def usage(*allowed: str) -> x509.KeyUsage:
    """The key usage extension with these bits and no others."""
    every = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: name in allowed for name in every})


def _constraints(only: tuple[str, ...]) -> x509.NameConstraints:
    # A kind of name that no subtree mentions is not constrained at all, so addresses, mail and URIs have to be named
    # beside the hosts. Subjects are where that is asked for: `cryptography` refuses every chain with such a limit.
    permitted: list[x509.GeneralName] = []
    for one in only:
        if one.startswith("CN="):
            permitted.append(x509.DirectoryName(x509.Name.from_rfc4514_string(one)))
        else:
            permitted += [x509.DNSName(one), x509.RFC822Name(one), x509.UniformResourceIdentifier(one)]
    for network in ("127.0.0.0/8", "::1/128"):
        permitted.append(x509.IPAddress(ipaddress.ip_network(network)))
    return x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None)
