"""
The verb `intercept`: a man in the middle in front of a server of one's own, on loopback.

It reads arguments and prints; the attacker is made elsewhere, and what happens
is told as `serve` tells it.
"""

from __future__ import annotations

import argparse
import queue
import tempfile
import textwrap
from pathlib import Path
from typing import Any

from lab.built.serve.command import LASTING, during, lasting, say
from lab.cli.verb import FORMAT, forms, option, verb
from lab.naming import parse_port


@verb(
    "intercept",
    "localhost:8443",
    option("target", "a loopback address; nothing else is accepted", metavar="HOST:PORT"),
    option("--host", "the name to impersonate", default="localhost", metavar="NAME"),
    forms(json="one JSON object a line: first where it stands, then each event"),
    LASTING,
)
def intercept(chosen: argparse.Namespace) -> None:
    """
    Put a man in the middle in front of a TLS server of yours on this machine, and watch what it reads and who
    refuses it. Ctrl-C ends it.
    """
    from lab.built.serve.live import watch
    from lab.pki.export import limited_world, pem
    from lab.wire.attacker import Attacker
    from lab.wire.knock import knock
    from lab.wire.listener import require_loopback

    target, seconds = require_loopback(parse_port(chosen.target)), lasting(chosen.seconds)
    world = limited_world(chosen.host)
    credential = world.rogue_root.issue(
        *dict.fromkeys((world.host, "localhost", "127.0.0.1")),
        not_after=world.rogue_root.certificate.not_valid_after_utc,
    )
    happening: queue.SimpleQueue[Any] = queue.SimpleQueue()
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        store = Path(folder) / "rogue-root.pem"
        store.write_bytes(pem([world.rogue_root.certificate]))
        with Attacker(credential, target, host=world.host) as attacker:
            watch(attacker, "attacker", happening.put, every=True)
            command = f"curl --noproxy '*' --cacert {store} https://localhost:{attacker.port}/"
            lines = [
                f"in the middle on 127.0.0.1:{attacker.port}, in front of {chosen.target}; Ctrl-C ends it",
                f"a victim that trusts the rogue CA:\n  {command}",
            ]
            why = knock(target, world.host)
            if why:
                lines.append(textwrap.fill(f"{chosen.target} {why}; until it is otherwise, victims are told so", 80))
            stands = {"port": attacker.port, "target": chosen.target, "host": world.host}
            record = {"event": "interception", "format": FORMAT, **stands, "store": str(store), "command": command}
            say(chosen.json, lambda: record | {"target_trouble": why or None}, lambda: "\n".join(lines))
            for happened in during(seconds, happening):
                if happened is not None:
                    say(chosen.json, happened.record, happened.__str__)
