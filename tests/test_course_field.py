"""
The checks of notebook 13: what a program has switched off, and a string for curl.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import urllib.request
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lab.built.programs.program import ProgramCall
from lab.course import field

# ---- calls ----------------------------------------------------------------------------------------


def ask(call: ProgramCall) -> None:
    """Python's own urllib with the scene's trust store: no pins."""
    import ssl

    context = ssl.create_default_context(cafile=str(call.store))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    opener.open(urllib.request.Request(call.url, headers=call.headers), timeout=10).close()


def test_an_outcome_is_measured_at_the_other_side() -> None:
    """An unpinned library is served, stopped nowhere but by validation, and robbed by another trusted CA."""
    scenes = ["new_key", "root_distrusted", "untrusted_rogue_ca", "other_trusted_ca"]
    assert field.outcomes(ask, scenes) == dict(zip(scenes, ["served", "outage", "stopped", "intercepted"], strict=True))


def test_who_never_came_has_refused_nothing() -> None:
    """A call that fails before it reaches the server is an error, and no refusal."""

    def broken(call: ProgramCall) -> None:
        raise KeyError("a slip of the pen")

    with pytest.raises(KeyError, match="slip of the pen"):
        field.outcome(broken, "ordinary_day")


def test_who_refuses_after_the_request_was_not_served() -> None:
    """The genuine server has answered, and the program takes nothing of it: an outage. An attacker has won by then."""

    def late(call: ProgramCall) -> None:
        ask(call)
        raise ValueError("no pin matches")

    assert field.outcomes(late, ["new_key", "other_trusted_ca"]) == {
        "new_key": "outage",
        "other_trusted_ca": "intercepted",
    }


def test_a_connection_that_is_left_open_hides_nothing() -> None:
    """What was read counts at once, and not only when the connection has ended."""
    kept = []

    def leaving(call: ProgramCall) -> None:
        import ssl

        context = ssl.create_default_context(cafile=str(call.store))
        kept.append(http.client.HTTPSConnection("localhost", call.port, context=context))
        kept[-1].request("GET", "/account", headers=call.headers)
        kept[-1].getresponse().read()

    try:
        assert field.outcome(leaving, "other_trusted_ca") == "intercepted"
    finally:
        for one in kept:
            one.close()


def test_the_table_has_a_row_for_each_scene() -> None:
    """Scenes are rows, functions are columns."""
    told = field.table({"urllib": ask, "again": ask}, ["ordinary_day", "forgot_to_renew"]).splitlines()
    assert [line.split() for line in told] == [
        ["urllib", "again"],
        ["ordinary_day", "served", "served"],
        ["forgot_to_renew", "outage", "outage"],
    ]


# ---- what has been switched off -------------------------------------------------------------------

SHOWS = {"root_distrusted": field.PATH, "forgot_to_renew": field.DATES, "reached_by_another_name": field.NAME}


def solution(probe: Any) -> set[str]:
    return {check for scene, check in SHOWS.items() if probe(scene) == "served"}


def test_the_solution_finds_every_missing_check() -> None:
    """Three slips, one for each check, tell all kinds of clients apart."""
    assert field.switched_off(solution).solved


@pytest.mark.parametrize(
    "wrong",
    [
        lambda probe: None,
        lambda probe: set(),
        lambda probe: {"host name"},  # requests, and nobody else
        lambda probe: {"path", "dates", "host name"},
        lambda probe: [field.PATH],
        lambda probe: {"everything"},
        # the renewed certificate tells a certificate pin from a key pin, and not who reads names
        lambda probe: {
            check
            for scene, check in {
                **{k: v for k, v in SHOWS.items() if v != field.NAME},
                "name_left_out": field.NAME,
            }.items()
            if probe(scene) == "served"
        },
        lambda probe: 1 / 0,
    ],
)
def test_other_answers_are_not_yet(wrong: Any) -> None:
    """A fixed answer, nonsense, a crash, and the scene that asks two questions at once are found out."""
    report = field.switched_off(wrong)
    assert (report.solved, str(report)[:9]) == (False, "✗ not yet")


# ---- pins for curl --------------------------------------------------------------------------------


def pin(key: Any) -> str:
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()


def test_the_leaf_and_the_backup_live_through_the_move() -> None:
    """Two pins with a semicolon between them: served before and after, and still closed to a stranger's key."""
    assert field.curl_pins(lambda leaf, backup: f"{pin(leaf.public_key())};{pin(backup)}").solved


def certificate_pin(leaf: x509.Certificate, backup: Any) -> str:
    return "sha256//" + base64.b64encode(hashlib.sha256(leaf.public_bytes(Encoding.DER)).digest()).decode()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda leaf, backup: ...,
        lambda leaf, backup: "",  # curl takes this for a pin that nothing matches
        lambda leaf, backup: pin(leaf.public_key()),
        lambda leaf, backup: pin(backup),
        lambda leaf, backup: f"{pin(leaf.public_key())},{pin(backup)}",
        certificate_pin,
        lambda leaf, backup: leaf.no_such_thing,
    ],
)
def test_other_strings_are_not_yet(wrong: Any) -> None:
    """No string, one pin, a wrong separator, a certificate's hash: each fails on some day."""
    report = field.curl_pins(wrong)
    assert (report.solved, str(report)[:9]) == (False, "✗ not yet")
