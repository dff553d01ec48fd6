"""What goes wrong below the tables, and what a person can do about it."""

import sqlite3

from sqlalchemy.exc import DBAPIError

_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
_PG_FULL = ("53100", "58030")  # disk_full, io_error


class DatabaseError(RuntimeError):
    """The database cannot be used as it is; the text says what would be right."""


def advice(error: BaseException) -> str | None:
    """What to do about an error of either engine, where it is the disk or the server."""
    cause = getattr(error, "orig", error)
    if isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorcode & 0xFF in _FULL:
        return _make_room("the collector's disk")
    if getattr(cause, "sqlstate", None) in _PG_FULL:
        return _make_room("the disk of the database's server")
    if is_unreachable(error):
        return "see whether PostgreSQL runs and can be reached; what was not committed comes again"
    return None


def is_unreachable(error: BaseException) -> bool:
    """Whether the server ended the connection, or none could be made."""
    if not isinstance(error, DBAPIError) or isinstance(error.orig, sqlite3.Error):
        return False
    state = getattr(error.orig, "sqlstate", None) or ""
    is_ended = error.connection_invalidated or state[:2] in ("08", "57")
    return is_ended or (state == "" and type(error.orig).__name__ == "OperationalError")


def _make_room(where: str) -> str:
    return f"make room on {where}; until then the gateways keep what they measure"
