"""
How long the pins of a forecast last: what they do in each scene that may come, tried, and then drawn calendars.

The scenes are the catalogue's, in the forecast's own rebuilt world; the one
that the catalogue has not is put together. So nothing here says what pins do.
Where the chain has two intermediates it is the lower one that changes, and where
a second CA was shown it is the one that the site moves to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from lab.built.expectancy.calendar import Clock
from lab.built.expectancy.lived import SCENES, Horizon, Releases
from lab.built.expectancy.rates import ends, rates
from lab.built.expectancy.told import Expectancy, Tried
from lab.built.fleet.adoption import adoption as curve
from lab.built.fleet.situations import composed
from lab.built.forecast.config import Format
from lab.built.forecast.forecast import ORDINARY, RELEASE, Forecast, words
from lab.built.forecast.rebuild import YOURS
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
DAY = timedelta(days=1)
TITLE = "Another intermediate, and the site's planned backup key"
"""Of the scene that is put together."""


def expect(
    done: Forecast,
    until: datetime,
    *,
    release_every: int = RELEASE.days,
    adoption: str | None = None,
    rate: Iterable[str] = (),
    calendars: int = 1000,
    seed: int = 1,
    progress: Progress = untold,
) -> Expectancy:
    """
    Draw calendars up to `until` for the pins of this forecast; where it has two hypotheses, the likelier one.

    A release comes on the forecast's own day, and then every so many days; devices
    take it at once, or as the `adoption` curve of that name has it. `rate` are numbers
    to change, each written NAME=VALUE. Raises ValueError, in one sentence, for a day that is past
    or more than ten years away, for numbers that make no sense, and where the chain of today is refused.
    """
    subject, today = done.subject, done.cell(ORDINARY)
    start, config, leaf = subject.asked.date(), subject.config, subject.chain.seen[0]
    days = (until.date() - start).days
    if not 0 < days <= MOST_DAYS:
        raise ValueError(f"--until got {until:%Y-%m-%d}, and today is {start}; give a later day, within ten years")
    if not 1 <= calendars <= MOST_CALENDARS:
        raise ValueError(f"--calendars got {calendars}; give 1 to {MOST_CALENDARS}")
    if not LEAST_BETWEEN <= release_every <= MOST_DAYS:
        raise ValueError(f"--release-every got {release_every}; give {LEAST_BETWEEN} to {MOST_DAYS} days")
    if config.format is Format.HPKP:
        raise ValueError("pins by header come with no release, which --until is about; `lab hpkp` has their days")
    if why := done.broken or (today.outcome is not Outcome.SERVED and today.verdict.reason):
        raise ValueError(f"today's chain is refused already, so no life is to be expected: {why}; mend that first")
    lasts = (leaf.not_after - leaf.not_before) / DAY
    table = rates(max(1, round(lasts)), rate)
    first = max(1, (subject.release.date() - start).days)
    asked = (config.expires.date() - start).days if config.expires else None
    comes = Releases((0, *range(first, days + 1, release_every)), curve(adoption) if adoption else None, asked)
    clock = Clock(start, lasts, (subject.asked - leaf.not_before) / DAY, limits())
    horizon, tried = Horizon(clock, days, comes, calendars, seed), trials(done)
    refuses = {name: one.outcome is Outcome.OUTAGE and not one.aside for name, one in tried.items()}
    lives = {end: horizon.lived(numbers, refuses, progress) for end, numbers in ends(table).items()}
    which = f"{subject.host}, {words(done.clients[0], subject)}" if done.hypotheses.keys() - {YOURS} else subject.host
    return Expectancy(which, horizon, table, tried, lives)


def limits() -> list[tuple[date, int]]:
    """From which day on a certificate lasts how many days at most: the ballot's own, in order."""
    line = load(BALLOT)
    return [(line.start.date(), line.lifetime_days), *((one.start.date(), one.days) for one in line.lifetimes)]


def trials(done: Forecast) -> dict[str, Tried]:
    """What the client with the pins comes to in each scene, by real trials in the world of the forecast."""
    world, ours = done.world, done.matrix.clients[0]
    parent, second = world.issuing.parent, [one for one in map(done.subject.second, done.subject.matches) if one]
    lower = world.nearby() if parent and parent.parent else world
    worlds = (world, lower, world.beside(second[0]) if second else world)
    made = replace(composed(Reach({Role.ROOT, Role.BACKUP}), Line.GENUINE), name=SCENES[1][1], title=TITLE)
    cases = [bound(CASES.get(one, made), where) for where, row in zip(worlds, SCENES, strict=True) for one in row]
    played = matrix((ours, CLIENTS["unpinned"]), cases)

    def tried(name: str, title: str) -> Tried:
        alone = played.cell("unpinned", name)
        why = "" if alone.outcome is Outcome.SERVED else f"it is so without pins too: {alone.verdict.reason}"
        return Tried(title, played.cell(ours.name, name).outcome, why)

    return {one.name: tried(one.name, one.title) for one in cases}
