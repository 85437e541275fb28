"""One word, one meaning: a public type of the library has its name to itself."""

from __future__ import annotations

import ast
import importlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import lab

STUBBED = re.compile(r"^from (\S+) import (\w+) as (\w+)$", re.MULTILINE)
A_TYPE = re.compile(r"[A-Z]\w*[a-z]\w*")  # constants are all capitals


def types_in(source: str) -> Iterator[str]:
    """The public classes that a module defines, and what it gives a name among its types."""
    module = ast.parse(source)
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef) and A_TYPE.fullmatch(node.name):
            yield node.name
    for node in module.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (one.id for one in targets if isinstance(one, ast.Name) and A_TYPE.fullmatch(one.id))


def twice(sources: Iterable[str]) -> set[str]:
    """The names that have more than one definition."""
    defined = Counter(name for source in sources for name in types_in(source))
    return {name for name, count in defined.items() if count > 1}


def test_a_public_type_name_is_defined_once() -> None:
    """Classes and aliases of types: whoever reads a name knows which is meant, wherever it stands."""
    assert twice(file.read_text("utf-8") for file in Path(lab.__file__).parent.rglob("*.py")) == set()


def test_a_name_that_is_defined_twice_is_found() -> None:
    """A class and an alias of one name are two; constants, private names and other functions' names are none."""
    here = "class Met: ...\nclass _Own: ...\nMOST = 1\ndef seen(): ..."
    there = "Met = tuple[int, int]\nclass _Own: ...\nMOST = 2\ndef seen(): ...\nclass Other: ..."
    assert twice([here, there]) == {"Met"}
    assert twice([here, "class Other: ..."]) == set()


LAB = Path(lab.__file__).parent


def rooms() -> set[str]:
    """Every folder and file of the lab that a reader meets, but what starts with an underscore."""
    there = [*LAB.iterdir(), *(LAB / "built").iterdir()]
    return {one.stem for one in there if (one.is_dir() or one.suffix == ".py") and not one.name.startswith("_")}


def test_the_front_door_names_every_room() -> None:
    """A room that is added is named where a reader starts, and one that is gone is not."""
    named = set(re.findall(r"^    (\w+)  +\S", lab.__doc__ or "", re.MULTILINE))
    assert named == rooms() - {"built", "course"}
    assert "`lab.built`" in (lab.__doc__ or "")
    assert "`course`" in (lab.__doc__ or "")


def test_the_readers_hour_is_an_hour() -> None:
    """About twenty files that exist, with 4,500 lines at most."""
    hour = re.findall(r"^    (lab/\S+\.py)$", lab.__doc__ or "", re.MULTILINE)
    files = [LAB.parent / one for one in hour]
    assert 18 <= len(files) <= 24
    assert [str(one) for one in files if not one.is_file()] == []
    assert sum(len(one.read_text("utf-8").splitlines()) for one in files) <= 4500


def test_a_type_checker_knows_every_name_of_the_lab() -> None:
    """The stub has the names that are loaded when they are used, from the same rooms."""
    stub = (LAB / "__init__.pyi").read_text("utf-8")
    told = {called: (room, name) for room, name, called in STUBBED.findall(stub)}
    assert sorted(told) == lab.__all__
    for called, (room, name) in told.items():
        assert getattr(importlib.import_module(room), name) is getattr(lab, called)
