"""
Scenes of what was said before: a site announces its next key, and somebody comes with it, or with another.

The site says it in two ways at once, by a Public-Key-Pins header (RFC 7469) and
as an announced successor; who heeds neither sees the certificates alone. That
is the point: the path of an attack and of its twin are alike, and what was said
tells them apart, or fails to. Days are counted from the first meeting.

An attacker with nothing to say of his own relays what the site says.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from lab.pki.authority import Authority, Credential, Key, new_key
from lab.pki.pins import pin_of
from lab.pki.says import PKP, Says
from lab.pki.world import World
from lab.policy.hpkp_header import Header
from lab.policy.pinset import Reach
from lab.scenes.catalogue import Holds, Meeting, Scene, Way, attack, attacked, changed, honest, rotation, told

A_YEAR = 365


def announced(
    *credentials_or_pins: Credential | str, days: float = 60, subdomains: bool = False, report_uri: str = ""
) -> str:
    """A header's value that names these pins (a credential stands for its leaf's) for so many days."""
    pins = tuple(one if isinstance(one, str) else pin_of(one.leaf) for one in credentials_or_pins)
    return str(Header(pins, round(days * 86400), subdomains, report_uri))


def says(credential: Credential, coming: Key, *, days: float = 60) -> Says:
    """What is presented is pinned together with the key that comes next, and that one is announced and proven."""
    pins = announced(credential, pin_of(coming.public_key()), days=days)
    return Says(((PKP, pins),), successors=(coming,))


def on(world: World, day: int) -> World:
    """The same world, so many days later."""
    return world.at(world.now + timedelta(days=day))


def again(world: World, meeting: Meeting, day: int, title: str) -> Meeting:
    """The same meeting, so many days after the first one."""
    return replace(meeting, time=on(world, day).now, title=title)


def by(authority: Authority, world: World, key: Key | None = None) -> Credential:
    """What this authority issues for the service, for a new key where none is given."""
    return authority.issue(*world.hosts, key=key)


def begun(world: World, coming: Key, *, days: float = 60) -> tuple[Meeting, Meeting]:
    """Two days on which the site announces `coming`: on the second it is known already, and is heard."""
    first = replace(
        honest(world, "the genuine server, which announces its next key"), says=says(world.genuine, coming, days=days)
    )
    return first, again(world, first, 1, "the day after, and the same announcement")


def moved(world: World, coming: Key, *, day: int = 30) -> Meeting:
    """The site has moved to the key that it announced, and announces the one after it."""
    later = on(world, day)
    credential = by(later.issuing, later, coming)
    return changed(
        later, credential, title="the genuine server, with the announced key", says=says(credential, new_key())
    )


# ---- it was announced, or it was not --------------------------------------------------------------


@rotation(reach=Reach.INTERMEDIATE, repeats="new_key")
def announced_key(world: World) -> Scene:
    """
    The site announces its next key, and a month later moves to it

        days 0, 1:  Honest Root -> Honest Issuing CA 1 -> bank.example   (announces key 2)
        day 30:     Honest Root -> Honest Issuing CA 1 -> bank.example   (key 2)

    A renewal with a new key, as anybody sees it who did not listen.
    """
    coming = new_key()
    return told(world, *begun(world, coming), moved(world, coming))


@attack(
    reach=Reach.INTERMEDIATE,
    twin="announced_key",
    holds=Holds.SITE_INTERMEDIATE,
    way=Way.DNS,
    repeats="same_intermediate",
)
def unannounced_key(world: World) -> Scene:
    """
    An attacker comes with a key that the site did not announce

        days 0, 1:  Honest Root -> Honest Issuing CA 1 -> bank.example   (announces key 2)
        day 30:     Honest Root -> Honest Issuing CA 1 -> bank.example   (attacker's key)

    The path is the announced renewal's. Only what was said before speaks against it.
    """
    first, second = begun(world, new_key())
    later = on(world, 30)
    return told(world, first, second, attacked(later, by(later.issuing, later), behind=second))


@rotation(
    reach=Reach.INTERMEDIATE,
    incident="Smashing Magazine, 21 to 25 October 2016: the new certificate had a key that no pin named, and max-age "
    "was a year (smashingmagazine.com/be-afraid-of-public-key-pinning)",
    repeats="new_key",
)
def lost_keys(world: World) -> Scene:
    """
    The announced key is lost, and the site takes a third one

        days 0, 1:   Honest Root -> Honest Issuing CA 1 -> bank.example   (announces key 2)
        days 30, 70: Honest Root -> Honest Issuing CA 1 -> bank.example   (key 3)

    On day 70 pins of sixty days are over. A memory without an end still waits for key 2.
    """
    later = on(world, 30)
    third = by(later.issuing, later)
    lost = changed(later, third, title="the genuine server, with a third key", says=says(third, new_key()))
    return told(
        world,
        *begun(world, new_key()),
        lost,
        again(world, lost, 70, "the same, when pins of sixty days are over"),
        about=2,
    )


@attack(
    reach=Reach.INTERMEDIATE,
    twin="lost_keys",
    holds=Holds.SITE_INTERMEDIATE,
    way=Way.DNS,
    repeats="same_intermediate",
)
def attacked_until_the_pins_end(world: World) -> Scene:
    """
    An attacker waits until the pins that the site announced are over

        days 0, 1:   Honest Root -> Honest Issuing CA 1 -> bank.example   (announces key 2)
        days 30, 70: Honest Root -> Honest Issuing CA 1 -> bank.example   (attacker's key)

    Pins that end let the site back in that lost its keys, and whoever can wait as long.
    """
    first, second = begun(world, new_key())
    later = on(world, 30)
    there = attacked(later, by(later.issuing, later), behind=second)
    last = again(world, there, 70, "the attacker, when pins of sixty days are over")
    return told(world, first, second, there, last, about=2)


# ---- how long it is remembered --------------------------------------------------------------------


@rotation(reach=Reach.TRUST_STORE, repeats="new_ca")
def moved_without_a_word(world: World) -> Scene:
    """
    The site pins itself for a year, and moves to another CA without a word

        day 0:       Honest Root -> Honest Issuing CA 1 -> bank.example   (pins for 365 days)
        days 30, 70: Other Public Root -> Other Issuing CA -> bank.example   (new key)

    A browser that caps the year at sixty days is served again on day 70.
    """
    first, _ = begun(world, new_key(), days=A_YEAR)
    later = on(world, 30)
    there = changed(later, by(later.other_issuing, later), title="the genuine server, at another CA")
    return told(world, first, there, again(world, there, 70, "the same, after the cap"))


@attack(
    reach=Reach.TRUST_STORE,
    twin="moved_without_a_word",
    holds=Holds.TRUSTED_CA,
    way=Way.DNS,
    repeats="other_trusted_ca",
)
def attacked_after_the_cap(world: World) -> Scene:
    """
    The site pins itself for a year, and an attacker waits for the browser's cap

        day 0:       Honest Root -> Honest Issuing CA 1 -> bank.example   (pins for 365 days)
        days 30, 70: Other Public Root -> Other Issuing CA -> bank.example   (attacker's key)

    A cap that ends a mistake sooner ends the protection sooner.
    """
    first, _ = begun(world, new_key(), days=A_YEAR)
    later = on(world, 30)
    there = attacked(later, by(later.other_issuing, later), behind=first)
    return told(world, first, there, again(world, there, 70, "the attacker, after the cap"))


# ---- the key that was announced away --------------------------------------------------------------


@rotation(reach=Reach.LEAF, repeats="same_key")
def rolled_back(world: World) -> Scene:
    """
    The site moves to its announced key, and ten days later back to the old one

        days 0, 1: Honest Root -> Honest Issuing CA 1 -> bank.example   (announces key 2)
        day 30:    Honest Root -> Honest Issuing CA 1 -> bank.example   (key 2, announces key 3)
        day 40:    Honest Root -> Honest Issuing CA 1 -> bank.example   (the old key)

    An old backup was restored. Whoever had moved with the site has forgotten that key.
    """
    coming, later = new_key(), on(world, 40)
    there = moved(world, coming)
    back = changed(later, by(later.issuing, later, world.genuine.key), title="the genuine server, with its old key")
    return told(world, *begun(world, coming), there, back)


@attack(
    reach=Reach.LEAF,
    twin="rolled_back",
    holds=(Holds.SERVER_KEY, Holds.SITE_INTERMEDIATE),
    way=Way.DNS,
    repeats="stolen_key_new_certificate",
)
def old_key_stolen(world: World) -> Scene:
    """
    The site has moved to its announced key, and the old one is stolen

        days 0, 1: Honest Root -> Honest Issuing CA 1 -> bank.example   (announces key 2)
        day 30:    Honest Root -> Honest Issuing CA 1 -> bank.example   (key 2, announces key 3)
        day 40:    Honest Root -> Honest Issuing CA 1 -> bank.example   (attacker, with the old key)

    A disk was sold with its key. Who stayed with the old key talks to the thief.
    """
    coming, later = new_key(), on(world, 40)
    there = moved(world, coming)
    thief = attacked(later, by(later.issuing, later, world.genuine.key), title="a thief with the old key", behind=there)
    return told(world, *begun(world, coming), there, thief)
