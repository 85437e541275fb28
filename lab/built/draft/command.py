"""
`python -m lab draft`: what Merkle Tree Certificates would do to pins, on one page.
"""

from __future__ import annotations

import argparse

from lab.cli.verb import forms, printed, verb

NOTE = """A draft: {}. ✓ served, ■ outage, – stopped, ✗ intercepted; and how many of its pins a client finds. B: \
with the backup key. Proofs are real, handshakes are not: no TLS stack here speaks it. See notebooks/NO-CHAIN.md."""


@verb("draft", "", forms(json="the same as JSON"))
def draft(chosen: argparse.Namespace) -> None:
    """Take pinned clients to a path with no chain: Merkle Tree Certificates, which are an Internet-Draft yet."""
    from lab.built.draft.certificates import DRAFT
    from lab.built.draft.scene import no_chain
    from lab.show.sheet import LINE, Row, Sheet, hung
    from lab.show.words import LOOKS

    came, seen = no_chain()
    cell = "{0} {matched}/{pins}"
    cells = {who: [cell.format(LOOKS[it["outcome"]].glyph, **it) for it in days.values()] for who, days in came.items()}
    rows = [Row(who, tuple(row)) for who, row in cells.items()]
    held = "\n".join(f"{name:<27}{it['octets']:>6,} octets  {it['refused'] or 'holds'}" for name, it in seen.items())
    sheet = Sheet("A path with no chain", ("client", *next(iter(came.values()))), rows, (hung(held),))
    if chosen.json:
        printed({"draft": DRAFT, "clients": came, "forms": seen})
    else:
        print(sheet.text(LINE).plain, hung(NOTE.format(DRAFT)), sep="\n\n")
