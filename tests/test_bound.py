"""
What the server can refuse: whose request it takes, and what an attacker has in hand who cannot pass it on.

Two facts of a meeting, measured apart: who read the secret, and whether the genuine server took the request as the
client's own.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from expectations import relayed_letters
from OpenSSL import SSL

from lab.built.programs.outside import Outside
from lab.observation import Outcome, Proof
from lab.pki.admission import LIFE, Admission, Card
from lab.pki.says import Says
from lab.pki.world import HOST, World
from lab.policy.checks import ORDINARY
from lab.policy.clients import chosen, client, every
from lab.policy.mind import Mind
from lab.scenes.catalogue import APART, CASES, Meeting, attacked, case, honest, twin_of, usually
from lab.scenes.catalogue import chosen as scenes_chosen
from lab.show import text
from lab.trials.engine import Encounter, meet
from lab.trials.flip import sentence
from lab.trials.rehearsal import Rehearsals, observe, rehearse
from lab.trials.standing import Ground, Standing
from lab.trials.trial import run, trial
from lab.wire import tls
from lab.wire.binding import HEADER, Doorkeeper
from lab.wire.client import Habits, account_request, connect
from lab.wire.listener import running

# ---- relayed in your name -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "scene", "relayed"),
    [
        ("unpinned", "other_trusted_ca", [False, True]),
        ("leaf-pinned", "other_trusted_ca", [False, False]),
        ("unpinned", "certificate_without_its_key", [False, False]),
        # an attacker who plays the bank himself has the secret, and the bank has nothing; the next one relays
        ("unpinned", "hostile_pins", [False, False, False, False]),
        ("unpinned", "thief_announces", [False, False, False, False, True]),
        ("unpinned", "company_proxy", [False, False]),
    ],
)
def test_what_was_relayed_is_said_by_the_genuine_servers_log(name: str, scene: str, relayed: list[bool]) -> None:
    """True where an attacker read the request and carried it on; the record and the text say so."""
    done = trial(client(name), case(scene))
    assert [one.aftermath.relayed for one in done.encounters] == relayed
    assert [one["relayed_in_your_name"] for one in json.loads(json.dumps(done.record()))["meetings"]] == relayed
    assert text.trial(done).count("to the server, in your name") == relayed.count(True)
    robbed = [one.outcome is Outcome.INTERCEPTED for one in done.encounters]
    assert all(it for it, was in zip(robbed, relayed, strict=True) if was)
    assert any(robbed) or not any(relayed)


# ---- a server that knows its clients --------------------------------------------------------------

NAMES = ("client-certificate", "bound-token", "unpinned", "leaf-pinned", "trust-everything")
# Meeting by meeting: S served, B outage, o stopped, X intercepted, R intercepted and relayed in the client's name.
ROWS = {
    "known_client":                     "SS SS BB BB BB",
    # the very certificate; the thief reads what each sends, and the bank takes nothing from him
    "known_client_robbed":              "SX SX BX BX BX",
    "known_client_behind_proxy":        "SB SB BB BB BB",
    "known_client_by_installed_ca":     "SX SX BX Bo BX",
    # the certificate has expired, the shared key has not; then the service has lost both
    "known_client_forgotten":           "SBB SSB BBB BBB BBB",
    # the same attacks on a server that asks nothing, and what it costs there
    "stolen_key_and_certificate":       "SR SR SR SR SR",
    "installed_ca":                     "SR SR SR So SR",
    "company_proxy":                    "SS SS SS SB SS",
}  # fmt: skip


@pytest.mark.parametrize("scene", ROWS)
@pytest.mark.sampled(2)
def test_who_is_served_robbed_and_impersonated(scene: str) -> None:
    """The rows above are what the sockets do, what the pure half expects, and what a search for repairs is told."""
    with Standing(case(scene)) as standing:
        lived = [run(client(name), standing).encounters for name in NAMES]
        watched = [observe(standing, client(name)) for name in NAMES]
    assert [relayed_letters((one.outcome, one.aftermath.relayed) for one in met if one.outcome) for met in lived] == (
        ROWS[scene].split()
    )
    imagined = [rehearse(client(name), seen).values() for name, seen in zip(NAMES, watched, strict=True)]
    assert [relayed_letters((one.outcome, one.relayed) for one in met) for met in imagined] == ROWS[scene].split()
    for name, met in zip(NAMES, lived, strict=True):
        outcomes = Rehearsals([case("ordinary_day")]).outcomes(client(name), case(scene))
        assert [*outcomes.values()] == [one.outcome for one in met]


def test_every_scene_apart_has_its_row_and_none_is_in_a_usual_table() -> None:
    """The group names them; nobody else does."""
    assert {one.name for one in scenes_chosen("bound")} == {*ROWS} - {*CASES}
    assert not {*APART["bound"]} & {one.name for one in (*usually(every()), *scenes_chosen("all,slips"))}
    assert [one.name for one in chosen("bound")] == [*NAMES[:2]]
    pairs = {one.name: one.twin for one in APART["bound"].values() if one.twin}
    for attack, rotation in pairs.items():
        assert (case(attack).reach, twin_of(case(rotation))) == (case(rotation).reach, case(attack))


@pytest.mark.parametrize("scene", ["known_client", "stripped"])
def test_no_outside_program_is_asked_about_what_no_path_decides(scene: str) -> None:
    """`serve` and `field` say so before anything stands; a scene that a certificate decides is served."""
    with pytest.raises(ValueError, match=f"^{scene} turns on more than what a server presents"):
        Outside(case(scene))
    assert running() == []
    with Outside(case("new_key")) as outside:
        assert outside.port


def test_a_late_server_says_why() -> None:
    """Where the client was content and the server was not, the text has the server's word; no check would help."""
    done = trial(client("unpinned"), case("known_client"))
    assert "answer     the bank does not know this client" in text.trial(done)
    assert sentence(None, done) == "no check of this lab: it is the server that refuses"


VERSIONS = pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION], ids=["TLS 1.2", "TLS 1.3"])
CERTIFICATE, TOKEN = Proof


def talked(meeting: Meeting, version: int, *shows: Proof) -> Encounter:
    """One meeting of a client that asks the CAs and shows these, with nothing above this version of TLS."""
    with Ground(HOST) as ground:
        ground.context(meeting).set_max_proto_version(version)
        return meet(ground, meeting, Mind(ORDINARY, shows=frozenset(shows)))()


@VERSIONS
@pytest.mark.parametrize("wants", [CERTIFICATE, TOKEN])
def test_each_proof_alone_in_both_versions(wants: Proof, version: int) -> None:
    """Its owner is served, a stranger is not; the thief reads the request of both and passes on neither."""
    world = World()
    there = replace(honest(world), says=Says(admits=Admission.begun(world.now, wants)))
    thief = attacked(world, world.genuine, behind=there)
    bound_below = wants is TOKEN and version == SSL.TLS1_2_VERSION  # there is no exporter to bind it to
    direct = [talked(there, version, *shows) for shows in ([wants], [], {*Proof} - {wants})]
    robbed = talked(thief, version, wants)
    free = talked(replace(thief, behind=honest(world)), version, wants)
    served = Outcome.OUTAGE if bound_below else Outcome.SERVED
    assert [one.outcome for one in direct] == [served, Outcome.OUTAGE, Outcome.OUTAGE]
    assert [(one.outcome, one.aftermath.relayed) for one in (robbed, free)] == [
        (Outcome.INTERCEPTED, False), (Outcome.INTERCEPTED, True),
    ]  # fmt: skip


def test_a_token_is_for_one_connection_and_one_key() -> None:
    """What a client sent before, another client's token and a token of another key are refused; its own is taken."""
    world = World()
    admits = Admission.begun(world.now, TOKEN)
    there, secret = replace(honest(world), says=Says(admits=admits)), "a secret"
    context = tls.client_context([one.certificate for one in world.store], world.now)

    def asks(card: Card | None, *headers: tuple[bytes, bytes]) -> int:
        request = account_request(HOST, secret)
        request = replace(request, headers=[*request.headers, *headers])
        habits = Habits(card=card)
        done = connect(server.address, HOST, context, lambda _: True, time=world.now, request=request, habits=habits)
        return done.answer.status if done.answer else 0

    with Ground(world.host) as ground:
        server = ground.listener(there)
        assert isinstance(server, Doorkeeper)
        mine, other = admits.given(frozenset({TOKEN})), Admission.begun(world.now).given(frozenset({TOKEN}))
        assert (asks(None), asks(other), server.took(secret)) == (403, 403, False)
        assert (asks(mine), server.took(secret)) == (200, True)
        (sent,) = [value for visit in server.log for one in visit.requests for name, value in one.headers
                   if name == HEADER and len(visit.requests) == 1][-1:]  # fmt: skip
        assert asks(None, (HEADER, sent)) == 403


@VERSIONS
def test_a_certificate_that_is_not_good_is_refused_by_tls(version: int) -> None:
    """Expired, of another CA, or none: the handshake or the first answer fails, and the log has no request."""
    world = World()
    admits = Admission.begun(world.now, CERTIFICATE)
    for changed in (admits.on(world.now + LIFE * 2), admits.forgetful(world.now)):
        there = replace(honest(world), says=Says(admits=changed))
        met = talked(there, version, CERTIFICATE)
        assert (met.outcome, met.aftermath.view.requests) == (Outcome.OUTAGE, ())
        assert not changed.takes(frozenset({CERTIFICATE}))
    assert admits.takes(frozenset({CERTIFICATE}))
