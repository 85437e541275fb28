"""
The site as a CA sees it: a zone that answers over UDP and TCP, and what stands on port 80.

Whoever stands in front of the server answers on its port 80, so owner and
attacker show their proofs there alike. The zone is the owner's alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

from lab.pki.caa import Published
from lab.wire.listener import HOME, Listener
from lab.wire.responder import Responder

WELL_KNOWN = ".well-known/acme-challenge/"
TRIES = 5  # somebody else may hold the datagram port of the number that the stream port has


def unpadded(octets: bytes) -> str:
    """Base 64 as ACME writes it: safe in addresses, and nothing at its end."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


class ZoneServer(Listener):
    """
    A DNS server for every name: its address is loopback, and its TXT and CAA records are those given here.

    It answers over UDP and TCP on one port. `asked` are the questions so far, as ``CAA bank.example``.
    """

    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = {}
        self.caa: Published = {}
        self.asked: list[str] = []
        super().__init__(self._answer_stream)
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._datagrams.bind(self.address)
        except OSError:
            self._datagrams.close()
            super().stop()
            raise
        self._answering = self._started(self._answer_datagrams, f"lab-zone-{self.port}")

    def _answer(self, octets: bytes) -> bytes | None:
        """The answer to a question; None to what is none."""
        try:
            query: Any = dns.message.from_wire(octets)
            (question,) = query.question
        except (dns.exception.DNSException, ValueError):
            return None
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append(f"{kind} {name}")
        found = {
            "A": [HOME],
            "TXT": [f'"{text}"' for text in self.texts.get(name, ())],
            "CAA": [*self.caa.get(name, ())],
        }.get(kind)
        answer: Any = dns.message.make_response(query)
        answer.flags |= dns.flags.AA
        if found:
            answer.answer.append(dns.rrset.from_text(question.name, 1, "IN", kind, *found))
        return bytes(answer.to_wire())

    def _answer_stream(self, raw: socket.socket, port: int) -> None:
        with raw.makefile("rb") as questions, contextlib.suppress(OSError):
            while (head := questions.read(2)) and len(head) == 2:
                answer = self._answer(questions.read(int.from_bytes(head)))
                if answer is None:
                    return
                raw.sendall(len(answer).to_bytes(2) + answer)

    def _answer_datagrams(self) -> None:
        while not self._closing:
            octets, peer = self._datagrams.recvfrom(65_535)
            answer = self._answer(octets)
            if answer is not None:
                self._datagrams.sendto(answer, peer)

    def stop(self) -> None:
        """Close both ports. Calling it twice is fine."""
        if not self._closing:
            super().stop()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waking:
                waking.sendto(b"", self.address)
            self._answering.join()
            self._datagrams.close()


class Premises:
    """The zone and the port 80 of a site, on ephemeral ports of loopback. A context manager."""

    def __init__(self) -> None:
        self.zone = self._zoned()
        self._shown: dict[str, str] = {}
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self.web = Responder(self._page)

    @staticmethod
    def _zoned() -> ZoneServer:
        for _ in range(TRIES - 1):
            with contextlib.suppress(OSError):
                return ZoneServer()
        return ZoneServer()

    def _page(self, path: str) -> bytes:
        with self._lock:
            found = self._shown.get(path)
        if found is None and self._folder:  # a name is looked for in the folder, and not followed out of it
            there = {WELL_KNOWN + one.name: one for one in (self._folder / WELL_KNOWN).iterdir()}
            found = there[path].read_text("utf-8") if path in there else None
        if found is None:
            raise ValueError("the bank has no such page")
        return found.encode()

    @contextlib.contextmanager
    def shows(self, method: str, host: str, token: str, authorization: str) -> Iterator[None]:
        """
        For as long as this lasts, the proof of this key authorization stands where that method has it.

        Raises ValueError for a method other than http-01 and dns-01.
        """
        if method == "http-01":
            place = f"{WELL_KNOWN}{token}"
            with self._lock:
                self._shown[place] = authorization
            try:
                yield
            finally:
                with self._lock:
                    self._shown.pop(place, None)
        elif method == "dns-01":
            name, text = f"_acme-challenge.{host.removeprefix('*.')}", proof(authorization)
            self.zone.texts.setdefault(name, []).append(text)
            try:
                yield
            finally:
                self.zone.texts[name].remove(text)
        else:
            raise ValueError(f"{method!r} is no proof that this lab gives; use http-01 or dns-01")

    @contextlib.contextmanager
    def hands_out(self, folder: Path) -> Iterator[None]:
        """For as long as this lasts, what another program puts there as its proof stands on port 80 too."""
        (folder / WELL_KNOWN).mkdir(parents=True)
        self._folder = folder
        try:
            yield
        finally:
            self._folder = None

    def stop(self) -> None:
        """Close every port. Calling it twice is fine."""
        self.web.stop()
        self.zone.stop()

    def __enter__(self) -> Premises:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def proof(authorization: str) -> str:
    """What a TXT record shows of a key authorization (RFC 8555 section 8.4)."""
    return unpadded(hashlib.sha256(authorization.encode()).digest())
