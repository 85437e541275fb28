"""
One run of `serve`: the scene that stands, what is told of it, and the next meeting.

It knows how a scene is told in words and in JSON. It reads no keyboard and
prints nothing.
"""

from __future__ import annotations

import queue
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from lab.built.programs import chromium
from lab.built.programs.outside import Outside
from lab.built.serve import commands
from lab.built.serve.commands import Command, quote
from lab.built.serve.files import Files
from lab.built.serve.live import part, watch
from lab.observation import Line
from lab.scenes.catalogue import Case, Meeting, twin_of
from lab.trials.engine import Encounter
from lab.wire.attacker import Attacker
from lab.wire.capture import Capture
from lab.wire.keylog import KeyLog
from lab.wire.service import Service


@dataclass(frozen=True)
class Turned:
    """Another meeting on the line, told in words and in JSON."""

    text: Callable[[], str]
    record: Callable[[], dict[str, Any]]


class Session:
    """
    A scene that is served, with a key log and a capture where they are asked for. A context manager.

    `begins` is the number of the first meeting, counted from 0; the one that
    the scene is about, where None. What happens is put into `events`. Raises
    ValueError, in one sentence, where a file cannot be made, before any
    listener stands, and leaves no file behind then.
    """

    def __init__(
        self,
        case: Case,
        begins: int | None,
        events: queue.SimpleQueue[Any],
        keylog: Path | None = None,
        capture: Path | None = None,
    ) -> None:
        self.case = case
        self._begins = begins
        self._events = events
        self._paths = (keylog, capture)
        self.programs: list[str] = []
        """The programs whose commands are told in words; those of the first that is here, where it is empty."""
        self._ended: set[Path | None] = set()
        self._found: dict[int, dict[str, Encounter]] = {}  # what is expected, by the meeting's number
        self.keylog: KeyLog | None = None
        self.capture: Capture | None = None

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._open_files(opened)
            tell = self.keylog.tell if self.keylog else None
            self.outside = opened.enter_context(Outside(self.case, tell=tell, made=self._made))
            self.meetings = tuple(one for one in self.outside.scene.meetings if not one.component)
            if self._begins is not None:
                self.outside.turn(self.meetings[self._begins])
            self.files = Files(self.outside)
            self.commands = commands.commands(self.outside, self.files)
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def _open_files(self, opened: ExitStack) -> None:
        keylog, capture = self._paths
        if capture:
            self.capture = Capture(capture)
            opened.callback(self.capture.close)
        if keylog:
            try:
                self.keylog = KeyLog(keylog, self.capture.secrets if self.capture else None)
            except ValueError:
                if self.capture:
                    self.capture.close()
                    self.capture.path.unlink()
                raise
            opened.callback(self.keylog.close)

    def _made(self, listener: Service | Attacker, meeting: Meeting) -> None:
        if self.capture:
            self.capture.record(listener)
        watch(listener, part(listener, meeting), self._events.put)

    # ---- while it stands --------------------------------------------------------------------------

    @property
    def number(self) -> int:
        """The number of the meeting on the line, counted from 0."""
        return next(number for number, one in enumerate(self.meetings) if one is self.outside.on)

    def next(self) -> Turned:
        """Put the next meeting on the line, the first after the last, and the trust stores with it."""
        meeting = self.meetings[(self.number + 1) % len(self.meetings)]
        self.files.now(meeting)
        self.outside.turn(meeting)
        return Turned(self._turned_text, self._turned_record)

    def problems(self) -> Iterator[str]:
        """What went wrong with the files since this was asked last; a sentence each."""
        for one in (self.keylog, self.capture):
            if one and one.problem and one.path not in self._ended:
                self._ended.add(one.path)
                yield f"{one.path} ends here: {one.problem.strerror}; the scene goes on, make room and serve again"

    def _expected(self) -> dict[str, Encounter]:
        number = self.number
        if number not in self._found:
            self._found[number] = commands.expected(self.outside, self.outside.on, self.commands)
        return self._found[number]

    # ---- told in JSON -----------------------------------------------------------------------------

    def record(self) -> dict[str, Any]:
        """The scene that stands, as plain JSON values."""
        outside, expected = self.outside, self._expected()
        return {
            "event": "scene",
            "format": 1,
            "scene": self.case.name,
            "kind": self.case.kind.value,
            "title": self.case.title,
            "host": "localhost",
            "port": outside.port,
            "genuine_port": outside.genuine(outside.on)[1],
            "meeting": self.number + 1,
            "meetings": [
                {"title": one.title, "line": one.line.value, "proxied": one.proxied, "today": outside.today(one)}
                for one in self.meetings
            ],
            "folder": str(outside.folder),
            "store": str(self.files.store),
            "files": self.files.record(),
            "pins": {role.value: sorted(pins) for role, pins in outside.scene.site.items()},
            "keylog": str(self.keylog.path) if self.keylog else None,
            "capture": str(self.capture.path) if self.capture else None,
            "commands": [commands.record(one, expected.get(one.name)) for one in self.commands],
        }

    def _turned_record(self) -> dict[str, Any]:
        return {
            "event": "meeting",
            "time": datetime.now(UTC).isoformat(),
            "meeting": self.number + 1,
            "title": self.outside.on.title,
            "line": self.outside.on.line.value,
            "expected": {name: commands.expectation(one) for name, one in self._expected().items()},
        }

    # ---- told in words ----------------------------------------------------------------------------

    def text(self) -> str:
        """The scene that stands, the commands for it, and what is expected of each."""
        outside, expected = self.outside, self._expected()
        genuine = outside.genuine(outside.on)[1]
        lines = [f"{self.case.name}: {self.case.title}"]
        if twin := twin_of(self.case):
            lines.append(f"its twin, which no path can tell from it: {twin.name}")
        lines += ["", *self._where()]
        if any(one.relayed for one in self.meetings):
            lines.append(f"genuine      https://localhost:{genuine}/   itself, with nobody between")
        lines += [
            f"files        {outside.folder}",
            "             removed at the end; no private key is among them",
            "             store.pem: what a client trusts",
            "             pins/: the site's, for curl, OkHttp, Android, as JSON",
            *self._recorded(),
            *(["Enter puts the next meeting on the same port; Ctrl-C ends it."] if len(self.meetings) > 1 else []),
        ]
        program = ""
        for one in self._shown():
            if one.program != program:
                program = one.program
                missing = "" if commands.installed(one) else "   (not found on this machine)"
                lines += ["", f"{Path(program).name}{missing}"]
            words = _words(one, expected)
            lines += [f"  {one.does}", *([f"  expected{words}"] if words else []), f"    {one.command}"]
        shown = self._shown()
        others = dict.fromkeys(one.asked for one in self.commands if one not in shown)
        if others:
            lines += ["", *textwrap.wrap(f"For others say --programs, with all or some of: {', '.join(others)}", 80)]
        return "\n".join([*lines, "", f"At https://localhost:{outside.port}/", "What happens now:"])

    def _shown(self) -> list[Command]:
        """The commands of the chosen programs; those of the first that is on this machine, where none are chosen."""
        first = next((one for one in self.commands if commands.installed(one)), self.commands[0]).asked
        wanted = self.programs or [first]
        return [one for one in self.commands if one.asked in wanted or "all" in wanted]

    def _where(self) -> list[str]:
        meeting = self.outside.on
        who = "the genuine service"
        if meeting.line is Line.ATTACKER:
            who = "the attacker"
        elif meeting.proxied:
            who = "an authorised proxy"
        lines = [
            f"on the line  https://localhost:{self.outside.port}/   {who}",
            f"             meeting {self.number + 1} of {len(self.meetings)}: {meeting.title}",
        ]
        if not self.outside.today(meeting):
            lines.append(
                f"             it is dated {meeting.time:%Y-%m-%d}; programs with today's clock see another day"
            )
        if needs := commands.needs(meeting):
            lines.append(f"             it needs {needs}")
        return lines

    def _recorded(self) -> list[str]:
        lines = []
        if self.keylog:
            lines.append(f"key log      {self.keylog.path}   the lab's own throwaway secrets; who has them reads all")
        if self.capture:
            open_ = "opens by itself" if self.keylog else "what an eavesdropper has; --keylog would open it"
            # By heuristics first: the port that a client was given may be registered for something else than TLS.
            look = f"tshark -r {quote(self.capture.path)} -o tcp.try_heuristic_first:TRUE -Y http"
            lines += [f"capture      {self.capture.path}   {open_}", f"    {look}"]
        return lines

    def _turned_text(self) -> str:
        expected, lines = self._expected(), ["", *self._where()]
        for one in self._shown():
            if one.name in expected:
                lines.append(f"             {one.name:<23} expected{_words(one, expected)}")
        return "\n".join(lines)


def _words(command: Command, expected: dict[str, Encounter]) -> str:
    met = expected.get(command.name)
    if met is None or met.outcome is None:
        return ""
    after = " (after the one above, at meeting 1)" if command.remembers else ""
    where = "" if met.verdict.accepted else f" at {met.verdict.check}"
    if command.program in chromium.NAMES:
        where += "; the page is there" if met.verdict.accepted else "; a warning fills the window"
    return f"{after}: {met.outcome.value}, {met.verdict}{where}"
