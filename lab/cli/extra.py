"""
Files of somebody's own, which register scenes and clients: `--with FILE.py`.

It knows how such a file is run, also one that was written before moves and
minds, and nothing of what is in it.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

from lab.disk import opened
from lab.scenes import catalogue
from lab.scenes.catalogue import Case, Meeting, Scene

MOVED = {
    **{f"lab.{room}": f"lab.built.{room}" for room in ("atlas", "bench", "field", "fleet", "forecast", "serve")},
    "lab.continuity": "lab.policy.continuity or lab.built.known", "lab.hpkp": "lab.built.time.hpkp",
    "lab.timelines": "lab.built.time", "lab.trials.stage": "lab.trials.standing", "lab.wire.disk": "lab.disk",
    "lab.policy.hpkp_memory": "lab.policy.memory", "lab.scenes.rotations.issued_on": "World.at(day)",
    "lab.scenes.rotations.component_of": "lab.scenes.catalogue.resumed",
    "lab.policy.checks.continuity": "known(name, Continuity()), both from lab.policy.continuity",
}  # fmt: skip
"""What such a file may ask for by a name that it no longer has, and what to write now."""
BEFORE = ("then", "attacked", "changed")
"""What gave a whole scene, before there were moves."""


def load(script: Path) -> None:
    """
    Run the file. Raises ValueError, in one sentence, for one that cannot be read, or that asks for what is not there.

    Its module has a name that no other can have; a second file finds it under
    the plain one, where that is free. Its own mistakes are its author's to see,
    with their traceback.
    """
    opened(script, "Python with scenes or clients, or a scene in TOML, for --with").close()
    spec = importlib.util.spec_from_file_location(f"{script.stem} (--with)", script)
    if spec is None or spec.loader is None:
        raise ValueError(f"{script} ends in neither .py nor .toml; --with takes Python or a scene in TOML")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    if script.stem not in sys.modules:
        other = importlib.util.find_spec(script.stem)
        if other is None or other.origin == str(script.resolve()):
            sys.modules[script.stem] = module
    there = {**catalogue.CASES, **catalogue.SLIPS}
    try:
        spec.loader.exec_module(module)
    except ImportError as missing:
        raise _worded(script, missing) from None
    mine = [case for name, case in {**catalogue.CASES, **catalogue.SLIPS}.items() if name not in there]
    if any(_older(case) for case in mine):
        _as_before(module)
    for case in filter(_older, mine):
        raise ValueError(
            f"{script}: the scene {case.name} takes what changed(), attacked() or then() gives for a scene, and it is "
            "one meeting; write usual(world, changed(...)), with usual from lab.scenes.catalogue"
        )


def _worded(script: Path, missing: ImportError) -> ValueError:
    name = missing.name or ""
    if name.partition(".")[0] != "lab":
        return ValueError(f"{script} imports {name}, which this Python does not have; install it, or do without")
    if what := re.match(r"cannot import name '(\w+)'", str(missing)):
        name += f".{what[1]}"
    now = f"write {MOVED[name]}" if name in MOVED else "lab/__init__.py says what is"
    return ValueError(f"{script} imports {name}, which is not there; {now}")


def _older(case: Case) -> bool:
    """Whether this scene was written when `changed` gave a whole scene, and does with it what no meeting can."""
    try:
        case.scene()
    except (AttributeError, TypeError) as problem:
        return "Meeting" in str(problem)
    return False


def _as_before(module: ModuleType) -> None:
    """Let this module have `changed` and its like as they were: the honest enrolment, then the move."""

    def whole(make: Callable[..., Meeting]) -> Callable[..., Scene]:
        return lambda world, *given, **more: catalogue.usual(world, make(world, *given, **more))

    scenes = {name: whole(getattr(catalogue, name)) for name in BEFORE}
    for name, value in list(vars(module).items()):
        if value is catalogue:
            setattr(module, name, SimpleNamespace(**{**vars(catalogue), **scenes}))
        elif any(value is getattr(catalogue, before) for before in BEFORE):
            setattr(module, name, scenes[value.__name__])
