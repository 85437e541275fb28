"""
Scenes of an announcement by the wrong one: hostile pins, a first contact that announces, a relay, a thief.

Each has its benign twin, in which the site, or somebody who served it for a
while, says the same. It is said as in `announced`.
"""

from __future__ import annotations

from lab.pki.authority import new_key
from lab.pki.says import SILENT, announcing
from lab.pki.world import World
from lab.policy.pinset import Reach
from lab.scenes.announced import A_YEAR, again, begun, by, moved, on, says
from lab.scenes.catalogue import Fault, Holds, Meeting, Scene, Way, attack, attacked, changed, honest, rotation, told

# ---- somebody else has pinned it ------------------------------------------------------------------


def _visited(world: World, there: Meeting) -> Scene:
    """The site, which says nothing; `there` for a day; then the site again, and once more when sixty days are over."""
    silent = again(world, honest(world), 2, "the site again, which says nothing")
    return told(
        world,
        honest(world, "the site, which says nothing"),
        there,
        silent,
        again(world, silent, 70, "the same, when pins of sixty days are over"),
        about=1,
    )


@rotation(reach=Reach.TRUST_STORE, repeats="new_ca")
def back_from_another_ca(world: World) -> Scene:
    """
    The site moves to a service that pins its own keys for a year, and moves back

        day 0:     Honest Root -> Honest Issuing CA 1 -> bank.example
        day 1:     Other Public Root -> Other Issuing CA -> bank.example   (pins its keys for 365 days)
        days 2, 70: Honest Root -> Honest Issuing CA 1 -> bank.example

    Whoever left the pins behind has no hand in the site any more.
    """
    later = on(world, 1)
    there = by(later.other_issuing, later)
    title = "the genuine server, at a service that pins its own keys"
    return _visited(world, changed(later, there, title=title, says=says(there, new_key(), days=A_YEAR)))


@attack(
    reach=Reach.TRUST_STORE,
    twin="back_from_another_ca",
    holds=Holds.TRUSTED_CA,
    way=Way.DNS,
    repeats="other_trusted_ca",
)
def hostile_pins(world: World) -> Scene:
    """
    An attacker pins the site to the attacker's keys for a year, and leaves

        day 0:     Honest Root -> Honest Issuing CA 1 -> bank.example
        day 1:     Other Public Root -> Other Issuing CA -> bank.example   (attacker's key, pinned for 365 days)
        days 2, 70: Honest Root -> Honest Issuing CA 1 -> bank.example

    The robbery lasts a day. The outage lasts until the pins end, and the attacker is gone. Nobody was seen to do it;
    RFC 7469 section 4.5 warns of it, and Chrome named it among the reasons to give HPKP up (blink-dev, 2017-10-27).
    """
    later = on(world, 1)
    rogue = by(later.other_issuing, later)
    title = "an attacker, who pins the site to keys of his own"
    return _visited(world, attacked(later, rogue, title=title, says=says(rogue, new_key(), days=A_YEAR)))


# ---- the announcement comes first of all ----------------------------------------------------------


@rotation(reach=Reach.TRUST_STORE, repeats="first_visit_before_a_move")
def first_visit_announces(world: World) -> Scene:
    """
    On the first visit the site announces the key that it is about to move to

        day 0:     Other Public Root -> Other Issuing CA -> bank.example   (old key, announces the next)
        days 1, 2: Honest Root -> Honest Issuing CA 1 -> bank.example

    At a first use nobody knows who announces, so a careful client does not heed it.
    """
    old = by(world.other_issuing, world)
    title = "first contact: the genuine server, which announces its next key"
    later = again(world, honest(world), 1, "the genuine server, with that key")
    return told(
        world,
        changed(world, old, title=title, says=announcing(world.genuine.key)),
        later,
        again(world, later, 2, "the day after"),
        about=0,
    )


@attack(
    reach=Reach.TRUST_STORE, twin="first_visit_announces", holds=Holds.TRUSTED_CA, way=Way.WIFI, repeats="first_contact"
)
def first_contact_announces(world: World) -> Scene:
    """
    An attacker is there first, announces a key of his own, and comes back with it

        days 0, 1: Other Public Root -> Other Issuing CA -> bank.example   (attacker's keys, the second announced)
        day 2:     Honest Root -> Honest Issuing CA 1 -> bank.example      (the attacker has left)

    Who heeds strangers hands the line to them for as long as they care to announce.
    """
    own, later = new_key(), on(world, 1)
    return told(
        world,
        attacked(
            world,
            by(world.other_issuing, world),
            title="first contact: an attacker, who announces a key of his own",
            says=announcing(own),
        ),
        attacked(later, by(later.other_issuing, later, own), title="the attacker, with that key", says=SILENT),
        again(world, honest(world), 2, "the attacker has left: the genuine server"),
        about=0,
    )


@attack(reach=Reach.TRUST_STORE, fails=Fault.UNTRUSTED, holds=Holds.OWN_CA, way=Way.WIFI, repeats="untrusted_rogue_ca")
def relayed_announcement(world: World) -> Scene:
    """
    An attacker whom a client knows relays the site's announcement, and leaves before anybody notices

        days 0, 1: Rogue Root -> bank.example   (attacker's key; on day 1 with the site's announcement of key 2)
        day 30:    Honest Root -> Honest Issuing CA 1 -> bank.example   (key 2)
        day 40:    Rogue Root -> bank.example   (another attacker's key)

    A proof belongs to the connection that it was made on. Where nobody asks for one, the inverted alarm is silent.
    """
    coming = new_key()
    _, site = begun(world, coming)
    there = by(world.rogue_root, world)
    later = on(world, 40)
    return told(
        world,
        attacked(world, there, title="first contact: the attacker, whom no CA vouches for"),
        attacked(on(world, 1), there, title="the attacker, who relays the announcement", behind=site),
        moved(world, coming),
        attacked(later, by(later.rogue_root, later), title="another attacker"),
        about=0,
    )


# ---- the key is the site's own, and the words are not -----------------------------------------------


@rotation(reach=Reach.LEAF, repeats="same_key")
def announcement_replaced(world: World) -> Scene:
    """
    The site announces one key, then another, and moves to both in turn

        days 0, 1: Honest Root -> Honest Issuing CA 1 -> bank.example   (announces key 2)
        day 2:     Honest Root -> Honest Issuing CA 1 -> bank.example   (same key renewed, announces key 3 instead)
        day 3:     Honest Root -> Honest Issuing CA 1 -> bank.example   (key 2)
        day 4:     Honest Root -> Honest Issuing CA 1 -> bank.example   (key 3)

    Two departments, each with an announcement of its own. The last one counts.
    """
    coming, own = new_key(), new_key()
    second = on(world, 2)
    renewed = by(second.issuing, second, world.genuine.key)
    title = "the genuine server, which announces another key instead"
    said = changed(second, renewed, title=title, says=says(renewed, own))
    there, last = moved(world, coming, day=3), on(world, 4)
    other = changed(last, by(last.issuing, last, own), title="the genuine server, with the other key")
    return told(world, *begun(world, coming), said, there, other, about=2)


@attack(
    reach=Reach.LEAF,
    twin="announcement_replaced",
    holds=(Holds.SERVER_KEY, Holds.SITE_INTERMEDIATE),
    way=Way.DNS,
    repeats="stolen_key_new_certificate",
)
def thief_announces(world: World) -> Scene:
    """
    A thief of the server's key announces a key of his own, and comes back with it

        days 0, 1: Honest Root -> Honest Issuing CA 1 -> bank.example   (announces key 2)
        day 2:     Honest Root -> Honest Issuing CA 1 -> bank.example   (stolen key, announces the thief's own)
        day 3:     Honest Root -> Honest Issuing CA 1 -> bank.example   (key 2: the site has the stolen one replaced)
        day 4:     Honest Root -> Honest Issuing CA 1 -> bank.example   (the thief's own key)

    Whoever holds the trusted key can do all that the site can: announcements make the theft last.
    """
    coming, own = new_key(), new_key()
    second, last = on(world, 2), on(world, 4)
    stolen = by(second.issuing, second, world.genuine.key)
    there = moved(world, coming, day=3)
    return told(
        world,
        *begun(world, coming),
        attacked(second, stolen, title="a thief, who announces a key of his own", says=says(stolen, own)),
        there,
        attacked(last, by(last.issuing, last, own), title="the thief, with that key", behind=there),
        about=2,
    )
