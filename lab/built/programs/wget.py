"""
wget, which pins the key of the leaf.

A wget that was built with GnuTLS builds its paths otherwise than one that was
built with OpenSSL.
"""

from __future__ import annotations

from lab.built.programs.program import CommandLine, Program, ProgramCall, version_of
from lab.policy.pinset import Role
from lab.policy.profiles import ANY


def _wget(call: ProgramCall, *more: str) -> list[str]:
    # its HSTS file would be one that calls beside each other share
    command = ["wget", "--no-config", "--no-proxy", "--no-hsts", "--no-verbose", "--tries=1", "--timeout=10"]
    request = [f"--ca-certificate={call.store}", f"--header={call.header}", "--output-document=-"]
    return [*command, *request, *more, call.url]


def _pinned(call: ProgramCall, *more: str) -> list[str]:
    return _wget(call, f"--pinnedpubkey=sha256//{call.base64(Role.LEAF)}", *more)


WGET = Program(
    "wget",
    "apt-get install wget",
    version_of(["wget", "--version"]),
    {
        "unpinned": CommandLine(_wget),
        "wget": CommandLine(_pinned),
        "wget-insecure": CommandLine(lambda call: _pinned(call, "--no-check-certificate")),
    },
    ANY,
    "gnutls",
)
