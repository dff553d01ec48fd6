"""PostgreSQL as the collector needs it: durable, one writer, dead sessions ended soon."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from collector.storage.errors import DatabaseError

_DRIVER = "postgresql+psycopg"
_OLDEST = 15
_LOCKS = 0x65736570  # "esep": the first of the two numbers that name an advisory lock
_WRITER, _APPENDER = 0, 1

READING = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""Execution options of a connection that reads one state of the database."""

# What a machine that lost its supply, a cut cable or a stopped process holds is let go in time. The
# settings that a server must have for its whole life are judged, not set: see `_check`.
_SESSION = {
    "default_transaction_isolation": r"read\ committed",  # who waited for a lock sees all before
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "timezone": "UTC",
}
_MUST_NOT_BE_OFF = ("fsync", "full_page_writes", "synchronous_commit")


def connect(url: str, options: Mapping[str, Any] | None = None) -> Engine:
    """An engine whose transactions hold the writer's lock; raises DatabaseError."""
    engine = create_engine(
        _parsed(url), connect_args=arguments(), execution_options=dict(options or {})
    )
    event.listen(engine, "begin", _lock)
    try:
        with engine.connect().execution_options(reading=True) as connection:
            _check(connection, url)
    except DBAPIError as error:
        raise DatabaseError(f"{shown(url)} cannot be opened: {error.orig}") from None
    return engine


def arguments(**settings: str) -> dict[str, Any]:
    """What psycopg connects with, and more settings for the session."""
    options = (f"-c {name}={value}" for name, value in (_SESSION | settings).items())
    return {
        "options": " ".join(options),
        "application_name": "esep",
        "connect_timeout": 5,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
    }


def shown(url: str) -> str:
    """The URL as it may stand in a message."""
    return make_url(url).render_as_string(hide_password=True)


def try_lock(connection: Connection, name: str) -> bool:
    """Hold a lock until the session ends, if nobody else holds it."""
    query = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
    return bool(connection.exec_driver_sql(query, (_LOCKS, name)).scalar())


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseError(f"{url!r} is no URL like {_DRIVER}://USER@HOST/DATABASE") from None
    if parsed.drivername not in (_DRIVER, "postgresql"):
        raise DatabaseError(f"{parsed.drivername}: not known; it is {_DRIVER}://USER@HOST/DATABASE")
    if parsed.password is not None:
        raise DatabaseError("the URL holds a password; put it into ~/.pgpass, mode 0600")
    return parsed.set(drivername=_DRIVER)


def _lock(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("reading"):
        return
    lock = _APPENDER if options.get("appending") else _WRITER
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s, %s)", (_LOCKS, lock))


def _check(connection: Connection, url: str) -> None:
    version = int(connection.scalar(text("SHOW server_version_num")) or 0) // 10_000
    if version < _OLDEST:
        raise DatabaseError(f"{shown(url)} is PostgreSQL {version}; it must be {_OLDEST} or newer")
    if connection.scalar(text("SHOW server_encoding")) != "UTF8":
        raise DatabaseError(f"{shown(url)} is not in UTF-8; createdb --encoding=UTF8")
    for name in _MUST_NOT_BE_OFF:
        if connection.scalar(text(f"SHOW {name}")) == "off":
            raise DatabaseError(
                f"{shown(url)} has {name} = off: what it says is committed may be lost; set it on"
            )
