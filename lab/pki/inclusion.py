"""
Proofs that a log has a certificate, in a tree that a witness has seen too.

A log signs the head of whatever tree it shows; that it shows everybody the same
one is a witness's word, which is given once for each size. A proof is octets
that anybody can hand out (C2SP tlog-proof): an index, the hashes beside the way
up, and a checkpoint with the lines of those who signed it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from cryptography.hazmat.primitives import serialization

from lab.observation import Certificate, Doubt, Status, Word
from lab.pki.authority import Authority, Credential
from lab.pki.entry import moment
from lab.pki.head import ListedWitness, Witness, check_cosigned, checkpoint, read_checkpoint
from lab.pki.log import PublicLog
from lab.pki.merkle import included, leaf_hash
from lab.pki.reading import UNREADABLE
from lab.pki.revocation import no_word
from lab.pki.sct import ListedLog, Sct, entry_of, scts_in

TITLE = "c2sp.org/tlog-proof@v1"
_PROOF = re.compile(TITLE + r"\nindex ([0-9]{1,16})\n((?:[A-Za-z0-9+/]{43}=\n){0,63})\n(.*)", re.DOTALL)


class WatchedLog(PublicLog):
    """A log that shows each head of its public tree to a witness; what is forked from it may ask him as well."""

    def __init__(self, name: str, operator: str, witness: Witness) -> None:
        super().__init__(name, operator)
        self.witness = witness
        self._public = self
        self._notes: list[tuple[datetime, bytes]] = []

    def proof(self, sct: Sct, time: datetime) -> bytes:
        """
        That what this SCT promises is in the tree that is shown at `time`, with the witness's line where he gave it.

        Raises ValueError while it is not.
        """
        index, note = int.from_bytes(sct.extensions[-5:], "big"), self._note(time)
        size = int(note.split(b"\n")[1])
        steps = "".join(base64.b64encode(one).decode() + "\n" for one in self.tree.inclusion(index, size))
        return f"{TITLE}\nindex {index}\n{steps}\n".encode() + note

    def _note(self, time: datetime) -> bytes:
        """The checkpoint at `time`. The public tree's, at each of its sizes, is shown to the witness before any."""
        public, sees = self._public, self.witness.seen
        while (seen := sees(self.listed)) < len(public.entries):
            due = public.due[seen]
            self._notes.append((due, public._cosigned(due, seen)))
        if public is self:
            return next(
                (note for due, note in reversed(self._notes) if due <= time), checkpoint(self.head(time), self.listed)
            )
        with suppress(ValueError):
            return self._cosigned(time, sees(self.listed))
        return checkpoint(self.head(time), self.listed)

    def _cosigned(self, time: datetime, seen: int) -> bytes:
        proof = self.tree.consistency(seen, self.size(time)) if seen else []
        return self.witness.cosigned(checkpoint(self.head(time), self.listed), self.listed, proof, time)


def proof(credential: Credential, time: datetime) -> bytes | None:
    """
    A proof by one of the logs that have the leaf; None where nobody has one to hand out.

    Raises ValueError, in a sentence, where the leaf is in no tree yet.
    """
    logs = {one.listed.id: one for one in (credential.issuer.logs if credential.issuer else ())}
    for sct in scts_in(credential.leaf.public_bytes(serialization.Encoding.DER)):
        log = logs.get(sct.log)
        if isinstance(log, WatchedLog):
            return log.proof(sct, time)
    return None


def witnesses(store: Iterable[Authority]) -> tuple[ListedWitness, ...]:
    """The witnesses that a client with this store knows: those who watch the logs of its list."""
    logs = (log for one in store for log in one.logs if isinstance(log, WatchedLog))
    return tuple({log.witness.listed.name: log.witness.listed for log in logs}.values())


def proven(
    octets: bytes,
    certificate: Certificate,
    issuer: Certificate,
    logs: Iterable[ListedLog],
    known: Iterable[ListedWitness],
    time: datetime,
) -> Word:
    """
    What a proof says of a certificate, by the client's clock: good where a log has it in a tree that a witness saw.

    With no witness's line there is a doubt (who signed it), and no word but the claim. It never raises.
    """
    try:
        said = _PROOF.fullmatch(octets.decode())
        if not said:
            return no_word(f"the {len(octets)} octets are no proof that can be read")
        note, steps = said[3].encode(), [base64.b64decode(one) for one in said[2].split()]
        log = next((one for one in logs if note.startswith(one.name.encode() + b"\n")), None)
        sct = next((one for one in scts_in(certificate.der) if log and one.log == log.id), None)
        if log is None or sct is None:
            return no_word("the proof is of a log that is not known here, or of which the certificate has no SCT")
        head = read_checkpoint(note, log)
        leaf = leaf_hash(entry_of(sct, certificate.der, issuer.der).leaf)
        if not included(leaf, int(said[1]), head.size, steps, head.root):
            return no_word(f"the proof does not lead from the certificate to the head that {log.name} signed")
        if moment(head.timestamp) > time:
            return no_word(f"the head is of {moment(head.timestamp):%Y-%m-%d %H:%M}, which is to come")
    except UNREADABLE as problem:
        return no_word(f"the proof does not hold: {problem}")
    claim = Word(Status.GOOD, f"{log.name} has it in its tree of {head.size}")
    for witness in known:
        with suppress(ValueError):
            check_cosigned(note, witness)
            return replace(claim, why=f"{claim.why}, which {witness.name} has seen too")
    why = f"no witness has signed the tree of {head.size} that {log.name} shows with it in it"
    return Word(Status.NO_WORD, why, doubts=frozenset({Doubt.SIGNER}), claim=claim)
