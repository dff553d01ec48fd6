"""Every table, by the room that owns it. Times are Unix milliseconds."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()
# SQLite numbers rows by itself only in a column of exactly this type
_RowId = BigInteger().with_variant(Integer, "sqlite")

# --- registry
registry_version = Table(
    "registry_version",
    metadata,
    Column("id", _RowId, primary_key=True),
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
    Column("id", _RowId, primary_key=True),
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
    Column("id", _RowId, primary_key=True),
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

# --- ledger: frames are never changed and never deleted; the bytes of one whose `raw` is empty are
# in an archive, a file
frame = Table(
    "frame",
    metadata,
    Column("position", _RowId, primary_key=True, autoincrement=False),
    Column("gateway", LargeBinary, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("stream", SmallInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    UniqueConstraint("gateway", "epoch", "stream", "seq", "hash"),
)
checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("raw", LargeBinary, nullable=False),
)
# the tree's full subtrees of 2^level frames, for every eighth level; the first is number 0
tree_node = Table(
    "tree_node",
    metadata,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)
# `bytes` and `sha256` are of the file of frames
archive = Table(
    "archive",
    metadata,
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)
# each begins a generation of the tree, named by its Unix time in seconds; `size`: how many frames
# it has in common with the one before; `checkpoint`: the last message known of that one
restoration = Table(
    "restoration",
    metadata,
    Column("generation", BigInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("checkpoint", LargeBinary),
    Column("restored_ms", BigInteger, nullable=False),
)
follower = Table(
    "follower",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
)
chain = Table(
    "chain",
    metadata,
    Column("gateway", LargeBinary, primary_key=True),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("stream", SmallInteger, primary_key=True, autoincrement=False),
    Column("upto", BigInteger, nullable=False),
    Column("highest", BigInteger, nullable=False),
)
# what is held beyond the first gap: runs of seqs that touch neither each other nor `upto`
held_range = Table(
    "held_range",
    metadata,
    Column("gateway", LargeBinary, primary_key=True),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("stream", SmallInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)
chain_fault = Table(
    "chain_fault",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("gateway", LargeBinary, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("stream", SmallInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("fault", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    UniqueConstraint("gateway", "epoch", "stream", "seq", "fault"),
)
dropped_range = Table(
    "dropped_range",
    metadata,
    Column("gateway", LargeBinary, primary_key=True),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, primary_key=True, autoincrement=False),
)
frame_flag = Table(
    "frame_flag",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("flag", Text, primary_key=True),
)

# --- intake
quarantine = Table(
    "quarantine",
    metadata,
    Column("id", _RowId, primary_key=True),
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

# --- what the operator has signed: configurations, commands
issued = Table(
    "issued",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("issued_ms", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
)

# --- ledger: what instruments said of themselves, at their places in the gateways' billing chains
identity = Table(
    "identity",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("record", Integer, primary_key=True, autoincrement=False),
    Column("gateway", LargeBinary, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("meter", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("is_serial", Boolean),
    Column("is_ratio", Boolean),
    Column("body", Text, nullable=False),
    Index("identity_by_meter", "gateway", "slot", "meter", "epoch", "seq"),
    Index("identity_by_time", "meter", "at_ms"),
)

# --- intervals: a register count at a boundary, with its exact quantum in Wh; what a gateway said
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
    Column("id", _RowId, primary_key=True),
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

# --- checks
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
    Column("id", _RowId, primary_key=True),
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
    Column("id", _RowId, primary_key=True),
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

# --- orders. `step` and `result` of an order are those of its parts, for whoever looks for them;
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
    Column("step", Text, nullable=False),
    Column("result", Text),
    Index("order_part_by_gateway", "gateway", "step"),
)
# every step as it was taken; `part` null: the whole order's
order_step = Table(
    "order_step",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("order_id", LargeBinary, nullable=False),
    Column("part", Integer),
    Column("step", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("recorded_ms", BigInteger, nullable=False),
    Column("position", BigInteger),
    Column("body", Text, nullable=False),
    Index("order_step_by_order", "order_id", "id"),
    Index("order_step_by_recorded", "recorded_ms"),
)
# every command that was sent for a part, and what its gateway said of it last
order_command = Table(
    "order_command",
    metadata,
    Column("id", _RowId, primary_key=True),
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
    Index("stage_movement_by_time", "gateway", "stage", "at_ms"),
)
outbox = Table(
    "outbox",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("queued_ms", BigInteger, nullable=False),
    Column("sent_ms", BigInteger),
)
command_counter = Table(
    "command_counter",
    metadata,
    Column("target", Text, primary_key=True),
    Column("counter", BigInteger, nullable=False),
)

# --- the gateways' own limits
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
    Column("id", _RowId, primary_key=True),
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

# --- the running collector itself
heartbeat = Table(
    "heartbeat",
    metadata,
    Column("name", Text, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
)
