"""Opening the database as it must be for evidence."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

FILE_NAME = "collector.sqlite"
DIRECTORY = "collector_directory"
_MIGRATIONS = Path(__file__).parent / "migrations"


def open_database(directory: Path, *, create: bool = False) -> Engine:
    """Open the database in `directory` and bring its schema up to date.

    SQLite runs with WAL and synchronous=FULL: a commit that returned survives a power cut.
    Raises FileNotFoundError when there is none and `create` is not set.
    """
    path = directory / FILE_NAME
    if not create and not path.exists():
        raise FileNotFoundError(f"{path} does not exist; make one with: esep collector init")
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": 30},
        execution_options={DIRECTORY: directory},  # what lies beside the database is found by it
    )
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    migrate(engine)
    return engine


def migrate(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _configure_sqlite(connection: DBAPIConnection, _record: Any) -> None:
    connection.isolation_level = None  # we send BEGIN ourselves
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Any) -> None:
    options = connection.get_execution_options()
    connection.exec_driver_sql("BEGIN" if options.get("reading") else "BEGIN IMMEDIATE")


def reading(engine: Engine) -> Connection:
    """A connection for reading: it never waits for a writer."""
    return engine.connect().execution_options(reading=True)


def directory_of(connection: Connection) -> Path:
    """The data directory whose database this is."""
    directory: Path = connection.get_execution_options()[DIRECTORY]
    return directory
