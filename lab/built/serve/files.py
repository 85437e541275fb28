"""
The files beside a scene that is served: trust stores, pins, requests, a browser's home.

It knows what outside programs read, and none of the programs' commands. No
private key is written. Everything lies in the scene's own temporary folder and
goes with it.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from lab.built.serve.outside import Outside
from lab.pki.export import LIFE, pem, pin_files
from lab.policy.pinset import Role
from lab.scenes.catalogue import Meeting

SENT = ("openssl", "openssl-dane", "gnutls-cli", "gnutls-cli-strict-tofu")
"""Commands whose program speaks TLS and no HTTP, so that their request is a file."""

REQUEST = "GET /account HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\nConnection: close\r\n\r\n"


def secret_of(name: str) -> str:
    """What the command of this name sends as its bearer token: the attacker's log then tells whose it was."""
    return f"secret-of-{name}"


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
        for name in SENT:
            self.request(name).write_bytes(REQUEST.format(secret=secret_of(name)).encode())
        (self.home / ".pki" / "nssdb").mkdir(parents=True)
        self.anchors.mkdir()
        self.now(outside.on)

    def request(self, name: str) -> Path:
        """What the command of this name sends, as it is, with a secret in it."""
        return self.folder / f"request-{name}.txt"

    @property
    def pins(self) -> dict[str, Path]:
        """The pins in the formats people have, by file name."""
        return {path.name: path for path in sorted((self.folder / "pins").iterdir())}

    def now(self, meeting: Meeting) -> None:
        """Make the trust stores those of this meeting."""
        beside = self.folder / "store.new"
        beside.write_bytes(self._outside.store(meeting).read_bytes())
        os.replace(beside, self.store)
        for old in self.anchors.iterdir():
            old.unlink()
        lines = []
        for number, anchor in enumerate(meeting.store):
            if isinstance(anchor.certificate.public_key(), ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
                path = (
                    self.anchors / f"{number}.pem"
                )  # NSS takes one certificate from a file; not every NSS, an ML-DSA one
                path.write_bytes(pem([anchor.certificate]))
                lines.append(f'-A -n "lab {number} {anchor.name}" -t C,, -a -i "{path}"\n')
        (self.anchors / "batch").write_text("".join(lines), encoding="utf-8")

    def record(self) -> dict[str, str]:
        """Every file as plain JSON values, by its path within the folder."""
        found = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): str(path) for path in found}
