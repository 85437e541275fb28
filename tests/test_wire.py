"""
The wire carries real HTTP over real TLS, through the honest service and through the attacker.

The attacker changes nothing that it is not told to change, and writes down
what it saw. Nothing here knows a pin.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import requests
from lines import NOW, answered, ask, line, pem, refuses, request, validates
from OpenSSL import SSL

from lab.observation import Hangup, Observation
from lab.pki.authority import authority, new_key
from lab.pki.world import HOST, World
from lab.policy.checks import FULL_HANDSHAKE_LEAF_PIN, LEAF_PIN, Known
from lab.policy.clients import CLIENTS
from lab.scenes.catalogue import case, site_pins
from lab.trials.matrix import matrix
from lab.wire import tls
from lab.wire.attacker import Attacker, change_payee
from lab.wire.client import PLAIN, Decide, Exchange, Habits, account_request, connect
from lab.wire.http import Request
from lab.wire.listener import Listener, dial, require_loopback, running
from lab.wire.service import STATEMENT, Service
from lab.wire.visit import Visit

WORLD = World(also=("localhost",))


@dataclass(frozen=True)
class Standing:
    """The honest service, and an attacker whom another trusted CA helped."""

    service: Service
    attacker: Attacker

    def listener(self, name: str) -> Listener:
        return {"service": self.service, "attacker": self.attacker}[name]


@pytest.fixture(scope="module")
def standing() -> Iterator[Standing]:
    rogue = WORLD.other_issuing.issue(*WORLD.hosts)
    with Service(WORLD.genuine) as service, Attacker(rogue, service.address, host=HOST) as attacker:
        yield Standing(service, attacker)


BOTH_WAYS = pytest.mark.parametrize("way", ["service", "attacker"])

# ---- HTTP -----------------------------------------------------------------------------------------


@BOTH_WAYS
def test_get(way: str, standing: Standing) -> None:
    """A page comes back; a page that does not exist is a 404."""
    found = answered(ask(standing.listener(way), WORLD.store))
    assert (found.status, json.loads(found.text)) == (200, {"owner": "you", "balance": "1024.00"})
    missing = answered(ask(standing.listener(way), WORLD.store, request=request("GET", "/vault")))
    assert (missing.status, missing.text) == (404, "the bank has no such page\n")


@BOTH_WAYS
def test_head(way: str, standing: Standing) -> None:
    """The answer to HEAD has the headers of GET and no body."""
    head = answered(ask(standing.listener(way), WORLD.store, request=request("HEAD", "/account")))
    assert (head.status, head.body) == (200, b"")
    body = answered(ask(standing.listener(way), WORLD.store)).body
    assert str(len(body)).encode() == dict(head.headers)[b"content-length"]


@BOTH_WAYS
def test_keep_alive(way: str, standing: Standing) -> None:
    """Several requests go over one connection, after a HEAD and after a 404 too."""
    with line(standing.listener(way)) as wire:
        statuses = []
        for method, page in (("GET", "/"), ("HEAD", "/"), ("GET", "/vault"), ("GET", "/account")):
            wire.ask(request(method, page))
            statuses.append(wire.next_answer().status)
    assert statuses == [200, 200, 404, 200]


@BOTH_WAYS
def test_chunked_answer(way: str, standing: Standing) -> None:
    """A megabyte in chunks arrives in chunks, to the last byte."""
    answer = answered(ask(standing.listener(way), WORLD.store, request=request("GET", "/statement")))
    assert answer.chunked
    assert len(STATEMENT) > 1_000_000
    assert answer.body == STATEMENT


@BOTH_WAYS
def test_transfer(way: str, standing: Standing) -> None:
    """A transfer is booked as it was sent; one without an amount is a 400 and books nothing."""
    before = len(standing.service.booked)
    done = ask(standing.listener(way), WORLD.store, request=request("POST", "/transfer", b"payee=anna&amount=7"))
    assert json.loads(answered(done).text) == {"booked": {"payee": "anna", "amount": "7"}}
    bad = ask(standing.listener(way), WORLD.store, request=request("POST", "/transfer", b"payee=anna"))
    assert answered(bad).status == 400
    got = ask(standing.listener(way), WORLD.store, request=request("GET", "/transfer"))
    assert answered(got).status == 405
    assert standing.service.booked[before:] == [{"payee": "anna", "amount": "7"}]


@BOTH_WAYS
def test_chunked_upload_that_waits_for_100(way: str, standing: Standing) -> None:
    """A client that asks before it sends is told to go on, and its chunks are put together."""
    head = (
        f"POST /transfer HTTP/1.1\r\nHost: {HOST}\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
    ).encode()
    with line(standing.listener(way)) as wire:
        wire.connection.sendall(head)
        assert wire.connection.recv(65536).startswith(b"HTTP/1.1 100")
        wire.connection.sendall(b"8\r\npayee=bo\r\n9\r\n&amount=8\r\n0\r\n\r\n")
        answer = wire.connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b'{"booked": {"payee": "bo", "amount": "8"}}\n')


@pytest.mark.parametrize("page", ["/", "/account", "/statement", "/vault"])
def test_the_attacker_passes_answers_on_unchanged(page: str, standing: Standing) -> None:
    """Status and body are the same bytes with and without the attacker in between."""
    direct = answered(ask(standing.service, WORLD.store, request=request("GET", page)))
    relayed = answered(ask(standing.attacker, WORLD.store, request=request("GET", page)))
    assert (direct.status, direct.body, direct.chunked) == (relayed.status, relayed.body, relayed.chunked)
    kept = {b"content-type"}
    assert [one for one in direct.headers if one[0] in kept] == [one for one in relayed.headers if one[0] in kept]


AT = f"Host: {HOST}\r\n".encode()
ODD = {
    "HTTP/1.0": (200, b"GET / HTTP/1.0\r\n\r\n"),
    "HTTP/1.0, a megabyte": (200, b"GET /statement HTTP/1.0\r\n\r\n"),
    "HTTP/9.9": (200, b"GET / HTTP/9.9\r\n\r\n"),
    "PRI": (404, b"PRI * HTTP/2.0\r\n\r\n"),
    "two lengths": (
        200,
        b"POST /transfer HTTP/1.1\r\n" + AT + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"8\r\npayee=bo\r\n9\r\n&amount=8\r\n0\r\n\r\n",
    ),
    "no address": (400, b"GET //[ HTTP/1.1\r\n" + AT + b"\r\n"),
    "CONNECT": (400, b"CONNECT / HTTP/1.1\r\n" + AT + b"\r\n"),
    "an order without end": (413, b"POST /transfer HTTP/1.1\r\n" + AT + b"Content-Length: 5000\r\n\r\n" + b"a" * 5000),
    "no host": (400, b"GET / HTTP/1.1\r\n\r\n"),
}


def octets_for(listener: Listener, request: bytes) -> bytes:
    """All that comes back to whoever sends this and then, where the connection lasts, a request that ends it."""
    back = b""
    with line(listener) as wire, contextlib.suppress(SSL.ZeroReturnError):
        wire.connection.sendall(request + b"GET /vault HTTP/1.1\r\n" + AT + b"Connection: close\r\n\r\n")
        while True:
            back += wire.connection.recv(65536)
    return back


@pytest.mark.parametrize("odd", ODD)
def test_odd_requests_pass_through_the_attacker(odd: str, standing: Standing) -> None:
    """What few clients send gets the same octets back from the service and through the attacker."""
    status, request = ODD[odd]
    direct = octets_for(standing.service, request)
    assert direct.startswith(f"HTTP/1.1 {status} ".encode())
    assert octets_for(standing.attacker, request) == direct
    assert standing.service.problems + standing.attacker.problems == []


# ---- what the attacker sees -----------------------------------------------------------------------


def visit(listener: Attacker | Service, port: int) -> Visit:
    return listener.log.finished(port, 5.0)


def test_the_attacker_records_what_it_reads(standing: Standing) -> None:
    """The attacker holds the request and its secret, and the genuine service never notices."""
    done = ask(standing.attacker, WORLD.store)
    seen = visit(standing.attacker, done.port)
    assert seen.holds("a secret")
    assert not seen.holds("another secret")
    assert (Hangup.NEVER, "", done.sent, ("GET /account",), ()) == (
        seen.view.hung_up,
        seen.view.alert,
        seen.view.read,
        seen.view.requests,
        seen.view.tampered,
    )
    assert "GET /account" in standing.attacker.read()
    assert answered(done).status == 200


def test_the_attacker_changes_what_it_is_told_to(standing: Standing) -> None:
    """The victim's transfer goes to another payee; other requests pass as they are."""
    rogue = WORLD.other_issuing.issue(HOST)
    order = request("POST", "/transfer", b"payee=anna&amount=7")
    with Attacker(rogue, standing.service.address, host=HOST, change=change_payee("mallory")) as thief:
        robbed = ask(thief, WORLD.store, request=order)
        assert standing.service.booked[-1] == {"payee": "mallory", "amount": "7"}
        assert json.loads(answered(robbed).text) == {"booked": {"payee": "mallory", "amount": "7"}}
        assert visit(thief, robbed.port).view.tampered == ("POST /transfer",)
        other = ask(thief, WORLD.store)
        assert visit(thief, other.port).view.tampered == ()
    honest = ask(standing.attacker, WORLD.store, request=order)
    assert json.loads(answered(honest).text) == {"booked": {"payee": "anna", "amount": "7"}}


def test_alerts_and_when_the_victim_hung_up(standing: Standing) -> None:
    """An unknown CA, a refusal by the client's own check, and no refusal look different to the attacker."""
    calls = standing.attacker.calls
    cases = {
        "unknown root": ask(standing.attacker, (WORLD.root,)),
        "refused by a check": ask(standing.attacker, WORLD.store, refuses),
        "accepted": ask(standing.attacker, WORLD.store),
    }
    views = {name: visit(standing.attacker, done.port).view for name, done in cases.items()}
    assert {name: (view.alert, view.hung_up) for name, view in views.items()} == {
        "unknown root": ("unknown ca", Hangup.DURING_HANDSHAKE),
        "refused by a check": ("internal error", Hangup.DURING_HANDSHAKE),
        "accepted": ("", Hangup.NEVER),
    }
    assert [views[name].read for name in ("unknown root", "refused by a check")] == [0, 0]
    assert [done.accepted for done in cases.values()] == [False, False, True]
    # who refuses costs the genuine service nothing: only the third was passed on
    assert standing.attacker.calls == calls + 1


def test_a_late_refusal_looks_like_success() -> None:
    """To the attacker, a client that checks after its request is a client that accepts."""
    late = matrix([CLIENTS["checks-too-late"], CLIENTS["leaf-pinned"]], [case("other_trusted_ca")])
    robbed = late.cell("checks-too-late", "other_trusted_ca").shown.aftermath.view
    stopped = late.cell("leaf-pinned", "other_trusted_ca").shown.aftermath.view
    assert (robbed.alert, robbed.hung_up, robbed.requests) == ("", Hangup.NEVER, ("GET /account",))
    assert (stopped.alert, stopped.hung_up, stopped.requests) == (
        "internal error",
        Hangup.DURING_HANDSHAKE,
        (),
    )


# ---- other people's clients -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The public trust store as a PEM file."""
    file = tmp_path_factory.mktemp("trust") / "roots.pem"
    file.write_bytes(pem(one.certificate for one in WORLD.store))
    return file


def curl(listener: Listener, roots: Path, *more: str) -> subprocess.CompletedProcess[bytes]:
    found = shutil.which("curl")
    if not found:
        pytest.skip("curl is not installed")
    return subprocess.run(
        [found, "--disable", "--silent", "--show-error", "--noproxy", "*", "--cacert", str(roots),
         "--resolve", f"{HOST}:{listener.port}:127.0.0.1", *more],
        capture_output=True, timeout=30,
    )  # fmt: skip


@pytest.fixture(scope="module")
def nobodys(standing: Standing) -> Iterator[Attacker]:
    """An attacker whom no trusted CA helps."""
    rogue = WORLD.rogue_root.issue(*WORLD.hosts)
    with Attacker(rogue, standing.service.address, host=HOST) as attacker:
        yield attacker


@BOTH_WAYS
def test_curl_passes(way: str, standing: Standing, roots: Path) -> None:
    """curl gets the account and the whole statement, over one connection."""
    url = f"https://{HOST}:{standing.listener(way).port}"
    done = curl(standing.listener(way), roots, f"{url}/account", f"{url}/statement")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == answered(ask(standing.service, WORLD.store)).body + STATEMENT


@BOTH_WAYS
def test_curl_uploads(way: str, standing: Standing, roots: Path) -> None:
    """curl's chunked upload with Expect: 100-continue is booked."""
    done = curl(
        standing.listener(way), roots, f"https://{HOST}:{standing.listener(way).port}/transfer",
        "--header", "Transfer-Encoding: chunked", "--header", "Expect: 100-continue",
        "--data", "payee=carla&amount=9",
    )  # fmt: skip
    assert json.loads(done.stdout) == {"booked": {"payee": "carla", "amount": "9"}}


def test_curl_refuses_a_ca_that_nobody_trusts(nobodys: Attacker, roots: Path) -> None:
    """curl's error 60, and nothing was read."""
    done = curl(nobodys, roots, f"https://{HOST}:{nobodys.port}/account")
    assert (done.returncode, done.stdout) == (60, b"")
    assert "GET /account" not in nobodys.read()


@BOTH_WAYS
def test_requests_passes(way: str, standing: Standing, roots: Path) -> None:
    """The requests library gets the account and the statement, over one connection."""
    url = f"https://localhost:{standing.listener(way).port}"
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(roots)
        assert session.get(f"{url}/account", timeout=5).json()["owner"] == "you"
        assert session.get(f"{url}/statement", timeout=5).content == STATEMENT


def test_requests_refuses_a_ca_that_nobody_trusts(nobodys: Attacker, roots: Path) -> None:
    """The requests library raises its SSLError, and nothing was read."""
    with requests.Session() as session:
        session.trust_env = False
        with pytest.raises(requests.exceptions.SSLError, match="certificate verify failed"):
            session.get(f"https://localhost:{nobodys.port}/account", verify=str(roots), timeout=5)
    assert nobodys.read() == []


# ---- loopback only --------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["192.0.2.1", "0.0.0.0", "bank.example", "2001:db8::1", "localhost.example"])
def test_nothing_but_loopback(host: str) -> None:
    """An attacker, a client and a socket refuse every address outside this machine, unresolved."""
    before = running()
    with pytest.raises(ValueError, match=f"{host}:443 is not a loopback address"):
        Attacker(WORLD.genuine, (host, 443), host=HOST)
    with pytest.raises(ValueError, match="not a loopback address"):
        dial((host, 443))
    with pytest.raises(ValueError, match="not a loopback address"):
        connect((host, 443), HOST, tls.client_context(()), validates, time=NOW)
    assert before == running()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_is_allowed(host: str) -> None:
    """Every loopback address is allowed."""
    assert require_loopback((host, 443))[1] == 443


@pytest.mark.parametrize("host", ["x\0y.example", "\ud800.example"])
def test_a_host_that_cannot_be_sent_is_one_sentence(host: str, standing: Standing) -> None:
    """A NUL or half a character: whoever connects or words a request says so; other names are sent."""
    address, context = standing.service.address, tls.client_context(())
    words = "can be asked of no server: it has a NUL or half a character in it"
    with pytest.raises(ValueError, match=words) as refused:
        connect(address, host, context, validates, time=NOW)
    assert "\n" not in str(refused.value)
    with pytest.raises(ValueError, match=words):
        account_request(host)
    for other in ("b\u00fccher.example", "a" * 300, " ", ""):
        connect(address, other, context, validates, time=NOW, request=account_request(other))


def test_ports_are_ephemeral(standing: Standing) -> None:
    """Two listeners never fight for a port, and both are on 127.0.0.1."""
    with Service(WORLD.genuine) as another:
        addresses = {another.address, standing.service.address, standing.attacker.address}
    assert len(addresses) == 3
    assert {host for host, _ in addresses} == {"127.0.0.1"}
    assert all(port >= 1024 for _, port in addresses)


# ---- validation inside the handshake --------------------------------------------------------------


def test_a_yes_at_depth_0_is_provisional() -> None:
    """OpenSSL checks name constraints after the leaf: a client that had said yes has refused in the end."""
    limited = authority("Limited Root", only=("test",))
    said = []

    def decide(observation: Observation) -> bool:
        said.append((observation.path is not None, observation.error and observation.error.code))
        return validates(observation)

    with Service(limited.issue(HOST)) as outside:
        done = ask(outside, (limited,), decide)
    assert said == [(True, None), (False, 47)]
    assert (
        done.accepted,
        done.completed,
        done.observation.path,
        done.observation.error and done.observation.error.code,
    ) == (False, False, None, 47)
    assert done.sent == 0


def test_a_name_inside_the_constraint_passes() -> None:
    """The same authority with the right domain serves."""
    limited = authority("Limited Root", only=("example",))
    with Service(limited.issue(HOST)) as inside:
        done = ask(inside, (limited,))
    assert (done.accepted, answered(done).status) == (True, 200)


@pytest.mark.parametrize(
    ("days", "code"),
    [(-5, 9), (0, None), (80, None), (100, 10)],
    ids=["early", "now", "last days", "expired"],
)
def test_the_clock_of_one_client(days: int, code: int | None, standing: Standing) -> None:
    """A client can live at another time than the server, and sees what is valid then."""
    done = ask(standing.service, WORLD.store, time=NOW + timedelta(days=days))
    assert (code is None, code) == (
        done.accepted,
        done.observation.error and done.observation.error.code,
    )


def test_an_untrusted_root_has_a_reason_in_words(standing: Standing) -> None:
    """The first error is kept, with its depth, in words that a learner can read."""
    done = ask(standing.service, (WORLD.other_root,))
    error = done.observation.error
    assert error is not None
    assert (error.code, error.depth) == (20, 1)
    assert "trust store holds none" in error.reason
    assert done.failure


# ---- resumption -----------------------------------------------------------------------------------


def test_a_resumed_session_shows_no_path() -> None:
    """With a session from before nothing is validated: no path, and a sound pin refuses."""
    known = Known(site=site_pins(WORLD, WORLD.genuine))
    context = tls.client_context([one.certificate for one in WORLD.store])

    def meet(decide: Decide, habits: Habits = PLAIN) -> Exchange:
        request = account_request(HOST)
        return connect(service.address, HOST, context, decide, time=NOW, request=request, habits=habits)

    with Service(WORLD.genuine, resumable=True) as service:
        first = meet(validates)
        careless = meet(
            lambda seen: FULL_HANDSHAKE_LEAF_PIN.find(seen, known).passed, habits=Habits(session=first.session)
        )
        sound = meet(lambda seen: LEAF_PIN.find(seen, known).passed, habits=Habits(session=first.session))
        without = meet(lambda seen: LEAF_PIN.find(seen, known).passed)
    assert (first.observation.resumed, first.observation.path is not None) == (False, True)
    for resumed in (careless, sound):
        assert (resumed.observation.resumed, resumed.observation.path) == (True, None)
    assert (careless.accepted, answered(careless).status) == (True, 200)
    assert (sound.accepted, sound.answer, sound.sent) == (False, None, 0)
    # the same service without the session: a full handshake, which the pin accepts
    assert (without.observation.resumed, without.accepted) == (False, True)
    assert len(without.observation.path or ()) == 3


def test_sessions_are_off_unless_asked_for(standing: Standing) -> None:
    """An ordinary service resumes nothing, so a session brought along changes nothing."""
    context = tls.client_context([one.certificate for one in WORLD.store])
    meet = partial(connect, standing.service.address, HOST, context, validates, time=NOW, request=account_request(HOST))
    first = meet()
    again = meet(habits=Habits(session=first.session))
    assert (again.observation.resumed, again.accepted) == (False, True)


# ---- keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "name"), [("ECDSA", "ECDSA P-256"), ("RSA", "RSA 2048"), ("ML-DSA", "ML-DSA-65")]
)
def test_every_algorithm_serves(algorithm: str, name: str) -> None:
    """A service with a line of each algorithm serves, and every key on the path is of it."""
    world = World(algorithm=algorithm)
    with Service(world.genuine) as service:
        done = ask(service, (world.root,))
    assert (done.accepted, answered(done).status) == (True, 200)
    assert [name] * 3 == [one.algorithm for one in done.observation.path or ()]


@pytest.mark.parametrize("algorithm", ["ECDSA", "ML-DSA"])
def test_a_wrong_key_is_refused_when_the_service_starts(algorithm: str) -> None:
    """A key that is not the leaf's stops the service before it listens."""
    genuine = authority("Root").issue(HOST, algorithm=algorithm)
    before = running()
    with pytest.raises(SSL.Error, match=r"mismatch|different key types"):
        Service(replace(genuine, key=new_key(algorithm)))
    assert before == running()


def test_holding_a_secret_means_having_read_it() -> None:
    """A secret counts as read wherever it stands in a request, and nowhere else."""
    for where in (
        Request("GET", "/?token=s3cret"),
        Request("GET", "/", [(b"authorization", b"Bearer s3cret")]),
        Request("POST", "/", [], b"token=s3cret"),
    ):
        assert where.holds("s3cret")
        assert not where.holds("other")
