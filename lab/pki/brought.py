"""
What people bring as certificates and public keys, in whatever it came: one reader for every verb.

PEM in any dress (text around it, Windows' line ends and UTF-16, the labels of
OpenSSL), DER, PKCS #7, and base 64 without its BEGIN line. What is no such
thing is named, with the command that makes something readable of it. A block
is read or said to be there: none is passed over in silence. A pin is of the
octets of the SubjectPublicKeyInfo as they stand, whatever they mean, so nothing
is judged here, and no signature is looked at.
"""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_der_public_key

from lab.disk import STDIN, private, read, text_of
from lab.naming import printable
from lab.observation import Certificate
from lab.pki import reading
from lab.pki.der import SEQUENCE, Element, fields, parts, said
from lab.pki.pins import spki

MOST_BYTES = 4 << 20
"""Octets of a file with certificates, at most."""
WANTED = "certificates, requests (CSR) or public keys"
_PUBLIC_HALF = "give the certificates without it, or its public half, which `openssl pkey -in {file} -pubout` prints"


class Bearer(StrEnum):
    """What has a public key to be pinned; the value is what a message calls it."""

    CERTIFICATE = "certificate"
    REQUEST = "request (CSR)"
    KEY = "public key"


@dataclass(frozen=True)
class Brought:
    """One thing with a public key, as its octets stand in a file, and the SubjectPublicKeyInfo in it."""

    kind: Bearer
    der: bytes
    spki: bytes

    @property
    def pin(self) -> str:
        """``sha256/BASE64`` of the SubjectPublicKeyInfo as it stands."""
        return reading.hashed("sha256", self.spki)

    @cached_property
    def certificate(self) -> Certificate | None:
        """What a client can read off it, where it is a certificate."""
        return reading.read(self.der) if self.kind is Bearer.CERTIFICATE else None

    @cached_property
    def name(self) -> str:
        """Whose it says it is, in one line; empty for a bare key."""
        if self.certificate:
            return self.certificate.name
        return printable(said(_inside(self.der)[1].content)) or "(no name)" if self.kind is Bearer.REQUEST else ""

    @property
    def broken(self) -> str:
        """Which rule of certificates it breaks, so that programs may not read it; empty where it breaks none."""
        trouble = self.certificate.trouble if self.certificate else ""
        return "" if trouble == reading.UNKNOWN_KEY else trouble

    @cached_property
    def algorithm(self) -> str:
        """The key's algorithm as people say it; ``unknown`` where it is not known here."""
        if self.certificate and self.certificate.algorithm != "unknown":
            return self.certificate.algorithm
        try:
            return reading.algorithm_of(load_der_public_key(self.spki))  # type: ignore[arg-type]
        except reading.UNREADABLE:
            return "unknown"


@dataclass(frozen=True)
class Contents:
    """What a file holds: everything with a key, in its order, and what else began there, each with its line."""

    file: str
    things: tuple[Brought, ...]
    others: tuple[str, ...] = ()


def bring(file: Path, what: str = WANTED, most: int = 0) -> Contents:
    """
    Everything in this file that has a public key; ``-`` is standard input.

    Raises ValueError, in one sentence that says what was seen and what to do,
    where there is no such thing, where one begins that is not whole, and for a
    private key, of which nothing is used. `what` says in messages what was wanted;
    with `most`, a file of more things is no server's chain, and is not looked into.
    """
    piped = str(file) == "-"
    name, path = STDIN if piped else str(file), "FILE" if piped else shlex.quote(str(file))
    octets = read(file, MOST_BYTES, what, instead=_PUBLIC_HALF.replace("{file}", path))
    return contents(octets, name, what, path, most)


def contents(octets: bytes, name: str = "the file", what: str = WANTED, path: str = "FILE", most: int = 0) -> Contents:
    """The same of these octets; `name` and `path` are the file's in sentences and in commands."""
    try:
        number = octets.replace(b"\0", b"").count(b"-----BEGIN") if most else 0
        things, others = ([], []) if number > most else _found(octets)
        if max(number, len(things)) > (most or len(things)):
            raise ValueError(
                f"has {max(number, len(things))} certificates, and a server sends at most a handful; "
                "give the chain of one server"
            )
    except _Private:
        raise ValueError(private(name, _PUBLIC_HALF.replace("{file}", path))) from None
    except ValueError as problem:
        raise ValueError(f"{name} {str(problem).replace('{file}', path)}") from None
    if not things:
        more = f" and {len(others) - 3} more" if others[3:] else ""
        seen = f"no certificate and no key, only {', '.join(others[:3])}{more}" if others else f"no {what}"
        raise ValueError(f"{name} holds {seen}{_AS_PEM}")
    return Contents(name, tuple(things), tuple(others))


_AS_PEM = "; give PEM, as `openssl s_client -showcerts` prints it, that contains -----BEGIN CERTIFICATE-----"


class _Known(ValueError):
    """It is known what this is, and nothing in it can be read as it is."""


class _Private(_Known):
    """It is a private key."""


def _found(octets: bytes) -> tuple[list[Brought], list[str]]:
    binary, text = octets[:1] == bytes([SEQUENCE]), _text(octets)
    if binary and octets[1:2] >= b"\x80":
        return _everything(octets), []
    if "-----BEGIN" in text or "-----END" in text:
        return _pem(text)
    begins = text[:2000].encode("latin-1", "replace")
    for shape, is_a, way in _KNOWN:
        if any(re.match(shape, one, re.DOTALL | re.IGNORECASE) for one in (octets[:2000], begins)):
            raise ValueError(f"is {is_a}; {way}")
    try:
        return _everything(octets if binary else _decoded(text)), []
    except _Known:
        raise
    except ValueError:
        return [], []


def _text(octets: bytes) -> str:
    """The octets as text: by their mark, as UTF-16 without one, else one character for each."""
    for encoding in ("", "utf-16-le", "utf-16-be"):
        try:
            if not encoding:
                return text_of(octets)
            if "-\0-".encode("latin-1") in octets and "-----" in (text := octets.decode(encoding)):
                return text
        except ValueError:
            continue
    return octets.decode("latin-1")


def _decoded(text: str) -> bytes:
    """Base 64 with white space anywhere, also as it stands in strings of source text, in JSON and in a quoted mail."""
    return base64.b64decode(_AROUND.sub("", text).encode("ascii"), validate=True)


_AROUND = re.compile(r"""["'][ \t]*[+,;][ \t\r]*$|["']|\\[nr]|\\(?=/)|^[ \t]*>|\s""", re.MULTILINE)


# ---- PEM -----------------------------------------------------------------------------------------

_BLOCK = re.compile(r"-----(BEGIN|END)\b(?: ([A-Z0-9 #./]{1,60})-----)?")
_KEYLESS = re.compile(r".*(PARAMETERS|CRL)|ATTRIBUTE CERTIFICATE")
_KEYED = re.compile(r".*(CERTIFICATE|KEY|PKCS|CMS)")


def _pem(text: str) -> tuple[list[Brought], list[str]]:
    """Every block (RFC 7468). Raises ValueError where one has no end, no beginning, or nothing readable between."""
    things, others = [], []
    marks, line, at = list(_BLOCK.finditer(text)), 1, 0
    for number, mark in enumerate(marks):
        line, at, label = line + text.count("\n", at, mark.start()), mark.start(), mark[2] or "something"
        if mark[1] == "END":
            if not number or marks[number - 1][1] == "END":
                raise ValueError(f"has the end of a block in line {line}, and nothing that begins it; copy all of it")
            continue
        if "PRIVATE" in label:
            raise _Private
        if number + 1 == len(marks) or (marks[number + 1][1], marks[number + 1][2]) != ("END", mark[2]):
            raise ValueError(f"has a block in line {line} (BEGIN {label}) without its end; copy all of it")
        if _KEYLESS.match(label):
            others.append(f"{label} (line {line})")
            continue
        if not _KEYED.match(label):
            raise ValueError(f"holds {label} (line {line}), which is no certificate and no key; give a file without it")
        if label.startswith("PGP"):
            raise ValueError(f"holds an OpenPGP key (line {line}), which no TLS server has{_AS_PEM}")
        try:
            octets = _decoded(text[mark.end() : marks[number + 1].start()])
            found = _everything(octets, also=label.startswith("TRUSTED"))
            things += found or _everything(b"\0")  # an empty block is a damaged one
        except _Private:
            raise
        except _Known as known:
            raise ValueError(f"{known} (line {line})") from None
        except ValueError:
            program = "req" if "REQUEST" in label else "pkey -pubin" if "KEY" in label else "x509"
            raise ValueError(
                f"has a damaged {label.lower()} in it, in line {line}; export it again and try "
                f"`openssl {program} -in {{file}} -text`"
            ) from None
    return things, others


# ---- DER -----------------------------------------------------------------------------------------


_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_PKCS7 = (
    "holds PKCS #7 that cannot be read here; `openssl pkcs7 -in {file} -print_certs -out chain.pem` "
    "makes PEM of it, with -inform DER where it is binary"
)
_PKCS12 = (
    "is PKCS #12 (.p12, .pfx), which may hold a private key; "
    "`openssl pkcs12 -in {file} -nokeys -out chain.pem` makes PEM of its certificates"
)


def _inside(der: bytes) -> list[Element]:
    """The parts of the part that is signed."""
    return parts(parts(parts(der)[0].content)[0].content)


def _everything(octets: bytes, *, also: bool = False) -> list[Brought]:
    """
    What is in DER: one thing, several one behind the other, or a container.

    `also` says that octets of another kind may follow the first. Raises
    ValueError, in the second half of a sentence, where it is something else.
    """
    if octets[:2] == b"\x30\x80":  # BER, as some programs write containers
        raise _Known(_PKCS7 if _SIGNED_DATA in octets[:24] else _PKCS12)
    try:
        several = parts(octets)
        return [thing for one in several[: 1 if also else None] for thing in _one(one)]
    except _Known:
        raise
    except (*reading.UNREADABLE, IndexError):
        raise ValueError(
            "is binary (DER), and damaged, or no certificate, request or public key; "
            "export it again and try `openssl x509 -in {file} -inform DER -text`"
        ) from None


def _one(one: Element) -> Iterator[Brought]:
    inner = parts(one.content)
    tags = bytes(each.tag for each in inner)
    within = parts(inner[0].content) if tags[:1] == b"\x30" else []
    shape = bytes(each.tag for each in within)
    if tags[:2] == b"\x06\xa0":
        if inner[0].whole != _SIGNED_DATA:
            raise _Known(_PKCS7)
        (signed,) = parts(inner[1].content)
        held = [each for each in parts(signed.content) if each.tag == 0xA0]
        for each in parts(held[0].content) if held else []:
            yield from _one(each)
        return
    if tags == b"\x30\x30\x03" and shape[:4] == b"\x02\x30\x30\xa0":
        yield Brought(Bearer.REQUEST, one.whole, within[2].whole)
    elif tags == b"\x30\x30\x03" and b"\x17" not in shape and b"\x18" not in shape:
        yield Brought(Bearer.CERTIFICATE, one.whole, fields(one.whole).spki)
    elif tags == b"\x30\x03" and shape[:1] == b"\x06":
        yield Brought(Bearer.KEY, one.whole, one.whole)
    elif tags == b"\x02\x02":  # a bare RSA key (RFC 8017 A.1.1): how it stands in a certificate is no choice
        yield Brought(Bearer.KEY, one.whole, spki(load_der_public_key(one.whole)))
    elif tags[:2] == b"\x02\x30" and inner[0].content == b"\x03":
        raise _Known(_PKCS12)
    elif tags[:2] in (b"\x02\x30", b"\x02\x04", b"\x30\x04") or tags[:6] == b"\x02" * 6:
        raise _Private
    elif tags == b"\x30\x30\x03":
        raise _Known("holds a list of revoked certificates (CRL), which has no key to pin; give the certificate")
    else:
        raise ValueError("no such thing")


# ---- what it is instead --------------------------------------------------------------------------

_KNOWN = (
    (
        rb"\xfe\xed\xfe\xed|\xce\xce\xce\xce",
        "a Java keystore",
        "`keytool -list -rfc -keystore {file} > chain.pem` makes PEM of its certificates",
    ),
    (
        rb"\x03\0\x08\0",
        "Android's compiled XML, as it lies in an APK, and no certificate",
        "apktool or `aapt2 dump xmltree` makes text of it, and certificates lie in the APK under res/raw",
    ),
    (rb"PK\x03\x04", "a ZIP archive, as an APK, an IPA and a JAR are", "take the certificate out with `unzip {file}`"),
    (rb"\x1f\x8b", "packed with gzip", "unpack it with `gunzip`"),
    (rb"bplist", "a property list in binary", "`plutil -convert xml1 {file}` makes text of it"),
    (
        rb"(ssh-(rsa|dss)|ecdsa-sha2-\S+) AAAA|---- BEGIN SSH2",
        "an OpenSSH public key",
        "`ssh-keygen -e -m PKCS8 -f {file} > public.pem` makes PEM of it",
    ),
    (rb"(sk-)?ssh-ed25519", "an OpenSSH public key of a kind that TLS servers do not have", "give the server's key"),
    (rb"PuTTY-User-Key-File", "a private key of PuTTY's", "keep it where it is, and export the public key as PEM"),
    (rb"\s*[{\[].*\"kty\"", "a JSON Web Key", "give the same key as PEM, that contains -----BEGIN PUBLIC KEY-----"),
    (rb"\s*<(!doctype|html)", "a web page", "save the certificate itself, as PEM"),
    (rb"\s*<\?xml", "XML, and no certificate", "take the certificate out, as PEM; pins go to forecast --pins"),
    (rb"\s*(sha256/|pin-sha256)", "a list of pins, and no certificate", "pins go to forecast --pins"),
)
"""How a file begins that is something else: the pattern, what it is, and what to do."""
