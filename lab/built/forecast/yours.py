"""
The client that ships the pins that were brought along, in the rebuilt world.

It asks what the program asks that reads such a file; which program asks what is
in `lab.policy.profiles`, with the sources.
"""

from __future__ import annotations

from collections.abc import Iterable

from lab.built.forecast.config import Format, Override, PinConfig
from lab.built.forecast.match import Match, Names
from lab.built.forecast.rebuild import Rebuilt
from lab.pki.authority import new_key
from lab.pki.pins import fingerprint_of, pin_of
from lab.policy.checks import HOST_NAME, VALIDATION, Check, pinned
from lab.policy.clients import Client
from lab.policy.pinset import PinList, PinSet
from lab.policy.profiles import SYSTEM_ANCHOR, unless_installed, until

YOURS = "yours"


def moved(config: PinConfig, matches: Iterable[Match], world: Rebuilt) -> PinSet:
    """The pin set with each pin moved to the rebuilt certificate that it matched, and others to strangers' keys."""
    lists: list[list[str]] = [[] for _ in config.lists]
    for one in matches:
        lists[one.list].append(_moved(one, world))
    return PinSet(tuple(PinList(tuple(pins), listed.where) for pins, listed in zip(lists, config.lists, strict=True)))


def _moved(one: Match, world: Rebuilt) -> str:
    if one.works and one.place is not None:
        certificate = world.genuine.path[one.place]
        return fingerprint_of(certificate) if one.names is Names.CERTIFICATE else pin_of(certificate)
    if one.names is Names.BACKUP and not one.never:
        return pin_of(world.backup_key.public_key())
    if one.place is not None and not one.pin.never and one.names is Names.KEY:
        return pin_of(world.genuine.path[one.place])  # `where` keeps it from matching, as in the program
    return pin_of(new_key().public_key())


def client(config: PinConfig, pin_set: PinSet, reason: str = "") -> Client:
    """
    The client that ships this configuration: validation, the host name, then the pins as its program asks them.

    `reason` says why the pins are not asked at all. Android trusts the user's
    CAs only where the file says so (for apps that target API level 24 or
    later); browsers that had HPKP let an installed CA past it.
    """
    checks: list[Check] = [VALIDATION, HOST_NAME]
    if config.format is Format.ANDROID and not config.user_anchors:
        checks.append(SYSTEM_ANCHOR)
    pins = pinned("your pins", pin_set)
    if config.expires:
        pins = until(config.expires, pins)
    if Override.USER in config.overrides or config.format is Format.HPKP:
        pins = unless_installed(pins)
    title = f"unpinned, because {reason}" if reason else f"has your pins, as {config.format.words} has them"
    return Client(YOURS, title, (*checks, pins) if not reason else tuple(checks))
