"""
Scenes that the ledger needs and the catalogue does not have, and what its experiments ask of a path.

The scenes are registered nowhere, so they count in no matrix and in no score.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from lab.course.article.part import SERVED
from lab.course.fresh import unlisted
from lab.course.ledger import Ran
from lab.pki.authority import Authority
from lab.pki.entry import common
from lab.pki.log import PROMISE
from lab.pki.monitor import Monitor
from lab.pki.world import World
from lab.policy.clients import client
from lab.scenes.catalogue import Case, Kind, Scene, attacks, case, honest, told
from lab.trials.trial import trial


def ordinary_path() -> tuple[x509.Certificate, ...]:
    """The path that the unpinned client validated on an ordinary day, leaf first."""
    path = trial(client("unpinned"), case("ordinary_day")).shown.observation.path or ()
    return tuple(x509.load_der_x509_certificate(one.der) for one in path)


@unlisted(Kind.ROTATION)
def straight_from_the_root(world: World) -> Scene:
    """The root signs the site's certificate itself"""
    return _honest_with(world, world.root)


@unlisted(Kind.ROTATION)
def two_intermediates(world: World) -> Scene:
    """Two intermediates stand between root and site"""
    return _honest_with(world, world.issuing.intermediate("Honest Issuing CA 1a"))


def _honest_with(world: World, issuing: Authority) -> Scene:
    world.genuine = issuing.issue(world.host)
    return told(world, honest(world))


def of_the_path() -> list[Case]:
    """The attacks, each path once: those that differ only in what is said beside it tell a pin nothing new."""
    return [one for one in attacks() if not one.repeats]


def shown_by_logs(what: Case) -> int:
    """How many logs show whoever reads them, a day later, the certificate that the scene is about."""
    world = World()
    scene = what.scene(world)
    met = scene.placed(scene.meetings[scene.about])
    body = common(met.credential.leaf.public_bytes(Encoding.DER))
    read = [Monitor(log.listed).read(partial(log.file, time=met.time + PROMISE)) for log in world.logs]
    return sum(body in {entry.body for entry in entries} for entries in read)


def served_through(what: Case, names: Iterable[str]) -> Iterator[Ran]:
    """Whether these clients are served in this scene, and over how long a path."""
    for name in names:
        done = trial(client(name), what)
        length = len(done.shown.observation.path or ())
        yield Ran(f"{name} in {what.name}", f"{done.outcome.value} over a path of {length}", done.outcome is SERVED)
