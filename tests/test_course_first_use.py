"""The checks of notebook 05: the solutions pass, and whatever only looks like one does not."""

from __future__ import annotations

from typing import Any

import pytest

from lab.course import first_use
from lab.course.first_use import Diary
from lab.observation import Certificate, Outcome
from lab.pki.pins import seen
from lab.pki.world import World
from lab.policy.clients import CLIENTS, Client
from lab.scenes.catalogue import case
from lab.trials.trial import trial

Store = dict[str, str]


def decides(store: Store, host: str, leaf: Certificate) -> str:
    name = host.lower()
    if name not in store:
        store[name] = leaf.pin
        return "first use"
    return "same key" if store[name] == leaf.pin else "changed key"


def accuses(log: Diary) -> Any:
    strangers = [number for number, key in enumerate(log.keys, start=1) if key not in log.confirmed]
    return strangers if log.complete or not strangers else "cannot tell"


# ---- wrong memories ------------------------------------------------------------------------------


def overwrites(store: Store, host: str, leaf: Certificate) -> str:
    before, store[host.lower()] = store.get(host.lower()), leaf.pin
    return "first use" if before is None else "same key" if before == leaf.pin else "changed key"


def remembers_certificates(store: Store, host: str, leaf: Certificate) -> str:
    if host.lower() not in store:
        store[host.lower()] = leaf.fingerprint
        return "first use"
    return "same key" if store[host.lower()] == leaf.fingerprint else "changed key"


def welcomes_after_an_alarm(store: Store, host: str, leaf: Certificate) -> str:
    said = decides(store, host, leaf)
    if leaf.pin in store:
        return "same key"
    store[leaf.pin] = ""
    return said


def one_memory_for_all_hosts(store: Store, host: str, leaf: Certificate) -> str:
    return decides(store, "anywhere", leaf)


def minds_capitals(store: Store, host: str, leaf: Certificate) -> str:
    if host not in store:
        store[host] = leaf.pin
        return "first use"
    return "same key" if store[host] == leaf.pin else "changed key"


def knows_what_was_shown(store: Store, host: str, leaf: Certificate) -> str:
    """A look-up table of the three meetings that stand in the notebook."""
    store["met"] = store.get("met", "") + "."
    return {".": "first use", "..": "same key", "...": "changed key"}.get(store["met"], "same key")


@pytest.mark.parametrize("_", range(5))
def test_a_right_memory_passes_every_time(_: int) -> None:
    assert first_use.memory(decides).solved


@pytest.mark.parametrize(
    "wrong",
    [
        lambda store, host, leaf: "first use",
        lambda store, host, leaf: ...,
        overwrites,
        welcomes_after_an_alarm,
        remembers_certificates,
        one_memory_for_all_hosts,
        minds_capitals,
        knows_what_was_shown,
    ],
)
def test_a_wrong_memory_does_not(wrong: Any) -> None:
    report = first_use.memory(wrong)
    assert str(report).startswith("✗ not yet")


# ---- accusations ---------------------------------------------------------------------------------


@pytest.mark.parametrize("_", range(3))
def test_an_accusation_that_the_log_proves_passes_every_time(_: int) -> None:
    assert first_use.accusation(accuses).solved


@pytest.mark.parametrize(
    "wrong",
    [
        lambda log: [number for number, key in enumerate(log.keys, start=1) if key != log.keys[0]],
        lambda log: "cannot tell",
        lambda log: [],
        # a list of own keys that may have gaps accuses nobody
        lambda log: [n for n, key in enumerate(log.keys, 1) if key not in log.confirmed] if log.confirmed else "?",
        # a look-up table of the logs in the notebook
        lambda log: {("red key", "blue key"): "cannot tell"}.get(log.keys, "cannot tell"),
    ],
)
def test_a_wrong_accusation_does_not(wrong: Any) -> None:
    assert str(first_use.accusation(wrong)).startswith("✗ not yet")


def test_an_accusation_may_be_a_tuple_or_a_set() -> None:
    """How the numbers are collected is not what is judged."""

    def as_set(log: Diary) -> Any:
        right = accuses(log)
        return set(right) if isinstance(right, list) else right

    assert first_use.accusation(as_set).solved


@pytest.mark.parametrize("check", [first_use.memory, first_use.accusation])
@pytest.mark.parametrize("nonsense", [lambda *given: 1 / 0, lambda *given: object(), lambda: None, lambda *given: {}])
def test_whatever_a_candidate_does_is_reported_and_not_raised(check: Any, nonsense: Any) -> None:
    assert not check(nonsense).solved


def test_a_report_never_holds_the_answer() -> None:
    said = str(first_use.memory(lambda store, host, leaf: None)) + str(first_use.accusation(lambda log: None))
    assert [word for word in ("first use", "same key", "changed key", "cannot tell") if word in said] == []


# ---- what the notebook plays with ----------------------------------------------------------------


def test_the_notebooks_one_line_behaves_as_the_labs_own_client() -> None:
    """In every scene that the notebook shows, the learner's policy has the outcomes of first-use-key."""
    yours = first_use.client(lambda store, host, pin: store.setdefault(host, pin) == pin)
    assert outcomes("first_contact", yours) == [Outcome.INTERCEPTED, Outcome.OUTAGE]
    for scene in ("same_key", "new_key", "two_servers", "same_intermediate"):
        assert outcomes(scene, CLIENTS["first-use-key"]) == outcomes(scene, yours)


def outcomes(scene: str, client: Client) -> list[Outcome | None]:
    return [met.outcome for met in trial(client, case(scene)).encounters]


def test_a_memory_is_not_written_inside_the_handshake() -> None:
    """What a function writes into the copy that it is given is lost: only a finished handshake is remembered."""
    sizes: list[int] = []

    def spoils(store: Store, host: str, pin: str) -> bool:
        sizes.append(len(store))
        store["another.example"] = pin
        return True

    trial(first_use.client(spoils), case("two_servers"))
    assert max(sizes) == 1


def test_a_server_at_home_needs_the_memory_instead_of_the_ca() -> None:
    found = {
        (client, scene.name): trial(CLIENTS[client], scene).outcome
        for client in ("first-use-key", "first-use-with-ca")
        for scene in (first_use.home_server, first_use.home_server_attacked)
    }
    assert found == {
        ("first-use-key", "home_server"): Outcome.SERVED,
        ("first-use-key", "home_server_attacked"): Outcome.STOPPED,
        ("first-use-with-ca", "home_server"): Outcome.OUTAGE,
        ("first-use-with-ca", "home_server_attacked"): Outcome.OUTAGE,
    }


def test_an_attack_and_a_rotation_leave_the_same_log() -> None:
    assert first_use.keys_met("first_contact") == first_use.keys_met("first_visit_before_a_move")
    assert first_use.keys_met("two_servers") == ("red key", "blue key", "red key")
    assert first_use.keys_met("same_key") == ("red key", "red key")


def test_a_renewed_certificate_has_the_same_pin_and_another_fingerprint() -> None:
    """The negative control of the histories: fingerprints and pins do not move together in them."""
    world = World()
    renewed = world.issuing.issue(world.host, key=world.genuine.key)
    old, new = seen(world.genuine.leaf), seen(renewed.leaf)
    assert (old.pin, old.fingerprint == new.fingerprint) == (new.pin, False)
