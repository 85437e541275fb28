"""
gnutls-cli, with a trust store, and with trust on first use.

Each function here is one way to call it. It speaks TLS and no HTTP: the request
goes to its standard input. It keeps the keys that it met in its home, under
host and port.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
from typing import IO

from lab.built.field.program import (
    PATIENCE,
    Call,
    Program,
    Said,
    environment,
    last_line,
    one_by_one,
    register,
    started,
    version_of,
)

ASKS = b"(y/N)"
READY = b"- Simple Client Mode:"


def _command(call: Call, *more: str) -> list[str]:
    return ["gnutls-cli", f"--port={call.port}", f"--x509cafile={call.store}", *more, "localhost"]


def _plain(call: Call) -> Said:
    return started(_command(call), put=call.request, home=call.home)


def _first_use(call: Call) -> Said:
    return enrolled(call) if call.first else started(_command(call, "--strict-tofu"), put=call.request, home=call.home)


def enrolled(call: Call) -> Said:
    """
    Meet the server for the first time, say yes to its key, and then send the request.

    What comes in one piece with the answer is lost: gnutls-cli reads the answer
    through a buffer, and the request past it (seen with 3.7.9). So each is sent
    when it is asked for.
    """
    with subprocess.Popen(
        _command(call, "--tofu"),
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(call.home),
        cwd=call.home,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        limit = threading.Timer(PATIENCE, running.kill)
        limit.start()
        seen = b""
        with contextlib.suppress(BrokenPipeError):  # it has ended, and said why
            for wanted, answer in ((ASKS, b"y\n"), (READY, call.request)):
                seen += _until(wanted, running.stdout)
                if not seen.endswith(wanted):
                    break
                running.stdin.write(answer)
        running.stdin.close()
        seen += running.stdout.read()
        code = running.wait()
        late = not limit.is_alive()
        limit.cancel()
    if late:
        return Said(None, f"did not end within {PATIENCE:.0f} seconds")
    return Said(code, last_line(seen) if code else "")


def _until(wanted: bytes, stream: IO[bytes]) -> bytes:
    """What comes from the stream up to and with `wanted`, or up to its end."""
    seen = b""
    while not seen.endswith(wanted) and (one := stream.read(1)):
        seen += one
    return seen


register(
    Program(
        "gnutls-cli",
        "apt-get install gnutls-bin",
        version_of(["gnutls-cli", "--version"]),
        {"unpinned": one_by_one(_plain), "gnutls-tofu": one_by_one(_first_use)},
    )
)
