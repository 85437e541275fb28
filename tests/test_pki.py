"""
Pins, names, authorities and credentials, held against other programs where there are any.

Certificates are made here and thrown away.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from hypothesis import given, settings
from hypothesis import strategies as st
from lines import NOW
from OpenSSL import crypto
from unreadable import NEGATIVE_SERIAL, ODD_COUNTRY, UNREADABLE, der, patched, swap

from lab.naming import printable
from lab.observation import Certificate, Observation
from lab.pki.authority import (
    Authority,
    Credential,
    acting_as_ca,
    authority,
    key_pem,
    new_key,
    self_signed,
)
from lab.pki.der import fields, parts
from lab.pki.names import is_address, reserved
from lab.pki.pins import (
    algorithm_of,
    fingerprint_of,
    name_mismatch,
    name_of,
    parse_pin,
    pin_of,
    read,
    seen,
    spki,
)
from lab.pki.world import HOST, World
from lab.trials.second_opinion import second_opinion

ROOT = authority("Some Root")
ISSUING = ROOT.intermediate("Some Issuing CA")
SITE = ISSUING.issue(HOST)
SITE_DER = SITE.leaf.public_bytes(serialization.Encoding.DER)


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


# ---- pins -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["RSA", "ECDSA"])
def test_a_pin_is_what_the_openssl_command_says(algorithm: str, tmp_path: Path) -> None:
    """The usual openssl pipeline prints our pin; for another key it prints another."""
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("the openssl command is not installed")

    def printed(certificate: x509.Certificate) -> str:
        octets = pem(certificate)
        for step in (
            "x509 -pubkey -noout", "pkey -pubin -outform der", "dgst -sha256 -binary", "base64",
        ):  # fmt: skip
            octets = subprocess.run([openssl, *step.split()], input=octets, capture_output=True, check=True).stdout
        return "sha256/" + octets.decode().strip()

    leaf = ROOT.issue(HOST, algorithm=algorithm).leaf
    assert printed(leaf) == pin_of(leaf)
    assert printed(ROOT.issue(HOST).leaf) != pin_of(leaf)


def test_a_pin_is_of_the_octets_in_the_certificate() -> None:
    """A point that is written short is the same key with another pin: nothing is parsed and written anew."""
    compressed = SITE.key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    whole = spki(SITE.key.public_key())
    short = der(0x30, parts(parts(whole)[0].content)[0].whole + der(0x03, b"\0" + compressed))
    found = x509.load_der_x509_certificate(patched(SITE.leaf, ISSUING, swap(whole, short)))
    assert found.public_key() == SITE.leaf.public_key()
    assert pin_of(found) == seen(found).pin == parse_pin(sha256_of(short))
    assert pin_of(found) != pin_of(SITE.leaf) == parse_pin(sha256_of(whole))


@pytest.mark.parametrize("algorithm", ["RSA", "ECDSA", "ML-DSA"])
def test_a_pin_is_the_hash_of_what_openssl_calls_the_public_key(algorithm: str) -> None:
    """The OpenSSL library writes the same SubjectPublicKeyInfo, for keys of every algorithm."""
    leaf = ROOT.issue(HOST, algorithm=algorithm).leaf
    written = crypto.dump_publickey(crypto.FILETYPE_ASN1, crypto.X509.from_cryptography(leaf).get_pubkey())
    assert pin_of(serialization.load_der_public_key(written)) == pin_of(leaf) == seen(leaf).pin
    assert pin_of(leaf) == parse_pin(sha256_of(written))


def sha256_of(octets: bytes) -> str:
    return base64.b64encode(hashlib.sha256(octets).digest()).decode()


def test_renewing_with_the_same_key_keeps_the_pin() -> None:
    """Renewal with the same key keeps the pin, a new key changes it; the fingerprint always changes."""
    same_key = ISSUING.issue(HOST, key=SITE.key)
    new = ISSUING.issue(HOST)
    assert pin_of(SITE.leaf) == pin_of(same_key.leaf)
    assert pin_of(SITE.leaf) != pin_of(new.leaf)
    assert len({fingerprint_of(one.leaf) for one in (SITE, same_key, new)}) == 3


B64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.mark.parametrize("text", [f"sha256/{B64}", f"sha256//{B64}", B64, f"  sha256/{B64}\n"])
def test_forms_of_a_pin(text: str) -> None:
    """OkHttp's form, curl's form and bare base64 are the same pin."""
    assert parse_pin(text) == f"sha256/{B64}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256/",
        "sha256/AAEC",  # three bytes
        f"sha1/{B64}",
        f"sha256/{B64[:-1]}",  # padding lost
        f"sha256/{B64[:-1]}*",
        "00:01:02:03",
        f"cert-sha256/{B64}",
    ],
)
def test_what_is_no_pin(text: str) -> None:
    """Everything else is refused in one sentence that repeats it."""
    with pytest.raises(ValueError, match="is no pin; a pin is sha256/ and the base64 of 32 bytes") as refused:
        parse_pin(text)
    assert repr(text) in str(refused.value)


def test_what_can_be_read_off_a_certificate() -> None:
    """Names, hosts, dates, algorithm and the CA flag are read, once for each certificate."""
    leaf = ISSUING.issue(HOST, "localhost", "127.0.0.1").leaf
    found = seen(leaf)
    expected = (HOST, "Some Issuing CA", (HOST, "localhost", "127.0.0.1"), "ECDSA P-256", False)
    assert expected == (found.name, found.issuer, found.hosts, found.algorithm, found.is_ca)
    assert (leaf.not_valid_before_utc, leaf.not_valid_after_utc) == (found.not_before, found.not_after)
    assert seen(ROOT.certificate).is_ca
    assert read(found.der) is read(found.der)


def test_algorithms_by_name() -> None:
    """Key algorithms are said as people say them."""
    names = {algorithm: algorithm_of(new_key(algorithm).public_key()) for algorithm in ("ECDSA", "RSA", "ML-DSA")}
    assert names == {"ECDSA": "ECDSA P-256", "RSA": "RSA 2048", "ML-DSA": "ML-DSA-65"}
    with pytest.raises(ValueError, match="'DSA' is no algorithm of this lab"):
        new_key("DSA")


# ---- what cannot be read --------------------------------------------------------------------------


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_is_said_and_the_rest_is_read(what: str) -> None:
    """A certificate that breaks rules keeps its octets, names, dates and pin; what it lacks is said in words."""
    change, trouble = UNREADABLE[what]
    leaf = ISSUING.issue("bank.example").leaf
    good, found = seen(leaf), read(patched(leaf, ISSUING, change))
    assert found.trouble.startswith(trouble)
    assert good.trouble == ""
    assert (good.name, good.issuer, good.pin) == (found.name, found.issuer, found.pin)
    dated = (good.not_before, good.not_after) if "date" not in what else (datetime(1970, 1, 1, tzinfo=UTC),) * 2
    assert dated == (found.not_before, found.not_after)
    assert (found.hosts, found.fingerprint == good.fingerprint) == ((), False)


def test_a_key_of_an_unknown_kind_has_its_pin_all_the_same() -> None:
    """A pin is a hash of octets that are there; the algorithm is called unknown."""
    leaf = ISSUING.issue("bank.example").leaf
    odd = patched(leaf, ISSUING, swap(bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d0209")))
    found = read(odd)
    assert (found.algorithm, found.trouble) == ("unknown", "its key is of a kind that is not known here")
    assert found.hosts == ("bank.example",)
    octets = fields(odd).spki
    assert octets in odd
    assert found.pin == "sha256/" + base64.b64encode(hashlib.sha256(octets).digest()).decode()
    assert found.pin != seen(leaf).pin


def test_what_old_certificates_get_wrong_is_read() -> None:
    """A negative serial number (RFC 5280 section 4.1.2.2) or a country of 20 letters breaks nothing that is read."""
    leaf = ISSUING.issue("bank.example").leaf
    for change in (NEGATIVE_SERIAL, ODD_COUNTRY):
        odd = read(patched(leaf, ISSUING, change))
        assert replace(seen(leaf), der=odd.der, fingerprint=odd.fingerprint) == odd


@given(st.binary(max_size=60) | st.builds(lambda cut: SITE_DER[:cut], st.integers(0, 400)))
@settings(max_examples=300, deadline=None)
def test_nothing_makes_the_reader_raise(octets: bytes) -> None:
    """Whatever a server sends is read, as far as it can be; what is no certificate has no key and no pin."""
    found = read(octets)
    assert (found.der, found.trouble, found.pin) == (octets, "its octets are no certificate", found.fingerprint)


@given(st.integers(0, 10_000), st.integers(0, 255))
@settings(max_examples=500, deadline=None)
def test_no_single_octet_makes_the_reader_raise(place: int, octet: int) -> None:
    """A certificate with one octet changed is read, or says what cannot be."""
    at = place % len(SITE_DER)
    found = read(SITE_DER[:at] + bytes([octet]) + SITE_DER[at + 1 :])
    assert found.name.isprintable()
    assert name_mismatch(found, HOST).isprintable()


def test_a_name_gives_a_terminal_no_orders() -> None:
    """Control characters in a name are escaped where it is read."""
    leaf = ISSUING.issue("bank.example").leaf
    assert (
        read(patched(leaf, ISSUING, swap(b"\x0c\x0cbank.example", b"\x0c\x0cbank\n\x1b[2Jmpl"))).name
        == "bank\\n\\x1b[2Jmpl"
    )


# ---- host names -----------------------------------------------------------------------------------

# names in the certificate -> hosts that it answers for, hosts that it does not
NAMES = {
    ("bank.example",): (
        ["bank.example", "BANK.example"],
        ["www.bank.example", "bank.example.test", "example"],
    ),
    # the dot that ends an absolute name is not compared, as in browsers and curl; two dots end no name
    ("bank.example", "*.a.example"): (["bank.example.", "b.a.example."], ["bank.example..", ".bank.example", "."]),
    # white space around a name is part of it, and nobody's name has any
    (" bank.example", "bank.example\n", "\tbank.example"): ([], ["bank.example"]),
    ("bank.example", "*.bank.example", "bank.test"): (
        ["bank.example"],
        ["bank.example\n", " bank.example", "\u2024bank.example"],
    ),
    # a wildcard is one whole label, the leftmost
    ("*.bank.example",): (["www.bank.example"], ["bank.example", "a.b.bank.example", "www.bank.test"]),
    ("w*.bank.example",): ([], ["www.bank.example"]),
    ("*",): ([], ["localhost", "bank.example"]),
    # addresses are compared as addresses, never as names or by wildcards
    (IPv4Address("127.0.0.1"),): (["127.0.0.1"], ["127.0.0.2", "localhost", "127.0.0.1.", "127.1"]),
    (IPv6Address("::1"),): (["::1", "0:0:0:0:0:0:0:1"], ["127.0.0.1", "[::1]"]),
    ("*.0.0.1",): ([], ["127.0.0.1"]),
    ("bank.example", IPv4Address("127.0.0.1")): (["bank.example", "127.0.0.1"], ["shop.example"]),
    # a DNS name that looks like an address is none, beside an address too
    ("127.0.0.1",): ([], ["127.0.0.1", "127.0.0.2"]),
    ("::1",): ([], ["::1"]),
    ("127.0.0.1", IPv4Address("127.0.0.2")): (["127.0.0.2"], ["127.0.0.1"]),
    # an internationalised name stands there in its A-labels (RFC 5280 section 7.2), and its raw UTF-8 is no name
    ("xn--bcher-kva.example",): (["bücher.example", "xn--bcher-kva.example"], ["bucher.example"]),
    ("bücher.example",): ([], ["bücher.example", "xn--bcher-kva.example"]),
    (): ([], ["bank.example", "127.0.0.1"]),
    # what is no host name at all is nobody's
    ("my_host.example",): (["my_host.example"], ["", " ", "*.example", "a\0b", "ü" * 64, "a" * 300, "\ud800"]),
}


def answering(*names: str | IPv4Address | IPv6Address) -> Certificate:
    """A certificate with these names, each of its kind, as a client reads it."""
    dns = tuple(name for name in names if isinstance(name, str))
    addresses = tuple(str(name) for name in names if not isinstance(name, str))
    return replace(seen(SITE.leaf), hosts=dns + addresses, addresses=addresses)


@pytest.mark.parametrize("names", NAMES, ids=lambda names: " ".join(map(str, names)) or "none")
def test_which_hosts_a_certificate_answers_for(names: tuple[str | IPv4Address | IPv6Address, ...]) -> None:
    """A certificate answers for its names, its addresses and one label under a wildcard (RFC 9525)."""
    answers, refused = NAMES[names]
    assert [""] * len(answers) == [name_mismatch(answering(*names), host) for host in answers]
    for host in refused:
        said = name_mismatch(answering(*names), host)
        assert f"not for {printable(host) or 'an empty name'}" in said
        assert said.isprintable()


def test_a_certificate_with_thousands_of_names_is_no_flood() -> None:
    """All of them are compared, and only the first few are told."""
    many = answering(*(f"a{number}.example" for number in range(3000)))
    assert name_mismatch(many, "a2999.example") == ""
    said = name_mismatch(many, "bank.example")
    assert said.startswith("the certificate answers for a0.example, a1.example, ")
    assert said.endswith("…, not for bank.example")
    assert len(said) < 250


def test_both_kinds_of_names_are_read_and_a_raw_one_stands_there_as_it_is() -> None:
    """A DNS name that spells an address stays a name, an address one; raw UTF-8 is shown escaped, and not mended."""
    kinds = seen(ISSUING.issue("bank.example", "127.0.0.1", "::1").leaf)
    assert (kinds.dns_names, kinds.addresses) == (("bank.example",), ("127.0.0.1", "::1"))
    assert kinds.hosts == ("bank.example", "127.0.0.1", "::1")
    spelt = read(patched(ISSUING.issue("aaa.b.c.d").leaf, ISSUING, swap(b"aaa.b.c.d", b"127.0.0.1")))
    assert (spelt.dns_names, spelt.addresses, spelt.trouble) == (("127.0.0.1",), (), "")
    assert name_mismatch(spelt, "127.0.0.1") == "the certificate answers for 127.0.0.1, not for 127.0.0.1"
    raw = "b\xfccher.example".encode()
    utf8 = read(patched(ISSUING.issue("x" * len(raw)).leaf, ISSUING, swap(b"x" * len(raw), raw)))
    assert (utf8.dns_names, utf8.trouble) == (("bücher.example",), "")
    expected = "the certificate answers for b\\xfccher.example, not for bücher.example"
    assert name_mismatch(utf8, "bücher.example") == expected


def test_a_common_name_does_not_count() -> None:
    """Only subjectAltName says whom a certificate answers for."""
    nameless = x509.CertificateBuilder(
        subject_name=SITE.leaf.subject,
        issuer_name=ISSUING.certificate.subject,
        public_key=SITE.key.public_key(),
        serial_number=1,
        not_valid_before=NOW,
        not_valid_after=NOW + timedelta(days=1),
    )
    found = seen(nameless.sign(ISSUING.key, hashes.SHA256()))
    assert (found.name, found.hosts) == (HOST, ())
    assert name_mismatch(found, HOST) == f"the certificate answers for no host, not for {HOST}"


@pytest.mark.parametrize(
    "host", ["bank.example", "Bank.EXAMPLE", "a.b.test", "localhost", "shop.example.com", "x.invalid"]
)
def test_reserved_names(host: str) -> None:
    """Names that can belong to nobody are allowed, and written in lower case."""
    assert reserved(host) == host.lower()


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("bank.com", "somebody's real site"),
        ("example.com.evil.net", "somebody's real site"),
        ("notexample", "somebody's real site"),
        ("127.0.0.1", "somebody's real site"),
        ("bank.example.", "is not a host name"),
        ("", "is not a host name"),
        ("-bank.example", "is not a host name"),
        ("bank .example", "is not a host name"),
        ("*.example", "is not a host name"),
        (f"{'a' * 64}.example", "is not a host name"),
        (f"{'a' * 57}.example", "is not a host name"),  # 65: more than a common name carries
        (".".join(["a" * 60] * 5) + ".example", "is not a host name"),
    ],
)
def test_names_that_are_refused(host: str, reason: str) -> None:
    """A name that could be real, or is none, is refused in one sentence."""
    with pytest.raises(ValueError, match=reason):
        reserved(host)


def test_addresses() -> None:
    """An address is told from a name."""
    assert [is_address(one) for one in ("127.0.0.1", "::1", "localhost", "1.2.3")] == [
        True,
        True,
        False,
        False,
    ]


# ---- what two validators say ----------------------------------------------------------------------


def openssl_says(credential: Credential, *roots: Authority, at: datetime = NOW) -> int:
    """OpenSSL's error code for the chain, as the X509Store has it; 0 for none."""
    store = crypto.X509Store()
    store.set_time(at.replace(tzinfo=None))
    for root in roots:
        store.add_cert(crypto.X509.from_cryptography(root.certificate))
    leaf, *others = map(crypto.X509.from_cryptography, credential.chain)
    try:
        crypto.X509StoreContext(store, leaf, others).verify_certificate()
    except crypto.X509StoreContextError as refused:
        code: int = refused.errors[0]
        return code
    return 0


def cryptography_says(credential: Credential, *roots: Authority, at: datetime = NOW) -> bool:
    """Whether `cryptography` accepts the chain for the leaf's first host."""
    presented: tuple[Certificate, ...] = tuple(map(seen, credential.chain))
    opinion = second_opinion(Observation(presented[0].hosts[0], at, presented), roots)
    return opinion.accepts is True


def both_say(credential: Credential, *roots: Authority, at: datetime = NOW) -> tuple[int, bool]:
    return openssl_says(credential, *roots, at=at), cryptography_says(credential, *roots, at=at)


GOOD = (0, True)


def test_an_ordinary_chain_is_valid() -> None:
    """A chain is valid under its own root and under no other."""
    assert both_say(SITE, ROOT) == GOOD
    assert both_say(SITE, authority("Another Root")) == (20, False)
    assert both_say(self_signed(HOST), ROOT) == (18, False)


@pytest.mark.parametrize("algorithm", ["RSA", "ML-DSA"])
def test_other_algorithms_make_valid_chains(algorithm: str) -> None:
    """A line of RSA or ML-DSA keys is valid too, root to leaf."""
    world = World(algorithm=algorithm)
    assert both_say(world.genuine, world.root) == GOOD


def test_a_chain_can_be_sent_otherwise() -> None:
    """Order and superfluous certificates do not matter; a missing intermediate does."""
    more = ROOT.intermediate("One More CA")
    deep = more.intermediate("The Last CA").issue(HOST)
    assert both_say(deep, ROOT) == GOOD
    assert both_say(deep.sending(SITE.leaf, *reversed(deep.chain[1:])), ROOT) == GOOD
    assert both_say(deep.sending(deep.chain[1]), ROOT) == (20, False)


def test_a_cross_sign_has_the_same_name_and_key_under_another_issuer() -> None:
    """With a cross-sign beside it, a chain is valid under the other root as well."""
    old, new = authority("Old Root"), authority("New Root")
    crossed = old.cross_sign(new)
    site = new.intermediate("New Issuing CA").issue(HOST)
    both = site.sending(*site.chain[1:], crossed.certificate)
    assert (name_of(new.certificate.subject), pin_of(new.certificate)) == (
        name_of(crossed.certificate.subject),
        pin_of(crossed.certificate),
    )
    assert fingerprint_of(new.certificate) != fingerprint_of(crossed.certificate)
    assert crossed.parent is old
    assert [both_say(site, new), both_say(site, old)] == [GOOD, (20, False)]
    assert [both_say(both, new), both_say(both, old)] == [GOOD, GOOD]


def test_a_cross_sign_lives_no_longer_than_either() -> None:
    """The cross-sign starts with the later of the two and ends with the sooner."""
    short = authority("Short Root", not_before=NOW, not_after=NOW + timedelta(days=30))
    for signer, other in ((ROOT, short), (short, ROOT)):
        crossed = signer.cross_sign(other).certificate
        assert (NOW, NOW + timedelta(days=30)) == (crossed.not_valid_before_utc, crossed.not_valid_after_utc)


def test_an_intermediate_can_become_a_root() -> None:
    """Under its own name and key an intermediate in the store ends the path; before, it did not."""
    root = ISSUING.as_root()
    assert pin_of(root.certificate) == pin_of(ISSUING.certificate)
    assert root.certificate.issuer == root.certificate.subject
    assert both_say(SITE, root) == GOOD
    assert openssl_says(SITE, ISSUING) != 0


def test_a_leaf_that_acts_as_a_ca_is_refused() -> None:
    """What a server's certificate signs is valid for nobody who reads the CA flag."""
    signer = acting_as_ca(ISSUING.issue("evil.example"))
    forged = signer.issue(HOST)
    assert name_of(forged.leaf.issuer) == "evil.example"
    assert len(forged.chain) == 3
    # OpenSSL's 79: the issuer's basicConstraints say that it is no CA
    assert both_say(forged, ROOT) == (79, False)


# ---- limits ---------------------------------------------------------------------------------------


def test_chosen_dates() -> None:
    """An authority and a leaf are valid between their dates and at no other time."""
    start, end = datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 2, 1, tzinfo=UTC)
    short = authority("Short Root", not_before=start, not_after=end)
    leaf = short.issue(HOST, not_before=start, not_after=end)
    assert (start, end) == (leaf.leaf.not_valid_before_utc, leaf.leaf.not_valid_after_utc)
    assert both_say(leaf, short, at=start + timedelta(days=1)) == GOOD
    assert both_say(leaf, short, at=start - timedelta(days=1)) == (9, False)
    assert both_say(leaf, short, at=end + timedelta(days=1)) == (10, False)


def test_an_expired_authority_ends_its_leaves() -> None:
    """A leaf that outlives its authority is refused all the same."""
    short = authority("Short Root", not_after=NOW + timedelta(days=5))
    leaf = short.issue(HOST, not_after=NOW + timedelta(days=50))
    assert both_say(leaf, short) == GOOD
    assert both_say(leaf, short, at=NOW + timedelta(days=10)) == (10, False)


def test_an_ordinary_leaf_lasts_90_days() -> None:
    """Without dates a leaf starts yesterday and lasts ninety days."""
    life = SITE.leaf.not_valid_after_utc - SITE.leaf.not_valid_before_utc
    assert life == timedelta(days=90)
    assert timedelta(0) < datetime.now(UTC) - SITE.leaf.not_valid_before_utc < timedelta(days=1, hours=1)


# host -> whether a CA that is limited to .example and loopback may vouch for it
LIMITS = {
    "bank.example": True,
    "a.b.example": True,
    "127.0.0.1": True,
    "bank.test": False,
    "notexample": False,
    "192.0.2.1": False,
    "2001:db8::1": False,
}


@pytest.mark.parametrize("host", LIMITS)
@pytest.mark.parametrize("where", ["root", "intermediate"])
def test_name_constraints_hold(where: str, host: str) -> None:
    """A limited CA, root or intermediate, vouches for its domain and loopback and for nothing else."""
    root = authority("A Root", only=("example",) if where == "root" else ())
    issuing = root.intermediate("A CA", only=("example",) if where == "intermediate" else ())
    credential = issuing.issue(host)
    code, accepted = openssl_says(credential, root), verified(credential, root, host)
    assert (0 if LIMITS[host] else 47, LIMITS[host]) == (code, accepted)


def verified(credential: Credential, root: Authority, host: str) -> bool:
    """cryptography's answer, for host names and for addresses."""
    subject = x509.IPAddress(ipaddress.ip_address(host)) if is_address(host) else x509.DNSName(host)
    verifier = PolicyBuilder().store(Store([root.certificate])).time(NOW).build_server_verifier(subject)
    try:
        verifier.verify(credential.leaf, list(credential.chain[1:]))
    except VerificationError:
        return False
    return True


def test_without_constraints_everything_passes() -> None:
    """The same names under a CA without limits are valid, so it is the limit that refuses above."""
    root = authority("A Root", not_after=NOW + timedelta(days=30))
    issuing = root.intermediate("A CA")
    for host in LIMITS:
        credential = issuing.issue(host, key=SITE.key)
        assert (openssl_says(credential, root), verified(credential, root, host)) == (0, True)


def test_a_constrained_ca_marks_its_limits_critical() -> None:
    """Name constraints are critical (RFC 5280 section 4.2.1.10), and limit every kind of name of a server."""
    limited = authority("A Root", only=("example",)).certificate
    found = limited.extensions.get_extension_for_class(x509.NameConstraints)
    kinds = {type(one) for one in found.value.permitted_subtrees or ()}
    every = {x509.DNSName, x509.RFC822Name, x509.IPAddress, x509.UniformResourceIdentifier}
    assert (True, every) == (found.critical, kinds)
    usage = limited.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


# ---- the world ------------------------------------------------------------------------------------


def test_the_world_is_made_afresh() -> None:
    """Two worlds have the same names and no key in common; one world always has the same ones."""
    one, other = World(), World()
    assert [name_of(c.subject) for c in one.genuine.path] == [HOST, "Honest Issuing CA 1", "Honest Root"]
    assert str(one.genuine) == str(other.genuine)
    assert not {pin_of(c) for c in one.genuine.path} & {pin_of(c) for c in other.genuine.path}
    assert one.genuine is one.genuine
    assert both_say(one.genuine, one.root) == GOOD


def test_a_world_is_for_a_reserved_name() -> None:
    """A world cannot be made for somebody's real site."""
    with pytest.raises(ValueError, match="somebody's real site"):
        World("bank.com")


def test_private_keys_are_never_shown() -> None:
    """No repr of anything that holds a key shows it, not even that there is one."""
    world = World()
    for holder in (world.root, world.issuing, world.genuine, self_signed(HOST)):
        shown = f"{holder!r} {holder}"
        assert "PrivateKey" not in shown
        assert "PRIVATE KEY" not in shown
        assert "key=" not in shown
    assert b"PRIVATE KEY" in key_pem(world.genuine.key)
