"""
The verb `intercept`: a man in the middle in front of a server of one's own, on loopback.

It prints; the attacker is made elsewhere.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from lab.cli.verb import option, verb
from lab.naming import parse_host

if TYPE_CHECKING:
    from lab.wire.http import Request


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
