"""Certificates that break rules: octets of a good one changed, and signed again by the same authority."""

from __future__ import annotations

import re
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from lab.pki.authority import Authority
from lab.pki.der import parts

Change = Callable[[bytes], bytes]
"""What becomes of the octets of the part that is signed."""


def der(tag: int, content: bytes) -> bytes:
    """The tag, the length and the content."""
    size = len(content)
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([size]) if size < 0x80 else bytes([0x80 + len(octets)]) + octets) + content


def patched(of: x509.Certificate, signer: Authority, change: Change) -> bytes:
    """The certificate, changed and signed by `signer`'s key, which is ECDSA; the octets may be no certificate."""
    (whole,) = parts(of.public_bytes(Encoding.DER))
    inner, algorithm, _ = parts(whole.content)
    changed = change(inner.content)
    assert changed != inner.content
    assert isinstance(signer.key, ec.EllipticCurvePrivateKey)
    body = der(inner.tag, changed)
    signature = signer.key.sign(body, ec.ECDSA(hashes.SHA256()))
    return der(whole.tag, body + algorithm.whole + der(0x03, b"\0" + signature))


def swap(old: bytes, new: bytes) -> Change:
    """The same octets with some of them exchanged."""
    return lambda octets: octets.replace(old, new)


def _field(number: int, new: bytes) -> Change:
    def change(octets: bytes) -> bytes:
        held = [one.whole for one in parts(octets)]
        held[number] = new
        return b"".join(held)

    return change


def _twice(octets: bytes) -> bytes:
    """The last extension once more."""
    *before, last = parts(octets)
    (extensions,) = parts(last.content)
    more = der(0x30, extensions.content + parts(extensions.content)[-1].whole)
    return b"".join(one.whole for one in before) + der(last.tag, more)


def _more(extension: bytes) -> Change:
    """One extension more, the DER of which is this."""

    def change(octets: bytes) -> bytes:
        *before, last = parts(octets)
        (extensions,) = parts(last.content)
        return b"".join(one.whole for one in before) + der(last.tag, der(0x30, extensions.content + extension))

    return change


NEGATIVE_SERIAL = _field(1, b"\x02\x01\xff")
ODD_COUNTRY = swap(b"\x06\x03\x55\x04\x0b\x0c", b"\x06\x03\x55\x04\x06\x0c")
"""The organisational unit becomes the country, which has two letters (X.520)."""

UNREADABLE: dict[str, tuple[Change, str]] = {
    "a version that does not exist": (_field(0, b"\xa0\x03\x02\x01\x05"), "its fields break the grammar"),
    "a date with a letter in it": (
        lambda octets: re.sub(rb"(\d{12})Z", rb"\1X", octets),
        "its fields break the grammar",
    ),
    "a broken extension": (swap(b"\x82\x0cbank.example", b"\x82\x0bbank.exampl\x82"), "an extension in it"),
    "a DNS name in Latin-1": (swap(b"\x82\x0cbank.example", b"\x82\x0cb\xe4nk.example"), "an extension in it"),
    "an extension that stands there twice": (_twice, "an extension in it"),
}
"""A certificate for bank.example that `cryptography` cannot read and OpenSSL can, and how the lab words it."""

_NO_LIST = der(0x04, b"\x05\x00")  # an extension's value: NULL, where a list is wanted
IGNORED: dict[str, Change] = {
    "a list of SCTs that is none": _more(der(0x30, b"\x06\x0a\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02" + _NO_LIST)),
    "policies that are none": _more(der(0x30, b"\x06\x03\x55\x1d\x20" + _NO_LIST)),
    "an x400Address among the names": swap(b"\x82\x0cshop.example", b"\xa3\x0c" + der(0x30, der(0x04, bytes(8)))),
}
"""What neither OpenSSL nor the second validator looks at: a certificate for bank.example and shop.example."""
