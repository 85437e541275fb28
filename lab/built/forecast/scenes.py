"""
The catalogue's scenes in a rebuilt world, and which of them say nothing there.

A chain of another shape changes what a scene can be: with two intermediates a
new one can stand at two heights, and below a root that may have no CA under it
there can be no new intermediate at all.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lab.built.forecast.chain import Chain
from lab.built.forecast.rebuild import Rebuilt
from lab.observation import Certificate
from lab.pki.pins import pin_of, seen
from lab.policy.pinset import Reach, Role
from lab.scenes.catalogue import CASES, Case, Fault, Kind, Scene
from lab.trials.trial import Trial

NEARBY = "_nearby"
SECOND = "_second"
LATER = timedelta(days=10)
LAST = datetime.max.replace(tzinfo=UTC) - LATER
_SIBLINGS = (
    *("sibling_intermediate", "new_intermediate"),
    *("stolen_key_other_intermediate", "other_intermediate_same_key"),
)


_MOVES = {
    "other_trusted_ca": "{}, whose key you pinned, mis-issues",
    "new_ca": "The site moves to {}, whose key you pinned",
}


def cases_in(world: Rebuilt, wanted: Container[str], authorities: Iterable[Certificate] = ()) -> list[Case]:
    """
    The wanted cases in this world; those about another intermediate once more where it can stand at two heights.

    Those about another CA come once more for each of `authorities`, whose keys are pinned.
    """
    parent = world.issuing.parent
    lower = world.nearby() if parent and parent.parent else None
    found = []
    for one in CASES.values():
        if one.name not in wanted:
            continue
        found.append(bound(one, world))
        if lower and parent and one.name in _SIBLINGS:
            below = replace(
                bound(one, lower),
                name=one.name + NEARBY,
                title=f"{one.title}, under {parent.name}",
                twin=one.twin and one.twin + NEARBY,
                reach=Reach({*one.reach, *Reach.INTERMEDIATE}),
            )
            found.append(below)
    for number, shown in enumerate(authorities, 1):
        beside, end = world.beside(shown), f"{SECOND}{number if number > 1 else ''}"
        for name, title in _MOVES.items():
            if name in wanted:
                one, title = CASES[name], title.format(shown.name[:48])
                there = replace(bound(one, beside), name=name + end, title=title, twin=one.twin and one.twin + end)
                found.append(replace(there, reach=Reach({Role.BACKUP})))
    return found


def bound(case: Case, world: Rebuilt) -> Case:
    """The same entry, whose scene is always the one in this world."""
    return replace(case, build=lambda _: scene(case, world))


def scene(case: Case, world: Rebuilt) -> Scene:
    """
    The case in the rebuilt world.

    Where it is about an expired certificate, its clock is moved until the
    rebuilt one, which keeps its own dates, has expired; one that is valid until
    the calendar ends stays as it is.
    """
    built = case.scene(world)
    end = world.genuine.leaf.not_valid_after_utc
    if case.fails is not Fault.EXPIRED or end > LAST:
        return built
    late = end + LATER
    meetings = tuple(replace(one, time=max(one.time, late)) if one.time != world.now else one for one in built.meetings)
    return replace(built, meetings=meetings)


def aside(case: Case, unpinned: Trial, chain: Chain) -> str:
    """Why this scene is not counted here: it is not what it is elsewhere, and pins have no part in that."""
    about = unpinned.encounters[unpinned.scene.about]
    wanted = case.kind is Kind.ROTATION or bool(case.twin)
    if wanted and about.observation.error is not None:
        return f"the chain's own limits rule it out: {about.observation.error.reason}"
    if case.fails is Fault.EXPIRED and chain.leaf.not_valid_after_utc > LAST:
        return "the site's certificate is valid until the calendar ends"
    if str(case.starts.get("algorithm", "")) not in (held := seen(chain.leaf).algorithm):
        return f"the site's key is {held}, so it does not move away from {case.starts['algorithm']}"
    if "chain_shortened" in (case.name, case.twin) and about.observation.path is not None:
        root = about.meeting.store[0]
        if about.observation.path[-1].pin == pin_of(root.certificate):
            return "there is no intermediate that could become a root"
    return ""
