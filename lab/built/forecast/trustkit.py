"""
TrustKit's configuration: a property list, JSON, or the dictionary in Swift or Objective-C.

As TrustKit reads it (parse_configuration.m): two pins at least, and any of them
anywhere on the path; enforced unless TSKEnforcePinning is false; none is asked
from TSKExpirationDate on; a subdomain that is excluded has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from lab.built.forecast import plist
from lab.built.forecast.config import Format, PinConfig, Unreadable, domain, listed, pin, shown
from lab.built.forecast.tokens import Token, TokenKind, tokens

KEY = "TSKPinnedDomains"
MOST_DEPTH = 20


def read(octets: bytes, text: str | None) -> tuple[PinConfig, ...]:
    """Every domain that has pins. Raises ValueError, in one sentence, for what TrustKit would not take."""
    code = text is not None and f"k{KEY}" in text
    places = [] if code else plist.found(plist.parsed(octets, text), KEY)
    domains = _literal(text or "") if code else next((one for _, one in places), None)
    if not isinstance(domains, dict) or not domains:
        raise Unreadable(f"there is no dictionary of domains under {KEY}; it stands under TSKConfiguration", KEY)
    said = {domain(str(name)): one if isinstance(one, dict) else {} for name, one in domains.items()}
    bare = [(host, _true(one, "IncludeSubdomains")) for host, one in said.items() if _excluded(one)]

    def whole(host: str) -> PinConfig:
        exempt = tuple(other for other in bare if other[0].endswith("." + host))
        return replace(_domain(host, said[host]), exempt=exempt)

    return tuple(whole(host) for host, one in said.items() if not _excluded(one))


def _domain(host: str, said: Mapping[str, Any]) -> PinConfig:
    bare = PinConfig(Format.TRUSTKIT, (), host)
    try:
        given = said.get("TSKPublicKeyHashes")
        if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
            raise Unreadable(f"TSKPublicKeyHashes of {shown(host)} has to be an array of pins in quotes", host)
        if len(given) < 2:
            raise Unreadable(f"{shown(host)} has fewer than two pins, and TrustKit throws when the app starts", host)
        pins = listed(pin(one, one, Format.TRUSTKIT) for one in given)
        expires = _day(said.get("TSKExpirationDate"))
    except Unreadable as trouble:
        return replace(bare, trouble=trouble)
    return replace(
        bare,
        lists=(pins,),
        subdomains=_true(said, "IncludeSubdomains"),
        enforced=_true(said, "EnforcePinning", default=True),
        expires=expires,
    )


def _excluded(said: Mapping[str, Any]) -> bool:
    return _true(said, "ExcludeSubdomainFromParentPolicy")


def _true(said: Mapping[str, Any], key: str, default: bool = False) -> bool:
    return said.get(f"TSK{key}", default) in (True, "true", "YES")


def _day(given: Any) -> datetime | None:
    if given is None:
        return None
    if isinstance(given, datetime):
        return given.replace(tzinfo=UTC)
    try:
        return datetime.strptime(str(given), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise Unreadable(f"TSKExpirationDate is {shown(str(given))}, and a day such as 2027-01-31 is wanted") from None


# ---- a dictionary in code ------------------------------------------------------------------------


def _literal(text: str) -> Any:
    """What stands behind kTSKPinnedDomains, in Swift or Objective-C."""
    every = [one for one in tokens(text) if not (one.kind is TokenKind.SIGN and one.text == "@")]
    cast = {here for at, one in enumerate(every) if one.text == "as" for here in (at, at + 1)}  # `key as String`
    found = [one for at, one in enumerate(every) if at not in cast]
    at = next((at for at, one in enumerate(found) if one.text == f"k{KEY}"), len(found))
    value, _ = _value(found, at + 1, 0)
    return value


def _value(found: list[Token], at: int, depth: int) -> tuple[Any, int]:
    """The value here, behind a colon perhaps, and where it ends; a dictionary, a list, a text or a yes or no."""
    at += _sign(found, at, ":")
    if at >= len(found) or depth > MOST_DEPTH:
        return None, len(found)
    one = found[at]
    if one.kind is TokenKind.STRING:
        return "".join(part for part in one.parts if isinstance(part, str)), at + 1
    if one.text not in ("[", "{"):
        words = {"true": True, "YES": True, "false": False, "NO": False}
        return words.get(one.text, one.text.removeprefix("k")), at + 1
    close = {"[": "]", "{": "}"}[one.text]
    items: list[Any] = []
    pairs: dict[str, Any] = {}
    at += 1
    while at < len(found) and not _sign(found, at, close):
        value, at = _value(found, at, depth + 1)
        if _sign(found, at, ":"):
            pairs[str(value)], at = _value(found, at, depth + 1)
        else:
            items.append(value)
        at += _sign(found, at, ",")
    return pairs or items, at + 1


def _sign(found: list[Token], at: int, text: str) -> bool:
    return at < len(found) and found[at].kind is TokenKind.SIGN and found[at].text == text
