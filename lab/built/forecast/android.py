"""
Android's network security configuration: what it pins, until when, and whom it lets past.

As Android reads it (platform_frameworks_base, XmlConfigSource and
NetworkSecurityTrustManager): a domain-config inherits what it does not say from
the one around it, then from base-config; a pin set that has expired, or an
anchor with overridePins, means that no pin is asked. defusedxml parses, so that
no document can make it read or expand anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from typing import Any
from xml.etree.ElementTree import ParseError

from lab.built.forecast.config import Format, Override, PinConfig, domain, listed, pin, shown

MOST_DEPTH = 20
MOST_DOMAINS = 1000


def read(octets: bytes) -> tuple[PinConfig, ...]:
    """Every domain that has a pin set. Raises ValueError, in one sentence, for what Android would not load."""
    document = _document(octets)
    base = reduce(_anchors, document.findall("base-config"), PinConfig(Format.ANDROID, ()))
    debug = (Override.DEBUG,) if any(_overriding(one, True) for one in document.findall("debug-overrides")) else ()
    found: dict[str, PinConfig] = {}
    for one in _domains(document, base, 0):
        if one.host in found:
            raise ValueError(f"the domain {shown(one.host)} is there twice, and Android would not load the file")
        found[one.host] = one
        if len(found) > MOST_DOMAINS:
            raise ValueError(f"it has more than {MOST_DOMAINS} domains; give the part that is about your host")
    # The most specific domain-config is the one that counts, also where it has no pins.
    bare = [(one.host, one.subdomains) for one in found.values() if not one.lists]
    if len(bare) == len(found):
        raise ValueError(
            "no domain in it has a pin-set with pins, so nothing is pinned; add <pin-set> to a domain-config"
        )

    def whole(one: PinConfig) -> PinConfig:
        exempt = tuple(other for other in bare if other[0].endswith("." + one.host))
        return replace(one, overrides=(*one.overrides, *debug), exempt=exempt)

    return tuple(whole(one) for one in found.values() if one.lists)


def _document(octets: bytes) -> Any:
    from defusedxml import ElementTree
    from defusedxml.common import DefusedXmlException

    try:
        document = ElementTree.fromstring(octets, forbid_dtd=True)
    except DefusedXmlException:
        raise ValueError(
            "it declares a document type or entities, which such a configuration never needs and which can hide an "
            "entity bomb; remove the <!DOCTYPE ...>"
        ) from None
    except (ParseError, ValueError, LookupError) as problem:  # LookupError: an encoding that nobody knows
        raise ValueError(f"it is no well-formed XML ({problem}); Android could not load it either") from None
    if document.tag != "network-security-config":
        raise ValueError(f"the document is {shown(str(document.tag))}, and network-security-config was wanted")
    return document


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
            yield replace(given, host=domain(name.text or ""), subdomains=subdomains)
        yield from _domains(one, given, depth + 1)


def _pins(config: Any, around: PinConfig) -> PinConfig:
    sets = config.findall("pin-set")
    if not sets:
        return around
    if len(sets) > 1:
        raise ValueError("a domain-config has two pin-sets, and Android would not load the file; join them")
    pins = []
    for one in sets[0].findall("pin"):
        digest = one.get("digest") or ""
        if digest.upper() != "SHA-256":
            raise ValueError(f"a pin has the digest {shown(digest)}, and Android knows only SHA-256")
        text = (one.text or "").strip()
        pins.append(pin(text, text))
    expires = _day(sets[0].get("expiration"))
    # An empty set is no error: it switches off what is inherited.
    return replace(around, lists=(listed(pins),) if pins else (), expires=expires)


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
    users = any(one.get("src") == "user" for one in config.findall("trust-anchors/certificates"))
    return replace(around, user_anchors=users, overrides=_overriding(config, False))


def _overriding(config: Any, default: bool) -> tuple[Override, ...]:
    kinds = {"system": Override.SYSTEM, "user": Override.USER}
    over = [one for one in config.findall("trust-anchors/certificates") if _true(one.get("overridePins"), default)]
    return tuple(dict.fromkeys(kinds.get(one.get("src"), Override.BUNDLED) for one in over))


def _true(text: str | None, default: bool = False) -> bool:
    return default if text is None else text.strip().lower() in ("true", "1")
