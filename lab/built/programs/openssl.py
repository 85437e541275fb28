"""
OpenSSL's s_client, with TLSA records given on the command line (DANE without DNS), with staples and revocation lists.

It speaks TLS and no HTTP: the request is on its standard input, and it reads
that once the handshake is done.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lab.built.programs.program import Caller, CommandLine, Program, ProgramCall, last_line, version_of
from lab.policy.pinset import Role


def _s_client(call: ProgramCall, *more: str) -> list[str]:
    command = ["openssl", "s_client", "-connect", f"localhost:{call.port}", "-servername", "localhost"]
    # -quiet: no command is taken from the input, and its end is not the end of the call: the server's close is
    strict = ["-CAfile", str(call.store), "-no-CApath", "-no-CAstore", "-verify_return_error", "-quiet"]
    return [*command, *strict, *more]


def _told(errors: bytes) -> str:
    """The verification error, where there is one; otherwise the last line, without the thread's number."""
    found = re.findall(rb"^(?:verify error|Verification error):.*", errors, re.MULTILINE)
    return last_line(re.sub(rb"^[0-9A-F]{8,}:", b"", found[-1] if found else errors, flags=re.MULTILINE))


def _tlsa(usage: int, role: Role, *more: str) -> Caller:
    """One TLSA record: this usage, selector 1 (the key), matching type 1 (SHA-256)."""

    def words(call: ProgramCall) -> list[str]:
        record = f"{usage} 1 1 {call.hex(role)}"
        return _s_client(call, "-dane_tlsa_domain", "localhost", "-dane_tlsa_rrdata", record, *more)

    return CommandLine(words, asks=True, told=_told)


def _named(*more: str, lists: bool = False) -> Caller:
    """Validation and the host's name, and what `more` asks for; with `lists` they are read with the anchors."""

    def words(call: ProgramCall) -> list[str]:
        behind = replace(call, store=call.lists or call.store) if lists else call
        return _s_client(behind, "-verify_hostname", "localhost", *more)

    return CommandLine(words, asks=True, told=_told)


def _ct(call: ProgramCall) -> list[str]:
    known = ["-ctlogfile", str(call.logs)] if call.logs else []
    return _s_client(call, "-verify_hostname", "localhost", "-ct", *known)


OPENSSL = Program(
    "openssl",
    "apt-get install openssl",
    version_of(["openssl", "version"], r"(?<=OpenSSL )(?:[3-9]|\d\d)(?:\.\d+)+"),  # LibreSSL has no -dane options
    {
        "unpinned": _named(),
        "openssl-status": _named("-status"),
        "openssl-ct": CommandLine(_ct, asks=True, told=_told),
        "openssl-crl": _named("-crl_check", lists=True),
        "openssl-crl-all": _named("-crl_check_all", lists=True),
        "dane-0": _tlsa(0, Role.ROOT),
        "dane-1": _tlsa(1, Role.LEAF),
        "dane-2": _tlsa(2, Role.INTERMEDIATE),
        "dane-2-root": _tlsa(2, Role.ROOT),
        "dane-3": _tlsa(3, Role.LEAF),
        "dane-3-no-name": _tlsa(3, Role.LEAF, "-dane_ee_no_namechecks"),
    },
)
