"""Checkpoints are signed as the ledger grows, and handed out beyond the database."""

from pathlib import Path

import pytest
from collector_world import NOW_MS, TELEMETRY, World, signer_for
from sqlalchemy import Engine, text, update

from collector.evidence.downlink import Role, read_checkpoint
from collector.evidence.merkle import Frontier
from collector.ledger import checkpoints, tree
from collector.ledger.checkpoints import Checkpoints, InconsistentError
from collector.ledger.ledger import Ledger
from collector.ledger.tree import TILE
from collector.storage.tables import frame


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


def test_a_full_subtree_is_not_read_again(world: World, signed: Checkpoints) -> None:
    """Neither by the collector that signed it, nor by the next."""
    chain = world.gateway.chain(TELEMETRY)
    raws = [chain.next() for _ in range(2 * TILE + 3)]
    world.append(raws)
    sign(signed)
    with world.engine.begin() as connection:
        connection.execute(update(frame).where(frame.c.position <= 2 * TILE).values(raw=b"0"))
    for size in (2 * TILE + 4, 2 * TILE + 5):
        raws.append(chain.next())
        world.append(raws[-1:])
        assert root_of(world, sign(signed)) == (size, Frontier(raws).root())
        signed = Checkpoints(world.engine, signed._signer, signed._copies.parent)


@pytest.mark.parametrize(
    ("before", "size"),
    [(490, 580), (700, 4 * TILE + 80), (TILE - 1, 2 * TILE), (3, 2 * TILE + 1), (3, 3 * TILE)],
)
def test_frames_that_come_while_it_is_signed_are_in_its_tree(
    world: World, signed: Checkpoints, monkeypatch: pytest.MonkeyPatch, before: int, size: int
) -> None:
    """After the full subtrees were written down more of them become full."""
    chain = world.gateway.chain(TELEMETRY)
    raws = [chain.next() for _ in range(size)]
    world.append(raws[:before])

    def overtaken(engine: Engine) -> int:
        filled = tree.grow(engine)
        world.append(raws[before:])
        return filled

    monkeypatch.setattr(checkpoints, "grow", overtaken)
    assert root_of(world, sign(signed)) == (size, Frontier(raws).root())
    monkeypatch.undo()
    world.append([chain.next()])
    assert sign(signed)


def test_nothing_is_signed_over_frames_that_were_changed(
    world: World, signed: Checkpoints, tmp_path: Path
) -> None:
    grow(world)
    before = sign(signed)
    with world.engine.begin() as connection:
        connection.execute(text("UPDATE frame SET raw = :zero"), {"zero": b"\0"})
    grow(world)
    with pytest.raises(InconsistentError, match="first 1 frames are not those"):
        signed.sign(NOW_MS)
    assert checkpoints.stored(world.engine) == [(1, before)]


def test_a_ledger_that_is_older_than_its_checkpoints_signs_nothing(
    world: World, signed: Checkpoints, tmp_path: Path
) -> None:
    """As when an old copy of the database was put back by hand."""
    grow(world)
    grow(world)
    sign(signed)
    with world.engine.begin() as connection:
        connection.execute(text("DELETE FROM frame WHERE position = 2"))
        connection.execute(text("DELETE FROM checkpoint"))
    again = Checkpoints(world.engine, signer_for(world.root, Role.CHECKPOINTS), tmp_path)
    with pytest.raises(InconsistentError, match="over 2 frames was signed, and the ledger has 1"):
        again.sign(NOW_MS)


def test_of_an_empty_ledger_nothing_is_signed(world: World, signed: Checkpoints) -> None:
    assert signed.sign(NOW_MS) is None
    assert checkpoints.stored(world.engine) == []


def test_a_copy_lies_beside_the_database(world: World, signed: Checkpoints, tmp_path: Path) -> None:
    grow(world)
    assert sign(signed) == (tmp_path / "checkpoints" / "1.cose").read_bytes()


def test_a_copy_that_a_killed_collector_did_not_write_is_written(
    world: World, signed: Checkpoints, tmp_path: Path
) -> None:
    grow(world)
    made = sign(signed)
    (tmp_path / "checkpoints" / "1.cose").unlink()
    grow(world)
    sign(Checkpoints(world.engine, signed._signer, tmp_path))
    assert (tmp_path / "checkpoints" / "1.cose").read_bytes() == made


def test_after_a_restart_it_goes_on_with_the_same_tree(
    world: World, signed: Checkpoints, tmp_path: Path
) -> None:
    grow(world)
    sign(signed)
    raws = grow(world)
    again = Checkpoints(world.engine, signer_for(world.root, Role.CHECKPOINTS), tmp_path)
    assert root_of(world, sign(again)) == (2, Frontier(raws).root())
