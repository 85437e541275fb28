"""
gnutls-cli, with a trust store, and with trust on first use.

It speaks TLS and no HTTP: the request goes to its standard input. It keeps the
keys that it met in its home, under host and port.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
from typing import IO

from lab.built.programs.program import (
    PATIENCE,
    CommandLine,
    Program,
    ProgramCall,
    Said,
    environment,
    last_line,
    late,
    version_of,
)

ASKS = b"(y/N)"
READY = b"- Simple Client Mode:"


def _command(call: ProgramCall, *more: str) -> list[str]:
    return ["gnutls-cli", f"--port={call.port}", f"--x509cafile={call.store}", *more, "localhost"]


def _tofu(call: ProgramCall) -> list[str]:
    return _command(call, "--tofu" if call.first else "--strict-tofu")


class _FirstUse(CommandLine):
    """
    The first call says yes to the key that it meets, and then sends its request.

    What comes in one piece with the answer is lost: gnutls-cli reads the answer
    through a buffer, and the request past it (seen with 3.7.9). So each is sent
    when it is asked for.
    """

    def once(self, call: ProgramCall) -> Said:
        """Make one call; the first with somebody there to answer."""
        if not call.first:
            return super().once(call)
        with subprocess.Popen(
            self.words(call),
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
            too_late = not limit.is_alive()
            limit.cancel()
        if too_late:
            return Said(None, late())
        return Said(code, last_line(seen) if code else "")


def _until(wanted: bytes, stream: IO[bytes]) -> bytes:
    """What comes from the stream up to and with `wanted`, or up to its end."""
    seen = b""
    while not seen.endswith(wanted) and (one := stream.read(1)):
        seen += one
    return seen


GNUTLS = Program(
    "gnutls-cli",
    "apt-get install gnutls-bin",
    version_of(["gnutls-cli", "--version"]),
    {"unpinned": CommandLine(_command, asks=True), "gnutls-tofu": _FirstUse(_tofu, asks=True)},
)
