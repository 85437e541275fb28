"""
The claims on where pinning came from, and why its name suffered.

Most are history: they carry a source, and no trial. Sources stand here as they
were found; this file does not ask whether they still can be read.
"""

from __future__ import annotations

from lab.course.article.part import OUTAGE, SERVED, STOPPED, Part
from lab.course.ledger import Cell, Section

PART = Part(Section.ORIGIN)
holds, on_condition, history = PART.holds, PART.on_condition, PART.history

history(
    "Google was among the first who pinned, in 2011, for its own servers in Chrome.",
    source="Chrome 13 pinned Google's keys (imperialviolet.org/2011/05/04/pinning.html)",
)
history(
    "For those names, Chrome took nothing but the certificates pinned at the time.",
    source="not so, by the words of who built it: Chrome pinned public keys, of Verisign, Google Internet Authority, "
    "Equifax and GeoTrust, and gave reasons for not pinning certificates (imperialviolet.org/2011/05/04/pinning.html)",
    note="And a chain that ends in a root which was installed locally can be let through (Chromium's "
    "transport_security_state.cc: BYPASSED)",
)
on_condition(
    "If an attacker gets a trusted CA to issue a certificate, a pinned client still refuses it.",
    Cell("root-pinned", "other_trusted_ca", STOPPED),
    Cell("leaf-pinned", "other_trusted_ca", STOPPED),
    Cell("root-pinned", "sibling_intermediate", STOPPED),
    Cell("intermediate-pinned", "same_intermediate", STOPPED),
    condition="the CA that was deceived is not one whose key is pinned",
)
history(
    "Chrome and Firefox were among the first programs that had it.",
    source="both have it in their source: Chromium's transport_security_state_static.pins, Firefox's test_pinning.js "
    "with its four levels; which programs were first, these do not say",
)
history(
    "Phone apps, devices and other software followed.",
    source="Android's network security configuration, NSPinnedDomains from iOS 14, TrustKit, OkHttp, "
    "curl --pinnedpubkey; for devices we have no source",
)
history(
    "Today it has a bad name.",
    source="Let's Encrypt changed intermediates to discourage key pinning (letsencrypt.org/2024/03/19); Cloudflare "
    "saw more of its customers' pinning clients fail (blog.cloudflare.com, 2024-07-29)",
)
holds(
    "The reason is its price: who pins can no longer change certificates freely.",
    Cell("leaf-pinned", "new_key", OUTAGE),
    Cell("intermediate-pinned", "new_intermediate", OUTAGE),
    Cell("root-pinned", "new_ca", OUTAGE),
    Cell("unpinned", "new_ca", SERVED),
)
history(
    "Pinning by an HTTP header (HPKP) has been withdrawn entirely.",
    source="removed in Chrome 72 (chromestatus.com/feature/5903385005916160), switched off in Firefox 72 (bug 1412438)",
)
