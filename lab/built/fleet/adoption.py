"""
How fast the devices of a fleet take up a new release: data, each with its source or marked as an assumption.

A fleet is a mixture of groups. A device belongs to one group for good; on any
day on which it does not run the newest release, it takes it with its group's
daily chance. It knows no dates, no pins and no random numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lab.naming import named

ASSUMPTION = "assumption"


@dataclass(frozen=True)
class Group:
    """A share of the fleet (0 to 1), and the chance (0 to 1) that a device of it takes the newest release in a day."""

    name: str
    share: float
    daily: float


@dataclass(frozen=True)
class Adoption:
    """
    An adoption curve, as a mixture of groups whose shares add up to 1.

    `source` says where the numbers come from, and begins with the word
    "assumption" where they come from nowhere. `measured` holds the points
    (days since release, share updated) that the source gives; the groups are a
    fit to them. Raises ValueError for a share or chance outside 0 to 1.
    """

    name: str
    groups: tuple[Group, ...]
    source: str
    measured: tuple[tuple[int, float], ...] = ()

    def __post_init__(self) -> None:
        for one in self.groups:
            if not (0 <= one.share <= 1 and 0 <= one.daily <= 1):
                raise ValueError(
                    f"adoption {self.name!r}: group {one.name!r} has share {one.share} and daily chance {one.daily}; "
                    "both must lie between 0 and 1"
                )
        total = sum(one.share for one in self.groups)
        if not math.isclose(total, 1, abs_tol=1e-9):
            raise ValueError(f"adoption {self.name!r}: the shares add up to {total:g}; make them add up to 1")

    def updated(self, days: int) -> float:
        """The expected share (0 to 1) that runs a release `days` nights after it came out."""
        return sum(one.share * (1 - (1 - one.daily) ** days) for one in self.groups)

    @property
    def never(self) -> float:
        """The share of devices that never updates."""
        return sum(one.share for one in self.groups if not one.daily)


def steady(half_life: float, never: float = 0.0, name: str = "your own") -> Adoption:
    """
    An adoption curve from two numbers of your own.

    Of the devices that update at all, half have done so `half_life` days
    after a release; the share `never` (0 to 1) stays as it was sold. Raises
    ValueError where half_life is not above 0 or `never` is no share.
    """
    if not (math.isfinite(half_life) and half_life > 0 and 0 <= never <= 1):
        raise ValueError(
            f"an update half-life of {half_life} days with a share of {never} that never updates makes no curve; "
            "give more than 0 days and a share between 0 and 1"
        )
    groups = (Group("updates", 1 - never, 1 - 0.5 ** (1 / half_life)), Group("never", never, 0.0))
    return Adoption(name, groups, f"{ASSUMPTION}: chosen by the reader")


ADOPTIONS = {
    one.name: one
    for one in (
        Adoption(
            "small-app-2015",
            (Group("eager", 0.38, 0.43), Group("slow", 0.38, 0.0217), Group("never", 0.24, 0.0)),
            "neurons.dk/?p=526, October 2015: an app with about 10,000 active devices, whose author counted 15.5 % "
            "after a day, 42.1 % after a week, 56.8 % after a month (the groups fit each point to 2 of 100 devices); "
            "what follows the first month is an assumption",
            (
                (1, 0.155), (2, 0.289), (3, 0.337), (4, 0.364), (5, 0.389), (6, 0.400),
                (7, 0.421), (14, 0.484), (21, 0.526), (28, 0.559), (31, 0.568),
            ),
        ),
        Adoption(
            "newspapers-2016",
            (Group("updates", 0.985, 0.0777), Group("never", 0.015, 0.0)),
            "blog.visiolink.com, 2016-02-09, how quickly readers adopt new versions: the apps of three newspapers, 9.4 "
            "to 11.1 % on older versions after a month, 1 to 2 % after six; what is between and after is an assumption",
            ((30, 0.898), (182, 0.985)),
        ),
        Adoption(
            "evergreen",
            (Group("automatic", 0.97, 0.5), Group("manual", 0.025, 0.02), Group("never", 0.005, 0.0)),
            f"{ASSUMPTION}: a program that updates itself, as browsers do; half of its devices in a day",
        ),
        Adoption(
            "app-store",
            (Group("automatic", 0.70, 0.25), Group("manual", 0.22, 0.02), Group("never", 0.08, 0.0)),
            f"{ASSUMPTION}: seven in ten devices update apps by themselves, within days",
        ),
        Adoption(
            "managed",
            (Group("in the maintenance window", 0.95, 1 / 30), Group("lost", 0.05, 0.0)),
            f"{ASSUMPTION}: a company's devices, updated once a month",
        ),
        Adoption(
            "appliance",
            (Group("connected", 0.40, 0.01), Group("never", 0.60, 0.0)),
            f"{ASSUMPTION}: boxes that few people ever update",
        ),
    )
}  # fmt: skip


def adoption(name: str) -> Adoption:
    """The adoption curve of that name. Raises ValueError, naming them all, where there is none."""
    return named("adoption curve", name, ADOPTIONS)
