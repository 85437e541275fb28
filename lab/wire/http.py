"""
Whole HTTP/1.1 messages over a TLS connection, by h11.

It knows requests and answers as plain values, keep-alive, HEAD and chunked
bodies; nothing of certificates. A message is held in memory, at most 16 MiB
of it: this is a lab, not a proxy.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import h11
from OpenSSL import SSL

MOST = 16 * 1024 * 1024  # bytes of one body
PIECES = 65_536  # chunks, or TLS records, of one body
CHUNK = 16 * 1024  # one TLS record

Headers = list[tuple[bytes, bytes]]

# RFC 9110 section 7.6.1: these belong to one connection and are not relayed.
HOP_BY_HOP = {
    b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding",
    b"upgrade", b"expect",
}  # fmt: skip


def end_to_end(headers: Headers) -> Headers:
    """The headers that are meant for the other end, and not for this connection."""
    return [pair for pair in headers if pair[0].lower() not in HOP_BY_HOP]


class TooLarge(Exception):
    """A body of more than 16 MiB, or in more than 65,536 pieces."""


@dataclass(frozen=True)
class Request:
    """A whole request. A log may keep the beginning of its body only; `left_out` counts the octets that followed."""

    method: str
    target: str
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    left_out: int = 0

    @property
    def close(self) -> bool:
        """Whether the client wants the connection closed after the answer (RFC 9112 section 9.6)."""
        return any(name.lower() == b"connection" and value.lower() == b"close" for name, value in self.headers)

    @property
    def line(self) -> str:
        """The request line, as a log shows it."""
        return f"{self.method} {self.target}"

    def holds(self, secret: str) -> bool:
        """Whether `secret` stands anywhere in the request."""
        needle = secret.encode()
        return (
            needle in self.target.encode() or needle in self.body or any(needle in value for _, value in self.headers)
        )


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    chunked: bool = False

    @property
    def fine(self) -> bool:
        """Whether it is no refusal and no error."""
        return self.status < 400

    @property
    def text(self) -> str:
        """The body as text; what is no UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")


class Wire:
    """
    One side of a TLS connection, or of a plain one, that carries HTTP/1.1, with the bytes counted.

    `role` is h11.CLIENT or h11.SERVER. `read` and `sent` count application
    bytes, in octets, before h11 sees them.
    """

    def __init__(self, connection: SSL.Connection | socket.socket, role: type[h11.CLIENT] | type[h11.SERVER]) -> None:
        self.connection = connection
        self.http = h11.Connection(role)
        self.read = 0
        self.sent = 0
        self._to_head = False  # the answer to HEAD has headers only

    def _send(self, octets: bytes | None) -> None:
        if octets:
            self.connection.sendall(octets)
            self.sent += len(octets)

    def _events(self) -> h11.Event | type[h11.PAUSED]:
        while (event := self.http.next_event()) is h11.NEED_DATA:
            if self.http.they_are_waiting_for_100_continue:
                self._send(self.http.send(h11.InformationalResponse(status_code=100, headers=[])))
            try:
                octets = self.connection.recv(65536)
            except SSL.ZeroReturnError:
                octets = b""
            except SSL.SysCallError as broken:
                if broken.args[0] != -1:  # -1: the peer closed TCP without a close_notify
                    raise
                octets = b""
            self.read += len(octets)
            self.http.receive_data(octets)
        return event  # type: ignore[return-value]

    def _body(self) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            event = self._events()
            if isinstance(event, h11.Data):
                size += len(event.data)
                parts.append(bytes(event.data))
                if size > MOST or len(parts) > PIECES:
                    raise TooLarge
            elif isinstance(event, h11.EndOfMessage):
                return b"".join(parts)

    def next_request(self) -> Request | None:
        """
        The next whole request, or None when the client has closed.

        Raises h11.RemoteProtocolError for what is no HTTP, TooLarge for a body over 16 MiB.
        """
        if self.http.our_state is h11.MUST_CLOSE:
            return None
        if self.http.our_state is h11.DONE:
            self.http.start_next_cycle()
        event = self._events()
        if not isinstance(event, h11.Request):
            return None
        head = Request(event.method.decode("ascii"), event.target.decode("latin-1"), list(event.headers))
        self._to_head = head.method == "HEAD"
        return replace(head, body=self._body())

    def answer(self, answer: Answer) -> None:
        """Send a whole answer, chunked where it says so; h11 leaves the body out for HEAD."""
        headers = end_to_end(answer.headers)
        if answer.chunked:
            headers = [pair for pair in headers if pair[0].lower() != b"content-length"]
            headers.append((b"transfer-encoding", b"chunked"))
        elif not any(name.lower() == b"content-length" for name, _ in headers):
            headers.append((b"content-length", str(len(answer.body)).encode()))
        out = self.http.send(h11.Response(status_code=answer.status, headers=headers)) or b""
        self._send(out + self._rest(b"" if self._to_head else answer.body))

    def ask(self, request: Request) -> None:
        """Send a whole request, never chunked: what it says of its length counts where it was not chunked before."""
        headers = end_to_end(request.headers)
        if any(name.lower() == b"transfer-encoding" for name, _ in request.headers):  # RFC 9112 section 6.3
            headers = [pair for pair in headers if pair[0].lower() != b"content-length"]
        if request.close:
            headers.append((b"connection", b"close"))
        if request.body and not any(name.lower() == b"content-length" for name, _ in headers):
            headers.append((b"content-length", str(len(request.body)).encode()))
        head = h11.Request(method=request.method, target=request.target, headers=headers)
        self._send((self.http.send(head) or b"") + self._rest(request.body))

    def _rest(self, body: bytes) -> bytes:
        parts = [
            self.http.send(h11.Data(data=body[start : start + CHUNK])) or b"" for start in range(0, len(body), CHUNK)
        ]
        return b"".join(parts) + (self.http.send(h11.EndOfMessage()) or b"")

    def next_answer(self) -> Answer:
        """The whole answer to what was asked. Raises h11.RemoteProtocolError where the server broke off."""
        event = self._events()
        while isinstance(event, h11.InformationalResponse):
            event = self._events()
        if not isinstance(event, h11.Response):
            raise h11.RemoteProtocolError("the server closed the connection instead of answering")
        headers = list(event.headers)
        chunked = any(name == b"transfer-encoding" for name, _ in headers)
        answer = Answer(event.status_code, headers, self._body(), chunked)
        if self.http.our_state is h11.DONE and self.http.their_state is h11.DONE:
            self.http.start_next_cycle()
        return answer


Change = Callable[[Request], Request]
"""What an attacker does to a request on its way; returns the same request to leave it alone."""
