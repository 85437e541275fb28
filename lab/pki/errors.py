"""
What path validation finds wrong, in words: OpenSSL's codes, for whoever builds paths.

No OpenSSL here; only its numbers.
"""

from __future__ import annotations

from lab.observation import Certificate, ValidationError

UNREADABLE = 1
"""X509_V_ERR_UNSPECIFIED: OpenSSL takes the certificate, and the lab's own parser does not."""

# OpenSSL's X509_V_ERR_* codes that a learner meets, in words of one sentence.
REASONS = {
    UNREADABLE: "it cannot be read",
    2: "its issuer is not there and no trust anchor signed it",
    7: "the signature on it does not verify with its issuer's key",
    9: "it is not valid yet",
    10: "it has expired",
    18: "it is self-signed and no trust anchor",
    19: "the chain ends in a self-signed root that the trust store does not hold",
    20: "no certificate of its issuer is there and the trust store holds none",
    21: "its signature could not be checked: no issuer",
    22: "the path to it has more certificates than the validator takes",
    24: "the key of its issuer cannot be read",
    25: "more CAs follow below it than its path length allows (basicConstraints)",
    26: "it may not be used for this purpose",
    32: "it signed the certificate below it, and its key usage does not allow that",
    34: "it has a critical extension that the validator does not know",
    47: "a name in it lies outside its issuer's name constraints",
    48: "a name in it is one that its issuer's name constraints exclude",
    51: "its issuer's name constraints limit a kind of name that the validator cannot compare",
    53: "a name in it is none that the validator can hold against its issuer's name constraints",
    67: "its key is too short for a CA's",
    79: "it signed the certificate below it, and it is a server's certificate and no CA (basicConstraints)",
}


def reason_of(code: int) -> str:
    """An OpenSSL verification error code in words."""
    return REASONS.get(code, f"OpenSSL's path validation gave error {code}")


def error_at(code: int, depth: int, at: Certificate) -> ValidationError:
    """The error about this certificate of a path, `depth` above the leaf, in words."""
    # What cannot be read is the cause: OpenSSL says of some such that it finds no issuer.
    reason = f"{reason_of(UNREADABLE)}: {at.trouble}" if at.trouble else reason_of(code)
    return ValidationError(code, depth, reason, at.name)
