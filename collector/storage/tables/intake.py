"""What was refused, and what was receipted."""

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text

from collector.storage.tables.base import RowId, metadata

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("received_ms", BigInteger, nullable=False),
    Column("topic", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("head", LargeBinary, nullable=False),
)
refusal_count = Table(
    "refusal_count",
    metadata,
    Column("reason", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
)
receipt_number = Table(
    "receipt_number",
    metadata,
    Column("gateway", LargeBinary, primary_key=True),
    Column("number", BigInteger, nullable=False),
)
