"""
The claims on root, intermediate and leaf: what each of them is, and what it does as a pin.

Two of them need scenes that the catalogue does not have; those are in `scenes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lab.course.article.part import INTERCEPTED, OUTAGE, SERVED, STOPPED, Part
from lab.course.article.scenes import (
    of_the_path,
    ordinary_path,
    served_through,
    straight_from_the_root,
    two_intermediates,
)
from lab.course.ledger import Cell, Class, Ran, Section
from lab.policy.clients import client
from lab.scenes.catalogue import case
from lab.trials.matrix import matrix
from lab.trials.trial import trial

PART = Part(Section.WHICH)
holds, on_condition, history, tried = PART.holds, PART.on_condition, PART.history, PART.tried

holds(
    "Any certificate of the chain may be the one that is pinned.",
    Cell("root-pinned", "ordinary_day", SERVED),
    Cell("intermediate-pinned", "ordinary_day", SERVED),
    Cell("leaf-pinned", "ordinary_day", SERVED),
)
on_condition(
    "For safety, one certificate of the chain must be in the hands of the app's owner alone.",
    Cell("leaf-pinned", "same_intermediate", STOPPED),
    Cell("root-pinned", "same_intermediate", STOPPED),
    Cell("any-of-chain", "same_intermediate", STOPPED),
    condition="the client insists on that one; in all three cases the leaf is the owner's alone",
)
history(
    "Pinning only the root is a frequent mistake.",
    source="users ask curl for pins on CAs (curl#1022 and #1025, 2016; #20538, 2026-02); how many pin a root, these "
    "do not say",
)
on_condition(
    "If only the root is pinned, an attacker with a certificate from the same CA gets in.",
    Cell("root-pinned", "sibling_intermediate", INTERCEPTED),
    Cell("root-pinned", "same_intermediate", INTERCEPTED),
    Cell("root-pinned", "other_hosts_certificate", INTERCEPTED),
    condition="the certificate is for the site's own name; with one for a name of their own, anybody can buy it",
)


@tried(
    Class.FAILS,
    "So it is better to pin several certificates of the chain, or every one.",
    Cell("any-of-chain", "sibling_intermediate", STOPPED),
    Cell("any-of-chain", "same_intermediate", STOPPED),
    note="A pin set matches if any pin does (RFC 7469 section 2.6, OkHttp, Android, TrustKit, Chromium). Where two "
    "lists must both match, as with NSPinnedDomains on iOS, it is another policy: see leaf-and-ca. Every further pin "
    "saves some outages, and each of those is one more way in",
)
def _all_against_the_root() -> Iterator[Ran]:
    both = matrix([client("any-of-chain"), client("root-pinned")], of_the_path())
    every, root = (both.score(name) for name in ("any-of-chain", "root-pinned"))
    words = f"any-of-chain {every.stopped} of {every.attacks}, root-pinned {root.stopped} of {root.attacks}"
    yield Ran("attacks stopped", words, every.stopped > root.stopped)


on_condition(
    "A root certificate comes from a trusted CA.",
    Cell("unpinned", "ordinary_day", SERVED),
    Cell("unpinned", "look_alike_root", INTERCEPTED),
    Cell("unpinned", "untrusted_rogue_ca", INTERCEPTED),
    condition="the client's store holds it; anybody can make a certificate that looks the same",
)


@tried(Class.HOLDS, "It rests on a key pair, and on signing and hashing algorithms.")
def _algorithms() -> Iterator[Ran]:
    root = ordinary_path()[-1]
    hashed = root.signature_hash_algorithm
    root.verify_directly_issued_by(root)  # raises where its own key did not sign it
    yield Ran("the root's signature", f"made by its own key over {hashed.name if hashed else 'nothing'}", bool(hashed))


history(
    "The CA watches over its root with care.",
    source="when it did not help: nine certificates came straight from a root of Comodo's, 2011-03-15 "
    "(blog.mozilla.org/security/2011/03/25)",
)
holds(
    "Pinning only the root means trust in its CA and in every intermediate below it.",
    Cell("root-pinned", "sibling_intermediate", INTERCEPTED),
    Cell("root-pinned", "new_intermediate", SERVED),
    Cell("intermediate-pinned", "sibling_intermediate", STOPPED),
)


@tried(Class.HOLDS, "An intermediate stands between the root and the leaf.")
def _between() -> Iterator[Ran]:
    leaf, intermediate, root = ordinary_path()
    leaf.verify_directly_issued_by(intermediate)
    intermediate.verify_directly_issued_by(root)
    yield Ran("who signed whom on the path", "the root signed the intermediate, which signed the leaf", True)


@tried(Class.FAILS, "No chain is without an intermediate.")
def _straight_from_the_root() -> Iterator[Ran]:
    for one in served_through(straight_from_the_root, ("unpinned", "root-pinned", "leaf-pinned")):
        yield replace(one, agrees=not one.agrees)


@tried(Class.HOLDS, "A chain may have several intermediates.")
def _two_intermediates() -> Iterator[Ran]:
    yield from served_through(two_intermediates, ("unpinned", "root-pinned", "intermediate-pinned", "leaf-pinned"))


holds(
    "Pinning only the intermediate works, but all trust then lies in that one CA.",
    Cell("intermediate-pinned", "ordinary_day", SERVED),
    Cell("intermediate-pinned", "same_intermediate", INTERCEPTED),
    Cell("intermediate-pinned", "new_intermediate", OUTAGE),
)


@tried(Class.FAILS, "The leaf is the top of the chain.")
def _leaf_on_top() -> Iterator[Ran]:
    path = trial(client("unpinned"), case("ordinary_day")).shown.observation.path or ()
    leaf = path[0]
    above = [one.name for one in path[1:]]
    yield Ran("certificates above the leaf", f"{len(above)} ({', '.join(above)})", not above)
    yield Ran("whether the leaf may sign another", "a CA" if leaf.is_ca else "no CA", leaf.is_ca)


on_condition(
    "Who pins the leaf can be all but certain of a match.",
    Cell("leaf-pinned", "ordinary_day", SERVED),
    Cell("leaf-pinned", "new_key", SERVED),
    Cell("leaf-pinned", "two_servers", SERVED),
    condition="the server's key has not changed and there is only one",
)


@tried(Class.HOLDS, "Leaf certificates are those of the end: the server's own, and no CA's.")
def _end_entity() -> Iterator[Ran]:
    path = trial(client("unpinned"), case("ordinary_day")).shown.observation.path or ()
    flags = ", ".join("CA" if one.is_ca else "no CA" for one in path)
    yield Ran("CA flags along the path, leaf first", flags, [one.is_ca for one in path] == [False, True, True])


history(
    "Leaf certificates are to be replaced often.",
    source="the CA/Browser Forum's ballot SC-081v3, 2025-04-11: at most 200 days from 2026-03-15, 100 from "
    "2027-03-15, 47 from 2029-03-15 (cabforum.org/2025/04/11)",
    note="Replaced is not revoked: a certificate that runs out needs no revocation",
)
on_condition(
    "Each replacement of the leaf means an update for every client.",
    Cell("leaf-pinned", "new_key", OUTAGE),
    Cell("leaf-pinned", "same_key", OUTAGE),
    Cell("leaf-or-backup", "backup_key", OUTAGE),
    condition="the new key is not one that the client already pins",
)
