"""
RFC 7469, sentence by sentence: each MUST of sections 2.1 to 2.6 has a test that names its section.

The rules are held by hand-written observations; what concerns the wire (2.1.4,
2.3.4, 2.6) is held by real handshakes too. The headers have the RFC's shapes
and values of our own.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reports import Collector, deliver

from lab.built.time.dated import START, Cast, date
from lab.built.time.scenario import FAKE_BACKUP, announced
from lab.built.time.visitors import browser, noting
from lab.observation import Certificate, Hangup, Line, Observation, Outcome, ValidationError
from lab.pki.authority import new_key
from lab.pki.pins import fingerprint_of, pin_of
from lab.pki.says import Says, pins_header
from lab.policy import hpkp
from lab.policy.checks import Known, judge
from lab.policy.hpkp import CHROMIUM_CAP, Action, Agent, Noting, Validation
from lab.policy.hpkp_header import MOST_SECONDS, Header, HeaderName, Malformed, parse
from lab.policy.hpkp_report import ViolationReport
from lab.policy.memory import Memory, PinnedHost
from lab.policy.mind import Mind
from lab.trials.engine import Encounter, meet
from lab.trials.standing import Ground
from lab.wire import tls
from lab.wire.client import account_request, connect
from lab.wire.service import Service

HOST, SUBDOMAIN = "bank.example", "mail.bank.example"
NOON = datetime(2016, 9, 1, 12, tzinfo=UTC)
PLAIN = Agent()


def preload(entry: PinnedHost) -> Memory:
    """A memory with this entry built in."""
    return Memory(preloaded={entry.host: entry})


def digits(octet: int) -> str:
    """The base 64 of 32 equal octets: the digits of a pin."""
    return base64.b64encode(bytes([octet] * 32)).decode()


LEAF, ISSUING, ROOT, BACKUP, OTHER = (f"sha256/{digits(octet)}" for octet in (1, 2, 3, 4, 5))


def directive(pin: str) -> str:
    return f'pin-sha256="{pin.removeprefix("sha256/")}"'


def certificate(name: str, pin: str) -> Certificate:
    return Certificate(name, "", pin, f"cert-{pin}", "", False, (HOST,), NOON, NOON, name.encode())


PATH = (certificate("site", LEAF), certificate("issuing", ISSUING), certificate("root", ROOT))
GOOD = f"max-age=3000; {directive(LEAF)}; {directive(BACKUP)}"


def seen(host: str = HOST, time: datetime = NOON, path: tuple[Certificate, ...] | None = PATH) -> Observation:
    return Observation(host, time, path or PATH, path)


def noted(value: str = GOOD, memory: Memory | None = None, **changed: Any) -> Noting:
    """What a client makes of one Public-Key-Pins header; `changed` goes to the observation."""
    observation = replace(seen(), **changed)
    return hpkp.note(memory or Memory(), observation, [(HeaderName.PKP, value)], PLAIN)


def accepts(memory: Memory, observation: Observation, **chosen: bool) -> bool:
    """Whether a browser with this memory accepts what it sees."""
    return judge(hpkp.policy(PLAIN, **chosen), observation, Known(memory=memory)).accepted


KNOWN = noted().memory


# ---- 2.1: the grammar -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (
            f"max-age=3000;\n    {directive(LEAF)};\n    {directive(BACKUP)}",
            HeaderName.PKP,
            Header((LEAF, BACKUP), 3000),
        ),
        (
            f'max-age=2592000; {directive(ROOT)}; {directive(OTHER)}; report-uri="http://example.test/pkp"',
            HeaderName.PKP,
            Header((ROOT, OTHER), 2592000, report_uri="http://example.test/pkp"),
        ),
        (
            f'max-age=2592000; {directive(ROOT)}; {directive(OTHER)}; report-uri="https://other.test/pkp"',
            HeaderName.REPORT_ONLY,
            Header((ROOT, OTHER), None, report_uri="https://other.test/pkp"),
        ),
        (f"{directive(LEAF)}; {directive(OTHER)}; max-age=259200", HeaderName.PKP, Header((LEAF, OTHER), 259200)),
        (
            f"{directive(LEAF)}; {directive(ROOT)}; {directive(OTHER)}; max-age=10000; includeSubDomains",
            HeaderName.PKP,
            Header((LEAF, ROOT, OTHER), 10000, True),
        ),
    ],
)
def test_2_1_5_headers_of_the_shapes_that_the_rfc_shows(value: str, kind: HeaderName, expected: Header) -> None:
    """2.1.5: two pins, report-uri, report-only, max-age last, three pins with includeSubDomains."""
    assert parse(" ".join(value.split()), kind) == expected


def test_2_1_the_order_of_directives_does_not_matter() -> None:
    """2.1 item 1: the same header in any order, but for the order of its pins."""
    assert parse(f"{directive(LEAF)}; max-age=3000;{directive(BACKUP)}") == parse(GOOD)


@pytest.mark.parametrize("twice", ["max-age=3000", "includeSubDomains", 'report-uri="https://a.test/"', "novel=1"])
def test_2_1_a_directive_stands_once(twice: str) -> None:
    """2.1 item 2: any directive but a pin MUST NOT appear twice, whatever the case of its letters."""
    once = f"{twice}; {directive(LEAF)}" + ("" if "max-age" in twice else "; max-age=1")
    assert isinstance(parse(once), Header)
    assert isinstance(parse(f"{once}; {twice.upper()}"), Malformed)


def test_2_1_names_are_case_insensitive() -> None:
    """2.1 item 3 and 2.1.1: names in any case; the digits of a pin keep theirs."""
    shouted = f"MAX-AGE=3000; PIN-SHA256={directive(LEAF).partition('=')[2]}; {directive(BACKUP)}; INCLUDEsubDOMAINS"
    assert parse(shouted) == Header((LEAF, BACKUP), 3000, True)


@pytest.mark.parametrize(
    "value",
    [
        "",
        ";",
        GOOD + ";",
        ";" + GOOD,
        GOOD.replace("; ", ";; ", 1),
        GOOD.replace("=", " = ", 1),
        GOOD.replace("; ", ", "),
        GOOD + "; x=",
        GOOD + '; x="open',
        GOOD + "; x=a b",
        GOOD + "; ümlaut",
        GOOD + '; x="tab\x07"',
    ],
)
def test_2_1_what_does_not_conform_is_ignored_and_not_mended(value: str) -> None:
    """2.1 item 4: a UA MUST ignore a header that breaks the syntax, and everything in it."""
    assert isinstance(parse(value), Malformed)
    assert noted(value, KNOWN) == Noting(KNOWN, Action.IGNORED, parse(value).reason)  # type: ignore[union-attr]


def test_2_1_unknown_directives_are_ignored_and_the_rest_is_processed() -> None:
    """2.1 items 5 and 6, and 2.5: unrecognised directives MUST be ignored, recognised ones processed."""
    novel = f'strict; {GOOD}; level="a; b"; pin-='.replace("; pin-=", "; pin-")
    header = parse(novel)
    assert isinstance(header, Header)
    assert header.unrecognised == ("strict", "level", "pin-")
    assert noted(novel).memory == KNOWN


def test_2_1_1_a_pin_is_a_quoted_string_of_base_64() -> None:
    """2.1.1: no token, no missing value, nothing but base 64, and 32 octets for SHA-256."""
    bare = digits(1)
    for bad in (bare, "", '""', '"!!"', f'"{bare[:-4]}"', f'"{bare} "'):
        assert isinstance(parse(f"max-age=1; pin-sha256={bad}"), Malformed), bad
    assert isinstance(parse("max-age=1; pin-sha256"), Malformed)
    assert isinstance(parse("max-age=1; pin-sha1=abcd"), Malformed)
    assert isinstance(parse(f'max-age=1; pin-sha256="{bare}"'), Header)


def test_2_1_1_and_2_4_unknown_algorithms_are_ignored_and_the_rest_is_noted() -> None:
    """2.1.1 and 2.4: a UA MUST ignore pins of algorithms it does not know, and MUST note the others."""
    both = f'pin-sha999="abcd"; {GOOD}; pin-sha1="abcd"'
    assert noted(both).memory == KNOWN
    # An unknown pin is no backup either.
    assert noted(f'max-age=1; {directive(LEAF)}; pin-sha999="abcd"').action is Action.IGNORED


def test_2_1_1_with_no_effective_pin_left_the_host_is_let_go() -> None:
    """2.1.1: if no pin of a known algorithm remains, a Known Pinned Host MUST cease to be one (fail open)."""
    only_unknown = 'max-age=3000; pin-sha999="abcd"'
    assert noted(only_unknown, KNOWN).action is Action.FORGOT
    assert not noted(only_unknown, KNOWN).memory.noted
    assert noted(only_unknown).action is Action.IGNORED  # nothing was known


def test_2_1_2_max_age_is_required_and_a_number_of_seconds() -> None:
    """2.1.2: REQUIRED in Public-Key-Pins, with a value of digits, quoted or not."""
    pins = f"{directive(LEAF)}; {directive(BACKUP)}"
    for bad in (pins, f"{pins}; max-age", f"{pins}; max-age=-1", f"{pins}; max-age=1.5", f'{pins}; max-age="٣"'):
        assert isinstance(parse(bad), Malformed), bad
    assert parse(f'{pins}; max-age="3000"') == parse(f"{pins}; max-age=3000")
    assert parse(f'{pins}; max-age="\\3000"') == parse(GOOD)  # after unescaping
    assert parse(f"{pins}; max-age={'9' * 5000}") == Header((LEAF, BACKUP), MOST_SECONDS)
    assert parse(f"{pins}; max-age={'0' * 5000}7") == Header((LEAF, BACKUP), 7)


def test_2_1_2_max_age_means_nothing_in_report_only() -> None:
    """2.1.2: in Public-Key-Pins-Report-Only a UA MUST ignore max-age, and MUST NOT cache the header."""
    pins = f'{directive(OTHER)}; report-uri="https://a.test/"'
    for age in ("", "; max-age=0", "; max-age=never"):
        header = parse(pins + age, HeaderName.REPORT_ONLY)
        assert header == Header((OTHER,), None, report_uri="https://a.test/")
        after = hpkp.note(Memory(), seen(), [(HeaderName.REPORT_ONLY, pins + age)], PLAIN)
        assert not after.memory.noted


def test_2_1_3_include_subdomains_has_no_value() -> None:
    """2.1.3: the directive is valueless, so one with a value does not conform."""
    assert isinstance(parse(GOOD + "; includeSubDomains=1"), Malformed)
    assert isinstance(parse(GOOD + "; includeSubDomains"), Header)


def test_2_1_3_and_2_3_1_subdomains_are_covered_where_it_is_asserted_and_nowhere_else() -> None:
    """2.1.3: the policy applies to the host, and to every subdomain only if the directive is there; never upwards."""
    below = noted(f"{GOOD}; includeSubDomains").memory
    for memory, covered in ((KNOWN, False), (below, True)):
        for host in (f"www.{HOST}", f"a.b.{HOST}"):
            assert (memory.governing(host, NOON) is not None) is covered
        for host in ("example", f"not{HOST}", "other.example"):
            assert memory.governing(host, NOON) is None


def test_2_2_1_what_our_own_sites_send_conforms() -> None:
    """2.2.1: each header that a server sends MUST satisfy the grammar of 2.1."""
    value = announced(Cast().credential(), FAKE_BACKUP, days=60, subdomains=True, report_uri='https://a.test/"x"')
    header = parse(value)
    assert isinstance(header, Header)
    assert (header.max_age, header.include_subdomains, header.report_uri) == (5184000, True, 'https://a.test/"x"')
    assert len(header.pins) == 2


# ---- 2.2 and 2.3: noting --------------------------------------------------------------------------


def test_2_2_2_and_2_3_1_headers_over_plain_http_are_ignored() -> None:
    """2.2.2 and 2.3.1: over insecure transport a UA MUST ignore both headers; over TLS it does not."""
    headers = [
        (HeaderName.PKP.value, GOOD),
        (HeaderName.REPORT_ONLY.value, f'{directive(OTHER)}; report-uri="https://a.test/"'),
    ]
    insecure = hpkp.note(Memory(), seen(), headers, PLAIN, secure=False)
    assert (insecure.memory, insecure.action, insecure.reports) == (Memory(), Action.IGNORED, ())
    secure = hpkp.note(Memory(), seen(), headers, PLAIN)
    assert (secure.action, len(secure.reports)) == (Action.NOTED, 1)


def test_2_3_names_are_compared_in_canonical_form() -> None:
    """2.3: internationalised names SHALL be canonicalised (RFC 6797 section 10); case and final dot do not count."""
    after = noted(host="Bücher.Bank.Example")
    assert set(after.memory.noted) == {"xn--bcher-kva.bank.example"}
    for spelt in ("xn--bcher-kva.bank.example", "BÜCHER.bank.example."):
        assert after.memory.governing(spelt, NOON)
    assert not after.memory.governing("bucher.bank.example", NOON)


def test_2_3_1_a_host_is_noted_and_then_updated() -> None:
    """2.3.1: a UA MUST note a new host, and update what it holds when a later header says otherwise."""
    one = noted()
    assert (one.action, one.memory.noted[HOST].until) == (Action.NOTED, NOON + timedelta(seconds=3000))
    later = noted(f"{GOOD}; includeSubDomains", one.memory, time=NOON + timedelta(seconds=10))
    assert later.action is Action.UPDATED
    assert later.memory.noted[HOST].until == NOON + timedelta(seconds=3010)
    assert later.memory.noted[HOST].include_subdomains


def test_2_3_1_max_age_0_removes_and_does_not_note() -> None:
    """2.3.1: with max-age=0 a UA MUST remove a known host, includeSubDomains too, and MUST NOT note an unknown one."""
    known = noted(f"{GOOD}; includeSubDomains").memory
    zero = GOOD.replace("3000", "0")
    gone = noted(zero, known)
    assert gone.action is Action.FORGOT
    assert gone.memory.governing(HOST, NOON) is None
    assert gone.memory.governing(f"www.{HOST}", NOON) is None
    assert noted(zero) == Noting(Memory(), Action.IGNORED, "max-age is 0, and nothing was noted")


def test_2_3_1_max_age_0_must_be_a_valid_pinning_header_too() -> None:
    """2.3.1: a header that is not valid by 2.5 MUST be ignored, and one that says max-age=0 is no exception."""
    assert noted(f"max-age=0; {directive(OTHER)}", KNOWN).memory == KNOWN
    assert noted(f"max-age=0; {directive(LEAF)}", KNOWN).memory == KNOWN


def test_2_3_1_only_the_first_header_of_each_kind_counts() -> None:
    """2.3.1: of several headers of a kind a UA MUST process only the first, even where that one is malformed."""
    second = f"max-age=9; {directive(ROOT)}; {directive(OTHER)}"
    both = [(HeaderName.PKP.value.lower(), GOOD), (HeaderName.PKP.value, second)]
    assert hpkp.note(Memory(), seen(), both, PLAIN).memory.noted[HOST].pins == (LEAF, BACKUP)
    broken = [(HeaderName.PKP.value, "nonsense;"), (HeaderName.PKP.value, second)]
    assert hpkp.note(Memory(), seen(), broken, PLAIN).action is Action.IGNORED
    reported = [
        (HeaderName.REPORT_ONLY.value, f'{directive(pin)}; report-uri="https://a.test/"') for pin in (LEAF, OTHER)
    ]
    assert not hpkp.note(Memory(), seen(), reported, PLAIN).reports
    assert hpkp.note(Memory(), seen(), reported[::-1], PLAIN).reports


def test_2_3_2_both_headers_and_neither_touches_the_other() -> None:
    """2.3.2 and 2.5: the PKP header MUST be processed; a failing report-only policy MUST have no effect on it."""
    wrong = f'{directive(OTHER)}; report-uri="https://a.test/"'
    both = hpkp.note(Memory(), seen(), [(HeaderName.REPORT_ONLY, wrong), (HeaderName.PKP, GOOD)], PLAIN)
    assert (both.action, both.memory.noted) == (Action.NOTED, KNOWN.noted)
    assert len(both.reports) == 1
    assert hpkp.validate(both.memory, seen(), PLAIN)[0] is Validation.PASSED


def test_2_3_2_report_only_is_not_enforced() -> None:
    """2.3.2: a UA MUST NOT enforce the pins of a report-only header; the same pins in the other header do refuse."""
    wrong = f'{directive(OTHER)}; report-uri="https://a.test/"'
    after = hpkp.note(Memory(), seen(), [(HeaderName.REPORT_ONLY, wrong)], PLAIN)
    assert accepts(after.memory, seen())
    enforced = knowing(PinnedHost(HOST, (OTHER,), None))
    assert not accepts(enforced, seen())


def test_2_3_3_expired_hosts_are_ignored() -> None:
    """2.3.3: a UA MUST ignore an expired host, MUST NOT validate by its pins, and MUST take it for unknown."""
    last = NOON + timedelta(seconds=3000)
    stranger = (certificate("stranger", OTHER),)
    assert hpkp.validate(KNOWN, seen(time=last, path=stranger), PLAIN)[0] is Validation.FAILED
    after = seen(time=last + timedelta(seconds=1), path=stranger)
    assert hpkp.validate(KNOWN, after, PLAIN)[0] is Validation.NOT_PINNED
    assert noted(memory=KNOWN, time=after.time).action is Action.NOTED  # and not updated


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "[::1]"])
def test_2_3_3_addresses_are_never_noted(address: str) -> None:
    """2.3.3: hosts are known by name; a UA MUST NOT note an IP address. A name is noted."""
    assert noted(host=address).action is Action.IGNORED
    assert noted(host="a.127.0.0.1.example").action is Action.NOTED


def test_2_3_3_a_subdomain_is_added_and_its_superdomain_not_touched() -> None:
    """2.3.3: a host that is not known by its own name MUST be added; a superdomain's entry MUST NOT be modified."""
    parent = noted(f"{GOOD}; includeSubDomains").memory
    child = noted(f"max-age=9; {directive(LEAF)}; {directive(OTHER)}", parent, host=f"www.{HOST}")
    assert child.action is Action.NOTED
    assert set(child.memory.noted) == {HOST, f"www.{HOST}"}
    assert child.memory.noted[HOST] == parent.noted[HOST]
    gone = noted(GOOD.replace("3000", "0"), parent, host=f"www.{HOST}")
    assert gone.memory == parent


def test_2_3_3_a_cap_on_max_age() -> None:
    """2.3.3: a UA MAY cap max-age; Chromium's cap is sixty days, and a shorter max-age stays as it is."""
    year = GOOD.replace("3000", "31536000")
    capped = hpkp.note(Memory(), seen(), [(HeaderName.PKP, year)], Agent(cap=CHROMIUM_CAP))
    assert capped.memory.noted[HOST].until == NOON + timedelta(days=60)
    assert noted(year).memory.noted[HOST].until == NOON + timedelta(days=365)
    short = hpkp.note(Memory(), seen(), [(HeaderName.PKP, GOOD)], Agent(cap=CHROMIUM_CAP))
    assert short.memory == KNOWN


# ---- 2.5: the three conditions --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "changed", "action"),
    [
        (GOOD, {}, Action.NOTED),
        (GOOD, {"path": None, "error": ValidationError(10, 0, "it has expired")}, Action.IGNORED),
        (GOOD, {"name_mismatch": "another name"}, Action.IGNORED),
        (GOOD, {"path": None, "resumed": True}, Action.IGNORED),
        (f"max-age=3000; {directive(OTHER)}; {directive(BACKUP)}", {}, Action.IGNORED),
        (f"max-age=3000; {directive(LEAF)}", {}, Action.IGNORED),
        (f"max-age=3000; {directive(LEAF)}; {directive(ISSUING)}; {directive(ROOT)}", {}, Action.IGNORED),
        (f"max-age=3000; {directive(ROOT)}; {directive(OTHER)}", {}, Action.NOTED),
    ],
)
def test_2_5_pins_are_noted_if_and_only_if_all_three_conditions_hold(
    value: str, changed: dict[str, Any], action: Action
) -> None:
    """2.5: an error-free connection, a pin on the path, and a pin that is not on it: the backup."""
    assert noted(value, **changed).action is action


def test_2_5_a_pinned_host_must_pass_its_own_pins_first() -> None:
    """2.5: the error-free connection includes validation by the pins already noted."""
    theirs = (certificate("theirs", OTHER), *PATH[1:])
    header = f"max-age=3000; {directive(OTHER)}; {directive(BACKUP)}"
    assert noted(header, KNOWN, path=theirs).memory == KNOWN
    assert noted(header, path=theirs).action is Action.NOTED


def test_2_5_a_presented_certificate_is_not_a_path() -> None:
    """2.5: what was sent beside the path makes no pin match."""
    stuffed = Observation(HOST, NOON, (*PATH, certificate("stuffed", OTHER)), PATH)
    header = f"max-age=3000; {directive(OTHER)}; {directive(BACKUP)}"
    assert hpkp.note(Memory(), stuffed, [(HeaderName.PKP, header)], PLAIN).action is Action.IGNORED


def test_2_5_the_latest_valid_header_replaces_everything() -> None:
    """2.5: a UA MUST hold exactly the pins, date and report-uri of the latest valid header."""
    rich = noted(f'{GOOD}; {directive(OTHER)}; includeSubDomains; report-uri="https://a.test/"').memory
    assert noted(GOOD, rich).memory.noted == KNOWN.noted


# ---- 2.6 and 2.7: validation ----------------------------------------------------------------------


def test_2_6_any_pin_on_the_path_will_do_and_nothing_beside_it() -> None:
    """2.6: the two sets intersect or the connection fails; superfluous certificates MUST be ignored."""
    assert hpkp.validate(KNOWN, seen(), PLAIN)[0] is Validation.PASSED
    moved = (certificate("moved", BACKUP), certificate("elsewhere", OTHER))
    assert hpkp.validate(KNOWN, seen(path=moved), PLAIN)[0] is Validation.PASSED
    stuffed = Observation(HOST, NOON, (certificate("theirs", OTHER), *PATH), (certificate("theirs", OTHER),))
    assert hpkp.validate(KNOWN, stuffed, PLAIN)[0] is Validation.FAILED


def test_2_6_a_certificate_for_another_name_cannot_be_clicked_away_although_the_pins_match() -> None:
    """2.6: any TLS error at a pinned host MUST end the connection, whatever its keys; elsewhere the user may click."""
    wrong = replace(seen(), name_mismatch="the certificate answers for another name")
    assert not accepts(KNOWN, wrong, clicks_through=True)
    assert accepts(Memory(), wrong, clicks_through=True)
    assert not accepts(Memory(), wrong)


def test_2_6_an_installed_anchor_overrides_and_nothing_is_reported() -> None:
    """2.6: validation may be off below an anchor that somebody installed, and then no report is owed."""
    known = noted(f'{GOOD}; report-uri="https://a.test/"').memory
    proxied = seen(path=(certificate("proxy", OTHER), certificate("installed", OTHER)))
    agent = Agent(local_anchors=frozenset({proxied.path[-1].fingerprint}))  # type: ignore[index]
    assert hpkp.validate(known, proxied, agent)[0] is Validation.BYPASSED
    assert hpkp.failure(known, proxied, agent) == (known, ())
    strict = replace(agent, strict=True)
    assert hpkp.validate(known, proxied, strict)[0] is Validation.FAILED
    assert len(hpkp.failure(known, proxied, strict)[1]) == 1
    theirs = f"max-age=3000; {directive(OTHER)}; {directive(BACKUP)}"
    assert (
        hpkp.note(known, proxied, [(HeaderName.PKP, theirs)], agent).memory == known
    )  # nor may it set pins of its own
    assert hpkp.note(Memory(), proxied, [(HeaderName.PKP, theirs)], agent).action is Action.NOTED


def test_2_7_max_age_0_clears_what_was_noted_and_not_what_was_built_in() -> None:
    """2.7, as Chromium did: the preloaded pins go on when the dynamic ones are taken back."""
    built_in = knowing(PinnedHost(HOST, (ROOT,), None))
    both = noted(memory=built_in).memory
    assert both.governing(HOST, NOON) == KNOWN.noted[HOST]
    after = noted(GOOD.replace("3000", "0"), both).memory
    assert after.governing(HOST, NOON) == built_in.preloaded[HOST]
    stranger = seen(path=(certificate("stranger", OTHER),))
    assert hpkp.validate(after, stranger, PLAIN)[0] is Validation.FAILED


# ---- 3: reports -----------------------------------------------------------------------------------


def test_3_the_report_has_its_nine_keys() -> None:
    """3: dates, hosts, both chains as PEM and the known pins, as one JSON object."""
    known = noted(f'{GOOD}; includeSubDomains; report-uri="https://a.test/pkp"').memory
    theirs = seen(f"www.{HOST}", NOON + timedelta(seconds=60), (certificate("theirs", OTHER),))
    after, (owed,) = hpkp.failure(known, theirs, PLAIN, port=8443)
    assert owed.to == "https://a.test/pkp"
    pem = "-----BEGIN CERTIFICATE-----\ndGhlaXJz\n-----END CERTIFICATE-----\n"
    assert json.loads(json.dumps(owed.body)) == {
        "date-time": "2016-09-01T12:01:00Z",
        "hostname": f"www.{HOST}",
        "port": 8443,
        "effective-expiration-date": "2016-09-01T12:50:00Z",
        "include-subdomains": True,
        "noted-hostname": HOST,
        "served-certificate-chain": [pem],
        "validated-certificate-chain": [pem],
        "known-pins": [directive(LEAF), directive(BACKUP)],
    }
    assert hpkp.failure(after, theirs, PLAIN) == (after, ())  # 2.1.4: the same report is not sent again


# ---- properties -----------------------------------------------------------------------------------

words = st.text(st.characters(min_codepoint=0, max_codepoint=255), max_size=12)
pieces = st.one_of(
    words,
    st.sampled_from(
        ["max-age=", "max-age=60", "includeSubDomains", "pin-", 'report-uri="x"', "; ", ";", "=", '"', "\\"]
        + [directive(pin) for pin in (LEAF, ISSUING, ROOT, BACKUP, OTHER)]
    ),
)
garbage = st.lists(pieces, max_size=8).map("".join) | st.lists(pieces, max_size=6).map("; ".join) | st.text(max_size=40)
pin_texts = st.binary(min_size=32, max_size=32).map(lambda octets: "sha256/" + base64.b64encode(octets).decode())
uris = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=20).filter(
    lambda text: not any(127 < ord(letter) < 160 for letter in text)
)


@given(garbage, st.sampled_from(HeaderName))
@settings(max_examples=150, deadline=None)
def test_no_header_makes_the_reader_raise(value: str, kind: HeaderName) -> None:
    """Whatever a server sends, reading gives a header or a reason, and what is read survives being written."""
    found = parse(value, kind)
    assert isinstance(found, Header | Malformed)
    if isinstance(found, Header) and str(found):
        assert parse(str(found), kind) == replace(found, unrecognised=())


@given(
    st.lists(pin_texts, max_size=5, unique=True),
    st.integers(0, MOST_SECONDS),
    st.booleans(),
    uris,
)
def test_a_header_that_is_written_reads_the_same(pins: list[str], age: int, below: bool, uri: str) -> None:
    """Writing and reading are inverse, quotes and backslashes in an address included."""
    header = Header(tuple(pins), age, below, uri)
    assert parse(str(header)) == header


@given(st.lists(st.tuples(st.sampled_from([*HeaderName, "Date"]), garbage), max_size=3), st.booleans(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_no_answer_makes_a_client_raise_or_note_without_a_backup(
    headers: list[tuple[str, str]], known: bool, secure: bool
) -> None:
    """Whatever the headers, what is noted of the host has a pin on the path and one that is not (2.5)."""
    before = KNOWN if known else Memory()
    after = hpkp.note(before, seen(), headers, PLAIN, secure=secure)
    on_path = {one.pin for one in PATH}
    for entry in after.memory.noted.values():
        assert entry.host == HOST
        assert set(entry.pins) & on_path
        assert set(entry.pins) - on_path
    if not secure:
        assert after.memory == before


# ---- the same over real handshakes ----------------------------------------------------------------


@pytest.fixture
def cast() -> Cast:
    return Cast()


@pytest.fixture
def ground() -> Iterator[Ground]:
    with Ground(HOST) as stood:
        yield stood


def knowing(*entries: PinnedHost) -> Memory:
    """A memory with these entries built in."""
    return Memory(preloaded={entry.host: entry for entry in entries})


def test_2_6_on_the_wire_the_pins_are_asked_before_any_request(cast: Cast, ground: Ground) -> None:
    """2.6: validation MUST come before any HTTP; a stranger's certificate for the name costs not a byte."""
    site, other = cast.credential(), cast.credential(issuer="other_issuing")
    header, who = announced(site, FAKE_BACKUP), browser()

    def stranger(day: int) -> Encounter:
        return meet(ground, cast.meeting(day, "a stranger", other, line=Line.ATTACKER), who)()

    def honest(day: int) -> Encounter:
        return meet(ground, cast.meeting(day, "the site", site, header), who)()

    assert stranger(0).outcome is Outcome.INTERCEPTED  # the control: nothing is noted yet
    assert noting(honest(1)).action is Action.NOTED
    assert noting(honest(2)).action is Action.UPDATED
    refused = stranger(3)
    assert (refused.outcome, refused.verdict.check) == (Outcome.STOPPED, "header pin")
    assert (refused.aftermath.view.hung_up, refused.aftermath.leaked) == (Hangup.DURING_HANDSHAKE, 0)


def test_2_6_on_the_wire_a_stuffed_certificate_does_not_help(cast: Cast, ground: Ground) -> None:
    """2.6: superfluous certificates MUST be ignored, although the attacker sends the pinned one along."""
    site, other = cast.credential(), cast.credential(issuer="other_issuing")
    stuffed = other.sending(*other.chain[1:], site.leaf)
    who = browser()
    meet(ground, cast.meeting(0, "the site", site, announced(site, FAKE_BACKUP)), who)()
    met = meet(ground, cast.meeting(1, "a stranger", stuffed, line=Line.ATTACKER), who)()
    assert pin_of(site.leaf) in {one.pin for one in met.observation.presented}
    assert met.outcome is Outcome.STOPPED


def test_2_6_on_the_wire_no_warning_can_be_clicked_away_at_a_pinned_host(cast: Cast, ground: Ground) -> None:
    """2.6: on TLS errors at a pinned host a UA MUST end the connection; elsewhere the user may click."""
    site = cast.credential()
    header = announced(site, FAKE_BACKUP, days=2000)
    careless, fresh = (Mind(hpkp.policy(PLAIN, clicks_through=True)) for _ in range(2))
    early, late = (cast.meeting(day, "the site", site, header) for day in (0, 1300))  # and then it has expired
    assert noting(meet(ground, early, careless)()).action is Action.NOTED
    assert meet(ground, late, careless)().outcome is Outcome.OUTAGE
    clicked = meet(ground, late, fresh)()
    assert clicked.outcome is Outcome.SERVED
    assert noting(clicked).action is Action.IGNORED  # 2.5: and the header over that connection counts for nothing


def test_2_3_4_on_the_wire_a_meta_element_counts_for_nothing(cast: Cast) -> None:
    """2.3.4: a UA MUST NOT heed http-equiv in a page; the same value as a header is heeded."""
    site = cast.credential()
    value = announced(site, FAKE_BACKUP)
    page = f"<meta http-equiv='Public-Key-Pins' content='{value}'>"
    actions = []
    for says in (Says(page=page), replace(pins_header(value), page=page)):
        with Service(site, says) as service:
            context = tls.client_context([cast.root.certificate], START)
            request = replace(account_request(HOST), target="/")
            met = connect(service.address, HOST, context, browser().decide, time=START, request=request)
        assert met.answer is not None
        assert value in met.answer.text
        actions.append(hpkp.note(Memory(), met.observation, met.headers or (), PLAIN).action)
    assert actions == [Action.NOTHING, Action.NOTED]


def stopped(cast: Cast, ground: Ground, who: Mind, report_uri: str) -> ViolationReport:
    """The report that this browser owes: it knows the pins of the site, and has refused a stranger."""
    site, other = cast.credential(), cast.credential(issuer="other_issuing")
    meet(ground, cast.meeting(0, "the site", site, announced(site, FAKE_BACKUP, report_uri=report_uri)), who)()
    met = meet(ground, cast.meeting(1, "a stranger", other, line=Line.ATTACKER), who)()
    assert met.outcome is Outcome.STOPPED
    _, (owed,) = hpkp.failure(met.known.memory, met.observation, PLAIN)
    return owed


def test_2_1_4_on_the_wire_the_report_arrives_and_its_host_is_pinned_like_any_other(cast: Cast, ground: Ground) -> None:
    """2.1.4: reports go out by POST; where the collector's host fails its own pins the connection MUST be cancelled."""
    pinned_wrongly = knowing(PinnedHost("reports.example", (FAKE_BACKUP,), None))
    for memory, arrived in ((Memory(), True), (pinned_wrongly, False)):
        who = Mind(hpkp.policy(PLAIN), Known(memory=memory))
        owed = stopped(cast, ground, who, "https://reports.example/pkp")
        with Collector(cast.credential("reports.example")) as collector:
            assert deliver(owed, collector, who, cast.store, date(1)) is arrived
        assert [(one["hostname"], len(one["validated-certificate-chain"])) for one in collector.reports] == (
            [(HOST, 3)] if arrived else []
        )


# report-uri -> what is said when the pins are noted; nothing where a report may go there
ADDRESSES = {
    "https://reports.example/pkp": "",
    "https://reports.example:8443/pkp?id=7&kind=hpkp": "",
    "http://reports.example/pkp": "its report-uri is never used, since reports go out over https only: http://reports",
    "foo": "its report-uri is no address",
    "/pkp": "its report-uri is no address",
    "https:///pkp": "its report-uri is no address",
    "ftp://reports.example/": "its report-uri is no address",
    "https://[::1": "its report-uri is no address",
    "https://reports.example:99999/": "its report-uri is no address",
    "https://reports.example:x/": "its report-uri is no address",
    "https://bücher.example/": "its report-uri is no address",
    "https://reports.example/ü": "its report-uri is no address",
    "https://reports.example/a b": "its report-uri is no address",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_2_1_4_on_the_wire_a_report_goes_where_it_can_and_elsewhere_nothing_breaks(
    address: str, cast: Cast, ground: Ground
) -> None:
    """2.1.4: pins are noted whatever the address; one that is unusable, or in the clear, is said and never used."""
    site, other = cast.credential(), cast.credential(issuer="other_issuing")
    who = browser()
    value = announced(site, FAKE_BACKUP, report_uri=address)
    met = meet(ground, cast.meeting(0, "the site", site, value), who)()
    assert met.outcome is Outcome.SERVED
    done = noting(met)
    assert (done.action, done.memory.noted[HOST].report_uri) == (Action.NOTED, address)
    assert ADDRESSES[address] in done.reason
    assert ("report-uri" in done.reason) is bool(ADDRESSES[address])
    assert done.reason.isprintable()
    refused = meet(ground, cast.meeting(1, "a stranger", other, line=Line.ATTACKER), who)()
    assert refused.outcome is Outcome.STOPPED
    _, owed = hpkp.failure(refused.known.memory, refused.observation, PLAIN)
    with Collector(cast.credential("reports.example")) as collector:
        assert all(deliver(one, collector, who, cast.store, date(1)) for one in owed)
    asked = [] if ADDRESSES[address] else [address.partition("/pkp")[1] + address.partition("/pkp")[2]]
    assert collector.asked == asked


def test_2_1_4_a_report_only_header_whose_address_is_unusable_says_so() -> None:
    """2.1.4: nothing is owed then, and the reason says why; with an address that can be used a report is owed."""
    for address, owed in (("foo", 0), ("https://a.test/", 1)):
        value = f'{directive(OTHER)}; report-uri="{address}"'
        after = hpkp.note(Memory(), seen(), [(HeaderName.REPORT_ONLY, value)], PLAIN)
        assert (len(after.reports), "report-uri is no address" in after.reason) == (owed, not owed)


def test_2_3_no_spelling_of_a_host_escapes_its_pins() -> None:
    """2.3 and RFC 6797 section 10: any number of dots at the end, any case: the same host."""
    stranger = (certificate("stranger", OTHER),)
    for host in (HOST, f"{HOST}.", f"{HOST}..", f"{HOST.upper()}..."):
        assert not accepts(KNOWN, seen(host, path=stranger))
        assert accepts(KNOWN, seen(host))
    assert accepts(KNOWN, seen("other.example..", path=stranger))


def test_2_3_2_on_the_wire_report_only_reports_and_lets_pass(cast: Cast, ground: Ground) -> None:
    """2.3.2: the report of a report-only header arrives, and the connection goes on."""
    value = announced(FAKE_BACKUP, report_uri="https://reports.example/pkp")
    says = Says(((HeaderName.REPORT_ONLY, value),))
    days = [replace(cast.meeting(day, "the site", cast.genuine), says=says) for day in (0, 1)]
    who = browser()
    first, second = (meet(ground, day, who)() for day in days)
    assert (first.outcome, second.outcome) == (Outcome.SERVED, Outcome.SERVED)
    with Collector(cast.credential("reports.example")) as collector:
        for owed in (*noting(first).reports, *noting(second).reports):
            assert deliver(owed, collector, who, cast.store, date(1))
    assert [one["known-pins"] for one in collector.reports] == [[directive(FAKE_BACKUP)]]  # once, not twice
    assert not who.known.memory.noted


def test_2_6_on_the_wire_an_installed_root_overrides(cast: Cast, ground: Ground) -> None:
    """2.6: behind an inspection proxy whose root is installed the pins are off; a strict browser refuses."""
    site, proxy = cast.credential(), cast.credential(issuer="inspection_root")
    installed = frozenset({fingerprint_of(cast.inspection_root.certificate)})
    honest, proxied = (
        replace(meeting, store=(*cast.store, cast.inspection_root))
        for meeting in (
            cast.meeting(0, "the site", site, announced(site, FAKE_BACKUP)),
            cast.meeting(1, "a proxy", proxy),
        )
    )
    for strict, outcome in ((False, Outcome.SERVED), (True, Outcome.OUTAGE)):
        who = browser(Agent(local_anchors=installed, strict=strict))
        meet(ground, honest, who)()
        assert meet(ground, proxied, who)().outcome is outcome


def test_4_2_on_the_wire_the_order_of_visits_decides(cast: Cast, ground: Ground) -> None:
    """4.2: a parent with includeSubDomains, a child with other pins: the child is refused if the parent came first."""
    site, mail = cast.credential(), cast.credential(SUBDOMAIN)
    headers = {HOST: announced(site, FAKE_BACKUP, subdomains=True), SUBDOMAIN: announced(mail, FAKE_BACKUP)}
    outcomes = {}
    for order in ((HOST, SUBDOMAIN), (SUBDOMAIN, HOST)):
        who = browser()
        for day, host in enumerate((*order, SUBDOMAIN)):
            there = cast.meeting(day, host, site if host == HOST else mail, headers[host], host=host)
            outcomes[order] = meet(ground, there, who)().outcome
    assert outcomes == {(HOST, SUBDOMAIN): Outcome.OUTAGE, (SUBDOMAIN, HOST): Outcome.SERVED}


def test_a_backup_that_only_the_attacker_holds_opens_the_door(cast: Cast, ground: Ground) -> None:
    """4.3: a stolen backup key is accepted at once, by every browser that noted its pin."""
    site, backup = cast.credential(), new_key()
    thief = cast.credential(key=backup, issuer="other_issuing")
    who = browser()
    meet(ground, cast.meeting(0, "the site", site, announced(site, pin_of(backup.public_key()))), who)()
    assert meet(ground, cast.meeting(1, "a thief", thief, line=Line.ATTACKER), who)().outcome is Outcome.INTERCEPTED
