"""
Attacks: somebody else is on the line.

Each presents a chain that differs from an ordinary day's in one thing, and
says what the attacker must hold and how such an attacker gets on the path. One
that passes ordinary validation names the rotation that looks exactly like it.
"""

from __future__ import annotations

from lab.pki.authority import acting_as_ca, authority, self_signed
from lab.pki.world import World
from lab.policy.pinset import Reach, Role
from lab.scenes.catalogue import (
    Fault,
    Holds,
    Meeting,
    Scene,
    Way,
    attack,
    attacked,
    first,
    resumed,
    usual,
    waited,
)
from lab.scenes.rotations import beside_forged_link


@attack(reach=Reach.TRUST_STORE, fails=Fault.UNTRUSTED, holds=Holds.OWN_CA, way=Way.WIFI)
def self_signed_certificate(world: World) -> Meeting:
    """
    A self-signed certificate

        bank.example   (attacker's key, signed by itself)

    The attack that ordinary validation exists for.
    """
    return attacked(world, self_signed(*world.hosts, now=world.now))


@attack(reach=Reach.TRUST_STORE, fails=Fault.UNTRUSTED, holds=Holds.OWN_CA, way=Way.WIFI)
def untrusted_rogue_ca(world: World) -> Meeting:
    """
    A rogue CA that nobody trusts

        Rogue Root -> bank.example   (attacker's key)

    A chain alone is worth nothing; the store has to hold its root.
    """
    return attacked(world, world.rogue_root.issue(*world.hosts))


@attack(reach=Reach.TRUST_STORE, fails=Fault.UNTRUSTED, holds=Holds.OWN_CA, way=Way.WIFI)
def look_alike_root(world: World) -> Meeting:
    """
    A look-alike root: the same names, other keys

        Honest Root (forged) -> Honest Issuing CA 1 (forged) -> bank.example   (attacker's key)

    Names are free. A trust store holds keys, and so does a pin.
    """
    forged = authority(world.root.name, now=world.now).intermediate(world.issuing.name)
    return attacked(world, forged.issue(*world.hosts))


@attack(
    reach=Reach.TRUST_STORE,
    twin="new_ca",
    holds=Holds.TRUSTED_CA,
    way=Way.DNS,
    incident="DigiNotar, 2011: at least 531 certificates, *.google.com used in Iran, found from 27 to 29 August "
    "because Chrome pinned Google's keys (Communications of the ACM, October 2014)",
)
def other_trusted_ca(world: World) -> Meeting:
    """
    Another trusted CA mis-issues

        Other Public Root -> Other Issuing CA -> bank.example   (attacker's key)

    Every CA in the store may vouch for every host, unless it is limited to some names, and few are.
    """
    return attacked(world, world.other_issuing.issue(*world.hosts))


@attack(
    reach=Reach.TRUST_STORE,
    twin="company_proxy",
    holds=Holds.DEVICE,
    way=Way.PROXY,
    incident="Superfish, 2014-15: the same installed CA key on laptops of many series",
)
def installed_ca(world: World) -> Meeting:
    """
    A CA was installed on the victim's machine

        Installed Inspection CA -> bank.example   (attacker's key)

    Browsers let such a CA override their pins, because a company's own proxy
    looks the same.
    """
    return attacked(
        world,
        world.inspection_root.issue(*world.hosts),
        store=(*world.store, world.inspection_root),
        installed=(world.inspection_root,),
    )


@attack(
    reach=Reach.ROOT,
    twin="new_intermediate",
    holds=Holds.SITE_ROOT,
    way=Way.DNS,
    incident="nearly this: Comodo, 2011-03-15, nine certificates straight from the UTN-UserFirst-Hardware root, "
    "so that only the root's key is shared, as here (blog.mozilla.org/security/2011/03/25)",
)
def sibling_intermediate(world: World) -> Meeting:
    """
    A sibling intermediate mis-issues

        Honest Root -> Honest Issuing CA 2 -> bank.example   (attacker's key)

    A root pin cannot object: the root really is on the path.
    """
    return attacked(world, world.sibling.issue(*world.hosts))


@attack(
    reach=Reach.INTERMEDIATE,
    twin="new_key",
    holds=Holds.SITE_INTERMEDIATE,
    way=Way.DNS,
    incident="jabber.ru, 2023: Let's Encrypt certificates obtained by a man in the middle in the hosting network, "
    "90 days confirmed, possibly from 2023-04-18 to 2023-10-19, noticed when one expired "
    "(community.letsencrypt.org/t/206966)",
)
def same_intermediate(world: World) -> Meeting:
    """
    The same intermediate mis-issues

        Honest Root -> Honest Issuing CA 1 -> bank.example   (attacker's key)

    Whoever stands in front of the server can pass a domain validation too.
    """
    return attacked(world, world.issuing.issue(*world.hosts))


@attack(
    reach=Reach({Role.ROOT, Role.INTERMEDIATE, Role.BACKUP}),
    twin="backup_key",
    holds=(Holds.BACKUP_KEY, Holds.SITE_INTERMEDIATE),
    way=Way.DNS,
)
def stolen_backup_key(world: World) -> Meeting:
    """
    The backup key is stolen

        Honest Root -> Honest Issuing CA 1 -> bank.example   (the backup key)

    A backup pin is one more key that opens the door (RFC 7469 section 4.3).
    """
    return attacked(world, world.issuing.issue(*world.hosts, key=world.backup_key))


@attack(
    reach=Reach.LEAF,
    twin="same_key",
    holds=(Holds.SERVER_KEY, Holds.SITE_INTERMEDIATE),
    way=Way.DNS,
)
def stolen_key_new_certificate(world: World) -> Meeting:
    """
    A new certificate for the stolen key

        Honest Root -> Honest Issuing CA 1 -> bank.example   (new certificate, the site's own key)

    The attacker is the pinned identity.
    """
    return attacked(world, world.issuing.issue(*world.hosts, key=world.genuine.key))


@attack(
    reach=Reach.CERTIFICATE,
    twin="ordinary_day",
    holds=Holds.SERVER_KEY,
    way=Way.WIFI,
    incident="Heartbleed, CVE-2014-0160: the first key in CloudFlare's challenge was out after nine hours "
    "(blog.cloudflare.com)",
)
def stolen_key_and_certificate(world: World) -> Meeting:
    """
    The stolen key with its genuine certificate

        Honest Root -> Honest Issuing CA 1 -> bank.example   (the genuine certificate itself)

    There is nothing left that a path could tell.
    """
    return attacked(world, world.genuine)


@attack(reach=Reach.CERTIFICATE, fails=Fault.NO_KEY, holds=Holds.CERTIFICATE, way=Way.WIFI)
def certificate_without_its_key(world: World) -> Scene:
    """
    The genuine certificate, without its key

        Honest Root -> Honest Issuing CA 1 -> bank.example   (the genuine certificate itself)

    Whoever is served on an ordinary day says yes: every pin matches. A certificate
    is no secret: its key has to sign the handshake as well, and here nobody can.
    (It is no move: whoever is given the credential in a timeline has its key.)
    """
    return usual(world, attacked(world, world.genuine, keyless=True))


@attack(
    reach=Reach.TRUST_STORE,
    twin="old_chain_left_behind",
    holds=Holds.TRUSTED_CA,
    way=Way.DNS,
    incident="CVE-2016-2402: OkHttp before 2.7.4 and 3.1.2, and many apps that used getPeerCertificates",
)
def chain_stuffing(world: World) -> Meeting:
    """
    Chain stuffing: the genuine certificates are sent along

        Other Public Root -> Other Issuing CA -> bank.example   (attacker's key)
        also sent: the genuine bank.example, Honest Issuing CA 1

    What is sent is the attacker's choice; what is on the path is not.
    """
    rogue = world.other_issuing.issue(*world.hosts)
    return attacked(world, rogue.sending(*rogue.chain[1:], *world.genuine.chain))


@attack(
    reach=Reach.TRUST_STORE,
    twin="makeshift_link",
    holds=Holds.TRUSTED_CA,
    way=Way.DNS,
    incident="found by this lab's field test: Node 20.20.2 builds `issuerCertificate` from what was sent, by name and "
    "key identifier, and checks no signature on the way",
)
def forged_link(world: World) -> Meeting:
    """
    A forged link: a certificate that nobody signed is sent along

        Other Public Root -> Other Issuing CA -> bank.example   (attacker's key)
        also sent: "Other Public Root" over the genuine server's public key, "issued by" Honest Issuing CA 1,
        and Honest Issuing CA 1 itself

    Validation ends at the real Other Public Root and leaves the forged one out.
    Who walks from issuer to issuer by name, after validation, walks across it,
    and meets every key that anybody may have pinned.
    """
    return attacked(world, beside_forged_link(world))


@attack(reach=Reach.TRUST_STORE, fails=Fault.UNTRUSTED, holds=Holds.OWN_CA, way=Way.WIFI)
def stuffed_rogue_chain(world: World) -> Meeting:
    """
    A rogue CA that nobody trusts, with the genuine certificates sent along

        Rogue Root -> bank.example   (attacker's key)
        also sent: the genuine bank.example, Honest Issuing CA 1

    The same trick without any CA: enough for whoever looks at what was sent and
    forgives the rest.
    """
    rogue = world.rogue_root.issue(*world.hosts)
    return attacked(world, rogue.sending(*world.genuine.chain))


@attack(
    reach=Reach.INTERMEDIATE,
    fails=Fault.WRONG_HOST,
    holds=Holds.OTHER_SITE,
    way=Way.WIFI,
    incident="Spinner, ACSAC 2017: 9 of 400 apps pinned a CA and did not check the host name",
)
def other_hosts_certificate(world: World) -> Meeting:
    """
    A valid certificate for another host

        Honest Root -> Honest Issuing CA 1 -> evil.example   (attacker's key)

    Anybody can buy one from the very CA that the site uses.
    """
    return attacked(world, world.issuing.issue("evil.example"))


@attack(
    reach=Reach.INTERMEDIATE,
    fails=Fault.NOT_A_CA,
    holds=Holds.OTHER_SITE,
    way=Way.WIFI,
    incident="CVE-2002-0862",
)
def leaf_as_ca(world: World) -> Meeting:
    """
    A server's certificate is used as a CA

        Honest Root -> Honest Issuing CA 1 -> evil.example -> bank.example   (attacker's key)

    Its basicConstraints say that it is no CA. Somebody has to read them.
    """
    bought = world.issuing.issue("evil.example")
    return attacked(world, acting_as_ca(bought).issue(*world.hosts))


@attack(
    reach=Reach.CERTIFICATE,
    fails=Fault.EXPIRED,
    holds=Holds.SERVER_KEY,
    way=Way.WIFI,
)
def expired_with_stolen_key(world: World) -> Scene:
    """
    The genuine certificate, expired, with its stolen key

        Honest Root -> Honest Issuing CA 1 -> bank.example   (expired ten days ago)

    An old server's disk was sold with its key. Only the date speaks against it.
    """
    return waited(world, lambda later: attacked(later, later.genuine))


@attack(
    reach=Reach.TRUST_STORE,
    twin="first_visit_before_a_move",
    holds=Holds.TRUSTED_CA,
    way=Way.WIFI,
)
def first_contact(world: World) -> Scene:
    """
    The attacker is there before the genuine server was ever seen

        first:  Other Public Root -> Other Issuing CA -> bank.example   (attacker's key)
        later:  Honest Root -> Honest Issuing CA 1 -> bank.example      (the attacker has left)

    Key continuity remembers the attacker, and raises its alarm when he leaves.
    """
    return first(
        world,
        attacked(world, world.other_issuing.issue(*world.hosts)),
        "first contact: the attacker is on the line",
        later="the attacker has left: the genuine server",
    )


@attack(reach=Reach.TRUST_STORE, fails=Fault.UNTRUSTED, holds=Holds.OWN_CA, way=Way.WIFI)
def untrusted_first_contact(world: World) -> Scene:
    """
    An attacker whom no CA helps is there before the genuine server was ever seen

        first:  Rogue Root -> bank.example                              (attacker's key)
        later:  Honest Root -> Honest Issuing CA 1 -> bank.example      (the attacker has left)

    Whoever asks the CAs refuses, and learns nothing false. Who asks nobody
    remembers a stranger.
    """
    return first(
        world,
        attacked(world, world.rogue_root.issue(*world.hosts)),
        "first contact: an attacker with a CA of their own",
        later="the attacker has left: the genuine server",
    )


@attack(
    reach=Reach.TRUST_STORE,
    twin="moved_after_expiry",
    holds=Holds.TRUSTED_CA,
    way=Way.WIFI,
    incident="gmni, a Gemini client, disregards a record whose certificate has expired (drewdevault.com, 2020-09-21)",
)
def waited_for_expiry(world: World) -> Scene:
    """
    The attacker waits until the remembered certificate has expired

        Other Public Root -> Other Issuing CA -> bank.example   (attacker's key)

    A memory that lapses with the certificate is a door that opens on a known day.
    """
    return waited(world, lambda later: attacked(later, later.other_issuing.issue(*later.hosts)))


@attack(
    reach=Reach.TRUST_STORE,
    twin="session_from_another_component",
    holds=Holds.TRUSTED_CA,
    way=Way.DNS,
    incident="AFNetworking with the CFNetwork session cache: one unpinned call switched pinning off for ten minutes "
    "(yageek.net, 2015-04-25)",
)
def session_resumed(world: World) -> Scene:
    """
    A session that an unpinned component made with the attacker is resumed

        Other Public Root -> Other Issuing CA -> bank.example   (attacker's key)

    A resumed session shows no certificate, so a check that runs when one
    arrives never runs.
    """
    there = attacked(world, world.other_issuing.issue(*world.hosts))
    return resumed(world, there, "the attacker is on the line; a session of another component is in the cache")
