"""
Scenes of certificates in public: somebody hands in what he had issued, or does not, or hides the entry.

Each comes on day 2 with a path that a scene of the catalogue has too; what logs
have signed for it differs, and what is in the tree that they show. A log says that a certificate
is there and never who ordered it: where everything is in public, only the owner
can tell, and no client hears of that.
"""

from __future__ import annotations

from typing import Any

from cryptography import x509

from lab.observation import Line
from lab.pki.authority import Authority, Credential
from lab.pki.public import Logging
from lab.pki.world import World
from lab.policy.pinset import Reach
from lab.scenes.announced import by, on
from lab.scenes.catalogue import Holds, Scene, Way, attack, honest, rotation, then, told

MISISSUED: dict[str, Any] = {"reach": Reach.INTERMEDIATE, "way": Way.DNS, "repeats": "same_intermediate"}
"""The site's own CA issues for the attacker; to whoever sees the path alone that is all there is."""
SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


def _met(world: World, line: Line, issuer: str, logging: Logging) -> Scene:
    """The genuine server; and on day 2, with what this CA of the world issued and handed in in this way."""
    later = on(world, 2)
    signer: Authority = getattr(later.with_logging(logging), issuer)
    return _told(world, later, line, by(signer, later))


def _told(world: World, later: World, line: Line, credential: Credential) -> Scene:
    who = "the genuine server" if line is Line.GENUINE else "the attacker is on the line"
    return told(world, honest(world), then(later, line, credential, f"{who}, with a certificate of that day"))


def _copied(world: World, line: Line) -> Scene:
    """The genuine server; and on day 2, with a new certificate for its key and what logs signed for the first."""
    later = on(world, 2)
    scts = world.genuine.leaf.extensions.get_extension_for_oid(SCT_LIST).value
    issued = later.with_logging(Logging.NO).issuing.issue(*world.hosts, key=world.genuine.key, extensions=(scts,))
    return _told(world, later, line, issued)


# ---- nothing is handed in -------------------------------------------------------------------------


@rotation(
    reach=Reach.TRUST_STORE,
    incident="nearly this: 15 and 16 March 2023, over 150,000 certificates that browsers refused for their SCTs "
    "(sslmate.com/blog, March 2023)",
    repeats="new_ca",
)
def ca_forgot_to_log(world: World) -> Scene:
    """
    The site moves to another CA, which hands nothing in to a log

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (SCTs of two logs)
        day 2:  Other Public Root -> Other Issuing CA -> bank.example   (no SCTs)

    Every certificate is good by the CA's own rules; browsers have one more.
    """
    return _met(world, Line.GENUINE, "other_issuing", Logging.NO)


@attack(
    reach=Reach.TRUST_STORE,
    twin="ca_forgot_to_log",
    holds=Holds.TRUSTED_CA,
    way=Way.DNS,
    repeats="other_trusted_ca",
)
def unlogged(world: World) -> Scene:
    """
    Another trusted CA issues for the attacker, and hands nothing in to a log

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (SCTs of two logs)
        day 2:  Other Public Root -> Other Issuing CA -> bank.example   (attacker's key, no SCTs)

    No owner could find it. Who counts refuses it, as he refuses a CA that forgot.
    """
    return _met(world, Line.ATTACKER, "other_issuing", Logging.NO)


# ---- everything is handed in ----------------------------------------------------------------------


@rotation(reach=Reach.INTERMEDIATE, repeats="new_key")
def another_departments_order(world: World) -> Scene:
    """
    Another department orders a certificate for the site, at the same CA, and it is logged

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (SCTs of two logs)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (new key, SCTs of two logs)

    Whoever watches the logs for the site finds a key that he did not order, and calls the others first.
    """
    return _met(world, Line.GENUINE, "issuing", Logging.YES)


@attack(twin="another_departments_order", holds=Holds.SITE_INTERMEDIATE, **MISISSUED)
def logged_in_public(world: World) -> Scene:
    """
    The site's own CA issues for the attacker, and logs it

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (SCTs of two logs)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (attacker's key, SCTs of two logs)

    Every count is content, and a witness too. The one who could tell is the owner, if he reads.
    """
    return _met(world, Line.ATTACKER, "issuing", Logging.YES)


# ---- what was signed for another ------------------------------------------------------------------


@rotation(
    reach=Reach.LEAF,
    incident="nearly this: several CAs left out of an SCT what the log had put into it, so that no signature held "
    "(Andrew Ayer, dev-security-policy, 11 December 2025)",
    repeats="same_key",
)
def scts_of_the_last_one(world: World) -> Scene:
    """
    The site renews with the same key, and the CA puts the old certificate's SCTs into the new one

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (SCTs of two logs)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (same key, the SCTs of day 0)

    A fault in the CA's program. The list is there; what it says is of another certificate.
    """
    return _copied(world, Line.GENUINE)


@attack(
    reach=Reach.LEAF,
    twin="scts_of_the_last_one",
    holds=(Holds.SERVER_KEY, Holds.SITE_INTERMEDIATE),
    way=Way.WIFI,
    repeats="stolen_key_new_certificate",
)
def scts_copied(world: World) -> Scene:
    """
    A thief of the key has a certificate of his own, which nobody logs, with the genuine one's SCTs in it

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (SCTs of two logs)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (the stolen key, the SCTs of day 0)

    They are public. Who does not verify them finds all in order.
    """
    return _copied(world, Line.ATTACKER)


# ---- it is handed in, and not there yet -----------------------------------------------------------


@rotation(reach=Reach.INTERMEDIATE, repeats="new_key")
def logs_late(world: World) -> Scene:
    """
    The site renews, and the logs take a day to put the entry into their trees

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (SCTs of two logs)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (new key, SCTs of two logs, in no tree yet)

    They keep their word: an SCT promises an entry within 24 hours, and no sooner.
    """
    return _met(world, Line.GENUINE, "issuing", Logging.LATE)


@attack(twin="logs_late", holds=Holds.SITE_INTERMEDIATE, **MISISSUED)
def used_before_it_is_public(world: World) -> Scene:
    """
    The site's own CA issues for the attacker, who is done before the logs show it

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (SCTs of two logs)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (attacker's key, SCTs, in no tree yet)

    The owner who reads the logs all day finds it tomorrow. Who wants a proof waits with the honest.
    """
    return _met(world, Line.ATTACKER, "issuing", Logging.LATE)


# ---- it is handed in, and not shown ---------------------------------------------------------------


@rotation(reach=Reach.INTERMEDIATE, repeats="new_key")
def logs_fell_apart(world: World) -> Scene:
    """
    The site renews, and by a fault the logs put the entry into a tree that they do not show

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (SCTs of two logs)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (new key, SCTs of two logs, second trees)

    Two machines of a log that disagree sign two heads of one size. To a witness that is all there is to see.
    """
    return _met(world, Line.GENUINE, "issuing", Logging.HIDDEN)


@attack(twin="logs_fell_apart", holds=(Holds.SITE_INTERMEDIATE, Holds.LOGS), **MISISSUED)
def entry_hidden(world: World) -> Scene:
    """
    The site's own CA issues for the attacker, and the logs put the entry into a tree that they show nobody

        day 0:  Honest Root -> Honest Issuing CA 1 -> bank.example   (SCTs of two logs)
        day 2:  Honest Root -> Honest Issuing CA 1 -> bank.example   (attacker's key, SCTs of two logs, second trees)

    Every SCT holds, and whoever reads the logs finds nothing. The trees have two heads, and a witness signs one.
    """
    return _met(world, Line.ATTACKER, "issuing", Logging.HIDDEN)
