"""
Scenes of the issuer's later word: a key was stolen and its certificate revoked, and somebody staples what suits them.

On day 0 the server's key is stolen, on day 1 the owner has the certificate
revoked and takes another. Then the thief is on the line, with the old one. In
the twins nobody was robbed, and the site staples what its own thief would.
Path and key are those of an ordinary day: of what the server brings the staple
alone can tell, and whether it does is the thief's to choose. A response holds
for a week. Whoever asks the issuer himself hears the truth here: how that is
prevented is told in `fetched`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cryptography.x509 import ReasonFlags

from lab.pki.elsewhere import HONEST, Elsewhere, Gone, Open, answering, cut
from lab.pki.revoke import MUST_STAPLE, Revoked, respond, staple
from lab.pki.says import Says
from lab.pki.update import ordinary
from lab.pki.world import World
from lab.policy.pinset import Reach
from lab.scenes.announced import on
from lab.scenes.catalogue import Holds, Scene, Way, attack, attacked, changed, honest, rotation, told


def _visited(world: World, day: int, octets: bytes, elsewhere: Elsewhere = HONEST) -> Scene:
    """The genuine server, and on that day again, with this staple; empty where it has none."""
    title, says = "the genuine server, on that day", Says(staple=octets)
    return told(
        world, honest(world), changed(on(world, day), world.genuine, title=title, says=says, elsewhere=elsewhere)
    )


def _robbed(world: World, day: int, octets: bytes, **ways: Any) -> Scene:
    """The genuine server; and on that day the thief with its key and its certificate, and this staple."""
    later, title = on(world, day), "the thief is on the line, with the revoked certificate"
    elsewhere = replace(ordinary(world.logs, [_gone(world, ReasonFlags.key_compromise)], later.now), **ways)
    there = attacked(later, world.genuine, title=title, says=Says(staple=octets), elsewhere=elsewhere)
    return told(world, honest(world), there)


def _gone(world: World, reason: ReasonFlags) -> Gone:
    """The issuer has taken the certificate back, on day 1."""
    return world.issuing, Revoked(world.genuine.leaf.serial_number, on(world, 1).now, reason)


def _revoked(world: World, day: int, reason: ReasonFlags) -> bytes:
    """The issuer's word on that day: the certificate is revoked, since day 1."""
    return answering(_gone(world, reason))(world.genuine, on(world, day).now)


def _promising(world: World) -> World:
    """The same world, whose site has a certificate that says: my server always staples."""
    return world.after(world.issuing.issue(*world.hosts, extensions=[MUST_STAPLE]), world.store)


def _of_namesake(world: World) -> Open:
    """
    Responses of the issuer's about another CA's certificate: the name is the issuer's, the key is not.

    An OpenSSL server compares issuer's name and serial number itself, and would send nothing else.
    """
    namesake = world.authority(world.issuing.name, under=world.root)
    about = {world.issuing.key: namesake}
    return lambda one, time: respond(one, time, about=about.get(one.issuer.key) if one.issuer else None)


# ---- the word arrives -----------------------------------------------------------------------------


@rotation(
    reach=Reach.CERTIFICATE,
    incident="Let's Encrypt, 2020: a fault in its CAA check, 3,048,289 certificates announced for revocation, 1,706,950"
    " revoked by the deadline (community.letsencrypt.org/t/114864)",
    repeats="ordinary_day",
)
def revoked_in_use(world: World) -> Scene:
    """
    The CA revokes a certificate that the site still presents

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (staple: good)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (staple: revoked since day 1)

    Nobody stole anything: the CA had made a mistake, and the site did not hear of it in time.
    """
    elsewhere = ordinary(world.logs, [_gone(world, ReasonFlags.superseded)], on(world, 2).now)
    return _visited(world, 2, _revoked(world, 2, ReasonFlags.superseded), elsewhere)


@attack(
    reach=Reach.CERTIFICATE,
    twin="revoked_in_use",
    holds=Holds.SERVER_KEY,
    way=Way.WIFI,
    repeats="stolen_key_and_certificate",
)
def revoked_key_stapled(world: World) -> Scene:
    """
    The key is stolen and its certificate revoked, and the thief's server staples that

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (staple: good)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (the thief; staple: revoked since day 1)

    A thief who runs a server as it comes, which fetches its own staples. No other does anybody this favour.
    """
    return _robbed(world, 2, _revoked(world, 2, ReasonFlags.key_compromise))


# ---- the word is cut ------------------------------------------------------------------------------


@rotation(reach=Reach.CERTIFICATE, repeats="ordinary_day")
def responder_down(world: World) -> Scene:
    """
    The CA's responder is down, and the site has nothing to staple

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (staple: good)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (no staple)

    A server that was started anew has no old response either. The CA's lists stand elsewhere.
    """
    return _visited(world, 2, b"", Elsewhere(answers=cut))


@attack(
    reach=Reach.CERTIFICATE,
    twin="responder_down",
    holds=Holds.SERVER_KEY,
    way=Way.WIFI,
    incident="nearly this: Moxie Marlinspike, 2009, \"Defeating OCSP with the character '3'\": who asks a responder "
    "over an attacker's line is told to try later",
    repeats="stolen_key_and_certificate",
)
def staple_withheld(world: World) -> Scene:
    """
    The key is stolen and its certificate revoked, and the thief staples nothing

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (staple: good)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (the thief; no staple)

    Who goes on without a word has a check that works on every day but this one.
    """
    return _robbed(world, 2, b"")


@rotation(reach=Reach.CERTIFICATE, repeats="ordinary_day")
def responder_down_must_staple(world: World) -> Scene:
    """
    The CA's responder is down, and the site has a must-staple certificate

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (must-staple; staple: good)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (must-staple; no staple)

    The certificate says: my server always staples. The promise is the site's, and whether it is kept is the CA's.
    """
    return _visited(_promising(world), 2, b"")


@attack(
    reach=Reach.CERTIFICATE,
    twin="responder_down_must_staple",
    holds=Holds.SERVER_KEY,
    way=Way.WIFI,
    repeats="stolen_key_and_certificate",
)
def staple_withheld_must_staple(world: World) -> Scene:
    """
    The key of a must-staple certificate is stolen, and the thief staples nothing

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (must-staple; staple: good)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (the thief; must-staple; no staple)

    The owner's word travels in the certificate, which the thief cannot change. Most clients do not read it.
    """
    return _robbed(_promising(world), 2, b"")


# ---- the last good word ---------------------------------------------------------------------------


@rotation(reach=Reach.CERTIFICATE, repeats="ordinary_day")
def staple_from_the_cache(world: World) -> Scene:
    """
    The site staples a response of two days ago, which still holds

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (staple: good)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (the staple of day 0)

    What every server does: a response is made for a week, so that nobody has to ask for each visitor.
    """
    return _visited(world, 2, staple(world.genuine, world.now))


@attack(
    reach=Reach.CERTIFICATE,
    twin="staple_from_the_cache",
    holds=Holds.SERVER_KEY,
    way=Way.WIFI,
    repeats="stolen_key_and_certificate",
)
def staple_replayed(world: World) -> Scene:
    """
    The key is stolen and its certificate revoked, and the thief staples the last good response

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (staple: good)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (the thief; the staple of day 0)

    It is genuine, signed and fresh. The life of an answer is the head start of a thief.
    """
    return _robbed(world, 2, staple(world.genuine, world.now))


@rotation(reach=Reach.CERTIFICATE, repeats="ordinary_day")
def staple_stuck(world: World) -> Scene:
    """
    The site goes on stapling a response that holds no longer

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (staple: good)
        day 8:  Honest Root -> Honest Issuing CA 1 -> bank.example   (the staple of day 0)

    A job that fetches the new one every night has failed for a week, and nobody looked.
    """
    return _visited(world, 8, staple(world.genuine, world.now))


@attack(
    reach=Reach.CERTIFICATE,
    twin="staple_stuck",
    holds=Holds.SERVER_KEY,
    way=Way.WIFI,
    repeats="stolen_key_and_certificate",
)
def staple_replayed_past_its_end(world: World) -> Scene:
    """
    The key is stolen and its certificate revoked, and the thief staples the last good response when it is over

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (staple: good)
        day 8:  Honest Root -> Honest Issuing CA 1 -> bank.example   (the thief; the staple of day 0)

    Only whoever looks at the clock learns what the owner said a week ago.
    """
    return _robbed(world, 8, staple(world.genuine, world.now))


# ---- a word about somebody else -------------------------------------------------------------------


@rotation(reach=Reach.CERTIFICATE, repeats="ordinary_day")
def responder_mixes_up_issuers(world: World) -> Scene:
    """
    The responder answers for another CA of the same name, which has given the same serial number

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (staple: good)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (staple: good, for the other's certificate)

    The CA was made anew with another key, counts from the beginning, and one responder signs for both.
    """
    answers = _of_namesake(world)
    return _visited(world, 2, answers(world.genuine, on(world, 2).now), Elsewhere(answers))


@attack(
    reach=Reach.CERTIFICATE,
    twin="responder_mixes_up_issuers",
    holds=Holds.SERVER_KEY,
    way=Way.WIFI,
    repeats="stolen_key_and_certificate",
)
def another_issuers_staple(world: World) -> Scene:
    """
    The key is stolen and its certificate revoked, and the thief staples a response for another CA's certificate

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (staple: good)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (the thief; staple: good, for the other's)

    A serial number alone names nothing. Where numbers are drawn at random, as they have to be, there is no such twin.
    Whoever asks the responder gets the same response from the thief, who is on that line too.
    """
    answers = _of_namesake(world)
    return _robbed(world, 2, answers(world.genuine, on(world, 2).now), answers=answers)
