"""
Notebook 14: a thief's moves against each client beside the accident that does the same, and the checks of its tasks.

Moves are played over real TLS. Where a check wants to know that no move gets
in, or when the last one stops, it asks the pure rule, on fresh worlds. Which
clients there are, and what they believe, stands elsewhere.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from types import NoneType
from typing import Any

from lab.course.fresh import marked
from lab.course.report import Question, Report, answer, examine
from lab.observation import Line, Outcome, Status
from lab.pki.ocsp import answered
from lab.pki.pins import seen
from lab.pki.pushed import PushedList, cascade, key_of
from lab.pki.revoke import Revoked, respond
from lab.pki.update import pushed_list
from lab.pki.world import World
from lab.policy.clients import client
from lab.policy.cost import cost
from lab.scenes.catalogue import case, honest, told
from lab.scenes.thief import HOUR, MOVES, Theft, bank
from lab.show.sheet import Row, Sheet
from lab.trials.engine import Encounter, imagine, meet
from lab.trials.rehearsal import foresee
from lab.trials.standing import Ground
from lab.trials.trial import trial

SOFT = ("heeds-staple", "answer-soft", "list-soft")
HARD = ("requires-staple", "honours-must-staple", "answer-hard", "list-hard")
ALL = ("leaf-pinned", *SOFT, *HARD, "pushed-list", "trusts-short-certificates")


_PLAIN, _SHORT = cache(Theft), cache(lambda: Theft(bank(136)))  # certificates begin a day back: one of 160 hours


def _theft(name: str) -> Theft:
    return _SHORT() if name == "trusts-short-certificates" else _PLAIN()


def _met(name: str, line: Line, move: str, hour: int) -> tuple[Encounter, list[str]]:
    """One meeting over real TLS, and what the client asked of others for it."""
    theft = _theft(name)
    with Ground(theft.world.host) as ground:
        enrolment = told(theft.world, honest(theft.world)).enrolment
        lived = meet(ground, theft.meeting(line, move, hour), client(name).mind(enrolment))()
        return lived, ground.sources.responder.asked if ground.sources.responder else []


def _robbed(theft: Theft, name: str, hour: int) -> bool:
    """Whether some move gets in then, by the pure rule."""
    mind = client(name).mind(told(theft.world, honest(theft.world)).enrolment)
    meetings = [theft.meeting(Line.ATTACKER, move, hour) for move in MOVES]
    shown = [(one, foresee(one, theft.world.host, wants=mind.needs)) for one in meetings]
    return any(one.outcome is Outcome.INTERCEPTED for one in imagine(shown, mind))


# ---- what the notebook shows ---------------------------------------------------------------------


def play(name: str, move: str, hour: int = 48) -> dict[str, str]:
    """The thief makes this move against a client, and then the accident does the same."""
    theft, accident = (_met(name, line, move, hour)[0] for line in (Line.ATTACKER, Line.GENUINE))
    same = "equal" if theft.verdict.findings == accident.verdict.findings else "different"
    both = {"thief": str(theft.outcome), "accident": str(accident.outcome)}
    return {**both, "findings": same, "why": theft.verdict.findings[-1].reason}


def board(move: str, clients: Iterable[str] = ALL, hour: int = 48) -> Sheet:
    """The same for many clients, as a table."""
    played = [(name, *play(name, move, hour).values()) for name in clients]
    rows = [Row(name, (Outcome(thief), Outcome(accident), same)) for name, thief, accident, same, _ in played]
    caption = f"Hour {hour}. The thief's move: {move}. The accident: {MOVES[move]}."
    return Sheet(caption, ("client", "thief", "accident", "findings"), rows)


def asked(name: str) -> list[str]:
    """What a client asks others on an ordinary visit; long hashes are cut off."""
    return [one[:46] for one in _met(name, Line.GENUINE, "replay", 1)[1]]


def costs(*names: str) -> Sheet:
    """What a visit at hour 48 costs each of these clients, and whom it tells what."""
    rows = []
    for name in names:
        (kind,) = client(name).mind().needs
        paid = cost(kind, _met(name, Line.GENUINE, "pass on", 48)[0].observation)
        rows.append(Row(name, (paid.octets, paid.round_trips, str(paid.tells), "all sites" if paid.shared else "this")))
    return Sheet("A visit where one certificate is revoked", ("client", "octets", "round trips", "tells", "for"), rows)


def new_sites(count: int = 40) -> dict[str, int]:
    """How many of so many new sites a pushed list calls revoked, by its rule and by its filters alone."""
    world = World()
    old = [world.issuing.issue(f"old{number}.example").leaf.serial_number for number in range(2 * count)]
    later = world.at(world.now + 24 * HOUR)
    new = [later.issuing.issue(f"new{number}.example").path for number in range(count)]
    pushed = pushed_list(world.logs, [(world.issuing, Revoked(one, world.now)) for one in old[::2]], later.now)
    logged = {log.listed.name: later.now for log in world.logs}
    keys = [key_of(*map(seen, path[:2])) for path in new]
    ruled = [pushed.contains(key, logged).status is Status.REVOKED for key in keys]
    return {"by its rule": sum(ruled), "by its filters alone": sum(map(pushed.takes, keys))}


# ---- tasks: a name that has to do something ------------------------------------------------------


def _named(title: str, candidate: Callable[..., Any], given: Iterable[Any], wrong: Callable[..., str]) -> Report:
    """A mark for each question, under its first word: `wrong(answer, *given)` plays an answer, and says what is bad."""

    def played(*one: Any) -> str:
        return wrong(answer(candidate, one, str, NoneType, wanted="a name, or None,"), *one)

    return marked(title, given, played)


def chair(candidate: Callable[..., Any], clients: Iterable[str] = ALL, hours: Iterable[int] = ()) -> Report:
    """Judge `move(client, hour)`: a move that gets in, by playing it; None where none does."""
    hours = hours or [random.randint(*of) for of in ((31, 35), (37, 130), (140, 166), (169, 500))]
    return _named("the thief's chair", candidate, [(one, hour) for one in clients for hour in hours], _stopped)


def _stopped(move: str | None, name: str, hour: int) -> str:
    if move is None:
        return f"at hour {hour} some move gets in" if _robbed(_theft(name), name, hour) else ""
    met = _met(name, Line.ATTACKER, move, hour)[0]
    return "" if met.outcome is Outcome.INTERCEPTED else f"at hour {hour} {move!r} is stopped: {met.verdict.reason}"


SLIPS = ("crl-check-all-alone", "list-of-the-leaf-only", "list-of-any-age", "answer-of-any-issuer")
"""Careless clients, each meant to be a careful one."""


def slips(candidate: Callable[..., Any]) -> Report:
    """Judge `scene(client)`: the scene robs this careless client, and not the careful one; by real trials."""
    return _named("which theft finds the slip", candidate, [(one,) for one in SLIPS], _found)


def _found(name: str | None, careless: str) -> str:
    pair = (careless, "answer-hard" if careless == "answer-of-any-issuer" else "list-hard")
    robs = [trial(client(one), case(name or "")).outcome is Outcome.INTERCEPTED for one in pair]
    return "" if robs == [True, False] else f"{name} robs {pair[1]} too" if all(robs) else f"{name} robs it not"


# ---- tasks: a rule -------------------------------------------------------------------------------


def holds(candidate: Callable[..., Any]) -> Report:
    """Judge `holds(made, until, now)` by real answers, and the lab's own reading of them."""
    return examine("when an answer holds", candidate, list(_answers()))


def _answers() -> Iterator[Question]:
    world, made, life = World(), random.randint(10, 99), random.randint(5, 200)
    end, (leaf, issuer) = made + life, map(seen, world.genuine.path[:2])
    for until, now in ((end, made), (end, made - 1), (end, end - 1), (end, end), (end, end + 99), (None, made + 1)):
        octets = respond(world.genuine, world.now + made * HOUR, life=life * HOUR if until else None)
        word = answered(octets, leaf, issuer, world.now + now * HOUR)
        yield Question(f"made {made}, until {until}, now {now}", (made, until, now), word.status is Status.GOOD)


def covered(candidate: Callable[..., Any]) -> Report:
    """Judge `says(taken, logged, covers)` by real pushed lists."""
    return examine("what a pushed list says", candidate, list(_pushed()))


def _pushed() -> Iterator[Question]:
    now, hour = World().now, random.randint(20, 90)
    until = {"Oak": hour, "Elm": hour + 2}
    for logged in ({"Oak": hour}, {"Oak": hour + 1}, {"Oak": hour + 9, "Elm": 3}, {"Ash": 1}, {}):
        covers, there = ({log: now + at * HOUR for log, at in hours.items()} for hours in (until, logged))
        for taken in (True, False):
            made = PushedList(cascade({b"key"} if taken else (), ()), now, now, covers)
            given = (taken, logged, until)
            yield Question(f"taken, logged, covers = {given}", given, str(made.contains(b"key", there).status))


KINDS = {"nobody": "unpinned", "soft": "answer-soft", "hard": "answer-hard", "pushed": "pushed-list"}


def refused(candidate: Callable[..., Any]) -> Report:
    """Judge `refused_from(kind, revoked, collected, life, every, ends)` on fresh thefts."""
    return examine("how long a thief gets in", candidate, list(_thefts()))


def _thefts() -> Iterator[Question]:
    for kind in KINDS:
        for life in (30, 90, 400):
            given = [random.randint(*of) for of in ((50, 70), (1, 9), (life, life + 9), (5, 12), (180, 190))]
            yield Question(str((kind, *given)), (kind, *given), refused_from(kind, *given))


def refused_from(kind: str, revoked: int, collected: int, life: int, every: int, ends: int) -> int:
    """The first hour at which no move of the thief gets in; it is looked for, and not calculated."""
    theft, within, after = Theft(bank(ends), revoked, collected, life, every), 0, ends
    while after - within > 1:
        middle = (within + after) // 2
        within, after = (middle, after) if _robbed(theft, KINDS[kind], middle) else (within, middle)
    return after
