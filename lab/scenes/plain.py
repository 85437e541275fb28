"""
Scenes that begin with a link to plain HTTP, before there is a certificate that anybody could look at.

The site leads to https, and says on every answer that nothing else will do
(RFC 6797). A man in the middle leads nowhere: he speaks plain HTTP to his victim
and TLS to the site. To whoever follows the link he and a site that has lost its
TLS are alike.
"""

from __future__ import annotations

from dataclasses import replace

from lab.pki.authority import self_signed
from lab.pki.says import Plain, Says
from lab.pki.world import World
from lab.policy.pinset import Reach
from lab.scenes.announced import on
from lab.scenes.catalogue import Holds, Kind, Meeting, Scene, Way, apart, attacked, honest, told

GROUP = "plain"
MAX_AGE = 30
"""Days for which the site wants to be asked over TLS alone."""


def _strict(world: World, title: str = "the genuine server, by https, which wants nothing else") -> Meeting:
    said = Says((("Strict-Transport-Security", f"max-age={MAX_AGE * 86400}; includeSubDomains"),))
    return replace(honest(world, title), says=said)


def _linked(world: World, day: int, title: str, plain: Plain = Plain.LINK) -> Meeting:
    return replace(_strict(on(world, day), title), plain=plain)


def _stripped(world: World, day: int, plain: Plain = Plain.LINK) -> Meeting:
    later, title = on(world, day), "a link to http, and an attacker who leads nowhere"
    return attacked(later, self_signed(world.host, now=later.now), title=title, plain=plain, behind=_strict(later))


@apart(GROUP, Kind.ROTATION, reach=Reach.CERTIFICATE)
def link_without_tls(world: World) -> Scene:
    """
    The user follows a link to http, and the site leads to https

        day 0:  https:  Honest Root -> Honest Issuing CA 1 -> bank.example   (wants TLS alone, for 30 days)
        day 1:  http, and from there to https

    What happens whenever somebody types a name.
    """
    return told(world, _strict(world), _linked(world, 1, "a link to http, from where the site leads to https"))


@apart(
    GROUP,
    Kind.ATTACK,
    reach=Reach.TRUST_STORE,
    twin="link_without_tls",
    holds=(Holds.OWN_CA,),
    way=Way.WIFI,
)
def stripped(world: World) -> Scene:
    """
    The user follows a link to http, and an attacker keeps him there

        day 0:  https:  Honest Root -> Honest Issuing CA 1 -> bank.example   (wants TLS alone, for 30 days)
        day 1:  http, and the attacker asks the bank over TLS

    No CA errs and no pin is asked. Who goes to https all the same finds a certificate that nobody signed.
    """
    return told(world, _strict(world), _stripped(world, 1))


@apart(GROUP, Kind.ATTACK, reach=Reach.TRUST_STORE, twin="link_without_tls", holds=(Holds.OWN_CA,), way=Way.WIFI)
def stripped_at_first(world: World) -> Scene:
    """
    The user's first visit follows a link to http, and an attacker keeps him there

        day 0:  http, and the attacker asks the bank over TLS
        day 1:  https:  Honest Root -> Honest Issuing CA 1 -> bank.example   (wants TLS alone, for 30 days)

    What the site says reaches nobody whom it never reached.
    """
    return told(world, _stripped(world, 0), _strict(on(world, 1), "the day after, by https"), about=0)


@apart(GROUP, Kind.ROTATION, reach=Reach())
def tls_gone(world: World) -> Scene:
    """
    The site loses its TLS, and answers in plain HTTP alone

        day 0:       https:  Honest Root -> Honest Issuing CA 1 -> bank.example   (wants TLS alone, for 30 days)
        days 10, 40: http, and nothing at https

    It moved to a host that has none. What it said before keeps its visitors away until the 30 days are over.
    """
    days = [_linked(world, day, f"day {day}: the site, which has no TLS", Plain.ONLY) for day in (10, 40)]
    return told(world, _strict(world), *days, about=1)


@apart(GROUP, Kind.ATTACK, reach=Reach(), twin="tls_gone", holds=(Holds.OWN_CA,), way=Way.WIFI)
def stripped_until_the_end(world: World) -> Scene:
    """
    An attacker answers in plain HTTP alone, and waits until what the site said is over

        day 0:       https:  Honest Root -> Honest Issuing CA 1 -> bank.example   (wants TLS alone, for 30 days)
        days 10, 40: http, and nothing at https

    A site that nobody visited for thirty days is a first visit again.
    """
    return told(world, _strict(world), *(_stripped(world, day, Plain.ONLY) for day in (10, 40)), about=1)
