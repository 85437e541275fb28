"""
DANE: what a zone signs about a site's keys, and what a client makes of it that holds the anchor.

Every wrong answer stands beside the right one that it differs from in one thing.
"""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import dns.dnssec
import dns.message
import dns.rrset
import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from dns.rdatatype import DNSKEY, DS, NSEC, RRSIG, TLSA
from expectations import LEGEND
from hypothesis import given, settings
from hypothesis import strategies as st
from lines import NOW

from lab.observation import Evidence, Outcome, Status, Word
from lab.pki.authority import Credential, new_key
from lab.pki.dane import LIFE, MOST, TTL, Zone, named, site_zone, stripped, tlsa
from lab.pki.elsewhere import cut
from lab.pki.pins import seen
from lab.pki.world import HOST, World
from lab.policy.clients import client
from lab.scenes.catalogue import case
from lab.trials.standing import Standing
from lab.trials.trial import run, trial
from lab.wire.service import Service

CHOSEN = ("dane-soft", "dane-hard")
LETTER: dict[Outcome | None, str] = {one: letter for letter, one in LEGEND.items()}
GOOD, DISOWNED, ABSENT, NO_WORD = Status.GOOD, Status.DISOWNED, Status.ABSENT, Status.NO_WORD
SECOND = timedelta(seconds=1)

WORLD = World(now=NOW)
SITE, RENEWED, ELSEWHERE = WORLD.genuine, WORLD.issuing.issue(HOST), WORLD.other_issuing.issue(HOST)
ZONE = Zone(".").below("example").below(HOST)
RIGHT = ZONE.says(HOST, [tlsa(SITE.leaf)], NOW)
DENIED = ZONE.says(HOST, [], NOW)


def said(octets: bytes, of: Credential = SITE, anchor: str = ZONE.anchor, **other: Any) -> Word:
    path = [seen(one) for one in of.path]
    return named(octets, path, **{"host": HOST, "anchor": anchor, "time": NOW, **other})


# ---- what is said ----------------------------------------------------------------------------------


def test_a_record_names_the_servers_own_key() -> None:
    """Whoever issued for that key is meant too; another key under the same CA is not named."""
    assert said(RIGHT) == Word(GOOD, "a signed record names the key of bank.example", until=NOW + TTL)
    assert said(RIGHT, WORLD.issuing.issue(HOST, key=SITE.key)).status is GOOD
    assert said(RIGHT, WORLD.other_issuing.issue(HOST, key=SITE.key)).status is GOOD
    assert said(RIGHT, RENEWED) == Word(DISOWNED, "the owner names other keys, and none of this path", until=NOW + TTL)


def test_a_record_names_a_ca_on_the_path() -> None:
    """Usage 2 names an intermediate or the root: all that stands below it is meant, and nothing else."""
    for ca in (WORLD.issuing, WORLD.root):
        octets = ZONE.says(HOST, [tlsa(ca.certificate, 2)], NOW)
        assert [said(octets, one).status for one in (SITE, RENEWED, ELSEWHERE)] == [GOOD, GOOD, DISOWNED]


def test_a_usage_says_whose_key_it_is() -> None:
    """The leaf's key as a CA's, and a CA's key as the leaf's, name nobody here."""
    assert said(ZONE.says(HOST, [tlsa(SITE.leaf, 2)], NOW)).status is DISOWNED
    assert said(ZONE.says(HOST, [tlsa(WORLD.issuing.certificate, 3)], NOW)).status is DISOWNED


def test_a_rollover_is_published_before_it_happens() -> None:
    """Two records name the old key and the next, for which there is no certificate yet."""
    after = new_key()
    octets = ZONE.says(HOST, [tlsa(SITE.leaf), tlsa(after.public_key())], NOW)
    assert said(octets).status is said(octets, WORLD.issuing.issue(HOST, key=after)).status is GOOD
    assert said(octets, RENEWED).status is DISOWNED


def test_a_whole_certificate_may_be_named() -> None:
    """With selector 0 a new certificate for the same key is another one."""
    whole = f"3 0 1 {SITE.leaf.fingerprint(SHA256()).hex()}"
    octets = ZONE.says(HOST, [whole], NOW)
    assert said(octets).status is GOOD
    assert said(octets, WORLD.issuing.issue(HOST, key=SITE.key)).status is DISOWNED


def test_records_of_a_kind_that_is_not_read_are_none() -> None:
    """RFC 6698 section 4.1: they are left out, and where nothing is left the site has no records."""
    unread = ["3 1 2 " + "00" * 64, "9 1 1 " + "00" * 32, "3 7 1 " + "00" * 32]
    word = said(ZONE.says(HOST, unread, NOW))
    assert (word.status, word.why) == (
        ABSENT,
        "the owner's zone says that it has no record of a kind that is read here",
    )
    assert said(ZONE.says(HOST, [*unread, tlsa(SITE.leaf)], NOW)).status is GOOD
    assert said(ZONE.says(HOST, [*unread, tlsa(SITE.leaf)], NOW), RENEWED).status is DISOWNED


def test_that_there_is_no_record_is_signed_too() -> None:
    """So a client can tell a site without records from an answer that somebody dropped."""
    why = "the owner's zone says that it has no record of this service"
    assert said(DENIED) == Word(ABSENT, why, until=NOW + TTL)
    assert said(b"") == Word(NO_WORD, "no answer came")
    assert said(stripped(DENIED)) == Word(NO_WORD, "nothing of what came is signed")


def test_a_host_lies_in_the_zone() -> None:
    """A zone speaks for what lies in it, also below its name, and for nobody else."""
    assert said(ZONE.says("www." + HOST, [tlsa(SITE.leaf)], NOW), host="www." + HOST).status is GOOD
    with pytest.raises(ValueError, match=r"evil\.example' does not lie in the zone bank\.example"):
        ZONE.says("evil.example", [], NOW)


@pytest.mark.skipif(not shutil.which("openssl"), reason="the openssl command is not installed")
def test_openssl_reads_the_same_in_a_record() -> None:
    """`openssl s_client -dane_tlsa_rrdata`: a record that names a key of the path is found, and another is not."""
    found, today = [], World()
    records = [
        *(tlsa(today.genuine.leaf), tlsa(RENEWED.leaf)),
        *(tlsa(today.issuing.certificate, 2), tlsa(WORLD.issuing.certificate, 2)),
    ]
    with Service(today.genuine) as service:
        for record in records:
            line = ["openssl", "s_client", "-connect", "{}:{}".format(*service.address), "-verify_return_error"]
            line += ["-servername", HOST, "-dane_tlsa_domain", HOST, "-dane_tlsa_rrdata", record]
            done = subprocess.run(line, input="", capture_output=True, text=True, timeout=30)
            found.append((done.returncode, "(no matching DANE TLSA records)" in done.stderr + done.stdout))
    assert found == [(0, False), (1, True)] * 2
    path = [seen(one) for one in today.genuine.path]
    for record, (refused, _) in zip(records, found, strict=True):
        octets = ZONE.says(HOST, [record], NOW)
        assert named(octets, path, HOST, ZONE.anchor, NOW).status is (DISOWNED if refused else GOOD)


# ---- what does not prove it -----------------------------------------------------------------------


def forged(zone: Zone = ZONE) -> Zone:
    """A zone of the same name under zones of the same names, all with an attacker's keys."""
    above = zone.parent
    return forged(above).below(zone.domain) if above else Zone(zone.domain)


def test_nothing_else_than_the_anchor_is_believed() -> None:
    """An attacker's own chain, and his zone under the genuine parents without their word, prove nothing."""
    mine = forged()
    octets = mine.says(HOST, [tlsa(ELSEWHERE.leaf)], NOW)
    assert said(octets, ELSEWHERE, mine.anchor).status is GOOD
    assert said(octets, ELSEWHERE) == Word(
        NO_WORD, "the DNSKEY record of . is not signed by a key of . that the anchor vouches for"
    )
    assert said(RIGHT, anchor=mine.anchor).status is NO_WORD
    genuine, his = dns.message.from_wire(RIGHT), dns.message.from_wire(octets)
    mixed = dns.message.from_wire(octets)
    mixed.additional = [*his.additional[:2], *genuine.additional[2:]]  # his keys, then the genuine zones' word
    assert said(mixed.to_wire(), ELSEWHERE).why == (
        "the DNSKEY record of bank.example is not signed by a key of bank.example that the anchor vouches for"
    )
    genuine.answer = his.answer
    assert said(genuine.to_wire(), ELSEWHERE).status is NO_WORD


def test_an_anchor_may_be_held_of_any_zone() -> None:
    """The site's own zone is enough, and its answer is shorter; another zone's key is none for it."""
    alone = Zone(HOST)
    octets = alone.says(HOST, [tlsa(SITE.leaf)], NOW)
    assert said(octets, anchor=alone.anchor).status is GOOD
    assert len(octets) < len(RIGHT) / 2
    assert said(octets).status is NO_WORD


def test_signatures_begin_and_end() -> None:
    """An answer is believed from an hour before it was made until its signatures end, and not in that second."""
    octets = ZONE.says(HOST, [tlsa(SITE.leaf)], NOW, ttl=timedelta(days=30), life=timedelta(days=2))
    end = NOW + timedelta(days=2)
    assert said(octets).until == said(octets, time=end - SECOND).until == end  # the TTL does not outlive them
    assert said(octets, time=NOW - timedelta(hours=1)).status is GOOD
    assert said(octets, time=end).why.startswith(f"the signed answer does not hold: it held until {end:%Y-%m-%d %H:%M}")
    assert said(octets, time=NOW - timedelta(hours=1) - SECOND).status is NO_WORD


def test_an_old_answer_is_replayed_until_it_ends() -> None:
    """The key is lost and the records are changed: who is shown the old answer believes it for the rest of its life."""
    late = NOW + timedelta(days=3)
    changed = ZONE.says(HOST, [tlsa(RENEWED.leaf)], late)
    assert said(changed, time=late).status is DISOWNED
    assert said(RIGHT, time=late).status is GOOD
    assert said(RIGHT, time=NOW + LIFE).status is NO_WORD


def test_a_ttl_that_was_raised_on_the_way_counts_for_nothing() -> None:
    """Whoever passes an answer on may shorten its life in a cache, and not lengthen it."""
    for seconds, kept in ((60, timedelta(minutes=1)), (10**6, TTL)):
        message = dns.message.from_wire(RIGHT)
        for one in message.answer:
            one.ttl = seconds
        assert said(message.to_wire()).until == NOW + kept


def test_an_answer_about_another_host_is_none() -> None:
    """Signed by the same zone, and about its neighbour."""
    word = said(ZONE.says("www." + HOST, [tlsa(SITE.leaf)], NOW))
    assert (word.status, word.why) == (NO_WORD, "it is about _443._tcp.www.bank.example")
    assert said(ZONE.says("www." + HOST, [], NOW)).status is NO_WORD


def test_a_resolver_without_dnssec_passes_on_nothing_to_go_by() -> None:
    """The records are the same, and the signatures are gone: that is what an attacker's look like."""
    octets = stripped(RIGHT)
    assert dns.message.from_wire(octets).answer[0] == dns.message.from_wire(RIGHT).answer[0]
    assert said(octets).status is NO_WORD


def test_a_wildcard_is_not_expanded() -> None:
    """A signature on ``*.bank.example`` verifies under any name; that the name itself is not there has to be proved."""
    message = dns.message.from_wire(RIGHT)
    service = message.question[0].name
    for owner, status in ((service, GOOD), (dns.name.from_text("*." + HOST), NO_WORD)):
        records = dns.rrset.from_text(owner, 60, "IN", "TLSA", tlsa(SITE.leaf))
        signature = dns.dnssec.sign(records, ZONE.key, ZONE.name, ZONE._dnskey(), NOW - SECOND, NOW + TTL)
        message.answer = [dns.rrset.from_rdata(service, 60, *records), dns.rrset.from_rdata(service, 60, signature)]
        assert said(message.to_wire()).status is status


def test_a_zone_of_many_keys_is_not_read() -> None:
    """Each pair of key and signature may cost a verification (CVE-2023-50387), so somebody has to say enough."""
    message = dns.message.from_wire(RIGHT)
    keys = next(one for one in message.additional if one.rdtype == DNSKEY)
    while len(keys) <= MOST:
        keys.add(Zone(HOST)._dnskey())
    assert said(message.to_wire()).why == "there is no DNSKEY record of bank.example in it"


def test_an_answer_that_no_dns_could_carry_is_not_read() -> None:
    """Records that begin alike cost the square of their number; behind 65,535 octets nobody looks."""
    keys = b"".join(b"\0" + struct.pack("!HHIHI", DNSKEY, 1, 1, 4, number) for number in range(20_000))
    hostile, begun = struct.pack("!6H", 0, 0x8000, 0, 20_000, 0, 0) + keys, time.process_time()
    assert said(hostile).why == "300,012 octets came, and an answer has 65,535 at most"
    assert time.process_time() - begun < 1
    assert said(RIGHT).status is GOOD


# ---- each field, and each octet -------------------------------------------------------------------


def altered(octets: bytes, kind: int, change: Callable[[Any], None], at: str | None = None) -> bytes:
    """The answer with its first set of records of this kind changed; for signatures, `at` says on what."""
    message = dns.message.from_wire(octets)
    sets = [one for section in message.sections for one in section if one]
    change(next(one for one in sets if one.rdtype == kind and at in (None, str(one.name), one.covers.name)))
    return message.to_wire()


def field(name: str, value: Any) -> Callable[[Any], None]:
    def change(records: Any) -> None:
        old = records[0]
        records.clear()
        records.covers = dns.rdatatype.NONE
        records.add(old.replace(**{name: value(getattr(old, name)) if callable(value) else value}))

    return change


def flipped(octets: bytes) -> bytes:
    return bytes([octets[0] ^ 1]) + octets[1:]


FIELDS = [
    (RIGHT, TLSA, "usage", 1), (RIGHT, TLSA, "selector", 0), (RIGHT, TLSA, "mtype", 0), (RIGHT, TLSA, "cert", flipped),
    (RIGHT, DNSKEY, "flags", 256), (RIGHT, DNSKEY, "key", flipped), (RIGHT, DS, "digest", flipped),
    (RIGHT, DS, "key_tag", 1),
    (DENIED, NSEC, "next", dns.name.root), (DENIED, NSEC, "windows", ((0, b"\0\0\0\0\0\x02"),)),
]  # fmt: skip
SIGNED = [
    ("inception", lambda old: old - 1), ("expiration", lambda old: old + 1), ("original_ttl", 7), ("key_tag", 1),
    ("labels", lambda old: old - 1), ("signer", dns.name.root), ("signer", dns.name.from_text("evil.example")),
    ("signature", flipped), ("algorithm", 14), ("type_covered", NSEC),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "kind", "name", "value"), FIELDS)
def test_a_changed_field_is_refused(octets: bytes, kind: int, name: str, value: Any) -> None:
    """Whatever was signed cannot be changed; written anew without a change, the answer is what it was."""
    assert said(altered(octets, kind, lambda one: None)).status is said(octets).status
    assert said(altered(octets, kind, field(name, value))).status is NO_WORD


@pytest.mark.parametrize("covered", ["TLSA", "DNSKEY", "DS"])
@pytest.mark.parametrize(("name", "value"), SIGNED)
def test_a_changed_signature_is_refused(covered: str, name: str, value: Any) -> None:
    """Neither its dates nor its signer can be put right by somebody else, on the way from the anchor to the record."""
    assert said(altered(RIGHT, RRSIG, field(name, value), covered)).status is NO_WORD


@pytest.mark.parametrize("octets", [RIGHT, DENIED])
def test_a_changed_octet_says_nothing_else(octets: bytes) -> None:
    """A sample of them: an answer says what it said, for no longer, or nothing. What is not signed is not looked at."""
    right, drawn, found = said(octets), random.Random(13), Counter[Status]()
    for place in drawn.sample(range(len(octets)), 120):
        mutant = bytearray(octets)
        mutant[place] ^= 1 << drawn.randrange(8)
        word = said(bytes(mutant))
        found[word.status] += 1
        assert word.status is NO_WORD or (word.status, word.why) == (right.status, right.why)
        assert word.status is NO_WORD or (word.until and right.until and word.until <= right.until)
    assert set(found) == {right.status, NO_WORD}
    assert found[NO_WORD] > 90


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.integers(0, len(RIGHT)), st.text(max_size=80))
def test_whatever_comes_there_is_a_word(noise: bytes, at: int, host: str) -> None:
    """Noise, noise behind a beginning that is right, and a host that is no name: it never raises."""
    assert said(noise).status is NO_WORD
    assert said(RIGHT[:at] + noise).status in (NO_WORD, GOOD)
    assert said(RIGHT, host=host).status is NO_WORD


# ---- clients ---------------------------------------------------------------------------------------

ENDS = {
    ("resolver_without_dnssec", "records_forged"): {"dane-soft": ("SS", "SX"), "dane-hard": ("SB", "So")},
    ("records_changed_with_the_key", "records_do_not_name_it"): dict.fromkeys(CHOSEN, ("SBS", "So")),
    ("key_published_in_time", "zone_taken_over"): dict.fromkeys(CHOSEN, ("SS", "SX")),
    ("new_key", "same_intermediate"): dict.fromkeys(CHOSEN, ("SS", "So")),
    ("same_key", "stolen_key_new_certificate"): dict.fromkeys(CHOSEN, ("SS", "SX")),
}


@pytest.mark.parametrize("pair", ENDS)
def test_what_dns_tells_apart(pair: tuple[str, str]) -> None:
    """A new key that the owner published from another's; not where signatures are gone, or the attacker publishes."""
    for name in CHOSEN:
        twin, attack = (trial(client(name), case(one)) for one in pair)
        met = ["".join(LETTER[one.outcome] for one in of.encounters) for of in (twin, attack)]
        assert tuple(met) == ENDS[pair][name]
        words = [of.encounters[1].observation.evidence[Evidence.RECORDS].word for of in (twin, attack)]
        alike = words[0] and words[1] and said_of(words[0]) == said_of(words[1])
        assert alike is (pair != ("new_key", "same_intermediate"))  # whoever refuses one of the others refuses both


def said_of(word: Word) -> tuple[Status, str]:
    return word.status, word.why


def test_who_says_that_there_is_nothing_is_believed() -> None:
    """A site without records is served by both clients, also by the one that wants a word: it came."""
    usual = case("new_key").scene()
    for records, hard in ((lambda host, time: site_zone(host).says(host, [], time), "SS"), (cut, "BB")):
        scene = replace(usual, meetings=tuple(one.publishing(records) for one in usual.meetings))
        for name, letters in zip(CHOSEN, ("SS", hard), strict=True):
            with Standing(case("new_key"), scene) as standing:
                met = run(client(name), standing).encounters
            assert "".join(LETTER[one.outcome] for one in met) == letters
