"""
The claims on what pinning costs: outages, updates in a hurry, and what HPKP did.

HPKP is played by its own room; this file only asks it. How much an outage costs,
in money or in users, is not here: the fleet counts that.
"""

from __future__ import annotations

from collections.abc import Iterator

from lab.built.time.dated import scene as dated
from lab.built.time.visitors import VISITORS, browser, noting, play, visit
from lab.course.article.part import INTERCEPTED, OUTAGE, SERVED, STOPPED, Part
from lab.course.fresh import play as play_fresh
from lab.course.ledger import Cell, Class, Ran, Section
from lab.pki.pins import pin_of
from lab.pki.world import World
from lab.policy.clients import client
from lab.policy.hpkp import Action
from lab.policy.pinset import PinSet, Role
from lab.scenes.catalogue import case, changed
from lab.trials.trial import trial

PART = Part(Section.COSTS)
holds, on_condition, history, tried = PART.holds, PART.on_condition, PART.history, PART.tried

holds(
    "Pinning can work.",
    Cell("unpinned", "same_intermediate", INTERCEPTED),
    Cell("leaf-pinned", "same_intermediate", STOPPED),
)
holds(
    "It is a risk: an organisation may shut out its own users.",
    Cell("leaf-pinned", "new_key", OUTAGE),
    Cell("intermediate-pinned", "new_intermediate", OUTAGE),
    Cell("root-pinned", "new_ca", OUTAGE),
)


@tried(
    Class.CONDITION,
    "With HPKP, a leaf is usually pinned for 60 days.",
    condition="the browser caps what a header may ask for, as Chromium did; the leaf's own life has no part in it",
    note="RFC 7469 section 4.1 suggests about 60 days as a limit to remembering; Smashing Magazine's header said 365, "
    "in October 2016",
)
def sixty_days() -> Iterator[Ran]:
    """One header that says a year, and a visitor who comes back daily after the pinned key is gone."""
    for agent in ("60-day cap", "no cap"):
        locked = len(play([dated("a_year")], [VISITORS[0]], [agent])[0].locked)
        yield Ran(f"days locked out, by a browser with {agent}", str(locked), locked == 60)


@tried(
    Class.FAILS,
    "Those who used HPKP and named no backup key shut out their visitors when the key was lost.",
    note="A header without a backup pin is ignored (RFC 7469 section 2.5). A made-up backup, or a lost one, does harm. "
    "Netcraft counted in March 2016: a third of those who tried had a broken policy, with under 0.1 % of certificates",
)
def no_backup_named() -> Iterator[Ran]:
    """A site that names its own key only, loses it, and is visited every day."""
    told = dated("no_backup_pin")
    heard = noting(visit(browser(), told.meeting(told.host, 0)))
    without, fake = (stay.locked for stay in play([told, dated("fake_backup")], [VISITORS[0]]))
    said = (
        f"the header without a backup was {heard.action.value} ({heard.reason}): {len(without)} days locked out; "
        f"with a made-up backup {len(fake)} days"
    )
    yield Ran("a header without a backup pin", said, heard.action is not Action.IGNORED or bool(without))


on_condition(
    "A CA has to revoke the certificate of a key that was compromised.",
    Cell("list-hard", "thief_before_the_update", STOPPED),
    Cell("answer-hard", "revoked_key_stapled", STOPPED),
    Cell("list-hard", "stolen_key_and_certificate", STOPPED),
    Cell("list-hard", "short_key_stolen", STOPPED),
    condition="somebody tells the CA",
    note="In the first two scenes the owner did, in the others nobody has missed the key. Once told, it has 24 hours "
    "(CA/Browser Forum, Baseline Requirements, 4.9.1.1); for short-lived certificates (1.6.1) a CA need not",
)
holds(
    "Then, if no backup key was pinned, honest clients are shut out.",
    Cell("leaf-pinned", "backup_key", OUTAGE),
    Cell("leaf-pinned", "new_key", OUTAGE),
    Cell("leaf-or-backup", "backup_key", SERVED),
    note="For pins that are built in. For HPKP see the two claims on it above",
)
history(
    "To recover from a lost key is hard, slow and dear.",
    source="three weeks after Heartbleed over 87% of the vulnerable certificates were not revoked (Zhang et al., "
    "IMC 2014, securepki.org/imc14.html)",
)
history(
    "Algorithms change more often than one expects.",
    source="Let's Encrypt issues ECDSA certificates from intermediates of their own since 2024-06-06 and made new "
    "roots again in September 2025 (letsencrypt.org/2024/03/19 and /2025/11/24)",
)


@tried(
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


on_condition(
    "Since the pin is built in, whatever changes in the certificate forces an update of the app.",
    Cell("certificate-pinned", "same_key", OUTAGE),
    Cell("leaf-pinned", "new_key", OUTAGE),
    Cell("leaf-pinned", "same_key", OUTAGE),
    Cell("leaf-pinned", "other_ca_same_key", OUTAGE),
    condition="the whole certificate is pinned, or the pinned key changes; a kept key forces nothing",
)
history(
    "Updating software in a short time is hard.",
    source='Barclays\'s app needed "several weeks", app store included, so a CA broke the rules for it, 2016-11-24 '
    "(CA/Browser Forum public list, November 2016)",
)


@tried(Class.HOLDS, "Who does not install the update loses the service or is warned.")
def _updated_or_not() -> Iterator[Ran]:
    world = World()
    renewed = world.issuing.issue(world.host)
    pin_sets = (PinSet.any_of(Role.LEAF), PinSet.any_of(Role.LEAF, pin_of(renewed.leaf)))
    old, new = (met.outcome for met in play_fresh(world, changed(world, renewed), pin_sets))
    yield Ran("without the update", str(old), old is OUTAGE)
    yield Ran("with the update", str(new), new is SERVED)


history(
    "CAs do revoke certificates, for all kinds of reasons.",
    source="after a bug in its CAA checks, 2020-02-29, Let's Encrypt announced the revocation of 3,048,289 "
    "certificates (community.letsencrypt.org/t/114591), had revoked 1,706,950 by the deadline and left over a "
    "million on purpose (/t/114864)",
)
history(
    "They may have to do it at very short notice.",
    source="24 hours are the rule for bad validation or a compromised key (Baseline Requirements, 4.9.1.1); DigiCert "
    "gave them for 83,267 certificates, 2024-07-29 (digicert.com/support/certificate-revocation-incident)",
)
on_condition(
    "After such a replacement the software has to be updated in a hurry.",
    Cell("leaf-pinned", "new_ca", OUTAGE),
    Cell("root-pinned", "new_ca", OUTAGE),
    Cell("leaf-pinned", "other_ca_same_key", OUTAGE),
    condition="no key that the client pins is kept",
)
