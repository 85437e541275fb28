"""
Notebook 13: real programs and libraries, met one call at a time, and its checks.

A learner's function makes one call with a library of his or her choice; who got
the secret is measured at the other side. The checks judge on fresh worlds, and
the clients to be found out are drawn anew each time.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

from lab.built.programs import curl
from lab.built.programs.outside import Outside
from lab.built.programs.program import PATIENCE, CommandLine, ProgramCall
from lab.course import fresh
from lab.course.report import Question, Report, answer, examine
from lab.observation import outcome_of
from lab.pki.world import World
from lab.policy import checks, profiles
from lab.policy.clients import Client
from lab.scenes.catalogue import Case, Scene, case
from lab.show.sheet import Row, Sheet

Fetch = Callable[[ProgramCall], Any]
"""Makes one request as a call says; returns anything, and raises where it refuses."""

PATH, DATES, NAME = "path", "dates", "host name"
OFF = (PATH, DATES, NAME)
"""What a program may have switched off."""


# ---- what the notebook plays with ----------------------------------------------------------------


def outcome(fetch: Fetch, scene: str | Case) -> str:
    """
    Stand the scene up, let `fetch` make its one call, and see who has the secret.

    The meeting is the one that the scene is about; the pins in the call are the
    genuine service's. An exception counts as a refusal only if the program had
    reached the server; otherwise it is raised, since it says something else.
    Who refuses after the request was sent is robbed by an attacker all the same.
    """
    one = scene if isinstance(scene, Case) else case(scene)
    with Outside(one) as standing, ExitStack() as stack:
        call = standing.call(standing.home(stack))
        content = True
        try:
            fetch(call)
        except Exception:
            if not standing.front.met:
                raise
            content = False
        held = standing.holds(standing.on, call.secret)
    return str(outcome_of(standing.on.line, held, content).value)


def in_a_loop(ask: Callable[[ProgramCall], Coroutine[Any, Any, Any]]) -> Fetch:
    """An asynchronous function as one that waits, in a thread and an event loop of its own: a notebook has one."""

    def fetch(call: ProgramCall) -> None:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, ask(call)).result(PATIENCE)

    return fetch


def outcomes(fetch: Fetch, scenes: Iterable[str]) -> dict[str, str]:
    """The outcome of `fetch` in each of these scenes."""
    return {scene: outcome(fetch, scene) for scene in scenes}


def table(fetches: Mapping[str, Fetch], scenes: Iterable[str]) -> str:
    """The outcomes as a text table: scenes as rows, one column for each function."""
    rows = [Row(scene, tuple(outcome(fetch, scene) for fetch in fetches.values())) for scene in scenes]
    return str(Sheet("", ("", *fetches), rows))


# ---- exercise: what has been switched off? -------------------------------------------------------

_EXPIRY = frozenset({9, 10})  # OpenSSL's errors for dates


def suspect(off: set[str], key: bool) -> Client:
    """A client that pins the site's key (or its certificate), and has these checks switched off."""
    policy = [] if PATH in off else [checks.VALIDATION]
    if PATH in off and DATES not in off:
        policy.append(profiles.DATES)
    if NAME not in off:
        policy.append(checks.HOST_NAME)
    pin = profiles.KEY_SHOWN if key else profiles.FINGERPRINT
    ignoring = _EXPIRY if DATES in off and PATH not in off else frozenset()
    return Client("unnamed", "a client that you know from outside only", (*policy, pin), ignoring=ignoring)


def switched_off(find: Callable[..., Any]) -> Report:
    """Judge `find(probe)`: the set of what an unnamed client has switched off, by its outcomes alone."""
    draw = random.Random()
    drawn = []
    for off in ({one for number, one in enumerate(OFF) if mask >> number & 1} for mask in range(8)):
        pins = [True, False] if NAME in off else [draw.random() < 0.5]  # both: a renewed certificate would mislead
        drawn += [(off, suspect(off, key)) for key in pins]
    draw.shuffle(drawn)

    wanted = f"a set of words from {', '.join(OFF)}"

    def remark(question: Question, got: Any) -> str:
        if not got <= set(OFF):
            return f"the answer is {str(got)[:40]}, and {wanted} was wanted"
        if len(got) > len(question.expected):
            return "it checks something that you say it does not"
        return "it misses a mistake that you say it would notice, or you have not asked the scene that shows it"

    with fresh.stages() as outcome_in:
        questions = [
            Question(f"client {number}", (partial(outcome_in, client),), off)
            for number, (off, client) in enumerate(drawn, start=1)
        ]
        return examine("what has been switched off", find, questions, remark, wanted)


# ---- exercise: a string for curl -----------------------------------------------------------------


def with_curl(pins: str) -> Fetch:
    """A call by libcurl (pycurl) or the curl command, whichever is here, with this ``--pinnedpubkey``."""

    def fetch(call: ProgramCall) -> None:
        command = CommandLine(lambda asked: curl.command(asked, pins))
        said = curl.libcurl(call, pins) if curl.PYCURL.version() else command.once(call)
        if not said.content:
            raise RuntimeError(str(said))

    return fetch


def curl_pins(make: Callable[..., Any]) -> Report:
    """Judge `make(leaf, backup)`: the string that lets curl live through a move to the backup key, and no other."""
    lives = dict.fromkeys(("ordinary_day", "same_key", "backup_key"), "served")
    wanted = {**lives, "new_key": "outage", "same_intermediate": "stopped"}

    def remark(question: Question, got: Any) -> str:
        return f"curl's call ended as {got}"

    def played(scene: str) -> str:
        one = case(scene)
        made: list[str] = []

        def build(world: World) -> Scene:
            built = one.scene(world)
            given = (built.genuine.leaf, world.backup_key.public_key())
            made.append(answer(make, given, str, wanted="a string"))
            return built

        return outcome(lambda call: with_curl(made[-1])(call), replace(one, build=build))

    questions = [Question(scene, (scene,), expected) for scene, expected in wanted.items()]
    return examine("pins for curl", played, questions, remark)
