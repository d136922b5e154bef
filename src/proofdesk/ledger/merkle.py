"""RFC 6962 / RFC 9162 Merkle tree over SHA-256: hashes, compact range, proofs and their verification.

A hash is 32 bytes. Verification takes anything and answers True or False; it never raises on what a proof holds.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

import msgspec

HASH_BYTES: Final = 32
MAX_TREE_SIZE: Final = 2**63 - 1
EMPTY_ROOT: Final = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data), RFC 9162 section 2.1.1."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right), RFC 9162 section 2.1.1."""
    return sha256(b"\x01" + left + right).digest()


class TreeState(msgspec.Struct, frozen=True, kw_only=True):
    """The compact range [0, size): one root per complete subtree, largest first, one for each 1-bit of `size`."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()


def check_state(state: TreeState) -> None:
    """Raise ValueError when `state` cannot be a compact range: wrong count of subtrees or length of a hash."""
    if not 0 <= state.size <= MAX_TREE_SIZE:
        raise ValueError(f"tree size {state.size} is outside 0..{MAX_TREE_SIZE}")
    if len(state.hashes) != state.size.bit_count():
        raise ValueError(
            f"a tree of {state.size} leaves has {state.size.bit_count()} subtrees, not {len(state.hashes)}"
        )
    if any(len(item) != HASH_BYTES for item in state.hashes):
        raise ValueError(f"a subtree hash is not {HASH_BYTES} bytes long")


def append(state: TreeState, leaf_hashes: Iterable[bytes]) -> TreeState:
    """The tree after `leaf_hashes`, in order. Amortised one node hash for each leaf."""
    check_state(state)
    size, stack = state.size, list(state.hashes)
    for leaf in leaf_hashes:
        if len(leaf) != HASH_BYTES:
            raise ValueError(f"the leaf hash for seq {size} is {len(leaf)} bytes long, not {HASH_BYTES}")
        node, bits = leaf, size
        while bits & 1:
            node = sha256(b"\x01" + stack.pop() + node).digest()
            bits >>= 1
        stack.append(node)
        size += 1
    return TreeState(size=size, hashes=tuple(stack))


def root_of(state: TreeState) -> bytes:
    """The root of the whole tree, from its subtrees."""
    if not state.hashes:
        return EMPTY_ROOT
    node = state.hashes[-1]
    for left in reversed(state.hashes[:-1]):
        node = node_hash(left, node)
    return node


class Tree:
    """All complete subtrees of a list of leaf hashes, so that any root or proof costs O(log n). Holds 2n hashes."""

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        if any(len(item) != HASH_BYTES for item in leaf_hashes):
            raise ValueError(f"a leaf hash is not {HASH_BYTES} bytes long")
        self.size = len(leaf_hashes)
        self._levels: list[list[bytes]] = [list(leaf_hashes)]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            self._levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` leaves (all where not given)."""
        size = self._checked(size)
        return self._range(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """The proof that leaf `index` is in the tree of the first `size` leaves, RFC 9162 section 2.1.3.1."""
        size = self._checked(size)
        if not 0 <= index < size:
            raise ValueError(f"leaf {index} is not in a tree of {size} leaves")
        low, high, proof = 0, size, list[bytes]()
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                proof.append(self._range(middle, high))
                high = middle
            else:
                proof.append(self._range(low, middle))
                low = middle
        proof.reverse()
        return proof

    def consistency(self, old: int, size: int | None = None) -> list[bytes]:
        """The proof that the first `old` leaves are a prefix of the first `size`, RFC 9162 section 2.1.4.1."""
        size = self._checked(size)
        if not 0 < old <= size:
            raise ValueError(f"there is no consistency proof from size {old} to size {size}")
        low, high, proof = 0, size, list[bytes]()
        whole = True
        while old != high:
            middle = low + _split(high - low)
            if old <= middle:
                proof.append(self._range(middle, high))
                high = middle
            else:
                proof.append(self._range(low, middle))
                low, whole = middle, False
        if not whole:
            proof.append(self._range(low, high))
        proof.reverse()
        return proof

    def _checked(self, size: int | None) -> int:
        size = self.size if size is None else size
        if not 0 <= size <= self.size:
            raise ValueError(f"size {size} is outside 0..{self.size}")
        return size

    def _range(self, low: int, high: int) -> bytes:
        """The hash of leaves [low, high). Aligned powers of two are looked up, the rest is at most log n nodes."""
        width = high - low
        level = width.bit_length() - 1
        if width == 1 << level and low % width == 0:
            return self._levels[level][low >> level]
        middle = low + _split(width)
        return node_hash(self._range(low, middle), self._range(middle, high))


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162 section 2.1.3.2. False for every malformed input."""
    if not 0 <= index < size <= MAX_TREE_SIZE or not _all_hashes(proof, leaf, root):
        return False
    first, last, node = index, size - 1, leaf
    for item in proof:
        if last == 0:
            return False
        if first & 1 or first == last:
            node = node_hash(item, node)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            node = node_hash(node, item)
        first, last = first >> 1, last >> 1
    return last == 0 and node == root


def verify_consistency(old: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]) -> bool:
    """RFC 9162 section 2.1.4.2. A proof from size 0 says nothing and is refused. False for every malformed input."""
    if not 0 < old <= size <= MAX_TREE_SIZE:
        return False
    if old == size:  # Nothing is hashed: equal roots are equal, whatever they are (as the published vectors have it).
        return not proof and old_root == root
    if not proof or not _all_hashes(proof, old_root, root):
        return False
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    first, last = old - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    old_node = node = path[0]
    for item in path[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            old_node, node = node_hash(item, old_node), node_hash(item, node)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            node = node_hash(node, item)
        first, last = first >> 1, last >> 1
    return last == 0 and old_node == old_root and node == root


def _split(width: int) -> int:
    """The largest power of two smaller than `width` (width > 1)."""
    return 1 << ((width - 1).bit_length() - 1)


def _all_hashes(proof: Sequence[bytes], *more: bytes) -> bool:
    return all(len(item) == HASH_BYTES for item in proof) and all(len(item) == HASH_BYTES for item in more)
