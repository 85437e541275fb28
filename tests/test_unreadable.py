"""
What two validators make of a certificate that cannot be read, and of one whose names are of the wrong kind.

Real handshakes; the certificates are the lab's own, with octets changed and signed again.
"""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from lines import NOW
from OpenSSL import SSL
from unreadable import IGNORED, NEGATIVE_SERIAL, UNREADABLE, patched, swap

from lab.observation import Observation
from lab.pki.authority import Credential
from lab.pki.errors import UNSPECIFIED as CODE
from lab.pki.pins import read
from lab.pki.world import HOST, World
from lab.policy.check import Enrolment
from lab.policy.checks import VALIDATION
from lab.policy.clients import CLIENTS, Client
from lab.scenes.catalogue import case, site_pins
from lab.show import text
from lab.trials.engine import concluded
from lab.trials.second_opinion import Opinion, second_opinion
from lab.trials.trace import trace
from lab.wire import tls
from lab.wire.client import Exchange, account_request, connect
from lab.wire.service import Service

WORLD = World()
SITE = WORLD.genuine


@contextmanager
def serving(chain: Sequence[bytes]) -> Iterator[Service]:
    """A service with the site's key, and whatever octets OpenSSL takes for its chain."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write("".join(map(ssl.DER_cert_to_PEM_cert, chain)).encode())
        file.flush()
        context.use_certificate_chain_file(file.name)
    assert isinstance(SITE.key, ec.EllipticCurvePrivateKey)
    context.use_privatekey(SITE.key)
    context.set_options(SSL.OP_NO_TICKET)
    with Service(SITE) as service:
        service._context = context
        yield service


def go(client: Client, service: Service, host: str = HOST) -> tuple[Exchange, bool, str]:
    """What this client saw there, whether it is content, and what it says."""
    mind = client.mind(Enrolment(HOST, NOW, site_pins(WORLD, SITE)))
    context = tls.client_context([one.certificate for one in WORLD.store], NOW)
    met = connect(service.address, host, context, mind.decide, time=NOW, request=account_request(HOST), patience=5.0)
    verdict = concluded(mind, met.observation, met.failure)
    return met, verdict.accepted and met.answer is not None, verdict.reason


def octets(credential: Credential) -> list[bytes]:
    return [one.public_bytes(Encoding.DER) for one in credential.chain]


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_is_seen_and_refused_in_words(what: str) -> None:
    """The octets are in the observation; who validates refuses and says why, and who trusts everything goes on."""
    change, trouble = UNREADABLE[what]
    codes = (CODE, 13, 20)  # OpenSSL has no error, or a wrong date, or with a broken extension it finds no issuer
    leaf = patched(SITE.leaf, WORLD.issuing, change)
    good = octets(SITE)
    with serving([leaf, *good[1:]]) as service, serving(good) as control:
        for client in CLIENTS.values():
            content = VALIDATION not in client.policy or client.switched_off
            met, accepted, reason = go(client, service)
            assert [one.der for one in met.observation.presented] == [leaf, *good[1:]]
            assert met.observation.presented[0].trouble.startswith(trouble)
            assert met.observation.path is None
            assert met.observation.error is not None
            assert (met.observation.error.code in codes, met.observation.error.name) == (True, HOST)
            assert (client.name, content) == (client.name, accepted)
            if not content:
                assert f"no path to a trust anchor: {HOST}: it cannot be read: {trouble}" in reason
                assert "\n" not in reason
            assert go(client, control)[1]


def test_an_unreadable_ca_on_the_path_is_refused_and_beside_it_nobody_asks() -> None:
    """What counts is on the path: the same certificate sent along, and used by nobody, does no harm."""
    issuing = WORLD.issuing
    broken = patched(issuing.certificate, WORLD.root, UNREADABLE["a version that does not exist"][0])
    leaf, good, *_ = octets(SITE)
    with serving([leaf, broken]) as service, serving([leaf, good, broken]) as control:
        met, accepted, reason = go(CLIENTS["unpinned"], service)
        assert met.observation.error is not None
        assert (accepted, met.observation.error.depth) == (False, 1)
        why = "it cannot be read: its fields break the grammar of certificates"
        assert reason == f"no path to a trust anchor: {issuing.name}: {why}"
        assert go(CLIENTS["trust-everything"], service)[1]
        met, accepted, _ = go(CLIENTS["unpinned"], control)
        assert (accepted, met.observation.presented[2].der) == (True, broken)


def test_a_small_rule_broken_stops_nobody() -> None:
    """OpenSSL takes a negative serial number, and so does every client."""
    with serving([patched(SITE.leaf, WORLD.issuing, NEGATIVE_SERIAL), *octets(SITE)[1:]]) as service:
        content = {name for name, client in CLIENTS.items() if go(client, service)[1]}
    assert content == set(CLIENTS) - {"certificate-pinned"}  # it is another certificate


# names in the certificate, as octets of a DNS name -> asked -> whether it answers
ASKED = {
    (b"127.0.0.1", "127.0.0.1"): False,
    ("127.0.0.1", "127.0.0.1"): True,
    ("::1", "::1"): True,
    ("bank.example", "bank.example"): True,
    ("bank.example", "bank.example."): True,
    ("bank.example", "bank.example.."): False,
    ("bücher.example".encode(), "bücher.example"): False,
    (b"xn--bcher-kva.example", "bücher.example"): True,
    (b" bank.example", "bank.example"): False,
    (b"bank.example\n", "bank.example"): False,
}


def chain_for(named: str | bytes) -> list[bytes]:
    """What a server with the site's key presents under this name, or under a DNS name of just these octets."""
    if isinstance(named, str):
        return octets(WORLD.issuing.issue(named, key=SITE.key))
    dummy = WORLD.issuing.issue("x" * len(named), key=SITE.key)
    return [patched(dummy.leaf, WORLD.issuing, swap(b"x" * len(named), named)), *octets(dummy)[1:]]


@pytest.mark.parametrize(("named", "asked"), ASKED, ids=repr)
def test_names_keep_their_kinds_on_the_wire(named: str | bytes, asked: str) -> None:
    """An address is vouched for as an address, a name as an ASCII name; the dot at its end is not compared."""
    heard: list[bytes | None] = []
    with serving(chain_for(named)) as service:
        service._context.set_tlsext_servername_callback(lambda connection: heard.append(connection.get_servername()))
        met, accepted, reason = go(CLIENTS["unpinned"], service, asked)
    assert (accepted, met.observation.host) == (ASKED[named, asked], asked)
    assert met.observation.path is not None
    if not accepted:
        assert reason.endswith(f"not for {asked}")
    said = {"bücher.example": b"xn--bcher-kva.example", "bank.example..": b"bank.example."}
    said |= dict.fromkeys(("bank.example", "bank.example."), b"bank.example")
    assert heard == [said.get(asked)]  # an address is no server name (RFC 6066 section 3)


# ---- the second opinion ---------------------------------------------------------------------------


def opinion(host: str, chain: Sequence[bytes]) -> Opinion:
    return second_opinion(Observation(host, NOW, tuple(map(read, chain))), WORLD.store)


@pytest.mark.parametrize(("named", "asked"), ASKED, ids=repr)
def test_the_second_validator_tells_names_from_addresses_as_the_first_does(named: str | bytes, asked: str) -> None:
    """It is asked about an address where the host is one, and about a name without its dot."""
    said = opinion(asked, chain_for(named))
    assert said.accepts is (ASKED[named, asked] or (None if asked == "bank.example.." else False)), said.reason


# names in the certificate, as octets of a DNS name -> asked -> what the first validator says, what the second, and why
KNOWN_DIFFERENCES = {
    ("*.example", "bank.example"): (
        False,
        True,
        "service-identity lets no star stand for all below a top-level domain",
    ),
    (b"_x.example", "_x.example"): (True, None, "an underscore is in names of the DNS, and in no host name (RFC 952)"),
    (b"-a.example", "-a.example"): (True, None, "likewise a hyphen at the beginning of a label"),
    ("::1", "::1%lo"): (False, True, "`cryptography` leaves the zone of an IPv6 address out; certificates know none"),
}


@pytest.mark.parametrize(("named", "asked"), KNOWN_DIFFERENCES, ids=repr)
def test_where_the_two_validators_differ_about_a_name(named: str | bytes, asked: str) -> None:
    """Each says otherwise of this one, for a reason that is written down; of another host both say no."""
    first, second, _ = KNOWN_DIFFERENCES[named, asked]
    chain = chain_for(named)
    with serving(chain) as service:
        assert go(CLIENTS["unpinned"], service, asked)[1] is first
        assert opinion(asked, chain).accepts is second
        assert go(CLIENTS["unpinned"], service, "www.bank.example")[1] is False
        assert opinion("www.bank.example", chain).accepts is False


@pytest.mark.parametrize("what", IGNORED)
def test_where_the_second_validator_does_not_look_at_what_cannot_be_read(what: str) -> None:
    """OpenSSL has no use for it, and the second never parses it; the lab's clients refuse what they cannot show."""
    two = WORLD.issuing.issue(HOST, "shop.example", key=SITE.key, logs=())
    leaf, *others = octets(two)
    broken = patched(two.leaf, WORLD.issuing, IGNORED[what])
    with serving([broken, *others]) as service, serving([leaf, *others]) as control:
        met, accepted, reason = go(CLIENTS["unpinned"], service)
        assert (accepted, go(CLIENTS["unpinned"], control)[1]) == (False, True)
        assert reason.endswith("it cannot be read: an extension in it cannot be read")
        assert met.observation.error is not None
        assert met.observation.error.code == CODE  # OpenSSL had no error
    assert opinion(HOST, [broken, *others]) == opinion(HOST, [leaf, *others]) == Opinion(True, "a path was found")


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        " ",
        "my_host.example",
        "bank.example..",
        "*.example",
        "a" * 300,
        "x\0y",
        "::g",
        "127.0.0.1.",
        "\uff11\uff12\uff17.0.0.1",
    ],
)
def test_what_the_second_validator_takes_for_no_host_is_said_and_never_raised(host: str) -> None:
    """It has no opinion of what it takes for no host name; of another name it has one."""
    assert opinion(host, octets(SITE)) == Opinion(None, f"it takes no host name like {host!r}")
    assert opinion("shop.example", octets(SITE)).accepts is False
    assert opinion(HOST, octets(SITE)) == Opinion(True, "a path was found")


@pytest.mark.parametrize("what", UNREADABLE)
def test_the_second_validator_never_accepts_what_cannot_be_read(what: str) -> None:
    """A leaf that breaks rules is refused, or it says that it cannot read it; sent along, it does no harm."""
    leaf = patched(SITE.leaf, WORLD.issuing, UNREADABLE[what][0])
    said = opinion(HOST, [leaf, *octets(SITE)[1:]])
    assert not said.accepts
    assert said.reason.isprintable()
    assert opinion(HOST, [*octets(SITE), leaf]).accepts


def test_a_small_rule_that_the_first_validator_lets_pass_is_refused_by_the_second() -> None:
    """A negative serial number: OpenSSL takes it, and the second opinion is worth having."""
    said = opinion(HOST, [patched(SITE.leaf, WORLD.issuing, NEGATIVE_SERIAL), *octets(SITE)[1:]])
    assert (said.accepts, "serial number cannot be negative" in said.reason) == (False, True)


@pytest.mark.parametrize("scene", ["ordinary_day", "session_resumed"])
def test_every_trace_has_a_second_opinion(scene: str) -> None:
    """It stands in the text and in the JSON, also where there was nothing to ask about."""
    found = trace(CLIENTS["skips-when-resumed"], case(scene))
    record = found.record()["second_opinion"]
    words = "a resumed session shows no certificate" if found.trial.shown.observation.resumed else "a path was found"
    assert record == {"accepts": None if "resumed" in words else True, "reason": words}
    line = next(line for line in text.trace(found).splitlines() if line.startswith("Second opinion"))
    assert line.endswith(("none: a resumed session shows no certificate", "accepts path and host name"))
    assert found.trial.shown.observation.resumed is (scene != "ordinary_day")
