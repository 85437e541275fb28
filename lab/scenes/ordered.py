"""
Scenes of a certificate that a machine orders: who holds an account, who stands in front of the server, what day it is.

A CA that issues to accounts asks whether the site's name is proved, and on its
port 80 whoever stands in front of the server proves it. The path is that of
any renewal; what differs was said to the CA, and whether it listened to more
than the proof is `lab.pki.caa`'s. In a world of `lab.built.acme` each order is
a real one; the dated ones need a CA whose clock can be set.
"""

from __future__ import annotations

from datetime import timedelta

from lab.pki.authority import Credential
from lab.pki.caa import Asks, asked_by
from lab.pki.world import World
from lab.policy.pinset import Reach
from lab.scenes.announced import by, on
from lab.scenes.catalogue import Fault, Holds, Kind, Meeting, Scene, Way, apart, attacked, changed, honest, told

GROUP = "ordered"
SHORT = {"life": timedelta(days=6, hours=12)}
"""From a day before the first meeting on: where that is on a Monday, it ends on the Saturday, half a day on."""


def _ordered(world: World, asks: Asks) -> Credential:
    """What the site's CA issues to whoever asks, for a new key."""
    return by(asked_by(world.issuing, asks), world)


# ---- whose account it is --------------------------------------------------------------------------


@apart(GROUP, Kind.ROTATION, reach=Reach.INTERMEDIATE)
def another_department(world: World) -> Meeting:
    """
    Another department of the site's orders, with an account of its own

        Honest Root -> Honest Issuing CA 1 -> bank.example   (new key; a second account)

    It has a server for the name, and so it proves it. Nobody asked those who wrote the CAA records.
    """
    credential = _ordered(world, Asks.SECOND_ACCOUNT)
    return changed(world, credential, title="the genuine server, of another department")


@apart(
    GROUP,
    Kind.ATTACK,
    reach=Reach.INTERMEDIATE,
    twin="another_department",
    holds=(Holds.SITE_INTERMEDIATE,),
    way=Way.DNS,
    incident="nearly this: jabber.ru, 2023 (community.letsencrypt.org/t/206966)",
)
def second_account(world: World) -> Meeting:
    """
    Whoever stands in front of the server orders, with an account of his own

        Honest Root -> Honest Issuing CA 1 -> bank.example   (attacker's key; a second account)

    Nothing is broken into and nobody errs: the CA asks the site, and the attacker answers.
    """
    return attacked(world, _ordered(world, Asks.SECOND_ACCOUNT))


@apart(GROUP, Kind.ROTATION, reach=Reach.INTERMEDIATE)
def new_machine(world: World) -> Meeting:
    """
    The owner sets up a new machine, which orders with the account that there is

        Honest Root -> Honest Issuing CA 1 -> bank.example   (new key; the owner's account)

    The account's key was copied to it, as every guide to a second server says.
    """
    return changed(world, _ordered(world, Asks.OWNER), title="the genuine server, on the owner's new machine")


@apart(
    GROUP,
    Kind.ATTACK,
    reach=Reach.INTERMEDIATE,
    twin="new_machine",
    holds=(Holds.SITE_INTERMEDIATE,),
    way=Way.DNS,
)
def stolen_account(world: World) -> Meeting:
    """
    The account's key is stolen, and whoever has it stands in front of the server

        Honest Root -> Honest Issuing CA 1 -> bank.example   (attacker's key; the owner's account)

    It lay in a file on every machine that renews. Of what CAA can say, only how the name is to be proved still helps.
    """
    return attacked(world, _ordered(world, Asks.STOLEN_ACCOUNT))


# ---- the machine stands still ---------------------------------------------------------------------


def _weekend(world: World, *days: Meeting) -> Scene:
    return told(world, honest(world, "Monday: the genuine server"), *days, about=1)


@apart(GROUP, Kind.SLIP, reach=Reach.CERTIFICATE, fails=Fault.EXPIRED, starts=SHORT)
def failed_on_a_saturday(world: World) -> Scene:
    """
    The machine that renews on the last day fails, and that is a Saturday

        day 0, Monday:     Honest Root -> Honest Issuing CA 1 -> bank.example   (until Saturday)
        day 6, Sunday:     the same, and it has expired
        day 7, Monday:     Honest Root -> Honest Issuing CA 1 -> bank.example   (new key; somebody is back at work)

    It failed on weekdays too, and then somebody was there. Nobody attacks, and everybody loses two days.
    """
    later, monday = on(world, 6), on(world, 7)
    renewed = changed(monday, by(monday.issuing, monday), title="Monday: the genuine server, renewed by hand")
    return _weekend(world, changed(later, world.genuine, title="Sunday: the machine has failed"), renewed)


@apart(GROUP, Kind.ROTATION, reach=Reach.INTERMEDIATE, starts=SHORT)
def failed_on_a_saturday_in_time(world: World) -> Scene:
    """
    The machine that renews at half the life fails on a Saturday, and nobody notices

        day 0, Monday:     Honest Root -> Honest Issuing CA 1 -> bank.example   (until Saturday)
        day 3, Thursday:   Honest Root -> Honest Issuing CA 1 -> bank.example   (new key)
        day 7, Monday:     the same, and the machine runs again

    The same failure on the same day. What was bought with the half that is thrown away is a weekend.
    """
    thursday = on(world, 3)
    renewed = changed(thursday, by(thursday.issuing, thursday), title="Thursday: the genuine server, renewed")
    same = changed(on(world, 7), renewed.credential, title="Monday: the same, and the machine runs again")
    return _weekend(world, renewed, same)
