"""
What would turn a verdict: the smallest edit of the client that does.

Checks are added, removed or replaced. Of the smallest edits the one that
changes the fewest other cells wins, and it is confirmed by running the trial
again with the edited client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from lab.observation import Outcome
from lab.policy.checks import SOUND
from lab.policy.clients import Client
from lab.scenes.catalogue import Case
from lab.trials.rehearsal import Rehearsals
from lab.trials.trial import Trial, trial

Edit = tuple[str, Client]


@dataclass(frozen=True)
class Flip:
    """
    An edit that turns the verdict of the meeting that a trial shows.

    `words` says the edit, `client` is the edited client, `edits` how many
    checks were touched; `others` names the other scenes in which an outcome
    changes as well. It was confirmed by a trial.
    """

    words: str
    client: Client
    edits: int
    others: tuple[str, ...]


def _single(client: Client) -> Iterator[Edit]:
    """Every client that is one edit away."""
    policy = client.policy
    for number, old in enumerate(policy):
        yield f"remove the {old.name} check", _with(client, *policy[:number], *policy[number + 1 :])
    for new in SOUND:
        if new not in policy:
            yield f"add the {new.name} check", _with(client, *policy, new)
    if client.ignoring:
        yield "add the CA flag check", replace(client, ignoring=frozenset())
    if client.resumes:
        yield "add a check that refuses to resume", replace(client, resumes=False)
    for (number, old), new in product(enumerate(policy), SOUND):
        if new not in policy:
            words = f"replace the {old.name} check by the {new.name} check"
            yield words, _with(client, *policy[:number], new, *policy[number + 1 :])


def _with(client: Client, *policy) -> Client:  # type: ignore[no-untyped-def]
    return replace(client, policy=policy)


def edits(client: Client) -> Iterator[list[Edit]]:
    """Every client that one edit reaches, then those that two reach, and so on; each once."""
    seen = {client}
    ring: list[Edit] = [("", client)]
    for _ in range(len(client.policy) + 1):
        further: list[Edit] = []
        for words, nearer in ring:
            for more, edited in _single(nearer):
                if edited not in seen:
                    seen.add(edited)
                    further.append((f"{words} and {more}" if words else more, edited))
        ring = further
        yield ring


def _outcomes(client: Client, rehearsals: Rehearsals) -> dict[str, list[Outcome]]:
    return {name: [outcome for _, outcome in met.values()] for name, met in rehearsals.expected(client).items()}


def flip(done: Trial, rehearsals: Rehearsals, again: Callable[[Client, Case], Trial] = trial) -> Flip | None:
    """
    The smallest confirmed edit that turns the verdict of the meeting that the trial shows.

    None where no edit of up to two checks (or, for a refusal, of as many as
    the client has) can: an attacker inside the process has switched the policy
    off, or nothing on the path tells the scene from an honest one. `again` runs
    the confirming trial: whoever asks of many clients can keep the scene standing.
    """
    if done.client.switched_off:
        return None
    wanted = not done.verdict.accepted
    before = _outcomes(done.client, rehearsals)
    for count, ring in enumerate(edits(done.client), start=1):
        able = []
        for words, edited in ring:
            expected = rehearsals.met(edited, done.case)
            if expected[done.worst][0].accepted is wanted:
                after = _outcomes(edited, rehearsals)
                others = tuple(name for name in after if name != done.case.name and after[name] != before[name])
                able.append(Flip(words, edited, count, others))
        for found in sorted(able, key=lambda one: len(one.others)):
            confirmed = again(found.client, done.case)
            if confirmed.encounters[done.worst].verdict.accepted is wanted:
                return found
        if not wanted and count == 2:  # more checks never turn a refusal; two replaced ones find any
            return None
    return None


def sentence(found: Flip | None, done: Trial) -> str:
    """The answer in words, for a trace."""
    if found is None and done.client.switched_off:
        return "nothing in the policy: its decision is replaced while the program runs"
    if found is None:
        return "no check of this lab: on the path this is the genuine service, to the last bit"
    count = len(found.others)
    other = (
        f"{count} other scene{'s' if count > 1 else ''} would change too" if count else "no other scene would change"
    )
    return f"{found.words}; {other} (confirmed by running it)"
