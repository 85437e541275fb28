"""
Write the two lock files anew: `python requirements/compile.py` (needs uv).

The locks are universal (every platform, Python 3.11 and later), hashed, and
name no index address, so that pip takes packages from wherever it is set up to.
"""

import pathlib
import subprocess

HERE = pathlib.Path(__file__).parent
LOCKS = {"core.txt": ["test"], "jupyter.txt": ["test", "notebooks", "authors"]}
BUILD = "flit_core >=3.11,<4\n"  # what installing the lab itself needs, hashed like the rest

for name, extras in LOCKS.items():
    command = ["uv", "pip", "compile", "-q", "--universal", "--python-version", "3.11", "--generate-hashes"]
    command += ["--no-emit-index-url", "--no-header", "--no-annotate"]
    command += [word for extra in extras for word in ("--extra", extra)]
    if name != "core.txt":
        command += ["--constraint", "core.txt"]
    command += ["../pyproject.toml", "-", "-o", name]
    subprocess.run(command, cwd=HERE, input=BUILD, text=True, check=True)
    print(f"wrote requirements/{name}")
