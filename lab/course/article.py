"""
The claim ledger: what a well-known article says of pinning, claim by claim, and what running it shows.

The article is "What Is Certificate Pinning?" (Sectigo's blog, 2021-03-15).
Every claim of it stands here in the lab's own words, in the article's order,
with its class and with what supports that class; no sentence of the article is
in this file. How a class follows from trials is in `lab.course.ledger`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from cryptography import x509

from lab.course import ledger as ledgers
from lab.course.ledger import Cell, Claim, Class, Experiment, Ledger, Ran, Row, Section
from lab.hpkp.calendar import VISITORS, play
from lab.hpkp.claims import no_backup_is_ignored
from lab.hpkp.dated import scene as dated
from lab.observation import Outcome
from lab.pki.authority import Credential
from lab.pki.world import World
from lab.policy import checks
from lab.policy.clients import Client, client
from lab.policy.pinset import PinSet, Reach, Role
from lab.scenes.catalogue import Case, Kind, Scene, attacks, case, changed, honest, site_pins
from lab.trials.matrix import matrix
from lab.trials.stage import Stage
from lab.trials.trial import run as go_through
from lab.trials.trial import trial

__all__ = ["CLAIMS", "Class", "Section", "ledger", "run"]

SERVED, STOPPED, OUTAGE, INTERCEPTED = Outcome.SERVED, Outcome.STOPPED, Outcome.OUTAGE, Outcome.INTERCEPTED

CLAIMS: list[Claim] = []


def ledger() -> Ledger:
    """All claims with their classes; nothing is run."""
    return Ledger(tuple(Row(one) for one in CLAIMS))


def run() -> Ledger:
    """All claims, with everything run that can be, over real TLS (one to two seconds)."""
    return ledgers.run(CLAIMS)


def _claim(
    section: Section,
    kind: Class,
    words: str,
    *cells: Cell,
    condition: str = "",
    source: str = "",
    missing: str = "",
    note: str = "",
) -> None:
    """Add a claim. Raises ValueError where the class and what supports it do not belong together."""
    number = len(CLAIMS) + 1
    CLAIMS.append(Claim(number, section, words, kind, cells, None, condition, source, missing, note))


def _tried(
    section: Section, kind: Class, words: str, *cells: Cell, condition: str = "", note: str = ""
) -> Callable[[Experiment], Experiment]:
    """Add a claim that the decorated experiment tries."""

    def add(experiment: Experiment) -> Experiment:
        number = len(CLAIMS) + 1
        CLAIMS.append(Claim(number, section, words, kind, cells, experiment, condition, note=note))
        return experiment

    return add


# ---- scenes that only one claim needs ------------------------------------------------------------


def ordinary_path() -> tuple[x509.Certificate, ...]:
    """The path that the unpinned client validated on an ordinary day, leaf first."""
    path = trial(client("unpinned"), case("ordinary_day")).shown.observation.path or ()
    return tuple(x509.load_der_x509_certificate(one.der) for one in path)


def _among(name: str, title: str, build: Callable[[World], Scene]) -> Case:
    """A scene of the ledger's own; the catalogue does not know it."""
    return Case(name, Kind.ROTATION, title, title, build, Reach())


def straight_from_the_root() -> Case:
    """A genuine service whose certificate the root itself signed."""

    def build(world: World) -> Scene:
        return _honest_with(world, world.root.issue(world.host))

    return _among("straight_from_the_root", "The root signs the site's certificate itself", build)


def two_intermediates() -> Case:
    """A genuine service with two intermediates above it."""

    def build(world: World) -> Scene:
        return _honest_with(world, world.issuing.intermediate("Honest Issuing CA 1a").issue(world.host))

    return _among("two_intermediates", "Two intermediates stand between root and site", build)


def _honest_with(world: World, genuine: Credential) -> Scene:
    meeting = replace(honest(world), credential=genuine)
    return Scene(world.host, genuine, site_pins(world, genuine), (meeting,), 0)


def served_through(what: Case, names: Iterable[str]) -> Iterator[Ran]:
    """Whether these clients are served in this scene, and over how long a path."""
    done = matrix([client(name) for name in names], [what])
    for one in done.clients:
        shown = done.cell(one.name, what.name)
        length = len(shown.shown.observation.path or ())
        words = f"{shown.outcome.value} over a path of {length}"
        yield Ran(f"{one.name} in {what.name}", words, shown.outcome is SERVED)


# ---- what pinning is -----------------------------------------------------------------------------

_claim(
    Section.WHAT,
    Class.HOLDS,
    "Pinning is a way to make sure, from the client's side, that it talks to the right server.",
    Cell("leaf-pinned", "ordinary_day", SERVED),
    Cell("leaf-pinned", "other_trusted_ca", STOPPED),
)
_claim(
    Section.WHAT,
    Class.HOLDS,
    "The client compares the server's certificate with a copy that it already has.",
    Cell("certificate-pinned", "ordinary_day", SERVED),
    Cell("certificate-pinned", "stolen_key_new_certificate", STOPPED),
    note="Only the certificate differs in the second scene; the key is the site's own",
)
_claim(
    Section.WHAT,
    Class.CONDITION,
    "When the two are the same, that is enough: the connection counts as allowed.",
    Cell("certificate-pinned", "ordinary_day", SERVED),
    Cell("certificate-pinned", "expired_with_stolen_key", INTERCEPTED),
    Cell("intermediate-pinned", "other_hosts_certificate", INTERCEPTED),
    condition="ordinary validation and the host name pass as well; a match replaces neither",
)
_claim(
    Section.WHAT,
    Class.CONDITION,
    "A connection with any certificate but the pinned one is turned down.",
    Cell("certificate-pinned", "same_key", OUTAGE),
    Cell("leaf-pinned", "same_key", OUTAGE),
    Cell("root-pinned", "new_key", OUTAGE),
    condition="the whole leaf certificate is pinned, and not its key or a CA's",
)
_claim(
    Section.WHAT,
    Class.HISTORY,
    "What applications pin most often is a whole certificate.",
    source="no count is known to us; the implementations whose rules we have compare keys: RFC 7469 section 2.6, "
    "Android's NetworkSecurityTrustManager.checkPins, curl --pinnedpubkey; the Gemini client gmni compares "
    "certificates (drewdevault.com/2020/09/21)",
)
_claim(
    Section.WHAT,
    Class.HOLDS,
    "One may pin a CA instead of the server.",
    Cell("root-pinned", "new_key", SERVED),
    Cell("intermediate-pinned", "new_key", SERVED),
    Cell("root-pinned", "other_trusted_ca", STOPPED),
)
_claim(
    Section.WHAT,
    Class.HOLDS,
    "One may pin no more than a public key.",
    Cell("leaf-pinned", "ordinary_day", SERVED),
    Cell("leaf-pinned", "new_key", OUTAGE),
)
_claim(
    Section.WHAT,
    Class.HOLDS,
    "A pinned key is not bound to a particular certificate.",
    Cell("leaf-pinned", "same_key", SERVED),
    Cell("leaf-pinned", "other_ca_same_key", SERVED),
    Cell("leaf-pinned", "stolen_key_new_certificate", INTERCEPTED),
)
_claim(
    Section.WHAT,
    Class.HISTORY,
    "Pinning was invented against the man in the middle.",
    source="DigiNotar's false certificates came to light because Chrome pinned Google, 2011-08-28 "
    "(Communications of the ACM, October 2014)",
    note="What it has done is on record; what it was meant for is our reading",
)
_claim(
    Section.WHAT,
    Class.HISTORY,
    "It has mostly been given up, because it is complicated and dangerous.",
    source='Chris Palmer, blink-dev, 2017-10-27: "hard to build a pin-set that is guaranteed to work"; OkHttp\'s own '
    'documentation of its pinner has the heading "Certificate Pinning is Dangerous!"',
)
_claim(
    Section.WHAT,
    Class.HISTORY,
    "Most browsers have dropped it.",
    source="Chrome 72 removed pinning by header (chromestatus.com/feature/5903385005916160)",
    note="Chromium's source still has a list of pins that is built in (transport_security_state_static.pins)",
)
_claim(
    Section.WHAT,
    Class.HISTORY,
    "Most companies that pinned did it wrongly, and had outages.",
    source="outages are on record: Barclays's app, 2016-11-24 (CA/Browser Forum public list, November 2016); Smashing "
    "Magazine's readers (smashingmagazine.com/be-afraid-of-public-key-pinning); that it was most, nobody counted",
)
_claim(
    Section.WHAT,
    Class.HOLDS,
    "A pin that is done wrongly can do great harm.",
    Cell("no-host-name-check", "other_hosts_certificate", INTERCEPTED),
    Cell("pins-presented-chain", "chain_stuffing", INTERCEPTED),
    Cell("checks-too-late", "other_trusted_ca", INTERCEPTED),
    Cell("leaf-pinned", "new_key", OUTAGE),
)
_claim(
    Section.WHAT,
    Class.HISTORY,
    "The article's publisher, itself a CA, advises against pinning.",
    source="the article, 2021-03-15",
)

# ---- where it came from --------------------------------------------------------------------------

_claim(
    Section.ORIGIN,
    Class.HISTORY,
    "Google was among the first who pinned, in 2011, for its own servers in Chrome.",
    source="Chrome pinned Google by 2011-08-28 (Communications of the ACM, October 2014)",
)
_claim(
    Section.ORIGIN,
    Class.HISTORY,
    "For those names, Chrome took nothing but the certificates pinned at the time.",
    source="Chromium's transport_security_state.cc: a pin violation refuses, and a chain that ends in a root which "
    "was installed locally can be let through (BYPASSED)",
    note="See also the claims on what a CA can do to a pinned client, which were run",
)
_claim(
    Section.ORIGIN,
    Class.CONDITION,
    "If an attacker gets a trusted CA to issue a certificate, a pinned client still refuses it.",
    Cell("root-pinned", "other_trusted_ca", STOPPED),
    Cell("leaf-pinned", "other_trusted_ca", STOPPED),
    Cell("root-pinned", "sibling_intermediate", STOPPED),
    Cell("intermediate-pinned", "same_intermediate", STOPPED),
    condition="the CA that was deceived is not one whose key is pinned",
)
_claim(
    Section.ORIGIN,
    Class.HISTORY,
    "Chrome and Firefox were among the first programs that had it.",
    source="both have it in their source: Chromium's transport_security_state_static.pins, Firefox's test_pinning.js "
    "with its four levels; which programs were first, these do not say",
)
_claim(
    Section.ORIGIN,
    Class.HISTORY,
    "Phone apps, devices and other software followed.",
    source="Android's network security configuration, NSPinnedDomains from iOS 14, TrustKit, OkHttp, "
    "curl --pinnedpubkey; for devices we have no source",
)
_claim(
    Section.ORIGIN,
    Class.HISTORY,
    "Today it has a bad name.",
    source="Let's Encrypt changed intermediates to discourage key pinning (letsencrypt.org/2024/03/19); Cloudflare "
    "saw more of its customers' pinning clients fail (blog.cloudflare.com, 2024-07-29)",
)
_claim(
    Section.ORIGIN,
    Class.HOLDS,
    "The reason is its price: who pins can no longer change certificates freely.",
    Cell("leaf-pinned", "new_key", OUTAGE),
    Cell("intermediate-pinned", "new_intermediate", OUTAGE),
    Cell("root-pinned", "new_ca", OUTAGE),
    Cell("unpinned", "new_ca", SERVED),
)
_claim(
    Section.ORIGIN,
    Class.HISTORY,
    "Pinning by an HTTP header (HPKP) has been withdrawn entirely.",
    source="removed in Chrome 72 (chromestatus.com/feature/5903385005916160)",
)

# ---- how it works --------------------------------------------------------------------------------


@_tried(
    Section.HOW,
    Class.HOLDS,
    "A host name is tied, in advance, to a certificate or to a public key.",
)
def _tied_in_advance() -> Iterator[Ran]:
    shown = trial(client("leaf-pinned"), case("ordinary_day"))
    built_in = shown.encounters[0].known.site[Role.LEAF]
    same = (shown.encounters[0].observation.path or ())[0].pin in built_in
    yield Ran("the pin built in, and the key met first", "the same" if same else "another", same)


@_tried(Section.HOW, Class.HOLDS, "The certificates are X.509 certificates.")
def _x509() -> Iterator[Ran]:
    versions = {one.version.name for one in ordinary_path()}
    yield Ran("every certificate on the path, parsed as X.509", ", ".join(sorted(versions)), versions == {"v3"})


@_tried(Section.HOW, Class.HOLDS, "At bottom the mechanism is a simple one.")
def _one_check_more() -> Iterator[Ran]:
    asked = {
        name: [found.check for found in trial(client(name), case("ordinary_day")).verdict.findings]
        for name in ("unpinned", "leaf-pinned")
    }
    more = [name for name in asked["leaf-pinned"] if name not in asked["unpinned"]]
    yield Ran("checks that leaf-pinned asks and unpinned does not", f"{len(more)} ({more[0]})", len(more) == 1)


_claim(
    Section.HOW,
    Class.CONDITION,
    "A connection is approved only if the certificate that was offered is in the pinned set.",
    Cell("leaf-pinned", "new_key", OUTAGE),
    Cell("leaf-pinned", "chain_stuffing", INTERCEPTED),
    Cell("pins-presented-chain", "chain_stuffing", INTERCEPTED),
    condition='"offered" is read as what stands on the path: in chain stuffing the pinned certificate is sent along, '
    "and the client that looks at what was sent is robbed",
)
_claim(
    Section.HOW,
    Class.HISTORY,
    "Mostly the pin is put into the program while it is developed.",
    source="so it is done with OkHttp, Android's network security configuration and NSPinnedDomains on iOS; no count "
    "is known to us",
)
_claim(
    Section.HOW,
    Class.CONDITION,
    "A pin that was put in during development is hard to tamper with.",
    Cell("leaf-pinned", "first_contact", STOPPED),
    Cell("switched-off", "other_trusted_ca", STOPPED),
    condition="the attacker is not inside the process; there the check is simply replaced (OWASP MASTG-TECH-0012)",
)
_claim(
    Section.HOW,
    Class.HOLDS,
    "A client can also learn the pin when it connects for the first time (key continuity).",
    Cell("first-use-key", "ordinary_day", SERVED),
    Cell("first-use-key", "other_trusted_ca", STOPPED),
    Cell("first-use-key", "new_key", OUTAGE),
)
_claim(
    Section.HOW,
    Class.HOLDS,
    "Who learns it so can be deceived by an attacker who is there that first time.",
    Cell("first-use-key", "first_contact", INTERCEPTED),
    Cell("first-use-with-ca", "first_contact", INTERCEPTED),
    Cell("leaf-pinned", "first_contact", STOPPED),
)
_claim(
    Section.HOW,
    Class.HOLDS,
    "Pinning presupposes that both sides settled beforehand what will be shown.",
    Cell("leaf-or-backup", "backup_key", SERVED),
    Cell("leaf-pinned", "backup_key", OUTAGE),
    Cell("leaf-pinned", "two_servers", OUTAGE),
)
_claim(
    Section.HOW,
    Class.FAILS,
    "That makes it unnecessary to keep asking the CAs whether a certificate is still good.",
    Cell("leaf-pinned", "stolen_key_and_certificate", STOPPED),
    Cell("certificate-pinned", "stolen_key_and_certificate", STOPPED),
    Cell("leaf-or-backup", "stolen_key_and_certificate", STOPPED),
    note="Somebody has to tell the client that the key is lost, and the path cannot. The scenes in which it asks "
    "come with revocation",
)

# ---- what can be pinned --------------------------------------------------------------------------

_claim(
    Section.WHICH,
    Class.HOLDS,
    "Any certificate of the chain may be the one that is pinned.",
    Cell("root-pinned", "ordinary_day", SERVED),
    Cell("intermediate-pinned", "ordinary_day", SERVED),
    Cell("leaf-pinned", "ordinary_day", SERVED),
)
_claim(
    Section.WHICH,
    Class.CONDITION,
    "For safety, one certificate of the chain must be in the hands of the app's owner alone.",
    Cell("leaf-pinned", "same_intermediate", STOPPED),
    Cell("root-pinned", "same_intermediate", STOPPED),
    Cell("any-of-chain", "same_intermediate", STOPPED),
    condition="the client insists on that one; in all three cases the leaf is the owner's alone",
)
_claim(
    Section.WHICH,
    Class.HISTORY,
    "Pinning only the root is a frequent mistake.",
    source="users ask curl for pins on CAs (curl#1022 and #1025, 2016; #20538, 2026-02); how many pin a root, these "
    "do not say",
)
_claim(
    Section.WHICH,
    Class.HOLDS,
    "If only the root is pinned, an attacker with a certificate from the same CA gets in.",
    Cell("root-pinned", "sibling_intermediate", INTERCEPTED),
    Cell("root-pinned", "same_intermediate", INTERCEPTED),
)


@_tried(
    Section.WHICH,
    Class.FAILS,
    "So it is better to pin several certificates of the chain, or every one.",
    Cell("any-of-chain", "sibling_intermediate", STOPPED),
    Cell("any-of-chain", "same_intermediate", STOPPED),
    note="A pin set matches if any pin does (RFC 7469 section 2.6, OkHttp, Android, TrustKit, Chromium). Where two "
    "lists must both match, as with NSPinnedDomains on iOS, it is another policy: see leaf-and-ca",
)
def _all_against_the_root() -> Iterator[Ran]:
    both = matrix([client("any-of-chain"), client("root-pinned")], attacks())
    every, root = (both.score(name) for name in ("any-of-chain", "root-pinned"))
    words = f"any-of-chain {every.stopped} of {every.attacks}, root-pinned {root.stopped} of {root.attacks}"
    yield Ran("attacks stopped", words, every.stopped > root.stopped)


_claim(
    Section.WHICH,
    Class.CONDITION,
    "A root certificate comes from a trusted CA.",
    Cell("unpinned", "ordinary_day", SERVED),
    Cell("unpinned", "look_alike_root", INTERCEPTED),
    Cell("unpinned", "untrusted_rogue_ca", INTERCEPTED),
    condition="the client's store holds it; anybody can make a certificate that looks the same",
)


@_tried(Section.WHICH, Class.HOLDS, "It rests on a key pair, and on signing and hashing algorithms.")
def _algorithms() -> Iterator[Ran]:
    root = ordinary_path()[-1]
    hashed = root.signature_hash_algorithm
    root.verify_directly_issued_by(root)  # raises where its own key did not sign it
    yield Ran("the root's signature", f"made by its own key over {hashed.name if hashed else 'nothing'}", bool(hashed))


_claim(
    Section.WHICH,
    Class.HISTORY,
    "The CA watches over its root with care.",
    source="when it did not help: nine certificates came straight from a root of Comodo's, 2011-03-15 "
    "(blog.mozilla.org/security/2011/03/25)",
)
_claim(
    Section.WHICH,
    Class.HOLDS,
    "Pinning only the root means trust in its CA and in every intermediate below it.",
    Cell("root-pinned", "sibling_intermediate", INTERCEPTED),
    Cell("root-pinned", "new_intermediate", SERVED),
    Cell("intermediate-pinned", "sibling_intermediate", STOPPED),
)


@_tried(Section.WHICH, Class.HOLDS, "An intermediate stands between the root and the leaf.")
def _between() -> Iterator[Ran]:
    leaf, intermediate, root = ordinary_path()
    leaf.verify_directly_issued_by(intermediate)
    intermediate.verify_directly_issued_by(root)
    yield Ran("who signed whom on the path", "the root signed the intermediate, which signed the leaf", True)


@_tried(Section.WHICH, Class.FAILS, "No chain is without an intermediate.")
def _straight_from_the_root() -> Iterator[Ran]:
    for one in served_through(straight_from_the_root(), ("unpinned", "root-pinned", "leaf-pinned")):
        yield replace(one, agrees=not one.agrees)


@_tried(Section.WHICH, Class.HOLDS, "A chain may have several intermediates.")
def _two_intermediates() -> Iterator[Ran]:
    yield from served_through(two_intermediates(), ("unpinned", "root-pinned", "intermediate-pinned", "leaf-pinned"))


_claim(
    Section.WHICH,
    Class.HOLDS,
    "Pinning only the intermediate works, but all trust then lies in that one CA.",
    Cell("intermediate-pinned", "ordinary_day", SERVED),
    Cell("intermediate-pinned", "same_intermediate", INTERCEPTED),
    Cell("intermediate-pinned", "new_intermediate", OUTAGE),
)


@_tried(Section.WHICH, Class.FAILS, "The leaf is the top of the chain.")
def _leaf_on_top() -> Iterator[Ran]:
    path = trial(client("unpinned"), case("ordinary_day")).shown.observation.path or ()
    leaf = path[0]
    above = [one.name for one in path[1:]]
    yield Ran("certificates above the leaf", f"{len(above)} ({', '.join(above)})", not above)
    yield Ran("whether the leaf may sign another", "a CA" if leaf.is_ca else "no CA", leaf.is_ca)


_claim(
    Section.WHICH,
    Class.CONDITION,
    "Who pins the leaf can be all but certain of a match.",
    Cell("leaf-pinned", "ordinary_day", SERVED),
    Cell("leaf-pinned", "new_key", SERVED),
    Cell("leaf-pinned", "two_servers", SERVED),
    condition="the server's key has not changed and there is only one",
)


@_tried(Section.WHICH, Class.HOLDS, "Leaf certificates are those of the end: the server's own, and no CA's.")
def _end_entity() -> Iterator[Ran]:
    path = trial(client("unpinned"), case("ordinary_day")).shown.observation.path or ()
    flags = ", ".join("CA" if one.is_ca else "no CA" for one in path)
    yield Ran("CA flags along the path, leaf first", flags, [one.is_ca for one in path] == [False, True, True])


_claim(
    Section.WHICH,
    Class.HISTORY,
    "Leaf certificates are to be replaced often.",
    source="the CA/Browser Forum's ballot SC-081v3, 2025-04-11: at most 200 days from 2026-03-15, 100 from "
    "2027-03-15, 47 from 2029-03-15 (fixmycert.com)",
    note="Replaced is not revoked: a certificate that runs out needs no revocation",
)
_claim(
    Section.WHICH,
    Class.CONDITION,
    "Each replacement of the leaf means an update for every client.",
    Cell("leaf-pinned", "new_key", OUTAGE),
    Cell("leaf-pinned", "same_key", OUTAGE),
    Cell("leaf-or-backup", "backup_key", OUTAGE),
    condition="the new key is not one that the client already pins",
)

# ---- what it gives -------------------------------------------------------------------------------

_claim(
    Section.GIVES,
    Class.HOLDS,
    "Pinning puts an organisation in control of what its own apps accept.",
    Cell("unpinned", "other_trusted_ca", INTERCEPTED),
    Cell("leaf-pinned", "other_trusted_ca", STOPPED),
)
_claim(
    Section.GIVES,
    Class.CONDITION,
    "With pinning, false certificates are of next to no use.",
    Cell("leaf-pinned", "other_trusted_ca", STOPPED),
    Cell("leaf-pinned", "sibling_intermediate", STOPPED),
    Cell("leaf-pinned", "same_intermediate", STOPPED),
    Cell("leaf-pinned", "stolen_key_new_certificate", STOPPED),
    condition="the false certificate is not for a key that is pinned, as it is when the key was stolen",
)
_claim(
    Section.GIVES,
    Class.CONDITION,
    "It withstands certificates that should never have been issued.",
    Cell("intermediate-pinned", "other_trusted_ca", STOPPED),
    Cell("intermediate-pinned", "sibling_intermediate", STOPPED),
    Cell("intermediate-pinned", "same_intermediate", STOPPED),
    condition="somebody else issued them than the CA that is pinned",
)
_claim(
    Section.GIVES,
    Class.CONDITION,
    "It withstands a CA that has fallen to an attacker.",
    Cell("root-pinned", "other_trusted_ca", STOPPED),
    Cell("root-pinned", "sibling_intermediate", STOPPED),
    Cell("any-of-chain", "same_intermediate", STOPPED),
    condition="it is a CA that the site has nothing to do with, or the leaf alone is pinned",
)


@_tried(
    Section.GIVES,
    Class.CONDITION,
    "It withstands the man in the middle.",
    condition="the attacker has not got the pinned key",
)
def _every_attack() -> Iterator[Ran]:
    pinned = client("leaf-pinned")
    done = matrix([pinned], attacks())
    lost = [one.name for one in done.cases if done.cell(pinned.name, one.name).outcome is INTERCEPTED]
    score = done.score(pinned.name)
    if score.stopped:
        yield Ran("attacks that leaf-pinned stopped", f"{score.stopped} of {score.attacks}", True)
    if lost:
        yield Ran("attacks that robbed it", ", ".join(lost), False)


# ---- what it costs -------------------------------------------------------------------------------

_claim(
    Section.COSTS,
    Class.HOLDS,
    "Pinning can work.",
    Cell("unpinned", "same_intermediate", INTERCEPTED),
    Cell("leaf-pinned", "same_intermediate", STOPPED),
)
_claim(
    Section.COSTS,
    Class.HOLDS,
    "It is a risk: an organisation may shut out its own users.",
    Cell("leaf-pinned", "new_key", OUTAGE),
    Cell("intermediate-pinned", "new_intermediate", OUTAGE),
    Cell("root-pinned", "new_ca", OUTAGE),
)


@_tried(
    Section.COSTS,
    Class.CONDITION,
    "With HPKP, a leaf is usually pinned for 60 days.",
    condition="the browser caps what a header may ask for, as Chromium did; the leaf's own life has no part in it",
    note="RFC 7469 section 4.1 suggests about 60 days as a limit to remembering; Smashing Magazine's header said 365",
)
def sixty_days() -> Iterator[Ran]:
    """One header that says a year, and a visitor who comes back daily after the pinned key is gone."""
    for browser in ("60-day cap", "no cap"):
        locked = len(play([dated("a_year")], [VISITORS[0]], [browser])[0].locked)
        yield Ran(f"days locked out, by a browser with {browser}", str(locked), locked == 60)


@_tried(
    Section.COSTS,
    Class.FAILS,
    "Those who used HPKP and named no backup key shut out their visitors when the key was lost.",
    note="A header without a backup pin is ignored (RFC 7469 section 2.5). A made-up backup, or a lost one, does harm. "
    "How many sites named none, nobody has counted in a source that we have seen",
)
def no_backup_named() -> Iterator[Ran]:
    """A site that names its own key only, loses it, and is visited every day."""
    found = no_backup_is_ignored()
    yield Ran("a header without a backup pin", found.measured, found.holds)


_claim(
    Section.COSTS,
    Class.NOT_YET,
    "A CA has to revoke the certificate of a key that was compromised.",
    missing="revocation: a CA that says so, and a client that asks",
)
_claim(
    Section.COSTS,
    Class.HOLDS,
    "Then, if no backup key was pinned, honest clients are shut out.",
    Cell("leaf-pinned", "backup_key", OUTAGE),
    Cell("leaf-pinned", "new_key", OUTAGE),
    Cell("leaf-or-backup", "backup_key", SERVED),
    note="For pins that are built in. For HPKP see the two claims on it above",
)
_claim(
    Section.COSTS,
    Class.HISTORY,
    "To recover from a lost key is hard, slow and dear.",
    source="three weeks after Heartbleed 87% of the vulnerable certificates were not revoked (Zhang et al.)",
)
_claim(
    Section.COSTS,
    Class.HISTORY,
    "Algorithms change more often than one expects.",
    source="Let's Encrypt issues ECDSA certificates from intermediates of their own since 2024-06-06 and made new "
    "roots again in September 2025 (letsencrypt.org/2024/03/19 and /2025/11/24)",
)


@_tried(
    Section.COSTS,
    Class.HOLDS,
    "To change the algorithm one has to replace certificates.",
    Cell("unpinned", "rsa_to_ecdsa", SERVED),
    Cell("leaf-pinned", "rsa_to_ecdsa", OUTAGE),
    Cell("unpinned", "ecdsa_to_ml_dsa", SERVED),
    Cell("leaf-pinned", "ecdsa_to_ml_dsa", OUTAGE),
)
def _another_algorithm() -> Iterator[Ran]:
    met = trial(client("unpinned"), case("ecdsa_to_ml_dsa")).encounters
    before, after = ((one.observation.path or ())[0] for one in met)
    words = f"{before.algorithm}, then {after.algorithm}"
    yield Ran("the leaf's algorithm", words, before.fingerprint != after.fingerprint)


_claim(
    Section.COSTS,
    Class.CONDITION,
    "Since the pin is built in, whatever changes in the certificate forces an update of the app.",
    Cell("certificate-pinned", "same_key", OUTAGE),
    Cell("leaf-pinned", "new_key", OUTAGE),
    Cell("leaf-pinned", "same_key", OUTAGE),
    Cell("leaf-pinned", "other_ca_same_key", OUTAGE),
    condition="the whole certificate is pinned, or the pinned key changes; a kept key forces nothing",
)
_claim(
    Section.COSTS,
    Class.HISTORY,
    "Updating software in a short time is hard.",
    source='Barclays\'s app needed "several weeks", app store included, so a CA broke the rules for it, 2016-11-24 '
    "(CA/Browser Forum public list, November 2016)",
)


@_tried(Section.COSTS, Class.HOLDS, "Who does not install the update loses the service or is warned.")
def _updated_or_not() -> Iterator[Ran]:
    world = World()
    renewed = world.issuing.issue(world.host)
    what = _among("renewed", "The site renews, and an update brings its new pin", lambda _: changed(world, renewed))
    new_pin = next(iter(site_pins(world, renewed)[Role.LEAF]))
    usual = (checks.VALIDATION, checks.HOST_NAME)
    after = checks.pinned("updated pin", PinSet.any_of(Role.LEAF, new_pin))
    rows = (client("leaf-pinned"), Client("updated", "has the new pin as well", (*usual, after)))
    with Stage(what, what.build(world)) as standing:
        old, new = (go_through(one, standing).outcome for one in rows)
    yield Ran("without the update", old.value, old is OUTAGE)
    yield Ran("with the update", new.value, new is SERVED)


_claim(
    Section.COSTS,
    Class.HISTORY,
    "CAs do revoke certificates, for all kinds of reasons.",
    source="Let's Encrypt announced the revocation of 3,048,289 certificates after a bug in its CAA checks, "
    "2020-02-29 (community.letsencrypt.org/t/114591)",
)
_claim(
    Section.COSTS,
    Class.HISTORY,
    "They may have to do it at very short notice.",
    source="DigiCert gave 24 hours for 83,267 certificates, 2024-07-29",
)
_claim(
    Section.COSTS,
    Class.CONDITION,
    "After such a replacement the software has to be updated in a hurry.",
    Cell("leaf-pinned", "new_ca", OUTAGE),
    Cell("root-pinned", "new_ca", OUTAGE),
    Cell("leaf-pinned", "other_ca_same_key", OUTAGE),
    condition="no key that the client pins is kept",
)

# ---- what else there is --------------------------------------------------------------------------

_claim(
    Section.ELSE,
    Class.NOT_YET,
    "Nothing replaces pinning exactly, but other techniques have the same aim.",
    missing="revocation and transparency: checks that look at something else than the path",
)
_claim(
    Section.ELSE,
    Class.NOT_YET,
    "The usual alternative is Certificate Transparency: public records of what CAs issue.",
    missing="transparency: a log, and a client that wants a receipt (SCT)",
)
_claim(
    Section.ELSE,
    Class.NOT_YET,
    "A CA writes each public certificate into such logs.",
    missing="transparency: a CA that submits before it issues",
)
_claim(
    Section.ELSE,
    Class.NOT_YET,
    "From the logs a browser can tell that a certificate was rightly issued.",
    missing="transparency: a mis-issued certificate that was logged",
    note="A receipt says that it was logged. Chromium asks for none where it does not know the root "
    "(CheckCTRequirements: CT_NOT_REQUIRED)",
)
_claim(
    Section.ELSE,
    Class.NOT_YET,
    "The owners of names ought to watch the logs.",
    missing="transparency: a monitor",
    note="jabber.ru's false certificates, 2023-04-18 to 2023-10-19, were noticed when one of them ran out "
    "(community.letsencrypt.org/t/206966)",
)
_claim(
    Section.ELSE,
    Class.NOT_YET,
    "The best remedy is to automate the whole life of certificates, from request to revocation.",
    missing="a service that is renewed by hand and forgotten: the timelines renew on the day, every time",
)
_claim(
    Section.ELSE,
    Class.CONDITION,
    "Hardly any developer should pin today.",
    Cell("unpinned", "new_key", SERVED),
    Cell("leaf-pinned", "new_key", SERVED),
    Cell("unpinned", "same_intermediate", STOPPED),
    Cell("leaf-pinned", "same_intermediate", STOPPED),
    condition="an outage costs them more than a robbery that only a pin stops; the last notebook weighs the two",
)
