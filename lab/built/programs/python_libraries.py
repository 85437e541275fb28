"""
Python's HTTP libraries: urllib3, requests, aiohttp, httpx.

Each function here is one way to call one of them. None reads the environment,
so no proxy and no other trust store gets in. What a pinning option of theirs
compares, and what it switches off on the way, is for the field to measure.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
import platform
import re
import socket
import ssl
import sys
from collections.abc import Callable
from typing import Any

from lab.built.programs.program import PATIENCE, Caller, CommandLine, Program, ProgramCall, Said, last_line, one_by_one
from lab.built.programs.ssl_hook import PinError, context_with, pinning, require
from lab.policy.pinset import Role


def _refused(problem: Exception, why: object = None) -> Said:
    """The library's own error, on one line; `why` where it keeps the reason elsewhere. No addresses of objects."""
    words = re.sub(r" object at 0x[0-9a-fA-F]+", "", " ".join(str(why or problem).split()))
    return Said(None, f"{type(problem).__name__}: {words}"[:200])


# ---- urllib3, and requests which is built on it ----------------------------------------------------


def _urllib3(call: ProgramCall, context: ssl.SSLContext, fingerprint: str | None = None) -> Said:
    import urllib3

    pool = urllib3.PoolManager(
        ssl_context=context, assert_fingerprint=fingerprint, retries=False, timeout=PATIENCE, headers=call.headers
    )
    with pool:
        try:
            pool.request("GET", call.url)
        except urllib3.exceptions.HTTPError as problem:
            return _refused(problem)
    return Said(0)


def _plainly(call: ProgramCall) -> list[str]:
    """requests as one uses it, in a Python of its own."""
    store = repr(str(call.store)).replace("\\\\", "/")  # Windows takes both, and a shell only this
    code = (
        "import requests; s = requests.Session(); s.trust_env = False; "
        f"print(s.get('{call.url}', verify={store}, headers={call.headers}).text)"
    )
    return [sys.executable if importlib.util.find_spec("requests") else "python3", "-c", code]


def _told(errors: bytes) -> str:
    """What the last exception gives as its cause, which stands at the end of a long line."""
    return last_line(errors.rpartition(b"(Caused by ")[2].rstrip().removesuffix(b"))"))


def _requests(call: ProgramCall, context: ssl.SSLContext, fingerprint: str | None = None) -> Said:
    import requests
    from requests.adapters import HTTPAdapter

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **named: Any) -> None:
            super().init_poolmanager(*args, ssl_context=context, assert_fingerprint=fingerprint, **named)

    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(call.store)  # otherwise it adds the anchors of certifi to the context
        session.mount("https://", Adapter())
        try:
            session.get(call.url, headers=call.headers, timeout=PATIENCE)
        except requests.RequestException as problem:
            return _refused(problem, getattr(problem.args[0], "reason", None) if problem.args else None)
    return Said(0)


# ---- aiohttp ---------------------------------------------------------------------------------------


def _aiohttp(call: ProgramCall, context: ssl.SSLContext | None = None, fingerprint: str = "") -> Said:
    import aiohttp

    how = context or aiohttp.Fingerprint(bytes.fromhex(fingerprint))
    made: list[socket.socket] = []

    def connection(address: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, *_ = address
        made.append(socket.socket(family, kind, protocol))
        made[-1].setblocking(False)
        return made[-1]

    async def ask() -> Said:
        connector = aiohttp.TCPConnector(socket_factory=connection)
        patience = aiohttp.ClientTimeout(PATIENCE)
        async with aiohttp.ClientSession(connector=connector, timeout=patience, trust_env=False) as session:
            try:
                async with session.get(call.url, headers=call.headers, ssl=how) as answer:
                    await answer.read()
            except (aiohttp.ClientError, TimeoutError) as problem:
                return _refused(problem)
        return Said(0)

    async def ask_and_close() -> Said:
        said = await ask()
        # a TLS connection that aiohttp refused is closed by the loop in its own time, if it is given any
        async with asyncio.timeout(PATIENCE):
            while any(one.fileno() != -1 for one in made):
                await asyncio.sleep(0.001)
        return said

    return asyncio.run(ask_and_close())


# ---- httpx -----------------------------------------------------------------------------------------


def _httpx(call: ProgramCall, context: ssl.SSLContext, late: bool = False) -> Said:
    import httpx

    with httpx.Client(verify=context, trust_env=False, timeout=PATIENCE) as client:
        try:
            with client.stream("GET", call.url, headers=call.headers) as answer:
                if late:
                    # the answer's headers are here, so the request has long gone
                    require(answer.extensions["network_stream"].get_extra_info("socket"), call.site[Role.LEAF])
                answer.read()
        except (httpx.HTTPError, PinError) as problem:
            return _refused(problem)
    return Said(0)


# ---- the programs ----------------------------------------------------------------------------------


def version_of_library(name: str) -> Callable[[], str | None]:
    """What gives a library's version, with that of the Python and the OpenSSL below it; None where it is not there."""

    def version() -> str | None:
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return None
        below = "/".join(ssl.OPENSSL_VERSION.split()[:2])
        return f"{found} Python/{platform.python_version()} {below}"

    return version


def _library(name: str, how: Callable[..., Said], **more: Caller) -> Program:
    """A library that `how` calls with an SSL context, which may have a pin in it; and `more` ways, by profile."""
    ways = {
        "unpinned": one_by_one(lambda call: how(call, context_with(call.store))),
        **more,
        "ssl-hook": one_by_one(lambda call: how(call, pinning(context_with(call.store), call.site[Role.LEAF]))),
    }
    return Program(name, f"pip install {name}", version_of_library(name), ways)


def _fingerprint(how: Callable[..., Said]) -> Caller:
    return one_by_one(lambda call: how(call, context_with(call.store), call.hex(Role.CERTIFICATE)))


LIBRARIES = (
    _library("urllib3", _urllib3, urllib3=_fingerprint(_urllib3)),
    _library("requests", _requests, unpinned=CommandLine(_plainly, told=_told), urllib3=_fingerprint(_requests)),
    _library("aiohttp", _aiohttp, aiohttp=one_by_one(lambda call: _aiohttp(call, None, call.hex(Role.CERTIFICATE)))),
    _library(
        "httpx",
        _httpx,
        **{"httpx-response": one_by_one(lambda call: _httpx(call, context_with(call.store), late=True))},
    ),
)
