"""
Write the lock files anew, all or those named: `python requirements/compile.py [mitmproxy.txt]` (needs uv).

The locks are universal (every platform, Python 3.11 and later), hashed, and
name no index address, so that pip takes packages from wherever it is set up to.
"""

import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
LOCKS = {
    "core.txt": [],  # what the lab runs with
    "test.txt": ["test", "acme"],
    "jupyter.txt": ["clients", "notebooks"],
    "lint.txt": ["authors"],
}
BUILD = "flit_core >=3.11,<4\n"  # what installing the lab itself needs, hashed like the rest
# An attacker of the field test, in an environment of its own: it wants older libraries than the lab does.
# From 11 on; 11.0 is the last that runs on Python 3.11.
ALONE = {"mitmproxy.txt": "mitmproxy >=11\n"}


def compile_lock(name: str) -> None:
    command = ["uv", "pip", "compile", "-q", "--universal", "--python-version", "3.11", "--generate-hashes"]
    command += ["--no-emit-index-url", "--no-header", "--no-annotate"]
    if name in LOCKS:
        command += [word for extra in LOCKS[name] for word in ("--extra", extra)]
        if name != "core.txt":
            command += ["--constraint", "core.txt"]
        command += ["../pyproject.toml"]
    command += ["-", "-o", name]
    subprocess.run(command, cwd=HERE, input=ALONE.get(name, BUILD), text=True, check=True)
    print(f"wrote requirements/{name}")


every = [*LOCKS, *ALONE]
chosen = sys.argv[1:] or every
if unknown := [name for name in chosen if name not in every]:
    sys.exit(f"there is no lock named {unknown[0]!r}; the locks are {', '.join(every)}")
for name in chosen:
    compile_lock(name)
