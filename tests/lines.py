"""Ways to talk to a listener that several tests use: as a client of the lab, and by hand, byte for byte."""

from __future__ import annotations

import contextlib
import gc
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

import h11
import psutil
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from lab.observation import Observation
from lab.pki.authority import Authority, Credential
from lab.pki.world import HOST
from lab.wire import tls
from lab.wire.client import PLAIN, Decide, Exchange, Habits, Watch, account_request, connect
from lab.wire.http import Answer, Request, Wire
from lab.wire.listener import Listener, dial

NOW = datetime.now(UTC).replace(microsecond=0)


def validates(observation: Observation) -> bool:
    """A decision: path validation and the host name, as an unpinned client has them."""
    return observation.path is not None and not observation.name_mismatch


def refuses(observation: Observation) -> bool:
    """A decision: never."""
    return False


def ask(
    listener: Listener,
    store: tuple[Authority, ...],
    decide: Decide = validates,
    *,
    request: Request | None = None,
    time: datetime | None = None,
) -> Exchange:
    """One request by the lab's own client, which trusts `store`."""
    context = tls.client_context([one.certificate for one in store], time)
    request = request or account_request(HOST, "a secret")
    return connect(listener.address, HOST, context, decide, time=time or NOW, request=request, patience=5.0)


def answered(done: Exchange) -> Answer:
    """The answer, which has to have come; else why none did."""
    assert done.answer is not None, done.failure
    return done.answer


def in_memory(
    credential: Credential,
    anchors: Sequence[x509.Certificate],
    time: datetime,
    decide: Decide,
    habits: Habits = PLAIN,
) -> tuple[bool, Observation]:
    """A TLS handshake for HOST without a socket: whether it was completed, and what the client saw."""
    watch = Watch(HOST, time, decide, habits)
    client = SSL.Connection(tls.client_context(anchors, time, which=habits.building.anchors), None)
    client.set_connect_state()
    client.set_verify(SSL.VERIFY_PEER, watch)
    server = SSL.Connection(tls.server_context(credential), None)
    server.set_accept_state()
    done = {client: False, server: False}
    while not all(done.values()):
        for side, other in ((client, server), (server, client)):
            try:
                side.do_handshake()
                done[side] = True
            except SSL.WantReadError:
                pass
            except SSL.Error:
                assert watch.problem is None
                return False, watch.observation
            try:
                while True:
                    other.bio_write(side.bio_read(65536))
            except SSL.WantReadError:
                pass
    return watch.accepted, watch.observation


def request(method: str, target: str, body: bytes = b"") -> Request:
    return Request(method, target, [(b"host", HOST.encode())], body)


@contextlib.contextmanager
def line(listener: Listener) -> Iterator[Wire]:
    """A TLS connection that checks nothing, for sending whatever one likes."""
    raw = dial(listener.address, 5.0)
    try:
        connection = SSL.Connection(tls.client_context(()), raw)
        connection.set_connect_state()
        connection.set_tlsext_host_name(HOST.encode())
        connection.do_handshake()
        yield Wire(connection, h11.CLIENT)
        tls.hang_up(connection)
    finally:
        raw.close()


def pem(certificates: Iterable[x509.Certificate]) -> bytes:
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def soon(what: Callable[[], bool], patience: float = 5.0) -> bool:
    """Whether `what` becomes true within `patience` seconds."""
    limit = time.monotonic() + patience
    while not what():
        if time.monotonic() > limit:
            return False
        time.sleep(0.005)
    return True


def half_open(listener: Listener) -> socket.socket:
    """A TCP connection on which nobody speaks."""
    return socket.create_connection(listener.address, timeout=5.0)


Serve = Callable[[socket.socket, int], None]


@contextlib.contextmanager
def _then_shut(connection: socket.socket, how: int) -> Iterator[None]:
    """Whatever ends the way here, its end is passed on."""
    try:
        with contextlib.suppress(OSError):
            yield
    finally:
        with contextlib.suppress(OSError):
            connection.shutdown(how)


def breaking_off(serve: Serve, records: int) -> Serve:
    """The same server, on a line that breaks when it has carried so many of its TLS records to the client."""

    def to_server(raw: socket.socket, far: socket.socket) -> None:
        with _then_shut(far, socket.SHUT_WR):
            while octets := raw.recv(65536):
                far.sendall(octets)

    def to_client(raw: socket.socket, far: socket.socket) -> None:
        with _then_shut(raw, socket.SHUT_RDWR), far.makefile("rb") as sent:
            for _ in range(records):
                head = sent.read(5)  # kind, version, and how long the rest is (RFC 8446 section 5.1)
                raw.sendall(head + sent.read(int.from_bytes(head[3:])))

    def cut(raw: socket.socket, port: int) -> None:
        near, far = socket.socketpair()
        with far:
            ways = [threading.Thread(target=way, args=(raw, far), name="lab-cut") for way in (to_server, to_client)]
            for way in ways:
                way.start()
            with near:
                serve(near, port)
            for way in ways:
                way.join()

    return cut


def leftovers() -> tuple[list[str], int]:
    """The lab's threads, and how many files and sockets this process has open."""
    gc.collect()
    process = psutil.Process()
    opened = process.num_handles() if sys.platform == "win32" else process.num_fds()
    return sorted(one.name for one in threading.enumerate() if one.name.startswith("lab")), opened
