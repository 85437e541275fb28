"""What `certs` writes: constrained, short-lived, 0600, and whole."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from lab.pki import export
from lab.pki.brought import bring
from lab.wire import tls
from lab.wire.client import connect
from lab.wire.service import Service


@pytest.fixture(scope="module")
def certs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("certs")
    export.export(out, "shop.example")
    return out


def authorities(certs: Path) -> list[x509.Certificate]:
    return [x509.load_pem_x509_certificate(path.read_bytes()) for path in sorted((certs / "authorities").glob("*.pem"))]


def test_every_authority_is_constrained_and_short_lived(certs: Path) -> None:
    """Each authority, intermediates too, has critical name constraints on hosts and addresses, and a week to live."""
    found = authorities(certs)
    assert len(found) == 8
    for one in found:
        constraints = one.extensions.get_extension_for_class(x509.NameConstraints)
        assert constraints.critical
        permitted = constraints.value.permitted_subtrees or []
        assert {name.value for name in permitted if isinstance(name, x509.DNSName)} == {"shop.example", "localhost"}
        assert {str(name.value) for name in permitted if isinstance(name, x509.IPAddress)} == {"127.0.0.0/8", "::1/128"}
        assert one.not_valid_after_utc <= datetime.now(UTC) + timedelta(days=7)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes")
def test_keys_are_readable_by_their_owner_only(certs: Path) -> None:
    """Keys have mode 0600 in a folder of mode 0700; certificates are open to all."""
    keys = list((certs / "keys").iterdir())
    assert len(keys) > 10
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}
    assert stat.S_IMODE((certs / "keys").stat().st_mode) == 0o700
    assert not any(
        b"PRIVATE KEY" in path.read_bytes()
        for path in certs.rglob("*")
        if path.is_file() and path.parent.name != "keys"
    )


def test_an_exported_authority_cannot_vouch_for_another_name() -> None:
    """A certificate that an exported CA signs for another host is refused for its name constraints."""
    world = export.limited_world("shop.example")
    rogue = world.issuing.issue("bank.example")
    context = tls.client_context([world.root.certificate], world.now)
    for credential, expected in ((rogue, 47), (world.issuing.issue("shop.example"), None)):
        with Service(credential) as service:
            host = "bank.example" if expected else "shop.example"
            done = connect(service.address, host, context, lambda seen: seen.error is None, time=world.now)
        assert (done.observation.error.code if done.observation.error else None) == expected
        assert done.accepted is (expected is None)


def test_the_pins_file_agrees_in_every_format(certs: Path) -> None:
    """curl, OkHttp, Android and the lab's own file hold the same pins, of the genuine leaf and the backup key."""
    own = json.loads((certs / "pins/pins.json").read_text())
    leaf = bring(certs / "chains/genuine.pem").things[0].pin
    assert own["leaf"] == leaf
    digests = [own[name].removeprefix("sha256/") for name in ("leaf", "backup")]
    curl = (certs / "pins/curl.txt").read_text().strip()
    assert curl == ";".join(f"sha256//{digest}" for digest in digests)
    for name in ("okhttp.txt", "network_security_config.xml"):
        text = (certs / "pins" / name).read_text()
        assert all(digest in text for digest in digests)
        assert "shop.example" in text


def test_chains_are_what_their_names_say(certs: Path) -> None:
    """The renewals share the key or do not; the rogue chain ends in the rogue root."""
    leaf = {path.stem: bring(path).things[0].pin for path in (certs / "chains").iterdir()}
    assert leaf["renewed-same-key"] == leaf["genuine"]
    assert leaf["renewed-new-key"] != leaf["genuine"]
    assert leaf["renewed-backup-key"] == json.loads((certs / "pins/pins.json").read_text())["backup"]


def test_a_second_export_replaces_the_first_and_leaves_other_files_alone(tmp_path: Path) -> None:
    """Writing twice gives a new world, keeps foreign files, and leaves nothing half written."""
    export.export(tmp_path)
    before = (tmp_path / "chains/genuine.pem").read_bytes()
    (tmp_path / "mine.txt").write_text("mine")
    export.export(tmp_path)
    assert (tmp_path / "chains/genuine.pem").read_bytes() != before
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".new")] == []


@pytest.mark.parametrize("name", [".gitignore", "keys/mine.key", "LOOK.md"])
def test_nothing_is_replaced_that_is_no_export(name: str, tmp_path: Path) -> None:
    """A folder with a file or a folder of such a name is refused, and left as it was; an export there is not."""
    mine = tmp_path / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    with pytest.raises(ValueError, match=f"has a {Path(name).parts[0]} already, which is not the lab's to replace"):
        export.export(tmp_path)
    assert mine.read_text() == "mine"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]
    export.export(tmp_path / "certs")


def test_git_ignores_an_export_wherever_it_is(certs: Path) -> None:
    """The folder says itself that git shall ignore all of it."""
    assert (certs / ".gitignore").read_text() == "*\n"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_commands_on_the_page_work(certs: Path) -> None:
    """The page's verify command accepts the genuine chain and refuses the rogue one; its pin command gives the pin."""
    page = (certs / "LOOK.md").read_text()
    commands = [line.strip() for line in page.replace("|\n ", "|").splitlines() if line.startswith("    openssl")]
    run = {
        command: subprocess.run(command, shell=True, cwd=certs, capture_output=True, text=True, check=False)
        for command in commands
        if "s_server" not in command
    }
    assert len(run) >= 7
    failed = [command for command, done in run.items() if done.returncode]
    assert failed == ["openssl verify -CAfile stores/public.pem chains/rogue-ca.pem"]
    own = json.loads((certs / "pins/pins.json").read_text())
    pins = [done.stdout.strip() for command, done in run.items() if "base64" in command]
    assert ["sha256/" + pin for pin in pins] == [own["leaf"]] * 2
