"""
Who plays which part: what is installed, with its version, and what stands in for the rest.

Whoever is missing is named with the command that installs it. The play does not
ask again who it was.
"""

from __future__ import annotations

import re
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from cryptography import x509

from lab.built.acme import pebble
from lab.built.acme.ca import Account, AccountCa
from lab.built.acme.habits import CERTBOT, certbots
from lab.built.acme.own import OwnCa
from lab.built.acme.pebble import Pebble
from lab.built.acme.premises import Premises
from lab.built.cast import sunlight
from lab.built.cast.sunlight import Sunlight
from lab.built.programs import chromium, curl, gnutls, openssl
from lab.built.programs.child import Started
from lab.built.programs.outside import world_around
from lab.built.programs.program import Program, every_place, packaged
from lab.pki.authority import Credential, Key, new_key, signed
from lab.pki.export import pem
from lab.pki.head import Witness
from lab.pki.inclusion import WatchedLog
from lab.pki.log import logged
from lab.pki.world import HOST

HOSTS = (HOST, "localhost")
"""The site's names: programs here find it by the second."""
WAYS: dict[Program, dict[str, str]] = {
    curl.CURL: {"unpinned": "curl", "curl-status": "curl --cert-status", "curl": "curl --pinnedpubkey"},
    gnutls.GNUTLS: {"gnutls": "gnutls-cli"},
    openssl.OPENSSL: {
        "unpinned": "openssl s_client",
        "openssl-status": "s_client -status",
        "openssl-crl": "s_client -crl_check",
        "openssl-ct": "s_client -ct",
    },
    chromium.CHROMIUM: {"unpinned": "chromium"},
}
"""The real clients, and the ways in which each is called, with what that is called in the table."""
LOGS = (("log.example/one", "First Operator"), ("log.example/two", "Second Operator"))


@dataclass(frozen=True)
class CastPart:
    """A part, and who plays it; in whose place, where it is not the real one, and what installs that; `beside` more."""

    part: str
    by: str
    instead_of: str = ""
    install: str = ""
    beside: str = ""

    @property
    def words(self) -> str:
        """In a sentence or two."""
        said = f"{self.by}; to have {self.instead_of}: {self.install}" if self.instead_of else self.by
        return f"{said}. {self.beside}" if self.beside else said


class Orderer:
    """The site's owner: an account that orders, by certbot where that is possible."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def order(self, *hosts: str) -> tuple[Key, tuple[x509.Certificate, ...]]:
        """A new key, and the chain that the CA gave for it. Raises ValueError where it gave none."""
        key = new_key()
        return key, self._account.order(*hosts, key=key)

    def revoke(self, certificate: x509.Certificate) -> None:
        """Ask the CA to take a certificate back. Raises ValueError where it does not."""
        self._account.revoke(certificate)


class Certbot(Orderer):
    """The same by certbot, which lives in this folder, and whose account and keys are there."""

    def __init__(self, ca: Pebble, folder: Path) -> None:
        self._ca, self._folder = ca, folder

    def order(self, *hosts: str) -> tuple[Key, tuple[x509.Certificate, ...]]:
        """As any owner's."""
        with self._ca.premises.hands_out(self._folder / "web"):
            first, *_ = CERTBOT.commands(f"{self._ca.url}/dir", self._folder, ",".join(hosts))
            CERTBOT.told(self._ca, self._folder, first)
        held = CERTBOT.held(self._ca, self._folder, hosts[0])
        return held.key, held.chain

    def revoke(self, certificate: x509.Certificate) -> None:
        """As any owner's."""
        found = self._folder / "found.pem"
        found.write_bytes(pem([certificate]))
        where = certbots(f"{self._ca.url}/dir", self._folder)
        try:
            CERTBOT.told(self._ca, self._folder, ["certbot", "revoke", *where, "--cert-path", found])
        except ValueError:  # its last line tells to look into its log (2.1.0)
            log = (self._folder / "logs" / "letsencrypt.log").read_text("utf-8")
            if not (said := re.findall(r'"detail": "(.*)"', log)):
                raise
            raise ValueError(f"certbot is told: {said[-1]}".replace('\\"', "")) from None


_HANDS_IN = (
    "It hands nothing in, and its certificates hold no SCTs: what it issues the lab signs once more with the CA's key, "
    "as a precertificate for the logs, and then with what these signed."
)
_PORT = " Its port for {}, on loopback, was told nobody, and is closed by now."


class Company(Started):
    """
    The CA, its logs, the owner and whoever else plays, on loopback. A context manager; leaving it ends them all.

    `parts` tell who plays, `programs` are the clients that are here, with their versions. Raises ValueError where
    somebody who is here does not start.
    """

    def __init__(self) -> None:
        self.parts: list[CastPart] = []
        self.witness = Witness()
        with ExitStack() as stack:
            self.premises = stack.enter_context(Premises())
            self.ca = self._ca(stack)
            self.logs = self._logs(stack)
            self.issuing = replace(self.ca.issuing, logs=self.logs)
            self.owner = self._owner(stack)
            self._plays("the attacker's client", self._library)
            self._plays("the monitor", "the lab's own, which the owner runs")
            self._plays("responder, lists, updates", f"the lab's own, with the CA's key{self._lists}")
            self._plays("the witness", "the lab's own")
            self.programs = {one: found for one in WAYS if (found := self._version(one))}
            self._closing = stack.pop_all()

    def _plays(self, part: str, by: str, instead_of: str = "", install: str = "", beside: str = "") -> None:
        self.parts.append(CastPart(part, by, instead_of, install, beside))

    def _ca(self, stack: ExitStack) -> AccountCa:
        lacks = pebble.missing()
        if lacks:
            self._library, self._lists = "none: an order is a call of the lab's", ""
            self._plays("the CA", "the lab's own, which speaks no ACME", "Pebble", lacks, beside=_HANDS_IN)
            return OwnCa(self.premises, world_around(datetime.now(UTC).replace(microsecond=0), logs=()))
        self._library = f"the package acme {version('acme')}"
        self._lists = "; Pebble has none, and its intermediate may sign no lists: who wants one refuses on any day"
        here, *others = [packaged("pebble", one) or "of unknown version" for one in every_place("pebble")]
        more = f" There is {', '.join(others)} as well, which has no part." if others else ""
        self._plays("the CA", f"Pebble {here}", beside=_HANDS_IN + _PORT.format("the CA's keys") + more)
        return stack.enter_context(Pebble(self.premises))

    def _logs(self, stack: ExitStack) -> tuple[WatchedLog, ...]:
        place, (one, who), (other, whose) = sunlight.find(), *LOGS
        if place is None:
            self._plays("the log", "the lab's own", "Sunlight", sunlight.INSTALL)
            first = WatchedLog(one, who, self.witness)
        else:
            known = packaged("sunlight", place) or "of unknown version"
            self._plays("the log", f"Sunlight {known}", beside=_PORT.format("its debugging").strip())
            first = stack.enter_context(Sunlight([self.ca.root.certificate], self.witness, one, who))
        self._plays("another operator's log", "the lab's own: who counts SCTs counts two operators")
        return first, WatchedLog(other, whose, self.witness)

    def _owner(self, stack: ExitStack) -> Orderer:
        found = CERTBOT.version()
        if found and isinstance(self.ca, Pebble):
            self._plays("the owner's client", f"certbot {found}")
            return Certbot(self.ca, Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lab-"))))
        install = pebble.missing() if found else CERTBOT.install
        self._plays("the owner's client", self._library, "certbot", install)
        return Orderer(self.ca.account())

    def _version(self, program: Program) -> str | None:
        found = program.version()
        if found:
            self._plays("a client", f"{program.name} {found}")
        else:
            self._plays("a client", "nobody", program.name, program.install)
        return found

    def failed(self, program: Program, why: str) -> None:
        """A client that is here does not play, and this is why: what it did, in words that go on from its name."""
        self._plays("a client", f"nobody: {program.name} {why}")

    def handed_in(self, ordered: Credential, logs: tuple[WatchedLog, ...]) -> Credential:
        """
        What a CA that hands in would have issued: the same certificate with what these logs signed for it.

        The first one is not used any more. Raises ValueError where a log does not take it.
        """
        leaf = ordered.leaf
        builder = (
            x509.CertificateBuilder()
            .issuer_name(leaf.issuer)
            .subject_name(leaf.subject)
            .public_key(leaf.public_key())
            .serial_number(leaf.serial_number)
            .not_valid_before(leaf.not_valid_before_utc)
            .not_valid_after(leaf.not_valid_after_utc)
        )
        for one in leaf.extensions:
            builder = builder.add_extension(one.value, one.critical)
        above = [one.certificate for one in self.issuing.line()]
        made = logged(builder, lambda one: signed(one, self.issuing.key), above, logs, datetime.now(UTC))
        return Credential(ordered.key, (made, *ordered.chain[1:]), replace(self.issuing, logs=logs))
