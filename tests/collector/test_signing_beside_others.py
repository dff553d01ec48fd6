"""Whatever others do while a checkpoint is signed, it has the root of the frames at its positions.

Two that both believe to lead, frames whose transaction ends late, and such as are taken back.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from beside import GLANCE_S, Worker
from collector_world import NOW_MS, TELEMETRY, Chain, World, signer_for
from sqlalchemy import text

from collector.evidence.downlink import Role, read_checkpoint
from collector.evidence.merkle import Frontier
from collector.ledger import checkpoints
from collector.ledger.checkpoints import Checkpoints
from collector.ledger.ledger import Ledger
from collector.ledger.tree import TILE, Tree
from collector.storage import appending, open_database


@pytest.fixture
def chain(world: World) -> Chain:
    return world.gateway.chain(TELEMETRY)


def signing(world: World, directory: Path) -> Checkpoints:
    """Of another process."""
    engine = open_database(directory)
    return Checkpoints(engine, signer_for(world.root, Role.CHECKPOINTS), directory)


def fill(world: World, chain: Chain, count: int) -> None:
    world.append([chain.next() for _ in range(count)])


def sizes(world: World) -> list[int]:
    """Of all that are signed; every one of them has its frames' root."""
    raws = [entry.raw for entry in Ledger(world.engine).entries()]
    signed = checkpoints.stored(world.engine)
    for size, message in signed:
        said = read_checkpoint(message, world.root.public)[:2]
        assert said == (size, Frontier(raws[:size]).root())
    return [size for size, _ in signed]


def before_its_root(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> None:
    """Do that once, when a signer has begun to look at the tree."""
    root, waiting = Tree.root, [work]

    def interrupted(tree: Tree, size: int) -> bytes:
        if waiting:
            waiting.pop()()
        return root(tree, size)

    monkeypatch.setattr(Tree, "root", interrupted)


def test_two_that_sign_one_tree_sign_it_once(
    world: World, chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(world, chain, TILE + 5)
    slow, quick = signing(world, tmp_path), signing(world, tmp_path)
    quickly = []
    before_its_root(monkeypatch, lambda: quickly.append(quick.sign(NOW_MS)))
    assert slow.sign(NOW_MS + 1) == quickly[0]
    assert sizes(world) == [TILE + 5]


@pytest.mark.parametrize("more", [1, TILE, 3 * TILE])
def test_who_stood_still_signs_the_tree_that_it_saw(
    world: World, chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    """Another signed a larger one meanwhile, and wrote down what became full."""
    fill(world, chain, TILE + 5)
    slow, quick = signing(world, tmp_path), signing(world, tmp_path)

    def overtake() -> None:
        fill(world, chain, more)
        quick.sign(NOW_MS)

    before_its_root(monkeypatch, overtake)
    slow.sign(NOW_MS)
    slow.sign(NOW_MS)
    assert sizes(world) == [TILE + 5, TILE + 5 + more]


@pytest.mark.parametrize("is_taken_back", [False, True], ids=["committed", "taken back"])
@pytest.mark.parametrize("there", [TILE - 2, 2 * TILE - 2, 2 * TILE])
def test_a_frame_that_is_not_committed_is_under_no_checkpoint(
    world: World, chain: Chain, tmp_path: Path, there: int, *, is_taken_back: bool
) -> None:
    """Its place may become another's: it would be under a root that the ledger never had."""
    fill(world, chain, there)
    coming = [world.admitted(chain.next()) for _ in range(2)]
    other = [world.gateway.chain(TELEMETRY, epoch=2).next()]
    signer = signing(world, tmp_path)
    with appending(world.engine) as connection:
        Ledger(world.engine).append(connection, coming, NOW_MS)
        worker = Worker(lambda: signer.sign(NOW_MS))  # SQLite's waits for us, to write
        worker.done.wait(GLANCE_S)
        if is_taken_back:
            connection.rollback()
    worker.wait()
    here = there if is_taken_back else there + 2
    assert sizes(world)[-1] in {there, here}
    world.append(other)
    signer.sign(NOW_MS)
    assert sizes(world)[-1] == here + 1


@pytest.mark.parametrize("database_of", ["postgresql"], indirect=True)
def test_a_server_that_isolates_more_gives_positions_in_turn_as_well(
    world: World, chain: Chain, tmp_path: Path
) -> None:
    """Who waited for the lock must see what was committed until it had it."""
    name = world.engine.url.database
    with world.engine.begin() as connection:
        setting = "default_transaction_isolation = 'repeatable read'"
        connection.execute(text(f"ALTER DATABASE {name} SET {setting}"))
    first, second = open_database(tmp_path), open_database(tmp_path)
    slow, fast = (world.admitted(chain.next()) for _ in range(2))

    def append() -> None:
        with appending(second) as connection:
            Ledger(second).append(connection, [fast], NOW_MS)

    with appending(first) as connection:
        Ledger(first).append(connection, [slow], NOW_MS)
        worker = Worker(append)
        assert not worker.done.wait(GLANCE_S)
    worker.wait()
    assert [entry.raw for entry in Ledger(first).entries()] == [slow.raw, fast.raw]
