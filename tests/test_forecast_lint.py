"""Lint: each finding has a case in which it is there and one, next to it, in which it is not."""

from __future__ import annotations

import json
import plistlib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from forecast_chains import (
    BACKUP,
    DUMMY,
    NOW,
    OTHER,
    Shape,
    android,
    certificates,
    chain,
    curl,
    der,
    hashed,
    hpkp,
    ios,
    key,
    okhttp,
)

from lab.built.forecast.chain import Chain, ordered
from lab.built.forecast.config import choose
from lab.built.forecast.findings import RULES, LintFinding, Severity, Subject
from lab.built.forecast.forecast import RELEASE, forecast
from lab.built.forecast.formats import parse_pins
from lab.built.forecast.lint import lint
from lab.built.forecast.match import match
from lab.observation import Certificate, Outcome
from lab.pki.pins import fingerprint_of, pin_of, seen

LEAF, ISSUING, ROOT = (pin_of(one) for one in certificates())
ROOTLESS = chain(Shape(with_root=False))
SECOND = seen(certificates(Shape(algorithms=("P-384",), root="Second Root"))[-1])
DAY = timedelta(days=1)
NOON = (NOW + 30 * DAY).replace(hour=12)


def subject(
    octets: bytes,
    found: Chain | None = None,
    *,
    backups: tuple[str, ...] = (),
    shown: tuple[Certificate, ...] = (),
    asked: datetime = NOW,
    now: datetime | None = None,
    release: datetime = NOW + RELEASE,
    host: str = "www.bank.com",
) -> Subject:
    config = choose(parse_pins(octets), None, "file")
    there = found or chain()
    held = (*backups, *(one.pin for one in shown))
    return Subject(config, there, host, match(config, there, held), held, asked, now or asked, release, shown)


def day(days: int) -> str:
    return f"{NOW + days * DAY:%Y-%m-%d}"


def over(source: str) -> str:
    also = "" if source == "system" else '<certificates src="system"/>'
    return f'<trust-anchors>{also}<certificates src="{source}" overridePins="true"/></trust-anchors>'


def anchors(*sources: str) -> str:
    return f"<trust-anchors>{' '.join(f'<certificates src={one!r}/>' for one in sources)}</trust-anchors>"


def overridden(source: str) -> Subject:
    return subject(android(LEAF, anchors=over(source)))


def plist(leaf: list[str], ca: tuple[str, ...] | list[str] = ()) -> bytes:
    return plistlib.dumps(ios(leaf, ca))


def aside() -> Chain:
    return ordered([*certificates(), certificates(Shape(0, ("P-384",), hosts=("old.com",)))[0]], "file")


def twofold(answers: Callable[[Certificate], bool]) -> Chain:
    return ordered([*certificates(), certificates(Shape(0, ("P-384",)))[0]], "file", answers)


def extended(value: x509.ExtensionType, *, critical: bool = True, at: int = 0) -> Chain:
    path = certificates()
    old = path[at]
    builder = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(old.issuer)
        .public_key(old.public_key())
        .serial_number(old.serial_number)
        .not_valid_before(old.not_valid_before_utc)
        .not_valid_after(old.not_valid_after_utc)
        .add_extension(value, critical=critical)
    )
    path[at] = builder.sign(key("ECDSA", 2 - at), hashes.SHA256())
    return Chain(tuple(path))


REVOKED = x509.CRLDistributionPoints(
    [x509.DistributionPoint([x509.UniformResourceIdentifier("http://c.example/c.crl")], None, None, None)]
)
EXPLICIT = x509.PolicyConstraints(0, None)
OLD = pin_of(certificates(Shape(0, ("P-384",), hosts=("old.com",)))[0])
WHOLE = "sha256/" + fingerprint_of(certificates()[0]).partition("/")[2]
OWN = {"leaf": LEAF, "leaf_certificate": "cert-" + WHOLE, "backup": BACKUP}
HELD = (BACKUP,)
BOTH = android(LEAF, BACKUP)

Make = Callable[[], Subject]
FINDINGS: dict[str, list[tuple[Make, Make]]] = {
    "pins-expired": [
        (lambda: subject(android(LEAF, BACKUP, expiration=day(-1))), lambda: subject(BOTH)),
        (
            lambda: subject(android(LEAF, expiration=day(10)), asked=NOW + 20 * DAY),
            lambda: subject(android(LEAF, expiration=day(10))),
        ),
    ],
    "expires-before-release": [
        (
            lambda: subject(android(LEAF, expiration=day(30))),
            lambda: subject(android(LEAF, expiration=day(30)), release=NOW + 20 * DAY),
        ),
        (lambda: subject(android(LEAF, expiration=day(80))), lambda: subject(android(LEAF, expiration=day(100)))),
    ],
    "not-enforced": [
        (lambda: subject(hpkp(LEAF, BACKUP, name="Public-Key-Pins-Report-Only")), lambda: subject(hpkp(LEAF, BACKUP))),
        (lambda: subject(hpkp(LEAF, BACKUP, age=0)), lambda: subject(hpkp(LEAF, BACKUP, age=1))),
    ],
    "header-ignored": [
        (lambda: subject(hpkp(LEAF)), lambda: subject(hpkp(LEAF, BACKUP))),
        (lambda: subject(hpkp(BACKUP, OTHER)), lambda: subject(hpkp(ISSUING, OTHER))),
    ],
    "no-browser-left": [(lambda: subject(hpkp(LEAF, BACKUP)), lambda: subject(BOTH))],
    "pins-overridden": [
        (partial(overridden, source), lambda: subject(android(LEAF))) for source in ("user", "system", "@raw/company")
    ],
    "star-covers-nothing": [
        (
            lambda: subject(android(LEAF, BACKUP, host="*.bank.com")),
            lambda: subject(okhttp(LEAF, BACKUP, host="*.bank.com")),
        )
    ],
    "own-anchors": [
        (lambda: subject(android(LEAF, anchors=anchors("@raw/root"))), lambda: subject(android(LEAF))),
        (
            lambda: subject(android(LEAF, anchors=anchors("user"))),
            lambda: subject(android(LEAF, anchors=anchors("user", "system"))),
        ),
    ],
    "users-trusted": [
        (
            lambda: subject(android(LEAF, anchors=anchors("user", "system"))),
            lambda: subject(android(LEAF, anchors=anchors("system"))),
        )
    ],
    "nothing-matches": [
        (lambda: subject(curl(BACKUP)), lambda: subject(curl(LEAF))),
        (lambda: subject(plist([LEAF], [BACKUP])), lambda: subject(plist([LEAF], [ISSUING, BACKUP]))),
        (lambda: subject(android(BACKUP), ROOTLESS), lambda: subject(android(BACKUP, ISSUING), ROOTLESS)),
    ],
    "certificate-pin": [
        (lambda: subject(android(WHOLE)), lambda: subject(android(LEAF))),
        (lambda: subject(curl(WHOLE, LEAF)), lambda: subject(curl(BACKUP, LEAF))),
        (
            lambda: subject(android(hashed(der(certificates()[0]), "sha1"))),
            lambda: subject(android(hashed(b"no certificate", "sha1"))),
        ),
        (
            lambda: subject(json.dumps(OWN).encode()),
            lambda: subject(json.dumps({**OWN, "leaf_certificate": []}).encode()),
        ),
    ],
    "unusable-pin": [
        (lambda: subject(android(LEAF, hashed(b"x", "sha1"))), lambda: subject(android(LEAF, hashed(b"x")))),
        (lambda: subject(okhttp("sha256/" + "ab" * 32)), lambda: subject(okhttp("sha1/" + hashed(b"x", "sha1")))),
    ],
    "never-looked-at": [
        (lambda: subject(curl(ISSUING)), lambda: subject(android(ISSUING))),
        (lambda: subject(plist([LEAF], [LEAF, ISSUING])), lambda: subject(plist([LEAF], [ISSUING]))),
    ],
    "backup-never-looked-at": [
        (lambda: subject(curl(LEAF, SECOND.pin), shown=(SECOND,)), lambda: subject(curl(LEAF, BACKUP), backups=HELD)),
        (lambda: subject(plist([LEAF, SECOND.pin]), shown=(SECOND,)), lambda: subject(plist([LEAF, SECOND.pin]))),
        (lambda: subject(plist([], [ROOT, BACKUP]), backups=HELD), lambda: subject(plist([], [ROOT, BACKUP]))),
        (
            lambda: subject(plist([], [ROOT, SECOND.pin]), backups=(SECOND.pin,)),
            lambda: subject(plist([], [ROOT, SECOND.pin]), shown=(SECOND,)),
        ),
    ],
    "pin-off-path": [(lambda: subject(android(LEAF, OLD), aside()), lambda: subject(android(LEAF, OTHER), aside()))],
    "wrong-host": [(lambda: subject(BOTH, host="www.bank.org"), lambda: subject(BOTH))],
    "chain-not-valid": [
        (lambda: subject(BOTH, asked=NOW + 400 * DAY, now=NOW + 364 * DAY), lambda: subject(BOTH)),
        (lambda: subject(BOTH, asked=NOW - 400 * DAY, now=NOW - 29 * DAY), lambda: subject(BOTH)),
    ],
    "no-backup": [
        (lambda: subject(android(LEAF)), lambda: subject(BOTH)),
        (lambda: subject(curl(LEAF, SECOND.pin), shown=(SECOND,)), lambda: subject(curl(LEAF, BACKUP), backups=HELD)),
        (
            lambda: subject(plist([], [ROOT, BACKUP]), backups=HELD),
            lambda: subject(plist([], [ROOT, SECOND.pin]), shown=(SECOND,)),
        ),
        (lambda: subject(android(LEAF, ISSUING, ROOT)), lambda: subject(android(LEAF, ISSUING, ROOT, BACKUP))),
        (lambda: subject(plist([LEAF, BACKUP], [ISSUING])), lambda: subject(plist([LEAF, BACKUP], [ISSUING, OTHER]))),
    ],
    "undeployable-backup": [
        (lambda: subject(android(LEAF, DUMMY), backups=(DUMMY,)), lambda: subject(android(LEAF, BACKUP), backups=HELD)),
        (lambda: subject(BOTH), lambda: subject(BOTH, backups=HELD)),
        (lambda: subject(BOTH, ROOTLESS), lambda: subject(android(LEAF), ROOTLESS)),
    ],
    "backup-not-pinned": [(lambda: subject(android(LEAF, OTHER), backups=HELD), lambda: subject(BOTH, backups=HELD))],
    "backup-in-use": [(lambda: subject(BOTH, backups=(LEAF,)), lambda: subject(BOTH, backups=HELD))],
    "root-weakens-leaf": [
        (lambda: subject(android(LEAF, ROOT)), lambda: subject(android(ROOT))),
        (lambda: subject(plist([LEAF], [ISSUING, ROOT])), lambda: subject(plist([LEAF], [ISSUING]))),
        (lambda: subject(okhttp(LEAF, ISSUING)), lambda: subject(curl(LEAF, ISSUING))),
    ],
    "one-ca": [
        (lambda: subject(android(ISSUING, ROOT)), lambda: subject(android(ISSUING, ROOT, LEAF))),
        (lambda: subject(android(ROOT, DUMMY)), lambda: subject(android(ROOT, OTHER))),
        (lambda: subject(plist([LEAF], [ISSUING])), lambda: subject(plist([LEAF], [ISSUING, OTHER]))),
    ],
    "renewal-before-release": [
        (
            lambda: subject(BOTH, chain(Shape(ends=NOON)), release=NOON + DAY),
            lambda: subject(BOTH, chain(Shape(ends=NOON)), release=NOON + DAY / 4),
        ),
        (lambda: subject(BOTH, chain(Shape(ends=NOW + 30 * DAY))), lambda: subject(BOTH)),
        (
            lambda: subject(BOTH, chain(Shape(ends=NOW + 30 * DAY))),
            lambda: subject(BOTH, chain(Shape(ends=NOW + 30 * DAY)), backups=HELD),
        ),
        (
            lambda: subject(android(LEAF), chain(Shape(ends=NOW + 30 * DAY))),
            lambda: subject(android(LEAF, ISSUING), chain(Shape(ends=NOW + 30 * DAY))),
        ),
    ],
    "long-max-age": [
        (lambda: subject(hpkp(LEAF, BACKUP, age=31_536_000)), lambda: subject(hpkp(LEAF, BACKUP, age=5_184_000)))
    ],
    "root-not-in-file": [(lambda: subject(BOTH, ROOTLESS), lambda: subject(BOTH))],
    "chain-out-of-order": [
        (lambda: subject(BOTH, ordered(certificates()[::-1], "file")), lambda: subject(BOTH)),
    ],
    "two-certificates": [
        (lambda: subject(BOTH, twofold(lambda _: True)), lambda: subject(BOTH, twofold(lambda _: False)))
    ],
    "refused-by-some": [
        (lambda: subject(BOTH, extended(REVOKED)), lambda: subject(BOTH, extended(REVOKED, critical=False))),
        (lambda: subject(BOTH, extended(EXPLICIT, at=1)), lambda: subject(BOTH, extended(EXPLICIT, at=2))),
    ],
}


def test_every_rule_is_tried() -> None:
    """No rule is without its two cases."""
    assert list(FINDINGS) == list(RULES)


@pytest.mark.parametrize(("name", "number"), [(name, n) for name, cases in FINDINGS.items() for n in range(len(cases))])
def test_a_finding_is_there_and_not_there(name: str, number: int) -> None:
    """The rule speaks in the first case and is silent in the second."""
    present, absent = FINDINGS[name][number]
    assert [name in {one.name for one in lint(case())} for case in (present, absent)] == [True, False]


def test_every_finding_can_be_read() -> None:
    """Each says what was seen, why it matters and what to do, on one line each."""
    for cases in FINDINGS.values():
        for present, _ in cases:
            for one in lint(present()):
                for text in (one.seen, one.why, one.do):
                    assert text
                    assert "\n" not in text
                assert one.why.endswith(".")
                assert one.do.endswith(".")


def found(given: Subject, name: str) -> LintFinding:
    return next(one for one in lint(given) if one.name == name)


def test_a_sound_pin_set_has_no_finding() -> None:
    """The leaf's key and a backup that was shown, in a file that expires late enough: nothing to say."""
    octets = android(LEAF, BACKUP, expiration=day(200))
    assert lint(subject(octets, backups=HELD)) == ()


def test_how_sure_lint_is_decides_how_loud_it_is() -> None:
    """A dummy is certain; an unknown pin may be a good backup; without the root it may be the root's."""
    assert found(subject(android(LEAF, DUMMY)), "undeployable-backup").severity is Severity.SERIOUS
    assert found(subject(BOTH), "undeployable-backup").severity is Severity.FIX
    assert found(subject(BOTH, ROOTLESS), "undeployable-backup").severity is Severity.KNOW
    assert "TrustKit issue 194" in found(subject(android(LEAF, DUMMY)), "undeployable-backup").source


def test_the_pin_to_use_instead_is_given() -> None:
    """Who pinned the certificate is told the pin of its key."""
    assert LEAF in found(subject(android(WHOLE)), "certificate-pin").do


# ---- lint and the trials agree --------------------------------------------------------------------


def outcomes(octets: bytes, *scenes: str, **more: object) -> list[Outcome]:
    config = choose(parse_pins(octets), None, "file")
    done = forecast(config, chain(), host="www.bank.com", scenes=scenes, **more)  # type: ignore[arg-type]
    return [done.cell(name).outcome for name in scenes]


def test_what_lint_says_is_what_happens() -> None:
    """Each claim of lint about the future, run."""
    served, outage, intercepted, stopped = Outcome.SERVED, Outcome.OUTAGE, Outcome.INTERCEPTED, Outcome.STOPPED
    # no backup: a new key is an outage, and a backup key that was shown is none
    assert outcomes(android(LEAF), "backup_key", "new_key") == [outage, outage]
    assert outcomes(BOTH, "backup_key", "new_key", backups=HELD) == [served, outage]
    # a dummy, or a key that nobody showed, cannot be deployed
    assert outcomes(android(LEAF, DUMMY), "backup_key", backups=(DUMMY,)) == [outage]
    assert outcomes(BOTH, "backup_key") == [outage]
    # all pins under one CA
    assert outcomes(android(ISSUING, ROOT), "new_ca", "other_ca_same_key") == [outage, outage]
    assert outcomes(android(ISSUING, LEAF), "new_ca", "other_ca_same_key") == [outage, served]
    # a root pin makes the leaf pin useless, unless both lists must match
    assert outcomes(android(LEAF, ROOT), "sibling_intermediate") == [intercepted]
    assert outcomes(plist([LEAF], [ROOT]), "sibling_intermediate") == [stopped]
    # a CA pin in curl, and the hash of a certificate, match never
    assert outcomes(curl(ISSUING), "ordinary_day") == [outage]
    assert outcomes(android(WHOLE), "ordinary_day") == [outage]
    # expired pins, report-only headers and headers without a backup ask nobody
    for octets in (
        android(LEAF, expiration=day(-1)),
        hpkp(LEAF),
        hpkp(LEAF, BACKUP, name="Public-Key-Pins-Report-Only"),
    ):
        assert outcomes(octets, "other_trusted_ca", "new_ca") == [intercepted, served]
    assert outcomes(hpkp(LEAF, BACKUP), "other_trusted_ca", "new_ca") == [stopped, outage]
    # pins that expire before the attack comes
    assert outcomes(android(LEAF, expiration=day(30)), "waited_for_expiry") == [intercepted]
    assert outcomes(android(LEAF, expiration=day(300)), "waited_for_expiry") == [stopped]
    # overridePins for the user's CAs
    assert outcomes(android(LEAF, anchors=over("user")), "installed_ca", "company_proxy") == [intercepted, served]
    assert outcomes(android(LEAF), "installed_ca", "company_proxy") == [stopped, outage]
