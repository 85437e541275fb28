"""
What each program makes of a file of pins: one table, a row a format, that the readers ask.

Which hosts an entry covers, which names and which base 64 the program takes,
what becomes of a file with one bad entry, and what a date of expiry does. It
reads no file.

The sources: AOSP's XmlConfigSource, ApplicationConfig and android.util.Base64; Apple's page of
NSPinnedDomains (math.example.com yes, advanced.math.example.com no); OkHttp's
CertificatePinner and Okio's decodeBase64 (both run, 3.13.1); RFC 7469 section
2.3.4; curl's lib/vtls/vtls.c (7.88.1 run; 8.18.0 read); TrustKit's
TSKTrustKitConfig and parse_configuration.m.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from lab.policy.pinset import Where

Covers = Callable[[str, bool, str], bool]
"""Whether an entry of this name, with or without its subdomains, applies to this host."""


class Format(StrEnum):
    """A format that people have pins in; the value is its name on the command line."""

    ANDROID = "android"
    IOS = "ios"
    TRUSTKIT = "trustkit"
    HPKP = "hpkp"
    CURL = "curl"
    CURL_8_18 = "curl-8.18"
    OKHTTP = "okhttp"
    LAB = "lab"
    LIST = "list"
    CERTIFICATE = "certificate"

    @property
    def dialect(self) -> Dialect:
        """What its program makes of such a file."""
        return TABLE[self]

    @property
    def words(self) -> str:
        """Whose format it is, as a message says it."""
        return self.dialect.words


def _any_depth(own: str, below: bool, host: str) -> bool:
    return host == own or (below and host.endswith("." + own))


def _one_label(own: str, below: bool, host: str) -> bool:
    return host == own or (below and host.partition(".")[2] == own)


def _stars(own: str, below: bool, host: str) -> bool:
    if own.startswith("**."):
        return host == own[3:] or host.endswith(own[2:])
    return host.partition(".")[2] == own[2:] if own.startswith("*.") else host == own


@dataclass(frozen=True)
class Dialect:
    """
    One program's rules.

    `builds` is whose paths it takes, a name in `lab.policy.profiles.BUILDING`.
    `stars` are the patterns that it takes, None where `*` stands for nothing.
    `dots` says that a dot at the end of an entry's name stays, so that it never
    matches. `where` is where it looks. `unpadded` and `url_safe` say which base 64 it
    reads beside the standard's. `whole` says that it compares whole certificates
    too. `stops` is what becomes of the whole file where one entry is bad, empty
    where only that entry suffers. `lapsed` is what it does after the date of
    expiry; `splits` where it splits its list.
    """

    words: str
    builds: str = ""
    covers: Covers = _any_depth
    stars: re.Pattern[str] | None = None
    dots: bool = False
    where: Where = Where.PATH
    unpadded: bool = False
    url_safe: bool = False
    whole: bool = False
    stops: str = ""
    lapsed: str = ""
    splits: str = ""


TABLE = {
    Format.ANDROID: Dialect(
        "Android's network security configuration",
        "android",
        dots=True,
        unpadded=True,
        stops="Android does not load the file, and the app fails at its first connection",
        lapsed="Android then asks no pins",
    ),
    Format.IOS: Dialect("iOS's NSPinnedDomains", "ios", _one_label),
    Format.TRUSTKIT: Dialect(
        "TrustKit's configuration",
        "ios",
        stops="TrustKit throws when the app starts",
        lapsed="TrustKit then asks no pins",
    ),
    Format.HPKP: Dialect("an HPKP header (RFC 7469)", "hpkp"),
    Format.CURL: Dialect("curl's --pinnedpubkey", "curl", where=Where.LEAF, splits=";sha256//"),
    Format.CURL_8_18: Dialect("curl's --pinnedpubkey (8.18 or later)", "curl", where=Where.LEAF, splits=";"),
    Format.OKHTTP: Dialect(
        "OkHttp's CertificatePinner",
        "okhttp",
        _stars,
        re.compile(r"(\*\*?\.)?[^*]+"),
        dots=True,
        unpadded=True,
        url_safe=True,
        stops="OkHttp's builder throws",
    ),
    Format.LAB: Dialect("the lab's own pins.json", whole=True),
    Format.LIST: Dialect("a plain list of pins", unpadded=True, url_safe=True, whole=True),
    Format.CERTIFICATE: Dialect("certificates, shipped as the pins", whole=True),
}
