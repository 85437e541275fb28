"""
Node's https module, with a pin in `checkServerIdentity`.

That function replaces Node's own host name check; one that forgets to call the
old one switches it off. One process makes all the calls of a batch.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from lab.built.programs.program import Caller, Program, ProgramCall, Said, batch, version_of
from lab.policy.pinset import Role

SCRIPT = Path(__file__).with_name("pinned.mjs")


def _node(role: Role | None = None, *, forgetful: bool = False, along: bool = False) -> Caller:
    def run(calls: Sequence[ProgramCall]) -> Sequence[Said]:
        jobs = [
            {
                "url": one.url,
                "secret": one.secret,
                "store": str(one.store),
                "pin": one.pin(role) if role else None,
                "forgetful": forgetful,
                "along": along,
            }
            for one in calls
        ]
        return batch(["node", SCRIPT], json.dumps(jobs), len(calls))

    return run


NODE = Program(
    "node",
    "apt-get install nodejs",
    version_of(["node", "--version"]),
    {
        "unpinned": _node(),
        "node": _node(Role.LEAF),
        "node-walk": _node(Role.LEAF, along=True),
        "node-walk-root": _node(Role.ROOT, along=True),
        "node-forgetful": _node(Role.LEAF, forgetful=True),
    },
)
