"""
Android's network security configuration: what it pins, until when, and whom it lets past.

As Android reads it (platform_frameworks_base, XmlConfigSource and
NetworkSecurityTrustManager): a domain-config inherits what it does not say from
the one around it, then from base-config; a pin set that has expired, or an
anchor with overridePins, means that no pin is asked. defusedxml parses, so that
no document can make it read or expand anything. What aapt2 prints of the
compiled file in an APK is read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape, quoteattr

from lab.built.forecast.config import Anchor, Format, Pin, PinConfig, Unreadable, listed, pattern, pin, shown

MOST_DEPTH = 20
_PIECE = re.compile(rb"\s*(?:<!--[^>]*-->\s*)?<(?:domain-config|base-config)\b")
"""How the inner part begins where somebody has left out what is around it."""
MOST_DOMAINS = 1000
DUMPED = r"(?:\A|\n)[ \t]*E: network-security-config\b"
_DUMPED = re.compile(
    r"(?m)^(?P<indent> *)(?:E: (?P<element>[\w-]+)|A: (?:\S*[:/])?(?P<name>\w+)(?:\(0x\w+\))?=(?P<value>.*)|"
    r"[TC]: (?P<quote>['\"])(?P<text>.*)(?P=quote)[ \t]*)"
)
_VALUE = re.compile(r'.*\(Raw: "(?P<raw>[^"]*)"\)|"(?P<quoted>[^"]*)"|\(type 0x12\)(?P<boolean>0x\w+)|(?P<bare>\S*)')

SOURCES = {"system": Anchor.SYSTEM, "user": Anchor.USER, "wfa": Anchor.BUNDLED}
_ONCE = (
    ("", "base-config", "two base-configs"),
    ("", "debug-overrides", "two debug-overrides"),
    ("*", "trust-anchors", "a config with two trust-anchors"),
    ("domain-config", "pin-set", "a domain-config with two pin-sets"),
)
_NEVER = (
    ("base-config", "pin-set", "a pin-set in base-config; pins belong to a domain-config, with its domain"),
    ("base-config", "domain", "a domain in base-config; it belongs to a domain-config"),
    ("base-config", "domain-config", "a domain-config in base-config; it belongs beside it"),
    ("domain", "*", "an element inside <domain>"),
    ("pin", "*", "an element inside <pin>"),
)


def read(octets: bytes) -> tuple[PinConfig, ...]:
    """Every domain that has a pin set. Raises ValueError, in one sentence, for what Android would not load."""
    document = _document(octets)
    _loads(document)
    base = reduce(_anchors, document.findall("base-config"), PinConfig(Format.ANDROID, ()))
    debug = (Anchor.DEBUG,) if any(_overriding(one, True) for one in document.findall("debug-overrides")) else ()
    found: dict[str, PinConfig] = {}
    for one in _domains(document, base, 0):
        if one.host in found:
            raise Unreadable(f"the domain {shown(one.host)} is there twice, and Android would not load the file")
        found[one.host] = one
        if len(found) > MOST_DOMAINS:
            raise Unreadable(f"it has more than {MOST_DOMAINS} domains; give the part that is about your host")
    # The most specific domain-config is the one that counts, also where it has no pins.
    bare = [(one.host, one.subdomains) for one in found.values() if not one.lists and not one.trouble]
    if len(bare) == len(found):
        users = any(one.user_anchors for one in (base, *found.values()))
        raise Unreadable(
            "no domain in it has a pin-set with pins, so nothing is pinned; "
            + (
                "and CAs that users install are trusted, so a proxy whose CA is installed (Charles, mitmproxy) reads "
                "the app's traffic"
                if users
                else "CAs that users install are not trusted (where the app targets API level 24 or later)"
            )
            + "; add <pin-set> to a domain-config"
        )

    def whole(one: PinConfig) -> PinConfig:
        exempt = tuple(other for other in bare if other[0].endswith("." + one.host))
        return replace(one, overrides=(*one.overrides, *debug), exempt=exempt)

    return tuple(whole(one) for one in found.values() if one.lists or one.trouble)


def _loads(document: Any) -> None:
    """Raise ValueError for what makes Android's parser throw, whichever domain it stands at (AOSP, XmlConfigSource)."""
    for within in [document, *document.iter()]:
        tag = "" if within is document else str(within.tag)
        for place, name, what in _ONCE:
            if place in (tag, "*") and len(within.findall(name)) > 1:
                raise Unreadable(f"it has {what}, and Android would not load the file; join them", f"<{name}")
        for place, name, what in _NEVER:
            if place == tag and within.find(name) is not None:
                raise Unreadable(f"it has {what}; Android would not load the file", f"<{place}")
        if tag == "trust-anchors":
            for one in within.findall("certificates"):
                src = one.get("src") or ""
                if src not in SOURCES and not src.startswith("@"):
                    raise Unreadable(
                        f"certificates have the src {shown(src)}, and Android would not load the file; "
                        "system, user or @raw/NAME is wanted",
                        src,
                    )


def _document(octets: bytes) -> Any:
    from defusedxml import ElementTree
    from defusedxml.common import DefusedXmlException

    if re.search(DUMPED.encode(), octets):
        octets = _printed(octets.decode(errors="replace"))
    if _PIECE.match(octets):
        octets = b"<network-security-config>" + octets + b"</network-security-config>"
    try:
        document = ElementTree.fromstring(octets, forbid_dtd=True)
    except DefusedXmlException:
        raise ValueError(
            "it declares a document type or entities, which such a configuration never needs and which can hide an "
            "entity bomb; remove the <!DOCTYPE ...>"
        ) from None
    except (ParseError, ValueError, LookupError) as problem:  # LookupError: an encoding that nobody knows
        if "encoding" in str(problem):
            raise Unreadable(
                f"it is no well-formed XML in an encoding that is read here ({problem}); save it as UTF-8"
            ) from None
        raise Unreadable(f"it is no well-formed XML ({problem}); Android could not load it either") from None
    if document.tag != "network-security-config":
        raise ValueError(f"the document is {shown(str(document.tag))}, and network-security-config was wanted")
    return document


def _printed(text: str) -> bytes:
    """The document of which `aapt2 dump xmltree` printed this: what is indented by more stands inside."""
    parts: list[str] = []
    around: list[tuple[int, str]] = []
    named: set[str] = set()
    end = ""  # of the tag before, whose attributes may follow
    for one in _DUMPED.finditer(text):
        if one["name"]:
            value = _VALUE.match(one["value"])
            said = str(value[str(value.lastgroup)]) if value else ""
            if value and value["boolean"]:
                said = "true" if int(said, 16) else "false"
            parts += [f" {one['name']}={quoteattr(said)}"] if end and one["name"] not in named else []
            named.add(one["name"])
            continue
        parts.append(end)
        end, named = "", set()
        if one["element"]:
            while around and around[-1][0] >= len(one["indent"]):
                parts.append(f"</{around.pop()[1]}>")
            around.append((len(one["indent"]), one["element"]))
            parts.append(f"<{one['element']}")
            end = ">"
        else:
            parts.append(escape(one["text"]))
    return "".join([*parts, end, *(f"</{name}>" for _, name in reversed(around))]).encode()


def _domains(element: Any, around: PinConfig, depth: int) -> Iterator[PinConfig]:
    """An entry for each domain; a domain-config inherits the entry around it."""
    if depth > MOST_DEPTH:
        raise ValueError(f"domain-config stands more than {MOST_DEPTH} deep in itself; nobody writes that")
    for one in element.findall("domain-config"):
        given = _pins(one, _anchors(around, one))
        names = one.findall("domain")
        if not names:
            raise ValueError("a domain-config names no domain, and Android would not load the file")
        for name in names:
            subdomains = _true(name.get("includeSubdomains"))
            yield replace(given, host=pattern(name.text or "", Format.ANDROID), subdomains=subdomains)
        yield from _domains(one, given, depth + 1)


def _pins(config: Any, around: PinConfig) -> PinConfig:
    pin_set = config.find("pin-set")
    if pin_set is None:
        return around
    expires = _day(pin_set.get("expiration"))
    try:
        pins = [_pin(one) for one in pin_set.findall("pin")]
        # An empty set is no error: it switches off what is inherited.
        return replace(around, lists=(listed(pins),) if pins else (), expires=expires, trouble=None)
    except Unreadable as trouble:
        return replace(around, lists=(), expires=expires, trouble=trouble)


def _pin(element: Any) -> Pin:
    digest, text = element.get("digest") or "", (element.text or "").strip()
    if digest.upper() != "SHA-256":
        raise Unreadable(f"a pin has the digest {shown(digest)}, and Android knows only SHA-256", digest)
    return pin(text, text, Format.ANDROID)


def _day(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        # Android counts from midnight of the device's own time zone; here it is midnight UTC.
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(
            f"the expiration {shown(text)} is no day such as 2027-01-31, and Android would not load it"
        ) from None


def _anchors(around: PinConfig, config: Any) -> PinConfig:
    if config.find("trust-anchors") is None:
        return around
    found = config.findall("trust-anchors/certificates")
    return replace(
        around,
        anchors=tuple(dict.fromkeys(map(_kind, found))),
        overrides=_overriding(config, False),
        unpinned=bool(found) and all(_true(one.get("overridePins")) for one in found),
    )


def _kind(certificates: Any) -> Anchor:
    return SOURCES.get(certificates.get("src") or "", Anchor.BUNDLED)


def _overriding(config: Any, default: bool) -> tuple[Anchor, ...]:
    """For whom pins are skipped; of several anchors of a kind, one is enough."""
    over = [one for one in config.findall("trust-anchors/certificates") if _true(one.get("overridePins"), default)]
    return tuple(dict.fromkeys(map(_kind, over)))


def _true(text: str | None, default: bool = False) -> bool:
    return default if text is None else text.strip().lower() in ("true", "1")
