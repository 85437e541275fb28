"""
A client that connects, decides inside the handshake, and returns what it saw.

It knows TLS and HTTP, and nothing of pins: the decision is a function that it
is handed. It asks that function at the first validation error and again when
the whole path is known, before any application byte is sent.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

import h11
from OpenSSL import SSL, crypto

from lab.building import AS_OPENSSL, Anchors, Branching, PathBuilding
from lab.observation import Certificate, Evidence, Observation, Successor, ValidationError
from lab.pki.admission import Card
from lab.pki.errors import UNSPECIFIED, error_at
from lab.pki.evidence import Gather
from lab.pki.names import sent
from lab.pki.paths import LONGEST, build, constrained
from lab.pki.pins import name_mismatch, read
from lab.pki.successor import from_json, hear
from lab.wire import interrupt, tls
from lab.wire.binding import bound, show
from lab.wire.deadline import PATIENCE
from lab.wire.http import Answer, Request, Wire
from lab.wire.listener import Address, dial
from lab.wire.service import SUCCESSORS, material

Decide = Callable[[Observation], bool]


@dataclass
class Exchange:
    """
    What one connection gave: the observation, the client's decision, the answer.

    `completed` is False where the handshake did not finish; `failure` then says
    why in words. `accepted` is the last answer of the decision function, and
    False where it was never asked or the handshake did not finish. `successors`
    are the keys that the server announced, each proof verified; None where
    nobody asked, or nothing proper was answered: `trouble` then says what.
    """

    observation: Observation
    accepted: bool = False
    completed: bool = False
    answer: Answer | None = None
    sent: int = 0
    port: int = 0
    failure: str = ""
    session: SSL.Session | None = field(default=None, repr=False)
    successors: tuple[Successor, ...] | None = None
    trouble: str = ""

    @property
    def headers(self) -> tuple[tuple[str, str], ...] | None:
        """The answer's headers as text, in the order received; None where there was no answer."""
        if self.answer is None:
            return None
        return tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in self.answer.headers)


@dataclass(frozen=True)
class Habits:
    """
    How a client behaves on a connection, beside its decision.

    `ignoring` are OpenSSL's error codes that its validator does not know.
    `session` is a session that it offers, which has to be of the same context.
    `listens` asks for announcements on the same connection, once the answer is
    there. `wants` is the evidence that it asks for, and `gather` gathers it.
    `building` says how it builds its paths, for which `anchors` are its store.
    `card` is what it shows of itself.
    """

    ignoring: frozenset[int] = frozenset()
    session: SSL.Session | None = None
    listens: bool = False
    wants: frozenset[Evidence] = frozenset()
    gather: Gather | None = None
    building: PathBuilding = AS_OPENSSL
    card: Card | None = None
    anchors: tuple[Certificate, ...] = ()

    @property
    def builds(self) -> bool:
        """Whether its paths are built by the lab where OpenSSL meets an error; who ignores errors takes OpenSSL's."""
        plain = self.building.branching is Branching.FIRST and self.building.anchors is not Anchors.ANY_GOES_ON
        return not plain and not self.ignoring


PLAIN = Habits()
"""A client that ignores no error, resumes nothing and asks for nothing."""


# How a decision comes about, inside one handshake. OpenSSL builds the path and then calls the verify callback once
# for each certificate of it, from the anchor down to the leaf (depth 0), or at an error. After depth 0 it checks name
# constraints, and calls once more where they are broken (error 47, after a yes). Then, where a staple was asked for,
# the staple callback runs, in TLS 1.2 and 1.3 alike, with b"" where none came. In TLS 1.3 a resumed session runs the
# staple callback and not the verify callback; in TLS 1.2 it runs neither. So:
#
#   at the first error               the decision is asked with that error, and without a path
#   at depth 0, without an error     it is asked with the path: provisional, and last where no evidence was asked for
#   in the staple callback           it is asked again, with the staple or the reason why there is none
#   after a handshake without these  the session was resumed: it is asked then, before any application byte
#
# A no at any of these ends the handshake, and the server gets an alert. Only an answer after the last counts.
#
# Who builds paths otherwise than OpenSSL gets one of the lab's own at OpenSSL's first error: where there is one, the
# decision is asked with it in place of the error, and what OpenSSL still says of its own path counts no more. It is
# asked for at depth 0 as well, without an error, where OpenSSL's yes is worth nothing: of an old builder, which would
# have come to another path; where the store holds the server's own certificate, which is OpenSSL's last resort and
# ends another's search at once; on a path that is too long for this client; and where a path has name constraints, at
# which OpenSSL has yet to look.


class Watch:
    """
    OpenSSL's callbacks for one handshake: it collects what is seen, and asks `decide`.

    `observation` is what is known so far, `accepted` the last answer. What
    `decide` raises is a no, and stands in `problem`: OpenSSL would lose it.
    """

    def __init__(self, host: str, time: datetime, decide: Decide, habits: Habits) -> None:
        self.observation = Observation(host, time, ())
        self.asked = False
        self.accepted = False
        self.problem: BaseException | None = None
        self._decide = decide
        self._habits = habits
        self._path: dict[int, Certificate] = {}
        self._built = False  # by the lab, so that OpenSSL's further words are about another path

    def __call__(self, connection: SSL.Connection, certificate: crypto.X509, code: int, depth: int, ok: int) -> bool:
        """The verify callback."""
        here = read(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate))
        self._path[depth] = here
        if not self.observation.presented:
            self._present(presented_chain(connection) or (here,))
        if self._built or self.observation.error is not None:
            return True  # the decision tolerated the first error, so it is not asked about the next
        if not ok and code not in self._habits.ignoring:
            return self._decided(None, error_at(code, depth, here))
        if ok and depth == 0:
            return self._decided(tuple(self._path[level] for level in sorted(self._path)), None)
        return True

    def _decided(self, path: tuple[Certificate, ...] | None, error: ValidationError | None) -> bool:
        """Ask, with the path or the error that this client's way of building paths comes to."""
        habits = self._habits
        for depth, one in enumerate(path or ()):
            if one.trouble:  # OpenSSL reads less of a certificate than a decision needs, so this is no path here
                path, error = None, error_at(UNSPECIFIED, depth, one)
                break
        how, presented = habits.building, self.observation.presented
        other = how.branching is Branching.LEGACY or presented[0] in habits.anchors
        if habits.builds and (path is None or other or len(path) > LONGEST or constrained(path)):
            built = build(presented, habits.anchors, self.observation.time, how)
            self._built = built.path is not None
            path = built.path
            if error is None or built.path or (built.error and built.error.code != UNSPECIFIED):
                error = built.error  # where OpenSSL has a word for it and the builder has none, OpenSSL's
        self.observation = replace(self.observation, path=path, error=error)
        return self._ask()

    def stapled(self, connection: SSL.Connection, staple: bytes) -> bool:
        """The staple callback: the last word, where a staple was asked for."""
        return self._last(connection, staple)

    def ended(self, connection: SSL.Connection) -> None:
        """The handshake has ended; where nobody was asked, the session was resumed and nothing was validated."""
        if not self.asked:
            self._last(connection, b"")

    def _last(self, connection: SSL.Connection, staple: bytes) -> bool:
        if not self.asked:
            self._present(presented_chain(connection))
            self.observation = replace(self.observation, resumed=True)
        return self._ask(staple)

    def _present(self, presented: tuple[Certificate, ...]) -> None:
        mismatch = name_mismatch(presented[0], self.observation.host) if presented else ""
        self.observation = replace(self.observation, presented=presented, name_mismatch=mismatch)

    def _ask(self, staple: bytes | None = None) -> bool:
        self.asked = True
        try:
            if self._habits.gather and self._habits.wants:
                found = MappingProxyType(self._habits.gather(self.observation, staple))
                self.observation = replace(self.observation, evidence=found)
            self.accepted = self._decide(self.observation)
        except BaseException as problem:
            # pyOpenSSL 26 asks only a Context's callback for its exception; a Connection's would be lost.
            self.accepted, self.problem = False, problem
        return self.accepted


def presented_chain(connection: SSL.Connection) -> tuple[Certificate, ...]:
    """What the server sent, leaf first; also while the handshake runs."""
    chain = connection.get_peer_cert_chain() or ()
    return tuple(read(crypto.dump_certificate(crypto.FILETYPE_ASN1, one)) for one in chain)


def account_request(host: str, secret: str = "") -> Request:
    """``GET /account``, its one request, as a client with a bearer token sends it."""
    headers = [(b"host", sent(host)), (b"connection", b"close")]
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
    habits: Habits = PLAIN,
    patience: float = PATIENCE,
) -> Exchange:
    """
    Connect to `address` as if it were `host`, let `decide` judge, and send `request` if it agrees.

    `time` is the time of the scene; the verification clock itself belongs to
    `context`. A transport problem never raises: it stands in `failure`. An
    exception in `decide` refuses the connection, and is raised when it is over.
    Raises ValueError where `address` is not loopback, and where `host` has no octets to send.
    """
    watch = Watch(host, time, decide, habits)
    exchange = Exchange(watch.observation)
    raw = None
    connection = None
    try:
        raw = dial(address, patience)
        exchange.port = raw.getsockname()[1]
        connection = _begun(raw, host, context, watch, habits)
        connection.do_handshake()
        exchange.completed = True
        watch.ended(connection)
        if watch.accepted and request:
            request = bound(connection, request, habits.card)
            _talk(connection, request, exchange, host if habits.listens else "")
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
    broken_off = watch.accepted and not exchange.completed
    exchange.observation = replace(watch.observation, broken_off=True) if broken_off else watch.observation
    exchange.accepted = watch.accepted and exchange.completed
    return exchange


def _begun(raw: socket.socket, host: str, context: SSL.Context, watch: Watch, habits: Habits) -> SSL.Connection:
    connection = SSL.Connection(context, raw)
    connection.set_connect_state()
    tls.ask_for(connection, host)
    show(connection, habits.card)
    connection.set_verify(SSL.VERIFY_PEER, watch)
    if Evidence.STAPLE in habits.wants:
        connection.set_app_data(watch.stapled)
        connection.request_ocsp()
    if habits.session:
        connection.set_session(habits.session)
    return connection


def _talk(connection: SSL.Connection, request: Request, exchange: Exchange, announced_for: str) -> None:
    """Ask, and then ask for announcements on the same connection, where there is a host to ask about."""
    wire = Wire(connection, h11.CLIENT)
    try:
        if not announced_for:
            wire.ask(request)
            exchange.answer = wire.next_answer()
            return
        kept_open = [pair for pair in request.headers if pair[0].lower() != b"connection"]
        wire.ask(replace(request, headers=kept_open))
        exchange.answer = wire.next_answer()
        wire.ask(Request("GET", SUCCESSORS, [(b"host", sent(announced_for)), (b"connection", b"close")]))
        answer, binding = wire.next_answer(), material(connection)
        if answer.status == 200 and binding is not None:
            exchange.successors = tuple(hear(said, announced_for, binding) for said in from_json(answer.body))
    except ValueError as problem:  # what is no announcement is no news
        exchange.trouble = str(problem)
    finally:
        exchange.sent = wire.sent
