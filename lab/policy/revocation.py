"""
Clients that ask what the certificate's issuer says of it since: by a staple that the server brings, by an answer or a
list that they fetch, by a list that came with an update, or by the certificate's end.

They stand beside the columns of the matrix, as the group `revocation`. Whether
what came may be believed is said by the word that the wire puts beside it;
what a client does that hears no word is said here: one that heeds it goes
on (soft), one that requires it refuses (hard). Who has a leaf pin as well is
asked both.
"""

from __future__ import annotations

from datetime import timedelta

from lab.observation import Doubt, Evidence, Observation, Piece, Status, Word
from lab.policy.check import Basis, Check, Known
from lab.policy.checks import LEAF_PIN, ORDINARY
from lab.policy.clients import FURTHER, Client, register

OF_THE_ISSUER = frozenset({Evidence.STAPLE, Evidence.ANSWER, Evidence.LIST, Evidence.PUSHED})


def _basis(kind: Evidence) -> Basis:
    return Basis.SINCE if kind in OF_THE_ISSUER else Basis.EVIDENCE


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
        against = [word for word in said if word.status not in (Status.GOOD, Status.ABSENT)]
        if against:
            return False, against[0].why
        if len(said) == len(words) and said:
            return True, said[0].why
        missing = next((word.why for word in words if word and word.status is Status.NO_WORD), "")
        why = missing or piece.trouble or "nobody verified it, as there is no issuer on a path"
        refused = hard or (promised and piece.promised) or bool(sent and piece.value)
        return not refused, f"the {kind} has no word{'' if refused else ', and none is required'}: {why}"

    return Check(name, rule, _basis(kind), needs=frozenset({kind}))


def printed(kind: Evidence) -> Check:
    """Asks for this kind of evidence, and goes on whatever it is."""
    found = (True, f"the {kind} that was asked for is shown, and nobody heeds it")
    return Check(f"printed {kind}", lambda observation, known: found, _basis(kind), needs=frozenset({kind}))


HEEDS = spoken("heeded staple", Evidence.STAPLE, hard=False)
HONOURS = spoken("staple where one is promised", Evidence.STAPLE, promised=True)
BAD_REFUSED = spoken("no bad staple", Evidence.STAPLE, promised=True, sent=True, leaves_out=frozenset({Doubt.ISSUER}))
PRINTED, PRINTED_SCTS = printed(Evidence.STAPLE), printed(Evidence.SCTS)
REQUIRES = spoken("required staple", Evidence.STAPLE, hard=True)
NO_ISSUER = spoken("staple of any issuer", Evidence.STAPLE, hard=True, leaves_out=frozenset({Doubt.ISSUER}))
NO_CLOCK = spoken("staple of any age", Evidence.STAPLE, hard=True, leaves_out=frozenset({Doubt.TIME}))

ANSWER_SOFT = spoken("heeded answer", Evidence.ANSWER, hard=False, whole=True)
ANSWER_HARD = spoken("required answer", Evidence.ANSWER, hard=True, whole=True)
LIST_SOFT = spoken("heeded list", Evidence.LIST, hard=False, whole=True)
LIST_HARD = spoken("required list", Evidence.LIST, hard=True, whole=True)
PUSHED = spoken("pushed list", Evidence.PUSHED, hard=False)
LEAF_LIST = spoken("list about the leaf", Evidence.LIST, hard=True)
ANY_ISSUER = spoken("anybody's answer", Evidence.ANSWER, hard=True, whole=True, leaves_out=frozenset({Doubt.ISSUER}))
ANY_AGE = spoken("list of any age", Evidence.LIST, hard=True, whole=True, leaves_out=frozenset({Doubt.TIME}))

SHORT = timedelta(seconds=604_800)
"""The longest life of a certificate that counts as short: since 2026-03-15 (Baseline Requirements, section 1.6.1)."""


def _short(observation: Observation, known: Known) -> tuple[bool, str]:
    leaf = observation.leaf
    if leaf is None:
        return False, "there is no certificate"
    life = leaf.not_after - leaf.not_before + timedelta(seconds=1)  # both ends are in it, RFC 5280 section 4.1.2.5
    holds = f"the certificate is for {life / timedelta(hours=1):.0f} hours"
    return life <= SHORT, f"{holds}{', and its end is the word' if life <= SHORT else '; 168 are short'}"


SHORT_LIFE = Check("short life", _short, Basis.SINCE)


def _nothing(observation: Observation, known: Known) -> tuple[bool, str]:
    return True, "no list was looked up: the flag for all CAs does nothing without the flag for the leaf"


CHECKS_NOTHING = Check("lists of all CAs", _nothing, Basis.SINCE)

for _row in (
    Client(
        "heeds-staple",
        "refuses what a staple calls revoked, and goes on where there is no word",
        (*ORDINARY, HEEDS),
    ),
    Client("heeds-staple-pinned", "the same, and wants the site's own key", (*ORDINARY, LEAF_PIN, HEEDS)),
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
    Client("requires-staple-pinned", "the same, and wants the site's own key", (*ORDINARY, LEAF_PIN, REQUIRES)),
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
    Client("answer-soft", "asks the issuers' responders, and goes on where there is no word", (*ORDINARY, ANSWER_SOFT)),
    Client("answer-hard", "wants the issuers' responders to call the whole path good", (*ORDINARY, ANSWER_HARD)),
    Client("list-soft", "fetches the issuers' lists, and goes on where there is no word", (*ORDINARY, LIST_SOFT)),
    Client(
        "list-hard",
        "wants a list of each issuer that names no certificate of the path",
        (*ORDINARY, LIST_HARD),
        source="OpenSSL with X509_V_FLAG_CRL_CHECK and X509_V_FLAG_CRL_CHECK_ALL (measured)",
    ),
    Client("list-hard-pinned", "the same, and wants the site's own key", (*ORDINARY, LEAF_PIN, LIST_HARD)),
    Client(
        "pushed-list",
        "has a list of what is revoked, which comes with its updates, and goes on where that knows nothing",
        (*ORDINARY, PUSHED),
        source="Firefox with CRLite, which updates every 12 hours (hacks.mozilla.org, August 2025)",
    ),
    Client("pushed-list-pinned", "the same, and wants the site's own key", (*ORDINARY, LEAF_PIN, PUSHED)),
    Client("trusts-short-certificates", "asks nobody, and wants one for seven days at most", (*ORDINARY, SHORT_LIFE)),
    Client(
        "list-of-the-leaf-only",
        "wants a list of the leaf's issuer that does not name it",
        (*ORDINARY, LEAF_LIST),
        bug="nobody asks whether an intermediate is revoked",
        source="OpenSSL with X509_V_FLAG_CRL_CHECK alone (measured)",
    ),
    Client(
        "crl-check-all-alone",
        "was told to look all CAs up, and looks up nobody",
        (*ORDINARY, CHECKS_NOTHING),
        bug="the flag for all CAs does nothing without the one for the leaf",
        source="OpenSSL with X509_V_FLAG_CRL_CHECK_ALL alone (measured)",
    ),
    Client(
        "list-of-any-age",
        "wants lists, and does not ask until when they hold",
        (*ORDINARY, ANY_AGE),
        bug="thisUpdate and nextUpdate are not held against the clock",
        source="rustls-webpki, which leaves an expired list to an option (rustls/webpki pull request 227)",
    ),
    Client(
        "answer-of-any-issuer",
        "wants answers for certificates of these serial numbers",
        (*ORDINARY, ANY_ISSUER),
        bug="whose certificate the answer is about is not compared; another issuer may have given the same number",
        source="golang.org/x/crypto/ocsp, ParseResponseForCert (golang/go issue 81396)",
    ),
):
    register(_row, FURTHER)
