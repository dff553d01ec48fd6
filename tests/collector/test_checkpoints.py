"""Checkpoints are signed as the ledger grows, and handed out beyond the database."""

from pathlib import Path

import pytest
from collector_world import NOW_MS, TELEMETRY, World, signer_for
from sqlalchemy import text

from collector.evidence.downlink import Role, read_checkpoint
from collector.evidence.merkle import Frontier
from collector.ledger import checkpoints
from collector.ledger.checkpoints import Checkpoints
from collector.ledger.ledger import Ledger


@pytest.fixture
def signed(world: World, tmp_path: Path) -> Checkpoints:
    return Checkpoints(world.engine, signer_for(world.root, Role.CHECKPOINTS), tmp_path)


def grow(world: World) -> list[bytes]:
    """One frame more; all there are."""
    epoch = Ledger(world.engine).head() + 1
    world.append([world.gateway.chain(TELEMETRY, epoch=epoch).next()])
    return [entry.raw for entry in Ledger(world.engine).entries()]


def sign(checkpoints: Checkpoints) -> bytes:
    made = checkpoints.sign(NOW_MS)
    assert made is not None
    return made[1]


def root_of(world: World, message: bytes) -> tuple[int, bytes]:
    return read_checkpoint(message, world.root.public)[:2]


def test_each_is_the_tree_of_all_frames_so_far(world: World, signed: Checkpoints) -> None:
    for _ in range(5):
        raws = grow(world)
        assert root_of(world, sign(signed)) == (len(raws), Frontier(raws).root())
    assert [size for size, _ in checkpoints.stored(world.engine)] == [1, 2, 3, 4, 5]


def test_a_frame_that_is_in_the_tree_is_not_read_again(world: World, signed: Checkpoints) -> None:
    first = grow(world)
    sign(signed)
    with world.engine.begin() as connection:
        connection.execute(text("UPDATE frame SET raw = :zero"), {"zero": b"\0"})
    [_, second] = grow(world)
    assert root_of(world, sign(signed)) == (2, Frontier([*first, second]).root())


def test_of_an_empty_ledger_nothing_is_signed(world: World, signed: Checkpoints) -> None:
    assert signed.sign(NOW_MS) is None
    assert checkpoints.stored(world.engine) == []


def test_a_copy_lies_beside_the_database(world: World, signed: Checkpoints, tmp_path: Path) -> None:
    grow(world)
    assert sign(signed) == (tmp_path / "checkpoints" / "1.cose").read_bytes()


def test_after_a_restart_it_goes_on_with_the_same_tree(
    world: World, signed: Checkpoints, tmp_path: Path
) -> None:
    grow(world)
    sign(signed)
    raws = grow(world)
    again = Checkpoints(world.engine, signer_for(world.root, Role.CHECKPOINTS), tmp_path)
    assert root_of(world, sign(again)) == (2, Frontier(raws).root())
