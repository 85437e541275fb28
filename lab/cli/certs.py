"""
The verb `certs`: a throwaway world on disk.

It prints; what is written is made elsewhere.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from lab.cli.verb import file, option, verb


@verb(
    "certs",
    "--out certs --host shop.example",
    file("--out", "where (default: certs)", "DIR", default=Path("certs")),
    option("--host", "for which reserved host name", default="bank.example", metavar="NAME"),
)
def certs(chosen: argparse.Namespace) -> None:
    """Write a throwaway world to disk: chains, trust stores, keys, pins, and commands to look at it."""
    from lab.pki.export import LIFE, export

    written = export(chosen.out, chosen.host)
    for path in written:
        print(f"  {chosen.out / path}")
    print(
        f"{len(written)} files. Every authority may vouch for {chosen.host.lower()}\n"
        f"and loopback only, for {LIFE.days} days.\n"
        f"Next: open {chosen.out / 'LOOK.md'} and look at them with openssl."
    )
