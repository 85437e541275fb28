"""
The attackers of the field test, each on a port of its own in front of one genuine service.

All their material is what `lab certs` writes, read back from its files: a CA's
key for a program that forges, a finished credential for the lab's own
attacker. No victim is known here.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from lab.built.field.proxies import Post, Proxy, Running
from lab.pki.authority import Credential, Key
from lab.pki.export import export
from lab.pki.pins import load_pem
from lab.policy.pinset import Role, Site
from lab.wire.attacker import Attacker
from lab.wire.front import Front
from lab.wire.listener import Listener
from lab.wire.relay import Relay
from lab.wire.service import Service

OWN = "the lab's own"


@dataclass(frozen=True)
class Foothold:
    """What an attacker has: by the names of the scene that it is in, and of the exported files that it uses."""

    title: str
    scene: str
    authority: str
    credential: str
    store: str


FOOTHOLDS = (
    Foothold("its CA is in no store", "untrusted_rogue_ca", "rogue-root", "rogue-ca", "public"),
    Foothold("its CA was installed", "installed_ca", "installed-inspection-ca", "installed-ca", "with-installed-ca"),
)


@dataclass(frozen=True)
class Absent:
    """An attacker that takes no part, and why. `fine` where it is not installed, and not where it is and fails."""

    attacker: str
    skipped: str
    fine: bool = True

    def record(self) -> dict[str, Any]:
        return {"attacker": self.attacker, "version": None, "skipped": self.skipped, "fine": self.fine}


class Export:
    """A fresh export in `folder`, read back as a service and an attacker use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        export(folder)
        pins = json.loads((folder / "pins" / "pins.json").read_text("utf-8"))
        self.site: Site = {
            Role.ROOT: frozenset({pins["root"]}),
            Role.INTERMEDIATE: frozenset(pins["intermediate"]),
            Role.LEAF: frozenset({pins["leaf"]}),
            Role.CERTIFICATE: frozenset({pins["leaf_certificate"]}),
            Role.BACKUP: frozenset({pins["backup"]}),
        }

    def credential(self, name: str) -> Credential:
        key = load_pem_private_key((self.folder / "keys" / f"{name}.key").read_bytes(), None)
        assert isinstance(key, Key)
        return Credential(key, tuple(load_pem(self.folder / "chains" / f"{name}.pem")))

    def store(self, name: str) -> Path:
        return self.folder / "stores" / f"{name}.pem"


@dataclass
class Posted:
    """One attacker in one situation, on one port that victims call."""

    attacker: str
    version: str
    situation: Foothold
    front: Front
    listener: Listener
    settle: Callable[[], None]
    holds: Callable[[str], bool]


def stand(
    stack: ExitStack, exported: Export, service: Service, proxies: Sequence[Proxy]
) -> tuple[list[Posted], list[Absent]]:
    """
    The lab's own attacker and all these proxies, in each situation, intercepting until `stack` is left.

    What is not here, or does not start, is absent, with the reason.
    """
    standing = [_own(stack, exported, service, one) for one in FOOTHOLDS]
    absent: list[Absent] = []
    begun: list[_Begun] = []
    for proxy in proxies:
        try:
            if program := proxy.find():
                begun.append(_begin(stack, exported, service, proxy, program))
            else:
                absent.append(Absent(proxy.name, f"not here; install it with: {proxy.install}"))
        except ValueError as problem:
            absent.append(Absent(proxy.name, str(problem), fine=False))
    for one in begun:  # they start beside each other
        try:
            standing += _finish(stack, one)
        except ValueError as problem:
            absent.append(Absent(one.proxy.name, str(problem), fine=False))
    return standing, absent


def _own(stack: ExitStack, exported: Export, service: Service, situation: Foothold) -> Posted:
    attacker = Attacker(exported.credential(situation.credential), service.address, host="localhost")
    front = stack.enter_context(Front(stack.enter_context(attacker)))
    return Posted(OWN, "", situation, front, attacker, lambda: None, attacker.log.holds)


@dataclass
class _Begun:
    proxy: Proxy
    version: str
    running: dict[Foothold, Running]


def _begin(stack: ExitStack, exported: Export, service: Service, proxy: Proxy, program: str) -> _Begun:
    begun = _Begun(proxy, "", {})
    for situation in FOOTHOLDS:
        post = Post(
            folder=Path(tempfile.mkdtemp(prefix=f"{proxy.name}-", dir=exported.folder.parent)),
            authority=exported.folder / "authorities" / f"{situation.authority}.pem",
            key=exported.folder / "keys" / f"{situation.authority}.key",
            anchors=exported.store("public"),
            upstream=service.address,
        )
        begun.running[situation] = stack.enter_context(Running(proxy, program, post))
    begun.version = proxy.version(program)
    return begun


def _finish(stack: ExitStack, begun: _Begun) -> list[Posted]:
    for running in begun.running.values():
        running.wait()
    standing = []
    for situation, running in begun.running.items():
        relay = stack.enter_context(Relay(running.address))
        front = stack.enter_context(Front(relay))
        settle, holds = running.settle, running.holds
        standing.append(Posted(begun.proxy.name, begun.version, situation, front, relay, settle, holds))
    return standing
