"""
curl, on the command line and as libcurl under pycurl.

Both pin the key of the leaf, whatever else they check. Each function here is
one way to call it.
"""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path

from lab.built.field.program import PATIENCE, Call, Program, Said, one_by_one, register, started, version_of
from lab.policy.pinset import Role


def command(call: Call, pins: str | None = None, *more: str) -> Said:
    """The command line's curl, with ``--pinnedpubkey`` where `pins` are given."""
    told: list[str | Path] = [
        "curl",
        "--disable",
        "--silent",
        "--show-error",
        "--noproxy",
        "*",
        "--cacert",
        call.store,
        *more,
    ]
    told += ["--pinnedpubkey", pins] if pins is not None else []
    told += ["--header", f"Authorization: Bearer {call.secret}", "--output", "answer", call.url]
    return started(told, home=call.home)


def libcurl(call: Call, pins: str | None = None, *, insecure: bool = False) -> Said:
    """The same by pycurl, which brings its own libcurl."""
    import pycurl

    one = pycurl.Curl()
    try:
        one.setopt(pycurl.URL, call.url)
        one.setopt(pycurl.NOPROXY, "*")
        one.setopt(pycurl.NOSIGNAL, 1)
        one.setopt(pycurl.TIMEOUT, int(PATIENCE))
        one.setopt(pycurl.CAINFO, str(call.store))
        one.setopt(pycurl.HTTPHEADER, [f"Authorization: Bearer {call.secret}"])
        one.setopt(pycurl.WRITEDATA, io.BytesIO())
        if pins is not None:
            one.setopt(pycurl.PINNEDPUBLICKEY, pins)
        if insecure:
            one.setopt(pycurl.SSL_VERIFYPEER, 0)
            one.setopt(pycurl.SSL_VERIFYHOST, 0)
        one.perform()
    except pycurl.error as problem:
        code, words = problem.args
        return Said(int(code), str(words)[:200])
    finally:
        one.close()
    return Said(0)


def _key(call: Call, role: Role) -> str:
    return f"sha256//{call.base64(role)}"


register(
    Program(
        "curl",
        "apt-get install curl",
        version_of(["curl", "--version"]),
        {
            "unpinned": one_by_one(command),
            "curl": one_by_one(lambda call: command(call, _key(call, Role.LEAF))),
            "curl-insecure": one_by_one(lambda call: command(call, _key(call, Role.LEAF), "--insecure")),
            "curl-ca-pin": one_by_one(lambda call: command(call, _key(call, Role.INTERMEDIATE))),
        },
    )
)


def _pycurl_version() -> str | None:
    if importlib.util.find_spec("pycurl") is None:
        return None
    import pycurl

    found = str(pycurl.version)  # as in "PycURL/7.49.0 libcurl/8.23.0 OpenSSL/3.6.5 ..."
    return " ".join(found.split()[:3]).replace("PycURL/", "")


register(
    Program(
        "pycurl",
        "pip install pycurl",
        _pycurl_version,
        {
            "unpinned": one_by_one(libcurl),
            "curl": one_by_one(lambda call: libcurl(call, _key(call, Role.LEAF))),
            "curl-insecure": one_by_one(lambda call: libcurl(call, _key(call, Role.LEAF), insecure=True)),
            "curl-ca-pin": one_by_one(lambda call: libcurl(call, _key(call, Role.INTERMEDIATE))),
        },
    )
)
