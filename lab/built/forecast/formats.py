"""
Reading pin files: telling the format by its content, and the small formats.

Android's XML and property lists have files of their own. Whatever cannot be
read raises ValueError with one sentence; nothing else ever comes out, whatever
the bytes are. A file with a private key in it is not looked into.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from lab.built.forecast import android, ios
from lab.built.forecast.config import Format, Pin, PinConfig, choose, domain, listed, pin, shown
from lab.disk import read, text_of
from lab.policy.hpkp import first
from lab.policy.hpkp_header import HeaderName, Malformed, parse
from lab.policy.pinset import Role, Where

MOST_BYTES = 1 << 20


def read_pins(
    file: Path, *, format: Format | None = None, host: str | None = None, roles: Iterable[Role] = ()
) -> PinConfig:
    """
    The pins of one domain in this file; `format` overrides what the content suggests.

    `roles` keeps, of the lab's own file, only the pins of these roles. Raises
    ValueError, in one sentence, for anything that cannot be read, and, naming
    the domains, where `host` has to choose one.
    """
    octets = read(file, MOST_BYTES, "pins")
    return choose(parse_pins(octets, format=format, file=str(file), roles=roles), host, str(file))


def parse_pins(
    octets: bytes, *, format: Format | None = None, file: str = "the file", roles: Iterable[Role] = ()
) -> tuple[PinConfig, ...]:
    """What each domain in these bytes has; see `read_pins`."""
    found = format or detect(octets, file)
    if roles and found is not Format.LAB:
        raise ValueError(f"{file} is {found.words}, which names no roles; leave out --roles")
    readers: dict[Format, Callable[[bytes], tuple[PinConfig, ...]]] = {
        Format.ANDROID: android.read,
        Format.IOS: ios.read,
        Format.HPKP: lambda given: _hpkp(text_of(given).strip()),
        Format.CURL: lambda given: _curl(text_of(given).strip()),
        Format.OKHTTP: lambda given: _okhttp(text_of(given)),
        Format.LAB: lambda given: _own(text_of(given), frozenset(roles)),
    }
    try:
        return readers[found](octets)
    except ValueError as problem:
        told = " ".join(str(problem).split())
        raise ValueError(f"{file}, read as {found.words}: {told}") from None


def detect(octets: bytes, file: str = "the file") -> Format:
    """Which format these bytes look like. Raises ValueError, naming the formats, where they look like none."""
    if octets.startswith(b"bplist"):
        return Format.IOS
    try:
        text = text_of(octets)
    except ValueError:
        raise ValueError(
            f"{file} is no text and no property list; give a file with pins in one of these: {_KNOWN}"
        ) from None
    head = text.lstrip()
    if head.startswith("<"):
        return Format.IOS if re.search(r"<!DOCTYPE\s+plist|<plist", head[:2000]) else Format.ANDROID
    if head.startswith("{"):
        return Format.LAB
    if "-----BEGIN CERTIFICATE-----" in text:
        raise ValueError(f"{file} holds certificates and no pins; give it with --chain, and a file of pins with --pins")
    lower = text.lower()
    if "pin-sha256" in lower or "public-key-pins" in lower:
        return Format.HPKP
    if ".add(" in text or "CertificatePinner" in text:
        return Format.OKHTTP
    if "sha256//" in text:
        return Format.CURL
    raise ValueError(f"{file} holds no pins that this lab knows; give one of these: {_KNOWN}")


_KNOWN = (
    "Android's network security configuration, a property list with NSPinnedDomains, an HPKP header, "
    "curl's sha256//..., OkHttp's .add(...), or pins.json as `lab certs` writes it"
)


# ---- an HPKP header ------------------------------------------------------------------------------

_HEADER = re.compile(r"^[ \t]*(Public-Key-Pins(?:-Report-Only)?)[ \t]*:(.*)$", re.IGNORECASE | re.MULTILINE)


def _hpkp(text: str) -> tuple[PinConfig, ...]:
    headers = _HEADER.findall(text) or [(HeaderName.PKP, text)]  # without a name it is the value alone
    enforced = first(headers, HeaderName.PKP) is not None
    kind = HeaderName.PKP if enforced else HeaderName.REPORT_ONLY
    header = parse((first(headers, kind) or "").strip(), kind)
    if isinstance(header, Malformed):
        raise ValueError(
            f"{header.reason}, so a browser would ignore the header; give its value exactly as the server sends it"
        )
    encoded = [one.removeprefix("sha256/") for one in header.pins]
    pins = listed(pin(f'pin-sha256="{one}"', one) for one in encoded)
    subdomains, age = header.include_subdomains, header.max_age
    return (PinConfig(Format.HPKP, (pins,), subdomains=subdomains, max_age=age, enforced=enforced),)


# ---- curl's string -------------------------------------------------------------------------------


def _curl(text: str) -> tuple[PinConfig, ...]:
    bare = re.sub(r"^.*--pinnedpubkey[ =]", "", text, count=1).strip(" '\"")
    pins = []
    for one in bare.split(";"):
        word = one.strip()
        if not word.startswith("sha256//"):
            raise ValueError(f"{shown(word)} does not begin with sha256//; join pins with ; as in sha256//A;sha256//B")
        pins.append(pin(word, word.removeprefix("sha256//")))
    return (PinConfig(Format.CURL, (listed(pins, Where.LEAF),)),)


# ---- OkHttp's builder ----------------------------------------------------------------------------

# Possessive: a run of blanks is gone through once, however long somebody made it.
_ADD = re.compile(r'\.add\(\s*+"([^"\n]{1,253})"((?:\s*+,\s*+"[^"\n]{0,200}")+)\s*+,?\s*+\)')
_STRING = re.compile(r'"([^"]*)"')


def _okhttp(text: str) -> tuple[PinConfig, ...]:
    calls = _ADD.findall(text)
    if not calls or len(calls) != text.count(".add("):
        raise ValueError('an .add(...) cannot be read; each has to be .add("host", "sha256/...") with plain strings')
    found: dict[str, list[str]] = {}
    for host, rest in calls:
        found.setdefault(domain(host), []).extend(_STRING.findall(rest))
    return tuple(
        PinConfig(Format.OKHTTP, (listed(_okhttp_pin(one) for one in pins),), host) for host, pins in found.items()
    )


def _okhttp_pin(text: str) -> Pin:
    kind, _, encoded = text.partition("/")
    if kind not in ("sha256", "sha1"):
        raise ValueError(f"the pin {shown(text)} has to begin with sha256/ or sha1/, and OkHttp would throw")
    return pin(text, encoded, sha1=kind == "sha1")


# ---- the lab's own file --------------------------------------------------------------------------

_ROLES = {
    "leaf": Role.LEAF,
    "intermediate": Role.INTERMEDIATE,
    "root": Role.ROOT,
    "leaf_certificate": Role.CERTIFICATE,
    "backup": Role.BACKUP,
}


def _own(text: str, wanted: frozenset[Role]) -> tuple[PinConfig, ...]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON; `python -m lab certs` writes such a file to pins/pins.json") from None
    if not isinstance(said, dict) or not isinstance(said.get("host", ""), str):
        raise ValueError('it has to be an object such as {"host": "bank.example", "leaf": "sha256/...", "backup": ...}')
    unknown = [name for name in said if name not in _ROLES and name != "host"]
    if unknown:
        raise ValueError(f"{shown(unknown[0])} is no role; the roles are {', '.join(_ROLES)}, beside host")
    pins = []
    for name, role in _ROLES.items():
        if wanted and role not in wanted:
            continue
        given = said.get(name, [])
        for one in [given] if isinstance(given, str) else given if isinstance(given, list) else [None]:
            if not isinstance(one, str):
                raise ValueError(f"the value of {name} has to be a pin in quotes, or a list of them")
            whole = one.startswith("cert-sha256/")
            pins.append(pin(one, re.sub(r"^(cert-)?sha256/", "", one), role=role, whole=whole))
    return (PinConfig(Format.LAB, (listed(pins),), domain(said["host"]) if said.get("host") else ""),)
