"""
What ACME clients do to pins: each orders of Pebble and renews, and pinned clients meet what it has a server present.

By default, and told to keep the key. Who is served then is seen at real
handshakes with the chains that were ordered; no two pins are compared here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lab.built.acme.habits import ACME_CLIENTS, AcmeClient
from lab.built.acme.pebble import Pebble, missing
from lab.built.acme.premises import Premises
from lab.built.acme.world import ordering
from lab.built.field.results import AcmeRenewal
from lab.observation import Progress, untold
from lab.policy.clients import client
from lab.scenes.catalogue import case, changed, honest, told
from lab.trials.standing import Standing
from lab.trials.trial import run

PINNED = ("root-pinned", "intermediate-pinned", "leaf-pinned")


def listed(clients: Sequence[AcmeClient] = ACME_CLIENTS) -> list[AcmeRenewal]:
    """Each of these with its version, or with the reason why it takes no part; none is run."""
    server = missing()
    told = f"no ACME server, or no library for it; install it with: {server}" if server else None
    lacks = {one: f"not here; install it with: {one.install}" for one in clients}
    return [AcmeRenewal(one.name, version := one.version(), skipped=told if version else lacks[one]) for one in clients]


def renewals(progress: Progress = untold, clients: Sequence[AcmeClient] = ACME_CLIENTS) -> list[AcmeRenewal]:
    """A row for each of these, way to renew and pinned client; one with the reason, where it is not here, or fails."""
    rows: list[AcmeRenewal] = []
    for done, (one, row) in enumerate(zip(clients, listed(clients), strict=True)):
        progress(done, len(clients), f"{one.name} orders, and renews")
        rows += [row] if row.skipped else _renewed(one, row)
    return rows


def _renewed(one: AcmeClient, row: AcmeRenewal) -> list[AcmeRenewal]:
    """What came of clients that were built when a server presented the one certificate, and meet the next."""
    rows: list[AcmeRenewal] = []
    try:
        with Premises() as site, Pebble(site) as pebble:
            world = ordering(pebble)
            first, renewed, kept = one.lived(pebble, world.host)
    except ValueError as problem:
        return [replace(row, skipped=str(problem), fine=False)]
    for way, before, after in (("by default", first, renewed), ("keeping the key", renewed, kept)):
        world.genuine = before
        scene = told(world, honest(world), changed(world, after))
        with Standing(case("new_key"), scene) as standing:  # whatever it is called: the scene decides
            did = {name: run(client(name), standing).outcome for name in PINNED}
        rows += [replace(row, way=way, pinned=name, did=outcome) for name, outcome in did.items()]
    return rows
