"""
Rotations: the genuine service changes something, and nobody attacks.

Each differs from an ordinary day in one thing. Where a client refuses, its
users have an outage.
"""

from __future__ import annotations

from lab.observation import Line
from lab.pki.authority import Authority, Credential, forged_link
from lab.pki.world import World
from lab.policy.pinset import Reach, Role
from lab.scenes.catalogue import Meeting, Scene, between, changed, first, resumed, rotation, then, usual, waited


@rotation(reach=Reach.CERTIFICATE)
def ordinary_day(world: World) -> Meeting:
    """
    Nothing changes

        Honest Root -> Honest Issuing CA 1 -> bank.example

    The sanity case: a client that cannot do this has failed before it began.
    """
    return changed(world, world.genuine, title="the genuine server, on an ordinary day")


@rotation(reach=Reach.LEAF)
def same_key(world: World) -> Meeting:
    """
    The site renews with the same key

        Honest Root -> Honest Issuing CA 1 -> bank.example   (new certificate, same key)

    A pin names a key, so only who pinned the whole certificate notices.
    """
    return changed(world, world.issuing.issue(*world.hosts, key=world.genuine.key))


@rotation(
    reach=Reach.INTERMEDIATE,
    incident="DigiCert gave notice of 24 hours that it would revoke 83,267 certificates, 2024-07-29; a new one is for "
    "a new key, unless somebody asks for the old one (digicert.com/support/certificate-revocation-incident)",
)
def new_key(world: World) -> Meeting:
    """
    The site renews with a new key

        Honest Root -> Honest Issuing CA 1 -> bank.example   (new key)

    lego 4.9.1, certbot 5.8.0 and dehydrated 0.7.0 make one at each renewal, unless told otherwise (measured).
    """
    return changed(world, world.issuing.issue(*world.hosts))


@rotation(reach=Reach({Role.ROOT, Role.INTERMEDIATE, Role.BACKUP}))
def backup_key(world: World) -> Meeting:
    """
    The site moves to its planned backup key

        Honest Root -> Honest Issuing CA 1 -> bank.example   (the backup key)

    The key was made, and its pin given to the clients, before it was needed.
    """
    return changed(world, world.issuing.issue(*world.hosts, key=world.backup_key))


@rotation(
    reach=Reach.ROOT,
    incident="HTTP Toolkit's pinning demo had pinned Let's Encrypt's intermediates E5 and R3, and its host came with "
    "E7 (android-ssl-pinning-demo#4, reported 2025-10-13): since 2024-06-06 that CA picks one of several at each "
    "issuance, among other things to discourage key pinning (letsencrypt.org/2024/03/19)",
)
def new_intermediate(world: World) -> Meeting:
    """
    The CA rotates its intermediate

        Honest Root -> Honest Issuing CA 2 -> bank.example   (new key)

    The site did nothing but renew.
    """
    return changed(world, world.sibling.issue(*world.hosts))


@rotation(reach=Reach({Role.ROOT, Role.LEAF}))
def other_intermediate_same_key(world: World) -> Meeting:
    """
    Another intermediate, and the site keeps its key

        Honest Root -> Honest Issuing CA 2 -> bank.example   (same key)

    Not a run from the top: root and leaf are shared, what is between them is not.
    """
    return changed(world, world.sibling.issue(*world.hosts, key=world.genuine.key))


@rotation(
    reach=Reach.TRUST_STORE,
    incident="Chrome 70 (2018-10-16) no longer trusted Symantec's certificates (DigiCert ALERT2530): whose root was "
    "pinned had to move all the same",
)
def new_ca(world: World) -> Meeting:
    """
    The site moves to another CA

        Other Public Root -> Other Issuing CA -> bank.example   (new key)

    Every browser goes on working.
    """
    return changed(world, world.other_issuing.issue(*world.hosts))


@rotation(reach=Reach({Role.LEAF}))
def other_ca_same_key(world: World) -> Meeting:
    """
    The site moves to another CA and keeps its key

        Other Public Root -> Other Issuing CA -> bank.example   (same key)

    The leaf pin, the most brittle of all, is the only one that survives.
    """
    return changed(world, world.other_issuing.issue(*world.hosts, key=world.genuine.key))


@rotation(reach=Reach({Role.BACKUP}))
def backup_key_other_ca(world: World) -> Meeting:
    """
    The site moves to another CA and to its planned backup key

        Other Public Root -> Other Issuing CA -> bank.example   (the backup key)

    The CA and the key have failed on one day. Who pinned the backup goes on.
    """
    return changed(world, world.other_issuing.issue(*world.hosts, key=world.backup_key))


@rotation(reach=Reach.TRUST_STORE)
def old_chain_left_behind(world: World) -> Meeting:
    """
    The site moves to another CA and leaves the old chain in the file

        Other Public Root -> Other Issuing CA -> bank.example   (new key)
        also sent: the old bank.example, Honest Issuing CA 1

    A common slip. Path validation does not mind superfluous certificates.
    """
    moved = world.other_issuing.issue(*world.hosts)
    return changed(world, moved.sending(*moved.chain[1:], *world.genuine.chain))


@rotation(reach=Reach.TRUST_STORE)
def cross_sign_sent_along(world: World) -> Meeting:
    """
    The site moves to another CA, whose root the old root has cross-signed

        Other Public Root -> Other Issuing CA -> bank.example   (new key)
        also sent: Other Public Root, as Honest Root signed it

    The client's store holds the new CA's root itself, so the path ends there
    and the cross-sign is left over.
    """
    return changed(world, beside_cross_sign(world))


def beside_cross_sign(world: World) -> Credential:
    """A certificate from the other CA, with the old root's cross-sign of that CA's root sent along."""
    moved = world.other_issuing.issue(*world.hosts)
    return moved.sending(*moved.chain[1:], world.root.cross_sign(world.other_root).certificate)


@rotation(reach=Reach.TRUST_STORE)
def makeshift_link(world: World) -> Meeting:
    """
    The site moves to another CA, and makes up a link to what its clients pinned

        Other Public Root -> Other Issuing CA -> bank.example   (new key)
        also sent: "Other Public Root" over the site's old public key, "issued by" Honest Issuing CA 1,
        and Honest Issuing CA 1 itself

    The site's own idea, for apps that walk from issuer to issuer by name: nobody
    signed the link, and it spares them an outage. It takes no secret to make one.
    """
    return changed(world, beside_forged_link(world))


def beside_forged_link(world: World) -> Credential:
    """A certificate from the other CA; sent along is one that nobody signed, and the CA that it says it is from."""
    other = world.other_issuing.issue(*world.hosts)
    forged = forged_link(world.other_root, world.genuine, world.issuing)
    return other.sending(*other.chain[1:], forged, world.issuing.certificate)


@rotation(
    reach=Reach.TRUST_STORE,
    incident="when Cloudflare left one of its CAs it saw more of its customers' pinning clients fail "
    "(blog.cloudflare.com, 2024-07-29)",
)
def move_to_cdn(world: World) -> Meeting:
    """
    The whole site moves behind a CDN, to the CDN's certificate

        CDN Public Root -> CDN Issuing CA -> shop.example, bank.example, ...   (the CDN's key)

    Key, CA and the other names in the certificate are now the CDN's business.
    """
    return changed(world, world.cdn_issuing.issue(*world.hosts, *NEIGHBOURS))


NEIGHBOURS = ("shop.example", "news.example")
"""Whose names stand beside the bank's in the CDN's certificate."""


@rotation(
    reach=Reach.ROOT,
    incident="Let's Encrypt's Generation Y roots began life cross-signed by the older ones "
    "(letsencrypt.org/2025/11/24)",
)
def new_root_cross_signed(world: World) -> Meeting:
    """
    The CA moves to a new root, cross-signed by the old one

        Honest Root -> New Honest Root -> New Issuing CA -> bank.example   (new key)

    The client's store still holds the old root only, so the path goes on to it.
    """
    return changed(world, under_new_root(world)[0])


@rotation(
    reach=Reach.TRUST_STORE,
    incident="the same change, after the client's own trust store was updated: "
    '"hard to build a pin-set that is guaranteed to work, due to the variance in ... trust stores" '
    "(blink-dev, 2017-10-27)",
)
def new_root_in_store(world: World) -> Meeting:
    """
    The same cross-signed root, and the client's store already holds it

        New Honest Root -> New Issuing CA -> bank.example   (new key)

    The server sends the same bytes as in the scene before. The store decides
    which root ends the path, and with it what a root pin sees.
    """
    credential, new_root = under_new_root(world)
    return changed(world, credential, store=(*world.store, new_root))


def under_new_root(world: World) -> tuple[Credential, Authority]:
    """A certificate from below a new root, with the old root's cross-sign of that root sent along; and the new root."""
    new_root = world.authority("New Honest Root")
    issuing = new_root.intermediate("New Issuing CA")
    crossed = world.root.cross_sign(new_root)
    return issuing.issue(*world.hosts).sending(issuing.certificate, crossed.certificate), new_root


@rotation(
    reach=Reach({Role.INTERMEDIATE, Role.LEAF, Role.CERTIFICATE}),
    incident="Brave had pinned roots of Let's Encrypt; on 2026-01-16 its store gained that CA's intermediates, and "
    "paths ended there (github.com/brave/brave-browser/issues/52059)",
)
def chain_shortened(world: World) -> Meeting:
    """
    The client's trust store gains the intermediate as a root

        Honest Issuing CA 1 (now a root in the store) -> bank.example

    Nobody touched the server. The path is shorter, and the old root is not on it.
    """
    return changed(
        world,
        world.genuine,
        store=(*world.store, world.issuing.as_root()),
        title="the genuine server, unchanged; the client's store has changed",
    )


@rotation(
    reach=Reach.ROOT,
    starts={"algorithm": "RSA"},
    incident="Let's Encrypt issues ECDSA certificates from intermediates of their own since 2024-06-06",
)
def rsa_to_ecdsa(world: World) -> Meeting:
    """
    The site moves from RSA to ECDSA

        Honest Root (RSA) -> Honest Issuing CA E1 (ECDSA) -> bank.example   (ECDSA)

    A new algorithm is a new key, and here it has its own intermediate too.
    """
    return changed(world, ecdsa_under_rsa(world))


def ecdsa_under_rsa(world: World) -> Credential:
    """A certificate from an ECDSA intermediate below the root of the service."""
    return world.authority("Honest Issuing CA E1", under=world.root).issue(*world.hosts)


@rotation(reach=Reach.TRUST_STORE)
def ecdsa_to_ml_dsa(world: World) -> Meeting:
    """
    The site moves from ECDSA to ML-DSA

        Post-Quantum Root -> Post-Quantum Issuing CA -> bank.example   (all ML-DSA-65)

    Signatures that withstand a quantum computer need a new root as well: a
    chain is as strong as its weakest signature.
    """
    credential, root = post_quantum(world)
    return changed(world, credential, store=(*world.store, root))


def post_quantum(world: World) -> tuple[Credential, Authority]:
    """A certificate under a root whose every signature is ML-DSA's; and that root."""
    root = world.authority("Post-Quantum Root", algorithm="ML-DSA")
    issuing = world.authority("Post-Quantum Issuing CA", under=root, algorithm="ML-DSA")
    return issuing.issue(*world.hosts, algorithm="ML-DSA"), root


@rotation(reach=Reach.INTERMEDIATE)
def two_servers(world: World) -> Scene:
    """
    Two servers behind one name have different keys

        Honest Root -> Honest Issuing CA 1 -> bank.example   (server A)
        Honest Root -> Honest Issuing CA 1 -> bank.example   (server B, its own key)

    Whom a client reaches is the load balancer's choice: A, then B, then A again.
    """
    server_b = changed(world, world.issuing.issue(*world.hosts), title="server B, genuine too")
    return between(world, server_b)


@rotation(reach=Reach.TRUST_STORE)
def company_proxy(world: World) -> Meeting:
    """
    A company inspects its own employees' traffic

        Installed Inspection CA -> bank.example   (the proxy's key)

    The employer installed the CA and said so. The proxy reads everything, and
    for this table that counts as the service being kept.
    """
    return then(
        world,
        Line.GENUINE,
        world.inspection_root.issue(*world.hosts),
        "the company's proxy, which may read, then the genuine server",
        store=(*world.store, world.inspection_root),
        installed=(world.inspection_root,),
        proxied=True,
    )


@rotation(reach=Reach.TRUST_STORE)
def first_visit_before_a_move(world: World) -> Scene:
    """
    The first visit falls on the last day of the site's old CA

        first:  Other Public Root -> Other Issuing CA -> bank.example   (old key)
        later:  Honest Root -> Honest Issuing CA 1 -> bank.example

    Nothing was enrolled before; what is met first is what is remembered.
    """
    return first(
        world,
        changed(world, world.other_issuing.issue(*world.hosts)),
        "first contact: the genuine server, still at its old CA",
        later="the genuine server, moved",
    )


@rotation(
    reach=Reach.TRUST_STORE,
    incident="ctrl-c.club's certificate expired on 2022-01-16, and its Gemini visitors had to decide what to make of "
    "the next one",
)
def moved_after_expiry(world: World) -> Scene:
    """
    The old certificate has expired before the site comes back at another CA

        Other Public Root -> Other Issuing CA -> bank.example   (new key)

    Nobody met the site in between. What was remembered of it is out of date.
    """
    return waited(world, lambda later: changed(later, later.other_issuing.issue(*later.hosts)))


@rotation(reach=Reach.TRUST_STORE)
def session_from_another_component(world: World) -> Scene:
    """
    Another part of the program has already met the moved site

        Other Public Root -> Other Issuing CA -> bank.example   (new key)

    An unpinned component talked to it first and left a TLS session in the
    cache that the whole program shares. A resumed session shows no certificate.
    """
    moved = changed(world, world.other_issuing.issue(*world.hosts))
    return resumed(world, moved, "the genuine server, at another CA; a session of another component is in the cache")


# ---- what a store holds beside roots -------------------------------------------------------------


@rotation(reach=Reach.CERTIFICATE)
def intermediate_beside_root(world: World) -> Meeting:
    """
    The client's store gains the intermediate as it is, beside the root

        Honest Root -> Honest Issuing CA 1 (now in the store, too) -> bank.example

    Nobody touched the server. Most programs go on to the root as before. Where
    the path ends at the first certificate of the store, a root pin has nothing
    to match any more (Python's default context since 3.13).
    """
    return changed(
        world,
        world.genuine,
        store=(*world.store, world.issuing),
        title="the genuine server, unchanged; the client's store has the intermediate, too",
    )


# ---- how the host is written ----------------------------------------------------------------------


@rotation(reach=Reach.TRUST_STORE)
def new_ca_trailing_dot(world: World) -> Scene:
    """
    After the move somebody writes the host's name with a dot at the end

        Other Public Root -> Other Issuing CA -> bank.example   (new key, asked for as bank.example.)

    The same host, as an absolute name (RFC 1034 section 3.1). Who looks for
    pins under the name as it is written finds none.
    """
    return usual(world, changed(world, world.other_issuing.issue(*world.hosts), host=f"{world.host}."))
