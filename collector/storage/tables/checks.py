"""Periods as they were judged, and findings."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from collector.storage.tables.base import RowId, metadata

period_result = Table(
    "period_result",
    metadata,
    Column("licensee", Text, primary_key=True),
    Column("zone", Text, primary_key=True),
    Column("start_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    # when it was known; null: a collector that did not note it closed it
    Column("closed_ms", BigInteger),
    Index("period_result_by_start", "start_ms"),
)
# closed periods that are to be judged again
period_due = Table(
    "period_due",
    metadata,
    Column("licensee", Text, primary_key=True),
    Column("zone", Text, primary_key=True),
    Column("start_ms", BigInteger, primary_key=True, autoincrement=False),
)
# boundaries, not after the last closed period, of which something was told since
boundary_changed = Table(
    "boundary_changed",
    metadata,
    Column("meter", Text, primary_key=True),
    Column("at_ms", BigInteger, primary_key=True, autoincrement=False),
)
# how far the checks have seen: versions of the register, ends of closed periods
check_cursor = Table(
    "check_cursor",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
)
# the meters that an unmeasured period still waits for
period_missing = Table(
    "period_missing",
    metadata,
    Column("licensee", Text, primary_key=True),
    Column("zone", Text, primary_key=True),
    Column("start_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("meter", Text, primary_key=True),
    Column("end_ms", BigInteger, nullable=False),
)
finding = Table(
    "finding",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("code", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("severity", Text, nullable=False),
    Column("body", Text, nullable=False),
    # where its steps have led
    Column("state", Text, nullable=False, server_default="open"),
    # how often it was found: more than one of a run
    Column("times", BigInteger, nullable=False, server_default="1"),
    # when the collector knew; null: the running checks have not noted it yet
    Column("opened_ms", BigInteger),
    UniqueConstraint("code", "subject", "first_ms"),
    Index("finding_by_last", "last_ms"),
    Index("finding_by_state", "state", "last_ms"),
    Index("finding_by_opened", "opened_ms"),
)
# what one finding stands for: silent sites of a storm, periods of a run
finding_member = Table(
    "finding_member",
    metadata,
    Column("finding", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", Text, primary_key=True),
    Column("first_ms", BigInteger, primary_key=True, autoincrement=False),
    # null: seen as long as the finding is
    Column("last_ms", BigInteger),
    Column("body", Text, nullable=False),
)
# what was done with a finding: never changed, never deleted
finding_step = Table(
    "finding_step",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("finding", BigInteger, nullable=False),
    Column("verb", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("reference", Text),
    # SHA-256
    Column("document", LargeBinary),
    Index("finding_step_by_finding", "finding", "id"),
)
