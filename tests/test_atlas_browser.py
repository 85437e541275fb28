"""
The atlas in a real browser: headless Chromium, driven by tests/browser/atlas.mjs, with axe-core looking on.

Skipped, with the command that would change that, where a part is missing.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from lab.built.apart import board
from lab.built.apart.measured import pair
from lab.built.atlas.gather import gather, told
from lab.built.atlas.page import page
from lab.policy.clients import client
from lab.scenes.catalogue import case

BROWSER = Path(__file__).parent / "browser"
CLIENTS = (
    "unpinned", "root-pinned", "leaf-pinned", "first-use-key", "pins-presented-chain", "checks-too-late",
    "skips-when-resumed", "switched-off",
)  # fmt: skip
SCENES = (
    "ordinary_day", "new_ca", "other_trusted_ca", "new_intermediate", "sibling_intermediate", "company_proxy",
    "installed_ca", "chain_stuffing", "session_resumed", "self_signed_certificate", "two_servers",
)  # fmt: skip
PROFILES = ("curl", "curl-insecure", "urllib3", "android")


def missing() -> str:
    """What is not here, with what would bring it; empty where all is."""
    if not shutil.which("node"):
        return "no Node.js here; on Debian: apt-get install nodejs npm"
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))):
        return "no Chromium here; on Debian: apt-get install chromium"
    if (
        not (BROWSER / "node_modules" / "axe-core").is_dir()
        or not (BROWSER / "node_modules" / "playwright-core").is_dir()
    ):
        return "the browser test's packages are not here; npm ci --prefix tests/browser"
    return ""


@pytest.mark.browser
@pytest.mark.skipif(bool(missing()), reason=missing())
def test_the_atlas_in_a_browser(tmp_path: Path) -> None:
    """Opened, filtered, read by keyboard, linked to, printed: every claim of atlas.mjs holds."""
    gathered = gather(
        [client(one) for one in CLIENTS], [case(one) for one in SCENES], [client(one) for one in PROFILES]
    )
    apart = told(board.each([pair("other_trusted_ca"), pair("sibling_intermediate")]))
    field = json.loads((BROWSER / "field.json").read_text("utf-8"))
    there = tmp_path / "atlas.html"
    there.write_text(page({**gathered, "apart": apart, "field": field}), "utf-8")
    done = subprocess.run(
        ["node", BROWSER / "atlas.mjs", there], cwd=BROWSER, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stdout.count("ok  ") >= 20


def test_the_lock_names_no_registry() -> None:
    """Packages are told by version and hash; where they come from is each machine's own matter."""
    lock = json.loads((BROWSER / "package-lock.json").read_text("utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert set(packages) == {"node_modules/axe-core", "node_modules/playwright-core"}
    assert all(one["integrity"].startswith("sha512-") and "resolved" not in one for one in packages.values())
