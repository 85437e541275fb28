"""
The checks of 04-moving-house: renewals, backup keys, and pins chosen for what is to come.

A learner's answer is a credential or a set of pins; it is put to use in fresh
worlds over real TLS, and what was served, refused or robbed there decides. No
answer is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from random import Random
from types import NoneType
from typing import Any

from cryptography import x509

from lab.course import fresh
from lab.course.fresh import CHANGES
from lab.course.report import Mark, NoAnswer, Report, answer
from lab.observation import BAD, Certificate, Line, Outcome
from lab.pki.authority import Authority, Credential, Key, new_key
from lab.pki.pins import fingerprint_of, pin_of, seen, spki
from lab.pki.world import World
from lab.policy.pinset import PinSet, Role
from lab.scenes.catalogue import Meeting, attacked, changed

PHRASE = {Line.GENUINE: "to survive", Line.ATTACKER: "to stop"}

Judged = Iterable[tuple[str, str]]
"""What was looked at, and what was wrong with it; nothing where it was right."""


def _report(exercise: str, answers: Iterable[tuple[str, Judged]]) -> Report:
    """A report on answers that were each judged in a world of its own, each with a name for the answer itself."""
    marks: list[Mark] = []
    for name, judged in answers:
        try:
            marks += [Mark(case, not wrong, wrong) for case, wrong in judged]
        except NoAnswer as problem:
            marks.append(Mark(name, False, str(problem)))
    return fresh.brief(Report(exercise, tuple(marks)))


# ---- renewal(world) ------------------------------------------------------------------------------


def renewal(candidate: Callable[..., Any]) -> Report:
    """Judge `renewal(world)`: served by the other CA, and no leaf-pinned client notices."""
    worlds = [fresh.world(Random(), intermediates=count) for count in range(4)]
    return _report("renewal(world)", [("the credential", _renewed(candidate, made)) for made in worlds])


def _renewed(candidate: Callable[..., Any], made: World) -> Judged:
    got = answer(candidate, [made], Credential)
    try:
        [met] = fresh.play(made, changed(made, got), [PinSet.any_of(Role.LEAF)])
    except Exception as problem:  # a chain and a key that do not belong together, and the like
        raise NoAnswer(f"no server can present it: {type(problem).__name__}") from problem
    path = met.observation.path or ()
    validated = bool(path) and not met.observation.name_mismatch
    yield "ordinary validation accepts it", "" if validated else met.verdict.reason
    if path:
        moved = path[-1].pin == pin_of(made.other_root.certificate)
        yield "it is the other CA's", "" if moved else "its path does not end in the other CA's root"
        new = path[0].fingerprint != fingerprint_of(made.genuine.leaf)
        yield "it is a new certificate", "" if new else "this is the old certificate"
    served = met.outcome is Outcome.SERVED
    yield "a client that pinned the leaf key", "" if served else f"{met.outcome}: {met.verdict.reason}"


# ---- pins_for(genuine, spare_keys) ---------------------------------------------------------------


def pins_for(candidate: Callable[..., Any]) -> Report:
    """Judge `pins_for(genuine, spare_keys)`: its pins survive every planned change and stop every mis-issuer."""

    def judged(intermediates: int, spares: int) -> Judged:
        made = fresh.world(Random(), intermediates=intermediates)
        return _pinned(candidate, made, [new_key() for _ in range(spares)])

    answers = [("the pins", judged(*counts)) for counts in ((1, 1), (0, 3), (3, 2))]
    return _report("pins_for(genuine, spare_keys)", answers)


def _pinned(candidate: Callable[..., Any], made: World, spares: list[Key]) -> Judged:
    genuine = tuple(seen(one) for one in made.genuine.path)
    got = answer(candidate, [genuine, [pin_of(key.public_key()) for key in spares]], set, wanted="a set of pins")
    for one in got:
        if not isinstance(one, str):
            raise NoAnswer(f"a {type(one).__name__} is in the set; a pin is text")
    for change in _planned(made, spares):
        [met] = fresh.play(made, change, [PinSet.any_of(*sorted(got))])
        fine = met.outcome not in BAD
        yield f"{PHRASE[change.line]}: {change.title}", "" if fine else str(met.outcome)


def _planned(made: World, spares: list[Key]) -> Iterator[Meeting]:
    def issued(title: str, signer: Authority, key: Key) -> Meeting:
        return changed(made, signer.issue(made.host, key=key), title=title)

    own = made.genuine.key
    yield issued("the site renews with the same key", made.issuing, own)
    yield issued("the CA rotates its intermediate and the site keeps its key", made.sibling, own)
    for spare in spares:
        yield issued("the site moves to a spare key", made.issuing, spare)
        yield issued("the site moves to a spare key at another CA", made.other_issuing, spare)
    for title, signer in (
        ("another trusted CA mis-issues", made.other_issuing),
        ("a sibling intermediate mis-issues", made.sibling),
        ("the same intermediate mis-issues", made.issuing),
    ):
        yield attacked(made, signer.issue(made.host), title=title)


# ---- plan(keep, stop) ----------------------------------------------------------------------------


Planned = tuple[Meeting, frozenset[str]]
"""What happens, and the genuine keys on its path, as a learner is given them."""


@dataclass(frozen=True)
class Asked:
    """Changes in one world: some to survive, some to stop."""

    world: World
    keep: tuple[Planned, ...]
    stop: tuple[Planned, ...]

    @property
    def possible(self) -> bool:
        """Whether some set of pins survives the ones and stops the others."""
        # Whatever a good set holds, no path to stop has it; so the largest such set is good if any is.
        open_to_thieves = frozenset[str]().union(*(reach for _, reach in self.stop))
        return all(reach - open_to_thieves for _, reach in self.keep)

    def __str__(self) -> str:
        sides = (self.keep, self.stop)
        keep, stop = (", ".join("{" + fresh.words(reach) + "}" for _, reach in side) for side in sides)
        return f"keep {keep}; stop {stop}"


def plan(candidate: Callable[..., Any]) -> Report:
    """Judge `plan(keep, stop)` by running the planned pins through every change that was to come."""

    def answers() -> Iterator[tuple[str, Judged]]:
        draw = Random()
        for intermediates in (1, 3):
            made = fresh.world(draw, intermediates=intermediates)
            changes = _changes(made)
            for possible in (True, False, True, False):
                asked = _drawn(draw, made, changes, possible)
                yield str(asked), _planned_for(candidate, asked)

    return _report("plan(keep, stop)", answers())


def _planned_for(candidate: Callable[..., Any], asked: Asked) -> Judged:
    given = ([set(reach) for _, reach in side] for side in (asked.keep, asked.stop))
    case = str(asked)
    got = answer(candidate, given, set, NoneType, wanted="a set of roles, or None,")
    if got is None:
        yield case, "some set of pins does it" if asked.possible else ""
    elif not got <= set(Role):
        yield case, f"{str(next(iter(got - set(Role))))[:30]!r} is no role"
    else:
        pin_set = PinSet.any_of(*(role for role in fresh.ROLES if role in got))
        for change, _ in (*asked.keep, *asked.stop):
            [met] = fresh.play(asked.world, change, [pin_set])
            fine = met.outcome not in BAD
            yield case, "" if fine else f"with your pins: {met.outcome} ({change.title})"


def _drawn(draw: Random, made: World, changes: list[Planned], possible: bool) -> Asked:
    """Some of the changes, such that a set of pins can, or none can, tell them apart as wanted."""
    while True:
        chosen = draw.sample(changes, 5)
        kept = draw.randint(2, 3)
        keep, stop = chosen[:kept], chosen[kept:]
        if not possible and draw.random() < 0.5:
            stop[0] = draw.choice(keep)  # twins: one path to survive and to stop
        asked = Asked(made, tuple(keep), tuple((replace(one, line=Line.ATTACKER), reach) for one, reach in stop))
        if asked.possible is possible:
            return asked


def _changes(made: World) -> list[Planned]:
    """All that may happen, with the genuine keys on the path that a client builds."""
    changes = []
    for make in CHANGES.values():
        [met] = fresh.play(made, make(made), [PinSet.any_of()])  # refuses, but sees the path
        changes.append((met.meeting, frozenset(role.value for role in fresh.reach(made, met))))
    return changes


# ---- what the notebook measures ------------------------------------------------------------------


def sizes(certificate: Certificate) -> dict[str, int]:
    """The bytes of a certificate's public key, those of all of it (to the nearest hundred), the letters of its pin."""
    key = x509.load_der_x509_certificate(certificate.der).public_key()
    return {"key": len(spki(key)), "bytes": round(len(certificate.der), -2), "pin": len(certificate.pin)}
