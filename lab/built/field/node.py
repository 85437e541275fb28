"""
Node's https module, with a pin in `checkServerIdentity`.

That function replaces Node's own host name check; one that forgets to call the
old one switches it off. One process makes all the calls of a batch.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

from lab.built.field.program import PATIENCE, Call, Program, Said, environment, last_line, register, version_of
from lab.policy.pinset import Role


def _node(
    role: Role | None = None, *, forgetful: bool = False, along: bool = False
) -> Callable[[Sequence[Call]], Sequence[Said]]:
    def run(calls: Sequence[Call]) -> Sequence[Said]:
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
        with tempfile.TemporaryDirectory(prefix="lab-home-") as home:
            return _ran(json.dumps(jobs), Path(home), len(calls))

    return run


def _ran(jobs: str, home: Path, many: int) -> list[Said]:
    script = home / "pinned.mjs"
    script.write_bytes(resources.files("lab.built.field").joinpath(script.name).read_bytes())
    try:
        done = subprocess.run(
            ["node", str(script)],
            input=jobs.encode(),
            capture_output=True,
            env=environment(home),
            cwd=home,
            timeout=PATIENCE * many,
            check=False,
        )
        out, ended = done.stdout, Said(done.returncode, last_line(done.stderr) or "it ended before this call")
    except subprocess.TimeoutExpired as slow:
        out, ended = slow.stdout or b"", Said(None, "did not end in time")
    said = [ended] * many
    for line in out.decode("utf-8", "replace").splitlines():
        one = json.loads(line)
        said[one["number"]] = Said(one["code"], one["words"].partition("\n")[0][:200] if one["code"] else "")
    return said


register(
    Program(
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
)
