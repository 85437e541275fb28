"""
The files beside a scene that is served: trust stores, pins, requests, a browser's home.

It knows what outside programs read, and none of the programs' commands. No
private key is written. Everything lies in the scene's own temporary folder and
goes with it.
"""

from __future__ import annotations

from pathlib import Path

from lab.built.programs.chromium import usual, write_anchors
from lab.built.programs.outside import Outside
from lab.built.programs.program import ProgramCall
from lab.disk import written
from lab.pki.export import LIFE, pin_files
from lab.policy.pinset import Role
from lab.scenes.catalogue import Meeting


class Files:
    """
    The files of one scene, by what they are for.

    `store` always holds the anchors of the meeting that `now` was last told of:
    its path stays, so that a command stays as it was printed.
    """

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self.folder = outside.folder
        self.store = outside.folder / "store.pem"
        self.anchors = outside.folder / "anchors"
        self.home = outside.folder / "home"
        (backup,) = outside.scene.site[Role.BACKUP]
        ends = (outside.began + LIFE).date()
        for name, content in pin_files("localhost", outside.scene.genuine, backup, ends).items():
            path = outside.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        self.home.mkdir()
        self.anchors.mkdir()
        self.now(outside.on)

    def request(self, name: str, call: ProgramCall) -> Path:
        """A file with the request of the command of this name, whose program speaks TLS and no HTTP."""
        path = self.folder / f"request-{name}.txt"
        path.write_bytes(call.request)
        return path

    def now(self, meeting: Meeting) -> None:
        """Make the trust stores those of this meeting."""
        written(self.store, self._outside.store(meeting).read_text("utf-8"))
        for old in self.anchors.iterdir():
            old.unlink()
        write_anchors(self.anchors, filter(usual, (one.certificate for one in meeting.store)))

    def record(self) -> dict[str, str]:
        """Every file as plain JSON values, by its path within the folder."""
        found = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): str(path) for path in found}
