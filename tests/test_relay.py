"""The relay: octets arrive unchanged, an end is passed on, and only loopback is called."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from lab.wire.listener import Listener, dial, running
from lab.wire.relay import Relay


def reversing(raw: socket.socket, port: int) -> None:
    """Reads to the end, then answers with the same octets in reverse order."""
    octets = b""
    while more := raw.recv(65536):
        octets += more
    raw.sendall(octets[::-1])


def ignored(answer: object) -> None:
    """For a function that shall give nothing."""


def to_its_end(connection: socket.socket) -> bytes:
    octets = b""
    while more := connection.recv(65536):
        octets += more
    return octets


def test_octets_go_both_ways_and_an_end_is_passed_on() -> None:
    """A megabyte arrives unchanged; who has ended his own direction still gets the whole answer."""
    sent = bytes(range(256)) * 4096
    with Listener(reversing) as behind, Relay(behind.address) as relay, dial(relay.address) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        assert to_its_end(connection) == sent[::-1]
    assert relay.problems == []
    assert running() == []


def test_a_connection_ends_where_nobody_listens() -> None:
    """A caller is not kept waiting for somebody who is not there, and the relay goes on."""
    with Listener(reversing) as gone:
        pass
    with Relay(gone.address) as relay:
        for _ in range(2):
            with dial(relay.address) as connection:
                assert to_its_end(connection) == b""
        assert relay.problems == []


def test_silence_ends_a_connection() -> None:
    """Neither side says anything: after the relay's patience both connections are over."""
    with Listener(lambda raw, port: ignored(to_its_end(raw))) as behind, Relay(behind.address, patience=0.2) as relay:
        with dial(relay.address) as connection:
            assert to_its_end(connection) == b""
        assert behind.quiet(2)


def test_who_stays_when_his_caller_has_gone_holds_nobody_up() -> None:
    """One side has gone, the other does not go: the relay is free again long before its patience ends."""
    over = threading.Event()
    with Listener(lambda raw, port: ignored(over.wait(5))) as behind, Relay(behind.address, linger=0.1) as relay:
        dial(relay.address).close()
        time.sleep(0.05)
        assert relay.quiet(2)
        assert not behind.quiet(0)
        over.set()


def test_only_loopback_is_called() -> None:
    """An address elsewhere is refused before anything is opened."""
    with pytest.raises(ValueError, match="not a loopback address"):
        Relay(("192.0.2.1", 443))
    assert running() == []
