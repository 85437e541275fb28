"""
The verbs about certificates: pin, certs, intercept.

They print; certificates and attackers are made elsewhere.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lab.cli.verb import file, forms, option, printed, verb
from lab.naming import parse_host

if TYPE_CHECKING:
    from lab.pki.brought import Brought, Contents
    from lab.wire.http import Request


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


@verb(
    "intercept",
    "localhost:8443",
    option("target", "a loopback address; nothing else is accepted", metavar="HOST:PORT"),
    option("--host", "the name to impersonate", default="localhost", metavar="NAME"),
)
def intercept(chosen: argparse.Namespace) -> None:
    """
    Put a man in the middle in front of a TLS server of yours on this machine, and watch what it reads. Ctrl-C ends
    it.
    """
    from lab.pki.export import limited_world, pem
    from lab.wire.attacker import Attacker
    from lab.wire.listener import require_loopback

    host, port = parse_host(chosen.target)
    if port is None:
        raise ValueError(f"{chosen.target!r} names no port; try {chosen.target}:8443")
    target = require_loopback((host, port))
    world = limited_world(chosen.host)
    credential = world.rogue_root.issue(
        *dict.fromkeys((world.host, "localhost", "127.0.0.1")),
        not_after=world.rogue_root.certificate.not_valid_after_utc,
    )

    def report(request: Request) -> Request:
        print(f"read  {request.line}  ({len(request.body)} bytes of body)", flush=True)
        return request

    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        store = Path(folder) / "rogue-root.pem"
        store.write_bytes(pem([world.rogue_root.certificate]))
        with Attacker(credential, target, host=world.host, change=report) as attacker:
            print(
                f"in the middle on 127.0.0.1:{attacker.port}, in front of {chosen.target}; Ctrl-C ends it\n"
                "a victim that trusts the rogue CA:\n"
                f"  curl --noproxy '*' --cacert {store} https://localhost:{attacker.port}/",
                flush=True,
            )
            threading.Event().wait()
