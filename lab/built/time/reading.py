"""
A timeline from a TOML file, or one sentence that names the line and the key at fault.

Which keys there are, with their types and limits, is in
`lab.built.time.language` and `lab.built.time.events`; here is what has to fit
together: days in order, names that are there, certificates that can be counted.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from datetime import timedelta
from importlib.resources import files
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from lab import disk
from lab.built.time import moves
from lab.built.time.events import EVENTS, ClockMoved
from lab.built.time.language import Happening, Installation, Timeline, Whose
from lab.built.time.source import Place, Source
from lab.naming import named
from lab.observation import Evidence
from lab.pki.names import reserved
from lab.pki.told import Passage
from lab.policy.check import needs
from lab.policy.clients import chosen
from lab.policy.clients import client as listener

VERSION = 1
LONGEST = timedelta(days=366 * 20)
MOST_CERTIFICATES = 5_000
_READY, _SCENES = (files("lab.built.time") / kind for kind in ("ready", "hpkp"))
_FETCHED = {Evidence.ANSWER, Evidence.LIST, Evidence.RECORDS}
_LACKS = {
    Whose.STOLEN: 'no key is stolen by that date; add an event with what = "compromise"',
    Whose.MISISSUED: 'there is no event with what = "misissue" by that date; add it before',
}


def ready() -> list[str]:
    """The names of the timelines that come with the lab."""
    return sorted(one.name.removesuffix(".toml") for one in _READY.iterdir() if one.name.endswith(".toml"))


def load(which: str | Path) -> Timeline:
    """
    A ready timeline by name, or one from a file whose name ends in .toml.

    Raises ValueError, in one sentence, where there is none or it is faulty.
    """
    name = str(which)
    if not name.lower().endswith(".toml"):
        table = {one: _READY / f"{one}.toml" for one in ready()}
        found = named("timeline", name, table, f"give a file that ends in .toml, or one of {', '.join(table)}")
        return read(found.read_text(encoding="utf-8"), f"{name}.toml", name)
    return read(text_of(Path(name)), name, Path(name).stem)


def text_of(path: Path) -> str:
    """What stands in the file. Raises ValueError, in one sentence, where it cannot be read."""
    octets = disk.read(path, 1 << 20, "TOML (a timeline or a scene)")
    try:
        return disk.text_of(octets)
    except ValueError as problem:
        raise ValueError(f"cannot read {path}: {problem}; save it as UTF-8, which TOML is written in") from None


def runs(label: str) -> str:
    """The command that runs the scene in the file of this path; the lab's own are there by their names."""
    path = Path(label)
    if path.resolve().parent == Path(str(_SCENES)):
        return f"python -m lab hpkp {path.stem}"
    return f"python -m lab --with {shlex.quote(label)} matrix --scenes {shlex.quote(path.stem)}"


def read(text: str, label: str = "timeline", name: str = "timeline") -> Timeline:
    """
    The timeline that `text` describes; `label` stands for the file in errors.

    Raises ValueError, in one sentence that names the line and the key.
    """
    source = opened(text, label)
    if "meeting" in source.values:
        raise source.fault(("meeting", 0), f"this is a scene and no timeline; run it with: {runs(label)}")
    tables = source.take(list[dict[str, Any]], source.values.pop("event", []), ("event",))
    line = source.take(Timeline, source.values)
    for place, problem in chain(_service(line), _cas(source, line), _clients(source, line)):
        raise source.fault(place, problem)
    events = [_event(source, number, table, line) for number, table in enumerate(tables)]
    for number, event in enumerate(events):
        if event.needs and event.needs[1] not in {other.gives for other in events if other.date <= event.date}:
            raise source.fault(("event", number, event.needs[0]), _LACKS[event.needs[1]])
    return replace(line, name=name, events=tuple(sorted(events, key=lambda one: one.date)))


def opened(text: str, label: str) -> Source:
    """The text as values. Raises ValueError where it is no TOML, or of a version that this lab does not know."""
    source = Source(text, label)
    version = source.values.get("version", VERSION)
    if version is not VERSION:
        raise source.fault(("version",), f"{version!r} was found; give {VERSION}, which is all that this lab reads")
    return source


def _service(line: Timeline) -> Iterator[tuple[Place, str]]:
    if not timedelta(0) < line.end - line.start <= LONGEST:
        yield ("end",), f"{line.end:%Y-%m-%d} was found; give a day after the start, at most 20 years later"
    try:
        reserved(line.host)
    except ValueError as refused:
        yield ("host",), str(refused)
    days = [line.start, *(one.start for one in line.lifetimes)]
    for number, (last, since) in enumerate(pairwise(days)):
        if since < last:
            problem = f"{since:%Y-%m-%d} was found; give the days in order, none before the start"
            yield ("lifetime", number, "from"), problem
    shortest = min([line.lifetime_days, *(one.days for one in line.lifetimes)])
    if line.renew != "never" and line.renew_before >= shortest:
        yield ("renew_before",), f"{line.renew_before} was found; give fewer days than the lifetime, {shortest}"
    if line.renew != "never" and line.days / (shortest - line.renew_before) > MOST_CERTIFICATES:
        yield ("renew_before",), f"this makes more than {MOST_CERTIFICATES} certificates; renew less often"


def _cas(source: Source, line: Timeline) -> Iterator[tuple[Place, str]]:
    names = [one.name for one in line.cas]
    yield from named_once("ca", "an authority", names)
    for number, one in enumerate(line.cas):
        for key in ("under", "same_key_as"):
            source.one_of(("ca", number, key), getattr(one, key) or None, names[:number])
        if one.until <= one.start:
            problem = f"{one.until:%Y-%m-%d} was found; give a day after {one.start:%Y-%m-%d}"
            yield ("ca", number, "until"), problem
    source.one_of(("issuer",), line.issuer, names)
    source.one_of(("sends",), line.sends, names)


def _clients(source: Source, line: Timeline) -> Iterator[tuple[Place, str]]:
    yield from named_once("client", "a client", [one.name for one in line.clients])
    for number, client in enumerate(line.clients):
        if client.pins_expire and not client.pins:
            problem = "this client has no pins that could expire; add pins or leave it out"
            yield ("client", number, "pins_expire"), problem
        if client.mind:
            if client.pins:
                yield (
                    ("client", number, "pins"),
                    "a client with a mind learns what it compares; leave its pins out",
                )
            learning = [name for one in chosen("hpkp,continuity") for name in (one.name, *one.also)]
            source.one_of(("client", number, "mind"), client.mind, learning)
        if client.listens:
            listening = [one.name for one in chosen("revocation,transparency,dane")]
            source.one_of(("client", number, "listens"), client.listens, listening)
        for key, problem in _listening(client):
            yield ("client", number, key), problem
        for one in client.also_released:
            if not line.start <= one < line.end:
                problem = f"{one:%Y-%m-%d} was found; give days from the start to the end"
                yield ("client", number, "also_released"), problem


def _listening(client: Installation) -> Iterator[tuple[str, str]]:
    """What does not fit together of whom a client listens to."""
    wants = needs(listener(client.listens).policy) if client.listens else frozenset()
    if client.mind and client.listens:
        yield "listens", "a client with a mind learns what it compares; leave one of the two out"
    if client.pushed_revocation and client.listens:
        yield "pushed_revocation", 'this is one way to listen; leave it out beside "listens"'
    if client.interval > client.life:
        yield "interval", f"{client.interval} was found; give at most the {client.life} hours for which it holds"
    beside = wants - {Evidence.SCTS}
    used = {"cache": wants & _FETCHED, "way": beside, "lag": beside - {Evidence.INCLUSION, Evidence.RECORDS}}
    for key, usable in used.items():
        if getattr(client, key) not in (0, None, Passage.OPEN) and not usable:
            yield key, f"a {key} changes nothing of what this client hears; leave it out"


def named_once(key: str, what: str, names: Sequence[str]) -> Iterator[tuple[Place, str]]:
    """A file without such a table, and a name that is there twice."""
    if not names:
        yield (key,), f"the file has no such table; add {what} as [[{key}]] with a name"
    for number, name in enumerate(names):
        if name in names[:number]:
            yield (key, number, "name"), f"there is already {what} {name!r}; choose another name"


def _event(source: Source, number: int, table: dict[str, Any], line: Timeline) -> Happening:
    place = ("event", number)
    if "what" not in table:
        problem = f"[[event]] has no such key; add it, with one of {', '.join(EVENTS)}, or a move of the catalogue"
        raise source.fault((*place, "what"), problem)
    what = str(table["what"])
    kind = EVENTS.get(what) or moves.kind(moves.found(source, (*place, "what"), what, EVENTS))
    event = source.take(kind, table, place)
    if not line.start <= event.date < line.end:
        problem = f"{event.date:%Y-%m-%d} was found; give a day from the start to the end of the timeline"
        raise source.fault((*place, "date"), problem)
    cas, roots = [one.name for one in line.cas], [one.name for one in line.cas if not one.under]
    clients = [one.name for one in line.clients]
    for one in line.clients:
        if isinstance(event, ClockMoved) and one.name in (event.clients or clients) and (one.interval or one.cache):
            problem = f"{one.name} keeps what it heard for hours, and these are counted by a clock that is right"
            raise source.fault((*place, "clients"), f"{problem}; name the other clients here")
    for key, among in {"to": cas, "by": cas, "sends": cas, "root": roots, "clients": clients}.items():
        source.one_of((*place, key), getattr(event, key, None), among)
    return event
