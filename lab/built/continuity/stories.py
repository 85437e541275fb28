"""
Stories of key continuity: what may happen between a client with a memory and a server, and who may come between.

Each is a function from a world to days. Its name is its id, the first line of
its docstring its title. No verdict is written down here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from lab.built.continuity.story import Day, Story
from lab.observation import Line
from lab.pki.authority import Credential, Key, new_key, self_signed
from lab.pki.world import World

Tell = Callable[[World], Sequence[Day]]
STORIES: dict[str, Tell] = {}


def story(name: str, world: World | None = None) -> Story:
    """The story of that name in a world, a fresh one where none is given. Raises ValueError for a name not there."""
    if name not in STORIES:
        raise ValueError(f"there is no story {name!r} of key continuity; there are {', '.join(STORIES)}")
    made = world or World()
    title = (inspect.getdoc(STORIES[name]) or name).splitlines()[0].rstrip(".")
    return Story(name, title, made.host, made.now, made.store, tuple(STORIES[name](made)))


def _tell(tell: Tell) -> Tell:
    STORIES[tell.__name__] = tell
    return tell


def served(
    number: int, credential: Credential, title: str = "the genuine server", *, successors: Sequence[Key] | None = None
) -> Day:
    """A day with the genuine server; with `successors`, even none, it is one that announces."""
    return Day(number, title, Line.GENUINE, credential, successors is not None, tuple(successors or ()))


def robbed(
    number: int,
    credential: Credential,
    title: str = "an attacker",
    *,
    successors: Sequence[Key] = (),
    claims: Sequence[CertificatePublicKeyTypes] = (),
) -> Day:
    """A day with an attacker on the line, who announces `successors` with proof and `claims` without."""
    announces = bool(successors or claims)
    return Day(number, title, Line.ATTACKER, credential, announces, tuple(successors), tuple(claims))


def renewed(world: World, number: int, key: Key | None = None) -> Credential:
    """The genuine service's certificate of that day, valid for 90 days from the day before; a new key by default."""
    start = world.now + timedelta(days=number - 1)
    return world.issuing.issue(world.host, key=key or new_key(), not_before=start, not_after=start + timedelta(days=90))


def fake(world: World, number: int, key: Key | None = None) -> Credential:
    """What an attacker presents: a certificate of that day by a CA that nobody trusts."""
    start = world.now + timedelta(days=number - 1)
    return world.rogue_root.issue(
        world.host, key=key or new_key(), not_before=start, not_after=start + timedelta(days=90)
    )


@_tell
def first_contact(world: World) -> Sequence[Day]:
    """The attacker is there first, and leaves"""
    return [robbed(0, fake(world, 0)), served(1, renewed(world, 0))]


@_tell
def attacker_later(world: World) -> Sequence[Day]:
    """An attacker comes on the second day"""
    return [served(0, renewed(world, 0)), robbed(1, fake(world, 1))]


@_tell
def new_key_unannounced(world: World) -> Sequence[Day]:
    """The server renews with a new key, without a word"""
    old = renewed(world, 0)
    return [served(0, old), served(1, old), served(60, renewed(world, 60), "after the renewal")]


@_tell
def new_key_announced(world: World) -> Sequence[Day]:
    """The server announces its next key, and moves to it"""
    old, coming = renewed(world, 0), new_key()
    return [
        served(0, old, successors=(coming,)),
        served(1, old, "the genuine server, which announces its next key", successors=(coming,)),
        served(60, renewed(world, 60, coming), "after the renewal", successors=()),
        served(61, renewed(world, 60, coming), "the day after", successors=()),
    ]


@_tell
def old_key_stolen_later(world: World) -> Sequence[Day]:
    """The server has moved to its announced key, and its old one is stolen"""
    old = renewed(world, 0)
    return [*new_key_announced_days(world, old), robbed(70, fake(world, 70, old.key), "a thief with the old key")]


def new_key_announced_days(world: World, old: Credential) -> Sequence[Day]:
    """A move to an announced key, from `old`."""
    coming = new_key()
    return [
        served(0, old),
        served(1, old, "the genuine server, which announces its next key", successors=(coming,)),
        served(60, renewed(world, 60, coming), "after the renewal", successors=()),
    ]


@_tell
def expired_record(world: World) -> Sequence[Day]:
    """The attacker waits until the client's record has expired"""
    return [
        served(0, renewed(world, 0)),
        robbed(80, fake(world, 80), "an attacker, while the record counts"),
        robbed(100, fake(world, 100), "an attacker, after the record has expired"),
    ]


@_tell
def renewed_after_expiry(world: World) -> Sequence[Day]:
    """The client comes back after months, and the server has renewed with a new key"""
    return [served(0, renewed(world, 0)), served(100, renewed(world, 100), "after the renewal")]


@_tell
def attacker_announces_at_first(world: World) -> Sequence[Day]:
    """At a first contact the attacker announces a key of its own, and comes back with it"""
    own = new_key()
    return [
        robbed(0, fake(world, 0), "an attacker, who announces", successors=(own,)),
        robbed(9, fake(world, 9, own), "the attacker with the announced key"),
    ]


@_tell
def attacker_hides(world: World) -> Sequence[Day]:
    """The attacker announces the genuine server's key, so that nobody notices when it leaves"""
    genuine, stranger = renewed(world, 0), fake(world, 0)
    claims = (genuine.key.public_key(),)
    return [
        robbed(0, stranger),
        robbed(1, stranger, "the attacker, who announces the genuine key", claims=claims),
        served(2, genuine, "the genuine server, and the attacker has left"),
    ]


@_tell
def attacker_relays(world: World) -> Sequence[Day]:
    """The attacker relays the genuine server's announcement, proof and all"""
    genuine, coming, stranger = renewed(world, 0), new_key(), fake(world, 0)
    behind = served(1, genuine, successors=(coming,))
    return [
        robbed(0, stranger),
        Day(1, "the attacker, who relays the genuine announcement", Line.ATTACKER, stranger, behind=behind),
        served(60, renewed(world, 60, coming), "the genuine server with its announced key"),
    ]


@_tell
def thief_announces(world: World) -> Sequence[Day]:
    """A thief of the server's key announces a key of its own, and the server has the stolen one replaced"""
    genuine, coming, own = renewed(world, 0), new_key(), new_key()
    return [
        served(0, genuine),
        served(1, genuine, "the genuine server, which announces its next key", successors=(coming,)),
        robbed(2, fake(world, 2, genuine.key), "the thief, who announces", successors=(own,)),
        served(3, renewed(world, 3, coming), "the genuine server with its announced key", successors=()),
        robbed(4, fake(world, 4, own), "the thief with the announced key"),
    ]


@_tell
def home_server(world: World) -> Sequence[Day]:
    """A server at home, whose certificate no CA vouches for"""
    own = self_signed(world.host)
    return [served(0, own), served(1, own)]
