"""
What the ACME clients that people use do to keys: each orders of Pebble, and renews as it does by default, or otherwise.

They show their proofs in a folder that port 80 hands out. Whether the key is
the same afterwards is read from the certificates, and asked of nobody.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from lab.built.acme.pebble import Pebble
from lab.built.acme.premises import WELL_KNOWN
from lab.built.programs.program import last_line, to_its_end, version_of
from lab.pki.authority import Credential

PATIENCE = 60.0  # seconds that one order may take
Argv = Sequence[str | Path]


@dataclass(frozen=True)
class AcmeClient:
    """
    A program that orders. `commands` are those of a first order, of a renewal by default, of one that keeps the key.

    They are for a server, a folder and a host. `trusts` is the variable that names the CAs which it believes of the
    server; in the folder it `keeps` two `files`, the chain that a server presents and its key.
    """

    name: str
    version: Callable[[], str | None]
    commands: Callable[[str, Path, str], Sequence[Argv]]
    trusts: str
    keeps: str
    files: tuple[str, str]

    @property
    def install(self) -> str:
        """The command that installs it."""
        return f"apt-get install {self.name}"

    def lived(self, pebble: Pebble, host: str) -> list[Credential]:
        """
        What it has a server present: at first, renewed by default, and renewed with the key kept.

        Raises ValueError, with its last words, where it ends otherwise.
        """
        with tempfile.TemporaryDirectory(prefix="lab-") as name, pebble.premises.hands_out(Path(name) / "web"):
            folder, held = Path(name), []
            for words in self.commands(f"{pebble.url}/dir", folder, host):
                self.told(pebble, folder, words)
                held.append(self.held(pebble, folder, host))
            return held

    def held(self, pebble: Pebble, folder: Path, host: str) -> Credential:
        """The key and the chain that it has in the folder for this host. Raises ValueError where they are not there."""
        try:
            chain, secret = ((folder / self.keeps / one.format(host)).read_bytes() for one in self.files)
        except OSError as problem:
            left = f"{self.name} ended well, and left no {problem.filename}"
            raise ValueError(f"{left}; run it by hand to see more") from None
        key: Any = serialization.load_pem_private_key(secret, None)
        return Credential(key, tuple(x509.load_pem_x509_certificates(chain)), pebble.issuing)

    def told(self, pebble: Pebble, folder: Path, words: Argv) -> None:
        """Run this command in the folder. Raises ValueError, with its last words, where it ends otherwise than well."""
        # What Python is told of modules is the lab's own affair: certbot has others.
        own = [f"{self.trusts}={pebble.trusted}", f"TMPDIR={folder}"]  # where what it leaves behind is removed
        clean = ["env", "-u", "PYTHONPATH", *own, *words]
        done = to_its_end(clean, home=folder, patience=PATIENCE)
        if done.code != 0:
            why = last_line(done.errors) or last_line(done.out)
            raise ValueError(f"{self.name} ended with {done.code}: {why}; run it by hand to see more")


def _lego(server: str, folder: Path, host: str) -> Sequence[Argv]:
    agreed: Argv = ["--accept-tos", "--email", f"admin@{host}", "--server", server, "--path", folder]
    common: Argv = ["lego", *agreed, "--domains", host, "--http", "--http.webroot", folder / "web"]
    renew: Argv = [*common, "renew", "--days", "9999", "--no-random-sleep"]
    return [*common, "run"], renew, [*renew, "--reuse-key"]


def certbots(server: str, folder: Path) -> Argv:
    """What every command of certbot's begins with, behind its name: where all of it is."""
    places = [word for one in ("config", "work", "logs") for word in (f"--{one}-dir", folder / one)]
    return ["--non-interactive", "--server", server, *places]


def _certbot(server: str, folder: Path, host: str) -> Sequence[Argv]:
    common = certbots(server, folder)
    agreed: Argv = ["--agree-tos", "--register-unsafely-without-email", "--webroot", "-w", folder / "web"]
    renew: Argv = ["certbot", "renew", "--force-renewal", "--no-random-sleep-on-renew", *common]
    return ["certbot", "certonly", *common, *agreed, "-d", host], renew, [*renew, "--reuse-key"]


def _dehydrated(server: str, folder: Path, host: str) -> Sequence[Argv]:
    for name, renews in (("default", "yes"), ("keeps", "no")):
        said = {"CA": server, "BASEDIR": folder, "WELLKNOWN": folder / "web" / WELL_KNOWN, "PRIVATE_KEY_RENEW": renews}
        said["KEY_ALGO"] = "prime256v1"  # its own choice, RSA of 4096 bits, takes seconds
        (folder / name).write_text("".join(f'{one}="{value}"\n' for one, value in said.items()), "utf-8")
    renew: Argv = ["dehydrated", "--cron", "--accept-terms", "--force", "--domain", host, "--config"]
    return [*renew, folder / "default"], [*renew, folder / "default"], [*renew, folder / "keeps"]


_CERTBOT = ["env", "-u", "PYTHONPATH", "certbot", "--version"]
_LEGO, _DEHYDRATED = r"(?<=version )\S+", r"(?<=Dehydrated version: )\S+"  # Debian's lego calls itself "dev"
_TRUSTS = ("LEGO_CA_CERTIFICATES", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PEM = ("{}/fullchain.pem", "{}/privkey.pem")
CERTBOT = AcmeClient("certbot", version_of(_CERTBOT), _certbot, _TRUSTS[1], "config/live", _PEM)
ACME_CLIENTS = (
    AcmeClient(
        "lego", version_of(["lego", "--version"], _LEGO), _lego, _TRUSTS[0], "certificates", ("{}.crt", "{}.key")
    ),
    CERTBOT,
    AcmeClient("dehydrated", version_of(["dehydrated", "-v"], _DEHYDRATED), _dehydrated, _TRUSTS[2], "certs", _PEM),
)
