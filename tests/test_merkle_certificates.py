"""
Merkle Tree Certificates, as an Internet-Draft has them: both forms hold, nothing else does, and what pins find there.

Every proof and signature is real, and verified. Nobody shakes hands here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from cryptography.hazmat.primitives.serialization import Encoding

from lab.built.draft.certificates import (
    CA,
    INTEGER,
    Cosigner,
    Interval,
    IssuanceLog,
    covering,
    identifier,
    subtree,
    verified,
)
from lab.built.draft.scene import came_of, no_chain, observed
from lab.observation import Line, Outcome
from lab.pki.authority import Credential
from lab.pki.der import SEQUENCE, parts, wrapped
from lab.pki.merkle import leaf_hash, led_to
from lab.pki.pins import pin_of, read
from lab.pki.world import World
from lab.policy.check import Enrolment
from lab.policy.clients import client
from lab.policy.pinset import Role
from lab.verbs import main

MIRROR = "32473.2.1"
Keys = Mapping[str, mldsa.MLDSA65PublicKey]


class Made:
    """One certificate in both forms, among others of its log, and what a client needs to believe it."""

    def __init__(self) -> None:
        self.world = World()
        self.log = IssuanceLog((Cosigner(MIRROR), Cosigner(CA)), [b"somebody else's"] * 21)
        self.bank: Credential = self.world.issuing.issue(self.world.host, algorithm="ML-DSA")
        self.tbs = self.log.add(self.bank.leaf)
        self.log.entries += [b"somebody else's"] * 4
        self.standalone = self.log.standalone(self.tbs, 21)
        self.too_early = refusal(lambda: self.log.by_landmark(self.tbs))
        self.log.landmarks.append(len(self.log.entries))
        self.landmark, self.given = self.log.by_landmark(self.tbs), self.log.subtrees()
        self.keys: Keys = {one.name: one.key for one in self.log.cosigners}


def refusal(what: Any, *arguments: Any) -> str:
    """The sentence with which it is refused; empty where it is not."""
    try:
        what(*arguments)
    except ValueError as problem:
        return str(problem)
    return ""


@pytest.fixture(scope="module")
def made() -> Made:
    return Made()


# ---- what holds, and what does not ----------------------------------------------------------------


def test_either_form_holds_for_whom_it_is_made(made: Made) -> None:
    """Cosignatures need the keys and no landmark, a landmark needs no key; and neither holds without its own."""
    none: dict[Interval, bytes] = {}
    assert refusal(verified, made.standalone, made.keys, none) == ""
    assert refusal(verified, made.landmark, {}, made.given) == ""
    wanted = "the CA and one more are wanted"
    for keys, who in (({}, "nobody who is known"), ({CA: made.keys[CA]}, CA), ({MIRROR: made.keys[MIRROR]}, MIRROR)):
        assert refusal(verified, made.standalone, keys, none) == f"signed by {who}; {wanted}"
    swapped = {CA: made.keys[MIRROR], MIRROR: made.keys[CA]}
    assert refusal(verified, made.standalone, swapped, none) == f"signed by nobody who is known; {wanted}"
    assert refusal(verified, made.landmark, made.keys, none) == f"signed by nobody who is known; {wanted}"
    others = {which: bytes(32) for which in made.given}
    assert "another subtree than the landmark's" in refusal(verified, made.landmark, made.keys, others)
    assert "no landmark is behind this entry yet" in made.too_early


def test_a_change_anywhere_is_refused(made: Made) -> None:
    """Any octet of the short form, and of the long one many. So is what is cut short, or goes on behind its end."""
    for octets, step in ((made.landmark, 1), (made.standalone, 23)):
        given = made.given if step == 1 else {}
        for at in range(0, len(octets), step):
            changed = octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :]
            assert refusal(verified, changed, made.keys, given), at
        long = octets[:1] + b"\x83\0" + octets[2:]  # a length that is written with an octet too many
        for other in (octets[:-1], octets + b"\0", long, b"", b"\x30\0", read_der(made.bank)):
            assert refusal(verified, other, made.keys, given)
    number_21, padded = wrapped(INTEGER, b"\1" + bytes(5) + b"\x15"), wrapped(INTEGER, b"\0\1" + bytes(5) + b"\x15")
    (whole,) = parts(made.landmark)
    tbs, *proof = parts(whole.content)
    for number, holds in ((number_21, True), (padded, False), (b"", False)):  # index 21 of log 1; with a zero before it
        inner = [one.whole for one in parts(tbs.content)]
        again = wrapped(SEQUENCE, b"".join((inner[0], number, *inner[2:])))
        again = wrapped(SEQUENCE, again + b"".join(one.whole for one in proof))
        assert (refusal(verified, again, made.keys, made.given) == "") is holds
    lone = wrapped(SEQUENCE, wrapped(SEQUENCE, number_21) + b"".join(one.whole for one in proof))
    assert refusal(verified, lone, made.keys, made.given)


def test_it_is_a_certificate_of_the_same_key_in_two_shapes(made: Made) -> None:
    """Whoever reads X.509 reads it: names, dates and the ML-DSA key are those of before, fingerprints are not."""
    before, long, short = (read(one) for one in (read_der(made.bank), made.standalone, made.landmark))
    assert long.trouble == short.trouble == ""
    assert before.pin == long.pin == short.pin == pin_of(made.bank.leaf)
    assert (long.algorithm, long.hosts, long.not_after) == ("ML-DSA-65", before.hosts, before.not_after)
    assert len({one.fingerprint for one in (before, long, short)}) == 3
    assert long.issuer.endswith(CA)
    assert len(made.landmark) < len(read_der(made.bank)) < len(made.standalone)


def read_der(credential: Credential) -> bytes:
    return credential.leaf.public_bytes(Encoding.DER)


def test_a_cosigner_signs_one_log_only(made: Made) -> None:
    """A log that grew is signed; one in which an entry is another, or missing, is not."""
    mirror = Cosigner(MIRROR)
    assert mirror.sign([b"a", b"b"], (0, 2))
    assert mirror.sign([b"a", b"b", b"c"], (2, 3))
    for other in ([b"a", b"x", b"c", b"d"], [b"a"], []):
        assert "is not the one that 32473.2.1 has signed before" in refusal(mirror.sign, other, (0, len(other)))


def test_two_subtrees_hold_any_interval() -> None:
    """Beside each other, to its end, each where a subtree may begin, and with less before it than is in it."""
    assert covering(5, 13) == ((4, 8), (8, 13))
    for end in range(1, 40):
        for start in range(end):
            (first, middle), (also, last) = both = covering(start, end)
            assert (middle, last) == (also, end)
            assert 0 <= start - first < middle - start
            for one, behind in both:
                assert behind - one < 2 or one % (1 << (behind - one - 1).bit_length()) == 0


def test_a_proof_leads_to_the_root_of_a_subtree() -> None:
    """Of each entry in it, and from another place to none or to another root."""
    leaves = [bytes([one]) for one in range(11)]
    tree = subtree(leaves)
    for at, leaf in enumerate(leaves):
        steps = tree.inclusion(at)
        assert led_to(leaf_hash(leaf), at, 11, steps) == tree.root()
        assert led_to(leaf_hash(leaf), (at + 1) % 11, 11, steps) != tree.root()
        assert led_to(leaf_hash(leaf), at, 11, [*steps, bytes(32)]) is None


def test_an_identifier_is_the_drafts_example() -> None:
    """32473.1 in octets, and a cosigner's below the same number."""
    assert (identifier(CA).hex(), identifier(MIRROR).hex()) == ("81fd5901", "81fd590201")


# ---- a path with no chain -------------------------------------------------------------------------

# The chain; B; standalone; by landmark; B; the attacker: S served, B outage, o stopped, X intercepted. And pins found.
CAME = {
    "unpinned":            ("S S S S S X", "000000", 0),
    "root-pinned":         ("S S B B B o", "110000", 1),
    "intermediate-pinned": ("S S B B B o", "110000", 1),
    "leaf-pinned":         ("S B S S B o", "101100", 1),
    "leaf-or-backup":      ("S S S S S o", "111110", 2),
    "any-of-chain":        ("S S S S B o", "321100", 3),
    "leaf-and-ca":         ("S B B B B o", "321100", 3),
    "first-use-key":       ("S B S S B o", "101100", 1),
    "certificate-pinned":  ("S B B B B o", "100000", 1),
}  # fmt: skip
LETTERS = {"S": Outcome.SERVED, "B": Outcome.OUTAGE, "o": Outcome.STOPPED, "X": Outcome.INTERCEPTED}


def test_a_pin_on_a_ca_has_nothing_to_match() -> None:
    """The leaf's key is all that is left; who insists on a CA refuses the bank and the attacker alike."""
    came, forms = no_chain()
    assert {*came} == {*CAME}
    for name, (letters, found, pins) in CAME.items():
        days = list(came[name].values())
        assert [one["outcome"] for one in days] == [LETTERS[letter] for letter in letters.split()], name
        assert [one["matched"] for one in days] == [*map(int, found)], name
        assert {one["pins"] for one in days} == {pins}, name
    assert [name for name, one in forms.items() if one["refused"]] == [
        "landmark, not known",
        "landmark, one bit changed",
    ]
    assert forms["landmark"]["octets"] < forms["standalone"]["octets"] < forms["chain"]["octets"]


def test_who_pins_the_certificate_pins_one_of_its_shapes(made: Made) -> None:
    """Whoever took the standalone form refuses the other one of the same entry; what does not hold, all refuse."""
    long = observed(made.standalone, made.log, {}, made.world)
    short = observed(made.landmark, made.log, made.given, made.world)
    assert long.leaf
    site = dict.fromkeys(Role, frozenset[str]()) | {Role.CERTIFICATE: frozenset({long.leaf.fingerprint})}
    told, row = Enrolment(long.host, long.time, site), client("certificate-pinned")
    came = [came_of(row, told, long, Line.GENUINE, seen)["outcome"] for seen in (long, short)]
    assert came == [Outcome.SERVED, Outcome.OUTAGE]
    spoilt = observed(made.landmark, made.log, {}, made.world)
    assert came_of(client("unpinned"), told, long, Line.ATTACKER, spoilt)["outcome"] is Outcome.STOPPED
    elsewhere = replace(long, host="other.example", name_mismatch="it answers for bank.example")
    assert came_of(client("unpinned"), told, long, Line.ATTACKER, elsewhere)["outcome"] is Outcome.STOPPED


def test_the_page_has_the_table_that_was_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Octet by octet; the verb, its JSON and the page are all marked as a draft with its number and day."""
    draft = "draft-ietf-plants-merkle-tree-certs-07 of 2026-10-07"
    assert main(["draft"]) == 0
    said = capsys.readouterr().out
    page = (Path(__file__).parents[1] / "notebooks" / "NO-CHAIN.md").read_text("utf-8")
    assert said.split("\n\n")[1] == page.partition("```text\n")[2].partition("\n```")[0]
    assert f"A draft: {draft}" in " ".join(said.split())
    assert draft in page.split("\n\n")[1]
    assert main(["draft", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["draft"] == draft
    assert record["clients"]["root-pinned"]["landmark"] == {"pins": 1, "matched": 0, "outcome": "outage"}
