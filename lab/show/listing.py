"""
What the lab has, as plain JSON values: every client, profile, scene and slip.

`list --json` prints it and the atlas holds it. It knows no trial.
"""

from __future__ import annotations

from typing import Any

from lab.policy.clients import CLIENTS, FURTHER, PROFILES
from lab.scenes.catalogue import APART, CASES, SLIPS


def listing() -> dict[str, Any]:
    """The record of everything that is registered, in the order of its table."""
    return {
        "clients": [one.record() for one in CLIENTS.values()],
        "further": [one.record() for one in FURTHER.values()],
        "profiles": [one.record() for one in PROFILES.values()],
        "scenes": [one.record() for one in CASES.values()],
        "slips": [one.record() for one in SLIPS.values()],
        "apart": {group: [one.record() for one in cases.values()] for group, cases in APART.items()},
    }
