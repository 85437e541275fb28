"""
The attackers of the field test, each on a port of its own in front of a genuine service.

All their material is what `lab certs` writes, read back from its files: a CA's
key for a program that forges, a finished credential for the lab's own
attacker. No victim is known here.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lab.built.field.proxies import Post, Proxy, Running
from lab.built.field.results import Absent
from lab.built.programs.outside import Outside
from lab.built.programs.program import version_of
from lab.disk import written_folder
from lab.observation import Line
from lab.pki.export import attackers_cas, attackers_files, authorities, credentials, limited_world, written_files
from lab.policy.pinset import Role, Site
from lab.scenes.catalogue import Meeting, Scene, case
from lab.wire.listener import Listener
from lab.wire.relay import Relay
from lab.wire.service import Service

OWN = "the lab's own"
PUBLIC = ("honest-root", "other-public-root", "cdn-public-root")
"""The exported authorities that every store holds."""


@dataclass(frozen=True)
class Foothold:
    """
    What an attacker has: by the names of the scene that it is in, and of the exported things that it uses.

    `issuing` is the CA whose key a program is given; it is below `authority`.
    """

    title: str
    scene: str
    authority: str
    issuing: str
    credential: str
    installed: bool = False


FOOTHOLDS = (
    Foothold("its CA is in no store", "untrusted_rogue_ca", "rogue-root", "rogue-issuing-ca", "rogue-ca"),
    Foothold(
        "its CA was installed",
        "installed_ca",
        "installed-inspection-ca",
        "installed-issuing-ca",
        "installed-ca",
        installed=True,
    ),
)


class Export:
    """A fresh limited world, and in `folder` what an intercepting program needs of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        world = limited_world()
        self.authorities = authorities(world)
        self.credentials = credentials(world)
        files = written_files(world, self.credentials, {name: name for name in self.credentials})
        written_folder(folder, files | attackers_files(attackers_cas(world)), secret="keys")
        pins = json.loads(files["pins/pins.json"])
        self.site: Site = {
            Role.ROOT: frozenset({pins["root"]}),
            Role.INTERMEDIATE: frozenset(pins["intermediate"]),
            Role.LEAF: frozenset({pins["leaf"]}),
            Role.CERTIFICATE: frozenset({pins["leaf_certificate"]}),
            Role.BACKUP: frozenset({pins["backup"]}),
        }

    def scene(self, foothold: Foothold) -> Scene:
        """The genuine service as everybody knows it; then the attacker is on the line."""
        genuine, public = self.credentials["genuine"], tuple(self.authorities[name] for name in PUBLIC)
        installed = (self.authorities[foothold.authority],) if foothold.installed else ()
        now = datetime.now(UTC)
        before = Meeting(Line.GENUINE, genuine, public, now, "the genuine service, before the attacker comes")
        forged = self.credentials[foothold.credential]
        then = Meeting(Line.ATTACKER, forged, (*public, *installed), now, foothold.title, installed=installed)
        return Scene("localhost", genuine, self.site, (before, then), about=1)


class Posted(Outside):
    """
    One attacker in one situation, on one port that victims call.

    It is the lab's own, until a proxy has begun to stand in its place. `failed`
    says why that one no longer intercepts; empty while it does.
    """

    def __init__(self, exported: Export, foothold: Foothold, attacker: str = OWN, version: str = "") -> None:
        self.foothold = foothold
        self.attacker = attacker
        self.version = version
        self.failed = ""
        self._exported = exported
        self._running: Running | None = None
        self._relay: Relay | None = None
        super().__init__(case(foothold.scene), scene=exported.scene(foothold))

    def begin(self, stack: ExitStack, proxy: Proxy, program: str) -> None:
        """Start this proxy, until `stack` is left. Raises ValueError where it cannot be started."""
        files, name = self._exported.folder, self.foothold.issuing
        post = Post(
            folder=Path(tempfile.mkdtemp(prefix=f"{proxy.name}-", dir=self.folder)),
            authority=files / "authorities" / f"{name}.pem",
            key=files / "keys" / f"{name}.key",
            anchors=files / "stores" / "public.pem",
            upstream=self.service.address,
        )
        self._running = stack.enter_context(Running(proxy, program, post))

    def wait(self, stack: ExitStack) -> None:
        """Return when the proxy intercepts. Raises ValueError where it does not come to that."""
        assert self._running is not None
        self._running.wait()
        self._relay = stack.enter_context(Relay(self._running.address))

    @property
    def service(self) -> Service:
        """The genuine service behind the attacker."""
        found = self.stage.listener(self.scene.meetings[0])
        assert isinstance(found, Service)
        return found

    def listener(self, meeting: Meeting) -> Listener:
        """Who answers in this meeting."""
        theirs = meeting.line is Line.ATTACKER and self._relay
        return theirs or super().listener(meeting)

    def holds(self, meeting: Meeting, secret: str) -> bool:
        """Whether whoever is on the line in this meeting has read `secret`, and has written it down by now."""
        if meeting.line is Line.GENUINE or self._running is None:
            return super().holds(meeting, secret)
        self.front.quiet()
        try:
            self._running.settle()
        except ValueError as problem:
            self.failed = str(problem)
        return self._running.holds(secret)


def stand(
    scenes: ExitStack, running: ExitStack, exported: Export, proxies: Sequence[Proxy]
) -> tuple[list[Posted], list[Absent]]:
    """
    The lab's own attacker and all these proxies, in each situation, intercepting until `running` is left.

    Their scenes stand until `scenes` is left. What is not here, or does not
    start, is absent, with the reason.
    """
    standing = [scenes.enter_context(Posted(exported, one)) for one in FOOTHOLDS]
    absent: list[Absent] = []
    begun: list[list[Posted]] = []
    for proxy in proxies:
        try:
            program = proxy.find()
            if program is None:
                absent.append(Absent(proxy.name, f"not here; install it with: {proxy.install}"))
                continue
            version = version_of([program, proxy.version_flag])() or "of unknown version"
            own = [scenes.enter_context(Posted(exported, one, proxy.name, version)) for one in FOOTHOLDS]
            for posted in own:
                posted.begin(running, proxy, program)
            begun.append(own)
        except ValueError as problem:
            absent.append(Absent(proxy.name, str(problem), fine=False))
    for own in begun:  # they start beside each other
        try:
            for posted in own:
                posted.wait(running)
            standing += own
        except ValueError as problem:
            absent.append(Absent(own[0].attacker, str(problem), fine=False))
    return standing, absent
