"""
The verb `pin`: what the pins of a file's certificates, requests and keys are.

It prints; they are read elsewhere.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lab.cli.verb import file, forms, printed, verb

if TYPE_CHECKING:
    from lab.pki.brought import Brought, Contents


@verb(
    "pin",
    "certs/chains/genuine.pem",
    file("files", "what has the keys, in PEM, DER or PKCS #7; - for standard input", nargs="+"),
    forms(json="the same as JSON"),
)
def pin(chosen: argparse.Namespace) -> None:
    """Print the pins of certificates, requests (CSR) and public keys, whatever they came in."""
    from lab.pki.brought import bring

    found = [bring(one) for one in chosen.files]
    if chosen.json:
        printed(_record(found))
    for contents in () if chosen.json else found:
        if found[1:]:
            print(contents.file)
        for one in contents.things:
            _show(one)
        for other in contents.others:
            print(f"no key to pin: {other}")
    for contents in found:  # last, so that the other pins are there
        for number, one in enumerate(contents.things, 1):
            if one.broken:
                raise ValueError(
                    f"{contents.file}: programs may refuse certificate {number}, {one.name}: {one.broken}; its pin is "
                    "right, since it is the hash of octets that are there, but have the certificate issued again"
                )


def _show(one: Brought) -> None:
    there = one.certificate
    if there:
        print(f"{there.name} ({one.algorithm}{', CA' if there.is_ca else ''}), issued by {there.issuer}")
    else:
        print(f"{f'{one.name}: ' if one.name else ''}{one.kind.value} ({one.algorithm})")
    print(f"  pin          {one.pin}")
    print(f"  for curl     sha256//{one.pin.removeprefix('sha256/')}")
    if there:
        print(f"  certificate  {there.fingerprint}")
        if there.trouble:
            print(f"  note         {there.trouble}")


def _record(found: Sequence[Contents]) -> dict[str, object]:
    fields = ("name", "issuer", "pin", "fingerprint", "algorithm", "is_ca")
    every = [(contents.file, one) for contents in found for one in contents.things]
    return {
        "certificates": [
            {**{name: getattr(one.certificate, name) for name in fields}, "file": file, "trouble": trouble or None}
            for file, one in every
            if one.certificate
            for trouble in (one.certificate.trouble,)
        ],
        "keys": [
            {
                "file": file,
                "kind": one.kind.value,
                **{name: getattr(one, name) for name in ("name", "pin", "algorithm")},
            }
            for file, one in every
            if not one.certificate
        ],
        "without_a_key": [{"file": one.file, "block": other} for one in found for other in one.others],
    }
