"""The checks of notebook 02 pass a solution and nothing less, and leave nothing running."""

from __future__ import annotations

import ssl
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from lab.course import middle
from lab.course.report import Report
from lab.observation import View
from lab.pki.world import World
from lab.wire.attacker import Attacker
from lab.wire.http import Request
from lab.wire.listener import Address, Listener, dial, running
from lab.wire.service import Service


@pytest.fixture(autouse=True)
def _nothing_is_left_running() -> Iterator[None]:
    before = running()
    yield
    assert running() == before


def form(request: Request) -> list[tuple[str, str]]:
    return urllib.parse.parse_qsl(request.body.decode(), keep_blank_values=True)


def rewritten(request: Request, fields: list[tuple[str, str]]) -> Request:
    headers = [pair for pair in request.headers if pair[0] != b"content-length"]
    return replace(request, headers=headers, body=urllib.parse.urlencode(fields).encode())


def doubled(request: Request) -> Request:
    fields = [(name, str(2 * int(value)) if name == "amount" else value) for name, value in form(request)]
    return rewritten(request, fields)


def is_transfer(request: Request) -> bool:
    return (request.method, request.target) == ("POST", "/transfer")


def change(request: Request) -> Request:
    return doubled(request) if is_transfer(request) else request


def whom(unknown: View, trusted: View) -> str:
    return "anybody" if unknown.requests else "the store" if trusted.requests else "more"


def wrong(report: Report) -> set[str]:
    return {one.case for one in report.marks if not one.right}


def remarks(report: Report) -> set[str]:
    return {one.remark for one in report.marks if not one.right}


def test_the_solutions_pass_on_every_draw() -> None:
    """Three fresh draws of errands, one of clients."""
    assert [remarks(middle.double(change)) for _ in range(3)] == [set()] * 3
    assert [remarks(middle.whom(whom)) for _ in range(1)] == [set()]


def test_a_table_of_the_shown_cases_is_not_enough() -> None:
    """A change that knows the notebook's own transfer, and a reader who knows the words of the shown alerts."""
    shown = {b"payee=alice&amount=100": b"payee=alice&amount=200"}
    known = middle.double(lambda request: replace(request, body=shown.get(request.body, request.body)))
    assert remarks(known) == {"the bank got the amount that the victim sent"}
    words = {"unknown ca": "more", "internal error": "more", "": "the store"}
    table = {("unknown ca", ""): "the store", ("unknown ca", "internal error"): "more", ("", ""): "anybody"}
    by_alert = middle.whom(lambda unknown, trusted: words.get(trusted.alert, "more"))
    assert {"the client trust-everything", "the client switched-off"} < wrong(by_alert)
    by_table = middle.whom(lambda unknown, trusted: table.get((unknown.alert, trusted.alert), "more"))
    assert len(wrong(by_table)) == 3
    assert all("without an alert" in name for name in wrong(by_table))


@pytest.mark.parametrize(
    ("candidate", "remark"),
    [
        (lambda r: r, "the bank got the amount that the victim sent"),
        (lambda r: doubled(r) if b"amount=" in r.body and r.body.isascii() else r, "its body was changed"),
        (lambda r: replace(change(r), headers=change(r).headers[:1]), "a header was lost"),
        (lambda r: rewritten(r, [(n, v * 2 if n == "amount" else v) for n, v in form(r)]) if is_transfer(r) else r,
         "not the double"),
        (lambda r: rewritten(r, [(n, "mallory" if n == "payee" else v) for n, v in form(doubled(r))])
         if is_transfer(r) else r, "another field was changed"),
        (lambda r: replace(r, body=r.body + b"0") if is_transfer(r) else r, "nothing reached the bank"),
        (lambda r: replace(change(r), target="/transfer"), "at another page"),
        (lambda r: r.body.decode(), "a str; a Request was wanted"),
        (lambda r: 1 // 0, "it raised ZeroDivisionError"),
        (lambda r: None, "there is no answer yet"),
        (lambda r: ..., "there is no answer yet"),
    ],
)  # fmt: skip
def test_a_wrong_change_is_told_by_what_the_bank_received(candidate: Callable[..., Any], remark: str) -> None:
    """Each way to go wrong has its remark, and none of them raises."""
    report = middle.double(candidate)
    assert str(report).startswith("✗ not yet")
    assert any(remark in said for said in remarks(report)), report


@pytest.mark.parametrize("answer", [..., ["more"], "anybody", "the store", "more"])
def test_one_answer_for_every_client_is_wrong(answer: Any) -> None:
    """A stub, a wrong type and each single word: all three kinds of client occur."""
    assert not middle.whom(lambda unknown, trusted: answer).solved


def test_a_candidate_that_raises_is_reported() -> None:
    """An exception and a wrong number of parameters are findings."""
    assert not middle.whom(lambda unknown: "more").solved
    assert not middle.double(lambda: None).solved


def test_settled_waits_for_the_log_and_for_nothing_else() -> None:
    """The visit is there at once after the client has left; a bare listener has no log."""
    world = World()
    with Service(world.genuine) as bank:
        rogue = world.other_issuing.issue(world.host)
        with Attacker(rogue, bank.address, host=world.host) as attacker:
            for number in range(1, 6):
                middle._send(world, attacker, Request("GET", "/account", [(b"host", b"bank.example")]))
                assert len(middle.settled(attacker)) == number
                assert len(middle.settled(bank)) == number
    with Listener(lambda raw, port: None) as bare, pytest.raises(ValueError, match="keeps no log"):
        middle.settled(bare)


def test_what_a_server_is_offered_differs_for_the_same_request() -> None:
    """Python's own client offers one list of cipher suites, the relay another; no handshake, no list."""
    world = World()
    rogue = world.other_issuing.issue(world.host)

    def knock(at: Address) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for one in world.store:
            context.load_verify_locations(cadata=one.certificate.public_bytes(Encoding.DER))
        with dial(at) as raw, context.wrap_socket(raw, server_hostname=world.host) as tls:
            tls.sendall(b"GET /account HTTP/1.1\r\nHost: bank.example\r\n\r\n")
            tls.read()

    def relayed(at: Address) -> None:
        with Attacker(rogue, at, host=world.host) as attacker:
            knock(attacker.address)

    direct = middle.offered(knock)
    assert 0x1301 in direct  # TLS_AES_128_GCM_SHA256, which every TLS 1.3 client has (RFC 8446 section 9.1)
    assert direct == middle.offered(knock) != middle.offered(relayed)
    with pytest.raises(ValueError, match="no ClientHello"):
        middle.offered(lambda at: dial(at).close())
