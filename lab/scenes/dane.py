"""
Scenes of what the owner says in DNS: the server's key is changed, or an attacker has a certificate for the site.

The paths are those of a renewal with a new key. The owner publishes every key
that its servers have before they have it, which tells the two apart in every
scene that says nothing else; here somebody is late, the signatures are gone, or
somebody else publishes. An answer may be kept for an hour.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from lab.pki.elsewhere import late, published, unsigned
from lab.pki.world import World
from lab.policy.pinset import Reach
from lab.scenes.announced import by, on
from lab.scenes.catalogue import Holds, Scene, Way, attack, attacked, changed, honest, rotation, told

HOUR = timedelta(hours=1)
misissued = partial(
    attack, reach=Reach.INTERMEDIATE, holds=Holds.SITE_INTERMEDIATE, way=Way.DNS, repeats="same_intermediate"
)


@rotation(reach=Reach.INTERMEDIATE, repeats="new_key")
def key_published_in_time(world: World) -> Scene:
    """
    The site publishes its next key in DNS, and then changes to it

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (DNS names key 1 and key 2)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (key 2)

    Whoever may change the records may say that this is the site's key.
    """
    return told(world, honest(world), changed(on(world, 2), by(world.issuing, world)))


@misissued(twin="key_published_in_time", holds=Holds.ZONE)
def zone_taken_over(world: World) -> Scene:
    """
    The attacker holds the site's DNS, publishes a key and gets a certificate for it

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (attacker's key; DNS names it)

    Who answers for the domain is its owner, to a CA and to DANE alike: one account gives both.
    """
    mine = by(world.issuing, world)
    return told(world, honest(world), attacked(on(world, 2), mine).publishing(published(world.genuine, mine)))


@rotation(reach=Reach.INTERMEDIATE, repeats="new_key")
def resolver_without_dnssec(world: World) -> Scene:
    """
    The site renews with a new key, and the client's resolver passes on no signatures

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (DNS names key 1)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (key 2; DNS names it, unsigned)

    A hotel's resolver, or a router's: what it leaves out is what an attacker cannot make.
    """
    renewed = by(world.issuing, world)
    return told(world, honest(world), changed(on(world, 2), renewed).publishing(unsigned(published(renewed))))


@misissued(twin="resolver_without_dnssec")
def records_forged(world: World) -> Scene:
    """
    The same intermediate mis-issues, and the attacker answers for DNS as well, without signatures

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (DNS names key 1)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (attacker's key; DNS names it, unsigned)

    Who goes on without signatures has records that protect on every day but this one.
    """
    mine = by(world.issuing, world)
    return told(world, honest(world), attacked(on(world, 2), mine).publishing(unsigned(published(mine))))


@rotation(reach=Reach.INTERMEDIATE, repeats="new_key")
def records_changed_with_the_key(world: World) -> Scene:
    """
    The site changes its key and its records at once, and caches still hold the old ones

        day 0:           Honest Root -> Honest Issuing CA 1 -> bank.example   (DNS names key 1)
        day 2:           Honest Root -> Honest Issuing CA 1 -> bank.example   (key 2; an answer from before names key 1)
        an hour later:   Honest Root -> Honest Issuing CA 1 -> bank.example   (key 2; DNS names it)

    The next key has to be there for as long as an answer may be kept before it is used.
    """
    later = on(world, 2)
    renewed = changed(later, by(world.issuing, world))
    after = changed(
        later.at(later.now + HOUR), renewed.credential, title="the same, when that answer may be kept no more"
    )
    return told(world, honest(world), renewed.publishing(late(published(world.genuine), HOUR / 2)), after, about=1)


@misissued(twin="records_changed_with_the_key")
def records_do_not_name_it(world: World) -> Scene:
    """
    The same intermediate mis-issues, and an answer out of a cache names the site's own key

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (DNS names key 1)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (attacker's key; an answer from before names key 1)

    What the owner said refuses both the attacker and the owner who changed without waiting.
    """
    mine = by(world.issuing, world)
    return told(world, honest(world), attacked(on(world, 2), mine).publishing(late(published(world.genuine), HOUR / 2)))
