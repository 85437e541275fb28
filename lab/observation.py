"""
The plain values that the rooms of the lab exchange.

What a client saw in one handshake, what it found, what it decided, and what
that meant. No socket, no OpenSSL, no cryptography: everything here can be
written down by hand in a test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar

from lab.word import Doubt as Doubt
from lab.word import Evidence as Evidence
from lab.word import Piece as Piece
from lab.word import Status as Status
from lab.word import Word as Word


class Line(StrEnum):
    """Who is really on the other end of the line."""

    GENUINE = "genuine"
    """The genuine server, or a machine that its owner or the victim's employer put there."""
    ATTACKER = "attacker"
    """A man in the middle."""


class Outcome(StrEnum):
    """What a verdict meant, once it is known who was on the line."""

    SERVED = "served"
    """The client talked to the genuine server."""
    STOPPED = "stopped"
    """The client refused the attacker, who holds nothing."""
    OUTAGE = "outage"
    """The client refused the genuine server."""
    INTERCEPTED = "intercepted"
    """The attacker holds the client's secret, whatever the client decided in the end."""

    @property
    def severity(self) -> int:
        """0 (nothing happened) to 3 (robbed): the order in which a trial's worst meeting is chosen."""
        return [Outcome.SERVED, Outcome.STOPPED, Outcome.OUTAGE, Outcome.INTERCEPTED].index(self)


def outcome_of(line: Line, held: bool, content: bool) -> Outcome:
    """
    What a meeting meant: the one rule of the lab, for its own clients, for outside programs and for rehearsals.

    `held` says that whoever is on the line has the client's secret, `content`
    that the client went on with the answer. An attacker has won with the secret
    in hand, whatever the client decides later; a genuine server has served
    whom its answer reached and contented.
    """
    if line is Line.ATTACKER:
        return Outcome.INTERCEPTED if held else Outcome.STOPPED
    return Outcome.SERVED if held and content else Outcome.OUTAGE


BAD = frozenset({Outcome.INTERCEPTED, Outcome.OUTAGE})
"""What nobody wants from a meeting, whoever is on the line."""
REFUSED = frozenset({Outcome.STOPPED, Outcome.OUTAGE})
"""What comes of a refusal, whoever is on the line."""

Progress = Callable[[int, int, str], None]
"""Called with how much is done, of how much, and what is at work now in a few words."""


def untold(done: int, of: int, name: str) -> None:
    """Progress that nobody wants to see."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """
    What a client can read off one X.509 certificate.

    `pin` is ``sha256/BASE64`` of the SubjectPublicKeyInfo, `fingerprint` is
    ``cert-sha256/BASE64`` of the whole certificate. Two certificates for one
    key share the pin and differ in the fingerprint. `key_id` and `issuer_key_id`
    are the key identifiers (RFC 5280 sections 4.2.1.1 and 4.2.1.2) in hex, empty
    where there are none; whoever makes a certificate writes them as he likes.
    `hosts` are all that it answers for, DNS names as they stand and then the
    `addresses`: a DNS name that looks like an address is none.
    `trouble` says in words what in it cannot be read, and is empty where all
    can; then the fields hold what could be, and both dates, where they are not
    readable, are 1 January 1970. Nothing here says that the certificate is
    valid or trusted.
    """

    name: str
    issuer: str
    pin: str
    fingerprint: str
    algorithm: str
    is_ca: bool
    hosts: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    der: bytes = field(repr=False)
    key_id: str = field(default="", repr=False)
    issuer_key_id: str = field(default="", repr=False)
    addresses: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def dns_names(self) -> tuple[str, ...]:
        """Those of `hosts` that are names."""
        return self.hosts[: len(self.hosts) - len(self.addresses)]

    def __str__(self) -> str:
        return f"{self.pin}  {self.name}"


Letters = Mapping[str, str]
"""The letter of each key, by its pin: one letter for one key, wherever it is drawn or named."""
UNLETTERED: Letters = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ValidationError:
    """
    The first error that path validation met: OpenSSL's code, the depth (0 is the leaf), the reason in words.

    `name` is the certificate that it met it at, empty where nobody knows.
    """

    code: int
    depth: int
    reason: str
    name: str = ""


class Proof(StrEnum):
    """What a client may show to a server of itself, so that the server can refuse somebody else."""

    CERTIFICATE = "a client certificate"
    TOKEN = "a token bound to the connection"


@dataclass(frozen=True, slots=True)
class Observation:
    """
    What a client saw in one handshake, and may use to decide.

    `presented` is the chain that the server sent, leaf first. `path` is the
    chain that validation built, leaf first, ending in the trust anchor; it is
    None where validation failed (then `error` says why) and where the session
    was resumed (then nothing was validated). `name_mismatch` says, in words,
    why the leaf does not answer for `host`; it is empty where it does. `evidence`
    holds the pieces that were asked for and are known by now. `broken_off` says
    that the client agreed and the handshake did not finish all the same: nobody
    has proved to hold the leaf's key. It is known only afterwards, and False
    whenever a decision is asked.

    Alerts, bytes and the other side's view are known only afterwards; they are
    in `Aftermath`, which no check receives.
    """

    host: str
    time: datetime
    presented: tuple[Certificate, ...]
    path: tuple[Certificate, ...] | None = None
    error: ValidationError | None = None
    name_mismatch: str = ""
    resumed: bool = False
    broken_off: bool = False
    evidence: Mapping[Evidence, Piece] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if self.path is not None and self.error is not None:
            raise ValueError("an observation has a path or a validation error, never both")
        if self.resumed and self.path is not None:
            raise ValueError("a resumed session validates nothing, so it has no path")

    @property
    def leaf(self) -> Certificate | None:
        """The certificate whose key the server has to prove that it holds, or None where the server sent none."""
        if self.path:
            return self.path[0]
        return self.presented[0] if self.presented else None


@dataclass(frozen=True, slots=True)
class Successor:
    """A pin that a server announced for later, and whether it proved on this very connection that it holds the key."""

    pin: str
    proven: bool


@dataclass(frozen=True, slots=True)
class Lesson:
    """
    What a meeting can teach: what was seen, whether the client went on, and what the server said then.

    `accepted` says that the handshake was completed and the client agreed.
    `headers` are those of the answer, None where there was none. `successors`
    are the keys that were announced, None where nothing was asked or announced.
    """

    observation: Observation
    accepted: bool
    headers: tuple[tuple[str, str], ...] | None = None
    successors: tuple[Successor, ...] | None = None


class Hangup(StrEnum):
    """When the client hung up, as the other side saw it."""

    DURING_HANDSHAKE = "during the handshake"
    NOTHING_CAME = "when nothing more came"
    """The other side had broken the handshake off itself."""
    BEFORE_REQUEST = "after the handshake, before any request"
    AFTER_REQUEST = "after its request"
    NEVER = "not before it had its answer"


@dataclass(frozen=True, slots=True)
class View:
    """
    One connection as the other side saw it: what a server or an attacker can log.

    `alert` is the TLS alert that came back, empty where none did. It is a hint
    and no proof: OpenSSL sends internal_error for every refusal that a
    callback decides, a pin and a host name alike. `read` counts the
    application bytes that arrived; `requests` are the request lines.
    """

    hung_up: Hangup
    alert: str = ""
    read: int = 0
    requests: tuple[str, ...] = ()
    tampered: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """
    What became known of a meeting only when it was over; no check ever sees it.

    `sent` counts the application bytes that the client sent, `leaked` those
    that an attacker read. `view` is the other side's log. `relayed` says that the
    genuine server took a request as the client's own which an attacker had sent.
    """

    sent: int
    leaked: int
    answer: str
    view: View
    failure: str = ""
    relayed: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A pin that would have done, and what it is the pin of; `pin` is empty where there was none of that kind."""

    pin: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.pin or '(no such pin)':<51}  {self.name}".rstrip()


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What one check found: passed or refused, and why.

    A refusal that compared keys is data: `wanted` are the pins that would have
    done, `seen` the certificates that they were held against, `where` says in
    words which those are. `reason` words it in a line, `both_sides` in full.
    """

    check: str
    passed: bool
    why: str
    wanted: tuple[Wanted, ...] = ()
    seen: tuple[Certificate, ...] = ()
    where: str = ""

    def __iter__(self) -> Iterator[bool | str]:
        """Whether it passed, and why: a finding can be taken apart like the pair that a rule may give in its place."""
        return iter((self.passed, self.reason))

    @property
    def reason(self) -> str:
        """One sentence, without a line break."""
        if not self.where:
            return self.why
        wanted = " or ".join(dict.fromkeys(pin.name for pin in self.wanted if pin.name)) or "one of the pins"
        return f"wanted {wanted} on {self.where}, saw {names(self.seen)}"

    def both_sides(self, letters: Letters = UNLETTERED) -> str:
        """
        What was seen and what was wanted, a line for each: ``pin  name``; empty where no keys were compared.

        As OkHttp's CertificatePinner words it: the chain first, then the pins.
        A key that has a letter is given with it, before its pin.
        """
        sides: dict[str, Iterable[Certificate | Wanted]] = {"seen": self.seen, "wanted": self.wanted}
        lines = [(label if not number else "", key) for label, keys in sides.items() for number, key in enumerate(keys)]
        if not self.wanted:
            return ""
        return "\n".join(f"{label:<8}{letters.get(key.pin, '-') + ' ' if letters else ''}{key}" for label, key in lines)

    def record(self, letters: Letters = UNLETTERED) -> dict[str, Any]:
        """The finding as plain JSON values; a key that has no letter has None."""

        def keys(side: Iterable[Certificate | Wanted]) -> list[dict[str, str | None]]:
            return [{"pin": one.pin or None, "name": one.name, "key": letters.get(one.pin)} for one in side]

        return {
            "check": self.check,
            "passed": self.passed,
            "reason": self.reason,
            "wanted": keys(self.wanted),
            "seen": keys(self.seen),
        }


def names(certificates: Iterable[Certificate]) -> str:
    """Certificates as a reader says them, leaf first."""
    return " <- ".join(certificate.name for certificate in certificates) or "nothing"


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What a client decided, at which check, and why.

    `findings` holds each check that was asked, in order; the first refusal
    ends the list. `check` names the deciding one.
    """

    accepted: bool
    check: str
    reason: str
    findings: tuple[Finding, ...] = ()

    @property
    def refusal(self) -> Finding | None:
        """The finding that refused, with what it compared; None where no check of the policy did."""
        last = self.findings[-1] if self.findings else None
        return last if last and not last.passed else None

    def __str__(self) -> str:
        return "accepted" if self.accepted else "refused"


class Showable:
    """
    A value that a notebook can show, as accessible HTML beside a text twin.

    It does not know how: `lab.show` fills in the renderers. Until that room is
    imported the value shows as its `repr`.
    """

    renderers: ClassVar[dict[type, dict[str, Callable[[Any], str]]]] = {}

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> dict[str, str]:
        for kind in type(self).__mro__:
            if kind in Showable.renderers:
                return {mime: render(self) for mime, render in Showable.renderers[kind].items()}
        return {"text/plain": repr(self)}
