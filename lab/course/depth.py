"""
The checks of 03-how-deep-to-pin: the rule of sets, and pins that match in their place on a path.

What is right is measured: real TLS connections in fresh worlds give the
outcomes, and the lab's own pin sets the matches. No answer is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

from lab.course import fresh
from lab.course.report import Question, Report, examine
from lab.observation import Certificate, Line, Observation, Outcome
from lab.pki.authority import authority, new_key
from lab.pki.pins import pin_of, seen
from lab.pki.world import World
from lab.policy.pinset import PinSet, Where

WHO = {Line.ATTACKER: "an attacker", Line.GENUINE: "the genuine server"}


# ---- predict(pinned, reach, attacker) -------------------------------------------------------------


def predict(candidate: Callable[..., Any]) -> Report:
    """Judge `predict(pinned, reach, attacker)` by what real connections in fresh worlds came to."""
    asked, wanted = _outcomes(Random()), "one of the outcomes"
    return fresh.brief(examine("predict(pinned, reach, attacker)", candidate, asked, _about_outcomes, wanted))


def _outcomes(draw: Random) -> Iterator[Question]:
    single = [{role} for role in fresh.ROLES]
    for number, (title, change) in enumerate(draw.sample(list(fresh.CHANGES.items()), len(fresh.CHANGES))):
        made = fresh.world(draw, intermediates=draw.randint(1, 3))
        line = (Line.ATTACKER, Line.GENUINE)[number % 2]
        sets = [*single, set(draw.sample(fresh.ROLES, draw.randint(2, 3)))]
        played = fresh.play(made, replace(change(made), line=line), [PinSet.any_of(*sorted(one)) for one in sets])
        for roles, met in zip(sets, played, strict=True):
            on_path = fresh.reach(made, met)
            case = f"{title}, {WHO[line]} on the line"
            given = ({one.value for one in roles}, {one.value for one in on_path}, line is Line.ATTACKER)
            yield Question(case, given, str(met.outcome))


def _about_outcomes(question: Question, got: Any) -> str:
    if got not in list(Outcome):
        return f"{str(got)[:40]!r} is none of the four outcomes"
    pinned, reach, _ = question.given
    return f"for example, pinned {fresh.words(pinned)}, on the path {fresh.words(reach)}: it was not {got}"


# ---- accepts(path, pin_set) -----------------------------------------------------------------------


def accepts(candidate: Callable[..., Any]) -> Report:
    """Judge `accepts(path, pin_set)` on the paths of fresh hierarchies, with pin sets of every shape."""
    return fresh.brief(examine("accepts(path, pin_set)", candidate, _matches(Random()), _about_matches))


def _matches(draw: Random) -> Iterator[Question]:
    for intermediates in (0, 1, 2, 3, 3):
        made = fresh.world(draw, intermediates=intermediates)
        genuine = tuple(seen(one) for one in made.genuine.path)
        for path in _paths(draw, made, genuine):
            for shape, pin_set in _pin_sets(draw, path, genuine):
                observation = Observation(made.host, made.now, path, path)
                right = all(one.matches(observation, {}) for one in pin_set.lists)
                yield Question(shape, (path, pin_set), right)


def _paths(draw: Random, made: World, genuine: tuple[Certificate, ...]) -> Iterator[tuple[Certificate, ...]]:
    """Paths that share everything, something or nothing with the genuine one."""
    yield genuine
    kept = made.other_issuing.issue(made.host, key=made.genuine.key)
    yield tuple(seen(one) for one in kept.path)
    new = fresh.below(made.root, [f"New CA {number + 1}" for number in range(draw.randint(1, 3))])
    yield tuple(seen(one) for one in new.issue(made.host).path)
    new_root = authority("New Root")
    crossed = made.root.cross_sign(new_root)
    yield tuple(seen(one) for one in (new_root.issue(made.host).leaf, crossed.certificate, made.root.certificate))
    same_names = (one.name for one in reversed(genuine[1:-1]))  # and other keys
    forged = fresh.below(authority(genuine[-1].name), same_names)
    yield tuple(seen(one) for one in forged.issue(made.host).path)


def _pin_sets(
    draw: Random, path: tuple[Certificate, ...], genuine: tuple[Certificate, ...]
) -> Iterator[tuple[str, PinSet]]:
    """Pin sets of every shape; the pins are keys of this path, of the genuine one, and of strangers."""

    def strangers() -> list[str]:
        return [pin_of(new_key().public_key()) for _ in range(draw.randint(1, 2))]

    def mixed(*pins: str) -> list[str]:
        found = [*pins, *strangers()]
        return draw.sample(found, len(found))

    leaf, an_authority, known = path[0].pin, draw.choice(path[1:]).pin, draw.choice(genuine).pin
    yield "strangers' pins anywhere", PinSet.any_of(*strangers())
    yield "a key of the enrolled path, among others, anywhere", PinSet.any_of(*mixed(known))
    yield "every key of the enrolled path, anywhere", PinSet.any_of(*mixed(*(one.pin for one in genuine)))
    yield "the leaf's key, among others, at the leaf", PinSet.any_of(*mixed(leaf), where=Where.LEAF)
    yield "a CA's key, among others, at the leaf", PinSet.any_of(*mixed(an_authority), where=Where.LEAF)
    yield "the leaf's key, among others, at the CAs", PinSet.any_of(*mixed(leaf), where=Where.CA)
    yield "a CA's key, among others, at the CAs", PinSet.any_of(*mixed(an_authority), where=Where.CA)

    def both(at_leaf: list[str], at_cas: list[str], *, leaf_first: bool) -> PinSet:
        lists = [(at_leaf, Where.LEAF), (at_cas, Where.CA)]
        (pins, where), (more, there) = lists if leaf_first else reversed(lists)
        return PinSet.any_of(*pins, where=where).and_any_of(*more, where=there)

    for first in (True, False):
        yield "two lists, both with a key in its place", both(mixed(leaf), mixed(an_authority), leaf_first=first)
        yield "two lists, strangers at the CAs", both(mixed(leaf), strangers(), leaf_first=first)
        yield "two lists, strangers at the leaf", both(strangers(), mixed(an_authority), leaf_first=first)
        yield "two lists with their places exchanged", both(mixed(an_authority), mixed(leaf), leaf_first=first)
    two = both(mixed(leaf), mixed(an_authority), leaf_first=True)
    yield "three lists: leaf, CAs, anywhere", two.and_any_of(*mixed(known))


def _about_matches(question: Question, got: Any) -> str:
    return "wrongly accepted" if got else "wrongly refused"
