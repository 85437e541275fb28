"""
The verb `certs`: a throwaway world on disk.

It prints; what is written is made elsewhere.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from lab.cli.verb import file, flag, option, verb


@verb(
    "certs",
    "--out certs --host shop.example",
    file("--out", "where (default: certs)", "DIR", default=Path("certs")),
    option("--host", "for which reserved host name", default="bank.example", metavar="NAME"),
    flag("--with-attackers-ca", "also two attackers' intermediates with their keys, for an intercepting program"),
    flag("--neutral", "number the chains in no order, for a hand-out; which is whose is printed, and nowhere else"),
)
def certs(chosen: argparse.Namespace) -> None:
    """
    Write a throwaway world to disk: chains, trust stores, pins, the servers' keys, and commands to look at it. An
    earlier one is replaced as a whole; any other folder with something in it is refused.
    """
    from lab.pki.export import LIFE, export

    written, names = export(chosen.out, chosen.host, with_attackers_ca=chosen.with_attackers_ca, neutral=chosen.neutral)
    for path in written:
        print(f"  {chosen.out / path}")
    for name, called in sorted(names.items(), key=lambda one: one[1]) if chosen.neutral else ():
        print(f"{called} is {name}")
    held = "Two attackers' CAs come with their keys" if chosen.with_attackers_ca else "No CA's key is among them"
    print(
        f"{len(written)} files. {held}; every authority\n"
        f"is for servers called {chosen.host.lower()} and for loopback only, for {LIFE.days} days.\n"
        f"Next: open {chosen.out / 'LOOK.md'} and look at them with openssl."
    )
