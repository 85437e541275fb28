"""
Clients that ask for a staple, or have lists: what the certificate's issuer says of it since.

They stand beside the columns of the matrix, as the group `revocation`. Whether
a response may be believed is said by the word that the wire puts beside it;
what a client does that hears no word is said here: one that heeds a staple goes
on (soft), one that requires it refuses (hard). Who has a leaf pin as well is
asked both.
"""

from __future__ import annotations

from lab.observation import Doubt, Evidence, Observation, Piece, Status
from lab.policy.check import Basis, Check, Known
from lab.policy.checks import LEAF_PIN, ORDINARY
from lab.policy.clients import FURTHER, Client, register


def stapled(
    name: str,
    *,
    hard: bool = False,
    promised: bool = False,
    sent: bool = False,
    leaves_out: frozenset[Doubt] = frozenset(),
) -> Check:
    """
    The issuer has not revoked the certificate, by the response that the server sent along.

    `hard` refuses where there is no word to go by, `promised` only where the certificate says that its server always
    staples, `sent` only where something came that is none. `leaves_out` are the questions that a careless client does
    not ask: an answer that nothing else speaks against it takes for what it claims.
    """

    def rule(observation: Observation, known: Known) -> tuple[bool, str]:
        piece = observation.evidence.get(Evidence.STAPLE, Piece(None, "nobody asked for one"))
        word, why = piece.word, piece.trouble or "nobody verified it, as there is no issuer on a path"
        if word and word.claim and word.doubts <= leaves_out:
            word = word.claim
        if word and word.status is not Status.NO_WORD:
            return word.status is Status.GOOD, word.why
        why = word.why if word else why
        if promised and piece.promised:
            return False, f"no staple to go by, and the certificate says that its server always sends one: {why}"
        refused = hard or bool(sent and piece.value)
        return not refused, f"no staple to go by{'' if refused else ', and none is required'}: {why}"

    return Check(name, rule, Basis.EVIDENCE, needs=frozenset({Evidence.STAPLE}))


def _printed(observation: Observation, known: Known) -> tuple[bool, str]:
    return True, "a staple was asked for, and nobody looks at what came"


def on_no_list(name: str, *, whole: bool) -> Check:
    """
    The leaf is not on its issuer's list, nor, where the path is asked about as a `whole`, any CA below the anchor.

    Where a list is not at hand, or is none to go by, it refuses.
    """

    def rule(observation: Observation, known: Known) -> tuple[bool, str]:
        path = observation.path or ()
        if known.lists is None:
            return False, "there is no list on this machine"
        word = known.lists(path if whole else path[:2], observation.time)
        return word.status is Status.GOOD, word.why

    return Check(name, rule, Basis.EVIDENCE)


HEEDS = stapled("heeded staple")
HONOURS = stapled("staple where one is promised", promised=True)
BAD_REFUSED = stapled("no bad staple", promised=True, sent=True, leaves_out=frozenset({Doubt.ISSUER}))
PRINTED = Check("printed staple", _printed, Basis.EVIDENCE, needs=frozenset({Evidence.STAPLE}))
LEAF_LISTED = on_no_list("list of the leaf's issuer", whole=False)
ALL_LISTED = on_no_list("lists along the path", whole=True)
REQUIRES = stapled("required staple", hard=True)
NO_ISSUER = stapled("staple of any issuer", hard=True, leaves_out=frozenset({Doubt.ISSUER}))
NO_CLOCK = stapled("staple of any age", hard=True, leaves_out=frozenset({Doubt.TIME}))

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
