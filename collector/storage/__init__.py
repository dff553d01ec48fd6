"""The database: one schema for SQLite and PostgreSQL, its migrations, its engine."""

from collector.storage.engine import directory_of, open_database, reading
from collector.storage.tables import metadata

__all__ = ["directory_of", "metadata", "open_database", "reading"]
