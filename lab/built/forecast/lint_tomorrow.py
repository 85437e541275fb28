"""
What will be wrong with a pin set tomorrow: a lost key, another CA, a renewal.

One small function for each finding, in the order in which they are printed.
Each says what it saw, why that matters and what to do.
"""

from __future__ import annotations

from lab.built.forecast.config import Format
from lab.built.forecast.findings import Found, Severity, Subject, rule, say, these
from lab.built.forecast.match import Names
from lab.policy.pinset import Where

MOST_AGE = 60 * 86_400  # seconds; RFC 7469 section 4.1 suggests some 60 days, and Chromium capped it there

# ---- will it work tomorrow? ----------------------------------------------------------------------


@rule
def no_backup(subject: Subject) -> Found:
    if subject.config.format is Format.HPKP:
        return  # header-ignored says it
    for listed in subject.lists:
        usable = [one for one in listed if not one.never]
        if usable and not any(one.outside or one.names is Names.ASIDE for one in usable):
            where = f" for {listed[0].where.value}" if len(subject.lists) > 1 else ""
            yield (
                Severity.SERIOUS,
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
    dummies = [one for one in subject.matches if one.names is Names.DUMMY]
    if dummies:
        yield (
            Severity.SERIOUS,
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
        yield (
            Severity.KNOW if root else Severity.FIX,
            f"{say(unknown)} {these(unknown, 'names', 'name')} no certificate in the chain, and no key was shown for "
            + these(unknown, "it", "them"),
            "A backup helps only if somebody holds its key. The forecast takes it for a stranger's: the move to the "
            "backup key is then an outage."
            + (" It may also be the pin of the root, which is not in the file." if root else ""),
            "Show the key with --backup-key FILE.pem (a public key, a request or a certificate), or vouch for the pin "
            "with --backup PIN" + (f"; give {subject.chain.above} with --root." if root else "."),
            "",
        )


@rule
def backup_not_pinned(subject: Subject) -> Found:
    pinned = {str(one.pin) for one in subject.matches}
    lost = [one for one in subject.backups if one not in pinned]
    if lost:
        yield (
            Severity.SERIOUS,
            f"you hold the backup key {', '.join(lost[:3])}, and no pin names it",
            "A server that moves to this key is refused.",
            "Pin it, in a release that users have before the key is needed.",
            "",
        )


@rule
def backup_in_use(subject: Subject) -> Found:
    live = {one.pin: one.name for one in subject.chain.seen}
    for one in subject.backups:
        if one in live:
            yield (
                Severity.FIX,
                f"the backup key {one} is the key of {live[one]}, which is in the chain today",
                "A backup has to be another key: the day on which this one is lost takes both.",
                "Make a second key, keep it offline, and pin it too.",
                "",
            )


@rule
def root_weakens_leaf(subject: Subject) -> Found:
    for listed in subject.lists:
        places = sorted({one.place for one in listed if one.works and one.place is not None})
        if len(places) > 1:
            top, lower = subject.name(places[-1]), [subject.name(place) for place in places[:-1]]
            yield (
                Severity.FIX,
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
    if subject.config.format is Format.HPKP:
        return  # header-ignored says it: with every pin on the path, no browser notes the header
    for listed in subject.lists:
        usable = [one for one in listed if not one.never and one.names is not Names.DUMMY]
        if usable and all(one.place for one in usable):
            names = ", ".join(dict.fromkeys(subject.name(one.place or 0) for one in usable))
            yield (
                Severity.FIX,
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
    end = subject.chain.leaf.not_valid_after_utc
    if subject.asked > end or end >= subject.release:
        return
    for listed in subject.lists:
        usable = [one for one in listed if not one.never]
        leaf_only = bool(usable) and all(
            one.place == 0 or one.names in (Names.DUMMY, Names.NOTHING, Names.ASIDE) for one in usable
        )
        if leaf_only and any(one.place == 0 for one in usable):
            yield (
                Severity.FIX,
                f"the leaf certificate ends on {end:%Y-%m-%d}, before the next release on {subject.release:%Y-%m-%d}, "
                "and only its key passes",
                "It will be renewed while users still have these pins. A renewal with a new key is an outage for them; "
                "one with the same key is not.",
                "Have the renewal keep the key, or pin the next key before it is used.",
                "measured here in the scenes same_key and new_key",
            )


@rule
def long_max_age(subject: Subject) -> Found:
    age = subject.config.max_age
    if age and age > MOST_AGE:
        yield (
            Severity.FIX,
            f"max-age is {age // 86_400} days",
            "So long a lost key locks visitors out. Smashing Magazine had 365 days when most of its returning visitors "
            "were.",
            "Some 60 days are the RFC's suggestion.",
            "RFC 7469 section 4.1; smashingmagazine.com/be-afraid-of-public-key-pinning",
        )


@rule
def root_not_in_file(subject: Subject) -> Found:
    if not subject.chain.has_root:
        above = subject.chain.above
        alone = len(subject.chain.path) == 1
        yield (
            Severity.KNOW,
            f"the chain ends below {above}, which is not in the file" + (", as servers send it" if not alone else ""),
            "The forecast makes a root of that name, without limits."
            + (f" If {above} is an intermediate, the real chain is longer than the rebuilt one." if alone else ""),
            f"Give the certificate of {above} with --root to have its pin recognised and its limits kept.",
            "",
        )


@rule
def chain_out_of_order(subject: Subject) -> Found:
    if subject.chain.reordered:
        yield (
            Severity.KNOW,
            "the certificates were not in order, leaf first, each below its issuer; they were put so",
            "The forecast follows names and signatures, so nothing changes here. A server that sends the file as it "
            "is sends this order.",
            "Put the file in order.",
            "",
        )
