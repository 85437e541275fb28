"""
What a channel costs a client on one visit, and whom it tells what, as a meeting showed it.

It counts what came for the evidence, and knows neither sockets nor what an
HTTP server sends around it. That somebody looks on is not in it: over plain
HTTP whoever is on the line reads what the issuer reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lab.observation import Evidence, Observation

TRIPS = 2
"""Round trips for each thing that is fetched: to connect, and to ask. That its name is looked up first is left out."""


class Tells(StrEnum):
    """What somebody learns of a visit because the client asks."""

    NOBODY = "nobody"
    """It came with the server's own words, or with an update that everybody gets."""
    SITE = "the issuer: which site, and when"
    ISSUER = "the issuer: one of its sites, and when"
    LOG = "the log: which certificate, and when"
    RESOLVER = "the resolver: which site, and when"


_TELLS = {
    Evidence.ANSWER: Tells.SITE,
    Evidence.LIST: Tells.ISSUER,
    Evidence.INCLUSION: Tells.LOG,
    Evidence.RECORDS: Tells.RESOLVER,
}


@dataclass(frozen=True, slots=True)
class EvidenceCost:
    """
    What one kind of evidence costs: octets, round trips that the handshake would not have had, and whom it tells what.

    `shared` says that the octets are not those of a visit: they are for all
    sites, and come once with an update.
    """

    kind: Evidence
    octets: int
    round_trips: int
    tells: Tells
    shared: bool


def cost(kind: Evidence, observation: Observation) -> EvidenceCost:
    """
    The cost of this kind in a meeting of a client that wanted it.

    What DNS says is one look-up, of one round trip. Raises ValueError where it was not asked for.
    """
    piece = observation.evidence.get(kind)
    if piece is None:
        raise ValueError(f"nobody counted what the {kind} costs here; ask a client that wants it")
    each = max(0, len(observation.path or ()) - 1)
    trips = {Evidence.ANSWER: TRIPS * each, Evidence.LIST: TRIPS * each, Evidence.INCLUSION: TRIPS, Evidence.RECORDS: 1}
    return EvidenceCost(kind, piece.octets, trips.get(kind, 0), _TELLS.get(kind, Tells.NOBODY), kind is Evidence.PUSHED)
