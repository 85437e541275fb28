"""
What a device's pins and a path can have in common, and what each client does then: measured.

A device holds the pins of some past day. The path that it meets has its issuer
and its key in one of three relations to them, which makes ten situations. Each
is a scene, of the catalogue where it has one and put together here where it
has not, and each is played over real TLS by each client, once with the genuine
server and once with an attacker on the line. No verdict is written down here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

import lab.scenes  # noqa: F401  (registers the catalogue)
from lab.observation import Line, Outcome
from lab.pki.world import World
from lab.policy.clients import Client, client
from lab.policy.pinset import Reach, Role
from lab.scenes.catalogue import CASES, Case, Kind, Meeting, attacked, changed
from lab.trials.matrix import matrix


class Issuer(IntEnum):
    """Who signed the leaf, next to who signed it when the pins were taken."""

    SAME = 0
    SIBLING = 1
    """another intermediate under the same root"""
    OTHER = 2
    """another CA"""


class Key(IntEnum):
    """The leaf's key, next to the keys that the pins' author had."""

    SAME = 0
    BACKUP = 1
    NEW = 2
    """neither the key of that day nor a backup of that day"""


@dataclass(frozen=True)
class Situation:
    """`unchanged` is the very certificate of the day on which the pins were taken."""

    issuer: Issuer
    key: Key
    unchanged: bool = False

    @property
    def index(self) -> int:
        """The place in `SITUATIONS` and in an `Accepts` table."""
        return UNCHANGED if self.unchanged else 3 * self.issuer + self.key

    @property
    def reach(self) -> Reach:
        """The genuine keys, of those that the pins' author knew, on the path."""
        roles = {Issuer.SAME: {Role.ROOT, Role.INTERMEDIATE}, Issuer.SIBLING: {Role.ROOT}, Issuer.OTHER: set()}
        keys = {Key.SAME: {Role.LEAF}, Key.BACKUP: {Role.BACKUP}, Key.NEW: set()}
        certificate = {Role.CERTIFICATE} if self.unchanged else set()
        return Reach(roles[self.issuer] | keys[self.key] | certificate)

    def case(self, line: Line) -> Case:
        """The scene of this situation, with the genuine server or an attacker on the line."""
        name = (_GENUINE if line is Line.GENUINE else _ATTACKER).get(self)
        return CASES[name] if name else composed(self, line)

    def __str__(self) -> str:
        if self.unchanged:
            return "the very same certificate"
        issuer = ("same intermediate", "other intermediate, same root", "other CA")[self.issuer]
        return f"{issuer}, {('same key', 'backup key', 'new key')[self.key]}"


UNCHANGED = 9
SITUATIONS = (*(Situation(issuer, key) for issuer in Issuer for key in Key), Situation(Issuer.SAME, Key.SAME, True))

_GENUINE = {
    Situation(Issuer.SAME, Key.SAME, True): "ordinary_day",
    Situation(Issuer.SAME, Key.SAME): "same_key",
    Situation(Issuer.SAME, Key.BACKUP): "backup_key",
    Situation(Issuer.SAME, Key.NEW): "new_key",
    Situation(Issuer.SIBLING, Key.SAME): "other_intermediate_same_key",
    Situation(Issuer.SIBLING, Key.NEW): "new_intermediate",
    Situation(Issuer.OTHER, Key.SAME): "other_ca_same_key",
    Situation(Issuer.OTHER, Key.NEW): "new_ca",
}
_ATTACKER = {
    Situation(Issuer.SAME, Key.SAME, True): "stolen_key_and_certificate",
    Situation(Issuer.SAME, Key.SAME): "stolen_key_new_certificate",
    Situation(Issuer.SAME, Key.BACKUP): "stolen_backup_key",
    Situation(Issuer.SAME, Key.NEW): "same_intermediate",
    Situation(Issuer.SIBLING, Key.NEW): "sibling_intermediate",
    Situation(Issuer.OTHER, Key.NEW): "other_trusted_ca",
}


def composed(situation: Situation, line: Line) -> Case:
    """
    A scene for a situation that several changes in a row lead to; it is not registered.

    The tests hold it against the catalogue's own scene wherever there is one.
    """

    def build(world: World) -> Meeting:
        issuer = {Issuer.SAME: world.issuing, Issuer.SIBLING: world.sibling, Issuer.OTHER: world.other_issuing}
        key = {Key.SAME: world.genuine.key, Key.BACKUP: world.backup_key, Key.NEW: None}[situation.key]
        credential = world.genuine if situation.unchanged else issuer[situation.issuer].issue(world.host, key=key)
        return changed(world, credential) if line is Line.GENUINE else attacked(world, credential)

    kind = Kind.ROTATION if line is Line.GENUINE else Kind.ATTACK
    return Case(f"{line.value}: {situation}", kind, str(situation), str(situation), build, situation.reach)


@dataclass(frozen=True, eq=False)
class Accepts:
    """
    What one client did in each situation.

    `genuine[i]` is True where it was served, `attacker[i]` where it was
    intercepted, in the order of `SITUATIONS`; `handshakes` were made to find
    out.
    """

    client: str
    genuine: NDArray[np.bool_]
    attacker: NDArray[np.bool_]
    handshakes: int


def measure(clients: Iterable[Client]) -> dict[str, Accepts]:
    """Play every situation with every client over real TLS (about a second); by client name."""
    rows = tuple(clients)
    if not rows:
        return {}
    found = {line: [one.case(line) for one in SITUATIONS] for line in Line}
    done = matrix(rows, [case for cases in found.values() for case in cases])

    def row(name: str, line: Line, good: Outcome) -> NDArray[np.bool_]:
        met = [done.cell(name, case.name) for case in found[line]]
        return np.array([one.encounters[one.scene.about].outcome is good for one in met])

    return {
        one.name: Accepts(
            one.name,
            row(one.name, Line.GENUINE, Outcome.SERVED),
            row(one.name, Line.ATTACKER, Outcome.INTERCEPTED),
            sum(len(done.cell(one.name, case.name).encounters) for cases in found.values() for case in cases),
        )
        for one in rows
    }


_MEASURED: dict[str, Accepts] = {}


def measured(names: tuple[str, ...]) -> dict[str, Accepts]:
    """The same for clients by name, each once in a process. Raises ValueError for a name that no client has."""
    missing = [client(name) for name in dict.fromkeys(names) if name not in _MEASURED]
    _MEASURED.update(measure(missing))
    return {name: _MEASURED[name] for name in names}
