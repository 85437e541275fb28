"""
The simplest files of pins: a list, one pin on a line, and certificates that are shipped as the pins.

A line may have a key's pin as any program writes it, or a certificate's
fingerprint as openssl prints it; # begins a comment.
"""

from __future__ import annotations

import json
import re

from lab.built.forecast.chain import MOST_CERTIFICATES, certificates
from lab.built.forecast.config import Format, LintFinding, Pin, PinConfig, Severity, Unreadable, listed, pin
from lab.pki.brought import contents
from lab.pki.pins import fingerprint_of

_HEX = r"(?:[0-9A-Fa-f]{2}[: ]?){19,31}[0-9A-Fa-f]{2}"
_LINE = re.compile(
    rf"(?:(?P<label>sha-?(?:256|1)(?: fingerprint)?|fingerprint)\s*[=:]\s*|(?P<kind>(?:cert-)?sha(?:256|1)/"
    rf"(?:/(?=[\w+/-]{{43}}))?(?=[\w+/-]{{27,}}=?)|pin-sha256\s*=\s*\"?))?(?P<pin>{_HEX}|[\w+/-]{{27,88}}={{0,2}})\"?",
    re.IGNORECASE | re.ASCII,
)
_SHAPE = "one pin on a line, as sha256/BASE64, with # before a comment"


def lines(text: str) -> list[tuple[int, str]]:
    """What stands on each line, with its number: without comments, quotes, and signs of a list."""
    if text.lstrip().startswith("["):
        try:
            given = json.loads(text)
        except (ValueError, RecursionError):
            given = None
        if isinstance(given, list) and all(isinstance(one, str) for one in given):
            return [(1, one) for one in given]
    bare = [re.sub(r"(?:^|\s)#.*|^\s*//.*", "", line) for line in text.splitlines()]
    stripped = [re.sub(r"^\s*[-*]\s+", "", line).strip().strip("\"',;").strip() for line in bare]
    return [(number, line) for number, line in enumerate(stripped, 1) if line]


def is_list(text: str) -> bool:
    """Whether the first line that says anything is a pin."""
    return any(bool(_LINE.fullmatch(line)) for _, line in lines(text)[:1])


def read(text: str) -> tuple[PinConfig, ...]:
    """The pins of all lines, of which any will do. Raises ValueError, naming the line, for what is none."""
    pins = [_pin(number, line) for number, line in lines(text)]
    return (PinConfig(Format.LIST, (listed(pins),)),)


def _pin(number: int, line: str) -> Pin:
    found = _LINE.fullmatch(line)
    if not found:
        raise Unreadable(f"line {number} is no pin; {_SHAPE} is wanted", line)
    kind = (found["kind"] or "").lower()
    spaced = bool(re.search("[: ]", found["pin"]))  # as fingerprints of certificates are; hex alone may be a key's hash
    whole = bool(found["label"]) or spaced or kind.startswith("cert-")
    return pin(line, found["pin"], Format.LIST, whole=whole, sha1="sha1/" in kind)


def shipped(octets: bytes, file: str) -> tuple[PinConfig, ...]:
    """The certificates in this file, PEM or DER, each as a pin of the whole of it."""
    found = [fingerprint_of(one) for one in certificates(contents(octets, file, most=MOST_CERTIFICATES))]
    remark = LintFinding(
        Severity.KNOW,
        "the file holds certificates, and each was taken for a pin of the whole certificate",
        "So apps have it that ship the server's certificate and compare it.",
        "If it is the chain that the server sends, give it with --chain, and the pins with --pins.",
        name="certificate-shipped",
    )
    pins = listed(pin(one, one.removeprefix("cert-sha256/"), Format.CERTIFICATE, whole=True) for one in found)
    return (PinConfig(Format.CERTIFICATE, (pins,), remarks=(remark,)),)
