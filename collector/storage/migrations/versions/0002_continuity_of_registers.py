"""who the readings are of, and how registers go on"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEPT = "meter, quantity, at_ms, kind, count, quantum, offset_ms, clock, position"


def upgrade() -> None:
    op.create_table(
        "identity",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("gateway", sa.LargeBinary(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("meter", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("is_serial", sa.Boolean(), nullable=True),
        sa.Column("is_ratio", sa.Boolean(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", "record"),
    )
    op.create_index("identity_by_meter", "identity", ["gateway", "slot", "meter", "epoch", "seq"])
    op.create_index("identity_by_time", "identity", ["meter", "at_ms"])
    op.create_table(
        "register_event",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("gateway", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("meter", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.BigInteger(), nullable=True),
        sa.Column("after", sa.BigInteger(), nullable=True),
        sa.Column("before_quantum", sa.Text(), nullable=True),
        sa.Column("after_quantum", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("position", "record"),
    )
    op.create_index("register_event_by_meter", "register_event", ["meter", "quantity", "at_ms"])
    # SQLite cannot change a primary key: the rows move to a new table
    op.rename_table("snapshot", "snapshot_0001")
    _free_key("snapshot_0001")
    op.create_table(
        "snapshot",
        *_first_columns(),
        sa.Column("gateway", sa.LargeBinary(), nullable=True),
        sa.Column("slot", sa.Integer(), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("record", sa.Integer(), nullable=True),
        sa.Column("standing", sa.Text(), nullable=True),
        sa.Column("modulus", sa.Text(), nullable=True),
        sa.Column("greatest_w", sa.Text(), nullable=True),
        sa.Column("delay_ms", sa.BigInteger(), nullable=True),
        sa.Column("ratio", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("meter", "quantity", "at_ms", "position"),
    )
    op.execute(f"INSERT INTO snapshot ({_KEPT}) SELECT {_KEPT} FROM snapshot_0001")  # noqa: S608
    op.drop_table("snapshot_0001")
    op.create_index("snapshot_by_place", "snapshot", ["gateway", "slot", "meter", "epoch", "seq"])


def downgrade() -> None:
    op.drop_index("snapshot_by_place", "snapshot")
    op.rename_table("snapshot", "snapshot_0002")
    _free_key("snapshot_0002")
    op.create_table(
        "snapshot",
        *_first_columns(),
        sa.PrimaryKeyConstraint("meter", "quantity", "at_ms"),
    )
    op.execute(
        f"INSERT INTO snapshot ({_KEPT}) SELECT {_KEPT} FROM snapshot_0002 AS kept"  # noqa: S608
        " WHERE position = (SELECT min(position) FROM snapshot_0002 AS same WHERE"
        " same.meter = kept.meter AND same.quantity = kept.quantity AND same.at_ms = kept.at_ms)"
    )
    op.drop_table("snapshot_0002")
    op.drop_table("register_event")
    op.drop_table("identity")


def _free_key(table: str) -> None:
    """In PostgreSQL a key keeps its name when its table gets another."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("snapshot_pkey", table)


def _first_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("meter", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("quantum", sa.Text(), nullable=False),
        sa.Column("offset_ms", sa.BigInteger(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
    ]
