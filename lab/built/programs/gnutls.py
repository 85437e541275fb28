"""
gnutls-cli, with a trust store, and with trust on first use.

It speaks TLS and no HTTP: the request goes to its standard input. It keeps the
keys that it met in its home, under host and port.
"""

from __future__ import annotations

from dataclasses import replace

from lab.built.programs.program import CommandLine, Program, ProgramCall, Said, started, version_of
from lab.policy.profiles import ANY


def _command(call: ProgramCall, *more: str) -> list[str]:
    return ["gnutls-cli", f"--port={call.port}", f"--x509cafile={call.store}", *more, "localhost"]


def _tofu(call: ProgramCall) -> list[str]:
    return _command(call, "--tofu" if call.first else "--strict-tofu")


class _FirstUse(CommandLine):
    """
    Before the first call somebody says yes to the key that is met, in a connection of its own.

    What comes in one piece with the answer is lost: gnutls-cli reads the answer
    through a buffer, and the request past it (seen with 3.7.9).
    """

    def once(self, call: ProgramCall) -> Said:
        """Make one call; where it is the first, to a server whose key has just been remembered."""
        if call.first:
            started(self.words(call), put=b"y\n", home=call.home)
        return super().once(replace(call, first=False))


GNUTLS = Program(
    "gnutls-cli",
    "apt-get install gnutls-bin",
    version_of(["gnutls-cli", "--version"]),
    {
        "unpinned": CommandLine(_command, asks=True),
        "gnutls": CommandLine(_command, asks=True),
        "gnutls-tofu": _FirstUse(_tofu, asks=True),
    },
    ANY,
    "gnutls",
)
