"""
A timeline from a TOML file, or one sentence that names the line and the key at fault.

What the keys are called, which belong to which event, and their limits are
here; what they mean is in `lab.built.time.language`. No certificates are made.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path

from lab.built.time.language import Ca, Choice, Event, Installed, Timeline, What, Whose
from lab.built.time.source import Source, Table
from lab.pki.authority import TRUSTME_KEYS
from lab.pki.legacy_path import Builder
from lab.pki.names import reserved
from lab.policy.pinset import Role

LONGEST = timedelta(days=366 * 20)
MOST_DAYS = 36_500
MOST_CERTIFICATES = 5_000
ALGORITHMS = (*TRUSTME_KEYS, "ML-DSA")
_TOP = ("lifetime", "ca", "client", "event")
_READY = files("lab.built.time") / "ready"


def ready() -> list[str]:
    """The names of the timelines that come with the lab."""
    return sorted(one.name.removesuffix(".toml") for one in _READY.iterdir() if one.name.endswith(".toml"))


def load(which: str | Path) -> Timeline:
    """
    A ready timeline by name, or one from a file whose name ends in .toml.

    Raises ValueError, in one sentence, where there is none or it is faulty.
    """
    name = str(which)
    if name in ready():
        return read((_READY / f"{name}.toml").read_text(encoding="utf-8"), f"{name}.toml", name)
    if not name.endswith(".toml"):
        near = difflib.get_close_matches(name, ready(), n=3, cutoff=0.3)
        hint = f"nearest: {', '.join(near)}" if near else f"there are {', '.join(ready())}"
        raise ValueError(f"there is no timeline {name!r}; {hint}, or give a file that ends in .toml")
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8"
        raise ValueError(f"cannot read {name}: {why}; give the path of a timeline in TOML") from None
    return read(text, Path(name).name, Path(name).stem)


def read(text: str, label: str = "timeline", name: str = "timeline") -> Timeline:
    """
    The timeline that `text` describes; `label` stands for the file in errors.

    Raises ValueError, in one sentence that names the line and the key.
    """
    source = Source(text, label)
    top = source.top()
    start = top.moment("start")
    end = top.moment("end")
    if not timedelta(0) < end - start <= LONGEST:
        raise top.fault("end", f"{end:%Y-%m-%d} was found; give a day after the start, at most 20 years later")
    cas = _cas(source, start, end)
    signing = [one.name for one in cas]
    clients = _clients(source, start, end)
    renew = top.name("renew", [*(one.value for one in Choice), "never"], "new")
    line = Timeline(
        name=name,
        title=top.text("title"),
        host=_host(top),
        start=start,
        end=end,
        cas=cas,
        issuer=top.name("issuer", signing),
        sends=top.names("sends", signing) if top.has("sends") else None,
        lifetimes=_lifetimes(source, top, start),
        renew=None if renew == "never" else Choice(renew),
        renew_before=top.count("renew_before", 0, MOST_DAYS, 0),
        algorithm=top.name("algorithm", ALGORITHMS, "ECDSA"),
        clients=clients,
        story=top.text("story", ""),
        source=top.text("source", ""),
    )
    top.done(_TOP)
    shortest = min(days for _, days in line.lifetimes)
    if line.renew and line.renew_before >= shortest:
        raise top.fault("renew_before", f"{line.renew_before} was found; give fewer days than the lifetime, {shortest}")
    if line.days / (shortest - line.renew_before if line.renew else line.days) > MOST_CERTIFICATES:
        raise top.fault("renew_before", f"this makes more than {MOST_CERTIFICATES} certificates; renew less often")
    events = [(table, _event(table, line)) for table in source.tables("event")]
    for table, event in events:
        _about_something(table, event, [other for _, other in events])
    return replace(line, events=tuple(sorted((event for _, event in events), key=lambda one: one.date)))


def _host(top: Table) -> str:
    host = top.text("host", "bank.example")
    try:
        return reserved(host)
    except ValueError as refused:
        raise top.fault("host", str(refused)) from None


def _lifetimes(source: Source, top: Table, start: datetime) -> tuple[tuple[datetime, int], ...]:
    found = [(start, top.count("lifetime_days", 1, MOST_DAYS))]
    for table in source.tables("lifetime"):
        since = table.moment("from")
        if since < found[-1][0]:
            raise table.fault("from", f"{since:%Y-%m-%d} was found; give the days in order, none before the start")
        found.append((since, table.count("days", 1, MOST_DAYS)))
        table.done()
    return tuple(found)


def _cas(source: Source, start: datetime, end: datetime) -> tuple[Ca, ...]:
    found: dict[str, Ca] = {}
    for table in source.tables("ca"):
        name = table.text("name")
        if name in found:
            raise table.fault("name", f"there is already a CA {name!r}; choose another name")
        under = table.name("under", list(found)) if table.has("under") else ""
        twin = table.name("same_key_as", list(found)) if table.has("same_key_as") else ""
        made = Ca(
            name=name,
            under=under,
            same_key_as=twin,
            start=table.moment("from", start - timedelta(days=3653)),
            until=table.moment("until", end + timedelta(days=3653), last=True),
            algorithm=table.name("algorithm", ALGORITHMS, "ECDSA"),
            trusted=table.truth("trusted", True),
        )
        if made.until <= made.start:
            raise table.fault("until", f"{made.until:%Y-%m-%d} was found; give a day after {made.start:%Y-%m-%d}")
        table.done()
        found[name] = made
    if not found:
        raise ValueError(f"{source.label} line 1, key ca: the file has no authority; add a [[ca]] with a name")
    return tuple(found.values())


def _clients(source: Source, start: datetime, end: datetime) -> tuple[Installed, ...]:
    found: dict[str, Installed] = {}
    for table in source.tables("client"):
        name = table.text("name")
        if name in found:
            raise table.fault("name", f"there is already a client {name!r}; choose another name")
        pins = table.names("pins", [one.value for one in Role])
        made = Installed(
            name=name,
            pins=tuple(Role(one) for one in pins),
            release_every=table.count("release_every", 1, MOST_DAYS, 0),
            update_lag=table.count("update_lag", 0, MOST_DAYS, 0),
            also_released=table.moments("also_released"),
            pins_expire=table.count("pins_expire", 1, MOST_DAYS, 0),
            builder=table.word("path_builder", Builder, Builder.SEARCHING),
            pushed_revocation=table.truth("pushed_revocation", False),
            store_lag=table.count("store_lag", 0, MOST_DAYS) if table.has("store_lag") else None,
        )
        if made.pins_expire and not pins:
            raise table.fault("pins_expire", "this client has no pins that could expire; add pins or leave it out")
        for one in made.also_released:
            if not start <= one < end:
                raise table.fault("also_released", f"{one:%Y-%m-%d} was found; give days from the start to the end")
        table.done()
        found[name] = made
    if not found:
        raise ValueError(f"{source.label} line 1, key client: the file has no client; add a [[client]] with a name")
    return tuple(found.values())


def _event(table: Table, line: Timeline) -> Event:
    what = table.word("what", What)
    date = table.moment("date")
    if not line.start <= date < line.end:
        raise table.fault("date", f"{date:%Y-%m-%d} was found; give a day from the start to the end of the timeline")
    made = _KEYS[what](table, line, Event(date, what, note=table.text("note", "")))
    table.done()
    return made


def _about_something(table: Table, event: Event, events: list[Event]) -> None:
    """Refuse an event about something that has not happened by its date."""
    earlier = {other.what for other in events if other.date <= event.date}
    if event.what is What.MISISSUE and event.stolen_key and What.COMPROMISE not in earlier:
        raise table.fault("stolen_key", 'no key is stolen by that date; add an event with what = "compromise"')
    wanted = {Whose.STOLEN: What.COMPROMISE, Whose.MISISSUED: What.MISISSUE}.get(event.whose)
    if wanted and wanted not in earlier:
        raise table.fault("whose", f'there is no event with what = "{wanted.value}" by that date; add it before')


def _renewal(table: Table, line: Timeline, event: Event) -> Event:
    return replace(event, key=table.word("key", Choice))


def _other_ca(table: Table, line: Timeline, event: Event) -> Event:
    names = [one.name for one in line.cas]
    sends = table.names("sends", names) if table.has("sends") else None
    return replace(event, to=table.name("to", names), sends=sends, key=table.word("key", Choice, Choice.NEW))


def _algorithm(table: Table, line: Timeline, event: Event) -> Event:
    return replace(event, to=table.name("to", ALGORITHMS))


def _sends(table: Table, line: Timeline, event: Event) -> Event:
    if not table.has("sends"):
        raise table.fault("sends", '[[event]] has no such key; add it, with a list of CAs as in ["Issuing CA"]')
    return replace(event, sends=table.names("sends", [one.name for one in line.cas]))


def _misissue(table: Table, line: Timeline, event: Event) -> Event:
    return replace(
        event,
        by=table.name("by", [one.name for one in line.cas]),
        days=table.count("days", 1, MOST_DAYS, 90),
        stolen_key=table.truth("stolen_key", False),
    )


def _revoke(table: Table, line: Timeline, event: Event) -> Event:
    return replace(event, whose=table.word("whose", Whose, Whose.CURRENT), hours=table.count("hours", 0, 24 * 366, 0))


def _store(table: Table, line: Timeline, event: Event) -> Event:
    return replace(event, root=table.name("root", [one.name for one in line.cas if not one.under]))


def _clock(table: Table, line: Timeline, event: Event) -> Event:
    return replace(
        event,
        clients=table.names("clients", [one.name for one in line.clients]),
        days=table.count("days", -MOST_DAYS, MOST_DAYS),
        for_days=table.count("for_days", 1, MOST_DAYS, 1),
    )


def _nothing_more(table: Table, line: Timeline, event: Event) -> Event:
    return event


_KEYS: dict[What, Callable[[Table, Timeline, Event], Event]] = {
    What.RENEW: _renewal,
    What.INTERMEDIATE: _other_ca,
    What.MOVE: _other_ca,
    What.ALGORITHM: _algorithm,
    What.SENDS: _sends,
    What.BACKUP_LOST: _nothing_more,
    What.COMPROMISE: _nothing_more,
    What.MISISSUE: _misissue,
    What.REVOKE: _revoke,
    What.STORE_ADDS: _store,
    What.STORE_DROPS: _store,
    What.CLOCK: _clock,
}
"""What each event reads beside its date, kind and note."""
