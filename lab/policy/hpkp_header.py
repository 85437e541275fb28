"""
The grammar of the two headers of RFC 7469: reading a value, and writing one.

It knows the syntax of sections 2.1 to 2.1.4 and nothing of hosts, paths or
time. Reading never raises: what does not conform is a `Malformed`, which says
why, because a client must ignore such a header and must not mend it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

MOST_SECONDS = 2**31  # what RFC 7234 section 1.2.1 makes of a number of seconds that is too large


class HeaderName(StrEnum):
    """Which of the two headers: the one that is enforced, or the one that is only reported."""

    PKP = "Public-Key-Pins"
    REPORT_ONLY = "Public-Key-Pins-Report-Only"


@dataclass(frozen=True)
class Directive:
    """One directive as written: its name, its value without quotes (None where there is none), and whether quoted."""

    name: str
    value: str | None = None
    quoted: bool = False

    def __str__(self) -> str:
        if self.value is None:
            return self.name
        if not self.quoted:
            return f"{self.name}={self.value}"
        escaped = re.sub(r'(["\\])', r"\\\1", self.value)
        return f'{self.name}="{escaped}"'


@dataclass(frozen=True)
class Header:
    """
    A header that conforms, with what a client recognises in it.

    `pins` are in the lab's form, ``sha256/BASE64``, in the order written.
    `max_age` is in seconds, at most 2**31; None only where the header is
    report-only, for there it means nothing. `unrecognised` names the directives,
    pins of unknown algorithms among them, that a client has to ignore.
    """

    pins: tuple[str, ...] = ()
    max_age: int | None = None
    include_subdomains: bool = False
    report_uri: str = ""
    unrecognised: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The header's value, as a server sends it; what is unrecognised is left out."""
        found = [Directive("pin-sha256", pin.removeprefix("sha256/"), quoted=True) for pin in self.pins]
        if self.max_age is not None:
            found.append(Directive("max-age", str(self.max_age)))
        if self.include_subdomains:
            found.append(Directive("includeSubDomains"))
        if self.report_uri:
            found.append(Directive("report-uri", self.report_uri, quoted=True))
        return "; ".join(map(str, found))


@dataclass(frozen=True)
class Malformed:
    """A header that a client must ignore (section 2.1, item 4), and why in a sentence."""

    reason: str


# RFC 7230 section 3.2.6. Header values are octets; here each is one character up to U+00FF.
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED = r'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t !-~\x80-\xff])*"'
_DIRECTIVE = re.compile(rf"({_TOKEN})(?:=(?:({_TOKEN})|({_QUOTED})))?")
_BETWEEN = re.compile(r"[ \t]*;[ \t]*")


def directives(value: str) -> Iterator[Directive | Malformed]:
    """
    The directives in the order written; the last item is a `Malformed` where the syntax breaks (section 2.1).

    An empty directive breaks it: unlike HSTS, this grammar lets no semicolon
    stand at the end.
    """
    value = value.strip(" \t")  # HTTP drops white space around a value (RFC 7230 section 3.2.4)
    at = 0
    while True:
        found = _DIRECTIVE.match(value, at)
        if not found:
            yield Malformed(f"at character {at + 1} a directive was wanted, and {_seen(value, at)} stands there")
            return
        name, token, quoted = found.groups()
        plain = re.sub(r"\\(.)", r"\1", quoted[1:-1], flags=re.DOTALL) if quoted is not None else token
        yield Directive(name, plain, quoted is not None)
        at = found.end()
        if at == len(value):
            return
        between = _BETWEEN.match(value, at)
        if not between:
            yield Malformed(f"after {found[0]!r} a semicolon was wanted, and {_seen(value, at)} stands there")
            return
        at = between.end()


def _seen(value: str, at: int) -> str:
    return repr(value[at : at + 12]) if at < len(value) else "nothing"


def parse(value: str, kind: HeaderName = HeaderName.PKP) -> Header | Malformed:
    """The header that this value is, or why a client must ignore it. It never raises and mends nothing."""
    pins: list[str] = []
    once: dict[str, Directive] = {}
    unrecognised: list[str] = []
    for one in directives(value):
        if isinstance(one, Malformed):
            return one
        name = one.name.lower()  # section 2.1, item 3
        if name.startswith("pin-") and name != "pin-":
            pin = _pin(one)
            if isinstance(pin, Malformed):
                return pin
            if pin:
                pins.append(pin)
            else:
                unrecognised.append(one.name)  # section 2.1.1: an algorithm that this client does not know
            continue
        if name in once:  # section 2.1, item 2
            return Malformed(f"{one.name} stands there twice, and only pins may")
        once[name] = one
        if name not in ("max-age", "includesubdomains", "report-uri"):
            unrecognised.append(one.name)
    return _header(tuple(dict.fromkeys(pins)), once, tuple(unrecognised), kind)


def _header(
    pins: tuple[str, ...], once: dict[str, Directive], unrecognised: tuple[str, ...], kind: HeaderName
) -> Header | Malformed:
    max_age: int | None = None
    if kind is HeaderName.PKP:  # in a report-only header max-age is ignored, whatever it holds (section 2.1.2)
        if "max-age" not in once:
            return Malformed("max-age is missing, and this header requires it")
        digits = once["max-age"].value or ""
        if not re.fullmatch(r"[0-9]+", digits):
            return Malformed(f"max-age has to be a number of seconds, and it is {digits[:20]!r}")
        max_age = _seconds(digits)
    if "includesubdomains" in once and once["includesubdomains"].value is not None:
        return Malformed("includeSubDomains takes no value, and it has one")
    report = once.get("report-uri")
    if report is not None and not report.value:
        return Malformed("report-uri has to hold an address, and it holds none")
    uri = (report.value or "") if report else ""
    return Header(pins, max_age, "includesubdomains" in once, uri, unrecognised)


def _seconds(digits: str) -> int:
    short = digits.lstrip("0") or "0"
    return MOST_SECONDS if len(short) > 10 else min(int(short), MOST_SECONDS)


def _pin(one: Directive) -> str | Malformed:
    """The pin, empty where its algorithm is unknown; section 2.1.1 wants a quoted-string of base 64 in any case."""
    if not one.quoted or one.value is None:
        return Malformed(f"the value of {one.name} has to stand in double quotes")
    try:
        octets = base64.b64decode(one.value.encode("latin-1"), validate=True)
    except (binascii.Error, ValueError):
        return Malformed(f"the value of {one.name} is no base 64")
    if one.name.lower() != "pin-sha256":
        return ""
    if len(octets) != 32:
        return Malformed(f"a SHA-256 has 32 octets, and the value of {one.name} has {len(octets)}")
    return "sha256/" + base64.b64encode(octets).decode()
