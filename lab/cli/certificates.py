"""
The verb `pin`: what the pins of a file's certificates are.

It prints; certificates are read elsewhere.
"""

from __future__ import annotations

import argparse

from lab.cli.verb import file, forms, printed, verb


@verb("pin", "certs/chains/genuine.pem", file("file", metavar="FILE.pem"), forms(json="the same as JSON"))
def pin(chosen: argparse.Namespace) -> None:
    """Print the pins of the certificates in a PEM file."""
    from lab.pki.pins import load_pem, seen

    found = [seen(one) for one in load_pem(chosen.file)]
    if chosen.json:
        fields = ("name", "issuer", "pin", "fingerprint", "algorithm", "is_ca")
        printed({"certificates": [{name: getattr(one, name) for name in fields} for one in found]})
        return
    for one in found:
        print(f"{one.name} ({one.algorithm}{', CA' if one.is_ca else ''}), issued by {one.issuer}")
        print(f"  pin          {one.pin}")
        print(f"  for curl     sha256//{one.pin.removeprefix('sha256/')}")
        print(f"  certificate  {one.fingerprint}")
