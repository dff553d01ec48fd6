"""The ledger's tree: of its full subtrees every eighth level is stored, the rest is computed.

A subtree of 256 frames is written down once, when it is full. So a root, and a proof, need of a
ledger of any size at most 256 frames and a few thousand hashes.
"""

from itertools import pairwise

from sqlalchemy import Connection, Engine, func, insert, select

from collector.evidence import merkle
from collector.evidence.merkle import leaf_hash, node_hash
from collector.ledger.ledger import read_entries
from collector.storage import reading
from collector.storage.tables import frame
from collector.storage.tables import tree_node as table

STEP = 8
TILE = 1 << STEP
_TILES_A_COMMIT = 64


class HoleError(RuntimeError):
    """A position has no frame: the ledger is damaged."""


class Tree:
    """The tree as it is seen over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tiles: dict[tuple[int, int], list[bytes]] = {}
        self.size = connection.scalar(select(func.max(frame.c.position))) or 0

    def root(self, size: int) -> bytes:
        return merkle.root_between(self.node, 0, size)

    def inclusion_path(self, position: int, size: int) -> list[bytes]:
        return merkle.inclusion_path(self.node, position - 1, size)

    def consistency_path(self, old: int, new: int) -> list[bytes]:
        return merkle.consistency_path(self.node, old, new)

    def node(self, level: int, number: int) -> bytes:
        """The root of a full subtree."""
        base = level - level % STEP
        nodes = self.tile(base, (number << level - base) >> STEP)
        first = (number << level - base) % TILE
        nodes = nodes[first : first + (1 << level - base)]
        while len(nodes) > 1:
            nodes = [node_hash(*pair) for pair in list(pairwise(nodes))[::2]]
        return nodes[0]

    def tile(self, base: int, number: int) -> list[bytes]:
        """The nodes of a level that one node eight levels above stands for, as far as they are."""
        key = base, number
        if key not in self._tiles:
            self._tiles[key] = self._leaves(number) if base == 0 else self._nodes(base, number)
        return self._tiles[key]

    def _leaves(self, number: int) -> list[bytes]:
        first = number * TILE
        entries = read_entries(self._connection, first, TILE, first + TILE)
        for place, entry in enumerate(entries, first + 1):
            if entry.position != place:
                raise HoleError(f"the ledger has no frame at position {place}")
        return [leaf_hash(entry.raw) for entry in entries]

    def _nodes(self, base: int, number: int) -> list[bytes]:
        first = number * TILE
        rows = self._connection.execute(
            select(table.c.number, table.c.hash)
            .where(table.c.level == base, table.c.number.between(first, first + TILE - 1))
            .order_by(table.c.number)
        ).all()
        if [row.number for row in rows] != list(range(first, first + len(rows))):
            raise HoleError(f"the tree's nodes of level {base} are not whole")
        return [row.hash for row in rows]


def grow(engine: Engine) -> int:
    """Write down the subtrees that have become full; how many frames are in them."""
    base = 0
    filled = 0
    while _grow_level(engine, base):
        base += STEP
        with reading(engine) as connection:
            filled = filled or _stored(connection, base) * TILE
    return filled


def _grow_level(engine: Engine, base: int) -> bool:
    """Store the nodes above a level; whether there is any."""
    while True:
        with reading(engine) as connection:
            tree = Tree(connection)
            below = tree.size if base == 0 else _stored(connection, base)
            first = _stored(connection, base + STEP)
            until = min(below // TILE, first + _TILES_A_COMMIT)
            made = [
                merkle.root_between(_of(tree.tile(base, n)), 0, TILE) for n in range(first, until)
            ]
        if not made:
            return first > 0
        rows = [
            {"level": base + STEP, "number": number, "hash": node}
            for number, node in enumerate(made, first)
        ]
        with engine.begin() as connection:
            if _stored(connection, base + STEP) == first:  # else another process was quicker
                connection.execute(insert(table), rows)


def _of(nodes: list[bytes]) -> merkle.Node:
    """Subtrees above the nodes of one tile."""

    def node(level: int, number: int) -> bytes:
        if level == 0:
            return nodes[number]
        return node_hash(node(level - 1, 2 * number), node(level - 1, 2 * number + 1))

    return node


def _stored(connection: Connection, level: int) -> int:
    newest = connection.scalar(select(func.max(table.c.number)).where(table.c.level == level))
    return 0 if newest is None else newest + 1
