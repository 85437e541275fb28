"""
Certificates that a machine orders of Pebble, by the library that certbot is made of: the flow of tests/test_acme.py.

Needs the program (apt-get install pebble) and the packages acme and josepy; skipped with the command otherwise.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID
from programs import alive
from test_acme import (
    ORDERS,
    RECORDS,
    ROWS,
    asked_of,
    comes,
    lives_through_renewals,
    needs_the_proof,
    refuses_what_is_not_proved,
)

from lab.built.acme.habits import ACME_CLIENTS, AcmeClient
from lab.built.acme.pebble import SETTINGS, Pebble, missing
from lab.built.acme.premises import WELL_KNOWN, Premises
from lab.built.acme.world import ordering
from lab.built.field.renewals import listed, renewals
from lab.built.programs.program import every_place, packaged
from lab.built.time.language import SECOND
from lab.observation import Outcome
from lab.pki.authority import LEAF_LIFE, new_key
from lab.pki.caa import Asks, asked_by
from lab.pki.world import HOST
from lab.wire.listener import HOME, running

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"no ACME server; install it with: {missing()}")


@pytest.fixture(scope="module", params=every_place("pebble"), ids=lambda place: packaged("pebble", place))
def pebble(request: pytest.FixtureRequest) -> Iterator[Pebble]:
    """Each that is here: the machine's own, and the newer one that `make sid` fetches."""
    with Premises() as site, Pebble(site, program=request.param) as server:
        yield server


def test_pinned_clients_see_what_a_machine_does(pebble: Pebble) -> None:
    """Orders, renewals, a revocation and what replaces it; the answers are the lab's, with Pebble's keys."""
    lives_through_renewals(pebble)


def test_an_order_is_proved(pebble: Pebble, monkeypatch: pytest.MonkeyPatch) -> None:
    """By HTTP and by DNS; what is not proved is not issued."""
    refuses_what_is_not_proved(pebble)
    needs_the_proof(pebble, monkeypatch)


def test_scenes_that_are_ordered(pebble: Pebble) -> None:
    """The catalogue's renewals and thefts as real orders: a second account has the name from the same intermediate."""
    assert asked_of(pebble) == ROWS


def test_pebble_never_asks_caa(pebble: Pebble) -> None:
    """Records that name another CA, or one account: it issues all the same, and did not look."""
    for which in ("another CA", "the account and the proof"):
        pebble.premises.zone.caa = {HOST: RECORDS[which]}
        try:
            assert "".join(comes(name, ordering(pebble)) for name in ORDERS) == "CCCC"
        finally:
            pebble.premises.zone.caa = {}
    assert not [one for one in pebble.premises.zone.asked if one.startswith("CAA")]


def test_what_it_issues(pebble: Pebble) -> None:
    """For so long as was said, and with neither SCTs nor a place for lists: what the lab has, Pebble has not."""
    account = pebble.account()
    leaf, above = account.order(HOST, key=new_key())
    leaf.verify_directly_issued_by(above)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc + SECOND == LEAF_LIFE  # both ends are in it
    found = {one.oid for one in leaf.extensions}
    assert not found & {ExtensionOID.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS, ExtensionOID.CRL_DISTRIBUTION_POINTS}
    usage = above.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_cert_sign, usage.crl_sign) == (True, False)  # no list of its is one, whoever signs it


def test_where_it_offers_ari_a_revoked_certificate_is_to_be_renewed_at_once(pebble: Pebble) -> None:
    """Pebble of Debian 12 says nothing; a newer one wants a good one renewed before its end, and a revoked one now."""
    account = pebble.account()
    leaf, _ = account.order(HOST, key=new_key())
    good = account.renew_at(leaf)
    account.revoke(leaf, x509.ReasonFlags.superseded)
    bad = account.renew_at(leaf)
    if b"renewalInfo" not in pebble.get(f"{pebble.url}/dir"):
        assert (good, bad) == (None, None)
    else:
        assert good is not None
        assert bad is not None
        assert bad < datetime.now(UTC) < good < leaf.not_valid_after_utc


def test_a_name_that_was_proved_before_may_be_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pebble does so at its pleasure; here always. A name that nobody has proved yet is proved all the same."""
    monkeypatch.setitem(SETTINGS, "PEBBLE_AUTHZREUSE", "100")
    with Premises() as site, Pebble(site) as server:
        account = server.account()
        chains = [account.order(*hosts, key=new_key()) for hosts in ((HOST,), (HOST,), (HOST, "www." + HOST))]
        assert [len(one) for one in chains] == [2, 2, 2]


def test_a_proxy_of_the_environment_is_not_asked(pebble: Pebble, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the user's stands between the lab and its own server."""
    for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert pebble.account().order(HOST, key=new_key())


def test_whoever_has_the_management_port_is_the_ca(pebble: Pebble) -> None:
    """The CA is compromised: its key signs, without an order, what clients take for Pebble's."""
    world = ordering(pebble)
    before = len(pebble.premises.zone.asked)
    rogue = asked_by(world.issuing, Asks.THE_CA).issue(HOST)
    rogue.leaf.verify_directly_issued_by(world.issuing.certificate)
    assert len(pebble.premises.zone.asked) == before


# ---- what is left behind ----------------------------------------------------------------------------


def pebbles(of: psutil.Process) -> list[psutil.Process]:
    return [one for one in of.children(recursive=True) if one.name() == "pebble"]


def test_it_listens_on_loopback_only_and_nothing_outlives_it() -> None:
    """Two ports of its own; its folder is nobody else's, holds no CA's key, and is gone when it ends."""
    me, before = psutil.Process(), running()
    known = pebbles(me)
    with Premises() as site, Pebble(site) as server:
        (mine,) = [one for one in pebbles(me) if one not in known]
        ports = [one.laddr for one in mine.net_connections() if one.status == psutil.CONN_LISTEN]
        assert [one.ip for one in ports] == [HOME] * 2
        managing = max(ports, key=lambda one: str(one.port) in server._managing).port
        assert str(managing) not in server.url
        assert mine.environ().items() >= SETTINGS.items()
        folder = server.trusted.parent
        assert folder.stat().st_mode & 0o077 == 0
        assert (folder / "key.pem").stat().st_mode & 0o077 == 0
        assert str(managing) not in repr(server) + server.account().uri
        vouching = x509.load_pem_x509_certificates((folder / "certificate.pem").read_bytes())[0]
        assert not vouching.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert sorted(one.name for one in folder.iterdir()) == [
            "certificate.pem", "config.json", "key.pem", "output.txt", "trusted.pem",
        ]  # fmt: skip
    assert (alive(mine), folder.exists(), running()) == (False, False, before)
    server.stop()


KILLED = """
import time
from lab.built.acme.pebble import Pebble
from lab.built.acme.premises import WELL_KNOWN, Premises
with Premises() as site, Pebble(site):
    print("up", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no groups of processes")
def test_it_dies_with_the_lab(tmp_path: Path) -> None:
    """Where the lab is killed outright, Pebble is alive, and then not."""
    env = {**os.environ, "TMPDIR": str(tmp_path)}  # the folder stays, as nobody is left to remove it
    with subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, env=env) as lab:
        assert lab.stdout
        assert lab.stdout.readline() == b"up\n"
        begun = psutil.Process(lab.pid).children(recursive=True)
        assert len([one for one in begun if one.name() == "pebble"]) == 1
        lab.kill()
    ends = time.monotonic() + 5
    while any(map(alive, begun)) and time.monotonic() < ends:
        time.sleep(0.01)
    assert not any(map(alive, begun))


# ---- what ACME clients do to pins ---------------------------------------------------------------------


@pytest.mark.parametrize("client", ACME_CLIENTS, ids=lambda one: one.name)
def test_a_leaf_pin_breaks_at_the_first_renewal(client: AcmeClient) -> None:
    """Pins on the CAs hold, and the leaf's where the client is told to keep the key: certificates of real orders."""
    rows = renewals(clients=[client])
    if client.version() is None:
        assert rows == listed([client])
        pytest.skip(str(rows[0].skipped))
    assert all(one.fine and one.version == client.version() for one in rows)
    broken = [(one.way, one.pinned) for one in rows if one.did is not Outcome.SERVED]
    assert (len(rows), broken) == (6, [("by default", "leaf-pinned")])


def test_a_client_that_fails_is_named_with_its_last_words(pebble: Pebble, tmp_path: Path) -> None:
    """One sentence; and what it has put on port 80 is not handed out any more."""
    broken = replace(ACME_CLIENTS[0], commands=lambda *_: [["sh", "-c", "echo no such server >&2; exit 3"]])
    with pytest.raises(ValueError, match=r"^lego ended with 3: no such server; run it by hand to see more$"):
        broken.lived(pebble, HOST)
    idle = replace(broken, commands=lambda *_: [["true"]])
    with pytest.raises(
        ValueError, match=r"^lego ended well, and left no .*bank\.example\.crt; run it by hand to see more$"
    ):
        idle.lived(pebble, HOST)
    (row,) = renewals(clients=[replace(broken, version=lambda: "0")])
    assert (row.fine, row.skipped) == (False, "lego ended with 3: no such server; run it by hand to see more")
    with pebble.premises.hands_out(tmp_path / "web"):
        (tmp_path / "web" / WELL_KNOWN / "token").write_text("proof", "utf-8")
        (tmp_path / "secret").write_text("secret", "utf-8")
        assert pebble.premises.web.get(f"{WELL_KNOWN}token") == b"proof"
        for path in (f"{WELL_KNOWN}other", f"{WELL_KNOWN}../../../secret", "secret"):
            with pytest.raises(ValueError, match="no such page"):
                pebble.premises.web.get(path)
    with pytest.raises(ValueError, match="no such page"):
        pebble.premises.web.get(f"{WELL_KNOWN}token")
