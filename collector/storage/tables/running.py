"""The running collector itself."""

from sqlalchemy import BigInteger, Column, Table, Text

from collector.storage.tables.base import metadata

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("name", Text, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
)
