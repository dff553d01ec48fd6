"""The ledger's tree and its proofs, from what is stored of it."""

from functools import cache

import pytest
from collector_world import NOW_MS, TELEMETRY, World
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, text, update

from auditor.merkle import root_by_inclusion as audited_root
from auditor.merkle import roots_by_consistency
from collector.evidence.merkle import (
    Frontier,
    consistency_path,
    inclusion_path,
    leaf_hash,
    node_hash,
    root_between,
    root_by_inclusion,
)
from collector.ledger import tree
from collector.ledger.tree import TILE, HoleError, Tree, grow
from collector.storage import reading
from collector.storage.tables import frame, tree_node


@cache
def subtree(level: int, number: int) -> bytes:
    if level == 0:
        return leaf_hash(b"leaf %d" % number)
    return node_hash(subtree(level - 1, 2 * number), subtree(level - 1, 2 * number + 1))


def root_of(size: int) -> bytes:
    return Frontier(b"leaf %d" % number for number in range(size)).root()


sizes = st.integers(1, 700)


@given(sizes, st.data())
def test_every_path_of_inclusion_leads_to_the_root(size: int, data: st.DataObject) -> None:
    leaf = data.draw(st.integers(0, size - 1))
    path = inclusion_path(subtree, leaf, size)
    assert root_between(subtree, 0, size) == root_of(size)
    assert root_by_inclusion(subtree(0, leaf), leaf, size, path) == root_of(size)
    assert audited_root(subtree(0, leaf), leaf, size, path) == root_of(size)


@given(sizes, st.data())
def test_every_path_of_growth_leads_to_both_roots(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    path = consistency_path(subtree, old, new)
    roots = root_of(old), root_of(new)
    assert roots_by_consistency(old, new, roots[0], path) == roots


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four frames a stored subtree, so that several levels of it are full."""
    monkeypatch.setattr(tree, "STEP", 2)
    monkeypatch.setattr(tree, "TILE", 4)
    monkeypatch.setattr(tree, "_TILES_A_COMMIT", 3)


def fill(world: World, count: int) -> list[bytes]:
    chain = world.gateway.chain(TELEMETRY)
    raws = [chain.next() for _ in range(count)]
    world.append(raws)
    return raws


def forget(world: World, level: int, number: int) -> None:
    """What is stored of a level from that node on, as if it had not been written down yet."""
    of = tree_node.c
    with world.engine.begin() as connection:
        connection.execute(delete(tree_node).where(of.level == level, of.number >= number))


def test_the_stored_tree_is_that_of_the_frames(world: World, small: None) -> None:
    """However it has grown, and of every size and place."""
    chain, raws = world.gateway.chain(TELEMETRY), []
    for step in (1, 2, 5, 40, 0, 21):
        new = [chain.next() for _ in range(step)]
        if new:
            world.append(new)
        raws += new
        grow(world.engine)
    with reading(world.engine) as connection:
        stored = Tree(connection)
        assert stored.size == len(raws) == 69
        for size in range(len(raws) + 1):
            assert stored.root(size) == Frontier(raws[:size]).root()
        for position in (1, 4, 5, 16, 17, 64, 65, 69):
            path = stored.inclusion_path(position, 69)
            found = root_by_inclusion(leaf_hash(raws[position - 1]), position - 1, 69, path)
            assert found == stored.root(69)
        path = stored.consistency_path(37, 69)
        roots = stored.root(37), stored.root(69)
        assert roots_by_consistency(37, 69, roots[0], path) == roots
        levels = connection.execute(
            text("SELECT level, count(*) FROM tree_node GROUP BY level ORDER BY level")
        ).all()
        assert [tuple(row) for row in levels] == [(2, 17), (4, 4), (6, 1)]


def test_what_is_not_stored_yet_is_computed(world: World, small: None) -> None:
    """However far behind it is, and on whatever level: none of it may change a root."""
    raws = fill(world, 69)
    grow(world.engine)
    roots = [Frontier(raws[:size]).root() for size in range(len(raws) + 1)]
    for low in range(17, -1, -1):
        forget(world, 2, low)
        for middle in range(low // 4, -1, -1):
            forget(world, 4, middle)
            forget(world, 6, middle // 4)
            with reading(world.engine) as connection:
                behind = Tree(connection)
                assert [behind.root(size) for size in range(len(raws) + 1)] == roots
                path = behind.inclusion_path(35, 69)
            assert root_by_inclusion(leaf_hash(raws[34]), 34, 69, path) == roots[69]
        grow(world.engine)


def test_a_root_needs_only_the_frames_of_the_last_subtree(world: World) -> None:
    raws = fill(world, 2 * TILE + 5)
    assert grow(world.engine) == 2 * TILE
    with world.engine.begin() as connection:
        connection.execute(update(frame).where(frame.c.position <= 2 * TILE).values(raw=b"0"))
    with reading(world.engine) as connection:
        assert Tree(connection).root(len(raws)) == Frontier(raws).root()


def test_a_hole_is_named(world: World) -> None:
    fill(world, TILE)
    with world.engine.begin() as connection:
        connection.execute(delete(frame).where(frame.c.position == 7))
    with pytest.raises(HoleError, match="position 7"):
        grow(world.engine)


@pytest.mark.parametrize("position", [1, 7, TILE - 1, TILE])
def test_no_root_is_given_over_a_hole(world: World, position: int) -> None:
    """Nor where it is at the end of a subtree: a shorter list of leaves has a root as well."""
    fill(world, TILE + 7)
    with world.engine.begin() as connection:
        connection.execute(delete(frame).where(frame.c.position == position))
    with pytest.raises(HoleError, match=f"no frame at position {position}:"):
        grow(world.engine)
    with reading(world.engine) as connection, pytest.raises(HoleError, match="no frame"):
        Tree(connection).root(TILE + 7)


def test_no_root_is_given_over_more_than_there_is(world: World) -> None:
    fill(world, 9)
    with reading(world.engine) as connection, pytest.raises(HoleError, match="9 frames, not"):
        Tree(connection).root(12)


def test_nodes_of_frames_that_are_gone_are_not_believed(world: World, small: None) -> None:
    """Other frames may stand there later."""
    fill(world, 16)
    grow(world.engine)
    with world.engine.begin() as connection:
        connection.execute(delete(frame).where(frame.c.position > 11))
    with reading(world.engine) as connection, pytest.raises(HoleError, match="level 2"):
        Tree(connection).root(11)


def test_two_that_grow_it_at_once_store_it_once(world: World, small: None) -> None:
    """Both have read when the first one writes."""
    raws = fill(world, 9)
    kept = tree._stored
    calls = []

    def interrupted(connection: object, level: int) -> int:
        calls.append(level)
        if len(calls) == 2:  # within the writer's lock
            connection.execute(  # type: ignore[attr-defined]
                tree_node.insert(),
                [
                    {"level": 2, "number": n, "hash": Frontier(raws[4 * n : 4 * n + 4]).root()}
                    for n in (0, 1)
                ],
            )
        return kept(connection, level)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tree, "_stored", interrupted)
        grow(world.engine)
    with reading(world.engine) as connection:
        assert Tree(connection).root(9) == Frontier(raws).root()


def test_now_is_not_asked(world: World) -> None:
    """The tree is a function of the frames alone."""
    raws = fill(world, 3)
    world.append([world.gateway.chain(TELEMETRY, epoch=2).next()], NOW_MS - 10**6)
    with reading(world.engine) as connection:
        assert Tree(connection).root(3) == Frontier(raws).root()
