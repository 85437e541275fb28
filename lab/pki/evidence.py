"""
Evidence, gathered for one decision: what came of each kind that a client wants, verified as far as that goes.

Where the octets come from is a function's business that is handed in: over a
line, or out of a value in a rehearsal. What a word means to a client that
hears none is the policy's. It never raises for what others sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from lab.observation import Certificate, Evidence, Observation, Piece, Word
from lab.pki.crl import listed
from lab.pki.elsewhere import Elsewhere, cut
from lab.pki.inclusion import proven
from lab.pki.ocsp import answered, piece
from lab.pki.reading import UNREADABLE
from lab.pki.revocation import no_word
from lab.pki.sct import listed as together
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
            found[kind] = replace(piece(staple or b"", path, observation.time), octets=len(staple or b""))
        elif len(path) < 2:
            found[kind] = Piece(None, NO_PATH)
        elif kind is Evidence.INCLUSION:
            found[kind] = _proved(path, observation, elsewhere, fetch)
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
        except (OSError, *UNREADABLE) as problem:
            words.append(no_word(f"none came: {problem}"))
    first, why, count = (octets[0], "", sum(map(len, octets))) if octets else (None, words[0].why, 0)
    return Piece(first, why, words[0], above=tuple(words[1:]), octets=count)


def _proved(path: Sequence[Certificate], observation: Observation, elsewhere: Elsewhere, fetch: Ask) -> Piece:
    """A proof that a log has the leaf, as it was fetched."""
    try:
        octets = fetch(Evidence.INCLUSION, path[0])
    except (OSError, ValueError) as problem:
        return Piece(None, word=no_word(f"none came: {problem}"))
    logs, witnesses = elsewhere.logs or (), elsewhere.witnesses or ()
    word = proven(octets, path[0], path[1], logs, witnesses, observation.time)
    return Piece(octets, word=word, octets=len(octets))


def _stamped(path: Sequence[Certificate], observation: Observation, elsewhere: Elsewhere) -> Piece:
    """What logs have signed for the leaf, as far as it holds; in `trouble` what does not, in `value` the first SCT."""
    try:
        scts = scts_in(path[0].der)
        good, bad = stamps(scts, path[0].der, path[1].der, elsewhere.logs or (), observation.time)
    except UNREADABLE:
        return Piece(None, "the certificate's list of SCTs cannot be read")
    if not scts:
        return Piece(None, "there is none in the certificate")
    return Piece(scts[0].octets, "; ".join(bad), stamps=good, octets=len(together(scts)))


def _pushed(path: Sequence[Certificate], observation: Observation, elsewhere: Elsewhere) -> Piece:
    """What the list says that came with the client's last update."""
    logged = {one.log: one.time for one in _stamped(path, observation, elsewhere).stamps}
    update = elsewhere.update(observation.time)
    return Piece(None, word=update.listed(path[0], path[1], logged, observation.time), octets=update.size)


def _recorded(path: Sequence[Certificate], observation: Observation, elsewhere: Elsewhere) -> Piece:
    """What DNS says of the service's keys, to a client that holds the key of the lab's root."""
    from lab.pki.dane import ROOT, named  # 50 ms, which only clients that ask for records pay

    octets = (elsewhere.records or cut)(observation.host, observation.time)
    word = named(octets or b"", path, observation.host, ROOT.anchor, observation.time)
    return Piece(octets, word=word, octets=len(octets or b""))


_HELD = {Evidence.SCTS: _stamped, Evidence.PUSHED: _pushed, Evidence.RECORDS: _recorded}
