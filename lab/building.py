"""
How programs build paths, as plain values: which anchors end one, and whether another is tried.

Measured on real programs (`python -m lab field`). The builder itself is
`lab.pki.paths`; nothing here knows a certificate.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Anchors(StrEnum):
    """Which certificates of a trust store may end a path, and where a path ends then."""

    SELF_SIGNED = "self-signed"
    """Only self-signed ones; the path goes on until it comes to one (OpenSSL's own default)."""
    ANY = "any"
    """Any of them, and the path ends at the first that it comes to (Python 3.13's default, curl, Java)."""
    ANY_GOES_ON = "any, goes on"
    """Any of them will do, and the path goes on while it can (OkHttp)."""


class Branching(StrEnum):
    """What a program does where the first path that it comes to is no good."""

    FIRST = "first"
    """Nothing: it takes the first issuer that fits by its name, and never goes back (OpenSSL 3, GnuTLS)."""
    SEARCHING = "searching"
    """It tries the others (Java, Go, browsers, rustls)."""
    LEGACY = "legacy"
    """Nothing, and it takes what was sent before it looks into its store (OpenSSL 1.0)."""


@dataclass(frozen=True, slots=True)
class PathBuilding:
    """How a program builds its paths."""

    anchors: Anchors = Anchors.SELF_SIGNED
    branching: Branching = Branching.FIRST

    def __str__(self) -> str:
        return f"anchors: {self.anchors}; branching: {self.branching}"


ANY_SEARCHING = PathBuilding(Anchors.ANY, Branching.SEARCHING)
"""Any anchor, and it tries other paths, as browsers do, and Java."""
AS_OPENSSL = PathBuilding()
"""As OpenSSL 3 builds them where nobody sets a flag; so do the lab's own clients."""
