"""What path validation finds wrong, in words: every code that OpenSSL names, and chains that bring some about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from lines import ask, validates
from OpenSSL._util import lib as openssl
from unreadable import patched, swap

from lab.observation import Observation
from lab.pki.authority import Authority, Credential, authority, begun, ca_subject, new_key, signed
from lab.pki.errors import REASONS, reason_of
from lab.pki.world import HOST
from lab.wire.service import Service

# What no chain can bring about in this lab, each with what it would take.
NEVER = {
    "CRL": ("CRL", "REVOKED"),  # a list that the client is given
    "asked of the validator": ("HOSTNAME", "EMAIL", "IP_ADDRESS", "APPLICATION", "CERT_UNTRUSTED", "CERT_REJECTED"),
    "only in OpenSSL's debugging mode": ("SUBJECT_ISSUER", "AKID"),
    "policies, which no client of the lab asks for": ("POLICY",),
    "proxies, which no client of the lab allows": ("PROXY_PATH", "INVALID_NON_CA", "NO_DIGITAL"),
    "a machine without memory": ("OUT_OF_MEM",),
    "never raised": ("UNSUPPORTED_EXTENSION_FEATURE",),
}
NAMED = {
    name.removeprefix("X509_V_ERR_"): getattr(openssl, name) for name in dir(openssl) if name.startswith("X509_V_ERR_")
}


def test_every_error_that_a_chain_can_bring_about_has_words() -> None:
    """No common error is a number only; each is a sentence of its own, in one line, to be read after a name."""
    never = [part for parts in NEVER.values() for part in parts]
    wordless = [name for name, code in NAMED.items() if code not in REASONS and not any(one in name for one in never)]
    assert wordless == []
    assert {part: any(part in name for name in NAMED) for part in never} == dict.fromkeys(never, True)
    assert len(set(REASONS.values())) == len(REASONS)
    for words in REASONS.values():
        assert words.isprintable()
        assert words[0].islower()
        assert not words.endswith(".")


def test_an_error_without_words_is_named_by_its_number() -> None:
    """The control: a code that is in no table is said as such."""
    assert reason_of(9999) == "OpenSSL's path validation gave error 9999"


# ---- chains that bring them about -----------------------------------------------------------------

ROOT = authority("A Root")
ISSUING = ROOT.intermediate("A CA")
KEY = new_key()
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\x05\x00")


def ca(*more: tuple[x509.ExtensionType, bool], length: int | None = None, key: object = None) -> Authority:
    """An authority below the root, with these extensions besides."""
    held = key or new_key()
    start, end = ROOT.certificate.not_valid_before_utc, ROOT.certificate.not_valid_after_utc
    builder = begun(ca_subject("An Odd CA"), held, ROOT, start, end)  # type: ignore[arg-type]
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=length), critical=True)
    for extension, critical in more:
        builder = builder.add_extension(extension, critical)
    return Authority("An Odd CA", held, signed(builder, ROOT.key), ROOT)  # type: ignore[arg-type]


def leaf(signer: Authority, *names: x509.GeneralName, more: x509.ExtensionType | None = None) -> Credential:
    """A server's certificate for the host and these names."""
    made = signer.issue(HOST, key=KEY)
    start, end = made.leaf.not_valid_before_utc, made.leaf.not_valid_after_utc
    builder = begun(made.leaf.subject, KEY, signer, start, end)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST), *names]), critical=False)
    if more:
        builder = builder.add_extension(more, critical=True)
    return replace(made, chain=(signed(builder, signer.key), *made.chain[1:]))


def limits(*excluded: x509.GeneralName) -> tuple[x509.ExtensionType, bool]:
    return x509.NameConstraints(permitted_subtrees=None, excluded_subtrees=list(excluded)), True


def _forged() -> Credential:
    """Signed by a stranger, with the name and key identifier of the CA."""
    made = leaf(ISSUING)
    stranger = replace(ISSUING, key=new_key())
    octets = patched(made.leaf, stranger, swap(b"bank.example", b"bank.example".upper()))
    return replace(made, chain=(x509.load_der_x509_certificate(octets), *made.chain[1:]))


NUMBER = x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4"))

CHAINS: dict[int, Callable[[], Credential]] = {
    0: lambda: leaf(ISSUING),
    7: _forged,
    25: lambda: leaf(ca(length=0).intermediate("One More CA")),
    34: lambda: leaf(ISSUING, more=UNKNOWN),
    48: lambda: leaf(ca(limits(x509.DNSName("example")))),
    51: lambda: leaf(ca(limits(NUMBER)), NUMBER),
    53: lambda: leaf(ca(limits(x509.UniformResourceIdentifier("a.test"))), x509.UniformResourceIdentifier("nowhere")),
    67: lambda: leaf(ca(key=rsa.generate_private_key(65537, 1024))),
}


@pytest.mark.parametrize("code", CHAINS)
def test_a_chain_that_brings_it_about_is_refused_in_words(code: int) -> None:
    """In a real handshake the observation has the code and its words; without the fault there is a path."""
    seen: list[Observation] = []

    def decide(observation: Observation) -> bool:
        seen.append(observation)
        return validates(observation)

    with Service(CHAINS[code]()) as service:
        service._context.set_cipher_list(b"DEFAULT@SECLEVEL=0")  # a server that minds no short key of a CA
        met = ask(service, (ROOT,), decide)
    found = met.observation.error
    assert code == (found.code if found else 0), met.failure
    assert (met.answer is not None) is (code == 0)
    if found:
        assert found.reason == REASONS[code]
