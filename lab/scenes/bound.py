"""
Scenes in which the server refuses: it takes a request only from a client that shows what it was given.

A client certificate, or a token that is bound to the connection: what a man in
the middle receives of either is worth nothing at the bank. He reads the first
request all the same, and so does the company's proxy; neither can pass it on.
"""

from __future__ import annotations

from dataclasses import replace

from lab.pki.admission import Admission
from lab.pki.says import Says
from lab.pki.world import World
from lab.policy.pinset import Reach
from lab.scenes.announced import on
from lab.scenes.attacks import installed_ca
from lab.scenes.catalogue import Holds, Kind, Meeting, Scene, Way, apart, attacked, honest, told
from lab.scenes.rotations import company_proxy

GROUP = "bound"


def _knowing(world: World, admits: Admission, title: str = "the genuine server, which knows its clients") -> Meeting:
    """The genuine server, which takes the requests of these clients alone."""
    return replace(honest(world, title), says=Says(admits=admits))


def _carried(world: World, move: Scene | Meeting) -> Scene:
    """The genuine server, and then whoever stands between: it is the same one behind him."""
    assert isinstance(move, Meeting)
    known = _knowing(world, Admission.begun(world.now))
    return told(world, known, replace(move, behind=known))


@apart(GROUP, Kind.ROTATION, reach=Reach.CERTIFICATE)
def known_client(world: World) -> Scene:
    """
    The service takes requests only from clients that show what it gave them

        days 0, 1:  Honest Root -> Honest Issuing CA 1 -> bank.example   (wants a certificate, or a bound token)

    An ordinary day for whoever was given one, and no service for anybody else.
    """
    admits, later = Admission.begun(world.now), on(world, 1)
    return told(world, _knowing(world, admits), _knowing(later, admits.on(later.now), "the same, the day after"))


@apart(
    GROUP,
    Kind.ATTACK,
    reach=Reach.CERTIFICATE,
    twin="known_client",
    holds=(Holds.SERVER_KEY,),
    way=Way.WIFI,
    incident="nearly this: jabber.ru, 2023, a man in the middle with certificates of his own; channel binding is named "
    "as what stops such a relay (devever.net/~hl/xmpp-incident-2)",
)
def known_client_robbed(world: World) -> Scene:
    """
    The server's key is stolen, and the bank takes requests only from clients that it knows

        Honest Root -> Honest Issuing CA 1 -> bank.example   (the genuine certificate itself)

    The thief reads the first request, and cannot pass it on.
    """
    return _carried(world, attacked(world, world.genuine))


@apart(GROUP, Kind.ROTATION, reach=Reach.TRUST_STORE)
def known_client_behind_proxy(world: World) -> Scene:
    """
    A company inspects its employees' traffic to a service that knows its clients

        Installed Inspection CA -> bank.example   (the proxy's key)

    The proxy has neither the client's key nor its connection, so the bank takes nothing from it.
    """
    return _carried(world, company_proxy(world))


@apart(
    GROUP, Kind.ATTACK, reach=Reach.TRUST_STORE, twin="known_client_behind_proxy", holds=(Holds.DEVICE,), way=Way.PROXY
)
def known_client_by_installed_ca(world: World) -> Scene:
    """
    A CA was installed on the victim's machine, and the bank takes requests only from clients that it knows

        Installed Inspection CA -> bank.example   (attacker's key)

    To the server the company's proxy and this one are alike.
    """
    return _carried(world, installed_ca(world))


@apart(GROUP, Kind.ROTATION, reach=Reach.CERTIFICATE)
def known_client_forgotten(world: World) -> Scene:
    """
    The clients' certificates expire, and then the service loses what it knew of its clients

        day 0:   Honest Root -> Honest Issuing CA 1 -> bank.example   (wants a certificate, or a bound token)
        day 40:  the same, and certificates of clients lasted 30 days
        day 41:  the same, with another client CA and without the keys that it shared

    A server that refuses strangers has to keep in touch with its friends.
    """
    admits, expired, lost = Admission.begun(world.now), on(world, 40), on(world, 41)
    return told(
        world,
        _knowing(world, admits),
        _knowing(expired, admits.on(expired.now), "the same, when clients' certificates have expired"),
        _knowing(lost, admits.forgetful(lost.now), "the same, when it has lost its clients' keys"),
    )
