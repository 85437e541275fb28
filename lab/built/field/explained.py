"""
Disagreements between a profile and its program that have an explanation.

A row names the program, the scene, why the program does otherwise, since which
version that was seen, and the source. What is not in the table is unexplained,
and fails the field test; a row that is no longer needed is reported too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Explanation:
    """
    Why a program does otherwise than its profile in a scene.

    `profiles` are the profiles concerned, or empty for every one of the
    program. `version` is the version with which it was seen.
    """

    program: str
    scene: str
    why: str
    source: str
    version: str
    profiles: tuple[str, ...] = ()

    def about(self, program: str, profile: str, scene: str) -> bool:
        """Whether it speaks of this program, run this way, in this scene."""
        return (self.program, self.scene) == (program, scene) and (not self.profiles or profile in self.profiles)


_OPENSSL = "OpenSSL NEWS.md, 3.5.0 (8 Apr 2025): ML-KEM, ML-DSA and SLH-DSA are new"
_CPYTHON = "(CPython 3.11.7, OpenSSL 3.0.19)"
_ASKING = {
    "curl": ("curl-status",),
    "openssl": ("openssl-status", "openssl-ct", "openssl-crl", "openssl-crl-all"),
    "gnutls-cli": ("gnutls",),
}
"""Ways of a program that pin nothing either, by its name: what stops it without a pin stops it there."""
_GNUTLS = "GnuTLS NEWS, 3.8.10 (2025-07-08): ML-DSA signatures can now be used in TLS"


def _no_ml_dsa(program: str, version: str, below: str, source: str) -> Explanation:
    why = f"{below} offers no ML-DSA signature, so the server has no certificate that it could use"
    measured = "measured: the server answers the first message with a handshake failure"
    ways = ("unpinned", *_ASKING.get(program, ()))
    return Explanation(program, "ecdsa_to_ml_dsa", why, f"{measured}; {source}", version, ways)


def _stuck(program: str, version: str, builder: str, more: str = "") -> Explanation:
    why = "takes the forged certificate into its path, by its name, finds its signature bad, and tries no other path"
    source = "measured: refused with the forged certificate beside the chain, accepted without it (other_trusted_ca)"
    ways = ("unpinned", *_ASKING.get(program, ()))
    return Explanation(program, "forged_link", f"{builder} {why}", source + more, version, ways)


EXPLAINED = [
    _no_ml_dsa("curl", "7.88.1 (OpenSSL 3.0.19)", "OpenSSL before 3.5", _OPENSSL),
    _no_ml_dsa("openssl", "3.0.19", "OpenSSL before 3.5", _OPENSSL),
    _no_ml_dsa("wget", "1.21.3 (GnuTLS 3.7.9)", "GnuTLS before 3.8.10", _GNUTLS),
    _no_ml_dsa("gnutls-cli", "3.7.9", "GnuTLS before 3.8.10", _GNUTLS),
    *(
        _no_ml_dsa(name, f"{version} {_CPYTHON}", "CPython built with OpenSSL before 3.5", _OPENSSL)
        for name, version in (("urllib3", "2.8.0"), ("requests", "2.34.2"), ("aiohttp", "3.14.5"), ("httpx", "0.28.1"))
    ),
    _stuck("wget", "1.21.3 (GnuTLS 3.7.9)", "GnuTLS"),
    _stuck("gnutls-cli", "3.7.9", "GnuTLS"),
    _stuck(
        "okhttp",
        "3.13.1 on Java 17.0.15",
        "Java's path builder",
        "; the exception is CertPathValidatorException: signature check failed",
    ),
    _no_ml_dsa(
        "okhttp", "3.13.1 on Java 17.0.15", "Java 17", "netty pull request 14741: Java 24 adds ML-DSA (JEP 497)"
    ),
    _no_ml_dsa(
        "node",
        "20.20.2 (OpenSSL 3.0.19)",
        "Node built with OpenSSL before 3.5",
        f"{_OPENSSL}; Node 24.7.0 (2025-08-27): OpenSSL 3.5 on 24.x",
    ),
    Explanation(
        "chromium",
        "ecdsa_to_ml_dsa",
        "the browser verifies ML-DSA, but its trust store is a database of NSS, and NSS 3.87 stores no ML-DSA root",
        "measured: certutil ends with SEC_ERROR_ADDING_CERT (as in open-quantum-safe/oqs-demos issue 315), and below "
        "an ECDSA root the browser accepts an ML-DSA intermediate and leaf; NSS 3.116 (2025-09-11) adds ML-DSA keys",
        "156.0.8078.79 (NSS 3.87)",
        ("unpinned", "chromium-list"),
    ),
]
EXPLAINED += [
    Explanation(
        program,
        "clock_behind",
        "GnuTLS asks when an answer ends and not when it begins, so one that is to come is good",
        "measured: a staple that begins tomorrow is taken, one that has ended is refused",
        version,
        ways,
    )
    for program, version, ways in (
        ("wget", "1.21.3 (GnuTLS 3.7.9)", ("unpinned", "wget")),
        ("gnutls-cli", "3.7.9", ("unpinned", "gnutls")),
    )
]
EXPLAINED += [
    Explanation(
        "openssl",
        scene,
        "s_client -ct ends where the signature of an SCT does not hold, and goes on where there is no SCT",
        "measured: SCT_CTX_verify, sct invalid signature; a certificate without any is taken",
        "3.0.19",
        ("openssl-ct",),
    )
    for scene in ("scts_of_the_last_one", "scts_copied")
]
# An attack presents what its rotation does, so whoever cannot read the one cannot read the other; an attack that it
# cannot read would also have robbed whoever checks too late.
LATE = {"httpx": ("httpx-response",)}
EXPLAINED += [
    replace(one, scene="ml_dsa_ca_misissues", profiles=(*one.profiles, *LATE.get(one.program, ())))
    for one in EXPLAINED
    if one.scene == "ecdsa_to_ml_dsa"
]
EXPLAINED += [replace(one, scene="makeshift_link") for one in EXPLAINED if one.scene == "forged_link"]


def explanation(program: str, profile: str, scene: str) -> Explanation | None:
    """What explains this program's disagreement with this profile in this scene, if anything does."""
    return next((one for one in EXPLAINED if one.about(program, profile, scene)), None)
