"""What was registered, entitled, and said by others."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from collector.storage.tables.base import RowId, metadata

registry_version = Table(
    "registry_version",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("recorded_ms", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("body", Text, nullable=False),
    # persons; null: not said, and nobody needed to
    Column("recorded_by", Text),
    Column("approved_by", Text),
    Index("registry_version_by_key", "kind", "key", "id"),
)
# what one person gave and another must approve: records, and those that they are to replace
registry_proposal = Table(
    "registry_proposal",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("file", Text, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("body", Text, nullable=False),
    Column("proposed_ms", BigInteger, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_ms", BigInteger),
    Column("decided_by", Text),
    Column("reason", Text),
)
# what was bought, nominated and allowed by delivery period: versions as the register's, but too
# many to be held in memory. `part`: of one period and one subject there may be several
entitlement = Table(
    "entitlement",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("recorded_ms", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("body", Text, nullable=False),
    Column("recorded_by", Text),
    Column("approved_by", Text),
    Index("entitlement_by_period", "kind", "zone", "start_ms", "subject", "part", "id"),
)

# what others metered, as their documents say: at the heads of feeders, of consumers on them
feeder_energy = Table(
    "feeder_energy",
    metadata,
    Column("feeder", Text, primary_key=True),
    Column("point", Text, primary_key=True),
    Column("start_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("length_ms", BigInteger, nullable=False),
    Column("energy_wh", Text, nullable=False),
    # null: not known
    Column("power_factor_permille", Integer),
    Column("document", LargeBinary, nullable=False),
    Column("recorded_ms", BigInteger, nullable=False),
)
# a month's energy as the utility's commercial meter or the balancing market has it
month_statement = Table(
    "month_statement",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("month", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("energy_wh", Text, nullable=False),
    # the last digit that was given
    Column("step_wh", Text, nullable=False),
    Column("accuracy_class", Text),
    Column("document", LargeBinary, nullable=False),
    Column("recorded_ms", BigInteger, nullable=False),
)
# which figure holds where they differ: by whom, why, by which document
month_decision = Table(
    "month_decision",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("month", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("holds", Text, nullable=False),
    Column("energy_wh", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("document", LargeBinary, nullable=False),
    # the utility's figure that was decided on; null: there was none
    Column("statement_version", Integer),
    Column("decided_ms", BigInteger, nullable=False),
)
