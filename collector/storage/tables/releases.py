"""Releases of the gateways' firmware, and how far each has been rolled out."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, SmallInteger, Table, Text

from collector.storage.tables.base import metadata

release = Table(
    "release",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Text, nullable=False),
    Column("signed_ms", BigInteger, nullable=False),
    Column("added_ms", BigInteger, nullable=False),
    # SHA-256 of the message, and of the firmware as a boot event gives it
    Column("hash", LargeBinary, nullable=False),
    Column("firmware", LargeBinary, nullable=False),
    Column("message", LargeBinary, nullable=False),
    Column("image", LargeBinary, nullable=False),
)
# one at a time is `running`; `stage` counts from 0
rollout = Table(
    "rollout",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("release", BigInteger, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("soak_s", BigInteger, nullable=False),
    Column("stage", SmallInteger, nullable=False),
    Column("stage_ms", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("ended_ms", BigInteger),
    Column("why", Text),
    # the gateways in their order, as JSON
    Column("gateways", Text, nullable=False),
)
