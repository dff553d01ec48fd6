"""The database, on either engine: its migrations make what the tables say, a commit is durable."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from collector_world import NOW_MS, TELEMETRY, World
from sqlalchemy import Engine, create_engine, inspect, select, text

from collector.ledger.chain import ChainFollower
from collector.ledger.followers import advance
from collector.ledger.ledger import Ledger
from collector.storage import metadata, open_database, reading
from collector.storage.migrate import configuration, migrate
from collector.storage.tables import held_range


def empty(directory: Path) -> Engine:
    """A database with the newest schema."""
    return open_database(directory, create=True)


def move(engine: Engine, revision: str) -> None:
    config: Config = configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        found = MigrationContext.configure(connection).get_current_revision() or ""
        (command.upgrade if found < revision else command.downgrade)(config, revision)


def test_migrations_make_the_tables_that_the_program_uses(database_of: str, tmp_path: Path) -> None:
    with empty(tmp_path).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_unique_constraints_and_keys_are_those_of_the_tables(tmp_path: Path) -> None:
    """What alembic does not compare on SQLite."""
    plain = create_engine("sqlite://")
    metadata.create_all(plain)
    made, meant = inspect(empty(tmp_path)), inspect(plain)
    for table in metadata.tables:
        assert made.get_pk_constraint(table) == meant.get_pk_constraint(table)
        assert made.get_unique_constraints(table) == meant.get_unique_constraints(table)
        assert made.get_indexes(table) == meant.get_indexes(table)


def test_downgrade_leaves_nothing_and_upgrade_brings_it_back(
    database_of: str, tmp_path: Path
) -> None:
    engine = empty(tmp_path)
    config = configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    migrate(engine)
    assert set(metadata.tables) <= set(inspect(engine).get_table_names())


def test_a_database_is_not_made_by_looking_for_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="esep collector init"):
        open_database(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_every_commit_is_synchronous(world: World, database_of: str) -> None:
    with world.engine.connect() as connection:
        if database_of == "sqlite":
            assert connection.scalar(text("PRAGMA synchronous")) == 2
            assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        else:
            assert connection.scalar(text("SHOW synchronous_commit")) == "on"
            assert connection.scalar(text("SHOW fsync")) == "on"


def test_opened_again_it_holds_what_was_committed(world: World, tmp_path: Path) -> None:
    message = world.gateway.frame()
    world.append([message])
    with world.engine.connect() as connection:
        connection.begin()
        Ledger(world.engine).append(
            connection, [world.admitted(world.gateway.frame(seq=2))], NOW_MS
        )
        connection.rollback()
    assert [entry.raw for entry in Ledger(open_database(tmp_path)).entries()] == [message]


def test_a_reader_does_not_wait_for_a_writer(world: World) -> None:
    with (
        world.engine.begin(),
        reading(world.engine) as connection,
    ):
        assert connection.scalar(text("SELECT count(*) FROM frame")) == 0


def test_an_upgrade_knows_the_ranges_that_are_held_beyond_a_gap(
    world: World,
) -> None:
    """As the chain follower would have kept them."""
    chain = world.gateway.chain(TELEMETRY)
    messages = [chain.next() for _ in range(12)]
    world.append([messages[n - 1] for n in (1, 2, 4, 5, 5, 9, 12)])
    advance(world.engine, ChainFollower())
    world.append([messages[6]])  # not followed yet
    kept = select(held_range.c.first, held_range.c.last).order_by(held_range.c.first)
    with reading(world.engine) as connection:
        before = connection.execute(kept).all()
    assert before == [(4, 5), (9, 9), (12, 12)]
    move(world.engine, "0005")
    migrate(world.engine)
    with reading(world.engine) as connection:
        assert connection.execute(kept).all() == before
    advance(world.engine, ChainFollower())
    with reading(world.engine) as connection:
        assert connection.execute(kept).all() == [(4, 5), (7, 7), (9, 9), (12, 12)]


def test_a_reader_sees_one_state_of_the_database(world: World) -> None:
    with reading(world.engine) as connection:
        before = connection.scalar(text("SELECT count(*) FROM frame"))
        world.append([world.gateway.frame()])
        assert connection.scalar(text("SELECT count(*) FROM frame")) == before
    assert Ledger(world.engine).head() == 1


def test_who_opens_what_is_up_to_date_waits_for_no_writer(world: World, tmp_path: Path) -> None:
    with world.engine.begin():
        open_database(tmp_path).dispose()
