"""
A scene from a TOML file: two to five meetings, each of which is a move of the catalogue on a day.

It joins the catalogue under the name of its file, and with visitors the dated
scenes too. The other scenario that a file can hold, a timeline, is read by
`lab.built.time.reading`. No verdict is written down here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, field

from lab.built.time import moves
from lab.built.time.dated import DATED, FAKE_BACKUP, START, Dated, announced
from lab.built.time.language import DAY, Entry, Lag, Span, Words
from lab.built.time.reading import opened, text_of
from lab.built.time.source import Place, Source
from lab.built.time.visitors import Visitor
from lab.observation import Line
from lab.pki.says import PKP, Says
from lab.pki.world import World
from lab.scenes.catalogue import CASES, Case, Kind, Meeting, Scene, honest, register, site_pins, told


class Turn(Entry, frozen=True):
    """
    One meeting: a move of the catalogue, `day` days after the first one; without a day, on the day of the one before.

    `pins` are what the answer's header pins for `max_age_days`: keys of what is
    presented, the site's backup key, or a made-up one. `announces` proves that
    the backup key is the next one; an attacker, who does not hold it, only says so.
    """

    move: Words = "ordinary_day"
    day: Lag | None = None
    title: str = ""
    about: bool = False
    pins: tuple[Literal["root", "intermediate", "leaf", "backup", "made-up"], ...] = ()
    max_age_days: Annotated[int, Meta(ge=0, le=36_500)] = 60
    announces: bool = False

    def says(self, world: World, meeting: Meeting) -> Says | None:
        """What is said beside the certificate of this meeting; None where nothing is."""
        if not self.pins and not self.announces:
            return None
        keys = {role.value: sorted(pins) for role, pins in site_pins(world, meeting.credential).items()}
        keys["made-up"] = [FAKE_BACKUP]
        pins = [pin for word in self.pins for pin in keys[word]]
        headers = ((PKP, announced(*pins, days=self.max_age_days)),) if pins else ()
        if not self.announces:
            return Says(headers)
        if meeting.line is Line.GENUINE:
            return Says(headers, successors=(world.backup_key,))
        return Says(headers, claims=(world.backup_key.public_key(),))


class Scenario(Entry, frozen=True):
    """
    A whole scene. `twin` is the scene that looks exactly like it; else that of its first attack.

    Servers' certificates last `lifetime_days`. Where there are visitors, it is
    watched for `days`, and each meeting goes on until the next one.
    """

    title: Words
    turns: tuple[Turn, ...] = field(name="meeting")
    version: int = 1
    story: str = ""
    twin: str = ""
    lifetime_days: Span = 90
    visitors: tuple[Visitor, ...] = field(name="visitor", default=())
    days: Span = 95

    @property
    def about(self) -> int:
        """The meeting that it is about: the one that says so, else the first attack, else the first change."""
        kinds = [CASES[turn.move].kind for turn in self.turns]
        for said in (
            [turn.about for turn in self.turns],
            [kind is Kind.ATTACK for kind in kinds],
            [turn.move != "ordinary_day" for turn in self.turns],
        ):
            if any(said):
                return said.index(True)
        return len(self.turns) - 1

    def scene(self, world: World) -> Scene:
        """The moves, made in one world: what the service changes stays changed, and an attacker leaves nothing."""
        meetings: list[Meeting] = []
        now, behind = world, honest(world)
        for turn in self.turns:
            now = now if turn.day is None else now.at(world.now + turn.day * DAY)
            meeting = CASES[turn.move].move(now)
            assert meeting, "reading refuses what is no move"
            meeting = replace(meeting, title=turn.title or meeting.title, says=turn.says(now, meeting))
            if meeting.relayed:
                meeting = replace(meeting, behind=replace(behind, time=now.now))
            elif meeting.line is Line.GENUINE:
                now, behind = now.after(meeting.credential, meeting.store), meeting
            meetings.append(meeting)
        return told(world, *meetings, about=self.about)

    def dated(self, name: str, case: Case) -> Dated:
        """The same with visitors, from the day on which every dated scene begins."""
        scene = case.scene(World(now=START, **case.starts))
        meetings = tuple(replace(meeting, host=scene.host) for meeting in scene.meetings)
        return Dated(name, self.title, case.text, meetings, self.days, (scene.host,), self.visitors)

    def case(self, name: str) -> Case:
        """The entry of the catalogue: an attack where anybody attacks, with the reach of what it is about."""
        every = [CASES[turn.move] for turn in self.turns]
        robber = next((one for one in every if one.kind is Kind.ATTACK), None)
        about = every[self.about]
        starts = dict(chain.from_iterable(one.starts.items() for one in every))
        return Case(
            name,
            robber.kind if robber else Kind.ROTATION,
            self.title,
            f"{self.title}\n\n{self.story.strip()}".strip(),
            self.scene,
            about.reach,
            twin=self.twin or (robber.twin if robber else ""),
            fails=robber.fails if robber else None,
            holds=tuple(dict.fromkeys(held for one in every for held in one.holds)),
            way=robber.way if robber else None,
            starts={**starts, "life": timedelta(days=self.lifetime_days)},
        )


def add(path: Path) -> None:
    """
    Put the scene that this file holds into the catalogue, under the file's name.

    Raises ValueError, in one sentence, where it is faulty or the name is taken.
    """
    name = path.stem
    if not re.fullmatch(r"[\w-]+", name):
        raise ValueError(
            f"{path.name}: a scene has the name of its file, so write it with letters, digits, - and _ only"
        )
    scene = read(text_of(path), path.name)
    case = scene.case(name)
    register(case)
    if scene.visitors:
        DATED[name] = lambda: scene.dated(name, case)


def read(text: str, label: str) -> Scenario:
    """The scene that `text` describes. Raises ValueError, in one sentence that names the line and the key."""
    source = opened(text, label)
    if "meeting" not in source.values and {"start", "client"} & {*source.values}:
        raise ValueError(f"{label} is a timeline and no scene; run it with: python -m lab timeline {label}")
    scene = source.take(Scenario, source.values)
    for place, problem in _faults(source, scene):
        raise source.fault(place, problem)
    return scene


def _faults(source: Source, scene: Scenario) -> Iterator[tuple[Place, str]]:
    if not 2 <= len(scene.turns) <= 5:
        yield ("meeting", 0), f"{len(scene.turns)} of them were found; give two to five"
    source.one_of(("twin",), scene.twin or None, CASES)
    last = 0
    for number, turn in enumerate(scene.turns):
        source.one_of(("meeting", number, "move"), turn.move, CASES)
        try:
            moves.move(turn.move)
        except ValueError as no_move:
            yield ("meeting", number, "move"), str(no_move)
        if turn.day is not None and turn.day < last:
            yield ("meeting", number, "day"), f"{turn.day} was found; give the days in order, none before {last}"
        last = turn.day or last
    if sum(turn.about for turn in scene.turns) > 1:
        yield ("meeting", len(scene.turns) - 1, "about"), "a scene is about one meeting; leave it out elsewhere"
