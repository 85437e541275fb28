"""
What told them apart: the definition, over toys that can be worked out by hand.

Every claim about a set stands beside the set that lacks one member, or has one more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from lab.built.apart.levers import ACCIDENTS, UNTOUCHED, Lever, Pulled, Setting, moves, stands
from lab.built.apart.sets import (
    AT_ONCE,
    Half,
    Member,
    Reading,
    Runs,
    Step,
    Telling,
    blind,
    cell,
    keeps,
    knows,
    minimal,
    passes,
    price,
    stops,
)
from lab.observation import Finding

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ALARM, WORD, LIFE = 6 * HOUR, 30 * HOUR, 7 * DAY


@dataclass(frozen=True)
class Toy:
    name: str
    reads: frozenset[Lever] = frozenset()
    monitors: bool = False
    hard: bool = False


MONITOR = Toy("monitor", frozenset({Lever.LOG, Lever.BOOK}), monitors=True)
SOFT, HARD = Toy("soft", frozenset({Lever.LIST})), Toy("hard", frozenset({Lever.LIST}), hard=True)
COUNTS, WITNESS = Toy("counts", frozenset({Lever.LOG})), Toy("witness", frozenset({Lever.LOG}))
PATH, PIN = Toy("path"), Toy("pin")
EVERY = (PATH, PIN, SOFT, HARD, COUNTS, WITNESS, MONITOR)


@dataclass
class ToyPair:
    """
    A mis-issued certificate and a renewal: who logs is seen by a monitor, whose owner has it revoked.

    Where it was `heard` of otherwise, the owner asks without one.
    """

    swapped: bool = False
    deaf: bool = False
    heard: bool = False
    names: dict[str, str] = field(default_factory=dict)

    def alarm(self, half: Half, setting: Setting) -> timedelta | None:
        unbooked = stands(setting, Lever.BOOK) is Pulled.UNBOOKED
        attack = (half is Half.ATTACK) != self.swapped
        logged = stands(setting, Lever.LOG) is Pulled.LOGGED
        return ALARM if not self.deaf and logged and (attack or unbooked) else None

    def shown(self, channel: Member, half: Half, setting: Setting, monitored: bool) -> Sequence[Step]:
        name = self.names.get(channel.name, channel.name)
        attacked = self.heard and half is Half.ATTACK
        word = WORD if attacked or (monitored and self.alarm(half, setting) is not None) else None
        if name == "pin":
            return [step(AT_ONCE, True, "another key")]
        if name in ("counts", "witness"):
            how = stands(setting, Lever.LOG)
            bad = how is Pulled.UNLOGGED or (name == "witness" and how is Pulled.HIDDEN)
            return [step(AT_ONCE, bad, how if bad else "logged")]
        if name in ("soft", "hard"):
            pulled = stands(setting, Lever.LIST)
            if pulled is Pulled.NOTHING:
                return [step(AT_ONCE, name == "hard", "nothing came")]
            if pulled is Pulled.REPLAYED:
                end = (word or AT_ONCE) + LIFE
                return [step(AT_ONCE, False, "good"), step(end, name == "hard", "too old")]
            return [step(AT_ONCE, False, "good"), *([step(word, True, "revoked")] if word else [])]
        return [step(AT_ONCE, False, "a path")]


def step(since: timedelta, refused: bool, why: str) -> Step:
    return Step(since, refused, (Finding("toy", not refused, why),))


TOY: Runs = ToyPair()


def named(found: Sequence[Sequence[Member]]) -> set[frozenset[str]]:
    return {frozenset(one.name for one in members) for members in found}


def test_neither_the_witness_nor_the_monitor_alone_tells_a_mis_issued_certificate() -> None:
    """A witness loses to what is logged, the monitor to what is not; with a list they stop it."""
    assert (knows(TOY, {WITNESS}), knows(TOY, {MONITOR})) == (None, None)
    assert knows(TOY, {COUNTS, MONITOR}) is None  # an entry is hidden from the monitor, and counts
    assert knows(TOY, {WITNESS, MONITOR}) == ALARM
    assert stops(TOY, {WITNESS, MONITOR}) is None  # it is known, and nobody at the client hears of it
    assert stops(TOY, {WITNESS, MONITOR, HARD}) == WORD + LIFE
    assert stops(TOY, {WITNESS, MONITOR, SOFT}) is None
    assert stops(TOY, {WITNESS, HARD}) is None  # without a monitor nobody asks for a revocation


def test_the_sets_are_minimal_and_in_time() -> None:
    """One set knows within a day, one stops within nine days, none stops within a day; no other is smaller."""
    assert named(minimal(TOY, EVERY, [DAY], knows)[0]) == {frozenset({"witness", "monitor"})}
    assert named(minimal(TOY, EVERY, [DAY])[0]) == set()
    assert named(minimal(TOY, EVERY, [9 * DAY])[0]) == {frozenset({"witness", "monitor", "hard"})}


def test_a_pin_is_no_set_since_it_does_not_keep_the_twin() -> None:
    """It stops the attack at once, and the twin as well."""
    assert (stops(TOY, {PIN}), keeps(TOY, {PIN})) == (AT_ONCE, False)
    assert cell(TOY, PIN) == Telling(Reading.BOTH_REFUSED)
    assert cell(TOY, PATH) == Telling(Reading.BOTH_TAKEN)


def test_a_cell_has_one_of_five_words() -> None:
    """A list without a monitor has no word to bring; cut names the move; a sound set has hours."""
    assert [cell(TOY, one).told for one in (SOFT, HARD)] == [Reading.NO_WORD, Reading.NO_WORD]
    assert cell(TOY, COUNTS) == Telling(Reading.CUT, None, {Lever.LOG: Pulled.LOGGED})
    assert cell(TOY, SOFT, MONITOR).told is Reading.CUT
    assert cell(TOY, HARD, MONITOR) == Telling(
        Reading.CUT, None, {Lever.LIST: Pulled.NEWEST, Lever.LOG: Pulled.UNLOGGED}
    )
    heard = ToyPair(heard=True)
    assert cell(heard, SOFT) == Telling(Reading.CUT, None, {Lever.LIST: Pulled.NOTHING})
    assert cell(heard, HARD) == Telling(Reading.HOURS, WORD + LIFE)


def test_the_price_is_named() -> None:
    """Hard pays for a list that is missing or late, a count for a CA that forgot, a monitor for another's order."""
    assert price(TOY, {SOFT}) == ()
    assert price(TOY, {HARD}) == ("the list is missing", "the list is late")
    assert price(TOY, {COUNTS}) == ("the CA forgot the logs",)
    assert price(TOY, {WITNESS}) == ("the CA forgot the logs", "a log shows two trees by a fault")
    assert price(TOY, {MONITOR}) == ("another department ordered",)


def test_a_list_that_was_cut_is_one_that_is_missing() -> None:
    """A channel is blind where it shows in the attack what it shows in the twin under an accident."""
    assert blind(TOY, SOFT) == blind(TOY, HARD) == ("the list is missing", "the list is late")
    assert blind(TOY, PIN) == ()


def test_with_the_halves_swapped_the_channels_vanish() -> None:
    """Where the twin is treated as the attack and the attack as the twin, nothing tells them apart."""
    swapped = ToyPair(swapped=True)
    assert minimal(swapped, EVERY, [None]) == minimal(swapped, EVERY, [None], knows) == [[]]
    assert minimal(TOY, EVERY, [None]) != [[]]


def test_a_channel_whose_owner_is_deaf_tells_nothing() -> None:
    """A monitor that does not know what was ordered never rings, and then nobody revokes."""
    deaf = ToyPair(deaf=True)
    assert minimal(deaf, EVERY, [None]) == minimal(deaf, EVERY, [None], knows) == [[]]


@dataclass
class Overheard(ToyPair):
    """The owner's book has no order of the twin's either; and some channels that the others have not."""

    booked: bool = True

    def alarm(self, half: Half, setting: Setting) -> timedelta | None:
        book = {} if self.booked else {Lever.BOOK: Pulled.UNBOOKED}
        return super().alarm(half, {**setting, **book})

    def shown(self, channel: Member, half: Half, setting: Setting, monitored: bool) -> Sequence[Step]:
        if channel.name == "ends":  # a word that was good for a while
            attacked = half is Half.ATTACK
            return [step(AT_ONCE, attacked, "not before noon"), step(12 * HOUR, False, "a path")]
        if channel.name == "uncut":  # a list that nobody on the line can cut
            return super().shown(SOFT, half, {**setting, Lever.LIST: Pulled.NEWEST}, monitored)
        return super().shown(channel, half, setting, monitored)


def test_beside_a_monitor_a_twin_that_nobody_booked_is_revoked_as_well() -> None:
    """A list tells nothing where the alarm rings for both; where the twin is booked it does, but for what cuts it."""
    unbooked = Overheard(booked=False)
    assert cell(unbooked, SOFT, MONITOR) == Telling(Reading.BOTH_REFUSED)
    assert cell(Overheard(), SOFT, MONITOR).told is Reading.CUT
    assert cell(unbooked, SOFT).told is cell(Overheard(), SOFT).told is Reading.NO_WORD
    another = ACCIDENTS["another department ordered"]
    assert not passes(Overheard(), SOFT, {SOFT, MONITOR}, another)
    assert passes(Overheard(), SOFT, {SOFT}, another)
    assert passes(unbooked, PATH, {PATH, MONITOR})  # it hears of no revocation


def test_what_is_refused_until_the_alarm_rings_is_known_from_the_beginning() -> None:
    """At every date somebody refuses or the alarm has rung, though nobody refuses for good."""
    ends = Toy("ends")
    assert stops(Overheard(), {ends, WITNESS, MONITOR}) is None
    assert knows(Overheard(), {WITNESS, MONITOR}) == ALARM
    assert knows(Overheard(), {ends, WITNESS, MONITOR}) == AT_ONCE
    assert knows(Overheard(), {ends}) is None


def test_a_channel_without_a_lever_is_looked_at_beside_the_monitor() -> None:
    """What nobody can cut may still wait for the owner's word: it is in the set that stops soonest."""
    uncut = Toy("uncut")
    assert stops(Overheard(), {uncut}) is None
    assert stops(Overheard(), {uncut, WITNESS, MONITOR}) == WORD
    assert named(minimal(Overheard(), [*EVERY, uncut], [2 * DAY])[0]) == {frozenset({"uncut", "witness", "monitor"})}


def test_renaming_changes_nothing() -> None:
    """Sets are the same under other names."""
    names = {f"channel {number}": one.name for number, one in enumerate(EVERY)}
    renamed = [Toy(name, one.reads, one.monitors) for name, one in zip(names, EVERY, strict=True)]
    found = named(minimal(ToyPair(names=names), renamed, [9 * DAY])[0])
    assert {frozenset(names[one] for one in members) for members in found} == named(minimal(TOY, EVERY, [9 * DAY])[0])


def test_a_channel_more_never_makes_a_set_later() -> None:
    """Monotone: whoever adds a channel stops no later, and keeps no more."""
    for one in EVERY:
        found = stops(TOY, {WITNESS, MONITOR, HARD, one})
        assert found is not None
        assert found <= WORD + LIFE
        assert not (keeps(TOY, {one, PIN}))


def test_an_attacker_leaves_the_owners_house_alone() -> None:
    """The moves are all ways of pulling what is read, but for the book of orders and the machine that renews."""
    assert list(moves({Lever.BOOK})) == [UNTOUCHED]
    assert len(list(moves({Lever.LIST, Lever.LOG, Lever.RENEWAL}))) == 9
    assert all(setting for setting in ACCIDENTS.values())
