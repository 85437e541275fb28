"""
Evidence, gathered for one decision: what came of each kind that a client wants, verified as far as that goes.

Where the octets come from is a function's business that is handed in: over a
line, or out of a value in a rehearsal. What a word means to a client that
hears none is the policy's. It never raises for what others sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise

from lab.observation import Certificate, Evidence, Observation, Piece, Word
from lab.pki.crl import listed
from lab.pki.elsewhere import Elsewhere
from lab.pki.ocsp import answered, piece
from lab.pki.reading import UNREADABLE
from lab.pki.revocation import no_word
from lab.pki.sct import scts_in, stamps

Ask = Callable[[Evidence, Certificate], bytes]
"""The octets of that kind about a certificate. Raises OSError or ValueError, in words, where none are to be had."""
Gather = Callable[[Observation, "bytes | None"], Mapping[Evidence, Piece]]
"""What there is for an observation; the staple is None as long as the server has not said whether it sends one."""

NO_PATH = "there is no path, so that nobody is known who could be asked"


def gathered(
    wants: Collection[Evidence], observation: Observation, staple: bytes | None, elsewhere: Elsewhere, fetch: Ask
) -> dict[Evidence, Piece]:
    """
    A piece for each kind that is wanted and is to be had by now.

    While `staple` is None nothing is gathered for a client that wants one: it
    decides when that is known. A resumed session brings nothing.
    """
    if Evidence.STAPLE in wants and staple is None:
        return {}
    if observation.resumed:
        return {kind: Piece(None, "a resumed session brings none") for kind in wants}
    found: dict[Evidence, Piece] = {}
    path = observation.path or ()
    for kind in wants:
        if kind is Evidence.STAPLE:
            found[kind] = piece(staple or b"", path, observation.time)
        elif len(path) < 2:
            found[kind] = Piece(None, NO_PATH)
        elif kind in _READERS:
            found[kind] = _fetched(kind, path, observation, fetch)
        else:
            found[kind] = _HELD[kind](path, observation, elsewhere)
    return found


_READERS = {Evidence.ANSWER: answered, Evidence.LIST: listed}


def _fetched(kind: Evidence, path: Sequence[Certificate], observation: Observation, fetch: Ask) -> Piece:
    """What was fetched about each certificate below the anchor; the leaf's word first."""
    words: list[Word] = []
    octets = []
    for one, issuer in pairwise(path):
        try:
            octets.append(fetch(kind, one))
            words.append(_READERS[kind](octets[-1], one, issuer, observation.time))
        except (OSError, ValueError) as problem:
            words.append(no_word(f"none came: {problem}"))
    return Piece(octets[0] if octets else None, words[0].why if not octets else "", words[0], above=tuple(words[1:]))


def _stamped(path: Sequence[Certificate], observation: Observation, elsewhere: Elsewhere) -> Piece:
    """What logs have signed for the leaf, as far as it holds; in `trouble` what does not."""
    try:
        scts = scts_in(path[0].der)
        good, bad = stamps(scts, path[0].der, path[1].der, elsewhere.logs or (), observation.time)
    except UNREADABLE:
        return Piece(None, "the certificate's list of SCTs cannot be read")
    return Piece(None, "; ".join(bad) if scts else "there is none in the certificate", stamps=good)


def _pushed(path: Sequence[Certificate], observation: Observation, elsewhere: Elsewhere) -> Piece:
    """What the list says that came with the client's last update."""
    if elsewhere.pushed is None:
        return Piece(None, "no list has come with an update")
    logged = {one.log: one.time for one in _stamped(path, observation, elsewhere).stamps}
    return Piece(None, word=elsewhere.pushed.listed(path[0], path[1], logged, observation.time))


_HELD = {Evidence.SCTS: _stamped, Evidence.PUSHED: _pushed}
