"""
What is wrong with a pin set today: nobody asks it, or it cannot match.

One small function for each finding, in the order in which they are printed.
Each says what it saw, why that matters and what to do.
"""

from __future__ import annotations

from lab.built.forecast.config import Format, Override
from lab.built.forecast.findings import Found, Severity, Subject, rule, say, these, unasked
from lab.built.forecast.match import Names
from lab.pki.pins import name_mismatch, seen
from lab.policy.pinset import Where

# ---- will anybody ask? ---------------------------------------------------------------------------


@rule
def pins_expired(subject: Subject) -> Found:
    expires = subject.config.expires
    if expires and subject.asked > expires:
        yield (
            Severity.SERIOUS,
            f"the pin set expired on {expires:%Y-%m-%d}",
            "Android asks no pins after that day: the app goes on working, as good as unpinned, and nobody is told.",
            "Ship a release with pins that are right today and a later expiration.",
            "NetworkSecurityTrustManager.checkPins (platform_frameworks_base); OWASP MASTG-TEST-0243",
        )


@rule
def expires_before_release(subject: Subject) -> Found:
    expires = subject.config.expires
    if expires and subject.asked <= expires < subject.release:
        yield (
            Severity.FIX,
            f"the pin set expires on {expires:%Y-%m-%d}, before the next release on {subject.release:%Y-%m-%d}",
            "From that day until users have the release, their apps ask no pins, and an attacker can wait for it: "
            "Firefox's built-in pins lapsed so in September 2016, for up to five weeks.",
            "Set an expiration after the day on which most users will have the next release, or release earlier.",
            "hackernoon.com, flyryan on Firefox and Tor Browser, September 2016",
        )


@rule
def not_enforced(subject: Subject) -> Found:
    config = subject.config
    if not config.enforced or config.max_age == 0:
        yield (
            Severity.SERIOUS,
            "the header is report-only" if not config.enforced else "max-age is 0",
            "A report-only header refuses nobody." if not config.enforced else "It tells browsers to forget the pins.",
            "Send Public-Key-Pins with a max-age above 0 if pins are meant to be enforced.",
            "RFC 7469 sections 2.1 and 2.3.1",
        )


@rule
def header_ignored(subject: Subject) -> Found:
    config = subject.config
    if config.format is not Format.HPKP or not config.enforced or config.max_age == 0 or not (why := unasked(subject)):
        return
    yield (
        Severity.SERIOUS,
        why,
        "A browser notes a header only if one of its pins is on the path and another is not. So this one protects "
        "nobody, and locks nobody out either.",
        "Send the pin of the server's own key and the pin of a backup key that you hold.",
        "RFC 7469 section 2.5",
    )


@rule
def no_browser_left(subject: Subject) -> Found:
    if subject.config.format is Format.HPKP:
        yield (
            Severity.KNOW,
            "it is an HPKP header",
            "Chrome removed HPKP in version 72. What follows is what a browser did that had noted the header before.",
            "Leave the header out; watch Certificate Transparency logs for certificates that you did not ask for.",
            "chromestatus.com/feature/5903385005916160",
        )


@rule
def pins_overridden(subject: Subject) -> Found:
    for override in subject.config.overrides:
        severity = {Override.SYSTEM: Severity.SERIOUS, Override.DEBUG: Severity.KNOW}.get(override, Severity.FIX)
        yield (
            severity,
            f"overridePins holds for {override.value}",
            "A path that ends in such an anchor is let through without asking any pin."
            + (" Every public CA is such an anchor." if override is Override.SYSTEM else ""),
            "Release builds should not have it; keep it in debug-overrides."
            if override is not Override.DEBUG
            else "Nothing, if release builds are not debuggable.",
            "NetworkSecurityTrustManager.isPinningEnforced (platform_frameworks_base)",
        )


# ---- does it work today? -------------------------------------------------------------------------


@rule
def nothing_matches(subject: Subject) -> Found:
    if subject.config.format is Format.HPKP:
        return  # header-ignored says it
    for listed in subject.lists:
        if any(one.works for one in listed):
            continue
        unknown = subject.may_be_root and any(one.names is Names.NOTHING for one in listed)
        yield (
            Severity.FIX if unknown else Severity.SERIOUS,
            f"no pin for {listed[0].where.value} lets this chain through"
            + (", unless one of them is the pin of the root, which is not in the file" if unknown else ""),
            f"Nobody notices, because {reason}."
            if (reason := unasked(subject))
            else "Every connection to a server with this chain is refused, today.",
            f"Give the certificate of {subject.chain.above} with --root."
            if unknown
            else "First make sure that the chain is the genuine server's: behind a proxy that intercepts, or an "
            "attacker, it looks like this too. Then pin a key of it"
            + ("." if listed[0].where is Where.CA else f"; {seen(subject.chain.leaf).pin} is the leaf's."),
            "",
        )


@rule
def certificate_pin(subject: Subject) -> Found:
    whole = [one for one in subject.matches if one.names is Names.CERTIFICATE]
    for one in whole:
        assert one.place is not None
        if one.works:
            yield (
                Severity.FIX,
                f"{one.pin} is the hash of the certificate of {subject.name(one.place)}",
                "Every renewal changes a certificate, also one that keeps its key.",
                f"Pin the key instead: {seen(subject.chain.path[one.place]).pin}.",
                "",
            )
        else:
            yield (
                Severity.SERIOUS,
                f"{one.pin} is the {one.pin.hash} of the whole certificate of {subject.name(one.place)}",
                f"{subject.config.format.words} compares the hash of the key (SubjectPublicKeyInfo), "
                "so this pin never matches.",
                f"Pin the key instead: {seen(subject.chain.path[one.place]).pin}.",
                "RFC 7469 section 2.4",
            )


@rule
def unusable_pin(subject: Subject) -> Found:
    bad = [one for one in subject.matches if one.pin.never]
    if bad:
        effect = {
            Format.ANDROID: "Android does not even load a configuration with such a pin: the app fails at its first "
            "connection. Here it is a pin that never matches.",
            Format.HPKP: "A browser ignores a header with such a pin.",
        }.get(subject.config.format, "Such a pin never matches.")
        yield (
            Severity.SERIOUS,
            f"{say(bad)}: {bad[0].pin.never}",
            effect,
            "Write the base 64 of the SHA-256 of the key; `python -m lab pin FILE.pem` prints it.",
            "",
        )


@rule
def never_looked_at(subject: Subject) -> Found:
    lost = [one for one in subject.matches if one.names is Names.KEY and one.never and not one.pin.never]
    if lost:
        names = ", ".join(dict.fromkeys(subject.name(one.place or 0) for one in lost))
        curl = subject.config.format is Format.CURL
        yield (
            Severity.SERIOUS,
            f"{say(lost)} ({names}): {lost[0].never}",
            f"{these(lost, 'This pin', 'These pins')} cannot match, whatever the server sends.",
            "Pin the leaf's key and a backup key."
            if lost[0].where is Where.LEAF
            else "Move it to the other list; where both are there, both have to match.",
            "curl issue 20538 (2026-02)" if curl else "",
        )


@rule
def pin_off_path(subject: Subject) -> Found:
    aside = [one for one in subject.matches if one.names is Names.ASIDE]
    if aside:
        yield (
            Severity.FIX,
            f"{say(aside)} {these(aside, 'names a certificate', 'name certificates')} in the file that nothing on "
            "the way from the leaf to the root needs",
            "Pins are compared with the path that validation builds, and superfluous certificates are ignored: "
            "anybody can send them along (CVE-2016-2402).",
            "Pin a key that is on the path.",
            "RFC 7469 section 2.6",
        )


@rule
def wrong_host(subject: Subject) -> Found:
    why = name_mismatch(seen(subject.chain.leaf).hosts, subject.host)
    if why:
        yield (
            Severity.SERIOUS,
            why,
            "Ordinary validation refuses this chain for this host, with or without pins. The forecast runs as if the "
            "name were right.",
            "Give the chain that this host sends, or the right host with --host.",
            "",
        )


@rule
def chain_not_valid(subject: Subject) -> Found:
    if subject.now != subject.asked:
        expired = subject.asked > subject.chain.not_after
        word = "expired on" if expired else "is not valid before"
        day = subject.chain.not_after if expired else subject.chain.not_before
        yield (
            Severity.SERIOUS,
            f"a certificate in the chain {word} {day:%Y-%m-%d}",
            f"Ordinary validation refuses it, with or without pins. The forecast runs on {subject.now:%Y-%m-%d}, "
            f"the {'last' if expired else 'first'} day on which it was valid.",
            "Give the chain that the server sends today.",
            "",
        )
