"""Who carries octets: unchanged, to an end that is passed on, on loopback only; or up to the certificate."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from lines import NOW
from OpenSSL import SSL

from lab.observation import Hangup, Observation
from lab.pki.world import HOST, World
from lab.wire import tls
from lab.wire.attacker import Attacker
from lab.wire.client import account_request, connect
from lab.wire.copyist import Copyist
from lab.wire.listener import Listener, dial, running
from lab.wire.relay import Relay
from lab.wire.service import Service


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


# ---- a relay that goes too early -------------------------------------------------------------------


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION], ids=["TLS 1.2", "TLS 1.3"])
@pytest.mark.parametrize("algorithm", ["ECDSA", "ML-DSA"])
@pytest.mark.parametrize(("kind", "finishes"), [(Copyist, False), (Attacker, True)], ids=["no key", "with the key"])
def test_a_certificate_without_its_key_gets_a_yes_and_no_handshake(
    version: int, algorithm: str, kind: type[Attacker], finishes: bool
) -> None:
    """The decision is asked, once, with the genuine path; then nothing more comes, and no octet is sent."""
    if algorithm == "ML-DSA" and version == SSL.TLS1_2_VERSION:
        pytest.skip("TLS 1.2 has no ML-DSA signatures")
    world = World(algorithm=algorithm)
    context = tls.client_context([one.certificate for one in world.store])
    context.set_max_proto_version(version)
    asked: list[Observation] = []

    def agree(seen: Observation) -> bool:
        asked.append(seen)
        return True

    with Service(world.genuine) as genuine, kind(world.genuine, genuine.address, host=HOST) as attacker:
        done = connect(attacker.address, HOST, context, agree, time=NOW, request=account_request(HOST, "a secret"))
        seen = attacker.log.finished(done.port, 5)
    assert [one.path is not None and not one.broken_off for one in asked] == [True]
    assert (done.completed, done.accepted, done.observation.broken_off) == (finishes, finishes, not finishes)
    assert (seen.hung_up, seen.holds("a secret")) == (
        (Hangup.NEVER, True) if finishes else (Hangup.NOTHING_CAME, False)
    )
    assert attacker.problems == genuine.problems == []


def test_who_refuses_the_copied_certificate_is_heard() -> None:
    """A client that says no hangs up itself, and nothing is broken off in its view."""
    world = World()
    context = tls.client_context([one.certificate for one in world.store])
    with Service(world.genuine) as genuine, Copyist(world.genuine, genuine.address, host=HOST) as attacker:
        done = connect(attacker.address, HOST, context, lambda seen: False, time=NOW)
    assert (done.completed, done.observation.broken_off) == (False, False)
    assert done.observation.path is not None
    assert running() == []
