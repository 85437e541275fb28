"""
`python -m lab intercept`: what it shows of what it reads, who refuses it, and what is wrong with the server behind it.

Real sockets: the program runs as a shell starts it, between a client of the lab's and a server made here.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lines import answered, refuses
from OpenSSL import SSL
from vouching import certificates_in

from lab.observation import Observation
from lab.pki.world import World
from lab.verbs import main
from lab.wire import tls
from lab.wire.client import Exchange, connect
from lab.wire.http import Request
from lab.wire.knock import knock
from lab.wire.listener import Address, Listener, dial
from lab.wire.service import Service

WORLD = World(also=("localhost",))


class Between:
    """A running `intercept`, what it said at first, and what it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.first = self.next()
        self.address: Address = ("127.0.0.1", self.first["port"])
        self._store = certificates_in(Path(self.first["store"]))

    def next(self) -> dict[str, Any]:
        """The next object that it prints."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, self.process.stderr and self.process.stderr.read()
        return dict(json.loads(line))

    def ask(self, decide: Callable[[Observation], bool], request: Request | None = None) -> Exchange:
        """A victim that trusts its CA."""
        context, asked = tls.client_context(self._store), request or Request("GET", "/", [(b"host", b"localhost")])
        return connect(self.address, "localhost", context, decide, time=datetime.now(UTC), request=asked)


def trusts(seen: Observation) -> bool:
    return seen.path is not None and not seen.name_mismatch


@contextlib.contextmanager
def between(port: int) -> Iterator[Between]:
    command = [sys.executable, "-m", "lab", "intercept", f"localhost:{port}", "--json", "--for", "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Between(process)
        finally:
            process.kill()


@contextlib.contextmanager
def wanting(version: int, mode: int = SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT) -> Iterator[int]:
    """The port of a server that asks for a client certificate, and as a rule refuses who has none."""
    context = tls.server_context(WORLD.genuine)
    context.set_max_proto_version(version)
    context.set_verify(mode, lambda *_: True)

    def serve(raw: socket.socket, port: int) -> None:
        connection = SSL.Connection(context, raw)
        connection.set_accept_state()
        with contextlib.suppress(SSL.Error):
            connection.do_handshake()
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with Listener(serve, patience=3.0) as listener:
        yield listener.port


@contextlib.contextmanager
def saying(octets: bytes) -> Iterator[int]:
    """The port of a server that answers whatever comes with these octets."""

    def serve(raw: socket.socket, port: int) -> None:
        raw.recv(4096)
        raw.sendall(octets)

    with Listener(serve, patience=3.0) as listener:
        yield listener.port


@contextlib.contextmanager
def nobody() -> Iterator[int]:
    """A port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    yield port


PLAIN = b"HTTP/1.0 400 Bad request\r\nServer: SimpleHTTP\r\n\r\n<p>Bad request version"
CERTIFICATE = "wants a client certificate, and the man in the middle has none"
TROUBLE = {
    "nobody listens": (nobody, "is not there: nobody listens"),
    "plain HTTP": (lambda: saying(PLAIN), "speaks no TLS"),
    "mail": (lambda: saying(b"220 mail.example ESMTP\r\n"), "speaks no TLS"),
    "a client certificate": (lambda: wanting(SSL.TLS1_3_VERSION), f"{CERTIFICATE} (alert certificate required)"),
    "a client certificate, TLS 1.2": (lambda: wanting(SSL.TLS1_2_VERSION), f"{CERTIFICATE} (alert handshake failure)"),
    "another refusal": (lambda: saying(b"\x15\x03\x03\x00\x02\x02\x46"), "refuses the handshake (alert"),
}


@pytest.mark.parametrize("what", TROUBLE)
@pytest.mark.sampled(2)
def test_what_is_wrong_with_the_server_is_told_at_the_start_and_to_both_sides(what: str) -> None:
    """One reason, never the same for all: in the first words, in the victim's answer, and in a line of its own."""
    behind, why = TROUBLE[what]
    with behind() as port, between(port) as middle:
        assert middle.first["target_trouble"].startswith(why)
        answer = answered(middle.ask(trusts))
        assert (answer.status, answer.text.startswith(f"the genuine service {why}")) == (502, True)
        read, trouble = middle.next(), middle.next()
        assert (read["event"], read["request"]) == ("read", "GET /")
        assert (trouble["event"], trouble["trouble"]) == ("trouble", answer.text.strip())


def test_a_server_that_only_asks_for_a_certificate_is_in_nobodys_way() -> None:
    """The control: it takes who has none, and so does the man in the middle's request pass."""
    for version in (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION):
        with wanting(version, SSL.VERIFY_PEER) as port, between(port) as middle:
            assert middle.first["target_trouble"] is None
            assert answered(middle.ask(trusts)).status == 200
    with Service(WORLD.genuine) as service:
        assert knock(service.address, "localhost") == ""
        assert len(service.log) <= 1  # and no request of its own
        assert not [one for visit in service.log for one in visit.requests]


def test_the_loot_is_shown() -> None:
    """Every header, secrets by their name, and the first octets of the body; the genuine server's answer comes."""
    order = Request("POST", "/vault", [(b"host", b"localhost"), (b"x-api-key", b"k\xfc"), (b"cookie", b"s=1")], b"a=b")
    with Service(WORLD.genuine) as service, between(service.port) as middle:
        assert middle.first["target_trouble"] is None
        assert answered(middle.ask(trusts, order)).status == 404
        read = middle.next()
    assert (read["event"], read["who"], read["request"], read["body"]) == ("read", "attacker", "POST /vault", "a=b")
    assert (["x-api-key", "kü"] in read["headers"], read["cookie"]) == (True, "s=1")


def test_a_refusal_is_a_line() -> None:
    """Who refuses inside the handshake sends an alert; who refuses after it, as curl does a pin, only leaves."""
    with Service(WORLD.genuine) as service, between(service.port) as middle:
        assert middle.ask(refuses).answer is None
        refused = middle.next()
        assert (refused["event"], bool(refused["alert"])) == ("refused", True)
        with contextlib.closing(dial(middle.address)) as raw:
            connection = SSL.Connection(tls.client_context(()), raw)
            connection.set_connect_state()
            connection.do_handshake()
            tls.hang_up(connection)
        left = middle.next()
        assert (left["event"], left["hung_up"]) == ("left", "after the handshake, before any request")
        assert len(service.log) <= 1


def test_words_for_a_reader() -> None:
    """As `serve` says it, a header a line, nothing that commands a terminal; --for ends it with exit code 0."""
    odd = Request("GET", "/", [(b"host", b"localhost"), (b"x-odd", b"a\x9b2Jb")])
    with Service(WORLD.genuine) as service:
        command = [sys.executable, "-m", "lab", "intercept", f"localhost:{service.port}", "--for", "2"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            first = "".join(process.stdout.readline() for _ in range(3))
            found = re.search(r"--cacert (\S+) https://localhost:(\d+)/", first)
            assert found
            context, now = tls.client_context(certificates_in(Path(found[1]))), datetime.now(UTC)
            done = connect(("127.0.0.1", int(found[2])), "localhost", context, trusts, time=now, request=odd)
            text = process.stdout.read()
    assert (answered(done).status, process.returncode) == (200, 0)
    assert re.search(r"^\d\d:\d\d:\d\d  attacker  read     GET /   \(\d+ bytes\)$", text, re.MULTILINE)
    assert "\n          X-Odd: a\\x9b2Jb\n" in text


def test_a_time_that_is_none_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """As `serve` has it."""
    assert main(["intercept", "localhost:9", "--for", "-1"]) == 2
    assert "is no time to serve" in capsys.readouterr().err
