"""
The fields of a certificate as octets: tags and lengths (X.690), in the order of RFC 5280 section 4.1.

A parser of certificates takes one whole or not at all. What a server presented
has to be shown all the same, and a pin is the hash of octets as they stand,
whatever they mean. Nothing is judged here, and no extension is looked into:
one can be left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

VERSION, EXTENSIONS, SEQUENCE, UTC_TIME, INDEFINITE = 0xA0, 0xA3, 0x30, 0x17, 0x80
MOST = 100_000
"""Values that stand one behind the other, at most: somebody handed the octets in."""
NAMED = (b"\x55\x04\x03", b"\x55\x04\x0a")
"""The common name and the organisation (X.520), as object identifiers."""


@dataclass(frozen=True, slots=True)
class Element:
    """One value: its tag, its content, and the octets of both with the length."""

    tag: int
    content: bytes
    whole: bytes


def parts(octets: bytes) -> list[Element]:
    """The values that stand in `octets`, one behind the other. Raises ValueError where they are no DER."""
    found, at = [], 0
    while at < len(octets):
        length, start = int.from_bytes(octets[at + 1 : at + 2], "big"), at + 2
        if length == INDEFINITE:
            raise ValueError("DER has no indefinite length")
        if length > INDEFINITE:  # then it is how long the length itself is
            start += length - INDEFINITE
            length = int.from_bytes(octets[at + 2 : start], "big")
        if len(octets) < start + length:
            raise ValueError("a value is shorter than it says")
        found.append(Element(octets[at], octets[start : start + length], octets[at : start + length]))
        at = start + length
        if len(found) > MOST:
            raise ValueError("there are more values than a certificate, or a file of them, has")
    return found


@dataclass(frozen=True, slots=True)
class Fields:
    """What stands in every certificate; `spki` is the SubjectPublicKeyInfo with its tag and length."""

    issuer: bytes
    validity: bytes
    subject: bytes
    spki: bytes


def fields(der: bytes) -> Fields:
    """The fields of a certificate. Raises ValueError where the octets are none."""
    (certificate,) = parts(der)
    if certificate.tag != SEQUENCE:
        raise ValueError("a certificate is a sequence")
    tbs, *_ = parts(certificate.content)
    inner = parts(tbs.content)
    _, _, issuer, validity, subject, spki, *_ = inner[1:] if inner and inner[0].tag == VERSION else inner
    return Fields(issuer.content, validity.content, subject.content, spki.whole)


def wrapped(tag: int, content: bytes) -> bytes:
    """One value: the content behind its tag and length."""
    length = len(content)
    if length < INDEFINITE:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, INDEFINITE + size)) + length.to_bytes(size, "big") + content


def extension(tbs: bytes, name: bytes) -> bytes | None:
    """
    The octets in the extension of this object identifier, in what is signed in a certificate; None where it has none.

    Raises ValueError where the octets are no TBSCertificate, or have it twice.
    """
    found = [values[-1].content for values, _ in _extensions(tbs)[1] if values[0].content == name]
    if len(found) > 1:
        raise ValueError("an extension stands in the certificate twice")
    return found[0] if found else None


def without(tbs: bytes, name: bytes) -> bytes:
    """
    What is signed in a certificate (a TBSCertificate), without the extension of this object identifier.

    All else stays octet by octet; where it has none such, so does all. Raises ValueError where the octets are none.
    """
    before, every = _extensions(tbs)
    kept = [whole for values, whole in every if values[0].content != name]
    if len(kept) == len(every):
        return tbs
    left = wrapped(EXTENSIONS, wrapped(SEQUENCE, b"".join(kept))) if kept else b""  # RFC 5280: none is no empty list
    return wrapped(SEQUENCE, before + left)  # so lengths are made anew, which DER allows in one way only


def _extensions(tbs: bytes) -> tuple[bytes, list[tuple[list[Element], bytes]]]:
    """What stands before them, and each extension: the values in it, and its octets."""
    (whole,) = parts(tbs)
    *before, last = parts(whole.content)
    if last.tag != EXTENSIONS:
        return whole.content, []
    (listed,) = parts(last.content)
    if {whole.tag, listed.tag} != {SEQUENCE}:
        raise ValueError("what is signed in a certificate is a sequence, and so are its extensions")
    every = [(parts(one.content), one.whole) for one in parts(listed.content)]
    if not all(values for values, _ in every):
        raise ValueError("an extension has no name")
    return b"".join(one.whole for one in before), every


def said(name: bytes) -> str:
    """A name's common name, else its organisation, else nothing; octets that are no UTF-8 are escaped."""
    try:
        pairs = [parts(one.content) for several in parts(name) for one in parts(several.content)]
        held = {kind.content: value.content for kind, value in reversed(pairs)}
    except ValueError:
        return ""
    return next((held[kind].decode("utf-8", "backslashreplace") for kind in NAMED if kind in held), "")


def dates(validity: bytes) -> tuple[datetime, datetime]:
    """The first and the last moment (RFC 5280 section 4.1.2.5). Raises ValueError where they cannot be read."""
    first, last = (_moment(one) for one in parts(validity))
    return first, last


def _moment(one: Element) -> datetime:
    text = one.content.decode("ascii")
    if one.tag == UTC_TIME:  # two digits of the year, from 1950 to 2049
        text = ("20" if text < "50" else "19") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
