"""
The man in the middle: any credential in front, the genuine service behind.

It presents what it is given, reads what the victim sends, passes it on so that
the victim notices nothing, changes it where told to, and writes down its own
view. It can be pointed at loopback only.
"""

from __future__ import annotations

import contextlib
import socket
import urllib.parse
from collections.abc import Callable
from dataclasses import replace

import h11
from OpenSSL import SSL

from lab.pki.authority import Credential
from lab.wire import tls
from lab.wire.deadline import PATIENCE, allow
from lab.wire.http import Answer, Change, Request, Wire
from lab.wire.keylog import Tell
from lab.wire.knock import knock
from lab.wire.listener import Address, Listener, dial, require_loopback
from lab.wire.visit import Log, Visit, attend


class Attacker(Listener):
    """
    Intercepts connections meant for the service at `upstream`.

    `credential` is what victims are shown; `change`, where given, rewrites each
    request on its way. `log` holds what the attacker read; `tell` is told the
    secrets of its connections to either side, for a key log. Raises ValueError
    where `upstream` is not loopback.

    The attacker does not check the service's certificate: it knows whom it
    called. It opens the line to the service when a victim sends a request, so a
    victim who refuses costs the service nothing and leaves no trace there.
    """

    def __init__(
        self,
        credential: Credential,
        upstream: Address,
        *,
        host: str,
        change: Change | None = None,
        name: str = "",
        resumable: bool = False,
        patience: float = PATIENCE,
        tell: Tell | None = None,
    ) -> None:
        self.credential = credential
        self.upstream = require_loopback(upstream)
        self.host = host
        self.change = change
        self.log = Log()
        self.calls = 0  # handshakes of its own with the genuine service
        self.staple: Callable[[], bytes] = bytes  # what goes to whoever asks for one
        self._context = tls.server_context(credential, resumable=resumable, tell=tell, staple=lambda: self.staple())
        self._onward = tls.client_context((), tell=tell)
        super().__init__(self._intercept, name=name, patience=patience)

    def _intercept(self, raw: socket.socket, port: int) -> None:
        with self.log.visit(port) as visit, contextlib.closing(Upstream(self)) as line:
            attend(raw, self._context, visit, line.relay, self.patience)

    def read(self) -> list[str]:
        """The request lines that this attacker has read, oldest first."""
        return [request.line for visit in self.log for request in visit.requests]


class Upstream:
    """The attacker's own line to the genuine service, for one victim's connection."""

    def __init__(self, attacker: Attacker) -> None:
        self._attacker = attacker
        self._raw: socket.socket | None = None
        self._wire: Wire | None = None

    def relay(self, request: Request, visit: Visit) -> Answer:
        """The service's answer to this request; 502 where there is none."""
        onward = self._attacker.change(request) if self._attacker.change else request
        if onward != request:
            visit.tamper(onward)
        if not any(name.lower() == b"host" for name, _ in onward.headers):  # HTTP/1.0: the line onward speaks 1.1
            onward = replace(onward, headers=[(b"host", self._attacker.host.encode()), *onward.headers])
        try:
            wire = self._line()
            wire.ask(onward)
            answer = wire.next_answer()
        except (OSError, SSL.Error, h11.ProtocolError) as problem:
            self.close()
            visit.trouble = f"the genuine service {self._why(problem)}"
            return Answer(502, [(b"content-type", b"text/plain")], f"{visit.trouble}\n".encode())
        if wire.http.our_state is not h11.IDLE:  # the service wants no further request on this line
            self.close()
        elif self._raw:
            allow(self._raw, None)
        return answer

    def _why(self, problem: Exception) -> str:
        found = ""
        if not isinstance(problem, TimeoutError | SSL.WantReadError | h11.LocalProtocolError):
            found = knock(self._attacker.upstream, self._attacker.host, self._attacker.patience)
        return found or f"did not answer: {tls.words(problem)}"

    def _line(self) -> Wire:
        """The line, opened where it is not; its handshake and the next answer have twice the patience."""
        if self._raw is None:
            self._attacker.calls += 1
            self._raw = dial(self._attacker.upstream, self._attacker.patience)
            self._attacker.hold(self._raw)
        allow(self._raw, 2 * self._attacker.patience)
        self._wire = self._wire or self._greet(self._raw)
        return self._wire

    def _greet(self, raw: socket.socket) -> Wire:
        connection = SSL.Connection(self._attacker._onward, raw)
        connection.set_connect_state()
        tls.ask_for(connection, self._attacker.host)
        connection.do_handshake()
        return Wire(connection, h11.CLIENT)

    def close(self) -> None:
        """Hang up."""
        if self._wire is not None:
            tls.hang_up(self._wire.connection)
        if self._raw is not None:
            self._attacker.let_go(self._raw)
        self._raw = self._wire = None


def change_payee(payee: str) -> Change:
    """A change that sends every transfer to `payee`; other requests pass as they are."""

    def change(request: Request) -> Request:
        form = urllib.parse.parse_qsl(request.body.decode("utf-8", "replace"))
        if request.method != "POST" or "payee" not in dict(form):
            return request
        body = urllib.parse.urlencode([(k, payee if k == "payee" else v) for k, v in form]).encode()
        headers = [pair for pair in request.headers if pair[0].lower() != b"content-length"]
        return replace(request, headers=headers, body=body)

    return change
