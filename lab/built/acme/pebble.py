"""
Pebble, a real ACME server, on loopback; and accounts at it, by the library that certbot is made of.

It never asks CAA, logs nothing and answers no OCSP. Its CA is made when it
starts, keys included, and its management port gives them away: that port is
an ephemeral one of loopback, and nobody is told it. Whoever runs programs of
others on the same machine should not run Pebble there.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ReasonFlags

from lab.built.acme.ca import Presented
from lab.built.acme.premises import Premises
from lab.built.programs.child import AGAIN, Child, Started, serving
from lab.built.programs.program import every_place
from lab.pki.authority import LEAF_LIFE, Authority, Key, digest_for, new_key
from lab.pki.caa import NotIssued
from lab.wire.listener import HOME

INSTALL = "apt-get install pebble"
PATIENCE = 20.0  # seconds that an order may take
SETTINGS = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}

# RFC 5280 section 5.3.1; whoever says another says nothing.
REASONS = {ReasonFlags.unspecified: 0, ReasonFlags.key_compromise: 1, ReasonFlags.superseded: 4}

_Found = TypeVar("_Found")


def find() -> str | None:
    """Where Pebble is; None where it is neither installed nor fetched. Of two, the one on the search path."""
    return next(iter(every_place("pebble")), None)


def missing() -> str:
    """What has to be installed before an account can order of Pebble, as a command; empty where it is all there."""
    try:
        _library()
    except ValueError:
        return "make field"
    return "" if find() else INSTALL


def _library() -> tuple[ModuleType, ModuleType]:
    """The packages acme and josepy. Raises ValueError where they are not installed."""
    try:
        import acme.client
        import josepy
    except ImportError:
        raise ValueError("the packages acme and josepy are not here; `make field` installs them") from None
    return acme, josepy


class Pebble(Started):
    """
    The server, running, and the site that it looks at. A context manager; leaving it ends the program.

    What it issues lasts `life`; `program` is where it is, if there are two. It is made whole, or raises ValueError, in
    one sentence. Should this process be killed outright, it dies too (not on Windows).
    """

    def __init__(self, premises: Premises, *, life: timedelta = LEAF_LIFE, program: str | None = None) -> None:
        _library()
        program = program or find()
        if program is None:
            raise ValueError(f"Pebble is not here; install it with: {INSTALL}")
        self.premises, self.life = premises, life
        with ExitStack() as stack:
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lab-")))
            self.trusted = self._identity()
            stack.callback(self._started(program).stop)
            self._closing = stack.pop_all()
        try:
            key, certificate = self._managed("root")
            self.root = Authority("Pebble's root", key, certificate, life=life)
            key, certificate = self._managed("intermediate")
            self.issuing = Authority("Pebble's intermediate", key, certificate, self.root, life=life)
        except BaseException:
            self.stop()
            raise

    def _identity(self) -> Path:
        """The server's own certificate and key, in its folder; the file with the CA that vouches for it."""
        own, trusted = trustme.CA(), self._folder / "trusted.pem"
        made = own.issue_cert(HOME, "localhost")
        (self._folder / "key.pem").touch(mode=0o600)
        made.private_key_pem.write_to_path(self._folder / "key.pem")
        (self._folder / "certificate.pem").write_bytes(b"".join(one.bytes() for one in made.cert_chain_pems))
        own.cert_pem.write_to_path(trusted)
        return trusted

    def _started(self, program: str) -> Child:
        def told(ports: Sequence[int]) -> Sequence[str | Path]:
            self.url, self._managing = (f"https://{HOME}:{port}" for port in ports)
            config = {
                "listenAddress": f"{HOME}:{ports[0]}",
                "managementListenAddress": f"{HOME}:{ports[1]}",
                "certificate": str(self._folder / "certificate.pem"),
                "privateKey": str(self._folder / "key.pem"),
                "httpPort": self.premises.web.port,
                "tlsPort": self.premises.web.port,  # no proof by TLS is given
                "ocspResponderURL": "",
                "externalAccountBindingRequired": False,
                "certificateValidityPeriod": int(self.life.total_seconds()),
            }
            (self._folder / "config.json").write_text(json.dumps({"pebble": config}), "utf-8")
            return "-config", self._folder / "config.json", "-dnsserver", f"{HOME}:{self.premises.zone.port}"

        def answers() -> None:
            self.get(f"{self.url}/dir")  # requests raises OSError
            self.get(f"{self._managing}/roots/0")

        return serving(program, self._folder, 2, told, answers, SETTINGS)

    def get(self, address: str) -> bytes:
        """What stands there. Raises OSError where nothing does; no proxy is asked, whatever the environment says."""
        import requests

        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(address, verify=str(self.trusted), timeout=PATIENCE)
        answer.raise_for_status()
        return answer.content

    def _managed(self, which: str) -> tuple[Key, x509.Certificate]:
        """What it gives to whoever runs it: the key and the certificate of its root, or of its intermediate."""
        key: Any = serialization.load_pem_private_key(self.get(f"{self._managing}/{which}-keys/0"), None)
        return key, x509.load_pem_x509_certificate(self.get(f"{self._managing}/{which}s/0"))

    def account(self) -> PebbleAccount:
        """A new account: anybody can have one."""
        return PebbleAccount(self)

    def revoked(self, certificate: x509.Certificate) -> bool:
        """Whether it has taken the certificate back."""
        said = json.loads(self.get(f"{self._managing}/cert-status-by-serial/{certificate.serial_number:x}"))
        return bool(said["Status"] == "Revoked")


class PebbleAccount:
    """An account at Pebble, made by a real ACME client with a key of its own."""

    def __init__(self, pebble: Pebble) -> None:
        self._acme, jose = _library()
        self._premises = pebble.premises
        self.key = jose.JWKEC(key=new_key())
        network = self._acme.client.ClientNetwork(self.key, alg=jose.ES256, timeout=int(PATIENCE))
        network.verify_ssl = str(pebble.trusted)
        network.session.trust_env = False
        directory = self._acme.client.ClientV2.get_directory(f"{pebble.url}/dir", network)
        self._client = self._acme.client.ClientV2(directory, network)
        agreed = self._acme.messages.NewRegistration.from_data(terms_of_service_agreed=True)
        self.uri = str(self._client.new_account(agreed).uri)

    def order(self, *hosts: str, key: Key, method: str = "http-01") -> Presented:
        """As any account's; see `Account`."""
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        asked = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(names, critical=False)
        octets = asked.sign(key, digest_for(key)).public_bytes(serialization.Encoding.PEM)
        try:
            order = self._client.new_order(octets)
            for one in order.authorizations:
                self._prove(one, method)
            self._client.begin_finalization(order)
            done = self._until(lambda: self._acme.messages.Order.from_json(self._post(order.uri).json()))
            pem = self._post(done.certificate).text.encode()
        except (self._acme.errors.Error, self._acme.messages.Error) as problem:
            raise NotIssued(f"Pebble issues nothing for {', '.join(hosts)} to {self.uri}: {problem}") from None
        return tuple(x509.load_pem_x509_certificates(pem))

    def _prove(self, authorization: Any, method: str) -> None:
        if authorization.body.status == self._acme.messages.STATUS_VALID:
            return  # this account has proved the name before: whatever Pebble is told, it takes one in a hundred again
        host = authorization.body.identifier.value
        (challenge,) = [one for one in authorization.body.challenges if one.typ == method] or [None]
        if challenge is None:
            raise self._acme.errors.Error(f"it takes no proof of {host} by {method}")
        response, _ = challenge.response_and_validation(self.key)
        with self._premises.shows(method, host, challenge.chall.encode("token"), response.key_authorization):
            self._client.answer_challenge(challenge, response)
            self._until(lambda: self._client.poll(authorization)[0].body)

    def _post(self, address: str) -> Any:
        return self._client.net.post(address, None, new_nonce_url=self._client.directory["newNonce"])

    def _until(self, look: Callable[[], _Found]) -> _Found:
        """What `look` finds once that is decided. The library's own loop sleeps for seconds."""
        messages, ends = self._acme.messages, time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            found: Any = look()
            if found.status == messages.STATUS_VALID:
                return found  # type: ignore[no-any-return]
            if found.status == messages.STATUS_INVALID:
                problems = [one.error for one in getattr(found, "challenges", [found])]
                raise self._acme.errors.Error("; ".join(str(one.detail) for one in problems if one) or "it says no")
            time.sleep(AGAIN)
        raise self._acme.errors.Error(f"it did not decide within {PATIENCE:g} seconds")

    def revoke(self, certificate: x509.Certificate, reason: ReasonFlags = ReasonFlags.unspecified) -> None:
        """As any account's; see `Account`."""
        try:
            self._client.revoke(certificate, REASONS.get(reason, 0))
        except (self._acme.errors.Error, self._acme.messages.Error) as problem:
            raise ValueError(f"Pebble revokes nothing for {self.uri}: {problem}") from None

    def renew_at(self, certificate: x509.Certificate) -> datetime | None:
        """As any account's; see `Account`. Pebble says it from 2.5 on."""
        when, _ = self._client.renewal_time(certificate.public_bytes(serialization.Encoding.PEM))
        return when.astimezone(UTC) if when else None
