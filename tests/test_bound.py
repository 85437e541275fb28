"""
What the server can refuse: whose request it takes, and what an attacker has in hand who cannot pass it on.

Two facts of a meeting, measured apart: who read the secret, and whether the genuine server took the request as the
client's own.
"""

from __future__ import annotations

import json

import pytest

from lab.observation import Outcome
from lab.policy.clients import client
from lab.scenes.catalogue import case
from lab.show import text
from lab.trials.trial import trial

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
