"""
Where a learner works: a folder of copies of the notebooks, beside the course, that nothing is ever written over in.

It knows files and which edition of each was copied, and nothing of what is in them. The copies
stand beside the course's own folder, so that every link between pages, and
the way from `import lab` to the lab, is the same from both.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from lab import naming
from lab.course.publish import NOTEBOOKS
from lab.disk import opened, ready, text_of, written

WORK = NOTEBOOKS.with_name("work")
COPIED = (".ipynb", ".md", ".py")
EDITIONS = ".editions.json"
"""The file in the work place that says of each copy which edition it was made of."""


def prepare(work: Path = WORK, course: Path = NOTEBOOKS) -> Iterator[str]:
    """
    Copy what is not in the work place yet; a sentence for each thing that the learner may want to know.

    A notebook that is there is left as it is, whether it was changed or not. A
    page or a module that nobody changed follows its new edition. Raises
    ValueError, in one sentence, where a file cannot be read or written.
    """
    known = _editions(work)
    new = [source for source in _sources(course) if not os.path.lexists(work / source.name)]
    for source in new:
        known[source.name] = _put(source, work)
    if new:
        _remember(work, known)
        yield f"{len(new)} files copied to {work}: the notebooks are yours to change, and git does not look there"
    for source in _sources(course):
        mine, edition, copied = _print(work / source.name), _print(source), known.get(source.name)
        if edition in (mine, copied):
            continue
        if mine == copied and source.suffix != ".ipynb":
            known[source.name] = _put(source, work)
            _remember(work, known)
            yield f"{source.name} follows its new edition; nobody had changed it"
            continue
        state = "you have not changed yours" if mine == copied else "you have changed yours, which stays as it is"
        take = f"`python -m lab reset {source.stem}` takes the new one" + (" and keeps yours" if mine != copied else "")
        yield f"there is a new edition of {source.name}; {state}; {take}"


def reset(words: Iterable[str], work: Path = WORK, course: Path = NOTEBOOKS) -> Iterator[str]:
    """
    Put a fresh copy of each named thing into the work place; what was changed there is kept under another name.

    A notebook is named by its number or its name; all are looked up before anything is touched. Raises ValueError, in
    one sentence, for one that there is not, and where a file cannot be read or written.
    """
    sources = {one.stem: one for one in _sources(course)}
    numbers = {str(int(name[:2])): name for name in sources if name[:2].isdigit()}
    chosen = []
    for word in words:
        spoken = Path(word).stem if Path(word).suffix in COPIED else word
        chosen.append(naming.named("notebook", numbers.get(spoken.lstrip("0") or spoken[:1], spoken), sources))
    for source in dict.fromkeys(chosen):
        yield _reset(source, work)


def _reset(source: Path, work: Path) -> str:
    known, place = _editions(work), work / source.name
    kept = None
    if os.path.lexists(place) and _print(place) not in (_print(source), known.get(source.name)):
        ready(place, option="another folder")
        kept = _free(place)
        place.rename(kept)
    known[source.name] = _put(source, work)
    _remember(work, known)
    return f"{place} is as it comes" + (f"; yours is {kept.name}, beside it" if kept else "; there was none of yours")


def _free(place: Path) -> Path:
    """A name beside this one that nothing has."""
    stem = f"{place.stem}-before-{time.strftime('%Y%m%d-%H%M%S')}"
    tries = (place.with_name(f"{stem}{-number or ''}{place.suffix}") for number in range(10_000))
    return next(one for one in tries if not os.path.lexists(one))


def _sources(course: Path) -> list[Path]:
    return sorted(one for one in course.iterdir() if one.suffix in COPIED and one.is_file())


def _put(source: Path, work: Path) -> str:
    """Copy it, and say which edition it is."""
    ready(work / source.name, folders=True)
    written(work / source.name, text_of(_octets(source)))
    return _print(source)


def _octets(path: Path) -> bytes:
    """What is in it, with the line ends that git may have changed as they are in the repository."""
    with opened(path, "a notebook") as file:
        return file.read().replace(b"\r\n", b"\n")


def _print(path: Path) -> str:
    return sha256(_octets(path)).hexdigest()


def _editions(work: Path) -> dict[str, str]:
    try:
        found = json.loads(text_of(_octets(work / EDITIONS)))
        return {str(name): str(edition) for name, edition in found.items()}
    except (ValueError, AttributeError):  # none yet, or spoilt: then every copy counts as changed, and is kept
        return {}


def _remember(work: Path, editions: dict[str, str]) -> None:
    written(work / EDITIONS, json.dumps(editions, indent=1, sort_keys=True))
