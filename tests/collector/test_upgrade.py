"""A database of an older program is brought up to date without loss; a newer one is let alone."""

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import (
    Boolean,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    insert,
    select,
    text,
)
from typer.testing import CliRunner

from collector.cli.collector import app
from collector.storage import DatabaseError, open_database
from collector.storage.migrate import configuration, migrate

OLDER = ["0001", "0002", "0003", "0004"]
ROWS = 3
Rows = dict[str, list[dict[str, Any]]]


def older(directory: Path, revision: str) -> Engine:
    """A database as the program of that schema made it, empty."""
    engine = open_database(directory, create=True)
    config = configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        command.upgrade(config, revision)
    return engine


def value_for(kind: Any, number: int) -> Any:
    """Of every type that a table has, also the greatest."""
    match kind:
        case Boolean():
            return bool(number % 2)
        case LargeBinary():
            return bytes([number, 0, 255])
        case SmallInteger():
            return number
        case Integer():
            return number + 1
        case _:
            return f"{number}: Қазақстан"


def fill(engine: Engine) -> None:
    tables = MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        for table in tables.tables.values():
            if table.name == "alembic_version":
                continue
            for number in range(ROWS):
                row = {column.name: value_for(column.type, number) for column in table.columns}
                connection.execute(insert(table).values(row))


def held(engine: Engine) -> Rows:
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(_in_order(table)).mappings()]
            for table in tables.tables.values()
            if table.name != "alembic_version"
        }


def _in_order(table: Table) -> Any:
    return select(table).order_by(*table.primary_key.columns)


@pytest.mark.parametrize("revision", OLDER)
def test_nothing_is_lost_on_the_way_to_the_newest_schema(
    database_of: str, tmp_path: Path, revision: str
) -> None:
    engine = older(tmp_path, revision)
    fill(engine)
    before = held(engine)
    assert {len(rows) for rows in before.values()} == {ROWS}
    engine.dispose()
    after = held(open_database(tmp_path))
    for table, rows in before.items():
        for known, kept in zip(rows, after[table], strict=True):
            assert known.items() <= kept.items(), table


def test_rows_are_numbered_on_after_an_upgrade(database_of: str, tmp_path: Path) -> None:
    """By the database itself: a sequence that began again would give a number twice."""
    engine = older(tmp_path, "0001")
    statement = text("INSERT INTO outbox (topic, hash, queued_ms) VALUES ('t', :hash, 1)")
    with engine.begin() as connection:
        connection.execute(statement, {"hash": b"1"})
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(statement, {"hash": b"2"})
        numbers = connection.scalars(text("SELECT id FROM outbox ORDER BY id")).all()
    assert numbers == [1, 2]


def test_a_newer_schema_is_refused_and_nothing_is_changed(database_of: str, tmp_path: Path) -> None:
    engine = open_database(tmp_path, create=True)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999_of_tomorrow'"))
        connection.execute(text("CREATE TABLE of_tomorrow (id INTEGER)"))
    with pytest.raises(
        DatabaseError, match=r"9999_of_tomorrow.*newer program.*Nothing was changed"
    ):
        open_database(tmp_path)
    with engine.connect() as connection:
        version = connection.scalar(text("SELECT version_num FROM alembic_version"))
    assert version == "9999_of_tomorrow"


def test_a_verb_says_so_in_one_line(database_of: str, tmp_path: Path) -> None:
    engine = open_database(tmp_path, create=True)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    result = CliRunner().invoke(app, ["status", str(tmp_path)])
    assert result.exit_code == 2
    assert "which a newer program made" in result.output
    assert "Traceback" not in result.output


def test_a_failed_upgrade_changes_nothing(
    database_of: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = older(tmp_path, "0001")
    fill(engine)
    before = held(engine)

    def fail(*_: Any) -> None:
        raise OSError("the power failed")

    monkeypatch.setattr("alembic.op.create_index", fail)
    with pytest.raises(OSError, match="power"):
        migrate(engine)
    assert held(engine) == before
