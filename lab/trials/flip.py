"""
What would turn an outcome: the smallest edit of the client that does.

The outcome is turned and not the verdict, for a verdict can be right and come
too late: a client that refuses after the request was sent has been robbed.
Checks are added, removed, replaced or moved; `flip` says which of the smallest
edits wins, and confirms it by running the trial again with the edited client.
It knows no prices: what stops an attacker may bring outages in other scenes,
and `Flip.others` only names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, product

from lab.observation import BAD, REFUSED, Line, Outcome, outcome_of
from lab.policy.checks import SOUND, Check, Stage
from lab.policy.clients import CA_FLAG_ERRORS, Client
from lab.scenes.catalogue import Case
from lab.trials.rehearsal import Rehearsals
from lab.trials.trial import Trial, trial

Edit = tuple[str, Client]

TURNED = {
    outcome_of(line, talks, talks): outcome_of(line, not talks, not talks) for line in Line for talks in (True, False)
}
"""The other outcome that the same meeting can have: who is on the line does not change."""
MOST_AHEAD = 2_000


@dataclass(frozen=True)
class Flip:
    """
    An edit that turns the outcome of the meeting that a trial shows.

    `words` says the edit, `client` is the edited client, `edits` how many
    checks were touched. `others` names the other scenes in which the outcome
    of some meeting changes as well, for better or worse, as the pure policy
    expects it. `outcome` is what the trial that confirmed the edit shows as a
    whole: it is bad where another meeting of the same scene goes wrong instead.
    """

    words: str
    client: Client
    edits: int
    others: tuple[str, ...]
    outcome: Outcome


# How the smallest edit is found. Clients are the points of a graph; two are neighbours where one edit turns one into
# the other. From the trial's client the search goes outward in rings: all that one edit reaches, all that two reach.
#
#   ring by ring      A ring is judged by the pure policy alone, from observations that were made once (`Rehearsals`):
#                     a handshake for each of some thousand clients would take minutes.
#   the best of it    Several edits of a ring may do. The order is a repair that leaves few bad meetings, then one that
#                     asks the same questions only earlier, then the one that changes the fewest other scenes.
#   confirmed         The winner is run over real TLS. Where the sockets do not do what the rule expected, the next one
#                     is tried: the answer is what was seen and never what was expected.
#   where it ends     Rings grow by the number of checks each time. To refuse, two checks are enough: what two do not
#                     refuse, no more do, since each looks at the same observation. To talk, all that is needed is to
#                     lose checks, so beyond `MOST_AHEAD` only clients that gained none are followed.


@lru_cache(maxsize=128)
def _neighbours(client: Client) -> tuple[Edit, ...]:
    """As `_single`, kept: the same client is asked about in scene after scene."""
    return tuple(_single(client))


def _single(client: Client) -> Iterator[Edit]:
    """Every client that is one edit away."""
    policy = client.policy
    for number, old in enumerate(policy):
        yield f"remove the {old.name} check", _with(client, *policy[:number], *policy[number + 1 :])
    for new in SOUND:
        if new not in policy:
            yield f"add the {new.name} check", _with(client, *policy, new)
    if client.ignoring:
        flag_only = client.ignoring <= CA_FLAG_ERRORS
        words = "add the CA flag check" if flag_only else "insist on a path to a trust anchor"
        yield words, replace(client, ignoring=frozenset())
    if client.resumes:
        yield "add a check that refuses to resume", replace(client, resumes=False)
    for (number, old), new in product(enumerate(policy), SOUND):
        if new not in policy:
            words = f"replace the {old.name} check by the {new.name} check"
            yield words, _with(client, *policy[:number], new, *policy[number + 1 :])
    for number, late in enumerate(policy):
        if late.stage is not Stage.HANDSHAKE and not any(_same_in_time(new, late) for new in SOUND):
            moved = replace(late, stage=Stage.HANDSHAKE)
            words = f"move the {late.name} check into the handshake"
            yield words, _with(client, *policy[:number], moved, *policy[number + 1 :])


def _same_in_time(new: Check, late: Check) -> bool:
    """Whether `new` asks inside the handshake what `late` asks when the request has gone."""
    if late.stage is Stage.HANDSHAKE or new.stage is not Stage.HANDSHAKE:
        return False
    same_pins = late.pin_set is not None and (new.basis, new.pin_set) == (late.basis, late.pin_set)
    return same_pins or new.rule is late.rule


def _only_earlier(edited: Client, client: Client) -> bool:
    """Whether the edited client asks the same questions, some of them earlier, and nothing else differs."""
    if len(edited.policy) != len(client.policy) or replace(edited, policy=client.policy) != client:
        return False
    return all(new == old or _same_in_time(new, old) for new, old in zip(edited.policy, client.policy, strict=True))


def _with(client: Client, *policy: Check) -> Client:
    return replace(client, policy=policy)


def edits(client: Client) -> Iterator[list[Edit]]:
    """
    Every client that one edit reaches, then those that two reach, and so on; each once.

    After a ring of more than `MOST_AHEAD` clients the search goes on only from
    those that lost checks and gained none: they are enough to make a client talk.
    """
    seen = {client}
    ring: list[Edit] = [("", client)]
    for _ in range(len(client.policy) + 1):
        further: list[Edit] = []
        for words, nearer in ring:
            for more, edited in _neighbours(nearer) if nearer is client else _single(nearer):
                if edited not in seen:
                    seen.add(edited)
                    further.append((f"{words} and {more}" if words else more, edited))
        yield further
        ring = further
        if len(ring) > MOST_AHEAD:
            ring = [one for one in ring if set(one[1].policy) <= set(client.policy)]


def flip(done: Trial, rehearsals: Rehearsals, again: Callable[[Client, Case], Trial] = trial) -> Flip | None:
    """
    The smallest confirmed edit that turns the outcome of the meeting that the trial shows.

    A bad outcome (intercepted, outage) is turned into the good one for who is
    on the line (stopped, served), and a good one into the bad one. Of equally
    small edits, in this order: a repair leaves as few bad meetings in this scene
    as it can; the client asks what it asked, only earlier; the fewest other
    scenes change.

    None where no edit of up to two checks (or, to make it talk, of as many as
    the client has) can: an attacker inside the process has switched the policy
    off, or nothing on the path tells the scene from an honest one. `again` runs
    the confirming trial: whoever asks of many clients can keep the scene standing.
    """
    if done.client.switched_off:
        return None
    wanted = TURNED[done.outcome]
    for count, ring in enumerate(edits(done.client), start=1):
        able: list[tuple[tuple[int, bool], Edit]] = []
        for words, edited in ring:
            here = rehearsals.outcomes(edited, done.case)
            if here[done.worst] is wanted:
                still_bad = 0 if wanted in BAD else sum(outcome in BAD for outcome in here.values())
                able.append(((still_bad, not _only_earlier(edited, done.client)), (words, edited)))
        for (words, edited), others in _ranked(able, done, rehearsals):
            confirmed = again(edited, done.case)
            if confirmed.encounters[done.worst].outcome is wanted:
                return Flip(words, edited, count, others, confirmed.outcome)
        if wanted in REFUSED and count == 2:  # what two checks do not refuse, more do not
            return None
    return None


def _ranked(
    able: list[tuple[tuple[int, bool], Edit]], done: Trial, rehearsals: Rehearsals
) -> Iterator[tuple[Edit, tuple[str, ...]]]:
    """
    The edits, the best first, each with the other scenes that it changes.

    Few are asked for beyond the first, so an edit is left as soon as it has
    changed more scenes than the best of its rank.
    """
    before = rehearsals.panorama(done.client).won(done.client)

    def changed(edited: Client) -> Iterator[str]:
        scenes = rehearsals.panorama(edited).changed(edited, before)
        return (name for name in scenes if name != done.case.name)

    while able:
        rank = min(rank for rank, _ in able)
        best: tuple[Edit, tuple[str, ...]] | None = None
        for _, edit in (one for one in able if one[0] == rank):
            most = len(best[1]) - 1 if best else len(rehearsals.cases)
            others = tuple(islice(changed(edit[1]), most + 1))
            if len(others) <= most:
                best = edit, others
        assert best
        yield best
        able = [one for one in able if one[1] is not best[0]]


def sentence(found: Flip | None, done: Trial) -> str:
    """The answer in words, for a trace."""
    if found is None and done.client.switched_off:
        return "nothing in the policy: its decision is replaced while the program runs"
    if found is None and done.outcome is Outcome.OUTAGE and done.verdict.accepted:
        return "no check of this lab: it is the server that refuses"
    if found is None:
        return "no check of this lab: on the path this is the genuine service, to the last bit"
    count = len(found.others)
    other = (
        f"{count} other scene{'s' if count > 1 else ''} would change too" if count else "no other scene would change"
    )
    only_moved = done.outcome in BAD and found.outcome in BAD  # the meeting is repaired, and the scene is not
    instead = f"; this scene is then {found.outcome.value} at another meeting" if only_moved else ""
    return f"{found.words}; {other} (confirmed by running it){instead}"
