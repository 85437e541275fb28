"""
Outage and exposure of one possible history: device-days, counted for many clients at once.

It multiplies who holds which pins by what such a device was measured to do. It
draws nothing, and it opens no socket.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.built.fleet.cohorts import Block
from lab.built.fleet.history import History, Path
from lab.built.fleet.situations import UNCHANGED, Accepts, Issuer, Key


@dataclass(frozen=True)
class Choice:
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
    choices: Sequence[Choice],
    accepts: dict[str, Accepts],
) -> list[Tally]:
    """
    Count for each choice, in the order given.

    `accepts` holds the measured table of each client and, where pins expire,
    the one of `FALLBACK`. Nothing depends on how the days are cut into blocks.
    """
    outage, exposure = [0] * len(choices), [0.0] * len(choices)
    worst, stranded = [0] * len(choices), [0] * len(choices)
    pins = _numbers([one.pins for one in told.releases])
    presented = _numbers([one.path for one in told.changes])
    since = np.array([one.day for one in told.changes])
    out = np.array([one.day for one in told.releases])
    for block in blocks:
        days = np.arange(block.first_day, block.first_day + len(block.held))
        known = slice(block.first_release, block.first_release + block.held.shape[1])
        mine = pins[:, known]
        at = presented[:, np.searchsorted(since, days, side="right") - 1]
        age = days[:, None] - out[known]
        running = [
            (max(one.since, block.first_day) - block.first_day, min(one.until - block.first_day, len(days)), one)
            for one in told.attacks
            if one.since < days[-1] + 1 and one.until > block.first_day
        ]
        for backups in {one.backups for one in choices}:
            met = _situations(mine[:, None, :], at[:, :, None], backups)
            attacked = [
                (first, last, 1 - one.heeded, _situations(mine, _numbers([one.path]), backups))
                for first, last, one in running
            ]
            for number, choice in enumerate(choices):
                if choice.backups != backups:
                    continue
                table = accepts[choice.client]
                expired = None if choice.expires is None else age >= choice.expires
                served = table.genuine[met]
                if expired is not None:
                    served = np.where(expired, accepts[FALLBACK].genuine[met], served)
                refused = np.where(served, 0, block.held).sum(1)
                outage[number] += int(refused.sum())
                worst[number] = max(worst[number], int(refused.max()))
                stranded[number] = int(refused[-1])
                if attacked:
                    weight = np.zeros(block.held.shape)
                    for first, last, share, seen in attacked:
                        taken = np.broadcast_to(table.attacker[seen], (last - first, len(seen)))
                        if expired is not None:
                            taken = np.where(expired[first:last], accepts[FALLBACK].attacker[seen], taken)
                        np.maximum(weight[first:last], share * taken, out=weight[first:last])
                    exposure[number] += float((block.held * weight).sum())
    return [
        Tally(outage[number], exposure[number], worst[number] / devices, stranded[number])
        for number in range(len(choices))
    ]


def _numbers(paths: Sequence[Path]) -> NDArray[np.int64]:
    """Root, intermediate, key and certificate, a row each; a column for each path."""
    return np.array([[one.root, one.intermediate, one.key, one.certificate] for one in paths], np.int64).T


def _situations(pins: NDArray[np.int64], path: NDArray[np.int64], backups: int) -> NDArray[np.int8]:
    """The same as `history.relation`, for whole arrays at once: an index into `SITUATIONS` for each pair."""
    ahead = path[2] - pins[2]
    key = np.where(ahead == 0, Key.SAME, np.where((ahead > 0) & (ahead <= backups), Key.BACKUP, Key.NEW))
    root = np.where(path[0] == pins[0], Issuer.SIBLING, Issuer.OTHER)
    issuer = np.where(path[1] == pins[1], Issuer.SAME, root)
    return np.where(path[3] == pins[3], UNCHANGED, 3 * issuer + key).astype(np.int8)
