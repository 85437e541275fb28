"""
Captures as files: pcapng blocks, and the TCP/IP headers around bytes that no wire carried.

It knows the file format (draft-ietf-opsawg-pcapng) and the headers of IPv4
(RFC 791) and TCP (RFC 9293), and neither sockets nor TLS. Only what a capture
of loopback connections needs is here: one interface, raw IPv4 packets, TLS
secrets.
"""

from __future__ import annotations

import os
import socket
import struct
from enum import IntFlag

from lab.disk import append
from lab.wire.listener import Address

MOST = 32 * 1024
"""Octets of one made segment; an IPv4 packet holds 65535, headers included."""

RAW_IP = 101  # LINKTYPE_RAW: a packet begins with its IP header
TLS_KEY_LOG = 0x544C534B  # "TLSK": lines of an SSLKEYLOGFILE (RFC 9850)


class Flag(IntFlag):
    """TCP's control bits (RFC 9293 section 3.1)."""

    FIN = 1
    SYN = 2
    RST = 4
    PSH = 8
    ACK = 16


def segment(source: Address, target: Address, sequence: int, acknowledgement: int, flags: Flag, data: bytes) -> bytes:
    """One IPv4 packet that carries one TCP segment, with both checksums. At most `MOST` octets of data."""
    ends = socket.inet_aton(source[0]) + socket.inet_aton(target[0])
    length = 20 + len(data)
    around = ends + struct.pack("!HH", socket.IPPROTO_TCP, length)

    def tcp(checksum: int) -> bytes:
        numbers = (sequence % 2**32, acknowledgement % 2**32, 5 << 4, flags, 0xFFFF, checksum, 0)
        return struct.pack("!HHIIBBHHH", source[1], target[1], *numbers) + data

    def ip(checksum: int) -> bytes:
        return struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, 64, socket.IPPROTO_TCP, checksum) + ends

    return ip(_checksum(ip(0))) + tcp(_checksum(around + tcp(0)))


def _checksum(octets: bytes) -> int:
    """The internet checksum (RFC 1071). One's complement addition of 16-bit words is arithmetic modulo 65535."""
    number = int.from_bytes(octets + b"\0" * (len(octets) % 2))
    return 0xFFFF - (number % 0xFFFF or 0xFFFF)


class File:
    """
    A pcapng file, written block by block to an open descriptor, which it closes.

    Each block reaches the file whole or not at all, so the file can be opened
    by others at any time. Raises OSError where the disk is full; what stands in
    the file is valid then, too. `comment` and `program` stand in its header.
    """

    def __init__(self, descriptor: int, *, comment: str, program: str) -> None:
        self._descriptor = descriptor
        header = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + _options({1: comment.encode(), 4: program.encode()})
        named = _options({2: b"loopback", 9: b"\x09"})  # if_name; if_tsresol: nanoseconds
        self._block(0x0A0D0D0A, header)
        self._block(1, struct.pack("<HHI", RAW_IP, 0, 0) + named)

    def packet(self, octets: bytes, when: int) -> None:
        """One packet, seen at `when`, in nanoseconds since 1970."""
        head = struct.pack("<IIIII", 0, when >> 32, when & 0xFFFFFFFF, len(octets), len(octets))
        self._block(6, head + _padded(octets))

    def secrets(self, line: bytes) -> None:
        """A line of a key log. Readers in one pass, tshark among them, want it before the packets that it opens."""
        line = line.rstrip(b"\n") + b"\n"
        self._block(10, struct.pack("<II", TLS_KEY_LOG, len(line)) + _padded(line))

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _block(self, kind: int, body: bytes) -> None:
        total = struct.pack("<I", 12 + len(body))
        append(self._descriptor, struct.pack("<I", kind) + total + body + total)


def _options(values: dict[int, bytes]) -> bytes:
    made = [struct.pack("<HH", code, len(value)) + _padded(value) for code, value in values.items()]
    return b"".join(made) + struct.pack("<HH", 0, 0)


def _padded(octets: bytes) -> bytes:
    return octets + b"\0" * (-len(octets) % 4)
