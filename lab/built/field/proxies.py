"""
Interception proxies that other people wrote: how they are found, started, read and stopped.

Each gets a CA's key and stands in front of a service on loopback; what it has
read is looked up in its own log. Nothing is known here of victims, scenes or
pins.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from cryptography import x509

import lab
from lab.built.programs.child import LAST, OUTPUT, Child, words_of
from lab.wire import tls
from lab.wire.client import account_request, connect
from lab.wire.listener import HOME, Address, require_loopback

START = 30.0  # seconds that a proxy may take until it intercepts
TRIES = 3  # somebody else may take a port between our looking and the proxy's listening
CONTENT = "content.log"


@dataclass(frozen=True)
class Post:
    """
    Where a proxy is put: the CA it forges with, the service it stands in front of, the port it listens on.

    `anchors` vouch for the genuine service; `folder` is the proxy's own, and
    readable by nobody else.
    """

    folder: Path
    authority: Path
    key: Path
    anchors: Path
    upstream: Address
    port: int = 0


@dataclass(frozen=True)
class Proxy:
    """
    A program that intercepts TLS.

    `find` gives where it is, or None; `command` its command line; `log` names
    the file in its folder that holds what it has read.
    """

    name: str
    install: str
    find: Callable[[], str | None]
    version_flag: str
    command: Callable[[str, Post], Sequence[str | Path]]
    log: str


def find_mitmdump() -> str | None:
    """
    mitmproxy's command: what MITMDUMP names, else in its own environment beside the lab, else on the PATH.

    Raises ValueError where MITMDUMP names no program.
    """
    if named := os.environ.get("MITMDUMP"):
        if found := shutil.which(named):
            return str(Path(found).absolute())
        raise ValueError(f"MITMDUMP names {named}, which is no program; let it name mitmdump, or unset it")
    own = Path(lab.__file__).parent.parent / ".venv-mitmproxy"
    for one in (own / "bin" / "mitmdump", own / "Scripts" / "mitmdump.exe"):
        if one.is_file():
            return str(one)
    return shutil.which("mitmdump")


def _mitmdump(program: str, post: Post) -> Sequence[str | Path]:
    both = post.folder / "mitmproxy-ca.pem"  # the name under which mitmproxy looks for its CA
    both.touch(mode=0o600)
    both.write_bytes(post.key.read_bytes() + post.authority.read_bytes())
    host, port = post.upstream
    mode = f"reverse:https://{host}:{port}@{HOME}:{post.port}"
    settings = ("flow_detail=2", f"confdir={post.folder}", f"ssl_verify_upstream_trusted_ca={post.anchors}")
    return [program, "--mode", mode, *(word for one in settings for word in ("--set", one))]


def _sslsplit(program: str, post: Post) -> Sequence[str | Path]:
    # -D keeps it in the foreground. Started by root, it reads the keys, opens its log and goes on as nobody.
    host, port = post.upstream
    forging = ("-k", post.key, "-c", post.authority, "-C", post.authority)
    return [program, "-D", *forging, "-L", post.folder / CONTENT, "https", HOME, str(post.port), host, str(port)]


MITMPROXY = Proxy("mitmproxy", "make field", find_mitmdump, "--version", _mitmdump, OUTPUT)
SSLSPLIT = Proxy("sslsplit", "apt-get install sslsplit", lambda: shutil.which("sslsplit"), "-V", _sslsplit, CONTENT)
PROXIES = (MITMPROXY, SSLSPLIT)


class Running:
    """
    A proxy that intercepts at `address`, a port of its own. A context manager; leaving it ends the program.

    Entering only starts it, so that several can start beside each other; `wait`
    returns when it intercepts. Should this process be killed outright, the
    proxy dies too (not on Windows), and its folder is left behind. Raises
    ValueError where the post is not loopback, and where the program cannot be
    started.
    """

    def __init__(self, proxy: Proxy, program: str, post: Post) -> None:
        require_loopback(post.upstream)
        self.proxy = proxy
        self.post = post
        self.address: Address = (HOME, 0)
        self._program = program
        self._child: Child | None = None
        anchor = x509.load_pem_x509_certificates(post.authority.read_bytes())[-1]
        self._context = tls.client_context([anchor], datetime.now(UTC))

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> None:
        with socket.create_server((HOME, 0)) as free:
            self.address = free.getsockname()
        post = replace(self.post, port=self.address[1])
        try:
            self._child = Child(self.proxy.command(self._program, post), post.folder)
        except OSError as problem:
            words = problem.strerror or problem
            raise ValueError(f"cannot start {self._program}: {words}; install {self.proxy.name} again") from None

    @property
    def _alive(self) -> bool:
        return self._child is not None and self._child.alive

    def wait(self) -> None:
        """Return when a connection through it was intercepted. Raises ValueError where it does not come to that."""
        for left in reversed(range(TRIES)):
            ends = time.monotonic() + START
            while self._alive and time.monotonic() < ends:
                if self.carries(secrets.token_hex(16)):
                    return
                time.sleep(0.05)
            again = left and not self._alive
            self.stop()
            if not again:
                break
            self._start()
        raise ValueError(
            f"{self.proxy.name} did not begin to intercept; its last words were: {self._words()}; "
            f"run {self._program} {self.proxy.version_flag} to see whether it works, or take it off the PATH"
        )

    def carries(self, secret: str) -> bool:
        """Whether a client that trusts this proxy's CA, and no other, is served through it; it sends `secret`."""
        done = connect(
            self.address,
            "localhost",
            self._context,
            lambda seen: seen.error is None and not seen.name_mismatch,
            time=datetime.now(UTC),
            request=account_request("localhost", secret),
        )
        return done.answer is not None and done.answer.status == 200

    def holds(self, secret: str) -> bool:
        """Whether `secret` stands in what this proxy says that it has read. Call `settle` before."""
        log = self.post.folder / self.proxy.log
        return log.exists() and secret.encode() in log.read_bytes()

    def settle(self) -> None:
        """
        Wait until all that the proxy has read stands in its log: until a later secret does.

        Raises ValueError where it no longer intercepts.
        """
        mark = secrets.token_hex(16)
        ends = time.monotonic() + LAST
        if self.carries(mark):
            while time.monotonic() < ends:
                if self.holds(mark):
                    return
                time.sleep(0.002)
        raise ValueError(
            f"{self.proxy.name} no longer intercepts, or no longer writes down what it reads; its last words were: "
            f"{self._words()}; run the field test again"
        )

    def _words(self) -> str:
        return words_of(self.post.folder)

    def stop(self) -> None:
        """End the program and what it has started. Calling it twice is fine."""
        child, self._child = self._child, None
        if child is not None:
            child.stop(LAST)
