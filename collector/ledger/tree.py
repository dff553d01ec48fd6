"""The ledger's tree: of its full subtrees every eighth level is stored, the rest is computed.

A subtree of 256 frames is written down once, some time after it is full; until then it is computed
from its frames. So a root, and a proof, need of a ledger of any size little more than 256 frames
and a few thousand hashes, and none of them depends on what is written down.
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
_SEE = "see esep collector verify"


class HoleError(RuntimeError):
    """The ledger, or what is stored of its tree, is damaged; or it is smaller than was asked."""


class Tree:
    """The tree as it is seen over one connection, which must see one state of the database."""

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
        """The root of a full subtree; raises HoleError when there is none of that number."""
        if (number + 1) << level > self.size:
            raise HoleError(
                f"the ledger has {self.size} frames, not {(number + 1) << level}: {_SEE}"
            )
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
        first, last = number * TILE, self._end(0, number)
        entries = read_entries(self._connection, first, TILE, last)
        here = {entry.position for entry in entries}
        for place in range(first + 1, last + 1):
            if place not in here:
                raise HoleError(f"the ledger has no frame at position {place}: {_SEE}")
        return [leaf_hash(entry.raw) for entry in entries]

    def _nodes(self, base: int, number: int) -> list[bytes]:
        """As stored; those that became full since then as their frames say."""
        first, last = number * TILE, self._end(base, number)
        rows = self._connection.execute(
            select(table.c.number, table.c.hash)
            .where(table.c.level == base, table.c.number.between(first, first + TILE - 1))
            .order_by(table.c.number)
        ).all()
        stored = first + len(rows)
        if [row.number for row in rows] != list(range(first, stored)) or stored > max(first, last):
            raise HoleError(
                f"what is stored of the tree's level {base} is not of its frames: {_SEE}"
            )
        return [row.hash for row in rows] + [self.above(base, n) for n in range(stored, last)]

    def _end(self, base: int, number: int) -> int:
        """Behind which node of a level a tile ends."""
        return min((number + 1) * TILE, self.size >> base)

    def above(self, level: int, number: int) -> bytes:
        """A stored level's node, from the tile below it, which is full."""
        return merkle.root_between(_of(self.tile(level - STEP, number)), 0, TILE)


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
            made = [tree.above(base + STEP, number) for number in range(first, until)]
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
