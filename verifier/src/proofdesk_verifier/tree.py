"""RFC 6962 hashes and a growing tree."""

from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


class GrowingTree:
    """Takes leaf hashes one by one and knows the root of all so far. Keeps one hash per complete subtree."""

    def __init__(self) -> None:
        self.size = 0
        self._subtrees: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        node, bits = leaf, self.size
        while bits & 1:
            node = sha256(b"\x01" + self._subtrees.pop() + node).digest()
            bits >>= 1
        self._subtrees.append(node)
        self.size += 1

    def root(self) -> bytes:
        if not self._subtrees:
            return sha256(b"").digest()
        node = self._subtrees[-1]
        for left in reversed(self._subtrees[:-1]):
            node = sha256(b"\x01" + left + node).digest()
        return node


class HashList:
    """Leaf hashes in one flat buffer, 32 bytes each."""

    def __init__(self, data: bytes | bytearray = b"") -> None:
        self._data = bytearray(data[: len(data) - len(data) % HASH_BYTES])

    def __len__(self) -> int:
        return len(self._data) // HASH_BYTES

    def __getitem__(self, seq: int) -> bytes:
        return bytes(self._data[seq * HASH_BYTES : (seq + 1) * HASH_BYTES])

    def add(self, digest: bytes) -> None:
        self._data += digest

    def first_difference(self, other: "HashList", end: int) -> int | None:
        """The first seq below `end` where the two differ."""
        end = min(end, len(self), len(other))
        if self._data[: end * HASH_BYTES] == other._data[: end * HASH_BYTES]:
            return None
        return next(seq for seq in range(end) if self[seq] != other[seq])
