"""Register counts at boundaries, and the energies between them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from collector.storage.tables.base import RowId, metadata

# a register count at a boundary, with its exact quantum in Wh; what a gateway said
# of it twice for one boundary is two rows, of which the first received stands
snapshot = Table(
    "snapshot",
    metadata,
    Column("meter", Text, primary_key=True),
    Column("quantity", Text, primary_key=True),
    Column("at_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("quantum", Text, nullable=False),
    Column("offset_ms", BigInteger, nullable=False),
    Column("clock", Text, nullable=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    # its place in the gateway's billing chain; null: taken in before places were kept
    Column("gateway", LargeBinary),
    Column("slot", Integer),
    Column("epoch", BigInteger),
    Column("seq", BigInteger),
    Column("record", Integer),
    # null: the configured meter's, as far as is known
    Column("standing", Text),
    # what the register and the wiring can do; null: not known
    Column("modulus", Text),
    Column("greatest_w", Text),
    Column("delay_ms", BigInteger),
    Column("ratio", Text),
    # between boundaries; null: taken in before it was kept
    Column("interval_ms", BigInteger),
    # by how much the clock was behind, as its events say later; null: they do not
    Column("clock_error_ms", BigInteger),
    Index("snapshot_by_place", "gateway", "slot", "meter", "epoch", "seq"),
    Index("snapshot_by_clock", "gateway", "clock", "epoch", "seq", "record"),
)
clock_event = Table(
    "clock_event",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("record", Integer, primary_key=True, autoincrement=False),
    Column("gateway", LargeBinary, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    # by how much it moved the clock; null: it says nothing of the time before it
    Column("error_ms", BigInteger),
    # what is after it says nothing of the time before it
    Column("is_last", Boolean, nullable=False),
    Index("clock_event_by_place", "gateway", "epoch", "seq", "record"),
)
register_event = Table(
    "register_event",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("record", Integer, primary_key=True, autoincrement=False),
    Column("gateway", LargeBinary, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("meter", Text, nullable=False),
    Column("quantity", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    # null: no number; the quantum is null where another register gives its power of ten
    Column("before", BigInteger),
    Column("after", BigInteger),
    Column("before_quantum", Text),
    Column("after_quantum", Text),
    Index("register_event_by_meter", "meter", "quantity", "at_ms"),
)
# energy of a quarter of an hour or an hour, as it was closed: a row is never changed, what comes
# later is the next version
interval_energy = Table(
    "interval_energy",
    metadata,
    Column("meter", Text, primary_key=True),
    Column("quantity", Text, primary_key=True),
    Column("length_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("start_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    # null: missing
    Column("count", BigInteger),
    Column("quantum", Text),
    # null: nothing bounds it
    Column("error_wh", Text),
    Column("quality", Text, nullable=False),
    # numbers of the rules it was bridged or estimated by, and the hash of their file
    Column("rules", Text, nullable=False),
    Column("rules_sha256", LargeBinary),
    # whether it rests on the intervals of other days
    Column("is_by_days", Boolean, nullable=False),
    Column("why", Text, nullable=False),
    # the ledger entries of the registers next to it
    Column("start_position", BigInteger),
    Column("end_position", BigInteger),
    Column("edit", BigInteger),
    Column("closed_ms", BigInteger, nullable=False),
)
interval_edit = Table(
    "interval_edit",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("meter", Text, nullable=False),
    Column("quantity", Text, nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    # null: it undoes another
    Column("energy_wh", Text),
    Column("error_wh", Text),
    Column("undoes", BigInteger),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    UniqueConstraint("undoes"),
    Index("interval_edit_by_start", "meter", "quantity", "start_ms"),
)
# what is to be closed, or closed again
interval_due = Table(
    "interval_due",
    metadata,
    Column("meter", Text, primary_key=True),
    Column("quantity", Text, primary_key=True),
    Column("at_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("due_ms", BigInteger, nullable=False),
    Index("interval_due_by_time", "at_ms", "meter", "quantity"),
)
# when a meter hangs in its place, as intervals were last closed by
interval_meter = Table(
    "interval_meter",
    metadata,
    Column("meter", Text, primary_key=True),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_until", BigInteger),
    Column("is_successor", Boolean, nullable=False),
)
# ratios that meters had in truth, as intervals were last closed by; `configured`: the register's
ratio_in_truth = Table(
    "ratio_in_truth",
    metadata,
    Column("meter", Text, primary_key=True),
    Column("valid_from", BigInteger, primary_key=True, autoincrement=False),
    Column("valid_until", BigInteger),
    Column("ratio", Text, nullable=False),
    Column("configured", Text, nullable=False),
    # of the record in the register
    Column("version", BigInteger, nullable=False),
)
gateway_fact = Table(
    "gateway_fact",
    metadata,
    Column("gateway", LargeBinary, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)
# the newest in the order of the chain
stage_contact = Table(
    "stage_contact",
    metadata,
    Column("gateway", LargeBinary, primary_key=True),
    Column("stage", SmallInteger, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("record", Integer, nullable=False),
    Column("is_closed", Boolean, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
)
# the newest in the order of the chain
stage_interlock = Table(
    "stage_interlock",
    metadata,
    Column("gateway", LargeBinary, primary_key=True),
    Column("stage", SmallInteger, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("record", Integer, nullable=False),
    Column("words", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
)
