"""
Profiles: the table of real implementations, written by hand, against the rule and the sockets.

The table says each in terms of a client of the lab, and of the scenes in which
it does otherwise. Whether the programs themselves do so is the field test's to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from conftest import in_this_run
from expectations import ANNOUNCED, COLUMNS, EXPECTED, LEGEND, MODELLED, RUN
from expectations import SLIPS as SLIPPED
from lines import NOW, ask

import lab
from lab.observation import Observation
from lab.pki.authority import authority
from lab.pki.pins import pin_of
from lab.pki.world import HOST
from lab.policy import profiles
from lab.policy.check import Enrolment, Known
from lab.policy.clients import CLIENTS, FURTHER, PROFILES, chosen, client
from lab.policy.pinset import Role, Where
from lab.scenes.catalogue import CASES, SLIPS, Kind, case
from lab.trials.alike import Alike
from lab.trials.matrix import Matrix, matrix
from lab.trials.rehearsal import Rehearsals
from lab.wire.service import Service

# ---- slips -----------------------------------------------------------------------------------------


def test_the_table_names_every_slip() -> None:
    """Each slip has a row."""
    assert set(SLIPS) == set(SLIPPED)


@pytest.fixture(scope="module")
def slips() -> Matrix:
    return matrix([*CLIENTS.values(), *FURTHER.values()], SLIPS.values())


@pytest.mark.parametrize("scene", SLIPPED)
def test_slips_by_hand(scene: str, slips: Matrix) -> None:
    """A slip hurts those who check what it got wrong, and nobody else."""
    assert {name: slips.cell(name, scene).outcome for name in (*CLIENTS, *FURTHER)} == {
        name: EXPECTED[scene][name] for name in (*CLIENTS, *FURTHER)
    }


def test_slips_are_in_no_matrix_unless_asked_for() -> None:
    """The catalogue of attacks and rotations has no slip, but a slip can be named."""
    assert not set(SLIPS) & set(CASES)
    assert {one.kind for one in SLIPS.values()} == {Kind.SLIP}
    assert case("root_distrusted") is SLIPS["root_distrusted"]
    assert not set(lab.cases("all")) & set(lab.cases("slips"))


# ---- profiles --------------------------------------------------------------------------------------


HEARD = ("curl", "curl-insecure", "urllib3", "aiohttp", "dane-3", "android-expired", "gemini")
"""Profiles that learn in different ways, or not at all."""


@pytest.fixture(scope="module")
def real(pytestconfig: pytest.Config) -> Matrix:
    """Every profile in the scenes and slips of this run that repeat no other, over real TLS; with --every in all."""
    here = in_this_run("curl", pytestconfig)
    cases = [one for one in CASES.values() if not one.repeats and one.name in here]
    return matrix(PROFILES.values(), [*cases, *SLIPS.values()])


LATER = [one.name for one in chosen("revocation") if one.profile]
REVOKED = [one for one in CASES.values() if one.build.__module__ == "lab.scenes.revoked"]


@pytest.fixture(scope="module")
def revoked() -> Matrix:
    """Those profiles that ask for the issuer's later word, where it is spoken."""
    return matrix([PROFILES[name] for name in LATER], REVOKED)


@pytest.fixture(scope="module")
def repeated() -> Matrix:
    """Some profiles in the scenes that turn on what was said before."""
    return matrix([PROFILES[name] for name in HEARD], [CASES[name] for name in ANNOUNCED])


def test_the_table_names_every_profile() -> None:
    """Each profile is in the table, and says where it comes from and whether its program is run."""
    assert all(one.profile and one.profile.source and one.profile.pinned for one in PROFILES.values())
    assert {name for name, one in PROFILES.items() if one.profile and one.profile.ran} == set(RUN)
    assert set(PROFILES) == set(RUN) | set(MODELLED)


@pytest.mark.parametrize("name", RUN | MODELLED)
def test_a_profile_is_like_a_client_except_where_said(name: str, real: Matrix) -> None:
    """A profile gives each scene the outcome that was written down: its client's, save for the scenes named."""
    assert {one.name: real.cell(name, one.name).outcome for one in real.cases} == {
        one.name: EXPECTED[one.name][name] for one in real.cases
    }


@pytest.mark.parametrize("scene", ANNOUNCED)
@pytest.mark.sampled(3)
def test_every_meeting_of_a_profile_is_what_was_written_down(scene: str, repeated: Matrix) -> None:
    """Where what was said before counts: meeting by meeting; none of these programs listens."""
    for name in HEARD:
        met = [one.outcome for one in repeated.cell(name, scene).encounters]
        assert met == [LEGEND[letter] for letter in COLUMNS[name][scene]], name


@pytest.mark.parametrize("name", LATER)
def test_the_issuers_later_word_reaches_who_asks(name: str, revoked: Matrix) -> None:
    """Staples, must-staple and lists, by the programs that look at them: as it was written down."""
    assert {one.name: revoked.cell(name, one.name).outcome for one in REVOKED} == {
        one.name: EXPECTED[one.name][name] for one in REVOKED
    }


@pytest.mark.parametrize(("which", "names"), [("real", PROFILES), ("revoked", LATER)])
def test_the_pure_policy_expects_what_the_sockets_did(
    which: str, names: Iterable[str], request: pytest.FixtureRequest, rehearsals: Rehearsals
) -> None:
    """For every profile, in every scene and at every meeting: the pure outcome is that of the connection."""
    whole: Matrix = request.getfixturevalue(which)
    wrong = []
    for name in names:
        for one in whole.cases:
            for number, expected in rehearsals.met(client(name), one).items():
                met = whole.cell(name, one.name).encounters[number]
                if (expected.verdict.accepted, expected.outcome) != (met.verdict.accepted, met.outcome):
                    wrong.append(f"{name} in {one.name}, meeting {number}: {met.verdict.check}: {met.verdict.reason}")
    assert not wrong, "\n".join(wrong)


def test_profiles_are_rows_of_the_clients_table() -> None:
    """A profile is found by its name as any client is, and is in no matrix unless it is asked for."""
    assert client("okhttp-leaf") is PROFILES["okhttp-leaf"]
    assert not set(PROFILES) & set(CLIENTS)
    assert lab.clients("profiles") == list(PROFILES.values())
    with pytest.raises(ValueError, match="nearest: okhttp-leaf"):
        client("okhttp-leef")


# ---- the checks that only they have ----------------------------------------------------------------


def observed(name: str, scene: str, real: Matrix) -> Observation:
    return real.cell(name, scene).shown.observation


def test_pins_expire_on_their_day_and_not_before(real: Matrix) -> None:
    """A pin check with a date refuses up to that day, and is not asked afterwards."""
    day = datetime(2026, 1, 1, tzinfo=UTC)
    check = profiles.until(day, profiles.LEAF_ON_PATH)
    seen = observed("curl", "new_key", real)
    known = real.cell("curl", "new_key").shown.known
    assert not check.find(replace(seen, time=day), known).passed
    assert check.find(replace(seen, time=day + timedelta(seconds=1)), known).passed


def test_an_installed_anchor_overrides_only_where_it_ends_the_path(real: Matrix) -> None:
    """The waiver asks for the fingerprint of the path's own anchor, not for any installed one."""
    check = profiles.unless_installed(profiles.LEAF_ON_PATH)
    seen = observed("curl", "other_trusted_ca", real)
    assert seen.path is not None
    known = Known(site=real.cell("curl", "other_trusted_ca").scene.site)
    assert not check.find(seen, known).passed
    assert not check.find(seen, replace(known, installed=frozenset({"cert-sha256/another"}))).passed
    assert check.find(seen, replace(known, installed=frozenset({seen.path[-1].fingerprint}))).passed


def test_okhttp_stops_at_ten_certificates() -> None:
    """In a real handshake a path of eleven is refused, though its pins match and other clients take it; ten are not."""
    for between, accepted in ((8, True), (9, False)):
        last = root = authority("A Root")
        for number in range(between):
            last = last.intermediate(f"CA {number}")
        site = last.issue(HOST)
        keys = {Role.ROOT: root.certificate, Role.INTERMEDIATE: site.chain[1], Role.LEAF: site.leaf}
        pins = {role: frozenset({pin_of(key)}) for role, key in keys.items()}
        with Service(site) as service:
            for name in ("okhttp-leaf", "okhttp-intermediate", "okhttp-root", "ssl-hook"):
                mind = client(name).mind(Enrolment(HOST, NOW, pins))
                met = ask(service, (root,), mind.decide)
                assert met.observation.path is not None
                assert len(met.observation.path) == between + 2
                content = accepted or name == "ssl-hook"
                assert (name, met.answer is not None) == (name, content)
                said = mind.verdict(met.observation)
                assert content or said.reason == "the path has 11 certificates, and one of at most 10 is wanted"


def test_where_a_root_that_stays_at_home_is_looked_for(real: Matrix) -> None:
    """The root is on the path and was not sent, so it is no CA that the server sent."""
    seen = observed("curl", "ordinary_day", real)
    assert seen.path is not None
    assert Where.CA.of(seen) == seen.path[1:]
    assert Where.SENT_CA.of(seen) == seen.path[1:-1]


# ---- the comparison --------------------------------------------------------------------------------


def test_like_is_put_to_like(real: Matrix) -> None:
    """Programs in one group agree in every scene; two groups disagree in at least one."""
    shown = Alike(real)
    assert sorted(one.name for group in shown.groups for one in group) == sorted(PROFILES)
    groups = {one.name: number for number, group in enumerate(shown.groups) for one in group}
    assert groups["curl"] == groups["okhttp-leaf"] == groups["wget"]
    assert groups["node"] == groups["dane-1"] == groups["ssl-hook"]  # they want a self-signed anchor
    apart = ("curl", "node", "firefox-2", "urllib3", "aiohttp", "gnutls-tofu", "chromium-list")
    assert len({groups[name] for name in apart}) == len(apart)
    columns = [[shown.cell(group, case) for case in shown.scenes] for group in shown.groups]
    assert len({tuple(column) for column in columns}) == len(columns)


def test_the_picture_names_everybody_and_needs_no_colour(real: Matrix) -> None:
    """The comparison, as text and as HTML, has every profile and every scene that tells some apart."""
    from lab.show import profiles as pictures

    shown = Alike(real)
    text = pictures.text(shown)
    page = pictures.html(shown).replace("<wbr/>", "").replace("\u00ad", "")  # where a word may break
    assert [name for name in PROFILES if name not in text or name not in page] == []
    assert [one.name for one in shown.scenes if one.name not in text] == []
    assert max(map(len, text.splitlines())) <= 120
    assert all(f"{word}</td>" in page for word in ("served", "outage", "stopped", "intercepted"))
    # a matrix in which nobody differs has no rows to show
    same = Alike(matrix([client("curl"), client("dane-1")], [case("new_key")]))
    assert (len(same.groups), same.scenes) == (1, [])
    assert "In 1 other scene all" in pictures.text(same)
