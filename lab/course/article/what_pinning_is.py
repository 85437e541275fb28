"""
The claims on what pinning is: what is compared, what may be pinned, and what became of it.

How pins are found and built in is in `how_it_works`, and what each link of the
chain does as a pin in `what_can_be_pinned`.
"""

from __future__ import annotations

from lab.course.article.part import INTERCEPTED, OUTAGE, SERVED, STOPPED, Part
from lab.course.ledger import Cell, Section

PART = Part(Section.WHAT)
holds, on_condition, history = PART.holds, PART.on_condition, PART.history

holds(
    "Pinning is a way to make sure, from the client's side, that it talks to the right server.",
    Cell("leaf-pinned", "ordinary_day", SERVED),
    Cell("leaf-pinned", "other_trusted_ca", STOPPED),
)
holds(
    "The client compares the server's certificate with a copy that it already has.",
    Cell("certificate-pinned", "ordinary_day", SERVED),
    Cell("certificate-pinned", "stolen_key_new_certificate", STOPPED),
    note="Only the certificate differs in the second scene; the key is the site's own",
)
on_condition(
    "When the two are the same, that is enough: the connection counts as allowed.",
    Cell("certificate-pinned", "ordinary_day", SERVED),
    Cell("certificate-pinned", "expired_with_stolen_key", INTERCEPTED),
    Cell("intermediate-pinned", "other_hosts_certificate", INTERCEPTED),
    condition="ordinary validation and the host name pass as well; a match replaces neither",
)
on_condition(
    "A connection with any certificate but the pinned one is turned down.",
    Cell("certificate-pinned", "same_key", OUTAGE),
    Cell("leaf-pinned", "same_key", OUTAGE),
    Cell("root-pinned", "new_key", OUTAGE),
    condition="the whole leaf certificate is pinned, and not its key or a CA's",
)
history(
    "What applications pin most often is a whole certificate.",
    source="no count is known to us; the implementations whose rules we have compare keys: RFC 7469 section 2.6, "
    "Android's NetworkSecurityTrustManager.checkPins, curl --pinnedpubkey; the Gemini client gmni compares "
    "certificates (drewdevault.com/2020/09/21)",
)
holds(
    "One may pin a CA instead of the server.",
    Cell("root-pinned", "new_key", SERVED),
    Cell("intermediate-pinned", "new_key", SERVED),
    Cell("root-pinned", "other_trusted_ca", STOPPED),
)
holds(
    "One may pin no more than a public key.",
    Cell("leaf-pinned", "ordinary_day", SERVED),
    Cell("leaf-pinned", "new_key", OUTAGE),
)
holds(
    "A pinned key is not bound to a particular certificate.",
    Cell("leaf-pinned", "same_key", SERVED),
    Cell("leaf-pinned", "other_ca_same_key", SERVED),
    Cell("leaf-pinned", "stolen_key_new_certificate", INTERCEPTED),
)
history(
    "Pinning was invented against the man in the middle.",
    source="so says the abstract of RFC 7469, of pins in a header; DigiNotar's false certificates came to light "
    "because Chrome pinned Google's keys, from 27 to 29 August 2011 (Communications of the ACM, October 2014)",
)
history(
    "It has mostly been given up, because it is complicated and dangerous.",
    source="Chris Palmer, blink-dev, 2017-10-27, of pins in a header: hard to build a set that surely works, a site "
    "may become unusable, somebody hostile may pin, and few used it; OkHttp's own documentation of its pinner has the "
    'heading "Certificate Pinning is Dangerous!"',
)
history(
    "Most browsers have dropped it.",
    source="Chrome 72 removed pinning by header (chromestatus.com/feature/5903385005916160), and Firefox 72, the last "
    "of the large browsers, switched it off (bug 1412438)",
    note="Pins that are built in have stayed: Firefox has them, and Chrome's came to Android with version 106",
)
history(
    "Most companies that pinned did it wrongly, and had outages.",
    source="outages are on record: Barclays's app, 2016-11-24 (CA/Browser Forum public list, November 2016); Smashing "
    "Magazine's readers, 21 to 25 October 2016 (smashingmagazine.com/be-afraid-of-public-key-pinning); that it was "
    "most, nobody counted",
)
holds(
    "A pin that is done wrongly can do great harm.",
    Cell("no-host-name-check", "other_hosts_certificate", INTERCEPTED),
    Cell("pins-presented-chain", "chain_stuffing", INTERCEPTED),
    Cell("checks-too-late", "other_trusted_ca", INTERCEPTED),
    Cell("leaf-pinned", "new_key", OUTAGE),
)
history(
    "The article's publisher, itself a CA, advises against pinning.",
    source="the article, 2021-03-15",
)
