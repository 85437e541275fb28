"""
wget, which pins the key of the leaf.

Each function here is one way to call it. A wget that was built with GnuTLS
builds its paths otherwise than one that was built with OpenSSL.
"""

from __future__ import annotations

from lab.built.field.program import Call, Program, Said, one_by_one, register, started, version_of
from lab.policy.pinset import Role


def _wget(call: Call, *more: str) -> Said:
    # its HSTS file would be one that calls beside each other share
    command = ["wget", "--no-config", "--no-proxy", "--no-hsts", "--no-verbose", "--tries=1", "--timeout=10"]
    request = [f"--ca-certificate={call.store}", f"--header=Authorization: Bearer {call.secret}", "--output-document=-"]
    return started([*command, *request, *more, call.url], home=call.home)


def _pinned(call: Call, *more: str) -> Said:
    return _wget(call, f"--pinnedpubkey=sha256//{call.base64(Role.LEAF)}", *more)


register(
    Program(
        "wget",
        "apt-get install wget",
        version_of(["wget", "--version"]),
        {
            "unpinned": one_by_one(_wget),
            "wget": one_by_one(_pinned),
            "wget-insecure": one_by_one(lambda call: _pinned(call, "--no-check-certificate")),
        },
    )
)
