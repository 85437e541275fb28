"""
Profiles: what real implementations of pinning check, as rows of the client table.

Each row is a policy with the semantics of one program, as it was measured or
as its source says; `Profile.ran` tells which. Where an implementation takes
any kind of pin, it is given the site's leaf key, so that what differs between
two rows is the implementation and not the pin. Pure, like the rest of this room.
"""

from __future__ import annotations

from datetime import UTC, datetime

from lab.building import ANY_SEARCHING, AS_OPENSSL, Anchors, Branching, PathBuilding
from lab.observation import Certificate, Finding, Observation
from lab.policy import checks, revocation
from lab.policy.check import Basis, Check, Known, Policy, judge
from lab.policy.checks import HOST_NAME, ORDINARY, VALIDATION, pinned, shown, waived
from lab.policy.clients import Client, Profile, register
from lab.policy.continuity import Continuity, known
from lab.policy.pinset import PinSet, Role, Where

CLEANED = 10
"""Certificates on the longest path that OkHttp takes (measured), leaf and root included."""

# ---- the checks that only some implementations have ----------------------------------------------


def _installed(observation: Observation, known: Known) -> str:
    """The name of the anchor that the path ends in, where somebody installed it on this machine; else empty."""
    anchor = observation.path[-1] if observation.path else None
    return anchor.name if anchor and anchor.fingerprint in known.installed else ""


def unless_installed(check: Check) -> Check:
    """The same check, waived where the path ends in an anchor that was installed on this machine."""

    def excuse(observation: Observation, known: Known) -> str:
        anchor = _installed(observation, known)
        return f"not asked: {anchor} was installed here, and that overrides pins" if anchor else ""

    return waived(f"{check.name} unless installed", check, excuse)


def until(day: datetime, check: Check) -> Check:
    """
    The same check up to `day`; afterwards nobody asks, by the client's own clock.

    The last moment still counts, as in AOSP (NetworkSecurityTrustManager.checkPins:
    no pins are asked where the time is greater than the expiration). TrustKit's
    kTSKExpirationDate fails open likewise.
    """

    def excuse(observation: Observation, known: Known) -> str:
        return f"not asked: the pins expired on {day:%Y-%m-%d}" if observation.time > day else ""

    return waived(f"{check.name} until {day:%Y-%m-%d}", check, excuse)


def _system_anchor(observation: Observation, known: Known) -> tuple[bool, str]:
    if anchor := _installed(observation, known):
        return False, f"{anchor} was installed by a user, and only the system's own anchors count"
    return True, "the path ends in an anchor that came with the system"


def _cleaned(observation: Observation, known: Known) -> tuple[bool, str]:
    length = len(observation.path or ())
    if length > CLEANED:
        return False, f"the path has {length} certificates, and one of at most {CLEANED} is wanted"
    return True, f"the path has at most {CLEANED} certificates"


def _dates(observation: Observation, known: Known) -> tuple[bool, str]:
    leaf = observation.leaf
    if leaf is None:
        return False, "the server showed no certificate"
    if observation.time > leaf.not_after:
        return False, f"the certificate expired on {leaf.not_after:%Y-%m-%d}"
    if observation.time < leaf.not_before:
        return False, f"the certificate is not valid before {leaf.not_before:%Y-%m-%d}"
    return True, "the certificate's dates hold"


def _issued(one: Certificate, by: Certificate) -> bool:
    """What OpenSSL's X509_check_issued asks, of names and key identifiers only: no signature."""
    return one.issuer == by.name and (not one.issuer_key_id or not by.key_id or one.issuer_key_id == by.key_id)


def issuer_walk(observation: Observation, known: Known) -> tuple[Certificate, ...]:
    """
    The certificates along Node's `issuerCertificate`, leaf first.

    From issuer to issuer by name and key identifier: first among what was sent,
    and where nobody is left there, among the store's anchors. It is not the
    path. (Node 20, src/crypto/crypto_common.cc, AddIssuerChainToObject and
    GetLastIssuedCert.)
    """
    if observation.leaf is None or observation.resumed:
        return ()
    walked, sent = [observation.leaf], list(observation.presented[1:])
    while issuer := next((one for one in sent if _issued(walked[-1], one)), None):
        sent.remove(issuer)
        walked.append(issuer)
    while not _issued(walked[-1], walked[-1]):
        issuer = next((one for one in known.store if _issued(walked[-1], one)), None)
        if issuer is None or issuer in walked:  # two anchors may have signed each other
            break
        walked.append(issuer)
    return tuple(walked)


def along_the_walk(name: str, pin_set: PinSet) -> Check:
    """A pin looked for along `issuer_walk`, after validation has built a path of its own."""

    def rule(observation: Observation, known: Known) -> Finding:
        walked = issuer_walk(observation, known)
        pins = pin_set.lists[0]
        found = [one.name for one in walked if one.pin in pins.resolve(known.site)]
        if found:
            return Finding("", True, f"{found[0]} along the issuers has a pinned key")
        return Finding("", False, "no pinned key", pins.wanted(known.site), walked, "the walk along the issuers")

    return Check(name, rule, Basis.PRESENTED, pin_set=pin_set)


_LISTED = PinSet.any_of(Role.LEAF, where=Where.PRESENTED)


def _errors_ignored(observation: Observation, known: Known) -> tuple[bool, str]:
    found = _LISTED.lists[0].matches(observation, known.site)
    if found:
        return True, f"the server sent {found[0].name}, whose key is on the list: errors are ignored"
    usual = judge(ORDINARY, observation, known)
    if not usual.accepted:
        return False, usual.reason
    return True, "nothing was wrong, so the list was not asked"


LEAF_ON_PATH = pinned("key pin on the leaf", PinSet.any_of(Role.LEAF, where=Where.LEAF))
CA_PIN_ON_LEAF = pinned("CA key pinned on the leaf", PinSet.any_of(Role.INTERMEDIATE, where=Where.LEAF))
KEY_SHOWN = shown("key pin, no CA", PinSet.any_of(Role.LEAF, where=Where.SERVER))
FINGERPRINT = shown("certificate fingerprint", PinSet.any_of(Role.CERTIFICATE, where=Where.SERVER))
DANE_TA = pinned("TLSA for a CA", PinSet.any_of(Role.INTERMEDIATE, where=Where.SENT_CA))
DANE_TA_ROOT = pinned("TLSA for the root", PinSet.any_of(Role.ROOT, where=Where.SENT_CA))
PKIX_TA = pinned("TLSA constraint on a CA", PinSet.any_of(Role.ROOT, where=Where.CA))
CA_LIST = pinned("CA pins", PinSet.any_of(Role.INTERMEDIATE, Role.ROOT, where=Where.CA))
SYSTEM_ANCHOR = Check("system anchors only", _system_anchor, Basis.PATH)
DATES = Check("certificate dates", _dates, Basis.LEAF)
KNOWN_UNTIL_EXPIRY = known("known certificate until it expires", Continuity(certificate=True, disregards_expired=True))
ERRORS_IGNORED = Check("validation, or on the list", _errors_ignored, Basis.PRESENTED, pin_set=_LISTED)

NO_ANCHOR = frozenset({2, 18, 19, 20, 21})
"""OpenSSL's errors for a chain that leads to nothing in the store; DANE-TA brings its own anchor."""

EXPIRED = datetime(2026, 1, 1, tzinfo=UTC)

# ---- how they build paths ------------------------------------------------------------------------

ANY = PathBuilding(Anchors.ANY)
BUILDING = {
    # measured: curl 7.88.1 and libcurl 8.23, wget 1.21.3 and gnutls-cli 3.7.9 (GnuTLS)
    "curl": ANY,
    "wget": ANY,
    "gnutls": ANY,
    # measured with OkHttp 3.13.1 on Java 17: Java tries other paths, but the cleaner that makes the path for the pins
    # takes the first issuer, and never goes back
    "okhttp": PathBuilding(Anchors.ANY_GOES_ON),
    "ssl-default-root": ANY,
    # measured with Chromium 156
    "chromium": ANY_SEARCHING,
    # read: mozilla::pkix, pkixbuild.cpp, BuildForward
    "firefox": ANY_SEARCHING,
    # both of them had it
    "hpkp": ANY_SEARCHING,
    # read: Conscrypt, TrustManagerImpl.checkTrustedRecursive
    "android": PathBuilding(Anchors.ANY_GOES_ON, Branching.SEARCHING),
    # it is said to try other paths; which anchors will do nobody has measured, so it has the lab's own
    "ios": PathBuilding(branching=Branching.SEARCHING),
}
"""By a row's name, or the word that it begins with; others build as OpenSSL does (measured: Python, Node, OpenSSL)."""

# ---- the rows ------------------------------------------------------------------------------------


def _row(
    name: str,
    policy: Policy,
    program: str,
    pinned: str,
    source: str,
    *,
    ran: bool = True,
    off: str = "",
    ignoring: frozenset[int] = frozenset(),
) -> None:
    title = f"{program}: {pinned}"
    building = BUILDING.get(name) or BUILDING.get(name.partition("-")[0], AS_OPENSSL)
    profile = Profile(program, pinned, source, ran, off)
    register(Client(name, title, policy, ignoring=ignoring, building=building, profile=profile))


_CURL = "curl docs/cmdline-opts/pinnedpubkey.md; measured with curl 7.88.1 and libcurl 8.23"
_row("curl", (*ORDINARY, LEAF_ON_PATH), "curl --pinnedpubkey", "the leaf key", _CURL)
_row(
    "curl-insecure",
    (KEY_SHOWN,),
    "curl --insecure --pinnedpubkey",
    "the leaf key",
    _CURL,
    off="validation, dates and host name; the pin is still enforced",
)
_row(
    "curl-ca-pin",
    (*ORDINARY, CA_PIN_ON_LEAF),
    "curl --pinnedpubkey",
    "the intermediate key, which curl never looks at",
    "curl issue 20538 (2026-02); measured with curl 7.88.1",
)
_row(
    "wget",
    (*ORDINARY, LEAF_ON_PATH, revocation.BAD_REFUSED),
    "wget --pinnedpubkey",
    "the leaf key",
    "measured with wget 1.21.3 (GnuTLS)",
)
_row(
    "wget-insecure",
    (KEY_SHOWN,),
    "wget --no-check-certificate --pinnedpubkey",
    "the leaf key",
    "measured with wget 1.21.3 (GnuTLS)",
    off="validation, dates and host name; the pin is still enforced",
)
_row(
    "urllib3",
    (VALIDATION, FINGERPRINT),
    "urllib3 and requests, assert_fingerprint",
    "the leaf certificate",
    "urllib3 2.8.0, connection.py; measured with it and requests 2.34.2",
    off="the host name check",
)
_row(
    "aiohttp",
    (FINGERPRINT,),
    "aiohttp.Fingerprint",
    "the leaf certificate",
    "measured with aiohttp 3.14.5",
    off="validation, dates and host name",
)
_row(
    "ssl-hook",
    (*ORDINARY, checks.LEAF_PIN),
    "a hook in Python's ssl",
    "the leaf key, anywhere on the path",
    "measured with CPython 3.11 to 3.14 under urllib3, requests, httpx and aiohttp",
)
_row(
    "ssl-default-root",
    (*ORDINARY, checks.ROOT_PIN),
    "a hook in Python's ssl, default context since 3.13",
    "the root key, anywhere on the path",
    "CPython issue 107361; measured with CPython 3.13 and 3.14",
    ran=False,
)
_row(
    "httpx-response",
    (*ORDINARY, checks.LATE_LEAF_PIN),
    "httpx, a pin compared on the response",
    "the leaf key",
    "measured with httpx 0.28.1",
    off="nothing, but the request has gone before the pin is compared",
)
_OKHTTP = "okhttp CertificatePinner; measured with Debian's OkHttp 3.13.1 on Java 17"
CHAIN_LENGTH = Check("chain length", _cleaned, Basis.PATH)
_row("okhttp-leaf", (*ORDINARY, CHAIN_LENGTH, checks.LEAF_PIN), "OkHttp CertificatePinner", "the leaf key", _OKHTTP)
_row(
    "okhttp-intermediate",
    (*ORDINARY, CHAIN_LENGTH, checks.INTERMEDIATE_PIN),
    "OkHttp CertificatePinner",
    "the intermediate key",
    _OKHTTP,
)
_row("okhttp-root", (*ORDINARY, CHAIN_LENGTH, checks.ROOT_PIN), "OkHttp CertificatePinner", "the root key", _OKHTTP)
_NODE = "Node doc/api/https.md; measured with Node 20.20.2"
_WALK = "Node src/crypto/crypto_common.cc; measured with Node 20.20.2, and a walk along issuerCertificate"
_WALKED = "signatures, for what the pin is compared with: the issuers are found by name"
_row("node", (*ORDINARY, LEAF_ON_PATH), "Node checkServerIdentity", "the leaf key, on the leaf", _NODE)
_row(
    "node-walk",
    (*ORDINARY, along_the_walk("leaf pin along the issuers", PinSet.any_of(Role.LEAF))),
    "Node checkServerIdentity, along issuerCertificate",
    "the leaf key",
    _WALK,
    off=_WALKED,
)
_row(
    "node-walk-root",
    (*ORDINARY, along_the_walk("root pin along the issuers", PinSet.any_of(Role.ROOT))),
    "Node checkServerIdentity, along issuerCertificate",
    "the root key",
    _WALK,
    off=_WALKED,
)
_row(
    "node-forgetful",
    (VALIDATION, LEAF_ON_PATH),
    "Node checkServerIdentity, written anew",
    "the leaf key",
    "measured with Node 20: a function of one's own replaces the host name check unless it calls the old one",
    off="the host name check",
)
_DANE = "IANA DANE parameters; measured with OpenSSL 3.0's s_client -dane_tlsa_rrdata"
_row("dane-0", (*ORDINARY, PKIX_TA), "OpenSSL DANE, usage 0 (PKIX-TA)", "the root key", _DANE)
_row("dane-1", (*ORDINARY, LEAF_ON_PATH), "OpenSSL DANE, usage 1 (PKIX-EE)", "the leaf key", _DANE)
_row(
    "dane-2",
    (*ORDINARY, DANE_TA),
    "OpenSSL DANE, usage 2 (DANE-TA)",
    "the intermediate key",
    _DANE,
    off="the trust store; the pinned CA takes its place",
    ignoring=NO_ANCHOR,
)
_row(
    "dane-2-root",
    (*ORDINARY, DANE_TA_ROOT),
    "OpenSSL DANE, usage 2 (DANE-TA)",
    "the root key, which the server does not send",
    _DANE,
    off="the trust store; the pinned CA takes its place",
    ignoring=NO_ANCHOR,
)
_row(
    "dane-3",
    (HOST_NAME, KEY_SHOWN),
    "OpenSSL DANE, usage 3 (DANE-EE)",
    "the leaf key",
    "manual page openssl-s_client(1), -dane_ee_no_namechecks; measured with OpenSSL 3.0's s_client",
    off="validation and dates; the name is still checked, although RFC 7671 says that it need not be",
)
_row(
    "dane-3-no-name",
    (KEY_SHOWN,),
    "OpenSSL DANE, usage 3, -dane_ee_no_namechecks",
    "the leaf key",
    "manual page openssl-s_client(1); measured with OpenSSL 3.0's s_client",
    off="validation, dates and host name, as RFC 7671 has it",
)
_row(
    "gnutls-tofu",
    (checks.KNOWN_KEY,),
    "gnutls-cli --tofu, then --strict-tofu",
    "the key that was met first",
    "manual page gnutls-cli(1); measured with gnutls-cli 3.7.9",
    off="validation, dates and host name become advice",
)
# none of these was given a pin: what they ask is what the issuer says since
_row(
    "curl-status",
    (*ORDINARY, revocation.REQUIRES),
    "curl --cert-status",
    "nothing; a staple is required",
    "manual page curl(1); measured with curl 7.88.1, which takes a staple without an end, and looks for a SHA-1 certID",
)
_row(
    "gnutls",
    (*ORDINARY, revocation.BAD_REFUSED),
    "GnuTLS, as gnutls-cli and wget have it",
    "nothing; a staple that came, or that the certificate promises, has to be good",
    "measured with gnutls-cli 3.7.9 and wget 1.21.3, which take a staple without an end, and one that begins tomorrow",
    off="whose certificate the staple is about: another issuer's of the same name will do",
)
_SHOWN, _STATUS = "nothing; it shows what came", "openssl/openssl issue 7389; measured with OpenSSL 3.0's s_client"
_row("openssl-status", (*ORDINARY, revocation.PRINTED), "OpenSSL s_client -status", _SHOWN, _STATUS)
_CT = "manual page openssl-s_client(1); measured with OpenSSL 3.0's s_client, which takes a certificate that has none"
_row("openssl-ct", (*ORDINARY, revocation.PRINTED_SCTS), "OpenSSL s_client -ct -ctlogfile", _SHOWN, _CT)
_CRL = "manual page openssl-verification-options(1); measured with OpenSSL 3.0's s_client, which refuses without a list"
_LISTS = "nothing; the CAs' lists are at hand"
_row("openssl-crl", (*ORDINARY, revocation.LEAF_LIST), "OpenSSL s_client -crl_check", _LISTS, _CRL)
_CRL += "; the flag of this name, set by a program and alone, checks nothing"
_row("openssl-crl-all", (*ORDINARY, revocation.LIST_HARD), "OpenSSL s_client -crl_check_all", _LISTS, _CRL)
_row(
    "chromium-list",
    (ERRORS_IGNORED,),
    "Chromium --ignore-certificate-errors-spki-list",
    "the leaf key, on a list that forgives and does not pin",
    "measured with Debian's Chromium",
    off="every certificate error, for a chain that was sent with a listed key",
)
_NSC = "Android NetworkSecurityTrustManager.checkPins (platform_frameworks_base)"
_row(
    "android",
    (*ORDINARY, SYSTEM_ANCHOR, checks.LEAF_PIN),
    "Android network security configuration",
    "the leaf key",
    _NSC,
    ran=False,
)
_row(
    "android-expired",
    (*ORDINARY, SYSTEM_ANCHOR, until(EXPIRED, checks.LEAF_PIN)),
    "Android, with an expiration that has passed",
    "the leaf key",
    _NSC,
    ran=False,
    off="the pins themselves, after their date",
)
_row(
    "android-override",
    (*ORDINARY, unless_installed(checks.LEAF_PIN)),
    "Android, with user anchors and overridePins",
    "the leaf key",
    _NSC,
    ran=False,
    off="the pins, where a user's CA ends the path",
)
_IOS = "Apple's documentation of NSPinnedDomains (a mirror of it)"
_row("ios-leaf", (*ORDINARY, LEAF_ON_PATH), "iOS NSPinnedDomains", "the leaf key, in the leaf list", _IOS, ran=False)
_row(
    "ios-both",
    (*ORDINARY, checks.LEAF_AND_CA_PINS),
    "iOS NSPinnedDomains, both lists",
    "the leaf key, and the keys of its CAs",
    _IOS,
    ran=False,
)
_row("ios-ca", (*ORDINARY, CA_LIST), "iOS NSPinnedDomains", "the keys of its CAs, in the CA list", _IOS, ran=False)
_row(
    "chromium-static",
    (*ORDINARY, unless_installed(checks.LEAF_PIN)),
    "Chromium's built-in pins",
    "the leaf key",
    "Chromium net/http/transport_security_state.cc; only branded builds have pins",
    ran=False,
    off="the pins, where an installed CA ends the path",
)
_FIREFOX = "Firefox security/manager/ssl/tests/unit/test_pinning.js"
_row("firefox-0", ORDINARY, "Firefox, pinning level 0", "the leaf key, but the level is off", _FIREFOX, ran=False)
_row(
    "firefox-1",
    (*ORDINARY, unless_installed(checks.LEAF_PIN)),
    "Firefox, pinning level 1",
    "the leaf key",
    _FIREFOX,
    ran=False,
    off="the pins, where an installed CA ends the path",
)
_row("firefox-2", (*ORDINARY, checks.LEAF_PIN), "Firefox, pinning levels 2 and 3", "the leaf key", _FIREFOX, ran=False)
_row(
    "gemini",
    (DATES, HOST_NAME, KNOWN_UNTIL_EXPIRY),
    "a Gemini client (gmni)",
    "the certificate that was met first",
    "drewdevault.com, 2020-09-21, Gemini-TOFU",
    ran=False,
    off="CAs; and the memory, once the remembered certificate has expired",
)
