"""
The same chain in the lab's world, with new keys, and the client that has the pins there.

Nothing of it is ever written to disk. Host names become reserved ones, so that
no certificate made here could speak for a real site; a CA keeps its name, as a
label. What cannot be kept (a key size that would take seconds to make, a kind
of key that the lab cannot sign with) is replaced and said in `changes`. Each
pin moves to the rebuilt certificate that it names; the client asks what the
program asks that reads such a file (which program asks what is in
`lab.policy.profiles`, with the sources).
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, rsa
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID
from OpenSSL import crypto

from lab.building import AS_OPENSSL
from lab.built.forecast.chain import Chain
from lab.built.forecast.config import Anchor, Format, PinConfig
from lab.built.forecast.findings import Subject
from lab.built.forecast.match import Match, Names
from lab.observation import Certificate, Finding, Observation, ValidationError, Wanted
from lab.pki.authority import Authority, Credential, Key, begun, ca_subject, new_key, signed
from lab.pki.errors import UNSPECIFIED, error_at
from lab.pki.names import reserved
from lab.pki.paths import EXPIRED, NOT_YET
from lab.pki.pins import algorithm_of, fingerprint_of, name_of, pin_of, seen
from lab.pki.reading import extensions, parsed
from lab.pki.world import World
from lab.policy.check import Check, Known
from lab.policy.checks import HOST_NAME, VALIDATION, pinned, shown
from lab.policy.clients import Client
from lab.policy.pinset import PinList, PinSet, Role
from lab.policy.profiles import BUILDING, SYSTEM_ANCHOR, unless_installed, until

YOURS = "yours"
"""The name of the client that ships the pins that were brought along."""
SITE, ELSEWHERE = "site.example", "elsewhere.example"
MADE = "(made by the lab)"
"""In place of the pin of a certificate that stands for none of those that were brought along."""
MOST_RSA = 2048  # larger keys take up to seconds to make and change no verdict
_CURVES: tuple[type[ec.EllipticCurve], ...] = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


_KEPT = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage)
_NEW = (x509.SubjectAlternativeName, x509.IssuerAlternativeName, x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier)
"""Extensions that say who somebody is, so that a new certificate has others."""
_LIMITED = {47, 48, 49, 51, 52, 53}
_WEAK = {
    SignatureAlgorithmOID.RSA_WITH_MD5: "MD5",
    **dict.fromkeys((SignatureAlgorithmOID.RSA_WITH_SHA1, SignatureAlgorithmOID.ECDSA_WITH_SHA1), "SHA-1"),
}
_EXPLICIT = 94
_KEPT_FAULTS = {NOT_YET, EXPIRED, 24, 25, 32, 34, 79}
"""OpenSSL's codes: names that a CA's limits forbid, explicit curves, and what a copy keeps anyway."""
_REFUSED = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.999.1"), b"\x05\0")


def refused(chain: Chain, now: datetime) -> ValidationError | None:
    """
    What OpenSSL has against this chain as it was brought, its last certificate trusted; None where it has nothing.

    Neither the host name nor what the server may be used for is looked at: the rebuilt chain keeps both.
    """
    store = crypto.X509Store()
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    store.set_time(now.astimezone(UTC).replace(tzinfo=None))
    try:
        leaf, *above = map(crypto.X509.from_cryptography, chain.path)
        store.add_cert((leaf, *above)[-1])
        crypto.X509StoreContext(store, leaf, above[:-1]).verify_certificate()
    except crypto.X509StoreContextError as problem:
        code, depth, _ = problem.errors
        depth = min(depth, len(chain.path) - 1)
        return error_at(code, depth, chain.seen[depth])
    except crypto.Error:
        return error_at(UNSPECIFIED, 0, chain.seen[0])
    return None


def limited_by_anchor(chain: Chain, now: datetime) -> bool:
    """
    Whether only a limit of the root itself, on names or of a kind unknown, makes OpenSSL refuse the chain.

    Java takes a trust anchor's name and key, and no such limit (measured with 17.0.15; RFC 5280 section 6.2 lets both).
    """
    if not chain.has_root or not refused(chain, now):
        return False
    root = chain.path[-1]
    bare = (
        x509.CertificateBuilder()
        .subject_name(root.subject)
        .issuer_name(root.subject)
        .public_key(root.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(root.not_valid_before_utc)
        .not_valid_after(root.not_valid_after_utc)
    )
    for extension in extensions(root):
        if isinstance(extension.value, (*_KEPT, x509.SubjectKeyIdentifier)):
            bare = bare.add_extension(extension.value, critical=extension.critical)
    return not refused(replace(chain, path=(*chain.path[:-1], signed(bare, new_key()))), now)


def lab_name(host: str) -> str:
    """The host's name in the lab's world: its own where it is reserved and fits a common name, else site.example."""
    try:
        return reserved(host)
    except ValueError:
        return SITE


class Rebuilt(World):
    """
    A world whose service has a chain of the given shape.

    `now` is the day on which all is issued that is new. A root that is not
    in the chain is made, without limits. What ordinary validation has against the
    chain as it was brought (`refused`) it has against this one; where the
    server's certificate is `misnamed`, it answers for another host here too.
    `changes` says what could not be kept.
    """

    def __init__(self, chain: Chain, host: str, now: datetime, *, misnamed: bool = False) -> None:
        super().__init__(lab_name(host), now=now)
        self._answers_for = ELSEWHERE if misnamed else self.host
        self._chain = chain
        self._real = host
        self.changes: list[str] = []
        if misnamed:
            self.changes.append(f"whichever names the server's certificate has, it has {ELSEWHERE} here")
        self.refused = refused(chain, now)
        if self.refused and self.refused.code == _EXPLICIT:
            self.changes.append(
                f"the curve of {self.refused.name} has its name here and its parameters there, which not every program "
                "takes (OpenSSL does not since version 3)"
            )
            self.refused = None
        self._others: dict[str, Authority] = {}

    @cached_property
    def issuing(self) -> Authority:
        """The authority that issues for the service, below the others of its chain; the root, where it is alone."""
        above: Authority | None = None
        used: dict[str, int] = {}
        if not self._chain.has_root:
            above = self.authority(_label(self._chain.above, used))
        for certificate in reversed(self._chain.path[1:]):
            name = _label(name_of(certificate.subject), used)
            key = self._key(certificate, name)
            copied = self._copied(certificate, ca_subject(name), key, above)
            above = Authority(name, key, copied, above, now=self.now)
        assert above is not None  # a chain of one self-signed certificate is refused when it is read
        return above

    @cached_property
    def root(self) -> Authority:
        """The last authority of the chain."""
        return self.issuing.root

    @cached_property
    def sibling(self) -> Authority:
        """A new authority under the root, beside the line."""
        return self._beside(self.root)

    def _beside(self, parent: Authority) -> Authority:
        return self.authority(f"{self.issuing.name[:50]} (sibling)", under=parent)

    @cached_property
    def genuine(self) -> Credential:
        """What the service presents: the chain with new keys, dates and limits as they were."""
        key = self._key(self._chain.leaf, "the server")
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.host)])
        leaf = self._copied(self._chain.leaf, subject, key, self.issuing, server=True)
        return Credential(key, (leaf, *(one.certificate for one in self.issuing.line() if one.parent)), self.issuing)

    def nearby(self) -> Rebuilt:
        """The same service and CAs, keys and all, with the sibling under the issuing authority's own parent."""
        _ = self.genuine, self.backup_key  # made here, so that both worlds have the same ones
        other = copy(self)
        other.sibling = self._beside(self.issuing.parent or self.root)
        return other

    def other(self, shown: Certificate) -> Authority:
        """Another CA that was shown, with a new key: a root, or below a root of its own. The same one each time."""
        if shown.pin not in self._others:
            used = {one.name: 1 for one in (*self.issuing.line(), *self._others.values())}
            above = None if shown.name == shown.issuer else self.authority(_label(shown.issuer, used))
            self._others[shown.pin] = self.authority(_label(shown.name, used), under=above)
        return self._others[shown.pin]

    def beside(self, shown: Certificate) -> Rebuilt:
        """The same service and CAs, keys and all, where the other CA in every store is the one that was shown."""
        _ = self.genuine, self.backup_key, self.store
        world, made = copy(self), self.other(shown)
        world.other_root = made.root
        world.other_issuing = made if made.parent else self.authority(f"{made.name[:40]}: issuing CA", under=made)
        world.store = (*self.store, made.root)
        return world

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
        fault = self.refused.code if self.refused and self._chain.path[self.refused.depth] == old else 0
        if signer is None and old.version is x509.Version.v1:
            self.changes.append(
                f"{name_of(subject)}, a certificate of version 1, which names no CA, has version 3 here"
            )
            builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
        if signer and old.signature_algorithm_oid in _WEAK:
            self.changes.append(
                f"the signature of {name_of(old.subject)} is by {_WEAK[old.signature_algorithm_oid]} there, which most "
                "programs of today refuse below a root, and by SHA-256 here"
            )
        for extension in extensions(old):
            value = extension.value
            if isinstance(value, x509.NameConstraints):
                constraints = self._constraints(value)
                if constraints:
                    builder = builder.add_extension(constraints, critical=extension.critical)
            elif isinstance(value, _KEPT) or (extension.critical and not isinstance(value, _NEW)):
                builder = builder.add_extension(value, critical=extension.critical)
        if fault and fault not in _KEPT_FAULTS | _LIMITED:
            self.changes.append(f"{name_of(subject)} has an extension that nobody knows here, so as to be refused too")
            builder = builder.add_extension(_REFUSED, critical=True)
        if server:
            alternative = x509.SubjectAlternativeName([x509.DNSName(self._answers_for)])
            builder = builder.add_extension(alternative, critical=False)
        return signed(builder, signer.key if signer else key)

    def _constraints(self, old: x509.NameConstraints) -> x509.NameConstraints | None:
        """The same limits on host names, as far as they allow or forbid the service's own host."""
        if self.refused and self.refused.code in _LIMITED:
            self.changes.append("whatever names a CA of this chain is limited to, it is limited to other names here")
            return x509.NameConstraints([x509.DNSName(ELSEWHERE)], None)
        permitted = self._subtrees(old.permitted_subtrees)
        excluded = self._subtrees(old.excluded_subtrees)
        return x509.NameConstraints(permitted, excluded) if permitted or excluded else None

    def _subtrees(self, names: list[x509.GeneralName] | None) -> list[x509.GeneralName] | None:
        domains = [one.value.lower().strip(".") for one in names or () if isinstance(one, x509.DNSName)]
        if not domains:
            return None
        host = self._real.lower()
        within = any(not domain or host == domain or host.endswith("." + domain) for domain in domains)
        return [x509.DNSName(self.host if within else ELSEWHERE)]


def _label(said: str, used: dict[str, int]) -> str:
    """An authority's own name, short enough and never twice; one that looks like a host loses its dots."""
    name = " ".join(said.split())[:48] or "an authority without a name"
    if " " not in name:
        name = name.replace(".", " ").strip() or "an authority"
    used[name] = used.get(name, 0) + 1
    return name if used[name] == 1 else f"{name} ({used[name]})"


# ---- the client that ships the pins --------------------------------------------------------------


def client(subject: Subject, pins: PinSet, world: Rebuilt) -> Client:
    """
    The client that ships this configuration: validation, the host name, then the pins as its program asks them.

    It builds its paths as that program does. `pins` are the moved ones. A CA
    that is bundled with the app is taken to be the root of this world. Android
    trusts the user's CAs only where the file says so (for apps that target API
    level 24 or later); browsers that had HPKP let an installed CA past it.
    """
    config = subject.config
    building = BUILDING.get(config.format.dialect.builds, AS_OPENSSL)
    checks: list[Check] = [] if config.insecure else [VALIDATION, HOST_NAME]
    if config.format is Format.ANDROID and not config.user_anchors and not config.own_anchors:
        checks.append(SYSTEM_ANCHOR)
    check = (shown if config.insecure else pinned)("your pins", pins)
    if config.expires:
        check = until(config.expires, check)
    if Anchor.USER in config.overrides or config.format is Format.HPKP:
        check = unless_installed(check)
    if not subject.unasked:
        checks.append(check)
    if config.own_anchors:
        root = world.root.certificate
        checks = [one if one is HOST_NAME else _own_store(one, root, config) for one in checks]
    title = (
        f"unpinned, because {subject.unasked}"
        if subject.unasked
        else f"has your pins, as {config.format.words} has them"
    )
    return Client(YOURS, title, tuple(checks), building=building)


def _own_store(check: Check, root: x509.Certificate, config: PinConfig) -> Check:
    """The check as an app asks it that does not trust the system's CAs: of the path that its own store leads to."""
    bundled = [root] if Anchor.BUNDLED in config.anchors else []

    def rule(observation: Observation, known: Known) -> Finding | tuple[bool, str]:
        if observation.resumed or not observation.presented:
            return check.rule(observation, known)
        users = [one for one in known.store if config.user_anchors and one.fingerprint in known.installed]
        leaf, *sent = (crypto.X509.from_cryptography(parsed(one.der)) for one in observation.presented)
        store = crypto.X509Store()
        store.set_time(observation.time.astimezone(UTC).replace(tzinfo=None))
        for one in (*bundled, *(parsed(one.der) for one in users)):
            store.add_cert(crypto.X509.from_cryptography(one))
        try:
            path = crypto.X509StoreContext(store, leaf, sent).get_verified_chain()
        except crypto.X509StoreContextError as refused:
            code, depth, *_ = refused.errors
            error = error_at(code, depth, seen(refused.certificate.to_cryptography()))
            return check.rule(replace(observation, path=None, error=error), known)
        found = tuple(seen(one.to_cryptography()) for one in path)
        return check.rule(replace(observation, path=found, error=None), known)

    return replace(check, rule=rule)


def moved(subject: Subject, world: Rebuilt) -> PinSet:
    """The pin set with each pin moved to the rebuilt certificate that it matched, and others to strangers' keys."""
    return PinSet(
        tuple(
            PinList(tuple(_moved(one, subject, world) for one in matches), listed.where)
            for listed, matches in zip(subject.config.lists, subject.lists, strict=True)
        )
    )


def _moved(one: Match, subject: Subject, world: Rebuilt) -> str:
    if one.names is Names.BACKUP and not one.never:
        second = subject.second(one)
        return pin_of(world.other(second).certificate if second else world.backup_key.public_key())
    if one.names is Names.CERTIFICATE and one.place is not None and one.works:
        return fingerprint_of(world.genuine.path[one.place])
    if one.names is Names.KEY and one.place is not None and not one.pin.never:
        return pin_of(world.genuine.path[one.place])  # `where` may keep it from matching, as in the program
    return pin_of(new_key().public_key())


def _unsure(one: Match) -> str:
    return Names.NOTHING.value if one.place is not None else one.names.value  # it may be the root's, or another's


def moved_back(found: Finding, subject: Subject, world: Rebuilt, pins: PinSet) -> Finding:
    """
    The same finding, told with the certificates of the chain and the pins of the file that were brought along.

    `pins` are the moved ones. A certificate stands for the one whose new key it
    has; a key that is neither in the chain nor in the file was made by the lab.
    """
    chain = subject.chain
    own = {pin_of(new): old for new, old in zip(world.genuine.path, chain.seen, strict=False)}
    own |= {pin_of(world.other(one).certificate): one for one in subject.authorities}
    files: dict[Role | str, list[Wanted]] = {}
    for listed, matches in zip(pins.lists, subject.lists, strict=True):
        for pin, one in zip(listed.pins, matches, strict=True):
            second = subject.second(one)
            unsure = one.place is None or (one.place >= len(chain.path) and one.pin.role is not Role.ROOT)
            name = second.name if second else _unsure(one) if unsure else chain.name(one.place or 0)
            files.setdefault(pin, []).append(Wanted(one.pin.written if one.pin.never else str(one.pin), name))

    def back(met: Certificate) -> Certificate:
        known = files.get(met.pin, [Wanted(f"{MADE:<51}")])
        return own.get(met.pin) or replace(met, pin=known[0].pin)

    wanted = dict.fromkeys(pin for one in found.wanted for pin in files[one.pin])
    return replace(found, wanted=tuple(wanted), seen=tuple(map(back, found.seen)))
