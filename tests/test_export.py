"""What `certs` writes: constrained, short-lived, 0600, and whole."""

from __future__ import annotations

import json
import random
import re
import shutil
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from OpenSSL import crypto
from torture import killed, one_world
from vouching import INSIDE, WANTED, attackers_ca, certificates_in, vouched

from lab import disk
from lab.disk import MARK
from lab.pki import export
from lab.pki.pins import pin_of, seen
from lab.verbs import main
from lab.wire import tls
from lab.wire.client import connect
from lab.wire.service import Service


@pytest.fixture(scope="module")
def certs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("certs")
    export.export(out, "shop.example")
    return out


def authorities(certs: Path) -> list[x509.Certificate]:
    return [certificates_in(path)[0] for path in sorted((certs / "authorities").glob("*.pem"))]


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
    leaf = pin_of(certificates_in(certs / "chains/genuine.pem")[0])
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
    leaf = {path.stem: pin_of(certificates_in(path)[0]) for path in (certs / "chains").iterdir()}
    assert leaf["renewed-same-key"] == leaf["genuine"]
    assert leaf["renewed-new-key"] != leaf["genuine"]
    assert leaf["renewed-backup-key"] == json.loads((certs / "pins/pins.json").read_text())["backup"]


def listing(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Everything in a folder: when it was changed, and its bytes."""
    return {
        str(one.relative_to(folder)): (one.lstat().st_mtime_ns, one.read_bytes() if one.is_file() else b"")
        for one in (folder, *folder.rglob("*"))
    }


def test_a_second_export_replaces_the_first_as_a_whole(tmp_path: Path) -> None:
    """Writing twice gives a new world, with nothing of the old one and nothing beside it; so does an empty folder."""
    out = tmp_path / "certs"
    out.mkdir()
    export.export(out, with_attackers_ca=True)
    before = (out / "chains/genuine.pem").read_bytes()
    assert (out / "keys/rogue-issuing-ca.key").exists()
    export.export(out)
    assert (out / "chains/genuine.pem").read_bytes() != before
    assert not (out / "keys/rogue-issuing-ca.key").exists()
    assert one_world(out) == []
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("name", [".gitignore", "keys/mine.key", "LOOK.md", "mine.txt", ".lab-folder", "empty/"])
def test_somebodys_folder_is_refused_and_not_touched(name: str, tmp_path: Path) -> None:
    """One with anything of somebody else's is as it was: names, times and bytes. The same in an export of the lab's."""
    fresh, ours = tmp_path / "fresh", tmp_path / "ours"
    export.export(ours)
    for out in (fresh, ours):
        mine = out / name
        if name.endswith("/"):
            mine.mkdir(parents=True)
        elif not (out == ours and mine.exists()):
            mine.parent.mkdir(parents=True, exist_ok=True)
            mine.write_text("mine")
    (fresh / "sub").mkdir()
    for out in (fresh, ours):
        if out == ours and name in (".gitignore", "LOOK.md", ".lab-folder"):
            continue  # there it is the lab's
        before, beside = listing(out), sorted(tmp_path.iterdir())
        with pytest.raises(ValueError, match="which the lab did not write; choose another place with --out"):
            export.export(out)
        assert (listing(out), sorted(tmp_path.iterdir())) == (before, beside)
    export.export(tmp_path / "certs")


def test_the_projects_own_folder_is_taken_with_its_page(tmp_path: Path) -> None:
    """What is there to the octet as it is written now is nobody's loss; a word more in it, and it is refused."""
    page = (Path(__file__).parent.parent / "certs/README.md").read_bytes()
    for name, content, taken in (("same", page, True), ("other", page + b"mine\n", False)):
        place = tmp_path / name
        place.mkdir()
        (place / "README.md").write_bytes(content)
        if taken:
            export.export(place)
        else:
            with pytest.raises(ValueError, match=r"README\.md, which the lab did not write"):
                export.export(place)
        assert (place / "README.md").read_bytes() == content
        assert (place / "chains/genuine.pem").exists() is taken
    assert sorted(one.name for one in tmp_path.iterdir()) == ["other", "same"]  # nothing is left beside


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right on Windows")
def test_no_link_leads_a_deletion_elsewhere(tmp_path: Path) -> None:
    """A folder of the export that was made a link is somebody's; the export's own place may be behind a link."""
    out, away, link = tmp_path / "certs", tmp_path / "away", tmp_path / "link"
    export.export(out)
    (out / "keys").rename(away)
    (out / "keys").symlink_to(away)
    before = listing(away)
    with pytest.raises(ValueError, match="it has keys, which the lab did not write"):
        export.export(out)
    assert listing(away) == before
    (out / "keys").unlink()
    link.symlink_to(out)
    export.export(link)
    assert (link.is_symlink(), one_world(out), listing(away)) == (True, [], before)


def test_a_list_of_somebodys_deletes_nothing_outside(tmp_path: Path) -> None:
    """Whatever a mark lists, only what is in its own folder is looked at."""
    out, mine = tmp_path / "certs", tmp_path / "mine.txt"
    export.export(out)
    mine.write_text("mine")
    with (out / MARK).open("a") as mark:
        mark.write(f"../mine.txt\n{mine}\n..\n")
    export.export(out)
    assert (mine.read_text(), one_world(out)) == ("mine", [])


def test_the_folder_that_one_is_in_is_not_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be another folder afterwards, and the shell in none."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="you are in it, and it is replaced as a whole"):
        export.export(Path())
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_call_left_is_swept_and_what_another_writes_is_not(tmp_path: Path) -> None:
    """A folder beside it of the lab's own name and mark goes, and so does an empty one; a locked one stays."""
    out = tmp_path / "certs"
    left, empty, theirs, busy = (tmp_path / f".certs.lab-{digit * 16}" for digit in "abcd")
    for one in (left, busy):
        export.export(one)
    empty.mkdir()
    theirs.mkdir()
    (theirs / "mine.key").write_text("mine")
    with open(busy / MARK, "rb") as mark:
        disk._locked(mark)
        export.export(out)
        stay = {theirs, out} if sys.platform == "win32" else {theirs, busy, out}
        assert set(tmp_path.iterdir()) - {busy} == stay - {busy}
        assert busy in tmp_path.iterdir() or sys.platform == "win32"
    export.export(out)
    assert set(tmp_path.iterdir()) == {theirs, out}


def test_without_an_exchange_it_takes_two_renames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same folder in the end; and the old one where the second rename fails."""
    monkeypatch.setattr(disk, "_exchanged", lambda one, other: False)
    out = tmp_path / "certs"
    for _ in range(2):
        export.export(out)
    assert (one_world(out), list(tmp_path.iterdir())) == ([], [out])
    before, rename = listing(out / "keys"), Path.rename

    def fails(self: Path, target: Path) -> Path:
        if target == out and not self.joinpath("keys/was").exists() and listing(self / "keys") != before:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(ValueError, match="No space left on device"):
        export.export(out)
    assert (listing(out / "keys"), list(tmp_path.iterdir())) == (before, [out])


def test_a_mix_of_two_worlds_is_seen(tmp_path: Path) -> None:
    """The control of what follows: keys, pins or stores of another export, and a file too few, are all found out."""
    one, other = tmp_path / "one", tmp_path / "other"
    export.export(one)
    export.export(other)
    for name, said in {"keys": "another key", "pins": "another leaf", "stores": "another root"}.items():
        (one / name).rename(tmp_path / name)
        (other / name).rename(one / name)
        assert said in " ".join(one_world(one))
        (one / name).rename(other / name)
        (tmp_path / name).rename(one / name)
    assert one_world(one) == []
    (one / "LOOK.md").unlink()
    assert one_world(one) == ["differs in LOOK.md"]


@pytest.mark.skipif(sys.platform == "win32", reason="a kill there may fall between two renames")
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.sampled(2)
def test_a_kill_leaves_one_world_or_the_other(seed: int, tmp_path: Path) -> None:
    """At any moment of `certs`; and no key is left beside it after the next. (`torture.py kills 100` does more.)"""
    assert killed(random.Random(seed), tmp_path, tmp_path)[1] == []


# ---- what it is worth ----------------------------------------------------------------------------


def public(key: object) -> bytes:
    """A public key's octets."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("with_attackers_ca", [False, True])
def test_no_cas_key_is_written_but_for_who_asks(with_attackers_ca: bool, tmp_path: Path) -> None:
    """Of all CAs' certificates the keys on disk belong to none; to two intermediates where they are asked for."""
    export.export(tmp_path / "certs", with_attackers_ca=with_attackers_ca)
    held = {
        public(load_pem_private_key(one.read_bytes(), None).public_key()): one.stem
        for one in (tmp_path / "certs/keys").iterdir()
    }
    found = [one for path in (tmp_path / "certs").rglob("*.pem") for one in certificates_in(path)]
    signers = {held[key]: one for one in found if seen(one).is_ca and (key := public(one.public_key())) in held}
    assert set(signers) == ({"rogue-issuing-ca", "installed-issuing-ca"} if with_attackers_ca else set())
    assert all(one.issuer != one.subject for one in signers.values())
    assert len(held) > 8


def test_an_attackers_ca_may_vouch_for_no_kind_of_name_but_its_own() -> None:
    """Critical constraints on DNS names, addresses, mail, URIs and subjects; servers only; a week."""
    certificate = attackers_ca().certificate
    found = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    kinds = {type(one) for one in found.value.permitted_subtrees or ()}
    assert (found.critical, len(kinds)) == (True, 5)
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert certificate.not_valid_after_utc <= datetime.now(UTC) + export.LIFE


@pytest.mark.parametrize("wanted", WANTED)
def test_openssl_and_cryptography_hold_an_attackers_ca_to_its_limits(wanted: str) -> None:
    """What has anything outside is refused by both; `cryptography` knows no limit of subjects and refuses all."""
    ca = attackers_ca()
    made = vouched(ca, wanted)
    store = crypto.X509Store()
    store.add_cert(crypto.X509.from_cryptography(ca.root.certificate))
    between = [crypto.X509.from_cryptography(ca.certificate)]
    code = 0
    try:
        crypto.X509StoreContext(store, crypto.X509.from_cryptography(made.leaf), between).verify_certificate()
    except crypto.X509StoreContextError as refused:
        code = refused.errors[0]
    assert code == (0 if wanted in INSIDE else 47)
    verifier = PolicyBuilder().store(Store([ca.root.certificate])).build_server_verifier(x509.DNSName("shop.example"))
    with pytest.raises(VerificationError):
        verifier.verify(made.leaf, [ca.certificate])


def test_a_hand_out_does_not_say_which_chain_is_whose(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Chains and keys are numbered, in no order and without comments; who makes it is told, and the folder is not."""
    out = tmp_path / "certs"
    assert main(["certs", "--neutral", "--out", str(out)]) == 0
    told = dict(re.findall(r"^(chain-\d\d) is (\S+)$", capsys.readouterr().out, re.MULTILINE))
    assert len(told) == 10
    assert {one.stem for one in (out / "chains").iterdir()} == set(told)
    assert {one.stem for one in (out / "keys").iterdir()} == {*told, "backup"}
    for name in told.values():
        assert not [one for one in out.rglob("*") if name in one.name and one.name != "pins.json"]
        assert not any(name.encode() in one.read_bytes() for one in out.rglob("*") if one.is_file())
    assert all(one.read_bytes().startswith(b"-----BEGIN") for one in (out / "chains").iterdir())
    (genuine,) = (number for number, name in told.items() if name == "genuine")
    pins = json.loads((out / "pins/pins.json").read_text())
    assert pin_of(certificates_in(out / "chains" / f"{genuine}.pem")[0]) == pins["leaf"]
    assert main(["certs", "--neutral", "--out", str(out)]) == 0
    assert dict(re.findall(r"^(chain-\d\d) is (\S+)$", capsys.readouterr().out, re.MULTILINE)) != told


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
