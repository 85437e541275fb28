"""
A Merkle tree of octets that only grows (RFC 9162 section 2.1, as RFC 6962 section 2.1), its proofs and their check.

It knows hashes and no log: who signs a root, what a leaf means and when it was
added, others know. **A proof does not bind the size of its tree**: some sizes
share all the steps, so a size is worth what the signature over it is worth.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from hashlib import sha256
from typing import Self

EMPTY = sha256(b"").digest()
"""The root of a tree without a leaf."""


def leaf_hash(octets: bytes) -> bytes:
    """The hash of a leaf; its first octet tells it from a node, so that neither can be taken for the other."""
    return sha256(b"\0" + octets).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two hashes."""
    return sha256(b"\1" + left + right).digest()


# How it is kept: levels[0] holds the leaves' hashes, levels[n] those of whole subtrees of 2**n leaves, each made when
# its last leaf comes and never again. What is not whole is at the right edge only, and is put together when asked for.
# So the tree of any earlier size is there too: whole subtrees stay, and its edge is made of others.


class MerkleTree:
    """A tree that grows leaf by leaf; `size` arguments ask for it as it was when it had so many, None as it is."""

    def __init__(self) -> None:
        self._levels: list[list[bytes]] = [[]]

    def __len__(self) -> int:
        return len(self._levels[0])

    def append(self, octets: bytes) -> int:
        """Add a leaf; its index."""
        digest, whole = leaf_hash(octets), len(self)
        self._levels[0].append(digest)
        index, level = whole, 0
        while index & 1:  # a pair is complete
            digest = node_hash(self._levels[level][-2], digest)
            index, level = index >> 1, level + 1
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level].append(digest)
        return whole

    def cut(self, size: int) -> None:
        """Take back every leaf from this index on."""
        for level, hashes in enumerate(self._levels):
            del hashes[size >> level :]

    def copied(self) -> Self:
        """The same leaves in a tree of its own."""
        other = copy(self)
        other._levels = [hashes[:] for hashes in self._levels]
        return other

    def hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        """The hashes of whole subtrees of ``2**level`` leaves, by their number on that level."""
        return self._levels[level][start:stop] if level < len(self._levels) else []

    def root(self, size: int | None = None) -> bytes:
        """The hash of all leaves. Raises ValueError for a size that the tree never had."""
        size = self._sized(size)
        return self._edge(0, size) if size else EMPTY

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """That the leaf stands at `index`: the hashes beside its way to the root (RFC 9162 section 2.1.3.1)."""
        size = self._sized(size)
        if not 0 <= index < size:
            raise ValueError(f"a tree of {size} leaves has none at index {index}; ask for one from 0 to {size - 1}")
        return self._beside(0, index, size)

    def consistency(self, old: int, size: int | None = None) -> list[bytes]:
        """That the tree of `old` leaves is the beginning of this one (RFC 9162 section 2.1.4.1)."""
        size = self._sized(size)
        if not 0 < old <= size:
            raise ValueError(f"no tree of {old} leaves is the beginning of one of {size}; ask for one from 1 to {size}")
        if old == size:
            return []
        level = (old & -old).bit_length() - 1  # of the old tree's last whole subtree, which is the old root where alone
        index = (old >> level) - 1
        return ([self._levels[level][index]] if index else []) + self._beside(level, index, size)

    def _sized(self, size: int | None) -> int:
        if size is not None and not 0 <= size <= len(self):
            raise ValueError(f"the tree has {len(self)} leaves and never had {size}; ask for a size that it had")
        return len(self) if size is None else size

    def _beside(self, level: int, index: int, size: int) -> list[bytes]:
        found, levels, last = [], self._levels, size - 1
        while index or last >> level:
            beside = index ^ 1
            if (beside + 1) << level <= size:
                found.append(levels[level][beside])
            elif beside << level < size:
                found.append(self._edge(beside << level, size))
            level, index = level + 1, index >> 1
        return found

    def _edge(self, start: int, stop: int) -> bytes:
        """The hash of the leaves from `start`, where a subtree begins that `stop` cuts off: whole ones, folded."""
        left = stop - start
        level = (left & -left).bit_length() - 1
        digest = self._levels[level][(stop >> level) - 1]
        left -= 1 << level
        while left:
            level = (left & -left).bit_length() - 1
            digest = node_hash(self._levels[level][((start + left) >> level) - 1], digest)
            left -= 1 << level
        return digest


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof leads from this leaf hash, at `index` of `size`, to the root (RFC 9162 section 2.1.3.2)."""
    return led_to(leaf, index, size, proof) == root


def led_to(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that the proof leads to from this leaf hash, at `index` of `size`; None where it leads nowhere."""
    way = _way(index, size - 1, proof) if 0 <= index < size else None
    for step, left in way or ():
        leaf = node_hash(step, leaf) if left else node_hash(leaf, step)
    return None if way is None else leaf


def extends(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `old` leaves is the beginning of the one of `size` (RFC 9162 section 2.1.4.2)."""
    if old in (0, size):  # every tree begins with nothing, and with itself
        return 0 <= old <= size and not proof and old_root == (root if old else EMPTY)
    level = (old & -old).bit_length() - 1
    index = (old >> level) - 1
    first, *steps = (proof or [b""]) if index else (old_root, *proof)
    way = _way(index, (size - 1) >> level, steps) if 0 < old < size else None
    before = after = first
    for step, left in way or ():
        before = node_hash(step, before) if left else before
        after = node_hash(step, after) if left else node_hash(after, step)
    return way is not None and before == old_root and after == root


def _way(index: int, last: int, proof: Iterable[bytes]) -> list[tuple[bytes, bool]] | None:
    """Each step, and whether it stands on the left; None where there are too many or too few. `last` is the edge."""
    way = []
    for step in proof:
        if not last:  # at the root already
            return None
        left = bool(index & 1) or index == last
        while left and index and not index & 1:  # nothing beside it at the edge
            index, last = index >> 1, last >> 1
        way.append((step, left))
        index, last = index >> 1, last >> 1
    return None if last else way
