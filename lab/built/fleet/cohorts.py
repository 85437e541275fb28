"""
How many devices run which release on which day.

Devices of one group that run the same release are alike, and each takes the
newest release on a given night with the same chance and independently. The
number that does is therefore binomial, and one draw for each cohort has
exactly the distribution that a draw for each device would have: the cost does
not depend on the number of devices. It knows no pins and no verdicts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.built.fleet.adoption import Adoption
from lab.built.fleet.history import History

CELLS = 1 << 19
"""The most numbers that a block holds (4 MiB); with it the memory of a run is bounded, however long the run."""


@dataclass(frozen=True, eq=False)
class Block:
    """
    Some days in a row.

    `held[i, j]` is the number of devices that run release `first_release + j`
    on day `first_day + i`. Every row adds up to the whole fleet.
    """

    first_day: int
    first_release: int
    held: NDArray[np.int64]


def holdings(told: History, devices: int, adoption: Adoption, seed: int) -> Iterator[Block]:
    """
    The fleet day by day, in blocks of bounded size; the same seed gives the same numbers.

    All devices begin with the release of day 0. A release that comes out on a
    day is on nobody's device on that day, and on a share `adoption.updated(n)`
    after n nights, as long as no newer one comes out.
    """
    draw = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    shares = np.array([one.share for one in adoption.groups])
    daily = np.array([one.daily for one in adoption.groups])[:, None]
    out = [one.day for one in told.releases]
    held = np.zeros((len(shares), len(out)), np.int64)
    held[:, 0] = draw.multinomial(devices, shares / shares.sum())
    rows, newest = max(1, CELLS // len(out)), 0
    for first in range(0, told.days, rows):
        last = min(first + rows, told.days)
        block = np.zeros((last - first, len(out)), np.int64)
        for day in range(first, last):
            while newest + 1 < len(out) and out[newest + 1] <= day:
                newest += 1
            held[:, : newest + 1].sum(0, out=block[day - first, : newest + 1])
            if newest:
                moved = draw.binomial(held[:, :newest], daily)
                held[:, :newest] -= moved
                held[:, newest] += moved.sum(1)
        used = np.flatnonzero(block.any(axis=0))
        yield Block(first, int(used[0]), block[:, used[0] : used[-1] + 1])
