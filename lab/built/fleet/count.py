"""
Outage and exposure of one possible history: device-days, counted for many clients at once.

It multiplies who holds which pins by what such a device was measured to do. It
draws nothing, and it opens no socket.

How it works: every array has a row for each day and a column for each release.
`Block.held` says how many devices run that release on that day. Two arrays of
the same shape say which situation such a device is in, as a place in
`SITUATIONS`, and how old its pins are; they depend on nothing that the client
does, so all clients share them. A client's measured table, indexed with the
situations, says who is served; the refused devices of a day are then the sum
over its row. Attackers are the same with one path each, which stays for some
days: the array `share` holds, for each cell, the part of its devices that the
worst of them takes. Days come in blocks because days times releases has no
bound, and memory should have one; the tallies of two blocks make one tally.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from lab.built.fleet.cohorts import Block
from lab.built.fleet.history import ROLES, History, Keys, Threat
from lab.built.fleet.situations import PLACE, Accepts, bits
from lab.policy.pinset import Reach, Role


@dataclass(frozen=True)
class Shipped:
    """
    What a fleet runs: a client of the catalogue, by name.

    `expires` is the number of days after its release after which a device
    disregards its pins and does what the unpinned client does (Android's
    pin-set expiration, TrustKit's kTSKExpirationDate); None means never.
    `backups` is the number of backup keys that a release knows, which matters
    to the clients that look at backup keys only. A client that learns at first
    use is taken to forget and to meet the genuine site anew with each update,
    which is an assumption, and a kind one.
    """

    client: str
    expires: int | None = None
    backups: int = 1

    def __post_init__(self) -> None:
        if (self.expires is not None and self.expires < 0) or self.backups < 0:
            raise ValueError(
                f"{self.client}: pins that expire after {self.expires} days, with {self.backups} backup keys, "
                "were asked for; neither number may be negative"
            )

    @property
    def name(self) -> str:
        """The client's name, with whatever was chosen about its pins."""
        expires = f", pins expire after {self.expires} days" if self.expires is not None else ""
        return self.client + expires + (f", {self.backups} backup keys" if self.backups != 1 else "")


FALLBACK = "unpinned"
"""What is left of a client whose pins have expired."""


@dataclass(frozen=True)
class Tally:
    """
    What one client's fleet went through in one history.

    `outage` is device-days on which the genuine server is refused; `exposure`
    device-days on which an attacker who holds what an event gave it would be
    accepted (once for each device and day, however many such attackers there
    are). `worst_day` is the largest share of the fleet (0 to 1) that is
    refused on one day, `stranded` the devices that are refused on the last.
    """

    outage: int
    exposure: float
    worst_day: float
    stranded: int


def tallies(
    told: History,
    blocks: Iterable[Block],
    devices: int,
    choices: Sequence[Shipped],
    accepts: dict[str, Accepts],
) -> list[Tally]:
    """
    Count for each choice, in the order given.

    `accepts` holds the measured table of each client and, where pins expire,
    the one of `FALLBACK`. Nothing depends on how the days are cut into blocks.
    """
    counted = []
    for block in blocks:
        views = {number: _view(told, block, number) for number in {one.backups for one in choices}}
        counted.append([_tally(views[one.backups], one, accepts, devices) for one in choices])
    return [reduce(_joined, column) for column in zip(*counted, strict=True)]


@dataclass(frozen=True, eq=False)
class _View:
    """
    A block as devices with so many backup keys see it.

    `age` is how many days ago the pins were released; `genuine` is the
    situation in which they meet the genuine server. `threats` are those of
    these days, each with the situation, for each column, in which its path is
    met.
    """

    block: Block
    age: NDArray[np.int64]
    genuine: NDArray[np.int64]
    threats: list[tuple[Threat, NDArray[np.int64]]]


def _view(told: History, block: Block, backups: int) -> _View:
    first, end = block.first_day, block.first_day + len(block.held)
    days = np.arange(first, end)
    releases = told.releases[block.first_release : block.first_release + block.held.shape[1]]
    pins = _numbers([one.pins for one in releases])
    newest = np.searchsorted([one.day for one in told.changes], days, side="right") - 1
    presented = _numbers([one.path for one in told.changes])[:, newest]
    present = [one for one in told.threats if one.since < end and one.until > first]
    return _View(
        block,
        days[:, None] - np.array([one.day for one in releases]),
        PLACE[_shared(pins[:, None, :], presented[:, :, None], backups)],
        [(one, PLACE[_shared(pins, _numbers([one.path]), backups)]) for one in present],
    )


def _tally(view: _View, choice: Shipped, accepts: dict[str, Accepts], devices: int) -> Tally:
    table = accepts[choice.client]
    lapsed = table if choice.expires is None else accepts[FALLBACK]
    expired = view.age >= (math.inf if choice.expires is None else choice.expires)
    served = np.where(expired, lapsed.genuine[view.genuine], table.genuine[view.genuine])
    refused = np.where(served, 0, view.block.held).sum(1)
    share = np.zeros(view.block.held.shape)
    for one, met in view.threats:
        rows = slice(max(one.since - view.block.first_day, 0), one.until - view.block.first_day)
        taken = np.where(expired[rows], lapsed.against(one.attack)[met], table.against(one.attack)[met])
        np.maximum(share[rows], (1 - one.heeded) * taken, out=share[rows])
    exposure = float((view.block.held * share).sum())
    return Tally(int(refused.sum()), exposure, int(refused.max()) / devices, int(refused[-1]))


def _joined(earlier: Tally, later: Tally) -> Tally:
    return Tally(
        earlier.outage + later.outage,
        earlier.exposure + later.exposure,
        max(earlier.worst_day, later.worst_day),
        later.stranded,
    )


def _numbers(paths: Sequence[Keys]) -> NDArray[np.int64]:
    """Root, intermediate, key and certificate, a row each; a column for each path."""
    return np.array([astuple(one) for one in paths], np.int64).T


def _shared(pins: NDArray[np.int64], path: NDArray[np.int64], backups: int) -> NDArray[np.int64]:
    """What each path shares with pins and the next `backups` backup keys: the `bits` of each pair's reach."""
    ahead = path[2] - pins[2]
    found: NDArray[np.int64] = bits(Reach({Role.BACKUP})) * ((ahead > 0) & (ahead <= backups))
    for role, ours, theirs in zip(ROLES, pins, path, strict=True):
        found = found + bits(Reach({role})) * (ours == theirs)
    return found
