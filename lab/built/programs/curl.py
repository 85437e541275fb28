"""
curl, on the command line and as libcurl under pycurl.

Both pin the key of the leaf, whatever else they check. Both are called in the
same ways.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lab.built.programs.program import PATIENCE, CommandLine, Program, ProgramCall, Said, one_by_one, version_of
from lab.policy.pinset import Role
from lab.policy.profiles import ANY

_Made = TypeVar("_Made")


def command(
    call: ProgramCall, pins: str | None = None, insecure: bool = False, status: bool = False
) -> list[str | Path]:
    """The command line's curl, with ``--pinnedpubkey`` where `pins` are given; `status` requires a staple."""
    said: list[str | Path] = ["curl", "--disable", "--silent", "--show-error", "--noproxy", "*", "--cacert", call.store]
    said += ["--insecure"] if insecure else []
    said += ["--cert-status"] if status else []
    said += ["--pinnedpubkey", pins] if pins is not None else []
    return [*said, "--header", call.header, call.url]


def libcurl(call: ProgramCall, pins: str | None = None, insecure: bool = False, status: bool = False) -> Said:
    """The same by pycurl, which brings its own libcurl."""
    import pycurl

    one = pycurl.Curl()
    try:
        one.setopt(pycurl.URL, call.url)
        one.setopt(pycurl.NOPROXY, "*")
        one.setopt(pycurl.NOSIGNAL, 1)
        one.setopt(pycurl.TIMEOUT, int(PATIENCE))
        one.setopt(pycurl.CAINFO, str(call.store))
        one.setopt(pycurl.HTTPHEADER, [call.header])
        one.setopt(pycurl.WRITEDATA, io.BytesIO())
        if pins is not None:
            one.setopt(pycurl.PINNEDPUBLICKEY, pins)
        one.setopt(pycurl.SSL_VERIFYSTATUS, int(status))
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


def _ways(how: Callable[..., _Made]) -> dict[str, Callable[[ProgramCall], _Made]]:
    """By profile: which key is pinned, and whether the rest is checked."""

    def pinned(role: Role, insecure: bool = False) -> Callable[[ProgramCall], _Made]:
        return lambda call: how(call, f"sha256//{call.base64(role)}", insecure)

    return {
        "unpinned": how,
        "curl-status": lambda call: how(call, status=True),
        "curl": pinned(Role.LEAF),
        "curl-insecure": pinned(Role.LEAF, insecure=True),
        "curl-ca-pin": pinned(Role.INTERMEDIATE),
    }


def _pycurl_version() -> str | None:
    if importlib.util.find_spec("pycurl") is None:
        return None
    import pycurl

    found = str(pycurl.version)  # as in "PycURL/7.49.0 libcurl/8.23.0 OpenSSL/3.6.5 ..."
    return " ".join(found.split()[:3]).replace("PycURL/", "")


CURL = Program(
    "curl",
    "apt-get install curl",
    version_of(["curl", "--version"]),
    {profile: CommandLine(words) for profile, words in _ways(command).items()},
    ANY,
)
PYCURL = Program(
    "pycurl",
    "pip install pycurl",
    _pycurl_version,
    {profile: one_by_one(run) for profile, run in _ways(libcurl).items()},
    ANY,
)
