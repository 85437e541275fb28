"""
A client that connects, decides inside the handshake, and returns what it saw.

It knows TLS and HTTP, and nothing of pins: the decision is a function that it
is handed. It asks that function at the first validation error and again when
the whole path is known, before any application byte is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import h11
from OpenSSL import SSL, crypto

from lab.observation import Certificate, Observation, ValidationError
from lab.pki.pins import name_mismatch, read
from lab.wire import interrupt, tls
from lab.wire.http import Answer, Request, Wire
from lab.wire.listener import PATIENCE, Address, dial

Decide = Callable[[Observation], bool]


@dataclass
class Exchange:
    """
    What one connection gave: the observation, the client's decision, the answer.

    `completed` is False where the handshake did not finish; `failure` then says
    why in words. `accepted` is the last answer of the decision function, and
    False where it was never asked.
    """

    observation: Observation
    accepted: bool = False
    completed: bool = False
    answer: Answer | None = None
    sent: int = 0
    port: int = 0
    failure: str = ""
    session: SSL.Session | None = field(default=None, repr=False)


class Watch:
    """
    OpenSSL's verify callback for one handshake; it collects the path and asks `decide`.

    The callback runs from the anchor down to the leaf. At the first error that
    is not in `ignoring`, `decide` is asked with that error and no path; if it
    tolerates the error, validation goes on without a path. At depth 0 without
    an error it is asked with the path. That answer is provisional: OpenSSL
    checks name constraints afterwards, and a violation asks once more.
    """

    def __init__(self, host: str, time: datetime, decide: Decide, ignoring: frozenset[int] = frozenset()) -> None:
        self.observation = Observation(host, time, ())
        self.asked = False
        self.accepted = False
        self.problem: BaseException | None = None
        self._decide = decide
        self._ignoring = ignoring
        self._path: dict[int, Certificate] = {}

    def __call__(self, connection: SSL.Connection, certificate: crypto.X509, code: int, depth: int, ok: int) -> bool:
        here = read(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate))
        self._path[depth] = here
        if not self.observation.presented:
            presented = presented_chain(connection) or (here,)
            self.observation = replace(
                self.observation,
                presented=presented,
                name_mismatch=name_mismatch(presented[0].hosts, self.observation.host),
            )
        if not ok and code not in self._ignoring:
            if self.observation.error is None:
                error = ValidationError(code, depth, tls.reason_of(code))
                self.observation = replace(self.observation, path=None, error=error)
                return self._ask()
            return self.accepted
        if depth == 0 and self.observation.error is None:
            path = tuple(self._path[level] for level in sorted(self._path))
            self.observation = replace(self.observation, path=path)
            return self._ask()
        return True

    def _ask(self) -> bool:
        self.asked = True
        try:
            self.accepted = self._decide(self.observation)
        except BaseException as problem:
            # pyOpenSSL 26 asks only a Context's callback for its exception; a Connection's would be lost.
            self.accepted, self.problem = False, problem
        return self.accepted

    def resumed(self, connection: SSL.Connection) -> bool:
        """Called when the handshake ended and OpenSSL never asked: nothing was validated."""
        presented = presented_chain(connection)
        mismatch = name_mismatch(presented[0].hosts, self.observation.host) if presented else ""
        self.observation = replace(self.observation, presented=presented, name_mismatch=mismatch, resumed=True)
        return self._ask()


def presented_chain(connection: SSL.Connection) -> tuple[Certificate, ...]:
    """What the server sent, leaf first; also while the handshake runs."""
    chain = connection.get_peer_cert_chain() or ()
    return tuple(read(crypto.dump_certificate(crypto.FILETYPE_ASN1, one)) for one in chain)


def account_request(host: str, secret: str = "") -> Request:
    """``GET /account``, its one request, as a client with a bearer token sends it."""
    headers = [(b"host", host.encode()), (b"connection", b"close")]
    if secret:
        headers.append((b"authorization", b"Bearer " + secret.encode()))
    return Request("GET", "/account", headers)


def connect(
    address: Address,
    host: str,
    context: SSL.Context,
    decide: Decide,
    *,
    time: datetime,
    request: Request | None = None,
    ignoring: frozenset[int] = frozenset(),
    session: SSL.Session | None = None,
    keep_session: bool = False,
    then: Callable[[Wire], None] | None = None,
    patience: float = PATIENCE,
) -> Exchange:
    """
    Connect to `address` as if it were `host`, let `decide` judge, and send `request` if it agrees.

    `time` is the time of the scene; the verification clock itself belongs to
    `context`. `then` goes on with the same connection after the answer, where
    there is more to ask. A transport problem never raises: it stands in `failure`. An
    exception in `decide` refuses the connection, and is raised when it is over.
    Raises ValueError where `address` is not loopback.
    """
    watch = Watch(host, time, decide, ignoring)
    exchange = Exchange(watch.observation)
    raw = None
    connection = None
    try:
        raw = dial(address, patience)
        exchange.port = raw.getsockname()[1]
        connection = SSL.Connection(context, raw)
        connection.set_connect_state()
        connection.set_tlsext_host_name(host.encode())
        connection.set_verify(SSL.VERIFY_PEER, watch)
        if session:
            connection.set_session(session)
        connection.do_handshake()
        exchange.completed = True
        if not watch.asked:
            watch.resumed(connection)
        if watch.accepted and request:
            wire = Wire(connection, h11.CLIENT)
            try:
                wire.ask(request)
                exchange.answer = wire.next_answer()
                if then:
                    then(wire)
            finally:
                exchange.sent = wire.sent
            if keep_session:
                exchange.session = connection.get_session()
    except (SSL.Error, OSError, h11.ProtocolError) as problem:
        exchange.failure = tls.words(problem)
    finally:
        if connection is not None and exchange.completed:
            tls.hang_up(connection)
        if raw is not None:
            raw.close()
    interrupt.check()
    if watch.problem is not None:
        raise watch.problem
    exchange.observation = watch.observation
    exchange.accepted = watch.accepted and exchange.completed
    return exchange
