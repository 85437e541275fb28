"""
Clients that want a certificate to be in public: they count what logs have signed, or ask for a proof that it is there.

They stand beside the columns of the matrix, as the group `transparency`. None
of them learns whether the owner ordered the certificate: what is public the
owner can find, and nobody else looks. As Chrome does, most ask nothing of a path
to an anchor that somebody installed, since no such CA hands anything in.
"""

from __future__ import annotations

from dataclasses import replace

from lab.counting import enough
from lab.observation import Doubt, Evidence, Observation, Piece
from lab.policy.check import Basis, Check, Known
from lab.policy.checks import LEAF_PIN, ORDINARY
from lab.policy.clients import FURTHER, Client, register
from lab.policy.revocation import spoken

SCTS = frozenset({Evidence.SCTS})


def excused(check: Check) -> Check:
    """The same check, which asks nothing where the path ends in an anchor that somebody installed."""

    def rule(observation: Observation, known: Known) -> tuple[bool, str]:
        anchor = observation.path[-1] if observation.path else None
        if anchor and anchor.fingerprint in known.installed:
            return True, f"nothing is asked of {anchor.name}, which somebody installed"
        found = check.find(observation, known)
        return found.passed, found.reason

    return replace(check, rule=rule)


def _came(observation: Observation) -> Piece:
    return observation.evidence.get(Evidence.SCTS, Piece(None, "nobody asked for any"))


def _count(observation: Observation, known: Known) -> tuple[bool, str]:
    leaf, piece = observation.leaf, _came(observation)
    if leaf is None:
        return False, "there is no certificate that a log could have"
    good, why = enough(piece.stamps, leaf.not_after - leaf.not_before, observation.time)
    return good, why if good or not piece.trouble else f"{why}: {piece.trouble}"


def _take(observation: Observation, known: Known) -> tuple[bool, str]:
    piece = _came(observation)
    return piece.value is not None, piece.trouble or "there are SCTs in the certificate"


COUNTS_ALL = Check("counted SCTs, of everybody", _count, Basis.EVIDENCE, needs=SCTS)
COUNTS = excused(replace(COUNTS_ALL, name="counted SCTs"))
TAKES = excused(Check("SCTs of whatever kind", _take, Basis.EVIDENCE, needs=SCTS))
WITNESSED = excused(spoken("witnessed proof", Evidence.INCLUSION, hard=True))
NO_WITNESS = excused(spoken("unwitnessed proof", Evidence.INCLUSION, hard=True, leaves_out=frozenset({Doubt.SIGNER})))

for _row in (
    Client(
        "counts-scts",
        "wants enough logs to have signed that they have the certificate, but of installed CAs",
        (*ORDINARY, COUNTS),
        source="Chrome, ct_policy.md of 22 July 2026",
    ),
    Client("counts-scts-pinned", "the same, and wants the site's own key", (*ORDINARY, LEAF_PIN, COUNTS)),
    Client("counts-scts-of-all", "wants that many of every CA, whoever installed it", (*ORDINARY, COUNTS_ALL)),
    Client(
        "takes-any-sct",
        "wants SCTs in the certificate, and takes what comes",
        (*ORDINARY, TAKES),
        bug="no signature is verified, and no log has to be known",
        source="openssl s_client -ct prints what it finds of each SCT, and goes on",
    ),
    Client(
        "wants-witness",
        "wants a proof that a log has the certificate, in a tree that a witness has seen",
        (*ORDINARY, WITNESSED),
    ),
    Client(
        "takes-any-head",
        "wants a proof that a log has the certificate, in whatever tree it shows",
        (*ORDINARY, NO_WITNESS),
        bug="the log alone signs the tree; it may show everybody another one",
        source="RFC 9162 section 8.1.4 asks for the proof, and leaves it to gossip that all see one tree",
    ),
):
    register(_row, FURTHER)
