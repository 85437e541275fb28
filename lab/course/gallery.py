"""
Notebook 18: incidents without their names, a board of all of them, and the checks of the tasks.

What happened stands in the table of incidents, and who was robbed, cut off or
saved is run, here as there. A report names no answer.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations
from random import Random
from types import NoneType
from typing import Any

from msgspec import MsgspecError, convert

from lab.built.incidents.replay import replayed
from lab.built.incidents.report import FARED, text
from lab.built.incidents.rules import PATH, YEAR, faults
from lab.built.incidents.table import SOURCES, Cited, Incident, Noticed, incidents
from lab.built.time import reading
from lab.course import fresh
from lab.course.report import Mark, NoAnswer, Question, Report, answer, examine
from lab.observation import Outcome
from lab.pki.pins import pin_of
from lab.policy.clients import client
from lab.policy.pinset import PinSet, Role
from lab.scenes.catalogue import Case, Kind, case
from lab.show.drawing import Path
from lab.show.notebook import Comparison, compare
from lab.show.sheet import Banner, Row, Sheet
from lab.trials.trial import trial

EXHIBITS = ("diginotar", "jabber-ru", "fina", "heartbleed", "smashing", "http-toolkit", "brave")
"""The incidents that the notebook shows, in its order."""


def _scene(one: Incident) -> Case:
    return case(one.scenes[0])


CHAIR = {name: incidents()[name].scenes[0] for name in ("comodo", "diginotar", "fina", "heartbleed", "jabber-ru")}
"""What an attacker may choose among, each with its scene."""


# ---- what the notebook shows ---------------------------------------------------------------------


def _exhibit(number: int) -> Incident:
    if number - 1 not in range(len(EXHIBITS)):
        raise ValueError(f"there are exhibits 1 to {len(EXHIBITS)}, and no {number}")
    return incidents()[EXHIBITS[number - 1]]


def shape(number: int) -> Path:
    """The path of that day; what is marked has a key that was on the path before."""
    shown = trial(client("unpinned"), _scene(_exhibit(number)))
    path = shown.shown.observation.path or ()
    return Path(path, {one.pin: "as before" for one in path if shown.genuine(one)}, shown.letters, f"exhibit {number}")


def replay(number: int, guesses: Mapping[str, object]) -> Comparison:
    """The guesses of an exhibit beside what became of each client."""
    scene = _scene(_exhibit(number))
    return compare(guesses, {name: FARED[trial(client(name), scene).outcome] for name in guesses})


def told(number: int) -> str:
    """What happened there, by its sources, and what these say of anybody held against a run."""
    one = _exhibit(number)
    return text(one, replayed(one, only={said.client for said in one.testimony}))


def attacked(one: Incident) -> str:
    """Whether it has the shape of an attack, in a word."""
    events = (event for name in one.timelines for event in reading.load(name).events)
    attack = _scene(one).kind is Kind.ATTACK if one.scenes else any(event.gives for event in events)
    return "attack" if attack else "no attack"


def alike(number: int) -> dict[str, str]:
    """Every incident of the shape of this exhibit, with who noticed it."""
    first = _exhibit(number).scenes[0]
    return {name: one.by.value for name, one in incidents().items() if first in one.scenes[:1]}


def noticed() -> dict[str, int]:
    """How many of all incidents were noticed by whom; of clients that refused, whether they refused an attack."""
    counts: Counter[str] = Counter({by: 0 for by in Noticed if by is not Noticed.CLIENT})
    for one in incidents().values():
        counts[f"{one.by}: {attacked(one)}" if one.by is Noticed.CLIENT else one.by] += 1
    return dict(counts.most_common())


def tally(name: str) -> dict[str, int]:
    """How a client fares in the first scene of each incident that has one."""
    went = Counter(trial(client(name), _scene(one)).outcome for one in incidents().values() if one.scenes)
    return {word: went[outcome] for outcome, word in FARED.items()}


def board(entry: str = "") -> Sheet:
    """All incidents by who noticed them, which keys were pinned and which were gone; and the learner's own."""
    told, rows = [*incidents().values(), *([_read(entry)[0]] if filed(entry).solved else [])], list[Row | Banner]()
    for by in Noticed:
        here = [one for one in told if one.by is by]
        rows.append(Banner(f"{by}: {len(here)}", section=True))
        for one in here:
            rows.append(Row(one.name, (attacked(one), _roles(one.pins, "none told"), _roles(one.gone), one.late)))
    return Sheet("Who noticed", ("incident", "shape", "pinned", "gone from the path", "after"), rows)


def _roles(roles: Iterable[str], empty: str = "none") -> str:
    return " + ".join(roles) or empty


def untold() -> dict[str, str]:
    """What the sources say that no incident names."""
    quoted = {name for one in incidents().values() for name in one.sources}
    return {name: one.says for name, one in SOURCES.items() if name not in quoted}


# ---- the checks ----------------------------------------------------------------------------------


def refuses(candidate: Callable[..., Any]) -> Report:
    """Judge `refuses(pinned, there)` by pin sets of every kind in the scenes of all incidents, over real TLS."""
    return fresh.brief(examine("when a pin refuses", candidate, list(_met())))


def _met() -> Iterator[Question]:
    sets = [pins for size in (1, 2, 3) for pins in combinations(PATH, size)] + [(Role.LEAF, Role.BACKUP)]
    with fresh.stages() as outcome:
        for scene in {_scene(one) for one in incidents().values() if one.scenes}:
            there = [role for role in PATH if role in scene.reach]
            for pins in sets:
                went = outcome(fresh.client("pinned", PinSet.any_of(*pins)), scene)
                given = tuple({role.value for role in roles} for roles in (pins, there))
                asked = f"pinned {_roles(pins)}, there {_roles(there)}"
                yield Question(asked, given, went in (Outcome.STOPPED, Outcome.OUTAGE))


VICTIMS = ("unpinned", "root-pinned", "intermediate-pinned", "leaf-pinned", "counts-scts", "list-hard-pinned")


def choose(candidate: Callable[..., Any]) -> Report:
    """Judge `choose(client)`: an incident that robs it, and none with fewer genuine keys does; by real trials."""

    def wrong(name: str) -> str:
        scenes = {one: case(scene) for one, scene in CHAIR.items()}
        robs = [one for one, scene in scenes.items() if trial(client(name), scene).outcome is Outcome.INTERCEPTED]
        said = answer(candidate, (name,), str, NoneType, wanted="an incident's name, or None,")
        if said is None:
            return "one of them robs it" if robs else ""
        if said not in robs:
            return f"{said} does not rob it" if said in scenes else f"{said!r} is none of gallery.CHAIR"
        least = min(len(scenes[one].reach) for one in robs)
        return "" if len(scenes[said].reach) == least else f"{said} robs it, and another needs fewer genuine keys"

    asked = [Question(name, (name,), "") for name in VICTIMS]
    return examine("the attacker's chair", wrong, asked, lambda _, said: said)


KEYS = {"current": "same_key", "backup": "backup_key", "new": "lost_keys"}


def next_key(candidate: Callable[..., Any]) -> Report:
    """Judge `next_key(lost)`: returning browsers take the new certificate where they can; by real trials."""
    serves = {key for key, scene in KEYS.items() if trial(client("hpkp-no-cap"), case(scene)).outcome is Outcome.SERVED}

    def wrong(lost: set[str]) -> str:
        said = answer(candidate, ({*lost},), str, wanted="the name of a key")
        if said not in KEYS:
            return f"{said!r} is no key; there are {', '.join(KEYS)}"
        if said in lost:
            return "that key is lost"
        return "" if said in (serves - lost or KEYS) else "visitors are locked out"

    lost = [{*some} for size in range(3) for some in combinations(("current", "backup"), size)]
    asked = [Question(f"lost: {_roles(sorted(one))}", (one,), "") for one in lost]
    return examine("the next key", wrong, asked, lambda _, said: said)


def place(candidate: Callable[..., Any]) -> Report:
    """Judge `place(pin, path)` on paths of every length, as clients built them in fresh worlds."""
    return fresh.brief(examine("where a pin is", candidate, list(_places()), wanted="a word, or None,"))


def _places() -> Iterator[Question]:
    for length in (1, 2, 3):
        made = fresh.world(Random(), intermediates=length)
        for title in ("the same intermediate, the same key", "the client's store gains the intermediate as a root"):
            (met,) = fresh.play(made, fresh.CHANGES[title](made), [PinSet.any_of(Role.LEAF)])
            path = met.observation.path or ()
            places = ("leaf", *["intermediate"] * (len(path) - 2), "root")
            at = {one.pin: place for one, place in zip(path, places, strict=True)}
            for number, pin in enumerate(map(pin_of, made.genuine.path)):
                yield Question(f"certificate {number}; {title}", (pin, path), at.get(pin))


# ---- filing an incident --------------------------------------------------------------------------

UNSAID = dict.fromkeys(("pinned", "changed", "noticed", "shape", "called"), "")


def _read(entry: str) -> tuple[Incident, dict[str, Cited]]:
    """An incident as a learner writes it, and all sources that it may name; NoAnswer where it cannot be read."""
    try:
        given = tomllib.loads(entry)
        own = convert(given.pop("source", {}), dict[str, Cited])
        years = YEAR.findall(str(given.get("when")))
        return convert({**UNSAID, "years": years, **given}, Incident, strict=False), {**SOURCES, **own}
    except (ValueError, MsgspecError) as problem:
        raise NoAnswer(f"it cannot be read: {problem}") from problem


def filed(entry: str) -> Report:
    """Judge an entry by the rules that the table itself keeps to."""
    try:
        one, sources = _read(answer(lambda: entry, (), str, wanted="a text"))
        found = {"its name": "there is one of that name" if one.name in incidents() else "", **faults(one, sources)}
    except (NoAnswer, ValueError) as problem:  # ValueError: no such scene, timeline or client
        found = {"the entry": str(problem)}
    return Report("an incident to file", tuple(Mark(rule, not wrong, wrong) for rule, wrong in found.items()))
