"""
Other people's certificates, revocation lists and responses against OpenSSL, by hand: `python tests/vectors.py FOLDER`.

FOLDER is the one of the package cryptography-vectors (NIST's PKITS is in it), or any with such files. Whatever
OpenSSL's own parser cuts out as the SubjectPublicKeyInfo of the first thing in a file has to have the pin that the lab
gives it; where the lab says no, that is one sentence. Each list is held against each certificate of its issuer's, and
each response against whose certificate it brings: what the lab calls good, or signed, OpenSSL has to call so too; where
the lab has no word and OpenSSL has one, the reason is printed. SCTs in certificates that somebody in the folder issued
have to be signed by the log that they name. The exit code is 1 where anything else was seen.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from lab.observation import Status
from lab.pki.brought import Bearer, Brought, bring
from lab.pki.crl import listed
from lab.pki.entry import common
from lab.pki.ocsp import answered
from lab.pki.paths import signed_by
from lab.pki.reading import UNREADABLE, hashed, parsed, read, unwarned
from lab.pki.revocation import unsigned
from lab.pki.sct import ListedLog, Sct, check_sct, entry_of, scts_in
from lab.pki.world import World

_AT = re.compile(rb"^ *(\d+):d=(\d+) +hl=(\d+) +l= *(\d+) ", re.MULTILINE)
FIRST = {Bearer.CERTIFICATE: "x509", Bearer.REQUEST: "req"}


def openssl(*words: str, given: bytes = b"") -> bytes | None:
    """What the program prints; None where it fails."""
    done = subprocess.run(["openssl", *words], input=given, capture_output=True, check=False)
    return None if done.returncode else done.stdout


def cut_out(one: Brought, file: Path) -> bytes | None:
    """The SubjectPublicKeyInfo of the first thing in the file, by OpenSSL's asn1parse; None where it reads none."""
    der = None
    for form in ("PEM", "DER"):
        program = [FIRST[one.kind], "-outform", "DER", "-out"] if one.kind in FIRST else ["asn1parse", "-noout", "-out"]
        if one.kind is Bearer.KEY and one.der != one.spki:  # a bare RSA key
            program = ["pkey", "-pubin", "-outform", "DER", "-out"]
        der = der or openssl(*program, "/dev/stdout", "-in", str(file), "-inform", form)
    if der is None or one.kind not in FIRST:
        return der
    listed = openssl("asn1parse", "-inform", "DER", given=der) or b""
    inner = [(int(at), int(head) + int(size)) for at, depth, head, size in _AT.findall(listed) if depth == b"2"]
    place = (6 if der[inner[0][0]] == 0xA0 else 5) if one.kind is Bearer.CERTIFICATE else 2
    at, size = inner[place]
    return der[at : at + size]


def main(folder: str) -> int:
    """Every file below the folder; the number of those that went wrong."""
    seen: Counter[str] = Counter()
    for file in sorted(
        one for one in Path(folder).rglob("*") if one.suffix in (".pem", ".der", ".crt", ".cer", ".pub")
    ):
        try:
            one, *_ = bring(file).things
        except ValueError as problem:
            seen["refused in one sentence" if "\n" not in str(problem) else "WRONG"] += 1
            continue
        wanted = cut_out(one, file)
        same = wanted is not None and hashed("sha256", wanted) == one.pin
        if wanted is not None and not same:
            print(f"{file}: {one.pin}, and OpenSSL cuts out {sha256(wanted).hexdigest()}")
        seen["right" if same else "OpenSSL reads none" if wanted is None else "WRONG"] += 1
    return told("pins", seen)


def told(what: str, seen: Counter[str]) -> int:
    """What was seen, in a line; the number of those that went wrong."""
    print(f"{what}: " + ", ".join(f"{name}: {number}" for name, number in seen.most_common()))
    return sum(number for name, number in seen.items() if name.startswith("WRONG"))


# ---- revocation ------------------------------------------------------------------------------------

THEN = datetime(2015, 1, 1, tzinfo=UTC)
"""The client's clock: the certificates of PKITS are valid from 2010 to 2030."""


def lists(folder: str, beside: Path) -> int:
    """Each list on each certificate whose issuer has its issuer's name, against `openssl verify -crl_check`."""
    seen: Counter[str] = Counter()
    files = [one for one in Path(folder).rglob("*") if one.suffix in (".pem", ".der", ".crt", ".crl")]
    held = {one: pem_or_der(one, x509.load_pem_x509_certificate, x509.load_der_x509_certificate) for one in files}
    certificates = [read(one.public_bytes(Encoding.DER)) for one in held.values() if one]
    found = {one: pem_or_der(one, x509.load_pem_x509_crl, x509.load_der_x509_crl) for one in files}
    for one, issuer in product(certificates, certificates):
        if one is issuer or one.trouble or issuer.trouble or not signed_by(one, issuer):
            continue
        written = [beside / name for name in ("leaf", "issuer", "list")]
        for file, certificate in zip(written, (one, issuer), strict=False):
            file.write_bytes(parsed(certificate.der).public_bytes(Encoding.PEM))
        leaf, above, pem = map(str, written)
        words = ["verify", "-partial_chain", "-attime", f"{THEN.timestamp():.0f}", "-CAfile", above]
        if openssl(*words, leaf) is None:
            continue  # not valid even where nobody asks about revocation
        for file, crl in found.items():
            if crl is not None and crl.issuer == parsed(one.der).issuer:
                Path(pem).write_bytes(crl.public_bytes(Encoding.PEM))
                ours = listed(crl.public_bytes(Encoding.DER), one, issuer, THEN)
                done = subprocess.run(
                    ["openssl", *words, "-crl_check", "-CRLfile", pem, leaf],
                    capture_output=True,
                    text=True,
                    check=False,
                )
                revoked = Status.REVOKED if "error 23 " in done.stderr else Status.NO_WORD
                theirs = revoked if done.returncode else Status.GOOD
                if ours.status is theirs:
                    seen[f"both {theirs}"] += 1
                elif ours.status is Status.GOOD:
                    seen["WRONG, good"] += 1
                    print(f"{file.name}: the lab calls {one.name} good, and OpenSSL says {done.stderr}")
                else:
                    seen[f"{ours.status}, OpenSSL {theirs}"] += 1
                    print(f"  {file.name} on {one.name}: OpenSSL says {theirs}, the lab {ours.status}: {ours.why}")
    return told("lists", seen)


def responses(folder: str, beside: Path) -> int:
    """Who signed a response, by each certificate that it brings, against `openssl ocsp -VAfile`; nobody is believed."""
    seen: Counter[str] = Counter()
    stranger = World()
    leaf, issuer = (read(one.public_bytes(Encoding.DER)) for one in stranger.genuine.path[:2])
    for file in sorted(Path(folder).rglob("*resp*.der")):
        octets = file.read_bytes()
        seen["WRONG, believed" if answered(octets, leaf, issuer, THEN).status is not Status.NO_WORD else "no word"] += 1
        try:
            response = ocsp.load_der_ocsp_response(octets)
            signers, digest = response.certificates, response.signature_hash_algorithm
        except (ValueError, UnsupportedAlgorithm):
            continue
        for signer in signers:
            (beside / "signer").write_bytes(signer.public_bytes(Encoding.PEM))
            done = subprocess.run(
                ["openssl", "ocsp", "-respin", str(file), "-VAfile", str(beside / "signer")],
                capture_output=True,
                text=True,
                check=False,
            )
            why = unsigned(response.signature, response.tbs_response_bytes, digest, signer)
            same = (not why) == ("Response verify OK" in done.stderr)
            seen["signatures alike" if same else f"{why}: {done.stderr}" if why else "WRONG, signed"] += 1
    return told("responses", seen)


# ---- transparency ----------------------------------------------------------------------------------

# The keys of the logs are not in the folder, and nobody need be asked for them: from an ECDSA signature and what it is
# over, two keys follow that could have made it. One of them has the id that the SCT names, or else it is over something
# else than the lab thinks: each octet that is signed is held against a signature that a log made.


def log_of(sct: Sct, message: bytes) -> ListedLog | None:
    """The log that signed this message and is the one that the SCT names; None where there is none (P-256)."""
    r, s = decode_dss_signature(sct.signature[4:])
    y = pow((r * r * r - 3 * r + B) % P, (P + 1) // 4, P)
    digest = int.from_bytes(sha256(message).digest(), "big")
    for point in ((r, y), (r, P - y)):  # Q = (s R - e G) / r
        made = added(times(s, point), times(-digest % N, G))
        key = ec.EllipticCurvePublicNumbers(*times(pow(r, -1, N), made), ec.SECP256R1()).public_key()
        log = ListedLog("log.example", "", key)
        if log.id == sct.log:
            return log
    return None


P = 2**256 - 2**224 + 2**192 + 2**96 - 1  # NIST P-256 (FIPS 186-4 section D.1.2.3)
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_ONE = ec.derive_private_key(1, ec.SECP256R1()).public_key().public_numbers()
G = (_ONE.x, _ONE.y)


def added(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """The sum of two points, neither of which is the other's opposite."""
    rise, run = (3 * one[0] ** 2 - 3, 2 * one[1]) if one == other else (other[1] - one[1], other[0] - one[0])
    slope = rise * pow(run, -1, P)
    x = (slope * slope - one[0] - other[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def times(count: int, point: tuple[int, int]) -> tuple[int, int]:
    """The point taken `count` times, which is from 1 to N - 1."""
    found = point
    for bit in f"{count:b}"[1:]:
        found = added(found, found)
        found = added(found, point) if bit == "1" else found
    return found


@unwarned()
def scts(folder: str) -> int:
    """The SCTs of every certificate in the folder; the number of those that went wrong."""
    seen: Counter[str] = Counter()
    held = tuple(certificates(folder))
    issuers = {parsed(der).subject: der for der in held}
    for der in held:
        try:
            found = scts_in(der)
        except ValueError as problem:
            seen["refused in one sentence" if "\n" not in str(problem) else "WRONG"] += 1
            continue
        issuer = issuers.get(parsed(der).issuer)
        if issuer is None or not signed_by(read(der), read(issuer)):
            seen["of a certificate whose issuer is not in the folder, or did not sign it"] += len(found)
            continue
        for sct in found:
            same = common(der) == parsed(der).tbs_precertificate_bytes
            log = log_of(sct, entry_of(sct, der, issuer).leaf)
            if log is not None:
                check_sct(sct, der, issuer, log, datetime.now(UTC))
            wrong = log_of(sct, entry_of(replace(sct, timestamp=sct.timestamp + 1), der, issuer).leaf)
            seen["signed by the log that it names" if same and log and not wrong else "WRONG"] += 1
    return told("SCTs", seen)


def certificates(folder: str) -> Iterator[bytes]:
    """The certificates that can be read and are the first thing in a file."""
    for file in sorted(one for one in Path(folder).rglob("*") if one.suffix in (".pem", ".der", ".crt", ".cer")):
        with suppress(*UNREADABLE), unwarned():
            one, *_ = bring(file).things
            if one.kind is Bearer.CERTIFICATE and parsed(one.der).subject:
                yield one.der


Loaded = TypeVar("Loaded")


def pem_or_der(file: Path, *loaders: Callable[[bytes], Loaded]) -> Loaded | None:
    """What one of the loaders makes of a file; None where none does."""
    for load in loaders:
        with suppress(*UNREADABLE), unwarned():
            return load(file.read_bytes())
    return None


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        wrong = main(sys.argv[1]) + lists(sys.argv[1], Path(place)) + responses(sys.argv[1], Path(place))
        wrong += scts(sys.argv[1])
    sys.exit(bool(wrong))
