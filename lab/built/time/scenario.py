"""
A scene from a TOML file: two to five meetings, each of which is a move of the catalogue on a day.

The other scenario that a file can hold, a timeline, is read by
`lab.built.time.reading`. No verdict is written down here, and nothing is
registered: `dated` does that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from shlex import quote
from typing import Annotated, Any

from msgspec import Meta, field

from lab.built.time import moves
from lab.built.time.language import DAY, Entry, Lag, Phrase, Span, Spoken, Words
from lab.built.time.reading import named_once, opened
from lab.built.time.source import Place, Source
from lab.built.time.spoken import FAKE_BACKUP as FAKE_BACKUP
from lab.built.time.spoken import said
from lab.observation import Line
from lab.pki.paths import EXPIRED
from lab.pki.pins import seen
from lab.pki.world import World
from lab.policy.pinset import Reach
from lab.scenes.announced import announced as announced
from lab.scenes.catalogue import CASES, Case, Fault, Kind, Meeting, Scene, honest, told
from lab.trials.rehearsal import foresee

MOST_DAYS = 7_300
"""Twenty years: `serve` puts a meeting on the present day, and what came before it into the past."""


class Turn(Spoken, frozen=True):
    """
    One meeting: a move of the catalogue, `day` days after the first one; without a day, on the day of the one before.

    An attacker who announces the backup key, which he does not hold, only says
    so. `subdomain` is the first label of another host of the same service.
    """

    move: Words = "ordinary_day"
    day: Annotated[int, Meta(ge=0, le=MOST_DAYS)] | None = None
    title: Phrase = ""
    about: bool = False
    include_subdomains: bool = False
    subdomain: str = ""

    def happens(self, world: World, before: Meeting) -> tuple[World, Meeting]:
        """The world since this meeting, and the meeting; `before` is what the service itself presented last."""
        meeting = CASES[self.move].move(world)
        assert meeting, "reading refuses what is no move"
        if meeting.line is Line.GENUINE and not meeting.proxied:
            world = world.after(meeting.credential, meeting.store)
        host = world.host if self.subdomain else ""
        says = said(self, meeting.credential, world.backup_key, line=meeting.line, subdomains=self.include_subdomains)
        meeting = replace(meeting, title=self.title or meeting.title, says=says, host=host)
        return world, replace(meeting, behind=before) if meeting.relayed else meeting


class Visitor(Entry, frozen=True):
    """Somebody with a habit: the day of their first visit, and how many days lie between two visits."""

    name: Annotated[str, Meta(min_length=1, max_length=17, pattern=r"^[^\n]*$")]  # what the column has room for
    first: Lag = 0
    every: Span = 1

    def goes(self, day: int) -> bool:
        """Whether they go on this day."""
        return day >= self.first and (day - self.first) % self.every == 0


class Scenario(Entry, frozen=True):
    """
    A whole scene. `twin` is the scene that looks exactly like it: of the other kind, with the same reach.

    Servers' certificates last `lifetime_days`. Where there are visitors, it is
    watched for `days`, and each meeting goes on until the next one; who goes
    before the first one with a host meets its service as it was until then.
    """

    title: Words
    turns: tuple[Turn, ...] = field(name="meeting")
    version: int = 1
    story: str = ""
    twin: str = ""
    lifetime_days: Span = 90
    visitors: tuple[Visitor, ...] = field(name="visitor", default=())
    days: Annotated[int, Meta(ge=1, le=MOST_DAYS)] = 95

    @property
    def starts(self) -> dict[str, Any]:
        """What its world is made with: what its moves need, and how long certificates last."""
        needed = chain.from_iterable(CASES[turn.move].starts.items() for turn in self.turns)
        return {**dict(needed), "life": timedelta(days=self.lifetime_days)}

    @property
    def about(self) -> int:
        """The meeting that it is about: the one that says so, else the first attack, else the first change."""

        def weight(number: int) -> tuple[bool, bool, bool, int]:
            turn = self.turns[number]
            change = turn.move != "ordinary_day"
            return turn.about, CASES[turn.move].kind is Kind.ATTACK, change, -number if change else number

        return max(range(len(self.turns)), key=weight)

    def scene(self, world: World) -> Scene:
        """The moves, made in one world: what the service changes stays changed, and an attacker leaves nothing."""
        return told(world, *self.made(world)[1], about=self.about)

    def made(self, world: World) -> tuple[list[Meeting], list[Meeting]]:
        """The service of each host as it was before the first move, and the meetings of the file."""
        there = {turn.subdomain: _begun(world, turn.subdomain) for turn in self.turns}
        begun = [service for _, service in there.values()]
        meetings: list[Meeting] = []
        time = world.now
        for turn in self.turns:
            time = time if turn.day is None else world.now + turn.day * DAY
            now, before = there[turn.subdomain]
            now, meeting = turn.happens(now.at(time), before)
            there[turn.subdomain] = now, before if meeting.relayed or meeting.line is Line.ATTACKER else meeting
            meetings.append(meeting)
        return begun, meetings

    def case(self, name: str) -> Case:
        """
        The entry of the catalogue: an attack where anybody attacks.

        Earlier turns may have moved the site, so reach, fault and twin are
        those of the meeting that it is about, as it was made. The twin of that
        attack is its twin here too where it still shares the same keys.
        """
        every = [CASES[turn.move] for turn in self.turns]
        about = every[self.about]
        robber = next((one for one in (about, *every) if one.kind is Kind.ATTACK), None)
        scene = self.scene(World(**self.starts))
        meeting = scene.meetings[scene.about]
        met = foresee(meeting, scene.host)
        reach = Reach.of(met.path or map(seen, meeting.credential.path), scene.site)
        fails = robber.fails if robber else None
        if robber is about and met.error and not fails:
            fails = Fault.EXPIRED if met.error.code == EXPIRED else Fault.UNTRUSTED
        same = about.twin and not fails and CASES[about.twin].reach == reach
        return Case(
            name,
            robber.kind if robber else Kind.ROTATION,
            self.title,
            f"{self.title}\n\n{self.story.strip()}".strip(),
            self.scene,
            reach,
            twin=self.twin or (about.twin if same else ""),
            fails=fails,
            holds=tuple(dict.fromkeys(held for one in every for held in one.holds)),
            way=robber.way if robber else None,
            starts=self.starts,
        )


def _begun(world: World, subdomain: str) -> tuple[World, Meeting]:
    """The world of a host before the first move, and its service, which has said nothing yet."""
    begun = world.serving(f"{subdomain}.{world.host}") if subdomain else world
    return begun, replace(honest(begun), host=begun.host if subdomain else "")


def read(text: str, label: str) -> Scenario:
    """The scene that `text` describes. Raises ValueError, in one sentence that names the line and the key."""
    source = opened(text, label)
    if "meeting" not in source.values and {"start", "client"} & {*source.values}:
        raise ValueError(f"{label} is a timeline and no scene; run it with: python -m lab timeline {quote(label)}")
    scene = source.take(Scenario, source.values)
    for place, problem in _faults(source, scene):
        raise source.fault(place, problem)
    return scene


def _faults(source: Source, scene: Scenario) -> Iterator[tuple[Place, str]]:
    if not 2 <= len(scene.turns) <= 5:
        yield ("meeting", 0), f"{len(scene.turns)} of them were found; give two to five"
    last = 0
    for number, turn in enumerate(scene.turns):
        moves.found(source, ("meeting", number, "move"), turn.move)
        if not re.fullmatch("[a-z]{0,40}", turn.subdomain):
            problem = f"{turn.subdomain[:60]!r} was found; give one label of a host's name, at most 40 letters a to z"
            yield ("meeting", number, "subdomain"), problem
        if turn.day is not None and turn.day < last:
            yield ("meeting", number, "day"), f"{turn.day} was found; give the days in order, none before {last}"
        last = turn.day or last
    if scene.visitors:
        yield from named_once("visitor", "a visitor", [one.name for one in scene.visitors])
    for number, one in enumerate(scene.visitors):
        if one.first >= scene.days:
            problem = f"{one.first} was found; give a day before the scene is over, which is watched for {scene.days}"
            yield ("visitor", number, "first"), problem
    if sum(turn.about for turn in scene.turns) > 1:
        yield ("meeting", len(scene.turns) - 1, "about"), "a scene is about one meeting; leave it out elsewhere"
    if scene.twin:
        source.one_of(("twin",), scene.twin, CASES)
        mine, other = scene.case(source.label), CASES[scene.twin]
        if mine.fails or other.fails or mine.kind is other.kind or mine.reach != other.reach:
            theirs, this = (f"{one.kind} ({one.fails or f'shares {one.reach}'})" for one in (other, mine))
            problem = "give one of the other kind with the same reach, which validation accepts, or leave it out"
            yield ("twin",), f"{other.name} is no twin: it is {theirs}, and this is {this}; {problem}"
