"""The database: one schema for SQLite and PostgreSQL, its migrations, its engine."""

from collector.storage.engine import appending, directory_of, open_database, reading
from collector.storage.errors import DatabaseError
from collector.storage.tables import metadata

__all__ = ["DatabaseError", "appending", "directory_of", "metadata", "open_database", "reading"]
