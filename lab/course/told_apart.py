"""
Notebook 16: pairs that the owner's word tells apart, the moves of an attacker who comes second, and the tasks' checks.

What is right comes from connections, made when they are first asked for, and
from the lab's own definition. A pair stands until `close`; who asks later has
it stood up anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from random import Random
from typing import Any

from lab.built.apart.board import told
from lab.built.apart.channels import CHANNELS, MONITOR, Channel, Who, channels
from lab.built.apart.levers import ACCIDENTS, LEVERS, OWNERS, Lever, Pulled, Setting, moves, pulled, said
from lab.built.apart.measured import Measured, pair
from lab.built.apart.sets import Half, cell, keeps, knows, minimal, price, refused_from, stops
from lab.course.report import Mark, NoAnswer, Question, Report, answer, examine
from lab.show.words import spoken

MIS_ISSUED, STOLEN = "same_intermediate", "stolen_key_and_certificate"
ALL = tuple(one.name for one in CHANNELS)
_ELSEWHERE = ("successor", "soft DANE", "hard DANE")
OFFER = tuple(one.name for one in CHANNELS if one.name not in _ELSEWHERE and one.who is not Who.SERVER)
"""What may be chosen where a site has no signed DNS and announces no keys."""

_OPEN: dict[str, Measured] = {}
_STANDING = ExitStack()


def _runs(name: str) -> Measured:
    if name not in _OPEN:
        _OPEN[name] = _STANDING.enter_context(Measured(pair(name)))
    return _OPEN[name]


def close() -> int:
    """Stop what the pairs stood up, and say how many connections were made."""
    made = sum(one.trials for one in _OPEN.values())
    _OPEN.clear()
    _STANDING.close()
    return made


_Names = str | Iterable[str]
"""Channels by name: in a set, or in one text with commas between."""


def _members(named: _Names) -> tuple[Channel, ...]:
    found = channels(named if isinstance(named, str) else ",".join(named))
    return found[1:] or found  # the control comes first


def _setting(move: Mapping[str, str]) -> Setting:
    for lever, how in move.items():
        if lever in OWNERS or how not in LEVERS.get(lever, ()):  # type: ignore[call-overload]
            raise NoAnswer(f"{lever!r}: {how!r} is no move of his")
    return {Lever(lever): Pulled(how) for lever, how in move.items()}


def _levers(members: Iterable[Channel]) -> frozenset[Lever]:
    return frozenset().union(*(one.reads for one in members)) - OWNERS


def _hours(time: timedelta | None) -> int | None:
    return None if time is None else -(-time // timedelta(hours=1))


# ---- what the notebook shows ---------------------------------------------------------------------


def makes(of: str, named: _Names = ALL) -> dict[str, str]:
    """What each of these channels makes of a pair, alone: it takes or refuses both, is cut, or tells them apart."""
    return {str(one): told(one, cell(_runs(of), one)) for one in _members(named)}


def levers(named: _Names) -> dict[str, str]:
    """What an attacker can do to these channels, and what it takes."""
    return {f"{one}: {how}": how.takes for one in sorted(_levers(_members(named))) for how in LEVERS[one]}


def shown(of: str, channel: str, half: str, happens: str | Mapping[str, str] = "") -> dict[str, str]:
    """What a channel's client does and why, from when on; under a move, or an accident by its name."""
    (one,) = _members(channel)
    setting = ACCIDENTS.get(happens, {}) if isinstance(happens, str) else _setting(happens)
    found, before = dict[str, str](), ""
    for step in _runs(of).shown(one, Half(half), setting, False):
        does = "refuses" if step.refused else "accepts"
        if does != before:
            found[spoken(step.since)] = f"{does}: {'; '.join(one.reason for one in step.findings[2:] or step.findings)}"
        before = does
    return found


def attacked(of: str, named: _Names) -> dict[str, str]:
    """The attacker knows this set of channels and moves second: his best move, and what the set is worth then."""
    runs, members = _runs(of), _members(named)

    def worth(move: Setting) -> tuple[timedelta, int]:
        time = refused_from(runs, members, Half.ATTACK, move)
        return timedelta.max if time is None else time, -len(pulled(move))

    best = pulled(max(moves(_levers(members)), key=worth))
    return {
        "his move": said(best) if best else "as usual",
        "takes": "; ".join(how.takes for how in best.values()) or "nothing",
        "stopped": spoken(stops(runs, members)),
        "known": spoken(knows(runs, members)),
        "twin": "passes" if keeps(runs, members) else "is refused, or an alarm rings",
        "price": "; ".join(price(runs, members)),
    }


def sets(of: str, within: int | None = None) -> list[str]:
    """The smallest sets of what is on offer that keep the twin and stop the attack in so many days, or in the end."""
    (found,) = minimal(_runs(of), _members(OFFER), [timedelta(days=within) if within else None])
    return [", ".join(map(str, one)) for one in found]


# ---- the checks ----------------------------------------------------------------------------------


def move(candidate: Callable[..., Any]) -> Report:
    """Judge `move(channel)`: the mis-issued certificate is never refused, by connections."""

    def through(name: str) -> bool:
        setting, (one,) = _setting(answer(candidate, (name,), dict, wanted="a dictionary")), _members(name)
        runs = _runs(MIS_ISSUED)
        when = runs.alarm(Half.ATTACK, setting) if one is MONITOR else refused_from(runs, {one}, Half.ATTACK, setting)
        return when is None

    asked = [Question(name, (name,), True) for name in ("soft DANE", "CAA with account", "count of SCTs", "monitor")]
    return examine("your move", through, asked, lambda *_: "it tells on you")


def for_good(candidate: Callable[..., Any]) -> Report:
    """Judge `for_good(dates)`: the first hour from which on a client refuses at every date; on drawn dates."""
    draw, asked = Random(), list[Question]()
    for about in ("no", "yes", "no yes", "yes no", "no yes yes", "yes no yes", "no yes no", "yes yes no yes yes"):
        answers = about.split()
        hours = [0, *sorted(draw.sample(range(1, 400), len(answers) - 1))]
        served = max((hour for hour, one in zip(hours, answers, strict=True) if one == "no"), default=-1)
        dates = [(hour, one == "yes") for hour, one in zip(hours, answers, strict=True)]
        asked.append(Question(f"refused: {about}", (dates,), next((hour for hour in hours if hour > served), None)))
    return examine("refused for good", candidate, asked, wanted="an hour, or None,")


def accident(candidate: Callable[..., Any]) -> Report:
    """Judge `accident(lever, how)`: with it the twin shows, at every date, what the attack shows with that move."""
    runs, questions = _runs(MIS_ISSUED), list[Question]()

    def alike(name: str, lever: Lever, how: Pulled) -> bool:
        named = answer(candidate, (lever.value, how.value), str, wanted="the name of an accident")
        halves = ((Half.ATTACK, {lever: how}), (Half.TWIN, ACCIDENTS.get(named, {})))
        return len({tuple(one.findings for one in runs.shown(_members(name)[0], *half, False)) for half in halves}) == 1

    for name in ("hard staple", "hard answer", "hard list", "hard DANE", "witness"):
        for lever in _levers(_members(name)):
            happen = {each[lever] for each in ACCIDENTS.values() if lever in each}
            questions += [Question(f"{name}, {lever}: {how}", (name, lever, how), True) for how in happen]
    return examine("the accident that looks the same", alike, questions, lambda *_: "the client sees a difference")


def search(candidate: Callable[..., Any]) -> Report:
    """Judge `search(levers, refused)`: no other move is refused later; against sets of channels, one of them drawn."""
    drawn = ", ".join(Random().sample(OFFER, 3))
    sets = ("hard list, monitor", "soft staple, witness", "hard list, monitor, witness", "hard answer, CAA", drawn)

    def found(named: str) -> int | None:
        def refused(move: Mapping[str, str]) -> int | None:
            return _hours(refused_from(_runs(MIS_ISSUED), _members(named), Half.ATTACK, _setting(move)))

        ways = {one.value: [how.value for how in LEVERS[one]] for one in _levers(_members(named))}
        return refused(answer(candidate, (ways, refused), dict, wanted="a move"))

    asked = [Question(one, (one,), _hours(stops(_runs(MIS_ISSUED), _members(one)))) for one in sets]
    return examine("the attacker's search", found, asked, lambda *_: "another move is refused later, or never")


def choice(candidate: Callable[..., Any]) -> Report:
    """Judge `choice()`: three channels that keep both twins and stop both attackers, who know the three."""
    marks, after = list[Mark](), list[str]()
    for of in (MIS_ISSUED, STOLEN):
        try:
            named = answer(candidate, (), set, wanted="a set of names")
            wrong, found = _sent_back(of, named)
            after.append(f"{found['stopped']} ({found['his move']})")
        except NoAnswer as problem:
            wrong = str(problem)
        marks.append(Mark(of, not wrong, wrong))
    title = "three channels" if any(not one.right for one in marks) else f"he is stopped after {', '.join(after)}"
    return Report(title, tuple(marks))


def _sent_back(of: str, named: set[Any]) -> tuple[str, dict[str, str]]:
    if not 0 < len(named) <= 3 or not named <= {*OFFER}:
        raise NoAnswer("take three names of `told_apart.OFFER`")
    found = attacked(of, named)
    if found["twin"] != "passes":
        return f"sent back: its twin {found['twin']}", found
    never = f"he gets through for ever. His move: {found['his move']}. It takes {found['takes']}"
    return never if found["stopped"] == "never" else "", found
