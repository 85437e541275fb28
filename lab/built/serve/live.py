"""
What the other side sees, as it happens.

It knows the logs of services and attackers. Threads that serve tell what happens,
one event at a time. What an attacker or a proxy reads is
told with the secrets in it: that is the lesson.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lab.naming import printable
from lab.observation import Hangup, Line
from lab.scenes.catalogue import Meeting
from lab.wire.attacker import Attacker
from lab.wire.http import Request
from lab.wire.service import Service
from lab.wire.visit import Visit

SECRET = ("authorization", "cookie")


@dataclass(frozen=True)
class Sighting:
    """
    Something that one side saw of one connection.

    `what` is read, served, refused, left or trouble; `who` is attacker, proxy
    or genuine. A refusal is one that an alert told; who merely leaves may have
    refused as well, and nobody can see that from there. `below` are lines of
    their own.
    """

    what: str
    who: str
    port: int
    words: str
    details: dict[str, Any] = field(default_factory=dict)
    below: tuple[str, ...] = ()
    when: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __str__(self) -> str:
        head = f"{self.when.astimezone():%H:%M:%S}  {self.who:<8}  {self.what:<8} {self.words}"
        return "\n".join([head, *(f"{'':<10}{line}" for line in self.below)])

    def record(self) -> dict[str, Any]:
        """The event as plain JSON values."""
        head = {"event": self.what, "time": self.when.isoformat(), "who": self.who, "client_port": self.port}
        return {**head, **self.details}


def part(listener: Service | Attacker, meeting: Meeting) -> str:
    """Who this listener, which was made for this meeting, is in what is told."""
    if not isinstance(listener, Attacker):
        return "genuine"
    return "attacker" if meeting.line is Line.ATTACKER else "proxy"


def watch(listener: Service | Attacker, who: str, tell: Callable[[Sighting], None], *, every: bool = False) -> None:
    """From now on, tell what happens at this listener; with `every`, all headers that are read."""
    listener.log.heard = lambda visit, request: tell(_request(who, visit, request, every))
    listener.log.left = _teller(tell, who)


def _request(who: str, visit: Visit, request: Request, every: bool) -> Sighting:
    details: dict[str, Any] = {"request": request.line, "bytes": visit.read}
    shown: list[str] = []
    if who != "genuine":
        pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers]
        details["headers"] = pairs
        details |= {name.lower(): value for name, value in pairs if name.lower() in SECRET}
        shown += [
            f"{printable(name.title())}: {printable(value)}" for name, value in pairs if every or name.lower() in SECRET
        ]
        if request.body:
            details["body"] = request.body.decode("utf-8", "replace")
            cut = f" and {request.left_out} bytes more" if request.left_out else ""
            shown.append(f"body: {printable(details['body'])}{cut}")
    line, octets = printable(request.line), f"({visit.read} bytes)"
    what = "served" if who == "genuine" else "read"
    if every:
        return Sighting(what, who, visit.port, f"{line}   {octets}", details, tuple(shown))
    return Sighting(what, who, visit.port, "   ".join([line, *shown, octets]), details)


def _teller(tell: Callable[[Sighting], None], who: str) -> Callable[[Visit], None]:
    def left(visit: Visit) -> None:
        details = {"alert": visit.alert or None, "hung_up": visit.hung_up.value, "trouble": visit.trouble or None}
        if visit.alert:
            words = f"alert {visit.alert}; the client hung up {visit.hung_up.value}"
            tell(Sighting("refused", who, visit.port, words, details))
        elif not visit.requests:
            words = f"the client hung up {visit.hung_up.value}"
            if visit.hung_up is Hangup.DURING_HANDSHAKE and visit.trouble:
                words += f" ({printable(visit.trouble)})"
            tell(Sighting("left", who, visit.port, words, details))
        elif visit.trouble:
            tell(Sighting("trouble", who, visit.port, printable(visit.trouble), details))

    return left
