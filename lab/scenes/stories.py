"""
Stories of key continuity: what may happen between a client with a memory and a server, and who may come between.

Each is a scene of meetings on days of their own. The name is its id, the first
line of the docstring its title. No verdict is written down here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from lab.naming import named
from lab.observation import Line
from lab.pki.authority import Credential, Key, new_key, self_signed
from lab.pki.says import SILENT, Says, announcing
from lab.pki.world import World
from lab.policy.pinset import Reach
from lab.scenes.catalogue import Case, Kind, Meeting, Scene, described, told

STORIES: dict[str, Case] = {}
"""Every story by its name; a shelf of its own, in no matrix unless it is asked for."""


def story(name: str, world: World | None = None) -> Scene:
    """The story of that name in a world, a fresh one where none is given. Raises ValueError for a name not there."""
    return named("story", name, STORIES).scene(world)


def day(meeting: Meeting, scene: Scene) -> int:
    """The day of a meeting, counted from the scene's first."""
    return (meeting.time - scene.meetings[0].time).days


Tale = Callable[[World], Sequence[Meeting]]


def _tell(kind: Kind) -> Callable[[Tale], Tale]:
    def register(tell: Tale) -> Tale:
        def build(world: World) -> Scene:
            world.genuine = renewed(world, 0)
            return told(world, *tell(world))

        told_here = described(tell, build, kind, reach=Reach())
        STORIES[told_here.name] = told_here
        return tell

    return register


def served(
    world: World, number: int, credential: Credential, title: str = "the genuine server", *, says: Says | None = None
) -> Meeting:
    """A day with the genuine server, and what it says."""
    return Meeting(Line.GENUINE, credential, world.store, world.now + timedelta(days=number), title, says=says)


def robbed(
    world: World, number: int, credential: Credential, title: str = "an attacker", *, says: Says = SILENT
) -> Meeting:
    """A day with an attacker who plays the bank, and what he says."""
    return Meeting(Line.ATTACKER, credential, world.store, world.now + timedelta(days=number), title, says=says)


def renewed(world: World, number: int, key: Key | None = None) -> Credential:
    """The genuine service's certificate of that day, valid for 90 days from the day before; a new key by default."""
    return world.at(world.now + timedelta(days=number)).issuing.issue(world.host, key=key or new_key())


def fake(world: World, number: int, key: Key | None = None) -> Credential:
    """What an attacker presents: a certificate of that day by a CA that nobody trusts."""
    return world.at(world.now + timedelta(days=number)).rogue_root.issue(world.host, key=key or new_key())


@_tell(Kind.ATTACK)
def first_contact(world: World) -> Sequence[Meeting]:
    """The attacker is there first, and leaves"""
    return [robbed(world, 0, fake(world, 0)), served(world, 1, world.genuine)]


@_tell(Kind.ATTACK)
def attacker_later(world: World) -> Sequence[Meeting]:
    """An attacker comes on the second day"""
    return [served(world, 0, world.genuine), robbed(world, 1, fake(world, 1))]


@_tell(Kind.ROTATION)
def new_key_unannounced(world: World) -> Sequence[Meeting]:
    """The server renews with a new key, without a word"""
    old = world.genuine
    return [served(world, 0, old), served(world, 1, old), served(world, 60, renewed(world, 60), "after the renewal")]


@_tell(Kind.ROTATION)
def new_key_announced(world: World) -> Sequence[Meeting]:
    """The server announces its next key, and moves to it"""
    old, coming = world.genuine, new_key()
    return [
        served(world, 0, old, says=announcing(coming)),
        served(world, 1, old, "the genuine server, which announces its next key", says=announcing(coming)),
        served(world, 60, renewed(world, 60, coming), "after the renewal", says=announcing()),
        served(world, 61, renewed(world, 60, coming), "the day after", says=announcing()),
    ]


@_tell(Kind.ATTACK)
def old_key_stolen_later(world: World) -> Sequence[Meeting]:
    """The server has moved to its announced key, and its old one is stolen"""
    old = world.genuine.key
    return [*new_key_announced(world)[:3], robbed(world, 70, fake(world, 70, old), "a thief with the old key")]


@_tell(Kind.ATTACK)
def expired_record(world: World) -> Sequence[Meeting]:
    """The attacker waits until the client's record has expired"""
    return [
        served(world, 0, world.genuine),
        robbed(world, 80, fake(world, 80), "an attacker, while the record counts"),
        robbed(world, 100, fake(world, 100), "an attacker, after the record has expired"),
    ]


@_tell(Kind.ROTATION)
def renewed_after_expiry(world: World) -> Sequence[Meeting]:
    """The client comes back after months, and the server has renewed with a new key"""
    return [served(world, 0, world.genuine), served(world, 100, renewed(world, 100), "after the renewal")]


@_tell(Kind.ATTACK)
def attacker_announces_at_first(world: World) -> Sequence[Meeting]:
    """At a first contact the attacker announces a key of its own, and comes back with it"""
    own = new_key()
    return [
        robbed(world, 0, fake(world, 0), "an attacker, who announces", says=announcing(own)),
        robbed(world, 9, fake(world, 9, own), "the attacker with the announced key"),
    ]


@_tell(Kind.ATTACK)
def attacker_hides(world: World) -> Sequence[Meeting]:
    """The attacker announces the genuine server's key, so that nobody notices when it leaves"""
    genuine, stranger = world.genuine, fake(world, 0)
    says = announcing(claims=[genuine.key.public_key()])
    return [
        robbed(world, 0, stranger),
        robbed(world, 1, stranger, "the attacker, who announces the genuine key", says=says),
        served(world, 2, genuine, "the genuine server, and the attacker has left"),
    ]


@_tell(Kind.ATTACK)
def attacker_relays(world: World) -> Sequence[Meeting]:
    """The attacker relays the genuine server's announcement, proof and all"""
    genuine, coming, stranger = world.genuine, new_key(), fake(world, 0)
    behind = served(world, 1, genuine, says=announcing(coming))
    return [
        robbed(world, 0, stranger),
        replace(
            robbed(world, 1, stranger, "the attacker, who relays the genuine announcement"), says=None, behind=behind
        ),
        served(world, 60, renewed(world, 60, coming), "the genuine server with its announced key"),
    ]


@_tell(Kind.ATTACK)
def thief_announces(world: World) -> Sequence[Meeting]:
    """A thief of the server's key announces a key of its own, and the server has the stolen one replaced"""
    genuine, coming, own = world.genuine, new_key(), new_key()
    return [
        served(world, 0, genuine),
        served(world, 1, genuine, "the genuine server, which announces its next key", says=announcing(coming)),
        robbed(world, 2, fake(world, 2, genuine.key), "the thief, who announces", says=announcing(own)),
        served(world, 3, renewed(world, 3, coming), "the genuine server with its announced key", says=announcing()),
        robbed(world, 4, fake(world, 4, own), "the thief with the announced key"),
    ]


@_tell(Kind.ROTATION)
def home_server(world: World) -> Sequence[Meeting]:
    """A server at home, whose certificate no CA vouches for"""
    world.genuine = self_signed(world.host)
    return [served(world, 0, world.genuine), served(world, 1, world.genuine)]
