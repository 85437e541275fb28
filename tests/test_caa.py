"""
What is asked before a certificate is issued: CAA, with accounts, and name constraints; and which attack that stops.

A chain that never comes to be needs no client that refuses it. What each stops is written down by hand.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lines import NOW

from lab.pki.caa import Asks, NotIssued, Published, ca_domain, forbids, issuing_under
from lab.pki.pins import pin_of
from lab.pki.world import HOST, World
from lab.policy.clients import CLIENTS
from lab.scenes.catalogue import case
from lab.trials.standing import Standing
from lab.trials.trial import run

HONEST, OTHER = "honest-root.example", "other-public-root.example"
FIRST, SECOND = (f"https://{HONEST}/account/{number}" for number in (1, 2))


def why(*records: str, ca: str = HONEST, account: str = FIRST, host: str = HOST, method: str = "http-01") -> str:
    return forbids({HOST: records}, ca, account, host, method=method)


# ---- the records -----------------------------------------------------------------------------------


def test_a_record_names_who_may_issue() -> None:
    """Where there is none everybody may; where there are, whom one names, in whichever letters."""
    assert why() == ""
    assert why(f'0 issue "{HONEST}"') == why(f'0 Issue " {HONEST.upper()} ; "') == ""
    assert why(f'0 issue "{HONEST}"', ca=OTHER) == f"{HOST} lets {HONEST} issue, and not {OTHER}"
    assert why(f'0 issue "{OTHER}"', f'0 issue "{HONEST}"') == ""
    assert why('0 issue ";"') == why('0 issue ""') == f"{HOST} lets nobody issue, and not {HONEST}"
    assert why('0 iodef "mailto:security@bank.example"') == ""  # whom to write to limits nobody


def test_the_nearest_domain_with_records_counts() -> None:
    """Its own, or else its parent's, and so on; what stands further up is not looked at then."""
    records: Published = {"example": [f'0 issue "{OTHER}"'], HOST: [f'0 issue "{HONEST}"'], "api." + HOST: []}
    for host, ca in ((HOST, HONEST), ("www." + HOST, HONEST), ("v1.API." + HOST, HONEST), ("shop.example", OTHER)):
        assert forbids(records, ca, FIRST, host) == ""
        assert forbids(records, HONEST if ca == OTHER else OTHER, FIRST, host)
    assert forbids(records, OTHER, FIRST, "shop.test") == ""


def test_a_wildcard_has_a_tag_of_its_own() -> None:
    """Where it is there it alone counts for wildcards, and for nothing else."""
    both = (f'0 issue "{HONEST}"', f'0 issuewild "{OTHER}"')
    assert why(*both, host="*." + HOST) == f"{HOST} lets {OTHER} issue, and not {HONEST}"
    assert why(*both) == why(*both, host="*." + HOST, ca=OTHER) == why(both[0], host="*." + HOST) == ""
    assert why(*both, ca=OTHER)
    assert why('0 issuewild ";"') == ""


def test_a_critical_tag_that_is_not_known_forbids() -> None:
    """Who does not know what it asks for cannot do it; one that is not critical is left out."""
    allowed = f'0 issue "{HONEST}"'
    assert why(allowed, '128 tbs "x"') == f"{HOST} has a critical CAA record whose tag, tbs, is not known here"
    assert why(allowed, '0 tbs "x"') == why(allowed, '1 tbs "x"') == why(f'128 issue "{HONEST}"') == ""


@pytest.mark.parametrize(
    "value",
    ["%%%", f"{HONEST}; accounturi", f"{HONEST} accounturi=x", f"-{HONEST}", f"{HONEST};;", f"{HONEST}; a=b c=d"],
)
def test_a_value_that_cannot_be_read_names_nobody(value: str) -> None:
    """RFC 8659 section 4.2: as if it named no CA at all."""
    assert why(f'0 issue "{value}"') == f"{HOST} lets nobody issue, as a value of its CAA records cannot be read"
    assert why(f'0 issue "{value}"', f'0 issue "{HONEST}"') == ""


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60))
def test_whatever_is_published_there_is_an_answer(value: bytes) -> None:
    """Noise in a value names nobody, before a right name and behind it too."""
    for octets in (value, value + HONEST.encode(), HONEST.encode() + value):
        text = "".join(f"\\{one:03}" for one in octets)
        assert why(f'0 issue "{text}"') or octets.strip(b" \t;") == HONEST.encode() or b";" in value
        assert why(f'0 issue "{text}"', f'0 issue "{HONEST}"') == ""


def test_a_text_that_is_no_record_is_an_error() -> None:
    """It is a mistake of whoever wrote it down here; in DNS there is no such thing."""
    with pytest.raises(ValueError, match=r"'issue x' is no CAA record .* write 0 issue"):
        why("issue x")


def test_a_record_may_name_an_account() -> None:
    """RFC 8657: the CA is right, and the account is another; an account that is named twice is nobody's."""
    bound = f'0 issue "{HONEST}; accounturi={FIRST}"'
    assert why(bound) == ""
    assert why(bound, account=SECOND) == f"{HOST} lets {HONEST} issue to one account, and not to {SECOND}"
    assert why(f'0 issue "{OTHER}"', bound, account=SECOND).endswith(f"not to {SECOND}")
    assert why(bound, f'0 issue "{HONEST}; accounturi={SECOND}"', account=SECOND) == ""
    assert why(f'0 issue "{HONEST}; accounturi={FIRST}; accounturi={FIRST}"')


def test_a_record_may_name_how_a_domain_is_proved() -> None:
    """Who stands in front of the server proves it by HTTP, and not by DNS."""
    by_dns = f'0 issue "{HONEST}; validationmethods=dns-01,dns-account-01"'
    assert why(by_dns, method="dns-01") == ""
    assert why(by_dns) == f"{HOST} lets {HONEST} issue by other proofs than http-01"
    assert why(f'0 issue "{HONEST}; validationmethods="', method="dns-01")
    assert why(f'0 issue "{HONEST}; unheard-of=x"') == ""


# ---- a world whose CAs ask -------------------------------------------------------------------------

PLAIN = {HOST: [f'0 issue "{HONEST}"']}
ACCOUNT = {HOST: [f'0 issue "{HONEST}; accounturi={FIRST}"']}
PROVED = {HOST: [f'0 issue "{HONEST}; accounturi={FIRST}; validationmethods=dns-01"']}
ELSEWHERE = ("shop.test",)

BEFORE, ERROR_47, COMES = "not issued", "error 47", "comes to be"
FOUR = ("other_trusted_ca", "sibling_intermediate", "same_intermediate", "stolen_key_new_certificate")
TWINS = ("new_ca", "new_intermediate", "new_key", "same_key")

# What stops an attack, for those who ask: the owner's own order, an account of one's own, a stolen one, the CA's key.
STOPS = {
    "CAA": {
        "other_trusted_ca": (BEFORE, BEFORE, BEFORE, COMES),
        "sibling_intermediate": (COMES, COMES, COMES, COMES),
        "same_intermediate": (COMES, COMES, COMES, COMES),
        "stolen_key_new_certificate": (COMES, COMES, COMES, COMES),
    },
    "CAA with account": {
        "other_trusted_ca": (BEFORE, BEFORE, BEFORE, COMES),
        "sibling_intermediate": (COMES, BEFORE, COMES, COMES),
        "same_intermediate": (COMES, BEFORE, COMES, COMES),
        "stolen_key_new_certificate": (COMES, BEFORE, COMES, COMES),
    },
    "CAA with account and proof": {
        "other_trusted_ca": (BEFORE, BEFORE, BEFORE, COMES),
        "sibling_intermediate": (COMES, BEFORE, BEFORE, COMES),
        "same_intermediate": (COMES, BEFORE, BEFORE, COMES),
        "stolen_key_new_certificate": (COMES, BEFORE, BEFORE, COMES),
    },
    "name constraints": {
        "other_trusted_ca": (BEFORE, BEFORE, BEFORE, ERROR_47),
        "sibling_intermediate": (BEFORE, BEFORE, BEFORE, ERROR_47),
        "same_intermediate": (COMES, COMES, COMES, COMES),
        "stolen_key_new_certificate": (COMES, COMES, COMES, COMES),
    },
}

UNDER: dict[str, dict[str, Any]] = {
    "CAA": {"caa": PLAIN},
    "CAA with account": {"caa": ACCOUNT},
    "CAA with account and proof": {"caa": PROVED},
    "name constraints": {"only": ELSEWHERE},
}


@pytest.fixture(scope="module")
def world() -> World:
    return World(now=NOW)


def became_of(name: str, world: World) -> str:
    """No chain, one that validation refuses at an unpinned client, or one that it takes."""
    try:
        scene = case(name).scene(world)
    except NotIssued:
        return BEFORE
    with Standing(case(name), scene) as standing:
        error = run(CLIENTS["unpinned"], standing).encounters[-1].observation.error
    return f"error {error.code}" if error else COMES


@pytest.mark.parametrize("name", FOUR)
@pytest.mark.parametrize("by", STOPS)
@pytest.mark.sampled(3)
def test_what_stops_an_attack_before_it_comes_to_be(by: str, name: str, world: World) -> None:
    """The staircase's four that pass validation, by who asks for the certificate; without anything, each comes."""
    assert became_of(name, world) == COMES
    assert tuple(became_of(name, issuing_under(world, **UNDER[by], asks=asks)) for asks in Asks) == STOPS[by][name]


def test_the_same_stops_the_twin_that_the_owner_did_not_announce(world: World) -> None:
    """Another CA is refused to the owner too, until the records name it; the other three renewals are not stopped."""
    asked = issuing_under(world, caa=ACCOUNT)
    assert [became_of(name, asked) for name in TWINS] == [BEFORE, COMES, COMES, COMES]
    first = f"https://{OTHER}/account/1"
    both = {HOST: [*ACCOUNT[HOST], f'0 issue "{OTHER}; accounturi={first}"']}
    assert [became_of(name, issuing_under(world, caa=both)) for name in TWINS] == [COMES] * 4
    assert became_of("other_trusted_ca", issuing_under(world, caa=both, asks=Asks.SECOND_ACCOUNT)) == BEFORE
    limited = issuing_under(world, only=(HOST,))
    assert [became_of(name, limited) for name in TWINS] == [COMES] * 4  # where the site's own domain is permitted
    assert [became_of(name, issuing_under(world, only=ELSEWHERE)) for name in TWINS] == [BEFORE, BEFORE, COMES, COMES]


def test_a_refusal_says_who_refuses_what_to_whom(world: World) -> None:
    """One sentence, with the domain that forbids it."""
    asked = issuing_under(world, caa=ACCOUNT, asks=Asks.SECOND_ACCOUNT)
    with pytest.raises(NotIssued) as refused:
        asked.issuing.issue("www." + HOST)
    assert str(refused.value) == (
        f"Honest Issuing CA 1 issues nothing for www.{HOST} to somebody with an account of their own: "
        f"{HOST} lets {HONEST} issue to one account, and not to {SECOND}"
    )
    with pytest.raises(NotIssued, match=r"Other Issuing CA may vouch for shop\.test alone"):
        issuing_under(world, only=ELSEWHERE).other_issuing.issue(HOST)
    assert issuing_under(world, only=ELSEWHERE).other_issuing.issue("www.shop.test").leaf


def test_who_asks_nobody_is_not_stopped(world: World) -> None:
    """A CA of one's own, and one that somebody installed; and an address has no CAA records."""
    asked = issuing_under(world, caa=PLAIN, asks=Asks.SECOND_ACCOUNT)
    assert asked.rogue_root.issue(HOST).leaf
    assert asked.inspection_root.issue(HOST).leaf
    assert asked.other_issuing.issue("127.0.0.1").leaf


def test_whoever_stands_under_a_ca_that_asks_asks_too(world: World) -> None:
    """A new intermediate, a cross-signed one, and the same CAs on another day; the world it came from asks nobody."""
    asked = issuing_under(world, caa=PLAIN, asks=Asks.SECOND_ACCOUNT)
    for issuer in (
        asked.other_root.intermediate("A New Issuing CA"),
        asked.authority("Another New Issuing CA", under=asked.other_root),
        asked.other_root.cross_sign(asked.other_issuing),
        asked.at(NOW).other_issuing,
        asked.after(asked.genuine, asked.store).other_issuing,
    ):
        with pytest.raises(NotIssued):
            issuer.issue(HOST)
    assert world.other_issuing.issue(HOST).leaf


def test_name_constraints_leave_names_and_keys_as_they_are(world: World) -> None:
    """The limited CA has the pin that it had, and the service's own line is the same."""
    limited = issuing_under(world, only=ELSEWHERE)
    assert limited.other_issuing.only == ELSEWHERE
    assert not world.other_issuing.only
    assert pin_of(limited.other_issuing.certificate) == pin_of(world.other_issuing.certificate)
    assert limited.issuing.certificate is world.issuing.certificate
    assert limited.genuine is world.genuine
    assert ca_domain(limited.sibling) == ca_domain(limited.issuing) == HONEST
    assert ca_domain(limited.other_issuing) == OTHER
