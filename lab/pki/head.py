"""
Signed tree heads: what a log says of its whole tree at a time, and what witnesses say of that.

A head is published as a checkpoint, a signed note (C2SP signed-note,
tlog-checkpoint, static-ct-api, tlog-cosignature). Two heads of one size with
two roots, both signed, prove that a log shows different people different
trees; whoever sees one only cannot know. No entries here.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from lab.pki.entry import Octets, milliseconds
from lab.pki.merkle import EMPTY, extends
from lab.pki.sct import ListedLog, check_signature, digitally_signed

STH, COSIGNATURE = b"\5", b"\4"  # the types of signatures on a note
MOST = 100_000  # octets of a note
_LINE = re.compile(r"\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)")
_BODY = re.compile(r".+\n([0-9]{1,16})\n([A-Za-z0-9+/]{43}=)\n")  # name, size, root


@dataclass(frozen=True, slots=True)
class TreeHead:
    """How many leaves a log's tree had, at which time (milliseconds since 1970), its root, and the log's signature."""

    size: int
    timestamp: int
    root: bytes
    signature: bytes = field(repr=False)

    @property
    def message(self) -> bytes:
        """What is signed (RFC 6962 section 3.5): the size is bound here, and by no proof."""
        return b"\0\1" + self.timestamp.to_bytes(8, "big") + self.size.to_bytes(8, "big") + self.root


def signed_head(key: ec.EllipticCurvePrivateKey, size: int, time: datetime, root: bytes) -> TreeHead:
    """A head, signed; that it is true, its signer says."""
    bare = TreeHead(size, milliseconds(time), root, b"")
    return TreeHead(size, bare.timestamp, root, digitally_signed(key, bare.message))


def check_head(head: TreeHead, log: ListedLog) -> None:
    """Raise ValueError, in one sentence, unless the log signed this head."""
    check_signature(log.key, head.message, head.signature)


def check_extends(old: TreeHead, new: TreeHead, proof: Sequence[bytes]) -> None:
    """Raise ValueError, in one sentence, unless the tree of the one head is the beginning of the other's."""
    if new.size == old.size and new.root != old.root:
        raise ValueError(f"two trees of {old.size} leaves have two roots: the log shows people different ones")
    if not extends(old.size, old.root, new.size, new.root, proof):
        raise ValueError(f"the tree of {new.size} leaves is not shown to begin with the one of {old.size}")


def split_view(one: TreeHead, other: TreeHead, log: ListedLog) -> bool:
    """Whether these two prove that the log shows two trees. Raises ValueError where it did not sign both."""
    check_head(one, log)
    check_head(other, log)
    return one.size == other.size and one.root != other.root


# ---- notes ----------------------------------------------------------------------------------------


def _key_id(name: str, kind: bytes, key: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + kind + key).digest()[:4]


def _line(name: str, key_id: bytes, signature: bytes) -> bytes:
    return f"\u2014 {name} {base64.b64encode(key_id + signature).decode()}\n".encode()


def _parted(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """The text of a note, and who signs, with the id of the key and the signature."""
    text, gap, lines = note.decode(errors="replace").rpartition("\n\n")
    if not gap or len(note) > MOST or not lines.endswith("\n") or "\ufffd" in text:
        raise ValueError("it is no signed note: a text, an empty line, and a line for each signature")
    found = []
    for line in lines[:-1].split("\n"):
        matched = _LINE.fullmatch(line)
        signature = _decoded(matched[2]) if matched else b""
        if not matched or len(signature) < 5:
            raise ValueError("a line of signature in the note cannot be read")
        found.append((matched[1], signature))
    return text + "\n", found


def _decoded(text: str) -> bytes:
    """What the base 64 is of, which has no other way to be written; nothing, where it is none."""
    with suppress(binascii.Error):
        octets = base64.b64decode(text, validate=True)
        return octets if base64.b64encode(octets).decode() == text else b""
    return b""


def _signature(lines: list[tuple[str, bytes]], name: str, key_id: bytes) -> Octets:
    for signer, octets in lines:  # others' lines are nobody's business: unknown ones are left alone
        if signer == name and octets[:4] == key_id:
            return Octets(octets[4:])
    raise ValueError(f"there is no signature by {name} with the key that is known")


def checkpoint(head: TreeHead, log: ListedLog) -> bytes:
    """The head as a log publishes it; `log.name` is its first line."""
    signature = head.timestamp.to_bytes(8, "big") + head.signature
    return _body(head, log).encode() + b"\n" + _line(log.name, _key_id(log.name, STH, log.id), signature)


def _body(head: TreeHead, log: ListedLog) -> str:
    return f"{log.name}\n{head.size}\n{base64.b64encode(head.root).decode()}\n"


def read_checkpoint(note: bytes, log: ListedLog) -> TreeHead:
    """The head in a log's checkpoint. Raises ValueError, in one sentence, unless the log signed it."""
    text, lines = _parted(note)
    signature, said = _signature(lines, log.name, _key_id(log.name, STH, log.id)), _BODY.fullmatch(text)
    if said:
        head = TreeHead(int(said[1]), signature.number(8), _decoded(said[2]), signature.rest())
        if _body(head, log) == text:
            check_head(head, log)
            return head
    raise ValueError(f"it is no checkpoint of {log.name}: its name, a size and a root, a line for each")


# ---- witnesses ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ListedWitness:
    """A witness as a client knows it: its name and its key."""

    name: str
    key: ed25519.Ed25519PublicKey

    @property
    def key_id(self) -> bytes:
        """By which its lines on a note are found."""
        return _key_id(self.name, COSIGNATURE, self.key.public_bytes_raw())


class Witness:
    """Somebody who signs a log's head only where it extends the last one that he signed; he remembers it."""

    def __init__(self, name: str = "witness.example") -> None:
        self._key = ed25519.Ed25519PrivateKey.generate()
        self.listed = ListedWitness(name, self._key.public_key())
        self._last: dict[bytes, TreeHead] = {}

    def seen(self, log: ListedLog) -> int:
        """The size that he signed last, from which a proof has to begin; 0 where there is none."""
        return self._last[log.id].size if log.id in self._last else 0

    def cosigned(self, note: bytes, log: ListedLog, proof: Sequence[bytes], time: datetime) -> bytes:
        """
        The checkpoint with his line, at `time`, which counts in whole seconds.

        Raises ValueError, in one sentence, unless the log signed it and the proof
        leads there from what he signed last.
        """
        head = read_checkpoint(note, log)
        check_extends(self._last.get(log.id, TreeHead(0, 0, EMPTY, b"")), head, proof)
        self._last[log.id] = head
        seconds = int(time.timestamp())
        signature = self._key.sign(_witnessed(_parted(note)[0], seconds))
        return note + _line(self.listed.name, self.listed.key_id, seconds.to_bytes(8, "big") + signature)


def check_cosigned(note: bytes, witness: ListedWitness) -> datetime:
    """
    When the witness signed this checkpoint. Raises ValueError, in one sentence, unless he did.

    The log's own signature is not looked at: `read_checkpoint` does that.
    """
    text, lines = _parted(note)
    taking = _signature(lines, witness.name, witness.key_id)
    seconds, signature = taking.number(8), taking.take(64)
    taking.end("the witness's signature")
    try:
        witness.key.verify(signature, _witnessed(text, seconds))
        return datetime.fromtimestamp(seconds, UTC)
    except (InvalidSignature, OverflowError, OSError):
        raise ValueError(f"the signature is not by {witness.name} over this checkpoint") from None


def _witnessed(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()
