"""
iOS's NSPinnedDomains, out of an Info.plist: XML or binary.

Two lists for each domain, and both must match where both are there; in one list
any pin will do (Apple's documentation of NSPinnedLeafIdentities). plistlib
refuses entity declarations by itself.
"""

from __future__ import annotations

import plistlib
from collections.abc import Mapping
from typing import Any

from lab.built.forecast.config import Format, Listed, PinConfig, domain, listed, pin, shown
from lab.policy.pinset import Where

DIGEST = "SPKI-SHA256-BASE64"
LISTS = {"NSPinnedLeafIdentities": Where.LEAF, "NSPinnedCAIdentities": Where.CA}
MOST_DOMAINS = 1000


def read(octets: bytes) -> tuple[PinConfig, ...]:
    """Every pinned domain. Raises ValueError, in one sentence, for whatever is no such list."""
    try:
        found = plistlib.loads(octets)
    except Exception as problem:  # on damaged input plistlib raises some ten different exceptions
        if "entity" in str(problem).lower():
            raise ValueError(
                "it declares entities, which no property list needs and which can hide an entity bomb; remove them"
            ) from None
        raise ValueError("it is no property list that can be read; check it with `plutil -lint`") from None
    domains = _pinned_domains(found)
    if len(domains) > MOST_DOMAINS:
        raise ValueError(f"it has more than {MOST_DOMAINS} domains; give the part that is about your host")
    return tuple(_domain(name, said) for name, said in domains.items())


def _pinned_domains(found: Any) -> Mapping[str, Any]:
    for key in ("NSAppTransportSecurity", "NSPinnedDomains"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    plain = isinstance(found, dict) and found and all(isinstance(one, dict) for one in found.values())
    if not plain or not any(set(LISTS) & set(one) for one in found.values()):
        raise ValueError(
            "there is no NSPinnedDomains with pins in it; it stands under NSAppTransportSecurity in Info.plist"
        )
    return {str(name): one for name, one in found.items()}


def _domain(name: str, said: Mapping[str, Any]) -> PinConfig:
    lists = tuple(_identities(name, key, said[key], where) for key, where in LISTS.items() if key in said)
    if not lists:
        raise ValueError(
            f"{shown(name)} has neither NSPinnedLeafIdentities nor NSPinnedCAIdentities, and one is required"
        )
    return PinConfig(Format.IOS, lists, domain(name), said.get("NSIncludesSubdomains") is True)


def _identities(name: str, key: str, given: Any, where: Where) -> Listed:
    if not isinstance(given, list) or not given:
        raise ValueError(f"{key} of {shown(name)} has to be an array with a dictionary for each pin")
    pins = []
    for one in given[: 10 * MOST_DOMAINS]:
        text = one.get(DIGEST) if isinstance(one, dict) else None
        if not isinstance(text, str):
            raise ValueError(f"an entry in {key} of {shown(name)} has no string under {DIGEST}")
        pins.append(pin(text, text))
    return listed(pins, where)
