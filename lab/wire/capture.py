"""
Recording the lab's own connections without the right to sniff.

A packet capture on an interface wants administrator's rights. So the bytes of
a connection are copied where they enter the listener: between the socket that
the client is connected to and the one that TLS reads from stands a relay of
ours. The bytes, the addresses, the ports and the times are real. The TCP/IP
headers around them are made: where a segment ends, sequence numbers, and the
packets that open and close a connection.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.disk import new_file
from lab.wire import pcapng
from lab.wire.deadline import limit
from lab.wire.listener import Address, Listener
from lab.wire.pcapng import Flag

HELD = 2.0  # seconds that a client's packet waits for the server's secrets, at most
LAST = 0.2  # seconds that a client has to close its side, once the server has closed

COMMENT = "The octets, addresses, ports and times are real; the TCP/IP headers around them are made."


# How a capture comes about without sniffing, and in which order things get into the file.
#
#     client  <--TCP-->  listener's port | a pair of sockets of ours |  the TLS of the service
#                                ^ copied here, in both directions
#
#   what is real      Octets, addresses, ports and times. A segment is what one read returned; the kernel may have cut
#                     it otherwise. Sequence numbers count the octets, so that Wireshark puts them together again.
#   secrets first     A reader decrypts a packet with the secrets that stand before it in the file. The server's OpenSSL
#                     tells them while it reads the client's packets, thus after they were copied. So what a client
#                     sends waits until the server has sent something itself (by then the secrets were told), or for
#                     `HELD` seconds. The queue keeps the order of all connections: who waits holds up those behind.
#   valid at any time Whole blocks are appended, under one lock. Whoever kills the lab leaves a file that opens.
#   the end           A side that closes is a FIN; one that breaks off is a RST. Once the server has closed, the client
#                     gets `LAST` seconds to do so too, so that a conversation ends in the file as it did on the line.


@dataclass
class _Packet:
    octets: bytes
    when: int
    ready: bool


class Capture:
    """
    A pcapng file of the connections that recorded listeners serve.

    `record` adds a listener; `secrets` adds a line of a key log, so that the
    file opens by itself. The file is valid at any time. It lags by up to two
    seconds: the secrets that open a client's packet are known only when the
    server has read it, and have to stand before it in the file. A disk that is
    full does not end a connection: it ends the recording, and stands in
    `problem`. Raises ValueError, in one sentence, where `path` exists or
    cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem: OSError | None = None
        descriptor = new_file(path)
        try:
            self._file = pcapng.File(descriptor, comment=COMMENT, program="pinning-lab")
        except OSError as problem:
            os.close(descriptor)
            path.unlink()
            raise ValueError(f"cannot write {path}: {problem.strerror or problem}; is the disk full?") from None
        self._waiting: deque[_Packet] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._writer = threading.Thread(target=self._write, name="lab-capture", daemon=True)
        self._writer.start()

    def record(self, listener: Listener) -> None:
        """From now on, record every connection that is served by `listener`, on whichever port it came in."""
        serve = listener.serve

        def served(raw: socket.socket, port: int) -> None:
            try:
                conversation = Conversation(self, raw.getpeername()[:2], raw.getsockname()[:2])
            except OSError:
                return  # gone before anybody could greet it
            with _Relay(raw, conversation, listener.patience) as line:
                serve(line, port)

        listener.serve = served

    def secrets(self, line: bytes) -> None:
        """Put a line of a key log into the file, before every packet that is still waiting."""
        with self._changed:
            if self.problem is None and not self._closing:
                self._try(lambda: self._file.secrets(line))

    def close(self) -> None:
        """Write what is still waiting, and close the file. Calling it twice is fine."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            self._changed.notify_all()
        self._writer.join()
        self._file.close()

    def add(self, octets: bytes, *, ready: bool) -> _Packet:
        """A packet that passes now; one that is not `ready` waits."""
        with self._changed:
            packet = _Packet(octets, time.time_ns(), ready)
            if self.problem is None and not self._closing:
                self._waiting.append(packet)
                self._changed.notify_all()
            return packet

    def release(self, packets: list[_Packet]) -> None:
        """These have waited long enough: the server has answered them, or never will."""
        with self._changed:
            for packet in packets:
                packet.ready = True
            self._changed.notify_all()

    def _write(self) -> None:
        with self._changed:
            while True:
                while self._waiting and self._due() <= 0:
                    packet = self._waiting.popleft()
                    self._try(lambda: self._file.packet(packet.octets, packet.when))  # noqa: B023  (called at once)
                if self._closing and not self._waiting:
                    return
                self._changed.wait(self._due() if self._waiting else None)

    def _due(self) -> float:
        """In how many seconds the next packet is to be written; packets keep their order."""
        first = self._waiting[0]
        return 0 if first.ready or self._closing else HELD - (time.time_ns() - first.when) / 1e9

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as problem:
            self.problem = problem
            self._waiting.clear()


class Conversation:
    """One TCP connection as packets: it makes the headers, and counts what either side has sent."""

    def __init__(self, capture: Capture, client: Address, server: Address) -> None:
        self._capture = capture
        self._ends = {True: client, False: server}
        self._next = {True: 0, False: 0}  # the next sequence number of the client (True) and of the server
        self._unanswered: list[_Packet] = []
        self._closed: set[bool] = set()
        self._lock = threading.Lock()
        with self._lock:
            self._packet(True, Flag.SYN)
            self._packet(False, Flag.SYN | Flag.ACK)
            self._packet(True, Flag.ACK)

    def sent(self, by_client: bool, octets: bytes) -> None:
        """These octets passed, from the client or from the server."""
        with self._lock:
            if by_client in self._closed:
                return
            if not by_client:
                self._answered()
            for start in range(0, len(octets), pcapng.MOST):
                self._packet(by_client, Flag.PSH | Flag.ACK, octets[start : start + pcapng.MOST])

    def closed(self, by_client: bool, *, reset: bool = False) -> None:
        """That side has closed, or has broken off; a second time is no matter."""
        with self._lock:
            self._answered()
            if by_client in self._closed:
                return
            self._packet(by_client, Flag.RST | Flag.ACK if reset else Flag.FIN | Flag.ACK)
            if reset:
                self._closed.update((True, False))
            else:
                self._closed.add(by_client)
                self._packet(not by_client, Flag.ACK)

    def _answered(self) -> None:
        if self._unanswered:
            self._capture.release(self._unanswered)
            self._unanswered = []

    def _packet(self, by_client: bool, flags: Flag, octets: bytes = b"") -> None:
        known = self._next[not by_client] if Flag.ACK in flags else 0
        ends = (self._ends[by_client], self._ends[not by_client])
        made = pcapng.segment(*ends, self._next[by_client], known, flags, octets)
        waits = by_client and bool(octets)
        packet = self._capture.add(made, ready=not waits)
        if waits:
            self._unanswered.append(packet)
        self._next[by_client] += len(octets) + bool(flags & (Flag.SYN | Flag.FIN))


class _Relay:
    """Between a client's socket and the one that is served: it passes on what comes, and has it recorded."""

    def __init__(self, raw: socket.socket, conversation: Conversation, patience: float) -> None:
        self._raw = raw
        self._conversation = conversation
        self._inner, self._outer = socket.socketpair()
        limit(self._inner, patience)
        self._threads = [
            threading.Thread(target=self._pass_on, args=(by_client,), name="lab-relay", daemon=True)
            for by_client in (True, False)
        ]

    def __enter__(self) -> socket.socket:
        for thread in self._threads:
            thread.start()
        return self._inner

    def __exit__(self, *_: object) -> None:
        self._inner.close()
        from_client, from_server = self._threads
        from_server.join()
        from_client.join(LAST)  # its own goodbye, where it says one
        with contextlib.suppress(OSError):
            self._raw.shutdown(socket.SHUT_RDWR)
        from_client.join()
        self._outer.close()

    def _pass_on(self, by_client: bool) -> None:
        source, target = (self._raw, self._outer) if by_client else (self._outer, self._raw)
        there = True
        while True:
            try:
                octets = source.recv(pcapng.MOST)
            except (BlockingIOError, TimeoutError):
                continue  # whoever serves has a time limit of its own, and closes
            except OSError:
                self._conversation.closed(by_client, reset=True)
                break
            if not octets:
                self._conversation.closed(by_client)
                break
            self._conversation.sent(by_client, octets)
            try:
                if there:
                    target.sendall(octets)
            except OSError:
                there = False  # nobody takes it any more; what still comes is recorded all the same
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
