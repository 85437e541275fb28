"""
Slips: the genuine service errs, and ordinary validation refuses it.

They are no rotations, since they are mistakes and the lab's own clients refuse
all of them, and they are not in the matrix. Each is wrong in one thing only and right in all the others, the
key included: that is what shows which check a program has switched off.
"""

from __future__ import annotations

from lab.observation import Line
from lab.pki.world import World
from lab.policy.pinset import Reach, Role
from lab.scenes.catalogue import Fault, Meeting, Scene, changed, site_pins, slip, waited


@slip(reach=Reach.CERTIFICATE, fails=Fault.EXPIRED)
def forgot_to_renew(world: World) -> Scene:
    """
    The site forgot to renew its certificate

        Honest Root -> Honest Issuing CA 1 -> bank.example   (expired ten days ago)

    The same bytes as on the day before it expired. Who is content still reads no dates.
    """
    return waited(world, lambda later: changed(later, later.genuine))


@slip(reach=Reach.LEAF, fails=Fault.WRONG_HOST)
def name_left_out(world: World) -> Meeting:
    """
    The new certificate, for the same key, leaves the host's name out

        Honest Root -> Honest Issuing CA 1 -> shop.example   (the site's own key)

    Who is content does not read the name.
    """
    return changed(world, world.issuing.issue("shop.example", key=world.genuine.key))


@slip(reach=Reach.CERTIFICATE, fails=Fault.WRONG_HOST)
def reached_by_another_name(world: World) -> Scene:
    """
    The service is reached by a name that its certificate never had

        Honest Root -> Honest Issuing CA 1 -> shop.example   (the genuine certificate itself)

    Nothing changed since the pins were taken; whoever is content now was content
    without a host name check all the time.
    """
    genuine = world.issuing.issue("shop.example")
    there = Meeting(Line.GENUINE, genuine, world.store, world.now, "the genuine server, under another name")
    return Scene(world.host, genuine, site_pins(world, genuine), (there,), 0)


@slip(reach=Reach.CERTIFICATE, fails=Fault.UNTRUSTED)
def root_distrusted(world: World) -> Meeting:
    """
    The client's store no longer holds the site's root

        Honest Root (no longer in the store) -> Honest Issuing CA 1 -> bank.example

    Nobody touched the server. Who is content asks no CA, or brings its own.
    """
    return changed(
        world,
        world.genuine,
        store=tuple(one for one in world.store if one is not world.root),
        title="the genuine server, unchanged; the client's store has lost its root",
    )


@slip(reach=Reach({Role.INTERMEDIATE, Role.LEAF, Role.CERTIFICATE}), fails=Fault.UNTRUSTED)
def intermediate_instead_of_root(world: World) -> Meeting:
    """
    The client's store holds the intermediate as it is, instead of the root

        Honest Issuing CA 1 (in the store, signed by Honest Root, which is not) -> bank.example

    Nobody touched the server. Who is content asks no CA, or takes any certificate
    of the store for an anchor; who wants a self-signed one finds none.
    """
    return changed(
        world,
        world.genuine,
        store=(world.issuing, *(one for one in world.store if one is not world.root)),
        title="the genuine server, unchanged; the client's store has the intermediate for a root",
    )


@slip(reach=Reach.CERTIFICATE, fails=Fault.UNTRUSTED)
def useless_cross_sign_first(world: World) -> Meeting:
    """
    The server sends two certificates for its CA, the useless one first

        Rogue Root (in no store) -> Honest Issuing CA 1 -> bank.example
        also sent, behind it: Honest Issuing CA 1, as Honest Root signed it

    Who is content asks no CA, or tries the other when the first leads nowhere.
    """
    useless = world.rogue_root.cross_sign(world.issuing).certificate
    return changed(world, world.genuine.sending(useless, *world.genuine.chain[1:]))
