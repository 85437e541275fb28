"""
Fresh worlds for the checks: other names, other lengths, other keys each time.

It makes changes of every reach in such a world, puts pin sets through them over
real TLS, and reads off the path which genuine keys were there. It knows no
exercise and no answer.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial, reduce
from itertools import islice
from random import Random
from typing import Any

from lab.course.report import Mark, NoAnswer, Report
from lab.pki.authority import Authority
from lab.pki.world import World
from lab.policy.checks import HOST_NAME, VALIDATION, pinned
from lab.policy.clients import Client
from lab.policy.pinset import PinSet, Reach, Role
from lab.scenes.catalogue import Build, Case, Kind, Meeting, case, site_pins, told
from lab.trials.engine import Encounter
from lab.trials.standing import Standing
from lab.trials.trial import run

ROLES = (Role.ROOT, Role.INTERMEDIATE, Role.LEAF, Role.BACKUP)

HOSTS = ("bank.example", "shop.example", "post.test", "library.example", "trains.test", "clinic.example")
NAMES = (
    *("Amber", "Basalt", "Cobalt", "Delta", "Ember", "Fjord", "Garnet", "Harbour", "Indigo", "Jade"),
    *("Kestrel", "Lagoon", "Meadow", "Nectar", "Onyx", "Pebble", "Quartz", "Ridge", "Summit", "Tundra"),
)


class Renamed(World):
    """A world whose host and authorities have names drawn at random from one list: a name says nothing."""

    def __init__(self, draw: Random, **starts: Any) -> None:
        super().__init__(draw.choice(HOSTS), **starts)
        self.names = iter(draw.sample(NAMES, len(NAMES)))

    def authority(self, name: str, **more: Any) -> Authority:
        """As asked for, but for its name."""
        return super().authority(next(self.names), **more)


def world(draw: Random, *, intermediates: int) -> World:
    """A world with so many intermediates above its service, and where no name says which authority is which."""
    made = Renamed(draw)
    made.issuing = below(made.root, islice(made.names, intermediates))
    made.other_issuing = below(made.other_root, islice(made.names, draw.randint(1, 2)))
    return made


def below(top: Authority, names: Iterable[str]) -> Authority:
    """The authority at the end of a line of intermediates with these names under `top`."""
    return reduce(Authority.intermediate, names, top)


def _moved(title: str, move: str, made: World) -> Meeting:
    meeting = case(move).move(made)
    assert meeting is not None  # none of these moves is a calendar of its own
    return replace(meeting, title=title)


_MOVES = {
    "another CA, the backup key": "backup_key_other_ca",
    "another CA, a new key": "new_ca",
    "another CA, the same key": "other_ca_same_key",
    "another intermediate, a new key": "new_intermediate",
    "another intermediate, the same key": "other_intermediate_same_key",
    "the same intermediate, a new key": "new_key",
    "the same intermediate, the same key": "same_key",
    "the same intermediate, the backup key": "backup_key",
    "a new root, cross-signed by the old one": "new_root_cross_signed",
    "the client's store gains the intermediate as a root": "chain_shortened",
}
CHANGES: dict[str, Callable[[World], Meeting]] = {title: partial(_moved, title, move) for title, move in _MOVES.items()}
"""What may happen to a line: moves of the catalogue. An attacker may do each as well."""


def client(name: str, pin_set: PinSet) -> Client:
    """A client with this pin set on top of ordinary validation and the host name."""
    return Client(name, "made for an exercise", (VALIDATION, HOST_NAME, pinned("pins", pin_set)))


def scene(name: str, made: World, meeting: Meeting) -> Case:
    """A scene of this one meeting; its reach is not known before somebody has been there."""
    return Case(name, Kind.of(meeting.line), meeting.title, meeting.title, lambda _: told(made, meeting), Reach())


def unlisted(kind: Kind, reach: Reach = Reach.TRUST_STORE, **about: Any) -> Callable[[Build], Case]:
    """A scene made as the catalogue's are, title and text from its docstring, but in no list: it counts nowhere."""

    def made(build: Build) -> Case:
        text = inspect.getdoc(build) or ""
        return Case(getattr(build, "__name__", ""), kind, text.splitlines()[0], text, build, reach, **about)

    return made


def play(made: World, meeting: Meeting, pin_sets: Sequence[PinSet]) -> list[Encounter]:
    """This meeting over real TLS, once for each pin set."""
    with Standing(scene("fresh", made, meeting)) as standing:
        return [run(client("fresh", pin_set), standing).encounters[0] for pin_set in pin_sets]


@contextmanager
def stages() -> Iterator[Callable[[Client, str | Case], str]]:
    """
    Takes clients through scenes, and says each outcome as a word.

    What was stood up for the first who came stands until the check is over.
    """
    with ExitStack() as stack:
        standing: dict[str, Standing] = {}

        def outcome(row: Client, scene: str | Case) -> str:
            through = scene if isinstance(scene, Case) else case(scene)
            if through.name not in standing:
                standing[through.name] = stack.enter_context(Standing(through))
            return str(run(row, standing[through.name]).outcome)

        yield outcome


def reach(made: World, met: Encounter) -> Reach:
    """Which genuine keys are on the path that was met there."""
    assert met.observation.path  # every change passes ordinary validation
    return Reach(Reach.of(met.observation.path, site_pins(made, made.genuine)) & {*ROLES})


def words(roles: Collection[str]) -> str:
    """Roles as a report says them, from the root down."""
    return " + ".join(role.value for role in ROLES if role in roles) or "nothing"


def brief(report: Report) -> Report:
    """The same marks with one remark for each case, its first, so that each case prints as one line."""
    if len({one.remark for one in report.marks}) == 1 and not report.marks[0].right:
        return replace(report, marks=tuple(replace(one, case="every case") for one in report.marks))
    first = {one.case: one.remark for one in reversed(report.marks) if not one.right}
    marks = tuple(one if one.right else replace(one, remark=first[one.case]) for one in report.marks)
    return replace(report, marks=marks)


def marked(title: str, given: Iterable[tuple[Any, ...]], wrong: Callable[..., str]) -> Report:
    """A mark for each question, under its first word: `wrong(*given)` plays the answer to it, and says what is bad."""
    marks = []
    for one in given:
        try:
            said = wrong(*one)
        except (NoAnswer, ValueError) as problem:  # ValueError: there is no such name
            said = str(problem)
        marks.append(Mark(one[0], not said, said))
    return brief(Report(title, tuple(marks)))
