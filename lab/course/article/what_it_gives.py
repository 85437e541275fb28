"""
The claims on what pinning gives: attacks that it stops.

What the same pins cost on the days when nobody attacks is in `what_it_costs`.
"""

from __future__ import annotations

from collections.abc import Iterator

from lab.course.article.part import INTERCEPTED, STOPPED, Part
from lab.course.article.scenes import of_the_path
from lab.course.ledger import Cell, Class, Ran, Section
from lab.policy.clients import client
from lab.trials.matrix import matrix

PART = Part(Section.GIVES)
holds, on_condition, tried = PART.holds, PART.on_condition, PART.tried

holds(
    "Pinning puts an organisation in control of what its own apps accept.",
    Cell("unpinned", "other_trusted_ca", INTERCEPTED),
    Cell("leaf-pinned", "other_trusted_ca", STOPPED),
)
on_condition(
    "With pinning, false certificates are of next to no use.",
    Cell("leaf-pinned", "other_trusted_ca", STOPPED),
    Cell("leaf-pinned", "sibling_intermediate", STOPPED),
    Cell("leaf-pinned", "same_intermediate", STOPPED),
    Cell("leaf-pinned", "stolen_key_new_certificate", STOPPED),
    condition="the false certificate is not for a key that is pinned, as it is when the key was stolen",
)
on_condition(
    "It withstands certificates that should never have been issued.",
    Cell("intermediate-pinned", "other_trusted_ca", STOPPED),
    Cell("intermediate-pinned", "sibling_intermediate", STOPPED),
    Cell("intermediate-pinned", "same_intermediate", STOPPED),
    condition="somebody else issued them than the CA that is pinned",
)
on_condition(
    "It withstands a CA that has fallen to an attacker.",
    Cell("root-pinned", "other_trusted_ca", STOPPED),
    Cell("root-pinned", "sibling_intermediate", STOPPED),
    Cell("any-of-chain", "same_intermediate", STOPPED),
    condition="it is a CA that the site has nothing to do with, or the leaf alone is pinned",
)


@tried(
    Class.CONDITION,
    "It withstands the man in the middle.",
    condition="the attacker has not got the pinned key",
)
def _every_attack() -> Iterator[Ran]:
    pinned = client("leaf-pinned")
    done = matrix([pinned], of_the_path())
    lost = [one.name for one in done.cases if done.cell(pinned.name, one.name).outcome is INTERCEPTED]
    score = done.score(pinned.name)
    if score.stopped:
        yield Ran("attacks that leaf-pinned stopped", f"{score.stopped} of {score.attacks}", True)
    if lost:
        yield Ran("attacks that robbed it", ", ".join(lost), False)
