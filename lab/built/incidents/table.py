"""
The table of sources, and the incidents that quote it.

Both are files beside this one: `sources.toml` vouches for every day and every
link that a reader meets, `incidents.toml` says what happened. Nothing here
knows what the lab makes of it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from msgspec import convert, field

from lab.built.time.language import Entry
from lab.observation import Outcome
from lab.policy.pinset import Role

DAY = re.compile(r"\b(?:19|20)\d\d-\d\d-\d\d\b")


class Noticed(StrEnum):
    """Who noticed an incident first, by its sources."""

    CLIENT = "a client that refused"
    MONITOR = "the owner, in the logs"
    OWNER = "the owner"
    """In another way: he was about to be hit, or came upon it."""
    CA = "the CA"
    STRANGER = "a stranger"
    NOBODY = "nobody"
    ANNOUNCED = "announced"
    UNSAID = "not told"


class Cited(Entry, frozen=True, kw_only=True):
    """
    One source: `primary` where it was there itself, `secondary` where it tells what others told, as a copy does.

    `says` is what it says, in the lab's words. `days` are those it vouches for,
    each with what has to stand beside the day, as a regular expression.
    """

    dated: str
    link: str
    kind: Literal["primary", "secondary"]
    says: str
    days: dict[str, str] = field(default_factory=dict)


class Testimony(Entry, frozen=True, kw_only=True):
    """
    What a source says of somebody: `who` fared so, and `client` is its like in the replay `where`.

    Of a timeline an outage is any outage at all, and so on; see `Fate`. It is
    not `told` where it only follows from what the source tells.
    """

    who: str
    client: str
    where: str
    outcome: Outcome
    source: str
    told: bool = True


class Incident(Entry, frozen=True, kw_only=True):
    """
    Something that happened: what, which key was pinned and which changed, who noticed it and how.

    `called` is how texts call it, as a regular expression. `scenes` and
    `timelines` are its shape with reserved names, and `shape` says how near
    they come; `also` are clients beside the usual ones. `unsure` is what was
    told and could not be confirmed.

    The same once more, to be sorted by: `pins` are the keys that somebody had
    pinned, where that is told; `gone` are the genuine keys that the path did
    not have; `by` is who noticed, and `late` after how long, where that is told.
    """

    name: str
    title: str
    when: str
    years: tuple[int, ...]
    called: str
    happened: str
    pinned: str
    changed: str
    noticed: str
    by: Noticed
    pins: tuple[Role, ...] = ()
    gone: tuple[Role, ...] = ()
    late: str = ""
    shape: str
    sources: tuple[str, ...]
    scenes: tuple[str, ...] = ()
    timelines: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    testimony: tuple[Testimony, ...] = ()
    unsure: str = ""

    @property
    def kinds(self) -> str:
        """How many sources of each kind it has, in words."""
        kinds = [SOURCES[one].kind for one in self.sources]
        return ", ".join(f"{kinds.count(kind)} {kind}" for kind in ("primary", "secondary") if kind in kinds)


class Unconfirmed(Entry, frozen=True, kw_only=True):
    """An incident that is told, and of which no source was seen: it is no replay, and no text may state it as fact."""

    title: str
    when: str
    called: str
    lacks: str


class Citations(Entry, frozen=True, kw_only=True):
    """The file of the sources; `made_up` are days of exercises, on which nothing happened."""

    source: dict[str, Cited]
    made_up: dict[str, str] = field(name="made-up")


class Incidents(Entry, frozen=True, kw_only=True):
    """The file of the incidents, in the order of time."""

    incident: tuple[Incident, ...]
    unconfirmed: tuple[Unconfirmed, ...]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / name).read_text(encoding="utf-8"))


_SOURCES = convert(_read("sources.toml"), Citations)
SOURCES: dict[str, Cited] = _SOURCES.source
"""Every source by its name."""


@cache
def table() -> Incidents:
    """The incidents, and those that could not be confirmed."""
    return convert(_read("incidents.toml"), Incidents)


def incidents() -> dict[str, Incident]:
    """The incidents by name, in the order of time."""
    return {one.name: one for one in table().incident}


def unvouched(text: str, days: Mapping[str, str]) -> list[str]:
    """The days in this text that none of these vouches for, or that stand beside something else."""
    return [day for day in DAY.findall(text) if not re.search(days.get(day, r"(?!)"), text)]


def happened() -> dict[str, str]:
    """Every day that a text may name, with what stands beside it. Raises ValueError where two sources have one."""
    days: dict[str, str] = dict(_SOURCES.made_up)
    for name, one in SOURCES.items():
        if twice := days.keys() & one.days:
            raise ValueError(f"{name} vouches for {', '.join(sorted(twice))}, as another source does; leave one out")
        days |= one.days
    return days
