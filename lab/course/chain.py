"""
The checks of notebook 01: what a pin is, and when a list of certificates is a path.

They make fresh authorities each time and open no socket. What a path
must be is said here by how each chain was made, and not by a validator.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from lab.course import fresh
from lab.course.report import Question, Report, examine
from lab.pki.authority import Authority, acting_as_ca, authority
from lab.pki.pins import fingerprint_of, pin_of

Certificates = list[x509.Certificate]

WORDS = ("Alder", "Birch", "Cedar", "Elm", "Hazel", "Juniper", "Larch", "Maple", "Oak", "Rowan", "Spruce", "Willow")


def pin(candidate: Callable[..., Any]) -> Report:
    """Judge `pin(certificate)` on keys of every algorithm, on a CA, and on renewals."""
    return examine("pin(certificate)", candidate, _pins(), _about_pins, "text")


def _pins() -> list[Question]:
    issuing = authority(_names(1)[0]).intermediate("Issuing CA")
    first, renewed = issuing.issue("bank.example"), issuing.issue("bank.example")
    larger = ec.generate_private_key(ec.SECP384R1())
    asked = [
        ("an ECDSA key", first.leaf),
        ("an ECDSA key", renewed.leaf),
        ("an ECDSA key on a larger curve", issuing.issue("bank.example", key=larger).leaf),
        ("an RSA key", issuing.issue("shop.example", algorithm="RSA").leaf),
        ("an ML-DSA key", issuing.issue("shop.example", algorithm="ML-DSA").leaf),
        ("an authority's certificate", issuing.certificate),
        ("a renewal with the same key", issuing.issue("bank.example", key=first.key).leaf),
        ("the same key under another CA", authority("Other Root").issue("bank.example", key=first.key).leaf),
    ]
    return [Question(case, (certificate,), pin_of(certificate)) for case, certificate in asked]


def _about_pins(question: Question, got: Any) -> str:
    certificate: x509.Certificate = question.given[0]
    if not got.startswith("sha256/"):
        return "a pin begins with sha256/"
    if got.removeprefix("sha256/") == fingerprint_of(certificate).removeprefix("cert-sha256/"):
        return "this is the hash of the whole certificate, and not of its key"
    if len(got) != len(question.expected):
        return f"{len(got)} characters are not the base64 of a SHA-256 (is it hexadecimal, or is there a line end?)"
    return "this is the hash of something else"


def is_path(candidate: Callable[..., Any]) -> Report:
    """Judge `is_path(certificates, store)` on fresh chains of several lengths; most of them are no paths."""
    return examine("is_path(certificates, store)", candidate, [*_chains(), *_chains()], _about_paths)


def _chains() -> Iterator[Question]:
    """One question for each case, all in a fresh hierarchy."""
    root, stranger = (authority(name) for name in _names(2))
    issuing = _below(root, random.randint(1, 3))
    store = [root.certificate, stranger.certificate, authority("Public Root").certificate]
    random.shuffle(store)

    def question(case: str, chain: Certificates, is_one: bool) -> Question:
        return Question(case, (list(chain), list(store)), is_one)

    good = _chain(issuing)
    yield question("an honest chain", good, True)
    yield question("another root of the store", _chain(_below(stranger, 2)), True)
    yield question("a root that issues directly", _chain(root), True)
    yield question("a long chain", _chain(_below(issuing, 3)), True)
    yield question("an ML-DSA intermediate", _chain(root.intermediate("Issuing CA", algorithm="ML-DSA")), True)
    yield question("an ML-DSA server key", list(issuing.issue("bank.example", algorithm="ML-DSA").path), True)

    bought = issuing.issue("evil.example")
    yield question("a server's certificate signed another", _chain(acting_as_ca(bought)), False)
    deeper = acting_as_ca(bought).intermediate("Issuing CA")
    yield question("a server's certificate made a CA", _chain(deeper), False)
    yield question("a root that is not in the store", _chain(_below(authority("Rogue Root"), 2)), False)
    yield question("a look-alike root", _chain(_below(authority(root.name), 2)), False)
    forged = authority(issuing.name).issue("bank.example")
    yield question("a look-alike intermediate, genuine from there up", [forged.leaf, *good[1:]], False)
    gap = random.randrange(1, len(good) - 1)
    yield question("one certificate is missing", good[:gap] + good[gap + 1 :], False)
    yield question("the root is missing", good[:-1], False)
    yield question("the wrong way round", good[::-1], False)
    swapped = [good[1], good[0], *good[2:]]
    yield question("two certificates changed places", swapped, False)
    yield question("another chain's leaf", [_chain(stranger.intermediate("Foreign CA"))[0], *good[1:]], False)


def _names(count: int) -> list[str]:
    return [f"{word} Root" for word in random.sample(WORDS, count)]


def _below(top: Authority, depth: int) -> Authority:
    """An authority `depth` steps below `top`; trustme made all of them, so path lengths count down."""
    return fresh.below(top, [f"{word} CA" for word in random.sample(WORDS, depth)])


def _chain(issuer: Authority) -> Certificates:
    return list(issuer.issue(f"{random.choice(WORDS).lower()}.example").path)


def _about_paths(question: Question, got: Any) -> str:
    return "you took it for a path" if got else "you refused it"
