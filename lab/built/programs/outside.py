"""
A scene that stands for outside programs.

They use today's clock and cannot always be told a host's address. So the
scene's world is dated such that the meeting it is about happens now, its
service answers for localhost too, one port stays open while the credential
behind it changes, and the trust stores are files. No program is known here.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from base64 import b64encode
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from lab.built.programs.program import ProgramCall
from lab.pki.export import LIFE, LOCAL, pem
from lab.pki.names import RESERVED
from lab.pki.pins import spki
from lab.pki.world import HOST, World
from lab.policy.clients import Client
from lab.scenes.catalogue import Case, Meeting, Scene
from lab.trials.engine import Encounter, admission
from lab.trials.standing import Made, Standing
from lab.trials.trial import run
from lab.wire.attacker import Attacker
from lab.wire.front import Front
from lab.wire.keylog import Tell
from lab.wire.listener import Address, Listener

AT_HAND = timedelta(minutes=5)
"""A meeting this near to now happens now."""


def world_around(now: datetime, about: datetime | None = None, **starts: object) -> World:
    """
    A world whose day is `about` (`now`, where None), for programs that live on the day `now`.

    Its service answers for localhost and 127.0.0.1 as well. Every authority may
    vouch for reserved names and loopback only, and ends a week from now.
    """
    day = about or now
    only = tuple(name for name in RESERVED if not name.startswith("example."))
    chosen: dict[str, object] = {"not_before": day - timedelta(days=1), "not_after": now + LIFE, "only": only}
    return World(HOST, now=day, also=LOCAL, **{**chosen, **starts})  # type: ignore[arg-type]


def scene_for_today(case: Case) -> Scene:
    """
    The scene, dated such that the meeting it is about happens now.

    Where that meeting is long after the enrolment, the enrolment lies in the
    past, and no program that runs today can take part in it.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    scene = case.scene(world_around(now, **case.starts))
    late = scene.meetings[scene.about].time - now
    if abs(late) <= AT_HAND:
        return scene
    return case.scene(world_around(now, now - late, **case.starts))


class Outside:
    """
    One case, standing on one port. A context manager; leaving it stops every listener and removes the files.

    `turn` puts a meeting on the line; `on` is the one that is. `folder` is a
    temporary directory of mode 0700 that holds trust stores, lists and pins, and no
    private key. `tell` and `made` are the stage's.
    """

    def __init__(
        self,
        case: Case,
        *,
        scene: Scene | None = None,
        tell: Tell | None = None,
        made: Made | None = None,
    ) -> None:
        self.case = case
        self.began = datetime.now(UTC)
        self.scene = scene or scene_for_today(case)
        if any(meeting.plain or admission(meeting) for meeting in self.scene.meetings):
            raise ValueError(
                f"{case.name} turns on more than what a server presents, and no outside program is asked about that; "
                f"see it with `python -m lab matrix --scenes {case.name}`"
            )
        self.stage = Standing(case, self.scene, tell=tell, made=made)
        self.on = self.scene.meetings[self.scene.about]

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="lab-"))
        with ExitStack() as opened:
            opened.callback(shutil.rmtree, self.folder, ignore_errors=True)
            opened.enter_context(self.stage)
            self.front = opened.enter_context(Front(self.stage.listener(self.on)))
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @property
    def port(self) -> int:
        """The port that programs call."""
        return self.front.port

    def today(self, meeting: Meeting) -> bool:
        """Whether this meeting happens now, so that a program with today's clock can take part in it."""
        return abs(meeting.time - self.began) <= AT_HAND

    def listener(self, meeting: Meeting) -> Listener:
        """Who answers in this meeting."""
        return self.stage.listener(meeting)

    def turn(self, meeting: Meeting) -> None:
        """Put this meeting on the line, without dropping the port."""
        self.front.behind = self.listener(meeting)
        self.on = meeting

    def genuine(self, meeting: Meeting) -> Address:
        """Where the genuine service itself answers in this meeting, with nobody between."""
        listener = self.stage.listener(meeting)
        return listener.upstream if isinstance(listener, Attacker) else listener.address

    def rehearsed(self, row: Client, meetings: Sequence[Meeting] = ()) -> tuple[Encounter, ...]:
        """
        What the lab's own client does in these meetings (in all of them, where none are given).

        It meets the same credentials at listeners of its own. A log finds a visit
        by the client's port, and a program that called before may have had the same.
        """
        chosen = tuple(meetings) or self.scene.meetings
        scene = replace(self.scene, meetings=chosen, about=len(chosen) - 1)
        with Standing(self.case, scene) as apart:
            return run(row, apart).encounters

    def store(self, meeting: Meeting) -> Path:
        """A PEM file with the anchors that a client's store holds in this meeting."""
        number = self.scene.meetings.index(meeting)
        path = self.folder / f"store-{number + 1}.pem"
        if not path.exists():
            path.write_bytes(pem(anchor.certificate for anchor in meeting.store))
        return path

    def lists(self, meeting: Meeting) -> Path:
        """The same anchors, and behind them the revocation lists that are out in this meeting: OpenSSL reads both."""
        path = self.store(meeting).with_suffix(".lists")
        if not path.exists():
            there = meeting.elsewhere.every_list(meeting.credential, meeting.time, meeting.store)
            lists = map(x509.load_der_x509_crl, there)
            octets = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in lists)
            path.write_bytes(self.store(meeting).read_bytes() + octets)
        return path

    def logs(self, meeting: Meeting) -> Path:
        """The logs that a client knows in this meeting, as OpenSSL wants them (CTLOG_STORE_load_file(3))."""
        path = self.store(meeting).with_suffix(".cnf")
        if not path.exists():
            keys = [spki(one.key) for one in meeting.elsewhere.known(meeting.store).logs or ()]
            said = [f"[{one}]\ndescription=log {one}\nkey={b64encode(key).decode()}\n" for one, key in enumerate(keys)]
            path.write_text(f"enabled_logs={','.join(map(str, range(len(keys))))}\n{''.join(said)}", encoding="utf-8")
        return path

    def call(self, home: Path, *, first: bool = False) -> ProgramCall:
        """What a program needs for one call in the meeting that is on the line, with a fresh secret."""
        token, store, lists = secrets.token_hex(16), self.store(self.on), self.lists(self.on)
        return ProgramCall(self.port, store, self.scene.site, token, home, first, lists, self.logs(self.on))

    def home(self, stack: ExitStack) -> Path:
        """An empty directory for one program to live in, removed when `stack` is left."""
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="home-", dir=self.folder)))

    def holds(self, meeting: Meeting, secret: str) -> bool:
        """
        Whether whoever is on the line in this meeting has read `secret`.

        Ask when the program has ended: where nobody has, this waits until its
        connections have ended too, for ten seconds at most.
        """
        log = self.stage.listener(meeting).log
        if not log.holds(secret):
            self.front.quiet()
        return log.holds(secret)
