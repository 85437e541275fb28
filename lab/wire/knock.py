"""
What is in the way of a man in the middle at a service: found out by a handshake of its own.

Whoever carries a request onward learns that it failed, and seldom why: TLS 1.3
refuses a client that has no certificate only after its handshake, and TLS 1.2
with an alert that may mean anything. So it is tried once more, and watched.
"""

from __future__ import annotations

from contextlib import closing

from OpenSSL import SSL

from lab.wire import tls
from lab.wire.deadline import PATIENCE, limit
from lab.wire.listener import Address, dial

REFUSAL = 0.3  # seconds in which a server that has asked for a certificate refuses who has none

PLAIN = ("wrong version number", "http request", "packet length too long", "record layer failure")
"""OpenSSL's words for octets that are no TLS record."""


def knock(address: Address, host: str, patience: float = PATIENCE) -> str:
    """
    Why a request for `host` cannot be carried to this loopback address, as what `it` does; empty where it can.

    It tells nobody listening, no TLS, a client certificate that is wanted, and
    another refusal apart. It sends no request. Raises ValueError where the
    address is not loopback.
    """
    asked = False

    def watch(connection: SSL.Connection, where: int, number: int) -> None:
        nonlocal asked
        asked = asked or b"server certificate request" in connection.get_state_string()

    context = tls.client_context(())
    context.set_info_callback(watch)
    try:
        raw = dial(address, patience)
    except OSError as problem:
        refused = isinstance(problem, ConnectionRefusedError)
        return "is not there: nobody listens" if refused else f"cannot be reached: {tls.words(problem)}"
    with closing(raw):
        connection = SSL.Connection(context, raw)
        connection.set_connect_state()
        tls.ask_for(connection, host)
        try:
            connection.do_handshake()
            if asked:
                limit(raw, REFUSAL)
                connection.recv(1)
        except SSL.WantReadError:
            return "" if asked else "says nothing, and TLS least of all, within the time limit"
        except (SSL.Error, OSError) as problem:
            return _refusal(problem, asked)
        tls.hang_up(connection)
    return ""


def _refusal(problem: SSL.Error | OSError, asked: bool) -> str:
    words = tls.words(problem)
    alert = tls.alert_in(problem) if isinstance(problem, SSL.Error) else ""
    how = f"alert {alert}" if alert else words
    if asked:
        return f"wants a client certificate, and the man in the middle has none ({how})"
    if not alert and any(word in words for word in PLAIN):
        return "speaks no TLS"
    return f"refuses the handshake ({how})"
