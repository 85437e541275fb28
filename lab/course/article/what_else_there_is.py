"""
The claims on what there is instead of pinning.

Revocation and transparency are not in this lab. Those claims say what is
missing and are not run.
"""

from __future__ import annotations

from lab.course.article.part import SERVED, STOPPED, Part
from lab.course.ledger import Cell, Section

PART = Part(Section.ELSE)
on_condition, not_yet = PART.on_condition, PART.not_yet

not_yet(
    "Nothing replaces pinning exactly, but other techniques have the same aim.",
    missing="revocation and transparency: checks that look at something else than the path",
)
not_yet(
    "The usual alternative is Certificate Transparency: public records of what CAs issue.",
    missing="transparency: a log, and a client that wants a receipt (SCT)",
)
not_yet(
    "A CA writes each public certificate into such logs.",
    missing="transparency: a CA that submits before it issues",
)
not_yet(
    "From the logs a browser can tell that a certificate was rightly issued.",
    missing="transparency: a mis-issued certificate that was logged",
    note="A receipt says that it was logged. Chromium asks for none where it does not know the root "
    "(CheckCTRequirements: CT_NOT_REQUIRED)",
)
not_yet(
    "The owners of names ought to watch the logs.",
    missing="transparency: a monitor",
    note="jabber.ru's false certificates of 2023 were in the logs all along, and were noticed when one of them ran "
    "out (community.letsencrypt.org/t/206966)",
)
not_yet(
    "The best remedy is to automate the whole life of certificates, from request to revocation.",
    missing="revocation; that a forgotten renewal is an outage for everybody, the slip forgot_to_renew shows",
)
on_condition(
    "Hardly any developer should pin today.",
    Cell("unpinned", "new_key", SERVED),
    Cell("leaf-pinned", "new_key", SERVED),
    Cell("unpinned", "same_intermediate", STOPPED),
    Cell("leaf-pinned", "same_intermediate", STOPPED),
    condition="an outage costs them more than a robbery that only a pin stops; notebook 08 weighs the two",
)
