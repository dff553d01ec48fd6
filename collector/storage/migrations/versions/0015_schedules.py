"""the gateways' own limits: schedules that were issued, and what their limiters did"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "schedule",
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("serial", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary()),
        sa.Column("issued_ms", sa.BigInteger(), nullable=False),
        sa.Column("taken_ms", sa.BigInteger()),
        sa.Column("refusal", sa.Text()),
        sa.Column("position", sa.BigInteger()),
        sa.PrimaryKeyConstraint("gateway", "serial"),
    )
    op.create_table(
        "limiter_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("permit", sa.Integer(), nullable=False),
        sa.Column("load", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("limiter_event_by_gateway", "limiter_event", ["gateway", "id"])


def downgrade() -> None:
    op.drop_index("limiter_event_by_gateway", "limiter_event")
    op.drop_table("limiter_event")
    op.drop_table("schedule")
