"""
The policy is pure: it decides without a network. (That the sockets decide alike is the matrix's to say.)

Observations are written by hand here; no certificate is made.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType

import pytest

from lab.counting import Stamp
from lab.observation import Certificate, Doubt, Evidence, Lesson, Observation, Piece, Status, ValidationError, Word
from lab.pki.pins import parse_pin
from lab.policy import checks, revocation, transparency
from lab.policy.checks import SOUND, Check, Known, Stage, judge
from lab.policy.clients import CLIENTS
from lab.policy.mind import Mind
from lab.policy.pinset import PinSet, Role
from lab.policy.profiles import KNOWN_UNTIL_EXPIRY

LAB = Path(checks.__file__).parents[1]

# ---- rooms ----------------------------------------------------------------------------------------

BLOCKED = ("socket", "_socket", "ssl", "_ssl", "OpenSSL")

BLOCKER = f"""
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {BLOCKED}:
            raise ImportError(name + " is blocked")

assert not set({BLOCKED}) & set(sys.modules)
sys.meta_path.insert(0, Blocker())
"""


def import_without_network(*modules: str) -> subprocess.CompletedProcess[str]:
    code = BLOCKER + f"import {', '.join(modules)}"
    return subprocess.run([sys.executable, "-c", code], cwd=LAB.parent, capture_output=True, text=True, timeout=30)


def test_the_policy_imports_without_network_and_openssl() -> None:
    """All of lab.policy imports where sockets and OpenSSL cannot be imported."""
    modules = [f"lab.policy.{one.stem}" for one in (LAB / "policy").glob("[a-z]*.py")]
    assert len(modules) >= 3
    done = import_without_network(*modules)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_wire_does_not() -> None:
    """The same blocker stops a room that needs the network, so it does block."""
    done = import_without_network("lab.wire.client")
    assert done.returncode == 1
    assert "is blocked" in done.stderr


ROOMS = {
    "__version__": 0, "naming": 0, "disk": 0, "observation": 0, "building": 0, "word": -1, "counting": -2,
    "pki": 1, "wire": 2, "policy": 3, "scenes": 4,
    "trials": 5, "show": 6, "cli": 7, "built/known": 8, "built/time": 9, "built/apart": 9, "built/incidents": 10,
    "built/fleet": 11, "built/programs": 12, "built/acme": 13, "built/serve": 13, "built/draft": 13, "built/field": 14,
    "built/cast": 15, "built/expectancy": 14, "built/forecast": 15, "built/atlas": 16, "course": 17, "built/bench": 18,
    "verbs": 19, "__main__": 20, "__init__": 20, "built": 20,
}  # fmt: skip


@cache
def imports() -> dict[tuple[str, str], str]:
    """Which room imports which, each with one file that does."""
    found = {}
    for file in LAB.rglob("*.py"):
        room = _room(file.relative_to(LAB).with_suffix("").parts)
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file.name} imports relatively"
                names = [f"{node.module}.{one.name}" for one in node.names]
            for name in names:
                package, _, rest = name.partition(".")
                if package == "lab" and rest:
                    found[room, _room(tuple(rest.split(".")))] = file.name
    return found


def _room(parts: tuple[str, ...]) -> str:
    """The room of a file or of an imported name; what is built on the spine has one room for each folder."""
    return "/".join(parts[:2]) if parts[0] == "built" and parts[1:2] != ("__init__",) else parts[0]


def test_rooms_import_downwards_only() -> None:
    """A room imports only from itself and from rooms with a lower number."""
    found = imports()
    assert ("trials", "wire") in found
    assert [
        f"{file} of {room} imports {other}"
        for (room, other), file in found.items()
        if room != other and ROOMS[other] >= ROOMS[room]
    ] == []


@pytest.mark.parametrize(
    ("room", "never"),
    [("policy", "pki"), ("policy", "wire"), ("scenes", "wire")],
)
def test_rooms_that_know_nothing_of_each_other(room: str, never: str) -> None:
    """The policy knows neither certificates nor sockets, and scenes open no socket."""
    assert (room, never) not in imports()


def storey(room: str) -> int:
    """The spine carries what is built on it, which carries the course; the doors to the house see all of it."""
    if room in ("verbs", "__main__", "__init__"):
        return 3
    return {"built": 1, "course": 2}.get(room.partition("/")[0], 0)


def test_no_storey_leans_on_the_one_above() -> None:
    """The spine imports neither what is built on it nor the course, and what is built imports no course."""
    found = imports()
    assert [
        f"{file} of {room} imports {other}" for (room, other), file in found.items() if storey(room) < storey(other)
    ] == []
    assert {(storey(room), storey(other)) for room, other in found} >= {(1, 0), (2, 0), (2, 1)}


# ---- observations by hand -------------------------------------------------------------------------

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOST = "bank.example"


def certificate(name: str, *, renewed: bool = False) -> Certificate:
    return Certificate(
        name=name,
        issuer="somebody",
        pin=f"sha256/{name}",
        fingerprint=f"cert-sha256/{name}{'/renewed' if renewed else ''}",
        algorithm="ECDSA P-256",
        is_ca=name != "leaf",
        hosts=(HOST,),
        not_before=NOW,
        not_after=NOW,
        der=b"",
    )


LEAF, ISSUING, ROOT = map(certificate, ("leaf", "issuing", "root"))
STRANGER, STRANGE_CA, STRANGE_ROOT = map(certificate, ("stranger", "strange ca", "strange root"))
BACKUP = certificate("backup")

KNOWN = Known(
    MappingProxyType(
        {
            Role.ROOT: frozenset({ROOT.pin}),
            Role.INTERMEDIATE: frozenset({ISSUING.pin}),
            Role.LEAF: frozenset({LEAF.pin}),
            Role.CERTIFICATE: frozenset({LEAF.fingerprint}),
            Role.BACKUP: frozenset({BACKUP.pin}),
        }
    )
)


def saw(*path: Certificate, also_sent: tuple[Certificate, ...] = ()) -> Observation:
    """A full handshake that validated; the server sent all but the root."""
    return Observation(HOST, NOW, (*path[:-1], *also_sent), path)


HONEST = saw(LEAF, ISSUING, ROOT)
RENEWED = saw(certificate("leaf", renewed=True), ISSUING, ROOT)
NEW_KEY = saw(STRANGER, ISSUING, ROOT)
NEW_INTERMEDIATE = saw(STRANGER, STRANGE_CA, ROOT)
OTHER_CA = saw(STRANGER, STRANGE_CA, STRANGE_ROOT)
STUFFED = saw(STRANGER, STRANGE_CA, STRANGE_ROOT, also_sent=(LEAF, ISSUING))
UNTRUSTED = Observation(HOST, NOW, (LEAF,), error=ValidationError(20, 0, "nobody vouches for it"))
NOTHING_SENT = Observation(HOST, NOW, ())
WRONG_NAME = replace(HONEST, name_mismatch="it answers for evil.example")
RESUMED = Observation(HOST, NOW, (LEAF,), resumed=True)


def met(known: Known, *observations: Observation) -> Known:
    """What a client knows that has met these, and remembers keys and certificates."""
    mind = Mind((checks.KNOWN_KEY, checks.KNOWN_CERTIFICATE), known)
    for observation in observations:
        mind.learn(Lesson(observation, True), mind.verdict(observation))
    return mind.known


MET = met(KNOWN, HONEST)


def stapled(status: Status, *doubts: Doubt, claim: Status = Status.GOOD) -> Observation:
    """A staple whose word is this; where there are doubts, with what it claims."""
    claimed = Word(claim, "it says so") if doubts else None
    word = Word(status, "somebody says so", doubts=frozenset(doubts), claim=claimed)
    return replace(HONEST, evidence={Evidence.STAPLE: Piece(b"a response", word=word)})


GOOD, REVOKED = stapled(Status.GOOD), stapled(Status.REVOKED)
UNSTAPLED = replace(HONEST, evidence={Evidence.STAPLE: Piece(None, "the server sent none")})
UNVERIFIED = replace(HONEST, evidence={Evidence.STAPLE: Piece(b"a response")})
ANOTHER_ISSUERS, OLD = (stapled(Status.NO_WORD, one) for one in (Doubt.ISSUER, Doubt.TIME))
OLD_AND_REVOKED = stapled(Status.NO_WORD, Doubt.TIME, claim=Status.REVOKED)
OLD_AND_FORGED = stapled(Status.NO_WORD, Doubt.TIME, Doubt.SIGNER)
NO_GOOD = (REVOKED, UNSTAPLED, UNVERIFIED, OLD_AND_FORGED, HONEST)
PROMISED = replace(HONEST, evidence={Evidence.STAPLE: Piece(None, "the server sent none", promised=True)})
KEPT = replace(HONEST, evidence={Evidence.STAPLE: Piece(b"a response", word=Word(Status.GOOD, "so"), promised=True)})


def listed(leaf: Status, above: Status = Status.GOOD) -> Observation:
    """A list about the leaf whose word is this, and one about the intermediate."""
    said, other = Word(leaf, "the list says so"), Word(above, "its list says so")
    return replace(HONEST, evidence={Evidence.LIST: Piece(b"a list", word=said, above=(other,))})


LISTED, NO_LIST = listed(Status.GOOD), replace(HONEST, evidence={Evidence.LIST: Piece(None, "none came")})


def logged(*stamps: Stamp, value: bytes | None = b"SCTs", on: Observation = HONEST) -> Observation:
    """What came as SCTs, and which of them hold."""
    return replace(on, evidence={Evidence.SCTS: Piece(value, "" if value else "there is none", stamps=stamps)})


def proven(status: Status, *doubts: Doubt, on: Observation = HONEST) -> Observation:
    """A proof of inclusion whose word is this."""
    (piece,) = stapled(status, *doubts).evidence.values()
    return replace(on, evidence={Evidence.INCLUSION: piece})


ONE, SAME, TWO = (Stamp(f"log {number}", who, NOW) for number, who in enumerate(("one", "one", "two")))
ENOUGH, NO_SCTS, UNVERIFIED_SCTS = logged(ONE, TWO), logged(value=None), logged()
TOO_FEW = (logged(ONE), logged(ONE, SAME), logged(ONE, ONE), UNVERIFIED_SCTS, NO_SCTS, HONEST)
UNWITNESSED = proven(Status.NO_WORD, Doubt.SIGNER)
UNPROVEN = (proven(Status.NO_WORD, Doubt.SIGNER, Doubt.CONTENT), proven(Status.NO_WORD), HONEST, NO_SCTS)
INSTALLED = replace(KNOWN, installed=frozenset({STRANGE_ROOT.fingerprint}))
BY_INSTALLED = (logged(value=None, on=OTHER_CA), OTHER_CA)


def by(kind: Evidence, *observations: Observation, above: Status | None = None) -> tuple[Observation, ...]:
    """The same words by another kind of evidence; and where `above` is given, one on the intermediate as well."""
    words = (Word(above, "somebody says so"),) if above else ()
    pieces = [one.evidence.get(Evidence.STAPLE, Piece()) for one in observations]
    return tuple(replace(HONEST, evidence={kind: replace(one, above=words)}) for one in pieces)


def whole(kind: Evidence, *observations: Observation) -> tuple[Observation, ...]:
    """Words on the leaf, each with a good one on the intermediate."""
    return by(kind, *observations, above=Status.GOOD)


def above(kind: Evidence, status: Status) -> Observation:
    """A good word on the leaf, and this one on the intermediate."""
    return by(kind, GOOD, above=status)[0]


UNHEARD = (UNSTAPLED, UNVERIFIED, OLD, OLD_AND_REVOKED, OLD_AND_FORGED, ANOTHER_ISSUERS)
ANSWER, LIST = Evidence.ANSWER, Evidence.LIST


def lasting(seconds: int) -> Observation:
    """A certificate whose ends are so far apart."""
    return saw(replace(LEAF, not_after=NOW + timedelta(seconds=seconds)), ISSUING, ROOT)


# check -> what the client knows, observations that pass, observations that are refused
TABLE: dict[Check, tuple[Known, tuple[Observation, ...], tuple[Observation, ...]]] = {
    checks.VALIDATION: (KNOWN, (HONEST, OTHER_CA, WRONG_NAME, RESUMED), (UNTRUSTED, NOTHING_SENT)),
    checks.HOST_NAME: (KNOWN, (HONEST, OTHER_CA), (WRONG_NAME,)),
    checks.ROOT_PIN: (KNOWN, (HONEST, NEW_INTERMEDIATE), (OTHER_CA, STUFFED, UNTRUSTED)),
    checks.INTERMEDIATE_PIN: (KNOWN, (HONEST, NEW_KEY), (NEW_INTERMEDIATE, STUFFED, UNTRUSTED)),
    checks.LEAF_PIN: (KNOWN, (HONEST, RENEWED), (NEW_KEY, STUFFED, UNTRUSTED)),
    checks.CERTIFICATE_PIN: (KNOWN, (HONEST,), (RENEWED, STUFFED, UNTRUSTED)),
    checks.LEAF_OR_BACKUP_PIN: (KNOWN, (HONEST, saw(BACKUP, ISSUING, ROOT)), (NEW_KEY, STUFFED)),
    checks.ANY_OF_CHAIN_PIN: (KNOWN, (HONEST, NEW_INTERMEDIATE), (OTHER_CA, STUFFED)),
    checks.LEAF_AND_CA_PINS: (
        KNOWN,
        (HONEST, saw(LEAF, STRANGE_CA, ROOT)),
        (NEW_KEY, saw(LEAF, STRANGE_CA, STRANGE_ROOT), STUFFED),
    ),
    checks.KNOWN_KEY: (MET, (HONEST, RENEWED), (NEW_KEY, OTHER_CA, NOTHING_SENT, RESUMED)),
    checks.KNOWN_CERTIFICATE: (MET, (HONEST,), (RENEWED, OTHER_CA, NOTHING_SENT, RESUMED)),
    # the careless ones pass what they should not
    checks.PRESENTED_CHAIN_PIN: (KNOWN, (HONEST, STUFFED), (OTHER_CA,)),
    checks.LATE_LEAF_PIN: (KNOWN, (HONEST, RENEWED), (NEW_KEY, STUFFED)),
    checks.FULL_HANDSHAKE_LEAF_PIN: (KNOWN, (HONEST, RESUMED), (NEW_KEY, STUFFED)),
    # what nobody may believe is no word, whatever it claims: soft goes on, hard refuses
    revocation.HEEDS: (KNOWN, (GOOD, UNSTAPLED, UNVERIFIED, OLD_AND_REVOKED, OLD_AND_FORGED, HONEST), (REVOKED,)),
    revocation.HONOURS: (KNOWN, (GOOD, UNSTAPLED, UNVERIFIED, OLD_AND_FORGED, KEPT, HONEST), (REVOKED, PROMISED)),
    revocation.BAD_REFUSED: (
        KNOWN,
        (GOOD, UNSTAPLED, ANOTHER_ISSUERS, KEPT, HONEST),
        (REVOKED, PROMISED, UNVERIFIED, OLD, OLD_AND_FORGED),
    ),
    revocation.PRINTED: (KNOWN, (GOOD, REVOKED, PROMISED, OLD_AND_FORGED), ()),
    revocation.PRINTED_SCTS: (KNOWN, (GOOD, HONEST), ()),
    # the leaf's list says nothing of the intermediate; no list is no good word
    revocation.LEAF_LIST: (KNOWN, (LISTED, listed(Status.GOOD, Status.REVOKED)), (listed(Status.REVOKED), NO_LIST)),
    revocation.LIST_HARD: (
        KNOWN,
        (LISTED,),
        (listed(Status.REVOKED), NO_LIST, *(listed(Status.GOOD, one) for one in (Status.REVOKED, Status.NO_WORD))),
    ),
    revocation.REQUIRES: (KNOWN, (GOOD,), (*NO_GOOD, ANOTHER_ISSUERS, OLD, OLD_AND_REVOKED)),
    revocation.NO_ISSUER: (KNOWN, (GOOD, ANOTHER_ISSUERS), (*NO_GOOD, OLD, OLD_AND_REVOKED)),
    revocation.NO_CLOCK: (KNOWN, (GOOD, OLD), (*NO_GOOD, ANOTHER_ISSUERS, OLD_AND_REVOKED)),
    # nothing is asked of an installed anchor, but by who asks it of all
    transparency.COUNTS: (INSTALLED, (ENOUGH, *BY_INSTALLED), TOO_FEW),
    transparency.COUNTS_ALL: (INSTALLED, (ENOUGH,), (*TOO_FEW, *BY_INSTALLED, NOTHING_SENT)),
    transparency.TAKES: (INSTALLED, (ENOUGH, UNVERIFIED_SCTS, *BY_INSTALLED), (NO_SCTS, HONEST)),
    transparency.WITNESSED: (INSTALLED, (proven(Status.GOOD), *BY_INSTALLED), (UNWITNESSED, *UNPROVEN)),
    transparency.NO_WITNESS: (INSTALLED, (proven(Status.GOOD), UNWITNESSED, *BY_INSTALLED), UNPROVEN),
    revocation.PUSHED: (KNOWN, by(Evidence.PUSHED, GOOD, *UNHEARD), by(Evidence.PUSHED, REVOKED)),
    # whoever asks about the whole path hears of the intermediate, and who asks about the leaf does not
    **{
        check: (KNOWN, (*whole(kind, GOOD, *UNHEARD), above(kind, Status.NO_WORD)), (above(kind, Status.REVOKED),))
        for kind, check in ((ANSWER, revocation.ANSWER_SOFT), (LIST, revocation.LIST_SOFT))
    },
    **{
        check: (
            KNOWN,
            whole(kind, GOOD),
            (*whole(kind, REVOKED, *UNHEARD), above(kind, Status.NO_WORD), above(kind, Status.REVOKED)),
        )
        for kind, check in ((ANSWER, revocation.ANSWER_HARD), (LIST, revocation.LIST_HARD))
    },
    revocation.LEAF_LIST: (KNOWN, (*by(LIST, GOOD), above(LIST, Status.REVOKED)), by(LIST, REVOKED, *UNHEARD)),
    revocation.ANY_ISSUER: (KNOWN, whole(ANSWER, GOOD, ANOTHER_ISSUERS), whole(ANSWER, *NO_GOOD, OLD)),
    revocation.ANY_AGE: (KNOWN, whole(LIST, GOOD, OLD), whole(LIST, *NO_GOOD, ANOTHER_ISSUERS, OLD_AND_REVOKED)),
    # both ends are in a certificate's life: one second less than a week apart is a week
    revocation.SHORT_LIFE: (KNOWN, (lasting(0), lasting(604_799)), (lasting(604_800), NOTHING_SENT)),
    revocation.CHECKS_NOTHING: (KNOWN, (*by(LIST, REVOKED), HONEST), ()),
}


def test_no_check_is_left_out() -> None:
    """The table above has every check of the policy."""
    found = {**vars(checks), **vars(revocation), **vars(transparency)}
    assert {one for one in found.values() if isinstance(one, Check)} == set(TABLE)


@pytest.mark.parametrize("check", TABLE, ids=str)
def test_each_check_passes_and_refuses(check: Check) -> None:
    """Each check passes what it should and refuses what it should, and says why in a sentence."""
    known, passing, refused = TABLE[check]
    for observation in passing:
        found = check.find(observation, known)
        assert (check.name, True) == (found.check, found.passed), found.reason
        assert found.reason
    for observation in refused:
        found = check.find(observation, known)
        assert (check.name, False) == (found.check, found.passed), found.reason
        assert found.reason


@pytest.mark.parametrize("check", [one for one in SOUND if one.pin_set or one.remembers], ids=str)
def test_a_resumed_session_is_refused_by_every_sound_pin(check: Check) -> None:
    """A resumed session has no path, so whoever compares keys refuses it, on first use too."""
    for known in (KNOWN, MET):
        assert not check.find(RESUMED, known).passed
    assert check.find(HONEST, MET).passed


def test_the_careless_client_accepts_a_resumed_session() -> None:
    """A check that runs only when a certificate arrives does not run on a resumed session."""
    assert checks.FULL_HANDSHAKE_LEAF_PIN.find(RESUMED, KNOWN).passed


def test_an_observation_has_a_path_or_an_error() -> None:
    """No observation has both a path and an error, and none that was resumed has a path."""
    with pytest.raises(ValueError, match="never both"):
        replace(HONEST, error=ValidationError(10, 0, "it has expired"))
    with pytest.raises(ValueError, match="resumed session validates nothing"):
        replace(HONEST, resumed=True)
    assert replace(HONEST, evidence={Evidence.STAPLE: Piece(b"a staple")}).path == HONEST.path


def test_the_first_refusal_decides() -> None:
    """Checks are asked in order; the first that refuses ends the list and is the deciding one."""
    policy = (checks.VALIDATION, checks.LEAF_PIN, checks.ROOT_PIN)
    verdict = judge(policy, OTHER_CA, KNOWN)
    assert (verdict.accepted, verdict.check) == (False, "leaf pin")
    assert [(found.check, found.passed) for found in verdict.findings] == [
        ("path validation", True),
        ("leaf pin", False),
    ]
    assert (judge(policy, HONEST, KNOWN).accepted, judge(policy, HONEST, KNOWN).check) == (True, "root pin")


def test_an_empty_policy_accepts_everything() -> None:
    """A client that asks nothing accepts, even what no CA vouches for."""
    for observation in (HONEST, UNTRUSTED, NOTHING_SENT, RESUMED):
        assert (judge((), observation, KNOWN).accepted, judge((), observation, KNOWN).check) == (
            True,
            "no check",
        )


def test_first_use_passes_and_is_remembered() -> None:
    """The first meeting passes whoever is there; what was met stays remembered when another comes."""
    assert checks.KNOWN_KEY.find(OTHER_CA, KNOWN).passed
    fooled = met(KNOWN, OTHER_CA)
    assert not checks.KNOWN_KEY.find(HONEST, fooled).passed
    assert met(fooled, HONEST) == fooled
    assert met(KNOWN, NOTHING_SENT) == KNOWN


def test_a_memory_is_replaced_when_it_has_lapsed() -> None:
    """What was met stays until its certificate has expired; whoever is met after that takes its place."""

    def after(*observations: Observation) -> tuple[bool, Known]:
        mind = Mind((KNOWN_UNTIL_EXPIRY,))
        for observation in observations:
            verdict = mind.verdict(observation)
            mind.learn(Lesson(observation, verdict.accepted), verdict)
        return verdict.accepted, mind.known

    last_second = replace(OTHER_CA, time=LEAF.not_after)
    later = replace(OTHER_CA, time=LEAF.not_after + timedelta(seconds=1))
    _, known = after(HONEST)
    assert after(HONEST, last_second) == (False, known)
    accepted, replaced = after(HONEST, later)
    assert accepted
    assert [record.pin for record in replaced.memory.records] == [STRANGER.fingerprint]
    # whoever took the place is what is compared with from now on; its own certificate has expired as well
    assert KNOWN_UNTIL_EXPIRY.find(later, replaced).passed


def test_literal_pins_match_like_roles() -> None:
    """A pin may be written out instead of naming a role; a stranger's pin matches nothing."""
    written = checks.pinned("written out", PinSet.any_of(ISSUING.pin))
    strange = checks.pinned("a stranger's", PinSet.any_of("sha256/nobody"))
    assert written.find(HONEST, Known()).passed
    assert not strange.find(HONEST, Known()).passed


def test_late_checks_are_not_asked_inside_the_handshake() -> None:
    """The late client's handshake asks validation and the name only; its pin comes after the request."""
    late = CLIENTS["checks-too-late"]
    assert late.at(Stage.HANDSHAKE) == (checks.VALIDATION, checks.HOST_NAME)
    assert late.at(Stage.AFTER_REQUEST) == (checks.LATE_LEAF_PIN,)
    assert CLIENTS["leaf-pinned"].at(Stage.AFTER_REQUEST) == ()


def test_a_pin_whose_base_64_begins_with_a_slash_is_one() -> None:
    """One pin in sixty-four does; in curl's form and in ours its first octet is kept, and 43 characters are no pin."""
    ours = "sha256//" + "A" * 42 + "="
    assert parse_pin(ours) == parse_pin("sha256//" + ours.removeprefix("sha256/")) == ours
    assert parse_pin("sha256//" + "A" * 43 + "=") == "sha256/" + "A" * 43 + "="
    with pytest.raises(ValueError, match="is no pin"):
        parse_pin("sha256/" + "A" * 42 + "=")
