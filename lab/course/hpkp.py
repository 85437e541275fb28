"""
The checks of 10-the-rise-and-fall-of-hpkp: when a header is believed, and how long it locks out.

What is right comes from the lab's own reading of RFC 7469 on fresh
certificates, and from real handshakes on fresh calendars. No answer is written
down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random
from typing import Any

from lab.built.time.dated import START, Cast, Dated
from lab.built.time.scenario import FAKE_BACKUP, announced
from lab.built.time.visitors import Visitor, follow
from lab.course import fresh
from lab.course.report import Question, Report, examine
from lab.observation import Observation, ValidationError
from lab.pki.authority import new_key
from lab.pki.pins import pin_of, seen
from lab.policy import hpkp
from lab.policy.hpkp import Action, Agent
from lab.policy.hpkp_header import Header, HeaderName
from lab.policy.memory import Memory, PinnedHost
from lab.trials.standing import Ground

# ---- believes(header, path, noted, clean) ---------------------------------------------------------


def believes(candidate: Callable[..., Any]) -> Report:
    """Judge `believes(header, path, noted, clean)`: the three conditions of section 2.5, on fresh paths."""
    return fresh.brief(examine("believes(header, path, noted, clean)", candidate, _headers(Random())))


def _headers(draw: Random) -> Iterator[Question]:
    for intermediates in (0, 1, 2, 3):
        made = fresh.world(draw, intermediates=intermediates)
        path = tuple(seen(one) for one in made.genuine.path)
        here = [one.pin for one in path]
        for case, header, noted, clean in _cases(draw, here):
            error = None if clean else ValidationError(10, 0, "it has expired")
            observation = Observation(made.host, START, path, path if clean else None, error)
            memory = Memory()
            if noted:
                memory = memory.with_noted(PinnedHost(made.host, tuple(noted), START + timedelta(days=1)))
            value = str(Header(tuple(draw.sample(header, len(header))), 86400))
            action = hpkp.note(memory, observation, [(HeaderName.PKP, value)], Agent()).action
            right = action in (Action.NOTED, Action.UPDATED)
            yield Question(case, (set(header), set(here), set(noted), clean), right)


def _cases(draw: Random, here: list[str]) -> Iterator[tuple[str, list[str], list[str], bool]]:
    """What the header says, what was noted before, and whether the connection had no TLS error."""
    strangers = [pin_of(new_key().public_key()) for _ in range(3)]
    some = draw.sample(here, draw.randint(1, len(here)))
    spare = draw.sample(strangers, draw.randint(1, 3))
    good = [*some, *spare]
    yield "pins on the path and off it, nothing noted", good, [], True
    yield "every pin of the path, and no other", here, [], True
    yield "one pin, of the path", [draw.choice(here)], [], True
    yield "no pin of the path", spare, [], True
    yield "no pin at all", [], [], True
    yield "a good header, over a connection with a TLS error", good, [], False
    yield "a good header, and pins noted before that are met", good, [draw.choice(here), *spare], True
    yield "a good header, and pins noted before that are not met", good, strangers, True
    yield "no backup, and pins noted before that are met", some, [*here, *spare], True
    yield "a good header, a TLS error, pins noted before", good, [*here, *spare], False


# ---- days(last_visit, change, max_age, cap) -------------------------------------------------------


def days(candidate: Callable[..., Any]) -> Report:
    """Judge `days(last_visit, change, max_age, cap)` by real handshakes on fresh calendars."""
    asked, wanted = _calendars(Random()), "a number of days"
    return fresh.brief(examine("days(last_visit, change, max_age, cap)", candidate, asked, _about_days, wanted))


def _calendars(draw: Random) -> Iterator[Question]:
    for case, gap, max_age, cap in (
        ("a visit on the day before, no cap", 1, draw.randint(20, 60), None),
        ("a visit some days before, no cap", draw.randint(3, 12), draw.randint(20, 60), None),
        ("a cap longer than max-age", draw.randint(2, 9), draw.randint(20, 40), draw.randint(50, 70)),
        ("a cap shorter than max-age", draw.randint(2, 9), draw.randint(90, 300), draw.randint(20, 60)),
        ("the pins end on the day of the change", (age := draw.randint(12, 25)), age, None),
        ("the pins ended before the change", draw.randint(14, 20), draw.randint(2, 9), None),
        ("the cap ended them before the change", draw.randint(14, 20), draw.randint(40, 90), draw.randint(2, 9)),
    ):
        last = draw.randint(0, 9)
        given = (last, last + gap, max_age, cap)
        yield Question(case, given, _measured(*given))


def _measured(last: int, change: int, max_age: int, cap: int | None) -> int:
    """Days locked out: one visit on day `last`, and a handshake wherever the answer can change."""
    cast, end = Cast(), change + max_age + 3
    site = cast.credential()
    meetings = (
        cast.meeting(0, "the site announces its pins", site, announced(site, FAKE_BACKUP, days=max_age)),
        cast.meeting(change, "a new key", cast.credential()),
    )
    agent = Agent(cap=None if cap is None else timedelta(days=cap))
    with Ground(cast.host) as ground:
        visitor = Visitor("once", last, end)
        return len(follow(ground, Dated("fresh", "fresh", "fresh", meetings, end), visitor, agent=agent).locked)


def _about_days(question: Question, got: Any) -> str:
    last, change, max_age, cap = question.given
    said = f"last visit on day {last}, new key on day {change}, max-age {max_age} days, cap {cap}"
    return f"for example, {said}: it was not {got}"
