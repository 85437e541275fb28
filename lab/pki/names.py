"""
Which host names the lab may put into a certificate.

Only names that can belong to nobody: RFC 2606 and RFC 6761 reserve them. A
certificate made here can then never speak for a real site.
"""

from __future__ import annotations

import ipaddress
import re

RESERVED = ("example", "test", "invalid", "localhost", "example.com", "example.net", "example.org")

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


def reserved(host: str) -> str:
    """
    The host name in lower case, if it lies under a reserved domain.

    It is a certificate's common name too, which has 64 letters at most
    (RFC 5280 appendix A.1, ub-common-name). Raises ValueError, in one sentence, for every other name.
    """
    name = host.lower()
    if len(name) > 64 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError(
            f"{host!r} is not a host name; use 64 letters, digits, hyphens and dots at most, as in shop.example"
        )
    if not any(name == domain or name.endswith("." + domain) for domain in RESERVED):
        raise ValueError(
            f"{host!r} could be somebody's real site; the lab issues only for names under "
            f"{', '.join(RESERVED)}, so try {name.split('.')[0]}.example"
        )
    return name


def is_address(host: str) -> bool:
    """Whether `host` is an IP address, as in 127.0.0.1 or ::1."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def dns_name(host: str) -> str:
    """A host's name as certificates have it and as clients say it to servers: A-labels, no dot at the end."""
    name = host.removesuffix(".")
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def sent(host: str) -> bytes:
    """A host's name as octets to send. Raises ValueError, in one sentence: a NUL or half a character cannot be sent."""
    try:
        if "\0" not in host:
            return host.encode()
    except UnicodeEncodeError:
        pass
    raise ValueError(f"{host!a} can be asked of no server: it has a NUL or half a character in it; write bank.example")
