"""
A path with no chain: a bank with clients that pin moves to Merkle Tree Certificates, and keeps its key.

What came is verified, and the clients' own minds decide on it, as on what came
the old way: as observations, since no TLS stack here speaks the draft. Whether
a pin has anything to match is counted by the pins' own matching.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.built.draft.certificates import CA, Cosigner, Interval, IssuanceLog, verified
from lab.observation import Lesson, Line, Observation, ValidationError, outcome_of
from lab.pki.authority import new_key
from lab.pki.pins import name_mismatch, read
from lab.pki.world import World
from lab.policy.check import Enrolment
from lab.policy.clients import Client, chosen
from lab.scenes.announced import by
from lab.scenes.catalogue import changed, honest, site_pins
from lab.trials.rehearsal import foresee

ByDay = dict[str, dict[str, Any]]
"""For each day, or form of a certificate, a few plain values."""


def observed(der: bytes, log: IssuanceLog, given: Mapping[Interval, bytes], world: World) -> Observation:
    """What a client sees that was `given` these landmarks. Dates are no matter here: they are those of the chain."""
    leaf, error = read(der), None
    try:
        verified(der, {one.name: one.key for one in log.cosigners}, given)
    except ValueError as problem:
        error = ValidationError(7, 0, str(problem))  # the number that OpenSSL has for a bad signature
    path = None if error else (leaf,)
    return Observation(world.host, world.now, (leaf,), path, error, name_mismatch(leaf, world.host))


def came_of(row: Client, enrolment: Enrolment, first: Observation, line: Line, seen: Observation) -> dict[str, Any]:
    """What comes of a client that was set up with this enrolment, and met `first` before; its pins, and those found."""
    mind, site = row.mind(enrolment), enrolment.site
    mind.learn(Lesson(first, True), mind.verdict(first))
    kept = {one.pin for one in mind.known.memory.of(enrolment.host)}
    pins = kept.union(*(one.resolve(site) for one in row.pin_lists))
    there = [it for one in row.pin_lists for it in one.matches(seen, site)] + [*seen.presented[:1]] * bool(kept)
    matched = pins & {name for one in there for name in (one.pin, one.fingerprint)}
    accepted = mind.verdict(seen).accepted
    return {"pins": len(pins), "matched": len(matched), "outcome": outcome_of(line, accepted, accepted)}


def no_chain() -> tuple[dict[str, ByDay], ByDay]:
    """
    What came of each client on each day, and of each form how many octets it has and why it is refused, if it is.

    In a fresh world with fresh keys; the old chain is ML-DSA from leaf to root. On days called B the bank has moved to
    its backup key.
    """
    world = World(algorithm="ML-DSA")
    log = IssuanceLog((Cosigner(CA), Cosigner("32473.2.1")), [b"somebody else's"] * 21)
    backup, theirs = (by(world.issuing, world, key) for key in (world.backup_key, new_key("ML-DSA")))
    entries = [log.add(one.leaf) for one in (world.genuine, backup, theirs)]
    log.landmarks.append(len(log.entries))
    given = log.subtrees()
    small, moved, rogue = (log.by_landmark(one) for one in entries)
    chain = foresee(honest(world), world.host)
    forms = {
        "chain": chain,
        "standalone": observed(log.standalone(entries[0], 21), log, {}, world),
        "landmark": observed(small, log, given, world),
        "landmark, not known": observed(small, log, {}, world),
        "landmark, one bit changed": observed(small[:-3] + bytes([small[-3] ^ 1]) + small[-2:], log, given, world),
    }
    days = {
        "chain": (Line.GENUINE, chain),
        "chain B": (Line.GENUINE, foresee(changed(world, backup), world.host)),
        **{name: (Line.GENUINE, forms[name]) for name in ("standalone", "landmark")},
        "landmark B": (Line.GENUINE, observed(moved, log, given, world)),
        "attacker": (Line.ATTACKER, observed(rogue, log, given, world)),
    }
    told = Enrolment(world.host, world.now, site_pins(world, world.genuine))
    rows = chosen(("story", "certificate-pinned"))
    came = {one.name: {day: came_of(one, told, chain, *seen) for day, seen in days.items()} for one in rows}
    sizes = {name: sum(len(it.der) for it in one.presented) for name, one in forms.items()}
    refused = {name: one.error and one.error.reason for name, one in forms.items()}
    return came, {name: {"octets": sizes[name], "refused": refused[name]} for name in forms}
