"""
Clients that ask for a staple: what the certificate's issuer says of it since, as a response that the server brings.

They stand beside the columns of the matrix, as the group `revocation`. Whether
a response may be believed is said by the word that the wire puts beside it;
what a client does that hears no word is said here: one that heeds a staple goes
on (soft), one that requires it refuses (hard). Who has a leaf pin as well is
asked both.
"""

from __future__ import annotations

from lab.observation import Doubt, Evidence, Observation, Piece, Status, Word
from lab.policy.check import Basis, Check, Known
from lab.policy.checks import LEAF_PIN, ORDINARY
from lab.policy.clients import FURTHER, Client, register


def spoken(
    name: str,
    kind: Evidence,
    *,
    hard: bool = False,
    whole: bool = False,
    promised: bool = False,
    sent: bool = False,
    leaves_out: frozenset[Doubt] = frozenset(),
) -> Check:
    """
    Nobody has taken the certificate back, by this kind of evidence.

    `hard` refuses where there is no word to go by, `promised` only where the certificate says that some
    always comes, `sent` only where something came that is none. `whole` asks about each CA
    below the anchor as well. `leaves_out` are the questions that a careless client
    does not ask: an answer that nothing else speaks against it takes for what it claims.
    """

    def heard(word: Word | None) -> Word | None:
        return word.claim if word and word.claim and word.doubts <= leaves_out else word

    def rule(observation: Observation, known: Known) -> tuple[bool, str]:
        piece = observation.evidence.get(kind, Piece(None, "nobody asked for one"))
        words = [heard(piece.word), *(map(heard, piece.above) if whole else ())]
        said = [word for word in words if word and word.status is not Status.NO_WORD]
        against = [word for word in said if word.status is not Status.GOOD]
        if against:
            return False, against[0].why
        if len(said) == len(words) and said:
            return True, said[0].why
        missing = next((word.why for word in words if word and word.status is Status.NO_WORD), "")
        why = missing or piece.trouble or "nobody verified it, as there is no issuer on a path"
        refused = hard or (promised and piece.promised) or bool(sent and piece.value)
        return not refused, f"no {kind} to go by{'' if refused else ', and none is required'}: {why}"

    return Check(name, rule, Basis.EVIDENCE, needs=frozenset({kind}))


def printed(kind: Evidence) -> Check:
    """Asks for this kind of evidence, and goes on whatever it is."""
    found = (True, f"the {kind} that was asked for is shown, and nobody heeds it")
    return Check(f"printed {kind}", lambda observation, known: found, Basis.EVIDENCE, needs=frozenset({kind}))


HEEDS = spoken("heeded staple", Evidence.STAPLE, hard=False)
HONOURS = spoken("staple where one is promised", Evidence.STAPLE, promised=True)
BAD_REFUSED = spoken("no bad staple", Evidence.STAPLE, promised=True, sent=True, leaves_out=frozenset({Doubt.ISSUER}))
PRINTED, PRINTED_SCTS = printed(Evidence.STAPLE), printed(Evidence.SCTS)
LEAF_LIST = spoken("list about the leaf", Evidence.LIST, hard=True)
LIST_HARD = spoken("required list", Evidence.LIST, hard=True, whole=True)
REQUIRES = spoken("required staple", Evidence.STAPLE, hard=True)
NO_ISSUER = spoken("staple of any issuer", Evidence.STAPLE, hard=True, leaves_out=frozenset({Doubt.ISSUER}))
NO_CLOCK = spoken("staple of any age", Evidence.STAPLE, hard=True, leaves_out=frozenset({Doubt.TIME}))

for _row in (
    Client(
        "heeds-staple",
        "refuses what a staple calls revoked, and goes on where there is no word",
        (*ORDINARY, HEEDS),
    ),
    Client(
        "heeds-staple-pinned",
        "the same, and wants the site's own key",
        (*ORDINARY, LEAF_PIN, HEEDS),
    ),
    Client(
        "honours-must-staple",
        "heeds a staple, and wants one where the certificate says that its server always staples",
        (*ORDINARY, HONOURS),
        source="RFC 7633; gnutls-cli does",
    ),
    Client(
        "requires-staple",
        "wants a staple that calls the certificate good",
        (*ORDINARY, REQUIRES),
        source="curl --cert-status (manual page curl(1))",
    ),
    Client(
        "requires-staple-pinned",
        "the same, and wants the site's own key",
        (*ORDINARY, LEAF_PIN, REQUIRES),
    ),
    Client(
        "staple-of-any-issuer",
        "wants a staple for a certificate of this serial number",
        (*ORDINARY, NO_ISSUER),
        bug="whose certificate the response is about is not compared; another issuer may have given the same number",
        source="golang.org/x/crypto/ocsp, ParseResponseForCert (golang/go issue 81396)",
    ),
    Client(
        "staple-of-any-age",
        "wants a staple, and does not ask until when it holds",
        (*ORDINARY, NO_CLOCK),
        bug="thisUpdate and nextUpdate are not held against the clock",
        source="golang.org/x/crypto/ocsp, ParseResponse, which leaves it to its caller; openssl s_client -status only "
        "prints it (openssl/openssl issue 7389)",
    ),
):
    register(_row, FURTHER)
