"""
Scenes that the ledger needs and the catalogue does not have, and what its experiments ask of a path.

The scenes are registered nowhere, so they count in no matrix and in no score.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cryptography import x509

from lab.course.article.part import SERVED
from lab.course.ledger import Ran
from lab.pki.authority import Authority
from lab.pki.world import World
from lab.policy.clients import client
from lab.policy.pinset import Reach
from lab.scenes.catalogue import Build, Case, Kind, Scene, case, honest, told
from lab.trials.matrix import matrix
from lab.trials.trial import trial


def ordinary_path() -> tuple[x509.Certificate, ...]:
    """The path that the unpinned client validated on an ordinary day, leaf first."""
    path = trial(client("unpinned"), case("ordinary_day")).shown.observation.path or ()
    return tuple(x509.load_der_x509_certificate(one.der) for one in path)


def own_scene(name: str, title: str, build: Build) -> Case:
    """A scene of the ledger's own; the catalogue does not know it."""
    return Case(name, Kind.ROTATION, title, title, build, Reach())


def straight_from_the_root() -> Case:
    """A genuine service whose certificate the root itself signed."""
    title = "The root signs the site's certificate itself"
    return own_scene("straight_from_the_root", title, lambda world: _honest_with(world, world.root))


def two_intermediates() -> Case:
    """A genuine service with two intermediates above it."""
    title = "Two intermediates stand between root and site"
    below = "Honest Issuing CA 1a"
    return own_scene("two_intermediates", title, lambda world: _honest_with(world, world.issuing.intermediate(below)))


def _honest_with(world: World, issuing: Authority) -> Scene:
    world.genuine = issuing.issue(world.host)
    return told(world, honest(world))


def served_through(what: Case, names: Iterable[str]) -> Iterator[Ran]:
    """Whether these clients are served in this scene, and over how long a path."""
    done = matrix([client(name) for name in names], [what])
    for one in done.clients:
        shown = done.cell(one.name, what.name)
        length = len(shown.shown.observation.path or ())
        words = f"{shown.outcome.value} over a path of {length}"
        yield Ran(f"{one.name} in {what.name}", words, shown.outcome is SERVED)
