"""
Reading pin files, whatever format they are in; and the lab's own.

What a file is, is for `recognise` to tell; each format has a module, and what
its program makes of it is a row of `scope`. Whatever cannot be read raises
ValueError with one sentence; nothing else ever comes out, whatever the bytes
are. A file with a private key in it is not looked into.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from lab.built.forecast import android, curl, hpkp, ios, okhttp, plain, trustkit
from lab.built.forecast.config import Answered, Format, PinConfig, Unreadable, choose, domain, listed, pin, shown
from lab.built.forecast.recognise import PINNED, recognised
from lab.disk import read, text_of
from lab.policy.pinset import Role

MOST_BYTES = 1 << 20


def read_pins(
    file: Path,
    *,
    format: Format | None = None,
    host: str | None = None,
    roles: Iterable[Role] = (),
    names: Answered = tuple,
) -> PinConfig:
    """
    The pins of one domain in this file; `format` overrides what the content suggests.

    `roles` keeps, of the lab's own file, only the pins of these roles. Raises
    ValueError, in one sentence, for anything that cannot be read, and, naming
    the domains, where `host` has to choose one and `names` do not.
    """
    octets = read(file, MOST_BYTES, "pins")
    return choose(parse_pins(octets, format=format, file=str(file), roles=roles), host, str(file), names)


def parse_pins(
    octets: bytes, *, format: Format | None = None, file: str = "the file", roles: Iterable[Role] = ()
) -> tuple[PinConfig, ...]:
    """
    What each domain in these bytes has; see `read_pins`.

    An entry that is bad has its `trouble`; raises ValueError where all are.
    """
    text = _text(octets)
    if text and len(blocks := _FENCED.findall(text)) == 1 and re.search(PINNED, blocks[0]):  # Markdown around it
        text, octets = blocks[0], blocks[0].encode()
    found = format or recognised(octets, text, file)
    if roles and found is not Format.LAB:
        raise ValueError(f"{file} is {found.words}, which names no roles; leave out --roles")
    readers: dict[Format, Callable[[], tuple[PinConfig, ...]]] = {
        Format.ANDROID: lambda: android.read(octets),
        Format.IOS: lambda: ios.read(octets, text),
        Format.TRUSTKIT: lambda: trustkit.read(octets, text),
        Format.HPKP: lambda: hpkp.read(_said(text)),
        Format.CURL: lambda: curl.read(_said(text)),
        Format.CURL_8_18: lambda: curl.read(_said(text), Format.CURL_8_18),
        Format.OKHTTP: lambda: okhttp.read(_said(text), file),
        Format.LAB: lambda: _own(_said(text), frozenset(roles)),
        Format.LIST: lambda: plain.read(_said(text)),
        Format.CERTIFICATE: lambda: plain.shipped(octets, file),
    }
    try:
        configs = readers[found]()
        if all(one.trouble for one in configs):
            raise next((one.trouble for one in configs if one.trouble), Unreadable("nothing is pinned in it"))
    except ValueError as problem:
        raise _told(problem, octets, found, file) from None
    return tuple(_placed(one, octets, file) for one in configs)


def _placed(config: PinConfig, octets: bytes, file: str) -> PinConfig:
    return replace(config, trouble=_told(config.trouble, octets, config.format, file)) if config.trouble else config


def _told(problem: ValueError, octets: bytes, format: Format, file: str) -> Unreadable:
    """The problem in one sentence that names the file and, where the text at fault is found again, its line."""
    told, quoted = " ".join(str(problem).split()), getattr(problem, "quoted", "")
    if format is Format.CERTIFICATE:  # the reader of certificates names the file itself
        return Unreadable(told)
    at = octets.find(quoted.encode()) if quoted else -1
    number = octets.count(b"\n", 0, at) + 1 if at >= 0 else 0
    line = f", line {number}" if number and b"\n" in octets.strip() else ""
    return Unreadable(f"{file}{line}, read as {format.words}: {told}")


_FENCED = re.compile(r"(?ms)^ {0,3}```[\w-]*\s*?\n(.*?)^ {0,3}```")
_DECLARED = re.compile(rb"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.-]+)["']""")


def _text(octets: bytes) -> str | None:
    """The bytes as text: as their byte order mark or XML declaration says, else UTF-8 or Latin-1; None for no text."""
    declared = _DECLARED.match(octets[:200])
    with suppress(ValueError, LookupError):
        return text_of(octets)
    with suppress(ValueError, LookupError):
        if declared:
            return octets.decode(declared[1].decode())
    odd = set(octets) & {*range(32), 127} - set(b"\t\n\r\f")
    return None if odd or octets[:1] == b"\x30" else octets.decode("latin-1")


def _said(text: str | None) -> str:
    if text is None:
        raise Unreadable("it is no text")
    return text


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
    if unknown and len(unknown) == len(said):
        raise ValueError(
            f"it is JSON of another tool: it begins with {shown(unknown[0])}, and neither NSPinnedDomains nor "
            "TSKPinnedDomains is in it; give a list with a pin on each line, as sha256/BASE64"
        )
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
            pins.append(pin(one, re.sub(r"^(cert-)?sha256/", "", one), Format.LAB, role=role, whole=whole))
    return (PinConfig(Format.LAB, (listed(pins),), domain(said["host"]) if said.get("host") else ""),)
