"""
Commands for outside programs, ready to paste, and what the lab expects each to do.

It knows how the programs are called. What is expected is never typed here: a
client of the lab's own, with the program's profile, goes through the same
meeting with the same certificates.
"""

from __future__ import annotations

import base64
import importlib.util
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import mldsa

from lab.built.serve.files import Files, secret_of
from lab.built.serve.outside import Outside
from lab.policy.clients import client
from lab.policy.pinset import Role
from lab.scenes.catalogue import Meeting
from lab.trials.engine import Encounter
from lab.trials.standing import Standing
from lab.trials.trial import run

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")


@dataclass(frozen=True)
class Command:
    """
    One command: the program it needs, what it does, and the line to paste.

    `client` names the lab's client that speaks for it; empty where the command
    only prepares another. `remembers` says that the program must have met the
    scene's first meeting before, with the command above this one.
    """

    name: str
    program: str
    does: str
    line: str
    client: str = ""
    remembers: bool = False


def quote(text: object) -> str:
    """One word of a command line, for the shells of this platform; plain double quotes wherever they will do."""
    word = str(text)
    if sys.platform == "win32" or not set(word) & set('"$`\\!'):
        return f'"{word}"'
    return shlex.quote(word)


def commands(outside: Outside, files: Files) -> list[Command]:
    """Every command for this scene, program by program. They stay as they are when the credential changes."""
    return [*_curl(outside, files), *_wget(outside, files), *_openssl(outside, files), *_gnutls(outside, files),
            *_python(outside, files), *_browser(outside, files)]  # fmt: skip


def _url(outside: Outside) -> str:
    return f"https://localhost:{outside.port}/account"


def _pin(outside: Outside) -> str:
    (pin,) = outside.scene.site[Role.LEAF]
    return pin.removeprefix("sha256/")


def _curl(outside: Outside, files: Files) -> Iterator[Command]:
    pin = f'--pinnedpubkey "sha256//{_pin(outside)}"'
    store = f"--cacert {quote(files.store)}"
    for name, does, speaks, how in (
        ("curl", "no pins", "unpinned", store),
        ("curl-pinned", "the site's leaf key is pinned", "curl", f"{store} {pin}"),
        ("curl-insecure", "no CA is asked, and the leaf key is pinned", "curl-insecure", f"--insecure {pin}"),
    ):
        head = quote(f"Authorization: Bearer {secret_of(name)}")
        line = f'curl --silent --show-error --noproxy "*" {how} --header {head} {quote(_url(outside))}'
        yield Command(name, "curl", does, line, speaks)


def _wget(outside: Outside, files: Files) -> Iterator[Command]:
    pin = f' --pinnedpubkey="sha256//{_pin(outside)}"'
    for name, does, speaks, how in (
        ("wget", "no pins", "unpinned", ""),
        ("wget-pinned", "the site's leaf key is pinned", "wget", pin),
    ):
        head = quote(f"Authorization: Bearer {secret_of(name)}")
        store = f"--ca-certificate={quote(files.store)}"
        line = f"wget -nv --no-proxy {store}{how} --header={head} -O - {quote(_url(outside))}"
        yield Command(name, "wget", does, line, speaks)


def _openssl(outside: Outside, files: Files) -> Iterator[Command]:
    start = f"openssl s_client -quiet -connect localhost:{outside.port} -servername localhost"
    start += f" -CAfile {quote(files.store)} -verify_return_error"
    line = f"{start} -verify_hostname localhost < {quote(files.request('openssl'))}"
    yield Command("openssl", "openssl", "no pins", line, "unpinned")
    record = f"3 1 1 {base64.b64decode(_pin(outside)).hex()}"
    dane = f"-dane_tlsa_domain localhost -dane_tlsa_rrdata {quote(record)}"
    does = "DANE usage 3: the leaf key is pinned, and no CA is asked"
    line = f"{start} {dane} < {quote(files.request('openssl-dane'))}"
    yield Command("openssl-dane", "openssl", does, line, "dane-3")


def _gnutls(outside: Outside, files: Files) -> Iterator[Command]:
    start = f"gnutls-cli --port={outside.port} --x509cafile={quote(files.store)}"
    line = f"{start} localhost < {quote(files.request('gnutls-cli'))}"
    yield Command("gnutls-cli", "gnutls-cli", "no pins", line, "unpinned")
    if sys.platform == "win32":
        return  # what it remembers would go into the user's own home
    start = f"env HOME={quote(files.home)} {start}"
    yield Command(
        "gnutls-cli-tofu",
        "gnutls-cli",
        "key continuity, the first time: the key that is met is remembered, in a home of its own",
        f"echo y | {start} --tofu localhost",
    )
    yield Command(
        "gnutls-cli-strict-tofu",
        "gnutls-cli",
        "key continuity, ever after: only the remembered key will do",
        f"{start} --strict-tofu localhost < {quote(files.request('gnutls-cli-strict-tofu'))}",
        "gnutls-tofu",
        remembers=True,
    )


def _python(outside: Outside, files: Files) -> Iterator[Command]:
    python = sys.executable if importlib.util.find_spec("requests") else "python3"
    head = {"Authorization": f"Bearer {secret_of('requests')}"}
    store = repr(str(files.store)).replace("\\\\", "/")  # Windows takes both, and a shell only this
    code = (
        "import requests; s = requests.Session(); s.trust_env = False; "
        f"print(s.get('{_url(outside)}', verify={store}, headers={head}).text)"
    )
    yield Command("requests", python, "requests, no pins", f"{quote(python)} -c {quote(code)}", "unpinned")


def _browser(outside: Outside, files: Files) -> Iterator[Command]:
    browser = next((name for name in BROWSERS if shutil.which(name)), BROWSERS[0])
    root = " --no-sandbox" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""  # its sandbox refuses root
    how = f"--user-data-dir={quote(files.home / 'profile')} --no-first-run --no-proxy-server{root}"
    start = f"{browser} {how}"
    if sys.platform.startswith("linux"):
        start = f"env HOME={quote(files.home)} {start}"
        where = f"-d {quote('sql:' + str(files.home / '.pki' / 'nssdb'))}"
        batch = quote(files.anchors / "batch")
        fill = f"certutil -N --empty-password {where} && certutil -B -i {batch} {where}"
        does = "a home of its own for the browser, whose trust store holds the lab's anchors"
        yield Command("browser-store", "certutil", does, fill)
        line = f"{start} {quote(_url(outside))}"
        yield Command("browser", browser, "no pins; close it before the next one", line, "unpinned")
    forgiving = f"{start} --ignore-certificate-errors-spki-list={_pin(outside)} {quote(_url(outside))}"
    does = "errors are forgiven where the leaf key is sent; this option forgives, and pins nothing"
    yield Command("browser-list", browser, does, forgiving, "chromium-list")


# ---- what is expected ----------------------------------------------------------------------------


def expected(outside: Outside, meeting: Meeting, wanted: list[Command]) -> dict[str, Encounter]:
    """
    What the lab's own client with each command's profile does in this meeting, by the command's name.

    Nothing is said of a meeting that is not today: no program with today's
    clock can be in it. Takes a few handshakes, on ports of their own.
    """
    first = next(one for one in outside.scene.meetings if not one.component)
    found: dict[str, Encounter] = {}
    for remembers, meetings in ((False, (meeting,)), (True, (first, meeting))):
        if not all(map(outside.today, meetings)):
            continue
        chosen = [one for one in wanted if one.client and one.remembers is remembers]
        scene = replace(outside.scene, meetings=meetings, about=len(meetings) - 1)
        with Standing(outside.case, scene, patience=outside.patience) as standing:
            done = {name: run(client(name), standing) for name in dict.fromkeys(one.client for one in chosen)}
        found |= {one.name: done[one.client].encounters[-1] for one in chosen}
    return found


def needs(meeting: Meeting) -> str:
    """What a program's TLS library must know for this meeting, where that is not a matter of course."""
    if isinstance(meeting.credential.key, mldsa.MLDSA65PrivateKey):
        return "ML-DSA, as OpenSSL has it from 3.5; a program without it refuses, whatever is expected here"
    return ""


def record(command: Command, expects: Encounter | None) -> dict[str, Any]:
    """A command as plain JSON values."""
    return {
        "name": command.name,
        "program": command.program,
        "does": command.does,
        "command": command.line,
        "client": command.client or None,
        "expected": expectation(expects),
    }


def expectation(expects: Encounter | None) -> dict[str, Any] | None:
    """What is expected as plain JSON values; None where nothing is."""
    if expects is None or expects.outcome is None:
        return None
    return {
        "outcome": expects.outcome.value,
        "verdict": str(expects.verdict),
        "deciding_check": expects.verdict.check,
        "reason": expects.verdict.reason,
    }


def installed(command: Command) -> bool:
    """Whether the command's program is on this machine."""
    return bool(shutil.which(command.program)) or Path(command.program).is_file()
