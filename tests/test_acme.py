"""
Certificates that a machine orders: proofs, accounts, what pinned clients see of a renewal, and what CAA stops.

Here the CA is the lab's own; tests/test_field_acme.py asks Pebble the same.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import dns.message
import dns.query
import psutil
import pytest
from cryptography.x509 import ReasonFlags
from expectations import LEGEND

from lab.built.acme import pebble
from lab.built.acme.ca import AccountCa
from lab.built.acme.habits import ACME_CLIENTS
from lab.built.acme.own import OwnCa
from lab.built.acme.pebble import Pebble
from lab.built.acme.premises import Premises
from lab.built.acme.world import OrderedFrom, ordering
from lab.built.field import renewals as field_renewals
from lab.built.field.results import AcmeRenewal, Field
from lab.built.field.text import table
from lab.observation import Outcome
from lab.pki.authority import Credential, new_key
from lab.pki.caa import Asks, NotIssued, Published, asked_by, issuing_under
from lab.pki.pins import pin_of
from lab.pki.revoke import Revoked
from lab.pki.update import ordinary
from lab.pki.world import HOST, World
from lab.policy.clients import client, every
from lab.scenes.announced import by
from lab.scenes.catalogue import APART, CASES, SLIPS, Case, Kind, Scene, case, changed, honest, told, twin_of, usually
from lab.scenes.catalogue import chosen as scenes_chosen
from lab.trials.standing import Standing
from lab.trials.trial import run
from lab.wire.listener import HOME, running

NAMES = ("unpinned", "root-pinned", "intermediate-pinned", "leaf-pinned", "certificate-pinned", "leaf-or-backup")
# S served, B outage, o stopped, X intercepted; the columns are those above. The first four are in the catalogue.
ROWS = {
    "same_key":                     "S S S S B S",
    "new_key":                      "S S S B B B",
    "same_intermediate":            "X X X o o o",
    "stolen_key_new_certificate":   "X X X X o X",
    "another_department":           "S S S B B B",
    "second_account":               "X X X o o o",
    "new_machine":                  "S S S B B B",
    "stolen_account":               "X X X o o o",
}  # fmt: skip
# A clock that can be set is the lab's own CA's alone; a letter for each of the three meetings.
WEEKENDS = {
    "failed_on_a_saturday":         "SBS SBS SBS SBB SBB SBB",
    "failed_on_a_saturday_in_time": "SSS SSS SSS SBB SBB SBB",
}  # fmt: skip


@pytest.fixture(scope="module")
def premises() -> Iterator[Premises]:
    with Premises() as site:
        yield site


def letters(case: Case, scene: Scene, *, whole: bool = False) -> str:
    """For each of those clients the letter of the meeting that the scene is about, or of all of them."""
    with Standing(case, scene) as standing:
        lived = [run(client(name), standing).encounters for name in NAMES]
    said = {outcome: letter for letter, outcome in LEGEND.items()}
    came = [[said[one.outcome] for one in met if one.outcome] for met in lived]
    return " ".join("".join(one) if whole else one[scene.about] for one in came)


# ---- one flow, whoever the CA is ------------------------------------------------------------------


def lives_through_renewals(ca: AccountCa) -> None:
    """
    An account orders; the pinned clients meet a renewal with the same key, one with a new key, and a replacement.

    What was revoked is refused by whoever hears of it, and by nobody else: the pins still match.
    """
    world = ordering(ca)
    assert isinstance(world.issuing, OrderedFrom)
    assert world.issuing.owner
    owner, first = world.issuing.owner, world.genuine
    same, other = by(world.issuing, world, first.key), by(world.issuing, world)
    chains = [one.chain for one in (first, same, other)]
    assert [[len(chain), chain[1]] for chain in chains] == [[2, world.issuing.certificate]] * 3
    assert pin_of(first.leaf) == pin_of(same.leaf) != pin_of(other.leaf)
    assert len({one.leaf.serial_number for one in (first, same, other)}) == 3

    def met(credential: Credential, *names: str, **differs: Any) -> list[Outcome | None]:
        scene = told(world, honest(world), changed(world, credential, **differs))
        with Standing(case("new_key"), scene) as standing:
            return [run(client(name), standing).encounters[-1].outcome for name in names]

    served, out = Outcome.SERVED, Outcome.OUTAGE
    three = ("root-pinned", "intermediate-pinned", "leaf-pinned")
    assert met(first, *three) == met(same, *three) == [served] * 3
    assert met(other, *three) == [served, served, out]

    assert not ca.revoked(first.leaf)
    owner.revoke(first.leaf, ReasonFlags.key_compromise)
    assert [ca.revoked(one.leaf) for one in (first, same, other)] == [True, False, False]
    replaced = by(world.issuing, world)
    gone = world.issuing, Revoked(first.leaf.serial_number, world.now, ReasonFlags.key_compromise)
    issuers = ordinary((), [gone], world.now)
    assert met(first, *three, "answer-hard", elsewhere=issuers) == [served] * 3 + [out]
    assert met(replaced, *three, "answer-hard", elsewhere=issuers) == [served, served, out, served]


def refuses_what_is_not_proved(ca: AccountCa) -> None:
    """A proof that is not there, a proof that the CA does not know and a stranger's wish to revoke: each says why."""
    account, other, key = ca.account(), ca.account(), new_key()
    assert account.uri != other.uri
    chain = account.order(HOST, "www." + HOST, key=key, method="http-01")
    assert account.order(HOST, key=key, method="dns-01")[0].serial_number != chain[0].serial_number
    with pytest.raises(ValueError, match=r"by-post"):
        ca.account().order(HOST, key=key, method="by-post")
    with pytest.raises(ValueError, match=other.uri):
        other.revoke(chain[0])
    assert not ca.revoked(chain[0])


def needs_the_proof(ca: AccountCa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody shows the proof, or shows another account's, nothing is issued."""
    shows = ca.premises.shows
    for method in ("http-01", "dns-01"):
        account = ca.account()  # who has proved a name before may not be asked again
        with monkeypatch.context() as patched:
            patched.setattr(ca.premises, "shows", lambda method, host, token, said: shows(method, host, token, "x"))
            with pytest.raises(NotIssued, match=f"issues nothing for {HOST} to {account.uri}"):
                account.order(HOST, key=new_key(), method=method)
        assert account.order(HOST, key=new_key(), method=method)


def asked_of(ca: AccountCa) -> dict[str, str]:
    """What became of each scene of the rows above, where its certificates are ordered of this CA."""
    return {name: letters(case(name), case(name).scene(ordering(ca))) for name in ROWS}


def test_pinned_clients_see_what_a_machine_does(premises: Premises) -> None:
    """Orders, renewals, a revocation and what replaces it, met by clients over TLS."""
    lives_through_renewals(OwnCa(premises))


def test_an_order_is_proved(premises: Premises, monkeypatch: pytest.MonkeyPatch) -> None:
    """By HTTP and by DNS, over sockets; what is not proved is not issued."""
    refuses_what_is_not_proved(OwnCa(premises))
    needs_the_proof(OwnCa(premises), monkeypatch)


def test_scenes_that_are_ordered(premises: Premises) -> None:
    """The catalogue's renewals and thefts as orders; each comes out as in a world where nobody orders."""
    assert asked_of(OwnCa(premises)) == ROWS
    plain = {name: letters(case(name), case(name).scene(World())) for name in ORDERS}
    assert plain == {name: ROWS[name] for name in ORDERS}


@pytest.mark.parametrize("name", WEEKENDS)
def test_the_machine_that_fails_on_a_saturday(name: str) -> None:
    """Meeting by meeting: who renews on the last day is out for all, who renews in time for leaf pins alone."""
    assert letters(case(name), case(name).scene(), whole=True) == WEEKENDS[name]


def test_every_scene_apart_has_its_row_and_none_is_in_a_usual_table() -> None:
    """The group names them; nobody else does. Attacks have the reach of their twins."""
    group = APART["ordered"]
    assert {*group} == {*ROWS, *WEEKENDS} - {*CASES}
    assert not {*group} & {one.name for one in (*usually(every()), *scenes_chosen("all,slips"))}
    assert not {*group} & {*SLIPS}
    pairs = {name: one.twin for name, one in group.items() if one.kind is Kind.ATTACK}
    assert pairs == {"second_account": "another_department", "stolen_account": "new_machine"}
    for attack, rotation in pairs.items():
        assert (case(attack).reach, twin_of(case(rotation))) == (case(rotation).reach, case(attack))


# ---- what CAA stops ---------------------------------------------------------------------------------

CA = "honest-root.example"
RECORDS: dict[str, list[str]] = {
    "none": [],
    "the CA": [f'0 issue "{CA}"'],
    "the account": [f'0 issue "{CA}; accounturi=https://{CA}/account/1"'],
    "the account and the proof": [f'0 issue "{CA}; accounturi=https://{CA}/account/1; validationmethods=dns-01"'],
    "another CA": ['0 issue "other-public-root.example"'],
}
ORDERS = ("another_department", "second_account", "new_machine", "stolen_account")
# C: the certificate comes to be, n: it does not. Only the last but one tells a pair apart, and only the second pair.
STOPS = {
    "none": "CCCC",
    "the CA": "CCCC",
    "the account": "nnCC",
    "the account and the proof": "nnCn",
    "another CA": "nnnn",
}


def comes(name: str, world: World) -> str:
    try:
        case(name).scene(world)
    except NotIssued:
        return "n"
    return "C"


@pytest.mark.parametrize("which", RECORDS)
def test_what_the_zone_says_decides_who_may_order(which: str, premises: Premises) -> None:
    """The CA hears the records over DNS, and does as the rule that is given them does; who does not ask issues."""
    records: Published = {HOST: RECORDS[which]}
    world = ordering(OwnCa(premises))
    assert world.genuine
    premises.zone.caa = records
    premises.zone.asked.clear()
    try:
        assert "".join(comes(name, world) for name in ORDERS) == STOPS[which]
        assert f"CAA {HOST}" in premises.zone.asked
        pure = issuing_under(World(), caa=records)
        assert "".join(comes(name, pure) for name in ORDERS) == STOPS[which]
        careless = ordering(OwnCa(premises, asks_caa=False))
        assert "".join(comes(name, careless) for name in ORDERS) == "CCCC"
    finally:
        premises.zone.caa = {}


def test_a_refusal_says_who_refuses_what_to_whom(premises: Premises) -> None:
    """With the domain whose records forbid it, also where they stand further up."""
    ca = OwnCa(premises)
    owner, stranger = ca.account(), ca.account()
    premises.zone.caa = {HOST: RECORDS["the account"]}
    try:
        assert owner.order("www." + HOST, key=new_key())
        with pytest.raises(NotIssued) as refused:
            stranger.order("www." + HOST, key=new_key())
    finally:
        premises.zone.caa = {}
    assert str(refused.value) == (
        f"Honest Issuing CA 1 issues nothing for www.{HOST} to https://{CA}/account/2: "
        f"{HOST} lets {CA} issue to one account, and not to https://{CA}/account/2"
    )


def test_a_ca_that_cannot_ask_does_not_issue() -> None:
    """The zone is gone: no order comes to anything, by whichever proof."""
    with Premises() as site:
        ca = OwnCa(site)
        ca.patience = 0.1
        account = ca.account()
        site.zone.stop()
        for method in ("http-01", "dns-01"):
            with pytest.raises(NotIssued, match="the zone does not answer for"):
                account.order(HOST, key=new_key(), method=method)


def test_whoever_holds_the_ca_orders_nothing(premises: Premises) -> None:
    """It is signed with the CA's key, whatever the zone says; who else asks for what no order says is told so."""
    premises.zone.caa = {HOST: RECORDS["another CA"]}
    try:
        world = ordering(OwnCa(premises))
        premises.zone.asked.clear()
        assert asked_by(world.issuing, Asks.THE_CA).issue(HOST).leaf
        assert premises.zone.asked == []
        with pytest.raises(ValueError, match=r"^an order cannot say not_after; leave it out"):
            world.issuing.issue(HOST, not_after=world.now)
    finally:
        premises.zone.caa = {}


# ---- the zone, and what is left behind ------------------------------------------------------------


def test_the_zone_answers_alike_by_both_transports(premises: Premises) -> None:
    """Addresses of loopback for every name, texts and records as given, nothing for the rest; noise is ignored."""
    premises.zone.caa = {HOST: [*RECORDS["the CA"], *RECORDS["another CA"]]}
    with premises.shows("dns-01", HOST, "token", "token.thumb"):
        for kind, name, count in (
            ("A", "any.example", 1), ("CAA", HOST, 2), ("CAA", "BANK.example", 2), ("CAA", "any.example", 0),
            ("TXT", f"_acme-challenge.{HOST}", 1), ("AAAA", HOST, 0), ("MX", HOST, 0),
        ):  # fmt: skip
            asked: Any = dns.message.make_query(name, kind)
            both: list[Any] = [
                ask(asked, HOME, timeout=3, port=premises.zone.port) for ask in (dns.query.udp, dns.query.tcp)
            ]
            assert [sum(map(len, one.answer)) for one in both] == [count, count], (kind, name)
            assert both[0].answer == both[1].answer
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as raw:
        raw.sendto(b"noise", premises.zone.address)
    asked = dns.message.make_query(f"_acme-challenge.{HOST}", "TXT")
    gone: Any = dns.query.udp(asked, HOME, timeout=3, port=premises.zone.port)
    assert gone.answer == []
    premises.zone.caa = {}


def test_nothing_is_left_behind_and_nothing_listens_elsewhere() -> None:
    """Two listeners and a datagram port, all of loopback; closed when the site is."""
    process, before = psutil.Process(), running()
    held = {one.laddr for one in process.net_connections()}
    with Premises() as site:
        own = [one for one in process.net_connections() if one.laddr not in held and not one.raddr]
        assert {one.laddr.ip for one in own} == {HOME}
        assert {one.laddr.port for one in own} == {site.zone.port, site.web.port}
        assert len(running()) == len(before) + 2
    assert running() == before
    site.stop()
    assert not {one.laddr.port for one in process.net_connections()} & {site.zone.port, site.web.port}


def test_without_pebble_it_is_said_what_installs_it(premises: Premises, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence each, before anything is started."""
    monkeypatch.setattr(pebble, "_library", lambda: (None, None))
    monkeypatch.setattr(pebble, "find", lambda: None)
    assert pebble.missing() == "apt-get install pebble"
    with pytest.raises(ValueError, match=r"^Pebble is not here; install it with: apt-get install pebble$"):
        Pebble(premises)
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "josepy", None)
    assert pebble.missing() == "make field"
    with pytest.raises(ValueError, match=r"^the packages acme and josepy are not here; `make field` installs them$"):
        Pebble(premises)


def test_a_proof_that_the_lab_does_not_give(premises: Premises) -> None:
    """It says which it gives."""
    with pytest.raises(ValueError, match="use http-01 or dns-01"), premises.shows("tls-alpn-01", HOST, "t", "a"):
        pass


# ---- in the field ---------------------------------------------------------------------------------


def test_who_takes_no_part_in_the_field_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Pebble, or without the client, a row says which command brings it; nothing is run, and nothing failed."""
    there = replace(ACME_CLIENTS[0], version=lambda: "1.0")
    absent = replace(ACME_CLIENTS[1], version=lambda: None)
    monkeypatch.setattr(field_renewals, "missing", lambda: "apt-get install pebble")
    found = Field([], [], renewals=field_renewals.renewals(clients=[there, absent]))
    assert [(one["client"], one["skipped"]) for one in found.record()["renewals"]] == [
        ("lego", "no ACME server, or no library for it; install it with: apt-get install pebble"),
        ("certbot", "not here; install it with: apt-get install certbot"),
    ]
    said = table(found)
    assert found.fine
    assert "  lego 1.0, skipped: no ACME server" in said
    assert "  certbot, skipped: not here; install it with: apt-get install certbot" in said
    monkeypatch.setattr(field_renewals, "missing", lambda: "")
    assert [one.skipped is None for one in field_renewals.listed([there, absent])] == [True, False]


def test_a_renewal_that_breaks_a_pin_is_a_line_of_the_field() -> None:
    """One line for each way to renew, with what came of each pinned client; who failed is not fine."""
    met = {"root-pinned": Outcome.SERVED, "leaf-pinned": Outcome.OUTAGE}
    rows = [AcmeRenewal("lego", "4.9", "by default", name, did) for name, did in met.items()]
    (line,) = [one for one in table(Field([], [], renewals=rows)).splitlines() if "by default" in one]
    assert line.split() == ["lego", "4.9", "by", "default", "✓", "served", "■", "outage"]
    assert not Field([], [], renewals=[AcmeRenewal("lego", "4.9", skipped="it ended", fine=False)]).fine
