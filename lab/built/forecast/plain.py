"""
The simplest files of pins: a list, one pin on a line, and certificates that are shipped as the pins.

A line may have a key's pin as any program writes it, or a certificate's
fingerprint as openssl prints it; a hash that does not say which of the two it
is may be either. # begins a comment.
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
    r"(?:(?P<label>sha2?-?(?:256|1)(?: fingerprint|\([^()]*\))?|fingerprint)\s*[=:]\s*|"
    rf"(?P<kind>(?:cert-)?sha(?:256|1)/(?:/(?=[\w+/-]{{43}}))?(?=[\w+/-]{{27,}}=?)|pin-sha256\s*[=:]\s*\"?))?"
    rf"(?:(?P<summed>[0-9A-Fa-f]{{40}}(?:[0-9A-Fa-f]{{24}})?)\s+\*?[\w./-]+|(?P<pin>{_HEX}|[\w+/-]{{27,88}}={{0,2}})\"?)",
    re.IGNORECASE | re.ASCII,
)
_SHAPE = "one pin on a line, as sha256/BASE64, with # before a comment"
_BLOCKS = re.compile(r"/\*.*?(?:\*/|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL)
_COMMENT = re.compile(r"(?:^|\s)(?:#|--\s).*|^\s*(?://|;).*")
_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
"""Signs of direction and the like, which Windows copies along with a fingerprint."""
_PRINTED = {"Public Key PIN:": "pin-sha256:", "Certificate fingerprints:": "SHA256:"}
"""By what certtool and keytool print above, how the line begins that has the pin among others."""


def lines(text: str) -> list[tuple[int, str]]:
    """What stands on each line, with its number: without comments, quotes, and signs of a list."""
    if text.lstrip().startswith("["):
        try:
            given = json.loads(text)
        except (ValueError, RecursionError):
            given = None
        if isinstance(given, list) and all(isinstance(one, str) for one in given):
            return [(1, one) for one in given]
    told = _BLOCKS.sub(lambda block: "\n" * block[0].count("\n"), _UNSEEN.sub("", text))
    bare = [re.sub(r"^\s*(?:[-*]|\d+[.)])\s+", "", _COMMENT.sub("", line)) for line in told.splitlines()]
    begins = next((begins for above, begins in _PRINTED.items() if above in text), "")
    return [
        (number, part)
        for number, line in enumerate(bare, 1)
        if line.strip().startswith(begins)
        for part in _parts(line)
        if part
    ]


def _parts(line: str) -> list[str]:
    """The pins of a line, where it has several and nothing else; else the line. What is curl's stays one."""
    whole = _stripped(line)
    parts = [_stripped(one) for one in re.split(r"[,;\s]+", whole)]
    several = len(parts) > 1 and not _LINE.fullmatch(whole) and not re.search(r"sha256//[\w+/]{43}=", whole)
    return parts if several and all(map(_LINE.fullmatch, parts)) else [whole]


def _stripped(text: str) -> str:
    return text.strip().strip("\"',;").strip()


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
    encoded = found["summed"] or found["pin"]  # sha256sum writes the file's name behind it
    spaced = bool(re.search("[: ]", encoded))  # as fingerprints of certificates are; other hashes may be a key's
    whole = "fingerprint" in (found["label"] or "").lower() or spaced or kind.startswith("cert-")
    return pin(line, encoded, Format.LIST, whole=whole, sha1="sha1/" in kind)


_NO_PIN = "and no pin; `python -m lab pin FILE` prints its pin, so give a file with that"


def shipped(octets: bytes, file: str) -> tuple[PinConfig, ...]:
    """The certificates in this file, PEM or DER, each as a pin of the whole of it."""
    brought = contents(octets, file, most=MOST_CERTIFICATES)
    found = [fingerprint_of(one) for one in certificates(brought, otherwise=_NO_PIN)]
    remark = LintFinding(
        Severity.KNOW,
        "the file holds certificates, and each was taken for a pin of the whole certificate",
        "So apps have it that ship the server's certificate and compare it.",
        "If it is the chain that the server sends, give it with --chain, and the pins with --pins.",
        name="certificate-shipped",
    )
    pins = listed(pin(one, one.removeprefix("cert-sha256/"), Format.CERTIFICATE, whole=True) for one in found)
    return (PinConfig(Format.CERTIFICATE, (pins,), remarks=(remark,)),)
