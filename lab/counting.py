"""
How many logs' words are enough, as Chrome counts them (ct_policy.md of 22 July 2026).

Stamps that were verified go in, a finding comes out. Whether a log kept its
word, and what is in it, no count can say: a certificate that was logged and
that nobody ordered counts like any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

SHORT = timedelta(days=180)
LOGS, LONG_LOGS, OPERATORS = 2, 3, 2


@dataclass(frozen=True, slots=True)
class Stamp:
    """A log's signed word that it has a certificate (an SCT, RFC 6962), verified; `retired`: since when the log is."""

    log: str
    operator: str
    time: datetime
    retired: datetime | None = None


def enough(stamps: Iterable[Stamp], lifetime: timedelta, now: datetime, *, embedded: bool = True) -> tuple[bool, str]:
    """
    Whether these stamps are enough for a certificate of this lifetime, and why.

    In the certificate (`embedded`) two logs are enough up to 180 days and three
    above; a log that was retired since counts where the first of the stamps is
    older, and one log has to be in service still. Beside the certificate it is
    two logs in service. Either way they have two operators. That Chrome stops
    asking where its list of logs is 70 days old, and until 15 April 2026 wanted
    one log that is not of static tiles, is not in this.
    """
    every = tuple(stamps)
    first = min((one.time for one in every), default=now)
    in_service = [one for one in every if one.retired is None or now < one.retired]
    counted = [one for one in every if one.retired is None or first < one.retired] if embedded else in_service
    logs, operators = {one.log for one in counted}, {one.operator for one in counted}
    wanted = LONG_LOGS if embedded and lifetime > SHORT else LOGS
    if len(logs) < wanted:
        return False, f"{len(logs)} of the {wanted} logs that are wanted have signed that they have the certificate"
    if not in_service:
        return False, "every log that signed is retired"
    if len(operators) < OPERATORS:
        return False, f"all the logs that signed are run by {operators.pop()}, and {OPERATORS} operators are wanted"
    return True, f"{len(logs)} logs of {len(operators)} operators have signed that they have the certificate"
