"""
iOS's NSPinnedDomains, out of an Info.plist or of what one is made from (Expo's app.json).

Two lists for each domain, and both must match where both are there; in one list
any pin will do (Apple's documentation of NSPinnedLeafIdentities).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.built.forecast import plist
from lab.built.forecast.config import (
    Format,
    LintFinding,
    Listed,
    PinConfig,
    Severity,
    Unreadable,
    domain,
    listed,
    pin,
    shown,
)
from lab.policy.pinset import Where

DIGEST = "SPKI-SHA256-BASE64"
LISTS = {"NSPinnedLeafIdentities": Where.LEAF, "NSPinnedCAIdentities": Where.CA}
MOST_DOMAINS = 1000


def read(octets: bytes, text: str | None) -> tuple[PinConfig, ...]:
    """Every pinned domain. Raises ValueError, in one sentence, for whatever is no such list."""
    domains = _pinned_domains(plist.parsed(octets, text))
    if len(domains) > MOST_DOMAINS:
        raise Unreadable(f"it has more than {MOST_DOMAINS} domains; give the part that is about your host")
    return tuple(_domain(str(name), said) for name, said in domains.items())


def _pinned_domains(values: Any) -> Mapping[str, Any]:
    places = list(plist.found(values, "NSPinnedDomains"))
    for path, said in places:
        if path[-1:] == ("NSAppTransportSecurity",) or (not path and len(values) == 1):
            return said
    if places:
        above = shown(" > ".join(places[0][0])) if places[0][0] else "no other key"
        raise Unreadable(
            f"NSPinnedDomains stands under {above}, where iOS does not look, so nothing is pinned; put it "
            "directly under NSAppTransportSecurity",
            "NSPinnedDomains",
        )
    plain = isinstance(values, dict) and values and all(isinstance(one, dict) for one in values.values())
    if not plain or not any(set(LISTS) & set(one) for one in values.values()):
        raise Unreadable(
            "there is no NSPinnedDomains with pins in it; it stands under NSAppTransportSecurity in Info.plist"
        )
    return dict(values)


def _domain(name: str, said: Any) -> PinConfig:
    host = domain(name)
    try:
        below = said.get("NSIncludesSubdomains") is True if isinstance(said, dict) else False
        keys = [key for key in LISTS if isinstance(said, dict) and key in said]
        if not keys:
            raise Unreadable(
                f"{shown(name)} has neither NSPinnedLeafIdentities nor NSPinnedCAIdentities, and one is required", name
            )
        lists = tuple(_identities(name, key, said[key], LISTS[key]) for key in keys)
    except Unreadable as trouble:
        return PinConfig(Format.IOS, (), host, trouble=trouble)
    return PinConfig(Format.IOS, lists, host, below, remarks=(_DOT,) if name.strip().endswith(".") else ())


def _identities(name: str, key: str, given: Any, where: Where) -> Listed:
    if not isinstance(given, list) or not given:
        raise Unreadable(f"{key} of {shown(name)} has to be an array with a dictionary for each pin", name)
    pins = []
    for one in given[: 10 * MOST_DOMAINS]:
        text = one.get(DIGEST) if isinstance(one, dict) else None
        if not isinstance(text, str):
            raise Unreadable(f"an entry in {key} of {shown(name)} has no string under {DIGEST}", name)
        pins.append(pin(text, text, Format.IOS))
    return listed(pins, where)


_DOT = LintFinding(
    Severity.KNOW,
    "the name of the domain ends with a dot",
    "OkHttp and Android never match such a name; what iOS does nobody here has measured, and the forecast runs as if "
    "the dot were not there.",
    "Leave out the dot.",
    name="last-dot",
)
