"""
Bad visitors, broken lines and careless notebooks leave nothing behind.

After each of them the listener still serves, has noted no problem of its own,
and on leaving there is no thread and no open file more than before.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import itertools
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from lines import NOW, answered, ask, breaking_off, half_open, leftovers, line, request, soon, validates
from OpenSSL import SSL

from lab.observation import Hangup, Line, Observation, Outcome
from lab.pki.world import HOST, World
from lab.policy.clients import CLIENTS
from lab.scenes.catalogue import Meeting, case
from lab.trials.standing import Standing
from lab.trials.trial import run, trial
from lab.wire import tls
from lab.wire.attacker import Attacker
from lab.wire.client import account_request, connect
from lab.wire.http import MOST, PIECES, Answer, Request
from lab.wire.listener import Listener, running, stop_all
from lab.wire.service import Service
from lab.wire.visit import LATE, Log

WORLD = World()
ROGUE = WORLD.other_issuing.issue(HOST)
PATIENCE = 0.5  # short, so that a hung connection is given up while the test waits


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    """One request, so that what libraries open once and keep is open already."""
    with Service(WORLD.genuine) as service:
        ask(service, WORLD.store)
    gc.collect()
    gc.freeze()  # what is there already need not be gone through at each look for leftovers
    yield
    gc.unfreeze()


@contextlib.contextmanager
def nothing_left_behind() -> Iterator[None]:
    before = leftovers()
    yield
    assert before == leftovers()


@contextlib.contextmanager
def standing(way: str, patience: float = PATIENCE) -> Iterator[Service | Attacker]:
    """A service, or an attacker in front of one; on leaving it still serves, and nothing is left behind."""
    with nothing_left_behind():
        with two_listeners(patience) as (service, attacker):
            both: dict[str, Service | Attacker] = {"service": service, "attacker": attacker}
            listener = both[way]
            yield listener
            done = ask(listener, WORLD.store)
            assert (done.accepted, done.answer and done.answer.status) == (True, 200), done.failure
            assert service.problems + attacker.problems == []
        assert running() == []


@contextlib.contextmanager
def two_listeners(patience: float) -> Iterator[tuple[Service, Attacker]]:
    with (
        Service(WORLD.genuine, patience=patience) as service,
        Attacker(ROGUE, service.address, host=HOST, patience=patience) as attacker,
    ):
        yield service, attacker


BOTH_WAYS = pytest.mark.parametrize("way", ["service", "attacker"])


def troubles(listener: Service | Attacker) -> list[str]:
    return [visit.trouble for visit in listener.log]


def test_the_leak_check_can_fail() -> None:
    """A socket or a thread that stays is noticed."""
    before = leftovers()
    service = Service(WORLD.genuine)
    assert before != leftovers()
    service.stop()
    assert before == leftovers()


# ---- bad visitors ---------------------------------------------------------------------------------


@BOTH_WAYS
@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 600, b"\x16\x03\x01\xff\xff" + b"A" * 600],
    ids=["plain HTTP", "zeros", "a broken record"],
)
def test_garbage_instead_of_tls(way: str, garbage: bytes) -> None:
    """Bytes that are no TLS end that visit only, with a word in the log."""
    with standing(way) as listener:
        with half_open(listener) as raw:
            raw.sendall(garbage)
            with contextlib.suppress(ConnectionError):  # who is not understood may hang up at once
                while raw.recv(4096):
                    pass  # at most an alert comes back
        assert soon(lambda: len(listener.log) == 1)
        assert all(troubles(listener))


@BOTH_WAYS
def test_garbage_instead_of_http(way: str) -> None:
    """Bytes that are no HTTP are a 400 and the end of that connection."""
    with standing(way) as listener, line(listener) as wire:
        wire.connection.sendall(b"this is no request\r\n\r\n")
        assert wire.connection.recv(65536).startswith(b"HTTP/1.1 400")
        with pytest.raises(SSL.ZeroReturnError):
            wire.connection.recv(65536)


@BOTH_WAYS
def test_half_open_connections(way: str) -> None:
    """Visitors who connect and say nothing hold nobody up, and are given up in time."""
    with standing(way) as listener:
        silent = [half_open(listener) for _ in range(5)]
        assert ask(listener, WORLD.store).accepted
        assert soon(lambda: len(listener.log) == 6)
        assert [one for one in troubles(listener) if one] == ["nothing came within the time limit"] * 5
        for raw in silent:
            raw.close()


@BOTH_WAYS
def test_stopping_does_not_wait_for_the_silent(way: str) -> None:
    """A listener that is stopped hangs up on whoever is still connected, however patient it is."""
    with nothing_left_behind(), contextlib.ExitStack() as guests:
        with two_listeners(30.0) as (service, attacker):
            listener = {"service": service, "attacker": attacker}[way]
            guests.enter_context(half_open(listener))
            wire = guests.enter_context(line(listener))
            wire.ask(request("GET", "/account"))
            assert wire.next_answer().status == 200
            began = time.monotonic()
        assert time.monotonic() - began < 5.0
        assert (running(), service.problems + attacker.problems) == ([], [])


@BOTH_WAYS
def test_hang_up_in_the_middle_of_the_handshake(way: str) -> None:
    """A client that leaves after its first message has hung up during the handshake."""
    with standing(way) as listener:
        hello = SSL.Connection(tls.client_context(()), None)
        hello.set_connect_state()
        with pytest.raises(SSL.WantReadError):
            hello.do_handshake()
        with half_open(listener) as raw:
            raw.sendall(hello.bio_read(65536))
            raw.recv(1)
        assert soon(lambda: len(listener.log) == 1)
        (visit,) = listener.log
        assert (visit.hung_up, bool(visit.trouble)) == (Hangup.DURING_HANDSHAKE, True)


@BOTH_WAYS
def test_hang_up_in_the_middle_of_a_request(way: str) -> None:
    """A client that leaves halfway through a request was there before any request."""
    with standing(way) as listener:
        with line(listener) as wire:
            wire.connection.sendall(b"POST /transfer HTTP/1.1\r\nHost: x.test\r\nContent-Length: 9\r\n\r\npay")
        assert soon(lambda: len(listener.log) == 1)
        (visit,) = listener.log
        assert (visit.hung_up, visit.requests) == (Hangup.BEFORE_REQUEST, [])
        assert visit.trouble


@BOTH_WAYS
def test_a_slow_client_is_served(way: str) -> None:
    """A client that is slow, but faster than the time limit for one byte, is served."""
    with standing(way) as listener, line(listener) as wire:
        for part in (b"GET /acc", b"ount HTTP/1.1\r\nHo", b"st: bank.example\r\n", b"\r\n"):
            time.sleep(PATIENCE / 4)
            wire.connection.sendall(part)
        assert wire.connection.recv(65536).startswith(b"HTTP/1.1 200")


@BOTH_WAYS
def test_a_client_that_is_too_slow_is_given_up(way: str) -> None:
    """A client that stops in the middle of a request loses its connection after the time limit."""
    with standing(way) as listener, line(listener) as wire:
        wire.connection.sendall(b"GET /acc")
        assert soon(lambda: troubles(listener) == ["nothing came within the time limit"])


HANDSHAKE, HEAD, BODY_OF_IT = (
    b"\x16\x03\x01\x02\x00",
    b"GET /acc",
    b"POST / HTTP/1.1\r\nHost: x.test\r\nContent-Length: 99\r\n\r\n",
)


@BOTH_WAYS
@pytest.mark.parametrize("begun", [HANDSHAKE, HEAD, BODY_OF_IT], ids=["handshake", "head", "body"])
def test_a_visitor_who_dribbles_is_given_up(way: str, begun: bytes) -> None:
    """An octet now and then buys nobody more time: a handshake and a request have a time limit as a whole."""
    with standing(way) as listener, contextlib.ExitStack() as opened:
        if begun is HANDSHAKE:
            send: Callable[[bytes], object] = opened.enter_context(half_open(listener)).sendall
        else:
            send = opened.enter_context(line(listener)).connection.sendall
        began = time.monotonic()
        send(begun)
        while not len(listener.log) and time.monotonic() - began < 8 * PATIENCE:
            time.sleep(PATIENCE / 4)
            with contextlib.suppress(SSL.Error, OSError):
                send(b"a")
        assert PATIENCE < time.monotonic() - began < 4 * PATIENCE
        assert troubles(listener) == [LATE]


@BOTH_WAYS
@pytest.mark.parametrize(("chunks", "status"), [(PIECES, 404), (PIECES + 1, 413)])
def test_a_body_in_crumbs(way: str, chunks: int, status: int) -> None:
    """A chunk for each octet costs as much as a large body does, and no more."""
    with standing(way, patience=10.0) as listener, line(listener) as wire:
        wire.connection.sendall(b"POST /vault HTTP/1.1\r\nHost: x.test\r\nTransfer-Encoding: chunked\r\n\r\n")
        wire.connection.sendall(b"1\r\na\r\n" * chunks + b"0\r\n\r\n")
        assert wire.connection.recv(65536).startswith(f"HTTP/1.1 {status}".encode())


@BOTH_WAYS
def test_a_body_that_is_too_large(way: str) -> None:
    """A body above 16 MiB is a 413, and is not booked; the largest that is allowed is read."""
    with standing(way, patience=10.0) as listener:  # sixteen megabytes take their time on a busy machine
        with line(listener) as wire:
            wire.ask(request("POST", "/transfer", bytes(MOST + 1)))
            assert wire.next_answer().status == 413
        with line(listener) as wire:
            wire.ask(request("POST", "/vault", bytes(MOST)))
            assert wire.next_answer().status == 404


def test_the_service_behind_the_attacker_is_gone() -> None:
    """With the genuine service stopped the attacker answers 502, notes it, and lives."""
    with nothing_left_behind():
        service = Service(WORLD.genuine)
        with Attacker(ROGUE, service.address, host=HOST, patience=PATIENCE) as attacker:
            assert answered(ask(attacker, WORLD.store)).status == 200
            service.stop()
            for _ in range(2):
                done = ask(attacker, WORLD.store)
                assert (done.accepted, answered(done).status) == (True, 502)
                assert "nobody listens" in attacker.log.finished(done.port, 5.0).trouble
            assert attacker.problems == []


def test_a_service_that_hangs_up_on_the_attacker() -> None:
    """When the line behind breaks between two requests, the victim sees a 502 and then the page."""
    with (
        nothing_left_behind(),
        Service(WORLD.genuine, patience=PATIENCE) as service,
        Attacker(ROGUE, service.address, host=HOST) as attacker,
        line(attacker) as wire,
    ):
        statuses = []
        for pause in (0, PATIENCE * 2, 0):
            time.sleep(pause)
            wire.ask(request("GET", "/account"))
            statuses.append(wire.next_answer().status)
        assert service.problems + attacker.problems == []
    assert statuses == [200, 502, 200]


# ---- a peer that breaks off -----------------------------------------------------------------------


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION], ids=["TLS 1.2", "TLS 1.3"])
def test_a_line_that_breaks_inside_the_handshake(version: int) -> None:
    """Whichever record was the last, a yes to a certificate whose key was not proved yet is no acceptance."""
    context = tls.client_context([one.certificate for one in WORLD.store])
    context.set_max_proto_version(version)
    asked = account_request(HOST, "a secret")
    said: list[list[bool]] = []

    def decide(observation: Observation) -> bool:
        said[-1].append(validates(observation))
        return said[-1][-1]

    for records in itertools.count():
        said.append([])
        with nothing_left_behind(), Service(WORLD.genuine) as service:
            service.serve = breaking_off(service.serve, records)
            done = connect(service.address, HOST, context, decide, time=NOW, request=asked, patience=5.0)
        if done.completed:  # a control: the line was cut, and never too late
            break
        assert (done.accepted, done.answer, done.sent) == (False, None, 0), f"after {records} records"
        assert done.failure
    assert done.accepted
    assert said[0] == []
    assert said.count([True]) > 1


@pytest.mark.parametrize(
    ("records", "outcomes"),
    [(4, [Outcome.STOPPED, Outcome.SERVED]), (1000, [Outcome.INTERCEPTED, Outcome.OUTAGE])],
    ids=["after its certificate", "never"],
)
def test_who_never_proves_its_key_is_not_remembered(records: int, outcomes: list[Outcome]) -> None:
    """A client on first use keeps nothing of an attacker who breaks off, though it had said yes to him."""

    def made(listener: Service | Attacker, meeting: Meeting) -> None:
        if meeting.line is Line.ATTACKER:
            listener.serve = breaking_off(listener.serve, records)

    with Standing(case("first_contact"), made=made) as standing:
        met = run(CLIENTS["first-use-with-ca"], standing).encounters
    assert outcomes == [one.outcome for one in met]
    assert met[0].observation.path is not None
    assert (met[0].verdict.check == "handshake") is (met[0].outcome is Outcome.STOPPED)


def in_a_scene() -> set[Outcome | None]:
    return {one.outcome for one in trial(CLIENTS["unpinned"], case("ordinary_day")).encounters}


def on_a_timeline() -> set[Outcome | None]:
    from lab.built.time.reading import read
    from lab.built.time.run import run

    days = """
        title = "an ordinary year"
        start = 2026-01-01
        end = 2027-01-01
        issuer = "Root"
        lifetime_days = 398
        ca = [{name = "Root"}]
        client = [{name = "unpinned"}]
    """
    return {point.genuine.outcome for course in run(read(days)).courses for point in course.points}


@pytest.mark.parametrize("live", [in_a_scene, on_a_timeline])
def test_a_service_that_never_answers_has_served_nobody(
    live: Callable[[], set[Outcome | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads the request and hangs up: an outage, whatever the client thought of its certificate."""

    def hang_up(service: Service, request: Request) -> Answer:
        raise ConnectionAbortedError

    assert live() == {Outcome.SERVED}
    monkeypatch.setattr(Service, "respond", hang_up)
    assert live() == {Outcome.OUTAGE}


# ---- many at once ---------------------------------------------------------------------------------


def many() -> int:
    """How many connections this machine allows: an eighth of its file descriptors, at most 500."""
    resource = pytest.importorskip("resource", reason="no file descriptor limit to ask for here")
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 500 if soft == resource.RLIM_INFINITY else min(500, soft // 8)


@pytest.mark.parametrize(("way", "share"), [("service", 1), ("attacker", 5)])
@pytest.mark.sampled(2)
def test_many_connections_at_once(way: str, share: int) -> None:
    """Hundreds of open connections are all served; the attacker doubles each, so it gets a fifth."""
    count = many() // share
    with standing(way, patience=10.0) as listener, contextlib.ExitStack() as opened:
        wires = [opened.enter_context(line(listener)) for _ in range(count)]
        for wire in wires:
            wire.ask(request("GET", "/account"))
        statuses = [wire.next_answer().status for wire in wires]
    assert [200] * count == statuses


# ---- short of threads, descriptors and memory -----------------------------------------------------


@contextlib.contextmanager
def no_more_threads() -> Iterator[None]:
    """The system starts no thread, as none has room for a stack as large as the address space."""
    before = threading.stack_size(1 << 47)
    with pytest.raises(RuntimeError):  # a control
        threading.Thread(target=print).start()
    yield
    threading.stack_size(before)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows takes the size of a stack otherwise")
def test_a_moment_without_threads() -> None:
    """Whoever comes while no thread can be started is sent away or waits, and the next is served."""
    with nothing_left_behind(), Service(WORLD.genuine, patience=PATIENCE) as service:
        with no_more_threads():
            assert not ask(service, WORLD.store).accepted
        assert ask(service, WORLD.store).accepted
        with half_open(service), no_more_threads():
            assert ask(service, WORLD.store).accepted  # when the silent one has been given up
        assert {str(one) for one in service.problems} == {"can't start new thread"}
        with no_more_threads(), pytest.raises(RuntimeError):
            Service(WORLD.genuine)
        assert running() == [service]


def test_a_moment_without_descriptors() -> None:
    """A listener that cannot accept does not spin, and serves the visitor when there is room again."""
    resource = pytest.importorskip("resource", reason="no file descriptor limit to set here")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with nothing_left_behind(), Service(WORLD.genuine) as service, socket.socket() as visitor:
        taken: list[int] = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (visitor.fileno() + 20, limits[1]))
        try:
            with contextlib.suppress(OSError):
                while True:
                    taken.append(os.dup(0))
            visitor.connect(service.address)
            spent = time.process_time()
            time.sleep(0.5)
            assert time.process_time() - spent < 0.25
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            for one in taken:
                os.close(one)
        visitor.sendall(b"garbage")
        assert soon(lambda: len(service.log) == 1)
        assert ask(service, WORLD.store).accepted
        assert {one.errno for one in service.problems if isinstance(one, OSError)} == {errno.EMFILE}


def test_a_script_that_forgets_to_stop() -> None:
    """A program whose last line is reached ends, though a visitor dribbles and nobody called stop."""
    script = """
import socket, threading, time
from lab.pki.world import World
from lab.wire.service import Service
service = Service(World().genuine)
def dribble():
    visitor = socket.create_connection(service.address)
    visitor.sendall(bytes.fromhex("1603010200"))
    while True:
        time.sleep(0.05)
        visitor.sendall(b"a")
threading.Thread(target=dribble, daemon=True).start()
while not service._open: time.sleep(0.01)
print("at the end", flush=True)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=8, text=True)
    assert (done.returncode, done.stdout) == (0, "at the end\n")


@BOTH_WAYS
def test_a_log_keeps_the_beginning_of_a_body(way: str) -> None:
    """Megabytes in a body are counted and not kept; the head is, with the secret in it."""
    large = bytes(1 << 20)
    with standing(way, patience=10.0) as listener:
        with line(listener) as wire:
            for path in ("/a", "/b?a-secret"):
                wire.ask(request("POST", path, large))
                assert wire.next_answer().status == 404
        assert soon(lambda: len(listener.log) == 1)
        (visit,) = listener.log
        assert visit.read > 2 * len(large)
        assert [(len(one.body), one.left_out) for one in visit.requests] == [(4096, len(large) - 4096)] * 2
        assert listener.log.holds("a-secret")
        assert not listener.log.holds("another")


def test_a_visit_keeps_so_many_requests() -> None:
    """Who asks without end is answered without end; the log keeps 256 kB of it, and counts the rest."""
    with standing("service", patience=10.0) as service:
        with line(service) as wire:
            for _ in range(600):
                wire.ask(request("GET", "/account"))
                assert wire.next_answer().status == 200
        assert soon(lambda: len(service.log) == 1)
        (visit,) = service.log
        assert (visit.answered, len(visit.requests) + visit.dropped) == (600, 600)
        assert 200 < len(visit.requests) < 600


@pytest.mark.parametrize(("visits", "octets", "kept"), [(5000, 0, 4096), (300, 250_000, 267), (200, 250_000, 200)])
def test_a_log_keeps_so_many_visits(visits: int, octets: int, kept: int) -> None:
    """At most 4,096 visits or 64 MiB, the newest; nobody waits for one that is gone."""
    log = Log()
    for port in range(visits):
        with log.visit(port) as visit:
            visit.keep(Request("GET", "/" + "a" * octets))
    assert (len(log), log.dropped) == (kept, visits - kept)
    assert log.finished(visits - 1, 1.0).port == visits - 1
    if log.dropped:
        with pytest.raises(TimeoutError):
            log.finished(0, 0.01)
    else:
        assert log.finished(0, 0.01).port == 0


def test_a_listener_keeps_so_many_problems() -> None:
    """The first 64 problems are kept, without what the visitor had sent, and the others counted."""

    def fail(raw: socket.socket, port: int) -> None:
        large = bytes(port)
        raise ZeroDivisionError(len(large))

    with Listener(fail) as listener:
        for _ in range(70):
            with half_open(listener) as raw:
                raw.recv(1)
        assert listener.quiet()
        assert (len(listener.problems), listener.unnoted) == (64, 6)
        traced = listener.problems[0].__traceback__
        assert traced
        assert traced.tb_next
        assert traced.tb_next.tb_frame.f_code.co_name == "fail"
        assert "large" not in traced.tb_next.tb_frame.f_locals


# ---- careless notebooks ---------------------------------------------------------------------------


def test_a_cell_that_is_run_again_and_again() -> None:
    """A named service replaces the one before it, so twenty runs of a cell leave one, and then none."""
    with nothing_left_behind():
        for _ in range(20):
            bank = Service(WORLD.genuine, name="bank")
            assert ask(bank, WORLD.store).accepted
            assert [bank] == running()
        stop_all()
        assert running() == []


def test_without_a_name_nothing_is_replaced() -> None:
    """Unnamed services stay until they are stopped; stopping twice does no harm."""
    with nothing_left_behind():
        both = [Service(WORLD.genuine), Service(WORLD.genuine)]
        assert sorted(both, key=lambda one: one.port) == running()
        stop_all()
        for one in both:
            one.stop()


class Interrupt(BaseException):
    """What a notebook's stop button raises, near enough."""


@pytest.mark.parametrize("problem", [ZeroDivisionError, Interrupt])
def test_an_exception_in_the_decision(problem: type[BaseException]) -> None:
    """A bug in a learner's own decision reaches the learner, and the service goes on."""

    def decide(observation: Observation) -> bool:
        raise problem("a slip")

    with standing("service") as service, pytest.raises(problem, match="a slip"):
        ask(service, WORLD.store, decide)


@pytest.mark.parametrize("problem", [ZeroDivisionError, KeyboardInterrupt])
def test_an_exception_in_the_middle_of_a_scene(problem: type[BaseException]) -> None:
    """Whatever ends a scene early, its listeners are stopped."""
    stage = Standing(case("other_trusted_ca"))

    def interrupted() -> None:
        with stage:
            assert len(running()) == 2
            raise problem

    with nothing_left_behind():
        with pytest.raises(problem):
            interrupted()
        assert running() == []


def test_a_scene_that_cannot_be_stood_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where standing up fails halfway, what stood already is stopped."""

    def fail(*args: object, **chosen: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("lab.trials.standing.Attacker", fail)
    with nothing_left_behind():
        with pytest.raises(ZeroDivisionError), Standing(case("other_trusted_ca")):
            pass
        assert running() == []


@pytest.mark.parametrize("make", [lambda: Service(WORLD.genuine), lambda: Standing(case("new_ca"))])
def test_standing_up_again_and_again(make: Callable[[], contextlib.AbstractContextManager[object]]) -> None:
    """Ten times up and down leaves nothing behind."""
    with nothing_left_behind():
        for _ in range(10):
            with make():
                pass


def test_a_wish_to_end_that_could_not_be_raised_is_no_news() -> None:
    """It comes again within a second; anything else that was lost is told, as Python tells it."""
    code = "import gc, sys; from lab.wire import interrupt; interrupt.listen()\n"
    code += "class Lost:\n    def __del__(self): raise sys.problem\n"
    code += "for sys.problem in (KeyboardInterrupt(2), ValueError('something else')): Lost()\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert "KeyboardInterrupt" not in done.stderr
    assert "ValueError: something else" in done.stderr
