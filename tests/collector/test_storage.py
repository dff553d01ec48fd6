"""The database: its migrations make what the tables say, and a commit is durable."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from collector_world import NOW_MS, TELEMETRY, World
from sqlalchemy import create_engine, inspect, select, text

from collector.ledger.chain import ChainFollower
from collector.ledger.followers import advance
from collector.ledger.ledger import Ledger
from collector.storage import engine as engine_module
from collector.storage import metadata, open_database, reading
from collector.storage.tables import held_range


def test_migrations_make_the_tables_that_the_program_uses(tmp_path: Path) -> None:
    with open_database(tmp_path, create=True).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_unique_constraints_and_keys_are_those_of_the_tables(tmp_path: Path) -> None:
    """What alembic does not compare on SQLite."""
    plain = create_engine("sqlite://")
    metadata.create_all(plain)
    made, meant = inspect(open_database(tmp_path, create=True)), inspect(plain)
    for table in metadata.tables:
        assert made.get_pk_constraint(table) == meant.get_pk_constraint(table)
        assert made.get_unique_constraints(table) == meant.get_unique_constraints(table)
        assert made.get_indexes(table) == meant.get_indexes(table)


def test_downgrade_leaves_nothing_and_upgrade_brings_it_back(tmp_path: Path) -> None:
    engine = open_database(tmp_path, create=True)
    config = Config()
    config.set_main_option("script_location", str(engine_module._MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    engine_module.migrate(engine)
    assert set(metadata.tables) <= set(inspect(engine).get_table_names())


def test_a_database_is_not_made_by_looking_for_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="esep collector init"):
        open_database(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_every_commit_is_synchronous(world: World) -> None:
    with world.engine.connect() as connection:
        assert connection.scalar(text("PRAGMA synchronous")) == 2
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"


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
    with world.engine.begin(), reading(world.engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM frame")) == 0


def test_snapshots_of_an_earlier_schema_are_kept(tmp_path: Path) -> None:
    """What is not known of them is null: they stand, and limit nothing."""
    engine = open_database(tmp_path, create=True)
    config = Config()
    config.set_main_option("script_location", str(engine_module._MIGRATIONS))
    row = ("feeder", "active_energy_import", 900_000, "interval", 2**62, "1/3", -20, "S", 7)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        connection.exec_driver_sql("INSERT INTO snapshot VALUES (?,?,?,?,?,?,?,?,?)", row)
    for revision in ("0002", "0001", "0002"):
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            move = command.upgrade if revision == "0002" else command.downgrade
            move(config, revision)
            [kept] = connection.execute(text("SELECT * FROM snapshot"))
        assert tuple(kept)[:9] == row
        assert set(tuple(kept)[9:]) <= {None}


def test_an_upgrade_knows_the_ranges_that_are_held_beyond_a_gap(
    world: World, tmp_path: Path
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
    config = Config()
    config.set_main_option("script_location", str(engine_module._MIGRATIONS))
    with world.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "-1")
    engine_module.migrate(world.engine)
    with reading(world.engine) as connection:
        assert connection.execute(kept).all() == before
    advance(world.engine, ChainFollower())
    with reading(world.engine) as connection:
        assert connection.execute(kept).all() == [(4, 5), (7, 7), (9, 9), (12, 12)]
