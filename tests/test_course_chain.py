"""The checks of notebook 01 pass a solution and nothing less."""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lab.course import chain
from lab.course.report import Report
from lab.pki.world import World


def spki(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def base(octets: bytes) -> str:
    return "sha256/" + base64.b64encode(hashlib.sha256(octets).digest()).decode()


def pin(certificate: x509.Certificate) -> str:
    return base(spki(certificate))


def signed(child: x509.Certificate, parent: x509.Certificate) -> bool:
    try:
        child.verify_directly_issued_by(parent)
    except (ValueError, InvalidSignature):
        return False
    return True


def may_sign(certificate: x509.Certificate) -> bool:
    return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def links(certificates: list[x509.Certificate]) -> list[tuple[x509.Certificate, x509.Certificate]]:
    return list(itertools.pairwise(certificates))


def no_gap(certificates: list[x509.Certificate]) -> bool:
    return all(signed(low, up) and may_sign(up) for low, up in links(certificates))


def is_path(certificates: list[x509.Certificate], store: list[x509.Certificate]) -> bool:
    return certificates[-1] in store and no_gap(certificates)


def wrong(report: Report) -> set[str]:
    return {one.case for one in report.marks if not one.right}


def test_the_solutions_pass_on_every_draw() -> None:
    """Ten fresh draws of chains and two of pins; a solution never meets a case that was made wrongly."""
    assert [wrong(chain.is_path(is_path)) for _ in range(10)] == [set()] * 10
    assert [wrong(chain.pin(pin)) for _ in range(2)] == [set()] * 2


def test_a_table_of_the_shown_cases_is_not_enough() -> None:
    """Answers learnt from certificates that were seen before say nothing of fresh ones."""
    seen = World().genuine
    pins = {seen.leaf: pin(seen.leaf)}
    assert "✗ not yet" in str(chain.pin(lambda certificate: pins.get(certificate, pins[seen.leaf])))
    paths = {tuple(seen.path): True}
    assert "✗ not yet" in str(chain.is_path(lambda certificates, store: paths.get(tuple(certificates), False)))
    assert "✗ not yet" in str(chain.is_path(lambda certificates, store: True))
    assert "✗ not yet" in str(chain.is_path(lambda certificates, store: len(certificates) == 3))


def test_each_forgotten_condition_is_named_by_its_case() -> None:
    """Leave one condition of the rule out, and the report names the chains that it is there for."""
    no_store = chain.is_path(lambda cs, store: no_gap(cs))
    assert wrong(no_store) == {"a root that is not in the store", "a look-alike root", "the root is missing"}
    no_flag = chain.is_path(lambda cs, store: cs[-1] in store and all(signed(a, b) for a, b in links(cs)))
    assert wrong(no_flag) == {"a server's certificate signed another", "a server's certificate made a CA"}
    names_only = chain.is_path(
        lambda cs, store: cs[-1] in store and all(a.issuer == b.subject and may_sign(b) for a, b in links(cs))
    )
    assert wrong(names_only) == {"a look-alike intermediate, genuine from there up"}
    by_name = chain.is_path(lambda cs, store: cs[-1].subject in [root.subject for root in store] and no_gap(cs))
    assert wrong(by_name) == {"a look-alike root"}


@pytest.mark.parametrize(
    ("candidate", "remark"),
    [
        (lambda c: base(c.public_bytes(Encoding.DER)), "whole certificate"),
        (lambda c: "sha256/" + hashlib.sha256(spki(c)).hexdigest(), "hexadecimal"),
        (lambda c: pin(c).removeprefix("sha256/"), "begins with sha256/"),
        (lambda c: pin(c).encode(), "bytes"),
        (lambda c: base(spki(c)[26:]), "something else"),
        (lambda c: None, "no answer yet"),
    ],
)
def test_a_wrong_pin_is_told_from_other_wrong_pins(candidate: Callable[..., Any], remark: str) -> None:
    """The remark says what was hashed or how it was written, and holds no pin."""
    report = chain.pin(candidate)
    assert len(wrong(report)) == len({one.case for one in report.marks})
    assert all(remark in one.remark for one in report.marks)
    assert not any("=" in one.remark for one in report.marks)


def raises(*given: Any) -> Any:
    raise RuntimeError("oops")


@pytest.mark.parametrize("candidate", [lambda *given: ..., lambda *given: 7, lambda: "sha256/", raises])
@pytest.mark.parametrize("check", [chain.pin, chain.is_path])
def test_nonsense_is_reported_and_raises_nothing(check: Callable[..., Report], candidate: Callable[..., Any]) -> None:
    """A stub, a wrong type, a wrong number of parameters and an exception each give a report that says "not yet"."""
    report = check(candidate)
    assert not report.solved
    assert str(report).startswith("✗ not yet")
