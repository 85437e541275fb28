"""
What an operator does and what it fears: the numbers behind a fleet's five years, each with its source.

It draws nothing and counts nothing. Rates are events a year; none of them is a
measurement of how often such things happen to a site, so each says that it is
an assumption, with the incidents that show the event itself to be real.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date

SOURCES = {
    "lifetime": "CA/Browser Forum ballot SC-081v3: at most 398 days, 200 from 2026-03-15, 100 from 2027-03-15, "
    "47 from 2029-03-15",
    "renew_at": "assumption: a certificate is renewed when a third of its life is left",
    "keeps_key": "assumption: a renewal makes a new key, as lego, certbot and dehydrated do if nobody asks (measured)",
    "reaction": "assumption; in November 2016 an app pinned to an obsolete intermediate was said to need "
    '"several weeks, including ... app store" (CA/Browser Forum public list, 2016-November/008989)',
    "intermediate_swaps": "assumption from three dates: Let's Encrypt changed its default intermediates on 2024-06-06, "
    "about 2025-08-20, and between 2026-05-19 and 2026-05-28: twice in the two years after the first",
    "ca_moves": "assumption: one in five years; Cloudflare saw more pinning clients fail when it left a CA "
    "(blog.cloudflare.com, 2024-07-29)",
    "mass_revocations": "assumption: one in ten years; Let's Encrypt announced it for 3,048,289 certificates, from "
    "2020-03-04 on, and had revoked 1,706,950 by the deadline; DigiCert, 2024-07-29, 83,267 certificates, 24 hours",
    "key_thefts": "assumption: one in ten years; Heartbleed (CVE-2014-0160) gave away server keys",
    "theft_noticed": "assumption, in days",
    "revocation_heeded": "0: who asks mostly fails softly, and who is on the line can drop the answer (Ars Technica, "
    "July 2017); a pushed list, as Firefox has on the desktop since 137, is heeded: how many have one is an assumption",
    "other_ca_misissues": "assumption: one in ten years; DigiNotar, 2011, at least 531 certificates",
    "sibling_misissues": "assumption: one in twenty years; Comodo, 2011-03-15, nine certificates",
    "same_ca_misissues": "assumption: one in twenty years; jabber.ru, 2023",
    "misissued_used": "90 days are confirmed for jabber.ru (community.letsencrypt.org/t/206966); never longer than "
    "the certificate lives",
    "attacks": "nobody has counted it",
}
"""Where each number of a `Plan` comes from."""

SWAPS = (date(2024, 6, 6), date(2025, 8, 20), date(2026, 5, 28))
"""When Let's Encrypt's default intermediates changed: to the day, about, and at the latest."""

MISISSUED = {
    "other_trusted_ca": "other_ca_misissues",
    "sibling_intermediate": "sibling_misissues",
    "same_intermediate": "same_ca_misissues",
}
"""The attacks of the catalogue that need a CA to mis-issue, with the field of a plan that says how often it does."""

COUNTED = {**MISISSUED, "stolen_key_and_certificate": "key_thefts"}
"""The attacks that a plan has a field for; `attacks` takes the others."""


@dataclass(frozen=True)
class Plan:
    """
    An operator's habits and a world's dangers.

    `lifetime` is a certificate's life in days, `renew_at` the share of it
    after which it is renewed, `keeps_key` whether a renewal keeps the key.
    `reaction` is the days from a change that nobody had planned until a
    release that knows the new pins. Fields in the plural are events a year.
    `theft_noticed` and `misissued_used` are days. `revocation_heeded` is the
    share of devices (0 to 1) on which revoking a stolen certificate has an
    effect. `attacks` are rates of further attacks of the catalogue, by name;
    one that is not there has the rate 0, since nobody has counted it. Each
    lasts as long as a certificate that was mis-issued.

    Left out: devices that come and go, an attacker who is there at first use,
    a CA that mis-issues again and again, and one that picks one of several
    intermediates at each issuance, as Let's Encrypt does. Raises ValueError for a number
    that makes no sense.
    """

    lifetime: int = 200
    renew_at: float = 2 / 3
    keeps_key: bool = False
    reaction: int = 14
    intermediate_swaps: float = 1.0
    ca_moves: float = 0.2
    mass_revocations: float = 0.1
    key_thefts: float = 0.1
    theft_noticed: int = 30
    revocation_heeded: float = 0.0
    other_ca_misissues: float = 0.1
    sibling_misissues: float = 0.05
    same_ca_misissues: float = 0.05
    misissued_used: int = 90
    attacks: Mapping[str, float] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        numbers = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "attacks"} | self.rates
        for name, value in numbers.items():
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"a plan's {name} is {value}; give a number of 0 or more")
        if not 1 <= self.lifetime <= 3650:
            raise ValueError(f"certificates that live {self.lifetime} days were asked for; give 1 to 3650 days")
        for name in ("renew_at", "revocation_heeded"):
            if getattr(self, name) > 1 or (name == "renew_at" and not self.renew_at):
                raise ValueError(f"a plan's {name} is {getattr(self, name)}; it is a share, so give 0 to 1")
        for name, rate in self.rates.items():
            if rate > MOST_A_YEAR:
                raise ValueError(f"a plan's {name} is {rate:g} a year; give at most {MOST_A_YEAR}, one a week")

    @property
    def rates(self) -> dict[str, float]:
        """Everything that is events a year, by the name of the field or of the attack."""
        return {name: getattr(self, name) for name in EVENTS} | dict(self.attacks)

    @property
    def renewed_every(self) -> int:
        """Days from one renewal to the next."""
        return max(1, math.floor(self.lifetime * self.renew_at))


EVENTS = (
    "intermediate_swaps",
    "ca_moves",
    "mass_revocations",
    "key_thefts",
    *MISISSUED.values(),
)
"""The fields of a plan that are events a year, in the order in which their random numbers are drawn."""

MOST_A_YEAR = 52
