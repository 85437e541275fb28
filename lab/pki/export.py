"""
Writes a throwaway world to disk: chains, trust stores, keys, pins, a page of commands.

Unlike the worlds in memory, every authority written here carries its own short
dates and its own name constraints, for every kind of name, intermediates too.
Keys are those of servers, mode 0600: no CA can sign anything more. Only who asks
for the attackers' CAs gets two intermediates with their keys. The folder is
either the old world or the new one.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from lab.disk import written_folder
from lab.pki.authority import Authority, Credential, Key, key_pem, self_signed
from lab.pki.names import reserved
from lab.pki.pins import fingerprint_of, name_of, pin_of
from lab.pki.world import HOST, World

LIFE = timedelta(days=7)
LOCAL = ("localhost", "127.0.0.1")


def limited_world(host: str = HOST) -> World:
    """
    A world whose every authority lasts a week, may vouch for `host` and loopback only, and hands in to no log.

    Raises ValueError for a host that is not reserved.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    name = reserved(host)
    only = tuple(dict.fromkeys((name, "localhost")))
    return World(name, now=now, not_before=now - timedelta(days=1), not_after=now + LIFE, only=only, logs=())


def credentials(world: World) -> dict[str, Credential]:
    """The credentials that are written, by file name: the genuine one, its renewals, and what attackers present."""
    hosts = tuple(dict.fromkeys((world.host, *LOCAL)))
    forged = world.authority(world.root.name)

    def by(signer: Authority, key: Key | None = None) -> Credential:
        return signer.issue(*hosts, key=key, not_before=world.now - timedelta(days=1), not_after=world.now + LIFE)

    genuine = by(world.issuing)
    return {
        "genuine": genuine,
        "renewed-same-key": by(world.issuing, genuine.key),
        "renewed-new-key": by(world.issuing),
        "renewed-backup-key": by(world.issuing, world.backup_key),
        "new-intermediate": by(world.sibling),
        "new-ca": by(world.other_issuing),
        "rogue-ca": by(world.rogue_root),
        "installed-ca": by(world.inspection_root),
        "look-alike-root": by(world.authority(world.issuing.name, under=forged)),
        "self-signed": self_signed(world.host),
    }


def authorities(world: World) -> dict[str, Authority]:
    """The authorities whose certificates are written, by file name."""
    return {
        "honest-root": world.root,
        "honest-issuing-ca-1": world.issuing,
        "honest-issuing-ca-2": world.sibling,
        "other-public-root": world.other_root,
        "other-issuing-ca": world.other_issuing,
        "cdn-public-root": world.cdn_root,
        "rogue-root": world.rogue_root,
        "installed-inspection-ca": world.inspection_root,
    }


def attackers_cas(world: World) -> dict[str, Authority]:
    """
    The CAs that an intercepting program may be given with their keys, by file name: no anchor is among them.

    Verifiers that hold no trust anchor to its limits (RFC 5280 section 6.2) hold these to theirs.
    """
    above = {"rogue": world.rogue_root, "installed": world.inspection_root}
    only = (*(names := world.root.only), *(f"CN={name}" for name in names))
    return {
        f"{who}-issuing-ca": world.authority(f"{root.name}, issuing", under=root, only=only)
        for who, root in above.items()
    }


def pem(certificates: Iterable[x509.Certificate], *, named: bool = True) -> bytes:
    """Certificates as PEM, in order, each with its name above it unless it is not `named`."""
    heads = ((f"# {name_of(one.subject)}\n".encode() if named else b"", one) for one in certificates)
    return b"".join(head + one.public_bytes(serialization.Encoding.PEM) for head, one in heads)


def export(
    out: Path, host: str = HOST, *, with_attackers_ca: bool = False, neutral: bool = False
) -> tuple[list[str], dict[str, str]]:
    """
    Write a fresh limited world to `out`; the paths written, relative to it, and which chain is whose.

    An earlier export there is replaced, and nothing else. Chains are called for
    what they are, unless `neutral`: then by number, in no order, without what
    would give them away but the certificates themselves. Raises ValueError, in
    one sentence, for a folder that cannot be written or is no export, and for a
    host that is not reserved.
    """
    world = limited_world(host)
    made = credentials(world)
    order = list(made)
    if neutral:
        random.SystemRandom().shuffle(order)
    names = {name: f"chain-{number:02}" if neutral else name for number, name in enumerate(order, start=1)}
    files = written_files(world, made, names, neutral=neutral)
    if with_attackers_ca:
        files.update(attackers_files(attackers_cas(world)))
    written_folder(out, files, secret="keys")
    return sorted(files), names


def written_files(
    world: World, made: Mapping[str, Credential], names: Mapping[str, str], *, neutral: bool = False
) -> dict[str, bytes]:
    """The world as files, by path: these credentials of it, under these names."""
    about = (resources.files("lab.pki") / "certs-readme.md").read_bytes()  # as it stands in the project's own folder
    files: dict[str, bytes] = {".gitignore": b"*\n", "README.md": about}
    for name, called in names.items():
        files[f"chains/{called}.pem"] = pem(made[name].chain, named=not neutral)
        files[f"keys/{called}.key"] = key_pem(made[name].key)
    store = [authority.certificate for authority in world.store]
    files["stores/public.pem"] = pem(store)
    if not neutral:
        files.update({f"authorities/{name}.pem": pem([one.certificate]) for name, one in authorities(world).items()})
        files["stores/with-installed-ca.pem"] = pem([*store, world.inspection_root.certificate])
        files["stores/rogue-only.pem"] = pem([world.rogue_root.certificate])
    files["keys/backup.key"] = key_pem(world.backup_key)
    backup = pin_of(world.backup_key.public_key())
    files.update(pin_files(world.host, made["genuine"], backup, (world.now + LIFE).date()))
    page = (resources.files("lab.pki") / ("look-neutral.md" if neutral else "look.md")).read_text("utf-8")
    curl = files["pins/curl.txt"].decode().strip()
    files["LOOK.md"] = page.format(host=world.host, days=LIFE.days, curl_pins=curl, chains=len(names)).encode()
    return files


def attackers_files(cas: Mapping[str, Authority]) -> dict[str, bytes]:
    """These CAs as files, by path: each with those above it, its root last, and its key."""
    chains = {f"authorities/{name}.pem": pem(one.certificate for one in ca.line()) for name, ca in cas.items()}
    return chains | {f"keys/{name}.key": key_pem(ca.key) for name, ca in cas.items()}


def pin_files(host: str, genuine: Credential, backup: str, expiration: date) -> dict[str, bytes]:
    """
    The pins of `host` as files in the formats people have, by path.

    All of them are in ``pins/pins.json``; the other formats hold the leaf key's
    pin and `backup`, the pin of the operator's backup key. Android's names the
    day of `expiration`.
    """
    leaf, *above = genuine.path
    pair = (pin_of(leaf), backup)
    own = {
        "host": host,
        "root": pin_of(above[-1]),
        "intermediate": [pin_of(one) for one in above[:-1]],
        "leaf": pair[0],
        "leaf_certificate": fingerprint_of(leaf),
        "backup": backup,
    }
    curl = ";".join("sha256//" + pin.removeprefix("sha256/") for pin in pair)
    adds = (f'    .add("{host}", "{pin}")' for pin in pair)
    okhttp = "\n".join(["CertificatePinner.Builder()", *adds, "    .build()"])
    pins = "\n".join(f'            <pin digest="SHA-256">{pin.removeprefix("sha256/")}</pin>' for pin in pair)
    android = f"""<?xml version="1.0" encoding="utf-8"?>
<network-security-config>
    <domain-config>
        <domain includeSubdomains="false">{host}</domain>
        <pin-set expiration="{expiration.isoformat()}">
{pins}
        </pin-set>
    </domain-config>
</network-security-config>
"""
    return {
        "pins/pins.json": json.dumps(own, indent=2).encode() + b"\n",
        "pins/curl.txt": curl.encode() + b"\n",
        "pins/okhttp.txt": okhttp.encode() + b"\n",
        "pins/network_security_config.xml": android.encode(),
    }
