"""
What told a pair apart, as tables: channel by channel, set by set, and a line for each of many pairs.

It knows what was found and nothing of how. Times are words here, and plain
seconds in the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from lab.built.apart.channels import CHANNELS, MONITOR, Channel, Who
from lab.built.apart.levers import LEVERS, OWNERS, UNTOUCHED, Setting, pulled, said
from lab.built.apart.measured import ASKED_BY, Measured
from lab.built.apart.owner import LAGS, Lags
from lab.built.apart.sets import (
    AT_ONCE,
    MOST,
    Half,
    Reading,
    Telling,
    blind,
    cell,
    keeps,
    knows,
    minimal,
    price,
    refused_from,
    stops,
)
from lab.observation import Progress, untold
from lab.policy.cost import EvidenceCost
from lab.scenes.catalogue import Case
from lab.show.sheet import Banner, Row, Sheet, Tabled, hung
from lab.show.words import spoken

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WITHIN = (HOUR, DAY, 5 * DAY, 8 * DAY, None)
"""The times that are asked about; None is as long as the certificate lasts."""


def within(time: timedelta | None) -> str:
    """A horizon in words."""
    return f"within {spoken(time)}" if time else "ever"


def names(members: Iterable[Channel]) -> str:
    """A set of channels in words."""
    return " + ".join(str(one) for one in members)


@dataclass(frozen=True)
class ChannelFound:
    """One channel and one pair: alone, beside the owner's monitor, its price, and to which accidents it is blind."""

    channel: Channel
    alone: Telling
    beside: Telling
    keeps: bool
    price: tuple[str, ...]
    blind: tuple[str, ...]
    costs: tuple[EvidenceCost, ...]
    moves: tuple[tuple[Setting, timedelta | None, bool], ...]
    """For each way in which one of its levers stands: when it refuses the attack, and whether the twin passes."""


@dataclass(frozen=True)
class SetFound:
    """A minimal set: when it stops and knows, its price, and what gets through again without one of its members."""

    members: tuple[Channel, ...]
    stops: timedelta | None
    knows: timedelta | None
    price: tuple[str, ...]
    without: tuple[tuple[str, timedelta | None], ...]


@dataclass(frozen=True)
class Apart(Tabled):
    """What told one pair apart; shows itself as its board."""

    attack: str
    twin: str
    asked_by: str
    channels: tuple[ChannelFound, ...]
    stop: tuple[tuple[timedelta | None, tuple[SetFound, ...]], ...]
    know: tuple[tuple[timedelta | None, tuple[SetFound, ...]], ...]
    trials: int
    same_path: bool
    words: dict[str, timedelta | None] = field(default_factory=dict)
    """When the owner's alarm rings, and when the certificate is revoked, with a monitor and without."""

    def sheet(self) -> Sheet:
        """Channel by channel."""
        caption = f"{self.attack}  ⇄  {self.twin}: what told them apart, in {self.trials} connections"
        rows = [
            Row(one.channel.name, (_told(one, one.alone), _told(one, one.beside), _served(one.keeps)))
            for one in self.channels
        ]
        columns = ("channel", "alone", "beside a monitor", "the twin")
        return Sheet(caption, columns, rows, tuple(self._notes()))

    def _notes(self) -> Iterator[str]:
        path = "the same" if self.same_path else "not the same, which is a fault of the lab"
        who = self.asked_by or "the site's owner"
        yield f"The path shows {path} in both halves, at every date.\n{who[0].upper()}{who[1:]} asked for the twin."
        alarm, word = self.words["alarm"], self.words["word with a monitor"]
        yield (
            f"The owner's alarm rings: {spoken(alarm)}. The certificate is revoked:\n{spoken(word)} with a monitor, "
            f"{spoken(self.words['word without'])} without one. Times count from the attack."
        )

    def record(self) -> dict[str, Any]:
        """All of it as plain JSON values; times in seconds, None for never."""
        return {
            "attack": self.attack,
            "twin": self.twin,
            "asked_by": self.asked_by or "the site's owner",
            "trials": self.trials,
            "same_path": self.same_path,
            "times": {name: _seconds(time) for name, time in self.words.items()},
            "channels": [
                {
                    "channel": one.channel.name,
                    "client": one.channel.client,
                    "refuses": one.channel.who.value,
                    "alone": _telling(one.alone),
                    "beside_a_monitor": _telling(one.beside),
                    "keeps_the_twin": one.keeps,
                    "price": list(one.price),
                    "blind_to": list(one.blind),
                    "costs": [asdict(each) for each in one.costs],
                    "comes": [
                        {"move": _setting(move), "refused_from": _seconds(time), "twin_passes": passes}
                        for move, time, passes in one.moves
                    ],
                }
                for one in self.channels
            ],
            "stop": [_horizon(time, sets) for time, sets in self.stop],
            "know": [_horizon(time, sets) for time, sets in self.know],
        }


def _seconds(time: timedelta | None) -> float | None:
    return None if time is None else time.total_seconds()


def _setting(setting: Setting) -> dict[str, str]:
    return {lever.value: how.value for lever, how in setting.items()}


def _telling(one: Telling) -> dict[str, Any]:
    return {"told": one.told.value, "after": _seconds(one.after), "cut_by": _setting(pulled(one.move))}


def _horizon(time: timedelta | None, sets: Sequence[SetFound]) -> dict[str, Any]:
    return {
        "within": _seconds(time),
        "sets": [
            {
                "channels": [channel.name for channel in one.members],
                "stops": _seconds(one.stops),
                "knows": _seconds(one.knows),
                "price": list(one.price),
                "without": {name: _seconds(after) for name, after in one.without},
            }
            for one in sets
        ],
    }


def _told(found: ChannelFound, one: Telling) -> str:
    if found.channel.who is Who.SERVER and one.told is Reading.HOURS:
        return "is read, not relayed"
    if found.channel.monitors and one.told is Reading.BOTH_REFUSED:
        return "rings for both"
    if one.told is Reading.CUT:
        return f"{one.told}: {', '.join((pulled(one.move) or one.move).values())}"
    return spoken(one.after) if one.told is Reading.HOURS else one.told.value


def moved(found: Apart) -> Sheet:
    """What comes over each channel, and when it refuses then; the twin stands beside it."""
    rows = [
        Row(one.channel.name, (said(pulled(move)) if pulled(move) else "as usual", _when(one, time), _served(passes)))
        for one in found.channels
        for move, time, passes in one.moves
    ]
    columns = ("channel", "what comes over it", "refuses the attack", "the twin")
    return Sheet("What comes over the channel, with the owner's monitor at work", columns, rows)


def costs(found: Apart) -> Sheet:
    """What each channel costs on a visit, who hears of it, and under which single accidents it refuses the twin."""
    rows = [
        Row(one.channel.name, (f"{it.octets:,}{' (shared)' * it.shared}", str(it.round_trips), it.tells.value))
        for one in found.channels
        for it in one.costs
    ]
    told = [(one.channel.name, "; ".join(one.price)) for one in found.channels if one.keeps and one.price]
    prices = hung("\n".join(f"{name:<18}  {price}" for name, price in told))
    columns = ("channel", "octets", "round trips", "who hears of the visit")
    return Sheet("What each channel costs", columns, rows, (f"The twin is refused, or an alarm rings, when\n{prices}",))


def _when(one: ChannelFound, time: timedelta | None) -> str:
    if one.channel.who is Who.SERVER:
        return "relays nothing" if time == AT_ONCE else "relays"
    return f"alarm: {spoken(time)}" if one.channel.monitors else spoken(time)


def _served(passes: bool) -> str:
    return "passes" if passes else "is refused"


def lines(found: Sequence[Apart]) -> Sheet:
    """A line for each pair: the set that stops it soonest, and the one that lets its owner know sooner, if one does."""
    rows = [Row(one.attack, (*stopped, *known)) for one in found for stopped, known in [soonest(one)]]
    columns = ("pair, by its attack", "stopped by", "after", "known by", "after")
    return Sheet("What tells an attack from its twin, soonest", columns, rows)


def soonest(found: Apart) -> tuple[tuple[str, str], tuple[str, str]]:
    """By which set the attack is stopped soonest, and after how long; and by which its owner knows."""
    return _soonest(found.stop, "stops"), _soonest(found.know, "knows")


def _soonest(horizons: Sequence[tuple[timedelta | None, tuple[SetFound, ...]]], measure: str) -> tuple[str, str]:
    each = next((each for _, each in horizons if each), ())
    if not each:
        return "nothing", ""
    best = min(each, key=lambda one: (getattr(one, measure), len(one.members)))
    more = f", or {len(each) - 1} more" if each[1:] else ""
    return names(best.members) + more, spoken(getattr(best, measure))


def sets(found: Apart) -> Sheet:
    """The smallest sets, each at the first horizon that it meets, and what gets through again without a member."""
    rows: list[Row | Banner] = []
    seen: set[tuple[Channel, ...]] = set()
    for what, horizons in (("Stopped", found.stop), ("Known", found.know)):
        for time, each in horizons:
            new = [one for one in each if one.members not in seen]
            if new or not each:
                rows.append(
                    Banner(f"{what} {within(time)}" + ("" if each else f": by no set of up to {MOST} channels"))
                )
            rows += [Row(names(one.members), (spoken(one.stops), spoken(one.knows), _away(one))) for one in new]
            seen |= {one.members for one in each}
    columns = ("set", "stops", "knows", "without one of them")
    return Sheet("The smallest sets that keep the twin", columns, rows)


def _away(one: SetFound) -> str:
    back = [f"{name}: {spoken(after)}" for name, after in one.without]
    return "; ".join(back) if len(one.members) > 1 else ""


def tables(found: Apart) -> tuple[Sheet, ...]:
    """All of one pair: its board, what comes over each channel, what that costs, and the smallest sets."""
    return found.sheet(), moved(found), costs(found), sets(found)


# ---- finding it ------------------------------------------------------------------------------------


def apart(
    runs: Measured,
    channels: Sequence[Channel] = CHANNELS,
    times: Sequence[timedelta | None] = WITHIN,
    progress: Progress = untold,
) -> Apart:
    """Everything about one pair; each channel's connections are made when they are first asked for."""
    found = []
    for number, channel in enumerate(channels):
        progress(number, len(channels), f"{runs.attack.name}: {channel.name}")
        found.append(_channel(runs, channel))
    progress(len(channels), len(channels), f"{runs.attack.name}: sets of channels")
    keeping = [
        one.channel for one in found if (one.keeps or one.channel.monitors) and one.channel.who is not Who.SERVER
    ]

    def horizons(measure: Any) -> tuple[tuple[timedelta | None, tuple[SetFound, ...]], ...]:
        found = minimal(runs, keeping, times, measure)
        return tuple(
            (time, tuple(_set(runs, one, measure) for one in each)) for time, each in zip(times, found, strict=True)
        )

    path = channels[0]
    same = [one.findings for one in runs.shown(path, Half.ATTACK, UNTOUCHED, False)] == [
        one.findings for one in runs.shown(path, Half.TWIN, UNTOUCHED, False)
    ]
    words = {
        "alarm": runs.alarm(Half.ATTACK, UNTOUCHED),
        "word with a monitor": runs.word(Half.ATTACK, UNTOUCHED, True),
        "word without": runs.word(Half.ATTACK, UNTOUCHED, False),
    }
    stop, know = horizons(stops), horizons(knows)
    who = ASKED_BY.get(runs.twin.name, "")
    return Apart(runs.attack.name, runs.twin.name, who, tuple(found), stop, know, runs.trials, same, words)


def each(
    attacks: Sequence[Case],
    lags: Lags = LAGS,
    channels: Sequence[Channel] = CHANNELS,
    times: Sequence[timedelta | None] = WITHIN,
    progress: Progress = untold,
) -> list[Apart]:
    """Everything about each of these pairs (about three seconds of work a pair), which are named by their attacks."""

    def of_all(number: int) -> Progress:
        return lambda done, of, name: progress(number * of + done, len(attacks) * of, name)

    found = []
    for number, attack in enumerate(attacks):
        with Measured(attack, lags) as runs:
            found.append(apart(runs, channels, times, of_all(number)))
    return found


def _channel(runs: Measured, channel: Channel) -> ChannelFound:
    levers = sorted(channel.reads - OWNERS)
    settings: list[Setting] = [{}, *({lever: how} for lever in levers for how in LEVERS[lever][1:])]
    told = runs.alarm if channel.monitors else partial(refused_from, runs, {channel, MONITOR})
    moves = tuple((one, told(Half.ATTACK, one), keeps(runs, {channel}, one)) for one in settings)
    return ChannelFound(
        channel,
        cell(runs, channel),
        cell(runs, channel, MONITOR),
        keeps(runs, {channel}),
        price(runs, {channel}),
        blind(runs, channel),
        runs.costs(channel),
        moves,
    )


def _set(runs: Measured, members: tuple[Channel, ...], measure: Any) -> SetFound:
    without = [(one.name, measure(runs, [other for other in members if other is not one])) for one in members]
    return SetFound(members, stops(runs, members), knows(runs, members), price(runs, members), tuple(without))
