"""Attacks that somebody else wrote: a file as `--with` takes it."""

from __future__ import annotations

from lab.pki.world import World
from lab.policy.pinset import Reach, Role
from lab.scenes.catalogue import Holds, Meeting, Way, attack, attacked


@attack(reach=Reach({Role.ROOT, Role.LEAF}), twin="other_intermediate_same_key", holds=Holds.SERVER_KEY, way=Way.DNS)
def stolen_key_at_the_sibling(world: World) -> Meeting:
    """
    A sibling intermediate certifies the stolen key

        Honest Root -> Honest Issuing CA 2 -> bank.example   (the site's own key)
    """
    return attacked(world, world.sibling.issue(*world.hosts, key=world.genuine.key))


@attack(reach=Reach({Role.INTERMEDIATE}), twin="chain_shortened", holds=Holds.SITE_INTERMEDIATE, way=Way.DNS)
def intermediate_in_the_store(world: World) -> Meeting:
    """
    The same intermediate mis-issues, and the client's store has it as a root

        Honest Issuing CA 1 (a root in the store) -> bank.example   (attacker's key)
    """
    return attacked(world, world.issuing.issue(*world.hosts), store=(*world.store, world.issuing.as_root()))


@attack(reach=Reach({Role.LEAF, Role.BACKUP}), twin="same_key", holds=Holds.SERVER_KEY, way=Way.DNS)
def two_keys_at_once(world: World) -> Meeting:
    """A leaf with two keys, which cannot be"""
    return attacked(world, world.genuine)


@attack(reach=Reach.CERTIFICATE, twin="ordinary_day", holds=Holds.SERVER_KEY, way=Way.PROXY)
def stolen_backup_tape(world: World) -> Meeting:
    """Key and certificate are on a backup tape that was lost"""
    return attacked(world, world.genuine)
