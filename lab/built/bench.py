"""
What trials cost, as ratios within one run.

Everything is measured against a partner in alternating rounds, because a
machine's speed drifts; the median of the paired ratios is the figure. It is a
report and never a test.
"""

from __future__ import annotations

import hashlib
import json
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import h11
from OpenSSL import SSL

from lab.built.field.proxies import MITMPROXY, Post, Running
from lab.built.fleet.speed import SIZES, device_days_a_second
from lab.built.known.store import Store
from lab.built.time.cost import cost
from lab.observation import Progress, untold
from lab.pki.authority import key_pem
from lab.pki.elsewhere import HONEST
from lab.pki.evidence import gathered
from lab.pki.export import pem
from lab.pki.revoke import staple
from lab.pki.world import World
from lab.policy.check import Enrolment
from lab.policy.checks import ORDINARY
from lab.policy.clients import CLIENTS, client
from lab.policy.memory import Record
from lab.policy.mind import Mind
from lab.policy.revocation import REQUIRES
from lab.policy.transparency import COUNTS
from lab.scenes.catalogue import CASES, case, site_pins
from lab.trials.standing import Standing
from lab.trials.trial import perform
from lab.trials.trial import run as run_trial
from lab.wire import tls
from lab.wire.attacker import Attacker
from lab.wire.client import PLAIN, Decide, Habits, account_request, connect
from lab.wire.http import Answer, Wire
from lab.wire.listener import HOME, Address, dial
from lab.wire.service import Service

UNITS = {"ratio": "{:.2f}", "seconds": "{:.3f} s", "megabytes": "{:.0f} MB", "device-days a second": "{:.1e}/s"}
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 39\r\n\r\n" + b"x" * 39
BOOKED = Answer(200, [(b"content-type", b"application/json")], b"x" * 39)
QUESTION = b"GET /account HTTP/1.1\r\nhost: bank.example\r\n\r\n"
REQUEST = account_request("bank.example", "0" * 32)


def ask_plainly(address: Address, context: SSL.Context, *, http: bool = True) -> None:
    """One exchange without callback or observation: what a program does that leaves all to OpenSSL."""
    with dial(address) as raw:
        connection = SSL.Connection(context, raw)
        connection.set_connect_state()
        connection.set_tlsext_host_name(b"bank.example")
        connection.do_handshake()
        if http:
            wire = Wire(connection, h11.CLIENT)
            wire.ask(REQUEST)
            wire.next_answer()
        else:
            connection.sendall(QUESTION)
            connection.recv(65536)
        tls.hang_up(connection)


def plain_context(world: World) -> SSL.Context:
    """What such a program trusts: this world's store, at its time."""
    context = tls.client_context([anchor.certificate for anchor in world.store], world.now)
    context.set_verify(SSL.VERIFY_PEER)
    return context


class Bare:
    """
    The bare partner: pyOpenSSL on loopback, one handshake, one request, one answer.

    It has reused contexts and one thread that serves one connection after the
    other, and nobody looks at a certificate. With `http` the request and the
    answer are HTTP/1.1 by h11, as the lab's are; without, canned bytes.
    """

    def __init__(self, world: World, *, http: bool) -> None:
        self._http = http
        self._server = tls.server_context(world.genuine)
        self._client = plain_context(world)
        self._closing = False
        self._socket = socket.create_server((HOME, 0))
        self.address = self._socket.getsockname()[:2]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            raw, _ = self._socket.accept()
            if self._closing:
                raw.close()
                return
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = SSL.Connection(self._server, raw)
            connection.set_accept_state()
            with suppress(h11.ProtocolError, SSL.Error):  # who breaks off knows it
                connection.do_handshake()
                if self._http:
                    wire = Wire(connection, h11.SERVER)
                    wire.next_request()
                    wire.answer(BOOKED)
                else:
                    connection.recv(65536)
                    connection.sendall(ANSWER)
            tls.hang_up(connection)
            raw.close()

    def request(self) -> None:
        """One exchange over the bare line."""
        ask_plainly(self.address, self._client, http=self._http)

    def __enter__(self) -> Bare:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        socket.create_connection(self.address).close()
        self._thread.join()
        self._socket.close()


def timed(action: Callable[[], Any], times: int = 1) -> float:
    """Seconds for one call, averaged over `times`."""
    began = time.perf_counter()
    for _ in range(times):
        action()
    return (time.perf_counter() - began) / times


def paired(mine: Callable[[], float], other: Callable[[], float], rounds: int) -> tuple[float, float, float]:
    """
    The median ratio mine/other over alternating rounds, and the median of each.

    Each says for itself what it took, in seconds.
    """
    took = []
    for number in range(rounds):
        if number % 2:
            theirs, ours = other(), mine()
        else:
            ours, theirs = mine(), other()
        took.append((ours, theirs))
    typical, other_typical = (statistics.median(side) for side in zip(*took, strict=True))
    return statistics.median(ours / theirs for ours, theirs in took), typical, other_typical


def compared(
    mine: Callable[[], Any], other: Callable[[], Any], limit: float | None, *, rounds: int, times: int
) -> dict[str, Any]:
    """The figure for calls of the one against calls of the other, so many to a round."""
    ours, theirs = (partial(timed, action, times) for action in (mine, other))
    for warm in (ours, theirs):
        warm()
    ratio, typical, other_typical = paired(ours, theirs, rounds)
    note = f"{typical * 1e3:.2f} ms against {other_typical * 1e3:.2f} ms"
    return {"ratio": ratio, "limit": limit, "note": note}


def whole_matrix(bare: Bare, rounds: int) -> dict[str, Any]:
    """
    Every trial against as many bare requests as the trials made handshakes, scene by scene.

    Against canned bytes the figure holds what HTTP costs as well.
    """
    ratios, building, handshakes, mine, theirs = [], [], 0, 0.0, 0.0
    for _ in range(rounds):
        a = b = standing_up = 0.0
        handshakes = 0
        for one in CASES.values():
            began = time.perf_counter()
            with Standing(one) as standing:
                standing_up += time.perf_counter() - began
                began = time.perf_counter()
                for trial in [perform(row, standing) for row in CLIENTS.values()]:
                    trial()
                a += time.perf_counter() - began
                count = standing.handshakes
                began = time.perf_counter()
            standing_up += time.perf_counter() - began
            b += timed(bare.request, count) * count
            handshakes += count
        ratios.append(a / b)
        building.append(standing_up)
        mine, theirs = a, b
    return {
        "ratio": statistics.median(ratios),
        "limit": 1.3,
        "note": f"{len(CASES) * len(CLIENTS)} trials, {handshakes} handshakes, {mine / handshakes * 1e3:.2f} ms each, "
        f"bare {theirs / handshakes * 1e3:.2f} ms; "
        f"standing the scenes up took {statistics.median(building):.2f} s more",
    }


def _asking(
    address: Address, context: SSL.Context, decide: Decide, world: World, habits: Habits = PLAIN
) -> Callable[[], None]:
    """One request by the lab's own client."""
    request = account_request("localhost")

    def once() -> None:
        done = connect(address, "localhost", context, decide, time=world.now, request=request, habits=habits)
        assert done.answer is not None, done.failure
        assert done.answer.status == 200, done.answer

    return once


def heeding(service: Service, context: SSL.Context, world: World, **often: Any) -> dict[str, Any]:
    """A client that requires a staple and counts SCTs against one that looks at the path."""
    mind = Mind((*ORDINARY, REQUIRES, COUNTS))
    service.staple = partial(bytes, staple(world.genuine, world.now))  # made once, as servers have it
    heard = partial(gathered, mind.needs, elsewhere=HONEST.known(world.store), fetch=lambda *asked: b"")
    habits = Habits(wants=mind.needs, gather=heard)
    path = _asking(service.address, context, client("unpinned").mind().decide, world)
    return compared(_asking(service.address, context, mind.decide, world, habits), path, 1.08, **often)


def growth(rounds: int) -> dict[str, Any]:
    """Time for one cell with twice the clients and twice the scenes, against the time for one cell."""
    names = ["unpinned", "root-pinned", "leaf-pinned", "first-use-key"]
    scenes = ["new_ca", "other_trusted_ca", "same_key", "new_key"]

    def cells(times: int) -> float:
        began = time.perf_counter()
        for name in scenes * times:
            with Standing(case(name)) as standing:
                for row in names * times:
                    run_trial(client(row), standing)
        return (time.perf_counter() - began) / (len(names) * len(scenes) * times * times)

    return {
        "ratio": paired(lambda: cells(2), lambda: cells(1), rounds)[0],
        "limit": 1.2,
        "note": "one cell of a matrix of 8 by 8 against one cell of 4 by 4",
    }


DAY = datetime(2026, 1, 1, tzinfo=UTC)


def host(number: int) -> str:
    """The name of the `number`-th host; names in order, as a sorted import has them."""
    return f"host-{number:07d}.example"


def many(count: int) -> Iterator[Record]:
    """Records of `count` hosts, with pins that are no key's."""
    for number in range(count):
        pin = "sha256/" + hashlib.sha256(str(number).encode()).hexdigest()[:43] + "="
        yield Record(host(number), 443, pin, DAY, DAY, 1, DAY + timedelta(days=90))


def look_up(small: int, large: int, *, rounds: int, looks: int = 2_000) -> dict[str, Any]:
    """
    One look-up among `large` hosts against one among `small`.

    A look-up in four is for a host that is not known. The stores are freshly
    opened; their pages are in the kernel's cache, since they were just written.
    """
    draw = random.Random(4)
    filling = 0.0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lab-")))
        stores = {}
        for count in (small, large):
            path = folder / f"{count}.sqlite"
            with Store(path) as store:
                filling = timed(partial(store.fill, many(count)))
            stores[count] = stack.enter_context(Store(path))

        def once(count: int) -> float:
            asked = [host(draw.randrange(count) + (count if n % 4 == 0 else 0)) for n in range(looks)]
            store = stores[count]
            began = time.perf_counter()
            found = sum(len(store.look_up(name, 443)) for name in asked)
            took = time.perf_counter() - began
            assert found == looks - (looks + 3) // 4, found
            return took / looks

        for warm in stores:
            once(warm)
        ratio, mine, other = paired(partial(once, large), partial(once, small), rounds)
    return {
        "ratio": ratio,
        "limit": 2,
        "note": f"{mine * 1e6:.1f} us among {large:,} hosts, {other * 1e6:.1f} us among {small:,}; "
        f"filling the large one took {filling:.1f} s",
    }


def importing(rounds: int) -> dict[str, Any]:
    """Seconds that `import lab` takes in a fresh interpreter, beyond the interpreter's own start."""

    def start(code: str) -> float:
        run_it = partial(subprocess.run, [sys.executable, "-c", code], check=True)
        return statistics.median(timed(run_it) for _ in range(rounds))

    empty, whole, verbs = map(start, ("pass", "import lab", "import lab; lab.matrix"))
    return {
        "seconds": max(0.0, whole - empty),
        "limit": 0.3,
        "note": f"and {max(0.0, verbs - empty):.2f} s with the first verb used",
    }


def memory() -> dict[str, Any]:
    """The resident memory, in MB, of a kernel with the lab loaded; of a plain interpreter where there is no Jupyter."""
    code = "import lab; lab.matrix; lab.Service; import psutil; print(psutil.Process().memory_info().rss)"
    what = "the lab without Jupyter, which is not installed"
    if find_spec("ipykernel"):
        code, what = f"import ipykernel.kernelapp; {code}", "ipykernel and the lab"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {"megabytes": int(found.stdout) / 1e6, "note": f"resident, {what}"}


def mitmproxy(world: World, service: Service, attacker: Attacker, rounds: int) -> dict[str, Any]:
    """One intercepted request through the lab's attacker against one through mitmproxy's reverse mode."""
    program = MITMPROXY.find()
    if not program:
        return {"skipped": f"mitmproxy is not here; `{MITMPROXY.install}` installs it, in an environment of its own"}
    context = tls.client_context([world.rogue_root.certificate], world.now)
    with tempfile.TemporaryDirectory(prefix="lab-") as name:
        folder = Path(name)
        post = Post(folder, folder / "ca.pem", folder / "ca.key", folder / "roots.pem", ("localhost", service.port))
        post.authority.write_bytes(pem([world.rogue_root.certificate]))
        post.key.touch(mode=0o600)
        post.key.write_bytes(key_pem(world.rogue_root.key))
        post.anchors.write_bytes(pem([anchor.certificate for anchor in world.store]))
        # What it would print of each flow costs it time that nobody asked it to spend.
        silent = replace(MITMPROXY, command=lambda *given: [*MITMPROXY.command(*given), "--quiet"])
        with Running(silent, program, post) as other:
            other.wait()
            ours, theirs = (
                _asking(one.address, context, lambda seen: seen.error is None, world) for one in (attacker, other)
            )
            return compared(ours, theirs, 0.5, rounds=rounds, times=10)


def measure(quick: bool = False, progress: Progress = untold) -> dict[str, dict[str, Any]]:
    """Every figure, by what it says. `quick` takes few rounds: a smoke test."""
    rounds = 3 if quick else 15
    world = World(also=("localhost",))
    found = _Found(progress)
    with ExitStack() as stack:
        bare = stack.enter_context(Bare(world, http=True))
        canned = stack.enter_context(Bare(world, http=False))
        service = stack.enter_context(Service(world.genuine))
        rogue = world.rogue_root.issue(world.host, "localhost")
        attacker = stack.enter_context(Attacker(rogue, service.address, host=world.host))
        for _ in range(50):
            bare.request()
            canned.request()
        few = 1 if quick else 5
        found.add("whole matrix / bare HTTP requests", lambda: whole_matrix(bare, few))
        found.add("whole matrix / bare canned bytes", lambda: whole_matrix(canned, few))
        found.add("intercepted request / mitmproxy", lambda: mitmproxy(world, service, attacker, rounds))
        context = tls.client_context([anchor.certificate for anchor in world.store], world.now)
        site = site_pins(world, world.genuine)
        unpinned, pinned = (
            _asking(service.address, context, client(name).mind(Enrolment(world.host, world.now, site)).decide, world)
            for name in ("unpinned", "leaf-pinned")
        )
        plain = partial(ask_plainly, service.address, plain_context(world))
        often = {"rounds": rounds * 3, "times": 20}
        found.add("pinned client / unpinned client", lambda: compared(pinned, unpinned, 1.05, **often))
        found.add("pinned client / client with no callback", lambda: compared(pinned, plain, None, **often))
        found.add("staple and SCTs / path", lambda: heeding(service, context, world, **often))
    found.add("cell of a doubled matrix / cell", lambda: growth(rounds))
    hosts = 100_000 if quick else 1_000_000
    found.add("look-up among 10^6 / 10^3 hosts", lambda: look_up(1_000, hosts, rounds=rounds))
    found.add("timeline / bare handshakes", years)
    for devices in SIZES:
        found.add(f"fleet of {devices:,} devices", partial(fleet, devices, seeds=1 if quick else 3))
    found.add("import lab", lambda: importing(rounds))
    found.add("memory of a kernel", memory)
    return found.figures


class _Found:
    """The figures so far; whoever watches is told which comes next."""

    def __init__(self, progress: Progress) -> None:
        self.figures: dict[str, dict[str, Any]] = {}
        self._progress = progress

    def add(self, what: str, measured: Callable[[], dict[str, Any]]) -> None:
        self._progress(len(self.figures), 10 + len(SIZES), what)
        self.figures[what] = measured()


def years() -> dict[str, Any]:
    """A timeline against its handshakes alone."""
    found = cost()
    return {"ratio": found.ratio, "note": f"{found.handshakes} handshakes at simulated times"}


def fleet(devices: int, seeds: int) -> dict[str, Any]:
    """How fast a fleet of this size lives."""
    speed = device_days_a_second(devices, seeds=seeds)
    return {"device-days a second": speed, "note": "five years, leaf-or-backup"}


def run(*, quick: bool = False, as_json: bool = False, progress: Progress = untold) -> str:
    """The report, as a table or as JSON."""
    found = measure(quick, progress)
    if as_json:
        return json.dumps(found, indent=1)
    lines = [f"{'what':<42}{'figure':>10}  {'at most':>8}  note"]
    for what, figures in found.items():
        if "skipped" in figures:
            lines.append(f"{what:<42}{'skipped':>10}  {'':>8}  {figures['skipped']}")
            continue
        value, unit = next((figures[name], name) for name in UNITS if name in figures)
        shown = UNITS[unit].format(value)
        most = "" if figures.get("limit") is None else f"{figures['limit']:g}"
        lines.append(f"{what:<42}{shown:>10}  {most:>8}  {figures['note']}")
    lines.append("Medians of alternating rounds within this run; ratios travel between machines, times do not.")
    return "\n".join(lines)
