"""how wrong the clock was that dated a snapshot"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("snapshot", sa.Column("interval_ms", sa.BigInteger(), nullable=True))
    op.add_column("snapshot", sa.Column("clock_error_ms", sa.BigInteger(), nullable=True))
    by_clock = ["gateway", "clock", "epoch", "seq", "record"]
    op.create_index("snapshot_by_clock", "snapshot", by_clock)
    op.create_table(
        "clock_event",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("gateway", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("error_ms", sa.BigInteger(), nullable=True),
        sa.Column("is_last", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("position", "record"),
    )
    op.create_index("clock_event_by_place", "clock_event", ["gateway", "epoch", "seq", "record"])


def downgrade() -> None:
    op.drop_table("clock_event")
    op.drop_index("snapshot_by_clock", "snapshot")
    op.drop_column("snapshot", "clock_error_ms")
    op.drop_column("snapshot", "interval_ms")
