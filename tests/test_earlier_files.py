"""
Files for `--with` that were written before there were moves, minds and findings.

Three of them, and what the lab of that time made of each. Then what such a file
may ask for that is not there any more, and what it may be called.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from lab.policy.clients import CLIENTS
from lab.scenes.catalogue import CASES, SLIPS, case
from lab.verbs import main

MEMORY = """
from lab.observation import Observation
from lab.policy import checks
from lab.policy.checks import Basis, Check, Known, Remembered, names
from lab.policy.clients import Client, Learnt, register
from lab.policy.pinset import PinSet, Role


def _mine(observation: Observation, known: Known) -> tuple[bool, str]:
    leaf, before = observation.leaf, known.memory.get(observation.host)
    if leaf is None or before is None or before.lapsed(observation.time):
        return True, f"nothing to compare {leaf} with"
    return before.pin == leaf.pin, f"{names((leaf,))} after {before.name}"


def _named(observation: Observation, known: Known) -> tuple[bool, str]:
    before: Remembered | None = known.memory.get(observation.host)
    return before is None or before.name == observation.leaf.name, "by name"


def _two(observation: Observation, known: Known) -> tuple[bool, str]:
    said = [one.rule(observation, known) for one in (checks.ROOT_PIN, checks.INTERMEDIATE_PIN, checks.LEAF_PIN)]
    return sum(passed for passed, _ in said) > 1, "; ".join(why for _, why in said)


usual = (checks.VALIDATION, checks.HOST_NAME)
mine = register(Client("mine", "in its own way", (*usual, Check("mine", _mine, Basis.LEAF, remembers=True))))
register(Client("same-name", "its name", (Check("known name", _named, Basis.LEAF, remembers=True),)))
register(Client("same-key", "its key", (checks.KNOWN_KEY,)))
two = Check("two of three", _two, Basis.PATH, pin_set=PinSet.any_of(Role.LEAF), remembers=False)
register(Client("two-of-three", "two of three", (*usual, two)))
assert mine.learnt == (Learnt.FIRST_USE,)
"""
MEMORY_MADE = {
    # scene: mine, same-name, same-key, two-of-three
    "same_key": "served served served served",
    "new_key": "outage served outage served",
    "new_ca": "outage served outage outage",
    "other_trusted_ca": "stopped intercepted stopped stopped",
    "waited_for_expiry": "intercepted intercepted stopped stopped",
    "moved_after_expiry": "served served outage outage",
    "two_servers": "outage served outage served",
}

SCENES = '''
from dataclasses import replace
from datetime import timedelta

from lab.observation import Line
from lab.policy.pinset import Reach
from lab.scenes.catalogue import Fault, Holds, Way, attack, attacked, changed, honest, rotation, slip, then, told


@rotation(reach=Reach.INTERMEDIATE)
def new_key_and_back(world):
    """The site takes a new key, and the old one again"""
    scene = changed(world, world.issuing.issue(*world.hosts))
    return replace(scene, meetings=(*scene.meetings, honest(world, "the old key again")), about=1)


@attack(reach=Reach.INTERMEDIATE, twin="new_key_and_back", holds=Holds.SITE_INTERMEDIATE, way=Way.DNS)
def two_evenings(world):
    """The attacker comes twice"""
    scene = attacked(world, world.issuing.issue(*world.hosts))
    again = then(world, Line.ATTACKER, world.issuing.issue(*world.hosts), "again").meetings[-1]
    return told(world, *scene.meetings, again, about=scene.about)


@rotation(reach=Reach.LEAF, starts={"algorithm": "RSA"})
def renewed(world):
    """The site renews with the same RSA key"""
    return changed(world, world.issuing.issue(*world.hosts, key=world.genuine.key))


@slip(reach=Reach.CERTIFICATE, fails=Fault.EXPIRED)
def a_year_later(world):
    """The certificate has expired"""
    return changed(world, world.genuine, time=world.now + timedelta(days=365))
'''
SCENES_MADE = {
    # scene: leaf-pinned, root-pinned, first-use-key
    "new_key_and_back": "outage served outage",
    "two_evenings": "stopped intercepted stopped",
    "renewed": "served served served",
    "a_year_later": "outage outage served",
}

WHOLE = '''
import lab
from lab.observation import Line
from lab.policy import checks, clients
from lab.scenes import catalogue


@catalogue.rotation(reach=lab.Reach.ROOT)
def by_the_room(world):
    """Whoever writes the room's name"""
    scene = catalogue.changed(world, world.sibling.issue(*world.hosts))
    assert scene.genuine is world.genuine and scene.host == world.host
    return catalogue.told(world, *scene.meetings[:1], scene.meetings[scene.about])


@catalogue.rotation(reach=lab.Reach.CERTIFICATE)
def by_hand(world):
    """Whoever writes down the whole scene"""
    day = catalogue.Meeting(Line.GENUINE, world.genuine, world.store, world.now, "a day", False, False, ())
    return catalogue.Scene(world.host, world.genuine, catalogue.site_pins(world, world.genuine), (day, day), 1)


roots = lab.PinSet.any_of("sha256/" + "A" * 43 + "=", lab.Role.ROOT)
clients.register(lab.Client("root-or-none", "the root", (checks.VALIDATION, checks.pinned("root", roots))))
'''
WHOLE_MADE = {
    # scene: root-or-none, leaf-pinned
    "by_the_room": "served outage",
    "by_hand": "served served",
}


@pytest.fixture(autouse=True)
def registries() -> Iterator[None]:
    """The catalogues, and the modules that are loaded, as they were, once the test is over."""
    modules = set(sys.modules)
    with patch.dict(CASES), patch.dict(SLIPS), patch.dict(CLIENTS):
        yield
    for name in set(sys.modules) - modules:
        if name.partition(" ")[0] in ("lab", "calendar", "this", "earlier", "first", "second"):
            del sys.modules[name]


@pytest.mark.parametrize(
    ("text", "clients", "made"),
    [
        (MEMORY, "mine,same-name,same-key,two-of-three", MEMORY_MADE),
        (SCENES, "leaf-pinned,root-pinned,first-use-key", SCENES_MADE),
        (WHOLE, "root-or-none,leaf-pinned", WHOLE_MADE),
    ],
    ids=["memory", "scenes", "whole"],
)
def test_an_earlier_file_works_as_it_did(
    text: str, clients: str, made: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its scenes and clients end as they did when it was written, over real handshakes."""
    (tmp_path / "earlier.py").write_text(text, "utf-8")
    given = ["--with", str(tmp_path / "earlier.py"), "matrix", "--csv", "--clients", clients, "--scenes", *made]
    assert main(given) == 0
    found: dict[str, list[str]] = {}
    for row in csv.DictReader(io.StringIO(capsys.readouterr().out)):
        found.setdefault(row["scene"], []).append(row["outcome"])
    assert {scene: " ".join(outcomes) for scene, outcomes in found.items()} == made


TODAY = '''
from lab.policy.pinset import Reach
from lab.scenes.catalogue import changed, honest, rotation, told, usual


@rotation(reach=Reach.LEAF)
def renewed(world):
    """The site renews with the same key"""
    return changed(world, world.issuing.issue(*world.hosts, key=world.genuine.key))


@rotation(reach=Reach.CERTIFICATE)
def renewed_and_back(world):
    """And takes the old certificate again"""
    return told(world, *usual(world, renewed(world)).meetings, honest(world), about=1)
'''


def test_a_file_of_today_makes_moves(tmp_path: Path) -> None:
    """The other way round: where nothing is asked of `changed` but a meeting, it gives one, and timelines have it."""
    (tmp_path / "earlier.py").write_text(TODAY, "utf-8")
    assert main(["--with", str(tmp_path / "earlier.py"), "list"]) == 0
    assert case("renewed").move() is not None
    assert len(case("renewed_and_back").scene().meetings) == 3


CLOSED = SCENES.replace("def new_key_and_back(world):", "def new_key_and_back(world, changed=changed):")
"""What no one can put in the place of `changed`: it was taken when the function was made."""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import lab.fleet.count", "imports lab.fleet, which is not there; write lab.built.fleet"),
        ("from lab import hpkp", "imports lab.hpkp, which is not there; write lab.built.time.hpkp"),
        ("from lab.scenes.rotations import issued_on", "which is not there; write World.at(day)"),
        ("from lab.policy.checks import continuity", "which is not there; write known(name, Continuity())"),
        ("from lab.scenes import nothing", "imports lab.scenes.nothing, which is not there; lab/__init__.py says"),
        ("import no_such_package.part", "imports no_such_package, which this Python does not have; install it"),
        (CLOSED, "the scene new_key_and_back takes what changed(), attacked() or then() gives for a scene"),
    ],
    ids=["a room", "a room of the lab", "a name", "a maker", "no name", "a package", "what cannot be as before"],
)
def test_what_is_not_there_any_more_is_one_sentence(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that asks for it is refused when it is loaded: what it asks for, and what to write now."""
    (tmp_path / "earlier.py").write_text(text, "utf-8")
    assert main(["--with", str(tmp_path / "earlier.py"), "list"]) == 2
    problem = capsys.readouterr().err
    assert problem.count("\n") == 1
    assert said in problem


@pytest.mark.parametrize("name", ["lab", "calendar", "this", "earlier"])
def test_a_file_may_have_any_name(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also that of the package itself or of a module of Python's, imported or not: that one stays what it is."""
    import lab

    (tmp_path / f"{name}.py").write_text(TODAY, "utf-8")
    assert main(["--with", str(tmp_path / f"{name}.py"), "list"]) == 0
    assert "renewed_and_back" in capsys.readouterr().out
    import calendar

    assert (sys.modules["lab"], calendar.isleap(2028)) == (lab, True)
    assert (name == "earlier") is hasattr(sys.modules.get(name), "renewed_and_back")


def test_a_file_may_import_the_one_before_it(tmp_path: Path) -> None:
    """By its plain name, and it is not run twice."""
    (tmp_path / "first.py").write_text(TODAY, "utf-8")
    (tmp_path / "second.py").write_text("from first import renewed\nassert renewed.__name__ == 'renewed'\n", "utf-8")
    assert main(["--with", str(tmp_path / "first.py"), "--with", str(tmp_path / "second.py"), "list"]) == 0
