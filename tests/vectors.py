"""
Pins of other people's certificates against OpenSSL, by hand: `python tests/vectors.py FOLDER`.

FOLDER is the one of the package cryptography-vectors, or any with certificates, requests and public keys. Whatever
OpenSSL's own parser cuts out as the SubjectPublicKeyInfo of the first thing in a file has to have the pin that the lab
gives it; where the lab says no, that is one sentence. The exit code is 1 where anything else was seen.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from hashlib import sha256
from pathlib import Path

from lab.pki.brought import Bearer, Brought, bring
from lab.pki.reading import hashed

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
    print(", ".join(f"{name}: {number}" for name, number in seen.most_common()))
    return seen["WRONG"]


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1])))
