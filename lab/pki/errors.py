"""
What path validation finds wrong, in words: OpenSSL's codes, for whoever builds paths.

No OpenSSL here; only its numbers.
"""

from __future__ import annotations

from lab.observation import Certificate, ValidationError

UNSPECIFIED = 1
"""X509_V_ERR_UNSPECIFIED: OpenSSL takes the certificate, and the lab's own parser or validator does not."""

# OpenSSL's X509_V_ERR_* codes that a chain can bring about, in words of one sentence: what is seen there and, where
# that does not say it, what is wanted.
REASONS = {
    UNSPECIFIED: "it cannot be read",
    2: "its issuer is not there and no trust anchor signed it",
    4: "its signature cannot be made out, and one by its issuer's key is wanted",
    6: "the key of its issuer is of a kind that is not known here, and without it no signature can be checked",
    7: "its signature was not made with its issuer's key, and only that key may vouch for it",
    9: "it is not valid yet",
    10: "it has expired",
    13: "the day on which it begins to be valid cannot be read",
    14: "the day on which it expires cannot be read",
    18: "it is self-signed and no trust anchor",
    19: "the chain ends in a self-signed root that the trust store does not hold",
    20: "no certificate of its issuer is there and the trust store holds none",
    21: "its signature could not be checked: no issuer",
    22: "the chain goes on for longer than a validator follows it, and it has to end in a trust anchor before that",
    24: "the key of its issuer cannot be read",
    25: "more CAs stand below it than the path length in its basicConstraints allows",
    26: "it may not be used for this purpose",
    32: "it signed the certificate below it, and its key usage does not allow that",
    34: "it has a critical extension that is not known here, and who does not know it has to refuse",
    40: "it is a proxy certificate (RFC 3820), and a certificate that a CA signed is wanted",
    41: "an extension in it cannot be read, or does not fit the others",
    46: "it claims addresses or networks (RFC 3779) that its issuer does not hold",
    47: "a name in it lies outside its issuer's name constraints",
    48: "a name in it is one that its issuer's name constraints exclude",
    49: "its name constraints count levels (minimum, maximum), and none may (RFC 5280 section 4.2.1.10)",
    51: "its issuer's name constraints limit a kind of name that it has, and that is not known here",
    52: "its issuer's name constraints are not written as that kind of name has to be",
    53: "a name in it is not written as its kind has to be, so no name constraint can be held against it",
    66: "its key is too short, and one of 112 bits of security (RSA 2048, P-224) is wanted",
    67: "the key of a CA is too short, and one of 112 bits of security (RSA 2048, P-224) is wanted",
    68: "it is signed over a digest that is too weak, and SHA-224 or better is wanted",
    76: "the algorithm of its signature is not known here",
    77: "its signature is of another algorithm than its issuer's key",
    78: "it names one algorithm inside its signed part and another outside, and both have to be the same",
    79: "it signed the certificate below it, and nothing in it says that it is a CA (basicConstraints)",
}


def reason_of(code: int) -> str:
    """An OpenSSL verification error code in words."""
    return REASONS.get(code, f"OpenSSL's path validation gave error {code}")


def error_at(code: int, depth: int, at: Certificate) -> ValidationError:
    """The error about this certificate of a path, `depth` above the leaf, in words."""
    # What cannot be read is the cause: OpenSSL says of some such that it finds no issuer.
    reason = f"{reason_of(UNSPECIFIED)}: {at.trouble}" if at.trouble else reason_of(code)
    return ValidationError(code, depth, reason, at.name)
