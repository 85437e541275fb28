"""
Attacks that mirror a rotation: whatever a site may do, somebody may do in its name.

The attacker moves second. A policy that lets a rotation through lets through
whoever can bring the same keys to the path, so each rotation has its attack:
those that are no story of their own stand here. Each differs from its twin in
who is on the line, and in nothing that a path can show.
"""

from __future__ import annotations

from lab.pki.world import World
from lab.policy.pinset import Reach, Role
from lab.scenes.catalogue import Holds, Meeting, Scene, Way, attack, attacked, between, usual
from lab.scenes.rotations import NEIGHBOURS, beside_cross_sign, ecdsa_under_rsa, post_quantum, under_new_root


@attack(
    reach=Reach({Role.LEAF}),
    twin="other_ca_same_key",
    holds=(Holds.SERVER_KEY, Holds.TRUSTED_CA),
    way=Way.DNS,
)
def stolen_key_other_ca(world: World) -> Meeting:
    """
    Another CA certifies the stolen key

        Other Public Root -> Other Issuing CA -> bank.example   (the site's own key)

    Once the site has had its certificate revoked, the thief needs a new one, and any CA will do.
    """
    return attacked(world, world.other_issuing.issue(*world.hosts, key=world.genuine.key))


@attack(
    reach=Reach({Role.ROOT, Role.LEAF}),
    twin="other_intermediate_same_key",
    holds=(Holds.SERVER_KEY, Holds.SITE_ROOT),
    way=Way.DNS,
)
def stolen_key_other_intermediate(world: World) -> Meeting:
    """
    A sibling intermediate certifies the stolen key

        Honest Root -> Honest Issuing CA 2 -> bank.example   (the site's own key)

    Which intermediate signs is often the CA's choice, and not the thief's.
    """
    return attacked(world, world.sibling.issue(*world.hosts, key=world.genuine.key))


@attack(
    reach=Reach({Role.BACKUP}),
    twin="backup_key_other_ca",
    holds=(Holds.BACKUP_KEY, Holds.TRUSTED_CA),
    way=Way.DNS,
)
def stolen_backup_other_ca(world: World) -> Meeting:
    """
    Another CA certifies the stolen backup key

        Other Public Root -> Other Issuing CA -> bank.example   (the backup key)

    A key in a safe that was copied before it got there.
    """
    return attacked(world, world.other_issuing.issue(*world.hosts, key=world.backup_key))


@attack(reach=Reach.TRUST_STORE, twin="cross_sign_sent_along", holds=Holds.TRUSTED_CA, way=Way.DNS)
def cross_sign_misused(world: World) -> Meeting:
    """
    Another trusted CA mis-issues, and the genuine cross-sign of its root is sent along

        Other Public Root -> Other Issuing CA -> bank.example   (attacker's key)
        also sent: Other Public Root, as Honest Root signed it

    Every signature from the leaf to the pinned root verifies, for whoever walks what was sent. A cross-sign is public.
    """
    return attacked(world, beside_cross_sign(world))


@attack(reach=Reach.TRUST_STORE, twin="move_to_cdn", holds=Holds.CDN, way=Way.DNS)
def certificate_from_the_cdn(world: World) -> Meeting:
    """
    A CDN puts the site's name into its certificate, for somebody else

        CDN Public Root -> CDN Issuing CA -> shop.example, bank.example, ...   (the CDN's key)

    Whoever can pass a domain validation can become a customer in the site's name.
    """
    return attacked(world, world.cdn_issuing.issue(*world.hosts, *NEIGHBOURS))


@attack(reach=Reach.ROOT, twin="new_root_cross_signed", holds=Holds.SITE_ROOT, way=Way.DNS)
def new_root_misissues(world: World) -> Meeting:
    """
    The CA's new root, cross-signed by the old one, mis-issues

        Honest Root -> New Honest Root -> New Issuing CA -> bank.example   (attacker's key)

    A cross-sign gives the new root every client that trusts the old one, and that pins it.
    """
    return attacked(world, under_new_root(world)[0])


@attack(reach=Reach.TRUST_STORE, twin="new_root_in_store", holds=Holds.TRUSTED_CA, way=Way.DNS)
def new_root_in_store_misissues(world: World) -> Meeting:
    """
    The same new root mis-issues, and the client's store already holds it

        New Honest Root -> New Issuing CA -> bank.example   (attacker's key)

    The same bytes as in the scene before. Here the old root's pin stops them.
    """
    credential, new_root = under_new_root(world)
    return attacked(world, credential, store=(*world.store, new_root))


@attack(
    reach=Reach({Role.INTERMEDIATE, Role.LEAF, Role.CERTIFICATE}),
    twin="chain_shortened",
    holds=Holds.SERVER_KEY,
    way=Way.WIFI,
)
def shortened_with_stolen_key(world: World) -> Meeting:
    """
    The stolen key and certificate, and the client's store has gained the intermediate

        Honest Issuing CA 1 (now a root in the store) -> bank.example

    Only the pin on the old root objects, and not because anything was stolen.
    """
    return attacked(world, world.genuine, store=(*world.store, world.issuing.as_root()))


@attack(
    reach=Reach.ROOT,
    twin="rsa_to_ecdsa",
    holds=Holds.SITE_ROOT,
    way=Way.DNS,
    starts={"algorithm": "RSA"},
)
def ecdsa_intermediate_misissues(world: World) -> Meeting:
    """
    The CA's ECDSA intermediate mis-issues, for a site that has always had RSA

        Honest Root (RSA) -> Honest Issuing CA E1 (ECDSA) -> bank.example   (attacker's key, ECDSA)

    Another algorithm is no alarm: the site may move to it any day.
    """
    return attacked(world, ecdsa_under_rsa(world))


@attack(reach=Reach.TRUST_STORE, twin="ecdsa_to_ml_dsa", holds=Holds.TRUSTED_CA, way=Way.DNS)
def ml_dsa_ca_misissues(world: World) -> Meeting:
    """
    A CA whose signatures withstand a quantum computer mis-issues

        Post-Quantum Root -> Post-Quantum Issuing CA -> bank.example   (attacker's key, all ML-DSA-65)

    Nothing was broken: a strong signature under a false statement.
    """
    credential, root = post_quantum(world)
    return attacked(world, credential, store=(*world.store, root))


@attack(reach=Reach.INTERMEDIATE, twin="two_servers", holds=Holds.SITE_INTERMEDIATE, way=Way.DNS)
def attacker_among_servers(world: World) -> Scene:
    """
    One of two servers behind one name is an attacker's

        Honest Root -> Honest Issuing CA 1 -> bank.example   (server A)
        Honest Root -> Honest Issuing CA 1 -> bank.example   (attacker's key)

    The attacker takes one connection of many. Who is used to two keys behind a name does not look up.
    """
    return between(
        world, attacked(world, world.issuing.issue(*world.hosts), title="an attacker, as if it were server B")
    )


@attack(reach=Reach.CERTIFICATE, twin="intermediate_beside_root", holds=Holds.SERVER_KEY, way=Way.WIFI)
def stolen_key_beside_root(world: World) -> Meeting:
    """
    The stolen key and certificate, and the client's store has gained the intermediate, too

        Honest Root -> Honest Issuing CA 1 (now in the store, too) -> bank.example

    Where the path ends is the store's and the program's doing, and no thief's.
    """
    return attacked(world, world.genuine, store=(*world.store, world.issuing))


@attack(reach=Reach.TRUST_STORE, twin="new_ca_trailing_dot", holds=Holds.TRUSTED_CA, way=Way.DNS)
def other_trusted_ca_trailing_dot(world: World) -> Scene:
    """
    Another trusted CA mis-issues, and the link has a dot at the end of the host's name

        Other Public Root -> Other Issuing CA -> bank.example   (attacker's key, asked for as bank.example.)

    The link is the attacker's to write. Pins that are looked up under the name as it is written do not cover it.
    """
    return usual(world, attacked(world, world.other_issuing.issue(*world.hosts), host=f"{world.host}."))
