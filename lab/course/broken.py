"""
The checks of notebook 06: careless clients found from outside, and one of them repaired.

Both judge by real trials in fresh worlds. The clients that have to be found
are the careless ones of the table, with other pins than there, so that no row
of the matrix gives them away.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from lab.course import fresh
from lab.course.report import Question, Report, answer, examine
from lab.observation import Finding, Observation, Outcome, outcome_of
from lab.pki.world import World
from lab.policy import checks
from lab.policy.checks import Basis, Check, Known, Stage
from lab.policy.clients import CLIENTS, Client
from lab.policy.pinset import PinSet, Reach, Role, Where
from lab.scenes.catalogue import CASES, Case, Fault, Kind, Meeting, Scene, attacked, case, site_pins
from lab.trials.matrix import matrix
from lab.trials.trial import Trial, trial

SOUND = "sound"
CARELESS = (
    "pins-presented-chain",
    "no-host-name-check",
    "ignores-ca-flag",
    "checks-too-late",
    "skips-when-resumed",
    "switched-off",
)
"""The names of the six bugs, which are the names of the clients that have them."""

Probe = Callable[[str], str]
"""Given the name of a scene, takes an unnamed client through it and returns the outcome as a word."""


# ---- what the notebook plays with ----------------------------------------------------------------


@fresh.unlisted(Kind.ROTATION, Reach.CERTIFICATE)
def wrong_pin(world: World) -> Scene:
    """
    The pin in the client is wrong on purpose

    Nothing changes at the server; the pins in the client are those of another site.
    So OkHttp's documentation teaches it: begin with a wrong pin, and read the error.
    """
    another = World()
    return replace(case("ordinary_day").scene(world), site=site_pins(another, another.genuine))


@fresh.unlisted(Kind.ATTACK, fails=Fault.WRONG_HOST)
def other_name_other_ca(world: World) -> Meeting:
    """
    A valid certificate for another host, from another CA

    The usual test for a missing host name check.
    """
    return attacked(world, world.other_issuing.issue("evil.example"))


TEST_DAY = (
    *(case(name) for name in ("ordinary_day", "self_signed_certificate", "untrusted_rogue_ca", "installed_ca")),
    wrong_pin,
)
"""What a careful developer tries before a release."""


def sound_partner(name: str) -> str:
    """The sound client with the same kind of pin as this careless one."""
    roles = {pin for pins in CLIENTS[name].pin_lists for pin in pins.pins}
    return "intermediate-pinned" if Role.INTERMEDIATE in roles else "leaf-pinned"


def test_day(names: Iterable[str]) -> dict[str, list[str]]:
    """What the tests of `TEST_DAY` show of these clients: whether each accepted whom it met, or refused somebody."""
    ran = matrix([CLIENTS[name] for name in names], TEST_DAY)
    return {one.name: [_said(ran.cell(one.name, scene.name)) for scene in TEST_DAY] for one in ran.clients}


def _said(done: Trial) -> str:
    accepted = all(one.verdict.accepted for one in done.encounters if one.outcome)
    return "accepted" if accepted else "refused"


# ---- exercise: name the bug ----------------------------------------------------------------------

_KEYS = (Role.ROOT, Role.INTERMEDIATE, Role.LEAF)
_USUAL = (checks.VALIDATION, checks.HOST_NAME)


def _pin(key: Role) -> Check:
    return checks.pinned("the pin", PinSet.any_of(key))


def _presented(key: Role) -> Client:
    wanted = PinSet.any_of(key, where=Where.PRESENTED)
    return _unnamed(Check("the pin", partial(checks.matched, wanted), Basis.PRESENTED, pin_set=wanted))


def _full_handshakes(key: Role) -> Client:
    sound = _pin(key)

    def rule(observation: Observation, known: Known) -> tuple[bool, str] | Finding:
        return (True, "not called") if observation.resumed else sound.rule(observation, known)

    return _unnamed(replace(sound, rule=rule), resumes=True)


def _unnamed(*policy: Check, **chosen: Any) -> Client:
    return Client("unnamed", "a client that you know from outside only", (*_USUAL, *policy), **chosen)


def suspects(draw: random.Random) -> list[tuple[str, Client]]:
    """The six careless clients and two sound ones, each with the name of its bug, in random order."""
    high, ignoring = [Role.ROOT, Role.INTERMEDIATE], CLIENTS["ignores-ca-flag"].ignoring
    found = [
        ("pins-presented-chain", _presented(Role.INTERMEDIATE)),
        ("no-host-name-check", replace(_unnamed(), policy=(checks.VALIDATION, _pin(Role.ROOT)))),
        ("ignores-ca-flag", _unnamed(_pin(Role.ROOT), ignoring=ignoring)),
        ("checks-too-late", _unnamed(replace(_pin(draw.choice(high)), stage=Stage.AFTER_REQUEST))),
        ("skips-when-resumed", _full_handshakes(draw.choice(high))),
        ("switched-off", _unnamed(_pin(draw.choice(high)), switched_off=True)),
        *((SOUND, _unnamed(_pin(key))) for key in draw.sample(_KEYS, 2)),
    ]
    draw.shuffle(found)
    return found


def box(name: str) -> Probe:
    """A black box to practise on, with the client of that name inside: each answer is a fresh trial."""
    return lambda scene: trial(CLIENTS[name], case(scene)).outcome.value


def diagnosis(diagnose: Callable[..., Any]) -> Report:
    """Judge `diagnose(probe)`: the name of the bug in each of some unnamed clients, or ``"sound"``."""

    def remark(question: Question, got: Any) -> str:
        if got == SOUND:
            return "you called it sound, and there is a scene in which it talks where no sound client does"
        if got not in CARELESS:
            return f"{str(got)[:40]!r} is not the name of a bug, nor {SOUND!r}"
        return f"it is not {got}: another bug, or none, explains all that it does"

    with fresh.stages() as outcome:
        drawn = enumerate(suspects(random.Random()), start=1)
        questions = [Question(f"client {number}", (partial(outcome, client),), bug) for number, (bug, client) in drawn]
        return examine("name the bug", diagnose, questions, remark, "the name of a bug")


# ---- exercise: repair a client -------------------------------------------------------------------


def repaired(check: Callable[..., Any], key: Role, *, resumes: bool = False) -> Client:
    """A client with ordinary validation and, after it, the learner's `check(observation, pins)`."""
    wanted = PinSet.any_of(key)

    def rule(observation: Observation, known: Known) -> tuple[bool, str]:
        agreed = answer(check, [observation, wanted.lists[0].resolve(known.site)], bool)
        return agreed, "your check agreed" if agreed else "your check refused"

    policy = (*_USUAL, Check("your check", rule, Basis.PATH, pin_set=wanted))
    return Client("repaired", "asks the check that you wrote", policy, resumes=resumes)


def _deeper(one: Case, draw: random.Random) -> Case:
    """The same scene for another host and with chains of other lengths."""
    more, others = ("ABC"[: draw.randint(0, 2)] for _ in range(2))

    def build(world: World) -> Scene:
        world.issuing = fresh.below(world.issuing, more)
        world.other_issuing = fresh.below(world.other_issuing, others)
        return one.scene(world)

    host = f"{draw.choice(['shop', 'mail', 'news', 'wiki'])}.test"
    return replace(one, build=build, starts={**one.starts, "host": host})


_REPAIR = (
    "ordinary_day",
    "same_key",
    "new_key",
    "chain_shortened",
    "old_chain_left_behind",
    "chain_stuffing",
    "other_trusted_ca",
    "session_resumed",
)


def _wanted(scene: Case, key: Role) -> str:
    """What the rule of the lab says: accepted where the scene reaches the pinned key, and there is a path to see it."""
    accepts = key in scene.reach
    return str(outcome_of(scene.kind.line, held=accepts, content=accepts))


def repair(check: Callable[..., Any]) -> Report:
    """Judge `check(observation, pins)` by trials: in each fresh scene it must do what a sound client does."""
    draw = random.Random()
    scenes = [_deeper(CASES[name], draw) for name in _REPAIR]
    questions = [
        Question(f"{one.name}, {key} pinned", (one, key), _wanted(one, key)) for one in scenes for key in _KEYS
    ]
    with fresh.stages() as outcome:

        def tried(scene: Case, key: Role) -> str:
            return outcome(repaired(check, key, resumes=scene.name == "session_resumed"), scene)

        return examine("repair the check", tried, questions, lambda question, got: _MEASURED[got])


_MEASURED = {
    Outcome.INTERCEPTED: "the attacker has the secret",
    Outcome.OUTAGE: "it refused the genuine server, on whose path a pinned key was",
    Outcome.SERVED: "it accepted a path without a pinned key; this time the server was genuine",
    Outcome.STOPPED: "it refused a path with a pinned key",
}
