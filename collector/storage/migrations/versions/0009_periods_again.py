"""closed periods that are judged again when data or the register say otherwise"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("period_result_by_start", "period_result", ["start_ms"])
    op.create_table(
        "period_due",
        sa.Column("licensee", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("licensee", "zone", "start_ms"),
    )
    op.create_table(
        "boundary_changed",
        sa.Column("meter", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("meter", "at_ms"),
    )
    op.create_table(
        "check_cursor",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    for table in ("check_cursor", "boundary_changed", "period_due"):
        op.drop_table(table)
    op.drop_index("period_result_by_start", "period_result")
