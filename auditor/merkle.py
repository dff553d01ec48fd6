"""Merkle tree hash of RFC 6962 §2.1, grown leaf by leaf."""

from hashlib import sha256


def leaf_hash(leaf: bytes) -> bytes:
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """Keeps the roots of the full subtrees, the largest and leftmost first."""

    def __init__(self) -> None:
        self.size = 0
        self._full: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        node = leaf_hash(leaf)
        subtree_size = 1
        while self.size & subtree_size:
            node = node_hash(self._full.pop(), node)
            subtree_size *= 2
        self._full.append(node)
        self.size += 1

    def root(self) -> bytes:
        if not self._full:
            return sha256(b"").digest()
        node = self._full[-1]
        for left in reversed(self._full[:-1]):
            node = node_hash(left, node)
        return node
