"""
What a file of pins says, as a plain value, whatever format it was written in.

It knows what the programs that read each format compare, and no certificate:
which certificate a pin names is `match`'s business.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from lab.built.forecast.scope import Format as Format
from lab.policy.pinset import Role, Where

MOST_PINS = 1000


class Severity(StrEnum):
    """How loud a finding is."""

    SERIOUS = "serious"
    """Users will be locked out, or the pins have no effect."""
    FIX = "worth fixing"
    KNOW = "worth knowing"


@dataclass(frozen=True)
class LintFinding:
    """
    One thing to know about a pin set.

    `seen` is what was there, `why` why it matters, `do` what to do about it;
    `source` where the why was read, empty where it follows from the definition
    of the format or was measured here. `name` is the id of the rule, or of the
    remark that the reader of the file made.
    """

    severity: Severity
    seen: str
    why: str
    do: str
    source: str = ""
    name: str = ""

    def record(self) -> dict[str, Any]:
        """The finding as plain JSON values."""
        said = asdict(self)
        return {"id": said.pop("name"), **said, "source": self.source or None}


class Unreadable(ValueError):
    """What cannot be read, in one sentence; `quoted` is the text at fault, to be found again in the file."""

    def __init__(self, message: str, quoted: str = "") -> None:
        super().__init__(message)
        self.quoted = quoted


@dataclass(frozen=True)
class Pin:
    """
    One pin as written.

    `digest` is what it decodes to, empty where the program decodes nothing and nothing would come of it. `whole` says
    that the format itself means the whole certificate. `never` is the reason why the program that reads this format can
    match it with nothing, whatever the chain; empty for a usable pin. `role`
    is what the file itself calls the pin, where it calls it anything.
    """

    written: str
    digest: bytes
    whole: bool = False
    never: str = ""
    role: Role | None = None

    @property
    def hash(self) -> str:
        """The hash that has so many bytes."""
        return "SHA-256" if len(self.digest) == 32 else "SHA-1"

    def __str__(self) -> str:
        if not self.digest:
            return self.written
        kind = self.hash.lower().replace("-", "")
        return f"{'cert-' if self.whole else ''}{kind}/{base64.b64encode(self.digest).decode()}"


@dataclass(frozen=True)
class Listed:
    """Pins of which any may match, in `where`."""

    pins: tuple[Pin, ...]
    where: Where


class Anchor(StrEnum):
    """Whose certificates Android trusts, or skips the pins for (`overridePins`)."""

    SYSTEM = "the system's own CAs"
    USER = "CAs that the user installed"
    BUNDLED = "CAs that are bundled with the app"
    DEBUG = "the debug-overrides, in debuggable builds only"


@dataclass(frozen=True)
class PinConfig:
    """
    What a file says of one domain.

    All `lists` must match, each with any of its pins. `host` is the domain or
    pattern as the file has it; empty where the format names none (curl, a
    header). `expires` is the moment after which the program stops asking;
    `max_age` an HPKP header's seconds. `enforced` is False for what only
    reports. `anchors` says whom Android's configuration trusts; `overrides` for
    which of them it skips the pins, `unpinned` that it does for all. `exempt` are domains below `host` that have
    no pins of their own, each with whether its subdomains have none either.
    `trouble` is why the program cannot read this entry; `remarks` what its
    reader found.
    """

    format: Format
    lists: tuple[Listed, ...]
    host: str = ""
    subdomains: bool = False
    expires: datetime | None = None
    max_age: int | None = None
    enforced: bool = True
    anchors: tuple[Anchor, ...] = (Anchor.SYSTEM,)
    overrides: tuple[Anchor, ...] = ()
    unpinned: bool = False
    exempt: tuple[tuple[str, bool], ...] = ()
    trouble: Unreadable | None = None
    remarks: tuple[LintFinding, ...] = ()

    @property
    def user_anchors(self) -> bool:
        """Whether CAs that the user installed are trusted."""
        return Anchor.USER in self.anchors

    @property
    def own_anchors(self) -> bool:
        """Whether the system's CAs are not trusted: those that are bundled with the app are, or the user's."""
        return Anchor.SYSTEM not in self.anchors

    @property
    def insecure(self) -> bool:
        """Whether validation is off, so that the pins alone decide, on the server's own certificate."""
        return any(one.where is Where.SERVER for one in self.lists)

    @property
    def dead(self) -> str:
        """Why it covers no host: its name has a star, and the program knows none, or a last dot; empty where it can."""
        if "*" in self.host and not self.format.dialect.stars:
            return f"{self.format.words} knows no * in a name"
        return f"{self.format.words} keeps the dot at its end" if self.host.endswith(".") else ""

    @property
    def pins(self) -> tuple[Pin, ...]:
        """Those of all lists."""
        return tuple(pin for one in self.lists for pin in one.pins)

    def covers(self, host: str) -> bool:
        """Whether the program applies this entry to a connection to `host`."""
        name, own = host.lower().removesuffix("."), self.host.lower()
        if any(name == other or (below and name.endswith("." + other)) for other, below in self.exempt):
            return False
        return not own or self.format.dialect.covers(own, self.subdomains, name)


Answered = Callable[[], Sequence[str]]
"""The names that a chain answers for, asked for where they are needed."""


def choose(configs: Sequence[PinConfig], host: str | None, file: str, names: Answered = tuple) -> PinConfig:
    """
    The entry that the program would use for `host`; where none is given, the only one, or that for the one of `names`
    that any entry covers.

    The most specific domain wins, as in Android and iOS; OkHttp joins all that
    match. What is bad in another entry is a remark. Raises ValueError, naming
    the domains, where none or several are left, and where this one is bad.
    """
    live = [one for one in configs if not one.dead] or list(configs)
    every = list(dict.fromkeys(one.host for one in live))
    listing = ", ".join(every[:8]) + (f" and {len(every) - 8} more" if len(every) > 8 else "")
    if host is None and len(every) > 1:
        answered = {one for one in names() if "*" not in one and any(entry.covers(one) for entry in live)}
        if len(answered) != 1:
            raise ValueError(f"{file} pins {len(every)} domains ({listing}); choose one with --host")
        host = answered.pop()
    name = host and domain(host)
    fit = [one for one in live if name is None or one.covers(name)]
    if not fit:
        star = live[0].dead and f"; {live[0].dead}"
        raise ValueError(
            f"{file} has no pins for {name!r}, so a connection there would not be checked at all; "
            f"it pins {listing}{star or ', so give one of these with --host'}"
        )
    best = max(fit, key=lambda one: len(one.host))
    used = fit if best.format is Format.OKHTTP else [best]
    for one in used:
        if one.trouble:
            raise one.trouble
    joined = {(pin.digest, pin.whole): pin for one in used for pin in one.pins}
    lists = (Listed(tuple(joined.values()), Where.PATH),) if len(used) > 1 else best.lists
    remarks = dict.fromkeys(remark for one in used for remark in one.remarks)
    return replace(best, lists=lists, remarks=(*remarks, *_elsewhere([one for one in configs if one not in used])))


def _elsewhere(others: Iterable[PinConfig]) -> Iterator[LintFinding]:
    """What is wrong with the entries that are not asked for: a word, unless it stops the whole file."""
    for one in others:
        name, stops = shown(one.host), one.format.dialect.stops
        if one.trouble:
            yield LintFinding(
                Severity.SERIOUS if stops else Severity.KNOW,
                f"the entry of {name} is bad: {one.trouble}",
                f"{stops}. The forecast runs as if it were loaded." if stops else "It has no part in this host's pins.",
                "Mend it.",
                name="bad-elsewhere",
            )
        elif one.dead:
            yield LintFinding(
                Severity.SERIOUS, f"the name {name} covers no host", no_star(one), without_star(one), name="no-star"
            )


def no_star(config: PinConfig) -> str:
    """Why its name covers nothing."""
    return f"{config.dead} and compares it letter for letter, so nothing is pinned by it."


def without_star(config: PinConfig) -> str:
    """What to write in its place."""
    if config.host.endswith("."):
        return f"Write {config.host.rstrip('.')}, without a dot at its end."
    below = {Format.ANDROID: 'includeSubdomains="true"', Format.IOS: "NSIncludesSubdomains (one label only)"}
    return f"Write {config.host.lstrip('*.')} with {below.get(config.format, 'its subdomains included')}."


def default_host(config: PinConfig, names: Sequence[str], answers: Callable[[str], bool], otherwise: str) -> str:
    """
    The host to forecast where nobody gave one: one that the entry covers, and, where there is one, that the leaf has.

    `names` are the leaf's, wildcards among them; `answers` says whether it
    answers for a name. Raises ValueError where it answers only for hosts below
    or above the entry that the entry does not cover.
    """
    own = config.host
    if config.dead:
        own = ""
    plain = "*" not in own
    if own and plain and answers(own):
        return own
    concrete = [(f"www.{one[2:]}" if one.startswith("*.") else one).lower() for one in names]
    concrete = sorted((one for one in concrete if "*" not in one), key=lambda one: one not in names)
    covered = [one for one in concrete if config.dead or config.covers(one)]
    if covered:
        return covered[0]
    bare = own.lstrip("*.")
    near = [one for one in concrete if bare and (one == bare or one.endswith("." + bare))]
    if near:
        raise ValueError(
            f"the pins of {own} do not cover {near[0]}, for which the chain answers, so a connection there would not "
            "be checked at all; give the chain of a host that they cover, or pin this one"
        )
    if not own:
        return otherwise
    return own if plain else own[3:] if own.startswith("**.") else f"www.{own[2:]}"


# ---- one pin -------------------------------------------------------------------------------------

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}:?){20}(?:(?:[0-9A-Fa-f]{2}:?){12})?")


def shown(text: str, most: int = 50) -> str:
    """Foreign text in a message: quoted, on one line, shortened."""
    return repr(text if len(text) <= most else text[:most] + "...")


def domain(text: str) -> str:
    """
    A domain or pattern as programs compare it: in lower case, in its xn-- form, without a last dot.

    Raises ValueError for what no program would take for one.
    """
    name = text.strip().lower().removesuffix(".")
    if not re.fullmatch(r"[\w*-]+(\.[\w*-]+)*", name) or len(name) > 253:
        raise Unreadable(f"{shown(text)} is no domain name; letters, digits, hyphens and dots are wanted", text)
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        raise Unreadable(f"{shown(text)} is no domain name; write it in its xn-- form", text) from None


def pattern(text: str, format: Format) -> str:
    """The name of an entry as its program compares it: as `domain`, and with the last dot, where that is kept."""
    return domain(text) + "." * (text.strip().endswith(".") and format.dialect.dots)


def pin(
    written: str, encoded: str, format: Format, *, sha1: bool = False, role: Role | None = None, whole: bool = False
) -> Pin:
    """
    The pin of this base 64, as this format's program reads it; `written` is how the file has it, prefix included.

    A fingerprint in hexadecimal where key hashes are compared, or a SHA-1 where
    only SHA-256 counts (`sha1` tells), is a pin that never matches. Raises
    ValueError, in one sentence, for whatever has no such length.
    """
    text = "".join(encoded.split())
    if _HEX.fullmatch(text):
        taken = format is Format.LIST or (whole and format.dialect.whole)
        never = "" if taken else "it is written in hexadecimal, and base 64 is wanted"
        return Pin(written, bytes.fromhex(text.replace(":", "")), whole, never, role)
    digest = _decoded(written, text, format)
    if len(digest) not in (20, 32) or (sha1 and len(digest) != 20):
        raise Unreadable(f"the pin {shown(written)} {_length(digest, sha1)}", written)
    never = "" if sha1 or len(digest) == 32 else "it is a SHA-1, and only SHA-256 is compared"
    return Pin(written, digest, whole, never, role)


def _decoded(written: str, text: str, format: Format) -> bytes:
    row = format.dialect
    standard = text.translate(str.maketrans("-_", "+/"))
    taken = standard if row.url_safe else text
    padded = taken + "=" * (-len(taken) % 4) if row.unpadded else taken
    if text.startswith("sha256/") and len(text) > 45:  # / is a character of base 64
        raise Unreadable(
            f"the pin {shown(written)} begins with sha256/, and {format.words} has the base 64 alone; leave it out",
            written,
        )
    with suppress(ValueError):  # binascii.Error is one
        return base64.b64decode(padded.encode("ascii"), validate=True)
    if len(standard) == 43 and re.fullmatch(r"[\w+/]+", standard, re.ASCII) and not row.unpadded:
        why = f"has lost the = at its end, and {format.words} wants it"
    elif standard != text and not row.url_safe and re.fullmatch(r"[\w+/]{43}=?", standard, re.ASCII):
        why = f"is url-safe base 64, with - and _, and {format.words} wants + and /"
    else:
        why = "is no base 64; a pin is the base 64 of 32 bytes, 44 characters that end in ="
    raise Unreadable(f"the pin {shown(written)} {why}", written)


def _length(digest: bytes, sha1: bool) -> str:
    if len(digest) > 40 and digest[:1] == b"\x30":
        hashed = base64.b64encode(hashlib.sha256(digest).digest()).decode()
        return f"is too long: it is a whole public key, and not its hash, which is {hashed}"
    wanted = "a SHA-1 has 20" if sha1 else "a SHA-256 has 32"
    lost = "was a part of it lost when it was copied?" if len(digest) < 32 else "is it the hash of a key?"
    return f"holds {len(digest)} bytes, and {wanted}; {lost}"


def listed(pins: Iterable[Pin], where: Where = Where.PATH) -> Listed:
    """The pins, each once, in the order written. Raises ValueError for none, or for more than anybody has."""
    found = tuple({(one.digest or one.written, one.whole): one for one in pins}.values())
    if not found:
        raise ValueError("the pin set is empty, and an empty set checks nothing; put pins into it or leave it out")
    if len(found) > MOST_PINS:
        raise ValueError(f"{len(found)} pins are more than the {MOST_PINS} that this reads; give the pins of one app")
    return Listed(found, where)
