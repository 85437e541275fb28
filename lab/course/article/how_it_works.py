"""
The claims on how pinning works: built in or learnt at the first use, and what it asks besides.

The first use is tried here with the clients of the table; nothing is known
here of the continuity room and its successors.
"""

from __future__ import annotations

from collections.abc import Iterator

from lab.course.article.part import INTERCEPTED, OUTAGE, SERVED, STOPPED, Part
from lab.course.article.scenes import ordinary_path
from lab.course.ledger import Cell, Class, Ran, Section
from lab.policy.clients import client
from lab.policy.pinset import Role
from lab.scenes.catalogue import case
from lab.trials.trial import trial

PART = Part(Section.HOW)
holds, on_condition, history, tried = PART.holds, PART.on_condition, PART.history, PART.tried


@tried(Class.HOLDS, "A host name is tied, in advance, to a certificate or to a public key.")
def _tied_in_advance() -> Iterator[Ran]:
    shown = trial(client("leaf-pinned"), case("ordinary_day"))
    built_in = shown.encounters[0].known.site[Role.LEAF]
    same = (shown.encounters[0].observation.path or ())[0].pin in built_in
    yield Ran("the pin built in, and the key met first", "the same" if same else "another", same)


@tried(Class.HOLDS, "The certificates are X.509 certificates.")
def _x509() -> Iterator[Ran]:
    versions = {one.version.name for one in ordinary_path()}
    yield Ran("every certificate on the path, parsed as X.509", ", ".join(sorted(versions)), versions == {"v3"})


@tried(Class.HOLDS, "At bottom the mechanism is a simple one.")
def _one_check_more() -> Iterator[Ran]:
    asked = {
        name: [found.check for found in trial(client(name), case("ordinary_day")).verdict.findings]
        for name in ("unpinned", "leaf-pinned")
    }
    more = [name for name in asked["leaf-pinned"] if name not in asked["unpinned"]]
    yield Ran("checks that leaf-pinned asks and unpinned does not", f"{len(more)} ({more[0]})", len(more) == 1)


on_condition(
    "A connection is approved only if the certificate that was offered is in the pinned set.",
    Cell("leaf-pinned", "new_key", OUTAGE),
    Cell("leaf-pinned", "chain_stuffing", INTERCEPTED),
    Cell("pins-presented-chain", "chain_stuffing", INTERCEPTED),
    condition='"offered" is read as what stands on the path: in chain stuffing the pinned certificate is sent along, '
    "and the client that looks at what was sent is robbed",
)
history(
    "Mostly the pin is put into the program while it is developed.",
    source="so it is done with OkHttp, Android's network security configuration and NSPinnedDomains on iOS; no count "
    "is known to us",
)
on_condition(
    "A pin that was put in during development is hard to tamper with.",
    Cell("leaf-pinned", "first_contact", STOPPED),
    Cell("switched-off", "other_trusted_ca", STOPPED),
    condition="the attacker is not inside the process; there the check is simply replaced (OWASP MASTG-TECH-0012)",
)
holds(
    "A client can also learn the pin when it connects for the first time (key continuity).",
    Cell("first-use-key", "ordinary_day", SERVED),
    Cell("first-use-key", "other_trusted_ca", STOPPED),
    Cell("first-use-key", "new_key", OUTAGE),
)
holds(
    "Who learns it so can be deceived by an attacker who is there that first time.",
    Cell("first-use-key", "first_contact", INTERCEPTED),
    Cell("first-use-with-ca", "first_contact", INTERCEPTED),
    Cell("leaf-pinned", "first_contact", STOPPED),
)
on_condition(
    "Pinning presupposes that both sides settled beforehand what will be shown.",
    Cell("leaf-or-backup", "backup_key", SERVED),
    Cell("leaf-pinned", "backup_key", OUTAGE),
    Cell("leaf-pinned", "two_servers", OUTAGE),
    Cell("first-use-key", "ordinary_day", OUTAGE),
    condition="the pin is built in; who learns it at the first connection has settled nothing",
)


@tried(
    Class.FAILS,
    "That makes it unnecessary to keep asking the CAs whether a certificate is still good.",
    Cell("leaf-pinned", "stolen_key_and_certificate", STOPPED),
    Cell("certificate-pinned", "stolen_key_and_certificate", STOPPED),
    Cell("leaf-or-backup", "stolen_key_and_certificate", STOPPED),
    note="Somebody has to tell the client that the key is lost, and the path cannot. To ask is no cure either: whoever "
    "goes on where no answer comes is robbed in every_word_cut (heeds-staple-pinned), and in words_replayed everybody "
    "who fetches is, for a week (list-hard-pinned)",
)
def _asked_besides() -> Iterator[Ran]:
    """The control: the same pin and the issuer's word. Only where that changed nothing would nobody need it."""
    for asking, scene in (("list-hard-pinned", "revoked_key_stapled"), ("pushed-list-pinned", "every_word_cut")):
        usual = trial(client(asking), case("ordinary_day")).outcome
        alone, told = (trial(client(name), case(scene)).outcome for name in ("leaf-pinned", asking))
        words = f"{alone}, and {told} ({usual} on an ordinary day)"
        yield Ran(f"leaf-pinned in {scene}, and the control {asking}", words, told is alone or usual is not SERVED)
