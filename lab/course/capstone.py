"""
The capstone: events arrive, nobody says which are attacks, and a policy is scored on both its mistakes.

An event is a scene of the catalogue, played over real TLS in a fresh world. The
scores are counted: robberies (the attacker holds the secret) and outages (the
genuine server was refused). What the two weigh against each other is the
reader's choice and stands nowhere in here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random

from lab.course import fresh
from lab.course.report import Mark, NoAnswer, Report, answer
from lab.naming import named
from lab.observation import Observation, Outcome
from lab.policy.checks import HOST_NAME, VALIDATION, Basis, Check, Known, pinned
from lab.policy.clients import Client, client
from lab.policy.continuity import Continuity
from lab.policy.pinset import PinSet, Role
from lab.scenes.catalogue import CASES, Case, Holds, Kind, case, twin_of
from lab.show.sheet import Banner, Row, Sheet, Tabled
from lab.trials.matrix import matrix
from lab.trials.sections import Score

CONTENDERS = ("unpinned", "root-pinned", "any-of-chain", "leaf-or-backup", "leaf-pinned", "certificate-pinned")
"""
Some clients of the catalogue, from the most to the least trusting.

They are sound and see only the path, so none of them beats another: each rotation has its attack. A test says so.
"""

ATTACKS = (
    *("self_signed_certificate", "untrusted_rogue_ca", "look_alike_root", "other_trusted_ca", "installed_ca"),
    *("sibling_intermediate", "same_intermediate", "stolen_backup_key", "stolen_key_new_certificate"),
    *("stolen_key_and_certificate", "chain_stuffing", "other_hosts_certificate", "leaf_as_ca"),
    *("expired_with_stolen_key", "first_contact", "session_resumed"),
)
ROTATIONS = (
    *("ordinary_day", "same_key", "new_key", "backup_key", "new_intermediate", "other_intermediate_same_key"),
    *("new_ca", "other_ca_same_key", "old_chain_left_behind", "move_to_cdn", "new_root_cross_signed"),
    *("new_root_in_store", "chain_shortened", "ecdsa_to_ml_dsa", "two_servers", "company_proxy"),
    *("first_visit_before_a_move", "session_from_another_component"),
)
LEFT_OUT = {
    "forged_link": "other_trusted_ca",
    "stuffed_rogue_chain": "untrusted_rogue_ca",
    "certificate_without_its_key": "untrusted_rogue_ca",
    "untrusted_first_contact": "untrusted_rogue_ca",
    "waited_for_expiry": "other_trusted_ca",
    "makeshift_link": "new_ca",
    "cross_sign_sent_along": "new_ca",
    "cross_sign_misused": "other_trusted_ca",
    "moved_after_expiry": "new_ca",
    "other_trusted_ca_trailing_dot": "other_trusted_ca",
    "new_ca_trailing_dot": "new_ca",
    "rsa_to_ecdsa": "new_intermediate",  # and it takes as long as eight others
    "ecdsa_intermediate_misissues": "sibling_intermediate",  # likewise
}
"""Scenes that are not drawn: to whoever sees only the path, each is the one named beside it over again."""

SEED = 8
COUNT = 12
SHARE = 1 / 3
START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 5 * 365


@dataclass(frozen=True)
class Arrival:
    """
    An event, something that happens to a service: a scene, and when it arrives, if a calendar says so.

    Nothing in it is shown to a policy but what its client sees on the wire.
    """

    case: Case
    when: datetime | None = None

    @property
    def words(self) -> str:
        """What it was, with its date where it has one."""
        day = f"{self.when:%Y-%m-%d} " if self.when else ""
        return f"{day}{self.case.kind.value}: {self.case.title}"


def draw(seed: int = SEED, count: int = COUNT, attacks: float = SHARE) -> tuple[Arrival, ...]:
    """
    `count` events from the catalogue, each of them an attack with probability `attacks`.

    They come on different days of the five years from `START`, in their order.
    The same seed gives the same events on the same days, and does so whatever
    scenes the catalogue gains: each newcomer arrives in addition, or does not,
    by a stream of its own, about as often as a scene of the lists.
    """
    random = Random(seed)
    pick = [ATTACKS if random.random() < attacks else ROTATIONS for _ in range(count)]
    drawn = [case(names[int(random.random() * len(names))]) for names in pick]
    days = sorted(random.sample(range(DAYS), count))
    arrivals = [Arrival(one, START + timedelta(days=day)) for one, day in zip(drawn, days, strict=True)]
    for one in newcomers():
        own = Random(f"{seed} {one.name}")
        chance = attacks / len(ATTACKS) if one.kind is Kind.ATTACK else (1 - attacks) / len(ROTATIONS)
        for _ in range(count):
            if own.random() < chance:
                arrivals.append(Arrival(one, START + timedelta(days=own.randrange(DAYS))))
    return tuple(sorted(arrivals, key=lambda arrival: arrival.when or START))


def newcomers() -> list[Case]:
    """What the catalogue has and no list of this file names: scenes that were registered later, and repeat no other."""
    named = (*ATTACKS, *ROTATIONS, *LEFT_OUT)
    return [one for name, one in CASES.items() if name not in named and not one.repeats]


def each_once() -> tuple[Arrival, ...]:
    """Every event that can be drawn, once."""
    return tuple(map(Arrival, (*map(case, (*ATTACKS, *ROTATIONS)), *newcomers())))


def twins() -> tuple[tuple[Arrival, Arrival], ...]:
    """Each attack that ordinary validation lets through, with the rotation that looks exactly like it."""
    attacks = [one.case for one in each_once() if one.case.kind is Kind.ATTACK]
    return tuple((Arrival(one), Arrival(twin)) for one in attacks if (twin := twin_of(one)))


# ---- policies ------------------------------------------------------------------------------------

Talks = Callable[[Observation, Known], bool]
"""A policy as a function: whether to talk, from what was seen and what is known."""

Contender = Client | str | PinSet | Check | Talks


def contender(policy: Contender, name: str = "yours") -> Client:
    """
    A policy as a client: a client or its name, a pin set, a check, or a function.

    All but a finished client are asked only after ordinary validation and the
    host name have passed; a function then always finds a path. What a function
    answers, if it is not True or False, and whatever it raises, is a refusal.
    """
    if isinstance(policy, Client):
        return policy
    if isinstance(policy, str):
        return client(policy)
    if isinstance(policy, PinSet):
        policy = pinned("your pins", policy)
    check = policy if isinstance(policy, Check) else _asked(policy)
    return Client(name, "a policy of the reader's", (VALIDATION, HOST_NAME, check))


def _asked(decide: Talks) -> Check:
    def rule(observation: Observation, known: Known) -> tuple[bool, str]:
        try:
            talks = bool(answer(decide, [observation, known], bool))
        except NoAnswer as problem:
            return False, f"your policy said neither True nor False: {problem}"
        return talks, f"your policy answered {talks}"

    # With a pin set, which the rule never asks, and as one that remembers, it is given all that a client can know.
    return Check("your policy", rule, Basis.PRESENTED, pin_set=PinSet.any_of(*Role), remembers=Continuity())


# ---- playing and scoring -------------------------------------------------------------------------


@dataclass(frozen=True)
class Balance(Score):
    """The score of one client, and what its mistakes come to: attacks that robbed it, days it refused."""

    client: str

    @property
    def robberies(self) -> int:
        """How many attackers got its secret."""
        return self.attacks - self.stopped

    @property
    def outages(self) -> int:
        """How often it refused the genuine server."""
        return self.rotations - self.kept

    def cost(self, robbery: float = 1, outage: float = 1) -> float:
        """What its mistakes cost, at so much for each robbery and so much for each outage."""
        return robbery * self.robberies + outage * self.outages

    def beats(self, other: Balance) -> bool:
        """Whether it makes no more mistakes of either kind, and fewer of one."""
        mine, theirs = (self.robberies, self.outages), (other.robberies, other.outages)
        return mine != theirs and mine[0] <= theirs[0] and mine[1] <= theirs[1]


@dataclass(frozen=True)
class Scoreboard(Tabled):
    """The scores of some clients, the cheapest first, at a price for a robbery and a price for an outage."""

    scores: tuple[Balance, ...]
    robbery: float = 1
    outage: float = 1

    def score(self, name: str) -> Balance:
        """The score of that client. Raises ValueError where it did not play."""
        return named("policy that played", name, {score.client: score for score in self.scores})

    def _cost(self, one: Balance) -> float:
        return one.cost(self.robbery, self.outage)

    @property
    def ranked(self) -> tuple[Balance, ...]:
        """The cheapest first."""
        return tuple(sorted(self.scores, key=self._cost))

    @property
    def best(self) -> tuple[str, ...]:
        """The cheapest client; several where they tie."""
        least = min(map(self._cost, self.scores))
        return tuple(one.client for one in self.scores if self._cost(one) == least)

    @property
    def front(self) -> tuple[str, ...]:
        """The clients that no other beats: fewer mistakes of one kind would cost them more of the other."""
        return tuple(one.client for one in self.scores if not any(other.beats(one) for other in self.scores))

    @property
    def prices(self) -> str:
        """The two prices in words."""
        return f"a robbery costs {self.robbery:g}, an outage {self.outage:g}"

    def sheet(self) -> Sheet:
        """Clients as rows, the cheapest first."""
        rows = [
            Row(
                one.client,
                (one.robberies, one.stopped, one.outages, one.kept, self._cost(one), self._remark(one)),
            )
            for one in self.ranked
        ]
        heads = ("policy", "robbed", "stopped", "outages", "served", "cost", "remark")
        return Sheet(f"The cheapest first: {self.prices}.", heads, rows)

    def _remark(self, one: Balance) -> str:
        remarks = (one.client in self.best, "cheapest"), (one.client not in self.front, "beaten by another")
        return ", ".join(remark for holds, remark in remarks if holds)


@dataclass(frozen=True)
class Season(Tabled):
    """Events in their order, and for each what it came to for every client; the first row came first."""

    clients: tuple[str, ...]
    events: tuple[Arrival, ...]
    outcomes: tuple[dict[str, Outcome], ...]

    def board(self, robbery: float = 1, outage: float = 1) -> Scoreboard:
        """The scores, at these prices for the two kinds of mistake."""
        return Scoreboard(tuple(map(self._score, self.clients)), robbery, outage)

    def _score(self, name: str) -> Balance:
        score = Score.of((event.case, outcomes[name]) for event, outcomes in self._together())
        return Balance(**vars(score), client=name)

    def outage_days(self, update: int) -> dict[str, int]:
        """
        Days without service for each client, if an outage lasts until an update arrives, `update` days later.

        Outages that overlap count once; the five years end them all. Raises
        ValueError where an event has no date.
        """
        if any(event.when is None for event in self.events):
            raise ValueError("these events have no dates; capstone.draw() gives events with dates")
        days = {}
        for name in self.clients:
            dark: set[int] = set()
            for event, one in self._together():
                if one[name] is Outcome.OUTAGE and event.when is not None:
                    began = (event.when - START).days
                    dark.update(range(began, min(began + update, DAYS)))
            days[name] = len(dark)
        return days

    def _together(self) -> list[tuple[Arrival, dict[str, Outcome]]]:
        return list(zip(self.events, self.outcomes, strict=True))

    def again(self, events: Iterable[Arrival]) -> Season:
        """
        What these events would come to, from what was measured; nothing is run again.

        It may say so because a verdict depends on the scene and never on the run.
        Raises ValueError for an event that was not played.
        """
        measured = {event.case.name: one for event, one in self._together()}
        chosen = tuple(events)
        unknown = sorted({event.case.name for event in chosen} - measured.keys())
        if unknown:
            raise ValueError(f"nobody played {', '.join(unknown)}; play it first")
        return Season(self.clients, chosen, tuple(measured[event.case.name] for event in chosen))

    def sheet(self) -> Sheet:
        """Events as rows, clients as columns."""
        rows: list[Row | Banner] = []
        for number, (event, outcomes) in enumerate(self._together(), start=1):
            rows.append(Row(f"event {number}", tuple(outcomes[name] for name in self.clients)))
            rows.append(Banner(f"{number}. it was the {event.words}"))
        caption = "What each event came to, and, revealed afterwards, what it was."
        return Sheet(caption, ("event", *self.clients), rows)


def play(policies: Iterable[Contender], events: Sequence[Arrival]) -> Season:
    """
    Take every policy through the events, one event at a time, each in a fresh world over real TLS.

    Raises ValueError where two policies have the same name.
    """
    clients = [contender(policy) for policy in policies]
    names = [one.name for one in clients]
    if len(set(names)) < len(names):
        raise ValueError(f"two policies have the same name: {', '.join(names)}")
    outcomes = []
    for event in events:
        played = matrix(clients, [event.case])
        outcomes.append({name: played.cell(name, event.case.name).outcome for name in names})
    return Season(tuple(names), tuple(events), tuple(outcomes))


def everything() -> Season:
    """Every contender in every event, run once over real TLS and then kept; `Season.again` counts on from it."""
    return _kept(each_once())


@lru_cache(maxsize=1)
def _kept(events: tuple[Arrival, ...]) -> Season:
    return play(CONTENDERS, events)


# ---- the exercise --------------------------------------------------------------------------------


def fresh_events(draw: Random) -> tuple[Arrival, ...]:
    """Every event once, in random order, in worlds where everything has another name."""

    def renamed(one: Case) -> Case:
        return replace(one, build=lambda _: one.scene(fresh.Renamed(draw, **one.starts)))

    every = each_once()
    return tuple(Arrival(renamed(event.case)) for event in draw.sample(every, len(every)))


OWN = frozenset({Holds.SERVER_KEY, Holds.BACKUP_KEY})
"""What only the operator has, until somebody steals it."""


def own_keys(candidate: Talks) -> Report:
    """
    Judge a policy by whom it lets in: nobody without a key of the operator's, and everybody with one that is pinned.

    The attacker moves second: each rotation has its attack, which shows the same
    names, hosts and algorithms. It goes through every event once, in random
    order, in worlds with other keys and other names than any that was shown.
    """
    exercise = "decide(observation, known)"
    troubles: list[str] = []

    def watched(observation: Observation, known: Known) -> bool:
        try:
            return bool(answer(candidate, [observation, known], bool))
        except NoAnswer as problem:
            troubles.append(str(problem))
            return False

    first = play([watched], [Arrival(case("ordinary_day"))]).board().score("yours")
    if first.outages:
        remark = troubles[0] if troubles else "the policy refuses the genuine server"
        return Report(exercise, (Mark("an ordinary day", False, remark),))
    season = play([watched], fresh_events(Random()))
    if troubles:
        return Report(exercise, (Mark("fresh events", False, troubles[0]),))
    return Report(exercise, (Mark("an ordinary day", True), *_judged(season)))


def _judged(season: Season) -> Iterable[Mark]:
    met = [(event.case, outcomes["yours"]) for event, outcomes in zip(season.events, season.outcomes, strict=True)]
    let_in = [one for one, outcome in met if outcome is Outcome.INTERCEPTED and not OWN & {*one.holds}]
    yield Mark(
        "no key of yours, no way in",
        not let_in,
        _told(let_in, "it was robbed in {} events by attackers who hold no key of yours; one was {!r}, which takes {}"),
    )
    shut_out = [one for one, outcome in met if outcome is Outcome.OUTAGE and one.reach & {Role.LEAF, Role.BACKUP}]
    yield Mark(
        "your key, your service",
        not shut_out,
        _told(shut_out, "it refused the genuine server in {} events in which it came with a pinned key; one was {!r}"),
    )


def _told(found: Sequence[Case], words: str) -> str:
    """The words, with how many there are, the title of one and what its attacker holds; empty where there is none."""
    return words.format(len(found), found[0].title, " and ".join(found[0].holds)) if found else ""
