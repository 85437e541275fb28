"""
What people bring as certificates and keys: each gets a right answer, or one sentence that is true.

The chains are made here, as public reports, questions and real files have them; nothing of anybody else's is in them.
"""

from __future__ import annotations

import base64
import io
import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PublicFormat, pkcs7, pkcs12
from cryptography.x509.oid import NameOID
from forecast_chains import BACKUP, HOST, NOW, YEAR, Shape, android, certificates, curl, der, hpkp, key, okhttp, pem
from unreadable import der as tagged
from unreadable import patched, swap
from verbs import do

from lab.built.forecast.chain import Chain, ordered, read_chain
from lab.built.forecast.command import forecast as forecast_verb
from lab.built.forecast.config import PinConfig, choose
from lab.built.forecast.forecast import YOURS_IF_NOT, YOURS_IF_ROOT, Forecast, answers, forecast
from lab.built.forecast.formats import parse_pins
from lab.built.forecast.match import Names, pins
from lab.built.forecast.rebuild import YOURS, limited_by_anchor, refused
from lab.built.forecast.text import text
from lab.cli.certificates import pin as pin_verb
from lab.observation import Outcome
from lab.pki.authority import Authority, Key, key_pem
from lab.pki.brought import Bearer, bring, contents
from lab.pki.der import fields, parts
from lab.pki.pins import pin_of, seen

LEAF, ISSUING, ROOT = (pin_of(one) for one in certificates())
FEW = ("ordinary_day", "new_key", "new_ca", "other_trusted_ca", "sibling_intermediate")


def plain(octets: bytes, host: str | None = None) -> PinConfig:
    return choose(parse_pins(octets), host, "file")


def run(octets: bytes, there: Chain, *backups: object, host: str | None = HOST) -> Forecast:
    return forecast(plain(octets, host), there, host=host, backups=backups, scenes=FEW)  # type: ignore[arg-type]


def outcome(done: Forecast, scene: str = "ordinary_day", client: str = "") -> str:
    return done.cell(scene, client).outcome.value


def write(folder: Path, octets: bytes, name: str = "brought") -> Path:
    (folder / name).write_bytes(octets)
    return folder / name


def pinned(octets: bytes) -> list[str]:
    return [one.pin for one in contents(octets).things]


# ---- the pin is of the octets as they stand -------------------------------------------------------

PUBLIC = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@cache
def keys() -> dict[str, bytes]:
    """The SubjectPublicKeyInfo of every kind of key that `cryptography` makes."""
    made: dict[str, bytes] = {
        "RSA": rsa.generate_private_key(65537, 1024).public_key().public_bytes(*PUBLIC),
        "DSA": dsa.generate_private_key(1024).public_key().public_bytes(*PUBLIC),
    }
    for kind in (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey, x25519.X25519PrivateKey, x448.X448PrivateKey):
        made[kind.__name__] = kind.generate().public_key().public_bytes(*PUBLIC)
    for name, curve in ec._CURVE_TYPES.items():
        made[name] = ec.generate_private_key(curve).public_key().public_bytes(*PUBLIC)
    return made


def openssl(*words: str, given: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *words], input=given, capture_output=True, check=True).stdout


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_every_kind_of_key_has_the_pin_that_openssl_gives_it(tmp_path: Path) -> None:
    """RFC 7469's recipe with the program, which shares nothing with the lab, over each kind of key there is."""
    made = dict(keys())
    for name, options in {
        "RSA-PSS": ("-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:1024"),
        "explicit": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"),
    }.items():
        held = openssl("genpkey", *options)
        made[name] = openssl("pkey", "-pubout", "-outform", "DER", given=held)
    compressed = ("ec", "-pubin", "-conv_form", "compressed", "-inform", "DER", "-outform", "DER")
    made["compressed"] = openssl(*compressed, given=made["secp256r1"])
    assert len(made) >= 18
    for name, octets in made.items():
        file = write(tmp_path, octets)
        there = bring(file)
        recipe = openssl("pkey", "-pubin", "-in", str(file), "-inform", "DER", "-outform", "DER")
        wanted = base64.b64encode(openssl("dgst", "-sha256", "-binary", given=recipe)).decode()
        assert [(one.kind, one.pin) for one in there.things] == [(Bearer.KEY, f"sha256/{wanted}")], name
        if name in ("explicit", "compressed"):  # the control: the parsed key, encoded again, has another pin
            again = serialization.load_der_public_key(octets)
            assert pin_of(again) != f"sha256/{wanted}"


def with_key(spki: bytes) -> bytes:
    """The leaf with this SubjectPublicKeyInfo in place of its own, signed again by its issuer."""
    leaf, issuing, _ = certificates()
    return patched(leaf, Authority("Issuing CA 1", key("ECDSA", 1), issuing), swap(fields(der(leaf)).spki, spki))


def spelled(algorithm: bytes) -> bytes:
    """A SubjectPublicKeyInfo of an RSA key under another AlgorithmIdentifier."""
    _, bits = parts(parts(keys()["RSA"])[0].content)
    return tagged(0x30, tagged(0x30, algorithm) + bits.whole)


RSA_OID = bytes.fromhex("06092a864886f70d010101")
ODD = {
    "absent RSA parameters": lambda: spelled(RSA_OID),
    "RSA-PSS": lambda: spelled(bytes.fromhex("06092a864886f70d01010a")),
    "an unknown algorithm": lambda: spelled(bytes.fromhex("06032a0304") + b"\x05\0"),
    "a compressed point": lambda: tagged(
        0x30,
        bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
        + tagged(0x03, b"\0" + _point(PublicFormat.CompressedPoint)),
    ),
}


def _point(form: PublicFormat) -> bytes:
    return ec.derive_private_key(7, ec.SECP256R1()).public_key().public_bytes(Encoding.X962, form)


@pytest.mark.parametrize("name", ODD)
def test_a_key_that_is_written_in_an_odd_way_is_pinned_as_it_is_written(name: str) -> None:
    """In a certificate, a request and by itself; the forecast, the backup's reader and `lab pin` say the same."""
    octets = ODD[name]()
    wanted = f"sha256/{base64.b64encode(hashes_of(octets)).decode()}"
    request = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key("ECDSA", 0), hashes.SHA256())
    old = key("ECDSA", 0).public_key().public_bytes(*PUBLIC)
    asked = request.public_bytes(Encoding.DER).replace(old, octets)
    info, *rest = parts(parts(request.public_bytes(Encoding.DER))[0].content)
    asked = tagged(0x30, tagged(0x30, info.content.replace(old, octets)) + b"".join(one.whole for one in rest))
    assert pinned(with_key(octets)) == pinned(asked) == pinned(octets) == [wanted]
    if name != "an unknown algorithm":
        there = ordered([x509.load_der_x509_certificate(with_key(octets)), *certificates()[1:]], "file")
        done = run(okhttp(wanted, BACKUP), there, BACKUP)
        assert [one.place for one in done.subject.matches] == [0, None]
        assert outcome(done) == "served"


def hashes_of(octets: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(octets)
    return digest.finalize()


# ---- what it came in ------------------------------------------------------------------------------


def armoured(label: str, octets: bytes) -> bytes:
    body = base64.encodebytes(octets).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode()


def chain_pem() -> bytes:
    return pem(certificates())


TRUST = tagged(0x30, tagged(0x30, bytes.fromhex("06082b06010505070301")))  # what OpenSSL trusts it for
DRESSES: dict[str, Callable[[], bytes]] = {
    "PEM": chain_pem,
    "OpenSSL's TRUSTED CERTIFICATE first": lambda: (
        armoured("TRUSTED CERTIFICATE", der(certificates()[0]) + TRUST) + pem(certificates()[1:])
    ),
    "all three TRUSTED, without what for": lambda: b"".join(
        armoured("TRUSTED CERTIFICATE", der(one)) for one in certificates()
    ),
    "X509 CERTIFICATE": lambda: b"".join(armoured("X509 CERTIFICATE", der(one)) for one in certificates()),
    "text around": lambda: b"depth=2 \xfcber\n" + chain_pem().replace(b"-----BEGIN", b"s:x\n-----BEGIN"),
    "Windows' line ends": lambda: chain_pem().replace(b"\n", b"\r\n"),
    "UTF-16 as PowerShell writes it": lambda: chain_pem().decode().encode("utf-16"),
    "UTF-16 of the other order": lambda: b"\xfe\xff" + chain_pem().decode().encode("utf-16-be"),
    "UTF-16 without its mark": lambda: chain_pem().decode().encode("utf-16-le"),
    "UTF-8 with its mark": lambda: b"\xef\xbb\xbf" + chain_pem(),
    "a string of JSON": lambda: json.dumps({"ca": chain_pem().decode()}).encode(),
    "indented, as in YAML": lambda: b"ca: |\n" + b"".join(b"    " + one + b"\n" for one in chain_pem().splitlines()),
    "PKCS #7, binary": lambda: pkcs7.serialize_certificates(certificates(), Encoding.DER),
    "PKCS #7, PEM": lambda: pkcs7.serialize_certificates(certificates(), Encoding.PEM),
    "PKCS #7 called a certificate": lambda: armoured(
        "CERTIFICATE", pkcs7.serialize_certificates(certificates(), Encoding.DER)
    ),
    "DER, one behind the other": lambda: b"".join(map(der, certificates())),
    "strings in a program": lambda: b"\n".join(b'    "' + one + b'\\n" +' for one in chain_pem().splitlines()),
    "a quoted mail": lambda: b"\n".join(b"> " + one for one in chain_pem().splitlines()),
    "DER with a line end": lambda: b"".join(map(der, certificates())) + b"\r\n",
    "base 64 alone": lambda: base64.encodebytes(b"".join(map(der, certificates()))),
    "a list of revoked ones between": lambda: (
        pem(certificates()[:1]) + armoured("X509 CRL", b"0") + pem(certificates()[1:])
    ),
}  # fmt: skip


@pytest.mark.parametrize("dress", DRESSES)
def test_the_chain_is_read_in_any_dress(dress: str, tmp_path: Path) -> None:
    """The same three pins, whatever it came in, and the forecast has the same chain."""
    file = write(tmp_path, DRESSES[dress]())
    assert set(pinned(DRESSES[dress]())) == {LEAF, ISSUING, ROOT}
    assert [one.pin for one in read_chain(file).seen] == [LEAF, ISSUING, ROOT]


def test_pin_says_what_each_is_and_leaves_nothing_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Several files, of every kind; a block without a key is named, not passed over."""
    held = key("ECDSA", 100)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "backup\n  pin  sha256/AAAA\x1b[2K")])
    request = x509.CertificateSigningRequestBuilder(subject).sign(held, hashes.SHA256())
    public = held.public_key()
    crl = armoured("X509 CRL", b"0")
    files = [
        write(tmp_path, chain_pem() + crl, "chain.pem"),
        write(tmp_path, request.public_bytes(Encoding.PEM), "backup.csr"),
        write(tmp_path, request.public_bytes(Encoding.DER), "backup.der"),
        write(tmp_path, public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "backup.pub"),
        write(tmp_path, public.public_bytes(*PUBLIC), "backup.bin"),
    ]
    do(pin_verb, *map(str, files))
    said = capsys.readouterr().out
    assert all(one.isprintable() for one in said.splitlines())
    lines = [line.split() for line in said.splitlines() if line.startswith("  pin ")]
    assert lines == [["pin", one] for one in (LEAF, ISSUING, ROOT, *[BACKUP] * 4)]
    assert all(str(one) in said for one in files)
    assert said.count("request (CSR) (ECDSA P-256)") == said.count("public key (ECDSA P-256)") == 2
    assert "no key to pin: X509 CRL (line " in said
    do(pin_verb, "--json", *map(str, files))
    record = json.loads(capsys.readouterr().out)
    assert [one["pin"] for one in record["certificates"]] == [LEAF, ISSUING, ROOT]
    assert [one["pin"] for one in record["keys"]] == [BACKUP] * 4
    assert len(record["without_a_key"]) == 1


def test_standard_input_is_a_file_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`openssl s_client ... | lab pin -`; sentences call it by its name."""
    for octets, said in ((chain_pem(), LEAF), (b"", "standard input is empty"), (b"x", "standard input holds no")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(octets)))
        if said == LEAF:
            do(pin_verb, "-")
            assert LEAF in capsys.readouterr().out
        else:
            with pytest.raises(ValueError, match=said):
                do(pin_verb, "-")


def test_a_pipe_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the chain says which of two pinned domains is meant, it is not read again for the forecast."""
    adds = "".join(f'.add("{host}", "{LEAF}")' for host in (HOST, "other.example"))
    pins = write(tmp_path, f"CertificatePinner.Builder(){adds}.build()".encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(chain_pem())))
    words = ["--chain", "-", "--pins", str(pins), "--at", f"{NOW:%Y-%m-%d}", "--scenes", "ordinary_day"]
    assert do(forecast_verb, *words) == 0
    assert capsys.readouterr().out.startswith(f"Forecast for {HOST}, ")


def p12() -> bytes:
    held, leaf = key("ECDSA", 2), certificates()[0]
    return pkcs12.serialize_key_and_certificates(b"x", held, leaf, certificates()[1:], BestAvailableEncryption(b"x"))  # type: ignore[arg-type]


def ssh(kind: str) -> bytes:
    held: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey = ed25519.Ed25519PrivateKey.generate()
    if kind == "rsa":
        held = rsa.generate_private_key(65537, 1024)
    return held.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


def private(form: serialization.PrivateFormat, encoding: Encoding, secret: bytes = b"") -> bytes:
    cipher = BestAvailableEncryption(secret) if secret else serialization.NoEncryption()
    return key("ECDSA", 100).private_bytes(encoding, form, cipher)


PKCS8, OLD = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL
NAMED: dict[str, tuple[Callable[[], bytes], str]] = {
    "PKCS #12": (p12, r"is PKCS #12 .*`openssl pkcs12 -in .* -nokeys"),
    "PKCS #12 in BER": (lambda: b"\x30\x80\x02\x01\x03\x30\x80", r"is PKCS #12 "),
    "PKCS #12 in base 64": (lambda: base64.encodebytes(p12()), r"is PKCS #12 "),
    "a Java keystore": (lambda: b"\xfe\xed\xfe\xed\0\0\0\2", r"Java keystore; `keytool -list -rfc -keystore "),
    "Android's compiled XML": (lambda: b"\3\0\x08\0" + bytes(40), r"compiled XML.*apktool"),
    "an APK": (lambda: b"PK\3\4" + bytes(40), r"ZIP archive"),
    "an OpenSSH key": (lambda: ssh("rsa"), r"an OpenSSH public key; `ssh-keygen -e -m PKCS8 "),
    "an OpenSSH key that makes no PEM": (lambda: ssh("ed25519"), r"OpenSSH .*Ed25519\), of which `ssh-keygen"),
    "an OpenSSH key that no server has": (lambda: b"sk-" + ssh("ed25519"), r"TLS servers do not have"),
    "an OpenSSH private key": (
        lambda: private(serialization.PrivateFormat.OpenSSH, Encoding.PEM), r"a private key.*`ssh-keygen -e -m PKCS8`",
    ),
    "a secret of Kubernetes": (lambda: base64.b64encode(chain_pem()), r"is base 64 of PEM.*`base64 -d .* > chain.pem`"),
    "a manifest of Kubernetes": (
        lambda: b"kind: Secret\ndata:\n  tls.crt: " + base64.b64encode(chain_pem()), r"PEM in it.*`grep .*base64 -d",
    ),
    "markers with four hyphens": (
        lambda: chain_pem().replace(b"-----", b"----", 4), r"base 64 in line 2 that is in no block",
    ),
    "markers in small letters": (
        lambda: chain_pem().replace(b"BEGIN CERT", b"Begin Cert", 1).replace(b"END CERT", b"End Cert", 1), "no block",
    ),
    "no markers around the last": (
        lambda: pem(certificates()[:2]) + base64.encodebytes(der(certificates()[2])), r"in line \d+ that is in no",
    ),
    "an OpenPGP key": (lambda: armoured("PGP PUBLIC KEY BLOCK", b"x"), "OpenPGP key"),
    "a JSON Web Key": (lambda: b'{"keys": [{"kty": "RSA", "n": "x"}]}', "JSON Web Key"),
    "a web page": (lambda: b"\n<!DOCTYPE html><html>", "a web page"),
    "pins": (lambda: curl(LEAF), "a list of pins.* forecast --pins"),
    "a private key": (lambda: private(PKCS8, Encoding.PEM), "holds a private key.*`openssl pkey -in .* -pubout`"),
    "an old private key": (lambda: private(OLD, Encoding.PEM), "holds a private key.*`openssl pkey -in "),
    "a locked private key": (lambda: private(PKCS8, Encoding.PEM, b"pw"), "holds a private key"),
    "a private key in DER": (lambda: private(PKCS8, Encoding.DER), "holds a private key.*`openssl pkey -in "),
    "an old private key in DER": (lambda: private(OLD, Encoding.DER), "holds a private key"),
    "a locked private key in DER": (lambda: private(PKCS8, Encoding.DER, b"pw"), "holds a private key"),
    "a private key in base 64": (lambda: base64.b64encode(private(PKCS8, Encoding.DER)), "holds a private key"),
    "a private key behind the chain": (lambda: chain_pem() + key_pem(key("ECDSA", 0)), "or its public half"),
    "a chain whose second is cut off": (lambda: chain_pem()[:-900], r"block in line \d+ \(BEGIN CERTIFICATE\) without"),
    "one cut off in the middle": (
        lambda: pem(certificates()[:1])[:300] + b"\n" + pem(certificates()[1:]),
        "block in line 1 .*without its end",
    ),
    "a beginning that was not copied": (lambda: chain_pem()[20:], "the end of a block in line"),
    "ends of two kinds": (lambda: chain_pem().replace(b"END CERT", b"END X509 CERT", 1), "without its end"),
    "one damaged block": (lambda: chain_pem().replace(b"\nMI", b"\n!!", 1), "a damaged certificate in it, in line 1;"),
    "an empty block among others": (
        lambda: chain_pem() + armoured("CERTIFICATE", b""), r"a damaged certificate in it, in line \d+;",
    ),
    "a block of something else": (lambda: chain_pem() + armoured("DIARY", b"x"), r"holds DIARY \(line \d+\)"),
    "only a list of revoked ones": (lambda: armoured("X509 CRL", b"0"), r"only X509 CRL \(line 1\)"),
    "braces in a label": (lambda: armoured("{0} {file}", b"0"), r"holds something \(line 1\)"),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_what_cannot_be_read_is_called_by_its_name(name: str, tmp_path: Path) -> None:
    """One sentence with the command that helps; `pin`, `--chain`, `--root` and `--backup-key` say the same."""
    make, reason = NAMED[name]
    file, pins = write(tmp_path, make()), write(tmp_path, okhttp(LEAF), "pins")
    good = write(tmp_path, chain_pem(), "chain.pem")
    ways = (
        (pin_verb, (str(file),)),
        (forecast_verb, ("--pins", str(pins), "--chain", str(file))),
        (forecast_verb, ("--pins", str(pins), "--chain", str(good), "--root", str(file))),
        (forecast_verb, ("--pins", str(pins), "--chain", str(good), "--backup-key", str(file))),
    )
    said = set()
    for verb, words in ways:
        with pytest.raises(ValueError, match=reason) as problem:
            do(verb, *words)
        said.add(str(problem.value).partition(" no ")[0])
        assert str(problem.value).isprintable()
        assert str(problem.value).startswith(str(file))
    assert len(said) == 1


PINS_INSTEAD = {
    "a public key": lambda: key("ECDSA", 100).public_key().public_bytes(*PUBLIC),
    "a request (CSR)": lambda: (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .sign(key("ECDSA", 100), hashes.SHA256())
        .public_bytes(Encoding.DER)
    ),
}


@pytest.mark.parametrize("name", PINS_INSTEAD)
def test_as_pins_der_and_pem_are_answered_alike(name: str) -> None:
    """A key or a request is no pin: it is told how to have its pin, beside a certificate and in binary as well."""
    octets, label = PINS_INSTEAD[name](), "PUBLIC KEY" if "key" in name else "CERTIFICATE REQUEST"
    for given in (octets, armoured(label, octets), chain_pem() + armoured(label, octets)):
        with pytest.raises(ValueError, match=r"and no pin; `python -m lab pin FILE` prints its pin"):
            parse_pins(given)
    with pytest.raises(ValueError, match="`keytool -list -rfc -keystore "):
        parse_pins(b"\xfe\xed\xfe\xed\0\0\0\2")


def test_text_around_blocks_may_be_any() -> None:
    """Pins, fingerprints and what openssl prints beside a block are no base 64 of a certificate."""
    around = f"pin-sha256={ROOT}\nSession-ID: {'AB' * 32}\n    Master-Key: M{'A' * 50}\n".encode()
    assert set(pinned(around + chain_pem().replace(b"-----BEGIN", around + b"-----BEGIN") + around)) == {
        LEAF,
        ISSUING,
        ROOT,
    }


def test_a_certificate_that_breaks_rules_has_a_pin_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The pin is printed and the fault is said, in the lab's words; a key of an unknown kind is no fault at all."""
    leaf, issuing, root = certificates()
    signer = Authority("Issuing CA 1", key("ECDSA", 1), issuing)
    bad = patched(leaf, signer, lambda inner: inner.replace(HOST.encode(), b"\xff" * len(HOST)))
    unknown = with_key(ODD["an unknown algorithm"]())
    for octets, wrong in ((bad, True), (unknown, False)):
        file = write(tmp_path, b"".join(armoured("CERTIFICATE", one) for one in (octets, der(issuing), der(root))))
        if wrong:
            with pytest.raises(
                ValueError, match=r"certificate 1, .*: its pin|certificate 1, .*its pin is right"
            ) as said:
                do(pin_verb, str(file))
            assert str(file) in str(said.value)
            assert "Parse" not in str(said.value)
        else:
            assert do(pin_verb, str(file)) == 0
        printed = capsys.readouterr().out
        assert printed.count("  pin ") == 3
        assert pinned(octets)[0] in printed
        assert "  note " in printed
        with pytest.raises(
            ValueError, match="damaged certificate in it" if wrong else "is of a kind that is not known"
        ):
            read_chain(file)


FALSE = bytes.fromhex("30030101ff"), bytes.fromhex("3003010100")


@pytest.mark.parametrize("critical", [True, False])
def test_a_basic_constraints_that_says_false_is_read(critical: bool, tmp_path: Path) -> None:
    """DER leaves it out, and OpenSSL and Java read it: so its names are known, and the day is an ordinary one."""
    leaf = made("x", SIGNS, (x509.BasicConstraints(True, None), critical), hosts=[HOST])
    body, algorithm, _ = parts(parts(der(leaf))[0].content)
    tbs = body.whole.replace(*FALSE)
    assert isinstance(SIGNS[1], ec.EllipticCurvePrivateKey)
    signature = SIGNS[1].sign(tbs, ec.ECDSA(hashes.SHA256()))
    lax = tagged(0x30, tbs + algorithm.whole + tagged(0x03, b"\0" + signature))
    with pytest.raises(ValueError, match="EncodedDefault"):  # the control: the library does not
        _ = x509.load_der_x509_certificate(lax).extensions
    assert contents(lax).things[0].broken == ""
    there = read_chain(write(tmp_path, lax + b"".join(map(der, certificates()[1:]))))
    assert (there.seen[0].hosts, there.seen[0].is_ca) == ((HOST,), False)
    assert outcome(run(okhttp(pin_of(leaf), BACKUP), there, BACKUP)) == "served"


def test_a_certificate_off_the_path_may_be_odd(tmp_path: Path) -> None:
    """It is left out and said to be; where the chain needs it, that it cannot be read is what is said."""
    leaf, issuing, root = certificates()
    curve = bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082a8648ce3d03017f")
    odd = x509.load_der_x509_certificate(der(made("Far Root", None, CA)).replace(*curve))
    config = plain(okhttp(LEAF, BACKUP))
    done = run(okhttp(LEAF, BACKUP), read_chain(write(tmp_path, pem([odd, leaf, issuing, root]))), BACKUP)
    assert outcome(done) == "served"
    assert done.record()["left_out"] == ["Far Root"]
    assert "Far Root, in the file and left out: its key is of a kind" in " ".join(text(done).split())
    top, own = (x509.load_der_x509_certificate(der(one).replace(*curve)) for one in (root, leaf))
    other = made("www.other.example", SIGNS, hosts=["www.other.example"])
    for needed in ([leaf, issuing, top], [own, issuing, root], [other, issuing, root, own]):
        with pytest.raises(ValueError, match="cannot be rebuilt"):
            read_chain(write(tmp_path, pem(needed)), None, answers(config, HOST))


def test_damage_is_a_sentence_or_a_pin_never_a_traceback() -> None:
    """Octets lost, doubled and changed, in every dress; what comes out is printable."""
    draw = random.Random(7)
    spoilt = [*(make() for make in DRESSES.values()), *(make() for make, _ in NAMED.values())]
    read = 0
    for number in range(1500):
        octets = bytearray(draw.choice(spoilt))
        for _ in range(draw.randint(0, 2)):
            at = draw.randrange(len(octets) or 1)
            piece = draw.choice(
                (b"", b"\0", b"\xff", b"\n", b"-----BEGIN ", b"-----END ", b"\x30\x80", draw.randbytes(3))
            )
            octets[at : at + draw.choice((0, 1, 40))] = piece
        try:
            things = contents(bytes(octets), f"file {number}").things
        except ValueError as problem:
            assert str(problem).startswith(f"file {number} ")  # noqa: PT017
            assert str(problem).isprintable()  # noqa: PT017
            continue
        read += 1
        assert all(one.pin and one.name.isprintable() and one.algorithm for one in things)
    assert 100 < read < 1400


@pytest.mark.parametrize(
    "octets",
    [b"\x30\x82" + bytes(4 << 20), armoured("CERTIFICATE", b"") .replace(b"\n", b" \n" * (1 << 20), 1),
     armoured("X509 CRL", b"") * 80_000, b'[["kty' * 500_000],
    ids=["empty values", "empty lines", "lists of revoked ones", "brackets"],
)  # fmt: skip
def test_what_is_made_to_take_long_takes_no_time(octets: bytes) -> None:
    """As large as a file may be; each was quadratic, or millions of objects, once. The sentence is short."""
    began = time.process_time()
    with pytest.raises(ValueError, match="the file") as problem:
        contents(octets)
    assert time.process_time() - began < 2
    assert len(str(problem.value)) < 400


# ---- which one is the server's --------------------------------------------------------------------


def made(
    name: str,
    by: tuple[x509.Certificate, Key] | None = None,
    *extensions: tuple[x509.ExtensionType, bool],
    held: Key | None = None,
    hosts: Sequence[str] = (),
) -> x509.Certificate:
    """A certificate, signed by whoever is named, else by its own key, `key("ECDSA", 50)` where no other is given."""
    held = held or key("ECDSA", 50)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by[0].subject if by else subject)
        .public_key(held.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=30))
        .not_valid_after(NOW + YEAR)
    )
    alternatives: list[x509.GeneralName] = [
        x509.IPAddress(ip_address(one)) if one[0].isdigit() else x509.DNSName(one) for one in hosts
    ]
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    for value, critical in extensions:
        builder = builder.add_extension(value, critical=critical)
    return builder.sign(by[1] if by else held, hashes.SHA256())


CA = (x509.BasicConstraints(True, None), True)
SIGNS = (certificates()[1], key("ECDSA", 1))


def test_the_servers_certificate_is_the_one_that_answers_for_the_host() -> None:
    """Of two hosts in one file: for the one that is named, else for one that the pins are for, else the first."""
    leaf, issuing, root = certificates()
    other = made("www.other.example", SIGNS, hosts=["www.other.example"])
    for order in ([other, leaf, issuing, root], [leaf, issuing, root, other], [root, issuing, other, leaf]):
        config = plain(okhttp(LEAF, BACKUP))
        assert ordered(order, "file", answers(config, HOST)).leaf == leaf
        assert ordered(order, "file", answers(config, None)).leaf == leaf
        assert ordered(order, "file", answers(config, "www.other.example")).leaf == other
        assert ordered(order, "file", answers(plain(android(LEAF)), None)).leaf == leaf
    first = ordered([other, leaf, issuing, root], "file", answers(plain(curl(LEAF)), None))
    assert first.leaf == other  # the control: curl's pins are for any host
    done = run(okhttp(LEAF, BACKUP), ordered([other, leaf, issuing, root], "file", answers(config, HOST)), BACKUP)
    assert outcome(done) == "served"
    assert "www.other.example, in the file and not on the way up" in text(done)


def twofold(file: Path, octets: bytes, at: datetime | None = None) -> Forecast:
    config = plain(octets)
    there = read_chain(file, None, answers(config, HOST), partial(pins, config), at)
    return forecast(config, there, host=HOST, at=at, scenes=["new_key"])


def test_of_two_certificates_for_the_host_it_is_the_one_that_is_valid(tmp_path: Path) -> None:
    """Before and after a renewal, in any order; the pin of the other one is called what it is, and so is the day."""
    old = certificates(Shape(starts=NOW - 3 * YEAR, ends=NOW - 2 * YEAR))[0]
    _, issuing, root = certificates()
    renewed = made("x", SIGNS, held=key("ECDSA", 51), hosts=[HOST])
    for order in ([old, renewed, issuing, root], [renewed, root, issuing, old]):
        file = write(tmp_path, pem(order))
        done = twofold(file, okhttp(pin_of(renewed), BACKUP))
        assert (done.subject.chain.leaf, outcome(done)) == (renewed, "served")
        done = twofold(file, okhttp(LEAF, BACKUP))  # the key of the old one
        assert (done.subject.chain.leaf, outcome(done)) == (renewed, "outage")
        assert [one.names for one in done.subject.matches] == [Names.FORMER, Names.NOTHING]
        assert "in the file and not valid on this day" in " ".join(text(done).split())
        assert "pin-off-path" not in {one.name for one in done.findings}
        then = twofold(file, okhttp(LEAF, BACKUP), NOW - 2 * YEAR - timedelta(days=9))
        assert then.subject.chain.leaf == old  # the control: on a day of its own


def test_of_two_that_are_valid_it_is_the_one_that_is_pinned(tmp_path: Path) -> None:
    """A server with keys of two kinds: both are told of, and so is a pin that leaves out whoever is shown the other."""
    first = certificates()[0]
    held = rsa.generate_private_key(65537, 2048)
    second = made("x", SIGNS, held=held, hosts=[HOST])
    for order in ([first, second], [second, first]):
        file = write(tmp_path, pem([*order, *certificates()[1:]]))
        for octets, leaf, severity in (
            (okhttp(LEAF, BACKUP), first, "worth fixing"),
            (okhttp(pin_of(second), BACKUP), second, "worth fixing"),
            (okhttp(LEAF, pin_of(second)), order[0], "worth knowing"),
            (okhttp(ISSUING, BACKUP), order[0], "worth knowing"),
        ):
            done = twofold(file, octets)
            assert (done.subject.chain.leaf, outcome(done)) == (leaf, "served")
            (found,) = [one for one in done.findings if one.name == "two-certificates"]
            assert found.severity.value == severity
            assert "pin-off-path" not in {one.name for one in done.findings}
        assert "another certificate for this host" in " ".join(
            text(twofold(file, okhttp(LEAF, pin_of(second)))).split()
        )
    alone = twofold(write(tmp_path, chain_pem()), okhttp(LEAF, BACKUP))
    assert "two-certificates" not in {one.name for one in alone.findings}


def with_sha1(of: x509.Certificate, held: Key, *, version_1: bool = False) -> x509.Certificate:
    """The certificate, signed by this key with SHA-1; one of version 1 has no extensions."""
    (whole,) = parts(der(of))
    sha1 = tagged(0x30, bytes.fromhex("06072a8648ce3d0401"))
    version, serial, _, *rest = parts(parts(whole.content)[0].content)
    if version_1:
        rest = [one for one in rest if one.tag == 0x30]
    fields_of = [b"" if version_1 else version.whole, serial.whole, sha1, *(one.whole for one in rest)]
    body = tagged(0x30, b"".join(fields_of))
    assert isinstance(held, ec.EllipticCurvePrivateKey)
    signature = held.sign(body, ec.ECDSA(hashes.SHA1()))
    return x509.load_der_x509_certificate(tagged(0x30, body + sha1 + tagged(0x03, b"\0" + signature)))


def test_a_servers_certificate_may_call_itself_a_ca() -> None:
    """`openssl req -x509` says CA:TRUE. Issued by a CA it is the server's; by itself, it is told what a pin adds to."""
    leaf = made("x", SIGNS, CA, hosts=[HOST])
    assert ordered([*certificates()[1:], leaf], "file", answers(plain(okhttp(LEAF)), HOST)).leaf == leaf
    assert ordered([*certificates()[1:], leaf], "file").leaf == leaf
    own = x509.BasicConstraints(False, None), True
    for alone in (made(HOST, None, CA, hosts=[HOST]), made(HOST, None, CA), made(HOST, None, own, hosts=[HOST])):
        with pytest.raises(ValueError, match=r"self-signed server certificate.*trust store has to hold this cert"):
            ordered([alone], "file")
    old = with_sha1(made(HOST, None, own, hosts=[HOST]), key("ECDSA", 50))
    with pytest.raises(ValueError, match="self-signed server certificate"):  # signed with what cannot be checked here
        ordered([old], "file")
    with pytest.raises(ValueError, match="holds CAs only"):
        ordered(list(certificates()[1:]), "file")


def test_an_old_root_is_a_root() -> None:
    """Version 1 and SHA-1: it ends the chain, wherever it stands in the file, and the day is an ordinary one."""
    held = key("ECDSA", 60)
    old = with_sha1(made("Old Root", held=held), held, version_1=True)
    leaf = made("x", (old, held), hosts=[HOST])
    assert old.version is x509.Version.v1
    for found, roots in (([leaf, old], []), ([old, leaf], []), ([leaf], [old])):
        there = ordered(found, "file", roots=roots)
        assert there.path == (leaf, old)
        assert there.has_root
        done = run(okhttp(pin_of(old), BACKUP), there, BACKUP)
        assert (outcome(done), [one.place for one in done.subject.matches]) == ("served", [1, None])
    assert any("version 1" in one for one in done.changes)
    weak = with_sha1(made("x", (old, held), hosts=[HOST]), held)
    assert any("SHA-1" in one for one in run(okhttp(pin_of(old)), ordered([weak, old], "file")).changes)
    assert not any("SHA-1" in one for one in done.changes)  # the control: a root's own signature is nobody's business
    assert ordered([old, *certificates()], "file").leaf == certificates()[0]  # a root by the way is no server


def test_a_link_from_an_old_key_to_a_new_one_is_no_root() -> None:
    """A CA that changes its key certifies the new one under its own name: the root is the one above it."""
    old = made("Root", None, CA, held=key("ECDSA", 61))
    link = made("Root", (old, key("ECDSA", 61)), CA, held=key("ECDSA", 62))
    leaf = made("x", (link, key("ECDSA", 62)), hosts=[HOST])
    for order in ([leaf, link, old], [old, link, leaf]):
        assert ordered(order, "file").path == (leaf, link, old)
    below = ordered([leaf, link], "file")
    assert not below.has_root
    assert outcome(run(okhttp(pin_of(link), BACKUP), below, BACKUP)) == "served"
    new = made("Root", None, CA, held=key("ECDSA", 62))
    assert ordered([leaf, link, new, old], "file").path == (leaf, new)  # the control: where the new root is there


def kept(kind: str, number: int) -> Key:
    return key(kind, number) if kind == "ECDSA" else rsa.generate_private_key(65537, 1024)


@pytest.mark.parametrize("kinds", [("RSA", "ECDSA"), ("ECDSA", "RSA"), ("ECDSA", "ECDSA")])
def test_an_issuer_is_whose_key_signed_and_not_whose_name_it_is(kinds: tuple[str, str], tmp_path: Path) -> None:
    """A CA's old root and its new one have one name, whatever their keys; the wrong one alone completes no chain."""
    of, others = kept(kinds[0], 63), kept(kinds[1], 64)
    root, namesake = made("Firm Root", None, CA, held=of), made("Firm Root", None, CA, held=others)
    middle = made("Firm CA", (root, of), CA, held=key("ECDSA", 65))
    leaf = made("x", (middle, key("ECDSA", 65)), hosts=[HOST])
    for order in ([leaf, middle, namesake, root], [root, namesake, middle, leaf]):
        assert ordered(order, "file").path == (leaf, middle, root)
    chain = write(tmp_path, pem([leaf, middle]), "chain.pem")
    assert read_chain(chain, write(tmp_path, pem([namesake, root]))).path == (leaf, middle, root)
    with pytest.raises(ValueError, match=r"does not complete .*'Firm Root'; the one of that name there has another"):
        read_chain(chain, write(tmp_path, pem([namesake])))
    own = made("Firm Root", (root, of), held=key("ECDSA", 65), hosts=[HOST])  # may be called as its CA is
    assert ordered([own, root], "file").path == (own, root)


def test_an_old_signature_is_checked_too_and_a_name_may_be_encoded_otherwise() -> None:
    """SHA-1 is no reason to believe a name, and neither are letters in another of the encodings that there are."""
    right, wrong = key("ECDSA", 66), key("ECDSA", 67)
    root = made("Old Root", None, CA, held=right)
    leaf = made("x", (root, right), hosts=[HOST])
    namesake = made("Old Root", None, CA, held=wrong)
    old = with_sha1(leaf, right)
    assert ordered([old, namesake, root], "file").path == (old, root)
    printed = x509.load_der_x509_certificate(
        der(root).replace(tagged(0x0C, b"Old Root"), tagged(0x13, b"Old Root"))
    )  # its own signature is spoilt, and the name of whoever issued the leaf is still its own
    assert ordered([leaf, printed], "file").path[1:] == (printed,)
    assert ordered([with_sha1(leaf, wrong), printed], "file").path[1:] == ()


def test_what_cannot_be_checked_here_is_believed_by_the_keys_identifier() -> None:
    """An algorithm that nobody knows here, and a key of a kind as strange: its identifier has to be the one named."""
    held = key("ECDSA", 68)
    root = made("Far Root", None, CA, (x509.SubjectKeyIdentifier(b"right"), False), held=held)
    leaf = made("x", (root, held), (x509.AuthorityKeyIdentifier(b"right", None, None), False), hosts=[HOST])
    algorithm = bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a8503070101037f")
    unsigned = x509.load_der_x509_certificate(der(leaf).replace(*algorithm))
    curve = bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082a8648ce3d03017f")
    far = x509.load_der_x509_certificate(der(root).replace(*curve))
    other = x509.load_der_x509_certificate(der(far).replace(b"right", b"wrong"))
    assert ordered([unsigned, other, far], "file").path == (unsigned, far)
    assert ordered([unsigned, other], "file").path == (unsigned,)
    assert ordered([unsigned, root], "file").path == (unsigned,)  # the control: a key that is known made no such thing


def test_what_continues_a_chain_may_be_given_as_its_root(tmp_path: Path) -> None:
    """Of a server's certificate alone a pin may be the intermediate's or the root's; the advice that is given works."""
    leaf, issuing, root = certificates()
    alone, middle = write(tmp_path, pem([leaf]), "leaf.pem"), write(tmp_path, pem([issuing]), "issuing.pem")
    done = run(okhttp(ROOT, BACKUP), read_chain(alone))
    assert [*done.hypotheses] == [YOURS_IF_ROOT, YOURS_IF_NOT]
    said = " ".join(text(done).split())
    assert "if none of your pins is the key of Issuing CA 1 or of a CA above it" in said
    assert "the pin of Issuing CA 1 or of a CA above it" in said
    assert "the root, which is not in the file" not in said
    there = read_chain(alone, middle)
    assert (there.path, there.has_root) == ((leaf, issuing), False)
    again = made("Root CA", None, CA, held=key("ECDSA", 0))  # the root with other dates, where the file has one
    assert read_chain(write(tmp_path, chain_pem()), write(tmp_path, pem([again]), "again.pem")).path[-1] == root
    assert "the key of Root CA" in text(run(okhttp(ROOT, BACKUP), there))
    with pytest.raises(ValueError, match="does not complete"):  # the control: what continues nothing
        read_chain(alone, write(tmp_path, pem([root]), "root.pem"))


def test_a_bundle_has_the_root_in_it(tmp_path: Path) -> None:
    """`--root` with all the roots of a system takes the one that issued the chain's last, and says where none did."""
    strangers = [made(f"Root {number}", None, CA) for number in range(120)]
    leaf, issuing, root = certificates()
    bundle = write(tmp_path, pem([*strangers, root]), "bundle.pem")
    chain = write(tmp_path, pem([leaf, issuing]), "chain.pem")
    there = read_chain(chain, bundle)
    assert (there.path, there.aside) == ((leaf, issuing, root), ())
    both = write(tmp_path, pem([root, issuing]), "both.pem")
    assert read_chain(write(tmp_path, der(leaf)), both).path == (leaf, issuing, root)
    with pytest.raises(ValueError, match="does not complete"):
        read_chain(chain, write(tmp_path, pem(strangers), "bundle.pem"))


# ---- two worlds -----------------------------------------------------------------------------------

SENT = Shape(with_root=False)


def sent() -> Chain:
    return ordered(certificates()[:2], "file")


def test_where_the_root_is_not_there_both_worlds_are_run() -> None:
    """A pin that names nothing may be the root's: both are run, and what is refused in one of them has no score."""
    done = run(okhttp(ROOT, BACKUP), sent())
    assert [*done.hypotheses] == [YOURS_IF_ROOT, YOURS_IF_NOT]
    assert outcome(done) == outcome(done, client=YOURS_IF_ROOT) == "served"
    assert outcome(done, client=YOURS_IF_NOT) == "outage"
    assert done.record()["scores"].keys() == {YOURS_IF_ROOT, "unpinned", "leaf-pinned"}
    said = " ".join(text(done).split())
    assert "Unless one is, every connection" in said
    assert "so every scene begins" not in said
    assert "no score: every scene begins with an outage, if none of your pins is the key of Root CA" in said
    known = run(okhttp(ROOT, BACKUP), ordered(certificates(), "file"))  # the control: with the root there is one world
    assert ([*known.hypotheses], known.record()["hypotheses"]) == ([YOURS], None)
    for scene in FEW:
        assert outcome(known, scene) == outcome(done, scene, YOURS_IF_ROOT)


def test_a_pin_beside_the_leafs_may_be_the_roots_too() -> None:
    """The leaf's pin lets the day pass in both worlds, and a sibling intermediate robs in one of them."""
    done = run(okhttp(LEAF, ROOT), sent())
    assert [*done.hypotheses] == [YOURS, YOURS_IF_ROOT]
    assert {outcome(done, client=one) for one in done.hypotheses} == {"served"}
    ends = [outcome(done, "sibling_intermediate", one) for one in done.hypotheses]
    assert ends == ["stopped", "intercepted"]
    assert "if one of your pins is the key of Root CA" in text(done)
    assert done.record()["scores"].keys() >= {YOURS, YOURS_IF_ROOT}


def test_what_is_said_of_a_header_is_said_of_one_world() -> None:
    """A browser ignores a header without a pin on the path; the pin may be the root's, so it is not said outright."""
    for there, severity in ((sent(), "worth fixing"), (ordered(certificates(), "file"), "serious")):
        unknown = BACKUP, pin_of(key("ECDSA", 102).public_key())
        (found,) = [one for one in run(hpkp(*unknown), there).findings if one.name == "header-ignored"]
        assert found.severity.value == severity
        assert ("unless one of them is the pin of the root" in found.seen) is (severity == "worth fixing")


@pytest.mark.parametrize(
    "octets",
    [curl(LEAF, BACKUP), okhttp(LEAF, "sha256/" + "B" * 43 + "="), okhttp(LEAF, BACKUP), okhttp(LEAF)],
    ids=["curl", "a pattern", "a backup that was shown", "all known"],
)
def test_there_is_one_world_where_no_pin_can_be_the_roots(octets: bytes) -> None:
    """curl looks at the leaf alone; a pattern is no hash; a backup that was shown is no root; and so on."""
    assert [*run(octets, sent(), BACKUP).hypotheses] == [YOURS]


def test_the_move_to_a_second_ca_that_is_pinned_has_a_row_of_its_own() -> None:
    """Served, beside the outage of a move to any other CA; and who gets a certificate there is its attack twin."""
    second = seen(made("Second Root", None, CA, held=key("ECDSA", 70)))
    done = run(okhttp(ROOT, second.pin), ordered(certificates(), "file"), second)
    moves = {one.name: outcome(done, one.name) for one in done.matrix.cases}
    assert (moves["new_ca"], moves["new_ca_second"]) == ("outage", "served")
    assert (moves["other_trusted_ca"], moves["other_trusted_ca_second"]) == ("stopped", "intercepted")
    said = " ".join(text(done).split())
    assert "The site moves to Second Root, whose key you pinned" in said
    assert "the key of Second Root, another CA that you showed" in said
    unpinned = run(okhttp(ROOT, BACKUP), ordered(certificates(), "file"), second, BACKUP)
    assert "new_ca_second" not in {one.name for one in unpinned.matrix.cases}  # the control: shown, and not pinned


def test_the_second_ca_may_be_an_intermediate_or_one_of_two() -> None:
    """A pinned intermediate of another hierarchy, and a third CA: a row for each."""
    root = made("Far Root", None, CA, held=key("ECDSA", 71))
    middle = seen(made("Far CA", (root, key("ECDSA", 71)), CA, held=key("ECDSA", 72)))
    third = seen(made("Root CA", None, CA, held=key("ECDSA", 73)))  # called as the first one is
    done = run(okhttp(LEAF, middle.pin, third.pin), ordered(certificates(), "file"), middle, third)
    moves = {one.name: outcome(done, one.name) for one in done.matrix.cases}
    assert (moves["new_ca"], moves["new_ca_second"], moves["new_ca_second2"]) == ("outage", "served", "served")


# ---- limits of the real chain ---------------------------------------------------------------------


def limited(leaf: x509.Certificate, by: x509.Certificate) -> Chain:
    return ordered([leaf, by, certificates()[-1]], "file")


UPPER = (certificates()[-1], key("ECDSA", 0))


def below(constraint: x509.ExtensionType, *hosts: str, critical: bool = True) -> Chain:
    """A chain whose CA has this extension, for these hosts."""
    by = made("Limited CA", UPPER, CA, (constraint, critical), held=key("ECDSA", 80))
    return limited(made("x", (by, key("ECDSA", 80)), hosts=hosts), by)


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\0")
ADDRESS = x509.IPAddress(ip_network("192.0.2.0/24"))
ELSEWHERE = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "y")]))
FAR = [x509.DNSName("far.com")]
CHAINS: dict[str, tuple[Callable[[], Chain], str, str]] = {
    "an address that is excluded": (
        lambda: below(x509.NameConstraints(None, [ADDRESS]), "192.0.2.10"), "192.0.2.10", "name constraints exclude",
    ),
    "an address that is not permitted": (
        lambda: below(x509.NameConstraints([ADDRESS], None), "198.51.100.1"), "198.51.100.1", "name constraints",
    ),
    "an address that is permitted": (
        lambda: below(x509.NameConstraints([ADDRESS], None), "192.0.2.10"), "192.0.2.10", "",
    ),
    "a directory name that is not permitted": (
        lambda: below(x509.NameConstraints([ELSEWHERE], None), HOST), HOST, "name constraints",
    ),
    "another of its names that is excluded": (
        lambda: below(x509.NameConstraints(None, FAR), HOST, "a.far.com"), HOST, "name constraints exclude",
    ),
    "names that are none of its own": (lambda: below(x509.NameConstraints(None, FAR), HOST), HOST, ""),
    "an unknown critical extension in the CA": (lambda: below(UNKNOWN, HOST), HOST, "critical extension"),
    "an unknown extension that is not critical": (lambda: below(UNKNOWN, HOST, critical=False), HOST, ""),
    "an unknown critical extension in the leaf": (
        lambda: limited(made("x", SIGNS, (UNKNOWN, True), hosts=[HOST]), certificates()[1]), HOST, "critical extension",
    ),
    "critical policies, which are known": (
        lambda: below(
            x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("2.23.140.1.2.1"), None)]), HOST
        ), HOST, "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.sampled(3)
def test_what_validation_has_against_the_chain_as_brought_it_has_in_the_forecast(name: str) -> None:
    """A refused chain makes an ordinary day an outage, with the reason; one that passes is served."""
    make, host, reason = CHAINS[name]
    there = make()
    done = run(okhttp(pin_of(there.leaf), BACKUP, host=host), there, BACKUP, host=host)
    assert outcome(done) == outcome(done, client="unpinned") == ("outage" if reason else "served")
    assert bool(done.broken) is bool(reason)
    assert reason in done.broken
    assert bool(refused(there, NOW)) is bool(reason)


@pytest.mark.parametrize("place", ["root", "intermediate"])
@pytest.mark.parametrize("limit", [UNKNOWN, x509.NameConstraints(None, [x509.DNSName(HOST)])])
def test_a_limit_of_the_trust_anchor_itself_is_not_everybodys(place: str, limit: x509.ExtensionType) -> None:
    """Java takes an anchor's name and key alone, so it is said who refuses; a limit below it binds everybody."""
    limits = [(limit, True)]
    root = made("Top", None, CA, *(limits if place == "root" else []), held=key("ECDSA", 81))
    by = made("Mid", (root, key("ECDSA", 81)), CA, *(limits[:] if place != "root" else []), held=key("ECDSA", 82))
    there = ordered([made("x", (by, key("ECDSA", 82)), hosts=[HOST]), by, root], "file")
    done = run(okhttp(pin_of(there.leaf), BACKUP), there, BACKUP)
    said = " ".join(text(done).split())
    assert outcome(done) == "outage"
    assert done.record()["accepted_by"] == ("Java" if place == "root" else None)
    assert ("OpenSSL refuses this chain, pinned or not" in said) is (place == "root")
    assert ("No client gets anywhere" in said) is (place != "root")
    plain_root = ordered([made("x", (by, key("ECDSA", 82)), hosts=[HOST]), by], "file")
    assert limited_by_anchor(plain_root, NOW) is False  # below a root that is not there the last one is no anchor


def test_a_renewal_under_a_ca_with_such_limits_is_refused_too() -> None:
    """The limit is the CA's, so a new key does not help; a fault of the leaf alone goes with the leaf."""
    there = below(x509.NameConstraints(None, [ADDRESS]), "192.0.2.10")
    done = run(okhttp(pin_of(there.path[1]), BACKUP, host="192.0.2.10"), there, BACKUP, host="192.0.2.10")
    assert outcome(done, "new_key", "unpinned") == "outage"


def test_a_day_that_is_given_is_the_day() -> None:
    """What expired the day before is refused on it, by everybody: no other day is taken in its place."""
    link = made("Issuing CA 1", UPPER, CA, held=key("ECDSA", 1))
    there = limited(made("x", (link, key("ECDSA", 1)), hosts=[HOST]), link)
    late = there.not_after + timedelta(days=1)
    for day, wanted in ((late, "outage"), (there.not_after - timedelta(days=1), "served")):
        done = forecast(plain(okhttp(pin_of(link))), there, host=HOST, at=day, scenes=[])
        assert (outcome(done), outcome(done, client="unpinned")) == (wanted, wanted)
        assert (done.subject.now, bool(done.broken)) == (day.replace(microsecond=0), day == late)
        assert f"The day is {day:%Y-%m-%d}" in " ".join(text(done).split())
        assert ("it has expired" in text(done)) is (day == late)


def test_what_begins_now_is_valid_now() -> None:
    """A certificate of this very minute, or of a clock that is a little ahead, is no outage; tomorrow's is one."""
    now = datetime.now(UTC)
    for ahead, fine in ((timedelta(seconds=-5), True), (timedelta(minutes=20), True), (timedelta(days=1), False)):
        there = ordered(certificates(Shape(starts=now + ahead)), "file")
        done = forecast(plain(okhttp(LEAF)), there, host=HOST, scenes=[])
        assert ("chain-not-valid" in {one.name for one in done.findings}) is not fine


def test_another_hosts_certificate_is_an_outage() -> None:
    """As it is for every client; curl takes a common name where there is no other, and nobody else does."""
    named = made(HOST, SIGNS)
    for octets, host, hosts, wanted in (
        (okhttp(pin_of(named)), HOST, [], "outage"),
        (okhttp(pin_of(named)), HOST, [HOST], "served"),
        (okhttp(pin_of(named)), HOST, ["www.other.example"], "outage"),
        (curl(pin_of(named)), HOST, [], "served"),
        (curl(pin_of(named)), None, [], "served"),
        (curl(pin_of(named)), "www.other.example", [], "outage"),
    ):
        there = ordered([made(HOST, SIGNS, hosts=hosts), *certificates()[1:]], "file")
        done = forecast(choose(parse_pins(octets), host, "file"), there, host=host, scenes=[])
        assert outcome(done) == wanted
        assert bool(done.broken) is (wanted == "outage")
        assert "elsewhere.example" not in done.broken
        by_name = "by its common name alone" in " ".join(text(done).split())
        assert by_name is (wanted == "served" and not hosts)


def test_a_day_is_a_day() -> None:
    """A chain that begins in the afternoon is valid on the day that was asked about."""
    shape = Shape(starts=datetime(2026, 11, 27, 15, tzinfo=UTC))
    there = ordered(certificates(shape), "file")
    asked = datetime(2026, 11, 27, 12, tzinfo=UTC)
    done = forecast(plain(okhttp(LEAF)), there, host=HOST, at=asked, scenes=["new_key"])
    assert "chain-not-valid" not in {one.name for one in done.findings}
    early = forecast(plain(okhttp(LEAF)), there, host=HOST, at=asked - timedelta(days=1), scenes=["new_key"])
    assert "chain-not-valid" in {one.name for one in early.findings}
    assert Outcome.SERVED is done.cell("ordinary_day", "unpinned").outcome
