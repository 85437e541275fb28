"""
Transparency: the tree, the log and its word, the certificate that carries it, and who holds the log to it.

Everything is made afresh: real keys, real signatures, no time but the one that
is told. Beside each thing that is believed stands what is not.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import product
from operator import attrgetter
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import crypto

from lab.counting import Stamp, enough
from lab.pki.authority import Authority, Credential, authority, begun, new_key, signed
from lab.pki.der import extension, parts, without, wrapped
from lab.pki.entry import (
    LEAF_INDEX,
    POISON,
    SCT_LIST,
    LogEntry,
    Octets,
    common,
    milliseconds,
    moment,
    taken,
    to_be_signed,
    vector,
)
from lab.pki.head import (
    Witness,
    check_cosigned,
    check_extends,
    check_head,
    checkpoint,
    read_checkpoint,
    signed_head,
    split_view,
)
from lab.pki.log import PROMISE, PublicLog, tile_path
from lab.pki.merkle import EMPTY, MerkleTree, extends, included, leaf_hash, node_hash
from lab.pki.monitor import Monitor, Order, unordered
from lab.pki.pins import pin_of, spki
from lab.pki.reading import seen
from lab.pki.sct import ListedLog, Sct, check_sct, entry_of, listed, read_list, scts_in, stamps
from lab.wire.service import Service

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ROOT = authority("Honest Root", now=NOW)
ISSUING = ROOT.intermediate("Honest Issuing CA 1")
OTHER = authority("Other Public Root", now=NOW).intermediate("Other Issuing CA")
KEY = new_key()
HOST = "bank.example"


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def refused(call: Callable[..., object], *given: object) -> bool:
    """Whether it is refused as everything is: a ValueError of one sentence."""
    try:
        call(*given)
    except ValueError as problem:
        return "\n" not in str(problem)
    return False


def spoilt(octets: bytes) -> list[bytes]:
    """The octets with one bit turned over, for each octet; one too few, and one too many."""
    turned = [octets[:at] + bytes((octets[at] ^ 1 << at % 8,)) + octets[at + 1 :] for at in range(len(octets))]
    return [*turned, octets[:-1], octets + b"\0"]


# ---- the tree, against its definition -------------------------------------------------------------


def halved(leaves: Sequence[bytes]) -> int:
    """The largest power of two below their number (RFC 9162 section 2.1.1)."""
    return 1 << (len(leaves) - 1).bit_length() - 1


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Merkle Tree Hash, word by word."""
    if len(leaves) < 2:
        return leaf_hash(leaves[0]) if leaves else sha256(b"").digest()
    half = halved(leaves)
    return node_hash(root_of(leaves[:half]), root_of(leaves[half:]))


def path_of(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The inclusion proof, word by word."""
    if len(leaves) == 1:
        return []
    half = halved(leaves)
    if index < half:
        return [*path_of(index, leaves[:half]), root_of(leaves[half:])]
    return [*path_of(index - half, leaves[half:]), root_of(leaves[:half])]


def growth_of(old: int, leaves: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """The consistency proof, word by word."""
    if old == len(leaves):
        return [] if whole else [root_of(leaves)]
    half = halved(leaves)
    if old <= half:
        return [*growth_of(old, leaves[:half], whole), root_of(leaves[half:])]
    return [*growth_of(old - half, leaves[half:], False), root_of(leaves[:half])]


def grown(leaves: Sequence[bytes]) -> MerkleTree:
    tree = MerkleTree()
    for leaf in leaves:
        tree.append(leaf)
    return tree


NUMBERED = [number.to_bytes(2, "big") for number in range(300)]
TREE = grown(NUMBERED)


@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(st.binary(max_size=4), max_size=70), st.data())
def test_root_and_proofs_are_those_of_the_definition(leaves: list[bytes], data: st.DataObject) -> None:
    """At every size that the tree had, whatever the leaves are; and what is proved is believed."""
    tree = grown(leaves)
    size = data.draw(st.integers(0, len(leaves)))
    root = tree.root(size)
    assert root == root_of(leaves[:size])
    for index in range(size):
        proof = tree.inclusion(index, size)
        assert proof == path_of(index, leaves[:size])
        assert included(leaf_hash(leaves[index]), index, size, proof, root)
    for old in range(1, size + 1):
        proof = tree.consistency(old, size)
        assert proof == growth_of(old, leaves[:size])
        assert extends(old, tree.root(old), size, root, proof)


def test_an_empty_tree_begins_every_tree() -> None:
    """Nothing to prove, and nothing that a proof could say."""
    assert MerkleTree().root() == EMPTY == root_of([])
    assert extends(0, EMPTY, 7, TREE.root(7), [])
    assert not extends(0, TREE.root(1), 7, TREE.root(7), [])
    assert not extends(0, EMPTY, 7, TREE.root(7), [EMPTY])


def test_a_leaf_is_no_node() -> None:
    """Who hands in two hashes as one leaf makes another tree, not a second reading of the same."""
    two = grown([b"one", b"two"])
    pair = leaf_hash(b"one") + leaf_hash(b"two")
    assert two.root() == sha256(b"\1" + pair).digest()
    assert two.root() not in [grown([leaf]).root() for leaf in (pair, b"\1" + pair)]


def test_a_proof_ends_at_the_root() -> None:
    """A step behind it is no other way to stand in a larger tree."""
    leaf, proof, root = leaf_hash(NUMBERED[1]), TREE.inclusion(1, 2), TREE.root(2)
    assert included(leaf, 1, 2, proof, root)
    assert not included(leaf, 0, 1, proof, root)


def wrong_proofs(proof: list[bytes], root: bytes) -> list[list[bytes]]:
    """What the public vectors try: more, less, other steps, other order."""
    other = sha256(b"other").digest()
    changed = [[*proof[:at], other, *proof[at + 1 :]] for at in range(len(proof))]
    more = [[*proof, b""], [*proof, root], [root, *proof], [other, *proof]]
    return [*changed, *more, *([proof[:-1], proof[1:]] if proof else []), *([proof[::-1]] if len(proof) > 1 else [])]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13, 64, 65, 300])
def test_a_spoilt_proof_proves_nothing(size: int) -> None:
    """Another leaf, index, root or step, a step too many or too few: refused, of inclusion and of growth."""
    root, other = TREE.root(size), sha256(b"other").digest()
    for at in sorted({0, size // 2, size - 1}):
        leaf, proof = leaf_hash(NUMBERED[at]), TREE.inclusion(at, size)
        assert included(leaf, at, size, proof, root)
        assert not included(other, at, size, proof, root)
        assert not included(leaf, at, size, proof, other)
        assert not any(included(leaf, index, size, proof, root) for index in range(-1, size + 2) if index != at)
        assert not any(included(leaf, at, size, wrong, root) for wrong in wrong_proofs(proof, root))
    for old in sorted({1, max(1, size // 2), size - 1} - {0, size}):
        before, proof = TREE.root(old), TREE.consistency(old, size)
        assert extends(old, before, size, root, proof)
        assert not extends(old, other, size, root, proof)
        assert not extends(old, before, size, other, proof)
        assert not extends(size, before, old, root, proof)
        assert not extends(-1, before, size, root, proof)
        # where the old tree is whole its root is no step, and a root before the proof is a step too many
        assert not any(extends(old, before, size, root, wrong) for wrong in wrong_proofs(proof, root))
    assert extends(size, root, size, root, [])
    assert not extends(size, root, size, root, [root])
    assert not extends(size, root, size, other, [])


@pytest.mark.parametrize(
    "ask",
    [
        lambda: TREE.root(301),
        lambda: TREE.root(-1),
        lambda: TREE.inclusion(300),
        lambda: TREE.inclusion(7, 7),
        lambda: TREE.inclusion(-1, 7),
        lambda: TREE.consistency(0, 7),
        lambda: TREE.consistency(8, 7),
    ],
)
def test_what_the_tree_never_had_is_no_question(ask: Callable[[], object]) -> None:
    """Sizes and indices that it has not are refused in one sentence."""
    assert refused(ask)


def test_a_tree_that_is_cut_is_the_one_it_was() -> None:
    """Leaves are taken back, and others put in their place; a copy keeps what it has."""
    tree = grown(NUMBERED)
    kept = tree.copied()
    tree.cut(129)
    assert tree.root() == TREE.root(129)
    tree.append(b"another")
    assert tree.root() == root_of([*NUMBERED[:129], b"another"]) != TREE.root(130)
    assert kept.root() == TREE.root()


# ---- what a proof does not bind, and a signature does ---------------------------------------------


def test_a_proof_does_not_bind_the_size() -> None:
    """Among small trees thousands of proofs hold with another size as well, for the same root."""
    lies = [
        (index, size, said)
        for size in range(1, 25)
        for index in range(size)
        for said in range(1, 49)
        if said != size
        and included(leaf_hash(NUMBERED[index]), index, said, TREE.inclusion(index, size), TREE.root(size))
    ]
    assert len(lies) > 1_000
    assert (0, 3, 4) in lies


def test_a_signed_head_binds_it() -> None:
    """The same proof under a head: with the size that was signed, and with no other; nor another root or time."""
    log = public_log(3)
    head = log.head(NOW)
    proof, leaf = log.tree.inclusion(0, 3), leaf_hash(log.entries[0].leaf)
    check_head(head, log.listed)
    assert included(leaf, 0, head.size, proof, head.root)
    lie = replace(head, size=4)
    assert included(leaf, 0, lie.size, proof, lie.root)  # which is why nobody may stop here
    others = [
        lie,
        replace(head, timestamp=head.timestamp + 1),
        replace(head, root=EMPTY),
        *(replace(head, signature=one) for one in spoilt(head.signature)),
    ]
    assert all(refused(check_head, one, log.listed) for one in others)
    assert refused(check_head, head, public_log(3).listed)


# ---- checkpoints and witnesses --------------------------------------------------------------------

CERTIFICATES = [ISSUING.issue(HOST, key=KEY).chain for _ in range(12)]


def public_log(count: int = 0, delay: timedelta = timedelta(0)) -> PublicLog:
    """A log with this many certificates that were handed in an hour apart, the last of them now."""
    log = PublicLog("log.example/one", "One", delay=delay)
    for number in range(count):
        log.submit(CERTIFICATES[number], NOW - (count - 1 - number) * HOUR)
    return log


def test_a_checkpoint_says_what_the_head_says() -> None:
    """A signed note: the log's name, size and root in three lines, then its signature, which has the time."""
    log = public_log(5)
    note = log.file("checkpoint", NOW)
    name, size, root, empty, signature, end = note.decode().split("\n")
    assert (name, size, base64.b64decode(root), empty, end) == (log.listed.name, "5", log.tree.root(), "", "")
    assert signature.startswith("\u2014 log.example/one ")
    key_id = sha256(b"log.example/one\n\x05" + log.listed.id).digest()[:4]
    assert base64.b64decode(signature.split(" ")[2])[:4] == key_id
    head = read_checkpoint(note, log.listed)
    assert (head.size, head.root, moment(head.timestamp)) == (5, log.tree.root(), NOW)


def test_a_checkpoint_with_an_octet_changed_is_refused() -> None:
    """Each octet of it counts, also where base 64 has bits to spare; and so does whose log it is."""
    log = public_log(5)
    note = log.file("checkpoint", NOW)
    assert not refused(read_checkpoint, note, log.listed)
    assert [one for one in spoilt(note) if not refused(read_checkpoint, one, log.listed)] == []
    for other in (public_log(5).listed, replace(log.listed, name="log.example/two")):
        assert refused(read_checkpoint, note, other)
    for text in (b"", b"\n\n", note + note, note.replace(b"5\n", b"05\n", 1), note.replace(b"=\n\n", b"=\nmore\n\n")):
        assert refused(read_checkpoint, text, log.listed)


def test_a_checkpoint_is_as_long_as_one_may_be() -> None:
    """Others may sign too, and nobody has to know them; a line without end is none."""
    log = public_log(5)
    note = log.file("checkpoint", NOW)
    assert read_checkpoint(note + "\u2014 somebody.example AAAAAAAA\n".encode(), log.listed).size == 5
    assert refused(read_checkpoint, note + b"no signature\n", log.listed)
    others = "\u2014 somebody.example AAAAAAAA\n".encode()
    assert not refused(read_checkpoint, note + others * 1_000, log.listed)
    assert refused(read_checkpoint, note + others * 10_000, log.listed)


def test_a_witness_signs_what_extends_what_he_signed() -> None:
    """From nothing, then from size to size with a proof; his line says when, and binds each octet of the text."""
    log, witness = public_log(5), Witness()
    first = witness.cosigned(log.file("checkpoint", NOW - HOUR), log.listed, [], NOW - HOUR)
    assert witness.seen(log.listed) == 4
    proof = log.tree.consistency(4, 5)
    note = witness.cosigned(log.file("checkpoint", NOW), log.listed, proof, NOW)
    assert (check_cosigned(first, witness.listed), check_cosigned(note, witness.listed)) == (NOW - HOUR, NOW)
    assert read_checkpoint(note, log.listed).size == 5  # the log's own signature stands beside it
    text, _, lines = note.partition(b"\n\n")
    his = lines.split(b"\n")[1] + b"\n"
    assert not refused(check_cosigned, text + b"\n\n" + his, witness.listed)
    changed = [one + b"\n\n" + his for one in spoilt(text)] + [text + b"\n\n" + one for one in spoilt(his)]
    assert [one for one in changed if not refused(check_cosigned, one, witness.listed)] == []
    line = his.decode().split(" ")
    longer = " ".join([*line[:2], base64.b64encode(base64.b64decode(line[2]) + b"\0").decode() + "\n"])
    assert refused(check_cosigned, text + b"\n\n" + longer.encode(), witness.listed)
    last = line[2][-4]  # 76 octets: before the two = are four bits that say nothing
    alike = " ".join([*line[:2], f"{line[2][:-4]}{chr(ord(last) + 1)}==\n"])
    assert base64.b64decode(alike.split(" ")[2]) == base64.b64decode(line[2])
    assert refused(check_cosigned, text + b"\n\n" + alike.encode(), witness.listed)
    assert refused(check_cosigned, note, Witness().listed)
    assert refused(check_cosigned, log.file("checkpoint", NOW), witness.listed)


def test_a_witness_signs_nothing_else() -> None:
    """Without a proof, with one from another size, an older tree, a head that is not signed: refused, and forgotten."""
    log, witness = public_log(5), Witness()
    old, new = log.file("checkpoint", NOW - HOUR), log.file("checkpoint", NOW)
    witness.cosigned(old, log.listed, [], NOW)
    stranger = checkpoint(signed_head(ec.generate_private_key(ec.SECP256R1()), 5, NOW, log.tree.root()), log.listed)
    for note, proof in ((new, []), (new, log.tree.consistency(3, 5)), (stranger, log.tree.consistency(4, 5))):
        assert refused(witness.cosigned, note, log.listed, proof, NOW)
    assert witness.seen(log.listed) == 4
    witness.cosigned(new, log.listed, log.tree.consistency(4, 5), NOW)
    assert refused(witness.cosigned, old, log.listed, [], NOW)


def forked(count: int = 3) -> tuple[PublicLog, PublicLog, Credential]:
    """A log as the victim sees it, with a certificate that nobody ordered, and as everybody else does."""
    log = public_log(count)
    shown = log.forked()
    rogue = OTHER.issue(HOST, logs=(shown,))
    log.submit(CERTIFICATES[-1], NOW)
    return log, shown, rogue


def test_a_log_that_hides_an_entry_signs_two_heads_of_one_size() -> None:
    """Each is in order by itself; side by side they prove it, and no proof leads from one to the other."""
    log, shown, _ = forked()
    one, other = log.head(NOW), shown.head(NOW)
    check_head(one, log.listed)
    check_head(other, log.listed)
    assert one.size == other.size == 4
    assert split_view(one, other, log.listed)
    assert not split_view(one, log.head(NOW + HOUR), log.listed)  # a later head of the same tree
    assert refused(split_view, one, replace(other, size=5), log.listed)
    assert refused(check_extends, one, other, [])
    assert not refused(check_extends, one, log.head(NOW + HOUR), [])


def test_a_witness_stops_a_split_view() -> None:
    """Who signed the one tree never signs the other, so a client that wants his line sees one tree only."""
    log, shown, _ = forked()
    witness = Witness()
    witness.cosigned(log.file("checkpoint", NOW), log.listed, [], NOW)
    assert refused(witness.cosigned, shown.file("checkpoint", NOW), log.listed, [], NOW)
    shown.submit(CERTIFICATES[5], NOW)
    assert refused(witness.cosigned, shown.file("checkpoint", NOW), log.listed, shown.tree.consistency(4), NOW)
    assert not refused(Witness().cosigned, shown.file("checkpoint", NOW), log.listed, [], NOW)


# ---- the log and its tiles ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large() -> PublicLog:
    """A log of 600 entries, an hour between each two: two tiles, and a part of one."""
    log = PublicLog()
    for number in range(600):
        leaf = signed(begun(ROOT.certificate.subject, KEY, None, NOW, NOW + DAY), KEY)
        log.submit((leaf,), NOW - (599 - number) * HOUR)
    return log


def test_tiles_are_what_the_tree_is_made_of(large: PublicLog) -> None:
    """Of 600 entries: 256, 256 and 88 in tiles of level 0, two hashes of whole tiles in one of level 1."""
    paths = set(large.files(NOW))
    tiles = {f"tile/{level}/{at}" for level in ("0", "data") for at in ("000", "001", "002.p/88")}
    assert paths == {"checkpoint", "tile/1/000.p/2", *tiles}
    leaves = [entry.leaf for entry in large.entries]
    assert large.file("tile/0/001", NOW) == b"".join(map(leaf_hash, leaves[256:512]))
    assert large.file("tile/0/002.p/88", NOW) == b"".join(map(leaf_hash, leaves[512:]))
    assert large.file("tile/1/000.p/2", NOW) == root_of(leaves[:256]) + root_of(leaves[256:512])
    assert large.file("tile/0/002.p/7", NOW) == b"".join(map(leaf_hash, leaves[512:519]))  # of an earlier size


@pytest.mark.parametrize(
    "path",
    [
        *("", "tile/0/003", "tile/0/002", "tile/0/002.p/89", "tile/0/000.p/0", "tile/0/000.p/257", "tile/2/000.p/1"),
        *("tile/6/000", "tile/0/0", "tile/0/x000/000/", "tile/0/../checkpoint", "tile/0/000.p/01", "issuer/00"),
    ],
)
def test_there_is_nothing_at_other_paths(large: PublicLog, path: str) -> None:
    """Neither what is not there yet nor what is written otherwise."""
    assert refused(large.file, path, NOW)
    assert not refused(large.file, "tile/0/000", NOW)


def test_the_number_of_a_tile_is_written_in_threes() -> None:
    """As static-ct-api has it."""
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path("data", 5, 112) == "tile/data/005.p/112"
    assert tile_path(1, 1000) == "tile/1/x001/000"


def test_an_entry_is_read_as_it_was_written() -> None:
    """Of certificates and precertificates, with the chain above by its hashes, under which the issuers are there."""
    log = public_log(1)
    ISSUING.issue(HOST, logs=(log,))
    taking = Octets(log.file("tile/data/000.p/2", NOW))
    assert [taken(taking), taken(taking)] == log.entries
    assert not taking
    whole, pre = log.entries
    assert (whole.issuer, pre.issuer) == (b"", sha256(spki(ISSUING.certificate)).digest())
    assert whole.body == whole.certificate == der(CERTIFICATES[0][0])
    assert log.file(f"issuer/{pre.chain[0].hex()}", NOW) == der(ISSUING.certificate)
    assert x509.load_der_x509_certificate(pre.precertificate).issuer == ISSUING.certificate.subject


def test_an_entry_that_is_cut_short_is_none() -> None:
    """Whatever comes out of a log: entries, or one sentence."""
    log = public_log(1)
    ISSUING.issue(HOST, logs=(log,))
    for entry in log.entries:
        octets = entry.tile()
        assert taken(Octets(octets)) == entry
        assert all(refused(taken, Octets(octets[:end])) for end in range(len(octets)))
        assert refused(taken, Octets(octets[:9] + b"\2" + octets[10:]))  # a type that nobody knows


def test_who_hands_the_same_in_again_gets_the_same_answer() -> None:
    """One entry and one SCT; another certificate has others."""
    log = public_log()
    one = log.submit(CERTIFICATES[0], NOW)
    assert log.submit(CERTIFICATES[0], NOW + HOUR) == one
    assert len(log.entries) == 1
    assert log.submit(CERTIFICATES[1], NOW + HOUR) != one


def test_an_entry_comes_into_the_tree_with_the_merge_delay() -> None:
    """The SCT is signed at once; until then head, checkpoint and tiles know nothing of it."""
    log = public_log(delay=2 * HOUR)
    log.submit(CERTIFICATES[0], NOW)
    log.submit(CERTIFICATES[1], NOW + HOUR)
    sizes = [log.head(NOW + hours * HOUR).size for hours in range(4)]
    assert sizes == [0, 0, 1, 2]
    assert log.head(NOW).root == EMPTY
    assert refused(log.file, "tile/0/000.p/1", NOW + HOUR)
    assert not refused(log.file, "tile/0/000.p/1", NOW + 2 * HOUR)
    for late in CERTIFICATES[2:5]:
        log.submit(late, NOW - HOUR)  # whose clock was behind: no entry overtakes another
    assert [log.head(NOW + hours * HOUR).size for hours in (1, 2, 3)] == [0, 1, 5]


def test_a_log_takes_what_its_roots_vouch_for() -> None:
    """With its root or without; not what another CA has issued, not the leaf alone, not a look-alike's."""
    log = PublicLog(roots=[ROOT.certificate])
    assert log.submit((*CERTIFICATES[0], ROOT.certificate), NOW) == log.submit(CERTIFICATES[0], NOW)
    alike = authority("Honest Root", now=NOW).intermediate("Honest Issuing CA 1")
    strangers = [OTHER.issue(HOST).chain, CERTIFICATES[0][:1], alike.issue(HOST).chain]
    assert all(refused(log.submit, chain, NOW) for chain in strangers)
    assert len(log.entries) == 1
    assert refused(lambda: OTHER.issue(HOST, logs=(log,)))


def test_a_precertificate_comes_with_its_issuer() -> None:
    """Whose key is in the entry."""
    log = public_log()
    ISSUING.issue(HOST, logs=(log,))
    pre = x509.load_der_x509_certificate(log.entries[0].precertificate)
    assert refused(public_log().submit, (pre,), NOW)
    assert not refused(public_log().submit, (pre, ISSUING.certificate), NOW)


# ---- SCTs in certificates -------------------------------------------------------------------------

ONE, TWO = PublicLog("log.example/one", "One"), PublicLog("log.example/two", "Two")
LOGGED = ISSUING.issue(HOST, logs=(ONE, TWO))
LEAF, ISSUER = der(LOGGED.leaf), der(ISSUING.certificate)
SCT = scts_in(LEAF)[0]


def holds(sct: Sct = SCT, leaf: bytes = LEAF, issuer: bytes = ISSUER, log: ListedLog = ONE.listed) -> bool:
    return not refused(check_sct, sct, leaf, issuer, log, NOW)


@pytest.mark.parametrize("algorithm", ["ECDSA", "RSA", "ML-DSA"])
def test_a_logged_certificate_holds_the_words_of_its_logs(algorithm: str) -> None:
    """Whatever the keys are; each SCT is over what the certificate and the precertificate share."""
    issuing = ROOT.intermediate("CA", algorithm=algorithm)
    made = issuing.issue(HOST, algorithm=algorithm, logs=(ONE, TWO))
    leaf, issuer = der(made.leaf), der(issuing.certificate)
    good, bad = stamps(scts_in(leaf), leaf, issuer, (ONE.listed, TWO.listed), NOW)
    assert [(one.log, one.operator, one.time) for one in good] == [
        (log.name, log.operator, NOW) for log in listed_both()
    ]
    assert bad == ()
    assert made.leaf.public_key() == made.key.public_key()


def listed_both() -> list[ListedLog]:
    return [ONE.listed, TWO.listed]


def test_certificates_are_logged_on_request_only() -> None:
    """Nothing else is made otherwise: no list, no entry."""
    count = len(ONE.entries)
    plain = ISSUING.issue(HOST)
    assert scts_in(der(plain.leaf)) == ()
    assert len(ONE.entries) == count
    assert seen(LOGGED.leaf).hosts == seen(plain.leaf).hosts
    assert LOGGED.leaf.not_valid_after_utc == plain.leaf.not_valid_after_utc


def test_cryptography_reads_the_same() -> None:
    """The list, each field of it, and the octets that are signed: read by somebody else."""
    found = LOGGED.leaf.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps)
    theirs = [(one.log_id, one.timestamp.replace(tzinfo=UTC), one.extension_bytes) for one in found.value]
    assert theirs == [(one.log, moment(one.timestamp), one.extensions) for one in scts_in(LEAF)]
    assert common(LEAF) == LOGGED.leaf.tbs_precertificate_bytes == ONE.entries[0].body


def test_a_leaf_of_the_tree_is_what_the_sct_signs() -> None:
    """So from certificate, issuer and SCT alone anybody knows the leaf, its index and its proof."""
    entry, head = entry_of(SCT, LEAF, ISSUER), ONE.head(NOW)
    assert entry.index == 0
    assert entry.leaf == ONE.entries[0].leaf
    proof = ONE.tree.inclusion(entry.index, head.size)
    assert included(leaf_hash(entry.leaf), entry.index, head.size, proof, head.root)
    for extensions in (b"", b"\1" + SCT.extensions[1:], SCT.extensions + b"\0"):
        assert refused(attrgetter("index"), replace(entry, extensions=extensions))
    other = entry_of(SCT, LEAF, der(OTHER.certificate))
    assert not included(leaf_hash(other.leaf), entry.index, head.size, proof, head.root)


def test_an_sct_is_of_one_certificate() -> None:
    """Not of another one for the same name and key, nor of one that another CA has issued."""
    assert holds()
    again = ISSUING.issue(HOST, key=LOGGED.key, logs=(PublicLog(),))
    assert not holds(leaf=der(again.leaf))
    alike = authority("Honest Root", now=NOW).intermediate("Honest Issuing CA 1")
    assert not holds(issuer=der(alike.certificate))
    assert not holds(log=TWO.listed)
    assert not holds(sct=scts_in(LEAF)[1])


def test_each_field_of_an_sct_counts() -> None:
    """Log, time, extensions (where the index is) and signature: another value is another word."""
    fields = {
        "log": replace(SCT, log=TWO.listed.id),
        "time": replace(SCT, timestamp=SCT.timestamp - 1),
        "index": replace(SCT, extensions=LEAF_INDEX + (7).to_bytes(5, "big")),
        "no extensions": replace(SCT, extensions=b""),
        "algorithm": replace(SCT, signature=b"\4\1" + SCT.signature[2:]),
        "anonymous": replace(SCT, signature=b"\4\0" + SCT.signature[2:]),
        "another's signature": replace(SCT, signature=scts_in(LEAF)[1].signature),
    }
    assert [name for name, sct in fields.items() if holds(sct)] == []
    assert [one for one in spoilt(SCT.signature) if holds(replace(SCT, signature=one))] == []


def test_each_octet_of_a_list_counts() -> None:
    """Turned over it is no list, or none of its first SCT any more; a version that is not known is left out."""

    def first_holds(octets: bytes) -> bool:
        found = read_list(octets)
        return bool(found) and found[0] == SCT

    octets = listed([SCT])
    assert first_holds(octets)
    for one in spoilt(octets):
        assert refused(read_list, one) or not first_holds(one)
    assert read_list(octets[:4] + b"\1" + octets[5:]) == ()
    assert refused(read_list, vector(vector(SCT.octets + b"\0", 2), 2))


def test_each_octet_of_the_certificate_counts() -> None:
    """All that is below the certificate's signature is below the SCT's as well, but the extension with the list."""
    tbs = to_be_signed(LEAF)
    words = listed(scts_in(LEAF))
    start, inside = LEAF.index(tbs), LEAF.index(words)
    around = range(inside - 25, inside + len(words))  # with what stands before it: tags, lengths, the identifier
    turned = (LEAF[:at] + bytes((LEAF[at] ^ 1,)) + LEAF[at + 1 :] for at in range(start, start + len(tbs)))
    harmless = {at for at, leaf in enumerate(turned, start) if holds(leaf=leaf)}
    assert set(range(inside, inside + len(words))) <= harmless <= set(around)


def test_an_sct_from_the_future_is_none_yet() -> None:
    """By the client's clock."""
    check_sct(SCT, LEAF, ISSUER, ONE.listed, NOW)
    with pytest.raises(ValueError, match="to come"):
        check_sct(SCT, LEAF, ISSUER, ONE.listed, NOW - HOUR)
    assert moment(2**64 - 1) > NOW  # which no calendar has
    assert moment(milliseconds(NOW)) == NOW


def test_what_does_not_count_is_said() -> None:
    """A log that is not known, and a word that is not the log's: each in a sentence, and the other counts."""
    wrong = replace(SCT, timestamp=SCT.timestamp - 1)
    good, bad = stamps((wrong, *scts_in(LEAF)), LEAF, ISSUER, (ONE.listed,), NOW)
    assert [one.log for one in good] == ["log.example/one"]
    assert bad == (
        "log.example/one: the signature is not by the log's key over this",
        "an SCT is by a log that is not known here",
    )


def test_an_sct_that_comes_beside_a_certificate_is_about_all_of_it() -> None:
    """As a server sends it (RFC 6962 section 3.3.1): of the whole certificate, whoever issued it."""
    log = public_log()
    sct = log.submit(CERTIFICATES[0], NOW)
    leaf, issuer = (der(one) for one in CERTIFICATES[0])
    check_sct(sct, leaf, None, log.listed, NOW)
    assert refused(check_sct, sct, leaf, issuer, log.listed, NOW)
    assert refused(check_sct, sct, der(CERTIFICATES[1][0]), None, log.listed, NOW)
    assert refused(check_sct, SCT, LEAF, None, ONE.listed, NOW)


def test_no_client_takes_a_precertificate_for_a_certificate() -> None:
    """The poison is critical and nobody knows it; the certificate itself is taken."""

    def verified(leaf: x509.Certificate) -> None:
        store = crypto.X509Store()
        store.add_cert(crypto.X509.from_cryptography(ROOT.certificate))
        store.set_time(NOW)
        above = [crypto.X509.from_cryptography(ISSUING.certificate)]
        crypto.X509StoreContext(store, crypto.X509.from_cryptography(leaf), above).verify_certificate()

    verified(LOGGED.leaf)
    with pytest.raises(crypto.X509StoreContextError, match="unhandled critical extension"):
        verified(x509.load_der_x509_certificate(ONE.entries[0].precertificate))


def test_an_extension_is_left_out_wherever_it_stands() -> None:
    """First, in the middle, last or alone; all else stays octet by octet, and what is not there changes nothing."""
    others = [x509.BasicConstraints(ca=False, path_length=None), x509.ExtendedKeyUsage([x509.OID_SERVER_AUTH])]
    poison = x509.PrecertPoison()

    def tbs(*extensions: x509.ExtensionType) -> bytes:
        name, key = x509.Name([]), KEY
        builder = x509.CertificateBuilder(
            name, name, key.public_key(), 7, NOW.replace(tzinfo=None), NOW.replace(tzinfo=None) + DAY
        )
        for one in extensions:
            builder = builder.add_extension(one, critical=one is poison)
        return to_be_signed(der(signed(builder, key)))

    assert without(tbs(poison), POISON) == tbs()
    for at, some in product(range(3), (others, others[::-1])):
        assert without(tbs(*some[:at], poison, *some[at:]), POISON) == tbs(*some)
        assert without(tbs(*some), POISON) == tbs(*some)
    assert without(tbs(poison), SCT_LIST) == tbs(poison)


def test_extensions_that_stand_twice_or_have_no_name_are_refused() -> None:
    """Nobody could say which one counts."""

    def tbs(*each: bytes) -> bytes:
        return wrapped(0x30, wrapped(0xA3, wrapped(0x30, b"".join(wrapped(0x30, one) for one in each))))

    one = wrapped(6, SCT_LIST) + wrapped(4, b"words")
    assert extension(tbs(one), SCT_LIST) == b"words"
    assert extension(tbs(one), POISON) is None
    assert refused(extension, tbs(one, one), SCT_LIST)
    assert refused(extension, tbs(one, b""), SCT_LIST)


@settings(max_examples=200, deadline=None, database=None)
@given(st.binary(max_size=60), st.integers(0, len(LEAF)), st.integers(0, len(LEAF)))
def test_whatever_comes_as_a_certificate_or_a_list_is_answered(octets: bytes, start: int, stop: int) -> None:
    """SCTs, or one sentence; no other exception."""
    damaged = LEAF[:start] + octets + LEAF[stop:]
    for call in (
        lambda: scts_in(damaged),
        lambda: read_list(octets),
        lambda: check_sct(SCT, damaged, ISSUER, ONE.listed, NOW),
        lambda: check_sct(SCT, LEAF, damaged, ONE.listed, NOW),
        lambda: taken(Octets(octets)),
        lambda: read_checkpoint(octets, ONE.listed),
    ):
        refused(call)
    assert scts_in(LEAF)[0] == SCT


# ---- how many are enough --------------------------------------------------------------------------


def stamp(log: str, operator: str, retired: datetime | None = None, time: datetime = NOW - DAY) -> Stamp:
    return Stamp(log, operator, time, retired)


A, B, C = stamp("a1", "A"), stamp("b", "B"), stamp("c", "C")
A2 = stamp("a2", "A")
SINCE = stamp("r", "R", NOW - HOUR)  # retired after it signed
BEFORE = stamp("r", "R", NOW - 2 * DAY)  # and before
SHORT, LONG = timedelta(days=180), timedelta(days=180, seconds=1)


@pytest.mark.parametrize(
    ("given", "lifetime", "embedded", "expected"),
    [
        ((), SHORT, True, "0 of the 2 logs"),
        ((A,), SHORT, True, "1 of the 2 logs"),
        ((A, B), SHORT, True, ""),
        ((A, B), LONG, True, "2 of the 3 logs"),
        ((A, B, C), LONG, True, ""),
        ((A, A), SHORT, True, "1 of the 2 logs"),
        ((A, A2), SHORT, True, "run by A, and 2 operators"),
        ((A, A2, B), LONG, True, ""),
        ((A, SINCE), SHORT, True, ""),
        ((A, BEFORE), SHORT, True, "1 of the 2 logs"),
        ((SINCE, stamp("s", "S", NOW - HOUR)), SHORT, True, "every log that signed is retired"),
        ((stamp("a1", "A", time=NOW - 3 * DAY), BEFORE), SHORT, True, ""),  # by the earliest of them
        ((A, stamp("b", "B", NOW + HOUR)), SHORT, False, ""),  # will be retired
        ((A, B), LONG, False, ""),
        ((A, SINCE), SHORT, False, "1 of the 2 logs"),
        ((A, A2), SHORT, False, "run by A, and 2 operators"),
    ],
)
def test_chrome_counts(given: tuple[Stamp, ...], lifetime: timedelta, embedded: bool, expected: str) -> None:
    """Logs, by the life of the certificate; operators; and a log that was retired, by when and by where it said so."""
    passed, why = enough(given, lifetime, NOW, embedded=embedded)
    assert (passed, expected in why) == (not expected, True)


# ---- the monitor ----------------------------------------------------------------------------------


def getting(log: PublicLog, time: datetime = NOW) -> Callable[[str], bytes]:
    return lambda path: log.file(path, time)


def ordered(*credentials: Credential) -> list[Order]:
    return [Order(pin_of(one.leaf), frozenset(seen(one.leaf).hosts)) for one in credentials]


def test_a_monitor_reads_on_from_where_it_was(large: PublicLog) -> None:
    """Each entry once, whatever the sizes at which it looks, over the ends of tiles."""
    monitor = Monitor(large.listed)
    found: list[LogEntry] = []
    for size in (0, 1, 1, 200, 256, 257, 511, 600):
        found += monitor.read(getting(large, NOW - (600 - size) * HOUR))
        assert (monitor.head.size, len(found)) == (size, size)
    assert found == large.entries


def test_a_monitor_tells_what_nobody_ordered() -> None:
    """Of two certificates for the site, both logged, the one whose key stands in no order; strangers' are no matter."""
    log = public_log()
    mine, rogue, stranger = (
        one.issue(name, logs=(log,)) for one, name in ((ISSUING, HOST), (OTHER, HOST), (OTHER, "shop.example"))
    )
    entries = Monitor(log.listed).read(getting(log))
    (found,) = unordered(entries, 0, {HOST}, ordered(mine))
    assert (found.index, found.time, found.certificate.pin) == (1, NOW, pin_of(rogue.leaf))
    assert found.certificate.hosts == (HOST,)
    assert unordered(entries, 0, {HOST}, ordered(mine, rogue)) == ()
    assert [one.index for one in unordered(entries, 0, {HOST, "shop.example"}, ordered(mine))] == [1, 2]
    assert [one.index for one in unordered(entries[1:], 1, {HOST}, [])] == [1]
    assert stranger.leaf != rogue.leaf


@pytest.mark.parametrize(
    ("hosts", "told"),
    [
        (("bank.example",), True),
        (("www.bank.example",), True),
        (("*.bank.example",), True),
        (("shop.example", "BANK.example"), True),
        (("*.example",), True),
        (("shop.example",), False),
        (("otherbank.example",), False),
        (("bank.example.shop.example",), False),
        (("*.shop.example",), False),
        (("aaexample",), False),
    ],
)
def test_a_name_is_watched_with_all_that_covers_it(hosts: tuple[str, ...], told: bool) -> None:
    """What is below it, wildcards that cover it, in any letters; not what only looks like it."""
    log = public_log()
    OTHER.issue(*hosts, logs=(log,))
    assert bool(unordered(log.entries, 0, {HOST}, [])) is told


def test_a_common_name_is_a_name() -> None:
    """Some programs still go by it where a certificate has no other."""
    log = public_log()
    for name in (HOST, "shop.example"):
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        log.submit((signed(begun(subject, KEY, OTHER, NOW, NOW + DAY), OTHER.key),), NOW)
    assert [one.index for one in unordered(log.entries, 0, {HOST}, [])] == [0]


def test_an_order_is_a_key_with_its_names() -> None:
    """The key with a name that was not ordered is told: who may ask for a certificate for it, may not for all names."""
    log = public_log()
    narrow = ISSUING.issue(HOST, key=KEY, logs=(log,))
    wide = ISSUING.issue(HOST, "www.bank.example", key=KEY, logs=(log,))
    (found,) = unordered(log.entries, 0, {HOST}, ordered(narrow))
    assert (found.index, found.why) == (1, "its key was ordered with other names")
    assert unordered(log.entries, 0, {HOST}, ordered(wide)) == ()


@settings(max_examples=100, deadline=None, database=None)
@given(st.binary(max_size=60), st.integers(0, len(LEAF)), st.integers(0, 2**64 - 1), st.booleans())
def test_no_entry_stops_a_monitor(octets: bytes, start: int, timestamp: int, pre: bool) -> None:
    """Whatever a log writes into one, the entries behind it are judged; what nobody can read is told."""
    body = (common(LEAF) if pre else LEAF)[:start] + octets
    entry = LogEntry(timestamp, body, ONE.entries[0].issuer if pre else b"", b"")
    found = unordered([entry, *ONE.entries], 0, {HOST}, [])
    assert [one.index for one in found][-len(ONE.entries) :] == [*range(1, len(ONE.entries) + 1)]


def test_what_a_monitor_cannot_read_it_tells() -> None:
    """An entry may be anything; what is no certificate may be for anybody. A key of another kind is read."""
    (whole,) = public_log(1).entries
    (pre,) = logged_entries()
    assert unordered([whole, pre], 0, {"shop.example"}, []) == ()
    for entry in (replace(whole, body=b"nonsense"), replace(pre, body=b"\x30\0"), replace(pre, body=b"nonsense")):
        (found,) = unordered([entry], 0, {"shop.example"}, [])
        assert "cannot be read" in found.why
    curve = bytes.fromhex("06072a8648ce3d0201")  # an EC key, as SubjectPublicKeyInfo says it
    strange = replace(pre, body=pre.body.replace(curve, curve[:-1] + b"\x63"))
    assert strange != pre
    assert unordered([strange], 0, {"shop.example"}, []) == ()
    assert [one.why for one in unordered([strange], 0, {HOST}, [])] == ["nobody ordered a certificate for its key"]


def logged_entries() -> list[LogEntry]:
    log = public_log()
    ISSUING.issue(HOST, logs=(log,))
    return log.entries


def test_a_monitor_believes_what_is_below_the_hash() -> None:
    """A log that shows another precertificate than it vouches for deceives nobody: that one is not looked at."""
    log = public_log()
    OTHER.issue(HOST, logs=(log,))
    innocent = public_log()
    OTHER.issue("shop.example", logs=(innocent,))
    log.entries[0] = replace(log.entries[0], precertificate=innocent.entries[0].precertificate)
    (entry,) = Monitor(log.listed).read(getting(log))
    assert [one.certificate.hosts for one in unordered([entry], 0, {HOST}, [])] == [(HOST,)]


def test_a_log_that_shows_other_entries_than_it_signed_is_caught() -> None:
    """An entry that is left out, changed or exchanged in the tiles is not below the root; and it goes on from there."""
    log = public_log(4)
    monitor = Monitor(log.listed)
    monitor.read(getting(log, NOW - 2 * HOUR))
    honest = log.file("tile/data/000.p/4", NOW)
    entries = [one.tile() for one in log.entries]
    for tile in (
        b"".join([*entries[:3], entries[0]]),
        b"".join([*entries[:2], entries[3], entries[2]]),
        b"".join(entries[:3]),
        honest + b"\0",
    ):
        shown = {"checkpoint": log.file("checkpoint", NOW), "tile/data/000.p/4": tile}
        assert refused(monitor.read, shown.__getitem__)
        assert monitor.head.size == 2
    assert monitor.read(getting(log)) == tuple(log.entries[2:])


def test_a_monitor_takes_no_other_tree() -> None:
    """A head that does not extend what was read, an older one, and one that is signed by somebody else."""
    early = public_log(3)
    log, shown = early.forked(), early.forked()
    log.submit(CERTIFICATES[3], NOW)
    shown.submit(CERTIFICATES[4], NOW)
    monitor = Monitor(log.listed)
    monitor.read(getting(log))
    assert refused(monitor.read, getting(shown))  # of the same size
    shown.submit(CERTIFICATES[5], NOW)
    assert refused(monitor.read, getting(shown))  # of a larger one
    assert refused(monitor.read, getting(log, NOW - HOUR))
    assert monitor.read(getting(log, NOW + HOUR)) == ()
    assert refused(monitor.read, getting(log, NOW))  # of the same size
    with pytest.raises(ValueError, match="shows an older tree, of 3 entries, after one of 4"):
        monitor.read(getting(early, NOW + 2 * HOUR))
    assert refused(Monitor(public_log().listed).read, getting(log))
    assert monitor.read(getting(log, NOW + 2 * HOUR)) == ()


def test_an_entry_that_is_hidden_is_found_by_its_sct() -> None:
    """Who reads the public tree sees nothing wrong; with the victim's SCT in hand he knows of the broken promise."""
    log, shown, rogue = forked()
    monitor = Monitor(log.listed)
    assert unordered(monitor.read(getting(log)), 0, {HOST}, [Order(pin_of(KEY.public_key()), frozenset({HOST}))]) == ()
    leaf = der(rogue.leaf)
    (sct,) = scts_in(leaf)
    promised = entry_of(sct, leaf, der(OTHER.certificate))
    check_sct(sct, leaf, der(OTHER.certificate), log.listed, NOW)
    with pytest.raises(ValueError, match="has another entry at index 3"):
        monitor.kept(promised)
    other = Monitor(log.listed)
    other.read(getting(shown))
    assert other.kept(promised)


def test_a_promise_is_kept_within_the_merge_delay() -> None:
    """Until then a missing entry says nothing; after it, a log that is late has broken its word."""
    late = 2 * PROMISE
    log = public_log(delay=late)
    leaf = ISSUING.issue(HOST, logs=(log,)).leaf
    promised = entry_of(scts_in(der(leaf))[0], der(leaf), ISSUER)
    monitor = Monitor(log.listed)
    monitor.read(getting(log, NOW + PROMISE))
    assert monitor.kept(promised) is False
    monitor.read(getting(log, NOW + PROMISE + HOUR))
    with pytest.raises(ValueError, match="has no entry yet at index 0"):
        monitor.kept(promised)
    monitor.read(getting(log, NOW + late))
    assert monitor.kept(promised)


# ---- a second opinion -----------------------------------------------------------------------------


@pytest.mark.field
@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_openssl_judges_the_scts_alike(tmp_path: Path) -> None:
    """`s_client -ct`: valid by a log that it knows, unknown by another, invalid with another certificate's."""
    now = datetime.now(UTC)
    issuing: Authority = authority("Root").intermediate("CA")
    made = issuing.issue("localhost", logs=(ONE, TWO))
    (tmp_path / "root.pem").write_bytes(issuing.root.certificate.public_bytes(serialization.Encoding.PEM))
    known = base64.b64encode(spki(ONE.listed.key)).decode()
    (tmp_path / "logs").write_text(f"enabled_logs = one\n[one]\ndescription = One\nkey = {known}\n")

    def judged(credential: Credential) -> list[str]:
        with Service(credential) as service:
            words = ["openssl", "s_client", "-ct", "-ctlogfile", str(tmp_path / "logs")]
            words += ["-connect", f"localhost:{service.port}", "-CAfile", str(tmp_path / "root.pem")]
            done = subprocess.run(words, input=b"", capture_output=True, check=False, timeout=30)
        said = [line.split(": ")[1] for line in done.stdout.decode().splitlines() if line.startswith("SCT validation")]
        assert b"Verify return code: 0 (ok)" in done.stdout
        return said

    def ours(credential: Credential) -> list[bool]:
        leaf, issuer = der(credential.leaf), der(issuing.certificate)
        return [not refused(check_sct, one, leaf, issuer, ONE.listed, now) for one in scts_in(leaf)]

    plain = ISSUING.issue("localhost")
    wrong = carrying(issuing, made)
    assert sorted(judged(made)) == ["unknown log", "valid"]
    assert ours(made) == [True, False]
    assert sorted(judged(wrong)) == ["invalid", "unknown log"]
    assert ours(wrong) == [False, False]
    assert scts_in(der(plain.leaf)) == ()


def carrying(issuing: Authority, other: Credential) -> Credential:
    """A certificate of this CA with the list of another one."""
    start = datetime.now(UTC).replace(microsecond=0) - DAY
    builder = begun(other.leaf.subject, other.key, issuing, start, start + 90 * DAY)
    (value,) = [one for one in other.leaf.extensions if one.oid.dotted_string.endswith(".11129.2.4.2")]
    builder = builder.add_extension(x509.UnrecognizedExtension(value.oid, value.value.public_bytes()), critical=False)
    return Credential(other.key, (signed(builder, issuing.key), *other.chain[1:]), issuing)


def test_a_list_is_no_more_than_octets_in_an_extension() -> None:
    """The list of another certificate is read as it stands, and none of it holds: reading is not believing."""
    wrong = carrying(ISSUING, LOGGED)
    leaf = der(wrong.leaf)
    assert scts_in(leaf) == scts_in(LEAF)
    assert stamps(scts_in(leaf), leaf, ISSUER, listed_both(), datetime.now(UTC))[0] == ()
    assert len(parts(leaf)) == 1
