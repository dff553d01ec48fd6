"""Merkle tree hash of RFC 6962 §2.1, grown leaf by leaf; its proofs are judged after RFC 9162."""

from collections.abc import Sequence
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


def root_by_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """RFC 9162 §2.1.3.2: the root that a path gives to the hash of leaf `index`, counted from 0.

    None when the path is not one of a tree of that size.
    """
    if not 0 <= index < size:
        return None
    node, here, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            return None
        if here & 1 or here == last:
            node = node_hash(sibling, node)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        here, last = here >> 1, last >> 1
    return node if last == 0 else None


def roots_by_consistency(
    old_size: int, new_size: int, old_root: bytes, path: Sequence[bytes]
) -> tuple[bytes, bytes] | None:
    """RFC 9162 §2.1.4.2: the roots of both sizes that a path gives.

    None when the path is not one between trees of these sizes.
    """
    if not 1 <= old_size <= new_size:
        return None
    if old_size == new_size:
        return None if path else (old_root, old_root)
    nodes = list(path)
    if old_size & (old_size - 1) == 0:
        nodes.insert(0, old_root)
    if not nodes:
        return None
    here, last = old_size - 1, new_size - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    old = new = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return None
        if here & 1 or here == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            new = node_hash(new, node)
        here, last = here >> 1, last >> 1
    return (old, new) if last == 0 else None
