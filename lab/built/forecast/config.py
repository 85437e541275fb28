"""
What a file of pins says, as a plain value, whatever format it was written in.

It knows what the programs that read each format compare, and no certificate:
which certificate a pin names is `match`'s business.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from lab.policy.pinset import Role, Where

MOST_PINS = 1000


class Format(StrEnum):
    """A format that people have pins in; the value is its name on the command line."""

    ANDROID = "android"
    IOS = "ios"
    HPKP = "hpkp"
    CURL = "curl"
    OKHTTP = "okhttp"
    LAB = "lab"

    @property
    def words(self) -> str:
        """Whose format it is, as a message says it."""
        return _WORDS[self]


_WORDS = {
    Format.ANDROID: "Android's network security configuration",
    Format.IOS: "iOS's NSPinnedDomains",
    Format.HPKP: "an HPKP header (RFC 7469)",
    Format.CURL: "curl's --pinnedpubkey",
    Format.OKHTTP: "OkHttp's CertificatePinner",
    Format.LAB: "the lab's own pins.json",
}


@dataclass(frozen=True)
class Pin:
    """
    One pin as written.

    `digest` is what it decodes to. `whole` says that the format itself means the whole certificate (the lab's own file
    only). `never` is the reason why the program that reads this format can
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
        kind = self.hash.lower().replace("-", "")
        return f"{'cert-' if self.whole else ''}{kind}/{base64.b64encode(self.digest).decode()}"


@dataclass(frozen=True)
class Listed:
    """Pins of which any may match, in `where`."""

    pins: tuple[Pin, ...]
    where: Where


class Override(StrEnum):
    """Whose trust anchors make Android skip the pins (`overridePins`), and when."""

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
    `max_age` an HPKP header's seconds. `enforced` is False for a report-only
    header. `user_anchors` says that Android's configuration trusts the user's
    CAs; `overrides` for which anchors it skips the pins. `exempt` are domains
    below `host` that have no pins of their own, each with whether its
    subdomains have none either.
    """

    format: Format
    lists: tuple[Listed, ...]
    host: str = ""
    subdomains: bool = False
    expires: datetime | None = None
    max_age: int | None = None
    enforced: bool = True
    user_anchors: bool = False
    overrides: tuple[Override, ...] = ()
    exempt: tuple[tuple[str, bool], ...] = ()

    @property
    def pins(self) -> tuple[Pin, ...]:
        """Those of all lists."""
        return tuple(pin for one in self.lists for pin in one.pins)

    def covers(self, host: str) -> bool:
        """Whether the program applies this entry to a connection to `host`."""
        name, own = host.lower().rstrip("."), self.host.lower()
        if any(name == other or (below and name.endswith("." + other)) for other, below in self.exempt):
            return False
        if not own or own == name:
            return True
        if self.format is Format.OKHTTP:
            if own.startswith("**."):
                return name == own[3:] or name.endswith(own[2:])
            if own.startswith("*."):
                return name.partition(".")[2] == own[2:]
            return False
        return self.subdomains and name.endswith("." + own)


def choose(configs: Sequence[PinConfig], host: str | None, file: str) -> PinConfig:
    """
    The entry that the program would use for `host`; the only one where none is given.

    The most specific domain wins, as in Android and iOS; OkHttp joins all that
    match. Raises ValueError, naming the domains, where none or several are left.
    """
    every = list(dict.fromkeys(one.host for one in configs))
    names = ", ".join(every[:8]) + (f" and {len(every) - 8} more" if len(every) > 8 else "")
    if host is None and len(every) > 1:
        raise ValueError(f"{file} pins {len(every)} domains ({names}); choose one with --host")
    fit = [one for one in configs if host is None or one.covers(host)]
    if not fit:
        raise ValueError(
            f"{file} has no pins for {host!r}, so a connection there would not be checked at all; "
            f"it pins {names}, so give one of these with --host"
        )
    best = max(fit, key=lambda one: len(one.host))
    if best.format is not Format.OKHTTP:
        return best
    joined = {pin.digest: pin for one in fit for pin in one.pins}
    return replace(best, lists=(Listed(tuple(joined.values()), Where.PATH),))


# ---- one pin -------------------------------------------------------------------------------------

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}:?){20}(?:(?:[0-9A-Fa-f]{2}:?){12})?")


def shown(text: str, most: int = 50) -> str:
    """Foreign text in a message: quoted, on one line, shortened."""
    return repr(text if len(text) <= most else text[:most] + "...")


def domain(text: str) -> str:
    """A domain or pattern in lower case. Raises ValueError for what no program would take for one."""
    name = text.strip().lower().rstrip(".")
    if not name or len(name) > 253 or not re.fullmatch(r"[\w.*-]+", name):
        raise ValueError(f"{shown(text)} is no domain name; letters, digits, hyphens and dots are wanted")
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        raise ValueError(f"{shown(text)} is no domain name; write it in its xn-- form") from None


def pin(written: str, encoded: str, *, sha1: bool = False, role: Role | None = None, whole: bool = False) -> Pin:
    """
    The pin of this base 64; `written` is how the file has it, prefix included.

    A fingerprint in hexadecimal, or a SHA-1 where only SHA-256 counts (`sha1`
    tells), is a pin that never matches. Raises ValueError, in one sentence, for
    whatever has no such length.
    """
    text = "".join(encoded.split())
    if _HEX.fullmatch(text):
        never = "it is written in hexadecimal, and base 64 is wanted"
        return Pin(written, bytes.fromhex(text.replace(":", "")), whole, never, role)
    try:
        digest = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(
            f"the pin {shown(written)} is no base 64; a pin is the base 64 of 32 bytes, 44 characters that end in ="
        ) from None
    if len(digest) not in (20, 32) or (sha1 and len(digest) != 20):
        wanted = "a SHA-1 has 20" if sha1 else "a SHA-256 has 32"
        raise ValueError(
            f"the pin {shown(written)} holds {len(digest)} bytes, and {wanted}; "
            "was a part of it lost when it was copied?"
        )
    never = "" if sha1 or len(digest) == 32 else "it is a SHA-1, and only SHA-256 is compared"
    return Pin(written, digest, whole, never, role)


def listed(pins: Iterable[Pin], where: Where = Where.PATH) -> Listed:
    """The pins, each once, in the order written. Raises ValueError for none, or for more than anybody has."""
    found = tuple({(one.digest, one.whole): one for one in pins}.values())
    if not found:
        raise ValueError("the pin set is empty, and an empty set checks nothing; put pins into it or leave it out")
    if len(found) > MOST_PINS:
        raise ValueError(f"{len(found)} pins are more than the {MOST_PINS} that this reads; give the pins of one app")
    return Listed(found, where)
