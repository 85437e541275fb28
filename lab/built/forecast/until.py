"""
How long the pins of a forecast last: what they do in each situation, tried, and then drawn calendars.

A situation is what is left of the chain that was pinned; each is a scene of the
catalogue, in the forecast's own rebuilt world, and the one that the catalogue
has not is put together. So nothing here says what pins do. Where the chain has
two intermediates it is the lower one that changes, and where a second CA was
shown it is the one that the site moves to.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from lab.built.expectancy.calendar import Clock
from lab.built.expectancy.lived import SITUATIONS, From, HasKey, Horizon, Releases, Situation, lives
from lab.built.expectancy.rates import ends, rates
from lab.built.expectancy.told import Expectancy, Tried
from lab.built.fleet.adoption import adoption
from lab.built.fleet.situations import composed
from lab.built.forecast.forecast import ORDINARY, RELEASE, Forecast
from lab.built.forecast.scenes import bound
from lab.built.time.reading import load
from lab.observation import Line, Outcome, Progress, untold
from lab.policy.clients import CLIENTS
from lab.policy.pinset import Reach, Role
from lab.scenes.catalogue import CASES
from lab.trials.matrix import matrix

BALLOT = "shrinking-certificates"
"""The timeline that has the ballot's days."""
MOST_DAYS, MOST_CALENDARS, LEAST_BETWEEN = 3653, 100_000, 7
SCENES = {
    (From.SAME, HasKey.SAME): "same_key",
    (From.SAME, HasKey.BACKUP): "backup_key",
    (From.SAME, HasKey.NEW): "new_key",
    (From.SIBLING, HasKey.SAME): "other_intermediate_same_key",
    (From.SIBLING, HasKey.NEW): "new_intermediate",
    (From.OTHER, HasKey.SAME): "other_ca_same_key",
    (From.OTHER, HasKey.BACKUP): "backup_key_other_ca",
    (From.OTHER, HasKey.NEW): "new_ca",
}
"""Which scene of the catalogue a situation is."""


def expect(
    done: Forecast,
    until: datetime,
    *,
    every: int = RELEASE.days,
    taken: str | None = None,
    given: Iterable[str] = (),
    calendars: int = 1000,
    seed: int = 1,
    progress: Progress = untold,
) -> Expectancy:
    """
    Draw calendars up to `until` for the pins of this forecast, its client's likelier hypothesis.

    A release comes on the forecast's own day, and then `every` so many days; devices
    take it at once, or as the adoption curve `taken` has it. `given` are rates, each
    written NAME=VALUE. Raises ValueError, in one sentence, for a day that is past
    or more than ten years away, for numbers that make no sense, and where the chain of today is refused.
    """
    subject = done.subject
    start, last = subject.asked.date(), until.date()
    days = (last - start).days
    if not 0 < days <= MOST_DAYS:
        raise ValueError(f"--until got {last}, and today is {start}; give a later day, ten years from it at most")
    if not 1 <= calendars <= MOST_CALENDARS:
        raise ValueError(f"--calendars got {calendars}; give 1 to {MOST_CALENDARS}")
    if not LEAST_BETWEEN <= every <= MOST_DAYS:
        raise ValueError(f"--release-every got {every} days; give {LEAST_BETWEEN} to {MOST_DAYS}")
    today = done.cell(ORDINARY)
    if why := done.broken or (today.outcome is not Outcome.SERVED and today.verdict.reason):
        raise ValueError(f"today's chain is refused already, so no life is to be expected: {why}; mend that first")
    leaf = subject.chain.seen[0]
    lasts = (leaf.not_after - leaf.not_before).total_seconds() / 86400
    table = rates(max(1, round(lasts)), given)
    first = max(1, (subject.release.date() - start).days)
    config = subject.config
    horizon = Horizon(
        Clock(start, lasts, (subject.asked - leaf.not_before).total_seconds() / 86400, limits()),
        days,
        Releases(
            (0, *range(first, days + 1, every)),
            adoption(taken) if taken else None,
            (config.expires.date() - start).days if config.expires else None,
        ),
        calendars,
        seed,
    )
    tried = situations(done)
    refuses = {met: one.refuses for met, one in tried.items()}
    return Expectancy(subject.host, horizon, table, tried, lives(horizon, ends(table), refuses, progress))


def limits() -> list[tuple[date, int]]:
    """From which day on a certificate lasts how many days at most: the ballot's own, in order."""
    line = load(BALLOT)
    return [(line.start.date(), line.lifetime_days), *((one.start.date(), one.days) for one in line.lifetimes)]


def situations(done: Forecast) -> dict[Situation, Tried]:
    """What the client with the pins does in each situation: real trials, in the world of the forecast."""
    world = done.world
    parent, second = world.issuing.parent, [one for one in map(done.subject.second, done.subject.matches) if one]
    worlds = {
        From.SAME: world,
        From.SIBLING: world.nearby() if parent and parent.parent else world,
        From.OTHER: world.beside(second[0]) if second else world,
    }
    put_together = composed(Reach({Role.ROOT, Role.BACKUP}), Line.GENUINE)
    cases = {one: CASES[SCENES[one]] if one in SCENES else put_together for one in SITUATIONS}
    ours = done.matrix.clients[0]
    played = matrix((ours, CLIENTS["unpinned"]), [bound(case, worlds[one.issuer]) for one, case in cases.items()])

    def tried(case_name: str, title: str) -> Tried:
        alone = played.cell("unpinned", case_name)
        why = "" if alone.outcome is Outcome.SERVED else f"no pin has part in it: {alone.verdict.reason}"
        return Tried(case_name, title, played.cell(ours.name, case_name).outcome, why)

    title = "Another intermediate, and the site's planned backup key"
    return {one: tried(case.name, case.title if one in SCENES else title) for one, case in cases.items()}
