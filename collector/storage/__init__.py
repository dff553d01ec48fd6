"""The database: one schema for SQLite and PostgreSQL, its migrations, its engine."""

from collector.storage.engine import appending, deciding, directory_of, open_database, reading
from collector.storage.errors import DatabaseError
from collector.storage.tables import metadata

__all__ = [
    "DatabaseError",
    "appending",
    "deciding",
    "directory_of",
    "metadata",
    "open_database",
    "reading",
]
