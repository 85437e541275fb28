"""
What a device's pins and a path can have in common, and what each client does then: measured.

A device holds the pins of some past day. A situation is a reach: the set of
those keys that the pins' author knew and that are on the path which the device
meets. Each is a scene, the catalogue's own where it has one and put together
here where it has not, and each is played over real TLS by each client, once
with the genuine server and once with an attacker on the line. No verdict is
written down here, and no scene is listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.built.fleet.plan import COUNTED
from lab.observation import Line, outcome_of
from lab.pki.world import World
from lab.policy.clients import Client, client
from lab.policy.pinset import Reach, Role
from lab.scenes.catalogue import CASES, Case, Kind, Meeting, attacked, case, changed
from lab.trials.matrix import matrix

_KEYS = (Reach({Role.LEAF}), Reach({Role.BACKUP}), Reach())

ORDINARY = (
    *(Reach(issuer | key) for issuer in (Reach.INTERMEDIATE, Reach.ROOT, Reach.TRUST_STORE) for key in _KEYS),
    Reach.CERTIFICATE,
)
"""All that the years of a plan without rates of its own lead to; a path that has the intermediate has its root."""

SITUATIONS = (
    *ORDINARY,
    *(Reach({Role.INTERMEDIATE} | key) for key in _KEYS),
    Reach(Reach.CERTIFICATE - {Role.ROOT}),
)
"""
Every set of keys that a path can share with the pins of another day.

No other can be: a leaf has one key, and a certificate brings its key and its
issuer's key along.
"""


def bits(reach: Reach) -> int:
    """A set of roles as a number: the first role of `Role` is 1, the next 2, then 4, ..."""
    return sum(1 << number for number, role in enumerate(Role) if role in reach)


PLACE = np.full(1 << len(Role), -1)
"""`PLACE[bits(reach)]` is where the reach stands in `SITUATIONS`, and in the tables of `Accepts`."""
PLACE[[bits(one) for one in SITUATIONS]] = range(len(SITUATIONS))


def scene(reach: Reach, line: Line) -> Case:
    """The first plain scene of the catalogue with this reach and whoever is on the line; else one put together."""
    found = (one for one in CASES.values() if one.kind is Kind.of(line) and one.reach == reach and plain(one))
    return next(found, None) or composed(reach, line)


def plain(one: Case) -> bool:
    """Whether nothing but its reach sets this case apart: a valid path, the ordinary store, and nothing sent along."""
    if one.fails:
        return False
    world = World(**one.starts)
    move = one.move(world)
    return move is not None and move.store == world.store and move.credential.chain == move.credential.path[:-1]


def composed(reach: Reach, line: Line) -> Case:
    """
    A scene for a situation that several changes in a row lead to; it is not registered.

    The tests hold it against the catalogue's own scene wherever there is one.
    """

    def build(world: World) -> Meeting:
        issuer = world.sibling if Role.ROOT in reach else world.other_issuing
        if Role.INTERMEDIATE in reach:
            issuer = world.issuing
        key = world.genuine.key if Role.LEAF in reach else world.backup_key if Role.BACKUP in reach else None
        credential = world.genuine if Role.CERTIFICATE in reach else issuer.issue(*world.hosts, key=key)
        # The path ends at the first anchor, so an intermediate that is one takes the root off the path.
        rootless = Role.INTERMEDIATE in reach and Role.ROOT not in reach
        store = (*world.store, world.issuing.as_root()) if rootless else world.store
        return (changed if line is Line.GENUINE else attacked)(world, credential, store=store)

    return Case(f"{line.value}: {reach}", Kind.of(line), str(reach), str(reach), build, reach)


def uncounted(name: str) -> Case:
    """
    The attack of that name, for a plan that gives it a rate.

    Raises ValueError where a fleet cannot have it: it is no attack, or no
    move, or the plan has a number for it already.
    """
    found = case(name)
    if name in COUNTED:
        raise ValueError(f"a plan has a number for {name!r} already; set its {COUNTED[name]}")
    if found.kind is not Kind.ATTACK:
        raise ValueError(f"{name!r} is no attack but a {found.kind}; give rates to attacks only")
    if found.move() is None:
        raise ValueError(f"{name!r} is several meetings in an order of their own; give rates to attacks of one meeting")
    if found.reach not in SITUATIONS:
        raise ValueError(f"{name!r} says that its path has {found.reach}, and no path has just these; correct it")
    return found


@dataclass(frozen=True, eq=False)
class Accepts:
    """
    What one client did in each situation.

    `genuine[i]` is True where it was served, `attacker[i]` where it was
    intercepted, in the order of `SITUATIONS`; `handshakes` were made to find
    out. `named` has a table like `attacker` for each attack that was asked
    about by name.
    """

    genuine: NDArray[np.bool_]
    attacker: NDArray[np.bool_]
    handshakes: int
    named: dict[str, NDArray[np.bool_]]

    def against(self, attack: str) -> NDArray[np.bool_]:
        """Where the attack of that name succeeds; where it has none, what the keys on its path lead to."""
        return self.named[attack] if attack else self.attacker


def measure(clients: Iterable[Client], attacks: Iterable[Case] = ()) -> dict[str, Accepts]:
    """Play every situation, and these attacks, with every client over real TLS (about a second); by client name."""
    rows, asked = tuple(clients), tuple(attacks)
    if not rows:
        return {}
    reaches = ORDINARY if all(one.reach in ORDINARY for one in asked) else SITUATIONS
    found = {line: [scene(reach, line) for reach in reaches] for line in Line}
    cases = tuple(dict.fromkeys([*found[Line.GENUINE], *found[Line.ATTACKER], *asked]))
    done = matrix(rows, cases)

    def won(name: str, one: Case, line: Line) -> bool:
        trial = done.cell(name, one.name)
        return trial.encounters[trial.scene.about].outcome is outcome_of(line, held=True, content=True)

    def accepts(name: str) -> Accepts:
        genuine, attacker = (np.array([won(name, one, line) for one in found[line]]) for line in Line)
        named = {one.name: _against(one, won(name, one, Line.ATTACKER), attacker) for one in asked}
        handshakes = sum(len(done.cell(name, one.name).encounters) for one in cases)
        return Accepts(genuine, attacker, handshakes, named)

    return {one.name: accepts(one.name) for one in rows}


def _against(attack: Case, won: bool, by_reach: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """
    What an attack does to one client in each situation that it can lead to.

    Against the pins of its own day it did what it did (`won`). Against those
    of another day other keys count, and their reach decides; but an attack
    that has something beside its keys, and failed, is not taken to do better.
    """
    table = by_reach & (won or plain(attack))
    table[SITUATIONS.index(attack.reach)] = won
    return table


_MEASURED: dict[tuple[str, tuple[Case, ...]], Accepts] = {}


def measured(names: tuple[str, ...], attacks: tuple[Case, ...] = ()) -> dict[str, Accepts]:
    """The same for clients by name, each once in a process. Raises ValueError for a name that no client has."""
    missing = [client(name) for name in dict.fromkeys(names) if (name, attacks) not in _MEASURED]
    _MEASURED.update({(name, attacks): found for name, found in measure(missing, attacks).items()})
    return {name: _MEASURED[name, attacks] for name in names}
