"""
The checks of notebook 02: tampering with a request on its way, and reading the attacker's log.

A bank, an attacker and a victim are stood up afresh each time, on loopback.
What is judged is what the bank received and who got the request; how a
learner's function came to it is not looked at.
"""

from __future__ import annotations

import contextlib
import queue
import random
import secrets
import struct
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from lab.course.report import NoAnswer, Question, Report, answer, examine
from lab.observation import Outcome, View
from lab.pki.world import World
from lab.policy.clients import CLIENTS
from lab.scenes.catalogue import case
from lab.trials import trial
from lab.trials.standing import Standing
from lab.wire import tls
from lab.wire.attacker import Attacker
from lab.wire.client import Exchange, connect
from lab.wire.http import Headers, Request, end_to_end
from lab.wire.listener import Address, Listener, dial
from lab.wire.service import Service
from lab.wire.visit import Visit

PATIENCE = 5.0
HANDSHAKE, CLIENT_HELLO, RANDOM_ENDS = 22, 1, 43  # a record's head has 5 octets, a message's 4, version and random 34


def settled(listener: Listener) -> list[Visit]:
    """
    The visits of a bank or an attacker, oldest first, once nobody is connected any more.

    A client has its answer a moment before the other side has written down
    that it gave one. Raises TimeoutError where somebody stays.
    """
    if not isinstance(listener, Service | Attacker):
        raise ValueError(f"{listener!r} keeps no log; give a lab.Service or a lab.Attacker")
    give_up = time.monotonic() + PATIENCE
    while not listener.quiet(0):  # emptied only after the visit is in the log
        if time.monotonic() > give_up:
            raise TimeoutError(f"somebody is still connected to port {listener.port}")
        time.sleep(0.001)
    return list(listener.log)


def offered(knock: Callable[[Address], object]) -> tuple[int, ...]:
    """
    The cipher suites that a server is offered in a ClientHello (RFC 8446 section 4.1.2) when `knock` calls it.

    `knock` is given the server's address. The server reads the first message and hangs up, so an OSError of
    `knock` is no news. Raises ValueError where what came is no ClientHello.
    """
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    with Listener(lambda raw, port: heard.put(raw.recv(1 << 14)), name="ears") as server:
        with contextlib.suppress(OSError):
            knock(server.address)
        with contextlib.suppress(queue.Empty):
            octets = heard.get(timeout=PATIENCE)
            if len(octets) > RANDOM_ENDS and (octets[0], octets[5]) == (HANDSHAKE, CLIENT_HELLO):
                suites = octets[RANDOM_ENDS + 1 + octets[RANDOM_ENDS] :]  # behind a session id of that length
                count = int.from_bytes(suites[:2], "big") // 2
                return struct.unpack_from(f">{count}H", suites, 2)
    raise ValueError("the caller sent no ClientHello; let it begin a TLS handshake with the address that it is given")


# ---- a change on the way -------------------------------------------------------------------------


def double(candidate: Callable[..., Any]) -> Report:
    """Judge `change(request)`: each transfer's amount doubled, all else as it was, over real connections."""
    world = World()
    said: list[str] = []

    def change(request: Request) -> Request:
        try:
            changed: Request = answer(candidate, [replace(request, headers=list(request.headers))], Request)
            return changed
        except NoAnswer as problem:
            said.append(str(problem))
            return request

    rogue = world.other_issuing.issue(world.host)
    with Service(world.genuine) as bank, Attacker(rogue, bank.address, host=world.host, change=change) as attacker:

        def wrong(sent: Request, wanted: Request) -> str:
            before = len(settled(bank))
            said.clear()
            _send(world, attacker, sent)
            heard = [request for visit in settled(bank)[before:] for request in visit.requests]
            return said[0] if said else _compared(sent, wanted, heard)

        return examine("change(request)", wrong, _errands(world.host), lambda errand, remark: remark)


def _send(world: World, listener: Listener, request: Request | None) -> Exchange:
    """The victim: believes any path that ends in its store."""
    context = tls.client_context([anchor.certificate for anchor in world.store])
    return connect(
        listener.address,
        world.host,
        context,
        lambda seen: seen.path is not None,
        time=world.now,
        request=request,
        patience=PATIENCE,
    )


def _errands(host: str) -> list[Question]:
    """Fresh requests of every kind: what the victim sends, and what the bank must receive for nothing to be wrong."""
    page = f"/find?amount={random.randint(2, 9)}"
    octets = b"\xff\xfe&amount=30&" + secrets.token_bytes(9)
    return [
        _transfer("a transfer", host, amount=random.randint(11, 44)),
        _transfer("an amount that gets one digit more", host, amount=random.randint(50, 99)),
        _transfer("a large amount", host, amount=random.randint(10**9, 10**12)),
        _transfer("a payee with signs that a form must encode", host, payee="Ann & Bob = née + 100%"),
        _transfer("a payee whose name holds the amount", host, payee="account 77", amount=77),
        _transfer("an amount before the payee", host, backwards=True),
        _transfer("a transfer with other fields, one of them empty", host, purpose=secrets.token_hex(4), note=""),
        _as_it_was("GET /account", Request("GET", "/account", _headers(host))),
        _as_it_was("GET of a page about amounts", Request("GET", page, _headers(host))),
        _as_it_was("POST of an amount to another page", _post(host, "/estimate", "payee=bank&amount=30")),
        _as_it_was("POST of bytes that are no text", _post(host, "/upload", octets)),
    ]


def _transfer(
    name: str, host: str, *, payee: str = "", amount: int = 0, backwards: bool = False, **others: str
) -> Question:
    amount = amount or random.randint(100, 499)
    form = [("payee", payee or f"account {random.randint(1000, 9999)}"), *others.items(), ("amount", str(amount))]
    doubled = [*form[:-1], ("amount", str(2 * amount))]
    if backwards:
        form, doubled = form[::-1], doubled[::-1]
    sent = _post(host, "/transfer", urllib.parse.urlencode(form))
    return Question(name, (sent, replace(sent, body=urllib.parse.urlencode(doubled).encode())), "")


def _as_it_was(name: str, request: Request) -> Question:
    return Question(name, (request, request), "")


def _post(host: str, target: str, body: str | bytes) -> Request:
    octets = body.encode() if isinstance(body, str) else body
    length = (b"content-length", str(len(octets)).encode())
    return Request("POST", target, [*_headers(host), length], octets)


def _headers(host: str) -> Headers:
    token = (b"authorization", b"Bearer " + secrets.token_hex(8).encode())
    return [(b"host", host.encode()), token, (b"connection", b"close")]


def _compared(sent: Request, wanted: Request, heard: list[Request]) -> str:
    """What is wrong with what the bank received, without saying what should have come; empty where nothing is."""
    if len(heard) != 1:
        return "nothing reached the bank: is the request still one that fits together (its length)?"
    [got] = heard
    if (got.method, got.target) != (wanted.method, wanted.target):
        return "it arrived with another method or at another page"
    if _kept(got) != _kept(wanted):
        return "a header was lost, added or changed"
    if got.body == wanted.body or (sent != wanted and _form(got) == _form(wanted)):
        return ""
    if sent == wanted:
        return "its body was changed, and it is no transfer"
    if _form(got) == _form(sent):
        return "the bank got the amount that the victim sent"
    rest_got, rest_wanted = ([pair for pair in _form(one) if pair[0] != "amount"] for one in (got, wanted))
    return "another field was changed" if rest_got != rest_wanted else "the bank got an amount that is not the double"


def _kept(request: Request) -> list[tuple[bytes, bytes]]:
    """The headers that must arrive, in no order; the length belongs to the body."""
    return sorted(pair for pair in end_to_end(request.headers) if pair[0].lower() != b"content-length")


def _form(request: Request) -> list[tuple[str, str]]:
    return urllib.parse.parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)


# ---- the attacker's log --------------------------------------------------------------------------

UNKNOWN_CA, TRUSTED_CA = "untrusted_rogue_ca", "other_trusted_ca"


def whom(candidate: Callable[..., Any]) -> Report:
    """Judge `whom_does_it_believe(unknown, trusted)` on every client of the table, each met by two attackers."""
    wanted = "one of the three answers"
    asked = [*_from_the_table(), *_silent()]
    return examine("whom_does_it_believe(unknown, trusted)", candidate, asked, _about_clients, wanted)


def _from_the_table() -> Iterator[Question]:
    with Standing(case(UNKNOWN_CA)) as unknown, Standing(case(TRUSTED_CA)) as trusted:
        for name, row in CLIENTS.items():
            trials = [trial.run(row, stage) for stage in (unknown, trusted)]
            robbed = [one.outcome is Outcome.INTERCEPTED for one in trials]
            views = tuple(one.encounters[-1].aftermath.view for one in trials)
            yield Question(f"the client {name}", views, _answer(*robbed))


def _answer(to_unknown: bool, to_trusted: bool) -> str:
    return "anybody" if to_unknown else "the store" if to_trusted else "more"


def _silent() -> Iterator[Question]:
    """Clients that leave without an alert; one of them believes the second attacker."""
    world = World()
    unknown, trusted = world.rogue_root.issue(world.host), world.other_issuing.issue(world.host)
    with Service(world.genuine) as bank:
        with Attacker(unknown, bank.address, host=world.host) as attacker:
            refused = _view(attacker, _send(world, attacker, None).port)
            with dial(attacker.address, PATIENCE) as silent:  # connects, says nothing, and leaves
                knocked = silent.getsockname()[1]
            gone = _view(attacker, knocked)
        with Attacker(trusted, bank.address, host=world.host) as attacker:
            left = _view(attacker, _send(world, attacker, None).port)
            order = Request("GET", "/account", _headers(world.host))
            robbed = _view(attacker, _send(world, attacker, order).port)
    yield Question("a client that hangs up after the handshake, without an alert", (refused, left), "more")
    yield Question("a client that hangs up at once, without an alert", (gone, left), "more")
    yield Question("a client that hangs up on one of the two, without an alert", (gone, robbed), "the store")


def _view(attacker: Attacker, port: int) -> View:
    return attacker.log.finished(port, PATIENCE).view


def _about_clients(question: Question, got: Any) -> str:
    if got not in ("anybody", "the store", "more"):
        return f"{str(got)[:40]!r} is none of the three answers"
    return f"you said {got!r}"
