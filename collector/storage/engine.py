"""Opening the database as it must be for evidence: SQLite in the directory, or PostgreSQL."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, create_engine, event, inspect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError

from collector.storage import postgresql
from collector.storage.errors import DatabaseError
from collector.storage.migrate import is_new, migrate
from collector.storage.settings import read_settings

FILE_NAME = "collector.sqlite"
DIRECTORY = "collector_directory"
_POSTGRESQL = "postgresql"
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "wal_autocheckpoint=8000",  # pages, 32 MB: an index's are then written once for many commits
)
_PATIENCE_S = 30
_T = TypeVar("_T")


class _WritesError(Exception):
    """What only reads was about to write."""


def open_database(directory: Path, *, create: bool = False) -> Engine:
    """Open the database that `directory` rests on and bring its schema up to date.

    A commit that returned survives a power cut. Transactions of `begin` hold the writer's lock from
    their first statement to their commit: there is one writer at a time, on either engine.

    Raises FileNotFoundError when there is none and `create` is not set, SettingsError, and
    DatabaseError when the server or the schema cannot be used.
    """
    url = read_settings(directory).database.url
    engine = (
        _sqlite(directory, create)
        if url is None
        else postgresql.connect(url, {DIRECTORY: directory})
    )
    if url is not None and not create and is_new(engine):
        raise FileNotFoundError(
            f"{postgresql.shown(url)} holds no collector's tables; make them with:"
            " esep collector init DIR --database URL"
        )
    try:
        migrate(engine)
    except OperationalError as error:
        raise DatabaseError(f"the schema cannot be brought up to date: {error.orig}") from error
    return engine


def is_empty(url: str) -> bool:
    """Whether a PostgreSQL database has no table yet; raises as `open_database`."""
    engine = postgresql.connect(url)
    try:
        return not inspect(engine).get_table_names()
    finally:
        engine.dispose()


def appending(engine: Engine) -> Any:
    """A transaction that gives positions in the ledger, or changes the register.

    PostgreSQL has a lock of its own for it, held to the commit as the writer's, so that workers
    that take frames in do not wait for what the followers write. Whatever is read in it was
    committed before it, and whatever it adds becomes visible before the next one's.
    """
    return engine.execution_options(appending=True).begin()


def reading(engine: Engine) -> Connection:
    """A connection for reading one state of the database: it never waits for a writer."""
    options = postgresql.READING if engine.dialect.name == _POSTGRESQL else {}
    return engine.connect().execution_options(reading=True, **options)


def deciding(engine: Engine, work: Callable[[Connection], _T]) -> _T:
    """Do what looks at much and seldom writes: other writers wait only for work that does.

    It is done in `reading`; if it comes to write there, again from the start, as a writer.
    """
    try:
        with reading(engine) as connection:
            event.listen(connection, "before_execute", _refuse_to_write)
            return work(connection)
    except _WritesError:
        with engine.begin() as connection:
            return work(connection)


def _refuse_to_write(_connection: Connection, statement: Executable | str, *_: Any) -> None:
    if not isinstance(statement, str) and statement.is_dml:
        raise _WritesError


def _sqlite(directory: Path, create: bool) -> Engine:
    """WAL and synchronous=FULL."""
    path = directory / FILE_NAME
    if not create and not path.exists():
        raise FileNotFoundError(f"{path} does not exist; make one with: esep collector init")
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": _PATIENCE_S},
        execution_options={DIRECTORY: directory},  # what lies beside the database is found by it
    )
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _configure_sqlite(connection: DBAPIConnection, _record: Any) -> None:
    connection.isolation_level = None  # we send BEGIN ourselves
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    """A writer asks for its lock each millisecond, as long as it takes.

    SQLite itself asks ever more rarely, and who waited long would wait on while others write.
    """
    if connection.get_execution_options().get("reading"):
        connection.exec_driver_sql("BEGIN")
        return
    driver: Any = connection.connection.driver_connection
    until_s = time.monotonic() + _PATIENCE_S
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while time.monotonic() < until_s:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
                    break
                time.sleep(0.001)
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # says what is in the way
    finally:
        driver.execute(f"PRAGMA busy_timeout={_PATIENCE_S * 1000}")


def directory_of(connection: Connection) -> Path:
    """The data directory whose database this is."""
    directory: Path = connection.get_execution_options()[DIRECTORY]
    return directory
