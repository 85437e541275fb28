"""
The dated scenes: what a site and its attackers present on which day, and what their headers say.

A scene is a file in `hpkp`, or one that `--with` takes. Nothing here opens a
socket or knows a browser; `visitors` play it.

Day 0 is 1 September 2016. In the lab's own scenes an attacker, where there is
one, is on the line on days 28 and 29, and from day 30 the genuine server is
there for good. A file of somebody's own has its own days.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.resources import files
from itertools import chain
from pathlib import Path

from lab.built.time.language import DAY
from lab.built.time.reading import text_of
from lab.built.time.scenario import Scenario, Visitor, read
from lab.naming import named
from lab.observation import Line
from lab.pki.authority import Authority, Credential, Key
from lab.pki.says import pins_header
from lab.pki.world import HOST, World
from lab.scenes.catalogue import Meeting, register

START = datetime(2016, 9, 1, 12, tzinfo=UTC)
ATTACK, RECOVERY = 28, 30
"""The day on which somebody else comes on the line, and the day on which the genuine server is back for good."""

_READY = files("lab.built.time") / "hpkp"


def date(day: int) -> datetime:
    """Noon of this day, in UTC."""
    return START + day * DAY


@dataclass(frozen=True)
class Dated:
    """
    A scene with a long calendar: each of its meetings goes on from its own day until the next one with that host.

    `way` are the hosts that a visitor goes to on each visit, in order; the last
    is the one whose outcome counts. `days` is how long it is watched, and
    `visitors` are its own, where it has some.
    """

    name: str
    title: str
    text: str
    meetings: tuple[Meeting, ...]
    days: int
    way: tuple[str, ...] = (HOST,)
    visitors: tuple[Visitor, ...] = ()

    @property
    def host(self) -> str:
        """The host whose outcome counts."""
        return self.way[-1]

    @property
    def capped(self) -> bool:
        """Whether it is watched for so long that a browser's cap on max-age can matter."""
        return self.days > 120

    def meeting(self, host: str, day: int) -> Meeting:
        """Whom somebody meets who goes to `host` on this day."""
        there = [one for one in self.meetings if one.host == host and one.time <= date(day)][-1]
        return replace(there, time=date(day))


def dated(name: str, told: Scenario) -> Dated:
    """The scene in a fresh world, from the day on which every dated scene begins."""
    case, world = told.case(name), World(now=START, **told.starts)
    meetings = tuple(replace(one, host=one.host or world.host) for one in chain(*told.made(world)))
    way = tuple(dict.fromkeys(meeting.host for meeting in meetings))
    return Dated(name, case.title, case.text, meetings, told.days, way, told.visitors)


def _ready(name: str) -> Dated:
    file = _READY / f"{name}.toml"
    return dated(name, read(file.read_text(encoding="utf-8"), file.name))


DATED: dict[str, Callable[[], Dated]] = {
    name: partial(_ready, name)
    for name in (
        *("no_pins", "backup_pin", "no_backup_pin", "fake_backup", "lost_backup", "retreat_in_time"),
        *("hostile_pinning", "hostile_pinning_of_a_pinned_site", "hostile_pinning_of_subdomains", "a_year"),
    )
}
"""Every dated scene by name, in teaching order; calling one makes it afresh, with new keys."""


def scene(name: str) -> Dated:
    """A fresh dated scene by name; ValueError, naming the others, where there is none."""
    return named("dated HPKP scene", name, DATED)()


def add(path: Path) -> None:
    """
    Put the scene that this file holds into the catalogue, under the file's name; with visitors here too.

    Raises ValueError, in one sentence, where it is faulty or the name is taken.
    """
    name = path.stem
    if not re.fullmatch(r"[\w-]+", name):
        raise ValueError(f"{path}: a scene has its file's name; give it one of letters, digits, - and _")
    told = read(text_of(path), str(path))
    if name in DATED:
        raise ValueError(f"{path}: run the lab's own {name} with `python -m lab hpkp {name}`, or rename the file")
    register(told.case(name))
    if told.visitors:
        DATED[name] = partial(dated, name, told)


class Cast(World):
    """The world of one dated scene, with certificates that are valid all through it."""

    def __init__(self) -> None:
        super().__init__(now=START, life=timedelta(days=1200))

    def credential(self, host: str = HOST, key: Key | None = None, *, issuer: str = "issuing") -> Credential:
        """A certificate from the site's own CA (`issuing`) or from another public one (`other_issuing`)."""
        authority: Authority = getattr(self, issuer)
        return authority.issue(host, key=key)

    def meeting(
        self,
        day: int,
        title: str,
        credential: Credential,
        header: str = "",
        line: Line = Line.GENUINE,
        host: str = HOST,
    ) -> Meeting:
        """From this day on, `credential` is presented for `host`, and answers carry `header` (none where empty)."""
        return Meeting(line, credential, self.store, date(day), title, host=host, says=pins_header(header))
