"""
OpenSSL's s_client, with TLSA records given on the command line (DANE without DNS).

Each function here is one way to call it. It speaks TLS and no HTTP: the request
is on its standard input, and it reads that once the handshake is done.
"""

from __future__ import annotations

import re

from lab.built.field.program import Call, Program, Said, last_line, one_by_one, register, started, version_of
from lab.policy.pinset import Role


def _s_client(call: Call, *more: str) -> Said:
    command = ["openssl", "s_client", "-connect", f"localhost:{call.port}", "-servername", "localhost"]
    # -quiet: no command is taken from the input, and its end is not the end of the call: the server's close is
    strict = ["-CAfile", str(call.store), "-no-CApath", "-no-CAstore", "-verify_return_error", "-quiet"]
    return started([*command, *strict, *more], put=call.request, home=call.home, words=_words)


def _words(errors: bytes) -> str:
    """The verification error, where there is one; otherwise the last line, without the thread's number."""
    found = re.findall(rb"^(?:verify error|Verification error):.*", errors, re.MULTILINE)
    return last_line(re.sub(rb"^[0-9A-F]{8,}:", b"", found[-1] if found else errors, flags=re.MULTILINE))


def _plain(call: Call) -> Said:
    return _s_client(call, "-verify_hostname", "localhost")


def _tlsa(call: Call, usage: int, role: Role, *more: str) -> Said:
    """One TLSA record: this usage, selector 1 (the key), matching type 1 (SHA-256)."""
    record = f"{usage} 1 1 {call.hex(role)}"
    return _s_client(call, "-dane_tlsa_domain", "localhost", "-dane_tlsa_rrdata", record, *more)


register(
    Program(
        "openssl",
        "apt-get install openssl",
        version_of(["openssl", "version"], r"(?<=OpenSSL )(?:[3-9]|\d\d)(?:\.\d+)+"),  # LibreSSL has no -dane options
        {
            "unpinned": one_by_one(_plain),
            "dane-0": one_by_one(lambda call: _tlsa(call, 0, Role.ROOT)),
            "dane-1": one_by_one(lambda call: _tlsa(call, 1, Role.LEAF)),
            "dane-2": one_by_one(lambda call: _tlsa(call, 2, Role.INTERMEDIATE)),
            "dane-2-root": one_by_one(lambda call: _tlsa(call, 2, Role.ROOT)),
            "dane-3": one_by_one(lambda call: _tlsa(call, 3, Role.LEAF)),
            "dane-3-no-name": one_by_one(lambda call: _tlsa(call, 3, Role.LEAF, "-dane_ee_no_namechecks")),
        },
    )
)
