"""
Revocation: what an authority signs, and what a client makes of it; held against OpenSSL where it is here.

Every wrong answer stands beside the right one that it differs from in one thing.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as der_ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st
from lines import NOW
from OpenSSL.crypto import X509, X509Store, X509StoreContext, X509StoreContextError, X509StoreFlags
from unreadable import NEGATIVE_SERIAL, der, patched

from lab.observation import Certificate, Doubt, Status, Word
from lab.pki import crl as lists
from lab.pki import ocsp
from lab.pki.authority import Authority, Credential, authority, begun, digest_for, new_key, signed, usage
from lab.pki.crl import listed
from lab.pki.der import Element, parts
from lab.pki.ocsp import answered, must_staple
from lab.pki.pins import read, seen
from lab.pki.pushed import PushedList, cascade, key_of
from lab.pki.revocation import along, unsigned
from lab.pki.revoke import (
    LIFE,
    MUST_STAPLE,
    SLIPS,
    Revoked,
    answered_at,
    crl,
    damaged,
    delegate,
    listed_at,
    part_at,
    respond,
    staple,
)
from lab.pki.world import HOST, World

GOOD, REVOKED, NO_WORD = Status.GOOD, Status.REVOKED, Status.NO_WORD
SECOND, MADE = timedelta(seconds=1), NOW - timedelta(hours=1)
HERE, THERE = "http://crl.bank.example/1.crl", "http://crl.bank.example/2.crl"

ROOT = authority("Some Root", now=NOW)
ISSUING = ROOT.intermediate("Some Issuing CA")
SITE = ISSUING.issue(HOST)
APART = ISSUING.issue(HOST, extensions=[listed_at(HERE), answered_at("http://ocsp.bank.example"), MUST_STAPLE])
OTHER = authority("Another Root", now=NOW).intermediate("Another Issuing CA")
STOLEN = x509.ReasonFlags.key_compromise


def gone(*credentials: Credential, reason: x509.ReasonFlags | None = STOLEN) -> list[Revoked]:
    return [Revoked(one.leaf.serial_number, MADE - LIFE, reason) for one in credentials]


def on_list(octets: bytes, of: Credential = SITE, issuer: Authority = ISSUING, time: datetime = NOW) -> Word:
    return listed(octets, seen(of.leaf), seen(issuer.certificate), time)


def in_response(octets: bytes, of: Credential = SITE, issuer: Authority = ISSUING, time: datetime = NOW) -> Word:
    return answered(octets, seen(of.leaf), seen(issuer.certificate), time)


def said(word: Word) -> tuple[Status, str]:
    return word.status, word.why


# ---- lists -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["ECDSA", "RSA", "ML-DSA"])
def test_a_list_names_what_is_revoked(algorithm: str) -> None:
    """Who is on it is revoked, when and why as it says; who is not is good until the next one is due."""
    issuer = authority("Some CA", algorithm=algorithm, now=NOW)
    one, other = issuer.issue(HOST), issuer.issue(HOST)
    octets = crl(issuer, gone(one), MADE)
    word = on_list(octets, one, issuer)
    assert (word.status, word.since) == (REVOKED, MADE - LIFE)
    assert word.why == f"its issuer revoked it on {MADE - LIFE:%Y-%m-%d %H:%M:%S} UTC: key compromise"
    assert on_list(octets, other, issuer) == Word(GOOD, "it is not on the list of Some CA", until=MADE + LIFE)


@pytest.mark.parametrize("reason", [None, x509.ReasonFlags.unspecified])
def test_a_reason_may_be_left_out(reason: x509.ReasonFlags | None) -> None:
    """The word is revoked all the same, and says that no reason was given."""
    assert on_list(crl(ISSUING, gone(SITE, reason=reason), MADE)).why.endswith("UTC: no reason given")


def test_a_part_of_a_list_is_about_the_certificates_that_name_it() -> None:
    """The part at another distribution point says nothing, nor does any to a certificate that names none."""
    revoked = gone(APART, SITE)
    assert on_list(crl(ISSUING, revoked, MADE, part=part_at(HERE)), APART).status is REVOKED
    assert on_list(crl(ISSUING, [], MADE, part=part_at(HERE)), APART).status is GOOD
    assert on_list(crl(ISSUING, [], MADE), APART).status is GOOD  # a whole list is about every certificate
    beside = (NO_WORD, "it is the part of the list at another distribution point than the certificate's")
    assert said(on_list(crl(ISSUING, [], MADE, part=part_at(THERE)), APART)) == beside
    assert said(on_list(crl(ISSUING, revoked, MADE, part=part_at(HERE)), SITE)) == beside


def test_a_point_of_another_issuers_list_is_not_its_own() -> None:
    """A certificate that says who else signs the list there (indirect) has no list of its issuer's there."""
    somebody = x509.DirectoryName(OTHER.certificate.subject)
    for signers, status in ((None, GOOD), ([somebody], NO_WORD)):
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(HERE)], None, None, signers)
        one = ISSUING.issue(HOST, extensions=[x509.CRLDistributionPoints([point])])
        assert on_list(crl(ISSUING, [], MADE, part=part_at(HERE)), one).status is status


def test_a_list_is_its_issuers_by_name_and_by_key() -> None:
    """A CA of another name with the same key made another list, and has other certificates."""
    renamed = authority("A Third CA", key=ISSUING.key, now=NOW)
    assert said(on_list(crl(renamed, [], MADE))) == (
        NO_WORD, "it is the list of A Third CA, and the certificate is Some Issuing CA's",
    )  # fmt: skip
    assert on_list(crl(ISSUING, [], MADE), issuer=renamed).status is NO_WORD
    assert on_list(crl(renamed, [], MADE), renamed.issue(HOST), renamed).status is GOOD


def part(**what: object) -> x509.IssuingDistributionPoint:
    plain: dict[str, object] = dict.fromkeys(
        ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs"), False
    )
    plain |= {"full_name": None, "relative_name": None, "only_some_reasons": None} | what
    return x509.IssuingDistributionPoint(**plain)  # type: ignore[arg-type]


def test_a_part_may_be_about_one_kind_of_certificates() -> None:
    """Servers' or CAs'; of some reasons only it can say revoked and never good; indirect ones are not used."""
    for_servers, for_cas = part(only_contains_user_certs=True), part(only_contains_ca_certs=True)
    below, above = (SITE, ISSUING), (Credential(ISSUING.key, (ISSUING.certificate,), ROOT), ROOT)
    for one, other, (of, issuer) in ((for_servers, for_cas, below), (for_cas, for_servers, above)):
        assert on_list(crl(issuer, [], MADE, part=one), of, issuer).status is GOOD
        word = on_list(crl(issuer, [], MADE, part=other), of, issuer)
        assert word.status is NO_WORD
        assert word.why.startswith("it is about other kinds of certificates than a ")
    assert on_list(crl(ISSUING, [], MADE, part=part(only_contains_attribute_certs=True))).status is NO_WORD
    some = part(only_some_reasons=frozenset({STOLEN}))
    assert on_list(crl(ISSUING, gone(SITE), MADE, part=some)).status is REVOKED
    assert said(on_list(crl(ISSUING, [], MADE, part=some))) == (
        NO_WORD, "it is not on the list, which is about some reasons only",
    )  # fmt: skip
    assert "(indirect)" in on_list(crl(ISSUING, [], MADE, part=part(indirect_crl=True))).why
    relative = x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COMMON_NAME, "part 1")])
    assert "relative to its issuer" in on_list(crl(ISSUING, [], MADE, part=part(relative_name=relative))).why


Values = list[bytes]


def resigned(octets: bytes, change: Callable[[Values], Values]) -> bytes:
    """The signed part of a list of the issuing CA's, or of a response, changed by hand and signed again."""
    (whole,) = parts(octets)
    body, algorithm, _ = parts(whole.content)
    new = der(body.tag, b"".join(change([one.whole for one in parts(body.content)])))
    assert isinstance(ISSUING.key, ec.EllipticCurvePrivateKey)
    made = ISSUING.key.sign(new, ec.ECDSA(hashes.SHA256()))
    return der(whole.tag, new + algorithm.whole + der(0x03, b"\0" + made))


def test_a_list_without_an_end_is_refused() -> None:
    """RFC 5280 section 5.1.2.5 wants a nextUpdate; one without would hold for ever."""
    whole = crl(ISSUING, [], MADE)
    assert on_list(resigned(whole, lambda body: body)).status is GOOD
    word = on_list(resigned(whole, lambda body: body[:4] + body[5:]))
    assert said(word) == (NO_WORD, "it does not say until when it holds, so one from years ago would do as well")


UNKNOWN_EXTENSION = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.5923.1"), b"\x05\x00")


def built(extensions: list[tuple[x509.ExtensionType, bool]], *entries: x509.RevokedCertificate) -> bytes:
    """A list of the issuing CA's with these extensions, each with whether it is critical."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(ISSUING.certificate.subject)
    builder = builder.last_update(MADE).next_update(MADE + LIFE)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(ISSUING.key, digest_for(ISSUING.key)).public_bytes(Encoding.DER)


def test_what_has_to_be_understood_and_is_not_spoils_a_list() -> None:
    """Critical extensions of the list, and of any entry (RFC 5280 sections 5.2 and 5.3); a delta list is no list."""
    assert on_list(built([(UNKNOWN_EXTENSION, False)])).status is GOOD
    assert said(on_list(built([(UNKNOWN_EXTENSION, True)]))) == (
        NO_WORD, "it has a critical extension that is not known here",
    )  # fmt: skip
    for critical, status in ((False, GOOD), (True, NO_WORD)):
        entry = x509.RevokedCertificateBuilder().serial_number(7).revocation_date(MADE)
        assert on_list(built([], entry.add_extension(UNKNOWN_EXTENSION, critical).build())).status is status
    for critical in (False, True):
        assert "(delta)" in on_list(built([(x509.DeltaCRLIndicator(1), critical)])).why


def test_only_who_may_sign_lists_signs_one() -> None:
    """A CA whose key usage leaves out cRLSign does not; one without key usage does (RFC 5280 section 6.3.3)."""
    start, end = NOW - LIFE, NOW + LIFE
    for allowed, status in ((usage("key_cert_sign"), NO_WORD), (usage("crl_sign"), GOOD), (None, GOOD)):
        key = new_key()
        builder = begun(x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "A CA")]), key, ROOT, start, end)
        if allowed:
            builder = builder.add_extension(allowed, critical=True)
        issuer = Authority("A CA", key, signed(builder, ROOT.key), ROOT, now=NOW)
        word = on_list(crl(issuer, [], MADE), issuer.issue(HOST), issuer)
        assert word.status is status
    assert on_list(crl(ISSUING, [], MADE)).status is GOOD


def test_a_negative_serial_number_is_found_on_a_list() -> None:
    """Old CAs gave them out (RFC 5280 section 4.1.2.2), and a list of theirs names them."""
    odd = read(patched(SITE.leaf, ISSUING, NEGATIVE_SERIAL))

    def fixed(body: Values) -> Values:
        (entries,) = parts(body[5])
        _, *others = parts(parts(entries.content)[0].content)
        entry = der(0x30, b"\x02\x01\xff" + b"".join(one.whole for one in others))
        return [*body[:5], der(0x30, entry), *body[6:]]

    octets = resigned(crl(ISSUING, gone(SITE), MADE), fixed)
    assert listed(octets, odd, seen(ISSUING.certificate), NOW).status is REVOKED
    assert on_list(octets).status is GOOD


# ---- responses -------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["ECDSA", "RSA", "ML-DSA"])
def test_a_response_says_good_or_revoked(algorithm: str) -> None:
    """By the issuer or by its delegate, which is another key; when and why as it says."""
    issuer = authority("Some CA", algorithm=algorithm, now=NOW)
    one = issuer.issue(HOST)
    for by in (None, delegate(issuer, MADE)):
        assert in_response(respond(one, MADE, by=by), one, issuer) == Word(
            GOOD, "a responder of Some CA calls it good", until=MADE + LIFE
        )
        word = in_response(respond(one, MADE, revoked=gone(one)[0], by=by), one, issuer)
        assert (word.status, word.since) == (REVOKED, MADE - LIFE)
        assert word.why.endswith("UTC: key compromise")


def test_a_staple_is_such_a_response() -> None:
    """There is one way: what a server sends along is what a responder answers."""
    assert in_response(staple(SITE, MADE)).status is GOOD
    with pytest.raises(ValueError, match="signed itself"):
        respond(Credential(SITE.key, SITE.chain), MADE)


OF_ANOTHER = "it is about a certificate of another issuer, which has the same serial number"
REASONS = {
    "about another issuer's certificate": OF_ANOTHER,
    "without an end": "it does not say until when it holds, so one from years ago would do as well",
    "out of date": "it held until ",
    "out of the future": "it was made on ",
    "with a damaged signature": "its signature was not made with the key of Some Issuing CA",
    "by a delegate of another CA": "Some Issuing CA did not issue the certificate of its signer, Another CA OCSP",
    "by a server of the same CA": "the certificate of its signer, Some Issuing CA OCSP, is not for signing OCSP resp",
    "by a delegate that may be revoked": "nobody says whether its signer, Some Issuing CA OCSP, is revoked itself",
}


DOUBTS = dict.fromkeys(SLIPS, Doubt.SIGNER) | {
    "about another issuer's certificate": Doubt.ISSUER,
    **dict.fromkeys(("without an end", "out of date", "out of the future"), Doubt.TIME),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_what_is_wrong_in_one_thing_is_refused_for_it(slip: str) -> None:
    """Each slip says good and is no word, with its own reason; all of them are in the table."""
    assert SLIPS.keys() == REASONS.keys()
    octets = SLIPS[slip](SITE, MADE)
    found = der_ocsp.load_der_ocsp_response(octets)
    assert found.certificate_status is der_ocsp.OCSPCertStatus.GOOD
    word = in_response(octets)
    assert word.status is NO_WORD
    assert word.why.startswith(REASONS[slip])
    assert word.doubts == {DOUBTS[slip]}
    assert word.claim
    assert word.claim.status is GOOD


def test_a_response_is_about_one_serial_number_of_one_issuer() -> None:
    """Another certificate of the same issuer's, and a namesake of the issuer with another key, are not it."""
    assert said(in_response(staple(ISSUING.issue(HOST), MADE))) == (NO_WORD, "it is about another certificate")
    namesake = ROOT.intermediate("Some Issuing CA", key=new_key())
    assert in_response(respond(SITE, MADE, about=namesake)).why == OF_ANOTHER
    renamed = authority("A Third CA", key=ISSUING.key, now=NOW)  # the same key under another name
    assert in_response(respond(SITE, MADE, about=renamed)).why == OF_ANOTHER
    assert in_response(respond(SITE, MADE, about=ISSUING)).status is GOOD


def test_a_delegate_is_one_while_its_certificate_is_valid() -> None:
    """A response in force, by somebody whose certificate has ended."""
    old = delegate(replace(ISSUING, life=timedelta(days=2)), NOW - timedelta(days=3))
    word = in_response(respond(SITE, MADE, by=old))
    assert said(word) == (
        NO_WORD, "the certificate of its signer, Some Issuing CA OCSP, is not valid then",
    )  # fmt: skip
    assert in_response(respond(SITE, MADE, by=delegate(ISSUING, NOW - timedelta(days=3)))).status is GOOD


def test_who_is_not_there_signed_nothing() -> None:
    """A delegate whose certificate was left out, and an issuer that is not the certificate's."""
    nobody = (NO_WORD, "it names as its signer neither the issuer nor anybody whose certificate it brings")
    alone = delegate(ISSUING, MADE)
    assert said(in_response(response(der_ocsp.OCSPCertStatus.GOOD, by=alone))) == nobody
    assert in_response(respond(SITE, MADE, by=alone)).status is GOOD
    assert said(in_response(staple(SITE, MADE), issuer=OTHER)) == nobody


def test_a_delegate_may_sign() -> None:
    """Its key usage, where it has one, leaves signatures in."""
    key = new_key()
    for bits, status in (("digital_signature", GOOD), ("key_agreement", NO_WORD)):
        builder = begun(ROOT.certificate.subject, key, ISSUING, NOW - LIFE, NOW + LIFE)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        builder = builder.add_extension(x509.OCSPNoCheck(), critical=False).add_extension(usage(bits), critical=True)
        made = Credential(key, (signed(builder, ISSUING.key),), ISSUING)
        assert in_response(respond(SITE, MADE, by=made)).status is status


def answering(change: Callable[[Values], Values]) -> bytes:
    """A good response on the site with its list of answers changed, signed again by its issuer."""

    def inner(body: Values) -> Values:
        responder, produced, answers = body[:3]
        (held,) = parts(answers)
        return [responder, produced, der(held.tag, b"".join(change([one.whole for one in parts(held.content)])))]

    (whole,) = parts(staple(SITE, MADE))
    status, wrapped = parts(whole.content)
    (kind, basic) = parts(parts(wrapped.content)[0].content)
    new = der(0x30, kind.whole + der(0x04, resigned(basic.content, inner)))
    return der(whole.tag, status.whole + der(wrapped.tag, new))


def test_one_answer_is_read_and_all_of_it() -> None:
    """Two answers in a response are not told apart; an extension of the one answer may be critical as well."""
    assert in_response(answering(lambda answers: answers)).status is GOOD
    assert said(in_response(answering(lambda answers: answers * 2))) == (
        NO_WORD, "it answers for several certificates, and one answer is read here",
    )  # fmt: skip
    for critical, status in ((b"", GOOD), (b"\x01\x01\xff", NO_WORD)):
        extension = der(0x30, b"\x06\x03\x2a\x03\x04" + critical + b"\x04\x02\x05\x00")
        more = der(0xA1, der(0x30, extension))
        assert in_response(answering(partial(map_one, more))).status is status


def map_one(more: bytes, answers: Values) -> Values:
    return [der(0x30, parts(one)[0].content + more) for one in answers]


def response(status: der_ocsp.OCSPCertStatus, *, critical: bool = False, by: Credential | None = None) -> bytes:
    """A response on the site as another program writes it, and without a delegate's certificate."""
    key, certificate = (by.key, by.leaf) if by else (ISSUING.key, ISSUING.certificate)
    builder = der_ocsp.OCSPResponseBuilder().add_response(
        SITE.leaf, ISSUING.certificate, hashes.SHA256(), status, MADE, MADE + LIFE, None, None
    )
    builder = builder.responder_id(der_ocsp.OCSPResponderEncoding.NAME, certificate)
    builder = builder.add_extension(UNKNOWN_EXTENSION, critical)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_a_responder_may_have_no_answer() -> None:
    """It does not know the certificate, or says no; a certID by SHA-256 and a responder by name are read."""
    assert in_response(response(der_ocsp.OCSPCertStatus.GOOD)).status is GOOD
    assert said(in_response(response(der_ocsp.OCSPCertStatus.UNKNOWN))) == (
        NO_WORD, "the responder does not know the certificate",
    )  # fmt: skip
    later = der_ocsp.OCSPResponseBuilder.build_unsuccessful(der_ocsp.OCSPResponseStatus.TRY_LATER)
    assert said(in_response(later.public_bytes(Encoding.DER))) == (
        NO_WORD, "the responder gives no answer: try later",
    )  # fmt: skip


def test_critical_extensions_and_weak_digests_are_refused() -> None:
    """What has to be understood and is not, and a good signature over SHA-1."""
    assert "critical extension" in in_response(response(der_ocsp.OCSPCertStatus.GOOD, critical=True)).why
    assert isinstance(ISSUING.key, ec.EllipticCurvePrivateKey)
    for digest, why in ((hashes.SHA1(), "it is signed over SHA1, which is too weak"), (hashes.SHA224(), "")):
        made = ISSUING.key.sign(b"octets", ec.ECDSA(digest))
        assert unsigned(made, b"octets", digest, ISSUING.certificate).startswith(why)
        assert why or not unsigned(made, b"octets", digest, ISSUING.certificate)
    assert "of a kind that is not known here" in unsigned(b"", b"octets", None, ISSUING.certificate)


# ---- clocks and paths ------------------------------------------------------------------------------

CHANNELS: dict[str, tuple[Callable[[datetime], bytes], Callable[..., Word]]] = {
    "list": (lambda time: crl(ISSUING, [], time), on_list),
    "response": (lambda time: staple(SITE, time), in_response),
}


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_answer_holds_by_the_clients_clock(channel: str) -> None:
    """From thisUpdate on, and at nextUpdate no longer: a second makes the difference at both ends."""
    make, ask = CHANNELS[channel]
    octets = make(MADE)
    held = {after: ask(octets, time=MADE + after).status for after in (-SECOND, 0 * SECOND, LIFE - SECOND, LIFE)}
    assert list(held.values()) == [NO_WORD, GOOD, GOOD, NO_WORD]


def asked(*revoked: Credential, silent: Authority | None = None) -> Callable[[Certificate, Certificate], Word]:
    """A channel with the lists of both CAs; a silent one has published none."""
    octets = {one.name: crl(one, gone(*revoked), MADE) for one in (ROOT, ISSUING) if one is not silent}

    def ask(certificate: Certificate, issuer: Certificate) -> Word:
        return listed(octets.get(issuer.name, b""), certificate, issuer, NOW)

    return ask


def test_a_good_word_on_the_leaf_is_none_on_the_path() -> None:
    """Under a revoked intermediate the leaf is good and the path revoked: who asks about the leaf alone takes it."""
    path = [seen(one) for one in SITE.path]
    intermediate = Credential(ISSUING.key, (ISSUING.certificate,), ROOT)
    assert along(path, asked()) == Word(GOOD, "no certificate below the anchor is revoked", until=MADE + LIFE)
    over = asked(intermediate)
    assert along(path[:2], over).status is GOOD  # the slip
    assert along(path, over).status is REVOKED
    assert along(path, over).why.startswith(f"{path[1].name}: its issuer revoked it on ")
    assert along(path, asked(SITE)).why.startswith(f"{HOST}: its issuer revoked it on ")
    assert along(path, asked(silent=ROOT)).status is NO_WORD
    assert along(path, asked(SITE, silent=ROOT)).status is REVOKED  # one revoked is enough
    assert along(path[:1], asked()).status is NO_WORD


# ---- spoilt answers --------------------------------------------------------------------------------

WRONG = gone(SITE)[0]
SPOILT: dict[str, tuple[bytes, Callable[[bytes], Word]]] = {
    "list": (crl(ISSUING, [WRONG], MADE), on_list),
    "response": (respond(SITE, MADE, revoked=WRONG), in_response),
    "delegated response": (respond(SITE, MADE, revoked=WRONG, by=delegate(ISSUING, MADE)), in_response),
}
GOOD_ELSEWHERE = {
    "list": (crl(ISSUING, [], MADE - 2 * LIFE), crl(OTHER, [], MADE), crl(ISSUING, [], MADE, part=part_at(HERE))),
    "response": (staple(ISSUING.issue(HOST), MADE), *(slip(SITE, MADE) for slip in SLIPS.values())),
}
GOOD_ELSEWHERE["delegated response"] = GOOD_ELSEWHERE["response"]


def inside(one: Element) -> list[Element]:
    """The values that one is made of; octets that hold more of them are looked into."""
    if one.tag & 0x20:
        return parts(one.content)
    try:
        held = parts(one.content) if one.tag == 0x04 else []
    except ValueError:
        return []
    return held if len(held) == 1 and held[0].tag == 0x30 else []


def spliced(mine: Element, theirs: Element) -> Iterator[bytes]:
    """Mine with each value, large and small, exchanged for the one that stands at the same place in theirs."""
    if mine.whole != theirs.whole:
        yield theirs.whole
    held = inside(mine)
    for number, (one, other) in enumerate(zip(held, inside(theirs), strict=False)):
        around = [each.whole for each in held]
        for new in spliced(one, other):
            yield der(mine.tag, b"".join([*around[:number], new, *around[number + 1 :]]))


def without(mine: Element) -> Iterator[bytes]:
    """Mine with each value, large and small, left out, and there twice."""
    held = inside(mine)
    for number, one in enumerate(held):
        around = [each.whole for each in held]
        for new in (b"", one.whole * 2, *without(one)):
            yield der(mine.tag, b"".join([*around[:number], new, *around[number + 1 :]]))


def mutants(channel: str) -> Iterator[bytes]:
    """The answer with bits turned in each octet, each octet left out, each value exchanged, left out or doubled."""
    octets, _ = SPOILT[channel]
    for at, octet in enumerate(octets):
        yield octets[:at] + octets[at + 1 :]
        for bit in range(8) if len(octets) < 500 else (at % 8,):  # a long one is mostly its delegate's certificate
            yield octets[:at] + bytes([octet ^ 1 << bit]) + octets[at + 1 :]
    (mine,) = parts(octets)
    yield from chain(without(mine), *(spliced(mine, *parts(other)) for other in GOOD_ELSEWHERE[channel]))


@pytest.mark.parametrize("channel", SPOILT)
def test_no_change_makes_a_revoked_one_good(channel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No bit, no octet and no value of the answer; without the look at the signature some would, so they can."""
    octets, ask = SPOILT[channel]
    assert ask(octets).status is REVOKED
    tried = Counter(ask(one).status for one in mutants(channel))
    assert tried[GOOD] == 0
    assert tried[NO_WORD] > 1500
    monkeypatch.setattr(lists, "_forged", lambda *_: "")
    monkeypatch.setattr(ocsp, "_signed", lambda *_: (ISSUING.certificate, ""))
    assert any(ask(one).status is GOOD for one in mutants(channel))


@given(st.sampled_from(sorted(SPOILT)), st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1))
@settings(max_examples=500, deadline=None)
def test_no_changes_together_do(channel: str, changes: list[tuple[int, int]]) -> None:
    """Several octets at once; and nothing raises."""
    octets, ask = SPOILT[channel]
    new = bytearray(octets)
    for at, octet in changes:
        new[at % len(new)] = octet
    assert ask(bytes(new)).status is not GOOD


@given(st.binary(max_size=80))
@settings(max_examples=200, deadline=None)
def test_anything_is_read_or_no_word(octets: bytes) -> None:
    """What is neither a list nor a response says so."""
    assert on_list(octets).why.endswith("are no revocation list that can be read")
    assert in_response(octets).status is NO_WORD


# ---- what OpenSSL's flags look up -------------------------------------------------------------------

LEAF, ALL = X509StoreFlags.CRL_CHECK, X509StoreFlags.CRL_CHECK_ALL


@pytest.mark.parametrize(
    ("flags", "errors"),
    [(LEAF | ALL, (None, 23, 23)), (LEAF, (None, 23, None)), (ALL, (None, None, None)), (0, (None, None, None))],
    ids=["both", "the leaf's alone", "the one for all CAs alone", "none"],
)
def test_openssl_looks_up_what_its_flags_say(flags: int, errors: tuple[int | None, ...]) -> None:
    """Nothing revoked, the leaf, the intermediate: the flag for all CAs does nothing without the one for the leaf."""
    world = World()
    leaf, issuing, root = world.genuine.path
    found: list[int | None] = []
    for revoked in (None, leaf, issuing):
        store = X509Store()
        store.set_flags(flags)
        store.add_cert(X509.from_cryptography(root))
        for issuer in (world.issuing, world.root):
            gone = [Revoked(one.serial_number, world.now) for one in (revoked,) if one]
            store.add_crl(x509.load_der_x509_crl(crl(issuer, gone, world.now - timedelta(hours=1))))
        context = X509StoreContext(store, X509.from_cryptography(leaf), [X509.from_cryptography(issuing)])
        try:
            context.verify_certificate()
            found.append(None)
        except X509StoreContextError as refused:
            found.append(refused.errors[0])
    assert tuple(found) == errors


# ---- a pushed list ---------------------------------------------------------------------------------

LOGS = {"log a": NOW - timedelta(days=1), "log b": NOW - timedelta(days=2)}


@pytest.fixture(scope="module")
def keys() -> list[bytes]:
    """31,000 keys that a list covers, the first 1,000 of them revoked, and 5,000 of certificates issued later."""
    draw = random.Random(1)
    return [draw.randbytes(40) for _ in range(36_000)]


@pytest.fixture(scope="module")
def pushed(keys: list[bytes]) -> PushedList:
    return PushedList(cascade(keys[:1000], keys[1000:31_000]), NOW, NOW + LIFE, LOGS)


def test_a_cascade_is_exact_for_what_it_covers(keys: list[bytes], pushed: PushedList) -> None:
    """1,000 of 31,000 are revoked: none is wrong, in less than a tenth of what a list of them would take."""
    logged = {"log a": LOGS["log a"] - SECOND}
    words = [pushed.contains(key, logged).status for key in keys[:31_000]]
    assert (set(words[:1000]), set(words[1000:])) == ({REVOKED}, {GOOD})
    assert 1000 < pushed.size < 1500
    shorter = replace(pushed, filters=pushed.filters[:1])
    assert 100 < sum(shorter.takes(key) for key in keys[1000:31_000]) < 2000  # a single filter is not exact


def test_what_came_later_is_not_covered(keys: list[bytes], pushed: PushedList) -> None:
    """Without the rule some certificates that were issued later come out revoked, at random; with it none does."""
    later = keys[31_000:]
    assert 20 < sum(pushed.takes(key) for key in later) < 500
    words = Counter(pushed.contains(key, {"log a": NOW, "log b": NOW}).status for key in later)
    assert words == {NO_WORD: 5000}


def test_one_log_in_time_is_enough(keys: list[bytes], pushed: PushedList) -> None:
    """Covered is what some log had when the list was made, up to that very second; other logs do not count."""
    key = keys[0]
    assert pushed.contains(key, {"log b": LOGS["log b"], "log a": NOW}).status is REVOKED
    for logged in ({"log b": LOGS["log b"] + SECOND}, {"log c": LOGS["log b"]}, {}):
        word = pushed.contains(key, logged)
        assert word.status is NO_WORD
        assert word.why.startswith("the pushed list does not cover it: it knows the logs up to ")
    assert "it knows no log" in replace(pushed, covers={}).contains(key, {"log a": NOW}).why


def test_a_pushed_list_says_its_word_on_a_certificate() -> None:
    """By the issuer's key and the serial number, by the client's clock."""
    site, other, issuer = seen(SITE.leaf), seen(APART.leaf), seen(ISSUING.certificate)
    made = cascade([key_of(site, issuer)], [key_of(other, issuer)])
    pushed = PushedList(made, MADE, MADE + LIFE, LOGS)
    logged = {"log a": LOGS["log a"]}
    assert pushed.listed(site, issuer, logged, NOW).status is REVOKED
    assert pushed.listed(other, issuer, logged, NOW).status is GOOD
    assert key_of(site, issuer) != key_of(site, seen(OTHER.certificate))  # the same number of another CA's
    for time in (MADE - SECOND, MADE + LIFE):
        assert pushed.listed(other, issuer, logged, time).why.startswith("the pushed list is of no use: it ")
    assert pushed.listed(read(b"no certificate"), issuer, logged, NOW).status is NO_WORD


@given(st.dictionaries(st.binary(max_size=3), st.booleans(), max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_cascade_is_exact(stated: dict[bytes, bool]) -> None:
    """Whatever is revoked and whatever is good, however few or many: no key of either kind is taken for the other."""
    made = cascade([key for key in stated if stated[key]], [key for key in stated if not stated[key]])
    pushed = PushedList(made, NOW, NOW, LOGS)
    assert {key: pushed.takes(key) for key in stated} == stated


def test_a_cascade_of_few_or_none() -> None:
    """Nothing revoked, nothing good; and a key cannot be both."""
    none, one, all_of_them = cascade([], [b"a"]), cascade([b"a"], []), cascade([b"a", b"b"], [b"c"])
    takes = [PushedList(made, NOW, NOW, LOGS).takes for made in (none, one, all_of_them)]
    assert [takes[0](b"a"), takes[1](b"a"), *map(takes[2], (b"a", b"b", b"c"))] == [False, True, True, True, False]
    with pytest.raises(ValueError, match="1 keys are called revoked and good"):
        cascade([b"a"], [b"a", b"b"])


# ---- what certificates say -------------------------------------------------------------------------


def test_certificates_name_lists_and_responders_on_request_only() -> None:
    """Where and how to ask, and that the server staples; the ordinary world says nothing of the kind."""
    kinds = {x509.CRLDistributionPoints, x509.AuthorityInformationAccess, x509.TLSFeature}
    world = World()
    for one, wanted in ((APART.leaf, kinds), (SITE.leaf, set()), *((each, set()) for each in world.genuine.path)):
        assert {type(extension.value) for extension in one.extensions} & kinds == wanted
        assert must_staple(seen(one)) is bool(wanted)
    assert must_staple(read(b"no certificate")) is False


def test_a_piece_says_whether_it_was_promised() -> None:
    """By the certificate, whatever came: something, nothing, or what cannot be read; without a path nobody knows."""
    world = World(now=NOW)
    promising = world.issuing.issue(HOST, extensions=[MUST_STAPLE])
    for octets in (b"", b"no response", staple(promising, NOW)):
        for one in (promising, world.genuine):
            assert ocsp.piece(octets, tuple(map(seen, one.path)), NOW).promised is (one is promising)
        assert ocsp.piece(octets, None, NOW).promised is False


def test_who_verifies_holds_no_key() -> None:
    """The verifying modules import no maker of keys; the maker does."""
    for module, makes in (("crl", False), ("ocsp", False), ("pushed", False), ("revoke", True)):
        code = f"import sys, lab.pki.{module}; sys.exit('lab.pki.authority' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], timeout=30, check=False).returncode == makes


# ---- a second opinion ------------------------------------------------------------------------------


@pytest.fixture
def openssl(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """The program, with files by their names: `{leaf}`, `{above}` and `{root}` are there."""
    program = shutil.which("openssl")
    if not program:
        pytest.skip("the openssl command is not installed")

    def run(line: str, octets: bytes, of: Credential = SITE) -> tuple[int, str]:
        for name, one in {"leaf": of.leaf, "above": ISSUING.certificate, "root": ROOT.certificate}.items():
            (tmp_path / name).write_bytes(one.public_bytes(Encoding.PEM))
        (tmp_path / "der").write_bytes(octets)
        # `verify` and `crl` of OpenSSL 3.0 read PEM
        pem = subprocess.run([program, "crl", "-inform", "DER", "-in", tmp_path / "der"], capture_output=True)
        (tmp_path / "pem").write_bytes(pem.stdout)
        words = line.format(**{name: tmp_path / name for name in ("leaf", "above", "root", "der", "pem")}).split()
        done = subprocess.run([program, *words], capture_output=True, text=True, timeout=30, check=False)
        return done.returncode, done.stdout + done.stderr

    return run


ABOUT_LISTS: dict[str, tuple[bytes, Credential]] = {
    "good": (crl(ISSUING, [], MADE), SITE),
    "revoked": (crl(ISSUING, gone(SITE), MADE), SITE),
    "its part": (crl(ISSUING, [], MADE, part=part_at(HERE)), APART),
    "revoked in its part": (crl(ISSUING, gone(APART), MADE, part=part_at(HERE)), APART),
    "another part": (crl(ISSUING, [], MADE, part=part_at(THERE)), APART),
    "out of date": (crl(ISSUING, [], MADE - 2 * LIFE), SITE),
    "out of the future": (crl(ISSUING, [], MADE + LIFE), SITE),
    "another issuer's": (crl(OTHER, [], MADE), SITE),
    "a namesake's": (crl(ROOT.intermediate("Some Issuing CA", key=new_key()), [], MADE), SITE),
    "damaged": (damaged(crl(ISSUING, [], MADE)), SITE),
    "for CAs": (crl(ISSUING, [], MADE, part=part(only_contains_ca_certs=True)), SITE),
    "for servers": (crl(ISSUING, [], MADE, part=part(only_contains_user_certs=True)), SITE),
    "a critical extension": (built([(UNKNOWN_EXTENSION, True)]), SITE),
}


@pytest.mark.parametrize("case", ABOUT_LISTS)
def test_openssl_says_the_same_of_a_list(case: str, openssl: Callable[..., tuple[int, str]]) -> None:
    """Good where `openssl verify -crl_check` accepts, revoked where it says so (23), no word where it says else."""
    octets, of = ABOUT_LISTS[case]
    code, text = openssl("verify -crl_check -CAfile {root} -untrusted {above} -CRLfile {pem} {leaf}", octets, of)
    theirs = GOOD if code == 0 else REVOKED if "error 23 " in text else NO_WORD
    assert on_list(octets, of).status is theirs, text


def test_openssl_finds_the_same_signature_on_a_list(openssl: Callable[..., tuple[int, str]]) -> None:
    """`openssl crl -verify`: ours is the issuer's, a damaged one is not."""
    octets = crl(ISSUING, gone(SITE), MADE, part=part_at(HERE))
    line = "crl -verify -noout -CAfile {above} -in {pem}"
    assert "verify OK" in openssl(line, octets)[1]
    assert "verify failure" in openssl(line, damaged(octets))[1]


ANSWERS: dict[str, Callable[[Credential, datetime], bytes]] = {
    "good": staple,
    "revoked": partial(respond, revoked=WRONG),
    "good by a delegate": lambda one, time: respond(one, time, by=delegate(ISSUING, time)),
    "revoked by a delegate": lambda one, time: respond(one, time, revoked=WRONG, by=delegate(ISSUING, time)),
    **SLIPS,
}
TAKES = {"without an end", "by a delegate that may be revoked"}
"""What OpenSSL takes and the lab does not: it has no view on how old is too old, nor on who speaks for a delegate."""


@pytest.mark.parametrize("case", ANSWERS)
def test_openssl_says_the_same_of_a_response(case: str, openssl: Callable[..., tuple[int, str]]) -> None:
    """`openssl ocsp -respin` calls it good or revoked where the lab does, but for what it leaves out."""
    octets = ANSWERS[case](SITE, MADE)
    line = "ocsp -respin {der} -issuer {above} -cert {leaf} -CAfile {root} -verify_other {above} -no_nonce"
    code, text = openssl(line, octets)
    sound = code == 0 and "Response verify OK" in text and "WARNING" not in text
    theirs = next((status for status in (GOOD, REVOKED) if f"leaf: {status}" in text), NO_WORD) if sound else NO_WORD
    assert theirs is (GOOD if case in TAKES else in_response(octets).status), text
