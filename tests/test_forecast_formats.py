"""Reading pins and chains: each format says what its program would do, and no bytes do more than raise one sentence."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import plistlib
import re
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from forecast_chains import (
    BACKUP,
    DUMMY,
    HOST,
    OTHER,
    Shape,
    android,
    bare,
    certificates,
    curl,
    der,
    hashed,
    hpkp,
    ios,
    key,
    okhttp,
    pem,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.built.forecast.chain import certificates as certificates_in
from lab.built.forecast.chain import ordered, read_backup, read_chain
from lab.built.forecast.config import Anchor, Format, choose
from lab.built.forecast.formats import parse_pins, read_pins
from lab.built.forecast.match import dummy
from lab.pki.authority import key_pem
from lab.pki.brought import contents
from lab.pki.pins import fingerprint_of, pin_of
from lab.policy.pinset import Role, Where


def trustkit(*pins: str) -> bytes:
    said = {"TSKPublicKeyHashes": [bare(one) for one in pins], "TSKIncludeSubdomains": True}
    return plistlib.dumps({"TSKConfiguration": {"TSKPinnedDomains": {"bank.com": said}}})


def pins(octets: bytes, host: str | None = None, **more: object) -> list[tuple[Where, list[str]]]:
    found = choose(parse_pins(octets, **more), host, "file")  # type: ignore[arg-type]
    return [(one.where, [str(pin) for pin in one.pins]) for one in found.lists]


def sentence(problem: pytest.ExceptionInfo[ValueError]) -> str:
    """The message, if it is one sentence on one line."""
    text = str(problem.value)
    assert "\n" not in text
    assert len(text) < 500
    return text


OWN = {"host": HOST, "leaf": OTHER, "backup": BACKUP}

# ---- each format ----------------------------------------------------------------------------------

BOTH = [OTHER, BACKUP]
READ = {
    Format.ANDROID: (android(*BOTH), [(Where.PATH, BOTH)]),
    Format.IOS: (plistlib.dumps(ios(BOTH)), [(Where.LEAF, BOTH)]),
    Format.HPKP: (hpkp(*BOTH), [(Where.PATH, BOTH)]),
    Format.CURL: (curl(*BOTH), [(Where.LEAF, BOTH)]),
    Format.OKHTTP: (okhttp(*BOTH), [(Where.PATH, BOTH)]),
    Format.LAB: (json.dumps(OWN).encode(), [(Where.PATH, BOTH)]),
    Format.TRUSTKIT: (trustkit(*BOTH), [(Where.PATH, BOTH)]),
    Format.LIST: ("\n".join(BOTH).encode(), [(Where.PATH, BOTH)]),
    Format.CERTIFICATE: (pem(certificates()[:1]), [(Where.PATH, [fingerprint_of(certificates()[0])])]),
}


@pytest.mark.parametrize("format", sorted(READ))
def test_a_format_is_known_by_its_content(format: Format) -> None:
    """Each is recognised (of curl's two the older), and gives its pins and where its program looks for them."""
    octets, expected = READ[format]
    assert parse_pins(octets)[0].format is format
    assert pins(octets) == expected


@pytest.mark.parametrize("format", [Format.ANDROID, Format.CURL, Format.LAB, Format.OKHTTP, Format.HPKP])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_changes_nothing(format: Format, encoding: str) -> None:
    """Windows editors write them; UTF-16 is read as well."""
    octets, expected = READ[format]
    text = octets.decode().replace('encoding="utf-8"', f'encoding="{encoding.removesuffix("-sig")}"')
    assert pins(text.encode(encoding)) == expected


def test_a_binary_property_list_is_read_as_well() -> None:
    """Xcode puts a binary Info.plist into the app."""
    octets = plistlib.dumps(ios([OTHER], [BACKUP]), fmt=plistlib.FMT_BINARY)
    assert pins(octets) == [(Where.LEAF, [OTHER]), (Where.CA, [BACKUP])]


def test_the_format_can_be_forced() -> None:
    """`format` wins over what the content looks like, and then has to be right."""
    with pytest.raises(ValueError, match="no JSON") as problem:
        parse_pins(READ[Format.CURL][0], format=Format.LAB)
    sentence(problem)


def test_android_inherits_what_a_domain_does_not_say() -> None:
    """A nested domain-config has the pins around it unless it has its own; one with an empty set has none."""
    octets = f"""<network-security-config><domain-config>
        <domain includeSubdomains="true">bank.com</domain>
        <pin-set expiration="2030-05-01"><pin digest="SHA-256">{bare(OTHER)}</pin></pin-set>
        <domain-config><domain>inherits.bank.com</domain></domain-config>
        <domain-config><domain>own.bank.com</domain>
          <pin-set><pin digest="SHA-256">{bare(BACKUP)}</pin></pin-set></domain-config>
        <domain-config><domain>free.bank.com</domain><pin-set/></domain-config>
        </domain-config></network-security-config>""".encode()
    found = {one.host: one for one in parse_pins(octets)}
    assert {host: str(one.pins[0]) for host, one in found.items()} == {
        "bank.com": OTHER,
        "inherits.bank.com": OTHER,
        "own.bank.com": BACKUP,
    }
    assert found["inherits.bank.com"].expires == datetime(2030, 5, 1, tzinfo=UTC)
    assert found["own.bank.com"].expires is None


def test_a_domain_without_pins_of_its_own_is_not_covered_by_the_one_above() -> None:
    """Android takes the most specific domain-config, also where it has no pin-set: nothing is pinned there."""
    free = '<domain-config><domain includeSubdomains="true">free.bank.com</domain></domain-config>'
    found = parse_pins(android(OTHER, extra=free))[0]
    hosts = ("bank.com", "www.bank.com", "free.bank.com", "a.free.bank.com", "notfree.bank.com")
    assert [found.covers(host) for host in hosts] == [True, True, False, False, True]
    with pytest.raises(ValueError, match=r"has no pins for 'free\.bank\.com'"):
        choose([found], "free.bank.com", "file")


def test_a_long_run_of_blanks_takes_no_longer_than_it_is() -> None:
    """A megabyte of blanks in an .add(...) is refused at once; read with backtracking, it took an hour."""
    with pytest.raises(ValueError, match="cannot be read"):
        parse_pins(f'.add("a.example", "{OTHER}"'.encode() + b" " * 1_000_000 + b"x")


def anchors(source: str, more: str = "") -> str:
    return f'<trust-anchors><certificates src="{source}"{more}/></trust-anchors>'


OVER, NOT_OVER = ' overridePins="true"', ' overridePins="false"'


@pytest.mark.parametrize(
    ("own", "around", "users", "overrides"),
    [
        ("", "", False, ()),
        (anchors("system"), "", False, ()),
        (anchors("user"), "", True, ()),
        (anchors("user", OVER), "", True, (Anchor.USER,)),
        (anchors("@raw/ca", OVER), "", False, (Anchor.BUNDLED,)),
        ("", f"<base-config>{anchors('system', OVER)}</base-config>", False, (Anchor.SYSTEM,)),
        (anchors("system"), f"<base-config>{anchors('system', OVER)}</base-config>", False, ()),
        ("", f"<debug-overrides>{anchors('user')}</debug-overrides>", False, (Anchor.DEBUG,)),
        ("", f"<debug-overrides>{anchors('user', NOT_OVER)}</debug-overrides>", False, ()),
    ],
)
def test_android_anchors_that_override_pins_are_noticed(
    own: str, around: str, users: bool, overrides: tuple[Anchor, ...]
) -> None:
    """overridePins is off by default, but on in debug-overrides; base-config hands its anchors down."""
    found = parse_pins(android(OTHER, anchors=own, extra=around))[0]
    assert (found.user_anchors, found.overrides) == (users, overrides)


def test_only_the_first_enforced_header_counts() -> None:
    """Of several headers the first Public-Key-Pins is read (RFC 7469 section 2.3.1), wherever it stands."""
    both = hpkp(BACKUP, name="Public-Key-Pins-Report-Only") + b"\r\n" + hpkp(OTHER) + b"\r\n" + hpkp(BACKUP)
    found = parse_pins(b"HTTP/1.1 200 OK\r\n" + both)[0]
    assert (found.enforced, [str(one) for one in found.pins]) == (True, [OTHER])
    assert not parse_pins(hpkp(OTHER, name="Public-Key-Pins-Report-Only"))[0].enforced


def test_okhttp_patterns() -> None:
    """`*.` stands for exactly one label, `**.` for any number; all patterns that match are joined."""
    octets = okhttp(OTHER, host="**.bank.com") + okhttp(BACKUP, host="*.bank.com")
    assert pins(octets, "api.bank.com") == [(Where.PATH, BOTH)]
    assert pins(octets, "a.b.bank.com") == [(Where.PATH, [OTHER])]
    assert pins(octets, "bank.com") == [(Where.PATH, [OTHER])]
    with pytest.raises(ValueError, match=r"has no pins for 'bank\.org'"):
        pins(octets, "bank.org")


def test_okhttp_compares_a_sha1_where_the_pin_says_so() -> None:
    """sha1/ pins are OkHttp's too; elsewhere a SHA-1 never matches."""
    one = hashed(b"some key", "sha1")
    assert parse_pins(f'.add("{HOST}", "sha1/{one}")'.encode())[0].pins[0].never == ""
    assert "SHA-1" in parse_pins(android(one))[0].pins[0].never


def test_several_domains_need_a_host() -> None:
    """Without one the error names the domains; the most specific that covers the host is taken."""
    two = ios([OTHER], host="bank.com")
    domains = two["NSAppTransportSecurity"]["NSPinnedDomains"]  # type: ignore[index]
    domains["api.bank.com"] = ios([BACKUP])["NSAppTransportSecurity"]["NSPinnedDomains"]["bank.com"]  # type: ignore[index]
    octets = plistlib.dumps(two)
    with pytest.raises(ValueError, match=r"2 domains \(api\.bank\.com, bank\.com\); choose one with --host") as problem:
        pins(octets)
    sentence(problem)
    assert pins(octets, "api.bank.com") == [(Where.LEAF, [BACKUP])]
    assert pins(octets, "www.bank.com") == [(Where.LEAF, [OTHER])]
    with pytest.raises(ValueError, match=r"has no pins for 'notbank\.com'"):
        pins(octets, "notbank.com")


def test_roles_choose_from_the_labs_own_file() -> None:
    """The lab's file names every key of the site; `roles` says which of them a client pins."""
    octets = json.dumps(OWN).encode()
    assert pins(octets, roles=[Role.BACKUP]) == [(Where.PATH, [BACKUP])]
    with pytest.raises(ValueError, match="leave out --roles"):
        parse_pins(curl(OTHER), roles=[Role.LEAF])


def test_a_domain_is_a_domain() -> None:
    """Names are compared in lower case, and a name that is none is refused."""
    assert parse_pins(android(OTHER, host="Bank.COM"))[0].host == "bank.com"
    assert parse_pins(android(OTHER, host="b\u00fccher.de"))[0].host == "xn--bcher-kva.de"
    for host in ("a b", "bank.com/", "", "\u202ebank", "x" * 300):
        with pytest.raises(ValueError, match="is no domain name") as problem:
            parse_pins(android(OTHER, host=host))
        sentence(problem)


# ---- pins that are none ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("not base 64!", "no base 64"),
        pytest.param(bare(OTHER)[:40], "holds 30 bytes", id="cut short"),
        ("", "holds 0 bytes"),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}" * 44, "no base 64"),
    ],
)
def test_a_damaged_pin_is_one_sentence(given: str, reason: str) -> None:
    """Whatever cannot be a digest says what was seen and what a pin is."""
    for octets in (android(given), plistlib.dumps(ios([given])), okhttp("sha256/" + given)):
        with pytest.raises(ValueError, match=reason) as problem:
            parse_pins(octets)
        sentence(problem)


def test_a_fingerprint_in_hexadecimal_is_read_and_never_matches() -> None:
    """People paste what `openssl x509 -fingerprint` prints; lint then says what it is."""
    colons = ":".join(re.findall("..", hashed(b"").encode().hex()))[: 32 * 3 - 1]
    found = parse_pins(android(colons))[0].pins[0]
    assert (len(found.digest), "hexadecimal" in found.never) == (32, True)


@pytest.mark.parametrize(
    ("digest", "expected"),
    [
        (bytes(32), True),  # AAAA...=
        (base64.b64decode("B" * 43 + "="), True),
        (bytes(range(32)), True),
        (b"this is a placeholder, change it", True),
        (bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), True),
        (b"\x01\x02\x03\x04" * 8, True),
    ],
)
def test_dummies_are_known(digest: bytes, expected: bool) -> None:
    """Patterns, plain text and the hash of nothing are no hash of a key."""
    assert dummy(digest) is expected


@given(st.binary(max_size=64))
def test_no_hash_is_taken_for_a_dummy(octets: bytes) -> None:
    """The SHA-256 of anything but nothing at all looks like none of them."""
    assert dummy(hashlib.sha256(octets).digest()) is (octets == b"")


# ---- hostile and broken pin files -----------------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>'
PRIVATE = key_pem(key("ECDSA", 100))

BROKEN = {
    "entity bomb": (f"{BOMB}<network-security-config>&l9;</network-security-config>".encode(), "entity bomb"),
    "entity bomb in a property list": (
        BOMB.replace("DOCTYPE x", "DOCTYPE plist").encode() + b"<plist><string>&l9;</string></plist>",
        "entity bomb",
    ),
    "external entity": (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><network-security-config>&f;'
        b"</network-security-config>",
        "remove the <!DOCTYPE",
    ),
    "private key": (PRIVATE, "private key, which does not belong here"),
    "private key beside pins": (curl(OTHER) + b"\n" + PRIVATE, "private key, which does not belong here"),
    "rubbish": (bytes(range(256)) * 8, "no text and no property list"),
    "white space": (b" \n\t ", "is empty"),
    "words": (b"pins? what pins?", "holds no pins"),
    "unclosed XML": (b"<network-security-config>", "no well-formed XML"),
    "a web page": (b"<html/>", "is a web page"),
    "other XML": (b"<resources/>", "network-security-config was wanted"),
    "XML in an encoding nobody knows": (b'<?xml version="1.0" encoding="klingon"?><a/>', "no well-formed XML"),
    "XML a hundred thousand deep": (b"<a>" * 100_000 + b"</a>" * 100_000, "network-security-config was wanted"),
    "domain-config deep in itself": (
        b"<network-security-config>"
        + b"<domain-config><domain>d%d.example</domain>" * 40 % tuple(range(40))
        + b"</domain-config>" * 40
        + b"</network-security-config>",
        "deep in itself",
    ),
    "no pin set": (b"<network-security-config/>", "nothing is pinned"),
    "another digest": (android(OTHER).replace(b"SHA-256", b"MD5"), "Android knows only SHA-256"),
    "no day": (android(OTHER, expiration="soon"), "is no day such as"),
    "domain twice": (android(OTHER, extra="<domain-config><domain>bank.com</domain></domain-config>"), "twice"),
    "truncated binary property list": (plistlib.dumps(ios([OTHER]), fmt=plistlib.FMT_BINARY)[:-20], "property list"),
    "property list of something else": (plistlib.dumps({"CFBundleName": "app"}), "no NSPinnedDomains"),
    "data instead of a string": (
        plistlib.dumps({"bank.com": {"NSPinnedLeafIdentities": [{"SPKI-SHA256-BASE64": b"x" * 32}]}}),
        "no string under",
    ),
    "empty array": (plistlib.dumps({"bank.com": {"NSPinnedLeafIdentities": []}}), "has to be an array"),
    "header without quotes": (hpkp(OTHER).replace(b'"', b""), "double quotes"),
    "header with one quote": (hpkp(OTHER).replace(b'"', b"", 1), "a browser would ignore the header"),
    "header without max-age": (hpkp(OTHER).partition(b"; max-age")[0], "max-age is missing"),
    "curl with one slash": (b'curl --pinnedpubkey "sha256/AAAA"', "does not begin with sha256//"),
    "OkHttp with a variable": (b'.add("bank.com", PIN)', "line 1: 'PIN' is no constant"),
    "OkHttp with md5": (b'.add("bank.com", "md5/AAAA")', "OkHttp would throw"),
    "JSON bomb": (b'{"host":' + b"[" * 200_000, "no JSON"),
    "JSON with another role": (b'{"host": "bank.example", "branch": "sha256/x"}', "is no role"),
    "JSON with a number": (b'{"host": "bank.example", "leaf": 7}', "has to be a pin in quotes"),
    "JSON without pins": (b'{"host": "bank.example"}', "the pin set is empty"),
    "too many pins": (curl(*(hashed(bytes([n % 256, n // 256])) for n in range(1001))), "more than the 1000"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_pin_file_is_one_sentence(name: str, tmp_path: Path) -> None:
    """Quickly, in little memory, with the file's name, what was seen, and what to do."""
    octets, reason = BROKEN[name]
    file = tmp_path / "pins"
    file.write_bytes(octets)
    began = time.monotonic()
    with pytest.raises(ValueError, match=re.escape(reason)) as problem:
        read_pins(file)
    assert time.monotonic() - began < 5
    assert sentence(problem).startswith(str(file))


def test_what_is_no_file_is_one_sentence(tmp_path: Path) -> None:
    """A folder, an empty file, a file that is not there, one that is too large."""
    empty, large = tmp_path / "empty", tmp_path / "large"
    empty.write_bytes(b"")
    large.write_bytes(b"x" * ((1 << 20) + 1))
    for file, reason in {
        tmp_path: "is a folder",
        empty: "is empty",
        tmp_path / "nowhere": "cannot read",
        large: "more than 1 MiB",
        Path("a\0b"): "cannot read",
    }.items():
        with pytest.raises(ValueError, match=reason) as problem:
            read_pins(file)
        sentence(problem)


PIECES = st.sampled_from([octets for octets, _ in READ.values()] + [octets for octets, _ in BROKEN.values()][:24])


@settings(max_examples=60, deadline=None, database=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)), st.sampled_from([None, *Format]))
def test_random_bytes_raise_one_sentence_or_nothing(octets: bytes, format: Format | None) -> None:
    """Whatever the bytes, and whatever the format that somebody insists on."""
    _survives(octets, format)


@settings(max_examples=60, deadline=None, database=None)
@given(PIECES, st.integers(0, 2000), st.integers(0, 40), st.binary(max_size=4), st.sampled_from([None, *Format]))
@pytest.mark.sampled(0)
def test_damaged_files_raise_one_sentence_or_nothing(
    octets: bytes, at: int, gone: int, put: bytes, format: Format | None
) -> None:
    """A good file with a piece cut out and something else put in."""
    _survives(octets[:at] + put + octets[at + gone :], format)


def _survives(octets: bytes, format: Format | None) -> None:
    try:
        found = parse_pins(octets, format=format)
    except ValueError as problem:
        assert "\n" not in str(problem)  # noqa: PT017
    else:
        assert all(one.pins or one.trouble for one in found)


# ---- chains ---------------------------------------------------------------------------------------


def write(tmp_path: Path, octets: bytes) -> Path:
    file = tmp_path / "chain.pem"
    file.write_bytes(octets)
    return file


@pytest.mark.parametrize("intermediates", [0, 1, 2, 3])
@pytest.mark.parametrize("with_root", [True, False])
def test_a_chain_is_put_in_order(intermediates: int, with_root: bool, tmp_path: Path) -> None:
    """Leaf first, by names and signatures, whatever the order of the file; another order is noted."""
    made = certificates(Shape(intermediates))
    wanted = made if with_root else made[:-1]
    for order in (wanted, wanted[::-1], sorted(wanted, key=lambda one: one.serial_number)):
        found = read_chain(write(tmp_path, pem(order)))
        assert found.path == tuple(wanted)
        assert found.has_root is with_root
        assert found.reordered is (order != wanted)


def test_the_root_may_come_in_a_file_of_its_own(tmp_path: Path) -> None:
    """--root completes the chain; a root that is another's is refused."""
    made, other = certificates(), certificates(Shape(0, hosts=("other.com",)))
    root = tmp_path / "root.pem"
    root.write_bytes(pem(made[-1:]))
    file = write(tmp_path, pem(made[:-1]))
    assert read_chain(file, root).path == tuple(made)
    root.write_bytes(pem(other[:1]))
    with pytest.raises(ValueError, match="does not complete") as problem:
        read_chain(file, root)
    sentence(problem)
    with pytest.raises(ValueError, match="does not complete"):  # also where the chain needed none
        read_chain(write(tmp_path, pem(made)), root)


def test_what_is_not_on_the_way_up_stands_aside() -> None:
    """A certificate of another chain in the same file is kept apart."""
    made = certificates()
    stranger = certificates(Shape(0, ("P-384",), hosts=("other.com",)))[0]
    found = ordered([made[0], stranger, *made[1:]], "file")
    assert (found.path, found.aside) == (tuple(made), (stranger,))


def test_a_root_beats_its_own_cross_sign() -> None:
    """A server that sends a cross-sign is read up to the root itself where that is given too, as its clients do."""
    leaf, issuing, root = certificates()
    older = certificates(Shape(root="Older Root"))[-1]
    cross = (
        x509.CertificateBuilder(subject_name=root.subject, issuer_name=older.subject, public_key=root.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(root.not_valid_before_utc)
        .not_valid_after(root.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(True, None), critical=True)
        .sign(key("ECDSA", 0), hashes.SHA256())
    )
    assert (ordered([leaf, issuing, cross], "file").path, cross.issuer) == ((leaf, issuing, cross), older.subject)
    found = ordered([leaf, issuing, cross, root], "file")
    assert (found.path, found.aside, found.reordered) == ((leaf, issuing, root), (cross,), False)


def test_one_certificate_in_der_is_read(tmp_path: Path) -> None:
    """Windows exports DER; a chain of one is a chain."""
    made = certificates()
    assert read_chain(write(tmp_path, der(made[0]))).path == (made[0],)


def _self_signed() -> bytes:
    held = key("ECDSA", 9)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    made = certificates()[0]
    builder = x509.CertificateBuilder(
        name, name, held.public_key(), 7, made.not_valid_before_utc, made.not_valid_after_utc
    )
    return pem([builder.sign(held, hashes.SHA256())])


CHAINS: dict[str, tuple[Callable[[], bytes], str]] = {
    "private key": (lambda: PRIVATE, "private key, which does not belong here"),
    "private key beside the chain": (lambda: pem(certificates()) + PRIVATE, "nothing of it was used or kept"),
    "private key in UTF-16": (lambda: PRIVATE.decode().encode("utf-16"), "private key, which does not belong here"),
    "a million certificates": (lambda: b"-----BEGIN CERTIFICATE-----\nMAA=\n" * 1_000_000, "more than 4 MiB"),
    "five thousand small ones": (lambda: pem([certificates()[0]] * 5000), "has 5000 certificates"),
    "rubbish": (lambda: bytes(range(256)), "no certificate"),
    "rubbish in PEM": (lambda: b"-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n", "damaged"),
    "cut off": (lambda: pem(certificates())[:-700], "without its end"),
    "cut off DER": (lambda: der(certificates()[0])[:-9], "binary .DER., and damaged"),
    "only CAs": (lambda: pem(certificates()[1:]), "holds CAs only"),
    "self-signed": (_self_signed, "self-signed server certificate"),
    "empty": (lambda: b"", "is empty"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_a_broken_chain_is_one_sentence(name: str, tmp_path: Path) -> None:
    """It is refused by size and number before anything is parsed, and a private key before everything else."""
    make, reason = CHAINS[name]
    file = write(tmp_path, make())
    began = time.monotonic()
    with pytest.raises(ValueError, match=reason) as problem:
        read_chain(file)
    assert time.monotonic() - began < 2
    assert sentence(problem).startswith(str(file))


def test_no_more_than_the_limit_is_ever_read(tmp_path: Path) -> None:
    """A file of a gigabyte costs no more memory than one of 4 MiB (it is sparse here, and so no burden on the disk)."""
    file = tmp_path / "huge.pem"
    with file.open("wb") as out:
        out.write(pem(certificates()[:1]))
        out.truncate(1 << 30)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="more than 4 MiB"):
            read_chain(file)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such device")
def test_an_endless_device_ends() -> None:
    """/dev/zero is no regular file, and nothing is read from it."""
    with pytest.raises(ValueError, match="no regular file"):
        read_chain(Path("/dev/zero"))


@settings(max_examples=100, deadline=None, database=None)
@given(st.one_of(st.binary(max_size=200), st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=3))))
def test_random_certificates_raise_one_sentence_or_nothing(damage: bytes | tuple[int, bytes]) -> None:
    """Random bytes, and a real certificate with some of its bytes replaced."""
    octets = damage
    if isinstance(damage, tuple):
        whole = der(certificates()[0])
        octets = whole[: damage[0]] + damage[1] + whole[damage[0] + len(damage[1]) :]
    try:
        ordered(certificates_in(contents(octets)), "file")  # type: ignore[arg-type]
    except ValueError as problem:
        assert "\n" not in str(problem)  # noqa: PT017


# ---- backup keys ----------------------------------------------------------------------------------


def test_a_backup_key_is_shown_by_its_public_half(tmp_path: Path) -> None:
    """A public key, a request or a certificate will do, and each gives the key's pin."""
    held = key("ECDSA", 100)
    public = held.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    request = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(held, hashes.SHA256())
    certificate = certificates()[0]
    for octets, expected in (
        (public, BACKUP),
        (request.public_bytes(serialization.Encoding.PEM), BACKUP),
        (pem([certificate]), pin_of(certificate)),
    ):
        assert [one.pin for one in read_backup(write(tmp_path, octets))] == [expected]


@pytest.mark.parametrize(
    ("octets", "reason"),
    [(PRIVATE, "private key"), (b"nothing", "no public keys"), (DUMMY.encode(), "a list of pins"),
     (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "damaged public key")],
)  # fmt: skip
def test_a_private_key_is_no_proof_that_is_wanted(octets: bytes, reason: str, tmp_path: Path) -> None:
    """It is refused, though it would prove most; and so is what is no key at all."""
    with pytest.raises(ValueError, match=reason) as problem:
        read_backup(write(tmp_path, octets))
    sentence(problem)
