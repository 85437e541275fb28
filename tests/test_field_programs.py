"""
Real programs do what their profiles say, in scenes that tell the profiles apart.

The whole field is `python -m lab field`; here each program that is on this
machine goes through seven scenes, and the field itself is tried with a profile
that is wrong and with programs that do nothing.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from programs import here

from lab.building import Anchors, Branching, PathBuilding
from lab.built.field import text
from lab.built.field.explained import EXPLAINED, explanation
from lab.built.field.paths import measured
from lab.built.field.results import Contact, Field, PathsMeasured, ProgramTrial, Taking
from lab.built.field.run import prediction, run_way
from lab.built.programs.every import PROGRAMS
from lab.built.programs.outside import Outside, world_around
from lab.built.programs.program import Program, ProgramCall, Said, one_by_one
from lab.built.programs.ssl_hook import PinError, context_with, pinning
from lab.observation import Outcome
from lab.pki.export import pem
from lab.pki.pins import pin_of
from lab.policy.clients import client
from lab.policy.pinset import Role
from lab.scenes.catalogue import CASES, SLIPS, case
from lab.verbs import main
from lab.wire.service import Service

pytestmark = pytest.mark.field

SCENES = (
    "ordinary_day",
    "other_trusted_ca",
    "new_key",
    "same_key",
    "root_distrusted",
    "name_left_out",
    "forgot_to_renew",
)
NAMES = ("curl", "pycurl", "wget", "openssl", "gnutls-cli", "urllib3", "requests", "aiohttp", "httpx")
WAYS = [(name, profile) for name in NAMES for profile in PROGRAMS[name].ways]


@pytest.fixture(scope="module")
def standing() -> Iterator[list[Outside]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Outside(case(name))) for name in SCENES]


def in_scene(found: list[ProgramTrial], name: str) -> ProgramTrial:
    return next(one for one in found if one.scene == name)


@pytest.mark.parametrize(("name", "profile"), WAYS, ids=[f"{name}-as-{profile}" for name, profile in WAYS])
def test_a_program_does_what_its_profile_predicts(name: str, profile: str, standing: list[Outside]) -> None:
    """Each reached the server in each scene that it could take part in, and did what its profile does there."""
    found = run_way(here(name), profile, standing)
    assert all(one.connected for one in found)
    did = {one.scene: [met.did for met in one.met] for one in found}
    predicted = {one.scene: [met.predicted for met in one.met] for one in found}
    assert did == predicted
    assert {*SCENES} - {*did} <= {"forgot_to_renew"}  # a program that lives today cannot enrol in the past


LATER = ("ordinary_day", "revoked_in_use", "responder_down", "staple_withheld_must_staple", "staple_stuck")
ASKING = [
    *(("curl", "curl-status"), ("pycurl", "curl-status"), ("wget", "wget"), ("wget", "unpinned")),
    *(("gnutls-cli", "gnutls"), ("openssl", "openssl-status"), ("openssl", "openssl-ct"), ("openssl", "openssl-crl")),
]


@pytest.mark.parametrize(("name", "profile"), ASKING, ids=[f"{name}-as-{profile}" for name, profile in ASKING])
def test_a_program_asks_for_the_issuers_later_word_as_its_profile_does(name: str, profile: str) -> None:
    """A staple that says revoked, none, none that was promised, one that has ended; and a list that is at hand."""
    with ExitStack() as stack:
        found = run_way(here(name), profile, [stack.enter_context(Outside(case(one))) for one in LATER])
    assert {one.scene: (one.connected, one.agree) for one in found} == dict.fromkeys(LATER, (True, True))
    blind = {one.scene for one in found if one.shown.did in (Outcome.SERVED, Outcome.INTERCEPTED)}
    assert blind >= {"ordinary_day"}
    assert (blind == {*LATER}) is (profile in ("openssl-status", "openssl-ct"))


def test_s_client_refuses_where_it_has_no_list(standing: list[Outside], tmp_path: Path) -> None:
    """With the issuers' lists beside the anchors it is content; with the anchors alone it has nothing to go by."""
    _, call = call_to(standing, "ordinary_day", tmp_path, first=True)
    said = here("openssl").ways["openssl-crl"]([call, replace(call, lists=None)])
    assert [each.content for each in said] == [True, False]
    assert "unable to get certificate CRL" in said[1].words


# ---- what the field notices ------------------------------------------------------------------------


def test_a_wrong_profile_is_noticed(standing: list[Outside]) -> None:
    """curl pins the leaf key. Predicted as a client that pins the root, it disagrees when the key is new."""
    real = here("curl")
    mistaken = Program("curl", real.install, real.version, {"root-pinned": real.ways["curl"]})
    found = run_way(mistaken, "root-pinned", standing)
    one = in_scene(found, "new_key")
    assert (one.shown.did, one.shown.predicted) == (Outcome.OUTAGE, Outcome.SERVED)
    assert not one.agree
    assert not one.fine
    assert in_scene(found, "ordinary_day").fine


def test_a_program_that_never_calls_refuses_nobody(standing: list[Outside]) -> None:
    """Its refusal of the attacker is what was predicted, and counts for nothing, since it never met him."""
    idle = Program("idle", "", lambda: "1", {"leaf-pinned": one_by_one(lambda call: Said(1, "I stayed in bed"))})
    one = in_scene(run_way(idle, "leaf-pinned", standing), "other_trusted_ca")
    assert one.met[1].did is one.met[1].predicted is Outcome.STOPPED
    assert not one.connected
    assert not one.fine


def test_a_program_that_speaks_no_tls_is_not_served(standing: list[Outside]) -> None:
    """To have connected is not to have talked: the ordinary day is an outage for it, which is reported."""

    def knock(call: ProgramCall) -> Said:
        with (
            socket.create_connection(("127.0.0.1", call.port)) as raw,
            contextlib.suppress(ConnectionResetError),  # the server hangs up without having read it all
        ):
            raw.sendall(call.request)
            while raw.recv(4096):
                pass
        return Said(0)

    rude = Program("rude", "", lambda: "1", {"unpinned": one_by_one(knock)})
    one = in_scene(run_way(rude, "unpinned", standing), "ordinary_day")
    assert one.connected
    assert one.shown.did is Outcome.OUTAGE
    assert not one.fine


def test_a_refusal_after_the_request_is_too_late(standing: list[Outside]) -> None:
    """httpx with a pin that is compared on the response refuses the attacker, who has the secret by then."""
    one = in_scene(run_way(here("httpx"), "httpx-response", standing), "other_trusted_ca")
    assert "PinError" in one.met[1].said.words
    assert one.met[1].did is Outcome.INTERCEPTED


def test_the_same_library_refuses_in_time_where_the_handshake_is_hooked(standing: list[Outside]) -> None:
    """The control: the same pin, compared before the request."""
    one = in_scene(run_way(here("httpx"), "ssl-hook", standing), "other_trusted_ca")
    assert "pinned" in one.met[1].said.words
    assert one.met[1].did is Outcome.STOPPED


# ---- single calls ----------------------------------------------------------------------------------


def call_to(standing: list[Outside], name: str, home: Path, *, first: bool) -> tuple[Outside, ProgramCall]:
    one = next(each for each in standing if each.case.name == name)
    one.turn(one.scene.meetings[-1])
    return one, one.call(home, first=first)


def test_strict_tofu_knows_nobody_before_the_first_use(standing: list[Outside], tmp_path: Path) -> None:
    """The enrolment is what lets it in: gnutls-cli refuses the genuine server with an empty home, and not after."""
    run = here("gnutls-cli").ways["gnutls-tofu"]
    met = []
    for first in (False, True, False):
        one, call = call_to(standing, "ordinary_day", tmp_path, first=first)
        (said,) = run([call])
        met.append((said.code, one.holds(one.scene.meetings[-1], call.secret)))
    assert met == [(1, False), (0, True), (0, True)]


@pytest.mark.parametrize(("role", "passes"), [(Role.LEAF, True), (Role.ROOT, True), (Role.BACKUP, False)])
def test_the_hook_finds_a_pin_anywhere_on_the_path(
    role: Role, passes: bool, standing: list[Outside], tmp_path: Path
) -> None:
    """Leaf or root, it is on the verified path; the backup key is on none."""
    _, call = call_to(standing, "ordinary_day", tmp_path, first=True)
    context = pinning(context_with(call.store), call.site[role])
    with socket.create_connection(("127.0.0.1", call.port)) as raw:
        if passes:
            with context.wrap_socket(raw, server_hostname="localhost") as connection:
                assert connection.version()
        else:
            with pytest.raises(PinError, match="none of the 3 keys"):
                context.wrap_socket(raw, server_hostname="localhost")


def test_the_hook_refuses_where_no_path_was_verified(standing: list[Outside], tmp_path: Path) -> None:
    """OpenSSL gives a chain to a context that verifies nothing, too; a pinned key on that says nothing."""
    _, call = call_to(standing, "ordinary_day", tmp_path, first=True)
    context = pinning(context_with(call.store), call.site[Role.LEAF])
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", call.port)) as raw, pytest.raises(PinError, match="was not verified"):
        context.wrap_socket(raw, server_hostname="localhost")


def test_the_hook_refuses_a_resumed_session(tmp_path: Path) -> None:
    """The full handshake passes; the resumed one brings no certificate, and there is nothing to compare."""
    world = world_around(datetime.now(UTC))
    store = tmp_path / "store.pem"
    store.write_bytes(pem(anchor.certificate for anchor in world.store))
    context = pinning(context_with(store), {pin_of(world.genuine.path[0])})
    with Service(world.genuine, resumable=True) as service:
        with (
            socket.create_connection(service.address) as raw,
            context.wrap_socket(raw, server_hostname="localhost") as first,
        ):
            first.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            while first.recv(4096):
                pass
            session = first.session
        assert session is not None
        with socket.create_connection(service.address) as raw, pytest.raises(PinError, match="none of the 0 keys"):
            context.wrap_socket(raw, server_hostname="localhost", session=session)


# ---- the explanations ------------------------------------------------------------------------------


def test_a_profile_that_no_program_has_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    """A run without a single cell would agree with everything."""
    assert main(["field", "--programs", "curl", "--profiles", "android"]) == 2
    assert "none of curl runs as android" in capsys.readouterr().err


def test_a_program_that_cannot_start_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is there and does not run ends the test, without a traceback."""

    def broken(calls: Sequence[ProgramCall]) -> Sequence[Said]:
        raise OSError("it does not run")

    monkeypatch.setitem(PROGRAMS, "broken", Program("broken", "", lambda: "1", {"unpinned": broken}))
    assert main(["field", "--programs", "broken", "--scenes", "new_key"]) == 2
    assert "it does not run" in capsys.readouterr().err


def test_a_place_for_the_results_is_checked_before_anything_runs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A folder is no file: one sentence, nothing left beside it, and no program was run for nothing."""
    (tmp_path / "out").mkdir()
    assert main(["field", "--programs", "urllib3", "--scenes", "new_key", "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "choose another place with --out" in said.err
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


def test_results_that_cannot_be_written_are_told_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Where the place is gone when the results are there: one sentence, nothing beside it, and the table is there."""
    run = PROGRAMS["urllib3"].ways["unpinned"]

    def in_the_way(calls: Sequence[ProgramCall]) -> Sequence[Said]:
        (tmp_path / "out").mkdir(exist_ok=True)
        return run(calls)

    monkeypatch.setitem(PROGRAMS, "slow", Program("slow", "", lambda: "1", {"unpinned": in_the_way}))
    assert main(["field", "--programs", "slow", "--scenes", "same_key", "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert "1 of 1 scenes as the profile predicts" in said.out
    assert "choose another place" in said.err
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


def test_every_explanation_names_what_there_is() -> None:
    """A row is about a program, its profiles and a scene that exist; it says why, and where that is from."""
    for one in EXPLAINED:
        assert set(one.profiles) <= set(PROGRAMS[one.program].ways)
        assert case(one.scene).name == one.scene
        assert all((one.why, one.source, one.version))
        assert all(client(profile).name == profile for profile in one.profiles)


def test_an_explanation_excuses_its_own_scene_and_profile_only() -> None:
    assert explanation("curl", "unpinned", "ecdsa_to_ml_dsa") is not None
    assert explanation("curl", "unpinned", "new_key") is None
    assert explanation("curl", "curl", "ecdsa_to_ml_dsa") is None
    assert explanation("OkHttp", "curl", "ecdsa_to_ml_dsa") is None


# ---- explanations that are no longer needed --------------------------------------------------------


def test_an_explanation_that_is_not_needed_is_named() -> None:
    """A row for this very version is reported where the two agree after all, and only there."""
    row = next(one for one in EXPLAINED if one.program == "curl")
    said = Said(0)

    def found(did: Outcome, version: str) -> Field:
        met = Contact("now", did, Outcome.SERVED, said, True)
        taking = Taking(Program("curl", "", lambda: version, {}), version)
        return Field([taking], [ProgramTrial("curl", "unpinned", row.scene, (met,))])

    assert found(Outcome.SERVED, row.version).unneeded == [row]
    assert found(Outcome.OUTAGE, row.version).unneeded == []
    assert found(Outcome.SERVED, "99.0").unneeded == []


# ---- how they build paths --------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("requests", "pycurl")])
def test_programs_build_paths_as_is_said(name: str) -> None:
    """Two probes, and both attributes are those that predict the program in every scene; others would be found out."""
    program = here(name)
    (found,) = measured([program])
    assert found.agree, found.record()
    others = PathBuilding(Anchors.ANY if program.building.anchors is Anchors.SELF_SIGNED else Anchors.SELF_SIGNED)
    assert not replace(found, expected=others).agree
    assert not replace(found, expected=replace(program.building, branching=Branching.SEARCHING)).agree


def test_a_profile_builds_as_its_program() -> None:
    """Where a program's profiles build otherwise than it does without a pin, that is written here."""
    rows = [(program.name, row, client(row)) for program in PROGRAMS.values() for row in program.ways]
    other = {row for name, row, one in rows if one.profile and one.building != PROGRAMS[name].building}
    assert other == {"okhttp-leaf", "okhttp-intermediate", "okhttp-root"}  # they have a path of OkHttp's, not of Java's


def test_what_was_not_seen_is_no_answer() -> None:
    """A program that was not served on the ordinary day says nothing of its paths, and a disagreement is told."""
    unseen = PathsMeasured("curl", PathBuilding(Anchors.ANY), None, False)
    assert (unseen.agree, unseen.words) == (False, ("not seen", "first"))
    run = Field([], [], paths=[unseen])
    assert not run.fine
    assert "DISAGREES: it is said to be\n    anchors: any; branching: first" in text.table(run)
    assert run.record()["paths"][0]["expected"] == {"anchors": "any", "branching": "first"}
    assert Field([], [], paths=[replace(unseen, any_anchor=True)]).fine


# ---- what is written for outside programs ----------------------------------------------------------


def test_every_anchor_that_is_written_is_limited() -> None:
    """In every scene: each trust anchor on disk ends within eight days and vouches for reserved names and loopback."""
    soon = datetime.now(UTC) + timedelta(days=8)
    for one in {**CASES, **SLIPS}.values():
        with Outside(one) as standing:
            for meeting in standing.scene.meetings:
                for anchor in x509.load_pem_x509_certificates(standing.store(meeting).read_bytes()):
                    permitted = anchor.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
                    hosts = {name.value for name in permitted or () if isinstance(name, x509.DNSName)}
                    networks = [name.value for name in permitted or () if isinstance(name, x509.IPAddress)]
                    assert hosts == {"example", "test", "invalid", "localhost"}, one.name
                    assert all(network.is_loopback for network in networks)
                    assert networks
                    assert anchor.not_valid_after_utc < soon, one.name
            assert not [file for file in standing.folder.rglob("*") if b"PRIVATE" in file.read_bytes()]


def test_a_prediction_is_made_apart_from_what_is_measured() -> None:
    """The lab's own trial meets the scene's credentials, and leaves no visit where programs are looked for."""
    with Outside(case("other_trusted_ca")) as standing:
        assert prediction(client("unpinned"), standing) == {0: Outcome.SERVED, 1: Outcome.INTERCEPTED}
        assert [len(standing.stage.listener(one).log) for one in standing.scene.meetings] == [0, 0]
        # what does call the port is found there
        here("pycurl").ways["unpinned"]([call := standing.call(standing.folder)])
        assert standing.holds(standing.on, call.secret)
