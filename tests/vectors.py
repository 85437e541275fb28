"""
Other people's certificates, revocation lists and responses against OpenSSL, by hand: `python tests/vectors.py FOLDER`.

FOLDER is the one of the package cryptography-vectors (NIST's PKITS is in it), or any with such files. Whatever
OpenSSL's own parser cuts out as the SubjectPublicKeyInfo of the first thing in a file has to have the pin that the lab
gives it; where the lab says no, that is one sentence. Each list is held against each certificate of its issuer's, and
each response against whose certificate it brings: what the lab calls good, or signed, OpenSSL has to call so too; where
the lab has no word and OpenSSL has one, the reason is printed. The exit code is 1 where anything else was seen.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from lab.observation import Status
from lab.pki.brought import Bearer, Brought, bring
from lab.pki.crl import listed
from lab.pki.ocsp import answered
from lab.pki.paths import signed_by
from lab.pki.reading import UNREADABLE, hashed, parsed, read, unwarned
from lab.pki.revocation import unsigned
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
    sys.exit(bool(wrong))
