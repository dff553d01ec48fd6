"""What the operator signed; orders, their parts, steps and commands."""

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
)

from collector.storage.tables.base import RowId, metadata

# what the operator has signed: configurations, commands
issued = Table(
    "issued",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("issued_ms", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
)

# `step` and `result` of an order are those of its parts, for whoever looks for them;
# `site`: the names of all its sites
order = Table(
    "order",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("site", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("result", Text),
    Column("body", Text, nullable=False),
    Index("order_by_step", "step"),
)
# what an order is at one gateway
order_part = Table(
    "order_part",
    metadata,
    Column("order_id", LargeBinary, primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("site", Text, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("licensee", Text, nullable=False),
    Column("stages", Text, nullable=False),
    # of a setpoint; null: the stages are opened
    Column("cap_w", BigInteger),
    Column("step", Text, nullable=False),
    Column("result", Text),
    Index("order_part_by_gateway", "gateway", "step"),
    Index("order_part_by_order", "order_id", "step", "result"),
)
# every step as it was taken; `part` null: the whole order's
order_step = Table(
    "order_step",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("order_id", LargeBinary, nullable=False),
    Column("part", Integer),
    Column("step", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("recorded_ms", BigInteger, nullable=False),
    Column("position", BigInteger),
    Column("body", Text, nullable=False),
    Index("order_step_by_order", "order_id", "id"),
    Index("order_step_by_part", "order_id", "part"),
    Index("order_step_by_recorded", "recorded_ms"),
)
# every command that was sent for a part, and what its gateway said of it last
order_command = Table(
    "order_command",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("order_id", LargeBinary, nullable=False),
    Column("part", Integer, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("action", SmallInteger, nullable=False),
    Column("stages", Text, nullable=False),
    Column("until_ms", BigInteger),
    Column("hash", LargeBinary, nullable=False),
    Column("issued_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("answer", SmallInteger),
    Column("answer_reason", Text),
    Index("order_command_by_order", "order_id", "id"),
    Index("order_command_by_part", "order_id", "part"),
    Index("order_command_by_gateway", "gateway", "id"),
)
# movements of the stages' contacts, as the gateways' events say
stage_movement = Table(
    "stage_movement",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("record", Integer, primary_key=True, autoincrement=False),
    Column("gateway", Text, nullable=False),
    Column("stage", SmallInteger, nullable=False),
    Column("is_closed", Boolean, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    # what moved it, as its gateway says; null: taken in before it was kept
    Column("cause", Text),
    # in whose name: an order's id, or how the hash of the schedule begins
    Column("order_id", LargeBinary),
    Index("stage_movement_by_time", "gateway", "stage", "at_ms"),
)
# acts of persons who block returns of load, and lift that; `block` null: it begins one
return_block = Table(
    "return_block",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("block", BigInteger),
    Column("act", Text, nullable=False),
    # null: everywhere
    Column("zone", Text),
    Column("at_ms", BigInteger, nullable=False),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("reference", Text),
)
outbox = Table(
    "outbox",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("queued_ms", BigInteger, nullable=False),
    Column("sent_ms", BigInteger),
    Index("outbox_by_sent", "sent_ms", "id"),
    Index("outbox_by_hash", "hash"),
)
command_counter = Table(
    "command_counter",
    metadata,
    Column("target", Text, primary_key=True),
    Column("counter", BigInteger, nullable=False),
)

# the gateways' own limits
# `hash` null: one that the gateway holds, and that is not known here
schedule = Table(
    "schedule",
    metadata,
    Column("gateway", Text, primary_key=True),
    Column("serial", BigInteger, primary_key=True, autoincrement=False),
    Column("site", Text, nullable=False),
    Column("hash", LargeBinary),
    Column("issued_ms", BigInteger, nullable=False),
    # what the gateway said of it, and the frame in which it did
    Column("taken_ms", BigInteger),
    Column("refusal", Text),
    Column("position", BigInteger),
)
limiter_event = Table(
    "limiter_event",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("gateway", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("permit", Integer, nullable=False),
    Column("load", Integer, nullable=False),
    Column("cause", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("limiter_event_by_gateway", "gateway", "id"),
)
