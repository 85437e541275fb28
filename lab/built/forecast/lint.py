"""
What is wrong with a pin set before anybody attacks: today, and on the day of a lost key, another CA or a renewal.

One small function for each finding, in the order in which they are printed.
Each says what it saw, why that matters and what to do. Lint runs nothing; what
it says of the future is held against the trials by a test.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from cryptography import x509

from lab.built.forecast.config import Anchor, Format, no_star, without_star
from lab.built.forecast.findings import RULES, Found, LintFinding, Severity, Subject, rule, say, these
from lab.built.forecast.match import Match, Names
from lab.pki.pins import name_of, seen
from lab.pki.reading import extensions
from lab.policy.pinset import Where

MOST_AGE = 60 * 86_400  # seconds; RFC 7469 section 4.1 suggests some 60 days, and Chromium capped it there
serious = partial(LintFinding, Severity.SERIOUS)
fix = partial(LintFinding, Severity.FIX)
know = partial(LintFinding, Severity.KNOW)


def lint(subject: Subject) -> tuple[LintFinding, ...]:
    """What the reader of the file remarked, and what every rule finds, in the order of the rules."""
    found = [replace(one, name=name) for name, rule in RULES.items() for one in rule(subject)]
    return (*subject.config.remarks, *found)


# ---- will anybody ask? ---------------------------------------------------------------------------


@rule
def pins_expired(subject: Subject) -> Found:
    """The pin set has expired."""
    expires = subject.config.expires
    if expires and subject.asked > expires:
        yield serious(
            f"the pin set expired on {expires:%Y-%m-%d}",
            f"{subject.config.format.dialect.lapsed}: the app works on, as good as unpinned, and nobody is told.",
            "Ship a release with pins that are right today and a later expiration.",
            "NetworkSecurityTrustManager.checkPins (platform_frameworks_base); OWASP MASTG-TEST-0243"
            if subject.config.format is Format.ANDROID
            else "TrustKit, kTSKExpirationDate",
        )


@rule
def expires_before_release(subject: Subject) -> Found:
    """The pin set expires while users still have it."""
    expires = subject.config.expires
    if expires and subject.asked <= expires and expires.date() < subject.release.date():
        yield fix(
            f"the pin set expires on {expires:%Y-%m-%d}, before the next release on {subject.release:%Y-%m-%d}",
            "From that day until users have the release, their apps ask no pins, and an attacker can wait for it: "
            "Firefox's built-in pins lapsed so in September 2016.",
            "Set an expiration after the day on which most users will have the next release, or release earlier.",
            "hackernoon.com, flyryan on Firefox and Tor Browser, September 2016",
        )


@rule
def not_enforced(subject: Subject) -> Found:
    """The header refuses nobody by its own words."""
    config = subject.config
    if config.format is Format.TRUSTKIT and not config.enforced:
        yield serious(
            "TSKEnforcePinning is false",
            "TrustKit then reports a mismatch, and refuses nobody.",
            "Set it to true once the reports say that the pins are right.",
            "TrustKit, kTSKEnforcePinning",
        )
    elif not config.enforced or config.max_age == 0:
        yield serious(
            "the header is report-only" if not config.enforced else "max-age is 0",
            "A report-only header refuses nobody." if not config.enforced else "It tells browsers to forget the pins.",
            "Send Public-Key-Pins with a max-age above 0 if pins are meant to be enforced.",
            "RFC 7469 sections 2.1 and 2.3.1",
        )


@rule
def header_ignored(subject: Subject) -> Found:
    """A browser does not note the header."""
    config = subject.config
    if config.format is not Format.HPKP or not config.enforced or config.max_age == 0 or not (why := subject.unasked):
        return
    unless = (
        f", unless one of them is the pin of {subject.missing}, which is not in the file" if subject.may_be_root else ""
    )
    yield (fix if unless else serious)(
        why + unless,
        "A browser notes a header only if one of its pins is on the path and another is not. "
        f"{'Else' if unless else 'So'} this one protects nobody, and locks nobody out either.",
        "Send the pin of the server's own key and the pin of a backup key that you hold.",
        "RFC 7469 section 2.5",
    )


@rule
def no_browser_left(subject: Subject) -> Found:
    """It is a header, and browsers no longer read it."""
    if subject.config.format is Format.HPKP:
        yield know(
            "it is an HPKP header",
            "Chrome removed HPKP in version 72. What follows is what a browser did that had noted the header before.",
            "Leave the header out; watch Certificate Transparency logs for certificates that you did not ask for.",
            "chromestatus.com/feature/5903385005916160",
        )


@rule
def pins_overridden(subject: Subject) -> Found:
    """Some anchors are let past the pins."""
    for override in subject.config.overrides:
        severity = {Anchor.SYSTEM: Severity.SERIOUS, Anchor.DEBUG: Severity.KNOW}.get(override, Severity.FIX)
        yield LintFinding(
            severity,
            f"overridePins holds for {override.value}",
            "A path that ends in such an anchor is let through without asking any pin."
            + (" Every public CA is such an anchor." if override is Anchor.SYSTEM else ""),
            "Release builds should not have it; keep it in debug-overrides."
            if override is not Anchor.DEBUG
            else "Nothing, if release builds are not debuggable.",
            "NetworkSecurityTrustManager.isPinningEnforced (platform_frameworks_base)",
        )


@rule
def star_covers_nothing(subject: Subject) -> Found:
    """The entry's name has a star, and the program knows none, or it has a dot at its end."""
    if subject.config.dead:
        yield serious(
            f"no host has the name {subject.config.host}", no_star(subject.config), without_star(subject.config)
        )


@rule
def own_anchors(subject: Subject) -> Found:
    """The domain does not trust the system's CAs."""
    if Anchor.BUNDLED in subject.config.anchors and subject.config.own_anchors:
        top = subject.chain.name(len(subject.chain.path) - (1 if subject.chain.has_root else 0))
        yield fix(
            "this domain does not trust the system's CAs, but one that is bundled with the app, which was not brought "
            "along",
            f"The forecast takes {top} for it. A path that ends elsewhere is refused before a pin is asked: a move to "
            "another CA is an outage also with a pinned key, and another trusted CA is stopped also without pins.",
            f"Make sure that {top} is what is bundled, and bundle the next CA in a release before the site moves.",
            "NetworkSecurityConfig, trust-anchors (platform_frameworks_base)",
        )
    elif subject.config.own_anchors:
        yield serious(
            "this domain trusts neither the system's CAs nor one that is bundled with the app",
            "Every connection is refused, whatever is pinned, unless the user installed the CA of the server.",
            'Put <certificates src="system"/> into its trust-anchors.',
            "NetworkSecurityConfig, trust-anchors (platform_frameworks_base)",
        )


@rule
def users_trusted(subject: Subject) -> Found:
    """CAs that users install are trusted."""
    config = subject.config
    if config.format is Format.ANDROID and config.user_anchors:
        skipped = Anchor.USER in config.overrides or bool(subject.unasked)
        yield LintFinding(
            Severity.FIX if skipped else Severity.KNOW,
            "CAs that users install are trusted here",
            "A proxy whose CA is installed on the phone (Charles, mitmproxy) reads this traffic, for the pins are "
            "skipped."
            if skipped
            else "A proxy whose CA is installed on the phone (Charles, mitmproxy) is stopped by the pins alone.",
            'Leave out <certificates src="user"/> in release builds.',
            "developer.android.com, network security configuration",
        )


# ---- does it work today? -------------------------------------------------------------------------


@rule
def nothing_matches(subject: Subject) -> Found:
    """No pin of a list lets the chain of today through."""
    for listed in subject.app_lists:
        if any(one.works for one in listed):
            continue
        unknown = subject.may_be_root and any(one.names is Names.NOTHING for one in listed)
        yield LintFinding(
            Severity.FIX if unknown else Severity.SERIOUS,
            f"no pin for {listed[0].where.value} lets this chain through"
            + (f", unless one of them is the pin of {subject.missing}, which is not in the file" if unknown else ""),
            f"Nobody notices, because {reason}."
            if (reason := subject.unasked)
            else ("Unless one is, every" if unknown else "Every")
            + " connection to a server with this chain is refused, today.",
            f"Give the certificate of {subject.chain.above} with --root."
            if unknown
            else "First make sure that the chain is the genuine server's: behind a proxy that intercepts, or an "
            "attacker, it looks like this too. Then pin a key of it"
            + ("." if listed[0].where is Where.CA else f"; {seen(subject.chain.leaf).pin} is the leaf's."),
        )


@rule
def certificate_pin(subject: Subject) -> Found:
    """A pin names a whole certificate."""
    for one in subject.matches:
        if one.names is not Names.CERTIFICATE or one.place is None:
            continue
        there = subject.chain.seen[one.place]
        instead = f"Pin the key instead: {there.pin}."
        if one.works:
            renewed = "Every renewal changes a certificate, also one that keeps its key."
            yield fix(f"{one.pin} is the hash of the certificate of {there.name}", renewed, instead)
        else:
            yield serious(
                f"{one.pin} is the {one.pin.hash} of the whole certificate of {there.name}",
                f"{subject.config.format.words} compares the hash of the key (SubjectPublicKeyInfo), "
                "so this pin never matches.",
                instead,
                "RFC 7469 section 2.4",
            )


@rule
def unusable_pin(subject: Subject) -> Found:
    """A pin is written so that it can match nothing."""
    bad = [one for one in subject.matches if one.pin.never]
    if bad:
        effect = {
            Format.ANDROID: "Android does not even load a configuration with such a pin: the app fails at its first "
            "connection. Here it is a pin that never matches.",
            Format.HPKP: "A browser ignores a header with such a pin.",
        }.get(subject.config.format, "Such a pin never matches.")
        yield serious(
            f"{say(bad)}: {bad[0].pin.never}",
            effect,
            "Write the base 64 of the SHA-256 of the key; `python -m lab pin FILE.pem` prints it.",
        )


@rule
def never_looked_at(subject: Subject) -> Found:
    """A pin names a key that the program does not look at there."""
    lost = [one for one in subject.matches if one.names is Names.KEY and one.never and not one.pin.never]
    if lost:
        names = ", ".join(dict.fromkeys(subject.chain.name(one.place or 0) for one in lost))
        curl = subject.config.format.dialect.builds == "curl"
        yield serious(
            f"{say(lost)} ({names}): {lost[0].never}",
            f"{these(lost, 'This pin', 'These pins')} cannot match, whatever the server sends.",
            "Pin the leaf's key and a backup key."
            if lost[0].where is not Where.CA
            else "Move it to the other list; where both are there, both have to match.",
            "curl issue 20538 (2026-02)" if curl else "",
        )


@rule
def backup_never_looked_at(subject: Subject) -> Found:
    """A backup is in a list in which its key can never be."""
    for one in subject.matches:
        if why := _misplaced(subject, one):
            second = subject.second(one)
            yield serious(
                f"{one.pin}, a backup: {why}",
                "It can never match, so it is no backup: on the day that it is needed every installed copy refuses it.",
                "Pin a key of your own as the backup, which any CA can certify."
                if second
                else "Pin a second CA in this list; if it is one, give its certificate with --backup-key.",
            )


def _misplaced(subject: Subject, one: Match) -> str:
    """Why a key that was shown as a backup can never be where this list looks; empty where it can."""
    second = subject.second(one)
    words = subject.config.format.words
    if one.never or one.names is not Names.BACKUP or one.pin.role:
        return ""
    if second and one.where in (Where.LEAF, Where.SERVER):
        return f"it is the key of a CA ({second.name}), and {words} looks at the leaf's key only"
    if not second and one.where is Where.CA:
        return f"it is no CA's that was shown, and {words} looks at CAs only in this list"
    return ""


def _usable(subject: Subject, listed: list[Match]) -> list[Match]:
    """Those of a list that can match one day."""
    return [one for one in listed if not one.never and not _misplaced(subject, one)]


@rule
def pin_off_path(subject: Subject) -> Found:
    """A pin names a certificate that no path needs."""
    aside = [one for one in subject.matches if one.names is Names.ASIDE]
    if aside:
        yield fix(
            f"{say(aside)} {these(aside, 'names a certificate', 'name certificates')} in the file that nothing on "
            "the way from the leaf to the root needs",
            "Pins are compared with the path that validation builds, and superfluous certificates are ignored: "
            "anybody can send them along (CVE-2016-2402).",
            "Pin a key that is on the path.",
            "RFC 7469 section 2.6",
        )


@rule
def wrong_host(subject: Subject) -> Found:
    """The chain answers for another host."""
    if subject.misnamed:
        yield serious(
            subject.misnamed,
            "Ordinary validation refuses this chain for this host, with or without pins.",
            "Give the chain that this host sends, or the right host with --host.",
        )
    elif subject.by_common_name:
        yield know(
            "the certificate has no subjectAltName, and answers for the host by its common name alone",
            "curl takes the common name then, with OpenSSL; Go, browsers and the apps on phones refuse it.",
            "Have the certificate issued again with a subjectAltName.",
        )


@rule
def chain_not_valid(subject: Subject) -> Found:
    """The chain is not valid on the day that was asked about."""
    chain, asked = subject.chain, subject.asked
    if not chain.not_before <= asked <= chain.not_after:
        expired = asked > chain.not_after
        word = "expired on" if expired else "is not valid before"
        day = chain.not_after if expired else chain.not_before
        runs = f"{subject.now:%Y-%m-%d}, the {'last' if expired else 'first'} day on which it was valid"
        yield serious(
            f"a certificate in the chain {word} {day:%Y-%m-%d}",
            "Ordinary validation refuses it, with or without pins. The forecast runs on "
            + (runs if subject.now != asked else f"{asked:%Y-%m-%d} all the same, as you asked")
            + ".",
            "Give the chain that the server sends today.",
        )


# ---- will it work tomorrow? ----------------------------------------------------------------------


@rule
def no_backup(subject: Subject) -> Found:
    """A list names keys of today only."""
    for listed in subject.app_lists:
        usable = _usable(subject, listed)
        if usable and not any(one.outside or one.names is Names.ASIDE for one in usable):
            where = f" for {listed[0].where.value}" if len(subject.lists) > 1 else ""
            yield serious(
                f"no backup: every pin{where} names a key that is in the chain today",
                "On the day the pinned key is lost, stolen or replaced, every installed copy refuses the genuine "
                "server until its user updates. For one app that was put at several weeks (CA/Browser Forum public "
                "list, November 2016).",
                "Pin a second CA in this list, and give its certificate with --backup-key."
                if listed[0].where is Where.CA
                else "Make a second key, keep it offline, and pin it too; show it here with --backup-key.",
                "RFC 7469 section 4.3; Android lint MissingBackupPin",
            )


@rule
def undeployable_backup(subject: Subject) -> Found:
    """A backup that nobody can deploy, or whose key nobody showed."""
    dummies = [one for one in subject.matches if one.names is Names.DUMMY]
    if dummies:
        yield serious(
            f"{say(dummies)} {these(dummies, 'is', 'are')} no hash of any key: a pattern, plain text, or the hash of "
            "nothing",
            "Nobody has a key with that pin, so nobody can ever deploy it. It quiets a tool that wants two pins; on "
            "the day a backup is needed there is none.",
            "Make a real key, keep it offline, and pin that.",
            "TrustKit issue 194 asks whether such a pin will do",
        )
    unknown = [one for one in subject.matches if one.names is Names.NOTHING and not one.pin.never]
    if unknown:
        root = subject.may_be_root
        yield LintFinding(
            Severity.KNOW if root else Severity.FIX,
            f"{say(unknown)} {these(unknown, 'names', 'name')} no certificate in the chain, and no key was shown for "
            + these(unknown, "it", "them"),
            "A backup helps only if somebody holds its key. The forecast takes it for a stranger's: the move to the "
            "backup key is then an outage."
            + (f" It may also be the pin of {subject.missing}, which is not in the file." if root else ""),
            "Show the key with --backup-key FILE.pem (a public key, a request or a certificate), or vouch for the pin "
            "with --backup PIN" + (f"; give {subject.chain.above} with --root." if root else "."),
        )


@rule
def backup_not_pinned(subject: Subject) -> Found:
    """The operator holds a backup key that no pin names."""
    pinned = {str(one.pin) for one in subject.matches}
    lost = [one for one in subject.backups if one not in pinned]
    if lost:
        yield serious(
            f"you hold the backup key {', '.join(lost[:3])}, and no pin names it",
            "A server that moves to this key is refused.",
            "Pin it, in a release that users have before the key is needed.",
        )


@rule
def backup_in_use(subject: Subject) -> Found:
    """The backup key is one that is deployed already."""
    live = {one.pin: one.name for one in subject.chain.seen}
    for one in subject.backups:
        if one in live:
            yield fix(
                f"the backup key {one} is the key of {live[one]}, which is in the chain today",
                "A backup has to be another key: the day on which this one is lost takes both.",
                "Make a second key, keep it offline, and pin it too.",
            )


@rule
def root_weakens_leaf(subject: Subject) -> Found:
    """A list pins a key and one above it."""
    for listed in subject.lists:
        places = sorted({one.place for one in listed if one.works and one.place is not None})
        if len(places) > 1:
            top, lower = subject.chain.name(places[-1]), [subject.chain.name(place) for place in places[:-1]]
            yield fix(
                f"one list pins {', '.join(lower)} and {top} above {these(lower, 'it', 'them')}",
                f"Any pin of a list will do, so whoever gets a certificate under {top} passes, and "
                f"{these(lower, 'the lower pin keeps', 'the lower pins keep')} nobody out. "
                "More pins make a set weaker.",
                f"Decide how far up you trust. The pin of {top} is the one that counts; without it there is an "
                "outage when what is below it changes and no backup is pinned.",
                "RFC 7469 section 2.6; okhttp issue 3471",
            )


@rule
def one_ca(subject: Subject) -> Found:
    """All pins of a list are CAs of one hierarchy."""
    for listed in subject.app_lists:
        usable = [one for one in _usable(subject, listed) if one.names is not Names.DUMMY]
        if usable and all(one.place for one in usable):
            names = ", ".join(dict.fromkeys(subject.chain.name(one.place or 0) for one in usable))
            yield fix(
                f"all pins are CAs of one hierarchy: {names}",
                "If you must leave this CA, every installed copy refuses you. It happens to large ones: Chrome 70 "
                "(2018-10-16) no longer trusted Symantec.",
                "Pin a second CA in this list as well."
                if listed[0].where is Where.CA
                else "Pin a key of your own as well, which any CA can certify, or a key of a second CA.",
                "DigiCert ALERT2530; measured here in the scene new_ca",
            )


@rule
def renewal_before_release(subject: Subject) -> Found:
    """The leaf is renewed while users still have these pins, and only its key passes."""
    end = subject.chain.leaf.not_valid_after_utc
    if subject.asked > end or end.date() >= subject.release.date():
        return
    for listed in subject.lists:
        usable = _usable(subject, listed)
        others = any(one.place or one.names is Names.BACKUP for one in usable)
        if not others and any(one.place == 0 for one in usable):
            yield fix(
                f"the leaf certificate ends on {end:%Y-%m-%d}, before the next release on {subject.release:%Y-%m-%d}, "
                "and only its key passes",
                "It will be renewed while users still have these pins. A renewal with a new key is an outage for them; "
                "one with the same key is not.",
                "Have the renewal keep the key, or pin the next key before it is used.",
                "measured here in the scenes same_key and new_key",
            )


@rule
def long_max_age(subject: Subject) -> Found:
    """The header is remembered for longer than the RFC suggests."""
    age = subject.config.max_age
    if age and age > MOST_AGE:
        yield fix(
            f"max-age is {age // 86_400} days",
            "So long a lost key locks visitors out. Smashing Magazine had 365 days when most of its returning visitors "
            "were.",
            "Some 60 days are the RFC's suggestion.",
            "RFC 7469 section 4.1; smashingmagazine.com/be-afraid-of-public-key-pinning",
        )


@rule
def root_not_in_file(subject: Subject) -> Found:
    """The root is not in the file."""
    if not subject.chain.has_root:
        above = subject.chain.above
        alone = len(subject.chain.path) == 1
        yield know(
            f"the chain ends below {above}, which is not in the file" + (", as servers send it" if not alone else ""),
            "The forecast makes a root of that name, without limits."
            + (f" If {above} is an intermediate, the real chain is longer than the rebuilt one." if alone else ""),
            f"Give the certificate of {above} with --root to have its pin recognised and its limits kept.",
        )


@rule
def chain_out_of_order(subject: Subject) -> Found:
    """The file has another order than the chain."""
    if subject.chain.reordered:
        yield know(
            "the certificates were not in order, leaf first, each below its issuer; they were put so",
            "The forecast follows names and signatures, so nothing changes here. A server that sends the file as it "
            "is sends this order.",
            "Put the file in order.",
        )


@rule
def two_certificates(subject: Subject) -> Found:
    """The server has a certificate of another kind of key as well."""
    for other in map(seen, subject.chain.others):
        lists = subject.app_lists
        passes = all(any(one.names is Names.OTHER or (one.place and one.works) for one in listed) for listed in lists)
        yield LintFinding(
            Severity.KNOW if passes else Severity.FIX,
            f"two certificates in the file answer for {subject.host} on this day: one with {other.algorithm} beside "
            f"the one with {subject.chain.seen[0].algorithm} that the forecast runs with",
            "A server with two shows each client the one that fits its ciphers, the first in its own order where both "
            "do." + ("" if passes else " No pin is of that one's key, so whoever is shown it is refused."),
            "Pin both keys, or a CA above both; leave out of the file what the server does not send.",
        )


@rule
def refused_by_some(subject: Subject) -> Found:
    """A critical extension that OpenSSL takes as it is, and Java does not."""
    leaf, *above = subject.chain.path
    policies = any(isinstance(one.value, x509.CertificatePolicies) for one in extensions(leaf))
    for one in (leaf, *above[: len(above) - subject.chain.has_root]):
        for extension in extensions(one):
            value = extension.value
            explicit = isinstance(value, x509.PolicyConstraints) and value.require_explicit_policy is not None
            if extension.critical and (isinstance(value, x509.CRLDistributionPoints) or (explicit and not policies)):
                yield fix(
                    f"{name_of(one.subject)} has a critical extension, {extension.oid._name}, "
                    + ("and the server's certificate names no policy" if explicit else "which not every program knows"),
                    "OpenSSL, and so the forecast, takes such a chain; Java 17 was seen to refuse it, pinned or not.",
                    "Ask the CA for a certificate without it, if a program of yours refuses it.",
                    "RFC 5280 sections 4.2.1.11 and 4.2.1.13",
                )
