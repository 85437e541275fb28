"""
Whether one path, taken as it is, is valid: `cryptography`'s verifier as a full path validator (RFC 5280 section 6).

It knows signatures, dates, CA flags, key usages, path lengths, name constraints
and critical extensions. It looks for no path: who does hands it one. Host names
are not looked at, and revocation is not either. No sockets and no OpenSSL.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from lab.observation import Certificate
from lab.pki.reading import UNREADABLE, parsed

_ANY = x509.ObjectIdentifier("2.5.29.37.0")


def _for_servers(policy: Policy, certificate: x509.Certificate, usage: x509.ExtendedKeyUsage | None) -> None:
    """Where extended key usage is there, it allows TLS servers (RFC 5280 section 4.2.1.12)."""
    if usage is not None and not {ExtendedKeyUsageOID.SERVER_AUTH, _ANY} & set(usage):
        raise ValueError("its extended key usage is not for TLS servers")


def _for_signing(policy: Policy, certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    """Where key usage is there, it allows to sign certificates; older CAs have none (RFC 5280 section 6.1.4 (n))."""
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("its key usage is not for signing certificates")


# A host name is asked for by the verifier of servers alone, so this is the one of clients, with a server's usages.
# trustme marks subjectAltName critical, which the Web PKI's profile does not allow; real programs do not mind.
_LEAF = (
    ExtensionPolicy.webpki_defaults_ee()
    .may_be_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
    .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _for_servers)
)
_CA = (
    ExtensionPolicy.webpki_defaults_ca()
    .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _for_servers)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _for_signing)
)

_AROUND = r"validation failed: |candidates exhausted: | ?\(encountered processing .*"
"""What its verifier says around the reason itself."""


def unsound(path: Sequence[Certificate]) -> str:
    """
    What is wrong with this path, leaf first and anchor last, whenever it is looked at; empty where nothing is.

    Dates are the caller's to check: they are the one thing here that changes
    from day to day. The last certificate is trusted, and may be any.
    """
    return _unsound(tuple(one.der for one in path))


@lru_cache(maxsize=16384)
def _unsound(path: tuple[bytes, ...]) -> str:
    try:
        leaf, *others = map(parsed, path)
        verifier = (
            PolicyBuilder()
            .store(Store([(leaf, *others)[-1]]))
            .time(max(one.not_valid_before_utc for one in (leaf, *others)))
            .max_chain_depth(len(path))
            .extension_policies(ca_policy=_CA, ee_policy=_LEAF)
            .build_client_verifier()
        )
        found = verifier.verify(leaf, others[:-1]).chain
    except (VerificationError, *UNREADABLE) as problem:
        return re.sub(_AROUND, "", " ".join(str(problem).split())) or type(problem).__name__
    return "" if found == [leaf, *others] else "another path than this one is valid"
