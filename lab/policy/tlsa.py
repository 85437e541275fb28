"""
Clients that ask DNS which keys the site has: what its owner publishes there, signed (DANE, RFC 6698).

They stand beside the columns of the matrix, as the group `dane`, and ask their
CAs as well. One that hears no word goes on (soft) or refuses (hard); where the
owner says that there are no records, both go on.
"""

from __future__ import annotations

from lab.observation import Evidence
from lab.policy.checks import ORDINARY
from lab.policy.clients import FURTHER, Client, register
from lab.policy.revocation import spoken

SOFT = spoken("heeded records", Evidence.RECORDS, hard=False)
HARD = spoken("required records", Evidence.RECORDS, hard=True)

register(
    Client(
        "dane-soft",
        "refuses a key that signed DNS does not name, and goes on where there is no word",
        (*ORDINARY, SOFT),
    ),
    FURTHER,
)
register(
    Client(
        "dane-hard",
        "wants the site's word in signed DNS, and refuses where none comes",
        (*ORDINARY, HARD),
        source="RFC 6698 section 4.1 (where the answer cannot be validated, no TLS)",
    ),
    FURTHER,
)
