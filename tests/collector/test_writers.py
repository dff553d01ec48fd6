"""One lock holds back who would give positions out of turn, or write what another writes."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from beside import GLANCE_S, Worker
from collector_world import NOW_MS, TELEMETRY, World
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from collector.ledger.followers import advance, keep_position, position_of
from collector.ledger.ledger import Entry, Ledger, read_entries
from collector.storage import appending, deciding, open_database, reading
from collector.storage import engine as storage_engine


class Listener:
    name = "listener"

    def __init__(self) -> None:
        self.taken: list[int] = []

    def follow(self, connection: Connection, entries: Sequence[Entry]) -> None:  # noqa: ARG002
        self.taken += [entry.position for entry in entries]


def append(world: World, engine: Engine, message: bytes) -> None:
    with appending(engine) as connection:
        Ledger(engine).append(connection, [world.admitted(message)], NOW_MS)


def test_a_later_position_is_never_seen_before_an_earlier_one(world: World, tmp_path: Path) -> None:
    """Two workers whose commits interleave: the second one's frame waits for the first one's."""
    chain, listener = world.gateway.chain(TELEMETRY), Listener()
    slow, fast, engine = chain.next(), chain.next(), open_database(tmp_path)
    with appending(world.engine) as connection:
        Ledger(world.engine).append(connection, [world.admitted(slow)], NOW_MS)
        other = Worker(lambda: append(world, engine, fast))
        other.done.wait(GLANCE_S)
        follower = Worker(lambda: advance(engine, listener))
        follower.done.wait(GLANCE_S)
        assert listener.taken == []
    other.wait()
    follower.wait()
    while advance(engine, listener):
        pass
    assert listener.taken == [1, 2]
    assert [entry.raw for entry in Ledger(engine).entries()] == [slow, fast]


def test_two_workers_take_in_the_same_frame_once(world: World, tmp_path: Path) -> None:
    message, engine = world.gateway.frame(), open_database(tmp_path)
    with appending(world.engine) as connection:
        Ledger(world.engine).append(connection, [world.admitted(message)], NOW_MS)
        other = Worker(lambda: append(world, engine, message))
        assert not other.done.wait(GLANCE_S)
    other.wait()
    assert Ledger(engine).head() == 1


def test_one_follower_in_two_processes_takes_each_entry_once(world: World, tmp_path: Path) -> None:
    """Whoever believes to lead: the cursor is read again under the lock."""
    chain, listener = world.gateway.chain(TELEMETRY), Listener()
    world.append([chain.next() for _ in range(60)])
    engines = [world.engine, open_database(tmp_path)]

    def follow(engine: Engine) -> None:
        while advance(engine, listener, 7):
            pass

    for worker in [Worker(partial(follow, engine)) for engine in engines]:
        worker.wait()
    assert listener.taken == list(range(1, 61))


@pytest.mark.parametrize("database_of", ["postgresql"], indirect=True)
def test_what_is_taken_in_does_not_wait_for_a_follower(world: World) -> None:
    """SQLite has one writer for all."""
    with world.engine.begin():
        Worker(lambda: world.append([world.gateway.frame()])).wait()
    assert Ledger(world.engine).head() == 1


def test_what_only_looks_does_not_wait_for_a_writer(world: World) -> None:
    world.append([world.gateway.frame()])
    with world.engine.begin():
        looker = Worker(lambda: deciding(world.engine, _count))
        looker.wait()
        writer = Worker(lambda: deciding(world.engine, _keep))
        assert not writer.done.wait(GLANCE_S)
    writer.wait()
    with reading(world.engine) as connection:
        assert position_of(connection, "decided") == 1


def test_what_decides_and_fails_has_written_nothing(world: World) -> None:
    def fail(connection: Connection) -> None:
        _keep(connection)
        raise OSError("in the middle")

    with pytest.raises(OSError, match="in the middle"):
        deciding(world.engine, fail)
    with reading(world.engine) as connection:
        assert position_of(connection, "decided") is None


def _count(connection: Connection) -> int:
    return len(read_entries(connection, 0, 10))


def _keep(connection: Connection) -> None:
    keep_position(connection, "decided", _count(connection))


@pytest.mark.parametrize("database_of", ["sqlite"], indirect=True)
def test_a_writer_that_waits_in_vain_is_told_so(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_engine, "_PATIENCE_S", 0)
    with (
        world.engine.begin(),
        pytest.raises(OperationalError, match="locked"),
        open_database(tmp_path).begin(),
    ):
        pass
