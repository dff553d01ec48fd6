"""The Merkle tree of RFC 6962 §2.1: grown a leaf at a time, and its two kinds of proof.

Leaves are numbered from 0. `Node` gives the root of a full subtree: the one of 2^level leaves with
that number among those of its level.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

Node = Callable[[int, int], bytes]


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the full subtrees that a tree of `size` leaves is made of, largest first."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.size = 0
        self._roots: list[bytes] = []
        for leaf in leaves:
            self.append(leaf)

    def append(self, leaf: bytes) -> None:
        node = leaf_hash(leaf)
        size = self.size
        while size & 1:
            node = node_hash(self._roots.pop(), node)
            size >>= 1
        self._roots.append(node)
        self.size += 1

    def root(self) -> bytes:
        if not self._roots:
            return hashlib.sha256(b"").digest()
        *rest, node = self._roots
        for left in reversed(rest):
            node = node_hash(left, node)
        return node


def _left(size: int) -> int:
    """How many of `size` leaves, 2 or more, are in the left subtree."""
    return int(1 << (size - 1).bit_length() - 1)


def root_between(node: Node, start: int, size: int) -> bytes:
    """The root over `size` leaves from `start` on, which is where a subtree of the tree begins."""
    if size == 0:
        return hashlib.sha256(b"").digest()
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, start >> level)
    left = _left(size)
    return node_hash(root_between(node, start, left), root_between(node, start + left, size - left))


def inclusion_path(node: Node, leaf: int, size: int, start: int = 0) -> list[bytes]:
    """§2.1.1, the deepest sibling first; `start` is for its own recursion."""
    if size == 1:
        return []
    left = _left(size)
    if leaf - start < left:
        path = inclusion_path(node, leaf, left, start)
        return [*path, root_between(node, start + left, size - left)]
    path = inclusion_path(node, leaf, size - left, start + left)
    return [*path, root_between(node, start, left)]


def consistency_path(node: Node, old: int, new: int) -> list[bytes]:
    """§2.1.2: that the tree of `new` leaves begins with that of `old`, of which there is one."""

    def part(old: int, new: int, start: int, *, is_known: bool) -> list[bytes]:
        if old == new:
            return [] if is_known else [root_between(node, start, new)]
        left = _left(new)
        if old <= left:
            path = part(old, left, start, is_known=is_known)
            return [*path, root_between(node, start + left, new - left)]
        path = part(old - left, new - left, start + left, is_known=False)
        return [*path, root_between(node, start, left)]

    return part(old, new, 0, is_known=True)


def root_by_inclusion(leaf: bytes, number: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a path leads to from a leaf's hash; None when it has not the right length."""
    if size == 1:
        return None if path else leaf
    if not path:
        return None
    left = _left(size)
    *deeper, sibling = path
    if number < left:
        below = root_by_inclusion(leaf, number, left, deeper)
        return None if below is None else node_hash(below, sibling)
    below = root_by_inclusion(leaf, number - left, size - left, deeper)
    return None if below is None else node_hash(sibling, below)
