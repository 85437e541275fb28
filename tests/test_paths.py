"""
How programs build paths: the lab's one builder against two validators that share no code with its search.

Random hierarchies with constraints, key usages, path lengths, critical
extensions, dates and cross-signs; then fixed shapes, each with what every kind
of builder makes of it. Ten thousand random chains:
`python tests/test_paths.py 10000`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import product, starmap
from random import Random
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from lines import NOW, in_memory

from lab.building import AS_OPENSSL, Anchors, Branching, PathBuilding
from lab.observation import Observation
from lab.pki.authority import Credential, new_key
from lab.pki.errors import UNSPECIFIED
from lab.pki.paths import LONGEST, STEPS, Built, build
from lab.pki.pins import name_mismatch, seen
from lab.pki.validation import unsound
from lab.pki.world import HOST
from lab.policy.mind import accept_everything
from lab.wire.client import Habits

KEYS = [new_key() for _ in range(6)]  # few, so that two certificates for one CA are common
LEAF_KEY = new_key()
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55738.1"), b"\x05\x00")
SERVER, CLIENT = (ExtendedKeyUsageOID.SERVER_AUTH,), (ExtendedKeyUsageOID.CLIENT_AUTH,)
USAGES = (SERVER, CLIENT, (*CLIENT, *SERVER))
OURS, OTHERS = ["example"], ["test"]  # what a name constraint is about
EVERY = tuple(starmap(PathBuilding, product(Anchors, Branching)))
SEARCHING = PathBuilding(Anchors.ANY, Branching.SEARCHING)
FIRST = PathBuilding(Anchors.ANY, Branching.FIRST)

KNOWN_DIFFERENCES = {
    "Exceeded maximum signature check limit": "its search counts signatures, and gives up before the builder's does",
}
"""Where `cryptography` refuses what the builder accepts: its words, and why."""
OPENSSL_DIFFERENCES = {
    "basicConstraints.cA must not be asserted in an EE certificate": "the Web PKI has no CA for a server; OpenSSL may",
    "another path than this one is valid": "it finds a shorter path among the same certificates, and is asked of this",
    "signature does not match": "a self-issued CA is none in a path's length for OpenSSL (RFC 5280 section 6.1.4, l); "
    "it counts one, and then says what was wrong with the next that it tried",
}
"""Where the validator behind the builder refuses a path that OpenSSL has accepted: its words, and why."""


# ---- certificates that are wrong in ways of one's own choosing ------------------------------------


@dataclass(frozen=True)
class Made:
    """A certificate and its key, to sign others with."""

    certificate: x509.Certificate
    key: Any


def made(
    name: str,
    key: Any,
    by: Made | None = None,
    *,
    ca: bool = True,
    length: int | None = None,
    signs: bool = True,
    usage: Sequence[x509.ObjectIdentifier] = (),
    permitted: Sequence[str] = (),
    excluded: Sequence[str] = (),
    unknown: bool = False,
    days: tuple[int, int] = (-10, 10),
    hosts: Sequence[str] = (),
    claims: Any = None,
) -> Made:
    """A certificate for this name and key, signed `by` another; self-signed without. Its key id is that of `claims`."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = by.key if by else key
    start, end = (NOW + timedelta(days=day) for day in days)
    allowed = {"digital_signature": True, "key_cert_sign": ca and signs, "crl_sign": ca}
    kinds = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    usages = {**dict.fromkeys((*kinds, "encipher_only", "decipher_only"), False), **allowed}
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca, length if ca else None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key((claims or key).public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(x509.KeyUsage(**usages), critical=True)
    )
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
    if permitted or excluded:
        trees = [[x509.DNSName(one) for one in some] or None for some in (permitted, excluded)]
        builder = builder.add_extension(x509.NameConstraints(*trees), critical=True)
    if unknown:
        builder = builder.add_extension(UNKNOWN, critical=True)
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(map(x509.DNSName, hosts)), critical=False)
    return Made(builder.sign(signer, hashes.SHA256()), key)


def site(by: Made, **differs: Any) -> Made:
    """A server's certificate."""
    return made("the site", LEAF_KEY, by, **{"hosts": [HOST], "usage": SERVER, "ca": False, **differs})


@dataclass(frozen=True)
class Chain:
    """What a server presents, leaf first, and what a client's store holds."""

    presented: tuple[Made, ...]
    anchors: tuple[Made, ...]

    def built(self, how: PathBuilding) -> Built:
        """The lab's path."""
        presented, anchors = ([seen(one.certificate) for one in some] for some in (self.presented, self.anchors))
        return build(presented, anchors, NOW, how)

    def cryptography(self) -> str:
        """Why `cryptography`'s own search, by its own policy for the Web, refuses; empty where it accepts."""
        leaf, *others = (one.certificate for one in self.presented)
        store = Store([one.certificate for one in self.anchors])
        try:
            PolicyBuilder().store(store).time(NOW).build_server_verifier(x509.DNSName(HOST)).verify(leaf, others)
        except VerificationError as refused:
            return str(refused)
        return ""

    def met(self, how: PathBuilding) -> Observation:
        """What a client that builds like this sees in a handshake with it, if it accepts whatever comes."""
        anchors = [one.certificate for one in self.anchors]
        shown = Credential(LEAF_KEY, tuple(one.certificate for one in self.presented))
        habits = Habits(building=how, anchors=tuple(map(seen, anchors)))
        return in_memory(shown, anchors, NOW, accept_everything, habits)[1]

    def parted(self, how: PathBuilding) -> str:
        """What a handshake comes to and the pure builder does not; empty where they agree, or differ as is known."""
        saw, built = self.met(how), self.built(how)
        if saw.path == built.path or (saw.path and any(words in unsound(saw.path) for words in OPENSSL_DIFFERENCES)):
            return ""
        return f"{how}: the handshake {saw.error or saw.path}, the builder {built.error or built.path}"


def any_chain(draw: Random) -> Chain:
    """A hierarchy that nobody planned, and some of its certificates in any order."""

    def rarely(chance: float) -> bool:
        return draw.random() < chance

    def dates() -> tuple[int, int]:
        return draw.choice([(-20, -5), (5, 20)]) if rarely(0.06) else (-10, 10)

    def ca(by: Made | None) -> Made:
        number = draw.randrange(5)
        return made(
            f"CA {number}",
            KEYS[number] if not rarely(0.06) else KEYS[5],
            by,
            ca=not rarely(0.04),
            length=draw.choice([0, 1, 2]) if rarely(0.15) else None,
            signs=not rarely(0.04),
            usage=draw.choice(USAGES) if by and rarely(0.2) else (),
            permitted=draw.choice([OURS, OTHERS]) if rarely(0.1) else (),
            excluded=draw.choice([OURS, OTHERS]) if rarely(0.06) else (),
            unknown=rarely(0.03),
            days=dates(),
        )

    authorities = [ca(None) for _ in range(draw.randint(1, 3))]
    for _ in range(draw.randint(0, 7)):
        authorities.append(ca(draw.choice(authorities[-4:])))
    leaf = site(
        draw.choice(authorities[-3:]),
        hosts=["evil.example" if rarely(0.04) else HOST],
        usage=draw.choice(USAGES) if rarely(0.1) else SERVER,
        unknown=rarely(0.03),
        days=dates(),
        ca=rarely(0.03),
    )
    sent = [one for one in authorities if not rarely(0.2)]
    draw.shuffle(sent)
    stored = [one for one in authorities if rarely(0.7 if _is_root(one) else 0.06)]
    return Chain((leaf, *sent), tuple(stored or authorities[:1]))


def crowded(draw: Random) -> Chain:
    """The same, and the store holds some more of what is sent, now and then the server's own certificate too."""
    chain = any_chain(draw)
    more = [one for number, one in enumerate(chain.presented) if draw.random() < (0.4 if number else 0.3)]
    return Chain(chain.presented, tuple(dict.fromkeys((*chain.anchors, *more))))


def _is_root(one: Made) -> bool:
    return one.certificate.subject == one.certificate.issuer


def differences(count: int, seed: int = 1) -> Iterator[tuple[str, Counter[str]]]:
    """Where builder and `cryptography` say differently for no known reason, chain by chain, and what came up so far."""
    found: Counter[str] = Counter()
    for number in range(count):
        chain = any_chain(Random(f"{seed}:{number}"))
        built, refused = chain.built(SEARCHING), chain.cryptography()
        accepts = built.path is not None and not name_mismatch(seen(chain.presented[0].certificate), HOST)
        known = [words for words in KNOWN_DIFFERENCES if words in refused]
        wrong = ""
        if accepts is bool(refused) and not known:
            wrong = f"chain {number}: the builder {built.error or 'accepts'}, cryptography {refused or 'accepts'}\n"
        found["accepted" if accepts else "refused"] += 1
        found["long"] += len(built.path or ()) >= 4
        found["only by searching"] += accepts and not chain.built(FIRST).path
        found.update(known)
        yield wrong, found


# ---- random chains --------------------------------------------------------------------------------


def test_it_accepts_what_a_full_validator_accepts_and_nothing_else() -> None:
    """For random chains the searching builder finds a path exactly where `cryptography` finds one."""
    found = list(differences(300))
    assert "".join(wrong for wrong, _ in found) == ""
    seen = found[-1][1]
    assert min(seen[word] for word in ("accepted", "refused", "long", "only by searching")) >= 10, seen


@pytest.mark.parametrize("chains", [any_chain, crowded])
@pytest.mark.sampled(2)
def test_a_builder_that_does_not_search_does_as_openssl(chains: Callable[[Random], Chain]) -> None:
    """For random chains, in every way of building: a handshake has the pure builder's path, or neither has one."""
    wrong, found = [], Counter[str]()
    for number in range(60):
        chain = chains(Random(f"openssl:{number}"))
        for how in EVERY:
            found["path" if chain.built(how).path else "none"] += 1
            if parted := chain.parted(how):
                wrong.append(f"chain {number}, {how}: {parted}")
    assert wrong == []
    assert min(found["path"], found["none"]) > 50


# ---- fixed shapes ---------------------------------------------------------------------------------

ROOT, STRANGER = made("Root", KEYS[0]), made("Stranger", KEYS[1])


def two_for_one(**wrong: Any) -> Chain:
    """Two certificates for one CA: the first is wrong in one thing, the second is good."""
    first = made("CA", **{"key": KEYS[2], "by": ROOT, **wrong})
    good = made("CA", KEYS[2], ROOT)
    return Chain((site(good), first, good), (ROOT,))


def two_levels_up(untrusted_first: bool = True) -> Chain:
    """Two certificates for the upper of two CAs; what is wrong shows one step after the choice."""
    upper = [made("Upper", KEYS[2], by) for by in (STRANGER, ROOT)]
    lower = made("Lower", KEYS[3], upper[1])
    return Chain((site(lower), lower, *(upper if untrusted_first else reversed(upper))), (ROOT,))


def mesh(root: Made | None) -> Chain:
    """Four CAs that have all signed each other; the last has a certificate of the root's too, where there is one."""
    plain = [made(f"CA {number}", KEYS[number]) for number in range(2, 6)]
    crossed = [made(f"CA {at + 2}", KEYS[at + 2], by) for at, by in product(range(4), plain) if plain[at] is not by]
    rooted = [made("CA 5", KEYS[5], root)] if root else []
    return Chain((site(plain[0]), *crossed, *rooted), (ROOT,))


def line(count: int, root: Made = ROOT) -> Chain:
    """A straight line of this many certificates, root and leaf included."""
    line = [root]
    for number in range(count - 2):
        line.append(made(f"CA {number}", KEYS[number % 4 + 2], line[-1]))
    return Chain((site(line[-1]), *reversed(line[1:])), (root,))


CA = made("CA", KEYS[2], ROOT)
ITSELF = site(CA)
ENDED = (-20, -5)
SHAPES = {
    # self-signed anchors only: first, searching, legacy; any anchor: first, searching, legacy
    "a straight line": (line(3), "yyy yyy"),
    "straight from the root": (line(2), "yyy yyy"),
    "nobody is trusted": (Chain(line(3).presented, (STRANGER,)), "nnn nnn"),
    "the intermediate is missing": (Chain((site(CA),), (ROOT,)), "nnn nnn"),
    "the root limits names, and this is none of them": (line(3, made("Root", KEYS[0], permitted=OTHERS)), "nnn nnn"),
    "the root limits names, and this is one of them": (line(3, made("Root", KEYS[0], permitted=OURS)), "yyy yyy"),
    "the root allows no CA below it": (line(3, made("Root", KEYS[0], length=0)), "nnn nnn"),
    # anchors
    "the intermediate instead of the root": (Chain((site(CA), CA), (CA,)), "nnn yyy"),
    "the intermediate beside the root": (Chain((site(CA), CA), (ROOT, CA)), "yyy yyy"),
    "the site's own certificate": (Chain(line(3).presented, line(3).presented[:1]), "nnn nnn"),
    "the very certificate": (Chain(*[(site(CA),)] * 2), "nnn yyy"),
    "the very certificate, and its CA is sent": (Chain((ITSELF, CA), (ITSELF,)), "nnn yyy"),
    # two certificates for one CA
    "the same twice": (two_for_one(), "yyy yyy"),
    "one signed by a stranger first": (two_for_one(by=STRANGER), "nyn nyn"),
    "one that has ended first": (two_for_one(days=ENDED), "yyn yyn"),
    "one for clients first": (two_for_one(usage=CLIENT), "nyn nyn"),
    "one for other names first": (two_for_one(permitted=OTHERS), "nyn nyn"),
    "one that excludes the name first": (two_for_one(excluded=OURS), "nyn nyn"),
    "one that may not sign first": (two_for_one(signs=False), "nyn nyn"),
    "one that is no CA first": (two_for_one(ca=False), "nyn nyn"),
    "one with an unknown critical extension first": (two_for_one(unknown=True), "nyn nyn"),
    "one for another key first, and says so": (two_for_one(key=KEYS[3]), "yyy yyy"),
    "one for another key first, and does not say so": (two_for_one(key=KEYS[3], claims=KEYS[2]), "nyn nyn"),
    "the stranger one level further up": (two_levels_up(), "nyn nyn"),
    "the stranger one level further up, second": (two_levels_up(untrusted_first=False), "yyy yyy"),
    "CAs that have all signed each other": (mesh(ROOT), "nyn nyn"),
    "CAs that have all signed each other, and no root": (mesh(None), "nnn nnn"),
    # two roots of one name and key, of which the first has ended
    "a root that has ended, and its successor": (
        Chain(line(3).presented, (made("Root", KEYS[0], days=ENDED), ROOT)), "yyn yyn"
    ),
}  # fmt: skip
BOTH = tuple(starmap(PathBuilding, product((Anchors.SELF_SIGNED, Anchors.ANY), Branching)))


@pytest.mark.parametrize("shape", SHAPES)
def test_what_each_builder_makes_of_a_shape(shape: str) -> None:
    """Written down by hand for each way of building; a handshake and `cryptography`'s own search say the same."""
    chain, expected = SHAPES[shape]
    said = "".join("y" if chain.built(how).path else "n" for how in BOTH)
    assert said == expected.replace(" ", "")
    assert [parted for how in EVERY if (parted := chain.parted(how))] == []
    assert bool(chain.built(SEARCHING).path) is not bool(chain.cryptography())


def test_where_the_path_ends() -> None:
    """With an intermediate beside its root: on to the root, at the intermediate, or on again while it can."""
    chain, _ = SHAPES["the intermediate beside the root"]
    ends = {how: chain.built(PathBuilding(how)).path for how in Anchors}
    assert {how: path and path[-1].name for how, path in ends.items()} == {
        Anchors.SELF_SIGNED: "Root",
        Anchors.ANY: "CA",
        Anchors.ANY_GOES_ON: "Root",
    }
    sent = Chain((*chain.presented, ROOT), (CA,))  # who goes on takes the root from the server, too
    assert [one.name for one in sent.built(PathBuilding(Anchors.ANY_GOES_ON)).path or ()] == ["the site", "CA", "Root"]


def test_the_servers_own_certificate_ends_a_path_where_nothing_else_does() -> None:
    """OpenSSL trusts it when no issuer is trusted, and keeps what is above it; who searches ends there at once."""
    ends = {
        ("site", "CA", "Root"): Chain((ITSELF, CA), (ITSELF, ROOT)),
        ("site", "CA"): Chain((ITSELF, CA), (ITSELF,)),
        ("site",): Chain((ITSELF,), (ITSELF,)),
    }
    for names, chain in ends.items():
        for how, expected in ((FIRST, names), (SEARCHING, ("site",))):
            for path in (chain.built(how).path, chain.met(how).path):
                assert tuple(one.name.removeprefix("the ") for one in path or ()) == expected, how
    late = Chain((ITSELF, made("CA", KEYS[2], ROOT, days=ENDED)), (ITSELF,))  # what stays on the path has to be valid
    assert (late.built(FIRST).path, late.met(FIRST).path) == (None, None)


SHORT = made("Root", KEYS[0], length=0)
LOOP = made("Root", KEYS[0], by=CA)  # the root's key once more, as a CA below the root has signed it
ROUND = site(LOOP)
DIFFERENT = {
    "basicConstraints.cA must not be asserted in an EE certificate": (
        Chain((site(CA, ca=True), CA), (ROOT,)), Chain((site(CA), CA), (ROOT,))
    ),
    "another path than this one is valid": (
        Chain((ROUND, LOOP, CA, ROOT), (ROUND,)), Chain((ROUND, CA, ROOT), (ROUND,))
    ),
    "signature does not match": (
        Chain((site(below := made("Root", KEYS[3], by=SHORT)), below), (SHORT,)),
        Chain((site(below := made("Root", KEYS[3], by=ROOT)), below), (ROOT,)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("words", OPENSSL_DIFFERENCES)
def test_where_the_validator_refuses_what_openssl_accepts(words: str) -> None:
    """OpenSSL has a path and the builder none, in these words; without the one thing that differs, both have one."""
    chain, control = DIFFERENT[words]
    met, built = chain.met(FIRST), chain.built(FIRST)
    assert met.path
    assert built.error
    assert words in built.error.reason
    assert control.met(FIRST).path == control.built(FIRST).path is not None


def test_a_ca_that_is_not_self_issued_counts_for_both() -> None:
    """The control of the last: with a name of its own the same CA is one too many for OpenSSL too."""
    below = made("CA", KEYS[3], by=SHORT)
    chain = Chain((site(below), below), (SHORT,))
    assert (chain.met(AS_OPENSSL).path, chain.built(AS_OPENSSL).path) == (None, None)


def test_a_path_and_a_search_have_an_end() -> None:
    """Who searches takes no eleventh certificate, as OpenSSL would; thirty cross-signs get a no, and soon."""
    for how, eleven in ((SEARCHING, False), (PathBuilding(Anchors.ANY_GOES_ON), False), (FIRST, True)):
        assert [bool(line(count).built(how).path) for count in (LONGEST, LONGEST + 1)] == [True, eleven]
        assert [bool(line(count).met(how).path) for count in (LONGEST, LONGEST + 1)] == [True, eleven]
    many = [made("CA", KEYS[2], made("CA", KEYS[2])) for _ in range(30)]
    assert STEPS < 10_000
    assert Chain((site(many[0]), *many), (ROOT,)).built(SEARCHING).path is None


def test_the_built_path_is_judged_inside_the_handshake() -> None:
    """Where OpenSSL has an error and the builder a path: a no to that path ends the handshake, a yes completes it."""
    chain, _ = SHAPES["one signed by a stranger first"]
    asked: list[Observation] = []

    def decides(answer: bool) -> Callable[[Observation], bool]:
        def decide(saw: Observation) -> bool:
            asked.append(saw)
            return saw.path is not None and answer

        return decide

    anchors = [one.certificate for one in chain.anchors]
    shown = Credential(LEAF_KEY, tuple(one.certificate for one in chain.presented))
    habits = Habits(building=SEARCHING, anchors=tuple(map(seen, anchors)))
    done = [in_memory(shown, anchors, NOW, decides(answer), habits)[0] for answer in (True, False)]
    assert done == [True, False]
    assert [[one.name for one in saw.path or ()] for saw in asked] == [["the site", "CA", "Root"]] * 2
    # who takes the first is asked with OpenSSL's error
    plain = Habits(building=FIRST, anchors=habits.anchors)
    assert in_memory(shown, anchors, NOW, decides(True), plain)[0] is False
    assert asked[-1].error


def test_an_error_says_what_the_validator_said() -> None:
    """What has no code of its own is said in the validator's words, and the error is never without any."""
    for shape, words in (
        ("one for clients first", "its extended key usage is not for TLS servers"),
        ("one for other names first", "no permitted name constraints matched SAN"),
    ):
        chain, _ = SHAPES[shape]
        error = chain.built(AS_OPENSSL).error
        assert error
        assert (error.code, words in error.reason) == (UNSPECIFIED, True), error.reason
    ended = SHAPES["one that has ended first"][0].built(PathBuilding(branching=Branching.LEGACY)).error
    assert ended
    assert (ended.code, ended.reason, ended.name) == (10, "it has expired", "CA")


if __name__ == "__main__":
    bad = 0
    total = int(sys.argv[1])
    for done, (wrong, so_far) in enumerate(differences(total, seed=int(sys.argv[2]) if len(sys.argv) > 2 else 1), 1):
        bad += bool(wrong)
        if wrong:
            print(wrong, end="")
        if done % 500 == 0 or done == total:
            print(f"{done} chains, {bad} differ; {dict(so_far)}", flush=True)
    sys.exit(bool(bad))
